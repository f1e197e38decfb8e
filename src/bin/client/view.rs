//! The window: the only place that knows FLTK.
//!
//! The view shows the model and reports the user's intents; it never decides. A session
//! does the rest, and its threads ring a `Bell` when there is news.
//!
//! ```text
//!  login or room --Intent--> session (owns controller and model)
//!        ^                      |         ^
//!        '------ Model ---------'         '--Event-- threads, which ring the bell
//! ```
//!
//! An intent is carried out at once, so that the next key acts on its result; the display
//! follows, with all other news.
//!
//! | module | is |
//! | --- | --- |
//! | `window` | one window and its session |
//! | `login` | the form |
//! | `menu` | the menus above both |
//! | `room`: `tabs` `pages` `leaves` | the layout of the room and its pages |
//! | `conversation`: `chat` `rows` `pouring` `recipient` `message` | the page of the chat |
//! | `hints` `finder` `strip` | temporary rows in it |
//! | `transfers` | the page of the transfers |
//! | `laboratory` | the page of the laboratory |
//! | `side`: `list` `files` `panel` | beside the chat: users, files, downloads |
//! | `sorted_table` | a sortable list in which several rows can be selected |
//! | `question` `leaving` `partial_files` `class_exercise` `class_question` | questions in place of dialogs |
//! | `rooms` | looks for rooms on the local network |
//! | `dropping` | dropped files and texts |
//! | `bell` | news from other threads |
//! | `last_words` | the message when the display is lost |
//! | `look` `labels` | colours, boxes; text without markup |
//!
//! **Where things are, for programs that type and click.** A window opens at 1000 x 700
//! pixels, or as large as it was left, as far as the screen allows, and is called `Sash`,
//! or `Sash - NAME` in the room, with the number of unread lines before it. The form
//! begins with the cursor in Name; Shift+Tab leads to Port, then to Server; Enter
//! connects. The room begins with the cursor in the message; Enter sends. Alt+S sends,
//! Alt+O, Alt+F and Alt+M show online users, files and commands, Alt+D downloads, Alt+N
//! disconnects, Alt+1 and Alt+2 show the chat and the transfers, while there are no
//! direct conversations. The first user is at (720, 115), the first file at (720, 261)
//! and the first transfer at (100, 136); users are 17 pixels apart, files and transfers
//! 22; `tests/window/tour.rs` and `tests/window/files.rs` have more places.
//!
//! Source: Krasner & Pope 1988 (model, view, controller); FLTK manual.

mod bell;
mod chat;
mod class_exercise;
mod class_question;
mod context_menu;
mod conversation;
mod divider;
mod dropping;
mod files;
mod finder;
mod hints;
mod keys_window;
mod labels;
mod laboratory;
mod last_words;
mod leaves;
mod leaving;
mod links;
mod list;
mod login;
mod look;
mod menu;
mod message;
mod page;
mod pages;
mod panel;
mod partial_files;
mod pouring;
mod question;
mod recipient;
mod room_view;
mod rooms;
mod rows;
mod side;
mod sorted_table;
mod strip;
mod style;
mod tabs;
mod transfers;
mod window;
mod wrapping;

use bell::Bell;
use fltk::{app, dialog};
use sash::client::controller::Intent;
use sash::client::model::Model;
use sash::client::{Exit, Settings};
use std::panic;
use std::rc::Rc;
use window::MainWindow;

/// The channel for the user's intents.
type IntentCallback = Rc<dyn Fn(Intent)>;

/// Access to the current model, which may be newer than the display.
type ModelReader = Rc<dyn Fn(&mut dyn FnMut(&Model))>;

/// The interval of ticks for a session. Unit: seconds, as in FLTK.
const TICK_SECONDS: f64 = 1.0;

/// Shows a message before there is a window, and waits until it is closed.
pub(crate) fn alert(text: &str) {
    let _ = app::App::default();
    let lines: Vec<_> = text.lines().map(labels::label).collect();
    dialog::message_title_default("Sash");
    dialog::alert_default(&lines.join("\n"));
}

/// Opens the window and returns when it is closed. There must be a display: without one
/// FLTK ends the process.
#[must_use]
pub(crate) fn run(settings: &Settings) -> Exit {
    log_panics();
    let app = app::App::default();
    last_words::is_open(true);
    look::dress();
    let bell = Bell::default();
    let mut window = MainWindow::open(settings, bell.clone());
    close_on_signal(&window);
    let clock = bell.clone();
    app::add_timeout3(TICK_SECONDS, move |timer| {
        clock.ring();
        app::repeat_timeout3(TICK_SECONDS, timer);
    });
    while app.wait() {
        if bell.is_due() {
            window.turn();
        }
    }
    last_words::is_open(false);
    Exit::Well
}

/// FLTK catches a panic of a callback and continues; without this it would be unnoticed.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        log::error!("panic: {panic}; this is a bug in Sash");
    }));
}

/// Ctrl-C leaves the room, as closing the window does, and keeps partial files.
fn close_on_signal(window: &MainWindow) {
    let handle = window.handle();
    let closing = ctrlc::set_handler(move || handle.intend(Intent::Close));
    if let Err(error) = closing {
        log::warn!("cannot catch Ctrl-C, so it will end the program at once: {error}");
    }
}
