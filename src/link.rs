//! An imperfect link as a state machine: it loses, delays, reorders, duplicates and
//! corrupts.
//!
//! ```text
//!   push(packet, now) --> draw -->  [ lost | in flight until ... | twice | damaged ]
//!                                              |
//!   poll(now) <--------------------------------'   delivered in order of arrival
//! ```
//!
//! The fate of a packet is a function of the seed, the direction, its kind, its number
//! and its attempt: the same scenario loses the same DATA for every protocol and on every
//! computer, so a teacher can hand out a scenario as a line of text. Only a rate, its
//! queue and an outage depend on the time. A user may inject faults: [`Link::kill`] loses
//! a packet that is in flight, [`Link::change`] changes the faults for later packets.
//! Real sockets and the laboratory drive the same state machine, which does not know the
//! content of packets.
//!
//! ```
//! use sash::link::{Direction, Link, Scenario};
//! use sash::reliable::moment::Moment;
//! use std::time::Duration;
//! let scenario: Scenario = "delay=50ms".parse().unwrap();
//! let mut link = Link::new(&scenario, Direction::Data);
//! link.push("hello", sash::link::Label::EXAMPLE, 1_472, Moment::START);
//! assert_eq!(link.poll(Moment::START), None);
//! let later = Moment::START + Duration::from_millis(50);
//! assert_eq!(link.poll(later).unwrap().item, "hello");
//! ```
//!
//! Source: Kurose & Ross §3.4.1 (a channel with errors and loss), §1.4 (delay).

mod label;
mod random;
pub mod scenario;

pub use crate::reliable::event::log::{Direction, Entered, Fate};
pub use label::{Label, LabelError};
pub use scenario::{Scenario, ScenarioError};

use crate::reliable::moment::Moment;
use random::Purpose;
use scenario::{Burst, Conditions, Outage};
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
    /// The time when the last bit of all packets has entered the wire.
    busy_until: Moment,
    /// The queue before it. Unit: bytes.
    queue_bytes: u64,
    /// The number of pushes: packets that leave at the same moment keep their order.
    pushed: u64,
}

/// The history of a packet that leaves the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery<T> {
    /// The packet.
    pub item: T,
    /// Flip this bit of it.
    pub damage: Option<u64>,
}

/// A packet that is in the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketInFlight {
    /// Which.
    pub label: Label,
    /// The time when it was pushed.
    pub entered: Moment,
    /// The time when it leaves the link.
    pub arrives: Moment,
}

#[derive(Debug)]
struct InFlight<T> {
    transit: PacketInFlight,
    order: u64,
    delivery: Delivery<T>,
}

/// A packet out of order is held back by half the one-way delay, and at least this: on a
/// link without delay a few dozen packets overtake it.
const LEAST_HOLD: Duration = Duration::from_millis(2);

/// Headers of UDP (8) and IPv4 (20): they use the wire too.
pub const UDP_AND_IP_BYTES: usize = 28;

/// Nanoseconds in eight seconds: bytes and bits per second make nanoseconds.
const BIT_NANOSECONDS: u128 = 8_000_000_000;

impl Outage {
    /// Whether there is an outage now, at the end of each period.
    #[must_use]
    pub fn is_down(&self, now: Moment) -> bool {
        let since_begin = now.since_start().as_nanos() % self.period.as_nanos();
        since_begin + self.down.as_nanos() >= self.period.as_nanos()
    }
}

impl<T: Clone> Link<T> {
    /// An empty link with the scenario's faults for this direction.
    #[must_use]
    pub fn new(scenario: &Scenario, direction: Direction) -> Self {
        Self {
            seed: scenario.seed,
            direction,
            conditions: scenario.conditions(direction).clone(),
            in_flight: BinaryHeap::new(),
            busy_until: Moment::START,
            queue_bytes: scenario.queue_bytes(direction),
            pushed: 0,
        }
    }

    /// A packet enters, and its fate is decided. `bytes` is the length of its datagram.
    pub fn push(&mut self, item: T, label: Label, bytes: usize, now: Moment) -> Fate {
        self.enter(item, label, bytes, now).fate
    }

    /// As [`Link::push`]; it also returns the time when the packet will leave.
    pub fn enter(&mut self, item: T, label: Label, bytes: usize, now: Moment) -> Entered {
        let lost = |fate| Entered {
            fate,
            arrives: None,
            flipped_bit: None,
        };
        if bytes + UDP_AND_IP_BYTES > usize::from(self.conditions.mtu) {
            return lost(Fate::TooLong);
        }
        let Some(sent) = self.enter_the_wire(bytes, now) else {
            return lost(Fate::QueueFull);
        };
        if self.is_lost(label, now) {
            return lost(Fate::Lost);
        }
        let is_held = self.happens(Purpose::Reorder, label, self.conditions.reorder);
        let is_damaged = self.happens(Purpose::Corrupt, label, self.conditions.corrupt);
        let is_twice = self.happens(Purpose::Duplicate, label, self.conditions.duplicate);
        let held = if is_held { self.hold() } else { Duration::ZERO };
        let arrives = sent + self.conditions.delay + self.jitter(label) + held;
        let arrives = self.next_clump(arrives);
        let damage = is_damaged
            .then(|| self.hash(Purpose::WhichBit, label))
            .and_then(|hash| hash.checked_rem(8 * bytes as u64));
        let transit = PacketInFlight {
            label,
            entered: now,
            arrives,
        };
        if is_twice {
            let (item, damage) = (item.clone(), None);
            self.carry(Delivery { item, damage }, transit);
        }
        self.carry(Delivery { item, damage }, transit);
        let fate = match (is_damaged, is_held, is_twice) {
            (true, _, _) => Fate::Corrupted,
            (false, true, _) => Fate::Reordered,
            (false, false, true) => Fate::Duplicated,
            (false, false, false) => Fate::Delivered,
        };
        Entered {
            fate,
            arrives: Some(arrives),
            flipped_bit: damage,
        }
    }

    /// The bytes that wait to enter the wire. Unit: bytes.
    #[must_use]
    pub fn queued_bytes(&self, now: Moment) -> u64 {
        let (Some(rate), None) = (self.conditions.rate, self.conditions.bucket) else {
            return 0;
        };
        let bits = (self.busy_until - now).as_nanos() * u128::from(rate);
        u64::try_from(bits / BIT_NANOSECONDS).unwrap_or(u64::MAX)
    }

    /// The time when the packet's last bit is on the wire; `None` if the queue is full. A
    /// packet that is lost later has used the wire as well.
    ///
    /// A policer counts in the same way: the bytes that would wait are the missing tokens
    /// of its bucket. But packets that it passes leave at once.
    fn enter_the_wire(&mut self, bytes: usize, now: Moment) -> Option<Moment> {
        let Some(rate) = self.conditions.rate else {
            return Some(now);
        };
        let on_the_wire = (bytes + UDP_AND_IP_BYTES) as u64;
        let waiting =
            (self.busy_until - now).as_nanos() * u128::from(rate) / BIT_NANOSECONDS;
        if waiting + u128::from(on_the_wire) > u128::from(self.queue_bytes) {
            return None;
        }
        let nanoseconds = u128::from(on_the_wire) * BIT_NANOSECONDS / u128::from(rate);
        let transmission = Duration::from_nanos(u64::try_from(nanoseconds).ok()?);
        self.busy_until = self.busy_until.max(now) + transmission;
        let is_policed = self.conditions.bucket.is_some();
        Some(if is_policed { now } else { self.busy_until })
    }

    /// The time when the clump with the packets ready at that moment leaves.
    fn next_clump(&self, ready: Moment) -> Moment {
        let every = self.conditions.clump.as_nanos();
        let since = ready.since_start().as_nanos();
        let Some(over) = since.checked_rem(every).filter(|&over| over > 0) else {
            return ready;
        };
        ready + Duration::from_nanos(u64::try_from(every - over).unwrap_or(0))
    }

    fn is_lost(&self, label: Label, now: Moment) -> bool {
        self.conditions.drops.contains(&label)
            || self.happens(Purpose::Loss, label, self.conditions.loss)
            || self
                .conditions
                .burst
                .is_some_and(|burst| self.is_in_burst(burst, label))
            || self
                .conditions
                .outage
                .is_some_and(|outage| outage.is_down(now))
    }

    /// Whether the chain of good and bad is bad at this number.
    ///
    /// Each number's random draw says "bad" (below `enter`), "good" (above `1 - leave`)
    /// or "as before", whatever came before. Therefore the nearest earlier number with
    /// one of the first two results decides, and no chain must be stored. Before number 0
    /// the state is good.
    fn is_in_burst(&self, burst: Burst, label: Label) -> bool {
        for number in (0..=label.number).rev() {
            let hash = self.hash(Purpose::Burst, Label { number, ..label });
            if random::happens(hash, burst.enter) {
                return true;
            }
            if !random::happens(hash, 1.0 - burst.leave) {
                return false;
            }
        }
        false
    }

    fn jitter(&self, label: Label) -> Duration {
        let share = random::share(self.hash(Purpose::Jitter, label));
        self.conditions.jitter.mul_f64(share)
    }

    /// The next packet that has arrived by `now`.
    pub fn poll(&mut self, now: Moment) -> Option<Delivery<T>> {
        let Reverse(next) = self.in_flight.peek()?;
        if next.transit.arrives > now {
            return None;
        }
        self.in_flight
            .pop()
            .map(|Reverse(arrived)| arrived.delivery)
    }

    /// When the next packet arrives.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Moment> {
        self.in_flight
            .peek()
            .map(|Reverse(next)| next.transit.arrives)
    }

    /// The packets in the link, in no order; a packet that arrives twice is there twice.
    pub fn packets_in_flight(&self) -> impl Iterator<Item = PacketInFlight> + '_ {
        self.in_flight.iter().map(|Reverse(packet)| packet.transit)
    }

    /// Loses a packet that is in the link, with all its copies. Returns the packet, or
    /// `None` if no packet of this name is in the link. `drop=` with its name in the
    /// scenario would have lost it too.
    pub fn kill(&mut self, label: Label) -> Option<T> {
        let is_it = |packet: &Reverse<InFlight<T>>| packet.0.transit.label == label;
        if !self.in_flight.iter().any(is_it) {
            return None;
        }
        let (killed, others) = std::mem::take(&mut self.in_flight)
            .into_iter()
            .partition::<Vec<_>, _>(is_it);
        self.in_flight = others.into();
        let mut killed = killed.into_iter();
        killed.next().map(|Reverse(packet)| packet.delivery.item)
    }

    /// Changes the faults. Packets in the link keep their fate and their arrival time;
    /// bytes that wait for the old rate wait for the new one.
    pub fn change(&mut self, scenario: &Scenario, now: Moment) {
        let before = self.conditions.rate.unwrap_or(0);
        self.seed = scenario.seed;
        self.conditions = scenario.conditions(self.direction).clone();
        self.queue_bytes = scenario.queue_bytes(self.direction);
        let rate = self.conditions.rate.unwrap_or(0);
        let bits = (self.busy_until - now).as_nanos() * u128::from(before);
        let waiting = bits.checked_div(u128::from(rate)).unwrap_or(0);
        self.busy_until = now + Duration::from_nanos(u64::try_from(waiting).unwrap_or(0));
    }

    fn hold(&self) -> Duration {
        (self.conditions.delay / 2).max(LEAST_HOLD)
    }

    fn carry(&mut self, delivery: Delivery<T>, transit: PacketInFlight) {
        let order = self.pushed;
        self.pushed += 1;
        self.in_flight.push(Reverse(InFlight {
            transit,
            order,
            delivery,
        }));
    }

    fn hash(&self, purpose: Purpose, label: Label) -> u64 {
        random::hash(self.seed, self.direction, label, purpose)
    }

    fn happens(&self, purpose: Purpose, label: Label, probability: f64) -> bool {
        probability > 0.0 && random::happens(self.hash(purpose, label), probability)
    }
}

impl Delivery<Vec<u8>> {
    /// The datagram as it arrives: with one bit flipped, if the random draw decided it.
    #[must_use]
    pub fn into_datagram(mut self) -> Vec<u8> {
        flip(&mut self.item, self.damage);
        self.item
    }
}

/// Flips this bit of a datagram, if there is one.
pub fn flip(datagram: &mut [u8], bit: Option<u64>) {
    if let Some(bit) = bit
        && let Ok(byte) = usize::try_from(bit / 8)
        && let Some(byte) = datagram.get_mut(byte)
    {
        *byte ^= 1 << (bit % 8);
    }
}

impl<T> Ord for InFlight<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.transit.arrives, self.order).cmp(&(other.transit.arrives, other.order))
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
mod tests;
