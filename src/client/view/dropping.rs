//! What is dropped on the window: files are given, other text goes into the next line.
//!
//! FLTK asks whoever is below the mouse whether it takes the thing, and hands it over as a
//! paste. The window answers for all its widgets, so that a file may be dropped anywhere;
//! a field would write its address.
//!
//! Source: FLTK manual, "Handling Events", drag and drop.

use super::Report;
use crate::client::controller::Intent;
use crate::client::dropped;
use fltk::app;
use fltk::enums::Event;
use fltk::input::Input;
use fltk::prelude::*;
use fltk::window::DoubleWindow;

/// Whether this event of the window was about something dropped, and was dealt with.
pub(super) fn take(
    window: &DoubleWindow,
    event: Event,
    message: &mut Input,
    report: &Report,
) -> bool {
    match event {
        Event::DndEnter | Event::DndDrag | Event::DndRelease => {
            app::set_belowmouse(window);
            true
        }
        Event::DndLeave => true,
        // Pastes by key go to the field that has the cursor; only what was dropped comes
        // to the window.
        Event::Paste => {
            let text = app::event_text();
            if dropped::names_files(&text) {
                let host = host();
                report(Intent::Drop { text, host });
            } else if message.visible_r() {
                drop(message.insert(&text));
                drop(message.take_focus());
            }
            true
        }
        _ => false,
    }
}

/// This computer's own name, where the system tells it in a file.
fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned())
}
