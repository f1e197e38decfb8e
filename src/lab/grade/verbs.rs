//! The lines that Sash and a program exchange, one verb each.
//!
//! ```text
//!   Sash:     ack 312.5 3          the program:  send 7
//!                                                timer 250
//!                                                ok
//! ```
//!
//! The verbs are those of [`crate::reliable::protocol`]. Times are milliseconds of
//! virtual time, decimals allowed.
//!
//! ```
//! use sash::lab::grade::verbs::{Action, Answer, ProgramEvent};
//! use sash::reliable::moment::Moment;
//! let ack = ProgramEvent::Ack { number: 3, ranges: vec![] };
//! assert_eq!(ack.line(Moment::START), "ack 0 3");
//! assert_eq!("send 7".parse(), Ok(Answer::Action(Action::Send(7))));
//! ```

use crate::reliable::moment::Moment;
use crate::reliable::protocol::{SegmentNumber, Timer};
use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

/// The half of a protocol that a program plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The sender of the file.
    Sender,
    /// The receiver of the file.
    Receiver,
}

impl Role {
    /// The last argument of the program.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Receiver => "receiver",
        }
    }
}

/// Segments from the first to the last, both included.
pub type Range = [SegmentNumber; 2];

/// A line from Sash to a program.
#[derive(Debug, Clone, PartialEq)]
pub enum ProgramEvent {
    /// The first line of a run.
    Start {
        /// The subject of the grading; a program may skip it.
        protocol: &'static str,
        /// N. Unit: segments.
        window: u32,
        /// The number of segments and the length of the timeout; a receiver does not get
        /// them.
        sending: Option<(u32, Duration)>,
    },
    /// The application has all its data ready.
    Begin,
    /// An ACK arrived intact.
    Ack {
        /// Its number; for sack the next expected segment.
        number: SegmentNumber,
        /// For sack: the ranges beyond it.
        ranges: Vec<Range>,
    },
    /// This timer expired.
    Timeout(Timer),
    /// This segment arrived intact.
    Data(SegmentNumber),
    /// A packet arrived damaged.
    Corrupt,
    /// To a congestion controller: this packet was acknowledged after this round-trip
    /// time.
    Delivered(SegmentNumber, Duration),
    /// To a congestion controller: this packet is lost.
    Lost(SegmentNumber),
    /// The run has ended.
    End,
}

/// An action of a program.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Put this segment on the wire.
    Send(SegmentNumber),
    /// Start or restart this timer, to expire after this time.
    StartTimer(Timer, Duration),
    /// Stop this timer.
    StopTimer(Timer),
    /// Send this ACK.
    Acknowledge {
        /// Its number; for sack the next expected segment.
        number: SegmentNumber,
        /// For sack: the ranges beyond it.
        ranges: Vec<Range>,
    },
    /// Hand this segment to the application.
    Deliver(SegmentNumber),
    /// From a congestion controller: its window from now on.
    Window(f64),
    /// A text for display beside the ladder.
    Note(String),
}

/// One line of a program.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// An action.
    Action(Action),
    /// The end of the answer.
    Ok,
}

impl Action {
    /// The segment that it transmits.
    #[must_use]
    pub const fn transmitted(&self) -> Option<SegmentNumber> {
        if let Self::Send(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// The segment that it delivers.
    #[must_use]
    pub const fn delivered(&self) -> Option<SegmentNumber> {
        if let Self::Deliver(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// The ACK that it sends.
    #[must_use]
    pub const fn acknowledged(&self) -> Option<(SegmentNumber, &Vec<Range>)> {
        if let Self::Acknowledge { number, ranges } = self {
            Some((*number, ranges))
        } else {
            None
        }
    }

    /// The duration of the timer that it starts.
    #[must_use]
    pub const fn timer(&self) -> Option<Duration> {
        if let Self::StartTimer(_, after) = self {
            Some(*after)
        } else {
            None
        }
    }
}

impl ProgramEvent {
    /// The segment that arrived intact.
    #[must_use]
    pub const fn data(&self) -> Option<SegmentNumber> {
        if let Self::Data(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// The line, without the `\n`.
    #[must_use]
    pub fn line(&self, now: Moment) -> String {
        let at = milliseconds(now.since_start());
        match self {
            Self::Start {
                protocol,
                window,
                sending,
            } => {
                let mut line = format!("start window={window}");
                if let Some((segments, timeout)) = sending {
                    let timeout = milliseconds(*timeout);
                    let _ = write!(line, " segments={segments} timeout={timeout}");
                }
                let _ = write!(line, " protocol={protocol}");
                line
            }
            Self::Begin => format!("begin {at}"),
            Self::Ack { number, ranges } => {
                let mut line = format!("ack {at} {number}");
                for [first, last] in ranges {
                    let _ = write!(line, " {first}-{last}");
                }
                line
            }
            Self::Timeout(Timer::Only) => format!("timeout {at}"),
            Self::Timeout(Timer::Of(number)) => format!("timeout {at} {number}"),
            Self::Data(number) => format!("data {at} {number}"),
            Self::Corrupt => format!("corrupt {at}"),
            Self::Delivered(number, round_trip) => {
                format!("ack {at} {number} {}", milliseconds(*round_trip))
            }
            Self::Lost(number) => format!("loss {at} {number}"),
            Self::End => "end".to_owned(),
        }
    }
}

/// Milliseconds without needless zeros: `250`, `312.5`.
#[must_use]
pub fn milliseconds(time: Duration) -> String {
    let text = format!("{:.6}", time.as_secs_f64() * 1_000.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The longest timer that a program may start: an hour.
const LONGEST_TIMER_MS: f64 = 3_600_000.0;

/// The largest window of a congestion controller. Unit: packets.
const LARGEST_WINDOW: f64 = 1e6;

/// Every verb with its shape, for the sentence about a line that is none of them.
const VERBS: &str =
    "send N, timer MS [N], stop [N], ack N, deliver N, window W, note TEXT, ok";

impl FromStr for Answer {
    type Err = String;

    /// Reads one line. The error is a sentence for the program's author.
    fn from_str(line: &str) -> Result<Self, String> {
        let line = line.trim();
        let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let words: Vec<&str> = rest.split_whitespace().collect();
        let action = match (verb, &words[..]) {
            ("ok", []) => return Ok(Self::Ok),
            ("note", _) => {
                Action::Note(rest.chars().filter(|it| !it.is_control()).collect())
            }
            ("send", [number]) => Action::Send(segment(number)?),
            ("deliver", [number]) => Action::Deliver(segment(number)?),
            ("timer", [after]) => Action::StartTimer(Timer::Only, duration(after)?),
            ("timer", [after, number]) => {
                Action::StartTimer(Timer::Of(segment(number)?), duration(after)?)
            }
            ("window", [packets]) => Action::Window(packets_of(packets)?),
            ("stop", []) => Action::StopTimer(Timer::Only),
            ("stop", [number]) => Action::StopTimer(Timer::Of(segment(number)?)),
            ("ack", [number, ranges @ ..]) => Action::Acknowledge {
                number: segment(number)?,
                ranges: ranges
                    .iter()
                    .map(|it| range(it))
                    .collect::<Result<_, _>>()?,
            },
            _ => return Err(format!("it is not one of {VERBS}")),
        };
        Ok(Self::Action(action))
    }
}

fn segment(word: &str) -> Result<SegmentNumber, String> {
    let number: Result<i32, _> = word.parse();
    let number = number.map_err(|_| format!("{word:?} is not a whole number"))?;
    Ok(SegmentNumber::from(number))
}

fn duration(word: &str) -> Result<Duration, String> {
    let time: Option<f64> = word.parse().ok();
    let time = time.filter(|it| it.is_finite() && (0.0..=LONGEST_TIMER_MS).contains(it));
    let time = time.ok_or_else(|| {
        format!("{word:?} is not a time in milliseconds between 0 and {LONGEST_TIMER_MS}")
    })?;
    Ok(Duration::from_secs_f64(time / 1_000.0))
}

fn packets_of(word: &str) -> Result<f64, String> {
    let packets: Option<f64> = word.parse().ok();
    let packets = packets.filter(|it| (0.0..=LARGEST_WINDOW).contains(it));
    packets.ok_or_else(|| {
        format!("{word:?} is not a window of 0 to {LARGEST_WINDOW} packets")
    })
}

fn range(word: &str) -> Result<Range, String> {
    let ends = word.split_once('-').map(|(a, b)| [a.parse(), b.parse()]);
    match ends {
        Some([Ok(first), Ok(last)]) if first <= last => Ok([first, last]),
        _ => Err(format!("{word:?} is not a range such as 5-7")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::options::Arq;

    #[test]
    fn an_invalid_answer_line_is_reported_in_a_sentence() {
        let why = |line: &str| line.parse::<Answer>().unwrap_err();
        assert!(why("print hello").contains("send N"));
        assert!(why("send x").contains("not a whole number"));
        assert!(why("timer -1").contains("milliseconds"));
        assert!(why("timer nan").contains("milliseconds"));
        assert!(why("ack 3 7-5").contains("range"));
        assert!(why("").contains("send N"));
    }

    #[test]
    fn times_are_written_without_trailing_zeros() {
        assert_eq!(milliseconds(Duration::from_micros(312_500)), "312.5");
        assert_eq!(milliseconds(Duration::from_millis(250)), "250");
        assert_eq!(milliseconds(Duration::ZERO), "0");
    }

    #[test]
    fn a_start_line_has_optional_words_after_the_required_ones() {
        let start = ProgramEvent::Start {
            protocol: Arq::GoBackN.name(),
            window: 4,
            sending: Some((20, Duration::from_millis(250))),
        };
        let line = start.line(Moment::START);
        assert_eq!(
            line,
            "start window=4 segments=20 timeout=250 protocol=go-back-n"
        );
    }
}
