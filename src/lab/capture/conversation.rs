//! The bytes of a chat as TCP segments.
//!
//! A program sees the bytes that it writes and reads, but not the segments of the kernel.
//! Therefore segments are reconstructed around them: a handshake, the bytes in their
//! order, some acknowledgments, and a termination. The text is real; the boundaries
//! between segments are not.
//!
//! ```text
//!   caller   SYN 0 ------------------------------>   called
//!            <--------------------- SYN 0, ACK 1
//!            ACK 1 ------------------------------>
//!            1..41, ACK 1: {"join":{"name":...}} ->
//!            <---- 1..90, ACK 41: {"welcome":...}
//! ```
//!
//! Source: RFC 9293 §3.4 (numbers), §3.5 (opening), §3.6 (closing).

use super::CaptureDirection;
use super::frame::{self, Segment, TCP_WINDOW};
use core::net::SocketAddr;

/// A chat between two sides.
#[derive(Debug)]
pub struct Conversation {
    /// This computer's side, then the other.
    sides: [Side; 2],
}

#[derive(Debug)]
struct Side {
    address: SocketAddr,
    /// The number of its next byte.
    next: u32,
    /// The bytes that the other side has acknowledged.
    acknowledged: u32,
}

/// One reconstructed packet.
pub type Made = (CaptureDirection, Vec<u8>);

/// The bytes of one segment, which fill 1,500 bytes over IPv6.
const SEGMENT_BYTES: usize = 1_440;

/// After this many bytes in one direction a pure ACK is added, as a kernel would send
/// one. Unit: bytes.
const LONGEST_SILENCE: u32 = TCP_WINDOW as u32 / 2;

impl Conversation {
    /// Begins a chat; returns the packets of its handshake. `caller`: the side that
    /// connects.
    #[must_use]
    pub fn open(
        ours: SocketAddr,
        theirs: SocketAddr,
        caller: CaptureDirection,
    ) -> (Self, Vec<Made>) {
        let side = |address| Side {
            address,
            next: 0,
            acknowledged: 0,
        };
        let mut conversation = Self {
            sides: [side(ours), side(theirs)],
        };
        let called = caller.turned();
        let opens = true;
        let made = vec![
            conversation.control(caller, opens, false),
            conversation.control(called, opens, false),
            conversation.control(caller, false, false),
        ];
        (conversation, made)
    }

    /// Adds bytes in this direction.
    pub fn carry(&mut self, direction: CaptureDirection, bytes: &[u8]) -> Vec<Made> {
        let mut made = Vec::new();
        for piece in bytes.chunks(SEGMENT_BYTES) {
            made.push(self.make(direction, false, false, piece));
            let side = &self.sides[direction.index()];
            if side.next.wrapping_sub(side.acknowledged) > LONGEST_SILENCE {
                made.push(self.control(direction.turned(), false, false));
            }
        }
        made
    }

    /// The packets that end it. The side that closed first is not known; this side is
    /// assumed.
    #[must_use]
    pub fn close(mut self) -> Vec<Made> {
        let closes = true;
        vec![
            self.control(CaptureDirection::Out, false, closes),
            self.control(CaptureDirection::In, false, closes),
            self.control(CaptureDirection::Out, false, false),
        ]
    }

    fn control(
        &mut self,
        direction: CaptureDirection,
        opens: bool,
        closes: bool,
    ) -> Made {
        self.make(direction, opens, closes, &[])
    }

    fn make(
        &mut self,
        direction: CaptureDirection,
        opens: bool,
        closes: bool,
        bytes: &[u8],
    ) -> Made {
        let [from, to] = [direction, direction.turned()]
            .map(|direction| &self.sides[direction.index()]);
        let is_first = opens && to.next == 0;
        let segment = Segment {
            sequence: from.next,
            acknowledged: (!is_first).then_some(to.next),
            opens,
            closes,
        };
        let packet = frame::tcp(from.address, to.address, segment, bytes);
        let wanted = to.next;
        // SYN and FIN count as a byte each (RFC 9293 §3.4).
        let control = u32::from(opens) + u32::from(closes);
        let length = u32::try_from(bytes.len()).unwrap_or_default();
        let from = &mut self.sides[direction.index()];
        from.next = from.next.wrapping_add(length + control);
        if !is_first {
            self.sides[direction.turned().index()].acknowledged = wanted;
        }
        (direction, packet)
    }
}

impl CaptureDirection {
    const fn turned(self) -> Self {
        match self {
            Self::In => Self::Out,
            Self::Out => Self::In,
        }
    }

    /// The index of the side from which it comes.
    const fn index(self) -> usize {
        match self {
            Self::Out => 0,
            Self::In => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(caller: CaptureDirection) -> (Conversation, Vec<Made>) {
        let [ours, theirs] = [1, 2].map(|port| ([127, 0, 0, 1], port).into());
        Conversation::open(ours, theirs, caller)
    }

    /// Sequence, acknowledgement, flags and bytes of a packet over IPv4.
    fn read((_, packet): &Made) -> (u32, u32, u8, usize) {
        let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
        (word(24), word(28), packet[33], packet.len() - 40)
    }

    #[test]
    fn a_conversation_starts_with_the_three_way_handshake_of_its_caller() {
        for caller in [CaptureDirection::In, CaptureDirection::Out] {
            let (_, made) = open(caller);
            let ways: Vec<CaptureDirection> =
                made.iter().map(|(direction, _)| *direction).collect();
            assert_eq!(ways, [caller, caller.turned(), caller]);
            let read: Vec<_> = made.iter().map(read).collect();
            assert_eq!(read, [(0, 0, 2, 0), (0, 1, 0x12, 0), (1, 1, 0x10, 0)]);
        }
    }

    #[test]
    fn each_side_counts_its_bytes_and_acknowledges_those_of_the_other() {
        let (mut chat, _) = open(CaptureDirection::In);
        let asked = chat.carry(CaptureDirection::In, b"join\n");
        let told = chat.carry(CaptureDirection::Out, &[b'x'; 2_000]);
        let read = |made: &[Made]| made.iter().map(read).collect::<Vec<_>>();
        assert_eq!(read(&asked), [(1, 1, 0x18, 5)]);
        let expected = [(1, 6, 0x18, 1_440), (1_441, 6, 0x18, 560)];
        assert_eq!(read(&told), expected);
        let end = [
            (2_001, 6, 0x11, 0),
            (6, 2_002, 0x11, 0),
            (2_002, 7, 0x10, 0),
        ];
        assert_eq!(read(&chat.close()), end);
    }

    #[test]
    fn a_long_message_is_acknowledged_before_it_fills_the_window() {
        let (mut chat, _) = open(CaptureDirection::Out);
        let made = chat.carry(CaptureDirection::Out, &vec![b'x'; 200_000]);
        let mut acknowledged = 1;
        for made in &made {
            let (sequence, wanted, _, length) = read(made);
            match made.0 {
                CaptureDirection::In => acknowledged = wanted,
                CaptureDirection::Out => {
                    let end = sequence + u32::try_from(length).unwrap();
                    assert!(end - acknowledged <= u32::from(TCP_WINDOW));
                }
            }
        }
        assert!(acknowledged > 100_000);
    }
}
