//! A picture on the screen: FLTK draws the shapes that `svg()` would write.
//!
//! Only the picture is kept between two drawings; an offscreen copy would be blurred in a
//! zoomed window.

use super::super::look;
use fltk::draw;
use fltk::draw::LineStyle;
use fltk::enums::{Color, Font, FrameType};
use fltk::frame::Frame;
use fltk::prelude::*;
use sash::lab::palette::{BLACK, Colour, Paper};
use sash::lab::picture::{
    Anchor, Area, Disc, Line, Picture, Point, Shape, Stroke, Triangle, Words,
};
use std::cell::RefCell;
use std::rc::Rc;

/// A widget that shows a picture.
#[derive(Clone)]
pub(super) struct Canvas {
    frame: Frame,
    shown: Rc<RefCell<Option<Shown>>>,
}

struct Shown {
    picture: Picture,
    paper: Paper,
    scale: f64,
}

impl Canvas {
    /// An empty one, in the group that is being built.
    pub(super) fn new() -> Self {
        let mut frame = Frame::default();
        frame.set_frame(FrameType::FlatBox);
        frame.set_color(look::PAGE);
        let shown: Rc<RefCell<Option<Shown>>> = Rc::default();
        let drawn = Rc::clone(&shown);
        frame.draw(move |frame| {
            if let Some(shown) = &*drawn.borrow() {
                let place = Place {
                    x: frame.x(),
                    y: frame.y(),
                    width: frame.w(),
                    height: frame.h(),
                };
                draw_picture(place, &shown.picture, shown.paper, shown.scale);
            }
            if frame.has_focus() {
                draw::set_draw_color(look::ACCENT);
                draw::draw_rect(frame.x(), frame.y(), frame.w(), frame.h());
            }
        });
        Self { frame, shown }
    }

    /// The widget, for the layout and for the mouse.
    pub(super) fn widget(&mut self) -> &mut Frame {
        &mut self.frame
    }

    /// How wide and how high it is. Unit: pixels.
    pub(super) fn size(&self) -> (f64, f64) {
        (f64::from(self.frame.w()), f64::from(self.frame.h()))
    }

    /// Shows another picture; one unit of length is this many pixels.
    pub(super) fn show(&mut self, picture: Picture, paper: Paper, scale: f64) {
        let new = Shown {
            picture: picture.on(paper),
            paper,
            scale,
        };
        if self.shown.borrow().as_ref().is_some_and(|it| it.is(&new)) {
            return; // Unchanged parts are not drawn again.
        }
        self.shown.replace(Some(new));
        self.frame.redraw();
    }

    /// Shows nothing.
    pub(super) fn clear(&mut self) {
        if self.shown.take().is_some() {
            self.frame.redraw();
        }
    }

    /// A place in the window as a place on the picture.
    pub(super) fn place(&self, (x, y): (i32, i32)) -> Point {
        let scale = self
            .shown
            .borrow()
            .as_ref()
            .map_or(1.0, |shown| shown.scale);
        let (x, y) = (x - self.frame.x(), y - self.frame.y());
        Point::new(f64::from(x) / scale, f64::from(y) / scale)
    }
}

impl Shown {
    fn is(&self, other: &Self) -> bool {
        let is_as_large = self.scale.to_bits() == other.scale.to_bits();
        is_as_large && self.paper == other.paper && self.picture == other.picture
    }
}

/// From lengths of a picture to pixels of the window.
struct Scaling {
    left: f64,
    top: f64,
    scale: f64,
}

/// A part of the window. Unit: pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// Draws a picture in the colours of its paper; one unit of length is `scale` pixels.
pub(super) fn draw_picture(place: Place, picture: &Picture, paper: Paper, scale: f64) {
    let Place {
        x,
        y,
        width,
        height,
    } = place;
    let scaling = Scaling {
        left: f64::from(x),
        top: f64::from(y),
        scale,
    };
    draw::push_clip(x, y, width, height);
    draw::draw_rect_fill(x, y, width, height, color(paper.ground()));
    for shape in &picture.shapes {
        match shape {
            Shape::Area(area) => scaling.area(area),
            Shape::Line(line) => scaling.line(line),
            Shape::Triangle(triangle) => scaling.triangle(triangle),
            Shape::Disc(disc) => scaling.disc(disc),
            Shape::Words(words) => scaling.words(words),
        }
    }
    draw::set_line_style(LineStyle::Solid, 0);
    draw::pop_clip();
}

impl Scaling {
    fn area(&self, area: &Area) {
        let (left, top) = self.pixel(Point::new(area.x, area.y));
        let (right, foot) =
            self.pixel(Point::new(area.x + area.width, area.y + area.height));
        // Objects smaller than a pixel are still visible.
        let (width, height) = ((right - left).max(1), (foot - top).max(1));
        draw::draw_rect_fill(left, top, width, height, color(area.fill));
    }

    fn line(&self, line: &Line) {
        let style = match line.stroke {
            Stroke::Solid => LineStyle::Solid,
            Stroke::Dashed => LineStyle::Dash,
            Stroke::Dotted => LineStyle::Dot,
        };
        draw::set_draw_color(color(line.colour));
        draw::set_line_style(style, rounded(line.width * self.scale).max(1));
        let ((x1, y1), (x2, y2)) = (self.pixel(line.from), self.pixel(line.to));
        draw::draw_line(x1, y1, x2, y2);
    }

    fn triangle(&self, triangle: &Triangle) {
        let [a, b, c] = triangle.corners.map(|corner| self.pixel(corner));
        draw::set_draw_color(color(triangle.fill));
        draw::draw_polygon(a.0, a.1, b.0, b.1, c.0, c.1);
    }

    fn disc(&self, disc: &Disc) {
        let radius = (disc.radius * self.scale).max(1.0);
        let (x, y) = self.pixel(disc.middle);
        let size = rounded(2.0 * radius).max(2);
        draw::set_draw_color(color(disc.fill));
        draw::draw_pie(x - size / 2, y - size / 2, size, size, 0.0, 360.0);
    }

    fn words(&self, words: &Words) {
        let font = if words.is_bold {
            Font::HelveticaBold
        } else {
            Font::Helvetica
        };
        draw::set_font(font, rounded(words.size * self.scale).max(1));
        draw::set_draw_color(color(words.colour));
        let before = match words.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => draw::width(&words.text) / 2.0,
            Anchor::End => draw::width(&words.text),
        };
        let (x, y) = self.pixel(words.at);
        if words.is_upright {
            draw::draw_text_angled(90, &words.text, x, y + rounded(before));
        } else {
            draw::draw_text(&words.text, x - rounded(before), y);
        }
    }

    fn pixel(&self, at: Point) -> (i32, i32) {
        (
            rounded(self.left + at.x * self.scale),
            rounded(self.top + at.y * self.scale),
        )
    }
}

/// Zero in all three would be a place in FLTK's table of colours: that of the letters.
const fn color(colour: Colour) -> Color {
    match colour {
        BLACK => Color::Black,
        Colour { red, green, blue } => Color::from_rgb(red, green, blue),
    }
}

/// The nearest pixel; what is far outside stays where X11 can count to.
#[expect(clippy::cast_possible_truncation, reason = "held within 16 bits")]
fn rounded(length: f64) -> i32 {
    const FAR: f64 = 30_000.0;
    length.round().clamp(-FAR, FAR) as i32
}
