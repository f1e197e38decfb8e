//! The content of a ladder diagram: packets with the times of both ends, and remarks.
//!
//! One packet is one [`Transmission`], made of up to three lines of a journal: sent,
//! carried by the link, received. The event log of one side contains one end only.

use crate::lab::journal::{Carried, Entry, FaultInjection, JournalEvent, Killed, Side};
use crate::lab::notation::Notation;
use crate::link::{Direction, Fate};
use crate::reliable::event::{
    DiscardReason, Event, PacketName, PacketRecord, Timer, Trigger,
};
use crate::wire::packet::Kind;
use std::collections::HashMap;

/// One packet in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transmission {
    pub(super) packet: PacketRecord,
    pub(super) direction: Direction,
    /// The time when it left, if the journal contains it. Unit: microseconds.
    pub(super) sent_us: Option<u64>,
    /// When it arrived, the first time. Unit: microseconds.
    pub(super) arrived_us: Option<u64>,
    /// Its fate on the link, if there is one.
    pub(super) fate: Option<Fate>,
    /// The time when it will arrive, if the link has announced it. Unit: microseconds.
    pub(super) due_us: Option<u64>,
    /// When a user dropped it in flight. Unit: microseconds.
    pub(super) killed_us: Option<u64>,
    /// The action of the receiver.
    pub(super) note: &'static str,
    /// Whether it is DATA that was sent before.
    pub(super) is_retransmission: bool,
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

/// One end of a flight, or a remark, in the journal's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LadderEvent {
    /// This flight left.
    Departure(usize),
    /// This flight arrived.
    Arrival(usize),
    /// This remark.
    Remark(usize),
}

/// A journal in the form for a ladder.
#[derive(Debug, Default)]
pub(super) struct Transmissions {
    pub(super) all: Vec<Transmission>,
    pub(super) remarks: Vec<Remark>,
    /// When, and what.
    pub(super) steps: Vec<(u64, LadderEvent)>,
    /// The newest packet of each name that is still in flight.
    in_flight: HashMap<Name, usize>,
    /// The flight that arrived last at the receiver.
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
    pub(super) fn has(&self, step: LadderEvent) -> bool {
        match step {
            LadderEvent::Departure(place) => self.departures[place],
            LadderEvent::Arrival(place) => self.arrivals[place],
            LadderEvent::Remark(place) => place < self.remarks,
        }
    }
}

impl Transmissions {
    /// The past after this many steps.
    pub(super) fn past(&self, steps: usize) -> Past {
        let mut past = Past {
            departures: vec![false; self.all.len()],
            arrivals: vec![false; self.all.len()],
            remarks: 0,
        };
        for &(_, step) in &self.steps[..steps] {
            match step {
                LadderEvent::Departure(place) => past.departures[place] = true,
                LadderEvent::Arrival(place) => past.arrivals[place] = true,
                LadderEvent::Remark(_) => past.remarks += 1,
            }
        }
        past
    }

    /// The ladder of a whole journal.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut transmissions = Self::default();
        for entry in entries {
            transmissions.take(entry);
        }
        transmissions
    }

    /// Adds one event.
    pub(super) fn take(&mut self, entry: &Entry) {
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

    fn take_event(&mut self, side: Side, time_us: u64, event: &Event) {
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

    fn depart(
        &mut self,
        time_us: u64,
        packet: &PacketRecord,
        direction: Direction,
    ) -> usize {
        let place = self.all.len();
        self.all.push(Transmission {
            packet: packet.clone(),
            direction,
            sent_us: Some(time_us),
            arrived_us: None,
            fate: None,
            due_us: None,
            killed_us: None,
            note: "",
            is_retransmission: packet.kind == Kind::Data && packet.attempt != 1,
        });
        self.in_flight.insert(name(direction, packet), place);
        self.steps.push((time_us, LadderEvent::Departure(place)));
        place
    }

    /// The link's decision about a packet, whose transmission was recorded before, unless
    /// the journal is that of the other side.
    fn carry(&mut self, time_us: u64, carried: &Carried) {
        let Carried {
            packet,
            direction,
            fate,
            arrives_us,
            ..
        } = carried;
        let place = self.in_flight.get(&name(*direction, packet)).copied();
        let place = match place.filter(|&place| self.all[place].fate.is_none()) {
            Some(place) => place,
            None => self.depart(time_us, packet, *direction),
        };
        let transmission = &mut self.all[place];
        (transmission.fate, transmission.due_us) = (Some(*fate), *arrives_us);
    }

    /// The user's loss of a packet, whose transmission was recorded before or is too old.
    fn kill(&mut self, time_us: u64, killed: &Killed) {
        let place = self.in_flight.get(&name(killed.direction, &killed.packet));
        if let Some(transmission) = place.and_then(|place| self.all.get_mut(*place)) {
            transmission.killed_us = Some(time_us);
        }
    }

    fn arrive(&mut self, side: Side, time_us: u64, packet: &PacketRecord) {
        let direction = match side {
            Side::Receiver => Direction::Data,
            Side::Sender => Direction::Ack,
            Side::Link => return,
        };
        let place = match self.in_flight.get(&name(direction, packet)) {
            // The second of two copies: the first one's time and note stay.
            Some(&place) if self.all[place].arrived_us.is_some() => {
                return self.listen_to(side, place, true);
            }
            Some(&place) => place,
            None => {
                self.all.push(Transmission {
                    packet: packet.clone(),
                    direction,
                    sent_us: None,
                    arrived_us: None,
                    fate: None,
                    due_us: None,
                    killed_us: None,
                    note: "",
                    is_retransmission: packet.kind == Kind::Data && packet.attempt != 1,
                });
                self.all.len() - 1
            }
        };
        self.all[place].arrived_us = Some(time_us);
        self.steps.push((time_us, LadderEvent::Arrival(place)));
        self.listen_to(side, place, false);
    }

    /// The next events are about this packet, which has just arrived there.
    fn listen_to(&mut self, side: Side, place: usize, is_copy: bool) {
        if side == Side::Receiver {
            self.last_arrival = (!is_copy).then_some(place);
        }
    }

    fn note_arrival(&mut self, note: &'static str) {
        let place = self.last_arrival;
        if let Some(transmission) = place.and_then(|place| self.all.get_mut(place)) {
            transmission.note = note;
        }
    }

    fn remark(&mut self, side: Side, time_us: u64, what: RemarkKind) {
        let place = self.remarks.len();
        self.remarks.push(Remark {
            time_us,
            side,
            what,
        });
        self.steps.push((time_us, LadderEvent::Remark(place)));
    }
}

impl Transmission {
    /// Whether it never arrives, or arrives damaged.
    pub(super) fn is_lost(&self) -> bool {
        let is_lost = |fate: Fate| fate.is_loss() || fate == Fate::Corrupted;
        self.killed_us.is_some() || self.fate.is_some_and(is_lost)
    }

    /// Its name, in at most `room` letters if ranges can be left out.
    pub(super) fn name(&self, notation: Notation, room: usize) -> String {
        let ranges = self.packet.ranges(notation.first_sequence);
        notation.name(&self.packet, &ranges, room)
    }

    /// Its fate, if the picture does not show it.
    pub(super) fn fate_note(&self) -> &'static str {
        match self.fate {
            _ if self.killed_us.is_some() => "killed",
            Some(Fate::Corrupted) => "damaged",
            Some(Fate::Duplicated) => "twice",
            Some(Fate::QueueFull) => "queue full",
            Some(Fate::TooLong) => "too long",
            Some(Fate::Delivered | Fate::Lost | Fate::Reordered) | None => "",
        }
    }
}

/// The identity of a packet.
type Name = (Direction, Kind, u32, u8);

const fn name(direction: Direction, packet: &PacketName) -> Name {
    (direction, packet.kind, packet.number, packet.attempt)
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
    use crate::wire::options::Arq;
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
        let mut entries = Vec::new();
        experiment.run(|entry| entries.push(entry)).unwrap();
        entries
    }

    #[test]
    fn every_packet_is_lost_or_arrives_after_the_link_delay() {
        let transmissions =
            Transmissions::of(&journal("seed=2;delay=9ms;loss=20%;duplicate=10%"));
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
    fn an_ack_shows_its_ranges_beyond_a_gap_in_the_journal_of_either_side() {
        for side in [Side::Receiver, Side::Sender] {
            let mut entries = journal("delay=9ms;drop=d2.1");
            entries.retain(|entry| entry.side == side);
            let transmissions = Transmissions::of(&entries).all;
            let (arq, first_sequence) = (Arq::Sack, 0);
            let notation = Notation {
                arq,
                first_sequence,
            };
            let mut names = transmissions
                .iter()
                .map(|transmission| transmission.name(notation, 40));
            assert!(
                names.any(|name| name == "NACK, next expected 2, has 3"),
                "{side:?}"
            );
        }
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
        let mut transmissions = Transmissions::default();
        let mut tell = |side, event| {
            transmissions.take(&Entry::new(Moment::START, side, event));
        };
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
        for transmission in transmissions.all {
            assert_eq!(transmission.note, "");
        }
    }
}
