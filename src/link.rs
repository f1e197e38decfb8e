//! An imperfect link as a machine: it loses, delays, reorders, repeats and damages.
//!
//! ```text
//!   push(packet, now) --> dice --> [ lost | in flight until ... | twice | damaged ]
//!                                              |
//!   poll(now) <--------------------------------'   delivered in order of arrival
//! ```
//!
//! What happens to a packet is a function of the seed, the direction, its kind, its number
//! and its attempt, never of the time: the same scenario loses the same DATA for every
//! protocol and on every machine, so a scenario is a line of text to hand out. The real
//! sockets and the laboratory drive this same machine. It knows nothing of what it carries.
//!
//! ```
//! use sash::link::{Direction, Link, Scenario};
//! use sash::reliable::moment::Moment;
//! use std::time::Duration;
//! let scenario: Scenario = "delay=50ms".parse().unwrap();
//! let mut link = Link::new(&scenario, Direction::Data);
//! link.push("hello", sash::link::Label::EXAMPLE, Moment::START);
//! assert_eq!(link.poll(Moment::START), None);
//! let later = Moment::START + Duration::from_millis(50);
//! assert_eq!(link.poll(later).unwrap().item, "hello");
//! ```
//!
//! Source: Kurose & Ross §3.4.1 (a channel with errors and loss), §1.4 (delay).

mod dice;
pub mod scenario;

pub use scenario::{Scenario, ScenarioError};

use crate::reliable::event::PacketName;
use crate::reliable::moment::Moment;
use crate::wire::packet::Kind;
use dice::Purpose;
use scenario::Conditions;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// One direction of a link.
#[derive(Debug)]
pub struct Link<T> {
    seed: u64,
    direction: Direction,
    conditions: Conditions,
    in_flight: BinaryHeap<Reverse<InFlight<T>>>,
    /// Pushes so far: what leaves at the same moment arrives in the order it came.
    pushed: u64,
}

/// Which way: with the file or against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the file's sender to its receiver.
    Data,
    /// From the file's receiver to its sender.
    Ack,
}

/// What names a packet for the dice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// What it is.
    pub kind: Kind,
    /// Which of its kind.
    pub number: u32,
    /// Which sending of it.
    pub attempt: u8,
}

/// What a packet that comes out of the link has been through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery<T> {
    /// The packet.
    pub item: T,
    /// Flip this bit of it, counted modulo its length.
    pub damage: Option<u64>,
}

/// What the link has decided about a packet that was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It will arrive as it is.
    Delivered,
    /// It will not arrive.
    Lost,
    /// It will arrive with a bit flipped.
    Corrupted,
    /// It will arrive later than those behind it.
    Reordered,
    /// It will arrive twice.
    Duplicated,
}

#[derive(Debug)]
struct InFlight<T> {
    arrives: Moment,
    order: u64,
    delivery: Delivery<T>,
}

/// A packet out of order is held back by half the one-way delay, and at least this: on a
/// link without delay a few dozen packets pass it by.
const LEAST_HOLD: Duration = Duration::from_millis(2);

impl Label {
    /// The first sending of a file's first segment.
    pub const EXAMPLE: Self = Self {
        kind: Kind::Data,
        number: 0,
        attempt: 1,
    };
}

impl From<PacketName> for Label {
    fn from(name: PacketName) -> Self {
        Self {
            kind: name.kind,
            number: name.number,
            attempt: name.attempt,
        }
    }
}

impl<T: Clone> Link<T> {
    /// An empty link with the scenario's conditions for this direction.
    #[must_use]
    pub fn new(scenario: &Scenario, direction: Direction) -> Self {
        Self {
            seed: scenario.seed,
            direction,
            conditions: scenario.conditions(direction).clone(),
            in_flight: BinaryHeap::new(),
            pushed: 0,
        }
    }

    /// A packet enters; what will become of it is decided here and now.
    pub fn push(&mut self, item: T, label: Label, now: Moment) -> Fate {
        let is_listed = self.conditions.drops.contains(&label);
        if is_listed || self.rolls(Purpose::Loss, label, self.conditions.loss) {
            return Fate::Lost;
        }
        let is_held = self.rolls(Purpose::Reorder, label, self.conditions.reorder);
        let is_damaged = self.rolls(Purpose::Corrupt, label, self.conditions.corrupt);
        let is_twice = self.rolls(Purpose::Duplicate, label, self.conditions.duplicate);
        let held = if is_held { self.hold() } else { Duration::ZERO };
        let arrives = now + self.conditions.delay + held;
        let damage = is_damaged.then(|| self.hash(Purpose::WhichBit, label));
        if is_twice {
            self.carry(
                Delivery {
                    item: item.clone(),
                    damage: None,
                },
                arrives,
            );
        }
        self.carry(Delivery { item, damage }, arrives);
        match (is_damaged, is_held, is_twice) {
            (true, _, _) => Fate::Corrupted,
            (false, true, _) => Fate::Reordered,
            (false, false, true) => Fate::Duplicated,
            (false, false, false) => Fate::Delivered,
        }
    }

    /// The next packet that has arrived by `now`.
    pub fn poll(&mut self, now: Moment) -> Option<Delivery<T>> {
        let Reverse(next) = self.in_flight.peek()?;
        if next.arrives > now {
            return None;
        }
        self.in_flight
            .pop()
            .map(|Reverse(arrived)| arrived.delivery)
    }

    /// When the next packet arrives.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Moment> {
        self.in_flight.peek().map(|Reverse(next)| next.arrives)
    }

    fn hold(&self) -> Duration {
        (self.conditions.delay / 2).max(LEAST_HOLD)
    }

    fn carry(&mut self, delivery: Delivery<T>, arrives: Moment) {
        let order = self.pushed;
        self.pushed += 1;
        self.in_flight.push(Reverse(InFlight {
            arrives,
            order,
            delivery,
        }));
    }

    fn hash(&self, purpose: Purpose, label: Label) -> u64 {
        dice::hash(self.seed, self.direction, label, purpose)
    }

    fn rolls(&self, purpose: Purpose, label: Label, probability: f64) -> bool {
        probability > 0.0 && dice::falls(self.hash(purpose, label), probability)
    }
}

impl Delivery<Vec<u8>> {
    /// The datagram as it arrives: with one bit flipped, if the dice said so.
    #[must_use]
    pub fn into_datagram(mut self) -> Vec<u8> {
        let bits = 8 * self.item.len() as u64;
        let place = self.damage.and_then(|bit| bit.checked_rem(bits));
        if let Some(place) = place
            && let Ok(byte) = usize::try_from(place / 8)
        {
            self.item[byte] ^= 1 << (place % 8);
        }
        self.item
    }
}

impl<T> Ord for InFlight<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.arrives, self.order).cmp(&(other.arrives, other.order))
    }
}

impl<T> PartialOrd for InFlight<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for InFlight<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for InFlight<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(number: u32, attempt: u8) -> Label {
        Label {
            kind: Kind::Data,
            number,
            attempt,
        }
    }

    fn fates(scenario: &str, direction: Direction, count: u32) -> Vec<Fate> {
        let mut link = Link::new(&scenario.parse().unwrap(), direction);
        (0..count)
            .map(|n| link.push(n, data(n, 1), Moment::START))
            .collect()
    }

    fn count(fates: &[Fate], fate: Fate) -> usize {
        fates.iter().filter(|&&other| other == fate).count()
    }

    #[test]
    fn the_same_packets_are_lost_whenever_and_in_whatever_order_they_are_sent() {
        let scenario: Scenario = "seed=7;loss=30%".parse().unwrap();
        let mut forwards = Link::new(&scenario, Direction::Data);
        let mut backwards = Link::new(&scenario, Direction::Data);
        let late = Moment::START + Duration::from_secs(3);
        let first: Vec<_> = (0..100)
            .map(|n| forwards.push(n, data(n, 1), Moment::START))
            .collect();
        let mut second: Vec<_> = (0..100)
            .rev()
            .map(|n| backwards.push(n, data(n, 1), late))
            .collect();
        second.reverse();
        assert_eq!(first, second);
    }

    #[test]
    fn ten_percent_is_ten_percent() {
        for (scenario, fate) in [
            ("seed=1;loss=10%", Fate::Lost),
            ("seed=2;corrupt=10%", Fate::Corrupted),
            ("seed=3;duplicate=10%", Fate::Duplicated),
            ("seed=4;reorder=10%", Fate::Reordered),
        ] {
            let fates = fates(scenario, Direction::Data, 10_000);
            let share = count(&fates, fate);
            assert!(
                (900..1_100).contains(&share),
                "{scenario}: {share} of 10000"
            );
        }
    }

    #[test]
    fn a_resend_has_dice_of_its_own() {
        let scenario: Scenario = "seed=7;loss=50%".parse().unwrap();
        let mut link = Link::new(&scenario, Direction::Data);
        let lost = (1..=40).filter(|&attempt| {
            link.push(0, data(5, attempt), Moment::START) == Fate::Lost
        });
        assert!((10..30).contains(&lost.count()));
    }

    #[test]
    fn each_direction_has_its_own_words_and_its_own_dice() {
        let both = fates("seed=7;loss=20%", Direction::Data, 200);
        assert_ne!(both, fates("seed=7;loss=20%", Direction::Ack, 200));
        let data_only = "seed=7;data.loss=20%";
        assert_eq!(fates(data_only, Direction::Data, 200), both);
        assert_eq!(count(&fates(data_only, Direction::Ack, 200), Fate::Lost), 0);
    }

    #[test]
    fn a_list_drops_exactly_what_it_names() {
        let mut link = Link::new(&"drop=d0.1,d3.2".parse().unwrap(), Direction::Data);
        let mut fate =
            |number, attempt| link.push((), data(number, attempt), Moment::START);
        assert_eq!(fate(0, 1), Fate::Lost);
        assert_eq!(fate(0, 2), Fate::Delivered);
        assert_eq!(fate(3, 1), Fate::Delivered);
        assert_eq!(fate(3, 2), Fate::Lost);
    }

    #[test]
    fn what_is_held_back_is_overtaken() {
        let mut link =
            Link::new(&"delay=10ms;reorder=100%".parse().unwrap(), Direction::Data);
        link.push("first", data(0, 1), Moment::START);
        link.conditions.reorder = 0.0;
        link.push("second", data(1, 1), Moment::START);
        let later = Moment::START + Duration::from_secs(1);
        let order: Vec<_> = std::iter::from_fn(|| link.poll(later))
            .map(|d| d.item)
            .collect();
        assert_eq!(order, ["second", "first"]);
    }

    #[test]
    fn a_duplicate_arrives_whole_beside_the_first() {
        let mut link =
            Link::new(&"duplicate=100%;delay=1ms".parse().unwrap(), Direction::Ack);
        link.push("twin", data(0, 1), Moment::START);
        assert_eq!(link.poll(Moment::START), None);
        let later = link.next_timeout().unwrap();
        assert_eq!(std::iter::from_fn(|| link.poll(later)).count(), 2);
    }
}
