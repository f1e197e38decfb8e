//! Which ACKs a sender believes, and which segments a receiver accepts: free of time.
//!
//! The timers and thresholds of sack decide how fast a transfer is. These few lines decide
//! whether it is correct. (A model checker calls them, too, with a small sequence-number
//! space: therefore they take any [`Circular`] number.)
//!
//! ```text
//!   sender    base                base + sent       base + N
//!              |  sent              |  may be sent   |
//!              '-- an ACK may name --'
//!
//!   receiver  next expected        next expected + N  (or the end of the file)
//!              | Next | OutOfOrder |  Outside ...
//! ```
//!
//! Each rule counts forward from the lower edge of a window, never backward: numbers wrap
//! around, so those behind a window also lie before it.
//!
//! Source: RFC 2018 §4; Kurose & Ross §3.4.4 (the size of a sequence-number space).

use crate::wire::sequence::Circular;
use std::ops::Range;

/// The segments that an ACK acknowledges, counted from `base`: how many it removes from the
/// base of the window, and its ranges. `sent` segments from `base` on were sent.
///
/// `None`: the ACK says nothing. A later one has overtaken it; or it names segments that were
/// never sent; or a range is empty, upside down or not beyond the next expected number; or
/// the ranges hold more segments than were sent, so that the work for an ACK has a limit.
pub fn acknowledged<S: Circular>(
    base: S,
    sent: u32,
    next_expected: S,
    ranges: impl IntoIterator<Item = Range<S>>,
) -> Option<(u32, Vec<Range<u32>>)> {
    let acked = next_expected - base;
    let mut left = sent;
    let mut beyond = Vec::new();
    for range in ranges {
        let (start, end) = (range.start - base, range.end - base);
        if start <= acked || end <= start || sent < end {
            return None;
        }
        left = left.checked_sub(end - start)?;
        beyond.push(start..end);
    }
    (acked <= sent).then_some((acked, beyond))
}

/// Where a segment lies, seen from the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// It is the next in order: to be delivered.
    Next,
    /// Further on in the window: to be buffered, unless it is a duplicate.
    OutOfOrder,
    /// Behind the window or beyond it: to be discarded.
    Outside,
}

/// Where `number` lies, seen from a receiver with a window of `window` segments that still
/// expects `left` segments. A receiver that buffers nothing has a window of 1.
///
/// The window ends with the file: in a file that needs nearly all sequence numbers, an old
/// copy of its first segment would otherwise lie just beyond its last.
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

    /// A window whose numbers pass 2^32 in its middle.
    const BASE: SequenceNumber = SequenceNumber(u32::MAX - 1);

    #[test]
    fn an_ack_may_acknowledge_only_sent_segments() {
        let acknowledged = |next_expected| acknowledged(BASE, 3, next_expected, []);
        assert_eq!(acknowledged(BASE), Some((0, vec![])));
        assert_eq!(acknowledged(BASE + 3), Some((3, vec![])));
        assert_eq!(acknowledged(BASE + 4), None);
        let overtaken = SequenceNumber(BASE.0 - 1);
        assert_eq!(acknowledged(overtaken), None);
    }

    #[test]
    fn an_ack_range_must_lie_beyond_the_next_expected_number_and_within_the_sent_numbers()
    {
        let out_of_order = |from, to| {
            let range = BASE + from..BASE + to;
            let told = acknowledged(BASE, 5, BASE + 1, [range])?;
            told.1.first().cloned()
        };
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
