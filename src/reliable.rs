//! Reliable transfer over a channel that loses, repeats, reorders and corrupts packets.
//!
//! To understand go-back-N read [`protocol`] and then [`go_back_n`]; skip the rest. To
//! understand sack read [`sack`], which names the files that belong to it.
//!
//! Layer 1: state machines. None of them holds a socket, a clock, a thread or a random
//! generator; the caller brings time and randomness. Each has the same six methods
//! ([`Machine`]), so a real socket, a simulated link and a test drive it alike:
//!
//! ```text
//!            +-----------------------------+
//!  packets ->| on_packet      poll_transmit |-> packets (drain until None)
//!     time ->| on_timeout      next_timeout |-> when to wake it
//!            | listen           take_events |-> what happened, if somebody listens
//!            +-----------------------------+
//! ```
//!
//! The only correct driver: **drain `poll_transmit`, wait for one thing, feed that one
//! thing, repeat.**
//!
//! A textbook protocol is one page: it says `send n`, `start timer`, `stop timer`,
//! `deliver n`, `acknowledge n`, and nothing else. The generic sender and receiver drive it:
//!
//! ```text
//!   connection --> sender   --> stop_and_wait, go_back_n, selective_repeat (Sender)
//!              --> receiver --> stop_and_wait, go_back_n, selective_repeat (Receiver)
//!              --> sack       machines of its own
//! ```
//!
//! | module | is | read with |
//! | --- | --- | --- |
//! | [`protocol`] | events and verbs of a textbook protocol | Kurose & Ross §3.4 |
//! | [`stop_and_wait`] | one segment at a time | Kurose & Ross §3.4.1 |
//! | [`go_back_n`] | a window; a timeout retransmits all of it | Kurose & Ross §3.4.3 |
//! | [`selective_repeat`] | a window; an ACK and a timer for each segment | Kurose & Ross §3.4.4 |
//! | [`sender`], [`receiver`] | drivers of these: packets, time, RTT, flow, events | |
//! | [`sack`] | as in TCP and QUIC: ranges, loss detection, probes | RFC 2018, 9002, 8985 |
//! | [`moment`] | time as data | |
//! | [`connection_parameters`] | the negotiated options; how a file is cut into segments | |
//! | [`event`] | the events, for logs, journals and pictures | |
//! | [`round_trip`] | round-trip estimate and timeout | RFC 6298 |
//! | [`retry`] | retransmission of SYN, SYN-ACK and FIN | RFC 9293 §3.8 |
//! | [`handshake`] | connection establishment in three steps | RFC 9293 §3.5 |
//! | [`ranges`] | the numbers that arrived out of order | RFC 2018 |
//! | [`ledger`] | the records of every sender and receiver | |
//! | [`congestion`] | the congestion window: one controller per file | RFC 5681, 9438 |
//! | [`flow`] | packets in flight, delivery rate, pacing | RFC 9002 §7 |
//! | [`flow_control`] | a zero window, a pause, and the probes that end both | RFC 9293 §3.8.6 |
//! | [`path`] | the other side's address; validation of a new one | RFC 9000 §8.2 |
//! | [`connection`] | handshake + protocol + termination, for a driver | RFC 9293 §3.6 |

pub mod congestion;
pub mod connection;
pub mod connection_parameters;
pub mod event;
pub mod flow;
pub mod flow_control;
pub mod go_back_n;
pub mod handshake;
pub mod ledger;
pub mod moment;
pub mod path;
pub mod protocol;
pub mod ranges;
pub mod receiver;
pub mod retry;
pub mod round_trip;
pub mod sack;
pub mod selective_repeat;
pub mod sender;
pub mod stop_and_wait;

#[cfg(test)]
mod script;

use crate::wire::digest::Token;
use crate::wire::message::Progress;
use crate::wire::packet::{Acknowledgement, Body, Packet};
use crate::wire::sequence::SequenceNumber;
use event::Event;
use moment::Moment;
use std::ops::Range;

/// The six methods of every state machine.
pub trait Machine {
    /// The next packet to send; `None` until something else happens.
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit>;

    /// This packet arrived.
    fn on_packet(&mut self, packet: &Packet, now: Moment);

    /// Wake me no later than this.
    fn next_timeout(&self) -> Option<Moment>;

    /// Time has passed; calling it early is harmless.
    fn on_timeout(&mut self, now: Moment);

    /// Records events from now on; the first event summarizes the earlier ones.
    fn listen(&mut self);

    /// The events since the last call; empty unless the state machine records them.
    fn take_events(&mut self) -> Vec<Event>;
}

/// The sender's half of a protocol.
pub trait SendingMachine: Machine + Send {
    /// Whether this ACK is true and new enough; to be called before `on_packet`. One that
    /// is not restarts the idle timer and changes nothing else in the connection.
    fn believes(&self, packet: &Packet, ack: &Acknowledgement) -> bool;

    /// Whether every segment was acknowledged.
    fn is_finished(&self) -> bool;

    /// The counters of sent and acknowledged packets, the window and the timer.
    fn progress(&self) -> Progress;

    /// Whether FIN may be sent before the last ACK: all data was sent, no retransmission
    /// waits, and the window has space for FIN. Never in a textbook protocol, where one
    /// phase follows the other.
    fn may_send_early_fin(&self) -> bool {
        false
    }

    /// A zero window or a pause is over. The estimates of the path may be old.
    fn restart(&mut self, _now: Moment) {}
}

/// The receiver's half of a protocol.
pub trait ReceivingMachine: Machine + Send {
    /// Whether the driver must keep the bytes of this DATA packet; to be called before
    /// `on_packet`.
    fn is_wanted(&self, packet: &Packet) -> bool;

    /// The next expected segment: all before it have arrived.
    fn next_expected(&self) -> SequenceNumber;

    /// The driver can buffer this many segments from [`ReceivingMachine::next_expected`] on.
    /// A window that closes or opens by it is advertised at once. Data within an earlier
    /// window is still accepted.
    fn set_receive_window(&mut self, segments: u32);

    /// A corrupt datagram of this transfer arrived.
    fn on_damage(&mut self, now: Moment);

    /// Repeats the last ACK.
    fn repeat(&mut self);

    /// DATA packets that arrived, and how many of them were retransmissions.
    fn arrivals(&self) -> (u64, u64);

    /// The number of DATA packets that may still arrive before the next ACK is due: until
    /// then the sender does not wait for this side. One, if each packet is answered at once.
    fn arrivals_awaited(&self) -> u32 {
        1
    }
}

/// A packet to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// The packet without the file's bytes.
    pub packet: Packet,
    /// The bytes of the file that belong in it; empty but for DATA.
    pub bytes: Range<u64>,
}

impl Transmit {
    /// A packet without file bytes and, but for ACKs, without a number of its own.
    #[must_use]
    pub const fn control(
        token: Token,
        attempt: u8,
        sequence: SequenceNumber,
        body: Body,
        now: Moment,
    ) -> Self {
        let packet = Packet {
            token,
            number: 0,
            attempt,
            sequence,
            sent_at: now.stamp(),
            body,
        };
        Self {
            packet,
            bytes: 0..0,
        }
    }
}

/// The earliest of several times to wake up.
#[must_use]
pub fn earliest<const N: usize>(moments: [Option<Moment>; N]) -> Option<Moment> {
    moments.into_iter().flatten().min()
}
