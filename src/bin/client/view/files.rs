//! The list of the server's files, which can be sorted and filtered, and in which several
//! files can be selected.
//!
//! ```text
//! Files (2 of 7)     Filter [lect___]
//! Name ^                    | Size
//! lecture 2.mp4             | 1.2 MB
//! ```
//!
//! A letter typed on the list goes into the filter; Escape empties that again.

use super::sorted_table::{Column, Owner, Rectangle, SortedTable, Touch, draw_words};
use super::{context_menu, look};
use fltk::app;
use fltk::draw;
use fltk::enums::{Align, CallbackTrigger, Event, Key, Shortcut};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;
use sash::client::model::{FileColumn, Model, SortOrder, files_shown};
use sash::client::words;
use sash::wire::message::FileEntry;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The widgets and what they show.
pub(super) struct FileList {
    sorted_table: SortedTable<String>,
    shelf: Rc<Shelf>,
    revision: Option<u64>,
    changed: Changed,
}

/// Gets the selection, and whether the user has just changed it or only other files are
/// shown.
type Changed = Rc<dyn Fn(&[String], bool)>;

/// The files on the server, and those that are shown.
struct Shelf {
    heading: RefCell<Frame>,
    filter: Input,
    entries: RefCell<Vec<FileEntry>>,
    /// The number of files that the server cannot offer.
    left_out: Cell<u64>,
    /// Places in `entries`, from top to bottom.
    shown: RefCell<Vec<usize>>,
    order: Cell<SortOrder<FileColumn>>,
}

const COLUMNS: [Column; 3] = [
    Column {
        heading: "Name",
        width: 0,
        side: Align::Left,
    },
    Column {
        heading: "Size",
        width: 78,
        side: Align::Right,
    },
    Column {
        heading: "SHA",
        width: 48,
        side: Align::Center,
    },
];

/// The order that each of them selects.
const ORDERS: [FileColumn; 3] = [FileColumn::Name, FileColumn::Size, FileColumn::Digest];

/// The column that says whether the server knows the digest.
const DIGEST: usize = 2;

/// Unit: pixels.
const FILTER_WIDTH: i32 = 124;

impl FileList {
    /// Makes the widgets in the current column. `changed` gets each new selection;
    /// `opened` gets the files to download at once.
    pub(super) fn new(
        column: &mut Flex,
        changed: impl Fn(&[String], bool) + 'static,
        opened: impl Fn(Vec<String>) + Clone + 'static,
    ) -> Self {
        let mut row = Flex::default().row();
        row.set_pad(look::GAP);
        let heading = look::heading("Files");
        let mut caption = look::caption("Filter");
        caption.set_align(Align::Right | Align::Inside);
        caption.set_label_color(look::FADED);
        row.fixed(&caption, 44);
        let filter = look::field("Show only names with these words; Escape shows all");
        row.fixed(&filter, FILTER_WIDTH);
        row.end();
        column.fixed(&row, look::ROW);
        let shelf = Rc::new(Shelf {
            heading: RefCell::new(heading),
            filter,
            entries: RefCell::default(),
            left_out: Cell::new(0),
            shown: RefCell::default(),
            order: Cell::new(SortOrder::by(FileColumn::Name)),
        });
        let changed: Changed = Rc::new(changed);
        let chosen = Rc::clone(&changed);
        let drawn = Rc::clone(&shelf);
        let told = Rc::clone(&shelf);
        let touched = Rc::clone(&shelf);
        let sorted_table = SortedTable::new(
            &COLUMNS,
            Owner {
                draw: Box::new(move |row, column, place| drawn.draw(row, column, place)),
                touch: Box::new(move |sorted_table, touch| match touch {
                    Touch::Chosen => {
                        chosen(&sorted_table.chosen(), true);
                        true
                    }
                    Touch::Open => {
                        opened(sorted_table.chosen());
                        true
                    }
                    Touch::Menu => {
                        context_menu::show(actions(sorted_table.chosen(), &opened));
                        true
                    }
                    Touch::Heading(_)
                    | Touch::Press { .. }
                    | Touch::Hover(_)
                    | Touch::Key(_) => touched.touch(sorted_table, touch),
                }),
                invitation: Box::new(move || told.invitation()),
            },
        );
        let mut list = Self {
            sorted_table,
            shelf,
            revision: None,
            changed,
        };
        list.filter_while_typing();
        list
    }

    /// Shows the files, if they have changed.
    pub(super) fn show(&mut self, model: &Model) {
        if self.revision == Some(model.files_revision) {
            return;
        }
        self.revision = Some(model.files_revision);
        self.shelf.entries.replace(model.files.clone());
        self.shelf.left_out.set(model.files_left_out);
        self.shelf.arrange(&mut self.sorted_table);
        (self.changed)(&self.sorted_table.chosen(), false);
    }

    /// The selected names, as on the server.
    pub(super) fn sorted_table(&self) -> &SortedTable<String> {
        &self.sorted_table
    }

    fn filter_while_typing(&mut self) {
        let mut field = self.shelf.filter.clone();
        field.set_trigger(CallbackTrigger::Changed);
        let (shelf, mut sorted_table) =
            (Rc::clone(&self.shelf), self.sorted_table.clone());
        let changed = Rc::clone(&self.changed);
        field.set_callback(move |_| {
            shelf.arrange(&mut sorted_table);
            sorted_table.scroll_to_start();
            changed(&sorted_table.chosen(), false);
        });
        field.super_handle_first(false);
        field.handle(move |field, event| {
            let is_escape = event == Event::KeyDown && app::event_key() == Key::Escape;
            if is_escape && !field.value().is_empty() {
                field.set_value("");
                field.do_callback();
                return true;
            }
            false
        });
    }
}

impl Shelf {
    /// Sorts and filters again.
    fn arrange(&self, sorted_table: &mut SortedTable<String>) {
        let entries = self.entries.borrow();
        let order = self.order.get();
        let shown = files_shown(&entries, order, &self.filter.value());
        let keys = shown.iter().map(|&at| entries[at].name.clone()).collect();
        let count = if shown.len() == entries.len() {
            entries.len().to_string()
        } else {
            format!("{} of {}", shown.len(), entries.len())
        };
        let label = match self.left_out.get() {
            0 => format!("Files ({count})"),
            left_out => format!("Files ({count}; {left_out} more cannot be offered)"),
        };
        look::set_label(&mut *self.heading.borrow_mut(), &label);
        self.shown.replace(shown);
        let column = ORDERS.iter().position(|it| *it == order.by).unwrap_or(0);
        drop(entries);
        sorted_table.show(keys, (column, order.is_reversed));
    }

    fn touch(&self, sorted_table: &SortedTable<String>, touch: Touch) -> bool {
        match touch {
            Touch::Heading(column) => {
                let order = self.order.get().pressed(ORDERS[column]);
                self.order.set(order);
                let mut sorted_table = sorted_table.clone();
                self.arrange(&mut sorted_table);
                sorted_table.scroll_to_start();
                true
            }
            Touch::Key(key) => self.type_into_filter(key),
            Touch::Press { .. }
            | Touch::Hover(_)
            | Touch::Open
            | Touch::Menu
            | Touch::Chosen => false,
        }
    }

    /// A letter typed on the list begins a filter.
    fn type_into_filter(&self, key: Key) -> bool {
        let keys = app::event_state();
        let text = app::event_text();
        let is_letter = text.chars().next().is_some_and(|it| !it.is_control());
        if key == Key::Tab
            || !is_letter
            || keys.intersects(Shortcut::Ctrl | Shortcut::Alt | Shortcut::Meta)
        {
            return false;
        }
        let mut filter = self.filter.clone();
        filter.set_value(&(filter.value() + &text));
        let end = i32::try_from(filter.value().len()).unwrap_or(0);
        drop(filter.set_position(end));
        drop(filter.take_focus());
        filter.do_callback();
        true
    }

    fn draw(&self, row: usize, column: usize, place: Rectangle) {
        let entries = self.entries.borrow();
        let shown = self.shown.borrow();
        let Some(entry) = shown.get(row).and_then(|&at| entries.get(at)) else {
            return;
        };
        match column {
            0 => {
                let name = words::harmless(&entry.name);
                draw_words(&name, look::INK, Align::Left, place);
            }
            DIGEST => {
                if entry.digest.is_some() {
                    draw_mark(place);
                }
            }
            _ => {
                let size = words::bytes(entry.size);
                draw_words(&size, look::FADED, Align::Right, place);
            }
        }
    }

    fn invitation(&self) -> String {
        if self.entries.borrow().is_empty() {
            "The server offers no files yet.".to_owned()
        } else {
            "No name has these words.".to_owned()
        }
    }
}

/// The menu of the chosen files.
fn actions(
    chosen: Vec<String>,
    opened: &(impl Fn(Vec<String>) + Clone + 'static),
) -> Vec<context_menu::Item> {
    if chosen.is_empty() {
        return Vec::new();
    }
    let (opened, names) = (opened.clone(), chosen.join("\n"));
    vec![
        ("Download", Box::new(move || opened(chosen.clone()))),
        ("Copy name", Box::new(move || app::copy(&names))),
    ]
}

/// A tick, drawn: not every font has one.
pub(super) fn draw_mark((x, y, w, h): Rectangle) {
    let (left, top) = (x + w / 2 - 5, y + h / 2 - 4);
    draw::set_draw_color(look::WELL);
    draw::set_line_style(draw::LineStyle::Solid, 2);
    draw::draw_line(left, top + 4, left + 3, top + 8);
    draw::draw_line(left + 3, top + 8, left + 10, top);
    draw::set_line_style(draw::LineStyle::Solid, 0);
}
