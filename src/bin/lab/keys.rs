//! Keys of a terminal one by one, or the first letters of lines where stdin is none.

use crossbeam_channel::{Receiver, RecvTimeoutError};
use sash::system::terminal::{self, SingleKeys};
use sash::transfer::threads;
use std::io::{self, IsTerminal as _, Read as _};
use std::time::Duration;

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// Play, or stop.
    Play,
    /// One event on.
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

/// Keys as they come. The terminal is left as it was found.
pub(crate) struct Keys {
    pressed: Receiver<u8>,
    terminal: Option<Terminal>,
}

/// Somebody who neither presses a key nor leaves: nobody is there any more.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

impl Keys {
    /// Listens from now on.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn start() -> io::Result<Self> {
        let terminal = io::stdin().is_terminal().then(Terminal::take).flatten();
        let by_line = terminal.is_none();
        let (press, pressed) = crossbeam_channel::bounded(64);
        threads::start("keys".to_owned(), move || {
            let mut is_first = true;
            for byte in io::stdin().lock().bytes() {
                let Ok(byte) = byte else { return };
                // Of a line the first letter counts; an empty one steps on.
                let counts = !by_line || is_first;
                is_first = byte == b'\n';
                if counts && press.send(byte).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { pressed, terminal })
    }

    /// Whether keys come one by one from a person.
    pub(crate) const fn is_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    /// The next key; `None` once `frame` is over while it plays. The end of stdin is
    /// somebody who leaves, but what plays goes on to its end.
    pub(crate) fn wait(&self, frame: Duration, is_playing: bool) -> Option<Key> {
        let wait = if is_playing { frame } else { LONGEST_WAIT };
        match self.pressed.recv_timeout(wait) {
            Ok(byte) => key(byte),
            Err(RecvTimeoutError::Timeout) if is_playing => None,
            Err(RecvTimeoutError::Disconnected) if is_playing => {
                // Nothing comes any more: only time passes.
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

/// A terminal that gives every key at once; given back as it was when dropped.
struct Terminal {
    _keys: SingleKeys,
}

impl Terminal {
    /// `None` where the terminal does not let us: then keys are read line by line.
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

/// Another screen while we are there, without a cursor; then the old one again.
fn print_control(text: &str) {
    use std::io::Write as _;
    if terminal::reads_escapes() {
        let _ = write!(io::stdout(), "{text}");
        let _ = io::stdout().flush();
    }
}
