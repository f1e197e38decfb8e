//! Reads a journal: the heading and the events, from lines of JSON.
//!
//! A program that is killed leaves a journal whose last line is cut: all lines before it
//! are returned, and the caller is informed. Unknown events and fields are skipped, so
//! that this program reads the journals of a later one. Any other mistake is an error
//! that names the line.
//!
//! In a journal of an older program, whose heading has no token, packets are named only,
//! and an `ack_ranges` follows an ACK with ranges. The ranges are read into the ACK; the
//! other fields are 0, and [`Journal::has_all_fields`] is false.
//!
//! ```
//! use sash::reliable::event::log::Journal;
//! use sash::lab::run::Experiment;
//! let experiment = Experiment { size: 10, listening: true, ..Experiment::small() };
//! let mut text = experiment.heading().to_line();
//! let mut entries = Vec::new();
//! experiment.run(|entry| {
//!     text.push_str(&entry.to_line());
//!     entries.push(entry);
//! }).unwrap();
//! let journal = Journal::read(text.as_bytes()).unwrap();
//! assert_eq!((journal.heading, journal.entries), (experiment.heading(), entries));
//! ```
//!
//! Source: report page `journal`.

use super::super::{
    Datagram, Event, FlowControlState, PacketName, PacketRecord, Timer, Trigger,
};
use super::{
    Carried, Direction, Entry, Fate, FaultInjection, Heading, JournalEvent, Killed, Side,
    VERSION,
};
use crate::wire::digest::{Digest, Mac};
use crate::wire::packet::{
    Acknowledgement, Body, HandshakeFields, Kind, MOST_RANGES, Reset, SequenceRange,
};
use crate::wire::sequence::SequenceNumber;
use core::net::SocketAddr;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;
use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufRead, Read as _};

/// A whole journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// The heading of the run.
    pub heading: Heading,
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// Whether the last line was cut short, as in a program that was killed.
    pub is_cut: bool,
    /// Lines with an event that this program does not know.
    pub unknown: usize,
}

/// The reason why a journal cannot be read.
#[derive(Debug)]
pub enum Unreadable {
    /// The error of the system.
    Io(io::Error),
    /// It is empty, or its first line is cut.
    Empty,
    /// Its first line is not a journal's.
    NotAJournal(serde_json::Error),
    /// Its version is not one that this program reads.
    Version(u32),
    /// A line in it is damaged.
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// The mistake.
        why: String,
    },
}

/// The longest line of a journal. Unit: bytes.
const LONGEST_LINE: u64 = 64 * 1024;

impl Journal {
    /// Reads a journal to its end.
    ///
    /// # Errors
    /// [`Unreadable`]: no journal, an older one, or a damaged line.
    pub fn read(mut source: impl BufRead) -> Result<Self, Unreadable> {
        let mut line = String::new();
        if !next_line(&mut source, &mut line, 1)? {
            return Err(Unreadable::Empty);
        }
        let mut journal = Self {
            heading: heading(&line)?,
            entries: Vec::new(),
            is_cut: false,
            unknown: 0,
        };
        for number in 2.. {
            match next_line(&mut source, &mut line, number) {
                Ok(true) => journal.take(&line, number)?,
                Ok(false) => break,
                Err(error) => return Err(error),
            }
        }
        journal.is_cut = !line.is_empty();
        Ok(journal)
    }

    /// Whether packets have all fields; in the journal of an older program they do not.
    #[must_use]
    pub const fn has_all_fields(&self) -> bool {
        self.heading.token.is_some()
    }

    fn take(&mut self, line: &str, number: usize) -> Result<(), Unreadable> {
        let read = serde_json::from_str::<Line<'_>>(line)
            .map_err(|error| error.to_string())
            .and_then(|line| self.take_line(line));
        read.map_err(|why| Unreadable::Line { line: number, why })
    }

    fn take_line(&mut self, mut line: Line<'_>) -> Result<(), String> {
        line.is_older = !self.has_all_fields();
        if matches!(&*line.event, "ack_ranges" | "ranges_told") {
            return self.take_ranges(line);
        }
        match line.entry()? {
            Some(entry) => self.entries.push(entry),
            None => self.unknown += 1,
        }
        Ok(())
    }

    /// An older program wrote the ranges of an ACK into the line after it.
    fn take_ranges(&mut self, line: Line<'_>) -> Result<(), String> {
        let told = need(line.ranges, "ranges")?;
        if told.is_empty() || told.len() > MOST_RANGES {
            return Err(format!("no packet has {} ranges", told.len()));
        }
        if told.iter().any(|[first, last]| first > last) {
            return Err("a range ends before it begins".to_owned());
        }
        match self.entries.last_mut().map(|entry| &mut entry.what) {
            Some(JournalEvent::Machine(
                Event::PacketSent(packet) | Event::PacketReceived(packet),
            )) => {
                let first_sequence = SequenceNumber(self.heading.first_sequence);
                if let Body::Ack(ack) | Body::Nack(ack) = &mut packet.body {
                    let range = |&[first, last]: &[u32; 2]| SequenceRange {
                        start: first_sequence + first,
                        end: first_sequence + last + 1,
                    };
                    ack.ranges = told.iter().map(range).collect();
                }
            }
            Some(JournalEvent::Machine(Event::ListeningBegun { ranges, .. })) => {
                *ranges = told;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Reads the next whole line into `line`; false at the end, where `line` contains a cut
/// line.
fn next_line(
    source: &mut impl BufRead,
    line: &mut String,
    number: usize,
) -> Result<bool, Unreadable> {
    line.clear();
    let damaged = |why: &str| Unreadable::Line {
        line: number,
        why: why.to_owned(),
    };
    let mut bytes = std::mem::take(line).into_bytes();
    source
        .take(LONGEST_LINE)
        .read_until(b'\n', &mut bytes)
        .map_err(Unreadable::Io)?;
    let is_whole = bytes.ends_with(b"\n");
    if !is_whole && bytes.len() as u64 == LONGEST_LINE {
        return Err(damaged("it is too long for a line of an event log"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => *line = text,
        // The line was cut inside a letter.
        Err(_) if !is_whole => "?".clone_into(line),
        Err(_) => return Err(damaged("it is not UTF-8")),
    }
    Ok(is_whole)
}

fn heading(line: &str) -> Result<Heading, Unreadable> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    match serde_json::from_str(line) {
        Ok(Version { version: VERSION }) => {}
        Ok(Version { version }) => return Err(Unreadable::Version(version)),
        Err(error) => return Err(Unreadable::NotAJournal(error)),
    }
    serde_json::from_str(line).map_err(Unreadable::NotAJournal)
}

/// A line before its event is known: a flat list of all possible fields. Reading it at
/// once is several times as fast as trying each event.
#[derive(Deserialize)]
struct Line<'a> {
    /// Whether an older program wrote it.
    #[serde(skip)]
    is_older: bool,
    time_us: u64,
    side: Side,
    #[serde(borrow)]
    event: Cow<'a, str>,
    kind: Option<Kind>,
    number: Option<u32>,
    attempt: Option<u8>,
    sequence: Option<SequenceNumber>,
    length: Option<u16>,
    sent_at: Option<u32>,
    size: Option<u64>,
    window: Option<u32>,
    echo: Option<u32>,
    received: Option<u32>,
    sha256: Option<Digest>,
    verified: Option<bool>,
    reset: Option<Reset>,
    mac: Option<Mac>,
    datagram: Option<Datagram>,
    sender: Option<SocketAddr>,
    receiver: Option<SocketAddr>,
    wall_us: Option<u64>,
    flipped_bit: Option<u64>,
    #[serde(borrow)]
    why: Option<Cow<'a, str>>,
    trigger: Option<Trigger>,
    timer: Option<Timer>,
    latest_us: Option<u64>,
    srtt_us: Option<u64>,
    rttvar_us: Option<u64>,
    rto_us: Option<u64>,
    cwnd: Option<u32>,
    ssthresh: Option<u32>,
    in_flight: Option<u32>,
    pacing_rate: Option<u64>,
    #[serde(borrow)]
    phase: Option<Cow<'a, str>>,
    ranges: Option<Vec<[u32; 2]>>,
    #[serde(rename = "gate")]
    flow_control: Option<FlowControlState>,
    segment_bytes: Option<u16>,
    base: Option<u32>,
    next: Option<u32>,
    first_sequence: Option<u32>,
    #[serde(borrow)]
    state: Option<Cow<'a, str>>,
    direction: Option<Direction>,
    fate: Option<Fate>,
    arrives_us: Option<u64>,
    #[serde(borrow)]
    scenario: Option<Cow<'a, str>>,
}

impl Line<'_> {
    /// The entry; `None` if the event is not known.
    fn entry(self) -> Result<Option<Entry>, String> {
        let (time_us, side) = (self.time_us, self.side);
        let entry = |what| Entry {
            time_us,
            side,
            what,
        };
        Ok(self.what()?.map(entry))
    }

    fn what(self) -> Result<Option<JournalEvent>, String> {
        let event = match &*self.event {
            "packet_carried" => {
                return Ok(Some(JournalEvent::Link(Carried {
                    direction: need(self.direction, "direction")?,
                    fate: need(self.fate, "fate")?,
                    arrives_us: self.arrives_us,
                    flipped_bit: self.flipped_bit,
                    packet: self.record()?,
                })));
            }
            "packet_killed" => {
                let killed = Killed {
                    packet: self.packet()?,
                    direction: need(self.direction, "direction")?,
                };
                return Ok(Some(JournalEvent::FaultInjection(
                    FaultInjection::PacketKilled(killed),
                )));
            }
            "link_changed" => {
                let scenario = need(self.scenario, "scenario")?.into_owned();
                return Ok(Some(JournalEvent::FaultInjection(
                    FaultInjection::LinkChanged { scenario },
                )));
            }
            "packet_sent" => Event::PacketSent(self.record()?),
            "packet_received" => Event::PacketReceived(self.record()?),
            "packet_ignored" => Event::PacketIgnored {
                packet: self.packet()?,
                why: self.why()?,
                datagram: self.datagram.unwrap_or_default(),
            },
            "packet_damaged" => Event::PacketDamaged {
                datagram: self.datagram.unwrap_or_default(),
            },
            "packet_lost" => Event::PacketLost {
                number: need(self.number, "number")?,
                attempt: need(self.attempt, "attempt")?,
                trigger: need(self.trigger, "trigger")?,
            },
            "timer_expired" => Event::TimerExpired {
                timer: need(self.timer, "timer")?,
            },
            "metrics_updated" => Event::MetricsUpdated {
                latest_us: need(self.latest_us, "latest_us")?,
                srtt_us: need(self.srtt_us, "srtt_us")?,
                rttvar_us: need(self.rttvar_us, "rttvar_us")?,
                rto_us: need(self.rto_us, "rto_us")?,
            },
            "congestion_updated" => Event::CongestionUpdated {
                cwnd: need(self.cwnd, "cwnd")?,
                ssthresh: self.ssthresh,
                in_flight: need(self.in_flight, "in_flight")?,
                pacing_rate: self.pacing_rate,
                phase: need(self.phase, "phase")?.into_owned().into(),
            },
            "path_assigned" => Event::PathAssigned {
                sender: need(self.sender, "sender")?,
                receiver: need(self.receiver, "receiver")?,
                wall_us: need(self.wall_us, "wall_us")?,
            },
            "segment_buffered" | "segment_kept" => Event::SegmentBuffered {
                number: need(self.number, "number")?,
            },
            "segment_dropped" => Event::SegmentDropped {
                number: need(self.number, "number")?,
                why: self.why()?,
            },
            "data_blocked_updated" => Event::DataBlockedUpdated {
                flow_control: need(self.flow_control, "gate")?,
            },
            "mtu_updated" => Event::MtuUpdated {
                segment_bytes: need(self.segment_bytes, "segment_bytes")?,
            },
            "listening_begun" => Event::ListeningBegun {
                base: need(self.base, "base")?,
                next: need(self.next, "next")?,
                ranges: self.ranges.unwrap_or_default(),
                first_sequence: self.first_sequence,
                segment_bytes: need(self.segment_bytes, "segment_bytes")?,
            },
            "state_changed" => Event::StateChanged {
                state: need(self.state, "state")?.into_owned().into(),
            },
            _ => return Ok(None),
        };
        Ok(Some(JournalEvent::Machine(event)))
    }

    fn packet(&self) -> Result<PacketName, String> {
        Ok(PacketName {
            kind: need(self.kind, "kind")?,
            number: need(self.number, "number")?,
            attempt: need(self.attempt, "attempt")?,
            sequence: need(self.sequence, "sequence")?,
            length: need(self.length, "length")?,
        })
    }

    fn record(mut self) -> Result<PacketRecord, String> {
        let name = self.packet()?;
        let is_older = self.is_older;
        let (sent_at, mac) = (or_zero(is_older, self.sent_at, "sent_at")?, self.mac);
        let number = |field, name| or_zero(is_older, field, name);
        let body = match name.kind {
            Kind::Syn | Kind::SynAck => {
                let fields = HandshakeFields {
                    size: or_zero(is_older, self.size, "size")?,
                    window: number(self.window, "window")?,
                    echo: number(self.echo, "echo")?,
                    segment_bytes: or_zero(
                        is_older,
                        self.segment_bytes,
                        "segment_bytes",
                    )?,
                };
                if name.kind == Kind::Syn {
                    Body::Syn(fields)
                } else {
                    Body::SynAck(fields)
                }
            }
            Kind::Ack | Kind::Nack => {
                let acknowledgement = Acknowledgement {
                    echo: number(self.echo, "echo")?,
                    window: number(self.window, "window")?,
                    received: number(self.received, "received")?,
                    ranges: self.sequence_ranges()?,
                };
                if name.kind == Kind::Ack {
                    Body::Ack(acknowledgement)
                } else {
                    Body::Nack(acknowledgement)
                }
            }
            Kind::Data => Body::Data {
                length: name.length,
            },
            Kind::Fin => Body::Fin {
                digest: Digest(or_zero(is_older, self.sha256.map(|it| it.0), "sha256")?),
            },
            Kind::FinAck => Body::FinAck {
                verified: or_zero(is_older, self.verified, "verified")?,
            },
            Kind::Rst => Body::Rst {
                why: match self.reset {
                    None if is_older => Reset::Cancelled,
                    reset => need(reset, "reset")?,
                },
            },
        };
        Ok(PacketRecord {
            name,
            sent_at,
            body,
            mac,
        })
    }

    fn sequence_ranges(&mut self) -> Result<Vec<SequenceRange>, String> {
        let ranges = self.ranges.take().unwrap_or_default();
        if ranges.len() > MOST_RANGES {
            return Err(format!("no packet has {} ranges", ranges.len()));
        }
        let range = |it: [u32; 2]| it.map(SequenceNumber).into();
        Ok(ranges.into_iter().map(range).collect())
    }

    fn why<T: DeserializeOwned>(&self) -> Result<T, String> {
        let name = need(self.why.as_deref(), "why")?;
        let name: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
        T::deserialize(name).map_err(|error| error.to_string())
    }
}

/// A field that the packets of an older program lack.
fn or_zero<T: Default>(
    is_older: bool,
    field: Option<T>,
    name: &str,
) -> Result<T, String> {
    match field {
        None if is_older => Ok(T::default()),
        field => need(field, name),
    }
}

fn need<T>(field: Option<T>, name: &str) -> Result<T, String> {
    field.ok_or_else(|| format!("its event needs `{name}`"))
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Empty => f.write_str("it has no complete line"),
            Self::NotAJournal(error) => {
                write!(
                    f,
                    "its first line is not that of an event log of Sash: {error}"
                )
            }
            Self::Version(version) => write!(
                f,
                "it is an event log of version {version}; this program reads version \
                 {VERSION}"
            ),
            Self::Line { line, why } => write!(f, "line {line} is damaged: {why}"),
        }
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests;
