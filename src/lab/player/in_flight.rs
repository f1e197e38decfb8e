//! The packets in flight at any place of an event log.
//!
//! A flight begins where the link took the packet, and ends where it is received or
//! killed, or, where the journal does not tell that (of a damaged packet, or of one side
//! alone), at the time that the link said.

use crate::lab::journal::{Entry, Happening, Meddling, Side};
use crate::link::{Direction, Label};
use crate::reliable::event::{Event, PacketName};
use std::collections::HashMap;
use std::time::Duration;

/// A packet in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InFlight {
    /// Which.
    pub packet: PacketName,
    /// Which way.
    pub direction: Direction,
    /// When it entered the link. Unit: microseconds.
    pub sent_us: u64,
    /// When it comes out of the link, if nobody kills it. Unit: microseconds.
    pub arrives_us: u64,
}

/// All flights of a journal, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Flights {
    all: Vec<Flight>,
    /// Of each packet that may still arrive, its newest flight.
    under_way: HashMap<(Direction, Label), usize>,
    /// None took longer. Unit: microseconds.
    longest_us: u64,
    /// When forgotten flights are looked for again.
    most_under_way: usize,
}

#[derive(Debug)]
struct Flight {
    what: InFlight,
    /// It is in flight where more entries than these have happened.
    begun: usize,
    /// And fewer than this, if the number is known.
    ended: Option<usize>,
}

/// The latest arrival that still belongs to its packet: a busy computer. Unit:
/// microseconds.
const LATEST_US: u64 = 2_000_000;

impl Flights {
    /// The next entry of the event log, after `index` others. `way`: how long a packet
    /// takes where the journal is an older one and does not say.
    pub(super) fn take(&mut self, index: usize, entry: &Entry, way: Duration) {
        match &entry.what {
            Happening::Link(carried) if !carried.fate.is_loss() => {
                let way_us = u64::try_from(way.as_micros()).unwrap_or(0);
                let arrives = carried.arrives_us;
                self.begin(
                    index,
                    InFlight {
                        packet: carried.packet,
                        direction: carried.direction,
                        sent_us: entry.time_us,
                        arrives_us: arrives.unwrap_or(entry.time_us + way_us),
                    },
                );
            }
            Happening::Person(Meddling::PacketKilled(killed)) => {
                self.end(index, entry.time_us, killed.direction, killed.packet);
            }
            Happening::Machine(Event::PacketReceived(packet)) => {
                let direction = match entry.side {
                    Side::Receiver => Direction::Data,
                    Side::Sender => Direction::Ack,
                    Side::Link => return,
                };
                self.end(index, entry.time_us, direction, *packet);
            }
            Happening::Link(_)
            | Happening::Machine(_)
            | Happening::Person(Meddling::LinkChanged { .. }) => {}
        }
    }

    /// The packets in flight after this many entries, at this moment.
    pub(super) fn at(&self, index: usize, now_us: u64) -> Vec<InFlight> {
        let begun = self.all.partition_point(|flight| flight.begun < index);
        let may_last = |flight: &&Flight| {
            flight.what.sent_us.saturating_add(self.longest_us) >= now_us
        };
        let is_on_its_way = |flight: &&Flight| match flight.ended {
            Some(ended) => index <= ended,
            None => now_us < flight.what.arrives_us,
        };
        let recent = self.all[..begun].iter().rev().take_while(may_last);
        let mut found: Vec<InFlight> = recent
            .filter(is_on_its_way)
            .map(|flight| flight.what)
            .collect();
        found.reverse();
        found
    }

    /// How long the newest packet has been in flight. Unit: microseconds.
    pub(super) fn newest_way_us(&self) -> Option<u64> {
        let way = |flight: &Flight| {
            let InFlight {
                sent_us,
                arrives_us,
                ..
            } = flight.what;
            arrives_us.saturating_sub(sent_us)
        };
        self.all.last().map(way).filter(|way| *way > 0)
    }

    fn begin(&mut self, index: usize, what: InFlight) {
        let way = what.arrives_us.saturating_sub(what.sent_us);
        self.longest_us = self.longest_us.max(way);
        let name = (what.direction, Label::from(what.packet));
        self.under_way.insert(name, self.all.len());
        self.all.push(Flight {
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
        let flight = self.under_way.remove(&name);
        if let Some(flight) = flight.and_then(|place| self.all.get_mut(place)) {
            flight.ended = Some(index);
            let way = now_us.saturating_sub(flight.what.sent_us);
            self.longest_us = self.longest_us.max(way);
        }
    }

    /// A packet that must have arrived long ago without an entry is dropped.
    fn forget(&mut self, now_us: u64) {
        const ENOUGH: usize = 4_096;
        if self.under_way.len() < self.most_under_way.max(ENOUGH) {
            return;
        }
        self.under_way.retain(|_, place| {
            let flight = self.all.get(*place);
            flight.is_some_and(|it| it.what.arrives_us.saturating_add(LATEST_US) > now_us)
        });
        self.most_under_way = 2 * self.under_way.len();
    }
}
