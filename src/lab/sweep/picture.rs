//! The rows of a sweep as a chart: measured marks over the formula's line.

use super::{Cell, Grid, Row};
use crate::lab::chart::{Axis, Chart, Look, Mark, Panel, Point, Series, size_text};
use crate::lab::palette::INK;
use std::fmt;
use std::str::FromStr;

/// The quantity of the horizontal axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Across {
    /// The share of packets lost.
    Loss,
    /// The window.
    Window,
    /// The one-way delay.
    Delay,
    /// The file's size.
    Size,
}

/// The error for an unknown name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownAcross(String);

/// The number of points in the line of a formula.
const CURVE: u32 = 60;

impl Across {
    const ALL: [Self; 4] = [Self::Loss, Self::Window, Self::Delay, Self::Size];

    const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Window => "window",
            Self::Delay => "delay",
            Self::Size => "size",
        }
    }

    const fn axis_name(self) -> &'static str {
        match self {
            Self::Loss => "packets lost (%)",
            Self::Window => "window (packets)",
            Self::Delay => "one-way delay (ms)",
            Self::Size => "file (MB)",
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on an axis")]
    fn of(self, cell: &Cell) -> f64 {
        match self {
            Self::Loss => cell.loss,
            Self::Window => f64::from(cell.window),
            Self::Delay => cell.delay.as_secs_f64() * 1e3,
            Self::Size => cell.size as f64 / 1e6,
        }
    }

    /// The first list of the grid that has more than one value.
    #[must_use]
    pub fn of_grid(grid: &Grid) -> Self {
        let lists = [
            (grid.losses.len(), Self::Loss),
            (grid.windows.len(), Self::Window),
            (grid.delays.len(), Self::Delay),
            (grid.sizes.len(), Self::Size),
        ];
        let varied = lists.into_iter().find(|(length, _)| *length > 1);
        varied.map_or(Self::Loss, |(_, across)| across)
    }
}

impl Grid {
    /// Goodput of these rows, a series for each way the file travelled; the axis of speed
    /// may be logarithmic.
    #[must_use]
    pub fn chart(&self, rows: &[Row], across: Across, is_logarithmic: bool) -> Chart {
        let mut series: Vec<Series> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for row in rows {
            let name = self.name(&row.cell, across);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let of_name = |name: &String| -> Vec<&Row> {
            let is_named = |row: &&Row| self.name(&row.cell, across) == *name;
            rows.iter().filter(is_named).collect()
        };
        for (index, name) in names.iter().enumerate() {
            series.extend(self.formula(index, &of_name(name), across));
        }
        let has_formula = !series.is_empty();
        for (index, name) in names.iter().enumerate() {
            let point = |row: &Row| Point {
                x: across.of(&row.cell),
                y: row.goodput,
                spread: (self.seeds > 1).then_some((row.least, row.most)),
            };
            let rows = of_name(name);
            let look = if rows.iter().any(|row| row.formula.is_some()) {
                Look::marks(index)
            } else {
                Look::measured(index)
            };
            let points = rows.into_iter().map(point).collect();
            let name = name.clone();
            series.push(Series { name, look, points });
        }
        series.extend(real(rows, across));
        let axis = if is_logarithmic {
            Axis::logarithmic("goodput (MB/s)")
        } else {
            Axis::linear("goodput (MB/s)")
        };
        Chart {
            title: format!("Download speed by {}", across.name()),
            notes: self.notes(has_formula),
            x: Axis::linear(across.axis_name()),
            y: axis,
            panels: vec![Panel {
                title: String::new(),
                series,
            }],
        }
    }

    /// The values that identify a row, except that of the horizontal axis.
    fn name(&self, cell: &Cell, across: Across) -> String {
        let mut words = Vec::new();
        if self.arqs.len() > 1 || self.controllers.len() < 2 {
            words.push(cell.arq.to_string());
        }
        if self.controllers.len() > 1 {
            words.push(cell.congestion.to_string());
        }
        if self.windows.len() > 1 && across != Across::Window {
            words.push(format!("window {}", cell.window));
        }
        if self.losses.len() > 1 && across != Across::Loss {
            words.push(format!("loss {}%", cell.loss));
        }
        if self.delays.len() > 1 && across != Across::Delay {
            words.push(format!("{} ms", Across::Delay.of(cell)));
        }
        if self.sizes.len() > 1 && across != Across::Size {
            words.push(format!("{} MB", Across::Size.of(cell)));
        }
        words.join(", ")
    }

    /// The formula's line through the rows of one series.
    fn formula(&self, index: usize, rows: &[&Row], across: Across) -> Option<Series> {
        let (first, last) = (rows.first()?, rows.last()?);
        first.formula?;
        let points: Vec<Point> = if across == Across::Loss {
            let [from, to] = [first.cell.loss, last.cell.loss];
            let place = |step| from + (to - from) * f64::from(step) / f64::from(CURVE);
            let point = |loss| Some(Point::new(loss, first.cell.formula(self, loss)?));
            (0..=CURVE).filter_map(|step| point(place(step))).collect()
        } else {
            let point = |row: &&Row| Some(Point::new(across.of(&row.cell), row.formula?));
            rows.iter().filter_map(point).collect()
        };
        Some(Series {
            name: "formula".to_owned(),
            look: Look::formula(index),
            points,
        })
    }

    fn notes(&self, has_formula: bool) -> Vec<String> {
        let link = if self.link.is_empty() {
            "nothing else"
        } else {
            &self.link
        };
        let mut same = Vec::new();
        if let [size] = self.sizes[..] {
            same.push(size_text(size));
        }
        if let ([arq], true) = (&self.arqs[..], self.controllers.len() > 1) {
            same.push(arq.to_string());
        }
        if let [window] = self.windows[..] {
            same.push(format!("window {window}"));
        }
        if let [loss] = self.losses[..] {
            same.push(format!("loss {loss}%"));
        }
        if let [delay] = self.delays[..] {
            same.push(format!("delay {} ms each way", delay.as_secs_f64() * 1e3));
        }
        same.push(format!("other link words: {link}"));
        let seeds = match self.seeds {
            1 => "seed 1".to_owned(),
            seeds => {
                format!("mean of seeds 1 to {seeds}, strokes from slowest to fastest")
            }
        };
        let formula = if has_formula {
            "; the formula considers lost DATA only"
        } else {
            ""
        };
        vec![same.join(", "), format!("{seeds}{formula}")]
    }
}

/// The results on real sockets: black signs.
fn real(rows: &[Row], across: Across) -> Option<Series> {
    let point = |row: &Row| Some(Point::new(across.of(&row.cell), row.real?));
    let points: Vec<Point> = rows.iter().filter_map(point).collect();
    (!points.is_empty()).then(|| Series {
        name: "real sockets".to_owned(),
        look: Look::mark(INK, Mark::Plus),
        points,
    })
}

impl FromStr for Across {
    type Err = UnknownAcross;

    fn from_str(text: &str) -> Result<Self, UnknownAcross> {
        Self::ALL
            .into_iter()
            .find(|across| across.name() == text)
            .ok_or_else(|| UnknownAcross(text.to_owned()))
    }
}

impl fmt::Display for UnknownAcross {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(
            f,
            "unknown axis {text:?}: choose loss, window, delay or size"
        )
    }
}

impl std::error::Error for UnknownAcross {}
