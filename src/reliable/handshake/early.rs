//! Early data: a SYN that contains the round-trip time, so that DATA may follow the
//! SYN-ACK; and a SYN-ACK without a SYN, if the chat connection has reported the client's
//! port and this time.

use super::{AMPLIFICATION, Handshake, HandshakeState, Proposal};
use crate::reliable::connection_parameters::ConnectionParameters;
use crate::reliable::moment::Moment;
use crate::reliable::retry::Retry;
use std::time::Duration;

/// The echo of a SYN-ACK that no SYN has elicited: a time in the future, which nobody
/// takes for a round trip.
pub(super) const NO_ECHO: u32 = u32::MAX;

/// A SYN that reports a longer round-trip time is not believed.
const LONGEST_ANNOUNCED: Duration = Duration::from_secs(1);

impl Handshake {
    /// The server's side if the request contained what a SYN contains: the SYN-ACK is due
    /// at once, and its echo is `NO_ECHO`. `proposal.chat_round_trip` must be given.
    #[must_use]
    pub fn begin(proposal: Proposal, now: Moment) -> Self {
        let mut handshake = Self::respond(proposal);
        let theirs = handshake.fields(proposal.window, 0);
        let first = proposal.first.unwrap_or_default();
        if let Some(parameters) = proposal.agree(&theirs, first) {
            let round_trip = proposal.chat_round_trip.unwrap_or_default();
            handshake.round_trip.sample(round_trip);
            handshake.enter(HandshakeState::SynReceived {
                parameters,
                echo: None,
                retry: Retry::new(proposal.chat_round_trip, now),
                allowance: AMPLIFICATION,
            });
        }
        handshake
    }

    /// The future connection parameters, if DATA may be sent before the client's ACK.
    #[must_use]
    pub fn early_parameters(&self) -> Option<ConnectionParameters> {
        match &self.state {
            HandshakeState::SynReceived { parameters, .. } => {
                self.round_trip.smoothed().map(|_| *parameters)
            }
            HandshakeState::Listen
            | HandshakeState::SynSent { .. }
            | HandshakeState::Open { .. }
            | HandshakeState::Disagreed => None,
        }
    }

    /// DATA has arrived before the SYN-ACK, which may be lost: SYN is retransmitted at
    /// once, but only once.
    pub fn on_early_data(&mut self) {
        if let HandshakeState::SynSent { retry } = &mut self.state
            && !std::mem::replace(&mut self.has_retried_early, true)
        {
            retry.retry_now();
        }
    }

    /// A SYN-ACK that echoes no SYN shows no round-trip time: then the chat's is used.
    pub(super) fn sample_syn_ack(&mut self, echo: u32, now: Moment) {
        if !self.round_trip.sample_echo(echo, now)
            && let Some(round_trip) = self.proposal.chat_round_trip
        {
            self.round_trip.sample(round_trip);
        }
    }

    /// The round-trip time in the SYN of a client that downloads. Unit: microseconds.
    pub(super) fn announced_round_trip(&self) -> u32 {
        let round_trip = self.proposal.chat_round_trip.unwrap_or_default();
        if !self.proposal.early_data || self.proposal.first.is_some() {
            return 0;
        }
        u32::try_from(round_trip.as_micros()).unwrap_or(0)
    }

    /// A SYN contained this round-trip time.
    pub(super) fn believe(&mut self, announced_us: u32) {
        let told = Duration::from_micros(announced_us.into());
        if self.proposal.early_data && !told.is_zero() && told < LONGEST_ANNOUNCED {
            self.round_trip.sample(told);
        }
    }
}
