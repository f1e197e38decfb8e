//! A drawing for any surface: areas, lines and text with their places.
//!
//! The strip, the ladder, the race and, in a window, the charts draw one of these.
//! [`Picture::svg`] writes it as an SVG file; a window draws the same shapes. Therefore
//! both show the same picture.
//!
//! ```text
//!   journal --> strip, ladder, race --> Picture --> svg(): a file
//!                                              '--> on a Paper: a window
//! ```
//!
//! It does not measure letters: a caller reserves [`LETTER`] of their size for each.
//!
//! ```
//! use sash::lab::palette::BLUE;
//! use sash::lab::picture::{Area, Picture, Shape};
//! let mut picture = Picture::new(100.0, 50.0, "a blue corner");
//! picture.add(Area { x: 0.0, y: 0.0, width: 10.0, height: 10.0, fill: BLUE });
//! assert_eq!(picture.shapes.len(), 1);
//! assert!(picture.svg().contains("<rect x=\"0.0\" y=\"0.0\" width=\"10.0\""));
//! ```
//!
//! Source: SVG 1.1 (W3C), chapters 8 to 11.

use super::palette::{Colour, PAPER, Paper};
use std::fmt::Write as _;

/// A drawing; its origin is the upper left corner. Unit of every length: pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// How wide.
    pub width: f64,
    /// How high.
    pub height: f64,
    /// A description for readers who cannot see it.
    pub title: String,
    /// The shapes, later ones over earlier ones.
    pub shapes: Vec<Shape>,
}

/// One shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A filled rectangle.
    Area(Area),
    /// A straight line.
    Line(Line),
    /// A filled triangle.
    Triangle(Triangle),
    /// A filled disc.
    Disc(Disc),
    /// A line of text.
    Words(Words),
}

/// A filled rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// How wide.
    pub width: f64,
    /// How high.
    pub height: f64,
    /// Its colour.
    pub fill: Colour,
}

/// A straight line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Where it begins.
    pub from: Point,
    /// Where it ends.
    pub to: Point,
    /// Its colour.
    pub colour: Colour,
    /// How thick.
    pub width: f64,
    /// Whether whole or in pieces.
    pub stroke: Stroke,
}

/// A place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From above.
    pub y: f64,
}

/// Whether a line is whole or in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// Whole.
    Solid,
    /// Long pieces.
    Dashed,
    /// Short pieces.
    Dotted,
}

/// A filled triangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Triangle {
    /// Its corners.
    pub corners: [Point; 3],
    /// Its colour.
    pub fill: Colour,
}

/// A filled disc.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Disc {
    /// Its middle.
    pub middle: Point,
    /// From the middle to the edge.
    pub radius: f64,
    /// Its colour.
    pub fill: Colour,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    /// Where the text begins, has its middle or ends: see `anchor`.
    pub at: Point,
    /// The letters' size.
    pub size: f64,
    /// Which part of the text is at `at`; `at.y` is the base line.
    pub anchor: Anchor,
    /// Whether the letters are thick.
    pub is_bold: bool,
    /// Whether it is read from below upwards.
    pub is_upright: bool,
    /// Its colour.
    pub colour: Colour,
    /// The text.
    pub text: String,
}

/// The part of a text that is at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// The space for one letter, as a share of the letters' size: more than a usual sans
/// serif needs on average.
pub const LETTER: f64 = 0.6;

/// Fonts that are available everywhere.
const FONTS: &str = "DejaVu Sans, Helvetica, Arial, sans-serif";

impl Picture {
    /// An empty picture.
    #[must_use]
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        Self {
            width,
            height,
            title: title.to_owned(),
            shapes: Vec::new(),
        }
    }

    /// Draws one thing more, over all the others.
    pub fn add(&mut self, shape: impl Into<Shape>) {
        self.shapes.push(shape.into());
    }

    /// Draws another picture, its upper left corner here.
    pub fn put(&mut self, other: Self, corner: Point) {
        let move_to = |at: &mut Point| {
            at.x += corner.x;
            at.y += corner.y;
        };
        for mut shape in other.shapes {
            match &mut shape {
                Shape::Area(area) => {
                    area.x += corner.x;
                    area.y += corner.y;
                }
                Shape::Line(line) => {
                    move_to(&mut line.from);
                    move_to(&mut line.to);
                }
                Shape::Triangle(triangle) => {
                    triangle.corners.iter_mut().for_each(move_to);
                }
                Shape::Disc(disc) => move_to(&mut disc.middle),
                Shape::Words(words) => move_to(&mut words.at),
            }
            self.shapes.push(shape);
        }
    }

    /// Adds a frame with these corners: the upper left one and the lower right one.
    pub fn add_frame(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour) {
        let ((left, top), (right, foot)) = (from, to);
        let corners = [(left, top), (right, top), (right, foot), (left, foot)];
        let corners = corners.map(|(x, y)| Point::new(x, y));
        for (place, corner) in corners.into_iter().enumerate() {
            self.add(Line {
                width: 2.0,
                ..Line::new(corner, corners[(place + 1) % corners.len()], colour)
            });
        }
    }

    /// Draws an arrow's head at the end of this line.
    pub fn add_head(&mut self, line: &Line) {
        const LENGTH: f64 = 9.0;
        const HALF_WIDTH: f64 = 3.5;
        let Line { from, to, .. } = *line;
        let (across, down) = (to.x - from.x, to.y - from.y);
        let length = (across * across + down * down).sqrt();
        if length == 0.0 {
            return;
        }
        let (across, down) = (across / length, down / length);
        let neck = Point::new(to.x - across * LENGTH, to.y - down * LENGTH);
        let (aside, along) = (down * HALF_WIDTH, across * HALF_WIDTH);
        self.add(Triangle {
            corners: [
                to,
                Point::new(neck.x - aside, neck.y + along),
                Point::new(neck.x + aside, neck.y - along),
            ],
            fill: line.colour,
        });
    }

    /// The same drawing for another paper.
    #[must_use]
    pub fn on(mut self, paper: Paper) -> Self {
        if paper == Paper::White {
            return self;
        }
        for shape in &mut self.shapes {
            let colour = match shape {
                Shape::Area(area) => &mut area.fill,
                Shape::Line(line) => &mut line.colour,
                Shape::Triangle(triangle) => &mut triangle.fill,
                Shape::Disc(disc) => &mut disc.fill,
                Shape::Words(words) => &mut words.colour,
            };
            *colour = paper.shown(*colour);
        }
        self
    }

    /// As an SVG file. The same picture gives the same bytes everywhere.
    #[must_use]
    pub fn svg(&self) -> String {
        self.svg_over(PAPER)
    }

    /// The same on this paper.
    #[must_use]
    pub fn svg_on(self, paper: Paper) -> String {
        self.on(paper).svg_over(paper.ground())
    }

    fn svg_over(&self, ground: Colour) -> String {
        let (width, height) = (number(self.width), number(self.height));
        let title = escaped(&self.title);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             font-family=\"{FONTS}\">\n<title>{title}</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"{ground}\"/>\n"
        );
        for shape in &self.shapes {
            let _ = match shape {
                Shape::Area(area) => writeln!(svg, "{}", area_svg(area)),
                Shape::Line(line) => writeln!(svg, "{}", line_svg(line)),
                Shape::Triangle(triangle) => writeln!(svg, "{}", triangle_svg(triangle)),
                Shape::Disc(disc) => writeln!(svg, "{}", disc_svg(disc)),
                Shape::Words(words) => writeln!(svg, "{}", words_svg(words)),
            };
        }
        svg.push_str("</svg>\n");
        svg
    }
}

impl Point {
    /// The distance from the left and from the top.
    #[must_use]
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }
}

impl Words {
    /// Plain words that begin here.
    #[must_use]
    pub fn new(at: Point, size: f64, text: impl Into<String>) -> Self {
        Self {
            at,
            size,
            anchor: Anchor::Start,
            is_bold: false,
            is_upright: false,
            colour: super::palette::INK,
            text: text.into(),
        }
    }

    /// The same, in another colour.
    #[must_use]
    pub fn coloured(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    /// The same, with this part of it at its place.
    #[must_use]
    pub fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// The same, in thick letters.
    #[must_use]
    pub fn bold(self) -> Self {
        let is_bold = true;
        Self { is_bold, ..self }
    }
}

impl Line {
    /// A whole line of this colour, one and a half pixels thick.
    #[must_use]
    pub const fn new(from: Point, to: Point, colour: Colour) -> Self {
        Self {
            from,
            to,
            colour,
            width: 1.5,
            stroke: Stroke::Solid,
        }
    }
}

impl From<Area> for Shape {
    fn from(area: Area) -> Self {
        Self::Area(area)
    }
}

impl From<Line> for Shape {
    fn from(line: Line) -> Self {
        Self::Line(line)
    }
}

impl From<Triangle> for Shape {
    fn from(triangle: Triangle) -> Self {
        Self::Triangle(triangle)
    }
}

impl From<Disc> for Shape {
    fn from(disc: Disc) -> Self {
        Self::Disc(disc)
    }
}

impl From<Words> for Shape {
    fn from(words: Words) -> Self {
        Self::Words(words)
    }
}

fn area_svg(area: &Area) -> String {
    let [x, y, width, height] = [area.x, area.y, area.width, area.height].map(number);
    let fill = area.fill;
    format!(
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>"
    )
}

fn line_svg(line: &Line) -> String {
    let Line {
        from, to, colour, ..
    } = line;
    let [x1, y1, x2, y2, width] = [from.x, from.y, to.x, to.y, line.width].map(number);
    let dashes = match line.stroke {
        Stroke::Solid => "",
        Stroke::Dashed => " stroke-dasharray=\"7 4\"",
        Stroke::Dotted => " stroke-dasharray=\"2 3\"",
    };
    format!(
        "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{colour}\" \
         stroke-width=\"{width}\"{dashes}/>"
    )
}

fn triangle_svg(triangle: &Triangle) -> String {
    let [a, b, c] = triangle
        .corners
        .map(|corner| format!("{},{}", number(corner.x), number(corner.y)));
    let fill = triangle.fill;
    format!("<polygon points=\"{a} {b} {c}\" fill=\"{fill}\"/>")
}

fn disc_svg(disc: &Disc) -> String {
    let [x, y, radius] = [disc.middle.x, disc.middle.y, disc.radius].map(number);
    let fill = disc.fill;
    format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"/>")
}

fn words_svg(words: &Words) -> String {
    let [x, y, size] = [words.at.x, words.at.y, words.size].map(number);
    let anchor = match words.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let weight = if words.is_bold {
        " font-weight=\"bold\""
    } else {
        ""
    };
    let turn = if words.is_upright {
        format!(" transform=\"rotate(-90 {x} {y})\"")
    } else {
        String::new()
    };
    let (fill, text) = (words.colour, escaped(&words.text));
    format!(
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor}{weight}{turn} fill=\"{fill}\">\
         {text}</text>"
    )
}

/// One decimal, and no `-0.0`.
fn number(value: f64) -> String {
    format!("{:.1}", (value * 10.0).round() / 10.0 + 0.0)
}

/// Escapes characters that are special in XML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::palette::{BLUE, INK};

    #[test]
    fn a_dark_background_changes_every_colour_and_a_white_one_none() {
        let mut picture = Picture::new(10.0, 10.0, "");
        picture.add(Words::new(Point::new(0.0, 9.0), 8.0, "x"));
        picture.add(Disc {
            middle: Point::new(5.0, 5.0),
            radius: 2.0,
            fill: BLUE,
        });
        assert_eq!(picture.clone().on(Paper::White), picture);
        let dark = picture.clone().on(Paper::Dark);
        assert_eq!(dark.shapes.len(), picture.shapes.len());
        assert!(dark.shapes.iter().zip(&picture.shapes).all(|(a, b)| a != b));
    }

    #[test]
    fn upright_text_is_rotated_around_its_position() {
        let mut picture = Picture::new(10.0, 10.0, "");
        let words = Words::new(Point::new(2.0, 9.0), 8.0, "x");
        picture.add(Words {
            is_upright: true,
            ..words
        });
        let svg = picture.svg();
        assert!(svg.contains(" transform=\"rotate(-90 2.0 9.0)\""), "{svg}");
    }

    #[test]
    fn special_characters_of_xml_are_escaped() {
        let mut picture = Picture::new(10.0, 10.0, "a<b");
        picture.add(Words::new(Point::new(0.0, 9.0), 8.0, "x\u{1}<&>\""));
        let svg = picture.svg();
        assert!(svg.contains("<title>a&lt;b</title>"), "{svg}");
        assert!(
            svg.contains(">x\u{fffd}&lt;&amp;&gt;&quot;</text>"),
            "{svg}"
        );
    }

    #[test]
    fn a_number_has_one_decimal_place_and_zero_has_no_minus_sign() {
        assert_eq!(number(-0.04), "0.0");
        assert_eq!(number(1.0 / 3.0), "0.3");
        assert_eq!(number(-2.25), "-2.3");
    }

    #[test]
    fn an_arrow_of_zero_length_has_no_head() {
        let mut picture = Picture::new(10.0, 10.0, "");
        let here = Point::new(1.0, 1.0);
        picture.add_head(&Line::new(here, here, INK));
        assert!(picture.shapes.is_empty());
        picture.add_head(&Line::new(here, Point::new(21.0, 1.0), INK));
        let Shape::Triangle(head) = &picture.shapes[0] else {
            panic!("{picture:?}");
        };
        assert_eq!(head.corners[1], Point::new(12.0, 4.5));
    }
}
