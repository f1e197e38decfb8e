//! A journal read back: the heading and what happened, from lines of JSON.
//!
//! A program that is killed leaves a journal whose last line is cut: what stands before
//! it is given, and the reader is told. An event or a field that this program does not
//! know is passed over, so that it reads journals of a later one. Anything else that is
//! wrong is an error that names the line.
//!
//! ```
//! use sash::lab::journal::Journal;
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

use super::{
    Carried, Entry, FaultInjection, Heading, JournalEvent, Killed, Side, VERSION,
};
use crate::link::{Direction, Fate};
use crate::reliable::event::{Event, FlowControlState, PacketName, Timer, Trigger};
use crate::wire::packet::{Kind, MOST_RANGES};
use crate::wire::sequence::SequenceNumber;
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

/// Why a journal cannot be read.
#[derive(Debug)]
pub enum Unreadable {
    /// The error of the system.
    Io(io::Error),
    /// There is nothing in it, or its first line is cut.
    Empty,
    /// Its first line is not a journal's.
    NotAJournal(serde_json::Error),
    /// It is of a version that this program does not read.
    Version(u32),
    /// A line in it is damaged.
    Line {
        /// Which, counted from 1.
        line: usize,
        /// The mistake.
        why: String,
    },
}

/// No line of a journal is longer. Unit: bytes.
const LONGEST_LINE: u64 = 16 * 1024;

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

    fn take(&mut self, line: &str, number: usize) -> Result<(), Unreadable> {
        let read = serde_json::from_str::<Line<'_>>(line)
            .map_err(|error| error.to_string())
            .and_then(Line::entry);
        match read {
            Ok(Some(entry)) => self.entries.push(entry),
            Ok(None) => self.unknown += 1,
            Err(why) => return Err(Unreadable::Line { line: number, why }),
        }
        Ok(())
    }
}

/// The next whole line into `line`; false at the end, where `line` holds what is cut.
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
        // The cut went through a letter.
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

/// A line as it stands, before it is known which event it tells: a flat list of what any
/// of them may say. Reading it in one go is several times as fast as trying each.
#[derive(Deserialize)]
struct Line<'a> {
    time_us: u64,
    side: Side,
    #[serde(borrow)]
    event: Cow<'a, str>,
    kind: Option<Kind>,
    number: Option<u32>,
    attempt: Option<u8>,
    sequence: Option<SequenceNumber>,
    length: Option<u16>,
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
    /// The entry; `None` where the event is not known.
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
                    packet: self.packet()?,
                    direction: need(self.direction, "direction")?,
                    fate: need(self.fate, "fate")?,
                    arrives_us: self.arrives_us,
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
            "packet_sent" => Event::PacketSent(self.packet()?),
            "packet_received" => Event::PacketReceived(self.packet()?),
            "packet_ignored" => Event::PacketIgnored {
                packet: self.packet()?,
                why: self.why()?,
            },
            "packet_damaged" => Event::PacketDamaged,
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
            "ack_ranges" | "ranges_told" => Event::AckRanges {
                ranges: self.ranges()?,
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

    fn ranges(self) -> Result<Vec<[u32; 2]>, String> {
        let ranges = need(self.ranges, "ranges")?;
        if ranges.is_empty() || ranges.len() > MOST_RANGES {
            return Err(format!("no packet has {} ranges", ranges.len()));
        }
        if ranges.iter().any(|[first, last]| first > last) {
            return Err("a range ends before it begins".to_owned());
        }
        Ok(ranges)
    }

    fn why<T: DeserializeOwned>(&self) -> Result<T, String> {
        let name = need(self.why.as_deref(), "why")?;
        let name: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
        T::deserialize(name).map_err(|error| error.to_string())
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
mod tests {
    use super::*;
    use crate::lab::run::Experiment;
    use crate::reliable::moment::Moment;
    use crate::wire::options::{Arq, Congestion};

    fn journal(experiment: &Experiment) -> String {
        let mut text = experiment.heading().to_line();
        let listening = Experiment {
            listening: true,
            ..experiment.clone()
        };
        listening
            .run(|entry| text.push_str(&entry.to_line()))
            .unwrap();
        text
    }

    fn eventful() -> String {
        journal(&Experiment {
            scenario: "seed=7;delay=10ms;loss=10%;corrupt=5%;mtu=1300;duplicate=5%"
                .parse()
                .unwrap(),
            congestion: Congestion::Reno,
            ..Experiment::small()
        })
    }

    #[test]
    fn impossible_ack_ranges_are_an_error() {
        let heading = Experiment::small().heading().to_line();
        let line = |ranges: Vec<_>| {
            let entry =
                Entry::new(Moment::START, Side::Sender, Event::AckRanges { ranges });
            heading.clone() + &entry.to_line()
        };
        assert!(Journal::read(line(vec![[3, 4]; MOST_RANGES]).as_bytes()).is_ok());
        for (ranges, why) in [
            (vec![[3, 4]; MOST_RANGES + 1], "33 ranges"),
            (Vec::new(), "0 ranges"),
            (vec![[3, 3], [9, 8]], "ends before it begins"),
        ] {
            let error = Journal::read(line(ranges).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn a_written_journal_is_read_back_line_by_line() {
        for arq in Arq::ALL {
            let text = journal(&Experiment {
                arq,
                scenario: "seed=3;delay=5ms;loss=20%".parse().unwrap(),
                ..Experiment::small()
            });
            let read = Journal::read(text.as_bytes()).unwrap();
            let mut again = read.heading.to_line();
            again.extend(read.entries.iter().map(Entry::to_line));
            assert_eq!(again, text);
            assert!(!read.is_cut);
        }
    }

    #[test]
    fn a_truncated_journal_yields_its_complete_lines() {
        let text = eventful();
        let whole = Journal::read(text.as_bytes()).unwrap();
        let first = text.find('\n').unwrap() + 1;
        for end in first..first + 2_000 {
            let cut = Journal::read(&text.as_bytes()[..end]).unwrap();
            assert_eq!(cut.is_cut, !text[..end].ends_with('\n'), "cut at {end}");
            assert_eq!(cut.entries, whole.entries[..cut.entries.len()]);
        }
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_reported_with_its_number() {
        let text = eventful().replacen("\"kind\":\"SYN\"", "\"kind\":\"SIN\"", 1);
        let error = Journal::read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("line 2 is damaged: "), "{error}");
        let text = eventful().replacen("\"kind\":\"SYN\",", "", 1);
        let error = Journal::read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, "line 2 is damaged: its event needs `kind`");
    }

    #[test]
    fn unknown_events_and_fields_of_a_later_version_are_skipped() {
        let text = eventful() + "{\"time_us\":9,\"side\":\"link\",\"event\":\"new\"}\n";
        let text = text.replacen("\"attempt\":1", "\"attempt\":1,\"colour\":\"blue\"", 1);
        let read = Journal::read(text.as_bytes()).unwrap();
        assert_eq!(read.unknown, 1);
    }

    #[test]
    fn a_file_that_is_no_journal_is_refused_with_a_sentence() {
        let sentence = |text: &[u8]| Journal::read(text).unwrap_err().to_string();
        assert_eq!(sentence(b""), "it has no complete line");
        assert_eq!(sentence(b"{\"journal\":"), "it has no complete line");
        let older = eventful().replacen("\"version\":1", "\"version\":0", 1);
        assert_eq!(
            sentence(older.as_bytes()),
            "it is an event log of version 0; this program reads version 1"
        );
        for other in [&b"PK\x03\x04\n"[..], b"{\"version\":1}\n", b"[]\n"] {
            let sentence = sentence(other);
            assert!(sentence.contains("not that of an event log"), "{sentence}");
        }
        let endless = vec![b'x'; 1 << 20];
        assert!(sentence(&endless).contains("too long"));
    }
}
