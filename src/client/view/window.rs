//! One window: the login form or the room, and the session behind them.
//!
//! ```text
//! widget --Intent--> Door --> Session --> Model --> show() --> widgets
//! ```

use super::bell::Bell;
use super::leaving::Leaving;
use super::login::Login;
use super::room::Room;
use super::{Report, labels};
use crate::client::Settings;
use crate::client::controller::Intent;
use crate::client::model::{Model, Phase};
use crate::client::session::{Door, Session};
use fltk::app;
use fltk::enums::{Event, Key};
use fltk::prelude::*;
use fltk::window::DoubleWindow;
use std::rc::Rc;

/// A window and what it shows.
pub(super) struct Window {
    frame: DoubleWindow,
    session: Session,
    report: Report,
    login: Login,
    room: Room,
    leaving: Leaving,
    title: String,
    was_lost: bool,
}

/// How large it opens. Unit: pixels.
const SIZE: (i32, i32) = (1000, 700);

/// How small it may become: everything can still be read. Unit: pixels.
const SMALLEST: (i32, i32) = (880, 640);

impl Window {
    /// Opens a window. With a server and a name it joins at once.
    pub(super) fn open(settings: &Settings, bell: Bell) -> Self {
        let session = Session::new(settings.clone(), true, move || bell.ring());
        let door = session.door();
        let report: Report = Rc::new(move |intent| door.intend(intent));
        let mut frame = DoubleWindow::default().with_size(SIZE.0, SIZE.1);
        frame.set_xclass("sash");
        let login = Login::new(settings, SIZE, &report);
        let room = Room::new(SIZE, settings.scenario.to_string(), &report);
        frame.end();
        frame.make_resizable(true);
        frame.size_range(SMALLEST.0, SMALLEST.1, 0, 0);
        let leaving = Leaving::new(room.question.clone(), &report);
        let mut opened = Self {
            frame,
            session,
            report,
            login,
            room,
            leaving,
            title: String::new(),
            was_lost: false,
        };
        opened.leave_by_question();
        opened.show();
        opened.frame.show();
        opened.login.focus();
        if settings.server.is_some() && settings.name.is_some() {
            (opened.report)(opened.login.reader()());
        }
        opened
    }

    /// Fetches what has happened and shows it; closes when the session is over.
    pub(super) fn turn(&mut self) {
        self.session.turn();
        self.show();
        if self.session.is_over() {
            self.frame.hide();
        }
    }

    /// A way in for other threads.
    pub(super) fn door(&self) -> Door {
        self.session.door()
    }

    fn show(&mut self) {
        let model = self.session.model();
        let title = title(model);
        if title != self.title {
            self.frame.set_label(&title);
            self.title = title;
        }
        self.login.show(model);
        self.room.show(model);
        self.leaving.show(model);
        let lost = match &model.phase {
            Phase::Lost { sentence } => Some(labels::label(sentence)),
            Phase::Login | Phase::Joining | Phase::Joined => None,
        };
        match lost {
            Some(sentence) if !self.was_lost => self.offer_return(&sentence),
            None if self.was_lost => self.room.question.close(),
            Some(_) | None => {}
        }
        self.was_lost = matches!(self.session.model().phase, Phase::Lost { .. });
    }

    /// Closing the window is a goodbye, as Disconnect is; Escape is neither.
    fn leave_by_question(&mut self) {
        let leaving = self.leaving.clone();
        self.frame.set_callback(move |_| {
            let is_escape =
                app::event() == Event::Shortcut && app::event_key() == Key::Escape;
            if !is_escape {
                leaving.leave(Intent::Close);
            }
        });
        let leaving = self.leaving.clone();
        let disconnect = move |_: &mut _| leaving.leave(Intent::Disconnect);
        self.room.disconnect.set_callback(disconnect);
    }

    /// The connection ended by itself: what was said stays to be read.
    fn offer_return(&mut self, sentence: &str) {
        let report = Rc::clone(&self.report);
        let connect = self.login.reader();
        let answers = ("Connect again", "Stay here");
        self.room
            .question
            .ask(sentence, answers, move || report(connect()));
    }
}

/// `Sash - dana`; without a name while nobody is joined.
fn title(model: &Model) -> String {
    match model.phase {
        Phase::Login | Phase::Joining => "Sash".to_owned(),
        Phase::Joined | Phase::Lost { .. } => format!("Sash - {}", model.name),
    }
}
