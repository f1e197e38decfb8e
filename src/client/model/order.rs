//! The order and filter of lists: by a column, reversed, filtered.
//!
//! The order is stable: rows that are equal in the chosen column keep their order, in
//! both directions. Numbers in names count as numbers: `lecture 2` is before `lecture
//! 10`.
//!
//! ```
//! use sash::client::model::{FileColumn, SortOrder, natural};
//! use std::cmp::Ordering;
//! assert_eq!(natural("lecture 2.mp4", "Lecture 10.mp4"), Ordering::Less);
//! let by_size = SortOrder::by(FileColumn::Name).pressed(FileColumn::Size);
//! assert!(by_size.pressed(FileColumn::Size).is_reversed);
//! ```

use super::Transfer;
use crate::client::words;
use crate::wire::message::{FileEntry, TransferState};
use std::cmp::Ordering;
use unicode_normalization::UnicodeNormalization;

/// The column and the direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortOrder<C> {
    /// The column.
    pub by: C,
    /// Largest first.
    pub is_reversed: bool,
}

/// The order of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileColumn {
    /// By name, with numbers as numbers.
    Name,
    /// Smallest first.
    Size,
    /// Files with a known digest first.
    Digest,
}

/// The order of the transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferColumn {
    /// In the order of the requests.
    Number,
    /// By the file's name, with numbers as numbers.
    File,
    /// The share that is done.
    Progress,
    /// The rate: the current one, or the average if it has ended.
    Rate,
    /// Soonest first; those without an end last.
    TimeLeft,
    /// By its name.
    Protocol,
    /// Retransmitted packets.
    Resent,
    /// Transfers that need attention first: running, queued, failed, verified.
    State,
}

impl<C: Copy + PartialEq> SortOrder<C> {
    /// Smallest first.
    pub const fn by(column: C) -> Self {
        Self {
            by: column,
            is_reversed: false,
        }
    }

    /// The order after a click on a heading: that column, or the other direction.
    #[must_use]
    pub fn pressed(self, column: C) -> Self {
        Self {
            by: column,
            is_reversed: self.by == column && !self.is_reversed,
        }
    }

    fn directed(self, ordering: Ordering) -> Ordering {
        if self.is_reversed {
            ordering.reverse()
        } else {
            ordering
        }
    }
}

/// The shown files, by their places in `files`: those whose name contains every word of
/// `filter`, in this order.
#[must_use]
pub fn files_shown(
    files: &[FileEntry],
    order: SortOrder<FileColumn>,
    filter: &str,
) -> Vec<usize> {
    let filter = folded(filter);
    let words: Vec<&str> = filter.split_whitespace().collect();
    let is_shown = |file: &FileEntry| {
        if words.is_empty() {
            return true;
        }
        let name = folded(&file.name);
        words.iter().all(|word| name.contains(word))
    };
    let mut shown: Vec<usize> = (0..files.len())
        .filter(|&at| is_shown(&files[at]))
        .collect();
    shown.sort_by(|&one, &other| {
        let (one, other) = (&files[one], &files[other]);
        order.directed(match order.by {
            FileColumn::Name => natural(&one.name, &other.name),
            FileColumn::Size => one.size.cmp(&other.size),
            FileColumn::Digest => other.digest.is_some().cmp(&one.digest.is_some()),
        })
    });
    shown
}

/// The transfers, by their places in `transfers`, in this order.
#[must_use]
pub fn transfers_shown(
    transfers: &[Transfer],
    order: SortOrder<TransferColumn>,
) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..transfers.len()).collect();
    shown.sort_by(|&one, &other| {
        let (one, other) = (&transfers[one], &transfers[other]);
        order.directed(match order.by {
            TransferColumn::Number => one.tag.cmp(&other.tag),
            TransferColumn::File => natural(&one.file, &other.file),
            TransferColumn::Progress => words::percent(one).cmp(&words::percent(other)),
            TransferColumn::Rate => one.rate().cmp(&other.rate()),
            TransferColumn::TimeLeft => left_ms(one).cmp(&left_ms(other)),
            TransferColumn::Protocol => one.protocol().cmp(&other.protocol()),
            TransferColumn::Resent => one.resent_packets.cmp(&other.resent_packets),
            TransferColumn::State => urgency(one.state).cmp(&urgency(other.state)),
        })
    });
    shown
}

/// Compares names: groups of digits are numbers, and case does not matter. Names that are
/// equal so far are compared exactly, so that only equal names are equal.
///
/// No integer type: a number may have any number of digits.
#[must_use]
pub fn natural(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    while let (Some(a), Some(b)) = (left.chars().next(), right.chars().next()) {
        let ordering = if a.is_ascii_digit() && b.is_ascii_digit() {
            let (first, second) = (take_number(&mut left), take_number(&mut right));
            first.len().cmp(&second.len()).then(first.cmp(second))
        } else {
            left = &left[a.len_utf8()..];
            right = &right[b.len_utf8()..];
            a.to_lowercase().cmp(b.to_lowercase())
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

/// Cuts the digits at the beginning off; returns them without leading zeros.
fn take_number<'a>(text: &mut &'a str) -> &'a str {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.trim_start_matches('0')
}

/// The form for the filter: compatible forms and case are equal.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkc().collect::<String>().to_lowercase()
}

fn left_ms(transfer: &Transfer) -> u128 {
    let left = transfer.time_left();
    left.map_or(u128::MAX, |left| left.as_millis())
}

const fn urgency(state: TransferState) -> u8 {
    match state {
        TransferState::Sending => 0,
        TransferState::Opening => 1,
        TransferState::Paused => 2,
        TransferState::Queued => 3,
        TransferState::Failed | TransferState::Damaged => 4,
        TransferState::Unknown | TransferState::Cancelled => 5,
        TransferState::Verified => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::digest::Digest;
    use crate::wire::options::RequestedOptions;

    fn files(names: &[(&str, u64)]) -> Vec<FileEntry> {
        let entry = |&(name, size): &(&str, u64)| FileEntry {
            name: name.to_owned(),
            size,
            digest: (size % 2 == 1).then_some(Digest([0; 32])),
        };
        names.iter().map(entry).collect()
    }

    fn shown<'a>(
        files: &'a [FileEntry],
        order: SortOrder<FileColumn>,
        filter: &str,
    ) -> Vec<&'a str> {
        let places = files_shown(files, order, filter);
        places.iter().map(|&at| files[at].name.as_str()).collect()
    }

    #[test]
    fn names_are_sorted_in_natural_order() {
        let mut names = [
            "lecture 10.mp4",
            "b",
            "Lecture 2.mp4",
            "a9",
            "a10",
            "a 1",
            "a01",
            "a1",
            "",
            "שלום",
            "A1",
        ];
        names.sort_by(|one, other| natural(one, other));
        let expected = [
            "",
            "a 1",
            "A1",
            "a01",
            "a1",
            "a9",
            "a10",
            "b",
            "Lecture 2.mp4",
            "lecture 10.mp4",
            "שלום",
        ];
        assert_eq!(names, expected);
        let (small, large) = ("9".repeat(250), format!("1{}", "0".repeat(250)));
        assert_eq!(natural(&small, &large), Ordering::Less);
    }

    #[test]
    fn the_order_of_names_is_total() {
        let names = [
            "a1", "a01", "A1", "a", "a1b", "a001b", "1", "01", "", "ß", "ss", "é",
        ];
        for one in names {
            for two in names {
                assert_eq!(
                    natural(one, two),
                    natural(two, one).reverse(),
                    "{one} {two}"
                );
                assert_eq!(natural(one, two).is_eq(), one == two);
                for three in names {
                    if natural(one, two).is_le() && natural(two, three).is_le() {
                        assert!(natural(one, three).is_le(), "{one} {two} {three}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_same_column_heading_reverses_the_order_and_another_one_sorts_anew() {
        let order = SortOrder::by(FileColumn::Name);
        let reversed = order.pressed(FileColumn::Name);
        assert!(reversed.is_reversed);
        assert_eq!(reversed.pressed(FileColumn::Name), order);
        assert_eq!(
            reversed.pressed(FileColumn::Size),
            SortOrder::by(FileColumn::Size)
        );
    }

    #[test]
    fn files_with_equal_values_keep_their_order_in_both_directions() {
        let files = files(&[("d", 5), ("c", 1), ("b", 5), ("a", 2)]);
        let by_size = SortOrder::by(FileColumn::Size);
        assert_eq!(shown(&files, by_size, ""), ["c", "a", "d", "b"]);
        let reversed = by_size.pressed(FileColumn::Size);
        assert_eq!(shown(&files, reversed, ""), ["d", "b", "a", "c"]);
        let by_digest = SortOrder::by(FileColumn::Digest);
        assert_eq!(shown(&files, by_digest, ""), ["d", "c", "b", "a"]);
    }

    #[test]
    fn the_filter_requires_every_word_and_ignores_case() {
        let files = files(&[("Lecture 2.mp4", 1), ("notes.txt", 2), ("ÉCOLE mp4", 3)]);
        let by_name = SortOrder::by(FileColumn::Name);
        assert_eq!(shown(&files, by_name, " mp4 LECT"), ["Lecture 2.mp4"]);
        assert_eq!(shown(&files, by_name, "école"), ["ÉCOLE mp4"]);
        assert_eq!(shown(&files, by_name, "e\u{301}cole"), ["ÉCOLE mp4"]);
        assert!(shown(&files, by_name, "nothing").is_empty());
    }

    #[test]
    fn transfers_are_sorted_by_the_values_in_their_columns() {
        let transfer = |tag, file: &str, state, done| Transfer {
            state,
            done_bytes: done,
            total_bytes: Some(100),
            resent_packets: 10 - tag,
            ..Transfer::new(tag, file.to_owned(), RequestedOptions::default(), 0)
        };
        let all = [
            transfer(1, "b10", TransferState::Verified, 100),
            transfer(2, "b9", TransferState::Failed, 7),
            transfer(3, "a", TransferState::Sending, 50),
        ];
        let tags = |column| -> Vec<u64> {
            let places = transfers_shown(&all, SortOrder::by(column));
            places.iter().map(|&at| all[at].tag).collect()
        };
        assert_eq!(tags(TransferColumn::Number), [1, 2, 3]);
        assert_eq!(tags(TransferColumn::File), [3, 2, 1]);
        assert_eq!(tags(TransferColumn::Progress), [2, 3, 1]);
        assert_eq!(tags(TransferColumn::Resent), [3, 2, 1]);
        assert_eq!(tags(TransferColumn::State), [3, 2, 1]);
    }
}
