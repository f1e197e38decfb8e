//! Lines on stdout that tear neither the progress bars nor the line that is being typed.

use super::above_prompt::{AbovePrompt, Printer};
use crate::system::terminal::Setting;
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::io::{Write, stderr, stdout};

/// Where lines are printed.
pub(super) struct Screen {
    bars: MultiProgress,
    has_editor: bool,
    /// Nobody reads stdout any more.
    is_deaf: bool,
    found: Option<Setting>,
}

impl Screen {
    /// Notes how the terminal is set, to leave it so.
    pub(super) fn new(bars: MultiProgress) -> Self {
        Self {
            bars,
            has_editor: false,
            is_deaf: false,
            found: Setting::now(),
        }
    }

    /// From now on bars and lines appear above the line editor's prompt.
    pub(super) fn go_above(&mut self, printer: Printer) {
        let terminal = Box::new(AbovePrompt::new(printer));
        let target = ProgressDrawTarget::term_like_with_hz(terminal, 10);
        self.bars.set_draw_target(target);
        self.has_editor = true;
    }

    /// Prints one line.
    pub(super) fn print(&mut self, line: &str) {
        let result = if self.has_editor {
            self.bars.println(line)
        } else {
            self.bars.suspend(|| {
                let mut out = stdout().lock();
                writeln!(out, "{line}").and_then(|()| out.flush())
            })
        };
        self.is_deaf |= result.is_err();
    }

    /// Says on stderr why the client ends.
    pub(super) fn complain(sentence: &str) {
        // Where stderr is closed nobody wants to know.
        let _ = writeln!(stderr(), "{sentence}");
    }

    /// Whether a person types below what is printed.
    pub(super) fn has_editor(&self) -> bool {
        self.has_editor
    }

    /// Whether the reader of a pipe has gone.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_deaf
    }

    /// Leaves the terminal as it was found: the line editor may be waiting in it still,
    /// and would leave it without echo.
    pub(super) fn close(&mut self) {
        let _ = self.bars.clear();
        if !self.has_editor {
            return;
        }
        if let Some(found) = &self.found {
            found.restore();
        }
        // Off: the editor's bracketed paste.
        let _ = write!(stdout(), "\u{1b}[?2004l\r\n");
    }
}
