//! A row that is visible only with a message: a sentence and a few buttons.
//!
//! ```text
//! | The connection was lost. Trying again in 4 s.      [Try now] [Stay here] |
//! ```

use super::{labels, look};
use fltk::button::Button;
use fltk::enums::{Color, FrameType};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;

/// The row.
#[derive(Clone)]
pub(super) struct Strip {
    column: Flex,
    row: Flex,
    words: Frame,
    /// From left to right.
    pub(super) buttons: Vec<Button>,
}

/// The height of a strip. Unit: pixels.
const HEIGHT: i32 = look::ROW + 8;

/// The width of one of its buttons. Unit: pixels.
const BUTTON_WIDTH: i32 = 104;

impl Strip {
    /// Makes the row in the column that is being built, with a button for each label and
    /// tip.
    pub(super) fn new(
        column: &mut Flex,
        color: Color,
        buttons: &[(&'static str, &str)],
    ) -> Self {
        let mut row = Flex::default().row();
        row.set_frame(FrameType::DownBox);
        row.set_color(color);
        row.set_margins(look::MARGIN, 4, 4, 4);
        row.set_pad(look::GAP);
        let words = look::caption("");
        let made = buttons.iter().map(|(label, tip)| {
            let button = look::button(label, tip);
            row.fixed(&button, BUTTON_WIDTH);
            button
        });
        let buttons = made.collect();
        row.end();
        row.hide();
        column.fixed(&row, HEIGHT);
        Self {
            column: column.clone(),
            row,
            words,
            buttons,
        }
    }

    /// Shows this message, or hides the row. Returns whether its visibility has changed.
    pub(super) fn say(&mut self, sentence: Option<&str>) -> bool {
        if let Some(sentence) = sentence {
            look::set_label(&mut self.words, &labels::label(sentence));
        }
        let is_there = sentence.is_some();
        let has_changed = is_there != self.row.visible();
        if has_changed {
            if is_there {
                self.row.show();
            } else {
                self.row.hide();
            }
            self.column.layout();
            self.column.redraw();
        }
        has_changed
    }

    /// Whether it is visible.
    pub(super) fn is_there(&self) -> bool {
        self.row.visible()
    }
}
