//! The textbook's curves over loss, and measured points beside them, in one picture.
//!
//! ```text
//!   efficiency |--- selective repeat      - - the formula, for this window and this delay
//!              |  o                         o  the machine, run in virtual time
//!              |____o___ loss
//! ```
//!
//! ```
//! use sash::lab::theory::curve::chart;
//! let chart = chart(4, 2.0).unwrap();
//! assert_eq!(chart.panels[0].series.len(), 6); // A formula and a machine for each of three.
//! ```
//!
//! Source: report chapter `theory`.

use super::cell::{Cell, Setting};
use crate::lab::chart::{Axis, Chart, Look, Panel, Point, Series};
use crate::lab::run::Stuck;
use crate::wire::options::Arq;

/// The protocols of the textbook.
const ARQS: [Arq; 3] = [Arq::StopAndWait, Arq::GoBackN, Arq::SelectiveRepeat];

/// Shares of DATA that are lost, for the machines. Unit: percent.
const MEASURED_AT: [f64; 5] = [0.0, 5.0, 10.0, 20.0, 30.0];

/// The curves go as far as the machines.
const MOST_LOSS: f64 = 30.0;

/// Points of a curve.
const STEPS: u32 = 60;

/// The statistical error of a dot; a smaller one takes longer.
const ERROR: f64 = 0.05;

/// Runs some cells of each protocol with this window and this one-way delay in
/// transmissions, rounded to halves, and draws them beside their formulas.
///
/// # Errors
/// [`Stuck`], a bug in a machine.
pub fn chart(window: u32, a: f64) -> Result<Chart, Stuck> {
    // A cell's timeout is a round trip to the microsecond: an ACK must not be later.
    let a = (2.0 * a).round() / 2.0;
    let mut series = Vec::new();
    for (index, arq) in ARQS.into_iter().enumerate() {
        let cell = |percent: f64| Cell {
            arq,
            loss: percent / 100.0,
            window: match arq {
                Arq::StopAndWait => 1,
                Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack => window,
            },
            a,
        };
        let curve = (0..=STEPS).map(|step| {
            let percent = MOST_LOSS * f64::from(step) / f64::from(STEPS);
            Point::new(percent, cell(percent).formula())
        });
        series.push(Series {
            name: format!("{arq}: formula"),
            look: Look::formula(index),
            points: curve.collect(),
        });
        let mut points = Vec::new();
        for percent in MEASURED_AT {
            let measured = cell(percent).measure(Setting::Textbook, ERROR)?;
            points.push(Point::new(percent, measured));
        }
        series.push(Series {
            name: format!("{arq}: machine"),
            look: Look::marks(index),
            points,
        });
    }
    Ok(Chart {
        title: "Efficiency by loss".to_owned(),
        notes: vec![format!(
            "window N = {window}, a = {a} (propagation / transmission)"
        )],
        x: Axis::linear("loss (%)"),
        y: Axis::linear("efficiency"),
        panels: vec![Panel {
            title: String::new(),
            series,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dots_of_the_first_two_protocols_are_near_their_curves() {
        let chart = chart(4, 4.2).unwrap();
        let series = &chart.panels[0].series;
        for pair in series.chunks(2).take(2) {
            for dot in &pair[1].points {
                let near = pair[0].points.iter().min_by(|one, other| {
                    (one.x - dot.x).abs().total_cmp(&(other.x - dot.x).abs())
                });
                let formula = near.unwrap().y;
                assert!((dot.y / formula - 1.0).abs() < 0.15, "{}", pair[1].name);
            }
        }
    }
}
