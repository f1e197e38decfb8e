//! A row of the chat in pieces of one style each.
//!
//! FLTK shows a text beside a second one of the same length in bytes, whose letters
//! choose the style of the first, byte by byte:
//!
//! ```text
//! text    12:01  dana  hi
//! styles  BBBBBBBGGGGBBAA
//! ```
//!
//! FLTK draws what has one style in one go, and Hebrew from the right. Therefore a text
//! that runs from the right is never cut into two styles: its halves would change places.
//!
//! Source: FLTK manual, class `Fl_Text_Display`.

use super::look;
use fltk::enums::{Color, Font};
use fltk::text::{StyleTableEntryExt, TextAttr};
use sash::client::model::{Audience, ChatLine, LineKind, Row, Shows, colour_of};
use sash::client::{matching, words};
use std::ops::Range;

/// How a piece of a row looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A message.
    Plain,
    /// Times, and what the server tells.
    Faded,
    /// A failure.
    Wrong,
    /// A direct message.
    Whisper,
    /// The answer to a command: its columns stand under each other.
    Column,
    /// A heading in such an answer.
    Heading,
    /// A message that contains this user's name.
    Mention,
    /// A day begins, or the connection was lost for a while; over the whole width.
    Band,
    /// Below it nobody has read yet; over the whole width.
    New,
    /// A match of the search.
    Hit,
    /// The same, in the row that is shown now.
    CurrentHit,
    /// A person's name, by the person's colour.
    Person(usize),
}

/// The context for which rows are drawn.
#[derive(Debug, Clone, Default)]
pub(super) struct Setting {
    /// The conversation.
    pub(super) with: Audience,
    /// My name.
    pub(super) me: String,
    /// The searched text; empty without a search.
    pub(super) query: String,
    /// The number of the line that the search shows now.
    pub(super) current: Option<usize>,
}

/// A row as FLTK takes it: its text, and a style for each byte of it.
pub(super) struct Written {
    pub(super) text: String,
    pub(super) styles: String,
}

/// Writes a row, its line end included.
pub(super) fn written(row: &Row, setting: &Setting) -> Written {
    let mut written = Written {
        text: String::new(),
        styles: String::new(),
    };
    let mut pieces = pieces(row, setting);
    if !setting.query.is_empty() {
        let hit = if setting.current == Some(row.number) {
            Style::CurrentHit
        } else {
            Style::Hit
        };
        let cut = pieces.into_iter();
        pieces = cut
            .flat_map(|piece| cut_at_hits(piece, &setting.query, hit))
            .collect();
    }
    // A band goes on to the right edge in the style of its line end.
    let last = pieces.last().map_or(Style::Plain, |(style, _)| *style);
    let is_band = matches!(last, Style::Band | Style::New);
    let end = if is_band { last } else { Style::Plain };
    pieces.push((end, "\n".to_owned()));
    for (style, piece) in pieces {
        let letters = std::iter::repeat_n(style.letter(), piece.len());
        written.styles.extend(letters);
        written.text.push_str(&piece);
    }
    written
}

/// The text of the chat for the clipboard: without the marks that nobody sees.
pub(super) fn for_the_clipboard(text: &str) -> String {
    text.replace(FROM_THE_LEFT, "")
}

/// Our own sentences run from the left, whatever name they begin with: this invisible
/// mark shows it.
const FROM_THE_LEFT: char = '\u{200e}';

fn pieces(row: &Row, setting: &Setting) -> Vec<(Style, String)> {
    match &row.shows {
        Shows::Day(day) => vec![(Style::Band, format!("  {day}"))],
        Shows::Earlier => vec![(Style::Band, "  earlier".to_owned())],
        Shows::New => vec![(Style::New, "  new".to_owned())],
        Shows::Line(line) => line_pieces(line, setting),
        Shows::Fold { sentence, lines } => {
            let time = lines.last().map_or(0, |line| line.time_ms);
            let count = lines.len();
            let sentence = format!("{FROM_THE_LEFT}{sentence}");
            vec![
                time_piece(time),
                (Style::Faded, sentence),
                (Style::Faded, format!("  \u{25b8} {count} lines")),
            ]
        }
    }
}

/// A line in pieces of one style each.
fn line_pieces(line: &ChatLine, setting: &Setting) -> Vec<(Style, String)> {
    let time = time_piece(line.time_ms);
    let name = |name: &str| (Style::Person(colour_of(name)), name.to_owned());
    // In another style than the text: with Hebrew in one go, it would move to its far
    // side.
    let gap = |text: Style| {
        let is_faded = text == Style::Faded;
        let style = if is_faded { Style::Plain } else { Style::Faded };
        (style, "  ".to_owned())
    };
    let text = |style| (style, line.text.clone());
    let is_between_two = setting.with != Audience::All;
    match &line.kind {
        LineKind::Said { from } => {
            let style = match (line.is_history, line.mentions_me) {
                (true, _) => Style::Faded,
                (false, true) => Style::Mention,
                (false, false) => Style::Plain,
            };
            vec![time, name(from), gap(style), text(style)]
        }
        LineKind::WhisperedFrom { from } => {
            vec![time, name(from), gap(Style::Whisper), text(Style::Whisper)]
        }
        LineKind::WhisperedTo { .. } if is_between_two => {
            let me = name(&setting.me);
            vec![time, me, gap(Style::Whisper), text(Style::Whisper)]
        }
        LineKind::WhisperedTo { to } => {
            let whisper = (Style::Whisper, "you to ".to_owned());
            let colon = (Style::Whisper, ":  ".to_owned());
            vec![time, whisper, name(to), colon, text(Style::Whisper)]
        }
        LineKind::Joined { .. } | LineKind::Left { .. } | LineKind::Notice => {
            vec![time, (Style::Faded, from_the_left(&line.to_string()))]
        }
        LineKind::Gap => vec![(Style::Band, format!("  {}", line.text))],
        LineKind::Error => vec![time, (Style::Wrong, from_the_left(&line.text))],
        LineKind::Output if line.text.starts_with(' ') => {
            vec![(Style::Column, from_the_left(&line.text))]
        }
        LineKind::Output if line.text.ends_with(':') => {
            vec![(Style::Heading, from_the_left(&line.text))]
        }
        LineKind::Output => vec![(Style::Plain, from_the_left(&line.text))],
    }
}

fn time_piece(time_ms: u64) -> (Style, String) {
    (Style::Faded, format!("{}  ", words::time_of_day(time_ms)))
}

fn from_the_left(sentence: &str) -> String {
    format!("{FROM_THE_LEFT}{sentence}")
}

/// A piece with what is searched for marked in it.
fn cut_at_hits(
    (style, text): (Style, String),
    query: &str,
    hit: Style,
) -> Vec<(Style, String)> {
    let hits = matching::find(&text, query);
    if hits.is_empty() || matches!(style, Style::Band | Style::New) {
        return vec![(style, text)];
    }
    if runs_from_the_right(&text) {
        return vec![(hit, text)];
    }
    let mut pieces = Vec::new();
    let mut done = 0;
    for Range { start, end } in hits {
        pieces.push((style, text[done..start].to_owned()));
        pieces.push((hit, text[start..end].to_owned()));
        done = end;
    }
    pieces.push((style, text[done..].to_owned()));
    pieces
}

/// Hebrew, Arabic and their neighbours.
fn runs_from_the_right(text: &str) -> bool {
    let is_from_the_right = |character| {
        matches!(character,
            '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
    };
    text.chars().any(is_from_the_right)
}

impl Style {
    /// Its letter in the text of styles: `A` for the first of the table.
    fn letter(self) -> char {
        let index = match self {
            Self::Plain => 0,
            Self::Faded => 1,
            Self::Wrong => 2,
            Self::Whisper => 3,
            Self::Column => 4,
            Self::Heading => 5,
            Self::Mention => 6,
            Self::Band => 7,
            Self::New => 8,
            Self::Hit => 9,
            Self::CurrentHit => 10,
            Self::Person(colour) => 11 + colour % look::PEOPLE.len(),
        };
        char::from(b'A' + u8::try_from(index).unwrap_or(0))
    }
}

/// In the order of [`Style::letter`].
pub(super) fn style_table() -> Vec<StyleTableEntryExt> {
    let entry = |color: Color, font: Font| StyleTableEntryExt {
        color,
        font,
        size: look::TEXT,
        attr: TextAttr::None,
        bgcolor: look::PAGE,
    };
    let on =
        |bgcolor: Color, attr: TextAttr, it: StyleTableEntryExt| StyleTableEntryExt {
            attr,
            bgcolor,
            ..it
        };
    let (plain, bold) = (Font::Helvetica, Font::HelveticaBold);
    let small = |it: StyleTableEntryExt| StyleTableEntryExt {
        size: look::SMALL,
        ..it
    };
    let mut table = vec![
        entry(look::INK, plain),
        entry(look::FADED, plain),
        entry(look::WRONG, plain),
        entry(look::WHISPER, Font::HelveticaItalic),
        small(entry(look::INK, Font::Courier)),
        entry(look::INK, bold),
        on(look::ASKING, TextAttr::BgColor, entry(look::INK, bold)),
        on(look::PAPER, TextAttr::BgColorExt, entry(look::FADED, bold)),
        on(
            look::CHOSEN,
            TextAttr::BgColorExt,
            entry(look::ACCENT, bold),
        ),
        on(look::ASKING, TextAttr::BgColor, entry(look::INK, plain)),
        on(look::ACCENT, TextAttr::BgColor, entry(look::PAGE, plain)),
    ];
    table.extend(look::PEOPLE.map(|color| entry(color, bold)));
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn row(kind: LineKind, text: &str) -> Row {
        let line = ChatLine {
            time_ms: 0,
            kind,
            text: text.into(),
            is_history: false,
            mentions_me: false,
        };
        Row {
            number: 3,
            shows: Shows::Line(Arc::new(line)),
        }
    }

    fn said(text: &str) -> Row {
        let from = "dana".to_owned();
        row(LineKind::Said { from }, text)
    }

    #[test]
    fn every_style_has_an_entry_in_the_style_table() {
        let last = Style::Person(look::PEOPLE.len() - 1).letter();
        let table_length = u8::try_from(style_table().len()).unwrap();
        assert_eq!(last, char::from(b'A' + table_length - 1));
    }

    #[test]
    fn a_row_contains_time_speaker_and_text_with_a_style_for_each_byte() {
        let Written { text, styles } = written(&said("שלום hi"), &Setting::default());
        assert!(text.ends_with("  dana  שלום hi\n"), "{text}");
        assert_eq!(text.len(), styles.len());
        let name = text.find("dana").unwrap();
        let letter = Style::Person(colour_of("dana")).letter();
        assert!(styles[name..].starts_with(letter));
    }

    #[test]
    fn no_text_shares_its_style_with_the_gap_before_it() {
        let mut history = said("שלום");
        if let Shows::Line(line) = &mut history.shows {
            Arc::make_mut(line).is_history = true;
        }
        let from = "dana".to_owned();
        let whisper = row(LineKind::WhisperedFrom { from }, "שלום");
        for row in [history, whisper, said("שלום")] {
            let Written { text, styles } = written(&row, &Setting::default());
            let begin = text.find("שלום").unwrap();
            assert_ne!(styles[begin - 1..begin], styles[begin..=begin], "{text}");
        }
    }

    #[test]
    fn search_matches_are_highlighted_and_hebrew_text_is_never_split() {
        let setting = Setting {
            query: "LOSS".into(),
            current: Some(3),
            ..Setting::default()
        };
        let hit = Style::CurrentHit.letter();
        let hits = |text: &str| {
            let styles = written(&said(text), &setting).styles;
            styles.chars().filter(|letter| *letter == hit).count()
        };
        assert_eq!(hits("a loss, Loss"), 8);
        assert_eq!(hits("אין loss"), "אין loss".len());
        assert_eq!(hits("delay"), 0);
    }

    #[test]
    fn copied_text_contains_no_hidden_direction_marks() {
        let text = written(&row(LineKind::Error, "No."), &Setting::default()).text;
        assert!(text.contains(FROM_THE_LEFT));
        assert!(for_the_clipboard(&text).ends_with("  No.\n"));
    }
}
