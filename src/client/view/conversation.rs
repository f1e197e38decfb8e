//! The left side of the room: the chat, who hears the next line, and the line itself.

use super::chat::ChatPane;
use super::recipient::Recipient;
use super::{Report, look};
use crate::client::controller::Intent;
use crate::client::model::Model;
use fltk::enums::CallbackTrigger;
use fltk::frame::Frame;
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;
use std::rc::Rc;

/// The widgets.
pub(super) struct Conversation {
    column: Flex,
    chat: ChatPane,
    recipient: Recipient,
    message: Input,
}

/// Label, tip and meaning of a button over the chat.
type Shortcut = (&'static str, &'static str, Intent);

/// The buttons over the chat.
const SHORTCUTS: [Shortcut; 3] = [
    ("Show &online", "Who is here (Alt+O)", Intent::ShowOnline),
    ("Show &files", "What is offered (Alt+F)", Intent::ShowFiles),
    (
        "Show co&mmands",
        "What to type (Alt+M)",
        Intent::ShowCommands,
    ),
];

impl Conversation {
    /// Makes the widgets in the row that is being built.
    pub(super) fn new(report: &Report) -> Self {
        let mut column = Flex::default().column();
        column.set_pad(look::GAP);
        let mut top = Flex::default().row();
        top.set_pad(look::GAP);
        Frame::default();
        let buttons = SHORTCUTS.map(|(label, tip, intent)| {
            let button = look::button(label, tip);
            top.fixed(&button, 136);
            (button, intent)
        });
        top.end();
        column.fixed(&top, look::ROW);
        let chat = ChatPane::new();
        let mut bottom = Flex::default().row();
        bottom.set_pad(look::GAP);
        let caption = look::caption("To");
        bottom.fixed(&caption, 20);
        let recipient = Recipient::new(report);
        bottom.fixed(recipient.widget(), 130);
        let message = message_field(&mut bottom, report);
        bottom.end();
        column.fixed(&bottom, look::ROW);
        column.end();
        for (mut button, intent) in buttons {
            let tell = Rc::clone(report);
            let mut message = message.clone();
            button.set_callback(move |_| {
                tell(intent.clone());
                drop(message.take_focus());
            });
        }
        Self {
            column,
            chat,
            recipient,
            message,
        }
    }

    /// Shows what was said and who hears the next line.
    pub(super) fn show(&mut self, model: &Model) {
        self.chat.show(&model.chat);
        self.recipient.show(model);
    }

    /// The column, for the layout.
    pub(super) fn widget(&mut self) -> &mut Flex {
        &mut self.column
    }

    /// The field with the next line.
    pub(super) fn message(&self) -> &Input {
        &self.message
    }
}

fn message_field(row: &mut Flex, report: &Report) -> Input {
    let mut message =
        look::field("A line for the others, or a command that begins with /");
    let mut send = look::main_button("&Send", "Enter does the same (Alt+S)");
    row.fixed(&send, 84);
    let tell = Rc::clone(report);
    let mut field = message.clone();
    let say = move || {
        tell(Intent::Input(field.value()));
        field.set_value("");
        drop(field.take_focus());
    };
    let mut on_enter = say.clone();
    message.set_trigger(CallbackTrigger::EnterKeyAlways);
    message.set_callback(move |_| on_enter());
    let mut on_click = say;
    send.set_callback(move |_| on_click());
    message
}
