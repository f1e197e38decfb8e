//! What to fetch and how: the file's name, the protocol, the window, and Download.
//!
//! ```text
//! Protocol [go-back-n v]  Window [16]
//! a window of packets; after a timeout all of it goes again
//! File [notes.pdf________] [Download]
//! ```
//!
//! The protocol's choice has one entry per ARQ, one for plain TCP and one that leaves it
//! to the server.

use super::{Report, look};
use crate::client::controller::Intent;
use crate::client::model::Model;
use crate::wire::options::{Arq, Asked, Transport};
use fltk::button::Button;
use fltk::enums::CallbackTrigger;
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::menu::Choice;
use fltk::prelude::*;
use std::rc::Rc;

/// The widgets.
pub(super) struct Panel {
    protocol: Choice,
    window: Input,
    explanation: Frame,
    /// The name of the file to fetch, for the list to fill in.
    pub(super) file: Input,
    /// The button.
    pub(super) download: Button,
    shown: Option<Asked>,
}

/// What stands in the protocol's choice before the ARQs.
const SERVERS_CHOICE: &str = "server's choice";

/// What stands after them.
const PLAIN_TCP: &str = "plain TCP";

impl Panel {
    /// Makes the widgets in the column that is being built.
    pub(super) fn new(column: &mut Flex, report: &Report) -> Self {
        let mut how = Flex::default().row();
        how.set_pad(look::GAP);
        let caption = look::caption("Protocol");
        how.fixed(&caption, 62);
        let mut protocol = look::choice("How the next file is made to arrive whole");
        for name in protocol_names() {
            protocol.add_choice(name);
        }
        let caption = look::caption("Window");
        how.fixed(&caption, 64);
        let window =
            look::field("Packets on their way at once, 1 to 8192; empty: the usual");
        how.fixed(&window, 54);
        how.end();
        column.fixed(&how, look::ROW);

        let explanation = look::explanation();
        column.fixed(&explanation, 32);

        let mut what = Flex::default().row();
        what.set_pad(look::GAP);
        let caption = look::caption("File");
        what.fixed(&caption, 30);
        let file = look::field("Choose a file above, or write a name here");
        let download = look::main_button("&Download", "Fetch the file (Alt+D)");
        what.fixed(&download, 104);
        what.end();
        column.fixed(&what, look::ROW);

        let mut panel = Self {
            protocol,
            window,
            explanation,
            file,
            download,
            shown: None,
        };
        panel.report_choices(report);
        panel
    }

    /// Shows the options in force, however they were chosen, and what they do.
    pub(super) fn show(&mut self, model: &Model) {
        self.explanation.set_label(&explanation(model));
        if self.shown == Some(model.options) {
            return;
        }
        self.shown = Some(model.options);
        self.protocol.set_value(protocol_index(&model.options));
        let window = model.options.window.map(|window| window.to_string());
        self.window.set_value(&window.unwrap_or_default());
    }

    fn report_choices(&mut self, report: &Report) {
        let window = self.window.clone();
        let tell = Rc::clone(report);
        self.protocol.set_callback(move |protocol| {
            tell(Intent::SetOptions(asked(protocol.value(), &window.value())));
        });
        let protocol = self.protocol.clone();
        let tell = Rc::clone(report);
        self.window.set_trigger(CallbackTrigger::EnterKeyChanged);
        self.window.set_callback(move |window| {
            tell(Intent::SetOptions(asked(protocol.value(), &window.value())));
        });
    }

    /// A function that reads the widgets, for callbacks that outlive this borrow.
    pub(super) fn reader(&self) -> impl Fn() -> Asked + Clone + 'static {
        let (protocol, window) = (self.protocol.clone(), self.window.clone());
        move || asked(protocol.value(), &window.value())
    }
}

fn protocol_names() -> impl Iterator<Item = &'static str> {
    let arqs = Arq::ALL.into_iter().map(Arq::name);
    std::iter::once(SERVERS_CHOICE)
        .chain(arqs)
        .chain(std::iter::once(PLAIN_TCP))
}

/// The entry of the choice that says the same.
fn protocol_index(asked: &Asked) -> i32 {
    let name = match (asked.transport, asked.arq) {
        (Some(Transport::Tcp), _) => PLAIN_TCP,
        (_, Some(arq)) => arq.name(),
        (_, None) => SERVERS_CHOICE,
    };
    let index = protocol_names().position(|it| it == name).unwrap_or(0);
    i32::try_from(index).unwrap_or(0)
}

/// What the widgets ask for. A window that is no number that fits asks for 0, which the
/// controller refuses with a sentence.
fn asked(protocol_index: i32, window: &str) -> Asked {
    let index = usize::try_from(protocol_index).unwrap_or(0);
    let name = protocol_names().nth(index).unwrap_or(SERVERS_CHOICE);
    let arq: Option<Arq> = name.parse().ok();
    let transport = match name {
        PLAIN_TCP => Some(Transport::Tcp),
        _ => arq.map(|_| Transport::Udp),
    };
    let window = match window.trim() {
        "" => None,
        digits => Some(digits.parse().unwrap_or(0)),
    };
    Asked {
        transport,
        arq,
        window,
        ..Asked::default()
    }
}

/// One line about what the next download will do.
fn explanation(model: &Model) -> String {
    if model.options.transport == Some(Transport::Tcp) {
        return "the system's own TCP, to compare with".to_owned();
    }
    match (model.options.arq, model.defaults) {
        (Some(arq), _) => arq.explanation().to_owned(),
        (None, Some(defaults)) => format!(
            "here {} with a window of {}: {}",
            defaults.arq,
            defaults.window,
            defaults.arq.explanation()
        ),
        (None, None) => "what the server does when nobody asks".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_choice_asks_for_what_it_shows() {
        for (index, name) in (0..).zip(protocol_names()) {
            assert_eq!(protocol_index(&asked(index, "")), index, "{name}");
        }
    }

    #[test]
    fn a_window_that_does_not_fit_is_told_to_the_controller_and_not_dropped() {
        assert_eq!(asked(1, "").window, None);
        assert_eq!(asked(1, "16").window, Some(16));
        assert_eq!(asked(1, "99999999999").window, Some(0));
        assert_eq!(asked(1, "-").window, Some(0));
    }
}
