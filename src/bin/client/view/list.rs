//! A list of rows with two columns: the online users.
//!
//! The idea: FLTK's browser reads a format after a chosen character. Here it is a control
//! character, which [`words::harmless`] removes from all text.
//!
//! ```text
//! \x01 C 123 \x01 . dana     in colour 123; `.` ends the format
//! ```
//!
//! Source: FLTK manual, class `Fl_Browser`, `format_char`.

use super::{context_menu, look};
use fltk::app;
use fltk::browser::{BrowserScrollbar, HoldBrowser};
use fltk::enums::{Color, Event, Key};
use fltk::prelude::*;
use sash::client::words;

/// Begins a format. Never in text: [`words::harmless`] replaces it.
const FORMAT: char = '\u{1}';

/// Between two columns. Never in text, for the same reason.
const COLUMN: char = '\t';

/// One column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    text: String,
    color: Color,
}

/// The widget and what it shows.
pub(super) struct List {
    browser: HoldBrowser,
    rows: Vec<Vec<Cell>>,
}

impl List {
    /// Makes the widget in the current group; its first column is `first` pixels wide.
    /// `picked` gets the row of a double click or Enter, counted from 0; `offered` are
    /// the actions on a row for its menu.
    pub(super) fn new(
        tip: &str,
        first: i32,
        mut picked: impl FnMut(usize) + 'static,
        offered: impl Fn(usize) -> Vec<context_menu::Item> + 'static,
    ) -> Self {
        let mut browser = HoldBrowser::default();
        browser.set_frame(look::LIST);
        browser.set_color(look::PAGE);
        browser.set_selection_color(look::CHOSEN);
        browser.set_text_size(look::TEXT);
        browser.set_format_char(FORMAT);
        browser.set_column_char(COLUMN);
        browser.set_has_scrollbar(BrowserScrollbar::Vertical);
        browser.set_tooltip(tip);
        browser.set_column_widths(&[first]);
        // This handler is first, so that handled events do not reach the browser, which
        // would take the cursor back.
        browser.super_handle_first(false);
        browser.handle(move |browser, event| {
            if context_menu::is_wanted(event) {
                if event == Event::Push {
                    select_under_mouse(browser);
                }
                let row = chosen_row(browser);
                context_menu::show(row.map(&offered).unwrap_or_default());
                return true;
            }
            let double_click = event == Event::Push && app::event_clicks();
            let enter = event == Event::KeyDown
                && matches!(app::event_key(), Key::Enter | Key::KPEnter);
            let Some(row) = chosen_row(browser).filter(|_| double_click || enter) else {
                return false;
            };
            picked(row);
            true
        });
        Self {
            browser,
            rows: Vec::new(),
        }
    }

    /// The widget, for the layout.
    pub(super) fn widget(&mut self) -> &mut HoldBrowser {
        &mut self.browser
    }

    /// The selected row, counted from 0.
    pub(super) fn chosen(&self) -> Option<usize> {
        chosen_row(&self.browser)
    }

    /// Shows these rows. The selected one stays selected, if it still exists.
    pub(super) fn show(&mut self, rows: Vec<Vec<Cell>>) {
        if rows == self.rows {
            return;
        }
        let chosen = self.chosen().and_then(|row| self.rows.get(row)).cloned();
        let position = self.browser.position();
        self.browser.clear();
        for row in &rows {
            self.browser.add(&written(row));
        }
        self.browser.set_position(position);
        let again = chosen.and_then(|cells| rows.iter().position(|row| *row == cells));
        if let Some(line) = again.and_then(|row| i32::try_from(row + 1).ok()) {
            self.browser.select(line);
        }
        self.rows = rows;
    }
}

impl Cell {
    /// At the left, in the usual colour.
    pub(super) fn plain(text: &str) -> Self {
        Self::colored(text, look::INK)
    }

    /// At the left, in this colour.
    pub(super) fn colored(text: &str, color: Color) -> Self {
        Self {
            text: words::harmless(text),
            color,
        }
    }
}

fn chosen_row(browser: &HoldBrowser) -> Option<usize> {
    usize::try_from(browser.value()).ok()?.checked_sub(1)
}

fn select_under_mouse(browser: &mut HoldBrowser) {
    let row_height = browser.text_size() + 2; // FLTK: a line of letters, and 2 pixels.
    let from_top = app::event_y() - browser.y() - 2 + browser.position();
    let line = from_top / row_height + 1;
    if (1..=browser.size()).contains(&line) {
        browser.select(line);
    }
}

/// A row in the format of the browser.
fn written(row: &[Cell]) -> String {
    let cells: Vec<String> = row.iter().map(written_cell).collect();
    cells.join(&COLUMN.to_string())
}

fn written_cell(cell: &Cell) -> String {
    let color = cell.color.bits();
    let text = &cell.text;
    format!("{FORMAT}C{color}{FORMAT}.{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_start_neither_a_column_nor_a_format_code() {
        let row = written(&[Cell::plain("a\tb\u{1}rc @b"), Cell::plain("c")]);
        assert_eq!(row.matches(COLUMN).count(), 1);
        assert_eq!(row.matches(FORMAT).count(), 4);
        assert!(row.contains("@b"));
    }
}
