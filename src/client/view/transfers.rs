//! The table of transfers: a row each, with a bar and buttons to pause and to cancel it.
//!
//! The idea: FLTK asks for one cell at a time, and the cells are drawn from the rows last
//! shown, so a table of any length costs what is visible of it.

use super::{labels, look};
use crate::client::model::Transfer;
use crate::client::words;
use crate::wire::message::TransferState;
use fltk::app;
use fltk::draw;
use fltk::enums::{Align, Color, Event, Font, FrameType};
use fltk::prelude::*;
use fltk::table::{Table, TableContext};
use std::cell::RefCell;
use std::rc::Rc;

/// One transfer, as words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    tag: u64,
    /// The columns but for the bar and the button, in their order.
    words: [String; 6],
    percent: u8,
    state_color: Color,
    is_running: bool,
    /// What the first button says, where there is one.
    pause: Option<Press>,
}

/// What a person presses in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    Pause,
    Resume,
    Cancel,
}

impl Press {
    const fn label(self) -> &'static str {
        match self {
            Self::Pause => "Pause",
            Self::Resume => "Resume",
            Self::Cancel => "Cancel",
        }
    }
}

/// The widget and what it shows.
pub(super) struct TransferTable {
    table: Table,
    rows: Rc<RefCell<Vec<Row>>>,
}

/// A place in the window: left, top, width, height. Unit: pixels.
type Place = (i32, i32, i32, i32);

/// Heading, width in pixels (the first takes what the others leave) and side.
const COLUMNS: [(&str, i32, Align); 9] = [
    ("File", 0, Align::Left),
    ("Progress", 160, Align::Center),
    ("Rate", 90, Align::Right),
    ("Time left", 80, Align::Right),
    ("Protocol", 160, Align::Left),
    ("Resent", 70, Align::Right),
    ("State", 130, Align::Left),
    ("", 78, Align::Center),
    ("", 78, Align::Center),
];

/// The column with the bar.
const BAR: i32 = 1;

/// The column with what the transfer does.
const STATE: i32 = 6;

/// The columns with the buttons.
const PAUSE: i32 = 7;
const CANCEL: i32 = 8;

/// Of the headings and of a row. Unit: pixels.
const HEADING: i32 = 24;
const ROW: i32 = 26;

/// The narrowest that the first column may be. Unit: pixels.
const NARROWEST_FILE: i32 = 100;

/// Between a cell's edge and its words. Unit: pixels.
const INSET: i32 = 8;

impl TransferTable {
    /// Makes the widget in the group that is being built. `press` hears which button was
    /// pressed, and the tag of its transfer.
    pub(super) fn new(press: impl Fn(Press, u64) + 'static) -> Self {
        let rows: Rc<RefCell<Vec<Row>>> = Rc::default();
        let mut table = Table::default();
        table.set_frame(FrameType::DownBox);
        table.set_table_frame(FrameType::NoBox);
        table.set_color(look::PAGE);
        table.set_cols(i32::try_from(COLUMNS.len()).unwrap_or(0));
        table.set_col_header(true);
        table.set_col_header_height(HEADING);
        table.end();
        draw_cells(&mut table, &rows);
        press_buttons(&mut table, &rows, press);
        table.draw(|table| {
            if table.rows() == 0 {
                draw_invitation(table);
            }
        });
        table.resize_callback(|table, _, _, width, _| fit_columns(table, width));
        Self { table, rows }
    }

    /// The widget, for the layout.
    pub(super) fn widget(&mut self) -> &mut Table {
        &mut self.table
    }

    /// Shows these transfers, and the newest of them when one is new.
    pub(super) fn show(&mut self, transfers: &[Transfer]) {
        let rows: Vec<Row> = transfers.iter().map(row).collect();
        if rows == *self.rows.borrow() {
            return;
        }
        let count = i32::try_from(rows.len()).unwrap_or(0);
        let is_longer = count > self.table.rows();
        self.rows.replace(rows);
        if count != self.table.rows() {
            self.table.set_rows(count);
            self.table.set_row_height_all(ROW);
            let width = self.table.w();
            fit_columns(&mut self.table, width);
        }
        if is_longer {
            self.table.set_row_position(count - 1);
        }
        self.table.redraw();
    }
}

fn row(transfer: &Transfer) -> Row {
    let is_running = !transfer.state.is_end();
    let rate = match transfer.elapsed {
        _ if is_running => transfer.rate_bytes_per_second,
        Some(elapsed) => mean_rate(transfer.done_bytes, elapsed.as_millis()),
        None => 0,
    };
    let left = transfer.time_left().map(words::duration);
    let some = |is_known: bool, text: String| if is_known { text } else { String::new() };
    Row {
        tag: transfer.tag,
        words: [
            words::harmless(&transfer.file),
            some(rate > 0, words::rate(rate)),
            left.unwrap_or_default(),
            transfer.protocol(),
            transfer.resent_packets.to_string(),
            words::state(transfer),
        ],
        percent: words::percent(transfer),
        state_color: state_color(transfer.state),
        is_running,
        pause: if transfer.can_be(true) {
            Some(Press::Pause)
        } else {
            transfer.can_be(false).then_some(Press::Resume)
        },
    }
}

impl Row {
    /// The button in this column, if there is one.
    fn button(&self, column: i32) -> Option<Press> {
        match column {
            PAUSE => self.pause,
            CANCEL => self.is_running.then_some(Press::Cancel),
            _ => None,
        }
    }
}

fn mean_rate(bytes: u64, elapsed_ms: u128) -> u64 {
    let per_second = u128::from(bytes) * 1000 / elapsed_ms.max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

const fn state_color(state: TransferState) -> Color {
    match state {
        TransferState::Queued | TransferState::Opening | TransferState::Sending => {
            look::ACCENT
        }
        TransferState::Verified => look::WELL,
        TransferState::Damaged | TransferState::Failed => look::WRONG,
        TransferState::Paused | TransferState::Unknown | TransferState::Cancelled => {
            look::FADED
        }
    }
}

fn draw_cells(table: &mut Table, rows: &Rc<RefCell<Vec<Row>>>) {
    let rows = Rc::clone(rows);
    table.draw_cell(move |_, context, index, column, x, y, w, h| match context {
        TableContext::ColHeader => draw_heading(column, (x, y, w, h)),
        TableContext::Cell => {
            if let Some(row) = at(&rows.borrow(), index) {
                draw_cell(row, column, (x, y, w, h));
            }
        }
        TableContext::None
        | TableContext::StartPage
        | TableContext::EndPage
        | TableContext::RowHeader
        | TableContext::Table
        | TableContext::RcResize => {}
    });
}

fn press_buttons(
    table: &mut Table,
    rows: &Rc<RefCell<Vec<Row>>>,
    press: impl Fn(Press, u64) + 'static,
) {
    let rows = Rc::clone(rows);
    table.set_callback(move |table| {
        let is_released = table.callback_context() == TableContext::Cell
            && app::event() == Event::Released;
        if !is_released {
            return;
        }
        let pressed = at(&rows.borrow(), table.callback_row())
            .and_then(|row| Some((row.button(table.callback_col())?, row.tag)));
        if let Some((button, tag)) = pressed {
            press(button, tag);
        }
    });
}

fn at(rows: &[Row], index: i32) -> Option<&Row> {
    rows.get(usize::try_from(index).ok()?)
}

fn fit_columns(table: &mut Table, width: i32) {
    let fixed: i32 = COLUMNS.iter().map(|(_, width, _)| width).sum();
    let is_long = HEADING + table.rows() * ROW > table.h();
    let scrollbar = if is_long { app::scrollbar_size() } else { 0 };
    let left = width - fixed - scrollbar - 4;
    for (column, (_, width, _)) in (0..).zip(COLUMNS) {
        let is_first = column == 0;
        let width = if is_first {
            left.max(NARROWEST_FILE)
        } else {
            width
        };
        table.set_col_width(column, width);
    }
}

fn draw_invitation(table: &Table) {
    let (x, y) = (table.x(), table.y() + HEADING);
    let (w, h) = (table.w(), table.h() - HEADING);
    draw::set_font(Font::Helvetica, look::TEXT - 1);
    let words = "Double click a file to fetch it.";
    draw_words(words, look::FADED, Align::Center, (x, y, w, h));
}

fn draw_heading(column: i32, place: Place) {
    let (x, y, w, h) = place;
    draw::draw_rect_fill(x, y, w, h, look::PAPER);
    draw::set_draw_color(look::LINE);
    draw::draw_xyline(x, y + h - 1, x + w);
    draw::set_font(Font::HelveticaBold, look::SMALL);
    let (words, _, side) = heading(column);
    draw_words(words, look::FADED, side, place);
}

fn draw_cell(row: &Row, column: i32, place: Place) {
    let (x, y, w, h) = place;
    draw::push_clip(x, y, w, h);
    draw::draw_rect_fill(x, y, w, h, look::PAGE);
    draw::set_font(Font::Helvetica, look::TEXT - 1);
    match column {
        BAR => draw_bar(row, (x + INSET, y + 6, w - 2 * INSET, h - 12)),
        PAUSE | CANCEL => {
            if let Some(button) = row.button(column) {
                draw_button(button.label(), (x + 4, y + 2, w - 8, h - 4));
            }
        }
        _ => {
            // The bar has no words, so those of the columns after it stand one earlier.
            let index = if column > BAR { column - 1 } else { column };
            let index = usize::try_from(index).unwrap_or(0);
            let words = row.words.get(index).map_or("", String::as_str);
            let is_state = column == STATE;
            let color = if is_state { row.state_color } else { look::INK };
            draw_words(words, color, heading(column).2, place);
        }
    }
    draw::pop_clip();
}

fn heading(column: i32) -> (&'static str, i32, Align) {
    let index = usize::try_from(column).unwrap_or(0);
    COLUMNS.get(index).copied().unwrap_or(("", 0, Align::Left))
}

fn draw_bar(row: &Row, (x, y, w, h): Place) {
    let filled = w * i32::from(row.percent) / 100;
    draw::draw_rect_fill(x, y, w, h, look::PAPER);
    draw::draw_rect_fill(x, y, filled, h, row.state_color);
    draw::set_font(Font::HelveticaBold, look::SMALL - 1);
    let percent = format!("{} %", row.percent);
    // The figure changes its colour where the bar ends beneath it.
    let over_bar = (x, filled, look::PAGE);
    let over_page = (x + filled, w - filled, look::INK);
    for (left, width, color) in [over_bar, over_page] {
        draw::push_clip(left, y, width, h);
        draw_words(&percent, color, Align::Center, (x, y, w, h));
        draw::pop_clip();
    }
}

fn draw_button(label: &str, place: Place) {
    let (x, y, w, h) = place;
    draw::draw_box(FrameType::UpBox, x, y, w, h, look::PAGE);
    draw_words(label, look::INK, Align::Center, place);
}

/// Letters without any markup, cut with an ellipsis where they do not fit.
fn draw_words(text: &str, color: Color, side: Align, (x, y, w, h): Place) {
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
