//! The room: chat, people, files and transfers in one window.
//!
//! ```text
//! Chat        [online][files][commands]  Online (3)
//! +-----------------------------------+  +---------------+
//! | 12:01  dana  hi                   |  | dana          |
//! |                                   |  +---------------+
//! |                                   |  Files (7)
//! |                                   |  +---------------+
//! |                                   |  | name     size |
//! +-----------------------------------+  +---------------+
//! To [all v] [______________] [Send]     protocol, Download
//! Transfers
//! +------------------------------------------------------+
//! +------------------------------------------------------+
//! connected as dana to localhost:50000        [Disconnect]
//! ```

use super::chat::ChatPane;
use super::list::{Cell, List, Widths};
use super::panel::Panel;
use super::question::Question;
use super::recipient::Recipient;
use super::transfers::TransferTable;
use super::{Report, labels, look};
use crate::client::controller::Intent;
use crate::client::model::{Audience, Model, Phase, colour_of};
use crate::client::words;
use crate::wire::message::FileEntry;
use crate::wire::options::Asked;
use fltk::button::Button;
use fltk::enums::CallbackTrigger;
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// The page and its parts.
pub(super) struct Room {
    page: Flex,
    chat: ChatPane,
    recipient: Recipient,
    message: Input,
    people_heading: Frame,
    people: List,
    people_shown: Rc<RefCell<Vec<String>>>,
    files_heading: Frame,
    files: List,
    files_shown: Rc<RefCell<Vec<FileEntry>>>,
    panel: Panel,
    transfers: TransferTable,
    /// Asked in place.
    pub(super) question: Question,
    status: Frame,
    /// The button; what it does first, the window decides.
    pub(super) disconnect: Button,
    link: String,
}

/// Of the column with people and files. Unit: pixels.
const SIDE_WIDTH: i32 = 344;

/// Of the table of transfers. Unit: pixels.
const TRANSFERS_HEIGHT: i32 = 136;

/// Of the column of sizes. Unit: pixels.
const SIZE_WIDTH: i32 = 84;

impl Room {
    /// Makes the page in the window that is being built, `size` large. `link` is what
    /// the status line says of the link.
    pub(super) fn new(size: (i32, i32), link: String, report: &Report) -> Self {
        let mut page = Flex::new(0, 0, size.0, size.1, None).column();
        page.set_margin(look::MARGIN);
        page.set_pad(look::GAP);

        let mut upper = Flex::default().row();
        upper.set_pad(look::MARGIN);
        let (chat, recipient, message) = left_side(report);
        let mut side = Flex::default().column();
        side.set_pad(look::GAP);
        let people_heading = look::heading("Online");
        side.fixed(&people_heading, look::ROW);
        let people_shown: Rc<RefCell<Vec<String>>> = Rc::default();
        let mut people = people_list(&people_shown, &message, report);
        side.fixed(&*people.widget(), 110);
        let files_heading = look::heading("Files");
        side.fixed(&files_heading, 20);
        let files_shown: Rc<RefCell<Vec<FileEntry>>> = Rc::default();
        let files = files_list(&files_shown, report);
        let panel = Panel::new(&mut side, report);
        side.end();
        upper.fixed(&side, SIDE_WIDTH);
        upper.end();

        let heading = look::heading("Transfers");
        page.fixed(&heading, 20);
        let tell = Rc::clone(report);
        let transfers = TransferTable::new(move |tag| tell(Intent::Cancel { tag }));
        page.fixed(transfers.widget(), TRANSFERS_HEIGHT);
        let question = Question::new(&mut page);
        let (status, disconnect) = status_row(&mut page);
        page.end();
        page.hide();

        let mut room = Self {
            page,
            chat,
            recipient,
            message,
            people_heading,
            people,
            people_shown,
            files_heading,
            files,
            files_shown,
            panel,
            transfers,
            question,
            status,
            disconnect,
            link,
        };
        room.choose_files(report);
        room
    }

    /// Shows the model; hides the page while nobody is joined.
    pub(super) fn show(&mut self, model: &Model) {
        if matches!(model.phase, Phase::Login | Phase::Joining) {
            self.page.hide();
            return;
        }
        self.chat.show(&model.chat);
        self.recipient.show(model);
        self.show_people(model);
        self.show_files(model);
        self.panel.show(model);
        self.transfers.show(&model.transfers);
        self.status
            .set_label(&labels::label(&status(model, &self.link)));
        if !self.page.visible() {
            self.page.show();
            drop(self.message.take_focus());
        }
    }

    fn show_people(&mut self, model: &Model) {
        let heading = format!("Online ({})", model.people.len());
        self.people_heading.set_label(&heading);
        let row = |name: &String| {
            let mine = if *name == model.name { "  (you)" } else { "" };
            let color = look::PEOPLE[colour_of(name) % look::PEOPLE.len()];
            vec![
                Cell::colored("\u{25CF}", color),
                Cell::plain(&format!("{name}{mine}")),
            ]
        };
        self.people.show(model.people.iter().map(row).collect());
        self.people_shown.replace(model.people.clone());
    }

    fn show_files(&mut self, model: &Model) {
        let heading = format!("Files ({})", model.files.len());
        self.files_heading.set_label(&heading);
        let row = |file: &FileEntry| {
            vec![
                Cell::plain(&file.name),
                Cell::figure(&words::bytes(file.size)),
            ]
        };
        self.files.show(model.files.iter().map(row).collect());
        self.files_shown.replace(model.files.clone());
    }

    /// The chosen row goes into the field, and Download fetches what the field says.
    fn choose_files(&mut self, report: &Report) {
        let files = Rc::clone(&self.files_shown);
        let mut field = self.panel.file.clone();
        self.files.widget().set_callback(move |browser| {
            let files = files.borrow();
            if let Some(file) = nth(&files, browser.value() - 1) {
                field.set_value(&words::harmless(&file.name));
            }
        });
        let files = Rc::clone(&self.files_shown);
        let browser = self.files.widget().clone();
        let field = self.panel.file.clone();
        let read_options = self.panel.reader();
        let tell = Rc::clone(report);
        let download = move || {
            let typed = field.value();
            let files = files.borrow();
            let chosen = nth(&files, browser.value() - 1);
            // A name may hold letters that no field can: the row knows it as it is.
            let file = match chosen.filter(|file| words::harmless(&file.name) == typed) {
                Some(file) => file.name.clone(),
                None => typed,
            };
            drop(files);
            tell(Intent::Download {
                file,
                asked: read_options(),
            });
        };
        let fetch = download.clone();
        self.panel.download.set_callback(move |_| fetch());
        self.panel.file.set_trigger(CallbackTrigger::EnterKeyAlways);
        self.panel.file.set_callback(move |_| download());
    }
}

fn left_side(report: &Report) -> (ChatPane, Recipient, Input) {
    let mut left = Flex::default().column();
    left.set_pad(look::GAP);
    let mut top = Flex::default().row();
    top.set_pad(look::GAP);
    look::heading("Chat");
    let buttons = [
        ("Show &online", "Who is here (Alt+O)", Intent::ShowOnline),
        (
            "Show &files",
            "What the server offers (Alt+F)",
            Intent::ShowFiles,
        ),
        (
            "Show co&mmands",
            "What can be typed (Alt+M)",
            Intent::ShowCommands,
        ),
    ];
    for (label, tip, intent) in buttons {
        let mut button = look::button(label, tip);
        let tell = Rc::clone(report);
        button.set_callback(move |_| tell(intent.clone()));
        top.fixed(&button, 136);
    }
    top.end();
    left.fixed(&top, look::ROW);
    let chat = ChatPane::new();
    let mut bottom = Flex::default().row();
    bottom.set_pad(look::GAP);
    let caption = look::caption("To");
    bottom.fixed(&caption, 20);
    let recipient = Recipient::new(report);
    bottom.fixed(recipient.widget(), 130);
    let mut message =
        look::field("A line for the others, or a command that begins with /");
    let mut send = look::main_button("&Send", "Enter does the same (Alt+S)");
    bottom.fixed(&send, 84);
    bottom.end();
    left.fixed(&bottom, look::ROW);
    left.end();

    let tell = Rc::clone(report);
    let mut field = message.clone();
    let say = move || {
        tell(Intent::Input(field.value()));
        field.set_value("");
    };
    let mut on_enter = say.clone();
    message.set_trigger(CallbackTrigger::EnterKeyAlways);
    message.set_callback(move |_| on_enter());
    let mut on_click = say;
    send.set_callback(move |_| on_click());
    (chat, recipient, message)
}

fn people_list(
    people: &Rc<RefCell<Vec<String>>>,
    message: &Input,
    report: &Report,
) -> List {
    let people = Rc::clone(people);
    let tell = Rc::clone(report);
    let mut message = message.clone();
    List::new("Double click to whisper", Widths::First(20), move |row| {
        let name = people.borrow().get(row).cloned();
        if let Some(name) = name {
            tell(Intent::ChooseTo(Audience::One(name)));
            drop(message.take_focus());
        }
    })
}

fn files_list(files: &Rc<RefCell<Vec<FileEntry>>>, report: &Report) -> List {
    let files = Rc::clone(files);
    let tell = Rc::clone(report);
    List::new(
        "Double click to download",
        Widths::Last(SIZE_WIDTH),
        move |row| {
            let file = files.borrow().get(row).map(|file| file.name.clone());
            if let Some(file) = file {
                let asked = Asked::default();
                tell(Intent::Download { file, asked });
            }
        },
    )
}

fn status_row(page: &mut Flex) -> (Frame, Button) {
    let mut row = Flex::default().row();
    row.set_pad(look::GAP);
    let mut status = look::caption("");
    status.set_label_color(look::FADED);
    status.set_label_size(look::TEXT - 1);
    let disconnect = look::button("Disco&nnect", "Leave the room (Alt+N)");
    row.fixed(&disconnect, 116);
    row.end();
    page.fixed(&row, look::ROW);
    (status, disconnect)
}

/// `connected as dana to localhost:50000 - round trip 2 ms - link: perfect`.
fn status(model: &Model, link: &str) -> String {
    let connection = match &model.phase {
        Phase::Lost { sentence } => sentence.clone(),
        Phase::Login | Phase::Joining | Phase::Joined => {
            format!("connected as {} to {}", model.name, model.server)
        }
    };
    let round_trip = match model.round_trip {
        Some(time) => format!("  \u{2013}  round trip {} ms", time.as_millis()),
        None => String::new(),
    };
    format!("{connection}{round_trip}  \u{2013}  link: {link}")
}

fn nth(files: &[FileEntry], index: i32) -> Option<&FileEntry> {
    files.get(usize::try_from(index).ok()?)
}
