//! The message when the display is lost, after the message of X.
//!
//! FLTK ends the process when the X server ends:
//!
//! ```text
//! X server gone --> Xlib --> FLTK prints "X I/O error" --> exit(1) --> thread-locals dropped
//!                                                                        '--> our sentence
//! ```
//!
//! `exit` drops the thread-local values of its thread, and FLTK calls it on the main
//! thread; this is the only opportunity, and it needs no signal and no `unsafe`. If a
//! system does not drop them, only the message of X is shown. The server notices the lost
//! connection by itself; received data is on the disk, as after `kill -9`.
//!
//! Source: `Fl_x.cxx`, `io_error_handler`; glibc manual, "Cleanups on Exit".

use sash::client::display;
use std::cell::Cell;
use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Prints the message when it is dropped, if the display is lost.
struct LastWords {
    is_open: Cell<bool>,
}

thread_local! {
    static LAST_WORDS: LastWords = const {
        LastWords {
            is_open: Cell::new(false),
        }
    };
}

/// Records whether a window is open; to be called on the main thread.
pub(super) fn is_open(is_open: bool) {
    LAST_WORDS.with(|words| words.is_open.set(is_open));
}

/// A dying display may still answer for a moment.
const LOOKS: u32 = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

impl Drop for LastWords {
    fn drop(&mut self) {
        if !self.is_open.get() || thread::panicking() {
            return;
        }
        let is_gone = (0..LOOKS).any(|_| {
            let is_gone = display::missing().is_some();
            if !is_gone {
                // A channel that is never written to: the wait always times out.
                let (_nobody, nothing) = mpsc::channel::<()>();
                let _ = nothing.recv_timeout(BETWEEN_LOOKS);
            }
            is_gone
        });
        if is_gone {
            // The event that ended the display may have ended the terminal too.
            let _ = writeln!(
                io::stderr(),
                "The display was closed, and the window with it. Partial files are \
                 kept: start the client again to resume them."
            );
        }
    }
}
