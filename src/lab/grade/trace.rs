//! The steps of a run: for the ladders of a report and, as a journal, for pictures
//! and the player.

use super::scenario::GradedScenario;
use super::verbs::Role;
use crate::lab::journal::{Carried, Entry, Format, Heading, Journal, Side, VERSION};
use crate::lab::notation::{Notation, transmission};
use crate::link::{Direction, Entered, Fate, Label};
use crate::reliable::event::{
    Datagram, DiscardReason, Event, PacketName, PacketRecord, Timer, Trigger,
};
use crate::reliable::moment::Moment;
use crate::reliable::protocol::SegmentNumber;
use crate::wire::options::{Arq, Congestion};
use crate::wire::packet::{Acknowledgement, Body, Kind};
use crate::wire::sequence::SequenceNumber;

/// File bytes in a segment, for a link with a rate and for pictures.
pub const SEGMENT_BYTES: u16 = 1_000;

/// A packet of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Its name in scenarios and event logs.
    pub name: PacketName,
    /// The segment's number, or the ACK's.
    pub number: SegmentNumber,
    /// The ranges of an ACK beyond its number; in selective repeat the segment itself.
    pub ranges: Vec<[u32; 2]>,
}

impl Packet {
    /// A transmission of a segment.
    #[must_use]
    pub fn data(number: SegmentNumber, attempt: u8) -> Self {
        let name = PacketName {
            kind: Kind::Data,
            number: unsigned(number),
            attempt,
            sequence: SequenceNumber(unsigned(number)),
            length: SEGMENT_BYTES,
        };
        Self {
            name,
            number,
            ranges: Vec::new(),
        }
    }

    /// The ACK that is the `serial`-th one, from 1; the receiver has delivered all before
    /// `next_expected`.
    #[must_use]
    pub fn ack(
        protocol: Arq,
        number: SegmentNumber,
        ranges: &[super::verbs::Range],
        serial: u32,
        next_expected: SegmentNumber,
    ) -> Self {
        let next = match protocol {
            Arq::StopAndWait | Arq::GoBackN => number + 1,
            Arq::SelectiveRepeat => next_expected,
            Arq::Sack => number,
        };
        let ranges = match protocol {
            Arq::SelectiveRepeat => vec![[unsigned(number); 2]],
            Arq::Sack => ranges.iter().map(|it| it.map(unsigned)).collect(),
            Arq::StopAndWait | Arq::GoBackN => Vec::new(),
        };
        let name = PacketName {
            kind: Kind::Ack,
            number: serial,
            attempt: 1,
            sequence: SequenceNumber(unsigned(next)),
            length: 0,
        };
        Self {
            name,
            number,
            ranges,
        }
    }

    /// The packet in an event log. Its first sequence number is 0.
    fn record(&self) -> PacketRecord {
        let range = |it: &[u32; 2]| [it[0], it[1].wrapping_add(1)].map(SequenceNumber);
        let body = if self.name.kind == Kind::Data {
            Body::Data {
                length: SEGMENT_BYTES,
            }
        } else {
            Body::Ack(Acknowledgement {
                echo: 0,
                window: 0,
                received: 0,
                ranges: self.ranges.iter().map(|it| range(it).into()).collect(),
            })
        };
        PacketRecord {
            name: self.name,
            sent_at: 0,
            body,
            mac: None,
        }
    }

    /// The name by which the link's pseudo-random generator knows it.
    #[must_use]
    pub fn label(&self) -> Label {
        Label::from(self.name)
    }

    /// Its direction.
    #[must_use]
    pub fn direction(&self) -> Direction {
        if self.name.kind == Kind::Data {
            Direction::Data
        } else {
            Direction::Ack
        }
    }

    /// Its name in a ladder diagram, in at most `room` letters if possible.
    #[must_use]
    pub fn called(&self, protocol: Arq, room: usize) -> String {
        if self.name.kind == Kind::Data {
            return format!("DATA {}{}", self.number, transmission(self.name.attempt));
        }
        let notation = Notation {
            arq: protocol,
            first_sequence: 0,
        };
        notation.name(&self.name, &self.ranges, room)
    }
}

/// A number for display; negative ones were invalid.
fn unsigned(number: SegmentNumber) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// One event of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceEvent {
    /// When.
    pub time: Moment,
    /// What.
    pub what: TraceEventKind,
}

/// The event.
#[derive(Debug, Clone, PartialEq)]
pub enum TraceEventKind {
    /// A packet was put on the wire.
    Sent(Packet, Entered),
    /// A packet arrived; `false` if it was corrupt.
    Arrived(Packet, bool),
    /// A timer of the sender expired, and this was the oldest segment in flight.
    TimedOut(SegmentNumber),
    /// The receiver did not deliver this segment; `true` if it is buffered.
    Put(SegmentNumber, bool),
    /// A note of the program.
    Noted(Role, String),
}

/// The run as an event log.
#[must_use]
pub fn heading(scenario: &GradedScenario, protocol: Arq) -> Heading {
    Heading {
        journal: Format::Sash,
        version: VERSION,
        scenario: scenario.link.to_string(),
        arq: protocol,
        window: scenario.window_of(protocol),
        congestion: Congestion::Fixed,
        size: u64::from(scenario.segments) * u64::from(SEGMENT_BYTES),
        offset: 0,
        segment_bytes: SEGMENT_BYTES,
        first_sequence: 0,
        token: None, // A graded packet has not all fields of one of Sash.
    }
}

/// The run as a journal.
#[must_use]
pub fn journal(
    scenario: &GradedScenario,
    protocol: Arq,
    steps: &[TraceEvent],
) -> Journal {
    let mut attempts = std::collections::BTreeMap::new();
    let mut entries = Vec::new();
    for TraceEvent { time, what } in steps {
        let mut note = |side, event| entries.push(Entry::new(*time, side, event));
        match what {
            TraceEventKind::Sent(packet, entered) => {
                let side = near(packet);
                note(side, Event::PacketSent(packet.record()));
                let carried = Carried::new(packet.record(), packet.direction(), *entered);
                entries.push(Entry::carried(*time, carried));
                attempts.insert(packet.number, packet.name.attempt);
            }
            TraceEventKind::Arrived(packet, true) => {
                note(far(packet), Event::PacketReceived(packet.record()));
            }
            TraceEventKind::Arrived(packet, false) => {
                let datagram = Datagram::default();
                note(far(packet), Event::PacketDamaged { datagram });
            }
            TraceEventKind::TimedOut(number) => {
                let timer = Timer::Retransmission;
                note(Side::Sender, Event::TimerExpired { timer });
                let lost = Event::PacketLost {
                    number: unsigned(*number),
                    attempt: attempts.get(number).copied().unwrap_or(1),
                    trigger: Trigger::Timeout,
                };
                note(Side::Sender, lost);
            }
            TraceEventKind::Put(number, true) => {
                let number = unsigned(*number);
                note(Side::Receiver, Event::SegmentBuffered { number });
            }
            TraceEventKind::Put(number, false) => {
                let (number, why) = (unsigned(*number), DiscardReason::OutOfOrder);
                note(Side::Receiver, Event::SegmentDropped { number, why });
            }
            TraceEventKind::Noted(..) => {}
        }
    }
    Journal {
        heading: heading(scenario, protocol),
        entries,
        is_cut: false,
        unknown: 0,
    }
}

/// The side that sends a packet.
fn near(packet: &Packet) -> Side {
    match packet.direction() {
        Direction::Data => Side::Sender,
        Direction::Ack => Side::Receiver,
    }
}

/// The side that receives a packet.
fn far(packet: &Packet) -> Side {
    match packet.direction() {
        Direction::Data => Side::Receiver,
        Direction::Ack => Side::Sender,
    }
}

/// The fate of a packet, if it is not delivered unchanged.
#[must_use]
pub const fn fate(entered: &Entered) -> &'static str {
    match entered.fate {
        Fate::Delivered => "",
        Fate::Lost => "lost",
        Fate::QueueFull => "lost: queue full",
        Fate::TooLong => "lost: too long",
        Fate::Corrupted => "corrupted",
        Fate::Reordered => "reordered",
        Fate::Duplicated => "duplicated",
    }
}
