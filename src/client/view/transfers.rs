//! The page of transfers: a row each, with a bar and what can be done to it; below, what
//! there is to know about the one that is looked at.
//!
//! ```text
//! [Pause] [Resume] [Cancel] [Cancel, delete] [Try again] [Show] ... [Clear ended]
//! #  | File      | Progress   | Rate | Time left   | Protocol | Resent | State
//! 1  | film.mp4  | [###42 %  ]| 2 MB/s| about 2 min| ...      | 12     | on its way [Pause] [Cancel]
//! film.mp4: 42.0 MB of 100.0 MB ...
//! ```
//!
//! The words of a row are made anew only while it changes, so that thousands of ended
//! transfers cost nothing.

mod row;

use super::sheet::{Column, Owner, Place, Sheet, Touch};
use super::{Report, labels, look};
use crate::client::controller::Intent;
use crate::client::model::{Model, Order, Transfer, TransferColumn, transfers_shown};
use fltk::app;
use fltk::button::Button;
use fltk::enums::{Align, Key, Shortcut};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::prelude::*;
use row::{BUTTONS, Press, Row};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The page and what it shows.
pub(super) struct TransfersPage {
    column: Flex,
    sheet: Sheet<u64>,
    table: Rc<Rows>,
    buttons: Vec<(Button, Press)>,
    clear: Button,
    problem: Frame,
    details: Frame,
    count: usize,
}

/// The rows as last shown.
#[derive(Default)]
struct Rows {
    /// In the model's order.
    all: RefCell<Vec<Row>>,
    /// Places in `all`, from top to bottom.
    shown: RefCell<Vec<usize>>,
    order: Cell<Option<Order<TransferColumn>>>,
    /// The order has changed, or another row is looked at.
    is_stale: Cell<bool>,
}

const COLUMNS: [Column; 10] = [
    column("#", 40, Align::Right),
    column("File", 0, Align::Left),
    column("Progress", 100, Align::Center),
    column("Rate", 78, Align::Right),
    column("Time left", 88, Align::Right),
    column("Protocol", 146, Align::Left),
    column("Resent", 60, Align::Right),
    column("State", 94, Align::Left),
    column("", 70, Align::Center),
    column("", 70, Align::Center),
];

/// What each of them sorts by; the buttons by nothing.
const ORDERS: [TransferColumn; 8] = [
    TransferColumn::Number,
    TransferColumn::File,
    TransferColumn::Progress,
    TransferColumn::Rate,
    TransferColumn::TimeLeft,
    TransferColumn::Protocol,
    TransferColumn::Resent,
    TransferColumn::State,
];

/// Label, width in pixels, tip and meaning of each button above the table.
const TOOLS: [(&str, i32, &str, Press); 8] = [
    (
        "Pause",
        66,
        "Let the chosen ones wait (Space)",
        Press::Pause,
    ),
    (
        "Resume",
        74,
        "Let the chosen ones go on (Space)",
        Press::Resume,
    ),
    (
        "Cancel",
        70,
        "End the chosen ones; what has arrived is kept (Delete)",
        Press::Cancel,
    ),
    (
        "Cancel, delete",
        106,
        "End the chosen ones and take away what has arrived (Shift+Delete)",
        Press::Discard,
    ),
    (
        "Try again",
        76,
        "Ask again for the chosen ones; they go on from what has arrived (R)",
        Press::Retry,
    ),
    (
        "Show",
        56,
        "Open the folder that the file is in (Enter)",
        Press::Show,
    ),
    (
        "Copy SHA-256",
        104,
        "Of the chosen ones that are verified (Ctrl+C)",
        Press::Copy,
    ),
    (
        "To laboratory",
        100,
        "See the packets of the chosen one on their way (L)",
        Press::Watch,
    ),
];

/// Of what is told of a row: three lines of small letters. Unit: pixels.
const DETAILS_HEIGHT: i32 = 46;

/// Of what could not be done. Unit: pixels.
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
    pub(super) fn new(report: &Report) -> Self {
        let mut page = Flex::default().column();
        page.set_pad(look::GAP);
        let (buttons, clear) = tool_row(&mut page);
        let table = Rc::new(Rows::default());
        let sheet = sheet(&table, report);
        let mut problem = look::explanation();
        problem.set_label_color(look::WRONG);
        page.fixed(&problem, PROBLEM_HEIGHT);
        problem.hide();
        let details = look::explanation();
        page.fixed(&details, DETAILS_HEIGHT);
        page.end();
        let mut made = Self {
            column: page,
            sheet,
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
    pub(super) fn widget(&mut self) -> &mut Flex {
        &mut self.column
    }

    /// Puts the cursor onto the table.
    pub(super) fn focus(&mut self) {
        self.sheet.focus();
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
        self.sheet.show(keys, (column, order.is_reversed));
        if is_longer && order == Order::by(TransferColumn::Number) {
            self.sheet.scroll_to_end();
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

    /// A button that would do nothing is faded.
    fn show_what_can_be_done(&mut self) {
        let chosen = self.sheet.chosen();
        for (button, press) in &mut self.buttons {
            let is_of_use = chosen.iter().any(|tag| self.table.can(*tag, *press));
            set_active(button, is_of_use);
        }
        let has_ended = self.table.all.borrow().iter().any(|row| row.state.is_end());
        set_active(&mut self.clear, has_ended);
    }

    fn show_details(&mut self) {
        let looked_at = self.sheet.looked_at();
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

    fn press_buttons(&mut self, report: &Report) {
        for (button, press) in &mut self.buttons {
            let (table, sheet) = (Rc::clone(&self.table), self.sheet.clone());
            let (tell, press) = (Rc::clone(report), *press);
            button.set_callback(move |_| table.press_chosen(&sheet, press, &tell));
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
    Frame::default();
    let clear = look::button("Clear &ended", "Forget what has ended (Alt+E)");
    row.fixed(&clear, 100);
    row.end();
    page.fixed(&row, look::ROW);
    (buttons.to_vec(), clear)
}

fn sheet(table: &Rc<Rows>, report: &Report) -> Sheet<u64> {
    let (drawn, touched) = (Rc::clone(table), Rc::clone(table));
    let tell = Rc::clone(report);
    Sheet::new(
        &COLUMNS,
        Owner {
            draw: Box::new(move |row, column, place| drawn.draw(row, column, place)),
            touch: Box::new(move |sheet, touch| touched.touch(sheet, touch, &tell)),
            invitation: Box::new(|| {
                "Nothing is on its way. Double click a file to fetch it, or drop files here \
                 to give them."
                    .to_owned()
            }),
        },
    )
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

impl Rows {
    fn order(&self) -> Order<TransferColumn> {
        let usual = Order::by(TransferColumn::Number);
        self.order.get().unwrap_or(usual)
    }

    /// Makes the words anew of what may have changed; whether anything has.
    fn renew(&self, transfers: &[Transfer]) -> bool {
        let mut all = self.all.borrow_mut();
        let mut has_changed = all.len() != transfers.len();
        all.truncate(transfers.len());
        for (place, transfer) in transfers.iter().enumerate() {
            if all.get(place).is_some_and(|row| row.is_still(transfer)) {
                continue;
            }
            let new = Row::new(transfer);
            if all.get(place) == Some(&new) {
                continue;
            }
            has_changed = true;
            if place < all.len() {
                all[place] = new;
            } else {
                all.push(new);
            }
        }
        has_changed
    }

    fn of<T>(&self, tag: u64, read: impl Fn(&Row) -> T) -> Option<T> {
        let all = self.all.borrow();
        all.iter().find(|row| row.tag == tag).map(read)
    }

    fn can(&self, tag: u64, press: Press) -> bool {
        self.of(tag, |row| row.can(press)).unwrap_or(false)
    }

    /// Whether nothing else shall happen.
    fn touch(&self, sheet: &Sheet<u64>, touch: Touch, tell: &Report) -> bool {
        match touch {
            Touch::Heading(column) => {
                if let Some(by) = ORDERS.get(column) {
                    self.order.set(Some(self.order().pressed(*by)));
                    self.look_again(tell);
                }
                true
            }
            Touch::Press { row, column } => self.press_in_row(row, column, tell),
            Touch::Open => {
                self.press_chosen(sheet, Press::Show, tell);
                true
            }
            Touch::Hover(_) | Touch::Chosen => {
                self.look_again(tell);
                true
            }
            Touch::Key(key) => self.key(sheet, key, tell),
        }
    }

    /// Everything is shown anew at the next turn, which this calls for.
    fn look_again(&self, tell: &Report) {
        self.is_stale.set(true);
        tell(Intent::Look);
    }

    fn press_in_row(&self, row: usize, column: usize, tell: &Report) -> bool {
        let Some(button) = column.checked_sub(BUTTONS) else {
            return false;
        };
        let pressed = self.shown.borrow().get(row).and_then(|&at| {
            let all = self.all.borrow();
            let row = all.get(at)?;
            Some((row.buttons[button]?, row.tag))
        });
        let Some((press, tag)) = pressed else {
            return false;
        };
        self.press(press, tag, tell);
        true
    }

    fn key(&self, sheet: &Sheet<u64>, key: Key, tell: &Report) -> bool {
        let keys = app::event_state();
        let press = match key {
            Key::Delete if keys.contains(Shortcut::Shift) => Press::Discard,
            Key::Delete => Press::Cancel,
            _ if key == Key::from_char('c') && keys.contains(Shortcut::Ctrl) => {
                Press::Copy
            }
            _ if keys.intersects(Shortcut::Ctrl | Shortcut::Alt) => return false,
            _ if key == Key::from_char('r') => Press::Retry,
            _ if key == Key::from_char('l') => Press::Watch,
            _ if key == Key::from_char(' ') => {
                let chosen = sheet.chosen();
                if chosen.iter().any(|tag| self.can(*tag, Press::Pause)) {
                    Press::Pause
                } else {
                    Press::Resume
                }
            }
            _ => return false,
        };
        self.press_chosen(sheet, press, tell);
        true
    }

    /// Does it to all that are chosen and to which it can be done.
    fn press_chosen(&self, sheet: &Sheet<u64>, press: Press, tell: &Report) {
        let chosen = sheet.chosen();
        let chosen = chosen.into_iter().filter(|tag| self.can(*tag, press));
        match press {
            Press::Copy => {
                let lines: Vec<String> = chosen
                    .filter_map(|tag| self.of(tag, Row::checksum)?)
                    .collect();
                if !lines.is_empty() {
                    app::copy(&lines.join("\n"));
                }
            }
            // One folder at a time: nobody wants twenty windows.
            Press::Show | Press::Watch => {
                if let Some(tag) = chosen.into_iter().next() {
                    self.press(press, tag, tell);
                }
            }
            Press::Pause
            | Press::Resume
            | Press::Cancel
            | Press::Discard
            | Press::Retry => {
                for tag in chosen {
                    self.press(press, tag, tell);
                }
            }
        }
    }

    fn press(&self, press: Press, tag: u64, tell: &Report) {
        tell(match press {
            Press::Pause | Press::Resume => Intent::Pause {
                tag: Some(tag),
                is_paused: press == Press::Pause,
            },
            Press::Cancel => Intent::Cancel { tag },
            Press::Discard => Intent::Discard { tag },
            Press::Retry => Intent::Retry { tag },
            Press::Show => Intent::ShowInFolder { tag },
            Press::Watch => Intent::Watch { tag: Some(tag) },
            Press::Copy => {
                if let Some(checksum) = self.of(tag, Row::checksum).flatten() {
                    app::copy(&checksum);
                }
                return;
            }
        });
    }

    fn draw(&self, row: usize, column: usize, place: Place) {
        let all = self.all.borrow();
        let at = self.shown.borrow().get(row).copied();
        if let Some(row) = at.and_then(|at| all.get(at)) {
            row.draw(column, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::controller::{Controller, Event};
    use crate::transfer::{Figures, Report as Told};
    use crate::wire::message::TransferState;
    use crate::wire::options::Asked;

    /// A transfer as the controller makes it, in a room.
    fn joined_with_download() -> Controller {
        let mut client = Controller::new(Asked::default(), true);
        let connect = Intent::Connect {
            server: String::new(),
            port: String::new(),
            name: "dana".to_owned(),
        };
        client.on_intent(connect, 0);
        let file = "film.mp4".to_owned();
        let asked = Asked::default();
        client.on_intent(Intent::Download { file, asked }, 0);
        client
    }

    #[test]
    fn only_what_changed_is_written_anew() {
        let mut client = joined_with_download();
        let rows = Rows::default();
        assert!(rows.renew(&client.model().transfers));
        assert!(!rows.renew(&client.model().transfers), "nothing happened");
        let figures = Figures {
            done_bytes: 5,
            ..Figures::default()
        };
        let report = Told::Progress(TransferState::Sending, figures);
        client.on_event(Event::Report { tag: 1, report }, 10);
        assert!(rows.renew(&client.model().transfers));
        client.on_intent(Intent::ClearEnded, 20);
        assert!(!rows.renew(&client.model().transfers), "it has not ended");
    }
}
