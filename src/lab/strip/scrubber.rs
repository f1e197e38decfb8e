//! A journal that can be played in both directions.
//!
//! To play forward, entries are added to the strip. To play backward, the nearest earlier
//! copy of the strip is taken, and entries are added to it again: at most [`SPACING`]
//! entries, or a [`MOST_COPIES`]th of the journal, whichever is more.

use super::Strip;
use crate::lab::journal::{Entry, Heading};

/// A journal and a position in it.
#[derive(Debug)]
pub struct Scrubber {
    heading: Heading,
    entries: Vec<Entry>,
    strip: Strip,
    index: usize,
    /// The strip after this many entries; the first one after none.
    copies: Vec<(usize, Strip)>,
    spacing: usize,
}

/// A position in a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalPosition {
    /// The number of entries that have happened.
    pub index: usize,
    /// The number of entries.
    pub of: usize,
}

/// A copy is made after this many entries: feeding them takes a few milliseconds.
const SPACING: usize = 16_384;

/// If there are more copies, every other one is dropped.
const MOST_COPIES: usize = 64;

impl Scrubber {
    /// At the beginning of a journal.
    #[must_use]
    pub fn new(heading: Heading, entries: Vec<Entry>) -> Self {
        Self::spaced(heading, entries, SPACING)
    }

    /// The initial distance between copies, in entries.
    pub(super) fn spaced(heading: Heading, entries: Vec<Entry>, spacing: usize) -> Self {
        let strip = Strip::new(&heading);
        Self {
            heading,
            entries,
            copies: vec![(0, strip.clone())],
            strip,
            index: 0,
            spacing,
        }
    }

    /// Adds an entry; the position stays.
    pub fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The heading of the run.
    #[must_use]
    pub const fn heading(&self) -> &Heading {
        &self.heading
    }

    /// The entries.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The position.
    #[must_use]
    pub fn place(&self) -> JournalPosition {
        let (index, of) = (self.index, self.entries.len());
        JournalPosition { index, of }
    }

    /// The strip at this position.
    #[must_use]
    pub const fn strip(&self) -> &Strip {
        &self.strip
    }

    /// Goes to the moment after this many entries, or to the end.
    pub fn at(&mut self, index: usize) -> &Strip {
        let index = index.min(self.entries.len());
        let copy = self.copies.partition_point(|(place, _)| *place <= index) - 1;
        let (place, copy) = &self.copies[copy];
        if index < self.index || *place > self.index {
            self.strip = copy.clone();
            self.index = *place;
        }
        while self.index < index {
            self.strip.take(&self.entries[self.index]);
            self.index += 1;
            self.copy();
        }
        &self.strip
    }

    /// The number of entries up to this moment. Unit: microseconds.
    #[must_use]
    pub fn index_at(&self, time_us: u64) -> usize {
        self.entries
            .partition_point(|entry| entry.time_us <= time_us)
    }

    fn copy(&mut self) {
        let last = self.copies.last().map_or(0, |(place, _)| *place);
        if self.index < last + self.spacing {
            return;
        }
        self.copies.push((self.index, self.strip.clone()));
        if self.copies.len() > MOST_COPIES {
            let mut is_kept = false;
            self.copies.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
            self.spacing *= 2;
        }
    }
}
