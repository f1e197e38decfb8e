//! The rows of a sweep as text: a table for users, CSV for programs.

use super::{Cell, Row};
use std::fmt::Write as _;

/// The values that identify a cell: its name, and what it says.
type Described = (&'static str, fn(&Cell) -> String);

/// The table's columns after the cell's own: name and width.
const COLUMNS: [(&str, usize); 7] = [
    ("seconds", 10),
    ("MB/s", 9),
    ("lowest..highest", 17),
    ("formula", 9),
    ("real", 9),
    ("sent", 9),
    ("resent", 9),
];

/// The heading of the CSV.
const CSV_HEADER: &str = "arq,congestion,window,loss_percent,delay_us,size_bytes,seconds,\
                          megabytes_per_second,lowest,highest,formula,real,sent,resent\n";

/// A line a cell. Values that all cells share, such as the size, are written above the
/// table.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let is_shared = |of: fn(&Cell) -> String| {
        rows.windows(2)
            .all(|pair| of(&pair[0].cell) == of(&pair[1].cell))
    };
    let described: [Described; 6] = [
        ("protocol", |cell| cell.arq.to_string()),
        ("controller", |cell| cell.congestion.to_string()),
        ("window", |cell| cell.window.to_string()),
        ("loss", |cell| format!("{}%", cell.loss)),
        ("delay", |cell| {
            format!("{} ms", cell.delay.as_secs_f64() * 1e3)
        }),
        ("bytes", |cell| cell.size.to_string()),
    ];
    let (shared, varied): (Vec<_>, Vec<_>) =
        described.into_iter().partition(|&(_, of)| is_shared(of));
    let mut text = String::new();
    if let Some(Row { cell, .. }) = rows.first() {
        let all: Vec<_> = shared
            .iter()
            .map(|(name, of)| format!("{name} {}", of(cell)))
            .collect();
        writeln!(text, "{}", all.join(", ")).expect("memory");
    }
    for (name, of) in &varied {
        write!(text, "{name:<w$}", w = width(rows, name, *of)).expect("memory");
    }
    let has_real = rows.iter().any(|row| row.real.is_some());
    let has_formula = rows.iter().any(|row| row.formula.is_some());
    let is_shown = |name: &str| match name {
        "real" => has_real,
        "formula" => has_formula,
        _ => true,
    };
    for (name, width) in COLUMNS.iter().filter(|(name, _)| is_shown(name)) {
        write!(text, "{name:>width$}").expect("memory");
    }
    text.push('\n');
    for row in rows {
        for (name, of) in &varied {
            let word = of(&row.cell);
            write!(text, "{word:<w$}", w = width(rows, name, *of)).expect("memory");
        }
        for (name, width) in COLUMNS.iter().filter(|(name, _)| is_shown(name)) {
            write!(text, "{:>width$}", cell_text(row, name)).expect("memory");
        }
        text.push('\n');
    }
    text
}

/// Wide enough for the name and every word below it.
fn width(rows: &[Row], name: &str, of: fn(&Cell) -> String) -> usize {
    let words = rows.iter().map(|row| of(&row.cell).len());
    words.max().unwrap_or(0).max(name.len()) + 2
}

fn cell_text(row: &Row, column: &str) -> String {
    let rate =
        |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{rate:.3}"));
    match column {
        "seconds" => format!("{:.3}", row.seconds),
        "MB/s" => rate(Some(row.goodput)),
        "lowest..highest" => format!("{:.3}..{:.3}", row.least, row.most),
        "formula" => rate(row.formula),
        "real" => rate(row.real),
        "sent" => format!("{:.0}", row.sent),
        _ => format!("{:.0}", row.resent),
    }
}

/// All the numbers, a header first; a rate is in 10^6 bytes per second.
#[must_use]
pub fn csv(rows: &[Row]) -> String {
    let mut csv = CSV_HEADER.to_owned();
    let maybe = |value: Option<f64>| value.map_or_else(String::new, |it| it.to_string());
    for row in rows {
        let Cell {
            arq,
            congestion,
            window,
            loss,
            delay,
            size,
        } = &row.cell;
        let delay = delay.as_micros();
        let (formula, real) = (maybe(row.formula), maybe(row.real));
        let Row {
            seconds,
            goodput,
            least,
            most,
            sent,
            resent,
            ..
        } = row;
        writeln!(
            csv,
            "{arq},{congestion},{window},{loss},{delay},{size},{seconds},{goodput},{least},\
             {most},{formula},{real},{sent},{resent}"
        )
        .expect("memory");
    }
    csv
}
