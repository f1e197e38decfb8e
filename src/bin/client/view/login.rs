//! The login form: a card in the middle of the window.
//!
//! ```text
//! +-----------------------------------+
//! | Sash                              |
//! | Server              Port          |
//! | [localhost_][v][Find] [50000]     |
//! | Name                              |
//! | [_________________]               |
//! | what went wrong, in a sentence    |
//! | [Connect                        ] |
//! | [Laboratory                     ] |
//! +-----------------------------------+
//! ```
//!
//! The arrow beside the server lists servers that the user joined before, and those that
//! *Find* has found on the local network. Enter in any field connects. Failures are shown
//! in place, never in a dialog that the user has to close.

use super::rooms::{self, ServerList};
use super::{IntentCallback, labels, look};
use fltk::button::Button;
use fltk::enums::{CallbackTrigger, FrameType};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::{Input, SecretInput};
use fltk::menu::MenuButton;
use fltk::prelude::*;
use sash::client::Settings;
use sash::client::address::{DEFAULT_PORT, ServerAddress};
use sash::client::commands;
use sash::client::controller::Intent;
use sash::client::model::{LoginProblem, Model, Phase};
use sash::client::remembered::Remembered;
use sash::room::login::Password;
use std::rc::Rc;

/// The form and its fields.
pub(super) struct Login {
    page: Flex,
    middle: Flex,
    card: Flex,
    server: Input,
    recent: ServerList,
    port: Input,
    name: Input,
    /// Caption and field; hidden until a server requires a password.
    password: (Frame, SecretInput),
    problem: Frame,
    connect: Button,
}

/// The additional height for the password. Unit: pixels.
const PASSWORD_HEIGHT: i32 = 18 + look::ROW + 2 * look::GAP;

/// The card. Unit: pixels.
const CARD: (i32, i32) = (420, 414);

impl Login {
    /// Makes the form in the column that is being built; `experiment` opens the
    /// laboratory.
    pub(super) fn new(
        settings: &Settings,
        remembered: &Remembered,
        report: &IntentCallback,
        experiment: impl Fn() + 'static,
    ) -> Self {
        let mut page = Flex::default().column();
        Frame::default();
        let mut middle = Flex::default().row();
        Frame::default();
        let mut card = Flex::default().column();
        card.set_frame(FrameType::DownBox);
        card.set_color(look::PAGE);
        card.set_margin(2 * look::MARGIN);
        card.set_pad(look::GAP);

        let mut title = look::heading("Sash");
        title.set_label_size(30);
        card.fixed(&title, 38);
        let mut subtitle = look::caption("a chat room and a file-transfer laboratory");
        subtitle.set_label_color(look::FADED);
        card.fixed(&subtitle, 22);
        card.fixed(&Frame::default(), look::GAP / 2);
        let (server, recent, mut find, port) = address_fields(&mut card);
        let choose = {
            let (server, port) = (server.clone(), port.clone());
            move |address: &str| {
                write_address(address, &mut server.clone(), &mut port.clone());
            }
        };
        let recent = ServerList::new(recent, choose.clone());
        rooms::on_find(&mut find, recent.clone(), server.clone(), choose, subtitle);
        let caption = look::caption("Name");
        card.fixed(&caption, 18);
        let name = look::field("Your name in the chat: one word");
        card.fixed(&name, look::ROW);
        let password = password_field(&mut card);
        let mut problem = look::explanation();
        problem.set_label_color(look::WRONG);
        problem.set_label_size(look::TEXT - 1);
        let connect = look::main_button("&Connect", "Or press Enter");
        card.fixed(&connect, look::ROW + 6);
        let mut laboratory = look::button(
            "&Laboratory",
            "Open the laboratory without a \
                                                          server (Alt+L)",
        );
        laboratory.set_callback(move |_| experiment());
        card.fixed(&laboratory, look::ROW);

        card.end();
        middle.fixed(&card, CARD.0);
        Frame::default();
        middle.end();
        page.fixed(&middle, CARD.1);
        Frame::default();
        page.end();

        let mut login = Self {
            page,
            middle,
            card,
            server,
            recent,
            port,
            name,
            password,
            problem,
            connect,
        };
        login.fill_in(settings, remembered);
        login.list_recent(remembered);
        login.connect_callbacks(report);
        login
    }

    /// The form, for the layout.
    pub(super) fn widget(&mut self) -> &mut Flex {
        &mut self.page
    }

    /// Shows why the last attempt failed.
    pub(super) fn show(&mut self, model: &Model) {
        let is_joining = model.phase == Phase::Joining;
        let problem = model.login_problem.as_ref().map(sentence);
        let problem = labels::label(&problem.unwrap_or_default());
        look::set_label(&mut self.problem, &problem);
        if let Some(LoginProblem::Password { .. }) = model.login_problem {
            self.ask_for_password();
        }
        if is_joining {
            look::set_label(&mut self.connect, "Connecting\u{2026}");
            self.connect.deactivate();
        } else {
            look::set_label(&mut self.connect, "&Connect");
            self.connect.activate();
        }
    }

    /// Shows the field for the password, once, and puts the cursor there.
    fn ask_for_password(&mut self) {
        let (caption, field) = &mut self.password;
        if field.visible() {
            return;
        }
        caption.show();
        field.show();
        self.page.fixed(&self.middle, CARD.1 + PASSWORD_HEIGHT);
        self.card.layout();
        self.page.layout();
        self.page.redraw();
        drop(self.password.1.take_focus());
    }

    /// Puts the cursor into the name field.
    pub(super) fn focus(&mut self) {
        // A window that is not shown yet has no focus; FLTK reports this and continues.
        drop(self.name.take_focus());
    }

    /// A function that reads the fields.
    pub(super) fn reader(&self) -> impl Fn() -> Intent + Clone + 'static {
        let (server, port, name) =
            (self.server.clone(), self.port.clone(), self.name.clone());
        move || Intent::Connect {
            server: server.value(),
            port: port.value(),
            name: name.value(),
        }
    }

    fn fill_in(&mut self, settings: &Settings, remembered: &Remembered) {
        let newest = remembered.servers.first().map(String::as_str);
        let server = settings.server.as_deref().or(newest).unwrap_or_default();
        write_address(server, &mut self.server, &mut self.port);
        let name = settings.name.as_deref().unwrap_or(&remembered.name);
        self.name.set_value(name);
    }

    fn list_recent(&mut self, remembered: &Remembered) {
        for address in &remembered.servers {
            self.recent.add(address, address);
        }
    }

    fn connect_callbacks(&mut self, report: &IntentCallback) {
        let read = self.reader();
        let report = Rc::clone(report);
        let (password, mut problem) = (self.password.1.clone(), self.problem.clone());
        let mut connect = move || {
            if password.visible() {
                match Password::new(&password.value()) {
                    Ok(password) => report(Intent::SetPassword(Some(password))),
                    Err(error) => {
                        let words = commands::sentence(&error.to_string());
                        return problem.set_label(&labels::label(&words));
                    }
                }
            }
            report(read());
        };
        let mut on_enter = connect.clone();
        let password = &mut self.password.1;
        password.set_trigger(CallbackTrigger::EnterKeyAlways);
        password.set_callback(move |_| on_enter());
        for field in [&mut self.server, &mut self.port, &mut self.name] {
            let mut connect = connect.clone();
            field.set_trigger(CallbackTrigger::EnterKeyAlways);
            field.set_callback(move |_| connect());
        }
        self.connect.set_callback(move |_| connect());
    }
}

/// An invalid value is shown unchanged: Connect explains the mistake.
fn write_address(text: &str, server: &mut Input, port: &mut Input) {
    server.set_value(text);
    port.set_value(&DEFAULT_PORT.to_string());
    if let Ok(address) = ServerAddress::read(text) {
        server.set_value(&address.host);
        port.set_value(&address.port.to_string());
    }
}

/// Hidden until a server requires a password; the typed text is never visible.
fn password_field(card: &mut Flex) -> (Frame, SecretInput) {
    let mut caption = look::caption("Password");
    card.fixed(&caption, 18);
    let mut field = SecretInput::default();
    field.set_frame(look::FIELD);
    field.set_tooltip("The password is proven to the server and never sent");
    card.fixed(&field, look::ROW);
    caption.hide();
    field.hide();
    (caption, field)
}

fn address_fields(card: &mut Flex) -> (Input, MenuButton, Button, Input) {
    let mut captions = Flex::default().row();
    captions.set_pad(look::GAP);
    look::caption("Server");
    let port_caption = look::caption("Port");
    captions.fixed(&port_caption, PORT_WIDTH);
    captions.end();
    card.fixed(&captions, 18);
    let mut fields = Flex::default().row();
    fields.set_pad(look::GAP);
    let server = look::field(
        "The name or address of the server; empty means this \
                              computer",
    );
    let mut recent = MenuButton::default();
    recent.set_frame(FrameType::UpBox);
    recent.set_color(look::PAGE);
    recent.set_tooltip("Servers that you joined before, and rooms that were found");
    fields.fixed(&recent, look::ROW);
    let mut find = look::button("&Find", "List the rooms on the local network (Alt+F)");
    find.clear_visible_focus(); // Tab goes from field to field.
    fields.fixed(&find, FIND_WIDTH);
    let port = look::field("The port of the server; empty means 50000");
    fields.fixed(&port, PORT_WIDTH);
    fields.end();
    card.fixed(&fields, look::ROW);
    (server, recent, find, port)
}

/// The width of the button. Unit: pixels.
const FIND_WIDTH: i32 = 64;

/// The width of the field for the port. Unit: pixels.
const PORT_WIDTH: i32 = 90;

/// The reason why the last attempt failed, with a free name if the sentence has none.
fn sentence(problem: &LoginProblem) -> String {
    let sentence = problem.sentence();
    match problem {
        LoginProblem::Refused {
            suggestion: Some(name),
            ..
        } if !sentence.contains(name.as_str()) => {
            format!("{sentence} {name:?} is free.")
        }
        LoginProblem::Form { .. }
        | LoginProblem::Unreachable { .. }
        | LoginProblem::Password { .. }
        | LoginProblem::Refused { .. } => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_name_is_shown_with_a_free_suggestion() {
        let refused = |sentence: &str| LoginProblem::Refused {
            sentence: sentence.to_owned(),
            suggestion: Some("dana2".to_owned()),
        };
        assert_eq!(sentence(&refused("Taken.")), "Taken. \"dana2\" is free.");
        assert_eq!(sentence(&refused("Be dana2.")), "Be dana2.");
    }
}
