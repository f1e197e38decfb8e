//! The gap between the chat and the lists beside it: dragged, it changes their widths.

use super::look;
use fltk::app;
use fltk::draw;
use fltk::enums::{Cursor, Event, Key, Shortcut};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;

/// The default width of the lists. Unit: pixels.
const USUAL: i32 = 344;

/// The narrowest that the lists and the chat may be. Unit: pixels.
const NARROWEST: i32 = 280;
const NARROWEST_CHAT: i32 = 360;

/// One press of a key. Unit: pixels.
const STEP: i32 = 24;

/// Makes the gap in the current row, before `side` is added to the row.
pub(super) fn gap() -> Frame {
    let mut gap = Frame::default();
    gap.set_tooltip("Drag to resize (Alt+Left, Alt+Right)");
    gap
}

/// Sets both widths, and handles the mouse and the keys that move the gap.
pub(super) fn listen(gap: &mut Frame, row: &Flex, side: &Flex) {
    let (mut row, side) = (row.clone(), side.clone());
    row.fixed(gap, look::MARGIN);
    row.fixed(&side, USUAL);
    gap.handle(move |gap, event| {
        let width = match event {
            Event::Enter | Event::Push => {
                draw::set_cursor(Cursor::WE);
                return true;
            }
            Event::Leave => {
                draw::set_cursor(Cursor::Default);
                return true;
            }
            Event::Drag => row.x() + row.w() - app::event_x() - gap.w() / 2,
            Event::Shortcut if app::event_state().contains(Shortcut::Alt) => {
                match app::event_key() {
                    Key::Left => side.w() + STEP,
                    Key::Right => side.w() - STEP,
                    _ => return false,
                }
            }
            _ => return false,
        };
        let widest = (row.w() - NARROWEST_CHAT).max(NARROWEST);
        row.fixed(&side, width.clamp(NARROWEST, widest));
        row.layout();
        row.redraw();
        true
    });
}
