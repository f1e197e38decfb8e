//! The numbers that arrived out of order, as sorted ranges that never touch.
//!
//! ```text
//!   expected      run        run
//!      |         [3..6)     [9..10)          insert(6) makes [3..7)
//!      2  .  3 4 5  .  .  .  9               insert(2) makes [2..7): now in order
//! ```
//!
//! A window with many gaps needs one entry per gap, not one per segment.
//!
//! ```
//! use sash::reliable::ranges::Ranges;
//! use sash::wire::sequence::SequenceNumber;
//! let mut early = Ranges::default();
//! assert!(early.insert(SequenceNumber(5)) && early.insert(SequenceNumber(4)));
//! assert!(!early.insert(SequenceNumber(5))); // it exists already
//! assert_eq!(early.take_run(SequenceNumber(4)), Some(SequenceNumber(6)));
//! ```
//!
//! Source: RFC 2018 §3 (SACK blocks).

use crate::wire::packet::{MOST_RANGES, SequenceRange};
use crate::wire::sequence::SequenceNumber;

/// A set of sequence numbers that lie within half the circle of each other.
#[derive(Debug, Default, Clone)]
pub struct Ranges {
    /// Sorted by start; no two touch.
    runs: Vec<SequenceRange>,
}

impl Ranges {
    /// The number of ranges that begin at or before `sequence`.
    fn runs_up_to(&self, sequence: SequenceNumber) -> usize {
        self.runs
            .partition_point(|run| !sequence.precedes(run.start))
    }

    /// Whether `sequence` is in the set.
    #[must_use]
    pub fn contains(&self, sequence: SequenceNumber) -> bool {
        self.run_of(sequence).is_some()
    }

    /// Inserts a number; returns `false` if it is a duplicate.
    pub fn insert(&mut self, sequence: SequenceNumber) -> bool {
        let place = self.runs_up_to(sequence);
        if place > 0 && sequence.precedes(self.runs[place - 1].end) {
            return false;
        }
        let joins_before = place > 0 && self.runs[place - 1].end == sequence;
        let joins_after = self
            .runs
            .get(place)
            .is_some_and(|run| run.start == sequence + 1);
        match (joins_before, joins_after) {
            (true, true) => {
                self.runs[place - 1].end = self.runs[place].end;
                self.runs.remove(place);
            }
            (true, false) => self.runs[place - 1].end = sequence + 1,
            (false, true) => self.runs[place].start = sequence,
            (false, false) => {
                let run = SequenceRange {
                    start: sequence,
                    end: sequence + 1,
                };
                self.runs.insert(place, run);
            }
        }
        true
    }

    /// Removes the first range if it begins at `start`, and returns its end.
    pub fn take_run(&mut self, start: SequenceNumber) -> Option<SequenceNumber> {
        let first = self.runs.first().filter(|run| run.start == start)?;
        let end = first.end;
        self.runs.remove(0);
        Some(end)
    }

    /// The ranges for an ACK, at most `most`: first those with the `recent` numbers, in
    /// their order; then the highest ones, which repeat the content of lost ACKs.
    #[must_use]
    pub fn report(
        &self,
        recent: impl Iterator<Item = SequenceNumber>,
        most: usize,
    ) -> Vec<SequenceRange> {
        let held = recent.filter_map(|sequence| self.run_of(sequence));
        let mut told: Vec<SequenceRange> = Vec::new();
        for run in held.chain(self.runs.iter().rev().copied()) {
            if told.len() == most.min(MOST_RANGES) {
                break;
            }
            if !told.contains(&run) {
                told.push(run);
            }
        }
        told
    }

    /// The range that contains `sequence`.
    fn run_of(&self, sequence: SequenceNumber) -> Option<SequenceRange> {
        let before = self.runs_up_to(sequence);
        let run = self.runs.get(before.checked_sub(1)?)?;
        sequence.precedes(run.end).then_some(*run)
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn the_ranges_contain_exactly_the_numbers_of_a_reference_set(
            start in any::<u32>(),
            offsets in proptest::collection::vec(0_u32..200, 0..300),
        ) {
            let mut ranges = Ranges::default();
            let mut plain = BTreeSet::new();
            for offset in offsets {
                let sequence = SequenceNumber(start) + offset;
                prop_assert_eq!(ranges.insert(sequence), plain.insert(offset));
            }
            for offset in 0..200 {
                let sequence = SequenceNumber(start) + offset;
                prop_assert_eq!(ranges.contains(sequence), plain.contains(&offset));
            }
            for pair in ranges.runs.windows(2) {
                prop_assert!(pair[0].end.precedes(pair[1].start), "runs touch");
            }
        }
    }

    #[test]
    fn the_first_range_is_taken_once_it_is_next_in_order() {
        let mut ranges = Ranges::default();
        for number in [7, 8, 3] {
            ranges.insert(SequenceNumber(number));
        }
        assert_eq!(ranges.take_run(SequenceNumber(7)), None);
        assert_eq!(ranges.take_run(SequenceNumber(3)), Some(SequenceNumber(4)));
        assert_eq!(ranges.take_run(SequenceNumber(7)), Some(SequenceNumber(9)));
        assert!(ranges.is_empty());
    }

    fn report(recent: &[u32], most: usize) -> Vec<(u32, u32)> {
        let mut ranges = Ranges::default();
        for number in [2, 3, 5, 8, 9, 12] {
            ranges.insert(SequenceNumber(number));
        }
        let recent = recent.iter().map(|&number| SequenceNumber(number));
        let told = ranges.report(recent, most);
        told.iter().map(|run| (run.start.0, run.end.0)).collect()
    }

    #[test]
    fn a_report_starts_with_the_ranges_of_the_latest_arrivals() {
        assert_eq!(report(&[3, 9], 9), [(2, 4), (8, 10), (12, 13), (5, 6)]);
        assert_eq!(report(&[], 9), [(12, 13), (8, 10), (5, 6), (2, 4)]);
    }

    #[test]
    fn a_report_contains_no_range_twice_and_no_number_that_is_already_in_order() {
        assert_eq!(report(&[2, 3, 2, 1, 0, 7], 2), [(2, 4), (12, 13)]);
    }

    #[test]
    fn a_report_is_limited_by_the_request_and_by_the_capacity_of_an_ack() {
        assert_eq!(report(&[5, 2, 12], 2), [(5, 6), (2, 4)]);
        let mut many = Ranges::default();
        (0..1_000).for_each(|number| {
            many.insert(SequenceNumber(2 * number));
        });
        let told = many.report(std::iter::empty(), usize::MAX);
        assert_eq!(told.len(), MOST_RANGES);
        assert_eq!(told[0].start, SequenceNumber(1_998));
    }
}
