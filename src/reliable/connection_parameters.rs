//! The connection parameters from the handshake, and the division of a file into
//! segments.
//!
//! A state machine uses sequence numbers; only this file knows which bytes of the file a
//! number means. No state machine holds bytes of the file.
//!
//! ```text
//!   file      0        1436      2872   3000 bytes
//!             |--------|---------|------|
//!   index         0         1        2
//!   sequence    first    first+1  first+2   end = first+3   (all modulo 2^32)
//! ```
//!
//! A receiver that already has the beginning of the file needs only the rest: segment 0
//! then begins at [`ConnectionParameters::offset`], and segments are counted from there.
//!
//! ```
//! use sash::reliable::connection_parameters::ConnectionParameters;
//! use sash::wire::sequence::SequenceNumber;
//! let first = SequenceNumber(u32::MAX);
//! let parameters = ConnectionParameters { first, size: 3_000, ..ConnectionParameters::EXAMPLE };
//! assert_eq!(parameters.segments(), 3);
//! assert_eq!(parameters.end(), SequenceNumber(2));
//! assert_eq!(parameters.bytes(SequenceNumber(1)), 2_872..3_000);
//! ```
//!
//! Source: Kurose & Ross §3.5.2 (a stream cut into segments).

use super::Transmit;
use super::event::Event;
use super::moment::Moment;
use super::round_trip::Timing;
use crate::wire::digest::Token;
use crate::wire::options::{Congestion, DEFAULT_SEGMENT_BYTES};
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;
use std::ops::Range;
use std::time::Duration;

/// The connection parameters of both ends of an open connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionParameters {
    /// In every packet of the transfer.
    pub token: Token,
    /// Sequence number of the file's first segment.
    pub first: SequenceNumber,
    /// The file's size. Unit: bytes.
    pub size: u64,
    /// The place in the file where segment 0 begins; the receiver already has everything
    /// before it. At most `size`. Unit: bytes.
    pub offset: u64,
    /// File bytes per DATA packet; the last one may be shorter.
    pub segment_bytes: u16,
    /// The largest number of packets in flight.
    pub window: u32,
    /// The congestion controller.
    pub congestion: Congestion,
    /// The rule of the retransmission timeout.
    pub timing: Timing,
    /// The longest delay of an ACK; zero: each packet is acknowledged at once.
    pub acknowledgement_delay: Duration,
    /// Whether the state machines record events for [`super::Machine::take_events`].
    pub listening: bool,
}

/// The shortest retransmission timeout: on real sockets the delays of a busy computer
/// look like loss.
pub const LEAST_TIMEOUT: Duration = Duration::from_millis(20);

/// The longest delay of an ACK.
pub const ACKNOWLEDGEMENT_DELAY: Duration = Duration::from_millis(10);

/// The most segments of one file: a sequence number is never used twice in a transfer.
pub const MOST_SEGMENTS: u64 = u32::MAX as u64;

impl ConnectionParameters {
    /// A small transfer for examples and tests.
    pub const EXAMPLE: Self = Self {
        token: Token([7; 16]),
        first: SequenceNumber(1_000),
        size: 10 * DEFAULT_SEGMENT_BYTES as u64,
        offset: 0,
        segment_bytes: DEFAULT_SEGMENT_BYTES,
        window: 4,
        congestion: Congestion::Fixed,
        timing: Timing::Adaptive {
            least: LEAST_TIMEOUT,
        },
        acknowledgement_delay: ACKNOWLEDGEMENT_DELAY,
        listening: true,
    };

    /// The number of segments from `offset` on; 0 if nothing is missing.
    ///
    /// A file of more than [`MOST_SEGMENTS`] is refused before there are connection
    /// parameters.
    #[must_use]
    pub fn segments(&self) -> u32 {
        let missing = self.size.saturating_sub(self.offset);
        let segments = missing.div_ceil(u64::from(self.segment_bytes));
        u32::try_from(segments).unwrap_or(u32::MAX)
    }

    /// The number after the last segment's.
    #[must_use]
    pub fn end(&self) -> SequenceNumber {
        self.first + self.segments()
    }

    /// Whether `sequence` names a segment of this file.
    #[must_use]
    pub fn contains(&self, sequence: SequenceNumber) -> bool {
        self.index(sequence) < self.segments()
    }

    /// The segment's place, from 0 at `offset`.
    #[must_use]
    pub fn index(&self, sequence: SequenceNumber) -> u32 {
        sequence - self.first
    }

    /// The event with which a log of a running transfer begins.
    #[must_use]
    pub fn listening_begun(
        &self,
        base: SequenceNumber,
        next: SequenceNumber,
        ranges: Vec<[u32; 2]>,
    ) -> Event {
        Event::ListeningBegun {
            base: self.index(base),
            next: self.index(next),
            ranges,
            first_sequence: Some(self.first.0),
            segment_bytes: self.segment_bytes,
        }
    }

    /// The bytes of the file with the sequence number `sequence`.
    #[must_use]
    pub fn bytes(&self, sequence: SequenceNumber) -> Range<u64> {
        let before = u64::from(self.index(sequence)) * u64::from(self.segment_bytes);
        let start = self.offset.saturating_add(before).min(self.size);
        let end = start.saturating_add(u64::from(self.segment_bytes));
        start..end.min(self.size)
    }

    /// The number of bytes of the file before `sequence`.
    #[must_use]
    pub fn bytes_before(&self, sequence: SequenceNumber) -> u64 {
        self.bytes(sequence).start
    }

    /// The DATA packet that carries `sequence`.
    #[must_use]
    pub fn data(&self, sequence: SequenceNumber, attempt: u8, now: Moment) -> Transmit {
        let bytes = self.bytes(sequence);
        let length = u16::try_from(bytes.end - bytes.start).unwrap_or(self.segment_bytes);
        let number = self.index(sequence);
        let body = Body::Data { length };
        let sent_at = now.stamp();
        let packet = Packet {
            token: self.token,
            number,
            attempt,
            sequence,
            sent_at,
            body,
        };
        Transmit { packet, bytes }
    }

    /// Whether a DATA packet is the segment that it says it is.
    #[must_use]
    pub fn is_ours(&self, packet: &Packet, length: u16) -> bool {
        let bytes = self.bytes(packet.sequence);
        self.contains(packet.sequence)
            && packet.number == self.index(packet.sequence)
            && u64::from(length) == bytes.end - bytes.start
    }
}

/// The attempt after `attempt`: after 255 comes 1.
#[must_use]
pub const fn next_attempt(attempt: u8) -> u8 {
    match attempt {
        u8::MAX => 1,
        earlier => earlier + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_has_no_segment_and_one_byte_has_one() {
        assert_eq!(
            ConnectionParameters {
                size: 0,
                ..ConnectionParameters::EXAMPLE
            }
            .segments(),
            0
        );
        assert_eq!(
            ConnectionParameters {
                size: 1,
                ..ConnectionParameters::EXAMPLE
            }
            .segments(),
            1
        );
        assert_eq!(
            ConnectionParameters {
                size: 1_436,
                ..ConnectionParameters::EXAMPLE
            }
            .segments(),
            1
        );
        assert_eq!(
            ConnectionParameters {
                size: 1_437,
                ..ConnectionParameters::EXAMPLE
            }
            .segments(),
            2
        );
    }

    #[test]
    fn bytes_that_the_receiver_already_has_belong_to_no_segment() {
        let parameters = ConnectionParameters {
            size: 3_000,
            offset: 1_000,
            ..ConnectionParameters::EXAMPLE
        };
        assert_eq!(parameters.segments(), 2);
        assert_eq!(parameters.bytes(parameters.first), 1_000..2_436);
        assert_eq!(parameters.bytes(parameters.first + 1), 2_436..3_000);
        assert_eq!(parameters.bytes_before(parameters.end()), 3_000);
        assert_eq!(
            parameters
                .data(parameters.first, 1, Moment::START)
                .packet
                .number,
            0
        );
        for offset in [3_000, 3_001, u64::MAX] {
            assert_eq!(
                ConnectionParameters {
                    offset,
                    ..parameters
                }
                .segments(),
                0
            );
        }
    }

    #[test]
    fn data_with_a_wrong_length_or_number_does_not_belong_to_the_file() {
        let parameters = ConnectionParameters {
            size: 3_000,
            ..ConnectionParameters::EXAMPLE
        };
        let last = parameters
            .data(parameters.first + 2, 1, Moment::START)
            .packet;
        assert!(parameters.is_ours(&last, 128));
        assert!(!parameters.is_ours(&last, 1_436));
        assert!(!parameters.is_ours(
            &Packet {
                number: 1,
                ..last.clone()
            },
            128
        ));
        assert!(!parameters.is_ours(
            &Packet {
                sequence: parameters.end(),
                ..last
            },
            128
        ));
    }

    #[test]
    fn the_attempt_number_is_never_zero() {
        assert_eq!(next_attempt(1), 2);
        assert_eq!(next_attempt(255), 1);
    }
}
