//! The searched text in a conversation, and the lines that contain it.
//!
//! ```text
//! "loss"   hits  3  8  21     the newest is shown first: "3 of 3"; up leads to 8
//! ```
//!
//! It continues with each new line, so that no line is read twice.

use super::line::{ChatLine, Lines};
use crate::client::matching;

/// A search.
#[derive(Debug, Clone)]
pub struct Search {
    query: String,
    /// Numbers of lines, ascending.
    hits: Vec<usize>,
    current: usize,
    /// The number of lines that were searched.
    looked: usize,
}

impl Search {
    pub(super) fn new(query: &str, lines: &Lines) -> Self {
        let mut search = Self {
            query: query.to_owned(),
            hits: Vec::new(),
            current: 0,
            looked: 0,
        };
        search.look(lines);
        search.current = search.hits.len().saturating_sub(1);
        search
    }

    /// The searched text, as typed.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The number of the line that is shown now.
    #[must_use]
    pub fn current(&self) -> Option<usize> {
        self.hits.get(self.current).copied()
    }

    /// `3 of 17`.
    #[must_use]
    pub fn standing(&self) -> String {
        match self.hits.len() {
            0 if self.query.is_empty() => String::new(),
            0 => "not found".to_owned(),
            count => format!("{} of {count}", self.current + 1),
        }
    }

    /// Whether this line has it: in its text, or in the name before it.
    #[must_use]
    pub fn is_in(&self, line: &ChatLine) -> bool {
        let is_in = |text| !matching::find(text, &self.query).is_empty();
        is_in(&line.text) || line.name().is_some_and(is_in)
    }

    /// Searches new lines, and removes dropped ones.
    pub(super) fn look(&mut self, lines: &Lines) {
        let gone = self.hits.partition_point(|hit| *hit < lines.forgotten());
        self.hits.drain(..gone);
        self.current = self.current.saturating_sub(gone);
        for (number, line) in lines.numbered_since(self.looked) {
            if self.is_in(line) {
                self.hits.push(number);
            }
        }
        self.looked = lines.count();
    }

    /// The search wraps around: the newest match follows the oldest.
    pub(super) fn step(&mut self, is_up: bool) {
        let count = self.hits.len().max(1);
        let step = if is_up { count - 1 } else { 1 };
        self.current = (self.current + step) % count;
    }
}
