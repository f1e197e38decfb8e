//! Makes text from other users safe for a label.
//!
//! FLTK ends a text at a NUL, reads `@` in a label as "draw a symbol" and `&` on a button
//! as "underline the next letter". Text of users must never have these effects.
//!
//! ```text
//! what came           label              item
//! "@-> dana & guy"    "@@-> dana & guy"  "@@-> dana && guy"
//! ```
//!
//! Source: FLTK manual, "Labels and Label Types".

use sash::client::words;

/// Text for the label of a frame: no control characters, no symbols.
pub(super) fn label(text: &str) -> String {
    words::harmless(text).replace('@', "@@")
}

/// Text for the label of a menu item: also without an underlined letter.
pub(super) fn item(text: &str) -> String {
    label(text).replace('&', "&&")
}

/// The beginning of `text` that is at most `width` wide by `measure`, with an ellipsis if
/// it is cut.
pub(super) fn fitted(text: &str, width: f64, measure: impl Fn(&str) -> f64) -> String {
    if measure(text) <= width {
        return text.to_owned();
    }
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let fits = |end: usize| measure(&format!("{}\u{2026}", &text[..end])) <= width;
    let fitting = ends.partition_point(|end| fits(*end));
    let end = ends.get(fitting.saturating_sub(1)).copied().unwrap_or(0);
    format!("{}\u{2026}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_users_never_becomes_a_symbol_or_a_shortcut() {
        assert_eq!(label("@-> a & b"), "@@-> a & b");
        assert_eq!(item("@-> a & b"), "@@-> a && b");
        assert!(!label("a\0b").contains('\0'));
    }

    #[test]
    fn a_long_name_is_truncated_between_letters_with_an_ellipsis() {
        let one_each = |text: &str| text.chars().map(|_| 1.0).sum();
        assert_eq!(fitted("abc", 3.0, one_each), "abc");
        assert_eq!(fitted("שלום לכם", 5.0, one_each), "שלום…");
        assert_eq!(fitted("abc", 0.0, one_each), "…");
    }
}
