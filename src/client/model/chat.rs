//! The lines of the chat, oldest first, at most [`LONGEST_CHAT_LINES`].
//!
//! A face remembers how many lines it has drawn ([`Chat::count`]) and asks for those that
//! came [`since`](Chat::since).

use crate::client::words;
use std::collections::VecDeque;
use std::fmt;

/// The newest lines.
#[derive(Debug, Default)]
pub struct Chat {
    lines: VecDeque<ChatLine>,
    /// Lines that are gone because newer ones came.
    forgotten: usize,
}

/// One line. Its text and names are safe to print: no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLine {
    /// Unit: milliseconds since 1970-01-01 UTC; the server's time for what people say.
    pub time_ms: u64,
    /// What kind of line, and whose.
    pub kind: Kind,
    /// What was said, or the sentence; empty for `Joined`, the reason for `Left`.
    pub text: String,
    /// Said before we came.
    pub is_history: bool,
}

/// What kind of line, and whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Somebody (me too) to all.
    Said {
        /// Who.
        from: String,
    },
    /// Somebody to me alone.
    WhisperedFrom {
        /// Who.
        from: String,
    },
    /// Me to somebody alone.
    WhisperedTo {
        /// Whom.
        to: String,
    },
    /// Somebody came.
    Joined {
        /// Who.
        name: String,
    },
    /// Somebody left.
    Left {
        /// Who.
        name: String,
    },
    /// A sentence from the server, or of our own, that is no failure.
    Notice,
    /// Something did not work.
    Error,
    /// The answer to a command of mine.
    Output,
}

/// Most lines kept: FLTK's text display slows down with more.
pub const LONGEST_CHAT_LINES: usize = 5_000;

impl Chat {
    /// How many lines there have been so far, forgotten ones included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.forgotten + self.lines.len()
    }

    /// The lines after the first `count` ever; fewer where some are forgotten already.
    pub fn since(&self, count: usize) -> impl Iterator<Item = &ChatLine> {
        self.lines.iter().skip(count.saturating_sub(self.forgotten))
    }

    /// All that are kept, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &ChatLine> {
        self.lines.iter()
    }

    pub(in crate::client) fn push(&mut self, time_ms: u64, kind: Kind, text: &str) {
        self.push_line(ChatLine {
            time_ms,
            kind: kind.harmless(),
            text: words::harmless(text),
            is_history: false,
        });
    }

    pub(in crate::client) fn push_history(
        &mut self,
        time_ms: u64,
        from: &str,
        text: &str,
    ) {
        self.push_line(ChatLine {
            time_ms,
            kind: Kind::Said {
                from: words::harmless(from),
            },
            text: words::harmless(text),
            is_history: true,
        });
    }

    fn push_line(&mut self, line: ChatLine) {
        self.lines.push_back(line);
        if self.lines.len() > LONGEST_CHAT_LINES {
            self.lines.pop_front();
            self.forgotten += 1;
        }
    }
}

impl ChatLine {
    /// Whose name the line carries, where it carries one: for its colour, and to whisper
    /// back.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Said { from: name }
            | Kind::WhisperedFrom { from: name }
            | Kind::WhisperedTo { to: name }
            | Kind::Joined { name }
            | Kind::Left { name } => Some(name),
            Kind::Notice | Kind::Error | Kind::Output => None,
        }
    }
}

/// Without the time: `<dana> hi`.
impl fmt::Display for ChatLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match &self.kind {
            Kind::Said { from } => write!(f, "<{from}> {text}"),
            Kind::WhisperedFrom { from } => write!(f, "{from} whispers: {text}"),
            Kind::WhisperedTo { to } => write!(f, "you whisper to {to}: {text}"),
            Kind::Joined { name } => write!(f, "{name} joined"),
            Kind::Left { name } if text.is_empty() => write!(f, "{name} left"),
            Kind::Left { name } => write!(f, "{name} left: {text}"),
            Kind::Notice => write!(f, "* {text}"),
            Kind::Error => write!(f, "! {text}"),
            Kind::Output => write!(f, "{text}"),
        }
    }
}

impl Kind {
    fn harmless(mut self) -> Self {
        match &mut self {
            Self::Said { from: name }
            | Self::WhisperedFrom { from: name }
            | Self::WhisperedTo { to: name }
            | Self::Joined { name }
            | Self::Left { name } => *name = words::harmless(name),
            Self::Notice | Self::Error | Self::Output => {}
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_lines_are_kept_and_counting_goes_on() {
        let mut chat = Chat::default();
        for number in 0..LONGEST_CHAT_LINES + 3 {
            chat.push(0, Kind::Notice, &number.to_string());
        }
        assert_eq!(chat.count(), LONGEST_CHAT_LINES + 3);
        assert_eq!(chat.lines().next().unwrap().text, "3");
        let new: Vec<_> = chat.since(LONGEST_CHAT_LINES + 1).collect();
        assert_eq!(new.len(), 2);
        assert_eq!(chat.since(0).count(), LONGEST_CHAT_LINES);
    }

    #[test]
    fn a_line_that_would_steer_the_terminal_is_harmless_in_the_model() {
        let mut chat = Chat::default();
        let from = "d\u{1b}".to_owned();
        chat.push(0, Kind::Said { from }, "a\nb");
        assert_eq!(chat.lines().next().unwrap().to_string(), "<d␛> a␊b");
    }
}
