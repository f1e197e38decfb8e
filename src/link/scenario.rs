//! A scenario: what a link does, written as one line that a teacher can hand out.
//!
//! ```text
//!   seed=7;loss=10%;delay=50ms;data.corrupt=1%;drop=d0.1,a3.1
//!   '----' '------' '--------' '-------------' '------------'
//!    dice   both      both       one way only   data segment 0, first attempt; ACK 3
//! ```
//!
//! | word | value | does |
//! | --- | --- | --- |
//! | `seed` | a number | chooses the dice; the same seed, the same losses |
//! | `loss` | percent | packets that never arrive |
//! | `corrupt` | percent | packets that arrive with one bit flipped |
//! | `duplicate` | percent | packets that arrive twice |
//! | `reorder` | percent | packets held back so that later ones pass |
//! | `delay` | `us`, `ms`, `s` | one-way delay |
//! | `drop` | list | exactly these packets are lost |
//!
//! All but `seed` may stand for one way only: `data.` with the file, `ack.` against it.
//! In a list `d` is DATA, `a` ACK, `n` NACK, `s` SYN, `y` SYN-ACK, `f` FIN, `g` FIN-ACK; then
//! the packet's number, a dot, the attempt from 1. Spaces and an empty line are fine.
//!
//! ```
//! use sash::link::Scenario;
//! let error = "seed=7;los=10%".parse::<Scenario>().unwrap_err();
//! assert_eq!(error.to_string(), "\
//! scenario: unknown word \"los\"; did you mean \"loss\"?
//!   seed=7;los=10%
//!          ^^^");
//! ```
//!
//! Source: design page §5.

use super::{Direction, Label};
use crate::wire::packet::Kind;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

/// What a link does to packets, in both directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Chooses the dice.
    pub seed: u64,
    data: Conditions,
    ack: Conditions,
    /// As it was written.
    text: String,
}

/// What a link does to packets in one direction. Probabilities go from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// Packets that never arrive.
    pub loss: f64,
    /// Packets that arrive with one bit flipped.
    pub corrupt: f64,
    /// Packets that arrive twice.
    pub duplicate: f64,
    /// Packets held back so that later ones pass.
    pub reorder: f64,
    /// One way.
    pub delay: Duration,
    /// Exactly these are lost.
    pub drops: Vec<Label>,
}

/// The words, for the message about a typo.
const WORDS: [&str; 7] = [
    "seed",
    "loss",
    "corrupt",
    "duplicate",
    "reorder",
    "delay",
    "drop",
];

/// No delay is longer than this: a handshake would not survive it.
const LONGEST_DELAY: Duration = Duration::from_secs(10);

impl Conditions {
    /// Everything arrives at once.
    pub const PERFECT: Self = Self {
        loss: 0.0,
        corrupt: 0.0,
        duplicate: 0.0,
        reorder: 0.0,
        delay: Duration::ZERO,
        drops: Vec::new(),
    };
}

impl Scenario {
    /// A link that delivers everything at once.
    pub const PERFECT: Self = Self {
        seed: 0,
        data: Conditions::PERFECT,
        ack: Conditions::PERFECT,
        text: String::new(),
    };

    /// What happens in one direction.
    #[must_use]
    pub const fn conditions(&self, direction: Direction) -> &Conditions {
        match direction {
            Direction::Data => &self.data,
            Direction::Ack => &self.ack,
        }
    }

    /// Whether it does nothing to any packet.
    #[must_use]
    pub fn is_perfect(&self) -> bool {
        self.data == Conditions::PERFECT && self.ack == Conditions::PERFECT
    }

    /// The directions that a word with this prefix speaks of.
    fn both_or_one(&mut self, way: Option<Direction>) -> Vec<&mut Conditions> {
        match way {
            None => vec![&mut self.data, &mut self.ack],
            Some(Direction::Data) => vec![&mut self.data],
            Some(Direction::Ack) => vec![&mut self.ack],
        }
    }

    /// Takes one `word=value`.
    fn take(&mut self, assignment: &Piece<'_>) -> Result<(), ScenarioError> {
        let (key, value) = assignment
            .split_once('=')
            .ok_or_else(|| assignment.wrong("a word, = and a value wanted"))?;
        let (way, word) = match key.split_once('.') {
            None => (None, key),
            Some((prefix, word)) => match prefix.text {
                "data" => (Some(Direction::Data), word),
                "ack" => (Some(Direction::Ack), word),
                _ => {
                    return Err(
                        prefix.wrong("only data. and ack. may stand before a word")
                    );
                }
            },
        };
        let set = |scenario: &mut Self, set: &dyn Fn(&mut Conditions)| {
            scenario.both_or_one(way).into_iter().for_each(set);
        };
        match word.text {
            "seed" if way.is_none() => {
                self.seed = value.number()?;
            }
            "seed" => return Err(key.wrong("the seed is one for both ways")),
            "loss" => {
                let share = value.share()?;
                set(self, &|way| way.loss = share);
            }
            "corrupt" => {
                let share = value.share()?;
                set(self, &|way| way.corrupt = share);
            }
            "duplicate" => {
                let share = value.share()?;
                set(self, &|way| way.duplicate = share);
            }
            "reorder" => {
                let share = value.share()?;
                set(self, &|way| way.reorder = share);
            }
            "delay" => {
                let delay = value.duration()?;
                set(self, &|way| way.delay = delay);
            }
            "drop" => {
                let labels: Vec<_> = value
                    .split(',')
                    .map(|one| one.label())
                    .collect::<Result<_, _>>()?;
                set(self, &|way| way.drops.extend(&labels));
            }
            unknown => return Err(word.wrong(&unknown_word(unknown))),
        }
        Ok(())
    }
}

fn unknown_word(word: &str) -> String {
    let nearest = WORDS
        .into_iter()
        .filter(|known| known.starts_with(word) || word.starts_with(known))
        .chain(
            WORDS
                .into_iter()
                .filter(|known| known.get(..1) == word.get(..1)),
        )
        .next();
    match nearest {
        Some(known) => format!("unknown word {word:?}; did you mean {known:?}?"),
        None => format!("unknown word {word:?}; there are {}", WORDS.join(", ")),
    }
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let whole = Piece {
            line: text,
            text,
            start: 0,
        };
        let mut scenario = Self {
            text: text.trim().to_owned(),
            ..Self::PERFECT
        };
        for assignment in whole.split(';') {
            if !assignment.text.is_empty() {
                scenario.take(&assignment)?;
            }
        }
        Ok(scenario)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_perfect() {
            "perfect"
        } else {
            &self.text
        })
    }
}

/// A part of the line that knows where it stands in it.
#[derive(Clone, Copy)]
struct Piece<'a> {
    line: &'a str,
    text: &'a str,
    start: usize,
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

    fn split(self, at: char) -> impl Iterator<Item = Self> {
        let mut start = 0;
        self.text.split(at).map(move |text| {
            let part = self.part(start..start + text.len());
            start += text.len() + at.len_utf8();
            part
        })
    }

    fn split_once(&self, at: char) -> Option<(Self, Self)> {
        let place = self.text.find(at)?;
        Some((
            self.part(0..place),
            self.part(place + at.len_utf8()..self.text.len()),
        ))
    }

    fn wrong(&self, what: &str) -> ScenarioError {
        let before = self.line[..self.start].chars().count();
        let columns = before..before + self.text.chars().count().max(1);
        ScenarioError {
            line: self.line.to_owned(),
            columns,
            what: what.to_owned(),
        }
    }

    fn number<N: FromStr>(&self) -> Result<N, ScenarioError> {
        self.text
            .parse()
            .map_err(|_| self.wrong("a whole number wanted"))
    }

    /// A share as percent: `10%`, `0.5%`.
    fn share(&self) -> Result<f64, ScenarioError> {
        let percent = self
            .text
            .strip_suffix('%')
            .and_then(|number| number.trim_end().parse::<f64>().ok())
            .ok_or_else(|| self.wrong("a share in percent wanted, as 10%"))?;
        if (0.0..=100.0).contains(&percent) {
            Ok(percent / 100.0)
        } else {
            Err(self.wrong("0% to 100% wanted"))
        }
    }

    /// A duration: `50ms`, `1.5s`, `300us`.
    fn duration(&self) -> Result<Duration, ScenarioError> {
        let units = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
        let seconds = units.into_iter().find_map(|(unit, seconds)| {
            let number = self.text.strip_suffix(unit)?.trim_end();
            Some(number.parse::<f64>().ok()? * seconds)
        });
        let duration = seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| self.wrong("a time wanted, as 50ms, 300us or 1.5s"))?;
        if duration > LONGEST_DELAY {
            return Err(self.wrong("at most 10s wanted"));
        }
        Ok(duration)
    }

    /// A packet's name: `d0.1`.
    fn label(&self) -> Result<Label, ScenarioError> {
        let wrong = || self.wrong("a packet wanted, as d0.1 (DATA 0, first attempt)");
        let letter = self.text.chars().next().ok_or_else(wrong)?;
        let kind = match letter {
            'd' => Kind::Data,
            'a' => Kind::Ack,
            'n' => Kind::Nack,
            's' => Kind::Syn,
            'y' => Kind::SynAck,
            'f' => Kind::Fin,
            'g' => Kind::FinAck,
            _ => return Err(wrong()),
        };
        let (number, attempt) = self.text[1..].split_once('.').ok_or_else(wrong)?;
        let number = number.parse().map_err(|_| wrong())?;
        let attempt: u8 = attempt.parse().map_err(|_| wrong())?;
        if attempt == 0 {
            return Err(self.wrong("attempts count from 1"));
        }
        Ok(Label {
            kind,
            number,
            attempt,
        })
    }
}

/// A scenario that cannot be read; `Display` points at the place, on three lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    line: String,
    /// Where, in characters from 0.
    columns: Range<usize>,
    what: String,
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scenario(text: &str) -> Scenario {
        text.parse().unwrap()
    }

    #[test]
    fn words_hold_both_ways_unless_they_say_which() {
        let scenario = scenario("seed=9; loss=10%; ack.loss=0.5%; data.delay=1.5s");
        assert_eq!(scenario.seed, 9);
        let [data, ack] =
            [Direction::Data, Direction::Ack].map(|way| scenario.conditions(way).clone());
        assert!((data.loss - 0.1).abs() < 1e-9 && (ack.loss - 0.005).abs() < 1e-9);
        assert_eq!(data.delay, Duration::from_millis(1_500));
        assert_eq!(ack.delay, Duration::ZERO);
    }

    #[test]
    fn a_list_names_packets_by_letter_number_and_attempt() {
        let scenario = scenario("drop=d0.1, a3.1,s0.2");
        let named = |kind, number, attempt| Label {
            kind,
            number,
            attempt,
        };
        let list = [
            named(Kind::Data, 0, 1),
            named(Kind::Ack, 3, 1),
            named(Kind::Syn, 0, 2),
        ];
        assert_eq!(scenario.conditions(Direction::Data).drops, list);
    }

    #[test]
    fn nothing_at_all_is_a_perfect_link() {
        for text in ["", "  ", ";;", "seed=4", "loss=0%"] {
            assert!(scenario(text).is_perfect(), "{text:?}");
        }
        assert_eq!(scenario("seed=4").to_string(), "perfect");
        assert_eq!(scenario(" loss=5%").to_string(), "loss=5%");
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        for (text, what, columns) in [
            ("loss=10", "a share in percent wanted, as 10%", 5..7),
            ("loss=101%", "0% to 100% wanted", 5..9),
            ("loss", "a word, = and a value wanted", 0..4),
            ("delay=50", "a time wanted, as 50ms, 300us or 1.5s", 6..8),
            ("delay=-1s", "a time wanted, as 50ms, 300us or 1.5s", 6..9),
            ("delay=99s", "at most 10s wanted", 6..9),
            (
                "up.loss=1%",
                "only data. and ack. may stand before a word",
                0..2,
            ),
            ("data.seed=1", "the seed is one for both ways", 0..9),
            ("seed=x", "a whole number wanted", 5..6),
            (
                "drop=d0.1,q",
                "a packet wanted, as d0.1 (DATA 0, first attempt)",
                10..11,
            ),
            ("drop=d0.0", "attempts count from 1", 5..9),
            (
                "é=1; jam=2%",
                "unknown word \"é\"; there are seed, loss, corrupt, \
              duplicate, reorder, delay, drop",
                0..1,
            ),
        ] {
            let error = text.parse::<Scenario>().unwrap_err();
            assert_eq!(
                (error.what.as_str(), error.columns),
                (what, columns),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(text in "[a-zé=.;,%0-9 ]{0,40}") {
            let _ = text.parse::<Scenario>().map_err(|error| error.to_string());
        }
    }
}
