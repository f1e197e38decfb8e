//! The right side of the room: who is online, which files there are, and how to fetch one.
//!
//! A click on a file writes its name into the field beside Download; a double click fetches
//! it at once. A double click on a person makes the next line a whisper.

use super::list::{Cell, List, Widths};
use super::panel::Panel;
use super::{Report, look};
use crate::client::controller::Intent;
use crate::client::model::{Audience, Model, colour_of};
use crate::client::words;
use crate::wire::message::FileEntry;
use crate::wire::options::Asked;
use fltk::enums::CallbackTrigger;
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// The widgets and what they show.
pub(super) struct Side {
    column: Flex,
    people_heading: Frame,
    people: List,
    names: Rc<RefCell<Vec<String>>>,
    files_heading: Frame,
    files: List,
    entries: Rc<RefCell<Vec<FileEntry>>>,
    panel: Panel,
}

/// Of the list of people. Unit: pixels.
const PEOPLE_HEIGHT: i32 = 112;

/// Of the column with the dot in a person's colour. Unit: pixels.
const DOT_WIDTH: i32 = 20;

/// Of the column of sizes. Unit: pixels.
const SIZE_WIDTH: i32 = 84;

impl Side {
    /// Makes the widgets in the row that is being built. `message` is where a whisper is
    /// written.
    pub(super) fn new(message: &Input, report: &Report) -> Self {
        let mut column = Flex::default().column();
        column.set_pad(look::GAP);
        let people_heading = look::heading("Online");
        column.fixed(&people_heading, look::ROW);
        let names: Rc<RefCell<Vec<String>>> = Rc::default();
        let mut people = people_list(&names, message, report);
        column.fixed(&*people.widget(), PEOPLE_HEIGHT);
        let files_heading = look::heading("Files");
        column.fixed(&files_heading, 20);
        let entries: Rc<RefCell<Vec<FileEntry>>> = Rc::default();
        let files = files_list(&entries, report);
        let panel = Panel::new(&mut column, report);
        column.end();
        let mut side = Self {
            column,
            people_heading,
            people,
            names,
            files_heading,
            files,
            entries,
            panel,
        };
        side.fill_the_field();
        side.fetch_what_the_field_says(report);
        side
    }

    /// The column, for the layout.
    pub(super) fn widget(&mut self) -> &mut Flex {
        &mut self.column
    }

    /// Shows people, files and options.
    pub(super) fn show(&mut self, model: &Model) {
        let heading = format!("Online ({})", model.people.len());
        self.people_heading.set_label(&heading);
        let rows = model.people.iter().map(|name| person(name, model));
        self.people.show(rows.collect());
        self.names.replace(model.people.clone());

        let heading = format!("Files ({})", model.files.len());
        self.files_heading.set_label(&heading);
        self.files.show(model.files.iter().map(file).collect());
        self.entries.replace(model.files.clone());
        self.panel.show(model);
    }

    fn fill_the_field(&mut self) {
        let entries = Rc::clone(&self.entries);
        let mut field = self.panel.file.clone();
        self.files.widget().set_callback(move |browser| {
            if let Some(file) = entry(&entries.borrow(), browser.value()) {
                field.set_value(&words::harmless(&file.name));
            }
        });
    }

    fn fetch_what_the_field_says(&mut self, report: &Report) {
        let entries = Rc::clone(&self.entries);
        let browser = self.files.widget().clone();
        let field = self.panel.file.clone();
        let options = self.panel.reader();
        let tell = Rc::clone(report);
        let fetch = move || {
            let typed = field.value();
            // A name may hold letters that no field can; the chosen row knows them.
            let chosen = entry(&entries.borrow(), browser.value())
                .map(|file| file.name.clone())
                .filter(|name| words::harmless(name) == typed);
            tell(Intent::Download {
                file: chosen.unwrap_or(typed),
                asked: options(),
            });
        };
        let on_enter = fetch.clone();
        self.panel.download.set_callback(move |_| fetch());
        self.panel.file.set_trigger(CallbackTrigger::EnterKeyAlways);
        self.panel.file.set_callback(move |_| on_enter());
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

fn file(file: &FileEntry) -> Vec<Cell> {
    vec![
        Cell::plain(&file.name),
        Cell::figure(&words::bytes(file.size)),
    ]
}

fn people_list(
    names: &Rc<RefCell<Vec<String>>>,
    message: &Input,
    report: &Report,
) -> List {
    let names = Rc::clone(names);
    let tell = Rc::clone(report);
    let mut message = message.clone();
    let tip = "Double click to whisper";
    List::new(tip, Widths::First(DOT_WIDTH), move |row| {
        let name = names.borrow().get(row).cloned();
        if let Some(name) = name {
            tell(Intent::ChooseTo(Audience::One(name)));
            drop(message.take_focus());
        }
    })
}

fn files_list(entries: &Rc<RefCell<Vec<FileEntry>>>, report: &Report) -> List {
    let entries = Rc::clone(entries);
    let tell = Rc::clone(report);
    let tip = "Double click to download";
    List::new(tip, Widths::Last(SIZE_WIDTH), move |row| {
        let name = entries.borrow().get(row).map(|file| file.name.clone());
        if let Some(file) = name {
            let asked = Asked::default();
            tell(Intent::Download { file, asked });
        }
    })
}

/// What stands on this line of the browser, which counts from 1.
fn entry(entries: &[FileEntry], line: i32) -> Option<&FileEntry> {
    let row = usize::try_from(line).ok()?.checked_sub(1)?;
    entries.get(row)
}
