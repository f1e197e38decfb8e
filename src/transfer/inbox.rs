//! What reaches the two ends of a transfer from outside, whatever carries the file.

use super::hand::Hand;
use crate::reliable::event::PacketName;
use crate::wire::digest::Digest;
use crate::wire::packet::Packet;
use std::net::SocketAddr;

/// What reaches `sender-3`.
#[derive(Debug)]
pub(super) enum Arrival {
    /// A packet of this transfer.
    Packet(Packet, SocketAddr),
    /// A datagram of this transfer that was damaged.
    Damaged,
    /// One with its token and without the right MAC.
    Forged(PacketName),
    /// The file's digest.
    Digest(Digest),
    /// The file cannot be hashed.
    Fail(String),
    /// The receiver's word, from the chat connection.
    Verdict(bool),
    /// Stop for a while, or go on.
    Pause(bool),
    /// Meddle with the link, or watch.
    Hand(Hand),
    /// End it.
    Cancel,
}

/// What reaches `receiver-3` beside packets.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Order {
    /// End it.
    Cancel,
    /// The sender knows the verdict: no need to linger.
    Release,
    /// Meddle with the link, or watch.
    Hand(Hand),
    /// Stop for a while, or go on.
    Pause(bool),
}
