//! The styles of the chat's rows: colours, letters and backgrounds.
//!
//! FLTK names a style by a letter: `A` is the first of a table.
//!
//! Source: FLTK manual, class `Fl_Text_Display`.

use super::look;
use fltk::enums::{Color, Font};
use fltk::text::{StyleTableEntryExt, TextAttr};

/// The style of a piece of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A message.
    Plain,
    /// Times, and notices of the server.
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
    /// The dividing line above unread lines; over the whole width.
    New,
    /// Layout space: between columns, and before a continued line.
    Gap,
    /// An address that opens when it is clicked.
    Link,
    /// A match of the search.
    Hit,
    /// The same, in the row that is shown now.
    CurrentHit,
    /// A user's name, in the user's colour.
    Person(usize),
}

/// The letters of a gap: so small that spaces of them fill any width. Unit: pixels.
const GAP: i32 = 4;

impl Style {
    /// Its letter in the text of styles: `A` for the first of the table.
    pub(super) fn letter(self) -> char {
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
            Self::Gap => 11,
            Self::Link => 12,
            Self::Person(colour) => 13 + colour % look::PEOPLE.len(),
        };
        char::from(b'A' + u8::try_from(index).unwrap_or(0))
    }
}

/// The letters of a style: which, and how large. Unit: pixels.
pub(super) fn font_of(style: Style) -> (Font, i32) {
    let index = usize::try_from(u32::from(style.letter()) - u32::from('A')).unwrap_or(0);
    STYLES
        .with(|table| table.get(index).map(|it| (it.font, it.size)))
        .unwrap_or((Font::Helvetica, look::TEXT))
}

thread_local! {
    static STYLES: Vec<StyleTableEntryExt> = style_table();
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
        StyleTableEntryExt {
            size: GAP,
            ..entry(look::INK, plain)
        },
        on(look::PAGE, TextAttr::Underline, entry(look::ACCENT, plain)),
    ];
    table.extend(look::PEOPLE.map(|color| entry(color, bold)));
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_has_an_entry_in_the_style_table() {
        let last = Style::Person(look::PEOPLE.len() - 1).letter();
        let table_length = u8::try_from(style_table().len()).unwrap();
        assert_eq!(last, char::from(b'A' + table_length - 1));
    }
}
