//! The row for a search in the chat.
//!
//! ```text
//! | Find [loss_______________]  3 of 17   [Up] [Down] [Close] |
//! ```
//!
//! Enter and the arrow up lead to an older place, the arrow down and Shift+Enter to a newer
//! one, Escape ends the search.

use super::{IntentCallback, look};
use fltk::app;
use fltk::enums::{CallbackTrigger, Event, FrameType, Key, Shortcut};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;
use sash::client::controller::Intent;
use sash::client::model::Search;
use std::rc::Rc;

/// The row; hidden while nothing is searched for.
#[derive(Clone)]
pub(super) struct Finder {
    column: Flex,
    row: Flex,
    field: Input,
    standing: Frame,
}

/// The height of the row. Unit: pixels.
const HEIGHT: i32 = look::ROW + 8;

impl Finder {
    /// Makes the row in the current column; `closed` is called when the user has ended
    /// the search.
    pub(super) fn new(
        column: &mut Flex,
        report: &IntentCallback,
        closed: impl Fn() + Clone + 'static,
    ) -> Self {
        let mut row = Flex::default().row();
        row.set_frame(FrameType::DownBox);
        row.set_color(look::PAPER);
        row.set_margins(look::MARGIN, 4, 4, 4);
        row.set_pad(look::GAP);
        let caption = look::caption("Find");
        row.fixed(&caption, 34);
        let field = look::field("Enter finds older lines, Escape ends the search");
        let standing = look::caption("");
        row.fixed(&standing, 76);
        let up = look::button("@8->", "Find an older line (Enter)");
        row.fixed(&up, 36);
        let down = look::button("@2->", "Find a newer line (Shift+Enter)");
        row.fixed(&down, 36);
        let close = look::button("Close", "Or press Escape");
        row.fixed(&close, 66);
        row.end();
        row.hide();
        column.fixed(&row, HEIGHT);
        for (mut button, is_up) in [(up, true), (down, false)] {
            button.set_label_color(look::INK);
            let tell = Rc::clone(report);
            button.set_callback(move |_| tell(Intent::StepSearch { is_up }));
        }
        let finder = Self {
            column: column.clone(),
            row,
            field,
            standing,
        };
        finder.listen(report, closed.clone());
        let (tell, mut close) = (Rc::clone(report), close);
        close.set_callback(move |_| {
            tell(Intent::Search(None));
            closed();
        });
        finder
    }

    /// Begins a search, or continues the current one.
    pub(super) fn open(&mut self, report: &IntentCallback) {
        self.set_visible(true);
        report(Intent::Search(Some(self.field.value())));
        drop(self.field.take_focus());
        drop(self.field.set_position(0));
        drop(self.field.set_mark(self.field.maximum_size()));
    }

    /// Shows the state of the search.
    pub(super) fn show(&mut self, search: Option<&Search>) {
        let Some(search) = search else {
            return self.set_visible(false);
        };
        // A search of a command; one that is being typed is newer.
        if !self.row.visible() {
            self.field.set_value(search.query());
            self.set_visible(true);
            drop(self.field.take_focus());
        }
        let standing = search.standing();
        look::set_label(&mut self.standing, &standing);
    }

    fn set_visible(&mut self, is_visible: bool) {
        if is_visible == self.row.visible() {
            return;
        }
        if is_visible {
            self.row.show();
        } else {
            self.row.hide();
        }
        self.column.layout();
        self.column.redraw();
    }

    fn listen(&self, report: &IntentCallback, closed: impl Fn() + 'static) {
        let mut field = self.field.clone();
        field.set_trigger(CallbackTrigger::Changed);
        let tell = Rc::clone(report);
        field.set_callback(move |field| tell(Intent::Search(Some(field.value()))));
        let tell = Rc::clone(report);
        field.super_handle_first(false);
        field.handle(move |_, event| {
            if event != Event::KeyDown {
                return false;
            }
            let is_shift = app::event_state().contains(Shortcut::Shift);
            let step = |is_up| tell(Intent::StepSearch { is_up });
            match app::event_key() {
                Key::Escape => {
                    tell(Intent::Search(None));
                    closed();
                }
                Key::Enter | Key::KPEnter => step(!is_shift),
                Key::Up => step(true),
                Key::Down => step(false),
                _ => return false,
            }
            true
        });
    }
}
