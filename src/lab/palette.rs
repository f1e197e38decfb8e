//! Colours that people with any kind of colour vision can distinguish.
//!
//! The seven of Okabe and Ito, black, and greys for paper, lines and words. Colour alone
//! never has a meaning: each use adds a sign, a mark or a dash, so that a picture can be
//! read in grey.
//!
//! ```
//! use sash::lab::palette::{BLUE, Colour};
//! assert_eq!(BLUE, Colour { red: 0, green: 114, blue: 178 });
//! assert_eq!(BLUE.to_string(), "#0072b2");
//! ```
//!
//! Source: M. Okabe and K. Ito, Color Universal Design (2008).

use std::fmt;

/// One colour; each part from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

/// Okabe and Ito's orange.
pub const ORANGE: Colour = Colour::new(230, 159, 0);
/// Okabe and Ito's sky blue.
pub const SKY: Colour = Colour::new(86, 180, 233);
/// Okabe and Ito's bluish green.
pub const GREEN: Colour = Colour::new(0, 158, 115);
/// Okabe and Ito's yellow: for areas, too light for lines.
pub const YELLOW: Colour = Colour::new(240, 228, 66);
/// Okabe and Ito's blue.
pub const BLUE: Colour = Colour::new(0, 114, 178);
/// Okabe and Ito's vermillion.
pub const VERMILLION: Colour = Colour::new(213, 94, 0);
/// Okabe and Ito's reddish purple.
pub const PURPLE: Colour = Colour::new(204, 121, 167);

/// Words on a coloured area, which is the same on every paper.
pub const BLACK: Colour = Colour::new(0, 0, 0);
/// Words and axes.
pub const INK: Colour = Colour::new(34, 34, 34);
/// Less important text: units, notes.
pub const SOFT_INK: Colour = Colour::new(95, 95, 95);
/// Lines behind measured values.
pub const GRID: Colour = Colour::new(217, 217, 217);
/// Areas without events.
pub const PALE: Colour = Colour::new(240, 240, 240);
/// The background.
pub const PAPER: Colour = Colour::new(255, 255, 255);

/// The colours of series in a chart, in the order in which they are given out.
pub const SERIES: [Colour; 6] = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY];

/// The background of a picture. Files are white; a window may be dark, or shown to a
/// hall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Paper {
    /// As in files.
    #[default]
    White,
    /// For a dark theme: dark colours become light.
    Dark,
    /// For the last row of a hall: full contrast.
    Projector,
}

impl Paper {
    /// The paper itself.
    #[must_use]
    pub const fn ground(self) -> Colour {
        self.shown(PAPER)
    }

    /// The colour on this background for a colour on white.
    ///
    /// Okabe and Ito's colours stay if they are visible on both; colours that are too
    /// dark for a dark background are lighter there, in the same hue.
    #[must_use]
    pub const fn shown(self, colour: Colour) -> Colour {
        match self {
            Self::White => colour,
            Self::Dark => on_dark(colour),
            Self::Projector => on_projector(colour),
        }
    }
}

const fn on_dark(colour: Colour) -> Colour {
    match colour {
        PAPER => Colour::new(19, 24, 31),
        INK => Colour::new(232, 236, 242),
        SOFT_INK => Colour::new(168, 178, 192),
        GRID => Colour::new(72, 80, 92),
        PALE => Colour::new(43, 51, 63),
        BLUE => Colour::new(77, 163, 224),
        GREEN => Colour::new(24, 178, 134),
        VERMILLION => Colour::new(240, 120, 50),
        seen => seen,
    }
}

const fn on_projector(colour: Colour) -> Colour {
    match colour {
        INK | SOFT_INK => BLACK,
        GRID => Colour::new(150, 150, 150),
        PALE => Colour::new(222, 222, 222),
        BLUE => Colour::new(0, 90, 150),
        GREEN => Colour::new(0, 122, 88),
        VERMILLION => Colour::new(190, 74, 0),
        seen => seen,
    }
}

impl Colour {
    /// From its three parts.
    #[must_use]
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// The contrast of two colours: 1 (none) to 21 (black on white).
    ///
    /// Source: WCAG 2.2, "contrast ratio".
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The relative luminance: 0 (black) to 1 (white).
    ///
    /// Source: WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let share = f64::from(part) / 255.0;
            if share <= 0.040_45 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.red)
            + 0.7152 * linear(self.green)
            + 0.0722 * linear(self.blue)
    }
}

/// As SVG and HTML write it: `#0072b2`.
impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { red, green, blue } = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contrast_ratio_matches_the_wcag_values_of_black_grey_and_white() {
        let black = Colour::new(0, 0, 0);
        assert!((black.contrast(PAPER) - 21.0).abs() < 1e-9);
        let grey = Colour::new(0x76, 0x76, 0x76);
        assert!((grey.contrast(PAPER) - 4.54).abs() < 0.01);
        assert!((grey.contrast(grey) - 1.0).abs() < 1e-9);
    }
}
