//! A row of the chat, in pieces with one style each.
//!
//! FLTK shows a text beside a second one of the same length in bytes, whose letters
//! choose the style of the first, byte by byte:
//!
//! ```text
//! text    12:01  dana  hi
//! styles  BBBBBBBGGGGBBAA
//! ```
//!
//! FLTK draws each piece of one style separately, and Hebrew from right to left.
//! Therefore a text from right to left is never cut into two styles: its halves would
//! change places.
//!
//! Source: FLTK manual, class `Fl_Text_Display`.

use super::links;
use super::style::Style;
use super::wrapping::{self, Piece, Ruler};
use sash::client::model::{Audience, ChatLine, LineKind, Row, Shows, colour_of};
use sash::client::{matching, words};
use std::ops::Range;
use std::rc::Rc;

/// The context for which rows are drawn.
#[derive(Clone, Default)]
pub(super) struct Setting {
    /// The conversation.
    pub(super) with: Audience,
    /// The name of this user.
    pub(super) me: String,
    /// The searched text; empty without a search.
    pub(super) query: String,
    /// The number of the line that the search shows now.
    pub(super) current: Option<usize>,
    /// The width at which lines are broken. Unit: pixels.
    pub(super) width: Option<i32>,
    /// Measures them.
    pub(super) ruler: Rc<Ruler>,
}

/// A row in its columns.
struct Columns {
    time: Option<Piece>,
    /// The sender of the message.
    name: Vec<Piece>,
    text: Vec<Piece>,
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
    let mut columns = columns(row, setting);
    let cut = columns.text.into_iter().flat_map(cut_at_links);
    columns.text = cut.collect();
    if !setting.query.is_empty() {
        let hit = if setting.current == Some(row.number) {
            Style::CurrentHit
        } else {
            Style::Hit
        };
        let cut = |piece| cut_at_hits(piece, &setting.query, hit);
        columns.name = columns.name.into_iter().flat_map(cut).collect();
        columns.text = columns.text.into_iter().flat_map(cut).collect();
    }
    let mut pieces = laid_out(columns, setting);
    // A band continues to the right edge in the style of its line end.
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

/// The text of the chat for the clipboard, without the invisible marks.
pub(super) fn for_the_clipboard(text: &str) -> String {
    wrapping::without_layout(text).replace(FROM_THE_LEFT, "")
}

/// Sentences of the program run from left to right, whatever name they begin with; this
/// invisible mark ensures it.
const FROM_THE_LEFT: char = '\u{200e}';

fn columns(row: &Row, setting: &Setting) -> Columns {
    match &row.shows {
        Shows::Day(day) => Columns::whole(Style::Band, format!("  {day}")),
        Shows::Earlier => Columns::whole(Style::Band, "  earlier".to_owned()),
        Shows::New => Columns::whole(Style::New, "  new".to_owned()),
        Shows::Line(line) => columns_of_a_line(line, setting),
        Shows::Fold { sentence, lines } => {
            let time = lines.last().map_or(0, |line| line.time_ms);
            let count = lines.len();
            let sentence = format!("{FROM_THE_LEFT}{sentence}  \u{25b8} {count} lines");
            Columns::told(time, Style::Faded, sentence)
        }
    }
}

fn columns_of_a_line(line: &ChatLine, setting: &Setting) -> Columns {
    let name = |name: &str| (Style::Person(colour_of(name)), name.to_owned());
    let said = |name: Vec<Piece>, style: Style| Columns {
        time: Some(time_piece(line.time_ms)),
        name,
        text: vec![(style, line.text.clone())],
    };
    let is_between_two = setting.with != Audience::All;
    match &line.kind {
        LineKind::Said { from } => {
            let style = match (line.is_history, line.mentions_me) {
                (true, _) => Style::Faded,
                (false, true) => Style::Mention,
                (false, false) => Style::Plain,
            };
            said(vec![name(from)], style)
        }
        LineKind::WhisperedFrom { from } => said(vec![name(from)], Style::Whisper),
        LineKind::WhisperedTo { .. } if is_between_two => {
            said(vec![name(&setting.me)], Style::Whisper)
        }
        LineKind::WhisperedTo { to } => {
            let whisper = (Style::Whisper, "you to ".to_owned());
            let colon = (Style::Whisper, ":".to_owned());
            said(vec![whisper, name(to), colon], Style::Whisper)
        }
        LineKind::Joined { .. } | LineKind::Left { .. } | LineKind::Notice => {
            Columns::told(line.time_ms, Style::Faded, from_the_left(&line.to_string()))
        }
        LineKind::Gap => Columns::whole(Style::Band, format!("  {}", line.text)),
        LineKind::Error => {
            Columns::told(line.time_ms, Style::Wrong, from_the_left(&line.text))
        }
        LineKind::Output => {
            let style = if line.text.starts_with(' ') {
                Style::Column
            } else if line.text.ends_with(':') {
                Style::Heading
            } else {
                Style::Plain
            };
            Columns::whole(style, from_the_left(&line.text))
        }
    }
}

impl Columns {
    /// A row without columns.
    fn whole(style: Style, text: String) -> Self {
        Self {
            time: None,
            name: Vec::new(),
            text: vec![(style, text)],
        }
    }

    /// A time and a sentence.
    fn told(time_ms: u64, style: Style, text: String) -> Self {
        Self {
            time: Some(time_piece(time_ms)),
            ..Self::whole(style, text)
        }
    }
}

/// The columns in a row, in lines of the display's width where that is known.
fn laid_out(columns: Columns, setting: &Setting) -> Vec<Piece> {
    let Columns { time, name, text } = columns;
    let Some(time) = time else {
        return text;
    };
    if let Some(width) = setting.width {
        let measure = |style, text: &str| setting.ruler.width(style, text);
        return wrapping::in_columns(time, name, text, f64::from(width), &measure);
    }
    let gap = (!name.is_empty()).then(|| (Style::Gap, "  ".to_owned()));
    let pieces = std::iter::once(time).chain(name).chain(gap).chain(text);
    pieces.collect()
}

/// A piece with its links marked, except in text from right to left, which is not cut.
fn cut_at_links((style, text): Piece) -> Vec<Piece> {
    let links = links::find(&text);
    let is_message = matches!(
        style,
        Style::Plain | Style::Faded | Style::Whisper | Style::Mention
    );
    if links.is_empty() || !is_message || runs_from_the_right(&text) {
        return vec![(style, text)];
    }
    cut(style, &text, links, Style::Link)
}

/// The text with these places of it in another style.
fn cut(style: Style, text: &str, places: Vec<Range<usize>>, other: Style) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut done = 0;
    for Range { start, end } in places {
        pieces.push((style, text[done..start].to_owned()));
        pieces.push((other, text[start..end].to_owned()));
        done = end;
    }
    pieces.push((style, text[done..].to_owned()));
    pieces.retain(|(_, text)| !text.is_empty());
    pieces
}

fn time_piece(time_ms: u64) -> Piece {
    (Style::Faded, format!("{}  ", words::time_of_day(time_ms)))
}

fn from_the_left(sentence: &str) -> String {
    format!("{FROM_THE_LEFT}{sentence}")
}

/// A piece with the matches of the search marked.
fn cut_at_hits((style, text): Piece, query: &str, hit: Style) -> Vec<Piece> {
    let hits = matching::find(&text, query);
    if hits.is_empty() || matches!(style, Style::Band | Style::New) {
        return vec![(style, text)];
    }
    if runs_from_the_right(&text) {
        return vec![(hit, text)];
    }
    cut(style, &text, hits, hit)
}

/// Hebrew, Arabic and their neighbours.
fn runs_from_the_right(text: &str) -> bool {
    let is_from_the_right = |character| {
        matches!(character,
            '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
    };
    text.chars().any(is_from_the_right)
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
