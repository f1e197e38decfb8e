//! The handshake: connection establishment in three steps, SYN, SYN-ACK, ACK.
//!
//! The client always begins, whichever way the file goes, so that its SYN opens the path
//! through a NAT. Two steps are not enough: the server must know that the client has
//! received its first sequence number.
//!
//! ```text
//!   client                                server
//!   SynSent   ------- SYN, padded ------>  Listen
//!     |       <----- SYN-ACK, padded ----  SynReceived
//!   Open      ------- ACK ------------->     |
//!                                          Open
//! ```
//!
//! The padding makes both as long as a full DATA packet. A path that cannot carry one is
//! found at once, and a SYN-ACK is never longer than its SYN. The server repeats the
//! SYN-ACK at most twice per SYN; a client that receives nothing repeats its ACK. After
//! two unanswered SYNs of the default length the next ones are shorter, and so are all
//! DATA packets. The client rejects a SYN-ACK longer than its newest SYN, and the server
//! uses the shortest SYN that it has seen, so late packets cannot make the two sides
//! disagree. Only the holder of the token, which came over the chat connection, may
//! begin. This state machine knows no addresses; the driver checks the address of the
//! SYN.
//!
//! ```
//! use sash::reliable::{Machine, moment::Moment};
//! use sash::reliable::handshake::{Handshake, HandshakeState, Proposal};
//! let mut client = Handshake::initiate(Proposal::EXAMPLE, Moment::START);
//! assert!(matches!(client.state(), HandshakeState::SynSent { .. }));
//! assert_eq!(client.poll_transmit(Moment::START).unwrap().packet.attempt, 1);
//! ```
//!
//! Source: RFC 9293 §3.5; RFC 9000 §8.1 (padding against amplification), §14 (1,200 bytes
//! as what a path can be expected to carry); RFC 8899 (probing a path by its losses).

mod early;
mod state;

use super::connection_parameters::{
    ACKNOWLEDGEMENT_DELAY, ConnectionParameters, LEAST_TIMEOUT, MOST_SEGMENTS,
    next_attempt,
};
use super::event::{Event, EventLog, Timer};
use super::ledger::moved_on;
use super::moment::Moment;
use super::retry::Retry;
use super::round_trip::{RoundTrip, Timing};
use super::{Machine, Transmit};
use crate::wire::digest::Token;
use crate::wire::options::{Congestion, DEFAULT_SEGMENT_BYTES, FALLBACK_SEGMENT_BYTES};
use crate::wire::packet::{Acknowledgement, Body, HandshakeFields, Packet};
use crate::wire::sequence::SequenceNumber;
use early::NO_ECHO;
use std::time::Duration;

/// One side's handshake.
#[derive(Debug)]
pub struct Handshake {
    /// Whether this side sends SYN.
    is_initiator: bool,
    proposal: Proposal,
    state: HandshakeState,
    round_trip: RoundTrip,
    /// Whether SYN was retransmitted because DATA arrived before the SYN-ACK.
    has_retried_early: bool,
    log: EventLog,
}

/// The parameters of one side: those of the offer, and its own limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// In every packet of the transfer.
    pub token: Token,
    /// The file's size. Unit: bytes.
    pub size: u64,
    /// The place in the file where the transfer begins. Unit: bytes.
    pub offset: u64,
    /// File bytes per DATA packet.
    pub segment_bytes: u16,
    /// The largest window of this side. Unit: packets.
    pub window: u32,
    /// The congestion controller.
    pub congestion: Congestion,
    /// The sender of the file: its random first sequence number.
    pub first: Option<SequenceNumber>,
    /// The round-trip time of the chat connection, if it was measured.
    pub chat_round_trip: Option<Duration>,
    /// The rule of the retransmission timeout.
    pub timing: Timing,
    /// The longest delay of an ACK.
    pub acknowledgement_delay: Duration,
    /// Whether the SYN of a download contains `chat_round_trip`, so that DATA may follow
    /// the SYN-ACK without waiting for the ACK.
    pub early_data: bool,
    /// Whether the state machines record events.
    pub listening: bool,
}

/// The limit of SYN-ACKs per SYN (RFC 9000 §8.1).
const AMPLIFICATION: u8 = 3;

/// The number of SYNs of full length before shorter ones.
const FULL_SYNS: u8 = 2;

/// The state of the handshake.
#[derive(Debug)]
pub enum HandshakeState {
    /// The server waits for a SYN.
    Listen,
    /// The client has sent SYN, or will send it.
    SynSent {
        /// When it is retransmitted.
        retry: Retry,
    },
    /// The server has answered with SYN-ACK, or will do so.
    SynReceived {
        /// The connection parameters if the ACK arrives.
        parameters: ConnectionParameters,
        /// The newest SYN's time stamp and the time when it arrived, if one has.
        echo: Option<(u32, Moment)>,
        /// When it is retransmitted.
        retry: Retry,
        /// The number of copies that may still be sent before another SYN arrives.
        allowance: u8,
    },
    /// The handshake is complete.
    Open {
        /// The connection parameters.
        parameters: ConnectionParameters,
        /// The ACK that the client must send: its attempt, and the SYN-ACK's time stamp.
        owed: Option<(u8, u32)>,
        /// Handshake ACKs sent so far.
        attempt: u8,
        /// The client: the newest SYN-ACK's time stamp, and its arrival.
        heard: Option<(u32, Moment)>,
    },
    /// The other side's parameters are not those of the offer.
    Disagreed,
}

impl Proposal {
    /// The client's side of a small download, for examples and tests.
    pub const EXAMPLE: Self = Self {
        token: Token([7; 16]),
        size: 10 * DEFAULT_SEGMENT_BYTES as u64,
        offset: 0,
        segment_bytes: DEFAULT_SEGMENT_BYTES,
        window: 4,
        congestion: Congestion::Fixed,
        first: None,
        chat_round_trip: None,
        timing: Timing::Adaptive {
            least: LEAST_TIMEOUT,
        },
        acknowledgement_delay: ACKNOWLEDGEMENT_DELAY,
        early_data: false,
        listening: true,
    };

    /// Whether this side accepts segments of that length: its own, or a shorter fallback.
    const fn carries(&self, segment_bytes: u16) -> bool {
        segment_bytes > 0
            && (segment_bytes == self.segment_bytes
                || self.may_go_down() && segment_bytes == FALLBACK_SEGMENT_BYTES)
    }

    const fn may_go_down(&self) -> bool {
        self.segment_bytes > FALLBACK_SEGMENT_BYTES
    }

    /// The connection parameters that both sides agree on; `None` if they cannot agree.
    fn agree(
        &self,
        theirs: &HandshakeFields,
        sequence: SequenceNumber,
    ) -> Option<ConnectionParameters> {
        let is_agreed = theirs.size == self.size
            && self.carries(theirs.segment_bytes)
            && theirs.size.div_ceil(u64::from(theirs.segment_bytes)) <= MOST_SEGMENTS
            && theirs.window > 0;
        is_agreed.then(|| ConnectionParameters {
            token: self.token,
            first: self.first.unwrap_or(sequence),
            size: self.size,
            offset: self.offset,
            segment_bytes: theirs.segment_bytes,
            window: self.window.min(theirs.window),
            congestion: self.congestion,
            timing: self.timing,
            acknowledgement_delay: self.acknowledgement_delay,
            listening: self.listening,
        })
    }
}

impl Handshake {
    /// The client's side: SYN is due at once.
    #[must_use]
    pub fn initiate(proposal: Proposal, now: Moment) -> Self {
        let retry = Retry::new(proposal.chat_round_trip, now);
        Self::new(true, proposal, HandshakeState::SynSent { retry })
    }

    /// The server's side: waits for a SYN.
    #[must_use]
    pub const fn respond(proposal: Proposal) -> Self {
        Self::new(false, proposal, HandshakeState::Listen)
    }

    const fn new(is_initiator: bool, proposal: Proposal, state: HandshakeState) -> Self {
        let round_trip = RoundTrip::timed(proposal.timing);
        Self {
            is_initiator,
            proposal,
            state,
            round_trip,
            has_retried_early: false,
            log: EventLog::new(proposal.listening),
        }
    }

    /// The system does not send datagrams as long as this SYN or SYN-ACK; returns `true`
    /// if a shorter one is due instead.
    pub fn on_too_long(&mut self) -> bool {
        if !self.proposal.may_go_down() {
            return false;
        }
        match &mut self.state {
            HandshakeState::SynSent { retry } => retry.retry_now(),
            HandshakeState::SynReceived {
                parameters, retry, ..
            } => {
                parameters.segment_bytes = FALLBACK_SEGMENT_BYTES;
                retry.retry_now();
            }
            HandshakeState::Listen
            | HandshakeState::Open { .. }
            | HandshakeState::Disagreed => return false,
        }
        self.go_down();
        true
    }

    /// Offers shorter segments from now on, if allowed.
    fn go_down(&mut self) {
        if self.proposal.may_go_down() {
            let segment_bytes = FALLBACK_SEGMENT_BYTES;
            self.proposal.segment_bytes = segment_bytes;
            self.log.record(|| Event::MtuUpdated { segment_bytes });
        }
    }

    /// Whether this side sends SYN.
    #[must_use]
    pub const fn is_initiator(&self) -> bool {
        self.is_initiator
    }

    /// A packet arrived that the client sends only after the SYN-ACK: its ACK was lost or
    /// is late.
    pub fn on_later_packet(&mut self) {
        if let HandshakeState::SynReceived { parameters, .. } = self.state {
            self.enter(HandshakeState::Open {
                parameters,
                owed: None,
                attempt: 0,
                heard: None,
            });
        }
    }

    /// The other side has another address: it has sent no SYN from there.
    pub fn on_moved(&mut self) {
        if let HandshakeState::SynReceived { allowance, .. } = &mut self.state {
            *allowance = 0;
        }
    }

    /// The arrival of the client's newest SYN-ACK; `None` at the server.
    #[must_use]
    pub fn answered_at(&self) -> Option<Moment> {
        match &self.state {
            HandshakeState::Open { heard, .. } => heard.map(|(_, came)| came),
            HandshakeState::Listen
            | HandshakeState::SynSent { .. }
            | HandshakeState::SynReceived { .. }
            | HandshakeState::Disagreed => None,
        }
    }

    /// Repeats the client's ACK, which may be lost: the server sends only three SYN-ACKs.
    pub fn repeat(&mut self, now: Moment) {
        if let HandshakeState::Open {
            owed,
            attempt,
            heard: Some((sent_at, came)),
            ..
        } = &mut self.state
        {
            *attempt = next_attempt(*attempt);
            *owed = Some((*attempt, moved_on(*sent_at, now - *came)));
        }
    }

    /// Its state.
    #[must_use]
    pub const fn state(&self) -> &HandshakeState {
        &self.state
    }

    /// The connection parameters, once the connection is open.
    #[must_use]
    pub const fn parameters(&self) -> Option<ConnectionParameters> {
        match &self.state {
            HandshakeState::Open { parameters, .. } => Some(*parameters),
            HandshakeState::Listen
            | HandshakeState::SynSent { .. }
            | HandshakeState::SynReceived { .. }
            | HandshakeState::Disagreed => None,
        }
    }

    /// The round-trip estimate of the handshake.
    #[must_use]
    pub fn round_trip(&self) -> RoundTrip {
        self.round_trip.clone()
    }

    /// Whether the other side has not answered within the idle timeout.
    #[must_use]
    pub fn is_over(&self, now: Moment) -> bool {
        match &self.state {
            HandshakeState::SynSent { retry }
            | HandshakeState::SynReceived { retry, .. } => retry.is_over(now),
            HandshakeState::Listen
            | HandshakeState::Open { .. }
            | HandshakeState::Disagreed => false,
        }
    }

    fn packet(
        &self,
        body: Body,
        sequence: SequenceNumber,
        attempt: u8,
        now: Moment,
    ) -> Transmit {
        Transmit::control(self.proposal.token, attempt, sequence, body, now)
    }

    fn fields(&self, window: u32, echo: u32) -> HandshakeFields {
        let Proposal {
            size,
            segment_bytes,
            ..
        } = self.proposal;
        HandshakeFields {
            size,
            window,
            echo,
            segment_bytes,
        }
    }

    fn enter(&mut self, state: HandshakeState) {
        self.state = state;
        let state = self.state.name();
        self.log.record(|| Event::StateChanged {
            state: state.into(),
        });
    }

    fn on_syn(&mut self, packet: &Packet, theirs: &HandshakeFields, now: Moment) {
        match &mut self.state {
            HandshakeState::Listen => {
                let Some(parameters) = self.proposal.agree(theirs, packet.sequence)
                else {
                    return self.enter(HandshakeState::Disagreed);
                };
                if parameters.segment_bytes < self.proposal.segment_bytes {
                    self.go_down();
                }
                self.believe(theirs.echo);
                let known = self.round_trip.smoothed();
                let retry = Retry::new(self.proposal.chat_round_trip.or(known), now);
                self.enter(HandshakeState::SynReceived {
                    parameters,
                    echo: Some((packet.sent_at, now)),
                    retry,
                    allowance: AMPLIFICATION,
                });
            }
            // The SYN is retransmitted: our SYN-ACK was lost, or is in flight.
            HandshakeState::SynReceived {
                parameters,
                echo,
                retry,
                allowance,
            } => {
                *echo = Some((packet.sent_at, now));
                *allowance = allowance.saturating_add(AMPLIFICATION);
                retry.retry_now();
                let is_shorter = theirs.segment_bytes < parameters.segment_bytes;
                if is_shorter && self.proposal.carries(theirs.segment_bytes) {
                    parameters.segment_bytes = theirs.segment_bytes;
                    self.go_down();
                }
            }
            HandshakeState::SynSent { .. }
            | HandshakeState::Open { .. }
            | HandshakeState::Disagreed => (),
        }
    }

    fn on_syn_ack(&mut self, packet: &Packet, theirs: &HandshakeFields, now: Moment) {
        match &mut self.state {
            // It is late: this side has changed to shorter segments, and the other one
            // will too.
            HandshakeState::SynSent { .. }
                if theirs.segment_bytes > self.proposal.segment_bytes
                    && self.proposal.segment_bytes == FALLBACK_SEGMENT_BYTES => {}
            HandshakeState::SynSent { .. } => {
                let Some(parameters) = self.proposal.agree(theirs, packet.sequence)
                else {
                    return self.enter(HandshakeState::Disagreed);
                };
                self.sample_syn_ack(theirs.echo, now);
                let owed = Some((1, packet.sent_at));
                self.enter(HandshakeState::Open {
                    parameters,
                    owed,
                    attempt: 1,
                    heard: Some((packet.sent_at, now)),
                });
            }
            // The SYN-ACK is retransmitted: our ACK was lost.
            HandshakeState::Open {
                owed,
                attempt,
                heard,
                ..
            } => {
                *attempt = next_attempt(*attempt);
                *owed = Some((*attempt, packet.sent_at));
                *heard = Some((packet.sent_at, now));
            }
            HandshakeState::Listen
            | HandshakeState::SynReceived { .. }
            | HandshakeState::Disagreed => (),
        }
    }

    fn on_ack(&mut self, packet: &Packet, ack: &Acknowledgement, now: Moment) {
        let HandshakeState::SynReceived { parameters, .. } = self.state else {
            return;
        };
        if packet.sequence != parameters.first {
            return;
        }
        self.round_trip.sample_echo(ack.echo, now);
        self.enter(HandshakeState::Open {
            parameters,
            owed: None,
            attempt: 0,
            heard: None,
        });
    }
}

impl Machine for Handshake {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let first = self.proposal.first.unwrap_or_default();
        match &mut self.state {
            HandshakeState::SynSent { retry } => {
                let attempt = retry.poll(now)?;
                // A length that a user chose does not change because of losses.
                if attempt > FULL_SYNS
                    && self.proposal.segment_bytes == DEFAULT_SEGMENT_BYTES
                {
                    self.go_down();
                }
                let told = self.announced_round_trip();
                let body = Body::Syn(self.fields(self.proposal.window, told));
                Some(self.packet(body, first, attempt, now))
            }
            HandshakeState::SynReceived {
                parameters,
                echo,
                retry,
                allowance,
            } => {
                let left = allowance.checked_sub(1)?;
                let (parameters, attempt) = (*parameters, retry.poll(now)?);
                *allowance = left;
                if attempt == 1 && echo.is_none() {
                    retry.retry_now(); // No SYN elicits another one: two leave together.
                }
                let echo =
                    echo.map_or(NO_ECHO, |(echo, came)| moved_on(echo, now - came));
                let body = Body::SynAck(self.fields(parameters.window, echo));
                Some(self.packet(body, parameters.first, attempt, now))
            }
            HandshakeState::Open {
                parameters, owed, ..
            } => {
                let (attempt, echo) = owed.take()?;
                let ConnectionParameters { first, window, .. } = *parameters;
                let ranges = Vec::new();
                let body = Body::Ack(Acknowledgement {
                    echo,
                    window,
                    received: 0,
                    ranges,
                });
                Some(self.packet(body, first, attempt, now))
            }
            HandshakeState::Listen | HandshakeState::Disagreed => None,
        }
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        match &packet.body {
            Body::Syn(theirs) => self.on_syn(packet, theirs, now),
            Body::SynAck(theirs) => self.on_syn_ack(packet, theirs, now),
            Body::Ack(ack) => self.on_ack(packet, ack, now),
            Body::Nack(_)
            | Body::Data { .. }
            | Body::Fin { .. }
            | Body::FinAck { .. }
            | Body::Rst { .. } => (),
        }
    }

    fn next_timeout(&self) -> Option<Moment> {
        match &self.state {
            HandshakeState::SynSent { retry }
            | HandshakeState::SynReceived { retry, .. } => retry.next_timeout(),
            HandshakeState::Listen
            | HandshakeState::Open { .. }
            | HandshakeState::Disagreed => None,
        }
    }

    fn on_timeout(&mut self, now: Moment) {
        match &mut self.state {
            HandshakeState::SynSent { retry }
            | HandshakeState::SynReceived { retry, .. } => {
                if retry.on_timeout(now) {
                    self.log.record(|| Event::TimerExpired {
                        timer: Timer::Handshake,
                    });
                }
            }
            HandshakeState::Listen
            | HandshakeState::Open { .. }
            | HandshakeState::Disagreed => (),
        }
    }

    /// Early data for the future parameters is accepted as well.
    fn listen(&mut self) {
        self.log.listen();
        self.proposal.listening = true;
        let Proposal {
            first,
            segment_bytes,
            ..
        } = self.proposal;
        self.log.record(|| Event::ListeningBegun {
            base: 0,
            next: 0,
            ranges: Vec::new(),
            first_sequence: first.map(|first| first.0),
            segment_bytes,
        });
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.log.take()
    }
}

#[cfg(test)]
mod tests;
