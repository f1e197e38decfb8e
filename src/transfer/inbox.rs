//! What reaches the two ends of a transfer from outside, whatever carries the file.

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
    /// The file's digest.
    Digest(Digest),
    /// The file cannot be hashed.
    Fail(String),
    /// The receiver's word, from the chat connection.
    Verdict(bool),
    /// Stop for a while, or go on.
    Pause(bool),
    /// End it.
    Cancel,
}

/// What reaches `receiver-3` beside packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// End it.
    Cancel,
    /// The sender knows the verdict: no need to linger.
    Release,
    /// Stop for a while, or go on.
    Pause(bool),
}
