//! What to fetch and how: the file's name, protocol, window, controller, and Download.
//!
//! ```text
//! Protocol [go-back-n v]  Window [16]
//! a window of packets; after a timeout all of it goes again
//! Controller [reno v]
//! slow start, then one more per round trip; halves at a loss
//! File [notes.pdf________] [Download]
//! ```
//!
//! The protocol's choice has one entry per ARQ, one for plain TCP and one that leaves it
//! to the server; the controller's has one per controller and one for the usual one.

use super::{Report, look};
use crate::client::controller::Intent;
use crate::client::model::Model;
use crate::client::share::Share;
use crate::wire::options::{Arq, Asked, Congestion, Settled, Transport};
use fltk::button::{Button, CheckButton};
use fltk::dialog::{FileDialog, FileDialogType};
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
    controller: Choice,
    controller_explanation: Frame,
    /// The name of the file to fetch, for the list to fill in.
    pub(super) file: Input,
    /// The button.
    pub(super) download: Button,
    upload: Button,
    pause_at_half: CheckButton,
    shown: Option<Asked>,
}

/// What stands in the protocol's choice before the ARQs.
const SERVERS_CHOICE: &str = "server's choice";

/// What stands in the controller's choice before the controllers.
const USUAL: &str = "the usual one";

/// What stands after the ARQs.
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
        column.fixed(&explanation, look::TWO_LINES);

        let (controller, controller_explanation) = controller_row(column);

        let mut pause_at_half = CheckButton::default().with_label(" pause each at half");
        pause_at_half.set_label_size(look::TEXT - 1);
        pause_at_half.set_tooltip("Resume goes on; so does /resume");
        column.fixed(&pause_at_half, 22);

        let mut what = Flex::default().row();
        what.set_pad(look::GAP);
        let caption = look::caption("File");
        what.fixed(&caption, 30);
        let file = look::field("Choose a file above, or write a name here");
        let download = look::main_button("&Download", "Fetch the file (Alt+D)");
        what.fixed(&download, 104);
        let upload = look::button("&Upload", "Give a file of this computer (Alt+U)");
        what.fixed(&upload, 76);
        what.end();
        column.fixed(&what, look::ROW);

        let mut panel = Self {
            protocol,
            window,
            explanation,
            controller,
            controller_explanation,
            file,
            download,
            upload,
            pause_at_half,
            shown: None,
        };
        panel.report_choices(report);
        panel.report_uploads(report);
        panel
    }

    /// Shows the options in force, however they were chosen, and what they do.
    pub(super) fn show(&mut self, model: &Model) {
        self.explanation.set_label(&explanation(model));
        self.pause_at_half.set_value(model.pause_at.is_some());
        self.controller_explanation
            .set_label(&controller_explanation(model));
        if self.shown == Some(model.options) {
            return;
        }
        self.shown = Some(model.options);
        self.protocol.set_value(protocol_index(&model.options));
        let window = model.options.window.map(|window| window.to_string());
        self.window.set_value(&window.unwrap_or_default());
        self.controller.set_value(controller_index(&model.options));
    }

    fn report_choices(&mut self, report: &Report) {
        let (read, tell) = (self.reader(), Rc::clone(report));
        self.protocol
            .set_callback(move |_| tell(Intent::SetOptions(read())));
        let (read, tell) = (self.reader(), Rc::clone(report));
        self.controller
            .set_callback(move |_| tell(Intent::SetOptions(read())));
        let (read, tell) = (self.reader(), Rc::clone(report));
        self.window.set_trigger(CallbackTrigger::EnterKeyChanged);
        self.window
            .set_callback(move |_| tell(Intent::SetOptions(read())));
    }

    fn report_uploads(&mut self, report: &Report) {
        let tell = Rc::clone(report);
        let options = self.reader();
        self.upload.set_callback(move |_| {
            let mut chooser = FileDialog::new(FileDialogType::BrowseFile);
            chooser.set_title("Which file shall everybody have?");
            chooser.show();
            let path = chooser.filename();
            // Empty: the person thought better of it.
            if !path.as_os_str().is_empty() {
                let asked = options();
                tell(Intent::Upload { path, asked });
            }
        });
        let tell = Rc::clone(report);
        self.pause_at_half.set_callback(move |tick| {
            tell(Intent::SetPauseAt(tick.value().then_some(Share::HALF)));
        });
    }

    /// A function that reads the widgets, for callbacks that outlive this borrow.
    pub(super) fn reader(&self) -> impl Fn() -> Asked + Clone + 'static {
        let (protocol, controller) = (self.protocol.clone(), self.controller.clone());
        let window = self.window.clone();
        move || Asked {
            congestion: congestion(controller.value()),
            ..asked(protocol.value(), &window.value())
        }
    }
}

/// The controller's choice, and the line that explains it.
fn controller_row(column: &mut Flex) -> (Choice, Frame) {
    let mut row = Flex::default().row();
    row.set_pad(look::GAP);
    let caption = look::caption("Controller");
    row.fixed(&caption, 84);
    let mut controller = look::choice("Who decides how much of the window is used");
    for name in controller_names() {
        controller.add_choice(name);
    }
    row.end();
    column.fixed(&row, look::ROW);
    let explanation = look::explanation();
    column.fixed(&explanation, look::TWO_LINES);
    (controller, explanation)
}

fn controller_names() -> impl Iterator<Item = &'static str> {
    let names = Congestion::ALL.into_iter().map(Congestion::name);
    std::iter::once(USUAL).chain(names)
}

/// The entry of the choice that says the same.
fn controller_index(asked: &Asked) -> i32 {
    let name = asked.congestion.map_or(USUAL, Congestion::name);
    let index = controller_names().position(|it| it == name).unwrap_or(0);
    i32::try_from(index).unwrap_or(0)
}

/// What the entry asks for.
fn congestion(controller_index: i32) -> Option<Congestion> {
    let index = usize::try_from(controller_index).unwrap_or(0);
    controller_names().nth(index)?.parse().ok()
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

/// One line about who decides how much of the window is used.
fn controller_explanation(model: &Model) -> String {
    let defaults = model.defaults.unwrap_or(Settled::DEFAULT);
    match (model.options.settle(&defaults), model.options.congestion) {
        (Ok(settled), _) if settled.transport == Transport::Tcp => String::new(),
        (Ok(settled), Some(asked)) if settled.congestion == asked => {
            asked.explanation().to_owned()
        }
        (Ok(settled), Some(_) | None) => {
            let congestion = settled.congestion;
            format!("{congestion}: {}", congestion.explanation())
        }
        (Err(_), _) => String::new(),
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
    fn every_entry_of_the_controllers_choice_asks_for_what_it_shows() {
        for (index, name) in (0..).zip(controller_names()) {
            let congestion = congestion(index);
            let asked = Asked {
                congestion,
                ..Asked::default()
            };
            assert_eq!(controller_index(&asked), index, "{name}");
        }
        assert_eq!(congestion(0), None);
    }

    #[test]
    fn a_window_that_does_not_fit_is_told_to_the_controller_and_not_dropped() {
        assert_eq!(asked(1, "").window, None);
        assert_eq!(asked(1, "16").window, Some(16));
        assert_eq!(asked(1, "99999999999").window, Some(0));
        assert_eq!(asked(1, "-").window, Some(0));
    }
}
