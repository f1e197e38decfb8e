//! Opening in three steps: SYN, SYN-ACK, ACK.
//!
//! The client always begins, whichever way the file goes, so that its SYN opens the path
//! through a NAT. Two steps would not do: the answering side must know that its own
//! first sequence number has arrived before it counts on it.
//!
//! ```text
//!   client                                server
//!   SynSent   ------- SYN, padded ------>  Listen
//!     |       <----- SYN-ACK, padded ----  SynReceived
//!   Open      ------- ACK ------------->     |
//!                                          Open
//! ```
//!
//! The padding makes both as long as a full DATA packet: a path that cannot carry one
//! shows itself at once, and the server never answers with more than it was sent; it
//! repeats its SYN-ACK twice, and then waits for another SYN, or for the client, which
//! says its ACK again where nothing follows it. After two
//! SYNs of the default length without an answer the client's next ones are shorter, and
//! so is every DATA packet after them. Both sides then know why: the client believes no
//! SYN-ACK longer than its newest SYN, and the server answers with the shortest SYN that
//! it has seen, so a late packet of either kind cannot make them disagree. The chat
//! connection decided which side may open: only who holds the token. This machine does
//! not know addresses; the driver checks that the SYN comes from the right one.
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
    /// Whether this side says SYN.
    is_initiator: bool,
    proposal: Proposal,
    state: HandshakeState,
    round_trip: RoundTrip,
    /// SYN went again once because DATA came before its answer.
    has_retried_early: bool,
    log: EventLog,
}

/// The parameters that one side brings to the handshake: what the offer said, and its own
/// limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// In every packet of the transfer.
    pub token: Token,
    /// The file's size. Unit: bytes.
    pub size: u64,
    /// Where in the file the transfer begins, as the offer said. Unit: bytes.
    pub offset: u64,
    /// File bytes per DATA packet.
    pub segment_bytes: u16,
    /// Most packets that this side sends or takes at once.
    pub window: u32,
    /// The congestion controller.
    pub congestion: Congestion,
    /// The sender of the file brings its first sequence number, drawn at random.
    pub first: Option<SequenceNumber>,
    /// A round trip as measured on the chat connection, if it was.
    pub chat_round_trip: Option<Duration>,
    /// The rule of the retransmission timeout.
    pub timing: Timing,
    /// No ACK is held back longer than this.
    pub acknowledgement_delay: Duration,
    /// A client that downloads tells its `chat_round_trip` in SYN, so that DATA may
    /// follow the SYN-ACK without waiting for the ACK.
    pub early_data: bool,
    /// Whether the machines keep what happens.
    pub listening: bool,
}

/// SYN-ACKs for each SYN: none is longer than a SYN that came (RFC 9000 §8.1).
const AMPLIFICATION: u8 = 3;

/// SYNs of full length before shorter ones.
const FULL_SYNS: u8 = 2;

/// How far the opening has come.
#[derive(Debug)]
pub enum HandshakeState {
    /// The server waits for a SYN.
    Listen,
    /// The client has sent SYN, or is about to.
    SynSent {
        /// When it is retransmitted.
        retry: Retry,
    },
    /// The server has answered SYN-ACK, or is about to.
    SynReceived {
        /// The connection parameters if the ACK arrives.
        parameters: ConnectionParameters,
        /// The newest SYN's time stamp and when it came; none where no SYN has come.
        echo: Option<(u32, Moment)>,
        /// When it is retransmitted.
        retry: Retry,
        /// The number of copies that may still be sent before another SYN arrives.
        allowance: u8,
    },
    /// Both sides know everything.
    Open {
        /// The connection parameters.
        parameters: ConnectionParameters,
        /// The client owes an ACK: its attempt and the SYN-ACK's time stamp.
        owed: Option<(u8, u32)>,
        /// Handshake ACKs sent so far.
        attempt: u8,
        /// The client: the newest SYN-ACK's time stamp, and when it came.
        heard: Option<(u32, Moment)>,
    },
    /// The other side's terms are not those of the offer.
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

    /// Whether this side can do with segments of that length: its own, or the fallback
    /// where its own is longer.
    const fn carries(&self, segment_bytes: u16) -> bool {
        segment_bytes > 0
            && (segment_bytes == self.segment_bytes
                || self.may_go_down() && segment_bytes == FALLBACK_SEGMENT_BYTES)
    }

    const fn may_go_down(&self) -> bool {
        self.segment_bytes > FALLBACK_SEGMENT_BYTES
    }

    /// The terms that come out when the other side's opening is taken into account;
    /// `None` where the two cannot agree.
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

    /// The system does not send datagrams as long as this side's SYN or SYN-ACK; `true`
    /// where a shorter one is due instead.
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

    /// Offers shorter segments from now on, where this side may.
    fn go_down(&mut self) {
        if self.proposal.may_go_down() {
            let segment_bytes = FALLBACK_SEGMENT_BYTES;
            self.proposal.segment_bytes = segment_bytes;
            self.log.record(|| Event::MtuUpdated { segment_bytes });
        }
    }

    /// Whether this side says SYN.
    #[must_use]
    pub const fn is_initiator(&self) -> bool {
        self.is_initiator
    }

    /// A packet that the initiator sends only once it is open: its ACK was lost, or is
    /// late, and our SYN-ACK has arrived all the same.
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

    /// The other side's packets come from another address: nothing has come from there
    /// that a SYN-ACK would answer.
    pub fn on_moved(&mut self) {
        if let HandshakeState::SynReceived { allowance, .. } = &mut self.state {
            *allowance = 0;
        }
    }

    /// When the client heard the newest SYN-ACK; `None` on the server's side.
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

    /// The client says its ACK again: it may be lost, and the server may not say SYN-ACK
    /// again without another SYN.
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

    /// How far it has come.
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

    /// The round trip as the handshake measured it.
    #[must_use]
    pub fn round_trip(&self) -> RoundTrip {
        self.round_trip.clone()
    }

    /// Whether the other side has not answered for so long that it never will.
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
        let (token, sent_at) = (self.proposal.token, now.stamp());
        Transmit::control(Packet {
            token,
            number: 0,
            attempt,
            sequence,
            sent_at,
            body,
        })
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
            // Late: this side has gone down meanwhile, and the other one will too.
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
                // A length that somebody chose is not given up because of losses.
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
