//! A list that the server fills, of a bounded size.
//!
//! The client does not trust its server: names, files and answers that come without an
//! end must not fill its memory. Entries beyond the bound are counted but not kept, and
//! the user is told.
//!
//! ```text
//! files, more --> files, more --> ... --> [ at most 100,000, 12 MiB ] + 7 left out
//! ```

use crate::wire::message::{FileEntry, LabRow};

/// The entries of one list, in the order of their arrival.
#[derive(Debug)]
pub(in crate::client) struct Bounded<T> {
    kept: Vec<T>,
    bytes: usize,
    left_out: usize,
}

/// The limit of the entries of a list; a server accepts 7,500 users by default.
pub(in crate::client) const MOST_ENTRIES: usize = 100_000;

/// The limit of the entries of a list together. Unit: bytes.
const MOST_BYTES: usize = 12 << 20;

/// The size of an entry besides its text. Unit: bytes.
const ENTRY_BYTES: usize = 64;

/// An entry whose text the server chose.
pub(in crate::client) trait Entry {
    /// The length of its texts. Unit: bytes.
    fn text_bytes(&self) -> usize;
}

impl Entry for String {
    fn text_bytes(&self) -> usize {
        self.len()
    }
}

impl Entry for FileEntry {
    fn text_bytes(&self) -> usize {
        self.name.len()
    }
}

impl Entry for LabRow {
    fn text_bytes(&self) -> usize {
        ROW_BYTES
    }
}

/// A row of results holds two short texts. Unit: bytes.
const ROW_BYTES: usize = 256;

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            bytes: 0,
            left_out: 0,
        }
    }
}

impl<T: Entry> Bounded<T> {
    /// Adds these entries, as far as there is space for them.
    pub(in crate::client) fn extend(&mut self, entries: impl IntoIterator<Item = T>) {
        for entry in entries {
            let bytes = self.bytes + ENTRY_BYTES + entry.text_bytes();
            if bytes > MOST_BYTES || self.kept.len() >= MOST_ENTRIES {
                self.left_out += 1;
            } else {
                self.bytes = bytes;
                self.kept.push(entry);
            }
        }
    }

    /// Removes and returns the stored entries, and the number of those left out.
    pub(in crate::client) fn take(&mut self) -> (Vec<T>, usize) {
        let Self { kept, left_out, .. } = std::mem::take(self);
        (kept, left_out)
    }

    /// Removes all entries.
    pub(in crate::client) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_list_is_truncated_and_the_omitted_entries_are_counted() {
        let mut list = Bounded::default();
        for _ in 0..MOST_ENTRIES + 7 {
            list.extend([String::new()]);
        }
        let (kept, left_out) = list.take();
        assert_eq!((kept.len(), left_out), (MOST_ENTRIES, 7));
        let long = || "x".repeat(16_000);
        for _ in 0..10_000 {
            list.extend([long()]);
        }
        let (kept, left_out) = list.take();
        assert_eq!(kept.len(), MOST_BYTES / (16_000 + ENTRY_BYTES));
        assert_eq!(kept.len() + left_out, 10_000);
        assert_eq!(list.take(), (Vec::new(), 0));
    }
}
