//! Rows in columns: names under names, and a long text under its own beginning.
//!
//! FLTK's display breaks a line at its edge and begins the next one at the left. Here the
//! break is earlier, between two words, and spaces follow it:
//!
//! ```text
//! 12:01  dana    has anybody tried
//!                the slow link?
//! ```
//!
//! All layout is between two invisible marks, so that it can be removed from copied text:
//! see [`without_layout`].

use super::style::{Style, font_of};
use fltk::draw;
use fltk::enums::Font;
use std::cell::RefCell;
use std::collections::HashMap;

/// A piece of a row: one style, and its text.
pub(super) type Piece = (Style, String);

/// The invisible mark around spaces and line breaks of the layout.
const MARK: char = '\u{200b}';

/// From the end of the time to the text of a message. Unit: pixels.
const NAMES: f64 = 92.0;

/// Between a long name and the text. Unit: pixels.
const LEAST_GAP: f64 = 8.0;

/// In a narrower display FLTK breaks the lines. Unit: pixels.
const NARROWEST: f64 = 80.0;

/// The widths of letters, each measured once.
#[derive(Default)]
pub(super) struct Ruler(RefCell<HashMap<(Font, i32, char), f64>>);

impl Ruler {
    /// Unit: pixels. Without the kerning between letters.
    pub(super) fn width(&self, style: Style, text: &str) -> f64 {
        let (font, size) = font_of(style);
        let mut known = self.0.borrow_mut();
        let measured = |letter| {
            draw::set_font(font, size);
            draw::width(&String::from(letter))
        };
        let width = |letter| {
            *known
                .entry((font, size, letter))
                .or_insert_with(|| measured(letter))
        };
        text.chars().map(width).sum()
    }
}

/// Writes a message in columns: its time, its author, and its text in lines of `width`
/// pixels. `measure` gives the width of a text in a style.
pub(super) fn in_columns(
    time: Piece,
    name: Vec<Piece>,
    text: Vec<Piece>,
    width: f64,
    measure: &impl Fn(Style, &str) -> f64,
) -> Vec<Piece> {
    let of = |pieces: &[Piece]| {
        pieces
            .iter()
            .map(|(style, text)| measure(*style, text))
            .sum::<f64>()
    };
    let time_width = measure(time.0, &time.1);
    let names = if name.is_empty() { 0.0 } else { NAMES };
    let indent = time_width + names;
    let gap = (names - of(&name)).max(0.0);
    let mut written = vec![time];
    let has_name = !name.is_empty();
    written.extend(name);
    if has_name {
        written.push((Style::Gap, layout("", gap.max(LEAST_GAP), measure)));
    }
    let used = of(&written);
    let break_with = layout("\n", indent, measure);
    written.extend(wrapped(text, used, width, &break_with, indent, measure));
    written
}

/// The text without layout: two spaces for a gap, one for a break.
pub(super) fn without_layout(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK) {
        clean.push_str(before);
        let (inside, behind) = after.split_once(MARK).unwrap_or((after, ""));
        let is_layout = inside.chars().all(char::is_whitespace);
        if !is_layout {
            rest = after;
            continue;
        }
        clean.push_str(if inside.contains('\n') { " " } else { "  " });
        rest = behind;
    }
    clean + rest
}

/// Spaces of this width, marked.
fn layout(begin: &str, width: f64, measure: &impl Fn(Style, &str) -> f64) -> String {
    let space = measure(Style::Gap, " ").max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few hundred spaces at most"
    )]
    let count = (width / space).round() as usize;
    format!("{MARK}{begin}{}{MARK}", " ".repeat(count))
}

/// The pieces with breaks between words where a line would be wider than `width`.
fn wrapped(
    text: Vec<Piece>,
    used: f64,
    width: f64,
    break_with: &str,
    indent: f64,
    measure: &impl Fn(Style, &str) -> f64,
) -> Vec<Piece> {
    let text = text
        .into_iter()
        .map(|(style, text)| (style, text.replace(MARK, "")));
    if width - indent < NARROWEST {
        return text.collect();
    }
    let mut written: Vec<Piece> = Vec::new();
    let mut at = used;
    for (style, piece) in text {
        let mut line = String::new();
        for word in piece.split_inclusive(' ') {
            let trimmed = word.trim_end_matches(' ');
            let is_first = at <= indent;
            if at + measure(style, trimmed) > width && !is_first {
                let end = line.trim_end_matches(' ').len();
                line.truncate(end);
                written.push((style, std::mem::take(&mut line)));
                written.push((Style::Gap, break_with.to_owned()));
                at = indent;
            }
            line.push_str(word);
            at += measure(style, word);
        }
        written.push((style, line));
    }
    written.retain(|(_, text)| !text.is_empty());
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every letter is ten pixels wide, a space of a gap one.
    fn measure(style: Style, text: &str) -> f64 {
        let each = if style == Style::Gap { 1.0 } else { 10.0 };
        text.chars().filter(|it| *it != MARK).map(|_| each).sum()
    }

    fn row(name: &str, text: &str, width: f64) -> String {
        let time = (Style::Faded, "12:01  ".to_owned());
        let name = vec![(Style::Person(0), name.to_owned())];
        let text = vec![(Style::Plain, text.to_owned())];
        let pieces = in_columns(time, name, text, width, &measure);
        pieces.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn texts_of_short_names_begin_at_the_same_place_and_long_names_keep_a_gap() {
        let place = |name: &str| {
            let row = row(name, "hi", 900.0);
            let (before, _) = row.split_once("hi").unwrap();
            let name = name.len();
            let spaces = before.matches(' ').count() - 2;
            70 + 10 * name + spaces
        };
        assert_eq!(place("guy"), 70 + 92);
        assert_eq!(place("dana"), 70 + 92);
        assert_eq!(place("nebuchadnezzar"), 70 + 140 + 8);
    }

    #[test]
    fn a_long_text_continues_under_its_own_beginning() {
        let text = "has anybody tried the slow link?";
        let row = row("dana", text, 70.0 + 92.0 + 180.0);
        let lines: Vec<_> = row.split('\n').collect();
        assert_eq!(lines.len(), 2, "{row}");
        assert!(lines[0].contains("has anybody tried"), "{row}");
        let continued = lines[1].trim_start_matches([' ', MARK]);
        assert_eq!(continued, "the slow link?");
        assert_eq!(lines[1].matches(' ').count(), 70 + 92 + 2);
    }

    #[test]
    fn copied_text_has_the_words_and_none_of_the_layout() {
        let text = "has anybody tried the slow link?";
        let row = row("dana", text, 300.0);
        assert_eq!(without_layout(&row), format!("12:01  dana  {text}"));
        let cut = &row[row.find("anybody").unwrap()..];
        assert_eq!(without_layout(cut), &text[4..]);
        assert_eq!(without_layout(&format!("a{MARK}b")), "ab");
    }

    #[test]
    fn where_there_is_no_space_for_a_text_it_is_left_whole() {
        let row = row("dana", "several words here", 200.0);
        assert!(!row.contains('\n'), "{row}");
    }
}
