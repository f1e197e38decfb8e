//! One window: the login form or the room, and the session behind them.

use super::login::Login;
use super::room::Room;
use super::{Report, labels, look};
use crate::client::Settings;
use crate::client::controller::Intent;
use crate::client::model::{Model, Phase};
use fltk::app;
use fltk::enums::{Event, Key};
use fltk::prelude::*;
use fltk::window::DoubleWindow;
use std::rc::Rc;

/// How large a window opens, and how small it may become. Unit: pixels.
const SIZE: (i32, i32) = (1000, 700);
const SMALLEST: (i32, i32) = (820, 560);

pub(super) struct Window {
    window: DoubleWindow,
    login: Login,
    room: Room,
    title: String,
}

impl Window {
    pub(super) fn new(settings: &Settings, report: &Report) -> Self {
        let mut window = DoubleWindow::default().with_size(SIZE.0, SIZE.1);
        let login = Login::new(settings, SIZE, report);
        let room = Room::new(SIZE, settings.scenario.to_string(), report);
        window.end();
        window.size_range(SMALLEST.0, SMALLEST.1, 0, 0);
        window.show();
        Self { window, login, room, title: String::new() }
    }
    pub(super) fn show(&mut self, model: &Model) {
        let title = match model.phase {
            Phase::Login | Phase::Joining => "Sash".to_owned(),
            Phase::Joined | Phase::Lost { .. } => format!("Sash - {}", model.name),
        };
        if title != self.title {
            self.window.set_label(&title);
            self.title = title;
        }
        self.login.show(model);
        self.room.show(model);
    }
    pub(super) fn room(&mut self) -> &mut Room { &mut self.room }
}
