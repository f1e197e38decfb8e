//! The window: the only place that knows FLTK.
//!
//! The view shows the model and reports what a person wants; it never decides. A session
//! per window does the rest, and its threads ring a [`Bell`] when there is news.
//!
//! ```text
//!  login or room --Intent--> session (owns controller and model)
//!        ^                      |         ^
//!        '------ Model ---------'         '--Event-- threads, which ring the bell
//! ```
//!
//! | module | is |
//! | --- | --- |
//! | [`window`] | one window and its session |
//! | [`login`] | the form |
//! | [`room`] | the page: where everything stands |
//! | [`conversation`]: [`chat`] [`recipient`] | its left side |
//! | [`side`]: [`list`] [`panel`] | its right side |
//! | [`transfers`] | its table |
//! | [`question`] [`leaving`] | asked in place |
//! | [`bell`] | news from other threads |
//! | [`look`] [`labels`] | colours, boxes; text that is no markup |
//!
//! **Where things are, for programs that type and click.** A window opens at 1000 x 700
//! pixels and is called `Sash`, or `Sash - NAME` in the room. The form begins with the
//! cursor in Name; Shift+Tab leads to Port, then to Server; Enter connects. The room begins
//! with the cursor in the message; Enter sends. Alt+S sends, Alt+O, Alt+F and Alt+M show
//! who is online, files and commands, Alt+D downloads, Alt+N disconnects. Lists begin at
//! (662, 74) for people and (662, 220) for files, rows 17 pixels apart.
//!
//! It draws no laboratory.
//!
//! Source: Krasner & Pope 1988 (model, view, controller); FLTK manual.

mod bell;
mod chat;
mod conversation;
mod labels;
mod leaving;
mod list;
mod login;
mod look;
mod panel;
mod question;
mod recipient;
mod room;
mod side;
mod transfers;
mod window;

use super::Settings;
use super::controller::Intent;
use bell::Bell;
use fltk::app;
use std::env;
use std::fmt;
use std::panic;
use std::rc::Rc;
use window::Window;

/// The way out of the view: what a person wants.
type Report = Rc<dyn Fn(Intent)>;

/// How often a session hears that time has passed. Unit: seconds, as FLTK wants them.
const TICK_SECONDS: f64 = 1.0;

/// Opens `count` windows and returns when the last one is closed. Beyond the first, the
/// name is numbered: `dana`, `dana2`...
///
/// # Errors
/// [`NoDisplay`] where there is no display: FLTK would end the process.
pub fn run(settings: &Settings, count: u32) -> Result<(), NoDisplay> {
    if cfg!(target_os = "linux") && env::var_os("DISPLAY").is_none() {
        return Err(NoDisplay);
    }
    log_panics();
    let app = app::App::default();
    look::dress();
    let bell = Bell::default();
    let mut windows: Vec<Window> = (1..=count.max(1))
        .map(|number| Window::open(&numbered(settings, number), bell.clone()))
        .collect();
    close_on_signal(&windows);
    let clock = bell.clone();
    app::add_timeout3(TICK_SECONDS, move |timer| {
        clock.ring();
        app::repeat_timeout3(TICK_SECONDS, timer);
    });
    while app.wait() {
        if bell.is_due() {
            windows.iter_mut().for_each(Window::turn);
        }
    }
    Ok(())
}

/// There is no display to open a window on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoDisplay;

impl fmt::Display for NoDisplay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no window: DISPLAY is not set. In a terminal use client --text")
    }
}

impl std::error::Error for NoDisplay {}

/// Two windows cannot have one name.
fn numbered(settings: &Settings, number: u32) -> Settings {
    let mut settings = settings.clone();
    if let Some(name) = settings.name.as_mut().filter(|_| number > 1) {
        name.push_str(&number.to_string());
    }
    settings
}

/// FLTK catches a panic of a callback and goes on; without this nobody would know.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        log::error!("panic: {panic}: this is a bug in Sash");
    }));
}

/// Ctrl-C says goodbye, as closing the windows does, and leaves parts that can go on.
fn close_on_signal(windows: &[Window]) {
    let doors: Vec<_> = windows.iter().map(Window::door).collect();
    let closing = ctrlc::set_handler(move || {
        for door in &doors {
            door.intend(Intent::Close);
        }
    });
    if let Err(error) = closing {
        log::warn!("Ctrl-C will end the program without a goodbye: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::options::Asked;

    #[test]
    fn several_windows_have_several_names() {
        let settings = Settings {
            server: None,
            name: Some("dana".into()),
            asked: Asked::default(),
            out: "downloads".into(),
            scenario: crate::link::Scenario::PERFECT,
        };
        assert_eq!(numbered(&settings, 1).name.as_deref(), Some("dana"));
        assert_eq!(numbered(&settings, 3).name.as_deref(), Some("dana3"));
    }
}
