//! The rows of a bench for people: a table, and bars.

use super::{Round, Row};
use sash::lab::palette::{BLUE, INK, ORANGE, SOFT_INK};
use sash::lab::picture::{Anchor, Area, Picture, Point, Words};
use std::fmt::Write as _;

/// The table that `./sash bench` prints. Ratios are to the first row of bare datagrams and to
/// kernel TCP.
#[must_use]
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<40}{:>8}{:>15}{:>9}{:>8}{:>9}{:>10}{:>10}\n",
        "", "MB/s", "low..high", "of bare", "of TCP", "resent", "CPU s/GiB", "peak MiB"
    );
    let [bare, tcp] = limits(rows);
    for row in rows {
        let rate = row.rate();
        let resent = 100.0 * row.median(|round| round.resent);
        let spread = spread(row);
        let (of_bare, of_tcp) = (ratio(rate, bare), ratio(rate, tcp));
        let cpu =
            seconds_per_gibibyte(row).map_or("-".to_owned(), |it| format!("{it:.2}"));
        let peak = peak_mebibytes(row).map_or("-".to_owned(), |it| format!("{it:.0}"));
        let method = row.method;
        let _ = writeln!(
            text,
            "{method:<40}{rate:>8.0}{spread:>15}{of_bare:>9}{of_tcp:>8}{resent:>8.1}%{cpu:>10}{peak:>10}"
        );
    }
    text
}

/// The same as bars, the limits in another colour.
#[must_use]
pub(crate) fn picture(rows: &[Row], what: &str) -> Picture {
    const WIDTH: f64 = 960.0;
    const LEFT: f64 = 300.0;
    const RIGHT: f64 = 110.0;
    const TOP: f64 = 76.0;
    const STEP: f64 = 34.0;
    const BAR: f64 = 22.0;
    let words = |x, y, size, anchor, colour, text: &str| Words {
        at: Point { x, y },
        size,
        anchor,
        is_bold: false,
        is_upright: false,
        colour,
        text: text.to_owned(),
    };
    let count = u16::try_from(rows.len()).map_or(f64::MAX, f64::from);
    let mut picture = Picture::new(WIDTH, TOP + count * STEP + 24.0, "speed on loopback");
    let title = "MB of file per second: median, and lowest to highest";
    picture.add(Words {
        is_bold: true,
        ..words(20.0, 32.0, 18.0, Anchor::Start, INK, title)
    });
    picture.add(words(20.0, 54.0, 13.0, Anchor::Start, SOFT_INK, what));
    let most = rows.iter().flat_map(|row| &row.rounds);
    let most = most.map(|round| round.rate).fold(1.0, f64::max);
    let scale = (WIDTH - LEFT - RIGHT) / most;
    let mut y = TOP;
    for row in rows {
        let is_sash = matches!(row.method, super::Method::Sash { .. });
        let name = row.method.to_string();
        let middle = y + BAR * 0.72;
        picture.add(words(LEFT - 12.0, middle, 14.0, Anchor::End, INK, &name));
        picture.add(Area {
            x: LEFT,
            y,
            width: (row.rate() * scale).max(1.0),
            height: BAR,
            fill: if is_sash { BLUE } else { ORANGE },
        });
        let [low, high] = bounds(row);
        picture.add(Area {
            x: LEFT + low * scale,
            y: y + BAR / 2.0 - 1.0,
            width: ((high - low) * scale).max(1.0),
            height: 2.0,
            fill: INK,
        });
        let end = LEFT + high.max(row.rate()) * scale + 10.0;
        let rate = format!("{:.0}", row.rate());
        picture.add(words(end, middle, 14.0, Anchor::Start, INK, &rate));
        y += STEP;
    }
    picture
}

/// The rates of the first row of bare datagrams and of kernel TCP.
fn limits(rows: &[Row]) -> [Option<f64>; 2] {
    use super::Method::{BareDatagrams, KernelTcp};
    let find =
        |is_it: fn(&Row) -> bool| rows.iter().find(|row| is_it(row)).map(Row::rate);
    [
        find(|row| matches!(row.method, BareDatagrams { .. })),
        find(|row| row.method == KernelTcp),
    ]
}

fn ratio(rate: f64, limit: Option<f64>) -> String {
    let ratio = limit.map(|limit| format!("{:.2}", rate / limit.max(1e-9)));
    ratio.unwrap_or("-".to_owned())
}

fn bounds(row: &Row) -> [f64; 2] {
    let rates = || row.rounds.iter().map(|round| round.rate);
    let low = rates().fold(f64::INFINITY, f64::min);
    [
        low.min(rates().fold(0.0, f64::max)),
        rates().fold(0.0, f64::max),
    ]
}

fn spread(row: &Row) -> String {
    let [low, high] = bounds(row);
    format!("{low:.0}..{high:.0}")
}

/// Processor time that 2^30 bytes take, where the system tells it.
#[must_use]
pub(crate) fn seconds_per_gibibyte(row: &Row) -> Option<f64> {
    let known = |round: &Round| round.cost.processor_seconds.is_some();
    let per_gibibyte = |round: &Round| {
        let gibibytes = round.gibibytes;
        round.cost.processor_seconds.unwrap_or_default() / gibibytes.max(1e-9)
    };
    row.rounds
        .iter()
        .all(known)
        .then(|| row.median(per_gibibyte))
}

/// The most memory at a time, where the system tells it.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(crate) fn peak_mebibytes(row: &Row) -> Option<f64> {
    let known = |round: &Round| round.cost.peak_bytes.is_some();
    let mebibytes =
        |round: &Round| round.cost.peak_bytes.unwrap_or_default() as f64 / 1_048_576.0;
    row.rounds.iter().all(known).then(|| row.median(mebibytes))
}

#[cfg(test)]
mod tests {
    use super::super::{Calls, Method};
    use super::*;

    fn rows() -> Vec<Row> {
        let row = |method, rates: &[f64]| Row {
            method,
            rounds: rates.iter().map(|&rate| Round::of(rate)).collect(),
        };
        let bare = Method::BareDatagrams { calls: Calls::One };
        vec![
            row(bare, &[200.0, 100.0, 400.0]),
            row(Method::KernelTcp, &[1_000.0]),
        ]
    }

    #[test]
    fn the_table_lists_medians_spreads_and_ratios() {
        let table = table(&rows());
        let lines: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(
            lines[1][5..],
            ["200", "100..400", "1.00", "0.20", "0.0%", "-", "-"]
        );
        assert_eq!(
            lines[2][3..],
            ["1000", "1000..1000", "5.00", "1.00", "0.0%", "-", "-"]
        );
    }

    #[test]
    fn the_bar_chart_has_a_bar_for_each_row_within_its_borders() {
        let picture = picture(&rows(), "64 MiB");
        let svg = picture.svg();
        for text in ["bare datagrams", "kernel TCP", "64 MiB", ">1000<"] {
            assert!(svg.contains(text), "{text} is missing in {svg}");
        }
    }
}
