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
//! not know addresses; that the SYN comes from the right one is the shell's business.
//!
//! ```
//! use sash::reliable::{Machine, moment::Moment};
//! use sash::reliable::handshake::{Handshake, Opening, Proposal};
//! let mut client = Handshake::initiate(Proposal::EXAMPLE, Moment::START);
//! assert!(matches!(client.opening(), Opening::SynSent { .. }));
//! assert_eq!(client.poll_transmit(Moment::START).unwrap().packet.attempt, 1);
//! ```
//!
//! Source: RFC 9293 §3.5; RFC 9000 §8.1 (padding against amplification), §14 (1,200 bytes
//! as what a path can be expected to carry); RFC 8899 (probing a path by its losses).

mod early;

use super::event::{Event, EventLog, Timer};
use super::ledger::moved_on;
use super::moment::Moment;
use super::retry::Retry;
use super::round_trip::{RoundTrip, Timing};
use super::terms::{MOST_SEGMENTS, Terms, next_attempt};
use super::{Machine, Transmit};
use crate::wire::digest::Token;
use crate::wire::options::{Congestion, DEFAULT_SEGMENT_BYTES, FALLBACK_SEGMENT_BYTES};
use crate::wire::packet::{Acknowledgement, Body, Opening as OpeningFields, Packet};
use crate::wire::sequence::SequenceNumber;
use std::time::Duration;

/// One side's handshake.
#[derive(Debug)]
pub struct Handshake {
    /// Whether this side says SYN.
    is_initiator: bool,
    proposal: Proposal,
    opening: Opening,
    round_trip: RoundTrip,
    /// SYN went again once because DATA came before its answer.
    has_hurried: bool,
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
pub enum Opening {
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
        terms: Terms,
        /// The SYN's time stamp.
        echo: u32,
        /// When that SYN came.
        came: Moment,
        /// When it is retransmitted.
        retry: Retry,
        /// The number of copies that may still be sent before another SYN arrives.
        allowance: u8,
    },
    /// Both sides know everything.
    Open {
        /// The connection parameters.
        terms: Terms,
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
            least: Duration::from_millis(20),
        },
        acknowledgement_delay: Duration::from_millis(10),
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
    fn agree(&self, theirs: &OpeningFields, sequence: SequenceNumber) -> Option<Terms> {
        let is_agreed = theirs.size == self.size
            && self.carries(theirs.segment_bytes)
            && theirs.size.div_ceil(u64::from(theirs.segment_bytes)) <= MOST_SEGMENTS
            && theirs.window > 0;
        is_agreed.then(|| Terms {
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
        Self::new(true, proposal, Opening::SynSent { retry })
    }

    /// The server's side: waits for a SYN.
    #[must_use]
    pub const fn respond(proposal: Proposal) -> Self {
        Self::new(false, proposal, Opening::Listen)
    }

    const fn new(is_initiator: bool, proposal: Proposal, opening: Opening) -> Self {
        let round_trip = RoundTrip::timed(proposal.timing);
        Self {
            is_initiator,
            proposal,
            opening,
            round_trip,
            has_hurried: false,
            log: EventLog::new(proposal.listening),
        }
    }

    /// The system does not send datagrams as long as this side's SYN or SYN-ACK; `true`
    /// where a shorter one is due instead.
    pub fn on_too_long(&mut self) -> bool {
        if !self.proposal.may_go_down() {
            return false;
        }
        match &mut self.opening {
            Opening::SynSent { retry } => retry.hurry(),
            Opening::SynReceived { terms, retry, .. } => {
                terms.segment_bytes = FALLBACK_SEGMENT_BYTES;
                retry.hurry();
            }
            Opening::Listen | Opening::Open { .. } | Opening::Disagreed => return false,
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
        if let Opening::SynReceived { terms, .. } = self.opening {
            self.enter(Opening::Open {
                terms,
                owed: None,
                attempt: 0,
                heard: None,
            });
        }
    }

    /// The other side's packets come from another address: nothing has come from there
    /// that a SYN-ACK would answer.
    pub fn on_moved(&mut self) {
        if let Opening::SynReceived { allowance, .. } = &mut self.opening {
            *allowance = 0;
        }
    }

    /// When the client heard the newest SYN-ACK; `None` on the server's side.
    #[must_use]
    pub fn answered_at(&self) -> Option<Moment> {
        match &self.opening {
            Opening::Open { heard, .. } => heard.map(|(_, came)| came),
            Opening::Listen
            | Opening::SynSent { .. }
            | Opening::SynReceived { .. }
            | Opening::Disagreed => None,
        }
    }

    /// The client says its ACK again: it may be lost, and the server may not say SYN-ACK
    /// again without another SYN.
    pub fn repeat(&mut self, now: Moment) {
        if let Opening::Open {
            owed,
            attempt,
            heard: Some((sent_at, came)),
            ..
        } = &mut self.opening
        {
            *attempt = next_attempt(*attempt);
            *owed = Some((*attempt, moved_on(*sent_at, now - *came)));
        }
    }

    /// How far it has come.
    #[must_use]
    pub const fn opening(&self) -> &Opening {
        &self.opening
    }

    /// The connection parameters, once the connection is open.
    #[must_use]
    pub const fn terms(&self) -> Option<Terms> {
        match &self.opening {
            Opening::Open { terms, .. } => Some(*terms),
            Opening::Listen
            | Opening::SynSent { .. }
            | Opening::SynReceived { .. }
            | Opening::Disagreed => None,
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
        match &self.opening {
            Opening::SynSent { retry } | Opening::SynReceived { retry, .. } => {
                retry.is_over(now)
            }
            Opening::Listen | Opening::Open { .. } | Opening::Disagreed => false,
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

    fn fields(&self, window: u32, echo: u32) -> OpeningFields {
        let Proposal {
            size,
            segment_bytes,
            ..
        } = self.proposal;
        OpeningFields {
            size,
            window,
            echo,
            segment_bytes,
        }
    }

    fn enter(&mut self, opening: Opening) {
        self.opening = opening;
        let state = self.opening.name();
        self.log.record(|| Event::StateChanged {
            state: state.into(),
        });
    }

    fn on_syn(&mut self, packet: &Packet, theirs: &OpeningFields, now: Moment) {
        match &mut self.opening {
            Opening::Listen => {
                let Some(terms) = self.proposal.agree(theirs, packet.sequence) else {
                    return self.enter(Opening::Disagreed);
                };
                if terms.segment_bytes < self.proposal.segment_bytes {
                    self.go_down();
                }
                self.believe(theirs.echo);
                let known = self.round_trip.smoothed();
                let retry = Retry::new(self.proposal.chat_round_trip.or(known), now);
                self.enter(Opening::SynReceived {
                    terms,
                    echo: packet.sent_at,
                    came: now,
                    retry,
                    allowance: AMPLIFICATION,
                });
            }
            // The SYN is retransmitted: our SYN-ACK was lost, or is in flight.
            Opening::SynReceived {
                terms,
                echo,
                came,
                retry,
                allowance,
            } => {
                (*echo, *came) = (packet.sent_at, now);
                *allowance = allowance.saturating_add(AMPLIFICATION);
                retry.hurry();
                let is_shorter = theirs.segment_bytes < terms.segment_bytes;
                if is_shorter && self.proposal.carries(theirs.segment_bytes) {
                    terms.segment_bytes = theirs.segment_bytes;
                    self.go_down();
                }
            }
            Opening::SynSent { .. } | Opening::Open { .. } | Opening::Disagreed => (),
        }
    }

    fn on_syn_ack(&mut self, packet: &Packet, theirs: &OpeningFields, now: Moment) {
        match &mut self.opening {
            // Late: this side has gone down meanwhile, and the other one will too.
            Opening::SynSent { .. }
                if theirs.segment_bytes > self.proposal.segment_bytes
                    && self.proposal.segment_bytes == FALLBACK_SEGMENT_BYTES => {}
            Opening::SynSent { .. } => {
                let Some(terms) = self.proposal.agree(theirs, packet.sequence) else {
                    return self.enter(Opening::Disagreed);
                };
                self.round_trip.sample_echo(theirs.echo, now);
                let owed = Some((1, packet.sent_at));
                self.enter(Opening::Open {
                    terms,
                    owed,
                    attempt: 1,
                    heard: Some((packet.sent_at, now)),
                });
            }
            // The SYN-ACK is retransmitted: our ACK was lost.
            Opening::Open {
                owed,
                attempt,
                heard,
                ..
            } => {
                *attempt = next_attempt(*attempt);
                *owed = Some((*attempt, packet.sent_at));
                *heard = Some((packet.sent_at, now));
            }
            Opening::Listen | Opening::SynReceived { .. } | Opening::Disagreed => (),
        }
    }

    fn on_ack(&mut self, packet: &Packet, ack: &Acknowledgement, now: Moment) {
        let Opening::SynReceived { terms, .. } = self.opening else {
            return;
        };
        if packet.sequence != terms.first {
            return;
        }
        self.round_trip.sample_echo(ack.echo, now);
        self.enter(Opening::Open {
            terms,
            owed: None,
            attempt: 0,
            heard: None,
        });
    }
}

impl Machine for Handshake {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let first = self.proposal.first.unwrap_or_default();
        match &mut self.opening {
            Opening::SynSent { retry } => {
                let attempt = retry.poll(now)?;
                // A length that somebody chose is not given up because of losses.
                if attempt > FULL_SYNS
                    && self.proposal.segment_bytes == DEFAULT_SEGMENT_BYTES
                {
                    self.go_down();
                }
                let told = self.told_round_trip();
                let body = Body::Syn(self.fields(self.proposal.window, told));
                Some(self.packet(body, first, attempt, now))
            }
            Opening::SynReceived {
                terms,
                echo,
                came,
                retry,
                allowance,
            } => {
                let left = allowance.checked_sub(1)?;
                let (terms, attempt) = (*terms, retry.poll(now)?);
                *allowance = left;
                let echo = moved_on(*echo, now - *came);
                let body = Body::SynAck(self.fields(terms.window, echo));
                Some(self.packet(body, terms.first, attempt, now))
            }
            Opening::Open { terms, owed, .. } => {
                let (attempt, echo) = owed.take()?;
                let Terms { first, window, .. } = *terms;
                let ranges = Vec::new();
                let body = Body::Ack(Acknowledgement {
                    echo,
                    window,
                    received: 0,
                    ranges,
                });
                Some(self.packet(body, first, attempt, now))
            }
            Opening::Listen | Opening::Disagreed => None,
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
        match &self.opening {
            Opening::SynSent { retry } | Opening::SynReceived { retry, .. } => {
                retry.next_timeout()
            }
            Opening::Listen | Opening::Open { .. } | Opening::Disagreed => None,
        }
    }

    fn on_timeout(&mut self, now: Moment) {
        match &mut self.opening {
            Opening::SynSent { retry } | Opening::SynReceived { retry, .. } => {
                if retry.on_timeout(now) {
                    self.log.record(|| Event::TimerExpired {
                        timer: Timer::Handshake,
                    });
                }
            }
            Opening::Listen | Opening::Open { .. } | Opening::Disagreed => (),
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
            first_sequence: first.map(|first| first.0),
            segment_bytes,
        });
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.log.take()
    }
}

impl Opening {
    /// The state's name in journals.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::SynSent { .. } => "syn-sent",
            Self::SynReceived { .. } => "syn-received",
            Self::Open { .. } => "open",
            Self::Disagreed => "disagreed",
        }
    }
}

#[cfg(test)]
mod tests;
