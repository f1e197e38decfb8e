//! The rows of the page of transfers: their order, and actions on them.
//!
//! ```text
//! Model --renew--> rows in the model's order --order--> as they are shown
//! touch, key --> which rows --> what can be done to them --Intent--> controller
//! ```

use super::super::IntentCallback;
use super::super::sorted_table::{Rectangle, SortedTable, Touch};
use super::row::{BUTTONS, Press, Row};
use fltk::app;
use fltk::enums::{Key, Shortcut};
use sash::client::controller::Intent;
use sash::client::model::{SortOrder, Transfer, TransferColumn};
use std::cell::{Cell, RefCell};

/// The rows as last shown.
#[derive(Default)]
pub(super) struct Rows {
    /// In the model's order.
    pub(super) all: RefCell<Vec<Row>>,
    /// Places in `all`, from top to bottom.
    pub(super) shown: RefCell<Vec<usize>>,
    pub(super) order: Cell<Option<SortOrder<TransferColumn>>>,
    /// Whether the order or the shown row has changed.
    pub(super) is_stale: Cell<bool>,
}

/// The order that each of them selects; the buttons select none.
pub(super) const ORDERS: [TransferColumn; 8] = [
    TransferColumn::Number,
    TransferColumn::File,
    TransferColumn::Progress,
    TransferColumn::Rate,
    TransferColumn::TimeLeft,
    TransferColumn::Protocol,
    TransferColumn::Resent,
    TransferColumn::State,
];

impl Rows {
    pub(super) fn order(&self) -> SortOrder<TransferColumn> {
        let usual = SortOrder::by(TransferColumn::Number);
        self.order.get().unwrap_or(usual)
    }

    /// Updates the texts of rows that may have changed; returns whether any has.
    pub(super) fn renew(&self, transfers: &[Transfer]) -> bool {
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

    pub(super) fn of<T>(&self, tag: u64, read: impl Fn(&Row) -> T) -> Option<T> {
        let all = self.all.borrow();
        all.iter().find(|row| row.tag == tag).map(read)
    }

    pub(super) fn can(&self, tag: u64, press: Press) -> bool {
        self.of(tag, |row| row.can(press)).unwrap_or(false)
    }

    /// Whether nothing else must happen.
    pub(super) fn touch(
        &self,
        sorted_table: &SortedTable<u64>,
        touch: Touch,
        tell: &IntentCallback,
    ) -> bool {
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
                self.press_chosen(sorted_table, Press::Show, tell);
                true
            }
            Touch::Menu => false,
            Touch::Hover(_) | Touch::Chosen => {
                self.look_again(tell);
                true
            }
            Touch::Key(key) => self.key(sorted_table, key, tell),
        }
    }

    /// Everything is shown again at the next turn, which this requests.
    fn look_again(&self, tell: &IntentCallback) {
        self.is_stale.set(true);
        tell(Intent::Look);
    }

    fn press_in_row(&self, row: usize, column: usize, tell: &IntentCallback) -> bool {
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

    fn key(
        &self,
        sorted_table: &SortedTable<u64>,
        key: Key,
        tell: &IntentCallback,
    ) -> bool {
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
                let chosen = sorted_table.chosen();
                if chosen.iter().any(|tag| self.can(*tag, Press::Pause)) {
                    Press::Pause
                } else {
                    Press::Resume
                }
            }
            _ => return false,
        };
        self.press_chosen(sorted_table, press, tell);
        true
    }

    /// Carries out the action for all selected rows that permit it.
    pub(super) fn press_chosen(
        &self,
        sorted_table: &SortedTable<u64>,
        press: Press,
        tell: &IntentCallback,
    ) {
        let chosen = sorted_table.chosen();
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
            // Only one folder, to avoid twenty windows.
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

    fn press(&self, press: Press, tag: u64, tell: &IntentCallback) {
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

    pub(super) fn draw(&self, row: usize, column: usize, place: Rectangle) {
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
    use sash::client::controller::{Controller, Event};
    use sash::transfer::{Figures, Report as TransferReport};
    use sash::wire::message::TransferState;
    use sash::wire::options::RequestedOptions;

    /// A transfer as the controller makes it, in a room.
    fn joined_with_download() -> Controller {
        let mut client = Controller::new(RequestedOptions::default(), true);
        let connect = Intent::Connect {
            server: String::new(),
            port: String::new(),
            name: "dana".to_owned(),
        };
        client.on_intent(connect, 0);
        let file = "film.mp4".to_owned();
        let asked = RequestedOptions::default();
        client.on_intent(Intent::Download { file, asked }, 0);
        client
    }

    #[test]
    fn only_changed_rows_are_rewritten() {
        let mut client = joined_with_download();
        let rows = Rows::default();
        assert!(rows.renew(&client.model().transfers));
        assert!(!rows.renew(&client.model().transfers), "nothing happened");
        let figures = Figures {
            done_bytes: 5,
            ..Figures::default()
        };
        let report = TransferReport::Progress(TransferState::Sending, figures);
        client.on_event(Event::Report { tag: 1, report }, 10);
        assert!(rows.renew(&client.model().transfers));
        client.on_intent(Intent::ClearEnded, 20);
        assert!(!rows.renew(&client.model().transfers), "it has not ended");
    }
}
