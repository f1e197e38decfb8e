//! A scenario: the faults of a link in one line, which a teacher can hand out.
//!
//! ```text
//!   seed=7;loss=10%;delay=50ms;data.corrupt=1%;drop=d0.1,a3.1
//!   '----' '------' '--------' '-------------' '------------'
//!    seed   both      both       one way only   data segment 0, first attempt; ACK 3
//! ```
//!
//! | word | value | meaning | example |
//! | --- | --- | --- | --- |
//! | `seed` | a number | chooses the random decisions: the same seed loses the same packets | `seed=7` |
//! | `loss` | percent | packets that never arrive | `loss=10%` |
//! | `corrupt` | percent | packets that arrive with one flipped bit | `corrupt=1%` |
//! | `duplicate` | percent | packets that arrive twice | `duplicate=5%` |
//! | `reorder` | percent | packets held back by half the delay, and at least 2 ms, so that later ones overtake them | `reorder=10%` |
//! | `burst` | percent/percent | burst loss: the probability that a burst starts, and that it ends | `burst=1%/25%` |
//! | `delay` | `us`, `ms`, `s` | one-way delay, at most 10 s | `delay=50ms` |
//! | `jitter` | `us`, `ms`, `s` | a random additional delay for each packet, up to this | `jitter=10ms` |
//! | `rate` | `kbit`, `mbit`, `gbit` | bandwidth in bits per second; the 28 bytes of UDP and IPv4 headers count | `ack.rate=1mbit` |
//! | `queue` | `B`, `kB`, `MB` | how much may wait for the bandwidth; more is lost. Default: the bandwidth-delay product, and at least 30 kB | `queue=64kB` |
//! | `bucket` | `B`, `kB`, `MB` | a policer instead of a queue: no packet waits, and a burst beyond this size is lost | `bucket=30kB` |
//! | `clump` | `us`, `ms`, `s` | packets come out together, once in this time, as from a Wi-Fi access point | `clump=4ms` |
//! | `mtu` | bytes | longer IP packets are lost; the 28 bytes of headers count | `mtu=1300` |
//! | `outage` | time/time | nothing passes during the first time, at the end of each period of the second; a period has at most 60 s | `outage=2s/5s` |
//! | `drop` | list | exactly these packets are lost | `drop=d0.1,a3.1` |
//!
//! All words except `seed` may apply to one direction only: `data.` with the file, `ack.`
//! against it. In a list `d` is DATA, `a` ACK, `n` NACK, `s` SYN, `y` SYN-ACK, `f` FIN,
//! `g` FIN-ACK, `r` RST; then the packet's number, a dot, the attempt from 1. Spaces and
//! an empty line are fine, and `perfect` is an empty line.
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
//! Source: report chapter `link`.

mod piece;

pub use piece::ScenarioError;

use super::{Direction, Label};
use piece::Piece;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The faults of a link, in both directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The seed of the pseudo-random generator.
    pub seed: u64,
    data: Conditions,
    ack: Conditions,
    /// The line as it was written.
    text: String,
}

/// The faults of a link in one direction. Probabilities go from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// Packets that never arrive.
    pub loss: f64,
    /// Packets that arrive with one bit flipped.
    pub corrupt: f64,
    /// Packets that arrive twice.
    pub duplicate: f64,
    /// Packets held back so that later ones overtake them.
    pub reorder: f64,
    /// Burst loss.
    pub burst: Option<Burst>,
    /// The one-way delay.
    pub delay: Duration,
    /// A random additional delay for each packet, up to this.
    pub jitter: Duration,
    /// Unit: bits per second; `None` for no limit.
    pub rate: Option<u64>,
    /// The queue before the rate. Unit: bytes; `None` for the usual size.
    pub queue: Option<u64>,
    /// A policer instead of a queue: the size of its token bucket. It discards packets
    /// that exceed the rate, and delays none (RFC 2697). Unit: bytes; `None` for a queue.
    pub bucket: Option<u64>,
    /// Packets leave in clumps, at multiples of this time, as from a Wi-Fi access point;
    /// zero: one by one.
    pub clump: Duration,
    /// Longer packets never arrive. Unit: bytes, headers of UDP and IP included.
    pub mtu: u16,
    /// The times in which nothing passes.
    pub outage: Option<Outage>,
    /// Exactly these are lost.
    pub drops: Vec<Label>,
}

// No share is ever a NaN: it lies between 0 and 1.
impl Eq for Conditions {}
impl Eq for Scenario {}

/// Burst loss: a chain of two states along the packet numbers, one of which loses all
/// packets.
///
/// This is the Gilbert-Elliott model: Gilbert (1960), Elliott (1963).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// The probability that a burst begins at a packet.
    pub enter: f64,
    /// The probability that a burst ends at a packet; its mean length is the reciprocal.
    pub leave: f64,
}

/// A periodic outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// The length of the outage, at the end of each period.
    pub down: Duration,
    /// The time from one outage to the next.
    pub period: Duration,
}

/// The words, for the message about a typo.
const WORDS: [&str; 15] = [
    "seed",
    "loss",
    "corrupt",
    "duplicate",
    "reorder",
    "burst",
    "delay",
    "jitter",
    "rate",
    "queue",
    "bucket",
    "clump",
    "mtu",
    "outage",
    DROP,
];

/// The word for packets by name.
const DROP: &str = "drop";

/// The name of an empty line.
const PERFECT: &str = "perfect";

/// The least size of a default queue. Unit: bytes.
const LEAST_QUEUE_BYTES: u64 = 30_000;

impl Conditions {
    /// A perfect link: everything arrives immediately.
    pub const PERFECT: Self = Self {
        loss: 0.0,
        corrupt: 0.0,
        duplicate: 0.0,
        reorder: 0.0,
        burst: None,
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        rate: None,
        queue: None,
        bucket: None,
        clump: Duration::ZERO,
        mtu: u16::MAX,
        outage: None,
        drops: Vec::new(),
    };
}

impl Scenario {
    /// A link that delivers everything immediately.
    pub const PERFECT: Self = Self {
        seed: 0,
        data: Conditions::PERFECT,
        ack: Conditions::PERFECT,
        text: String::new(),
    };

    /// The faults in one direction.
    #[must_use]
    pub const fn conditions(&self, direction: Direction) -> &Conditions {
        match direction {
            Direction::Data => &self.data,
            Direction::Ack => &self.ack,
        }
    }

    /// The size of the queue of one direction, or of the bucket of its policer: the given
    /// size, or otherwise the bandwidth-delay product, and at least 30 kB. Unit: bytes.
    #[must_use]
    pub fn queue_bytes(&self, direction: Direction) -> u64 {
        let conditions = self.conditions(direction);
        let round_trip = self.data.delay + self.ack.delay;
        let per_ms = conditions.rate.unwrap_or(0) / 8_000;
        let product = u64::try_from(round_trip.as_millis()).unwrap_or(0) * per_ms;
        let asked = conditions.bucket.or(conditions.queue);
        asked.unwrap_or(product.max(LEAST_QUEUE_BYTES))
    }

    /// Whether it does nothing to any packet.
    #[must_use]
    pub fn is_perfect(&self) -> bool {
        self.data == Conditions::PERFECT && self.ack == Conditions::PERFECT
    }

    /// Loses this packet too: the line grows by its `drop=`.
    ///
    /// ```
    /// use sash::link::Scenario;
    /// let mut scenario: Scenario = "seed=7;loss=10%".parse().unwrap();
    /// for label in ["d0.1", "a3.1", "d0.1"] {
    ///     scenario.lose(label.parse().unwrap());
    /// }
    /// assert_eq!(scenario.to_string(), "seed=7;loss=10%;drop=d0.1,a3.1");
    /// ```
    pub fn lose(&mut self, label: Label) {
        let directions = [&mut self.data, &mut self.ack];
        if directions
            .iter()
            .all(|direction| direction.drops.contains(&label))
        {
            return;
        }
        for direction in directions {
            direction.drops.push(label);
        }
        let text = self.text.trim_end_matches([';', ' ']);
        let last = text.rsplit(';').next().unwrap_or_default();
        let before = match last.split_once('=') {
            Some((word, _)) if word.trim() == DROP => ",",
            _ if text.is_empty() => "drop=",
            _ => ";drop=",
        };
        self.text = format!("{text}{before}{label}");
    }

    /// The directions to which a word with this prefix applies.
    fn both_or_one(&mut self, direction: Option<Direction>) -> Vec<&mut Conditions> {
        match direction {
            None => vec![&mut self.data, &mut self.ack],
            Some(Direction::Data) => vec![&mut self.data],
            Some(Direction::Ack) => vec![&mut self.ack],
        }
    }

    /// Takes one `word=value`.
    fn take(&mut self, assignment: &Piece<'_>) -> Result<(), ScenarioError> {
        let (key, value) = assignment
            .split_once('=')
            .ok_or_else(|| assignment.wrong("write WORD=VALUE"))?;
        let (direction, word) = match key.split_once('.') {
            None => (None, key),
            Some((prefix, word)) => match prefix.text {
                "data" => (Some(Direction::Data), word),
                "ack" => (Some(Direction::Ack), word),
                _ => {
                    return Err(
                        prefix.wrong("write data. or ack. before a word, or nothing")
                    );
                }
            },
        };
        let set = |scenario: &mut Self, set: &dyn Fn(&mut Conditions)| {
            scenario.both_or_one(direction).into_iter().for_each(set);
        };
        match word.text {
            "seed" if direction.is_none() => {
                self.seed = value.number()?;
            }
            "seed" => {
                return Err(key.wrong(
                    "the seed applies to both directions; write \
                                            seed=NUMBER",
                ));
            }
            "loss" => {
                let share = value.share()?;
                set(self, &|direction| direction.loss = share);
            }
            "corrupt" => {
                let share = value.share()?;
                set(self, &|direction| direction.corrupt = share);
            }
            "duplicate" => {
                let share = value.share()?;
                set(self, &|direction| direction.duplicate = share);
            }
            "reorder" => {
                let share = value.share()?;
                set(self, &|direction| direction.reorder = share);
            }
            "burst" => {
                let burst = value.burst()?;
                set(self, &|direction| direction.burst = Some(burst));
            }
            "jitter" => {
                let jitter = value.duration()?;
                set(self, &|direction| direction.jitter = jitter);
            }
            "rate" => {
                let rate = value.rate()?;
                set(self, &|direction| direction.rate = Some(rate));
            }
            "queue" => {
                let queue = value.bytes()?;
                set(self, &|direction| direction.queue = Some(queue));
            }
            "bucket" => {
                let bucket = value.bytes()?;
                set(self, &|direction| direction.bucket = Some(bucket));
            }
            "clump" => {
                let clump = value.duration()?;
                set(self, &|direction| direction.clump = clump);
            }
            "mtu" => {
                let mtu = value.number()?;
                set(self, &|direction| direction.mtu = mtu);
            }
            "outage" => {
                let outage = value.outage()?;
                set(self, &|direction| direction.outage = Some(outage));
            }
            "delay" => {
                let delay = value.duration()?;
                set(self, &|direction| direction.delay = delay);
            }
            DROP => {
                let labels: Vec<_> = value
                    .split(',')
                    .map(|one| one.label())
                    .collect::<Result<_, _>>()?;
                set(self, &|direction| direction.drops.extend(&labels));
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
        None => format!("unknown word {word:?}; the words are {}", WORDS.join(", ")),
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self::PERFECT
    }
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        if text.trim() == PERFECT {
            return Ok(Self::PERFECT);
        }
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
            PERFECT
        } else {
            &self.text
        })
    }
}

#[cfg(test)]
mod tests;
