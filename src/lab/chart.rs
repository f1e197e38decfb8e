//! A chart: panels of series, drawn as SVG, written as CSV.
//!
//! ```text
//!   Journal --kinds--> Chart --drawing--> SVG
//!   Rows    --sweep-->       --to_csv---> CSV
//! ```
//!
//! A measured series has a colour and a mark of its own, a formula a dashed line: a chart
//! can be read in grey. All panels of a chart share their axes, so that heights compare.
//!
//! It writes no file and knows nothing of what it draws.
//!
//! ```
//! use sash::lab::chart::{Axis, Chart, Look, Panel, Point, Series};
//! let series = Series {
//!     name: "window".to_owned(),
//!     look: Look::measured(0),
//!     points: vec![Point::new(0.0, 10.0), Point::new(1.0, 20.0)],
//! };
//! let chart = Chart {
//!     title: "Window over time".to_owned(),
//!     notes: vec!["link: perfect".to_owned()],
//!     x: Axis::linear("time (s)"),
//!     y: Axis::linear("packets"),
//!     panels: vec![Panel { title: String::new(), series: vec![series] }],
//! };
//! assert!(chart.to_svg().unwrap().starts_with("<svg"));
//! assert_eq!(chart.to_csv(), "panel,series,x,y,low,high\n,window,0,10,,\n,window,1,20,,\n");
//! ```
//!
//! Source: report page `experiments`.

mod drawing;
pub mod kinds;
mod surface;
mod ticks;

use super::palette::{self, Colour};
use super::picture::Picture;
use std::fmt::{self, Write as _};

/// A picture: what is drawn, and the words around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The title.
    pub title: String,
    /// How it was made: scenario, sizes, seeds. One line each.
    pub notes: Vec<String>,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// One, or several beside each other.
    pub panels: Vec<Panel>,
}

/// The quantity of an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The quantity and its unit: `time (s)`.
    pub name: String,
    /// Whether each step multiplies.
    pub is_logarithmic: bool,
}

/// Series that share a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Which run it shows; empty where there is one.
    pub title: String,
    /// Drawn in this order.
    pub series: Vec<Series>,
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// As in the legend.
    pub name: String,
    /// How it is drawn.
    pub look: Look,
    /// From left to right.
    pub points: Vec<Point>,
}

/// One value, and how far its repetitions lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Along the x axis.
    pub x: f64,
    /// Along the y axis.
    pub y: f64,
    /// The lowest and the highest of what `y` is the mean of.
    pub spread: Option<(f64, f64)>,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Its colour, which never says something alone.
    pub colour: Colour,
    /// A sign at each point.
    pub mark: Option<Mark>,
    /// The line between the points.
    pub line: Option<Line>,
}

/// A sign at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// A triangle that points up.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A triangle that points down.
    Wedge,
    /// Two strokes, upright.
    Plus,
    /// Two strokes, aslant.
    Cross,
    /// A small disc, for what there is much of.
    Dot,
}

/// The line between two points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The shortest way.
    Straight,
    /// The value holds until the next one.
    Steps,
    /// The shortest way, dashed: a formula.
    Dashed,
    /// The shortest way, dotted: a bound.
    Dotted,
}

/// Why there is no chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDrawn {
    /// No series has two points.
    TooFew {
        /// The most points that a series has.
        points: usize,
        /// The content that the points would have shown.
        title: String,
    },
    /// The drawing library refused.
    Refused(String),
}

/// Marks for one series after another.
const MARKS: [Mark; 7] = [
    Mark::Circle,
    Mark::Square,
    Mark::Triangle,
    Mark::Diamond,
    Mark::Wedge,
    Mark::Cross,
    Mark::Plus,
];

/// A side of a [`Chart::to_picture`], within reason. Unit: pixels.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels of a screen"
)]
pub const fn whole_pixels(length: f64) -> u32 {
    length.clamp(100.0, 20_000.0) as u32
}

impl Chart {
    /// The picture as SVG.
    ///
    /// # Errors
    /// [`NotDrawn::TooFew`] where no series has two points: that is a number, not a
    /// chart.
    pub fn to_svg(&self) -> Result<String, NotDrawn> {
        self.check()?;
        drawing::svg(self).map_err(|error| NotDrawn::Refused(error.to_string()))
    }

    /// The same as a picture for a window, so wide and so high. Unit: pixels, of which a
    /// letter needs 28.
    ///
    /// # Errors
    /// See [`Chart::to_svg`].
    pub fn to_picture(&self, width: u32, height: u32) -> Result<Picture, NotDrawn> {
        self.check()?;
        drawing::picture(self, (width, height))
            .map_err(|error| NotDrawn::Refused(error.to_string()))
    }

    /// Whether there is anything to join.
    fn check(&self) -> Result<(), NotDrawn> {
        let all = self.panels.iter().flat_map(|panel| &panel.series);
        let points = all.map(|series| series.points.len()).max().unwrap_or(0);
        if points < 2 {
            let title = self.title.clone();
            return Err(NotDrawn::TooFew { points, title });
        }
        Ok(())
    }

    /// The numbers as CSV, a header first.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut csv = "panel,series,x,y,low,high\n".to_owned();
        for panel in &self.panels {
            for series in &panel.series {
                for Point { x, y, spread } in &series.points {
                    let [low, high] = match spread {
                        None => [String::new(), String::new()],
                        Some((low, high)) => [low.to_string(), high.to_string()],
                    };
                    let (title, name) = (&panel.title, &series.name);
                    writeln!(csv, "{title},{name},{x},{y},{low},{high}").expect("memory");
                }
            }
        }
        csv
    }
}

impl Axis {
    /// Each step adds the same.
    #[must_use]
    pub fn linear(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_logarithmic: false,
        }
    }

    /// Each step multiplies by the same.
    #[must_use]
    pub fn logarithmic(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_logarithmic: true,
        }
    }
}

impl Point {
    /// A single value.
    #[must_use]
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y, spread: None }
    }
}

impl Look {
    /// Colour and mark number `index`, joined by a line.
    #[must_use]
    pub const fn measured(index: usize) -> Self {
        let Self { colour, mark, .. } = Self::marks(index);
        let line = Some(Line::Straight);
        Self { colour, mark, line }
    }

    /// Colour and mark number `index`, unjoined.
    #[must_use]
    pub const fn marks(index: usize) -> Self {
        // The seventh series is black.
        let at = index % (palette::SERIES.len() + 1);
        let colour = if at < palette::SERIES.len() {
            palette::SERIES[at]
        } else {
            palette::INK
        };
        Self {
            colour,
            mark: Some(MARKS[index % MARKS.len()]),
            line: None,
        }
    }

    /// The same colour, dashed: the formula for series number `index`.
    #[must_use]
    pub const fn formula(index: usize) -> Self {
        Self {
            mark: None,
            line: Some(Line::Dashed),
            ..Self::marks(index)
        }
    }

    /// A line without marks.
    #[must_use]
    pub const fn line(colour: Colour, line: Line) -> Self {
        Self {
            colour,
            mark: None,
            line: Some(line),
        }
    }

    /// Marks without a line.
    #[must_use]
    pub const fn mark(colour: Colour, mark: Mark) -> Self {
        Self {
            colour,
            mark: Some(mark),
            line: None,
        }
    }
}

/// A size in its largest whole unit, as a flag would have it: `4 MiB`, `1500 bytes`.
#[must_use]
pub fn size_text(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let is_whole =
        |&(shift, _): &(u32, &str)| bytes > 0 && bytes.is_multiple_of(1 << shift);
    match units.into_iter().find(is_whole) {
        Some((shift, unit)) => format!("{} {unit}", bytes >> shift),
        None => format!("{bytes} bytes"),
    }
}

impl fmt::Display for NotDrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew { points, title } => {
                let points = match points {
                    0 => "no point",
                    _ => "only one point",
                };
                write!(f, "{title}: there is {points}, but a chart needs two")
            }
            Self::Refused(why) => write!(f, "cannot draw the chart: {why}"),
        }
    }
}

impl std::error::Error for NotDrawn {}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<Point>) -> Chart {
        let series = Series {
            name: "go-back-n".to_owned(),
            look: Look::measured(1),
            points,
        };
        Chart {
            title: "Goodput".to_owned(),
            notes: vec!["link: loss=5% & more".to_owned()],
            x: Axis::linear("loss (%)"),
            y: Axis::linear("MB/s"),
            panels: vec![Panel {
                title: String::new(),
                series: vec![series],
            }],
        }
    }

    #[test]
    fn fewer_than_two_points_give_an_error_sentence_and_no_chart() {
        let one = chart(vec![Point::new(1.0, 2.0)]).to_svg().unwrap_err();
        let sentence = "Goodput: there is only one point, but a chart needs two";
        assert_eq!(one.to_string(), sentence);
        let none = chart(Vec::new()).to_svg().unwrap_err();
        let sentence = "Goodput: there is no point, but a chart needs two";
        assert_eq!(none.to_string(), sentence);
    }

    #[test]
    fn a_chart_shows_its_title_units_series_and_command() {
        let svg = chart(vec![Point::new(0.0, 2.0), Point::new(5.0, 1.0)])
            .to_svg()
            .unwrap();
        let words = [
            "Goodput",
            "loss (%)",
            "MB/s",
            "go-back-n",
            "loss=5% &amp; more",
        ];
        for word in words {
            assert!(svg.contains(word), "{word} in {svg}");
        }
    }

    #[test]
    fn equal_charts_are_identical_bytes() {
        let points = || vec![Point::new(0.0, 2.0), Point::new(5.0, 1.0)];
        assert_eq!(chart(points()).to_svg(), chart(points()).to_svg());
    }

    #[test]
    fn constant_and_zero_values_can_be_drawn() {
        for y in [0.0, 1e-9, 7.0, 1e12] {
            let mut flat = chart(vec![Point::new(3.0, y), Point::new(3.0, y)]);
            assert!(flat.to_svg().is_ok(), "{y}");
            flat.y.is_logarithmic = true;
            assert!(flat.to_svg().is_ok(), "{y}");
        }
    }

    #[test]
    fn a_size_is_written_in_its_largest_whole_unit() {
        let told = [0, 1_500, 2_048, 3 << 20, 1 << 30].map(size_text);
        assert_eq!(told, ["0 bytes", "1500 bytes", "2 KiB", "3 MiB", "1 GiB"]);
    }

    #[test]
    fn the_csv_lists_the_spread_beside_the_mean() {
        let mut point = Point::new(5.0, 2.0);
        point.spread = Some((1.5, 2.25));
        let csv = chart(vec![point]).to_csv();
        assert!(csv.ends_with("\n,go-back-n,5,2,1.5,2.25\n"), "{csv}");
    }
}
