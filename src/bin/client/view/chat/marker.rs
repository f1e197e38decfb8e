//! The row of the chat that the keys have marked: keys can do everything that the mouse
//! can.
//!
//! ```text
//! Ctrl+Up, Ctrl+Down   the row above, the row below; below the last one none
//! Ctrl+Enter           comings and goings unfolded, or folded again
//! Ctrl+C               copied
//! ```
//!
//! The cursor stays in the message meanwhile. The marked row is the selected text of the
//! display, so that copying and a selection by mouse are the same.

use super::{Page, number_of, position, row_at, scroll_to_end, start_of};
use fltk::prelude::*;
use fltk::text::{PositionType, TextBuffer, TextDisplay};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The action of a key on rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::view) enum Mark {
    /// The row above the marked one; the lowest visible one if none is marked.
    Up,
    /// The row below it.
    Down,
    /// Unfolds the marked row, or folds it again.
    Toggle,
    /// Removes the mark.
    None,
}

/// The marked row, shared by the chat and the keys.
#[derive(Clone)]
pub(super) struct Marker {
    pub(super) display: TextDisplay,
    pub(super) text: TextBuffer,
    pub(super) page: Rc<RefCell<Page>>,
    /// See [`ChatPane`](super::ChatPane).
    pub(super) follows: Rc<Cell<bool>>,
    /// See [`ChatPane`](super::ChatPane).
    pub(super) is_jumping: Rc<Cell<bool>>,
    /// The number of the line that the row shows.
    pub(super) row: Rc<Cell<Option<usize>>>,
}

impl Marker {
    /// Carries out the action of a key. The next update of the conversation shows the
    /// unfolded rows.
    pub(super) fn take(&mut self, mark: Mark) {
        match mark {
            Mark::Up => self.step(true),
            Mark::Down => self.step(false),
            Mark::Toggle => {
                if let Some(number) = self.marked() {
                    self.page.borrow_mut().transcript.toggle(number);
                }
            }
            Mark::None => self.clear(),
        }
    }

    /// The number of the line whose row is marked. A click into the chat removes the
    /// mark.
    pub(super) fn marked(&self) -> Option<usize> {
        self.row.get().filter(|_| self.text.selected())
    }

    /// Marks the row of this line again, if it was rewritten meanwhile.
    pub(super) fn mark_again(&mut self, page: &Page, number: usize) {
        if let Some(row) = page.transcript.row_of(number)
            && !self.text.selected()
        {
            self.mark(page, row);
        }
    }

    fn step(&mut self, is_up: bool) {
        let page = Rc::clone(&self.page);
        let page = page.borrow();
        let last = page.transcript.rows().len().checked_sub(1);
        let marked = self.marked();
        let row = marked.and_then(|number| page.transcript.row_of(number));
        let next = match row {
            None if is_up => self.lowest_in_sight(&page).or(last),
            None => None,
            Some(row) if is_up => Some(row.saturating_sub(1)),
            Some(row) => Some(row + 1).filter(|next| Some(*next) <= last),
        };
        if let Some(row) = next {
            self.mark(&page, row);
        } else {
            self.clear();
            self.follows.set(true);
            self.is_jumping.set(true);
            scroll_to_end(&mut self.display, &self.text);
        }
    }

    fn mark(&mut self, page: &Page, row: usize) {
        let start = start_of(page, row);
        let end = start + page.lengths.get(row).copied().unwrap_or(0);
        self.row.set(number_of(page, row));
        self.text.select(position(start), position(end));
        self.follows.set(false);
        self.is_jumping.set(true);
        self.display.set_insert_position(position(start));
        self.display.show_insert_position();
    }

    fn clear(&mut self) {
        if self.row.take().is_some() {
            self.text.unselect();
        }
    }

    fn lowest_in_sight(&self, page: &Page) -> Option<usize> {
        if self.follows.get() {
            return None;
        }
        let display = &self.display;
        let (x, y) = (display.x() + 20, display.y() + display.h() - 10);
        row_at(page, display.xy_to_position(x, y, PositionType::Cursor))
    }
}
