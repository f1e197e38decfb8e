//! Early data: a SYN that contains the round-trip time, so that DATA may follow the
//! SYN-ACK.

use super::{Handshake, HandshakeState};
use crate::reliable::connection_parameters::ConnectionParameters;
use std::time::Duration;

/// A SYN that reports a longer round-trip time is not believed.
const LONGEST_ANNOUNCED: Duration = Duration::from_secs(1);

impl Handshake {
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
