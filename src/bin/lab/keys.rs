//! Reads single keys from a terminal, or the first letter of each line from a pipe.

use crossbeam_channel::{Receiver, RecvTimeoutError};
use sash::transfer::threads;
use std::io::{self, IsTerminal as _, Read as _};
use std::time::Duration;

/// What a key does.
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
                // Only the first letter of a line counts; an empty line is one step forward.
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
    #[cfg(unix)]
    found: nix::sys::termios::Termios,
}

#[cfg(unix)]
impl Terminal {
    /// `None` if the terminal does not allow it.
    fn take() -> Option<Self> {
        use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
        let found = tcgetattr(io::stdin()).ok()?;
        let mut ours = found.clone();
        ours.local_flags
            .remove(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG);
        tcsetattr(io::stdin(), SetArg::TCSANOW, &ours).ok()?;
        print_control("\x1b[?1049h\x1b[?25l");
        Some(Self { found })
    }
}

#[cfg(unix)]
impl Drop for Terminal {
    fn drop(&mut self) {
        use nix::sys::termios::{SetArg, tcsetattr};
        print_control("\x1b[?25h\x1b[?1049l");
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.found);
    }
}

#[cfg(not(unix))]
impl Terminal {
    /// Keys are read line by line here.
    const fn take() -> Option<Self> {
        None
    }
}

/// Switches to the alternate screen without a cursor, and back.
#[cfg(unix)]
fn print_control(text: &str) {
    use std::io::Write as _;
    if io::stdout().is_terminal() {
        let _ = write!(io::stdout(), "{text}");
        let _ = io::stdout().flush();
    }
}
