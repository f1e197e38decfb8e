//! The field with the next line, and its keys.
//!
//! ```text
//! key --> composer (pure) --> the field as it shall be, or a line that is done
//! ```
//!
//! A line is reported together with the conversation that was shown while it was typed,
//! so that it goes nowhere else. Without a connection it stays in the field.

use super::chat::Mark;
use super::hints::Hints;
use super::strip::Strip;
use super::{IntentCallback, ModelReader, look};
use fltk::app;
use fltk::button::Button;
use fltk::enums::{Event, Key, Shortcut};
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;
use sash::client::complete::Known;
use sash::client::compose::{self, Composer, Entered, Field, Pasted};
use sash::client::controller::Intent;
use sash::client::model::{Audience, Model, Phase};
use std::cell::RefCell;
use std::rc::Rc;

/// The field, shared by the callbacks around it.
#[derive(Clone)]
pub(super) struct Message {
    input: Input,
    hints: Hints,
    question: Strip,
    report: IntentCallback,
    model: ModelReader,
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    composer: Composer,
    shown: Audience,
    known: Known,
    is_connected: bool,
    /// Pasted lines that the user must confirm.
    pasted: Vec<String>,
}

/// The services of the window for the field.
pub(super) struct Around {
    /// The selected text of the chat.
    pub(super) selection: Box<dyn Fn() -> Option<String>>,
    /// A page up, or down.
    pub(super) scroll: Box<dyn Fn(bool)>,
    /// A row of the chat is marked, or what is marked is unfolded.
    pub(super) mark: Box<dyn Fn(Mark)>,
    /// Search for a text.
    pub(super) find: Box<dyn Fn()>,
    /// To the newest line.
    pub(super) end: Box<dyn Fn()>,
    /// The cursor has come into the field, or gone.
    pub(super) turned: Box<dyn Fn(bool)>,
}

/// The buttons of the question about pasted lines.
pub(super) const PASTED: [(&str, &str); 3] = [
    ("Send", "Send each line as a message (Enter)"),
    ("As one", "Send all lines as one message"),
    ("Cancel", "Or press Escape"),
];

/// The longest text that the field takes. Unit: bytes.
const LONGEST_TEXT: i32 = 64 << 10;

impl Message {
    /// Makes the field and its button in the row that is being built.
    pub(super) fn new(
        row: &mut Flex,
        hints: Hints,
        question: Strip,
        report: &IntentCallback,
        model: &ModelReader,
    ) -> Self {
        let mut input = look::field("Type a message, or a command that begins with /");
        input.set_maximum_size(LONGEST_TEXT);
        let send = look::main_button("&Send", "Send the message (Enter, Alt+S)");
        row.fixed(&send, 84);
        let message = Self {
            input,
            hints,
            question,
            report: Rc::clone(report),
            model: Rc::clone(model),
            state: Rc::default(),
        };
        message.answer_pasted();
        message.send_by(send);
        message
    }

    /// The widget.
    pub(super) fn input(&self) -> &Input {
        &self.input
    }

    /// Takes the users and the shown conversation from the model.
    pub(super) fn show(&mut self, model: &Model) {
        let mut state = self.state.borrow_mut();
        state.is_connected = model.phase == Phase::Joined;
        state.known.learn(model);
        drop(state);
        self.turn_to(model);
    }

    /// Text typed from now on goes to the selected conversation, even if it is not shown
    /// yet.
    fn catch_up(&mut self) {
        let model = Rc::clone(&self.model);
        model(&mut |model| self.turn_to(model));
    }

    fn turn_to(&mut self, model: &Model) {
        let mut state = self.state.borrow_mut();
        let text = self.input.value();
        let turned = state.composer.turn_to(model.to(), &text);
        state.shown = model.to().clone();
        drop(state);
        if let Some(field) = turned {
            self.ask_about(Vec::new());
            self.set(&field);
        }
    }

    /// Listens to the keys.
    pub(super) fn listen(&self, around: Around) {
        let mut message = self.clone();
        let mut input = self.input.clone();
        input.super_handle_first(false);
        input.handle(move |_, event| message.on_event(event, &around));
    }

    /// Text typed elsewhere is typed here.
    pub(super) fn take_text(&mut self, text: &str) {
        self.catch_up();
        drop(self.input.take_focus());
        drop(self.input.insert(text));
        self.hints.look_at(&self.input.value());
    }

    /// Brings the cursor back.
    pub(super) fn focus(&self) {
        drop(self.input.clone().take_focus());
    }

    fn on_event(&mut self, event: Event, around: &Around) -> bool {
        if matches!(event, Event::KeyDown | Event::Paste) {
            self.catch_up();
        }
        match event {
            Event::KeyDown => self.on_key(around),
            Event::KeyUp => {
                self.hints.look_at(&self.input.value());
                false
            }
            Event::Paste => self.on_paste(&app::event_text()),
            Event::Focus | Event::Unfocus => {
                (around.turned)(event == Event::Focus);
                false
            }
            _ => false,
        }
    }

    fn on_key(&mut self, around: &Around) -> bool {
        let state = app::event_state();
        let is_ctrl = state.contains(Shortcut::Ctrl);
        let is_shift = state.contains(Shortcut::Shift);
        if state.contains(Shortcut::Alt) {
            return false;
        }
        match app::event_key() {
            Key::Up if is_ctrl => (around.mark)(Mark::Up),
            Key::Down if is_ctrl => (around.mark)(Mark::Down),
            Key::Enter | Key::KPEnter if is_ctrl => (around.mark)(Mark::Toggle),
            Key::Enter | Key::KPEnter if self.question.is_there() => self.send_pasted(),
            Key::Enter | Key::KPEnter => {
                self.enter();
                (around.end)(); // Keeps the user's action visible.
            }
            Key::Tab if !is_ctrl => return self.tab(is_shift),
            Key::Up => return self.up(),
            Key::Down => return self.down(),
            Key::PageUp => (around.scroll)(true),
            Key::PageDown => (around.scroll)(false),
            Key::Escape if self.question.is_there() => self.ask_about(Vec::new()),
            Key::End if is_ctrl => (around.end)(),
            Key::Escape => (around.end)(),
            key if is_ctrl && key == Key::from_char('f') => (around.find)(),
            key if is_ctrl && key == Key::from_char('w') => self.close(),
            key if is_ctrl && key == Key::from_char('c') => {
                let is_own = self.input.position() != self.input.mark();
                let Some(text) = (around.selection)().filter(|_| !is_own) else {
                    return false;
                };
                app::copy(&text);
            }
            _ => return false,
        }
        true
    }

    /// Closes the conversation with one user.
    fn close(&self) {
        let shown = self.state.borrow().shown.clone();
        (self.report)(Intent::CloseConversation(shown));
    }

    fn enter(&mut self) {
        if let Some(line) = self.hints.chosen() {
            return self.set(&Field::ending(&line));
        }
        let text = self.input.value();
        let is_command = text.starts_with('/') && !text.starts_with("//");
        let mut state = self.state.borrow_mut();
        if !state.is_connected && !is_command && !text.trim().is_empty() {
            drop(state);
            // There is no connection: the line stays, and the client reconnects at once.
            return (self.report)(Intent::Rejoin);
        }
        let entered = state.composer.enter(&text);
        let to = state.shown.clone();
        drop(state);
        match entered {
            Entered::Completed(field) => self.set(&field),
            Entered::Done(line) => {
                (self.report)(Intent::Write { to, line });
                self.set(&Field::default());
            }
        }
    }

    fn tab(&mut self, is_back: bool) -> bool {
        if let Some(line) = self.hints.chosen() {
            self.set(&Field::ending(&line));
            return true;
        }
        let field = self.field();
        if field.text.is_empty() {
            return false; // To the next widget, as everywhere.
        }
        let mut state = self.state.borrow_mut();
        let State {
            composer, known, ..
        } = &mut *state;
        let made = composer.tab(&field, known, is_back);
        drop(state);
        if let Some(made) = &made {
            self.put(made);
        }
        made.is_some() || !is_back // Shift+Tab else leads to the widget before.
    }

    fn up(&mut self) -> bool {
        let text = self.input.value();
        if self.hints.step(&text, true) {
            return true;
        }
        let field = self.state.borrow_mut().composer.up(&text);
        self.set_some(field.as_ref())
    }

    fn down(&mut self) -> bool {
        if self.hints.step(&self.input.value(), false) {
            return true;
        }
        let field = self.state.borrow_mut().composer.down();
        self.set_some(field.as_ref())
    }

    fn set_some(&mut self, field: Option<&Field>) -> bool {
        if let Some(field) = field {
            self.set(field);
        }
        true
    }

    fn on_paste(&mut self, pasted: &str) -> bool {
        let mut field = self.field();
        let (cursor, mark) = (self.input.position(), self.input.mark());
        let (start, end) = (cursor.min(mark), cursor.max(mark));
        let bytes = |at: i32| usize::try_from(at).unwrap_or(0);
        if field.text.is_char_boundary(bytes(start))
            && field.text.is_char_boundary(bytes(end))
        {
            field.text.replace_range(bytes(start)..bytes(end), "");
            field.cursor = bytes(start);
        }
        let made = self.state.borrow_mut().composer.paste(&field, pasted);
        match made {
            Pasted::Line(field) => self.set(&field),
            Pasted::Lines(lines) => self.ask_about(lines),
        }
        true
    }

    /// Asks whether to send these lines; without lines it removes the question.
    fn ask_about(&mut self, lines: Vec<String>) {
        let sentence = match lines.len() {
            0 => None,
            count => Some(format!("Send {count} lines separately?")),
        };
        self.state.borrow_mut().pasted = lines;
        self.question.say(sentence.as_deref());
    }

    fn answer_pasted(&self) {
        let answers = [
            Self::send_pasted,
            Self::take_pasted_as_one,
            |it: &mut Self| {
                it.ask_about(Vec::new());
            },
        ];
        for (button, answer) in self.question.buttons.iter().zip(answers) {
            let mut message = self.clone();
            button.clone().set_callback(move |_| {
                answer(&mut message);
                message.focus();
            });
        }
    }

    fn send_pasted(&mut self) {
        let state = self.state.borrow();
        if !state.is_connected {
            return;
        }
        let (to, lines) = (state.shown.clone(), state.pasted.clone());
        drop(state);
        (self.report)(Intent::SayLines { to, lines });
        self.ask_about(Vec::new());
        self.set(&Field::default());
    }

    fn take_pasted_as_one(&mut self) {
        let line = compose::as_one(&self.state.borrow().pasted);
        self.ask_about(Vec::new());
        self.set(&Field::ending(&line));
    }

    fn send_by(&self, mut button: Button) {
        let mut message = self.clone();
        button.set_callback(move |_| {
            message.enter();
            message.focus();
        });
    }

    fn field(&self) -> Field {
        Field {
            text: self.input.value(),
            cursor: usize::try_from(self.input.position()).unwrap_or(0),
        }
    }

    fn set(&mut self, field: &Field) {
        self.put(field);
        self.hints.look_at(&field.text);
    }

    fn put(&mut self, field: &Field) {
        self.input.set_value(&field.text);
        let cursor = i32::try_from(field.cursor).unwrap_or(0);
        drop(self.input.set_position(cursor));
        drop(self.input.set_mark(cursor));
    }
}
