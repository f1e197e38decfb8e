//! Prints lines on stdout without damaging the progress bars or the typed line.

use super::above_prompt::{AbovePrompt, Printer};
use crate::system::terminal::Setting;
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::io::{Write, stderr, stdout};

/// The output for lines.
pub(super) struct Screen {
    bars: MultiProgress,
    has_editor: bool,
    /// Whether stdout is closed.
    is_deaf: bool,
    found: Option<Setting>,
}

impl Screen {
    /// Records the terminal's settings, to restore them.
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

    /// Prints on stderr why the client ends.
    pub(super) fn complain(sentence: &str) {
        // If stderr is closed, the message is not needed.
        let _ = writeln!(stderr(), "{sentence}");
    }

    /// Whether a user types below the output.
    pub(super) fn has_editor(&self) -> bool {
        self.has_editor
    }

    /// Whether the reader of a pipe has ended.
    pub(super) fn is_deaf(&self) -> bool {
        self.is_deaf
    }

    /// Restores the terminal: the line editor may still be waiting, and would leave it
    /// without echo.
    pub(super) fn close(&mut self) {
        let _ = self.bars.clear();
        if !self.has_editor {
            return;
        }
        if let Some(found) = &self.found {
            found.restore();
        }
        // Switches the editor's bracketed paste off.
        let _ = write!(stdout(), "\u{1b}[?2004l\r\n");
    }
}
