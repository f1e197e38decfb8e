//! The chat: what was said, with its time, every speaker in a colour of their own.
//!
//! The idea: FLTK shows a text beside a second one of the same length in bytes, whose
//! letters choose the style of the first, byte by byte.
//!
//! ```text
//! text    12:01 <dana> hi
//! styles  BBBBBBGGGGGGGAA
//! ```
//!
//! Only what is new is appended, once per frame, and only as many lines are kept as the
//! model keeps: FLTK's display grows slow with a long history.
//!
//! Source: FLTK manual, class `Fl_Text_Display`.

use super::look;
use crate::client::model::{self, ChatLine, Kind, LONGEST_CHAT_LINES, colour_of};
use crate::client::words;
use fltk::enums::{Color, Font};
use fltk::prelude::*;
use fltk::text::{StyleTableEntry, TextBuffer, TextDisplay, WrapMode};
use std::cell::Cell;
use std::rc::Rc;

/// Lines dropped at once, so that dropping, which costs FLTK much, is rare.
const DROPPED_AT_ONCE: usize = 500;

/// How a piece of a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// What somebody said.
    Plain,
    /// Times, and what the server tells.
    Faded,
    /// What could not be done.
    Wrong,
    /// What was whispered.
    Whisper,
    /// A person's name, by the person's colour.
    Person(usize),
}

/// The widget and what it shows.
pub(super) struct ChatPane {
    display: TextDisplay,
    text: TextBuffer,
    styles: TextBuffer,
    /// Lines of the model that have been shown, forgotten ones included.
    shown: usize,
    /// Lines in the display.
    kept: usize,
    /// Whether the newest line is to be seen: somebody who reads further up stays there.
    follows: Rc<Cell<bool>>,
    /// The first row shown when the last row is.
    end_row: i32,
    /// Whether the end was asked for and not drawn yet.
    is_jumping: bool,
}

impl ChatPane {
    /// Makes the widget in the group that is being built.
    pub(super) fn new() -> Self {
        let text = TextBuffer::default();
        let styles = TextBuffer::default();
        let mut display = TextDisplay::default();
        display.set_buffer(text.clone());
        display.set_highlight_data(styles.clone(), style_table());
        display.wrap_mode(WrapMode::AtBounds, 0);
        display.set_frame(look::LIST);
        display.set_color(look::PAGE);
        display.set_text_size(look::TEXT);
        display.show_cursor(false);
        let follows = Rc::new(Cell::new(true));
        let (stays, end) = (Rc::clone(&follows), text.clone());
        display.resize_callback(move |display, _, _, _, _| {
            if stays.get() {
                scroll_to_end(display, &end);
            }
        });
        Self {
            display,
            text,
            styles,
            shown: 0,
            kept: 0,
            follows,
            end_row: 0,
            is_jumping: false,
        }
    }

    /// Shows what is new in `chat`, and follows it unless somebody reads further up.
    pub(super) fn show(&mut self, chat: &model::Chat) {
        self.notice_scrolling();
        if chat.count() < self.shown {
            self.clear(); // Another visit, another chat.
        }
        if chat.count() == self.shown {
            return;
        }
        let mut text = String::new();
        let mut styles = String::new();
        for line in chat.since(self.shown) {
            for (style, piece) in pieces(line) {
                text.push_str(&piece);
                styles.extend(std::iter::repeat_n(style.letter(), piece.len()));
            }
            text.push('\n');
            styles.push(Style::Plain.letter());
            self.kept += 1;
        }
        self.styles.append(&styles); // Before the text, whose arrival is measured.
        self.text.append(&text);
        self.shown = chat.count();
        self.drop_the_oldest();
        if self.follows.get() {
            self.show_the_end();
        }
    }

    fn clear(&mut self) {
        self.styles.set_text("");
        self.text.set_text("");
        (self.shown, self.kept) = (0, 0);
    }

    fn drop_the_oldest(&mut self) {
        if self.kept < LONGEST_CHAT_LINES + DROPPED_AT_ONCE {
            return;
        }
        let surplus = self.kept - LONGEST_CHAT_LINES;
        let text = self.text.text();
        let mut line_ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let end = line_ends.nth(surplus - 1).unwrap_or(0);
        let end = i32::try_from(end).unwrap_or(0);
        self.styles.remove(0, end);
        self.text.remove(0, end);
        self.kept = LONGEST_CHAT_LINES;
    }

    /// Learns from the display, once it is drawn, whether somebody reads further up.
    fn notice_scrolling(&mut self) {
        if self.display.damage() {
            return;
        }
        if self.is_jumping {
            self.is_jumping = false;
            self.end_row = self.display.scroll_row();
        }
        self.follows.set(self.display.scroll_row() >= self.end_row);
    }

    fn show_the_end(&mut self) {
        self.is_jumping = true;
        scroll_to_end(&mut self.display, &self.text);
    }
}

/// Asks for the last line, whole, at the next drawing. The text ends with a line end;
/// without it a row for what comes after would be shown too.
fn scroll_to_end(display: &mut TextDisplay, text: &TextBuffer) {
    display.set_insert_position((text.length() - 1).max(0));
    display.show_insert_position();
}

/// A line in pieces of one style each.
fn pieces(line: &ChatLine) -> Vec<(Style, String)> {
    let time = (
        Style::Faded,
        format!("{}  ", words::time_of_day(line.time_ms)),
    );
    let name = |name: &str| (Style::Person(colour_of(name)), name.to_owned());
    let text = |style| (style, line.text.clone());
    match &line.kind {
        Kind::Said { from } if line.is_history => {
            vec![
                time,
                name(from),
                (Style::Faded, "  ".into()),
                text(Style::Faded),
            ]
        }
        Kind::Said { from } => {
            // FLTK draws what has one style in one go, and Hebrew from the right: spaces
            // of the text's own style would end up on its other side.
            vec![
                time,
                name(from),
                (Style::Faded, "  ".into()),
                text(Style::Plain),
            ]
        }
        Kind::WhisperedFrom { from } => {
            let whispers = (Style::Whisper, " whispers to you:  ".into());
            vec![time, name(from), whispers, text(Style::Whisper)]
        }
        Kind::WhisperedTo { to } => {
            let whisper = (Style::Whisper, "you whisper to ".into());
            let colon = (Style::Whisper, ":  ".into());
            vec![time, whisper, name(to), colon, text(Style::Whisper)]
        }
        Kind::Joined { .. } | Kind::Left { .. } | Kind::Gap | Kind::Notice => {
            vec![time, (Style::Faded, from_the_left(&line.to_string()))]
        }
        Kind::Error => vec![time, (Style::Wrong, from_the_left(&line.text))],
        Kind::Output => vec![time, (Style::Plain, from_the_left(&line.text))],
    }
}

/// Our own sentences run from the left, whatever name they begin with: a left-to-right
/// mark (U+200E) says so, and is not seen.
fn from_the_left(sentence: &str) -> String {
    format!("\u{200e}{sentence}")
}

impl Style {
    /// What stands for it in the text of styles: `A` for the first of the table.
    fn letter(self) -> char {
        let index = match self {
            Self::Plain => 0,
            Self::Faded => 1,
            Self::Wrong => 2,
            Self::Whisper => 3,
            Self::Person(colour) => 4 + colour % look::PEOPLE.len(),
        };
        char::from(b'A' + u8::try_from(index).unwrap_or(0))
    }
}

/// In the order of [`Style::letter`].
fn style_table() -> Vec<StyleTableEntry> {
    let entry = |color: Color, font: Font| StyleTableEntry {
        color,
        font,
        size: look::TEXT,
    };
    let mut table = vec![
        entry(look::INK, Font::Helvetica),
        entry(look::FADED, Font::Helvetica),
        entry(look::WRONG, Font::Helvetica),
        entry(look::WHISPER, Font::HelveticaItalic),
    ];
    table.extend(look::PEOPLE.map(|color| entry(color, Font::HelveticaBold)));
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_has_its_place_in_the_table() {
        let last = Style::Person(look::PEOPLE.len() - 1).letter();
        let table_length = u8::try_from(style_table().len()).unwrap();
        assert_eq!(last, char::from(b'A' + table_length - 1));
    }

    #[test]
    fn a_line_keeps_its_time_its_speaker_and_its_text() {
        let line = ChatLine {
            time_ms: 0,
            kind: Kind::Said {
                from: "dana".into(),
            },
            text: "hi".into(),
            is_history: false,
            mentions_me: false,
        };
        let pieces = pieces(&line);
        assert_eq!(pieces[1], (Style::Person(colour_of("dana")), "dana".into()));
        assert_eq!(pieces[3], (Style::Plain, "hi".into()));
    }
}
