//! A small painter: shapes with smooth edges on a grid of pixels.
//!
//! A shape is a function that tells how far a point is from its edge (negative inside).
//! A pixel whose middle is half a pixel inside is covered fully, half a pixel outside not
//! at all, and in between in proportion: that is all there is to smooth edges.
//!
//! Source: Quilez, "2D distance functions".

use font8x8::legacy::BASIC_LEGACY;

/// Red, green and blue, 0 to 255 each.
pub(crate) type Colour = [f32; 3];

/// A point or a size. Unit: pixels, from the upper left corner.
pub(crate) type Pair = (f32, f32);

/// A picture being painted.
#[derive(Clone)]
pub(crate) struct Canvas {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pixels: Vec<Colour>,
}

/// A rectangle: upper left corner, size, and how round its corners are.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    pub(crate) at: Pair,
    pub(crate) size: Pair,
    pub(crate) round: f32,
}

impl Canvas {
    pub(crate) fn new(width: u16, height: u16, colour: Colour) -> Self {
        let pixels = vec![colour; usize::from(width) * usize::from(height)];
        Self {
            width,
            height,
            pixels,
        }
    }

    /// Paints every point with `colour` as far as `distance` says that it is inside.
    pub(crate) fn paint(
        &mut self,
        opacity: f32,
        colour: impl Fn(Pair) -> Colour,
        distance: impl Fn(Pair) -> f32,
    ) {
        let width = usize::from(self.width);
        for y in 0..self.height {
            for x in 0..self.width {
                let point = (f32::from(x) + 0.5, f32::from(y) + 0.5);
                let cover = (0.5 - distance(point)).clamp(0.0, 1.0) * opacity;
                if cover > 0.0 {
                    let pixel = &mut self.pixels[usize::from(y) * width + usize::from(x)];
                    *pixel = mix(*pixel, colour(point), cover);
                }
            }
        }
    }

    pub(crate) fn block(&mut self, block: Block, colour: Colour) {
        self.paint(1.0, |_| colour, |point| block.distance(point));
    }

    /// Only the edge of a block, `width` pixels wide.
    pub(crate) fn outline(&mut self, block: Block, width: f32, colour: Colour) {
        let edge = |point| block.distance(point).abs() - width / 2.0;
        self.paint(1.0, |_| colour, edge);
    }

    pub(crate) fn disc(&mut self, middle: Pair, radius: f32, colour: Colour) {
        self.paint(
            1.0,
            |_| colour,
            |point| length(minus(point, middle)) - radius,
        );
    }

    pub(crate) fn line(&mut self, from: Pair, to: Pair, width: f32, colour: Colour) {
        self.paint(
            1.0,
            |_| colour,
            |point| {
                let (along, across) = (minus(to, from), minus(point, from));
                let share = (along.0 * across.0 + along.1 * across.1)
                    / (along.0 * along.0 + along.1 * along.1);
                let share = share.clamp(0.0, 1.0);
                let nearest = (along.0 * share, along.1 * share);
                length(minus(across, nearest)) - width / 2.0
            },
        );
    }

    /// Letters of 8 by 8 points, each `scale` pixels wide; `at` is the upper left corner.
    pub(crate) fn text(&mut self, text: &str, at: Pair, scale: u16, colour: Colour) {
        let side = f32::from(scale);
        let mut corner = at;
        for letter in text.bytes() {
            let rows = BASIC_LEGACY[usize::from(letter.min(127))];
            self.paint(
                1.0,
                |_| colour,
                |point| {
                    let (x, y) = minus(point, corner);
                    let inside = x >= 0.0 && y >= 0.0 && x < 8.0 * side && y < 8.0 * side;
                    let lit = inside && rows[floor(y / side)] >> floor(x / side) & 1 == 1;
                    if lit { -1.0 } else { 1.0 }
                },
            );
            corner.0 += 8.0 * side;
        }
    }

    /// The finished picture: three bytes a pixel, row by row.
    pub(crate) fn to_rgb(&self) -> Vec<u8> {
        self.pixels
            .iter()
            .flatten()
            .map(|&part| byte(part))
            .collect()
    }
}

impl Block {
    /// How far a point is from the edge, negative inside.
    pub(crate) fn distance(&self, point: Pair) -> f32 {
        let half = (self.size.0 / 2.0, self.size.1 / 2.0);
        let middle = (self.at.0 + half.0, self.at.1 + half.1);
        let away = minus(point, middle);
        let x = away.0.abs() - half.0 + self.round;
        let y = away.1.abs() - half.1 + self.round;
        length((x.max(0.0), y.max(0.0))) + x.max(y).min(0.0) - self.round
    }

    /// The same block, `by` pixels smaller on each side.
    pub(crate) fn inset(&self, by: f32) -> Self {
        Self {
            at: (self.at.0 + by, self.at.1 + by),
            size: (self.size.0 - 2.0 * by, self.size.1 - 2.0 * by),
            round: (self.round - by).max(0.0),
        }
    }
}

/// `share` of the way from one colour to another.
pub(crate) fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    [0, 1, 2].map(|part| from[part] + (to[part] - from[part]) * share)
}

/// A colour as web pages write it: `0x3fb984`.
pub(crate) fn hex(colour: u32) -> Colour {
    let [_, red, green, blue] = colour.to_be_bytes();
    [red, green, blue].map(f32::from)
}

pub(crate) fn minus(a: Pair, b: Pair) -> Pair {
    (a.0 - b.0, a.1 - b.1)
}

pub(crate) fn length(pair: Pair) -> f32 {
    (pair.0 * pair.0 + pair.1 * pair.1).sqrt()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "only called for small numbers that are not negative"
)]
fn floor(number: f32) -> usize {
    number as usize
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest u8: below 0 is 0, above 255 is 255"
)]
fn byte(part: f32) -> u8 {
    (part + 0.5) as u8
}
