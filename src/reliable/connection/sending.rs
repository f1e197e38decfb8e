//! The sender's whole connection: opening, DATA, FIN.
//!
//! Source: RFC 9293 §3.5, §3.6; report chapter `reliable/connection`.

mod early;

use super::super::event::{Event, EventLog, GateState, Ignored, PacketName, Timer};
use super::super::gate::{self, Gate};
use super::super::handshake::{Handshake, Opening, Proposal};
use super::super::moment::Moment;
use super::super::retry::{PATIENCE, Retry};
use super::super::terms::Terms;
use super::super::{Machine, SendingMachine, Transmit, earliest};
use super::{FIN_HAS_COME, Failure, Outcome, sender};
use crate::wire::digest::Digest;
use crate::wire::message::Progress;
use crate::wire::options::Arq;
use crate::wire::packet::{Acknowledgement, Body, Packet, Reset};

/// The sending side of one transfer.
#[derive(Debug)]
pub struct Sending {
    arq: Arq,
    proposal: Proposal,
    handshake: Handshake,
    phase: Phase,
    /// The file's SHA-256, once somebody has worked it out.
    digest: Option<Digest>,
    /// When the other side last said something that we believed.
    heard_at: Moment,
    /// An RST to be sent.
    farewell: Option<Reset>,
    /// Whether DATA may flow.
    gate: Gate,
    last_progress: Progress,
    log: EventLog,
}

/// The state of the connection.
enum Phase {
    /// The handshake is in progress.
    Opening,
    /// DATA goes out, ACKs come in.
    Transferring {
        /// The connection parameters.
        terms: Terms,
        /// The protocol's sender.
        machine: Box<dyn SendingMachine>,
        /// FIN has left already, behind the last segment: when it is retransmitted, once
        /// everything is acknowledged.
        early: Option<Retry>,
    },
    /// Everything is acknowledged; FIN waits for the file's digest.
    AwaitingDigest {
        /// The connection parameters.
        terms: Terms,
    },
    /// FIN is in flight.
    Closing {
        /// The connection parameters.
        terms: Terms,
        /// The content of FIN.
        digest: Digest,
        /// When it is retransmitted.
        retry: Retry,
    },
    /// It is over.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

impl Sending {
    /// The server's side of a download: waits for a SYN. `proposal.first` must be given.
    #[must_use]
    pub fn respond(arq: Arq, proposal: Proposal, now: Moment) -> Self {
        Self::new(arq, proposal, Handshake::respond(proposal), now)
    }

    /// The client's side of an upload: SYN is due at once. `proposal.first` must be
    /// given.
    #[must_use]
    pub fn initiate(arq: Arq, proposal: Proposal, now: Moment) -> Self {
        Self::new(arq, proposal, Handshake::initiate(proposal, now), now)
    }

    fn new(arq: Arq, proposal: Proposal, handshake: Handshake, now: Moment) -> Self {
        Self {
            arq,
            proposal,
            handshake,
            phase: Phase::Opening,
            digest: None,
            heard_at: now,
            farewell: None,
            gate: Gate::default(),
            last_progress: Progress::default(),
            log: EventLog::new(proposal.listening),
        }
    }

    /// The file's digest is known now.
    pub fn set_digest(&mut self, digest: Digest, now: Moment) {
        self.digest = Some(digest);
        self.advance(now);
    }

    /// The receiver's own word came another way (the chat connection): the wait is over.
    /// Before FIN was sent no receiver can know, so it is not believed.
    pub fn set_verdict(&mut self, verified: bool) {
        match self.phase {
            Phase::Transferring { early: Some(_), .. } | Phase::Closing { .. } => {
                self.end(verdict(verified));
            }
            Phase::Opening
            | Phase::Transferring { early: None, .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Ended { .. } => (),
        }
    }

    /// Sends no DATA until it is taken back; the other side is probed meanwhile, so that
    /// both know that the other is alive.
    pub fn set_paused(&mut self, is_paused: bool, now: Moment) {
        let before = self.gate.state();
        self.gate.set_paused(is_paused, now);
        self.turn(before, now);
    }

    /// Whether this side is paused.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.gate.is_paused()
    }

    /// Records that the gate opened or closed, and lets the protocol start again.
    fn turn(&mut self, before: GateState, now: Moment) {
        let gate = self.gate.state();
        if gate == before {
            return;
        }
        self.log.record(|| Event::DataBlockedUpdated { gate });
        if let Phase::Transferring { machine, .. } = &mut self.phase
            && gate == GateState::Open
        {
            machine.restart(now);
        }
    }

    /// Ends it here, telling the other side why.
    pub fn reset(&mut self, why: Reset) {
        if self.outcome().is_none() {
            self.farewell = self.terms().is_some().then_some(why);
            self.end(Outcome::Failed(Failure::ResetByUs(why)));
        }
    }

    /// A datagram of this transfer arrived damaged: an ACK is lost, no more.
    pub fn on_damage(&mut self) {
        self.log.record(|| Event::PacketDamaged);
    }

    /// A datagram with this transfer's token came that the other side has not made. It is
    /// no sign of life either.
    pub fn on_forgery(&mut self, packet: PacketName) {
        let why = Ignored::Forged;
        self.log.record(|| Event::PacketIgnored { packet, why });
    }

    /// See [`Handshake::on_moved`].
    pub fn on_moved(&mut self) {
        self.handshake.on_moved();
    }

    /// See [`Handshake::on_too_long`].
    pub fn on_too_long(&mut self, now: Moment) -> bool {
        let goes_down = self.handshake.on_too_long();
        self.begin_anew_if_shorter(now);
        goes_down
    }

    /// How it ended, once it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.phase {
            Phase::Ended { outcome } => Some(outcome),
            Phase::Opening
            | Phase::Transferring { .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Closing { .. } => None,
        }
    }

    /// Whether the handshake is over.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.terms().is_some()
    }

    /// The figures so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match &self.phase {
            Phase::Transferring { machine, .. } => machine.progress(),
            Phase::Opening
            | Phase::AwaitingDigest { .. }
            | Phase::Closing { .. }
            | Phase::Ended { .. } => self.last_progress,
        }
    }

    const fn terms(&self) -> Option<Terms> {
        self.handshake.terms()
    }

    fn enter(&mut self, phase: Phase) {
        self.last_progress = self.progress();
        self.phase = phase;
        let state = self.phase.name();
        self.log.record(|| Event::StateChanged {
            state: state.into(),
        });
    }

    fn end(&mut self, outcome: Outcome) {
        self.enter(Phase::Ended { outcome });
        if let (Outcome::Verified, Some(terms)) = (outcome, self.terms()) {
            self.last_progress.acked_bytes = terms.size; // Even if ACKs were lost.
        }
    }

    /// Goes on to the next phase where this one is done; an empty file passes several.
    fn advance(&mut self, now: Moment) {
        if matches!(self.phase, Phase::Opening)
            && let Some(terms) = self.terms().or_else(|| self.early_terms())
        {
            let listening = self.log.is_listening();
            let terms = Terms { listening, ..terms };
            let machine = sender(self.arq, terms, &self.handshake);
            self.enter(Phase::Transferring {
                terms,
                machine,
                early: None,
            });
        }
        if let Phase::Transferring {
            terms,
            machine,
            early,
        } = &mut self.phase
            && machine.is_finished()
        {
            let (terms, early) = (*terms, early.take());
            self.enter(match (early, self.digest) {
                (Some(retry), Some(digest)) => Phase::Closing {
                    terms,
                    digest,
                    retry,
                },
                _ => Phase::AwaitingDigest { terms },
            });
        }
        if let Phase::AwaitingDigest { terms } = &self.phase
            && let Some(digest) = self.digest
        {
            let terms = *terms;
            let retry = retry(&self.handshake, now);
            self.enter(Phase::Closing {
                terms,
                digest,
                retry,
            });
        }
    }

    /// FIN goes behind the last segment, where it may: a round trip sooner than behind
    /// the last ACK.
    fn poll_early_fin(&mut self, now: Moment) -> Option<Transmit> {
        let Phase::Transferring {
            terms,
            machine,
            early: early @ None,
        } = &mut self.phase
        else {
            return None;
        };
        let digest = self.digest.filter(|_| machine.has_room_for_fin())?;
        let retry = early.insert(retry(&self.handshake, now));
        retry
            .poll(now)
            .map(|attempt| fin(terms, digest, attempt, now))
    }

    fn ignore(&mut self, packet: &Packet, why: Ignored) {
        let packet = PacketName::from(packet);
        self.log.record(|| Event::PacketIgnored { packet, why });
    }

    fn on_reset(&mut self, packet: &Packet, why: Reset) {
        let is_exact = self
            .terms()
            .is_some_and(|terms| packet.sequence == terms.first);
        match self.phase {
            Phase::Transferring { .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Closing { .. }
                if is_exact =>
            {
                self.end(Outcome::Failed(Failure::ResetByPeer(why)));
            }
            Phase::Opening
            | Phase::Transferring { .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Closing { .. }
            | Phase::Ended { .. } => self.ignore(packet, Ignored::InexactReset),
        }
    }

    fn on_fin_ack(&mut self, packet: &Packet, verified: bool) {
        match &self.phase {
            Phase::Closing { terms, .. }
            | Phase::Transferring {
                terms,
                early: Some(_),
                ..
            } if packet.sequence == terms.end() => {
                self.end(verdict(verified));
            }
            Phase::Opening
            | Phase::Transferring { .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Closing { .. }
            | Phase::Ended { .. } => self.ignore(packet, Ignored::OutOfPlace),
        }
    }

    fn on_acknowledgement(
        &mut self,
        packet: &Packet,
        ack: &Acknowledgement,
        now: Moment,
    ) {
        match &mut self.phase {
            Phase::Opening => self.handshake.on_packet(packet, now),
            Phase::Transferring {
                terms,
                machine,
                early,
            } => {
                machine.on_packet(packet, now);
                self.log.append(|| machine.take_events());
                let acked = u64::from(terms.index(packet.sequence));
                if acked <= machine.progress().sent_packets {
                    self.handshake.on_packet(packet, now);
                    self.handshake.on_later_packet(); // Only a SYN-ACK tells the number.
                }
                if let Some(retry) = early {
                    retry.be_patient(now);
                    if packet.number == FIN_HAS_COME {
                        retry.put_off(now);
                    }
                }
                if acked <= machine.progress().sent_packets {
                    let before = self.gate.state();
                    self.gate.set_window(ack.window, packet.sent_at, now);
                    self.turn(before, now);
                }
            }
            // The receiver is alive and busy with its disk.
            Phase::Closing { terms, retry, .. } if packet.sequence == terms.end() => {
                retry.be_patient(now);
            }
            Phase::Closing { .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Ended { .. } => {}
        }
    }

    fn has_lost_patience(&self, now: Moment) -> bool {
        now >= self.heard_at + PATIENCE
    }

    /// The packets that the handshake has to send: where this side began it, also later,
    /// as the other side may not have heard our ACK.
    fn poll_handshake(&mut self, now: Moment) -> Option<Transmit> {
        match self.phase {
            Phase::Opening
            | Phase::Transferring { .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Closing { .. } => self.handshake.poll_transmit(now),
            Phase::Ended { .. } => None,
        }
    }

    /// The packet that this phase itself has to send.
    fn poll_phase(&mut self, now: Moment) -> Option<Transmit> {
        if self.awaits_proof() {
            return None;
        }
        match &mut self.phase {
            Phase::Transferring { machine, .. } if self.gate.is_open() => machine
                .poll_transmit(now)
                .or_else(|| self.poll_early_fin(now)),
            Phase::Transferring { terms, .. } => {
                let attempt = self.gate.poll(now);
                attempt.map(|attempt| gate::probe(terms, attempt, now))
            }
            Phase::Closing {
                terms,
                digest,
                retry,
            } => retry
                .poll(now)
                .map(|attempt| fin(terms, *digest, attempt, now)),
            Phase::Ended { .. } => self.farewell(now),
            Phase::Opening | Phase::AwaitingDigest { .. } => None,
        }
    }

    fn farewell(&mut self, now: Moment) -> Option<Transmit> {
        let why = self.farewell.take()?;
        let terms = self.terms()?;
        Some(Transmit::control(Packet {
            token: terms.token,
            number: 0,
            attempt: 1,
            sequence: terms.first,
            sent_at: now.stamp(),
            body: Body::Rst { why },
        }))
    }
}

/// FIN's, due now.
fn retry(handshake: &Handshake, now: Moment) -> Retry {
    Retry::new(handshake.round_trip().smoothed(), now)
}

fn fin(terms: &Terms, digest: Digest, attempt: u8, now: Moment) -> Transmit {
    Transmit::control(Packet {
        token: terms.token,
        number: 0,
        attempt,
        sequence: terms.end(),
        sent_at: now.stamp(),
        body: Body::Fin { digest },
    })
}

const fn verdict(verified: bool) -> Outcome {
    if verified {
        Outcome::Verified
    } else {
        Outcome::Damaged
    }
}

impl Machine for Sending {
    fn poll_transmit(&mut self, now: Moment) -> Option<Transmit> {
        let transmit = self.poll_handshake(now).or_else(|| self.poll_phase(now))?;
        let name = PacketName::from(&transmit.packet);
        self.log.record(|| Event::PacketSent(name));
        Some(transmit)
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        if packet.token != self.proposal.token {
            return self.ignore(packet, Ignored::WrongToken);
        }
        let name = PacketName::from(packet);
        self.log.record(|| Event::PacketReceived(name));
        self.heard_at = now;
        match &packet.body {
            Body::Syn(_) if !self.handshake.is_initiator() => {
                self.handshake.on_packet(packet, now);
            }
            Body::SynAck(_) if self.handshake.is_initiator() => {
                self.handshake.on_packet(packet, now);
            }
            Body::Ack(ack) | Body::Nack(ack) => {
                self.on_acknowledgement(packet, ack, now);
            }
            Body::FinAck { verified } => self.on_fin_ack(packet, *verified),
            Body::Rst { why } => self.on_reset(packet, *why),
            Body::Syn(_) | Body::SynAck(_) | Body::Data { .. } | Body::Fin { .. } => {
                self.ignore(packet, Ignored::OutOfPlace);
            }
        }
        self.log.append(|| self.handshake.take_events());
        if matches!(self.handshake.opening(), Opening::Disagreed) {
            self.reset(Reset::BadTerms);
        }
        self.begin_anew_if_shorter(now);
        self.advance(now);
    }

    fn next_timeout(&self) -> Option<Moment> {
        let patience = Some(self.heard_at + PATIENCE);
        match &self.phase {
            Phase::Opening => earliest([self.handshake.next_timeout(), patience]),
            Phase::Transferring { .. } if self.awaits_proof() => {
                earliest([self.handshake.next_timeout(), patience])
            }
            Phase::Transferring { machine, .. } if self.gate.is_open() => earliest([
                machine.next_timeout(),
                self.handshake.next_timeout(),
                patience,
            ]),
            Phase::Transferring { .. } => earliest([self.gate.next_timeout(), patience]),
            Phase::Closing { retry, .. } => retry.next_timeout(),
            Phase::AwaitingDigest { .. } | Phase::Ended { .. } => None,
        }
    }

    fn on_timeout(&mut self, now: Moment) {
        match &mut self.phase {
            Phase::Opening => {
                self.handshake.on_timeout(now);
                self.log.append(|| self.handshake.take_events());
                if self.handshake.is_over(now) || self.has_lost_patience(now) {
                    self.end(Outcome::Failed(Failure::NoAnswer));
                }
            }
            Phase::Transferring { machine, early, .. } => {
                let has_said_fin = early.is_some();
                self.handshake.on_timeout(now); // Its SYN-ACK may not be answered yet.
                if self.gate.is_open() {
                    machine.on_timeout(now);
                    self.log.append(|| machine.take_events());
                } else if self.gate.on_timeout(now) {
                    let timer = Timer::Probe;
                    self.log.record(|| Event::TimerExpired { timer });
                }
                if self.has_lost_patience(now) {
                    self.log.record(|| Event::TimerExpired {
                        timer: Timer::Silence,
                    });
                    self.end(if has_said_fin {
                        Outcome::Unknown
                    } else {
                        Outcome::Failed(Failure::Silence)
                    });
                }
            }
            Phase::Closing { retry, .. } => {
                if retry.is_over(now) {
                    self.end(Outcome::Unknown);
                } else if retry.on_timeout(now) {
                    self.log.record(|| Event::TimerExpired {
                        timer: Timer::Closing,
                    });
                }
            }
            Phase::AwaitingDigest { .. } | Phase::Ended { .. } => (),
        }
    }

    fn listen(&mut self) {
        self.log.listen();
        match &mut self.phase {
            Phase::Opening => {
                self.handshake.listen();
                self.log.append(|| self.handshake.take_events());
            }
            Phase::Transferring { machine, .. } => {
                machine.listen();
                self.log.append(|| machine.take_events());
            }
            Phase::AwaitingDigest { terms } | Phase::Closing { terms, .. } => {
                let end = terms.end();
                self.log.record(|| terms.listening_begun(end, end));
            }
            Phase::Ended { .. } => {}
        }
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.log.take()
    }
}

impl Phase {
    /// The phase's name in journals.
    const fn name(&self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Transferring { .. } => "transferring",
            Self::AwaitingDigest { .. } => "awaiting-digest",
            Self::Closing { .. } => "closing",
            Self::Ended { .. } => "ended",
        }
    }
}

impl std::fmt::Debug for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
