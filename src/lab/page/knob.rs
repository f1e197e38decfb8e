//! The sliders of a link: each one changes a word of its scenario.
//!
//! ```text
//!   loss  [----o------] 10%     delay=50ms;loss=5%  ->  delay=50ms;loss=10%
//! ```
//!
//! Only the scenario stores the setting: a slider reads its position from the line and
//! writes the line again, so that the setting can be copied and handed out.

use crate::link::{Direction, Scenario};

/// One slider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knob {
    /// Packets that never arrive.
    Loss,
    /// Burst loss.
    Burst,
    /// One-way delay.
    Delay,
    /// Jitter: the largest additional delay.
    Jitter,
    /// Packets that arrive twice.
    Duplicate,
    /// Packets that later ones overtake.
    Reorder,
    /// Packets that arrive corrupt.
    Corrupt,
    /// Bits per second.
    Rate,
}

/// The value if the word is not in the line.
const NONE: f64 = 0.0;

impl Knob {
    /// All sliders, from top to bottom.
    pub const ALL: [Self; 8] = [
        Self::Loss,
        Self::Burst,
        Self::Delay,
        Self::Jitter,
        Self::Duplicate,
        Self::Reorder,
        Self::Corrupt,
        Self::Rate,
    ];

    /// Its word in a scenario.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Burst => "burst",
            Self::Delay => "delay",
            Self::Jitter => "jitter",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Corrupt => "corrupt",
            Self::Rate => "rate",
        }
    }

    /// Its explanation, in a sentence.
    #[must_use]
    pub const fn tip(self) -> &'static str {
        match self {
            Self::Loss => "The share of packets that are lost.",
            Self::Burst => "Burst loss: the probabilities that a burst starts and ends.",
            Self::Delay => "The one-way delay of every packet.",
            Self::Jitter => {
                "A random additional delay of up to this much for each \
                             packet."
            }
            Self::Duplicate => "The share of packets that arrive twice.",
            Self::Reorder => {
                "The share of packets that are held back, so that later \
                              ones overtake them."
            }
            Self::Corrupt => "The share of packets that arrive with one flipped bit.",
            Self::Rate => {
                "The bandwidth in bits per second; excess packets are queued \
                           or lost."
            }
        }
    }

    /// Its possible values; at the first one the word is not in the line.
    #[must_use]
    pub const fn values(self) -> &'static [&'static str] {
        match self {
            Self::Loss | Self::Duplicate | Self::Reorder | Self::Corrupt => &[
                "0%", "0.5%", "1%", "2%", "3%", "5%", "8%", "10%", "15%", "20%", "30%",
                "50%",
            ],
            Self::Burst => &[
                "none", "0.5%/50%", "1%/50%", "1%/25%", "2%/25%", "3%/20%", "5%/20%",
                "10%/20%",
            ],
            Self::Delay | Self::Jitter => &[
                "0ms", "1ms", "2ms", "5ms", "10ms", "20ms", "30ms", "50ms", "80ms",
                "100ms", "150ms", "200ms", "300ms", "500ms", "1s",
            ],
            Self::Rate => &[
                "any", "100mbit", "50mbit", "20mbit", "10mbit", "5mbit", "2mbit",
                "1mbit", "500kbit", "200kbit", "100kbit", "50kbit",
            ],
        }
    }

    /// The slider's position for this link: the value nearest to that of the file's
    /// direction.
    #[must_use]
    pub fn place(self, scenario: &Scenario) -> usize {
        let wanted = self.amount(scenario);
        let apart = |text: &str| {
            let alone = format!("{}={text}", self.word()).parse();
            let amount = alone.map_or(NONE, |alone| self.amount(&alone));
            (amount - wanted).abs()
        };
        let places = self.values().iter().map(|text| apart(text));
        let nearest = places.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
        nearest.map_or(0, |(place, _)| place)
    }

    /// Its value in this line, as written; the first of its values if the word is not in
    /// the line.
    #[must_use]
    pub fn value(self, line: &str) -> &str {
        let mut pieces = line.split(';').filter_map(|piece| piece.split_once('='));
        let is_its = |key: &str| key == self.word() || key == self.word_of_data();
        let found = pieces.find(|(key, _)| is_its(key.trim()));
        found.map_or(self.values()[0], |(_, value)| value.trim())
    }

    /// Its word for the file's direction alone.
    const fn word_of_data(self) -> &'static str {
        match self {
            Self::Loss => "data.loss",
            Self::Burst => "data.burst",
            Self::Delay => "data.delay",
            Self::Jitter => "data.jitter",
            Self::Duplicate => "data.duplicate",
            Self::Reorder => "data.reorder",
            Self::Corrupt => "data.corrupt",
            Self::Rate => "data.rate",
        }
    }

    /// The line with this slider at this position; other words stay. The value then
    /// applies to both directions.
    #[must_use]
    pub fn turned(self, line: &str, place: usize) -> String {
        let word = self.word();
        let value = self.values().get(place).filter(|_| place > 0);
        let new = value.map(|value| format!("{word}={value}"));
        let mut pieces = Vec::new();
        let mut is_placed = false;
        for piece in line.split(';').map(str::trim) {
            let key = piece.split('=').next().unwrap_or_default().trim();
            let key = key.split_once('.').map_or(key, |(_, word)| word);
            if key != word {
                pieces.push(piece.to_owned());
            } else if !is_placed {
                is_placed = true;
                pieces.extend(new.clone());
            }
        }
        if !is_placed {
            // Before the list of drops, which grows at the end.
            let end = pieces.iter().position(|piece| piece.starts_with("drop"));
            let end = end.unwrap_or(pieces.len());
            pieces.splice(end..end, new);
        }
        pieces.retain(|piece| !piece.is_empty() && piece != "perfect");
        pieces.join(";")
    }

    /// One number to compare by: a share, microseconds, or how slow.
    fn amount(self, scenario: &Scenario) -> f64 {
        let conditions = scenario.conditions(Direction::Data);
        match self {
            Self::Loss => conditions.loss,
            Self::Burst => conditions.burst.map_or(NONE, |it| it.enter / it.leave),
            Self::Delay => conditions.delay.as_secs_f64(),
            Self::Jitter => conditions.jitter.as_secs_f64(),
            Self::Duplicate => conditions.duplicate,
            Self::Reorder => conditions.reorder,
            Self::Corrupt => conditions.corrupt,
            Self::Rate => conditions.rate.map_or(NONE, slowness),
        }
    }
}

/// Rates are compared by their size, not by their difference.
#[expect(clippy::cast_precision_loss, reason = "a place on a slider")]
fn slowness(rate: u64) -> f64 {
    const FASTEST: f64 = 2e9;
    (FASTEST / rate as f64).max(1.0).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(line: &str) -> Scenario {
        line.parse().unwrap()
    }

    #[test]
    fn every_knob_shows_the_value_to_which_it_was_turned() {
        for knob in Knob::ALL {
            for place in 0..knob.values().len() {
                let line = knob.turned("seed=7;drop=d0.1", place);
                let found = knob.place(&scenario(&line));
                assert_eq!(found, place, "{line}");
            }
        }
    }

    #[test]
    fn a_knob_changes_its_own_parameter_and_no_other() {
        let line = "seed=7;loss=10%;delay=50ms;drop=d3.1";
        let turned = Knob::Loss.turned(line, 3);
        assert_eq!(turned, "seed=7;loss=2%;delay=50ms;drop=d3.1");
        let off = Knob::Loss.turned(line, 0);
        assert_eq!(off, "seed=7;delay=50ms;drop=d3.1");
        let more = Knob::Jitter.turned(line, 1);
        assert_eq!(more, "seed=7;loss=10%;delay=50ms;jitter=1ms;drop=d3.1");
        assert_eq!(Knob::Delay.turned("perfect", 7), "delay=50ms");
    }

    #[test]
    fn a_one_way_parameter_becomes_a_two_way_parameter() {
        let turned = Knob::Loss.turned("data.loss=10%;ack.loss=1%", 5);
        assert_eq!(turned, "loss=5%");
    }

    #[test]
    fn a_knob_shows_the_value_as_it_was_written() {
        let line = "loss=11%; data.delay = 40ms ;drop=d0.1";
        assert_eq!(Knob::Loss.value(line), "11%");
        assert_eq!(Knob::Delay.value(line), "40ms");
        assert_eq!(Knob::Rate.value(line), "any");
    }

    #[test]
    fn a_value_between_two_positions_is_shown_at_the_nearer_one() {
        let place = |line: &str| Knob::Loss.values()[Knob::Loss.place(&scenario(line))];
        assert_eq!(place("loss=11%"), "10%");
        assert_eq!(place("loss=90%"), "50%");
        let place = |line: &str| Knob::Rate.values()[Knob::Rate.place(&scenario(line))];
        assert_eq!(place("rate=1500kbit"), "2mbit");
        assert_eq!(place("rate=1gbit"), "any");
    }
}
