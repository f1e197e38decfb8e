//! Reads what a person types, or what comes through a pipe.

use super::screen::Screen;
use crate::client::controller::Intent;
use crate::client::session::Door;
use crate::transfer::threads;
use crossbeam_channel::{Receiver, bounded};
use std::io::{BufRead, stdin};

/// Starts to read; each line is brought to the door as typed. What it returns is closed
/// at the end of a pipe.
pub(super) fn start(door: Door, _screen: &mut Screen, _has_editor: bool) -> Receiver<()> {
    let (typing, ended) = bounded(0);
    let result = threads::start("typist".to_owned(), move || {
        for line in stdin().lock().lines() {
            match line {
                Ok(line) => door.intend(Intent::Input(line)),
                Err(error) => {
                    log::warn!("stopped reading what is typed: {error}");
                    break;
                }
            }
        }
        drop(typing);
        door.intend(Intent::Seen); // A nudge: the face looks whether all is done.
    });
    if let Err(error) = result {
        log::error!("cannot read what is typed: {error}");
    }
    ended
}
