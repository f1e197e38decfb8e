//! The right side of the room: the online users, the files, and the panel for downloads.
//!
//! A click on a file writes its name into the field beside Download; several selected
//! files are counted there; a double click downloads at once. A double click on a user
//! begins a direct message. Enter does the same as a double click.

use super::files::FileList;
use super::list::{Cell, List};
use super::panel::Panel;
use super::{IntentCallback, context_menu, look};
use fltk::app;
use fltk::enums::{CallbackTrigger, Event};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;
use sash::client::commands::quoted;
use sash::client::controller::Intent;
use sash::client::dropped;
use sash::client::model::{Audience, Model, colour_of};
use sash::client::words;
use sash::wire::options::RequestedOptions;
use std::cell::{self, RefCell};
use std::rc::Rc;

/// The widgets and what they show.
pub(super) struct Side {
    column: Flex,
    users_heading: Frame,
    users: List,
    /// The users that are shown, and which of them is this one.
    names: Rc<RefCell<Vec<String>>>,
    /// Whether this user may remove others.
    is_teacher: Rc<cell::Cell<bool>>,
    me: String,
    files: FileList,
    panel: Panel,
}

/// The height of the list of users. Unit: pixels.
const PEOPLE_HEIGHT: i32 = 79;

/// The width of the column with the dot in a user's colour. Unit: pixels.
const DOT_WIDTH: i32 = 20;

impl Side {
    /// Makes the widgets in the current row. `message` is the field for a direct message.
    pub(super) fn new(message: &Input, report: &IntentCallback) -> Self {
        let mut column = Flex::default().column();
        column.set_pad(look::GAP);
        let users_heading = look::heading("Online");
        column.fixed(&users_heading, look::ROW);
        let names: Rc<RefCell<Vec<String>>> = Rc::default();
        let is_teacher: Rc<cell::Cell<bool>> = Rc::default();
        let mut users = users_list(&names, &is_teacher, message, report);
        column.fixed(&*users.widget(), PEOPLE_HEIGHT);
        // The field is made after the list, which writes into it.
        let field: Rc<RefCell<Option<Input>>> = Rc::default();
        let written = Rc::clone(&field);
        let last = RefCell::new(String::new());
        let tell = Rc::clone(report);
        let files = FileList::new(
            &mut column,
            move |chosen, is_own| {
                let Some(field) = &mut *written.borrow_mut() else {
                    return;
                };
                // Typed text stays until the user selects files.
                if is_own || field.value() == *last.borrow() {
                    last.replace(told(chosen));
                    field.set_value(&last.borrow());
                }
            },
            move |chosen| fetch(&tell, chosen, RequestedOptions::default()),
        );
        let panel = Panel::new(&mut column, report);
        field.replace(Some(panel.file.clone()));
        column.end();
        let mut side = Self {
            column,
            users_heading,
            users,
            names,
            is_teacher,
            me: String::new(),
            files,
            panel,
        };
        side.fetch_what_the_field_says(report);
        side.give_what_is_pasted(report);
        side
    }

    /// The column, for the layout.
    pub(super) fn widget(&self) -> &Flex {
        &self.column
    }

    /// Shows users, files and options.
    pub(super) fn show(&mut self, model: &Model) {
        let are_known = *self.names.borrow() == model.users && self.me == model.name;
        if !are_known {
            let heading = format!("Online ({})", model.users.len());
            self.users_heading.set_label(&heading);
            let rows = model.users.iter().map(|name| person(name, model));
            self.users.show(rows.collect());
            self.names.replace(model.users.clone());
            self.me.clone_from(&model.name);
        }
        self.is_teacher
            .set(model.teacher.as_ref() == Some(&model.name));
        self.files.show(model);
        self.panel.show(model);
    }

    fn fetch_what_the_field_says(&mut self, report: &IntentCallback) {
        let sorted_table = self.files.sorted_table().clone();
        let field = self.panel.file.clone();
        let options = self.panel.reader();
        let tell = Rc::clone(report);
        let begin = move || {
            let typed = field.value();
            // A name may contain letters that a field cannot show; the selected rows have
            // them.
            let chosen = sorted_table.chosen();
            let is_of_list = !chosen.is_empty() && typed == told(&chosen);
            let files = if is_of_list { chosen } else { vec![typed] };
            fetch(&tell, files, options());
        };
        let on_enter = begin.clone();
        self.panel.download.set_callback(move |_| begin());
        self.panel.file.set_trigger(CallbackTrigger::EnterKeyAlways);
        self.panel.file.set_callback(move |_| on_enter());
    }

    /// A path that is pasted into the field uploads that file.
    fn give_what_is_pasted(&mut self, report: &IntentCallback) {
        let tell = Rc::clone(report);
        self.panel.file.super_handle_first(false);
        self.panel.file.handle(move |_, event| {
            let text = app::event_text();
            if event != Event::Paste || !dropped::is_path(&text) {
                return false;
            }
            tell(Intent::Drop { text, host: None });
            true
        });
    }
}

fn fetch(tell: &IntentCallback, files: Vec<String>, asked: RequestedOptions) {
    for file in files {
        tell(Intent::Download { file, asked });
    }
}

/// The text of the field about the selected files.
fn told(chosen: &[String]) -> String {
    match chosen {
        [] => String::new(),
        [only] => words::harmless(only),
        several => format!("{} files", several.len()),
    }
}

fn person(name: &String, model: &Model) -> Vec<Cell> {
    let is_me = if *name == model.name { "  (you)" } else { "" };
    let color = look::PEOPLE[colour_of(name) % look::PEOPLE.len()];
    vec![
        Cell::colored("\u{25CF}", color),
        Cell::plain(&format!("{name}{is_me}")),
    ]
}

fn users_list(
    names: &Rc<RefCell<Vec<String>>>,
    is_teacher: &Rc<cell::Cell<bool>>,
    message: &Input,
    report: &IntentCallback,
) -> List {
    let write_to = {
        let (message, tell) = (message.clone(), Rc::clone(report));
        move |name: String| {
            tell(Intent::ChooseTo(Audience::One(name)));
            drop(message.clone().take_focus());
        }
    };
    let (known, write) = (Rc::clone(names), write_to.clone());
    let picked = move |row: usize| {
        let name = known.borrow().get(row).cloned();
        name.into_iter().for_each(&write);
    };
    let (known, message) = (Rc::clone(names), message.clone());
    let is_teacher = Rc::clone(is_teacher);
    let offered = move |row: usize| {
        let Some(name) = known.borrow().get(row).cloned() else {
            return Vec::new();
        };
        let mut items = actions(&name, write_to.clone());
        if is_teacher.get() {
            items.push(removal(&name, &message));
        }
        items
    };
    let tip = "Double-click or press Enter to write a direct message";
    List::new(tip, DOT_WIDTH, picked, offered)
}

/// The menu of a user.
fn actions(name: &str, write_to: impl Fn(String) + 'static) -> Vec<context_menu::Item> {
    let (one, copied) = (name.to_owned(), name.to_owned());
    vec![
        (
            "Write a direct message",
            Box::new(move || write_to(one.clone())),
        ),
        ("Copy name", Box::new(move || app::copy(&copied))),
    ]
}

/// Writes the command into the message, to be completed before it is sent.
fn removal(name: &str, message: &Input) -> context_menu::Item {
    let kick = format!("/kick {} ", quoted(name));
    let message = message.clone();
    let write = move || {
        let mut message = message.clone();
        message.set_value(&kick);
        let end = i32::try_from(kick.len()).unwrap_or(0);
        drop(message.set_position(end));
        drop(message.take_focus());
    };
    ("Remove from the room\u{2026}", Box::new(write))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_names_a_single_selected_file_and_counts_several() {
        let names = ["a\nb".to_owned(), "c".to_owned()];
        assert_eq!(told(&names[..1]), "a\u{240a}b");
        assert_eq!(told(&names), "2 files");
        assert_eq!(told(&[]), "");
    }
}
