//! Sequence numbers: 32 bits that wrap around.
//!
//! A number names a segment, not a byte. After 2^32 - 1 comes 0, so the distance decides
//! what is before and after, never `<`.
//!
//! ```text
//!            b
//!        .-------.        a precedes b: from a to b is less than half the circle
//!      a |   0   |
//!        '-------'
//! ```
//!
//! ```
//! use sash::wire::sequence::SequenceNumber;
//! let last = SequenceNumber(u32::MAX);
//! assert_eq!(last + 1, SequenceNumber(0));
//! assert!(last.precedes(last + 1));
//! assert_eq!((last + 3) - last, 3);
//! ```
//!
//! Source: RFC 1982 §3 (serial number arithmetic); RFC 9293 §3.4.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};

/// A segment's number on the wire: the first one is drawn at random, each next one is
/// one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct SequenceNumber(pub u32);

impl SequenceNumber {
    /// Whether `self` comes before `other`: the distance forward is less than half of the
    /// sequence-number space.
    ///
    /// Source: RFC 1982 §3.2.
    #[must_use]
    pub const fn precedes(self, other: Self) -> bool {
        let ahead = other.0.wrapping_sub(self.0);
        ahead != 0 && ahead < 1 << 31
    }
}

/// Numbers that wrap around, for the rules of a window: [`SequenceNumber`] is for
/// packets, and the model checker uses a smaller space.
pub trait Circular: Copy + Eq + Add<u32, Output = Self> + Sub<Output = u32> {}

impl Circular for SequenceNumber {}

impl Add<u32> for SequenceNumber {
    type Output = Self;

    fn add(self, segments: u32) -> Self {
        Self(self.0.wrapping_add(segments))
    }
}

/// The number of segments from `earlier` forward to `self`.
impl Sub for SequenceNumber {
    type Output = u32;

    fn sub(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_precedes_exactly_the_half_of_the_number_space_after_it() {
        for start in [0, 1, 1 << 31, u32::MAX] {
            let number = SequenceNumber(start);
            assert!(!number.precedes(number));
            assert!(number.precedes(number + 1));
            assert!(number.precedes(number + ((1 << 31) - 1)));
            assert!(!number.precedes(number + (1 << 31)));
            assert!(!(number + 1).precedes(number));
        }
    }

    #[test]
    fn a_sequence_number_is_printed_in_decimal() {
        assert_eq!(SequenceNumber(u32::MAX).to_string(), "4294967295");
    }
}
