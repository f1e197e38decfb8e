//! A journal as a packet ladder in plain text: two ends, an arrow for every packet.
//!
//! ```text
//!      sender                                    receiver
//!   150.0 ms |--DATA 2.1-------------X            |
//!   150.0 ms |--DATA 3.1------------------------->|  200.0 ms   kept early
//!   250.0 ms |<----------------NACK 0.1, wants 2--|  200.0 ms
//! ```
//!
//! A row stands where its packet left; the time at the arrow's head is when it arrived. A
//! DATA packet is named `segment.attempt`, any other `counter.attempt`; an ACK says which
//! segment it wants next. It draws what the journal says and decides nothing.
//!
//! ```
//! use sash::lab::{ladder, run::Experiment};
//! let experiment = Experiment { size: 10, listening: true, ..Experiment::small() };
//! let mut entries = Vec::new();
//! experiment.run(|entry| entries.push(entry)).unwrap();
//! let ladder = ladder::text(&experiment.heading(), &entries);
//! assert!(ladder.contains("|--DATA 0.1------------------------->|"));
//! ```
//!
//! Source: Kurose & Ross, figures 3.16, 3.22 and 3.26.

use super::journal::{Carried, Entry, Happening, Heading, Side};
use crate::link::{Direction, Fate};
use crate::reliable::event::{Event, PacketName, Timer, Trigger, Unwanted};
use crate::wire::packet::Kind;

/// The ladder of a whole run, its heading included.
#[must_use]
pub fn text(heading: &Heading, entries: &[Entry]) -> String {
    let mut ladder = Ladder::default();
    for entry in entries {
        ladder.take(entry);
    }
    let Heading {
        arq,
        window,
        size,
        segment_bytes,
        scenario,
        first_sequence,
        ..
    } = heading;
    let mut text = format!(
        "{arq}, window {window}, {size} bytes in segments of {segment_bytes}, {scenario}\n\n"
    );
    text.push_str(&ends());
    for row in &ladder.rows {
        let line = row.line(*first_sequence);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The names of the two ends, above all rows.
#[must_use]
pub fn ends() -> String {
    format!("{:>11}{:LANE$}receiver\n", "sender", "")
}

/// The arrow of a packet between the two ends; a lost one's ends in the middle.
#[must_use]
pub fn arrow(name: &str, direction: Direction, is_lost: bool) -> String {
    let length = if is_lost { LANE * 2 / 3 } else { LANE };
    match direction {
        Direction::Data => {
            let head = if is_lost { 'X' } else { '>' };
            let shaft = format!("--{name}");
            format!("{:LANE$}", format!("{shaft:-<0$}{head}", length - 1))
        }
        Direction::Ack => {
            let head = if is_lost { 'X' } else { '<' };
            let shaft = format!("{name}--");
            format!("{:>LANE$}", format!("{head}{shaft:->0$}", length - 1))
        }
    }
}

/// Characters between the two ends.
const LANE: usize = 36;

#[derive(Default)]
struct Ladder {
    rows: Vec<Row>,
    /// The row of the packet that arrived last at the receiver.
    last_arrival: Option<usize>,
}

enum Row {
    Packet {
        left_us: u64,
        carried: Carried,
        arrived_us: Option<u64>,
        note: &'static str,
    },
    Note {
        time_us: u64,
        what: String,
    },
}

impl Ladder {
    fn take(&mut self, entry: &Entry) {
        let time_us = entry.time_us;
        match &entry.what {
            Happening::Link(carried) => self.rows.push(Row::Packet {
                left_us: time_us,
                carried: *carried,
                arrived_us: None,
                note: match carried.fate {
                    Fate::Corrupted => "damaged",
                    Fate::Duplicated => "twice",
                    Fate::QueueFull => "queue full",
                    Fate::TooLong => "too long",
                    Fate::Delivered | Fate::Lost | Fate::Reordered => "",
                },
            }),
            Happening::Machine(event) => self.take_event(entry.side, time_us, event),
        }
    }

    fn take_event(&mut self, side: Side, time_us: u64, event: &Event) {
        match event {
            Event::PacketReceived(packet) => self.arrive(side, time_us, *packet),
            Event::SegmentKept { .. } => self.note_arrival("kept early"),
            Event::SegmentDropped { why, .. } => self.note_arrival(match why {
                Unwanted::Duplicate => "dropped: it is there already",
                Unwanted::OutOfOrder => "dropped: out of order",
                Unwanted::BeyondTheWindow => "dropped: beyond the window",
            }),
            Event::PacketLost {
                number,
                attempt,
                trigger,
            } => {
                let told = match trigger {
                    Trigger::PacketThreshold => "three later ones arrived",
                    Trigger::TimeThreshold => {
                        "overtaken, and 9/8 of a round trip is over"
                    }
                    Trigger::Timeout => "timeout",
                };
                let what = format!("{told}: DATA {number}.{attempt} is held for lost");
                self.rows.push(Row::Note { time_us, what });
            }
            Event::TimerExpired { timer } => {
                let what = match timer {
                    Timer::Handshake => "timeout: the handshake goes again",
                    Timer::Quiet => "quiet: what has arrived is told again",
                    Timer::Closing => "timeout: FIN goes again",
                    Timer::Silence => "timeout: the other side is gone",
                    // What these two lead to is told by the rows that follow.
                    Timer::Retransmission
                    | Timer::LossDetection
                    | Timer::AcknowledgementDelay
                    | Timer::Probe => return,
                }
                .to_owned();
                self.rows.push(Row::Note { time_us, what });
            }
            Event::PacketSent(_)
            | Event::PacketIgnored { .. }
            | Event::PacketDamaged
            | Event::MetricsUpdated { .. }
            | Event::DataBlockedUpdated { .. }
            | Event::MtuUpdated { .. }
            | Event::CongestionUpdated { .. }
            | Event::StateChanged { .. } => (),
        }
    }

    /// Puts the time of arrival at the head of the arrow that is still without one.
    fn arrive(&mut self, side: Side, time_us: u64, packet: PacketName) {
        let towards = match side {
            Side::Receiver => Direction::Data,
            Side::Sender => Direction::Ack,
            Side::Link => return,
        };
        let waiting = self.rows.iter_mut().position(|row| match row {
            Row::Packet {
                carried,
                arrived_us,
                ..
            } => {
                let may_arrive =
                    !carried.fate.is_loss() && carried.fate != Fate::Corrupted;
                let is_it = carried.packet == packet && carried.direction == towards;
                is_it && may_arrive && arrived_us.is_none()
            }
            Row::Note { .. } => false,
        });
        let Some(place) = waiting else {
            return; // A duplicate: its row has the time of the first arrival.
        };
        if let Row::Packet { arrived_us, .. } = &mut self.rows[place] {
            *arrived_us = Some(time_us);
        }
        if side == Side::Receiver {
            self.last_arrival = Some(place);
        }
    }

    fn note_arrival(&mut self, why: &'static str) {
        let row = self.last_arrival.and_then(|place| self.rows.get_mut(place));
        if let Some(Row::Packet { note, .. }) = row {
            *note = why;
        }
    }
}

impl Row {
    fn line(&self, first_sequence: u32) -> String {
        match self {
            Self::Note { time_us, what } => format!("{} * {what}", clock(*time_us)),
            Self::Packet {
                left_us,
                carried,
                arrived_us,
                note,
            } => {
                let name = name(&carried.packet, first_sequence);
                let arrow = arrow(&name, carried.direction, carried.fate.is_loss());
                let (left, arrived) =
                    (clock(*left_us), arrived_us.map(clock).unwrap_or_default());
                match carried.direction {
                    Direction::Data => format!("{left} |{arrow}|{arrived:11}  {note}"),
                    Direction::Ack => format!("{arrived:10} |{arrow}|{left}  {note}"),
                }
            }
        }
    }
}

fn name(packet: &PacketName, first_sequence: u32) -> String {
    let PacketName {
        kind,
        number,
        attempt,
        sequence,
        ..
    } = packet;
    match kind {
        Kind::Ack | Kind::Nack => {
            let wanted = sequence.0.wrapping_sub(first_sequence);
            format!("{kind} {number}.{attempt}, wants {wanted}")
        }
        Kind::Syn | Kind::SynAck | Kind::Data | Kind::Fin | Kind::FinAck | Kind::Rst => {
            format!("{kind} {number}.{attempt}")
        }
    }
}

/// Milliseconds, ten characters wide.
fn clock(time_us: u64) -> String {
    format!("{:5}.{} ms", time_us / 1_000, time_us % 1_000 / 100)
}
