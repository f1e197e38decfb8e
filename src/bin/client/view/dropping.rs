//! Text and files that are dropped on the window: files are uploaded, other text is
//! inserted into the next line.
//!
//! FLTK asks the widget below the mouse whether it accepts the text, and passes it as a
//! paste. The window answers for all its widgets, so that a file may be dropped anywhere;
//! a field would insert its address.
//!
//! Source: FLTK manual, "Handling Events", drag and drop.

use super::IntentCallback;
use fltk::app;
use fltk::enums::Event;
use fltk::input::Input;
use fltk::prelude::*;
use fltk::window::DoubleWindow;
use sash::client::controller::Intent;
use sash::client::dropped;
use std::rc::Rc;

/// The handler of a window for dropped text.
pub(super) struct Dropping {
    /// The receiver of text that names no file.
    message: Input,
    report: IntentCallback,
    /// Whether an object is being dragged over the window.
    is_above: bool,
}

impl Dropping {
    /// With nothing above.
    pub(super) fn new(message: &Input, report: &IntentCallback) -> Self {
        Self {
            message: message.clone(),
            report: Rc::clone(report),
            is_above: false,
        }
    }

    /// Whether this event of the window was about a dropped object, and was handled.
    pub(super) fn take(&mut self, window: &DoubleWindow, event: Event) -> bool {
        match event {
            Event::DndEnter | Event::DndDrag | Event::DndRelease => {
                self.is_above = event != Event::DndRelease;
                app::set_belowmouse(window);
            }
            Event::DndLeave => self.is_above = false,
            // When the button is released, a mouse event precedes the dropped object; the
            // widget there must not get it.
            Event::Enter | Event::Move => return self.is_above,
            Event::Push => {
                self.is_above = false; // The drag has ended.
                return false;
            }
            // Pastes by key go to the field that has the cursor; only dropped text
            // reaches the window.
            Event::Paste => self.take_text(&app::event_text()),
            _ => return false,
        }
        true
    }

    fn take_text(&mut self, text: &str) {
        let message = &mut self.message;
        if dropped::names_files(text) {
            let (text, host) = (text.to_owned(), host());
            (self.report)(Intent::Drop { text, host });
        } else if message.visible_r() {
            drop(message.insert(text));
            drop(message.take_focus());
        }
    }
}

/// This computer's own name, if the system has it in a file.
fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned())
}
