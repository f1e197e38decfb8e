//! A list with columns that is sorted by its headings and in which several rows can be
//! chosen: the files, and the transfers.
//!
//! The idea: FLTK requests one visible cell at a time, so only the visible part of ten
//! thousand rows costs time. The model has the selection ([`Selection`]); here clicks and
//! keys become its steps.
//!
//! ```text
//! Name ^      | Size        a click on a heading sorts, another one reverses
//! lecture 2   | 1.2 MB      click, Ctrl+click, Shift+click, Ctrl+A
//! lecture 10  | 6.3 MB      the keys do the same: see `keys`
//! ```
//!
//! FLTK's own selection stays unused: it knows rectangles, and forgets them when rows
//! move.

mod keys;

use super::{context_menu, labels, look};
use fltk::app;
use fltk::draw;
use fltk::enums::{Align, Color, Event, Font, FrameType, Key, Shortcut};
use fltk::prelude::*;
use fltk::table::{Table, TableContext};
use sash::client::model::{Click, Selection};
use std::cell::{Cell, RefCell};
use std::hash::Hash;
use std::rc::Rc;

/// A place in the window: left, top, width, height. Unit: pixels.
pub(super) type Rectangle = (i32, i32, i32, i32);

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its heading.
    pub(super) heading: &'static str,
    /// Unit: pixels; 0 for the one that takes what the others leave.
    pub(super) width: i32,
    /// The alignment of its text.
    pub(super) side: Align,
}

/// An action of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// A heading was clicked.
    Heading(usize),
    /// A cell was clicked. Unless the answer is `true`, its row is selected.
    Press {
        /// From the top, of all rows.
        row: usize,
        /// From the left.
        column: usize,
    },
    /// A row was double-clicked, or Enter was pressed on it.
    Open,
    /// The mouse is over this row now.
    Hover(Option<usize>),
    /// The cursor or the selection has changed.
    Chosen,
    /// The menu of the selected rows was requested.
    Menu,
    /// Another key. Unless the answer is `true`, other widgets get it.
    Key(Key),
}

/// The widget, and what it shows; a copy is the same list.
#[derive(Clone)]
pub(super) struct SortedTable<K> {
    table: Table,
    columns: &'static [Column],
    state: Rc<RefCell<State<K>>>,
    sorted: Rc<Cell<(usize, bool)>>,
}

struct State<K> {
    rows: Vec<K>,
    selection: Selection<K>,
    hovered: Option<usize>,
}

/// Handles actions on a list; returns whether nothing else must happen.
type Listener<K> = Box<dyn Fn(&SortedTable<K>, Touch) -> bool>;

/// The services of a list for its owner.
pub(super) struct Owner<K> {
    /// Draws a cell's inside; its background is drawn already.
    pub(super) draw: Box<dyn Fn(usize, usize, Rectangle)>,
    /// Handles the user's actions.
    pub(super) touch: Listener<K>,
    /// The text of an empty list.
    pub(super) invitation: Box<dyn Fn() -> String>,
}

/// The heights of the headings and of a row. Unit: pixels.
const HEADING: i32 = 22;
const ROW: i32 = 22;

/// The narrowest that the column without a width of its own may be. Unit: pixels.
const NARROWEST: i32 = 60;

/// Between a cell's edge and its words. Unit: pixels.
pub(super) const INSET: i32 = 8;

/// The size of the sign of the sorted column. Unit: pixels.
const SIGN: i32 = 7;

impl<K: Clone + Eq + Hash + 'static> SortedTable<K> {
    /// Makes the widget in the group that is being built.
    pub(super) fn new(columns: &'static [Column], owner: Owner<K>) -> Self {
        let mut table = Table::default();
        // A frame that fills nothing: FLTK draws it over the scrollbars.
        table.set_frame(FrameType::BorderFrame);
        table.set_table_frame(FrameType::NoBox);
        table.set_color(look::PAGE);
        table.set_cols(i32::try_from(columns.len()).unwrap_or(0));
        table.set_col_header(true);
        table.set_col_header_height(HEADING);
        table.end();
        table.resize_callback(move |table, _, _, width, height| {
            fit_columns(table, columns, width, height);
        });
        let state = State {
            rows: Vec::new(),
            selection: Selection::default(),
            hovered: None,
        };
        let mut sorted_table = Self {
            table,
            columns,
            state: Rc::new(RefCell::new(state)),
            sorted: Rc::new(Cell::new((0, false))),
        };
        let Owner {
            draw,
            touch,
            invitation,
        } = owner;
        sorted_table.draw_cells(draw);
        sorted_table.draw_around(invitation);
        sorted_table.listen(touch);
        sorted_table
    }

    /// Shows these rows; `sorted`: by which column, and whether reversed.
    pub(super) fn show(&mut self, rows: Vec<K>, sorted: (usize, bool)) {
        self.sorted.set(sorted);
        let count = i32::try_from(rows.len()).unwrap_or(i32::MAX);
        self.state.borrow_mut().rows = rows;
        if count != self.table.rows() {
            // New rows are as high as the last one; setting each would take a minute.
            if self.table.rows() == 0 {
                self.table.set_rows(1);
                self.table.set_row_height(0, ROW);
            }
            self.table.set_rows(count);
            let (width, height) = (self.table.w(), self.table.h());
            fit_columns(&mut self.table, self.columns, width, height);
        }
        self.table.redraw();
    }

    /// The selected rows, from top to bottom.
    pub(super) fn chosen(&self) -> Vec<K> {
        let state = self.state.borrow();
        state.selection.chosen(&state.rows)
    }

    /// The row under the mouse, otherwise the first selected one.
    pub(super) fn looked_at(&self) -> Option<K> {
        let state = self.state.borrow();
        let hovered = state.hovered.and_then(|row| state.rows.get(row)).cloned();
        let is_chosen = |row: &&K| state.selection.contains(row);
        hovered.or_else(|| state.rows.iter().find(is_chosen).cloned())
    }

    /// Puts the cursor onto it.
    pub(super) fn focus(&self) {
        drop(self.table.clone().take_focus());
    }

    /// Shows the beginning of the list.
    pub(super) fn scroll_to_start(&mut self) {
        self.bring_into_view(0);
    }

    /// Shows the end of the list.
    pub(super) fn scroll_to_end(&mut self) {
        let last = self.state.borrow().rows.len().saturating_sub(1);
        self.bring_into_view(last);
    }

    fn draw_cells(&mut self, draw_inside: Box<dyn Fn(usize, usize, Rectangle)>) {
        let (state, sorted) = (Rc::clone(&self.state), Rc::clone(&self.sorted));
        let columns = self.columns;
        self.table
            .draw_cell(move |table, context, row, column, x, y, w, h| {
                let (Ok(row), Ok(column)) =
                    (usize::try_from(row), usize::try_from(column))
                else {
                    return;
                };
                match context {
                    TableContext::ColHeader => {
                        if let Some(shown) = columns.get(column) {
                            let (by, is_reversed) = sorted.get();
                            let sign = (by == column).then_some(is_reversed);
                            draw_heading(*shown, sign, (x, y, w, h));
                        }
                    }
                    TableContext::Cell => {
                        let (is_chosen, is_cursor) = marks(&state.borrow(), row);
                        let is_cursor = is_cursor && table.has_focus();
                        draw::push_clip(x, y, w, h);
                        draw_ground(is_chosen, is_cursor, (x, y, w, h));
                        draw::set_font(Font::Helvetica, look::TEXT - 1);
                        draw_inside(row, column, (x, y, w, h));
                        draw::pop_clip();
                    }
                    TableContext::None
                    | TableContext::StartPage
                    | TableContext::EndPage
                    | TableContext::RowHeader
                    | TableContext::Table
                    | TableContext::RcResize => {}
                }
            });
    }

    /// The line around it, and the text of an empty list.
    fn draw_around(&mut self, invitation: Box<dyn Fn() -> String>) {
        self.table.draw(move |table| {
            let (x, y, w, h) = (table.x(), table.y(), table.w(), table.h());
            let line = if table.has_focus() {
                look::ACCENT
            } else {
                look::LINE
            };
            draw::set_draw_color(line);
            draw::draw_rect(x, y, w, h);
            if table.rows() > 0 {
                return;
            }
            draw::set_font(Font::Helvetica, look::TEXT - 1);
            let place = (x, y + HEADING, w, h - HEADING);
            draw_words(&invitation(), look::FADED, Align::Center, place);
        });
    }

    /// This handler is first, so that handled events do not reach FLTK's own selection.
    fn listen(&mut self, touch: Listener<K>) {
        self.table.super_handle_first(false);
        let mut sorted_table = self.clone();
        self.table.handle(move |table, event| match event {
            _ if context_menu::is_wanted(event) => {
                drop(table.take_focus());
                sorted_table.choose_under_mouse(table, event, &*touch);
                touch(&sorted_table, Touch::Menu);
                true
            }
            Event::Push if !is_on_scrollbar(table) => {
                drop(table.take_focus());
                sorted_table.press(table, &*touch);
                true
            }
            // FLTK would draw a rectangle for this press.
            Event::Drag | Event::Released | Event::Enter => true,
            Event::Move if !is_on_scrollbar(table) => {
                sorted_table.hover(row_under_mouse(table), &*touch);
                true
            }
            Event::Leave => {
                sorted_table.hover(None, &*touch);
                true
            }
            Event::Focus | Event::Unfocus => {
                table.redraw();
                true
            }
            Event::KeyDown => sorted_table.key(table, &*touch),
            _ => false,
        });
    }

    fn press(&mut self, table: &Table, touch: &dyn Fn(&Self, Touch) -> bool) {
        let Some((context, row, column, _)) = table.cursor2rowcol() else {
            return;
        };
        let (Ok(row), Ok(column)) = (usize::try_from(row), usize::try_from(column))
        else {
            return;
        };
        match context {
            TableContext::ColHeader => {
                touch(self, Touch::Heading(column));
            }
            TableContext::Cell => {
                if touch(self, Touch::Press { row, column }) {
                    return;
                }
                let keys = app::event_state();
                let is_plain = !keys.intersects(Shortcut::Ctrl | Shortcut::Shift);
                if app::event_clicks() && is_plain {
                    touch(self, Touch::Open);
                    return;
                }
                let how = if keys.contains(Shortcut::Shift) {
                    Click::Through
                } else if keys.contains(Shortcut::Ctrl) {
                    Click::Toggle
                } else {
                    Click::Alone
                };
                self.change(touch, |state| {
                    state.selection.click(&state.rows, row, how);
                });
            }
            TableContext::Table => self.change(touch, |state| state.selection.clear()),
            TableContext::None
            | TableContext::StartPage
            | TableContext::EndPage
            | TableContext::RowHeader
            | TableContext::RcResize => {}
        }
    }

    /// The right button selects the row under it, unless it is already selected.
    fn choose_under_mouse(
        &mut self,
        table: &Table,
        event: Event,
        touch: &dyn Fn(&Self, Touch) -> bool,
    ) {
        let row = row_under_mouse(table).filter(|_| event == Event::Push);
        let is_chosen = |row: &usize| marks(&self.state.borrow(), *row).0;
        if let Some(row) = row.filter(|row| !is_chosen(row)) {
            self.change(touch, |state| {
                state.selection.click(&state.rows, row, Click::Alone);
            });
        }
    }

    fn hover(&self, row: Option<usize>, touch: &dyn Fn(&Self, Touch) -> bool) {
        let before = std::mem::replace(&mut self.state.borrow_mut().hovered, row);
        if before != row {
            touch(self, Touch::Hover(row));
        }
    }

    fn change(
        &mut self,
        touch: &dyn Fn(&Self, Touch) -> bool,
        change: impl FnOnce(&mut State<K>),
    ) {
        change(&mut self.state.borrow_mut());
        self.table.redraw();
        touch(self, Touch::Chosen);
    }

    fn bring_into_view(&mut self, row: usize) {
        let row = i32::try_from(row).unwrap_or(i32::MAX);
        let first = self.table.row_position();
        let fitting = rows_in_view(&self.table).max(1);
        if row < first {
            self.table.set_row_position(row);
        } else if row >= first + fitting {
            self.table.set_row_position(row - fitting + 1);
        }
    }
}

/// Letters without any markup, cut with an ellipsis where they do not fit.
pub(super) fn draw_words(text: &str, color: Color, side: Align, (x, y, w, h): Rectangle) {
    let room = f64::from(w - INSET);
    let text = labels::fitted(text, room, draw::width);
    #[expect(clippy::cast_possible_truncation, reason = "a width in pixels")]
    let spare = w - draw::width(&text) as i32;
    let left = match side {
        Align::Right => spare - INSET,
        Align::Center => spare / 2,
        _ => INSET,
    };
    draw::set_draw_color(color);
    let baseline = y + i32::midpoint(h, draw::height()) - draw::descent();
    draw::draw_text(&text, x + left, baseline);
}

fn marks<K: Clone + Eq + Hash>(state: &State<K>, row: usize) -> (bool, bool) {
    state.rows.get(row).map_or((false, false), |row| {
        (
            state.selection.contains(row),
            state.selection.is_cursor(row),
        )
    })
}

fn draw_ground(is_chosen: bool, is_cursor: bool, (x, y, w, h): Rectangle) {
    let ground = if is_chosen { look::CHOSEN } else { look::PAGE };
    draw::draw_rect_fill(x, y, w, h, ground);
    if is_cursor {
        draw::set_draw_color(look::ACCENT);
        draw::draw_xyline(x, y, x + w);
        draw::draw_xyline(x, y + h - 1, x + w);
    }
}

/// `sign`: it is sorted by this column; whether it is reversed.
fn draw_heading(column: Column, sign: Option<bool>, (x, y, w, h): Rectangle) {
    draw::draw_rect_fill(x, y, w, h, look::PAPER);
    draw::set_draw_color(look::LINE);
    draw::draw_xyline(x, y + h - 1, x + w);
    draw::set_font(Font::HelveticaBold, look::SMALL);
    let room = if sign.is_some() { w - SIGN - 4 } else { w };
    let color = if sign.is_some() {
        look::INK
    } else {
        look::FADED
    };
    draw_words(column.heading, color, column.side, (x, y, room, h));
    if let Some(is_reversed) = sign {
        let (left, top) = (x + w - SIGN - 5, y + (h - SIGN) / 2 + 1);
        draw_sign(is_reversed, left, top);
    }
}

/// A triangle: upwards for smallest first.
fn draw_sign(is_reversed: bool, left: i32, top: i32) {
    draw::set_draw_color(look::ACCENT);
    let half = SIGN / 2;
    for line in 0..=half {
        let from_top = if is_reversed { half - line } else { line };
        let y = top + line + 1;
        draw::draw_xyline(left + half - from_top, y, left + half + from_top);
    }
}

/// Gives the column without a fixed width the remaining space.
fn fit_columns(table: &mut Table, columns: &[Column], width: i32, height: i32) {
    let fixed: i32 = columns.iter().map(|column| column.width).sum();
    let is_long = HEADING + table.rows().saturating_mul(ROW) > height;
    let scrollbar = if is_long { app::scrollbar_size() } else { 0 };
    let left = (width - fixed - scrollbar - 2).max(NARROWEST);
    for (place, column) in (0..).zip(columns) {
        let width = if column.width == 0 {
            left
        } else {
            column.width
        };
        table.set_col_width(place, width);
    }
}

fn rows_in_view(table: &Table) -> i32 {
    (table.h() - HEADING - 2) / ROW
}

fn is_on_scrollbar(table: &Table) -> bool {
    let is_over = |bar: &fltk::valuator::Scrollbar| {
        bar.visible() && app::event_inside(bar.x(), bar.y(), bar.w(), bar.h())
    };
    is_over(&table.scrollbar()) || is_over(&table.hscrollbar())
}

fn row_under_mouse(table: &Table) -> Option<usize> {
    match table.cursor2rowcol() {
        Some((TableContext::Cell, row, _, _)) => usize::try_from(row).ok(),
        _ => None,
    }
}
