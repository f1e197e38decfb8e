//! Many cells at once: their list, results, and tables.
//!
//! ```text
//!   go-back-n, textbook, a = 2: efficiency measured, and percent of the formula
//!      loss        N = 1        N = 4
//!        0%   0.2000 100   0.8000 100
//!       30%   0.1400 100   0.2947 100
//! ```
//!
//! The caller decides how the cells are run, and on how many threads.
//!
//! ```
//! use sash::lab::theory::{cell::Setting, table::{Grid, Row, text}};
//! let grid = Grid { losses: vec![0.0], windows: vec![1], a: vec![2.0], ..Grid::full() };
//! let rows: Vec<_> = grid.cells().map(|cell| {
//!     Row::measure(cell, Setting::Textbook, 0.05).unwrap()
//! }).collect();
//! assert_eq!(rows.len(), 3); // a row for each textbook protocol
//! assert!(text(&rows).contains("0.2000 100"));
//! ```
//!
//! Source: report chapter `theory`.

use super::cell::{Cell, Setting};
use crate::lab::run::Stuck;
use crate::wire::options::Arq;
use std::fmt::Write as _;

/// Every protocol at every loss, window and a; stop-and-wait has but one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The protocols.
    pub arqs: Vec<Arq>,
    /// P, 0 up to but without 1.
    pub losses: Vec<f64>,
    /// N. Unit: packets.
    pub windows: Vec<u32>,
    /// Unit: transmissions.
    pub a: Vec<f64>,
}

/// The result of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// The cell.
    pub cell: Cell,
    /// How.
    pub setting: Setting,
    /// The reference value for the machine.
    pub reference: f64,
    /// The measured value.
    pub measured: f64,
}

/// How far from its reference a cell may be.
pub const TOLERANCE: f64 = 0.05;

/// This share of the cells of a protocol must be within [`TOLERANCE`].
pub const SHARE_WITHIN: f64 = 0.95;

impl Grid {
    /// The textbook protocols with P from 0 to 30 %, N from 1 to 128, a from 0 to 50: what
    /// `lab theory` runs unasked.
    #[must_use]
    pub fn full() -> Self {
        Self {
            arqs: vec![Arq::StopAndWait, Arq::GoBackN, Arq::SelectiveRepeat],
            losses: vec![0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3],
            windows: vec![1, 2, 4, 8, 16, 32, 64, 128],
            a: vec![0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0],
        }
    }

    /// The same by larger steps: what every build runs.
    #[must_use]
    pub fn small() -> Self {
        Self {
            losses: vec![0.0, 0.02, 0.1, 0.3],
            windows: vec![1, 4, 16, 64, 128],
            a: vec![0.0, 0.5, 2.0, 10.0, 50.0],
            ..Self::full()
        }
    }

    /// All cells: by protocol, then by a, then by loss, then by window.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        self.arqs.iter().flat_map(move |&arq| {
            let windows = match arq {
                Arq::StopAndWait => &[1][..],
                Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack => &self.windows,
            };
            self.a.iter().flat_map(move |&a| {
                self.losses.iter().flat_map(move |&loss| {
                    windows.iter().map(move |&window| Cell {
                        arq,
                        loss,
                        window,
                        a,
                    })
                })
            })
        })
    }
}

impl Row {
    /// Runs one cell.
    ///
    /// # Errors
    /// See [`Cell::measure`].
    pub fn measure(cell: Cell, setting: Setting, error: f64) -> Result<Self, Stuck> {
        Ok(Self {
            cell,
            setting,
            reference: cell.reference(),
            measured: cell.measure(setting, error)?,
        })
    }

    /// Measured over reference: 1 where they agree.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.measured / self.reference
    }

    /// Whether the two agree to within [`TOLERANCE`].
    #[must_use]
    pub fn is_within(&self) -> bool {
        (self.ratio() - 1.0).abs() <= TOLERANCE
    }

    /// The meaning of `reference`.
    #[must_use]
    pub const fn reference_name(&self) -> &'static str {
        match self.cell.arq {
            Arq::StopAndWait | Arq::GoBackN => "formula",
            Arq::SelectiveRepeat | Arq::Sack => "model",
        }
    }
}

/// Whether enough cells of each protocol agree with their reference.
#[must_use]
pub fn holds(rows: &[Row]) -> bool {
    blocks(rows, same_protocol).into_iter().all(|rows| {
        let within = rows.iter().filter(|row| row.is_within()).count();
        share(within, rows.len()) >= SHARE_WITHIN
    })
}

/// The rows as tables, one for each protocol, setting and a, and then how many agree and
/// which do not.
#[must_use]
pub fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    for rows in blocks(rows, |one, other| {
        same_protocol(one, other) && one.cell.a.total_cmp(&other.cell.a).is_eq()
    }) {
        write_block(&mut text, rows);
    }
    for rows in blocks(rows, same_protocol) {
        write_summary(&mut text, rows);
    }
    text
}

/// A heading and a line for each row, for programs.
#[must_use]
pub fn csv(rows: &[Row]) -> String {
    let mut text = "arq,setting,loss,window,a,formula,reference,measured\n".to_owned();
    for row in rows {
        let Cell {
            arq,
            loss,
            window,
            a,
        } = row.cell;
        let (setting, formula) = (row.setting, row.cell.formula());
        let (reference, measured) = (row.reference, row.measured);
        let _ = writeln!(
            text,
            "{arq},{setting},{loss},{window},{a},{formula:.6},{reference:.6},{measured:.6}"
        );
    }
    text
}

fn write_block(text: &mut String, rows: &[Row]) {
    let Some(first) = rows.first() else { return };
    let (arq, setting, a) = (first.cell.arq, first.setting, first.cell.a);
    let reference = first.reference_name();
    let _ = write!(
        text,
        "{arq}, {setting}, a = {a}: measured efficiency, and its percentage of the \
         {reference}\n{:>8}",
        "loss"
    );
    let same_loss =
        |one: &Row, other: &Row| one.cell.loss.total_cmp(&other.cell.loss).is_eq();
    let lines = blocks(rows, same_loss);
    for row in lines.first().copied().unwrap_or_default() {
        let _ = write!(text, "{:>13}", format!("N = {}", row.cell.window));
    }
    for line in lines {
        let loss = line.first().map_or(0.0, |row| row.cell.loss);
        let _ = write!(text, "\n{:>8}", percent(loss));
        for row in line {
            let (measured, ratio) = (row.measured, 100.0 * row.ratio());
            let _ = write!(text, "{measured:>9.4}{ratio:>4.0}");
        }
    }
    text.push_str("\n\n");
}

fn write_summary(text: &mut String, rows: &[Row]) {
    let Some(first) = rows.first() else { return };
    let (arq, setting, all) = (first.cell.arq, first.setting, rows.len());
    let reference = first.reference_name();
    let within = rows.iter().filter(|row| row.is_within()).count();
    let (share, tolerance) = (100.0 * share(within, all), percent(TOLERANCE));
    let _ = writeln!(
        text,
        "{arq}, {setting}: {within} of {all} cells ({share:.1}%) are within {tolerance} of \
         the {reference}"
    );
    let mut off: Vec<_> = rows.iter().filter(|row| !row.is_within()).collect();
    off.sort_by(|one, other| other.distance().total_cmp(&one.distance()));
    for row in off.iter().take(MOST_OFF) {
        let (loss, window, a) = (percent(row.cell.loss), row.cell.window, row.cell.a);
        let (measured, expected) = (row.measured, row.reference);
        let ratio = 100.0 * row.ratio();
        let _ = writeln!(
            text,
            "  off: loss {loss}, N {window}, a {a}: {measured:.4} measured, {expected:.4} \
             expected, {ratio:.1}%"
        );
    }
    if off.len() > MOST_OFF {
        let _ = writeln!(text, "  and {} more", off.len() - MOST_OFF);
    }
}

/// The most cells that are listed one by one.
const MOST_OFF: usize = 25;

impl Row {
    fn distance(&self) -> f64 {
        (self.ratio() - 1.0).abs()
    }
}

/// `2%`, `0.5%`.
fn percent(share: f64) -> String {
    format!("{}%", (share * 1e6).round() / 1e4)
}

#[expect(clippy::cast_precision_loss, reason = "some hundred cells")]
fn share(part: usize, all: usize) -> f64 {
    part as f64 / all.max(1) as f64
}

fn same_protocol(one: &Row, other: &Row) -> bool {
    (one.cell.arq, one.setting) == (other.cell.arq, other.setting)
}

/// The rows in runs that belong together.
fn blocks(rows: &[Row], together: impl Fn(&Row, &Row) -> bool) -> Vec<&[Row]> {
    rows.chunk_by(together).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(ratios: &[f64]) -> Vec<Row> {
        let row = |(window, ratio): (u32, &f64)| Row {
            cell: Cell {
                arq: Arq::GoBackN,
                loss: 0.1,
                window,
                a: 2.0,
            },
            setting: Setting::Textbook,
            reference: 0.5,
            measured: 0.5 * ratio,
        };
        (1..).zip(ratios).map(row).collect()
    }

    #[test]
    fn the_formula_holds_with_nineteen_cells_of_twenty_but_not_with_eighteen() {
        let mut ratios = vec![1.0; 19];
        ratios.push(1.06);
        assert!(holds(&rows(&ratios)));
        ratios[0] = 0.94;
        assert!(!holds(&rows(&ratios)));
    }

    #[test]
    fn deviating_cells_are_listed_with_the_worst_first() {
        let text = text(&rows(&[1.0, 1.06, 0.5]));
        let summary = "go-back-n, textbook: 1 of 3 cells (33.3%) are within 5% of the \
                       formula\n  off: loss 10%, N 3, a 2: 0.2500 measured, 0.5000 \
                       expected, 50.0%\n  off: loss 10%, N 2,";
        assert!(text.contains(summary), "{text}");
    }

    #[test]
    fn the_full_grid_has_one_window_for_stop_and_wait_and_eight_for_the_others() {
        assert_eq!(Grid::full().cells().count(), 7 * 8 * (1 + 8 + 8));
    }
}
