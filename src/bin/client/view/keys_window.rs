//! The window's keys, in a window of their own: F1.

use super::{labels, look};
use fltk::enums::Font;
use fltk::frame::Frame;
use fltk::group::{Flex, Scroll, ScrollType};
use fltk::prelude::*;
use fltk::window::DoubleWindow;
use sash::client::keys::PARTS;
use std::cell::RefCell;
use std::rc::Rc;

/// The window, once it was opened; a copy is the same window.
#[derive(Clone, Default)]
pub(super) struct KeysWindow(Rc<RefCell<Option<DoubleWindow>>>);

/// Unit: pixels.
const WIDTH: i32 = 640;
const HEIGHT: i32 = 600;
const KEYS_WIDTH: i32 = 230;
const LINE: i32 = 22;

impl KeysWindow {
    /// Shows it; Escape, its button or its cross hides it.
    pub(super) fn open(&self) {
        self.0.borrow_mut().get_or_insert_with(built).show();
    }

    /// Hides it, because the program ends.
    pub(super) fn close(&self) {
        if let Some(window) = &mut *self.0.borrow_mut() {
            window.hide();
        }
    }
}

fn built() -> DoubleWindow {
    let mut window = DoubleWindow::default()
        .with_size(WIDTH, HEIGHT)
        .with_label("Keys of Sash");
    window.set_color(look::PAPER);
    let mut column = Flex::default_fill().column();
    column.set_margins(look::MARGIN, look::MARGIN, look::MARGIN, look::GAP);
    column.set_pad(look::GAP);
    let mut scroll = Scroll::default().with_type(ScrollType::Vertical);
    scroll.set_frame(look::LIST);
    scroll.set_color(look::PAGE);
    list();
    scroll.end();
    let mut bottom = Flex::default().row();
    Frame::default();
    let mut close = look::button("Close", "Or press Escape");
    bottom.fixed(&close, 96);
    bottom.end();
    column.fixed(&bottom, look::ROW);
    column.end();
    window.end();
    window.resizable(&column);
    let mut hidden = window.clone();
    close.set_callback(move |_| hidden.hide());
    window
}

/// A heading for each part, and under it its keys.
fn list() {
    let lines: usize = PARTS.iter().map(|(_, keys)| keys.len() + 1).sum();
    let height = LINE * i32::try_from(lines).unwrap_or(0);
    let width = WIDTH - 2 * look::MARGIN - 30;
    let place = look::MARGIN + look::GAP;
    let mut list = Flex::new(place, place, width, height, None).column();
    list.set_pad(0);
    for (part, keys) in PARTS {
        let mut heading = look::heading(part);
        heading.set_label_color(look::ACCENT);
        for (keys, does) in keys {
            let mut row = Flex::default().row();
            let mut names = look::caption(&labels::label(keys));
            names.set_label_font(Font::HelveticaBold);
            row.fixed(&names, KEYS_WIDTH);
            look::caption(&labels::label(does));
            row.end();
        }
    }
    list.end();
}
