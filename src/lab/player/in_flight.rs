//! The packets in flight at any place of an event log.
//!
//! A packet is in flight from its entry into the link until it is received or lost by the
//! user. If the journal does not contain this (for a corrupt packet, or a log of one
//! side), it ends at the time that the link announced.

use crate::lab::journal::{Entry, FaultInjection, JournalEvent, Side};
use crate::link::{Direction, Label};
use crate::reliable::event::{Event, PacketName};
use std::collections::HashMap;
use std::time::Duration;

/// A packet in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InFlight {
    /// Which.
    pub packet: PacketName,
    /// Its direction.
    pub direction: Direction,
    /// When it entered the link. Unit: microseconds.
    pub sent_us: u64,
    /// The time when it leaves the link, unless the user loses it. Unit: microseconds.
    pub arrives_us: u64,
}

/// All flights of a journal, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Transmissions {
    all: Vec<Transmission>,
    /// The latest transmission of each packet that may still arrive.
    in_flight: HashMap<(Direction, Label), usize>,
    /// The longest of them. Unit: microseconds.
    longest_us: u64,
    /// When forgotten flights are looked for again.
    most_in_flight: usize,
}

#[derive(Debug)]
struct Transmission {
    what: InFlight,
    /// It is in flight where more entries than these have happened.
    begun: usize,
    /// And fewer than this, if the number is known.
    ended: Option<usize>,
}

/// The latest arrival that still belongs to its packet: a busy computer. Unit:
/// microseconds.
const LATEST_US: u64 = 2_000_000;

impl Transmissions {
    /// The next entry of the event log, after `index` others. `one_way_delay`: how long a
    /// packet takes where the journal is an older one and does not say.
    pub(super) fn take(&mut self, index: usize, entry: &Entry, one_way_delay: Duration) {
        match &entry.what {
            JournalEvent::Link(carried) if !carried.fate.is_loss() => {
                let one_way_delay_us =
                    u64::try_from(one_way_delay.as_micros()).unwrap_or(0);
                let arrives = carried.arrives_us;
                self.begin(
                    index,
                    InFlight {
                        packet: carried.packet.name,
                        direction: carried.direction,
                        sent_us: entry.time_us,
                        arrives_us: arrives.unwrap_or(entry.time_us + one_way_delay_us),
                    },
                );
            }
            JournalEvent::FaultInjection(FaultInjection::PacketKilled(killed)) => {
                self.end(index, entry.time_us, killed.direction, killed.packet);
            }
            JournalEvent::Machine(Event::PacketReceived(packet)) => {
                let direction = match entry.side {
                    Side::Receiver => Direction::Data,
                    Side::Sender => Direction::Ack,
                    Side::Link => return,
                };
                self.end(index, entry.time_us, direction, packet.name);
            }
            JournalEvent::Link(_)
            | JournalEvent::Machine(_)
            | JournalEvent::FaultInjection(FaultInjection::LinkChanged { .. }) => {}
        }
    }

    /// The packets in flight after this many entries, at this moment.
    pub(super) fn at(&self, index: usize, now_us: u64) -> Vec<InFlight> {
        let begun = self
            .all
            .partition_point(|transmission| transmission.begun < index);
        let may_last = |transmission: &&Transmission| {
            transmission.what.sent_us.saturating_add(self.longest_us) >= now_us
        };
        let is_in_flight = |transmission: &&Transmission| match transmission.ended {
            Some(ended) => index <= ended,
            None => now_us < transmission.what.arrives_us,
        };
        let recent = self.all[..begun].iter().rev().take_while(may_last);
        let mut found: Vec<InFlight> = recent
            .filter(is_in_flight)
            .map(|transmission| transmission.what)
            .collect();
        found.reverse();
        found
    }

    /// How long the newest packet has been in flight. Unit: microseconds.
    pub(super) fn newest_one_way_delay_us(&self) -> Option<u64> {
        let one_way_delay = |transmission: &Transmission| {
            let InFlight {
                sent_us,
                arrives_us,
                ..
            } = transmission.what;
            arrives_us.saturating_sub(sent_us)
        };
        self.all
            .last()
            .map(one_way_delay)
            .filter(|one_way_delay| *one_way_delay > 0)
    }

    fn begin(&mut self, index: usize, what: InFlight) {
        let one_way_delay = what.arrives_us.saturating_sub(what.sent_us);
        self.longest_us = self.longest_us.max(one_way_delay);
        let name = (what.direction, Label::from(what.packet));
        self.in_flight.insert(name, self.all.len());
        self.all.push(Transmission {
            what,
            begun: index,
            ended: None,
        });
        self.forget(what.sent_us);
    }

    fn end(
        &mut self,
        index: usize,
        now_us: u64,
        direction: Direction,
        packet: PacketName,
    ) {
        let name = (direction, Label::from(packet));
        let transmission = self.in_flight.remove(&name);
        if let Some(transmission) = transmission.and_then(|place| self.all.get_mut(place))
        {
            transmission.ended = Some(index);
            let one_way_delay = now_us.saturating_sub(transmission.what.sent_us);
            self.longest_us = self.longest_us.max(one_way_delay);
        }
    }

    /// A packet that must have arrived long ago without an entry is dropped.
    fn forget(&mut self, now_us: u64) {
        const ENOUGH: usize = 4_096;
        if self.in_flight.len() < self.most_in_flight.max(ENOUGH) {
            return;
        }
        self.in_flight.retain(|_, place| {
            let transmission = self.all.get(*place);
            transmission
                .is_some_and(|it| it.what.arrives_us.saturating_add(LATEST_US) > now_us)
        });
        self.most_in_flight = 2 * self.in_flight.len();
    }
}
