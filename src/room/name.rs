//! The rules for names in the room, and the comparison of names that look alike.
//!
//! People trust the name before a line. Therefore a name is one visible word, and a new
//! user may not look like one who has joined: not by case (`Dana`), not by another form
//! of the same letters (`ｄana`), not by letters of another alphabet (`dаna`, whose second
//! letter is Cyrillic).
//!
//! ```text
//! as typed --NFC--> shown
//!          --NFKC, lower case--> folded: finds the receiver of /whisper
//!          --NFKC, (lower case,) confusable skeleton--> looks: what must differ
//! ```
//!
//! It does not restrict alphabets: Hebrew, Arabic and most emoji are good names. An emoji
//! that is glued together by an invisible joiner is not.
//!
//! ```
//! use sash::room::name::Name;
//! let dana: Name = "dana".parse().unwrap();
//! assert!(dana.passes_for(&"DANA".parse().unwrap()));
//! assert!("two words".parse::<Name>().is_err());
//! ```
//!
//! Source: UAX #15 (NFC, NFKC), UTS #39 §4 (confusable skeleton).

use std::fmt;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::skeleton;

/// A name that keeps the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    shown: String,
    folded: String,
    looks: [String; 2],
}

/// Longest name. Unit: Unicode scalar values after NFC, so a letter with its accent is
/// one where Unicode knows the pair, and a Hebrew point counts by itself.
pub const LONGEST_NAME: usize = 24;

/// Longest compatible form (NFKC) of a name: one letter may become eighteen (U+FDFA), and
/// to compare 24 of these takes a thousand times as long as to send them. Unit: Unicode
/// scalar values.
const LONGEST_COMPATIBLE: usize = 2 * LONGEST_NAME;

/// The part of an invalid name that is used for a suggestion. Unit: Unicode scalar
/// values.
const LONGEST_CLEANED: usize = 256;

/// The number of suffixes tried for a suggestion: one comparison may take a tenth of a
/// millisecond, and the whole room waits meanwhile.
const MOST_TRIED: u32 = 32;

/// Reserved names: the "all" of the field To, and the name for notices of the server.
const RESERVED: [&str; 2] = ["all", "server"];

impl Name {
    /// The name as users see it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// Whether both are the same word, except for case and typographic form.
    #[must_use]
    pub fn is_same_word(&self, other: &Self) -> bool {
        self.folded == other.folded
    }

    /// Whether a person could confuse the two names.
    #[must_use]
    pub fn passes_for(&self, other: &Self) -> bool {
        self.looks.iter().zip(&other.looks).any(|(a, b)| a == b)
    }

    /// A free name: this one with a number, from 2 on; `None` if all tried ones are
    /// taken.
    pub fn numbered(&self, is_free: impl Fn(&Self) -> bool) -> Option<Self> {
        let stem = self.shown.trim_end_matches(|c: char| c.is_ascii_digit());
        let stem = if stem.is_empty() { &self.shown } else { stem };
        (2..2 + MOST_TRIED)
            .filter_map(|number: u32| {
                let number = number.to_string();
                let stem = stem.chars().take(LONGEST_NAME - number.len());
                stem.chain(number.chars()).collect::<String>().parse().ok()
            })
            .find(is_free)
    }

    /// The error if it looks like this reserved word.
    fn mistaken_for(&self, word: &'static str) -> Option<NameError> {
        let other = Self::from_checked(word.to_owned());
        if self.is_same_word(&other) {
            return Some(NameError::Reserved(word));
        }
        self.passes_for(&other)
            .then_some(NameError::LooksReserved(word))
    }

    fn from_checked(shown: String) -> Self {
        let compatible: String = shown.nfkc().collect();
        let folded: String = compatible.to_lowercase().nfkc().collect();
        let looks = [&compatible, &folded].map(|form| skeleton(form).collect());
        Self {
            shown,
            folded,
            looks,
        }
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let shown: String = text.nfc().take(LONGEST_NAME + 1).collect();
        let Some(first) = shown.chars().next() else {
            return Err(NameError::Empty);
        };
        if let Some(character) = shown.chars().find(|c| !is_visible(*c)) {
            return Err(NameError::Forbidden(character));
        }
        if first == '/' || is_combining_mark(first) {
            return Err(NameError::Start(first));
        }
        if shown.chars().count() > LONGEST_NAME
            || shown.nfkc().nth(LONGEST_COMPATIBLE).is_some()
        {
            return Err(NameError::TooLong);
        }
        let name = Self::from_checked(shown);
        match RESERVED
            .into_iter()
            .find_map(|word| name.mistaken_for(word))
        {
            Some(error) => Err(error),
            None => Ok(name),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// The rest of `text` without the characters that a name cannot contain.
pub(super) fn cleaned(text: &str) -> Option<Name> {
    text.nfc()
        .take(LONGEST_CLEANED)
        .filter(|c| is_visible(*c))
        .skip_while(|c| *c == '/' || is_combining_mark(*c))
        .take(LONGEST_NAME)
        .collect::<String>()
        .parse()
        .ok()
}

/// Whether a character is visible and does not change its neighbours.
fn is_visible(character: char) -> bool {
    // A skeleton of UTS #39 lacks exactly the characters that are invisible by default:
    // joiners, bidi controls, variation selectors, fillers.
    let mut buffer = [0; 4];
    let has_a_look = skeleton(character.encode_utf8(&mut buffer))
        .next()
        .is_some();
    let is_other_format = OTHER_FORMAT_CHARACTERS
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&character));
    has_a_look
        && !is_other_format
        && !character.is_whitespace()
        && !character.is_control()
        && character != BRAILLE_BLANK
}

/// A symbol that is only empty space.
const BRAILLE_BLANK: char = '\u{2800}';

/// Format characters (general category Cf) that are not invisible by default.
///
/// Source: Unicode 16, `DerivedGeneralCategory.txt` less `Default_Ignorable_Code_Point`.
const OTHER_FORMAT_CHARACTERS: [(char, char); 9] = [
    ('\u{600}', '\u{605}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
];

/// The reason why a text is no name. `Display` is a sentence for the user who chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// It is empty.
    Empty,
    /// It is longer than [`LONGEST_NAME`].
    TooLong,
    /// It contains white space or an invisible character.
    Forbidden(char),
    /// It begins with a slash, as commands do, or with an accent that has no letter.
    Start(char),
    /// It is this word, which is reserved.
    Reserved(&'static str),
    /// It looks like this word, which is reserved.
    LooksReserved(&'static str),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "A name needs at least one letter. Choose a name."),
            Self::TooLong => {
                write!(
                    f,
                    "A name has at most {LONGEST_NAME} characters. Choose a shorter one."
                )
            }
            Self::Forbidden(character) if character.is_whitespace() => {
                write!(f, "A name is one word. Remove the spaces.")
            }
            Self::Forbidden(character) => write!(
                f,
                "A name cannot contain the invisible character U+{:04X}. Remove it.",
                u32::from(*character)
            ),
            Self::Start('/') => {
                write!(
                    f,
                    "A name cannot begin with a slash, because commands do. Remove it."
                )
            }
            Self::Start(_) => {
                write!(
                    f,
                    "A name cannot begin with an accent. Put a letter before it."
                )
            }
            Self::Reserved(word) => {
                write!(f, "The name \"{word}\" is reserved. Choose another.")
            }
            Self::LooksReserved(word) => write!(
                f,
                "This name looks like the reserved name \"{word}\". Choose another."
            ),
        }
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn words_in_any_alphabet_are_valid_names() {
        for word in [
            "dana",
            "דנה",
            "שִׁירָה",
            "ليلى",
            "Zoë",
            "李",
            "🎈",
            "r2-d2",
            "O'Neil",
        ] {
            assert_eq!(name(word).as_str(), word.nfc().collect::<String>());
        }
    }

    #[test]
    fn a_name_is_one_visible_word_of_at_most_24_characters() {
        assert_eq!("".parse::<Name>(), Err(NameError::Empty));
        assert!("א".repeat(24).parse::<Name>().is_ok());
        assert_eq!("א".repeat(25).parse::<Name>(), Err(NameError::TooLong));
        let dear = "\u{fdfa}".repeat(24); // 432 letters to compare.
        assert_eq!(dear.parse::<Name>(), Err(NameError::TooLong));
        assert!("ﬁ㍿".parse::<Name>().is_ok());
        assert_eq!(
            "a".repeat(1_000_000).parse::<Name>(),
            Err(NameError::TooLong)
        );
        for bad in [
            ' ',
            '\n',
            '\0',
            '\u{1b}',
            '\u{9b}',
            '\u{a0}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{ad}',
            '\u{fe0f}',
            '\u{3164}',
            '\u{2800}',
            '\u{fff9}',
            '\u{e0041}',
        ] {
            let refused = format!("da{bad}na").parse::<Name>();
            assert_eq!(refused, Err(NameError::Forbidden(bad)));
        }
    }

    #[test]
    fn a_name_cannot_start_with_a_slash_or_a_combining_accent() {
        assert_eq!("/users".parse::<Name>(), Err(NameError::Start('/')));
        assert_eq!(
            "\u{301}dana".parse::<Name>(),
            Err(NameError::Start('\u{301}'))
        );
    }

    #[test]
    fn reserved_words_and_their_look_alikes_are_refused_as_names() {
        for (text, word) in [("all", "all"), ("ALL", "all"), ("Server", "server")] {
            assert_eq!(text.parse::<Name>(), Err(NameError::Reserved(word)));
        }
        assert_eq!("ａｌｌ".parse::<Name>(), Err(NameError::Reserved("all")));
        for (text, word) in [("sеrver", "server"), ("a11", "all")] {
            assert_eq!(text.parse::<Name>(), Err(NameError::LooksReserved(word)));
        }
        assert_eq!(
            NameError::LooksReserved("all").to_string(),
            "This name looks like the reserved name \"all\". Choose another."
        );
        assert!("allan".parse::<Name>().is_ok());
    }

    #[test]
    fn look_alike_names_are_recognized() {
        for (one, other) in [
            ("dana", "Dana"),
            ("dana", "ｄana"),
            ("dana", "dаna"), // Cyrillic а.
            ("DAVID", "DAVlD"),
            ("paypal", "paypa1"),
            ("e\u{301}ve", "\u{e9}ve"),
        ] {
            assert!(name(one).passes_for(&name(other)), "{one} {other}");
        }
        assert!(!name("dana").passes_for(&name("dina")));
        assert!(!name("דנה").passes_for(&name("דינה")));
    }

    #[test]
    fn a_suggestion_is_the_name_with_the_next_free_number() {
        let all_free = |_: &Name| true;
        assert_eq!(name("dana").numbered(all_free), Some(name("dana2")));
        let three = |candidate: &Name| candidate.as_str() != "dana2";
        assert_eq!(name("dana").numbered(three), Some(name("dana3")));
        assert_eq!(name("dana2").numbered(three), Some(name("dana3")));
        let long = name(&"x".repeat(24)).numbered(all_free).unwrap();
        assert_eq!(long.as_str(), format!("{}2", "x".repeat(23)));
        assert_eq!(name("7").numbered(all_free), Some(name("72")));
    }

    #[test]
    fn a_bad_name_is_cleaned_for_a_suggestion() {
        assert_eq!(cleaned("/two words\u{202e}"), Some(name("twowords")));
        assert_eq!(cleaned(" \n"), None);
    }
}
