//! Early data: DATA follows the SYN-ACK, a round trip before the handshake is complete.
//!
//! ```text
//!   client                                server
//!     | ------- SYN, round trip 40 ms ----->|
//!     |<------ SYN-ACK, DATA 0, 1, 2 ... ---|   at most EARLY_PACKETS of them
//!     | ------- ACK ----------------------->|   and now as many as the window allows
//! ```
//!
//! Where the request for the file told the client's port and the round trip, the server
//! does not even wait for the SYN:
//!
//! ```text
//!   client                                server
//!     | -- download, port, 40 ms (TCP) ---->|
//!     |<------ SYN-ACK, DATA 0, 1, 2 ... ---|   and the offer, over TCP
//!     | ------- ACK ----------------------->|
//! ```
//!
//! The token came over TCP to the address that the SYN comes from, so the SYN proves that
//! address as a token of RFC 9000 §8.1 does; the request itself came from there too. A
//! client behind a NAT receives nothing, and its SYN comes from another port: then the
//! DATA starts again, once. Only `sack` with a controller sends early, and only to a
//! client whose SYN or request contains a round-trip time: without it the first packets
//! could not be paced. The other protocols keep the three-way handshake.
//!
//! Source: RFC 9000 §8.1.3 (a token validates an address); RFC 7413 (data in the
//! handshake of TCP); RFC 9002 §6.2.2 (a round-trip time from an earlier connection).

use super::{Phase, Sending};
use crate::reliable::congestion::SMALL_FILE;
use crate::reliable::connection_parameters::ConnectionParameters;
use crate::reliable::handshake::{Handshake, Proposal};
use crate::reliable::moment::Moment;
use crate::wire::options::{Arq, Congestion};

/// The limit of DATA packets before the client has answered: an initial window or a small
/// file, once.
pub(super) const EARLY_PACKETS: u64 = SMALL_FILE as u64;

impl Sending {
    /// The server's side of a download whose request came with the client's port: begins
    /// at once, if it may send early DATA at all. `proposal.first` and
    /// `proposal.chat_round_trip` must be given.
    #[must_use]
    pub fn begin(arq: Arq, proposal: Proposal, now: Moment) -> Self {
        let mut begun = Self::new(arq, proposal, Handshake::begin(proposal, now), now);
        if !proposal.early_data || begun.early_parameters().is_none() {
            return Self::respond(arq, proposal, now);
        }
        begun.is_unasked = true;
        begun.advance(now);
        begun
    }

    /// See [`Handshake::on_moved`]. DATA that left before any SYN has gone to a port that
    /// is not the client's.
    pub fn on_moved(&mut self, now: Moment) {
        self.handshake.on_moved();
        let is_lost = !self.is_open() && std::mem::take(&mut self.is_unasked);
        if is_lost && matches!(self.phase, Phase::Transferring { .. }) {
            self.phase = Phase::Handshake;
            self.advance(now);
        }
    }

    /// The future connection parameters, if DATA need not wait for the client's ACK.
    pub(super) fn early_parameters(&self) -> Option<ConnectionParameters> {
        let may_send =
            self.arq == Arq::Sack && self.proposal.congestion != Congestion::Fixed;
        let parameters = self.handshake.early_parameters().filter(|_| may_send)?;
        (parameters.segments() > 0).then_some(parameters)
    }

    /// The client may have changed to shorter segments: the early packets were too long
    /// for the path, and the transfer starts again.
    pub(super) fn begin_anew_if_shorter(&mut self, now: Moment) {
        if let (Phase::Transferring { parameters, .. }, Some(early)) =
            (&self.phase, self.early_parameters())
            && *parameters != early
        {
            self.phase = Phase::Handshake;
            self.advance(now);
        }
    }

    /// Whether the limit of early data is reached: the client must answer first.
    pub(super) fn awaits_proof(&self) -> bool {
        matches!(self.phase, Phase::Transferring { .. })
            && !self.is_open()
            && self.progress().sent_packets >= EARLY_PACKETS
    }
}
