//! A whole transfer as one state machine: handshake, protocol, termination. Drivers use
//! it.
//!
//! ```text
//!   Sending      Opening -> Transferring -> AwaitingDigest -> Closing -> Ended
//!                 SYN..       DATA, ACK      (file hashed?)    FIN
//!   Receiving    Opening -> Transferring -> Verifying -> Lingering -> Ended
//!                                           (disk hashed?) FIN-ACK, again if asked
//! ```
//!
//! FIN waits for the last ACK. `sack` with a controller sends it directly after the last
//! segment, a round trip earlier, and the receiver holds it until everything has arrived,
//! as TCP does (RFC 9293 §3.10.4, CLOSE).
//!
//! Each side gives up after [`IDLE_TIMEOUT`](super::retry::IDLE_TIMEOUT) without a
//! packet. The sender never reports success without the receiver's answer to the digest:
//! `Verified` of [`Outcome`] means that the receiver has confirmed it.
//!
//! ```
//! use sash::reliable::connection::{Receiving, Sending};
//! use sash::reliable::{Machine, handshake::Proposal, moment::Moment};
//! use sash::wire::{options::Arq, sequence::SequenceNumber};
//! let now = Moment::START;
//! let (offer, first) = (Proposal::EXAMPLE, Some(SequenceNumber(9)));
//! let mut client = Receiving::initiate(Arq::GoBackN, offer, now);
//! let mut server = Sending::respond(Arq::GoBackN, Proposal { first, ..offer }, now);
//! while !server.is_open() {
//!     while let Some(up) = client.poll_transmit(now) {
//!         server.on_packet(&up.packet, now);
//!     }
//!     while let Some(down) = server.poll_transmit(now) {
//!         client.on_packet(&down.packet, now);
//!     }
//! }
//! assert_eq!(client.parameters().unwrap().first, SequenceNumber(9));
//! ```
//!
//! Source: RFC 9293 §3.6 (closing); report chapter `reliable/connection`.

mod idle_timer;
mod receiving;
mod sending;

pub use receiving::Receiving;
pub use sending::Sending;

use super::connection_parameters::ConnectionParameters;
use super::handshake::Handshake;
use super::protocol::{ReceiverProtocol, SenderProtocol};
use super::receiver::Receiver;
use super::sender::Sender;
use super::{ReceivingMachine, SendingMachine};
use super::{go_back_n, sack, selective_repeat, stop_and_wait};
use crate::wire::options::Arq;
use crate::wire::packet::Reset;
use std::fmt;
use std::time::Duration;

/// The outcome of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver's digest equals the sender's.
    Verified,
    /// The receiver's digest differs.
    Damaged,
    /// Everything was sent, including FIN, but the receiver's verdict never arrived.
    Unknown,
    /// It ended before the whole file had arrived.
    Failed(Failure),
}

/// The reason why a connection ended before the whole file had arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The other side never answered the handshake.
    NoAnswer,
    /// The other side answered and then fell silent.
    Silence,
    /// The other side sent RST.
    ResetByPeer(Reset),
    /// This side sent RST.
    ResetByUs(Reset),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer => write!(
                f,
                "the other side did not answer for 30 s. Check whether a firewall \
                 blocks the UDP port"
            ),
            Self::Silence => write!(f, "the other side has been silent for 30 s"),
            Self::ResetByPeer(why) => write!(f, "ended by the other side: {why}"),
            Self::ResetByUs(why) => write!(f, "ended here: {why}"),
        }
    }
}

/// The sender's half of `arq`.
#[must_use]
pub fn sender(
    arq: Arq,
    parameters: ConnectionParameters,
    handshake: &Handshake,
) -> Box<dyn SendingMachine> {
    let round_trip = handshake.round_trip();
    let window = parameters.window;
    let protocol: Box<dyn SenderProtocol> = match arq {
        Arq::StopAndWait => Box::new(stop_and_wait::Sender::new()),
        Arq::GoBackN => Box::new(go_back_n::Sender::new(window)),
        Arq::SelectiveRepeat => Box::new(selective_repeat::Sender::new(window)),
        Arq::Sack => return Box::new(sack::Sender::new(parameters, round_trip)),
    };
    Box::new(Sender::new(protocol, parameters, round_trip))
}

/// The receiver's half of `arq`.
#[must_use]
pub fn receiver(
    arq: Arq,
    mut parameters: ConnectionParameters,
    handshake: &Handshake,
) -> Box<dyn ReceivingMachine> {
    // About eight ACKs per round trip, by the round-trip time of the handshake.
    if let Some(round_trip) = handshake.round_trip().smoothed() {
        let share = (round_trip / 8).max(LEAST_DELAY);
        parameters.acknowledgement_delay = parameters.acknowledgement_delay.min(share);
    }
    let protocol: Box<dyn ReceiverProtocol> = match arq {
        Arq::StopAndWait => Box::new(stop_and_wait::Receiver::new()),
        Arq::GoBackN => Box::new(go_back_n::Receiver::new()),
        Arq::SelectiveRepeat => {
            Box::new(selective_repeat::Receiver::new(parameters.window))
        }
        Arq::Sack => return Box::new(sack::Receiver::new(parameters)),
    };
    Box::new(Receiver::new(protocol, parameters))
}

/// On a short path, too, one ACK answers a few packets.
const LEAST_DELAY: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests;
