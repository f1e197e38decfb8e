//! The packets of an event log, and which of them are in flight: the only model of the
//! link's content.
//!
//! ```text
//!   packet_sent        leaves its sender  ---.
//!   packet_carried     enters the link    ---+--> one Transmission
//!   packet_killed      dropped by a user  ---|
//!   packet_received    arrives            ---'
//! ```
//!
//! Direction, kind, number and attempt identify a packet ([`identity`]); an entry is about
//! the newest packet of that identity. In the log of one side some of these entries are
//! missing: a packet that the link carries then leaves when it enters the link, and one
//! that arrives may have no departure. Of two copies the first one's arrival counts. A
//! packet is in flight from its entry into the link until it arrives or a user drops it,
//! and if the log contains neither (for a corrupt packet, or in a log of one side), until
//! the time that the link announced.
//!
//! The [`strip`](super::strip) has what the sender knows and what the receiver has.

use super::journal::{Carried, Entry, FaultInjection, JournalEvent, Killed, Side};
use crate::link::{Direction, Label};
use crate::reliable::event::{
    DiscardReason, Event, PacketName, PacketRecord, Timer, Trigger,
};
use crate::wire::packet::Kind;
use std::collections::HashMap;

/// One packet that one side sends to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transmission<'a> {
    pub(super) packet: &'a PacketRecord,
    pub(super) direction: Direction,
    /// The time when it left, if the journal contains it. Unit: microseconds.
    pub(super) sent_us: Option<u64>,
    /// When it arrived, the first time. Unit: microseconds.
    pub(super) arrived_us: Option<u64>,
    /// The decision of the link, if the journal contains it.
    pub(super) carried: Option<&'a Carried>,
    /// When a user dropped it in flight. Unit: microseconds.
    pub(super) killed_us: Option<u64>,
    /// The action of the receiver.
    pub(super) note: &'static str,
}

/// The identity of a packet in an event log.
pub(super) type Identity = (Direction, Label);

pub(super) fn identity(direction: Direction, packet: PacketName) -> Identity {
    (direction, Label::from(packet))
}

/// An event at one end that is no packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) time_us: u64,
    pub(super) side: Side,
    pub(super) what: RemarkKind,
}

/// The content of a remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RemarkKind {
    /// A transmission is declared lost.
    Lost {
        number: u32,
        attempt: u8,
        trigger: Trigger,
    },
    /// A timer expired.
    Expired(Timer),
}

/// One end of a transmission, or a remark, in the journal's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimelineEvent {
    /// This packet left.
    Departure(usize),
    /// This packet arrived.
    Arrival(usize),
    /// This remark.
    Remark(usize),
}

/// All packets of a journal, in the order in which they left.
#[derive(Debug, Default)]
pub(super) struct Transmissions<'a> {
    pub(super) all: Vec<Transmission<'a>>,
    pub(super) remarks: Vec<Remark>,
    /// When, and what.
    pub(super) steps: Vec<(u64, TimelineEvent)>,
    newest: HashMap<Identity, usize>,
    /// The packet that arrived last at the receiver.
    last_arrival: Option<usize>,
}

/// The past steps at a moment.
#[derive(Debug)]
pub(super) struct Past {
    /// Whether each packet has left.
    pub(super) departures: Vec<bool>,
    /// Whether each packet has arrived.
    pub(super) arrivals: Vec<bool>,
    remarks: usize,
}

impl Past {
    pub(super) fn has(&self, step: TimelineEvent) -> bool {
        match step {
            TimelineEvent::Departure(place) => self.departures[place],
            TimelineEvent::Arrival(place) => self.arrivals[place],
            TimelineEvent::Remark(place) => place < self.remarks,
        }
    }
}

impl<'a> Transmissions<'a> {
    /// The past after this many steps.
    pub(super) fn past(&self, steps: usize) -> Past {
        let mut past = Past {
            departures: vec![false; self.all.len()],
            arrivals: vec![false; self.all.len()],
            remarks: 0,
        };
        for &(_, step) in &self.steps[..steps] {
            match step {
                TimelineEvent::Departure(place) => past.departures[place] = true,
                TimelineEvent::Arrival(place) => past.arrivals[place] = true,
                TimelineEvent::Remark(_) => past.remarks += 1,
            }
        }
        past
    }

    /// The packets of a whole journal.
    pub(super) fn of(entries: &'a [Entry]) -> Self {
        let mut transmissions = Self::default();
        for entry in entries {
            transmissions.take(entry);
        }
        transmissions
    }

    /// The packets in flight at this moment, when the first `index` entries have happened,
    /// in the order in which they left.
    pub(super) fn in_flight(
        entries: &'a [Entry],
        index: usize,
        now_us: u64,
    ) -> Vec<Transmission<'a>> {
        let mut transmissions = Self::of(&entries[..index]);
        let on_the_link: Vec<usize> = (0..transmissions.all.len())
            .filter(|&place| transmissions.all[place].is_on_the_link())
            .collect();
        // A later entry may be its end.
        for entry in &entries[index..] {
            transmissions.take(entry);
        }
        let is_in_flight = |it: &Transmission<'_>| {
            it.has_ended() || it.due_us().is_some_and(|due_us| now_us < due_us)
        };
        let still = on_the_link
            .into_iter()
            .map(|it| transmissions.all[it].clone());
        still.filter(is_in_flight).collect()
    }

    /// Adds one event.
    pub(super) fn take(&mut self, entry: &'a Entry) {
        let time_us = entry.time_us;
        match &entry.what {
            JournalEvent::Link(carried) => self.carry(time_us, carried),
            JournalEvent::Machine(event) => self.take_event(entry.side, time_us, event),
            JournalEvent::FaultInjection(FaultInjection::PacketKilled(killed)) => {
                self.kill(time_us, killed);
            }
            JournalEvent::FaultInjection(FaultInjection::LinkChanged { .. }) => {}
        }
    }

    fn take_event(&mut self, side: Side, time_us: u64, event: &'a Event) {
        match event {
            Event::PacketSent(packet) => {
                if let Some(direction) = away_from(side) {
                    self.depart(time_us, packet, direction);
                }
            }
            Event::PacketReceived(packet) => self.arrive(side, time_us, packet),
            Event::SegmentBuffered { .. } => self.note_arrival("buffered out of order"),
            Event::SegmentDropped { why, .. } => self.note_arrival(match why {
                DiscardReason::Duplicate => "discarded: duplicate",
                DiscardReason::OutOfOrder => "discarded: out of order",
                DiscardReason::BeyondTheWindow => "discarded: beyond the window",
            }),
            Event::PacketLost {
                number,
                attempt,
                trigger,
            } => {
                let (number, attempt, trigger) = (*number, *attempt, *trigger);
                let what = RemarkKind::Lost {
                    number,
                    attempt,
                    trigger,
                };
                self.remark(side, time_us, what);
            }
            Event::TimerExpired { timer } => match timer {
                Timer::Handshake | Timer::Idle | Timer::Closing | Timer::Silence => {
                    self.remark(side, time_us, RemarkKind::Expired(*timer));
                }
                // The rows that follow show the consequences.
                Timer::Retransmission
                | Timer::LossDetection
                | Timer::AcknowledgementDelay
                | Timer::Probe => {}
            },
            Event::PacketIgnored { .. }
            | Event::PacketDamaged { .. }
            | Event::PathAssigned { .. }
            | Event::MetricsUpdated { .. }
            | Event::DataBlockedUpdated { .. }
            | Event::MtuUpdated { .. }
            | Event::ListeningBegun { .. }
            | Event::CongestionUpdated { .. }
            | Event::StateChanged { .. } => {}
        }
    }

    /// Adds a packet of which nothing else is known.
    fn add(&mut self, packet: &'a PacketRecord, direction: Direction) -> usize {
        self.all.push(Transmission {
            packet,
            direction,
            sent_us: None,
            arrived_us: None,
            carried: None,
            killed_us: None,
            note: "",
        });
        self.all.len() - 1
    }

    fn depart(
        &mut self,
        time_us: u64,
        packet: &'a PacketRecord,
        direction: Direction,
    ) -> usize {
        let place = self.add(packet, direction);
        self.all[place].sent_us = Some(time_us);
        self.newest.insert(identity(direction, packet.name), place);
        self.steps.push((time_us, TimelineEvent::Departure(place)));
        place
    }

    /// The newest packet with this name.
    fn find(&self, direction: Direction, packet: PacketName) -> Option<usize> {
        self.newest.get(&identity(direction, packet)).copied()
    }

    /// The link's decision about a packet, whose transmission was recorded before, unless
    /// the journal is that of the other side.
    fn carry(&mut self, time_us: u64, carried: &'a Carried) {
        let place = self.find(carried.direction, carried.packet.name);
        let place = match place.filter(|&place| self.all[place].carried.is_none()) {
            Some(place) => place,
            None => self.depart(time_us, &carried.packet, carried.direction),
        };
        self.all[place].carried = Some(carried);
    }

    /// The user's loss of a packet, whose transmission was recorded before or is too old.
    fn kill(&mut self, time_us: u64, killed: &Killed) {
        if let Some(place) = self.find(killed.direction, killed.packet) {
            self.all[place].killed_us = Some(time_us);
        }
    }

    fn arrive(&mut self, side: Side, time_us: u64, packet: &'a PacketRecord) {
        let direction = match side {
            Side::Receiver => Direction::Data,
            Side::Sender => Direction::Ack,
            Side::Link => return,
        };
        let place = match self.find(direction, packet.name) {
            // The second of two copies: the first one's time and note stay.
            Some(place) if self.all[place].arrived_us.is_some() => {
                return self.listen_to(side, place, true);
            }
            Some(place) => place,
            None => self.add(packet, direction),
        };
        self.all[place].arrived_us = Some(time_us);
        self.steps.push((time_us, TimelineEvent::Arrival(place)));
        self.listen_to(side, place, false);
    }

    /// The next events are about this packet, which has just arrived there.
    fn listen_to(&mut self, side: Side, place: usize, is_copy: bool) {
        if side == Side::Receiver {
            self.last_arrival = (!is_copy).then_some(place);
        }
    }

    fn note_arrival(&mut self, note: &'static str) {
        if let Some(place) = self.last_arrival {
            self.all[place].note = note;
        }
    }

    fn remark(&mut self, side: Side, time_us: u64, what: RemarkKind) {
        let place = self.remarks.len();
        self.remarks.push(Remark {
            time_us,
            side,
            what,
        });
        self.steps.push((time_us, TimelineEvent::Remark(place)));
    }
}

impl Transmission<'_> {
    /// Whether it is DATA that was sent before.
    pub(super) fn is_retransmission(&self) -> bool {
        self.packet.kind == Kind::Data && self.packet.attempt != 1
    }

    /// Whether it never arrives, or arrives damaged.
    pub(super) fn is_lost(&self) -> bool {
        self.killed_us.is_some() || self.carried.is_some_and(Carried::is_lost)
    }

    /// The time when it will arrive, if the link has announced it. Unit: microseconds.
    pub(super) fn due_us(&self) -> Option<u64> {
        self.carried.and_then(|carried| carried.arrives_us)
    }

    /// Whether the link has it, and has not lost it at once.
    fn is_on_the_link(&self) -> bool {
        self.carried.is_some_and(|it| !it.fate.is_loss()) && !self.has_ended()
    }

    const fn has_ended(&self) -> bool {
        self.arrived_us.is_some() || self.killed_us.is_some()
    }
}

/// The DATA of the file that this entry loses on the link: by its fate, or by the user.
pub(super) fn lost_data(entry: &Entry) -> Option<&PacketName> {
    let (direction, packet) = match &entry.what {
        JournalEvent::Link(carried) if carried.is_lost() => {
            (carried.direction, &carried.packet.name)
        }
        JournalEvent::FaultInjection(FaultInjection::PacketKilled(killed)) => {
            (killed.direction, &killed.packet)
        }
        JournalEvent::Link(_)
        | JournalEvent::Machine(_)
        | JournalEvent::FaultInjection(FaultInjection::LinkChanged { .. }) => {
            return None;
        }
    };
    (direction == Direction::Data && packet.is_of_the_file()).then_some(packet)
}

/// The way that a side's packets go.
const fn away_from(side: Side) -> Option<Direction> {
    match side {
        Side::Sender => Some(Direction::Data),
        Side::Receiver => Some(Direction::Ack),
        Side::Link => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::run::Experiment;
    use crate::reliable::moment::Moment;
    use crate::wire::digest::Token;
    use crate::wire::packet::{Acknowledgement, Body, Packet};
    use crate::wire::sequence::SequenceNumber;

    fn journal(link: &str) -> Vec<Entry> {
        let experiment = Experiment {
            scenario: link.parse().unwrap(),
            size: 1_000,
            segment_bytes: 100,
            listening: true,
            ..Experiment::small()
        };
        experiment.journal().unwrap().entries
    }

    #[test]
    fn every_packet_is_lost_or_arrives_after_the_link_delay() {
        let entries = journal("seed=2;delay=9ms;loss=20%;duplicate=10%");
        let transmissions = Transmissions::of(&entries);
        assert!(transmissions.all.iter().any(Transmission::is_lost));
        for transmission in &transmissions.all {
            match transmission.arrived_us {
                Some(arrived) => {
                    assert_eq!(arrived, transmission.sent_us.unwrap() + 9_000);
                }
                None => assert!(transmission.is_lost(), "{transmission:?}"),
            }
        }
    }

    #[test]
    fn a_journal_of_one_side_gives_one_end_of_each_packet() {
        let mut entries = journal("delay=9ms");
        entries.retain(|entry| entry.side == Side::Receiver);
        let transmissions = Transmissions::of(&entries).all;
        assert!(!transmissions.is_empty());
        for transmission in transmissions {
            assert!(transmission.sent_us.is_some() != transmission.arrived_us.is_some());
        }
    }

    #[test]
    fn a_packet_is_in_flight_until_it_arrives_or_else_until_it_is_due() {
        let mut entries = journal("delay=9ms");
        entries.retain(Entry::is_of_a_packet);
        entries.truncate(3); // The SYN is sent, carried and received.
        entries[2].time_us = 11_000;
        let count = |entries: &[Entry], index, now_us| {
            Transmissions::in_flight(entries, index, now_us).len()
        };
        assert_eq!(count(&entries, 1, 0), 0);
        assert_eq!(count(&entries, 2, 10_999), 1);
        assert_eq!(count(&entries, 3, 11_000), 0);
        assert_eq!(count(&entries[..2], 2, 8_999), 1);
        assert_eq!(count(&entries[..2], 2, 9_000), 0);
    }

    #[test]
    fn the_fate_of_a_duplicate_is_not_attributed_to_another_packet() {
        let packet = |kind, number| {
            let acknowledgement = Acknowledgement {
                echo: 0,
                window: 1,
                received: 0,
                ranges: Vec::new(),
            };
            let body = if kind == Kind::Ack {
                Body::Ack(acknowledgement)
            } else {
                Body::Data { length: 0 }
            };
            PacketRecord::from(&Packet {
                token: Token([0; 16]),
                number,
                attempt: 1,
                sequence: SequenceNumber(number),
                sent_at: 0,
                body,
            })
        };
        let mut entries = Vec::new();
        let mut tell = |side, event| entries.push(Entry::new(Moment::START, side, event));
        for number in [3, 4] {
            tell(Side::Sender, Event::PacketSent(packet(Kind::Data, number)));
            tell(Side::Receiver, Event::PacketSent(packet(Kind::Ack, number)));
        }
        for number in [3, 4, 3] {
            tell(
                Side::Receiver,
                Event::PacketReceived(packet(Kind::Data, number)),
            );
            tell(
                Side::Sender,
                Event::PacketReceived(packet(Kind::Ack, number)),
            );
        }
        let why = DiscardReason::Duplicate;
        tell(Side::Receiver, Event::SegmentDropped { number: 3, why });
        for transmission in Transmissions::of(&entries).all {
            assert_eq!(transmission.note, "");
        }
    }
}
