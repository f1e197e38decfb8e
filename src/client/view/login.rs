//! The login form: a card in the middle of the window.
//!
//! ```text
//! +-----------------------------------+
//! | Sash                              |
//! | Server              Port          |
//! | [localhost________] [50000]       |
//! | Name                              |
//! | [_________________]               |
//! | what went wrong, in a sentence    |
//! | [Connect                        ] |
//! +-----------------------------------+
//! ```
//!
//! Enter in any field connects. What went wrong is told in place, never in a dialog that
//! somebody has to click away.

use super::{Report, labels, look};
use crate::client::Settings;
use crate::client::address::{DEFAULT_PORT, ServerAddress};
use crate::client::controller::Intent;
use crate::client::model::{LoginProblem, Model, Phase};
use fltk::button::Button;
use fltk::enums::{CallbackTrigger, FrameType};
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;
use std::rc::Rc;

/// The form and its fields.
pub(super) struct Login {
    page: Flex,
    server: Input,
    port: Input,
    name: Input,
    problem: Frame,
    connect: Button,
}

/// The card. Unit: pixels.
const CARD: (i32, i32) = (420, 376);

impl Login {
    /// Makes the form in the window that is being built, `size` large.
    pub(super) fn new(settings: &Settings, size: (i32, i32), report: &Report) -> Self {
        let mut page = Flex::new(0, 0, size.0, size.1, None).column();
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
        let (server, port) = address_fields(&mut card);
        let caption = look::caption("Name");
        card.fixed(&caption, 18);
        let name = look::field("What the others call you: one word");
        card.fixed(&name, look::ROW);
        let mut problem = look::explanation();
        problem.set_label_color(look::WRONG);
        problem.set_label_size(look::TEXT - 1);
        let connect = look::main_button("&Connect", "Enter does the same");
        card.fixed(&connect, look::ROW + 6);

        card.end();
        middle.fixed(&card, CARD.0);
        Frame::default();
        middle.end();
        page.fixed(&middle, CARD.1);
        Frame::default();
        page.end();

        let mut login = Self {
            page,
            server,
            port,
            name,
            problem,
            connect,
        };
        login.fill_in(settings);
        login.connect_callbacks(report);
        login
    }

    /// Shows or hides the form, and why the last try failed.
    pub(super) fn show(&mut self, model: &Model) {
        let is_joining = model.phase == Phase::Joining;
        if !matches!(model.phase, Phase::Login | Phase::Joining) {
            self.page.hide();
            return;
        }
        let problem = model.login_problem.as_ref().map(sentence);
        self.problem
            .set_label(&labels::label(&problem.unwrap_or_default()));
        if is_joining {
            self.connect.set_label("Connecting\u{2026}");
            self.connect.deactivate();
        } else {
            self.connect.set_label("&Connect");
            self.connect.activate();
        }
        if !self.page.visible() {
            self.page.show();
            self.focus();
        }
    }

    /// Puts the cursor into the name field.
    pub(super) fn focus(&mut self) {
        // A window that is not shown yet has no focus to give; FLTK says so and goes on.
        drop(self.name.take_focus());
    }

    /// A function that says what the fields say now.
    pub(super) fn reader(&self) -> impl Fn() -> Intent + Clone + 'static {
        let (server, port, name) =
            (self.server.clone(), self.port.clone(), self.name.clone());
        move || Intent::Connect {
            server: server.value(),
            port: port.value(),
            name: name.value(),
        }
    }

    fn fill_in(&mut self, settings: &Settings) {
        let server = settings.server.as_deref().unwrap_or_default();
        // What cannot be read is shown as it is: Connect tells what is wrong with it.
        self.server.set_value(server);
        self.port.set_value(&DEFAULT_PORT.to_string());
        if let Ok(address) = ServerAddress::read(server) {
            self.server.set_value(&address.host);
            self.port.set_value(&address.port.to_string());
        }
        self.name
            .set_value(settings.name.as_deref().unwrap_or_default());
    }

    fn connect_callbacks(&mut self, report: &Report) {
        let read = self.reader();
        let report = Rc::clone(report);
        let connect = move || report(read());
        for field in [&mut self.server, &mut self.port, &mut self.name] {
            let connect = connect.clone();
            field.set_trigger(CallbackTrigger::EnterKeyAlways);
            field.set_callback(move |_| connect());
        }
        self.connect.set_callback(move |_| connect());
    }
}

fn address_fields(card: &mut Flex) -> (Input, Input) {
    let mut captions = Flex::default().row();
    captions.set_pad(look::GAP);
    look::caption("Server");
    let port_caption = look::caption("Port");
    captions.fixed(&port_caption, PORT_WIDTH);
    captions.end();
    card.fixed(&captions, 18);
    let mut fields = Flex::default().row();
    fields.set_pad(look::GAP);
    let server = look::field("A name or an address; empty means this computer");
    let port = look::field("Empty means 50000");
    fields.fixed(&port, PORT_WIDTH);
    fields.end();
    card.fixed(&fields, look::ROW);
    (server, port)
}

/// Of the port's field. Unit: pixels.
const PORT_WIDTH: i32 = 90;

/// Why the last try failed, with a name that is free where the sentence lacks it.
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
        | LoginProblem::Refused { .. } => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_name_comes_with_one_that_is_free() {
        let refused = |sentence: &str| LoginProblem::Refused {
            sentence: sentence.to_owned(),
            suggestion: Some("dana2".to_owned()),
        };
        assert_eq!(sentence(&refused("Taken.")), "Taken. \"dana2\" is free.");
        assert_eq!(sentence(&refused("Be dana2.")), "Be dana2.");
    }
}
