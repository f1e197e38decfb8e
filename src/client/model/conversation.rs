//! One conversation: with all, or with one person by whispers.
//!
//! It knows its lines, how many of them nobody has seen, and where those begin:
//!
//! ```text
//! 12:01 <dana> hi
//! -------- new --------      new_from: the number of the first line below it
//! 12:02 <guy> ...            unread: 1
//! ```
//!
//! The dividing line stays when the unread lines are seen, until a person leaves the
//! conversation, writes in it, or newer unread lines begin.

use super::Audience;
use super::line::{ChatLine, Lines};
use std::sync::Arc;

/// A conversation with all, or with one user.
#[derive(Debug, Clone)]
pub struct Conversation {
    with: Audience,
    lines: Lines,
    unread: usize,
    mentions: usize,
    new_from: Option<usize>,
    /// When something happened in it last, as [`Chat`](super::Chat) counts.
    pub(super) touched: u64,
}

impl Conversation {
    pub(super) fn new(with: Audience) -> Self {
        let lines = match with {
            Audience::All => Lines::default(),
            Audience::One(_) => Lines::of_whispers(),
        };
        Self {
            with,
            lines,
            unread: 0,
            mentions: 0,
            new_from: None,
            touched: 0,
        }
    }

    /// With whom.
    #[must_use]
    pub fn with(&self) -> &Audience {
        &self.with
    }

    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Lines from others that nobody has seen.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.unread
    }

    /// Those among them that are for me: whispers, and lines with my name.
    #[must_use]
    pub fn mentions(&self) -> usize {
        self.mentions
    }

    /// The number of the line before which the dividing line stands.
    #[must_use]
    pub fn new_from(&self) -> Option<usize> {
        self.new_from
    }

    pub(super) fn push(&mut self, line: Arc<ChatLine>, is_unread: bool) {
        if is_unread {
            if self.unread == 0 {
                self.new_from = Some(self.lines.count());
            }
            self.unread += 1;
            let is_whisper = self.with != Audience::All;
            self.mentions += usize::from(is_whisper || line.mentions_me);
        }
        self.lines.push(line);
    }

    pub(super) fn forget_the_oldest(&mut self) {
        self.lines.forget_the_oldest();
    }

    /// All has been seen.
    pub(super) fn see(&mut self) {
        (self.unread, self.mentions) = (0, 0);
    }

    /// A person turns to another conversation, or writes in this one.
    pub(super) fn leave(&mut self) {
        if self.unread == 0 {
            self.new_from = None;
        }
    }

    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.see();
        self.new_from = None;
    }
}
