//! Lines in a byte stream: bytes are pushed as they arrive, and lines are popped.
//!
//! TCP carries bytes, not messages: two lines may arrive in one `read`, one line in many,
//! and a character may be cut in half. Therefore a line ends at its `\n` and nowhere
//! else.
//!
//! ```text
//! push  {"say":{"te | xt":"hi"}}\n"users"\n{"pi
//! pop                {"say":{"text":"hi"}}   "users"      (the rest waits)
//! ```
//!
//! A line longer than [`LONGEST_LINE_BYTES`] and one that is not UTF-8 are errors. The
//! bytes of such a line are skipped, and the next line is read as usual. A line that
//! exceeds [`HOPELESS_LINE_BYTES`] is an error that never ends. This file does not know
//! JSON or sockets.
//!
//! ```
//! use sash::wire::line::Lines;
//! let mut lines = Lines::default();
//! lines.push(b"\"us");
//! assert_eq!(lines.pop(), Ok(None));
//! lines.push(b"ers\"\r\n");
//! assert_eq!(lines.pop(), Ok(Some("\"users\"".to_owned())));
//! ```
//!
//! Source: RFC 8259 (JSON), Kurose & Ross §2.7 (a stream has no boundaries).

use std::fmt;

/// Bytes that have arrived and are not yet a whole line.
#[derive(Debug, Default)]
pub struct Lines {
    arrived: Vec<u8>,
    /// The number of bytes at the front of `arrived` that were already popped.
    popped: usize,
    /// The number of bytes after `popped` that contain no `\n`.
    searched: usize,
    /// The number of discarded bytes, if the first line is too long.
    skipped: Option<usize>,
}

/// The longest line on the chat connection, without its `\n`. Unit: bytes.
pub const LONGEST_LINE_BYTES: usize = 16 * 1024;

/// A line that is too long is skipped up to this length; then the stream ends. Unit:
/// bytes.
pub const HOPELESS_LINE_BYTES: usize = 1024 * 1024;

impl Lines {
    /// Adds bytes from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.popped > 0 {
            self.arrived.drain(..self.popped);
            self.popped = 0;
        }
        self.arrived.extend_from_slice(bytes);
    }

    /// The next complete line without its end, or `None` until more bytes arrive.
    ///
    /// A `\r` before the `\n` is removed, so that `telnet` is a client too.
    ///
    /// # Errors
    /// [`LineError::TooLong`] and [`LineError::NotUtf8`], each once for its line: the
    /// next call continues after it. [`LineError::Endless`]: the connection must end.
    pub fn pop(&mut self) -> Result<Option<String>, LineError> {
        if !self.skip()? {
            return Ok(None);
        }
        let waiting = self.arrived.get(self.popped..).unwrap_or_default();
        let unsearched = waiting.get(self.searched..).unwrap_or_default();
        let Some(ahead) = unsearched.iter().position(|&byte| byte == b'\n') else {
            self.searched = waiting.len();
            // One byte beyond the limit may be a `\r` that is not part of the line.
            if waiting.len() > LONGEST_LINE_BYTES + 1 {
                self.skipped = Some(0);
                return Err(LineError::TooLong);
            }
            return Ok(None);
        };
        let length = self.searched + ahead;
        let line = waiting.get(..length).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = if line.len() > LONGEST_LINE_BYTES {
            Err(LineError::TooLong)
        } else {
            let text = std::str::from_utf8(line).map(str::to_owned);
            text.map_err(|_| LineError::NotUtf8)
        };
        self.popped += length + 1;
        self.searched = 0;
        line.map(Some)
    }

    /// Discards the bytes of a line that is too long; returns whether its end has
    /// arrived.
    fn skip(&mut self) -> Result<bool, LineError> {
        let Some(skipped) = self.skipped else {
            return Ok(true);
        };
        let waiting = self.arrived.get(self.popped..).unwrap_or_default();
        let end = waiting.iter().position(|&byte| byte == b'\n');
        let count = end.map_or(waiting.len(), |end| end + 1);
        self.popped += count;
        self.searched = 0;
        let skipped = skipped + count;
        self.skipped = end.is_none().then_some(skipped);
        if end.is_none() && skipped > HOPELESS_LINE_BYTES {
            return Err(LineError::Endless);
        }
        Ok(end.is_some())
    }
}

/// The reason why a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineError {
    /// It is longer than [`LONGEST_LINE_BYTES`].
    TooLong,
    /// Its bytes are not UTF-8.
    NotUtf8,
    /// It has no end within [`HOPELESS_LINE_BYTES`]: no line can follow.
    Endless,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => {
                write!(
                    f,
                    "line too long: at most {LONGEST_LINE_BYTES} bytes before its end"
                )
            }
            Self::NotUtf8 => write!(f, "line unreadable: its bytes are not UTF-8"),
            Self::Endless => {
                write!(
                    f,
                    "line without an end: {HOPELESS_LINE_BYTES} bytes skipped"
                )
            }
        }
    }
}

impl std::error::Error for LineError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_in_one_read_are_two_lines() {
        let mut lines = Lines::default();
        lines.push(b"one\ntwo\nthr");
        assert_eq!(lines.pop(), Ok(Some("one".to_owned())));
        assert_eq!(lines.pop(), Ok(Some("two".to_owned())));
        assert_eq!(lines.pop(), Ok(None));
        lines.push(b"ee\n");
        assert_eq!(lines.pop(), Ok(Some("three".to_owned())));
    }

    #[test]
    fn a_hebrew_letter_split_between_reads_arrives_intact() {
        let mut lines = Lines::default();
        for byte in "שלום\n".as_bytes() {
            assert_eq!(lines.pop(), Ok(None));
            lines.push(&[*byte]);
        }
        assert_eq!(lines.pop(), Ok(Some("שלום".to_owned())));
    }

    #[test]
    fn a_line_of_exactly_the_maximum_length_is_accepted_and_a_longer_one_is_refused() {
        for ending in ["\n", "\r\n"] {
            let mut lines = Lines::default();
            lines.push("a".repeat(LONGEST_LINE_BYTES).as_bytes());
            lines.push(ending.as_bytes());
            assert_eq!(lines.pop().unwrap().unwrap().len(), LONGEST_LINE_BYTES);
            lines.push("a".repeat(LONGEST_LINE_BYTES + 1).as_bytes());
            lines.push(ending.as_bytes());
            assert_eq!(lines.pop(), Err(LineError::TooLong));
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_line_is_read() {
        let mut lines = Lines::default();
        let mut popped = Vec::new();
        let long = [
            &vec![b'a'; 40_000][..],
            b"\nnext\nafter\xff\nlast\n".as_slice(),
        ]
        .concat();
        for bytes in long.chunks(1_000) {
            lines.push(bytes);
            assert!(lines.arrived.len() <= LONGEST_LINE_BYTES + 2_001);
            loop {
                match lines.pop() {
                    Ok(None) => break,
                    line => popped.push(line),
                }
            }
        }
        let read = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(
            popped,
            [
                Err(LineError::TooLong),
                read("next"),
                Err(LineError::NotUtf8),
                read("last")
            ]
        );
    }

    #[test]
    fn an_endless_line_is_refused_before_it_fills_the_memory() {
        let mut lines = Lines::default();
        let mut errors = Vec::new();
        for _ in 0..2 * HOPELESS_LINE_BYTES / 1024 {
            lines.push(&[b'a'; 1024]);
            errors.extend(lines.pop().err());
            assert!(lines.arrived.len() <= LONGEST_LINE_BYTES + 2_048);
        }
        assert_eq!(errors[0], LineError::TooLong);
        assert!(errors[1..].iter().all(|error| *error == LineError::Endless));
        assert!(errors.len() > 1);
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_refused() {
        let mut lines = Lines::default();
        lines.push(b"\xff\xfe\n");
        assert_eq!(lines.pop(), Err(LineError::NotUtf8));
        assert_eq!(lines.pop(), Ok(None));
    }
}
