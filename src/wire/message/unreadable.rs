//! Lines that are not messages, and the errors that describe them.
//!
//! A request whose fields are wrong may have a readable tag; the answer carries it.

use serde::Deserialize;
use std::fmt;

/// Reads one line.
pub(super) fn read<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, MessageError> {
    serde_json::from_str(line).map_err(|error| MessageError {
        error,
        tag: tag_of(line),
    })
}

/// The tag of a message whose other fields cannot be read.
fn tag_of(line: &str) -> Option<u64> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let mut keywords = message.as_object()?.values();
    keywords.find_map(|fields| fields.get("tag")?.as_u64())
}

/// A line that is no message: the parser's own sentence, with the column.
#[derive(Debug)]
pub struct MessageError {
    error: serde_json::Error,
    tag: Option<u64>,
}

impl MessageError {
    /// The tag of the request, if it has a readable one.
    #[must_use]
    pub const fn tag(&self) -> Option<u64> {
        self.tag
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message unreadable: {}", self.error)
    }
}

impl std::error::Error for MessageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
