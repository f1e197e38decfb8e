//! Where the ticks of an axis stand, and what they say.
//!
//! A linear axis begins at zero and steps by 1, 2 or 5 times a power of ten. A
//! logarithmic one lies on whole powers of ten, or where that is too coarse also on 2 and
//! 5 times.
//!
//! Source: Heckbert, "Nice numbers for graph labels", Graphics Gems (1990).

use super::Axis;
use plotters::coord::ranged1d::{
    KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter,
};
use std::ops::Range;

/// An axis with its range chosen. Places are what is drawn: the value itself, or its
/// logarithm to the base ten.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    is_logarithmic: bool,
    /// From the first place to the last.
    pub(super) range: Range<f64>,
    /// The places of the ticks.
    pub(super) ticks: Vec<f64>,
}

/// About this many ticks.
const TICKS: f64 = 6.0;

impl Scale {
    /// A scale that shows all these values; what is not finite is left out.
    pub(super) fn new(axis: &Axis, values: impl Iterator<Item = f64> + Clone) -> Self {
        let values = values.filter(|value| value.is_finite());
        if axis.is_logarithmic {
            Self::logarithmic(values.filter(|&value| value > 0.0))
        } else {
            Self::linear(values.fold(0.0, f64::max))
        }
    }

    fn linear(highest: f64) -> Self {
        let highest = if highest > 0.0 { highest } else { 1.0 };
        let step = nice_step(highest / TICKS);
        let steps = (highest / step - 1e-9).ceil().max(1.0);
        let places = std::iter::successors(Some(0.0_f64), |place| Some(place + 1.0));
        let ticks = places.take_while(|&place| place <= steps);
        Self {
            is_logarithmic: false,
            range: 0.0..steps * step,
            ticks: ticks.map(|place| place * step).collect(),
        }
    }

    fn logarithmic(values: impl Iterator<Item = f64> + Clone) -> Self {
        let lowest = values.clone().fold(f64::INFINITY, f64::min);
        let highest = values.fold(0.0, f64::max);
        let [lowest, highest] = if lowest.is_finite() {
            [lowest, highest]
        } else {
            [1.0, 10.0]
        };
        let [first, last] = [lowest.log10().floor(), highest.log10().ceil()];
        let powers = std::iter::successors(Some(first), |power| Some(power + 1.0));
        let between: &[f64] = if last - first <= 3.0 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0]
        };
        let steps =
            powers.flat_map(|power| between.iter().map(move |it| power + it.log10()));
        let ticks: Vec<f64> = steps.take_while(|&place| place <= last + 1.0).collect();
        // From the last tick that is no higher than all to the first that is no lower.
        let below = |place: &&f64| **place <= lowest.log10() + 1e-9;
        let start = ticks.iter().take_while(below).count().saturating_sub(1);
        let above = |place: &f64| *place >= highest.log10() - 1e-9;
        let end = ticks.iter().position(above).unwrap_or(ticks.len() - 1);
        let ticks = ticks[start..=end.max(start + 1).min(ticks.len() - 1)].to_vec();
        Self {
            is_logarithmic: true,
            range: ticks[0]..ticks[ticks.len() - 1],
            ticks,
        }
    }

    /// Where a value is drawn; a logarithmic axis has no place for zero and shows it at
    /// its lower end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = if self.is_logarithmic {
            value.max(f64::MIN_POSITIVE).log10()
        } else {
            value
        };
        place.clamp(self.range.start, self.range.end)
    }

    /// The label of a tick.
    pub(super) fn label(&self, place: f64) -> String {
        let value = if self.is_logarithmic {
            10.0_f64.powf(place)
        } else {
            place
        };
        let text = format!("{value:.4}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        if value != 0.0 && matches!(text, "0" | "-0") {
            return format!("{value:.0e}");
        }
        text.to_owned()
    }
}

/// The interface of an axis for plotters; it gets places, not values.
impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "a few hundred pixels")]
    fn map(&self, place: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (place - self.range.start) / (self.range.end - self.range.start);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new(); // One grid is enough.
        }
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Scale {
    fn format_ext(&self, place: &f64) -> String {
        self.label(*place)
    }
}

/// The least of 1, 2, 5 times a power of ten that is no smaller.
fn nice_step(step: f64) -> f64 {
    let power = 10.0_f64.powf(step.log10().floor());
    let nice = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    nice.into_iter()
        .find(|&nice| nice >= step * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, values: &[f64]) -> Vec<String> {
        let scale = Scale::new(axis, values.iter().copied());
        scale.ticks.iter().map(|&at| scale.label(at)).collect()
    }

    #[test]
    fn a_linear_axis_starts_at_zero_and_ends_at_or_above_the_highest_value() {
        let axis = Axis::linear("x");
        assert_eq!(
            labels(&axis, &[3.0, 30.0]),
            ["0", "5", "10", "15", "20", "25", "30"]
        );
        assert_eq!(
            labels(&axis, &[0.59]),
            ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]
        );
        assert_eq!(
            labels(&axis, &[0.0]),
            ["0", "0.2", "0.4", "0.6", "0.8", "1"]
        );
    }

    #[test]
    fn the_ticks_of_a_logarithmic_axis_extend_to_powers_of_ten() {
        let axis = Axis::logarithmic("x");
        assert_eq!(
            labels(&axis, &[0.3, 6.0]),
            ["0.2", "0.5", "1", "2", "5", "10"]
        );
        assert_eq!(
            labels(&axis, &[1.0, 9_000.0]),
            ["1", "10", "100", "1000", "10000"]
        );
    }

    #[test]
    fn zero_is_drawn_at_the_lower_end_of_a_logarithmic_axis() {
        let scale = Scale::new(&Axis::logarithmic("x"), [0.0, 0.5, 5.0].into_iter());
        assert!((scale.place(0.0) - scale.range.start).abs() < 1e-12);
    }
}
