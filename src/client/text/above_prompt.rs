//! Draws the progress bars above the line that is being typed.
//!
//! The line editor owns the lowest line of the terminal. Its output is printed there, and
//! its prompt moves one line down. `indicatif` assumes that the cursor is still behind
//! its last bar, so each frame first moves up again.
//!
//! ```text
//!   12:01 <dana> hi                    12:01 <dana> hi
//!   notes.pdf [###---]   <- believed   notes.pdf [####--]
//!   > my tex_            <- true       > my tex_
//! ```

use indicatif::TermLike;
use std::fmt;
use std::io;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Prints text in place of the prompt, and the prompt below it.
pub(super) type Printer = Box<dyn FnMut(String) + Send>;

/// The terminal for `indicatif`.
pub(super) struct AbovePrompt(Mutex<State>);

struct State {
    printer: Printer,
    frame: String,
    /// Whether the real cursor is one line below the assumed one.
    is_below: bool,
    /// Whether the frame has moved or cleared, so that the assumed place is correct.
    has_moved: bool,
    /// Whether the frame ends after text, not on an empty line.
    ends_in_text: bool,
}

/// The size of a terminal that does not report it.
const USUAL_WIDTH: u16 = 80;

impl AbovePrompt {
    pub(super) fn new(printer: Printer) -> Self {
        Self(Mutex::new(State {
            printer,
            frame: String::new(),
            is_below: false,
            has_moved: false,
            ends_in_text: false,
        }))
    }

    /// `indicatif` owns the draw state and requires `&self`.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Before the frame changes earlier output, move up to it.
    fn go_back(&mut self) {
        if self.is_below && !self.has_moved && self.frame.is_empty() {
            self.frame.push_str("\u{1b}[1A\r");
        }
        self.has_moved = true;
    }

    fn step(&mut self, count: usize, direction: char) {
        if count > 0 {
            self.go_back();
            self.frame.push_str("\u{1b}[");
            self.frame.push_str(&count.to_string());
            self.frame.push(direction);
        }
    }
}

impl TermLike for AbovePrompt {
    fn width(&self) -> u16 {
        terminal_size::terminal_size().map_or(USUAL_WIDTH, |(width, _)| width.0)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.state().step(n, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.state().step(n, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.state().step(n, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.state().step(n, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)?;
        self.state().frame.push_str("\r\n");
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut state = self.state();
        state.frame.push_str(text);
        state.ends_in_text |= !text.is_empty();
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        let mut state = self.state();
        state.go_back();
        state.frame.push_str("\r\u{1b}[2K");
        state.ends_in_text = false;
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.frame.is_empty() {
            return Ok(());
        }
        let mut frame = mem::take(&mut state.frame);
        // The prompt uses the empty line after a frame without text: the editor needs a
        // line end, and moving up first compensates for it.
        frame.push_str(if state.ends_in_text {
            "\r\n"
        } else {
            "\u{1b}[1A\n"
        });
        state.is_below = state.ends_in_text;
        state.has_moved = false;
        state.ends_in_text = false;
        (state.printer)(frame);
        Ok(())
    }
}

impl fmt::Debug for AbovePrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbovePrompt").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::{Receiver, unbounded};

    fn terminal() -> (AbovePrompt, Receiver<String>) {
        let (sender, frames) = unbounded();
        let printer = Box::new(move |frame| sender.send(frame).unwrap());
        (AbovePrompt::new(printer), frames)
    }

    #[test]
    fn a_progress_bar_is_redrawn_one_line_above_the_prompt() {
        let (terminal, frames) = terminal();
        terminal.write_str("50%").unwrap();
        terminal.flush().unwrap();
        terminal.clear_line().unwrap();
        terminal.write_str("60%").unwrap();
        terminal.flush().unwrap();
        assert_eq!(frames.recv().unwrap(), "50%\r\n");
        assert_eq!(frames.recv().unwrap(), "\u{1b}[1A\r\r\u{1b}[2K60%\r\n");
    }

    #[test]
    fn a_line_after_another_line_overwrites_nothing() {
        let (terminal, frames) = terminal();
        for line in ["one", "two"] {
            terminal.move_cursor_up(0).unwrap();
            terminal.write_str(line).unwrap();
            terminal.flush().unwrap();
        }
        assert_eq!(frames.recv().unwrap(), "one\r\n");
        assert_eq!(frames.recv().unwrap(), "two\r\n");
    }

    #[test]
    fn the_prompt_replaces_the_last_progress_bar() {
        let (terminal, frames) = terminal();
        terminal.write_str("99%").unwrap();
        terminal.flush().unwrap();
        terminal.clear_line().unwrap();
        terminal.flush().unwrap();
        terminal.write_str("whole").unwrap();
        terminal.flush().unwrap();
        assert_eq!(frames.recv().unwrap(), "99%\r\n");
        let cleared = "\u{1b}[1A\r\r\u{1b}[2K\u{1b}[1A\n";
        assert_eq!(frames.recv().unwrap(), cleared);
        assert_eq!(frames.recv().unwrap(), "whole\r\n");
    }
}
