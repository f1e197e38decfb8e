//! One window: the login form or the room, and the session behind them.
//!
//! ```text
//! widget --Intent--> Door --> Session --> Model --> show() --> widgets
//! ```

use super::bell::Bell;
use super::class_exercise::ClassExercise;
use super::dropping::Dropping;
use super::keys_window::KeysWindow;
use super::leaving::Leaving;
use super::login::Login;
use super::menu::{self, Choice, Zoom};
use super::pages::Pages;
use super::room_view::RoomView;
use super::{IntentCallback, ModelReader, look};
use fltk::app;
use fltk::enums::{Event, Key, Shortcut};
use fltk::group::Flex;
use fltk::image::{RgbImage, SvgImage};
use fltk::prelude::*;
use fltk::window::DoubleWindow;
use sash::client::Settings;
use sash::client::controller::Intent;
use sash::client::fit::{self, SMALLEST_SIZE};
use sash::client::model::{Model, Phase};
use sash::client::remembered::Remembered;
use sash::client::session::{Session, SessionHandle};
use sash::client::theme::Theme;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

/// A window and what it shows.
pub(super) struct MainWindow {
    frame: DoubleWindow,
    column: Flex,
    session: Rc<RefCell<Session>>,
    report: IntentCallback,
    login: Login,
    room: RoomView,
    leaving: Leaving,
    class_exercise: ClassExercise,
    memory: Memory,
    keys: KeysWindow,
    title: String,
    /// Whether the laboratory is open without a server.
    is_alone: Rc<Cell<bool>>,
    was_in_room: bool,
}

/// The settings kept for the next start, and their place.
struct Memory {
    place: Option<PathBuf>,
    remembered: Remembered,
    /// Changed by the menu.
    theme: Rc<Cell<Theme>>,
    /// The requested zoom; the screen may be too small for it. Changed by the menu.
    zoom: Rc<Cell<f32>>,
}

/// The window's picture in lists of windows.
const ICON: &str = include_str!("icon.svg");

/// A step of the zoom, as a factor.
const ZOOM_STEP: f32 = 1.1;

impl MainWindow {
    /// Opens a window. With a server and a name it joins at once.
    pub(super) fn open(settings: &Settings, bell: Bell) -> Self {
        let ring = bell.clone();
        let session = Session::new(settings.clone(), true, move || ring.ring());
        let session = Rc::new(RefCell::new(session));
        let report = reporter(&session, &bell);
        let look = looker(&session);
        let pages = Pages::new(&report, bell.clone());
        let memory = Memory::recall(settings);
        let kept = &memory.remembered;
        let size = (kept.width, kept.height);
        let fitting = fit::fit(work_area().1, size, kept.zoom);
        app::set_screen_scale(0, fitting.zoom);

        let mut frame = DoubleWindow::default().with_size(fitting.width, fitting.height);
        frame.set_xclass("sash");
        frame.set_icon(icon());
        let mut column = Flex::default_fill().column();
        column.set_pad(0);
        let keys = KeysWindow::default();
        let choose = chooser(&memory, &frame, &pages, &keys, &report);
        let bar = menu::bar(choose);
        menu::mark(&bar, memory.theme.get());
        column.fixed(&bar, menu::HEIGHT);
        let is_alone = Rc::new(Cell::new(settings.replay.is_some()));
        let (alone, ring) = (Rc::clone(&is_alone), bell.clone());
        let login = Login::new(settings, kept, &report, move || {
            alone.set(true);
            ring.ring();
        });
        let room = RoomView::new(settings, &pages, &report, &look, bell.clone());
        if let Some(journal) = &settings.replay {
            room.laboratory.open(journal);
        }
        column.end();
        frame.end();
        frame.resizable(&column);
        frame.size_range(SMALLEST_SIZE.0, SMALLEST_SIZE.1, 0, 0);
        let leaving = Leaving::new(room.question.clone(), &report);
        let class_exercise = ClassExercise::new(
            room.class_exercise.clone(),
            Rc::clone(&room.open_exercise),
            &report,
        );
        let mut opened = Self {
            frame,
            column,
            session,
            report,
            login,
            room,
            leaving,
            class_exercise,
            memory,
            keys,
            title: String::new(),
            is_alone,
            was_in_room: false,
        };
        opened.leave_by_question(bell);
        opened.turn_pages_by_number(pages);
        opened.show();
        opened.frame.show();
        opened.focus();
        if settings.server.is_some() && settings.name.is_some() {
            (opened.report)(opened.login.reader()());
        }
        opened
    }

    /// Fetches events and shows them; closes when the session has ended.
    pub(super) fn turn(&mut self) {
        let watched = {
            let mut session = self.session.borrow_mut();
            session.turn();
            session.take_watched()
        };
        if let Some(watched) = watched {
            self.room.laboratory.watch(watched);
        }
        self.show();
        if self.session.borrow().is_over() {
            let size = (self.frame.w(), self.frame.h());
            self.memory.keep(size);
            self.keys.close();
            self.frame.hide();
        }
    }

    /// The channel for other threads.
    pub(super) fn handle(&self) -> SessionHandle {
        self.session.borrow().handle()
    }

    fn show(&mut self) {
        let session = Rc::clone(&self.session);
        let session = session.borrow();
        let model = session.model();
        let title = title(model);
        if title != self.title {
            self.frame.set_label(&title);
            self.title = title;
        }
        let is_joined = !matches!(model.phase, Phase::Login | Phase::Joining);
        if is_joined {
            self.is_alone.set(false);
        }
        let is_in_room = is_joined || self.is_alone.get();
        if is_joined && !self.was_in_room {
            self.memory.remembered.joined(&model.server, &model.name);
        }
        self.login.show(model);
        if is_in_room {
            self.room.show(model);
        }
        self.leaving.show(model);
        self.class_exercise.show(model);
        if is_in_room != self.was_in_room || !self.column.visible() {
            self.enter(is_in_room);
        }
        self.room.laboratory.turn(self.memory.theme.get());
    }

    /// Shows the room instead of the form, or the form instead of the room.
    fn enter(&mut self, is_in_room: bool) {
        self.was_in_room = is_in_room;
        if is_in_room {
            self.login.widget().hide();
            self.room.widget().show();
        } else {
            self.room.forget();
            self.room.widget().hide();
            self.login.widget().show();
        }
        self.column.layout();
        self.column.redraw();
        self.focus();
    }

    /// Puts the cursor into the field that the user most likely needs next.
    fn focus(&mut self) {
        if self.was_in_room {
            self.room.focus();
        } else {
            self.login.focus();
        }
    }

    /// Closing the window leaves the room, as Disconnect does; Escape does not.
    fn leave_by_question(&mut self, bell: Bell) {
        let leaving = self.leaving.clone();
        self.frame.set_callback(move |_| {
            let is_escape =
                app::event() == Event::Shortcut && app::event_key() == Key::Escape;
            if !is_escape {
                leaving.leave(Intent::Close);
            }
        });
        let leaving = self.leaving.clone();
        let is_alone = Rc::clone(&self.is_alone);
        let disconnect = move |_: &mut _| {
            if is_alone.replace(false) {
                bell.ring();
            } else {
                leaving.leave(Intent::Disconnect);
            }
        };
        self.room.disconnect.set_callback(disconnect);
    }

    /// Alt+1 leads to the first page, and so on; and files may be dropped anywhere.
    fn turn_pages_by_number(&mut self, pages: Pages) {
        let mut dropping = Dropping::new(self.room.message(), &self.report);
        let room = self.room.widget().clone();
        let type_text = self.room.typist();
        // First, so that a dropped text does not reach a field.
        self.frame.super_handle_first(false);
        self.frame.handle(move |frame, event| {
            if room.visible() && dropping.take(frame, event) {
                return true;
            }
            let is_alt = app::event_state().contains(Shortcut::Alt);
            let digit = app::event_key().to_char().and_then(|it| it.to_digit(10));
            match (event, digit) {
                (Event::Shortcut, Some(digit @ 1..=9)) if is_alt => {
                    pages.choose(digit as usize - 1);
                    true
                }
                // Keys that no widget has handled: the cursor is in none that can use it.
                (Event::KeyDown, _) if room.visible() => {
                    typed_text().is_some_and(|text| type_text(&text))
                }
                _ => false,
            }
        });
    }
}

impl Memory {
    /// The saved settings, with the changes of this start.
    fn recall(settings: &Settings) -> Self {
        let place = Remembered::place();
        let remembered = place.as_deref().map(Remembered::load).unwrap_or_default();
        let theme = settings.theme.unwrap_or(remembered.theme);
        look::wear(theme);
        let mut remembered = remembered;
        if theme != remembered.theme {
            remembered.zoom = theme.zoom();
        }
        Self {
            place,
            zoom: Rc::new(Cell::new(remembered.zoom)),
            remembered,
            theme: Rc::new(Cell::new(theme)),
        }
    }

    /// Saves the settings; a failure is only logged.
    fn keep(&mut self, (width, height): (i32, i32)) {
        let kept = &mut self.remembered;
        (kept.width, kept.height) = (width, height);
        (kept.theme, kept.zoom) = (self.theme.get(), self.zoom.get());
        let Some(place) = &self.place else {
            return;
        };
        if let Err(error) = kept.save(place) {
            log::warn!("cannot write {}: {error}", place.display());
        }
    }
}

/// Carries out an intent at once; one that comes while the model is shown, afterwards.
fn reporter(session: &Rc<RefCell<Session>>, bell: &Bell) -> IntentCallback {
    let (session, bell) = (Rc::clone(session), bell.clone());
    let handle = session.borrow().handle();
    Rc::new(move |intent| match session.try_borrow_mut() {
        Ok(mut session) => {
            session.intend(intent);
            bell.ring();
        }
        Err(_) => handle.intend(intent),
    })
}

fn looker(session: &Rc<RefCell<Session>>) -> ModelReader {
    let session = Rc::clone(session);
    Rc::new(move |see| {
        if let Ok(session) = session.try_borrow() {
            see(session.model());
        }
    })
}

/// The actions of the menus.
fn chooser(
    memory: &Memory,
    frame: &DoubleWindow,
    pages: &Pages,
    keys: &KeysWindow,
    report: &IntentCallback,
) -> impl Fn(Choice) + 'static {
    let (theme, zoom) = (Rc::clone(&memory.theme), Rc::clone(&memory.zoom));
    let (frame, pages, report) = (frame.clone(), pages.clone(), Rc::clone(report));
    let keys = keys.clone();
    let wanted_zoom = Rc::clone(&zoom);
    let zoom_to = move |wanted: f32| {
        wanted_zoom.set(wanted.clamp(fit::SMALLEST_ZOOM, fit::LARGEST_ZOOM));
        zoom_to(&mut frame.clone(), wanted_zoom.get());
    };
    move |choice| match choice {
        Choice::Intent(intent) => report(intent),
        Choice::Theme(chosen) => {
            let wanted = zoom.get() * chosen.zoom() / theme.get().zoom();
            theme.set(chosen);
            look::wear(chosen);
            zoom_to(wanted);
        }
        Choice::Zoom(step) => {
            let now = app::screen_scale(0);
            let wanted = match step {
                Zoom::In => now * ZOOM_STEP,
                Zoom::Out => now / ZOOM_STEP,
                Zoom::Usual => theme.get().zoom(),
            };
            zoom_to(wanted);
        }
        Choice::Keys => keys.open(),
        Choice::Turn(steps) => pages.turn(steps),
    }
}

/// Sets the zoom, as far as the screen has space for it.
fn zoom_to(frame: &mut DoubleWindow, zoom: f32) {
    let (corner, area) = work_area();
    let fitting = fit::fit(area, (frame.w(), frame.h()), zoom);
    app::set_screen_scale(0, fitting.zoom);
    let is_larger = fitting.width < frame.w() || fitting.height < frame.h();
    if is_larger {
        frame.resize(corner.0, corner.1, fitting.width, fitting.height);
    }
}

/// The space of the first screen for windows: its corner, and its size in pixels.
fn work_area() -> ((i32, i32), (i32, i32)) {
    let (x, y, width, height) = app::screen_work_area(0);
    let scale = app::screen_scale(0);
    #[expect(clippy::cast_possible_truncation, reason = "a size in pixels")]
    let pixels = |units: i32| (f64::from(units) * f64::from(scale)).round() as i32;
    ((x, y), (pixels(width), pixels(height)))
}

/// The letters that a key types, where it is no command.
fn typed_text() -> Option<String> {
    let commands = Shortcut::Ctrl | Shortcut::Alt | Shortcut::Meta;
    let text = app::event_text();
    let is_text = text.chars().next().is_some_and(|it| !it.is_control());
    (is_text && !app::event_state().intersects(commands)).then_some(text)
}

fn icon() -> Option<RgbImage> {
    let mut drawing = SvgImage::from_data(ICON).ok()?;
    drawing.scale(64, 64, true, true);
    drawing.normalize();
    drawing.to_rgb().ok()
}

/// `(3) Sash - dana`; without a name while nobody is joined.
fn title(model: &Model) -> String {
    let unread = match model.chat.unread_total() {
        0 => String::new(),
        count => format!("({count}) "),
    };
    match model.phase {
        Phase::Login | Phase::Joining => "Sash".to_owned(),
        Phase::Joined | Phase::Lost { .. } => format!("{unread}Sash - {}", model.name),
    }
}
