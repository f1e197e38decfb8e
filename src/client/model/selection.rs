//! The selected rows of a list: by click, Ctrl+click, Shift+click, keys and Ctrl+A.
//!
//! Rows have a key (a file's name, a transfer's number), so that the selection stays when
//! the list is sorted, filtered or filled again. Only shown rows count, so that a hidden
//! file is not downloaded by mistake.
//!
//! ```text
//! click 2          [ . X . . . ]     the cursor and the anchor stand at 2
//! Shift+click 4    [ . X X X . ]     from the anchor to here
//! Ctrl+click 3     [ . X . X . ]     this one alone changes; so do Ctrl+arrows, Ctrl+Space
//! ```
//!
//! ```
//! use sash::client::model::{Click, Selection};
//! let rows = ["a", "b", "c"];
//! let mut selection = Selection::default();
//! selection.click(&rows, 0, Click::Alone);
//! selection.click(&rows, 1, Click::Through);
//! assert_eq!(selection.chosen(&rows), ["a", "b"]);
//! ```

use std::collections::HashSet;
use std::hash::Hash;

/// The selected rows, and the cursor.
#[derive(Debug, Clone)]
pub struct Selection<K> {
    chosen: HashSet<K>,
    /// The row that keys move from.
    cursor: Option<K>,
    /// The anchor of a range.
    anchor: Option<K>,
}

/// The way to select a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Click {
    /// Only this row is selected.
    Alone,
    /// Its selection changes; the others stay (Ctrl).
    Toggle,
    /// All rows from the anchor to it are selected (Shift).
    Through,
}

/// The movement of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorMove {
    /// This many rows down, or up if negative.
    By(isize),
    /// The first row.
    First,
    /// The last row.
    Last,
}

impl<K> Default for Selection<K> {
    fn default() -> Self {
        Self {
            chosen: HashSet::new(),
            cursor: None,
            anchor: None,
        }
    }
}

impl<K: Clone + Eq + Hash> Selection<K> {
    /// Selects the row at this place in this way.
    pub fn click(&mut self, rows: &[K], at: usize, how: Click) {
        let Some(row) = rows.get(at) else { return };
        match how {
            Click::Alone => {
                self.chosen = HashSet::from([row.clone()]);
                self.anchor = Some(row.clone());
            }
            Click::Toggle => {
                if !self.chosen.remove(row) {
                    self.chosen.insert(row.clone());
                }
                self.anchor = Some(row.clone());
            }
            Click::Through => {
                let from = place(rows, self.anchor.as_ref()).unwrap_or(at);
                let range = from.min(at)..=from.max(at);
                self.chosen = rows[range].iter().cloned().collect();
                self.anchor.get_or_insert_with(|| row.clone());
            }
        }
        self.cursor = Some(row.clone());
    }

    /// A key moves the cursor and selects; with Shift all rows that it passes. Returns
    /// the place of the cursor.
    pub fn step(
        &mut self,
        rows: &[K],
        step: CursorMove,
        is_through: bool,
    ) -> Option<usize> {
        let at = self.reached(rows, step)?;
        let how = if is_through {
            Click::Through
        } else {
            Click::Alone
        };
        self.click(rows, at, how);
        Some(at)
    }

    /// A key moves only the cursor (Ctrl): the selection stays. Returns the place of the
    /// cursor.
    pub fn wander(&mut self, rows: &[K], step: CursorMove) -> Option<usize> {
        let at = self.reached(rows, step)?;
        self.cursor = rows.get(at).cloned();
        Some(at)
    }

    /// Changes the selection of the row under the cursor (Ctrl+Space).
    pub fn toggle(&mut self, rows: &[K]) {
        if let Some(at) = place(rows, self.cursor.as_ref()) {
            self.click(rows, at, Click::Toggle);
        }
    }

    /// The destination of a key.
    fn reached(&self, rows: &[K], step: CursorMove) -> Option<usize> {
        let last = rows.len().checked_sub(1)?;
        Some(match (step, place(rows, self.cursor.as_ref())) {
            (CursorMove::By(rows), Some(from)) => {
                from.saturating_add_signed(rows).min(last)
            }
            // Into a list from its end, or from its beginning.
            (CursorMove::By(..0), None) | (CursorMove::Last, _) => last,
            (CursorMove::By(_), None) | (CursorMove::First, _) => 0,
        })
    }

    /// Every row that is shown.
    pub fn choose_all(&mut self, rows: &[K]) {
        self.chosen = rows.iter().cloned().collect();
    }

    /// No row.
    pub fn clear(&mut self) {
        self.chosen.clear();
    }

    /// Whether this row is selected.
    #[must_use]
    pub fn contains(&self, row: &K) -> bool {
        self.chosen.contains(row)
    }

    /// Whether keys move from this row.
    #[must_use]
    pub fn is_cursor(&self, row: &K) -> bool {
        self.cursor.as_ref() == Some(row)
    }

    /// The selected rows, in their order.
    #[must_use]
    pub fn chosen(&self, rows: &[K]) -> Vec<K> {
        let is_chosen = |row: &&K| self.chosen.contains(row);
        rows.iter().filter(is_chosen).cloned().collect()
    }
}

fn place<K: PartialEq>(rows: &[K], row: Option<&K>) -> Option<usize> {
    rows.iter().position(|it| Some(it) == row)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [char; 6] = ['a', 'b', 'c', 'd', 'e', 'f'];

    fn chosen(selection: &Selection<char>) -> String {
        selection.chosen(&ROWS).into_iter().collect()
    }

    #[test]
    fn a_click_selects_one_row_toggles_one_or_extends_a_range_from_the_anchor() {
        let mut selection = Selection::default();
        selection.click(&ROWS, 2, Click::Alone);
        selection.click(&ROWS, 4, Click::Through);
        assert_eq!(chosen(&selection), "cde");
        selection.click(&ROWS, 1, Click::Through);
        assert_eq!(chosen(&selection), "bc", "the anchor stays");
        selection.click(&ROWS, 5, Click::Toggle);
        selection.click(&ROWS, 2, Click::Toggle);
        assert_eq!(chosen(&selection), "bf");
        selection.click(&ROWS, 0, Click::Alone);
        assert_eq!(chosen(&selection), "a");
        selection.click(&ROWS, 99, Click::Alone);
        assert_eq!(chosen(&selection), "a");
    }

    #[test]
    fn the_arrow_keys_move_the_cursor_and_shift_extends_the_selection() {
        let mut selection = Selection::default();
        assert_eq!(selection.step(&ROWS, CursorMove::By(1), false), Some(0));
        assert_eq!(selection.step(&ROWS, CursorMove::By(2), true), Some(2));
        assert_eq!(chosen(&selection), "abc");
        assert_eq!(selection.step(&ROWS, CursorMove::By(-9), false), Some(0));
        assert_eq!(selection.step(&ROWS, CursorMove::Last, true), Some(5));
        assert_eq!(chosen(&selection), "abcdef");
        assert_eq!(selection.step(&ROWS, CursorMove::First, false), Some(0));
        assert_eq!(chosen(&selection), "a");
        assert_eq!(selection.step(&[], CursorMove::By(1), false), None);
    }

    #[test]
    fn ctrl_moves_only_the_cursor_and_space_toggles_the_row_under_it() {
        let mut selection = Selection::default();
        selection.step(&ROWS, CursorMove::First, false);
        assert_eq!(selection.wander(&ROWS, CursorMove::By(3)), Some(3));
        assert_eq!(chosen(&selection), "a", "the cursor alone has moved");
        selection.toggle(&ROWS);
        assert_eq!(chosen(&selection), "ad");
        selection.toggle(&ROWS);
        assert_eq!(chosen(&selection), "a");
        assert_eq!(selection.wander(&[], CursorMove::Last), None);
    }

    #[test]
    fn a_selected_row_stays_selected_when_it_moves_and_a_hidden_one_is_not_counted() {
        let mut selection = Selection::default();
        selection.click(&ROWS, 0, Click::Alone);
        selection.click(&ROWS, 5, Click::Toggle);
        assert_eq!(selection.chosen(&['f', 'x', 'a']), ['f', 'a']);
        assert_eq!(selection.chosen(&['x', 'a']), ['a']);
        assert_eq!(chosen(&selection), "af", "and is there again");
        selection.choose_all(&['b', 'c']);
        assert_eq!(chosen(&selection), "bc");
        selection.clear();
        assert_eq!(chosen(&selection), "");
    }
}
