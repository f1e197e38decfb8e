//! The page of transfers: a row for each, with a bar and buttons; below them the details
//! of the current one.
//!
//! ```text
//! [Pause] [Resume] [Cancel] [Cancel, delete] [Try again] [Show] ... [Clear ended]
//! #  | File      | Progress   | Rate | Time left   | Protocol | Resent | State
//! 1  | film.mp4  | [###42 %  ]| 2 MB/s| about 2 min| ...      | 12     | transferring [Pause] [Cancel]
//! film.mp4: 42.0 MB of 100.0 MB ...
//! ```
//!
//! The texts of a row are updated only while it changes, so that thousands of ended
//! transfers cost nothing.

mod row;
mod table;

use super::sorted_table::{Column, Owner, SortedTable, Touch};
use super::{IntentCallback, context_menu, labels, look};
use fltk::button::Button;
use fltk::enums::Align;
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;
use row::Press;
use sash::client::controller::Intent;
use sash::client::model::{Model, SortOrder, TransferColumn, transfers_shown};
use std::rc::Rc;
use table::{ORDERS, Rows};

/// The page and what it shows.
pub(super) struct TransfersPage {
    column: Flex,
    sorted_table: SortedTable<u64>,
    table: Rc<Rows>,
    buttons: Vec<(Button, Press)>,
    clear: Button,
    problem: Frame,
    details: Frame,
    count: usize,
}

const COLUMNS: [Column; 10] = [
    column("#", 40, Align::Right),
    column("File", 0, Align::Left),
    column("Progress", 190, Align::Center),
    column("Rate", 78, Align::Right),
    column("Time left", 88, Align::Right),
    column("Protocol", 146, Align::Left),
    column("Resent", 60, Align::Right),
    column("State", 94, Align::Left),
    column("", 70, Align::Center),
    column("", 70, Align::Center),
];

/// Label, width in pixels, tip and meaning of each button above the table.
const TOOLS: [(&str, i32, &str, Press); 8] = [
    (
        "Pause",
        66,
        "Pause the selected transfers (Space)",
        Press::Pause,
    ),
    (
        "Resume",
        74,
        "Resume the selected transfers (Space)",
        Press::Resume,
    ),
    (
        "Cancel",
        70,
        "Cancel the selected transfers and keep their partial files (Delete)",
        Press::Cancel,
    ),
    (
        "Cancel, delete",
        106,
        "Cancel the selected transfers and delete their partial files (Shift+Delete)",
        Press::Discard,
    ),
    (
        "Try again",
        76,
        "Try the selected transfers again and resume their partial files (R)",
        Press::Retry,
    ),
    (
        "Show",
        56,
        "Open the folder of the file (Enter)",
        Press::Show,
    ),
    (
        "Copy SHA-256",
        104,
        "Copy the SHA-256 of the selected files (Ctrl+C)",
        Press::Copy,
    ),
    (
        "To laboratory",
        100,
        "Show the packets of the selected transfer (L)",
        Press::Watch,
    ),
];

/// The details of a row: three lines of small letters. Unit: pixels.
const DETAILS_HEIGHT: i32 = 46;

/// The height of an error. Unit: pixels.
const PROBLEM_HEIGHT: i32 = 18;

const fn column(heading: &'static str, width: i32, side: Align) -> Column {
    Column {
        heading,
        width,
        side,
    }
}

impl TransfersPage {
    /// Makes the widgets in the row that is being built.
    pub(super) fn new(report: &IntentCallback) -> Self {
        let mut page = Flex::default().column();
        page.set_pad(look::GAP);
        let (buttons, clear) = tool_row(&mut page);
        let table = Rc::new(Rows::default());
        let sorted_table = sorted_table(&table, report);
        let mut problem = look::explanation();
        problem.set_label_color(look::WRONG);
        page.fixed(&problem, PROBLEM_HEIGHT);
        problem.hide();
        let details = look::explanation();
        page.fixed(&details, DETAILS_HEIGHT);
        page.end();
        let mut made = Self {
            column: page,
            sorted_table,
            table,
            buttons,
            clear,
            problem,
            details,
            count: 0,
        };
        made.press_buttons(report);
        made
    }

    /// The page, for the layout.
    pub(super) fn widget(&self) -> &Flex {
        &self.column
    }

    /// Puts the cursor onto the table, when called.
    pub(super) fn focus(&self) -> impl Fn() + 'static {
        let sorted_table = self.sorted_table.clone();
        move || sorted_table.focus()
    }

    /// Shows the transfers, and the newest of them when one is new.
    pub(super) fn show(&mut self, model: &Model) {
        self.show_problem(model.files_problem.as_deref());
        let has_changed = self.table.renew(&model.transfers);
        if !has_changed && !self.table.is_stale.replace(false) {
            return;
        }
        let order = self.table.order();
        let shown = transfers_shown(&model.transfers, order);
        let keys: Vec<u64> = shown.iter().map(|&at| model.transfers[at].tag).collect();
        self.table.shown.replace(shown);
        let column = ORDERS.iter().position(|it| *it == order.by).unwrap_or(0);
        let is_longer = keys.len() > self.count;
        self.count = keys.len();
        self.sorted_table.show(keys, (column, order.is_reversed));
        if is_longer && order == SortOrder::by(TransferColumn::Number) {
            self.sorted_table.scroll_to_end();
        }
        self.show_what_can_be_done();
        self.show_details();
    }

    fn show_problem(&mut self, problem: Option<&str>) {
        let label = labels::label(problem.unwrap_or_default());
        if label == self.problem.label() {
            return;
        }
        self.problem.set_label(&label);
        if label.is_empty() {
            self.problem.hide();
        } else {
            self.problem.show();
        }
        self.column.layout();
        self.column.redraw();
    }

    /// A button without effect is faded.
    fn show_what_can_be_done(&mut self) {
        let chosen = self.sorted_table.chosen();
        for (button, press) in &mut self.buttons {
            let is_of_use = chosen.iter().any(|tag| self.table.can(*tag, *press));
            set_active(button, is_of_use);
        }
        let has_ended = self.table.all.borrow().iter().any(|row| row.state.is_end());
        set_active(&mut self.clear, has_ended);
    }

    fn show_details(&mut self) {
        let looked_at = self.sorted_table.looked_at();
        let details =
            looked_at.and_then(|tag| self.table.of(tag, |row| row.details.clone()));
        let lines = details.unwrap_or_default();
        let lines: Vec<String> = lines.lines().map(labels::label).collect();
        let label = lines.join("\n");
        if label != self.details.label() {
            self.details.set_label(&label);
            self.details.redraw();
        }
    }

    fn press_buttons(&mut self, report: &IntentCallback) {
        for (button, press) in &mut self.buttons {
            let (table, sorted_table) =
                (Rc::clone(&self.table), self.sorted_table.clone());
            let (tell, press) = (Rc::clone(report), *press);
            button.set_callback(move |_| table.press_chosen(&sorted_table, press, &tell));
        }
        let tell = Rc::clone(report);
        self.clear.set_callback(move |_| tell(Intent::ClearEnded));
    }
}

fn tool_row(page: &mut Flex) -> (Vec<(Button, Press)>, Button) {
    let mut row = Flex::default().row();
    row.set_pad(look::GAP);
    let buttons = TOOLS.map(|(label, width, tip, press)| {
        let button = look::button(label, tip);
        row.fixed(&button, width);
        (button, press)
    });
    let widths = TOOLS.iter().map(|(_, width, _, _)| *width);
    let widgets = buttons.iter().map(|(button, _)| button.as_base_widget());
    let mut parts: Vec<_> = widgets.zip(widths).collect();
    Frame::default();
    let clear = look::button(
        "Clear &ended",
        "Remove ended transfers from the list \
                                              (Alt+E)",
    );
    row.fixed(&clear, 100);
    row.end();
    parts.push((clear.as_base_widget(), 100));
    look::shrink_when_narrow(&mut row, parts);
    page.fixed(&row, look::ROW);
    (buttons.to_vec(), clear)
}

fn sorted_table(table: &Rc<Rows>, report: &IntentCallback) -> SortedTable<u64> {
    let (drawn, touched) = (Rc::clone(table), Rc::clone(table));
    let tell = Rc::clone(report);
    SortedTable::new(
        &COLUMNS,
        Owner {
            draw: Box::new(move |row, column, place| drawn.draw(row, column, place)),
            touch: Box::new(move |sorted_table, touch| {
                if touch == Touch::Menu {
                    context_menu::show(actions(&touched, sorted_table, &tell));
                    return true;
                }
                touched.touch(sorted_table, touch, &tell)
            }),
            invitation: Box::new(|| {
                "There are no transfers. Double-click a file to download it, or drop \
                 files here to upload them."
                    .to_owned()
            }),
        },
    )
}

/// The menu of the chosen transfers: those of the buttons that can be pressed.
fn actions(
    rows: &Rc<Rows>,
    sorted_table: &SortedTable<u64>,
    tell: &IntentCallback,
) -> Vec<context_menu::Item> {
    let chosen = sorted_table.chosen();
    let mut items: Vec<context_menu::Item> = Vec::new();
    for (label, _, _, press) in TOOLS {
        if chosen.iter().any(|tag| rows.can(*tag, press)) {
            let (rows, tell) = (Rc::clone(rows), Rc::clone(tell));
            let sorted_table = sorted_table.clone();
            let action = move || rows.press_chosen(&sorted_table, press, &tell);
            items.push((label, Box::new(action)));
        }
    }
    items
}

fn set_active(button: &mut Button, is_active: bool) {
    if is_active == button.active() {
        return;
    }
    if is_active {
        button.activate();
    } else {
        button.deactivate();
    }
}
