//! The sender's whole connection: handshake, DATA, FIN.
//!
//! Source: RFC 9293 §3.5, §3.6; report chapter `reliable/connection`.

mod early;
mod phase;

use super::super::connection_parameters::ConnectionParameters;
use super::super::event::{Event, EventLog, FlowControlState, Ignored};
use super::super::event::{PacketName, Timer};
use super::super::flow_control::{self, FlowControl};
use super::super::handshake::{Handshake, HandshakeState, Proposal};
use super::super::moment::Moment;
use super::super::retry::{IDLE_TIMEOUT, Retry};
use super::super::{Machine, SendingMachine, Transmit, earliest};
use super::{Failure, Outcome, sender};
use crate::wire::digest::Digest;
use crate::wire::message::Progress;
use crate::wire::options::Arq;
use crate::wire::packet::{Acknowledgement, Body, Packet, Reset, UNCOUNTED};

/// The sending side of one transfer.
#[derive(Debug)]
pub struct Sending {
    arq: Arq,
    proposal: Proposal,
    handshake: Handshake,
    phase: Phase,
    /// The file's SHA-256, once it has been computed.
    digest: Option<Digest>,
    /// When the last valid packet arrived.
    heard_at: Moment,
    /// An RST to be sent.
    pending_reset: Option<Reset>,
    /// Whether DATA may flow.
    flow_control: FlowControl,
    last_progress: Progress,
    /// It began without a SYN, at a port that may not be the client's.
    is_unasked: bool,
    log: EventLog,
}

/// The state of the connection.
enum Phase {
    /// The handshake is in progress.
    Handshake,
    /// DATA is sent and acknowledged.
    Transferring {
        /// The connection parameters.
        parameters: ConnectionParameters,
        /// The protocol's sender.
        machine: Box<dyn SendingMachine>,
        /// FIN was sent after the last segment; its timer, once everything is
        /// acknowledged.
        early: Option<Retry>,
    },
    /// Everything is acknowledged; FIN waits for the file's digest.
    AwaitingDigest {
        /// The connection parameters.
        parameters: ConnectionParameters,
    },
    /// FIN is in flight.
    Closing {
        /// The connection parameters.
        parameters: ConnectionParameters,
        /// The content of FIN.
        digest: Digest,
        /// Its retransmission timer.
        retry: Retry,
    },
    /// The connection has ended.
    Ended {
        /// Its outcome.
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
            phase: Phase::Handshake,
            digest: None,
            heard_at: now,
            pending_reset: None,
            flow_control: FlowControl::default(),
            last_progress: Progress::default(),
            is_unasked: false,
            log: EventLog::new(proposal.listening),
        }
    }

    /// The file's digest is known now.
    pub fn set_digest(&mut self, digest: Digest, now: Moment) {
        self.digest = Some(digest);
        self.advance(now);
    }

    /// The verdict arrived over the chat connection, so the wait is over. Before FIN was
    /// sent no receiver can know the verdict, so it is not believed.
    pub fn set_verdict(&mut self, verified: bool) {
        match self.phase {
            Phase::Transferring { early: Some(_), .. } | Phase::Closing { .. } => {
                self.end(verdict(verified));
            }
            Phase::Handshake
            | Phase::Transferring { early: None, .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Ended { .. } => (),
        }
    }

    /// Pauses or resumes. A paused sender sends no DATA, only window probes, so that both
    /// sides know that the other one is alive.
    pub fn set_paused(&mut self, is_paused: bool, now: Moment) {
        let before = self.flow_control.state();
        self.flow_control.set_paused(is_paused, now);
        self.turn(before, now);
    }

    /// Whether this side is paused.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.flow_control.is_paused()
    }

    /// Records that the gate opened or closed, and restarts the protocol.
    fn turn(&mut self, before: FlowControlState, now: Moment) {
        let flow_control = self.flow_control.state();
        if flow_control == before {
            return;
        }
        self.log
            .record(|| Event::DataBlockedUpdated { flow_control });
        if let Phase::Transferring { machine, .. } = &mut self.phase
            && flow_control == FlowControlState::Open
        {
            machine.restart(now);
        }
    }

    /// Ends the connection with an RST that contains the reason.
    pub fn reset(&mut self, why: Reset) {
        if self.outcome().is_none() {
            self.pending_reset = self.parameters().is_some().then_some(why);
            self.end(Outcome::Failed(Failure::ResetByUs(why)));
        }
    }

    /// A datagram of this transfer arrived corrupt, which counts as a lost ACK. It is
    /// empty if a link in the event log corrupted it.
    pub fn on_damage(&mut self, datagram: &[u8]) {
        self.log.record(|| Event::damaged(datagram));
    }

    /// A datagram with this transfer's token but without a valid MAC arrived. It does not
    /// restart the idle timeout.
    pub fn on_forgery(&mut self, packet: PacketName, datagram: &[u8]) {
        self.log.record(|| Event::forged(packet, datagram));
    }

    /// See [`Handshake::on_too_long`].
    pub fn on_too_long(&mut self, now: Moment) -> bool {
        let goes_down = self.handshake.on_too_long();
        self.begin_anew_if_shorter(now);
        goes_down
    }

    /// The outcome, once the connection has ended.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.phase {
            Phase::Ended { outcome } => Some(outcome),
            Phase::Handshake
            | Phase::Transferring { .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Closing { .. } => None,
        }
    }

    /// Whether the handshake is complete.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.parameters().is_some()
    }

    /// The counters so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match &self.phase {
            Phase::Transferring { machine, .. } => machine.progress(),
            Phase::Handshake
            | Phase::AwaitingDigest { .. }
            | Phase::Closing { .. }
            | Phase::Ended { .. } => self.last_progress,
        }
    }

    const fn parameters(&self) -> Option<ConnectionParameters> {
        self.handshake.parameters()
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
        if let (Outcome::Verified, Some(parameters)) = (outcome, self.parameters()) {
            self.last_progress.acked_bytes = parameters.size; // Even if ACKs were lost.
        }
    }

    /// Enters the next phase if this one is complete; an empty file passes several.
    fn advance(&mut self, now: Moment) {
        if matches!(self.phase, Phase::Handshake)
            && let Some(parameters) =
                self.parameters().or_else(|| self.early_parameters())
        {
            let listening = self.log.is_listening();
            let parameters = ConnectionParameters {
                listening,
                ..parameters
            };
            let machine = sender(self.arq, parameters, &self.handshake);
            self.enter(Phase::Transferring {
                parameters,
                machine,
                early: None,
            });
        }
        if let Phase::Transferring {
            parameters,
            machine,
            early,
        } = &mut self.phase
            && machine.is_finished()
        {
            let (parameters, early) = (*parameters, early.take());
            self.enter(match (early, self.digest) {
                (Some(retry), Some(digest)) => Phase::Closing {
                    parameters,
                    digest,
                    retry,
                },
                _ => Phase::AwaitingDigest { parameters },
            });
        }
        if let Phase::AwaitingDigest { parameters } = &self.phase
            && let Some(digest) = self.digest
        {
            let parameters = *parameters;
            let retry = retry(&self.handshake, now);
            self.enter(Phase::Closing {
                parameters,
                digest,
                retry,
            });
        }
    }

    /// Sends FIN directly after the last segment, if allowed: this saves a round trip.
    fn poll_early_fin(&mut self, now: Moment) -> Option<Transmit> {
        let Phase::Transferring {
            parameters,
            machine,
            early: early @ None,
        } = &mut self.phase
        else {
            return None;
        };
        let digest = self.digest.filter(|_| machine.may_send_early_fin())?;
        let retry = early.insert(retry(&self.handshake, now));
        retry
            .poll(now)
            .map(|attempt| fin(parameters, digest, attempt, now))
    }

    fn ignore(&mut self, packet: &Packet, why: Ignored) {
        self.log.record(|| Event::ignored(packet, why));
    }

    fn on_reset(&mut self, packet: &Packet, why: Reset) {
        let is_exact = self
            .parameters()
            .is_some_and(|parameters| packet.sequence == parameters.first);
        match self.phase {
            Phase::Transferring { .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Closing { .. }
                if is_exact =>
            {
                self.end(Outcome::Failed(Failure::ResetByPeer(why)));
            }
            Phase::Handshake
            | Phase::Transferring { .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Closing { .. }
            | Phase::Ended { .. } => self.ignore(packet, Ignored::InexactReset),
        }
    }

    fn on_fin_ack(&mut self, packet: &Packet, verified: bool) {
        match &self.phase {
            Phase::Closing { parameters, .. }
            | Phase::Transferring {
                parameters,
                early: Some(_),
                ..
            } if packet.sequence == parameters.end() => {
                self.end(verdict(verified));
            }
            Phase::Handshake
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
            Phase::Handshake => self.handshake.on_packet(packet, now),
            Phase::Transferring { machine, early, .. } => {
                let is_believed = machine.believes(packet, ack);
                machine.on_packet(packet, now);
                self.log.append(|| machine.take_events());
                if !is_believed {
                    return;
                }
                self.handshake.on_packet(packet, now);
                self.handshake.on_later_packet(); // Only a SYN-ACK has the number.
                if let Some(retry) = early {
                    retry.extend(now);
                    if packet.number == UNCOUNTED {
                        retry.postpone(now);
                    }
                }
                let before = self.flow_control.state();
                self.flow_control
                    .set_window(ack.window, packet.sent_at, now);
                self.turn(before, now);
            }
            // The receiver is alive and busy with its disk.
            Phase::Closing {
                parameters, retry, ..
            } if packet.sequence == parameters.end() => {
                retry.extend(now);
            }
            Phase::Closing { .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Ended { .. } => {}
        }
    }

    fn is_idle_too_long(&self, now: Moment) -> bool {
        now >= self.heard_at + IDLE_TIMEOUT
    }

    /// The next packet of the handshake. A client also sends it later, because its ACK
    /// may have been lost.
    fn poll_handshake(&mut self, now: Moment) -> Option<Transmit> {
        match self.phase {
            Phase::Handshake
            | Phase::Transferring { .. }
            | Phase::AwaitingDigest { .. }
            | Phase::Closing { .. } => self.handshake.poll_transmit(now),
            Phase::Ended { .. } => None,
        }
    }

    /// The next packet of this phase.
    fn poll_phase(&mut self, now: Moment) -> Option<Transmit> {
        if self.awaits_proof() {
            return None;
        }
        match &mut self.phase {
            Phase::Transferring { machine, .. } if self.flow_control.is_open() => machine
                .poll_transmit(now)
                .or_else(|| self.poll_early_fin(now)),
            Phase::Transferring { parameters, .. } => {
                let attempt = self.flow_control.poll(now);
                attempt
                    .map(|attempt| flow_control::window_probe(parameters, attempt, now))
            }
            Phase::Closing {
                parameters,
                digest,
                retry,
            } => retry
                .poll(now)
                .map(|attempt| fin(parameters, *digest, attempt, now)),
            Phase::Ended { .. } => self.poll_reset(now),
            Phase::Handshake | Phase::AwaitingDigest { .. } => None,
        }
    }

    fn poll_reset(&mut self, now: Moment) -> Option<Transmit> {
        let why = self.pending_reset.take()?;
        let parameters = self.parameters()?;
        let (token, first, body) =
            (parameters.token, parameters.first, Body::Rst { why });
        Some(Transmit::control(token, 1, first, body, now))
    }
}

/// FIN's, due now.
fn retry(handshake: &Handshake, now: Moment) -> Retry {
    Retry::new(handshake.round_trip().smoothed(), now)
}

fn fin(
    parameters: &ConnectionParameters,
    digest: Digest,
    attempt: u8,
    now: Moment,
) -> Transmit {
    let body = Body::Fin { digest };
    Transmit::control(parameters.token, attempt, parameters.end(), body, now)
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
        self.log
            .record(|| Event::PacketSent((&transmit.packet).into()));
        Some(transmit)
    }

    fn on_packet(&mut self, packet: &Packet, now: Moment) {
        if packet.token != self.proposal.token {
            return self.ignore(packet, Ignored::WrongToken);
        }
        self.log.record(|| Event::PacketReceived(packet.into()));
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
        if matches!(self.handshake.state(), HandshakeState::Disagreed) {
            self.reset(Reset::BadParameters);
        }
        self.begin_anew_if_shorter(now);
        self.advance(now);
    }

    fn next_timeout(&self) -> Option<Moment> {
        let idle_timeout = Some(self.heard_at + IDLE_TIMEOUT);
        match &self.phase {
            Phase::Handshake => earliest([self.handshake.next_timeout(), idle_timeout]),
            Phase::Transferring { .. } if self.awaits_proof() => {
                earliest([self.handshake.next_timeout(), idle_timeout])
            }
            Phase::Transferring { machine, .. } if self.flow_control.is_open() => {
                earliest([
                    machine.next_timeout(),
                    self.handshake.next_timeout(),
                    idle_timeout,
                ])
            }
            Phase::Transferring { .. } => {
                earliest([self.flow_control.next_timeout(), idle_timeout])
            }
            Phase::Closing { retry, .. } => retry.next_timeout(),
            Phase::AwaitingDigest { .. } | Phase::Ended { .. } => None,
        }
    }

    fn on_timeout(&mut self, now: Moment) {
        match &mut self.phase {
            Phase::Handshake => {
                self.handshake.on_timeout(now);
                self.log.append(|| self.handshake.take_events());
                if self.handshake.is_over(now) || self.is_idle_too_long(now) {
                    self.end(Outcome::Failed(Failure::NoAnswer));
                }
            }
            Phase::Transferring { machine, early, .. } => {
                let has_said_fin = early.is_some();
                self.handshake.on_timeout(now); // Its SYN-ACK may not be answered yet.
                if self.flow_control.is_open() {
                    machine.on_timeout(now);
                    self.log.append(|| machine.take_events());
                } else if self.flow_control.on_timeout(now) {
                    let timer = Timer::Probe;
                    self.log.record(|| Event::TimerExpired { timer });
                }
                if self.is_idle_too_long(now) {
                    self.log.record(|| Event::TimerExpired {
                        timer: Timer::Silence,
                    });
                    self.end(match (self.is_open(), has_said_fin) {
                        (false, _) => Outcome::Failed(Failure::NoAnswer),
                        (true, true) => Outcome::Unknown,
                        (true, false) => Outcome::Failed(Failure::Silence),
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
            Phase::Handshake => {
                self.handshake.listen();
                self.log.append(|| self.handshake.take_events());
            }
            Phase::Transferring { machine, .. } => {
                machine.listen();
                self.log.append(|| machine.take_events());
            }
            Phase::AwaitingDigest { parameters } | Phase::Closing { parameters, .. } => {
                let end = parameters.end();
                self.log
                    .record(|| parameters.listening_begun(end, end, Vec::new()));
            }
            Phase::Ended { .. } => {}
        }
    }

    fn take_events(&mut self) -> Vec<Event> {
        self.log.take()
    }
}
