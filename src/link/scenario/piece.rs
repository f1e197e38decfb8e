//! Parts of a scenario's line, and the values in them. Each knows its position, so that
//! an error can name it.

use super::super::Label;
use super::{Burst, Outage};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

/// The longest time in a scenario: a handshake would fail with a longer one.
const LONGEST_TIME: Duration = Duration::from_secs(10);

/// The longest period of an outage. An outage of 30 s ends a transfer.
const LONGEST_PERIOD: Duration = Duration::from_secs(60);

/// The smallest probability that a burst ends.
const LEAST_LEAVE: f64 = 0.01;

/// A part of the line, with its position.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) line: &'a str,
    pub(super) text: &'a str,
    pub(super) start: usize,
}

impl Piece<'_> {
    /// The part at `range` of this piece, without the spaces around it.
    fn part(&self, range: Range<usize>) -> Self {
        let text = &self.text[range.clone()];
        let spaces = text.len() - text.trim_start().len();
        Self {
            line: self.line,
            text: text.trim(),
            start: self.start + range.start + spaces,
        }
    }

    pub(super) fn split(self, at: char) -> impl Iterator<Item = Self> {
        let mut start = 0;
        self.text.split(at).map(move |text| {
            let part = self.part(start..start + text.len());
            start += text.len() + at.len_utf8();
            part
        })
    }

    pub(super) fn split_once(&self, at: char) -> Option<(Self, Self)> {
        let place = self.text.find(at)?;
        Some((
            self.part(0..place),
            self.part(place + at.len_utf8()..self.text.len()),
        ))
    }

    pub(super) fn wrong(&self, what: &str) -> ScenarioError {
        let before = self.line[..self.start].chars().count();
        let columns = before..before + self.text.chars().count().max(1);
        ScenarioError {
            line: self.line.to_owned(),
            columns,
            what: what.to_owned(),
        }
    }

    pub(super) fn number<N: FromStr>(&self) -> Result<N, ScenarioError> {
        self.text
            .parse()
            .map_err(|_| self.wrong("write a whole number"))
    }

    /// A share as percent: `10%`, `0.5%`.
    pub(super) fn share(&self) -> Result<f64, ScenarioError> {
        let percent = self
            .text
            .strip_suffix('%')
            .and_then(|number| number.trim_end().parse::<f64>().ok())
            .ok_or_else(|| self.wrong("write a percentage, such as 10%"))?;
        if (0.0..=100.0).contains(&percent) {
            Ok(percent / 100.0)
        } else {
            Err(self.wrong("write a percentage from 0% to 100%"))
        }
    }

    /// A duration: `50ms`, `1.5s`, `300us`.
    pub(super) fn duration(&self) -> Result<Duration, ScenarioError> {
        self.duration_up_to(LONGEST_TIME)
    }

    fn duration_up_to(&self, longest: Duration) -> Result<Duration, ScenarioError> {
        let units = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
        let seconds = units.into_iter().find_map(|(unit, seconds)| {
            let number = self.text.strip_suffix(unit)?.trim_end();
            Some(number.parse::<f64>().ok()? * seconds)
        });
        let duration = seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| self.wrong("write a time, such as 50ms, 300us or 1.5s"))?;
        if duration > longest {
            let what = format!("write a time of at most {}s", longest.as_secs());
            return Err(self.wrong(&what));
        }
        Ok(duration)
    }

    /// A bit rate: `10mbit`, `500kbit`. Unit: bits per second.
    pub(super) fn rate(&self) -> Result<u64, ScenarioError> {
        let units = [
            ("gbit", 1_000_000_000),
            ("mbit", 1_000_000),
            ("kbit", 1_000),
        ];
        self.scaled(&units)
            .filter(|&rate| rate > 0)
            .ok_or_else(|| self.wrong("write a bit rate, such as 10mbit or 500kbit"))
    }

    /// A number of bytes: `64kB`, `1MB`.
    pub(super) fn bytes(&self) -> Result<u64, ScenarioError> {
        self.scaled(&[("MB", 1_000_000), ("kB", 1_000), ("B", 1)])
            .ok_or_else(|| {
                self.wrong(
                    "write a number of bytes, such as 64kB, 1MB or \
                                       3000B",
                )
            })
    }

    /// A whole number with a unit after it.
    fn scaled(&self, units: &[(&str, u64)]) -> Option<u64> {
        units.iter().find_map(|(unit, scale)| {
            let number = self.text.strip_suffix(unit)?.trim_end();
            number.parse::<u64>().ok()?.checked_mul(*scale)
        })
    }

    /// A burst: the probabilities that it begins and ends, `1%/25%`.
    pub(super) fn burst(&self) -> Result<Burst, ScenarioError> {
        let (enter, leave) = self.split_once('/').ok_or_else(|| {
            self.wrong(
                "write the probabilities that a burst begins and ends, such as \
                        1%/25%",
            )
        })?;
        let burst = Burst {
            enter: enter.share()?,
            leave: leave.share()?,
        };
        if burst.leave < LEAST_LEAVE {
            return Err(leave.wrong("write at least 1%; for longer bursts use outage"));
        }
        if burst.enter + burst.leave > 1.0 {
            return Err(self.wrong("write two percentages of at most 100% together"));
        }
        Ok(burst)
    }

    /// An outage: its length and its period, `2s/5s`.
    pub(super) fn outage(&self) -> Result<Outage, ScenarioError> {
        let (down, period) = self.split_once('/').ok_or_else(|| {
            self.wrong(
                "write the length of the outage and of the \
                                       period, such as 2s/5s",
            )
        })?;
        let outage = Outage {
            down: down.duration_up_to(LONGEST_PERIOD)?,
            period: period.duration_up_to(LONGEST_PERIOD)?,
        };
        if outage.down >= outage.period {
            return Err(self.wrong("write an outage that is shorter than its period"));
        }
        Ok(outage)
    }

    /// A packet's name: `d0.1`.
    pub(super) fn label(&self) -> Result<Label, ScenarioError> {
        let label = self.text.parse::<Label>();
        label.map_err(|error| self.wrong(&error.to_string()))
    }
}

/// A scenario that cannot be read; `Display` marks the position, on three lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    line: String,
    /// The position, in characters from 0.
    pub(super) columns: Range<usize>,
    pub(super) what: String,
}

impl ScenarioError {
    /// The mistake, without the line and the place in it.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            columns,
            what,
        } = self;
        let (indent, mark) = (columns.start, "^".repeat(columns.len()));
        write!(f, "scenario: {what}\n  {line}\n  {:indent$}{mark}", "")
    }
}

impl std::error::Error for ScenarioError {}
