//! The keys of a list, for everything that the mouse can do.
//!
//! ```text
//! arrows, Page, Home, End    another row is chosen; with Shift all up to there
//! the same with Ctrl         the cursor alone moves; Ctrl+Space chooses what it stands on
//! Ctrl+A, Enter              all rows; as a double click
//! Left, Right, Ctrl+R        sorted by the column beside; the other way round
//! ```

use super::{SortedTable, State, Touch, rows_in_view};
use fltk::app;
use fltk::enums::{Key, Shortcut};
use fltk::table::Table;
use sash::client::model::CursorMove;
use std::hash::Hash;

impl<K: Clone + Eq + Hash + 'static> SortedTable<K> {
    /// Whether the key was handled.
    pub(super) fn key(
        &mut self,
        table: &Table,
        touch: &dyn Fn(&Self, Touch) -> bool,
    ) -> bool {
        let (key, keys) = (app::event_key(), app::event_state());
        let (is_ctrl, is_through) = (
            keys.contains(Shortcut::Ctrl),
            keys.contains(Shortcut::Shift),
        );
        let is_letter = |letter| is_ctrl && key == Key::from_char(letter);
        let page = isize::try_from(rows_in_view(table)).unwrap_or(1).max(1);
        let step = match key {
            Key::Up => CursorMove::By(-1),
            Key::Down => CursorMove::By(1),
            Key::PageUp => CursorMove::By(-page),
            Key::PageDown => CursorMove::By(page),
            Key::Home => CursorMove::First,
            Key::End => CursorMove::Last,
            Key::Left | Key::Right if !keys.contains(Shortcut::Alt) => {
                return touch(self, Touch::Heading(self.beside(key == Key::Right)));
            }
            Key::Enter | Key::KPEnter => return touch(self, Touch::Open),
            _ if is_letter('r') => {
                let (by, _) = self.sorted.get();
                return touch(self, Touch::Heading(by));
            }
            _ if is_letter('a') => {
                self.change(touch, |state| {
                    let State {
                        rows, selection, ..
                    } = state;
                    selection.choose_all(rows);
                });
                return true;
            }
            _ if is_letter(' ') => {
                self.change(touch, |state| state.selection.toggle(&state.rows));
                return true;
            }
            _ => return touch(self, Touch::Key(key)),
        };
        let mut reached = None;
        self.change(touch, |state| {
            let State {
                rows, selection, ..
            } = state;
            reached = if is_ctrl {
                selection.wander(rows, step)
            } else {
                selection.step(rows, step, is_through)
            };
        });
        if let Some(row) = reached {
            self.bring_into_view(row);
        }
        true
    }

    /// The column beside the one that it is sorted by; after the last comes the first.
    fn beside(&self, is_right: bool) -> usize {
        let count = self
            .columns
            .iter()
            .filter(|it| !it.heading.is_empty())
            .count();
        let step = if is_right { 1 } else { count.saturating_sub(1) };
        (self.sorted.get().0 + step) % count.max(1)
    }
}
