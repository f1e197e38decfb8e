//! The page of the chat: the lines, the receiver of the next line, and the field for it.
//!
//! ```text
//! [Find____]  3 of 17                     while something is searched for
//! +-----------------------------------+
//! | 12:01  dana  hi                   |
//! +-----------------------------------+
//! | 3 new below                       |   while the user reads further up
//! | /whisper NAME TEXT                |   while a command is typed
//! | Send 4 lines?     [Send] [Cancel] |   after several were pasted
//! | Connection lost ...     [Try now] |   while it is
//! To [all v] [______________] [Send]
//! ```

use super::chat::{ChatPane, Mark, Touch};
use super::finder::Finder;
use super::hints::Hints;
use super::message::{Around, Message, PASTED};
use super::pouring::Pouring;
use super::recipient::Recipient;
use super::strip::Strip;
use super::{IntentCallback, ModelReader, labels, look};
use fltk::app;
use fltk::button::Button;
use fltk::enums::{Event, Shortcut};
use fltk::group::Flex;
use fltk::input::Input;
use fltk::prelude::*;
use sash::client::controller::Intent;
use sash::client::model::{Audience, Model, Phase};
use sash::client::words;
use sash::transfer::clock::steady_time_ms;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// The widgets.
pub(super) struct Conversation {
    column: Flex,
    finder: Finder,
    chat: Rc<RefCell<ChatPane>>,
    below: Below,
    lost: Strip,
    recipient: Recipient,
    message: Message,
    watching: Watching,
    pouring: Pouring,
}

/// The button that leads to the newest line.
struct Below {
    column: Flex,
    button: Button,
}

/// The last report to the controller about the visible lines.
#[derive(Clone)]
struct Watching {
    told: Rc<RefCell<Option<Audience>>>,
    report: IntentCallback,
}

/// The keys that have no button: with Alt, while the page of the chat is shown.
const KEYS: [(char, Intent); 3] = [
    ('o', Intent::ShowOnline),
    ('f', Intent::ShowFiles),
    ('m', Intent::ShowCommands),
];

/// The buttons while the connection is lost.
const LOST: [(&str, &str); 2] = [
    ("Try now", "Or press Enter in the message field"),
    ("Stay here", "Stay without a connection"),
];

impl Conversation {
    /// Makes the widgets in the row that is being built.
    pub(super) fn new(report: &IntentCallback, model: &ModelReader) -> Self {
        let watching = Watching {
            told: Rc::default(),
            report: Rc::clone(report),
        };
        // The field and the chat use each other; the field is made last.
        let field: Rc<RefCell<Option<Message>>> = Rc::default();
        let focus = {
            let field = Rc::clone(&field);
            move || field.borrow().iter().for_each(Message::focus)
        };
        let mut column = Flex::default().column();
        column.set_pad(look::GAP);
        let mut finder = Finder::new(&mut column, report, focus.clone());
        let touched = {
            let (field, watching) = (Rc::clone(&field), watching.clone());
            move |touch| match touch {
                Touch::Turned => watching.turn(false),
                Touch::Resized => watching.look_again(),
                Touch::Typed(text) => {
                    let typed = field.borrow().clone();
                    if let Some(mut field) = typed {
                        field.take_text(&text);
                    }
                }
            }
        };
        let chat = ChatPane::new(touched);
        let below = Below::new(&mut column);
        let hints = Hints::new(&mut column);
        let question = Strip::new(&mut column, look::ASKING, &PASTED);
        let lost = Strip::new(&mut column, look::ASKING, &LOST);
        let mut bottom = Flex::default().row();
        bottom.set_pad(look::GAP);
        let caption = look::caption("To");
        bottom.fixed(&caption, 20);
        let recipient = Recipient::new(report);
        bottom.fixed(recipient.widget(), 130);
        let message = Message::new(&mut bottom, hints, question, report, model);
        bottom.end();
        column.fixed(&bottom, look::ROW);
        column.end();

        let tell = Rc::clone(report);
        let turned = watching.clone();
        let (selection, scroll) = (chat.selection(), chat.scroller());
        let (mark, unmark) = (chat.marker(), chat.marker());
        let chat = Rc::new(RefCell::new(chat));
        message.listen(Around {
            selection: Box::new(selection),
            scroll: Box::new({
                let watching = watching.clone();
                move |is_up| {
                    scroll(is_up);
                    watching.turn(false);
                }
            }),
            mark: Box::new({
                let watching = watching.clone();
                move |wanted| {
                    mark(wanted);
                    watching.turn(false);
                }
            }),
            end: Box::new({
                let (chat, watching) = (Rc::clone(&chat), watching.clone());
                move || {
                    unmark(Mark::None);
                    chat.borrow_mut().show_the_end();
                    watching.look_again();
                }
            }),
            find: Box::new({
                let finder = RefCell::new(finder.clone());
                move || finder.borrow_mut().open(&tell)
            }),
            turned: Box::new(move |is_here| turned.turn(is_here)),
        });
        field.replace(Some(message.clone()));
        let tell = Rc::clone(report);
        column.handle(move |_, event| event == Event::Shortcut && listed(&tell));
        below.lead_to_the_end(&chat, &watching, focus.clone());
        answer_lost(&lost, report, focus);
        finder.show(None);
        Self {
            column,
            finder,
            chat,
            below,
            lost,
            recipient,
            message,
            watching,
            pouring: Pouring::default(),
        }
    }

    /// Types a text into the field, when called.
    pub(super) fn typist(&self) -> impl Fn(&str) + 'static {
        let message = self.message.clone();
        move |text| message.clone().take_text(text)
    }

    /// Shows the lines, and the receiver of the next line.
    pub(super) fn show(&mut self, model: &Model) {
        self.finder.show(model.chat.search());
        self.message.show(model);
        self.recipient.show(model);
        self.lost.say(lost(model).as_deref());
        let is_at_the_end = {
            let mut chat = self.chat.borrow_mut();
            let lines = model.chat.chosen().lines().count();
            let is_another = *chat.with() != *model.to();
            if self.pouring.is_due(lines, steady_time_ms()) || is_another {
                chat.show(&model.chat, &model.name);
            } else {
                self.watching.look_again();
            }
            chat.is_at_the_end()
        };
        let unread = model.chat.chosen().unread();
        self.below.say(if is_at_the_end { 0 } else { unread });
        let is_seen = is_at_the_end && self.column.visible_r() && app::focus().is_some();
        let watched = is_seen.then(|| model.to().clone());
        self.watching.tell(watched);
    }

    /// The column, for the layout.
    pub(super) fn widget(&self) -> &Flex {
        &self.column
    }

    /// The field with the next line.
    pub(super) fn message(&self) -> &Input {
        self.message.input()
    }
}

/// Lists users, files or commands in the chat, if the key that is pressed asks for it.
fn listed(tell: &IntentCallback) -> bool {
    let is_alt = app::event_state().contains(Shortcut::Alt);
    let key = app::event_key().to_char();
    let intent = KEYS.iter().find(|(letter, _)| key == Some(*letter));
    let Some((_, intent)) = intent.filter(|_| is_alt) else {
        return false;
    };
    tell(intent.clone());
    true
}

fn answer_lost(
    lost: &Strip,
    report: &IntentCallback,
    focus: impl Fn() + Clone + 'static,
) {
    let answers = [Intent::Rejoin, Intent::StayAway];
    for (button, intent) in lost.buttons.iter().zip(answers) {
        let (tell, focus) = (Rc::clone(report), focus.clone());
        button.clone().set_callback(move |_| {
            tell(intent.clone());
            focus();
        });
    }
}

/// The message while the connection is lost.
fn lost(model: &Model) -> Option<String> {
    let Phase::Lost { sentence } = &model.phase else {
        return None;
    };
    let Some(rejoining) = model.rejoining else {
        return Some(sentence.clone());
    };
    if rejoining.is_trying {
        return Some("The connection was lost. Connecting again ...".to_owned());
    }
    let left_ms = rejoining.next_ms.saturating_sub(steady_time_ms());
    let left = words::duration(Duration::from_millis(left_ms + 999));
    Some(format!("The connection was lost. Trying again in {left}."))
}

impl Below {
    fn new(column: &mut Flex) -> Self {
        let mut button = look::button("", "Go to the newest line");
        button.set_label_color(look::ACCENT);
        button.set_label_size(look::SMALL);
        button.hide();
        column.fixed(&button, look::ROW - 6);
        Self {
            column: column.clone(),
            button,
        }
    }

    fn lead_to_the_end(
        &self,
        chat: &Rc<RefCell<ChatPane>>,
        watching: &Watching,
        focus: impl Fn() + 'static,
    ) {
        let (chat, watching) = (Rc::clone(chat), watching.clone());
        self.button.clone().set_callback(move |_| {
            chat.borrow_mut().show_the_end();
            watching.look_again();
            focus();
        });
    }

    fn say(&mut self, count: usize) {
        let label = labels::item(&format!("{count} new below  \u{25be}"));
        if count > 0 {
            look::set_label(&mut self.button, &label);
        }
        if (count > 0) == self.button.visible() {
            return;
        }
        if count > 0 {
            self.button.show();
        } else {
            self.button.hide();
        }
        self.column.layout();
        self.column.redraw();
    }
}

impl Watching {
    fn tell(&self, watched: Option<Audience>) {
        if *self.told.borrow() != watched {
            self.told.replace(watched.clone());
            (self.report)(Intent::InSight(watched));
        }
    }

    /// The visible lines may have changed: the chat is shown again soon, and reports
    /// them.
    fn look_again(&self) {
        (self.report)(Intent::Look);
    }

    /// The user shows another page: the newest line counts as invisible until it is
    /// drawn.
    fn turn(&self, is_here: bool) {
        if !is_here {
            self.tell(None);
        }
        self.look_again();
    }
}
