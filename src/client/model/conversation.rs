//! One conversation: with all users, or direct messages with one user.
//!
//! It has its lines, the number of unread ones, and the place where those begin:
//!
//! ```text
//! 12:01 <dana> hi
//! -------- new --------      new_from: the number of the first line below it
//! 12:02 <guy> ...            unread: 1
//! ```
//!
//! The dividing line stays when the unread lines are seen, until the user leaves the
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
    /// The count of its last event in [`Chat`](super::Chat).
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

    /// The other side.
    #[must_use]
    pub fn with(&self) -> &Audience {
        &self.with
    }

    /// Its lines.
    #[must_use]
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The unread lines of others.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.unread
    }

    /// Those of them that are for this user: direct messages, and lines with the user's
    /// name.
    #[must_use]
    pub fn mentions(&self) -> usize {
        self.mentions
    }

    /// The number of the line below the dividing line.
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

    /// Everything was seen.
    pub(super) fn see(&mut self) {
        (self.unread, self.mentions) = (0, 0);
    }

    /// The user opens another conversation, or writes in this one.
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
