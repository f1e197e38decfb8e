//! Lines on stdout that tear neither the progress bars nor the line that is being typed.

use indicatif::MultiProgress;
use std::io::{Write, stderr, stdout};

/// Where lines are printed.
pub(super) struct Screen {
    bars: MultiProgress,
    /// Nobody reads stdout any more.
    is_deaf: bool,
}

impl Screen {
    pub(super) fn new(bars: MultiProgress) -> Self {
        Self {
            bars,
            is_deaf: false,
        }
    }

    /// Prints one line.
    pub(super) fn print(&mut self, line: &str) {
        let result = self.bars.suspend(|| {
            let mut out = stdout().lock();
            writeln!(out, "{line}").and_then(|()| out.flush())
        });
        self.is_deaf |= result.is_err();
    }

    /// Says on stderr why the client ends.
    pub(super) fn complain(sentence: &str) {
        // Where stderr is closed nobody wants to know.
        let _ = writeln!(stderr(), "{sentence}");
    }

    /// Whether the reader of a pipe has gone.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_deaf
    }

    /// Leaves the terminal as it was found.
    pub(super) fn close(&mut self) {
        let _ = self.bars.clear();
    }
}
