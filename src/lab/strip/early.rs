//! Which of the segments that came early the sender has heard of.
//!
//! A journal does not tell the ranges of an ACK. But it tells when the receiver kept a
//! segment, when it sent each ACK and which of them arrived, and an ACK tells of all that
//! had been kept when it was sent. (It has room for 24 runs, the newest first: with very
//! many gaps a segment may be shown as acked one ACK too soon.)

use crate::reliable::event::PacketName;
use crate::wire::packet::Kind;
use std::collections::VecDeque;

/// What was kept, and the ACKs that tell of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Early {
    /// Segments that were kept, in that order, and how many ACKs had been sent before.
    kept: VecDeque<(u32, u64)>,
    /// ACKs and NACKs on their way, in the order in which they were sent.
    on_their_way: VecDeque<(Name, u64)>,
    /// How many were ever sent.
    sent: u64,
}

/// What tells one ACK or NACK from another.
type Name = (Kind, u32, u8);

/// No more ACKs are on their way at once: eight to a window, and NACKs between them.
const MOST_ON_THEIR_WAY: usize = 1_024;

impl Early {
    /// The receiver has kept this segment.
    pub(super) fn keep(&mut self, number: u32) {
        self.kept.push_back((number, self.sent));
    }

    /// The receiver has sent this ACK or NACK.
    pub(super) fn send(&mut self, packet: &PacketName) {
        if self.on_their_way.len() == MOST_ON_THEIR_WAY {
            self.on_their_way.pop_front();
        }
        self.on_their_way.push_back((name(packet), self.sent));
        self.sent += 1;
    }

    /// The sender has received this ACK or NACK: what it hears of for the first time.
    pub(super) fn receive(&mut self, packet: &PacketName) -> Vec<u32> {
        let name = name(packet);
        let found = self.on_their_way.iter().rev().find(|(it, _)| *it == name);
        let Some(&(_, ordinal)) = found else {
            return Vec::new();
        };
        let mut told = Vec::new();
        while let Some(&(number, sent_before)) = self.kept.front()
            && sent_before <= ordinal
        {
            told.push(number);
            self.kept.pop_front();
        }
        told
    }
}

const fn name(packet: &PacketName) -> Name {
    (packet.kind, packet.number, packet.attempt)
}
