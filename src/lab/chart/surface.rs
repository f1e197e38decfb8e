//! The surface on which `plotters` draws if no file is written: a [`Picture`].
//!
//! Lines, areas and words go over as they are; a polygon goes over in triangles, which is
//! right for the convex ones that marks are made of.

use crate::lab::palette::Colour;
use crate::lab::picture::{
    Anchor, Area, Disc, Line, Picture, Point, Stroke, Triangle, Words,
};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend,
    DrawingErrorKind, FontStyle, FontTransform,
};
use std::io;

/// A picture that plotters adds to.
pub(super) struct Surface<'a> {
    picture: &'a mut Picture,
    size: (u32, u32),
}

type Drawn = Result<(), DrawingErrorKind<io::Error>>;

/// plotters writes letters smaller by this much than what it is asked for.
pub(super) const FONT_SCALE: f64 = 1.24;

/// From the top of a line of letters, from its middle and from its foot to the base line,
/// as shares of the letters' size: what SVG's `dy` does for plotters.
const TOP_TO_BASE: f64 = 0.76;
/// See [`TOP_TO_BASE`].
const MIDDLE_TO_BASE: f64 = 0.27;
/// See [`TOP_TO_BASE`].
const FOOT_TO_BASE: f64 = -0.27;

impl<'a> Surface<'a> {
    /// Nothing is drawn yet.
    pub(super) const fn new(picture: &'a mut Picture, size: (u32, u32)) -> Self {
        Self { picture, size }
    }

    fn join(&mut self, from: BackendCoord, to: BackendCoord, style: &impl BackendStyle) {
        self.picture.add(Line {
            from: point(from),
            to: point(to),
            colour: colour(style.color()),
            width: f64::from(style.stroke_width()),
            stroke: Stroke::Solid,
        });
    }
}

impl DrawingBackend for Surface<'_> {
    type ErrorType = io::Error;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, place: BackendCoord, color: BackendColor) -> Drawn {
        let Point { x, y } = point(place);
        self.picture.add(Area {
            x,
            y,
            width: 1.0,
            height: 1.0,
            fill: colour(color),
        });
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        if is_seen(style.color()) {
            self.join(from, to, style);
        }
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        lower_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        if !is_seen(style.color()) {
            return Ok(());
        }
        let ((left, top), (right, foot)) = (upper_left, lower_right);
        if fill {
            self.picture.add(Area {
                x: f64::from(left),
                y: f64::from(top),
                width: f64::from(right - left),
                height: f64::from(foot - top),
                fill: colour(style.color()),
            });
            return Ok(());
        }
        let corners = [(left, top), (right, top), (right, foot), (left, foot)];
        self.draw_path(corners.into_iter().chain([(left, top)]), style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        if !is_seen(style.color()) {
            return Ok(());
        }
        let mut before = None;
        for place in path {
            if let Some(before) = before {
                self.join(before, place, style);
            }
            before = Some(place);
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        middle: BackendCoord,
        radius: u32,
        style: &S,
        _fill: bool,
    ) -> Drawn {
        if is_seen(style.color()) {
            self.picture.add(Disc {
                middle: point(middle),
                radius: f64::from(radius),
                fill: colour(style.color()),
            });
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        let corners: Vec<Point> = corners.into_iter().map(point).collect();
        for pair in corners.get(1..).unwrap_or_default().windows(2) {
            self.picture.add(Triangle {
                corners: [corners[0], pair[0], pair[1]],
                fill: colour(style.color()),
            });
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        place: BackendCoord,
    ) -> Drawn {
        if !is_seen(style.color()) {
            return Ok(());
        }
        let size = style.size() / FONT_SCALE;
        let is_upright = matches!(style.transform(), FontTransform::Rotate270);
        let down = size
            * match style.anchor().v_pos {
                VPos::Top => TOP_TO_BASE,
                VPos::Center => MIDDLE_TO_BASE,
                VPos::Bottom => FOOT_TO_BASE,
            };
        let Point { x, y } = point(place);
        let at = if is_upright {
            Point::new(x + down, y)
        } else {
            Point::new(x, y + down)
        };
        self.picture.add(Words {
            at,
            size,
            anchor: match style.anchor().h_pos {
                HPos::Left => Anchor::Start,
                HPos::Center => Anchor::Middle,
                HPos::Right => Anchor::End,
            },
            is_bold: matches!(style.style(), FontStyle::Bold),
            is_upright,
            colour: colour(style.color()),
            text: text.to_owned(),
        });
        Ok(())
    }
}

fn point((x, y): BackendCoord) -> Point {
    Point::new(f64::from(x), f64::from(y))
}

const fn colour(color: BackendColor) -> Colour {
    let (red, green, blue) = color.rgb;
    Colour::new(red, green, blue)
}

fn is_seen(color: BackendColor) -> bool {
    color.alpha > 0.0
}
