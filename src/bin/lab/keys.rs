//! Reads single keys from a terminal, or the first letter of each line from a pipe.

use crossbeam_channel::{Receiver, RecvTimeoutError};
use sash::system::terminal::{self, SingleKeys};
use sash::transfer::threads;
use std::io::{self, IsTerminal as _, Read as _};
use std::time::Duration;

/// The action of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// Play, or stop.
    Play,
    /// One event forward.
    On,
    /// One event back.
    Back,
    /// To the next moment in which something happens.
    NextMoment,
    /// To the moment before.
    LastMoment,
    /// To the beginning.
    Beginning,
    /// To the end.
    End,
    /// Play faster.
    Faster,
    /// Play slower.
    Slower,
    /// Leave.
    Quit,
}

/// The pressed keys. Dropping it restores the terminal's settings.
pub(crate) struct Keys {
    pressed: Receiver<u8>,
    terminal: Option<Terminal>,
}

/// Without a key for this long, the program quits.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

impl Keys {
    /// Starts to listen for keys.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(crate) fn start() -> io::Result<Self> {
        let terminal = io::stdin().is_terminal().then(Terminal::take).flatten();
        let by_line = terminal.is_none();
        let (press, pressed) = crossbeam_channel::bounded(64);
        threads::start("keys".to_owned(), move || {
            let mut is_first = true;
            for byte in io::stdin().lock().bytes() {
                let Ok(byte) = byte else { return };
                // Only the first letter of a line counts; an empty line is one step
                // forward.
                let counts = !by_line || is_first;
                is_first = byte == b'\n';
                if counts && press.send(byte).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { pressed, terminal })
    }

    /// Whether stdin is a terminal that gives single keys.
    pub(crate) const fn is_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    /// The next key; `None` after `frame` while it plays. The end of stdin quits, but a
    /// recording that plays is played to its end first.
    pub(crate) fn wait(&self, frame: Duration, is_playing: bool) -> Option<Key> {
        let wait = if is_playing { frame } else { LONGEST_WAIT };
        match self.pressed.recv_timeout(wait) {
            Ok(byte) => key(byte),
            Err(RecvTimeoutError::Timeout) if is_playing => None,
            Err(RecvTimeoutError::Disconnected) if is_playing => {
                // There will be no more keys: only time passes.
                let never = crossbeam_channel::after(frame);
                let _ = never.recv();
                None
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Some(Key::Quit)
            }
        }
    }
}

const fn key(byte: u8) -> Option<Key> {
    match byte {
        b' ' | b'p' => Some(Key::Play),
        b'n' | b'\n' | b'\r' => Some(Key::On),
        b'b' => Some(Key::Back),
        b'>' | b'.' => Some(Key::NextMoment),
        b'<' | b',' => Some(Key::LastMoment),
        b'0' => Some(Key::Beginning),
        b'$' => Some(Key::End),
        b'+' | b'=' => Some(Key::Faster),
        b'-' => Some(Key::Slower),
        // Ctrl-C and Ctrl-D come as keys while the terminal is ours.
        b'q' | 3 | 4 => Some(Key::Quit),
        _ => None,
    }
}

/// A terminal that gives every key at once; dropping it restores the settings.
struct Terminal {
    _keys: SingleKeys,
}

impl Terminal {
    /// `None` if the terminal does not allow it: then keys are read line by line.
    fn take() -> Option<Self> {
        let keys = SingleKeys::take()?;
        print_control("\x1b[?1049h\x1b[?25l");
        Some(Self { _keys: keys })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        print_control("\x1b[?25h\x1b[?1049l");
    }
}

/// Switches to the alternate screen without a cursor, and back.
fn print_control(text: &str) {
    use std::io::Write as _;
    if terminal::reads_escapes() {
        let _ = write!(io::stdout(), "{text}");
        let _ = io::stdout().flush();
    }
}
