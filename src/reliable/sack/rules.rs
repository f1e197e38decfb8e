//! The rules for the content of an ACK with ranges, and for the segments that are
//! accepted.
//!
//! The timers and thresholds of `sack` decide how fast a transfer is. These few lines,
//! which do not use time, decide whether it is correct. The state machines call them with
//! 32-bit sequence numbers. The model checker in `tests/simulation/model.rs` calls them
//! with two to eight numbers, and tries every order in which packets can be lost,
//! duplicated, reordered and retransmitted.
//!
//! ```text
//!   sender    base           base + reach     base + N
//!              |  sent, not acked  |  has room   |
//!              '---- an ACK may ask for these ---'      (up to base + reach)
//!
//!   receiver  expected                   expected + N
//!              | Next |       Early           |  Outside ...   (or the file's end)
//! ```
//!
//! Each rule counts forward from the window's lower edge, never backward: in a small
//! sequence-number space there are no numbers left behind the window.
//!
//! ```
//! use sash::reliable::sack::rules::{Position, acknowledged, position};
//! use sash::wire::sequence::SequenceNumber;
//! let base = SequenceNumber(u32::MAX);
//! assert_eq!(acknowledged(base, 4, base + 3), Some(3));
//! assert_eq!(acknowledged(base, 4, base + 5), None); // it was never sent
//! assert_eq!(position(base, 4, 100, base + 3), Position::OutOfOrder);
//! ```
//!
//! Source: RFC 2018 §4; Kurose & Ross §3.4.4 (how large a sequence-number space must be).

use crate::wire::sequence::Circular;
use std::ops::Range;

/// Whether the sender's window contains the segment that is `ahead` of its base.
#[must_use]
pub const fn is_in_window(ahead: u32, window: u32) -> bool {
    ahead < window
}

/// The number of segments from `base` on that an ACK with `next_expected` acknowledges,
/// if `sent` segments from `base` on were ever sent. `None`: a later ACK has overtaken
/// it, or it names segments that were never sent.
pub fn acknowledged<S: Circular>(base: S, sent: u32, next_expected: S) -> Option<u32> {
    let acked = next_expected - base;
    (acked <= sent).then_some(acked)
}

/// The segments of a range, counted from `base`, if the ACK itself acknowledges `acked`
/// of them. `None` for a range that is reversed or empty, that is not beyond the next
/// expected segment, or that names segments that were never sent.
pub fn acknowledged_out_of_order<S: Circular>(
    base: S,
    sent: u32,
    acked: u32,
    range: Range<S>,
) -> Option<Range<u32>> {
    let (start, end) = (range.start - base, range.end - base);
    (acked < start && start < end && end <= sent).then_some(start..end)
}

/// The position of a number in a receiver's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// It is the next expected number.
    Next,
    /// It is later in the window: to be buffered, unless it is a duplicate.
    OutOfOrder,
    /// It is before or beyond the window: to be discarded.
    Outside,
}

/// The position of `number` for a receiver with a window of `window` segments that still
/// expects `left` segments. A receiver that buffers nothing has a window of 1.
///
/// The window ends with the file. Otherwise, in a file with nearly as many segments as
/// there are numbers, an old copy of the first segment would be just beyond the last one.
pub fn position<S: Circular>(
    next_expected: S,
    window: u32,
    left: u32,
    number: S,
) -> Position {
    match number - next_expected {
        ahead if ahead >= window.min(left) => Position::Outside,
        0 => Position::Next,
        _ => Position::OutOfOrder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::sequence::SequenceNumber;

    /// A window whose numbers wrap around in its middle.
    const BASE: SequenceNumber = SequenceNumber(u32::MAX - 1);

    #[test]
    fn a_window_has_room_below_its_upper_bound() {
        assert!(is_in_window(0, 1));
        assert!(is_in_window(3, 4));
        assert!(!is_in_window(4, 4));
        assert!(!is_in_window(0, 0));
    }

    #[test]
    fn an_ack_may_acknowledge_only_sent_segments() {
        assert_eq!(acknowledged(BASE, 3, BASE), Some(0));
        assert_eq!(acknowledged(BASE, 3, BASE + 3), Some(3));
        assert_eq!(acknowledged(BASE, 3, BASE + 4), None);
        let overtaken = SequenceNumber(BASE.0 - 1);
        assert_eq!(acknowledged(BASE, 3, overtaken), None);
    }

    #[test]
    fn an_ack_range_must_lie_beyond_the_next_expected_number_and_within_the_sent_numbers()
    {
        let out_of_order =
            |from, to| acknowledged_out_of_order(BASE, 5, 1, BASE + from..BASE + to);
        assert_eq!(out_of_order(2, 3), Some(2..3));
        assert_eq!(out_of_order(2, 5), Some(2..5));
        assert_eq!(out_of_order(2, 6), None, "the sixth was never sent");
        assert_eq!(out_of_order(1, 3), None, "it holds the one that is wanted");
        assert_eq!(out_of_order(3, 3), None, "it is empty");
        assert_eq!(out_of_order(4, 3), None, "it is upside down");
    }

    #[test]
    fn a_sequence_number_is_next_or_out_of_order_or_outside_the_window() {
        let past = SequenceNumber(BASE.0 - 1);
        for (window, number, expected) in [
            (1, BASE, Position::Next),
            (1, BASE + 1, Position::Outside),
            (4, BASE + 1, Position::OutOfOrder),
            (4, BASE + 3, Position::OutOfOrder),
            (4, BASE + 4, Position::Outside),
            (4, past, Position::Outside),
        ] {
            assert_eq!(
                position(BASE, window, 9, number),
                expected,
                "{number}, {window}"
            );
        }
    }

    #[test]
    fn the_receive_window_ends_with_the_file() {
        assert_eq!(position(BASE, 4, 2, BASE + 1), Position::OutOfOrder);
        assert_eq!(position(BASE, 4, 2, BASE + 2), Position::Outside);
        assert_eq!(position(BASE, 4, 0, BASE), Position::Outside);
    }
}
