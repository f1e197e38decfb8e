//! The protocols compared with the formulas, in virtual time.
//!
//! Every build runs the smaller grid; `lab theory` runs the whole one. `UPDATE_GOLDEN=1`
//! rewrites the tables of the report.

use crate::golden::compare;
use sash::lab::theory::cell::{Cell, Setting};
use sash::lab::theory::table::{self, Grid, Row};
use sash::lab::theory::window;
use sash::wire::options::Arq;
use std::fmt::Write as _;

/// The statistical error of a cell: a third of the tolerance.
const ERROR: f64 = 0.017;

/// The rows of these protocols, which are all as the theory has them.
fn rows_as_expected(arqs: Vec<Arq>) -> Vec<Row> {
    let grid = Grid {
        arqs,
        ..Grid::small()
    };
    let rows = rows(&grid, Setting::Textbook);
    assert!(table::holds(&rows), "\n{}", table::text(&rows));
    rows
}

#[test]
fn stop_and_wait_and_go_back_n_are_as_efficient_as_their_formulas() {
    rows_as_expected(vec![Arq::StopAndWait, Arq::GoBackN]);
}

#[test]
#[ignore = "takes long: ./sash test --long"]
fn selective_repeat_is_as_efficient_as_its_model_and_never_exceeds_its_bound() {
    let rows = rows_as_expected(vec![Arq::SelectiveRepeat]);
    for row in &rows {
        let bound = row.cell.formula();
        assert!(row.measured < 1.03 * bound, "{row:?} is above {bound}");
    }
}

#[test]
#[ignore = "takes long: ./sash test --long"]
fn the_efficiency_table_matches_the_report() {
    let grid = Grid {
        losses: vec![0.0, 0.02, 0.1, 0.3],
        windows: vec![1, 4, 16, 64],
        a: vec![2.0, 10.0],
        ..Grid::full()
    };
    let rows = rows(&grid, Setting::Textbook);
    compare("theory.txt", table::text(&rows).trim_end());
}

#[test]
#[ignore = "takes long: ./sash test --long"]
fn the_table_of_effects_that_the_textbook_omits_matches_the_report() {
    let mut text = "efficiency at a = 10; N is 16, of stop-and-wait 1".to_owned();
    let columns = [
        "formula",
        "textbook",
        "bursts",
        "their formula",
        "real timer",
        "its formula",
        "lossy ACKs",
    ];
    for arq in [Arq::StopAndWait, Arq::GoBackN, Arq::SelectiveRepeat] {
        write!(text, "\n{arq}\n{:>8}", "loss").unwrap();
        for column in columns {
            write!(text, "{column:>14}").unwrap();
        }
        for loss in [0.0, 0.02, 0.1, 0.3] {
            let window = if arq == Arq::StopAndWait { 1 } else { 16 };
            let cell = Cell {
                arq,
                loss,
                window,
                a: 10.0,
            };
            // Doubled timeouts vary much.
            let error = if arq == Arq::StopAndWait { 0.004 } else { 0.01 };
            let measured = |setting| Some(cell.measure(setting, error).expect("it ends"));
            let bursts = (arq == Arq::GoBackN)
                .then(|| window::go_back_n_in_bursts(loss, window, cell.a));
            let transmission = sash::lab::theory::cell::TRANSMISSION;
            let real = window::with_real_timer(arq, loss, window, cell.a, transmission);
            write!(text, "\n{:>8}", format!("{}%", 100.0 * loss)).unwrap();
            for value in [
                Some(cell.formula()),
                measured(Setting::Textbook),
                measured(Setting::Bursts),
                bursts,
                measured(Setting::RealTimer),
                real,
                measured(Setting::LossyAcks),
            ] {
                let value = value.map_or("-".to_owned(), |value| format!("{value:.4}"));
                write!(text, "{value:>14}").unwrap();
            }
        }
    }
    compare("theory_beyond.txt", &text);
}

fn rows(grid: &Grid, setting: Setting) -> Vec<Row> {
    let measure = |cell| Row::measure(cell, setting, ERROR).expect("it ends");
    grid.cells().map(measure).collect()
}
