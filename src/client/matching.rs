//! Searches a text as a user reads it: case and typographic form do not matter.
//!
//! ```
//! use sash::client::matching::{find, mentions};
//! assert_eq!(find("Loss, LOSS", "loss"), [0..4, 6..10]);
//! assert!(mentions("hey Dana!", "dana"));
//! assert!(!mentions("danas", "dana"));
//! ```
//!
//! Both are folded letter by letter, and every byte of the folded text refers to its
//! original letter:
//!
//! ```text
//! text      ｄ  a  n  a          folded   d  a  n  a
//! begins    0  3  4  5          origins  0  3  4  5  6
//! ```
//!
//! It does not fold `ß` to `ss`, and does not remove accents and Hebrew points.
//!
//! Source: UAX #15 (NFKC), UAX #29 (grapheme clusters).

use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// A text without case and typographic form, and the places of its letters.
struct Folded {
    text: String,
    /// The beginning of each byte's letter in the original, and finally the length of the
    /// original.
    origins: Vec<usize>,
}

/// The places of `wanted` in `text`, from left to right, without overlaps. Unit: bytes.
/// An empty text is found nowhere.
#[must_use]
pub fn find(text: &str, wanted: &str) -> Vec<Range<usize>> {
    let wanted = Folded::from(wanted).text;
    if wanted.is_empty() {
        return Vec::new();
    }
    let folded = Folded::from(text);
    let found = folded.text.match_indices(&wanted);
    found
        .map(|(at, _)| folded.original(at..at + wanted.len()))
        .collect()
}

/// Whether `text` contains `name` as a word of its own.
#[must_use]
pub fn mentions(text: &str, name: &str) -> bool {
    find(text, name).into_iter().any(|place| {
        let before = text[..place.start].chars().next_back();
        let after = text[place.end..].chars().next();
        !before.is_some_and(is_of_a_word) && !after.is_some_and(is_of_a_word)
    })
}

/// Whether `text` begins with `beginning`.
#[must_use]
pub fn begins_with(text: &str, beginning: &str) -> bool {
    fold(text).starts_with(&fold(beginning))
}

/// Whether both are the same.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    fold(one) == fold(other)
}

fn is_of_a_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let compatible: String = text.nfkc().collect();
    compatible.to_lowercase().nfkc().collect()
}

impl Folded {
    fn from(text: &str) -> Self {
        if text.is_ascii() {
            return Self {
                text: text.to_ascii_lowercase(),
                origins: (0..=text.len()).collect(),
            };
        }
        let mut folded = String::with_capacity(text.len());
        let mut origins = Vec::with_capacity(text.len() + 1);
        for (at, letter) in text.grapheme_indices(true) {
            folded.push_str(&fold(letter));
            origins.resize(folded.len(), at);
        }
        origins.push(text.len());
        Self {
            text: folded,
            origins,
        }
    }

    /// The whole letters of the original for these bytes.
    fn original(&self, bytes: Range<usize>) -> Range<usize> {
        let last = self.origins[bytes.end - 1];
        let rest = self.origins[bytes.end..].iter();
        let end = rest.copied().find(|origin| *origin > last).unwrap_or(last);
        self.origins[bytes.start]..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_search_ignores_case_and_typographic_form_and_returns_positions_in_the_original()
    {
        let found = |text: &str, wanted: &str| -> Vec<String> {
            let places = find(text, wanted).into_iter();
            places.map(|place| text[place].to_owned()).collect()
        };
        assert_eq!(find("Hi DANA, dana", "dana"), [3..7, 9..13]);
        assert_eq!(found("ｄａｎａ!", "Dana"), ["ｄａｎａ"]);
        assert_eq!(found("oﬃce", "fi"), ["ﬃ"]);
        assert_eq!(found("שלום לכם", "לכם"), ["לכם"]);
        assert!(find("anything", "").is_empty());
    }

    #[test]
    fn a_name_is_mentioned_only_as_a_whole_word() {
        assert!(mentions("dana: look", "dana"));
        assert!(mentions("(Dana's)", "dana"));
        assert!(!mentions("bandana", "dana"));
        assert!(!mentions("dana_2 dana2", "dana"));
        assert!(mentions("bandana dana", "dana"));
        assert!(mentions("מה דעתך, יובל?", "יובל"));
        assert!(mentions("ask 🙂!", "🙂"));
    }

    proptest! {
        /// Slicing at the found places never panics, and finds the same text again.
        #[test]
        fn every_match_is_a_valid_slice_that_contains_the_search_text(
            text in "\\PC{0,40}",
            wanted in "\\PC{1,3}",
        ) {
            for place in find(&text, &wanted) {
                prop_assert!(fold(&text[place]).contains(&fold(&wanted)) || !text.is_ascii());
            }
            let whole = find(&text, &text);
            prop_assert_eq!(whole.len(), usize::from(!text.is_empty()));
        }
    }
}
