//! One line of the chat, and a bounded list of them.
//!
//! A reader remembers the number of lines that it has seen ([`Lines::count`]) and
//! requests those [`since`](Lines::since).

use crate::client::words;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// The newest lines, oldest first. Between two updates of a front end there are at most
/// [`LONGEST_CHAT_LINES`], and at most [`LARGEST_CHAT_BYTES`] of text; the lines of one
/// event stay until the front end has shown them.
#[derive(Debug, Clone)]
pub struct Lines {
    kept: VecDeque<Arc<ChatLine>>,
    /// The number of dropped lines.
    forgotten: usize,
    /// The number of the first line since the user cleared the list.
    begin: usize,
    bytes: usize,
    most_bytes: usize,
}

/// One line. Its text and names are safe to print: no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLine {
    /// Unit: milliseconds since 1970-01-01 UTC; the server's time for users' lines.
    pub time_ms: u64,
    /// The kind of line, and its author.
    pub kind: LineKind,
    /// The message or the sentence; empty for `Joined`; for `Left`, the reason.
    pub text: String,
    /// Whether it is from before joining.
    pub is_history: bool,
    /// Whether another user wrote this user's name in it.
    pub mentions_me: bool,
}

/// The kind of line, and its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineKind {
    /// A public line of any user.
    Said {
        /// Who.
        from: String,
    },
    /// A direct message to this user.
    WhisperedFrom {
        /// Who.
        from: String,
    },
    /// A direct message of this user.
    WhisperedTo {
        /// Whom.
        to: String,
    },
    /// A user joined.
    Joined {
        /// Who.
        name: String,
    },
    /// A user left.
    Left {
        /// Who.
        name: String,
    },
    /// The connection was lost for a while: its length, and the missed lines.
    Gap,
    /// A sentence of the server or the client that is no failure.
    Notice,
    /// A failure.
    Error,
    /// The answer to a command of this user.
    Output,
}

/// The limit of lines: FLTK's text display slows down with more.
pub const LONGEST_CHAT_LINES: usize = 5_000;

/// The limit of text, for users who write 16 KiB in every line. Unit: bytes.
pub const LARGEST_CHAT_BYTES: usize = 2 << 20;

/// The same for a conversation with one user, of which there may be many. Unit: bytes.
const LARGEST_WHISPERS_BYTES: usize = 256 << 10;

impl Default for Lines {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
            forgotten: 0,
            begin: 0,
            bytes: 0,
            most_bytes: LARGEST_CHAT_BYTES,
        }
    }
}

impl Lines {
    /// The lines of a conversation with one user.
    pub(super) fn of_whispers() -> Self {
        Self {
            most_bytes: LARGEST_WHISPERS_BYTES,
            ..Self::default()
        }
    }

    /// The number of lines so far, including dropped ones.
    #[must_use]
    pub fn count(&self) -> usize {
        self.forgotten + self.kept.len()
    }

    /// The number of dropped lines; the first stored line has this number.
    #[must_use]
    pub fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// The number of the first line since the user cleared the list; 0 before.
    #[must_use]
    pub fn begin(&self) -> usize {
        self.begin
    }

    /// The lines after the first `count`; fewer if some were dropped already.
    pub fn since(&self, count: usize) -> impl Iterator<Item = &Arc<ChatLine>> {
        self.kept.iter().skip(count.saturating_sub(self.forgotten))
    }

    /// The same with their numbers: the first line ever has 0.
    pub fn numbered_since(
        &self,
        count: usize,
    ) -> impl Iterator<Item = (usize, &Arc<ChatLine>)> {
        (count.max(self.forgotten)..).zip(self.since(count))
    }

    /// All stored lines, oldest first.
    #[must_use]
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Arc<ChatLine>> {
        self.kept.iter()
    }

    pub(super) fn push(&mut self, line: Arc<ChatLine>) {
        self.bytes += line.bytes();
        self.kept.push_back(line);
    }

    /// Drops the oldest lines beyond the limits.
    pub(super) fn forget_the_oldest(&mut self) {
        while self.kept.len() > LONGEST_CHAT_LINES || self.bytes > self.most_bytes {
            let Some(line) = self.kept.pop_front() else {
                return;
            };
            self.bytes -= line.bytes();
            self.forgotten += 1;
        }
    }

    /// Drops all lines; the count continues.
    pub(super) fn clear(&mut self) {
        self.forgotten += self.kept.len();
        self.begin = self.forgotten;
        self.kept.clear();
        self.bytes = 0;
    }
}

impl ChatLine {
    /// A line with the current time; text from the network is made harmless.
    pub(super) fn new(time_ms: u64, kind: LineKind, text: &str) -> Self {
        Self {
            time_ms,
            kind: kind.harmless(),
            text: words::harmless(text),
            is_history: false,
            mentions_me: false,
        }
    }

    /// The name in the line, if there is one: for its colour, and for a direct message.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            LineKind::Said { from: name }
            | LineKind::WhisperedFrom { from: name }
            | LineKind::WhisperedTo { to: name }
            | LineKind::Joined { name }
            | LineKind::Left { name } => Some(name),
            LineKind::Gap | LineKind::Notice | LineKind::Error | LineKind::Output => None,
        }
    }

    /// The user who wrote it, if any; it may be this one. An own direct message has none.
    #[must_use]
    pub fn author(&self) -> Option<&str> {
        match &self.kind {
            LineKind::Said { from } | LineKind::WhisperedFrom { from } => Some(from),
            LineKind::WhisperedTo { .. }
            | LineKind::Joined { .. }
            | LineKind::Left { .. }
            | LineKind::Gap
            | LineKind::Notice
            | LineKind::Error
            | LineKind::Output => None,
        }
    }

    /// Whether it is only about a user who joined or left.
    #[must_use]
    pub fn is_coming_or_going(&self) -> bool {
        matches!(self.kind, LineKind::Joined { .. } | LineKind::Left { .. })
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.name().map_or(0, str::len)
    }
}

/// Without the time: `<dana> hi`.
impl fmt::Display for ChatLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match &self.kind {
            LineKind::Said { from } => write!(f, "<{from}> {text}"),
            LineKind::WhisperedFrom { from } => write!(f, "{from} (direct): {text}"),
            LineKind::WhisperedTo { to } => write!(f, "you to {to} (direct): {text}"),
            LineKind::Joined { name } => write!(f, "{name} joined"),
            LineKind::Left { name } if text.is_empty() => write!(f, "{name} left"),
            LineKind::Left { name } => write!(f, "{name} left: {text}"),
            LineKind::Gap => write!(f, "-- {text} --"),
            LineKind::Notice => write!(f, "* {text}"),
            LineKind::Error => write!(f, "! {text}"),
            LineKind::Output => write!(f, "{text}"),
        }
    }
}

impl LineKind {
    fn harmless(mut self) -> Self {
        match &mut self {
            Self::Said { from: name }
            | Self::WhisperedFrom { from: name }
            | Self::WhisperedTo { to: name }
            | Self::Joined { name }
            | Self::Left { name } => *name = words::harmless(name),
            Self::Gap | Self::Notice | Self::Error | Self::Output => {}
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(text: &str) -> Arc<ChatLine> {
        Arc::new(ChatLine::new(0, LineKind::Notice, text))
    }

    #[test]
    fn only_the_newest_lines_are_kept_and_their_numbers_continue() {
        let mut lines = Lines::default();
        for number in 0..LONGEST_CHAT_LINES + 3 {
            lines.push(notice(&number.to_string()));
        }
        assert_eq!(lines.since(0).count(), LONGEST_CHAT_LINES + 3);
        lines.forget_the_oldest();
        assert_eq!(lines.count(), LONGEST_CHAT_LINES + 3);
        assert_eq!(lines.lines().next().unwrap().text, "3");
        let new: Vec<_> = lines.since(LONGEST_CHAT_LINES + 1).collect();
        assert_eq!(new.len(), 2);
        assert_eq!(lines.since(0).count(), LONGEST_CHAT_LINES);
        let numbers: Vec<_> = lines.numbered_since(0).map(|(number, _)| number).collect();
        assert_eq!((numbers[0], numbers.len()), (3, LONGEST_CHAT_LINES));
    }

    #[test]
    fn the_total_size_of_kept_lines_is_bounded() {
        let mut lines = Lines::default();
        for _ in 0..1_000 {
            lines.push(notice(&"x".repeat(16 << 10)));
        }
        lines.forget_the_oldest();
        assert_eq!(lines.lines().count(), LARGEST_CHAT_BYTES / (16 << 10));
        lines.clear();
        assert_eq!((lines.count(), lines.lines().count()), (1_000, 0));
        lines.push(notice("x"));
        assert_eq!(lines.since(1_000).count(), 1);
    }

    #[test]
    fn terminal_control_characters_are_made_harmless_in_the_model() {
        let from = "d\u{1b}".to_owned();
        let line = ChatLine::new(0, LineKind::Said { from }, "a\nb");
        assert_eq!(line.to_string(), "<d␛> a␊b");
    }
}
