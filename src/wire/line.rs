//! Lines out of a byte stream: bytes are pushed in as they come, lines are popped out.
//!
//! TCP carries bytes, not messages: two lines may arrive in one `read`, one line in many,
//! and a character may be cut in half. So a line ends where its `\n` is and nowhere else.
//!
//! ```text
//! push  {"say":{"te | xt":"hi"}}\n"users"\n{"pi
//! pop                {"say":{"text":"hi"}}   "users"      (the rest waits)
//! ```
//!
//! A line longer than [`LONGEST_LINE_BYTES`] and one that is not UTF-8 are errors, after
//! which the stream has no meaning any more. This file knows nothing of JSON or sockets.
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
    /// Bytes at the front of `arrived` that were popped already.
    popped: usize,
    /// Bytes after `popped` that are known to hold no `\n`.
    searched: usize,
}

/// Longest line on the chat connection, its `\n` not counted. Unit: bytes.
pub const LONGEST_LINE_BYTES: usize = 16 * 1024;

impl Lines {
    /// Takes bytes as they came from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.popped > 0 {
            self.arrived.drain(..self.popped);
            self.popped = 0;
        }
        self.arrived.extend_from_slice(bytes);
    }

    /// The next whole line without its end, or `None` until more bytes come.
    ///
    /// A `\r` before the `\n` is taken off, so that `telnet` is a client too.
    ///
    /// # Errors
    /// [`LineError::TooLong`] and [`LineError::NotUtf8`]; the connection must end then.
    pub fn pop(&mut self) -> Result<Option<String>, LineError> {
        let waiting = self.arrived.get(self.popped..).unwrap_or_default();
        let unsearched = waiting.get(self.searched..).unwrap_or_default();
        let Some(ahead) = unsearched.iter().position(|&byte| byte == b'\n') else {
            self.searched = waiting.len();
            // One byte more than the cap may be a `\r` that is not part of the line.
            if waiting.len() > LONGEST_LINE_BYTES + 1 {
                return Err(LineError::TooLong);
            }
            return Ok(None);
        };
        let length = self.searched + ahead;
        let line = waiting.get(..length).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LONGEST_LINE_BYTES {
            return Err(LineError::TooLong);
        }
        let line = std::str::from_utf8(line)
            .map_err(|_| LineError::NotUtf8)?
            .to_owned();
        self.popped += length + 1;
        self.searched = 0;
        Ok(Some(line))
    }
}

/// Why a stream of lines cannot be read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineError {
    /// More than [`LONGEST_LINE_BYTES`] without an end.
    TooLong,
    /// Bytes that are not UTF-8.
    NotUtf8,
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
        }
    }
}

impl std::error::Error for LineError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quick_lines_in_one_read_stay_two_lines() {
        let mut lines = Lines::default();
        lines.push(b"one\ntwo\nthr");
        assert_eq!(lines.pop(), Ok(Some("one".to_owned())));
        assert_eq!(lines.pop(), Ok(Some("two".to_owned())));
        assert_eq!(lines.pop(), Ok(None));
        lines.push(b"ee\n");
        assert_eq!(lines.pop(), Ok(Some("three".to_owned())));
    }

    #[test]
    fn hebrew_cut_in_the_middle_of_a_letter_arrives_whole() {
        let mut lines = Lines::default();
        for byte in "שלום\n".as_bytes() {
            assert_eq!(lines.pop(), Ok(None));
            lines.push(&[*byte]);
        }
        assert_eq!(lines.pop(), Ok(Some("שלום".to_owned())));
    }

    #[test]
    fn a_line_of_exactly_the_cap_passes_and_one_byte_more_does_not() {
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
    fn a_line_that_never_ends_is_refused_before_it_fills_the_memory() {
        let mut lines = Lines::default();
        let refused = (0..20).find_map(|_| {
            lines.push(&[b'a'; 1024]);
            lines.pop().err()
        });
        assert_eq!(refused, Some(LineError::TooLong));
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_refused() {
        let mut lines = Lines::default();
        lines.push(b"\xff\xfe\n");
        assert_eq!(lines.pop(), Err(LineError::NotUtf8));
    }
}
