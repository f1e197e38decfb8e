//! The message when the display is lost: a sentence of ours after X's own words.
//!
//! FLTK ends the process where the X server does, and asks nobody:
//!
//! ```text
//! X server gone --> Xlib --> FLTK prints "X I/O error" --> exit(1) --> thread-locals dropped
//!                                                                        '--> our sentence
//! ```
//!
//! `exit` drops what is local to the thread that calls it, and FLTK calls it on the main
//! thread; that is the one moment left to us, and it needs no signal and no `unsafe`.
//! Where a system does not drop them, X's words stand alone. There is no goodbye to the
//! server, which notices by itself; what has arrived is on the disk, as after `kill -9`.
//!
//! Source: `Fl_x.cxx`, `io_error_handler`; glibc manual, "Cleanups on Exit".

use sash::client::display;
use std::cell::Cell;
use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Said when it is dropped, where the display is gone.
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

/// A window is open from now on, or no longer; on the main thread.
pub(super) fn is_open(is_open: bool) {
    LAST_WORDS.with(|words| words.is_open.set(is_open));
}

/// A display that dies answers for another moment.
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
