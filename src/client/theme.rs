//! The themes of the window: light, dark, and projector.
//!
//! ```text
//! light      dark letters on paper          at a desk, by day
//! dark       light letters on night blue    at a desk, by night
//! projector  black on white, larger         a wall that a class looks at
//! ```
//!
//! A theme is a table of colours by their use; no widget names a colour. Text has a
//! contrast of at least 4.5 to 1, and 7 to 1 in the theme `projector`, as a test
//! measures.
//!
//! ```
//! use sash::client::theme::Theme;
//! assert_eq!("dark".parse(), Ok(Theme::Dark));
//! let colours = Theme::Dark.colours();
//! assert!(colours.ink.contrast(colours.page) > 7.0);
//! ```
//!
//! Source: WCAG 2.2, success criteria 1.4.3 and 1.4.6.

use super::model::NAME_COLOURS;
use crate::lab::palette::Colour;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A theme.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// Dark letters on a light background.
    #[default]
    Light,
    /// Light letters on dark blue.
    Dark,
    /// Black on white, and everything larger.
    Projector,
}

/// The colours of a theme, by their use.
#[derive(Debug, Clone, Copy)]
pub struct Colours {
    /// The background of the window.
    pub paper: Colour,
    /// The background of lists and fields.
    pub page: Colour,
    /// The text.
    pub ink: Colour,
    /// Less important text.
    pub faded: Colour,
    /// Lines around lists and fields.
    pub line: Colour,
    /// The main button, and progress.
    pub accent: Colour,
    /// The same, pressed.
    pub accent_pressed: Colour,
    /// The selected row of a list.
    pub chosen: Colour,
    /// Failures.
    pub wrong: Colour,
    /// Success.
    pub well: Colour,
    /// The background of an open question.
    pub asking: Colour,
    /// Direct messages.
    pub whisper: Colour,
    /// Users' names.
    pub users: [Colour; NAME_COLOURS],
}

/// The error for an unknown name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownTheme(String);

impl Theme {
    /// All themes, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::Projector];

    /// Its name for flags and the menu, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Projector => "projector",
        }
    }

    /// The zoom of this theme.
    #[must_use]
    pub const fn zoom(self) -> f32 {
        match self {
            Self::Light | Self::Dark => 1.0,
            Self::Projector => 1.4,
        }
    }

    /// Its colours.
    #[must_use]
    pub const fn colours(self) -> &'static Colours {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
            Self::Projector => &PROJECTOR,
        }
    }
}

impl FromStr for Theme {
    type Err = UnknownTheme;

    fn from_str(text: &str) -> Result<Self, UnknownTheme> {
        let found = Self::ALL.into_iter().find(|theme| theme.name() == text);
        found.ok_or_else(|| UnknownTheme(text.to_owned()))
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for UnknownTheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(
            f,
            "there is no theme {text:?}: choose light, dark or projector"
        )
    }
}

impl std::error::Error for UnknownTheme {}

const LIGHT: Colours = Colours {
    paper: hex(0xEE_F1F6),
    page: hex(0xFF_FFFF),
    ink: hex(0x1E_2633),
    faded: hex(0x5A_6675),
    line: hex(0xC3_CCD8),
    accent: hex(0x1F_6FC9),
    accent_pressed: hex(0x17_569C),
    chosen: hex(0xD3_E4F8),
    wrong: hex(0xB4_2318),
    well: hex(0x1B_7F4B),
    asking: hex(0xFF_F1CC),
    whisper: hex(0x7A_2EA0),
    users: [
        hex(0x1F_5FB8),
        hex(0xB3_3900),
        hex(0x1B_7A3D),
        hex(0x9C_1F6E),
        hex(0x00_7380),
        hex(0x8A_5A00),
        hex(0x5B_3FC4),
        hex(0xA8_1E2E),
        hex(0x4D_6B00),
        hex(0x7A_4A2E),
        hex(0x2F_4E7E),
        hex(0xB0_2AB8),
    ],
};

const DARK: Colours = Colours {
    paper: hex(0x1D_232C),
    page: hex(0x13_181F),
    ink: hex(0xE4_E9F0),
    faded: hex(0x9D_A9B8),
    line: hex(0x3C_4757),
    accent: hex(0x6F_B1FF),
    accent_pressed: hex(0x4F_97EC),
    chosen: hex(0x27_425F),
    wrong: hex(0xFF_8A80),
    well: hex(0x5F_D38D),
    asking: hex(0x4A_3B12),
    whisper: hex(0xD7_A6FF),
    users: [
        hex(0x7F_B5FF),
        hex(0xFF_9B66),
        hex(0x6F_D896),
        hex(0xFF_8FCB),
        hex(0x5F_D4E0),
        hex(0xE6_B84F),
        hex(0xB4_A1FF),
        hex(0xFF_8E9B),
        hex(0xB3_D25A),
        hex(0xD9_A98A),
        hex(0x9F_BDE8),
        hex(0xF0_8CF5),
    ],
};

const PROJECTOR: Colours = Colours {
    paper: hex(0xF2_F2F2),
    page: hex(0xFF_FFFF),
    ink: hex(0x00_0000),
    faded: hex(0x3A_3A3A),
    line: hex(0x6B_6B6B),
    accent: hex(0x00_3E8A),
    accent_pressed: hex(0x00_2A5E),
    chosen: hex(0xFF_E680),
    wrong: hex(0x8F_0000),
    well: hex(0x00_5226),
    asking: hex(0xFF_E680),
    whisper: hex(0x59_0080),
    users: [
        hex(0x00_3E8A),
        hex(0x7A_2600),
        hex(0x00_5226),
        hex(0x73_0A4D),
        hex(0x00_4E57),
        hex(0x5C_3B00),
        hex(0x3E_2399),
        hex(0x7D_0A18),
        hex(0x34_4900),
        hex(0x57_301A),
        hex(0x1E_3760),
        hex(0x78_0E80),
    ],
};

#[expect(clippy::cast_possible_truncation, reason = "its lowest byte is meant")]
const fn hex(colour: u32) -> Colour {
    Colour::new((colour >> 16) as u8, (colour >> 8) as u8, colour as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of text and background colours in the window.
    fn pairs(colours: &Colours) -> Vec<(Colour, Colour)> {
        let words = [
            colours.ink,
            colours.faded,
            colours.wrong,
            colours.well,
            colours.whisper,
            colours.accent,
        ];
        let on_page = words.into_iter().chain(colours.users);
        let mut pairs: Vec<_> = on_page.map(|word| (word, colours.page)).collect();
        pairs.extend([
            (colours.ink, colours.paper),
            (colours.faded, colours.paper),
            (colours.ink, colours.chosen),
            (colours.ink, colours.asking),
            (colours.page, colours.accent),
        ]);
        pairs
    }

    #[test]
    fn every_text_colour_has_enough_contrast_with_its_background() {
        for theme in Theme::ALL {
            let least = if theme == Theme::Projector { 7.0 } else { 4.5 };
            for (word, behind) in pairs(theme.colours()) {
                let contrast = word.contrast(behind);
                assert!(
                    contrast >= least,
                    "{theme}: {word} on {behind}: {contrast:.2}"
                );
            }
        }
    }

    #[test]
    fn no_two_users_share_a_colour() {
        for theme in Theme::ALL {
            let users = theme.colours().users;
            for (place, colour) in users.iter().enumerate() {
                assert!(!users[..place].contains(colour), "{theme}: {colour}");
            }
        }
    }

    #[test]
    fn every_theme_is_found_by_its_name_and_an_unknown_name_is_an_error() {
        for theme in Theme::ALL {
            assert_eq!(theme.name().parse(), Ok(theme));
        }
        let sentence = "there is no theme \"pink\": choose light, dark or projector";
        assert_eq!("pink".parse::<Theme>().unwrap_err().to_string(), sentence);
    }
}
