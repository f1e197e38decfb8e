//! The receiver's whole connection: handshake, ACKs, FIN-ACK, and lingering.
//!
//! Source: RFC 9293 §3.5, §3.6 (and TIME-WAIT, of which lingering is the short form).

mod machine;
mod phase;

use super::super::connection_parameters::{ConnectionParameters, next_attempt};
use super::super::event::{
    DiscardReason, Event, EventLog, FlowControlState, Ignored, PacketName,
};
use super::super::flow_control;
use super::super::handshake::{Handshake, Proposal};
use super::super::moment::Moment;
use super::super::retry::IDLE_TIMEOUT;
use super::super::{ReceivingMachine, Transmit};
use super::idle_timer::IdleTimer;
use super::{Failure, Outcome, receiver};
use crate::wire::digest::Digest;
use crate::wire::options::Arq;
use crate::wire::packet::{Acknowledgement, Body, Packet, Reset, UNCOUNTED};
use std::time::Duration;

/// The receiving side of one transfer.
#[derive(Debug)]
pub struct Receiving {
    arq: Arq,
    proposal: Proposal,
    handshake: Handshake,
    phase: Phase,
    heard_at: Moment,
    idle_timer: IdleTimer,
    /// An RST to be sent.
    pending_reset: Option<Reset>,
    /// The time stamp to echo in an ACK of FIN that must be sent.
    fin_received: Option<u32>,
    /// The number of such ACKs sent so far.
    fin_received_attempt: u8,
    /// The number of segments for which the driver has space; `None`: a whole window.
    receive_window: Option<u32>,
    is_paused: bool,
    /// The content of the ACKs: whether DATA may come.
    flow_control: FlowControlState,
    last_arrivals: (u64, u64),
    log: EventLog,
}

/// The state of the connection.
enum Phase {
    /// The handshake is in progress.
    Handshake,
    /// DATA arrives and is acknowledged.
    Transferring {
        /// The connection parameters.
        parameters: ConnectionParameters,
        /// The protocol's receiver.
        machine: Box<dyn ReceivingMachine>,
        /// The digest of a FIN that arrived before the last segments.
        claimed: Option<Digest>,
    },
    /// FIN has arrived; the digest of the written file is still missing.
    Verifying {
        /// The connection parameters.
        parameters: ConnectionParameters,
        /// The digest that FIN carried.
        claimed: Digest,
    },
    /// FIN-ACK was sent, and is retransmitted for every FIN that arrives.
    Lingering {
        /// The connection parameters.
        parameters: ConnectionParameters,
        /// The content of FIN-ACK.
        verified: bool,
        /// FIN-ACKs sent so far.
        attempt: u8,
        /// Whether one must be sent now.
        is_due: bool,
        /// The time when lingering ends.
        until: Moment,
    },
    /// The connection has ended.
    Ended {
        /// Its outcome.
        outcome: Outcome,
    },
}

/// The time that the sender may take for the file's digest after all bytes have arrived.
const IDLE_TIMEOUT_BEFORE_FIN: Duration = Duration::from_secs(600);

/// As long as the sender may retransmit FIN. The chat connection usually ends this wait
/// at once.
const LINGER: Duration = IDLE_TIMEOUT;

impl Receiving {
    /// The client's side of a download: SYN is due at once.
    #[must_use]
    pub fn initiate(arq: Arq, proposal: Proposal, now: Moment) -> Self {
        Self::new(arq, proposal, Handshake::initiate(proposal, now), now)
    }

    /// The server's side of an upload: waits for a SYN, which brings the file's first
    /// sequence number.
    #[must_use]
    pub fn respond(arq: Arq, proposal: Proposal, now: Moment) -> Self {
        Self::new(arq, proposal, Handshake::respond(proposal), now)
    }

    fn new(arq: Arq, proposal: Proposal, handshake: Handshake, now: Moment) -> Self {
        Self {
            arq,
            proposal,
            handshake,
            phase: Phase::Handshake,
            heard_at: now,
            idle_timer: IdleTimer::new(arq, now),
            pending_reset: None,
            fin_received: None,
            fin_received_attempt: 0,
            receive_window: None,
            is_paused: false,
            flow_control: FlowControlState::Open,
            last_arrivals: (0, 0),
            log: EventLog::new(proposal.listening),
        }
    }

    /// Whether the driver must keep the bytes of this packet; to be called before
    /// `on_packet`.
    #[must_use]
    pub fn is_wanted(&self, packet: &Packet) -> bool {
        match &self.phase {
            Phase::Transferring { machine, .. } => {
                packet.token == self.proposal.token && machine.is_wanted(packet)
            }
            Phase::Handshake
            | Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => false,
        }
    }

    /// The number of DATA packets that may still arrive before an ACK is due.
    #[must_use]
    pub fn arrivals_awaited(&self) -> u32 {
        match &self.phase {
            Phase::Transferring { machine, .. } => machine.arrivals_awaited(),
            Phase::Handshake
            | Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => 1,
        }
    }

    /// There is space for this many segments beyond those in order. A zero window opens
    /// again when half of it is free, to avoid silly window syndrome (RFC 9293
    /// §3.8.6.2.2).
    pub fn set_receive_window(&mut self, segments: u32) {
        self.receive_window = Some(segments);
        self.report_receive_window();
    }

    /// Pauses or resumes: a paused receiver advertises a zero window.
    pub fn set_paused(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
        self.report_receive_window();
    }

    /// Whether this side is paused.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.is_paused
    }

    fn report_receive_window(&mut self) {
        let Phase::Transferring {
            parameters,
            machine,
            ..
        } = &mut self.phase
        else {
            return;
        };
        let receive_window = self.receive_window.unwrap_or(parameters.window);
        let is_crumb = self.flow_control == FlowControlState::WindowClosed
            && receive_window < parameters.window.div_ceil(2);
        let flow_control = match (self.is_paused, receive_window == 0 || is_crumb) {
            (true, _) => FlowControlState::Paused,
            (false, true) => FlowControlState::WindowClosed,
            (false, false) => FlowControlState::Open,
        };
        machine.set_receive_window(if flow_control == FlowControlState::Open {
            receive_window
        } else {
            0
        });
        if std::mem::replace(&mut self.flow_control, flow_control) != flow_control {
            self.log
                .record(|| Event::DataBlockedUpdated { flow_control });
        }
    }

    /// The number of segments that have arrived in order.
    #[must_use]
    pub fn segments_in_order(&self) -> u32 {
        match &self.phase {
            Phase::Transferring {
                parameters,
                machine,
                ..
            } => parameters.index(machine.next_expected()),
            Phase::Verifying { parameters, .. } | Phase::Lingering { parameters, .. } => {
                parameters.segments()
            }
            Phase::Handshake | Phase::Ended { .. } => 0,
        }
    }

    /// The bytes of the file that have arrived in order, including those of an earlier
    /// download; 0 before the connection is open and after it has ended.
    #[must_use]
    pub fn bytes_in_order(&self) -> u64 {
        match &self.phase {
            Phase::Transferring {
                parameters,
                machine,
                ..
            } => parameters.bytes_before(machine.next_expected()),
            Phase::Verifying { parameters, .. } | Phase::Lingering { parameters, .. } => {
                parameters.size
            }
            Phase::Handshake | Phase::Ended { .. } => 0,
        }
    }

    /// The connection parameters, once the connection is open.
    #[must_use]
    pub const fn parameters(&self) -> Option<ConnectionParameters> {
        self.handshake.parameters()
    }

    /// The digest that FIN carried: the driver compares it with its own and calls
    /// [`Receiving::set_verdict`].
    #[must_use]
    pub const fn claimed_digest(&self) -> Option<Digest> {
        match self.phase {
            Phase::Verifying { claimed, .. } => Some(claimed),
            Phase::Handshake
            | Phase::Transferring { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => None,
        }
    }

    /// Whether the file on the disk has the digest that FIN carried.
    pub fn set_verdict(&mut self, verified: bool, now: Moment) {
        let Phase::Verifying { parameters, .. } = self.phase else {
            return;
        };
        let until = now + LINGER;
        self.enter(Phase::Lingering {
            parameters,
            verified,
            attempt: 0,
            is_due: true,
            until,
        });
    }

    /// The verdict, once there is one; the connection may still linger.
    #[must_use]
    pub const fn verdict(&self) -> Option<bool> {
        match self.phase {
            Phase::Lingering { verified, .. } => Some(verified),
            Phase::Ended {
                outcome: Outcome::Verified,
            } => Some(true),
            Phase::Ended {
                outcome: Outcome::Damaged,
            } => Some(false),
            Phase::Handshake
            | Phase::Transferring { .. }
            | Phase::Verifying { .. }
            | Phase::Ended {
                outcome: Outcome::Unknown | Outcome::Failed(_),
            } => None,
        }
    }

    /// The sender knows the verdict from the chat connection: it will not retransmit FIN.
    pub fn release(&mut self) {
        if let Phase::Lingering { verified, .. } = self.phase {
            self.end_with_verdict(verified);
        }
    }

    /// Ends the connection with an RST that contains the reason; a known verdict stays.
    pub fn reset(&mut self, why: Reset) {
        self.release();
        if self.outcome().is_none() {
            self.pending_reset = self.parameters().is_some().then_some(why);
            self.enter(Phase::Ended {
                outcome: Outcome::Failed(Failure::ResetByUs(why)),
            });
        }
    }

    /// A datagram of this transfer arrived damaged; it is empty where a link in the event
    /// log did the damage.
    pub fn on_damage(&mut self, datagram: &[u8], now: Moment) {
        self.log.record(|| Event::damaged(datagram));
        if let Phase::Transferring { machine, .. } = &mut self.phase {
            machine.on_damage(now);
        }
    }

    /// See [`Sending::on_forgery`](super::Sending::on_forgery).
    pub fn on_forgery(&mut self, packet: PacketName, datagram: &[u8]) {
        self.log.record(|| Event::forged(packet, datagram));
    }

    /// DATA came before the SYN-ACK: the driver keeps it until the connection is open.
    pub fn on_early_data(&mut self, now: Moment) {
        self.heard_at = now;
        self.handshake.on_early_data();
    }

    /// See [`Handshake::on_moved`].
    pub fn on_moved(&mut self) {
        self.handshake.on_moved();
    }

    /// See [`Handshake::on_too_long`].
    pub fn on_too_long(&mut self) -> bool {
        self.handshake.on_too_long()
    }

    /// The outcome, once the connection has ended.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.phase {
            Phase::Ended { outcome } => Some(outcome),
            Phase::Handshake
            | Phase::Transferring { .. }
            | Phase::Verifying { .. }
            | Phase::Lingering { .. } => None,
        }
    }

    /// The numbers of DATA packets and of retransmissions that arrived.
    #[must_use]
    pub fn arrivals(&self) -> (u64, u64) {
        match &self.phase {
            Phase::Transferring { machine, .. } => machine.arrivals(),
            Phase::Handshake
            | Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => self.last_arrivals,
        }
    }

    /// The idle timeout of the sender.
    fn idle_timeout(&self) -> Duration {
        match &self.phase {
            Phase::Transferring {
                parameters,
                machine,
                ..
            } if machine.next_expected() == parameters.end() => IDLE_TIMEOUT_BEFORE_FIN,
            Phase::Handshake
            | Phase::Transferring { .. }
            | Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => IDLE_TIMEOUT,
        }
    }

    /// The time for the next repeated ACK. If only FIN has arrived after the SYN-ACK, it
    /// is an ACK of FIN.
    fn next_repeat(&self) -> Option<Moment> {
        match &self.phase {
            Phase::Transferring { machine, .. } if machine.arrivals().0 > 0 => {
                Some(self.idle_timer.deadline())
            }
            Phase::Transferring { claimed, .. }
                if self.handshake.answered_at().is_some_and(|answered| {
                    answered == self.heard_at || claimed.is_some()
                }) =>
            {
                let round_trip = self.handshake.round_trip().smoothed();
                Some(self.idle_timer.handshake_deadline(round_trip))
            }
            Phase::Handshake
            | Phase::Transferring { .. }
            | Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => None,
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.last_arrivals = self.arrivals();
        self.phase = phase;
        let state = self.phase.name();
        self.log.record(|| Event::StateChanged {
            state: state.into(),
        });
    }

    /// Whether this side is the server of a handshake in progress.
    const fn answers_handshake(&self) -> bool {
        matches!(self.phase, Phase::Handshake) && !self.handshake.is_initiator()
    }

    /// Begins to receive when the handshake is complete.
    fn begin(&mut self) {
        if matches!(self.phase, Phase::Handshake)
            && let Some(parameters) = self.parameters()
        {
            let listening = self.log.is_listening();
            let parameters = ConnectionParameters {
                listening,
                ..parameters
            };
            let machine = receiver(self.arq, parameters, &self.handshake);
            self.enter(Phase::Transferring {
                parameters,
                machine,
                claimed: None,
            });
            self.report_receive_window();
        }
    }

    fn end_with_verdict(&mut self, verified: bool) {
        let outcome = if verified {
            Outcome::Verified
        } else {
            Outcome::Damaged
        };
        self.enter(Phase::Ended { outcome });
    }

    fn ignore(&mut self, packet: &Packet, why: Ignored) {
        self.log.record(|| Event::ignored(packet, why));
    }

    fn on_data(&mut self, packet: &Packet, length: u16, now: Moment) {
        match &mut self.phase {
            Phase::Transferring { machine, .. } => {
                machine.on_packet(packet, now);
                self.log.append(|| machine.take_events());
                self.verify_when_whole(packet, now);
            }
            // The sender does not know yet that everything has arrived.
            Phase::Verifying { parameters, .. } | Phase::Lingering { parameters, .. }
                if parameters.is_ours(packet, length) =>
            {
                let (number, why) = (packet.number, DiscardReason::Duplicate);
                self.log.record(|| Event::SegmentDropped { number, why });
                self.answer_again(packet);
            }
            Phase::Verifying { .. } | Phase::Lingering { .. }
                if flow_control::is_window_probe(packet) =>
            {
                self.answer_again(packet);
            }
            Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Handshake
            | Phase::Ended { .. } => {
                self.ignore(packet, Ignored::OutOfPlace);
            }
        }
    }

    /// Begins to verify when all segments and FIN have arrived. If an ACK is still due,
    /// the answer to `packet` acknowledges FIN too.
    fn verify_when_whole(&mut self, packet: &Packet, now: Moment) {
        if let Phase::Transferring {
            parameters,
            machine,
            claimed: Some(claimed),
        } = &mut self.phase
            && machine.next_expected() == parameters.end()
        {
            let (parameters, claimed) = (*parameters, *claimed);
            let is_owed = machine.poll_transmit(now).is_some();
            self.fin_received = is_owed.then_some(packet.sent_at);
            self.enter(Phase::Verifying {
                parameters,
                claimed,
            });
        }
    }

    /// Repeats the last answer: the ACK of FIN, or the verdict.
    const fn answer_again(&mut self, packet: &Packet) {
        match &mut self.phase {
            Phase::Verifying { .. } => self.fin_received = Some(packet.sent_at),
            Phase::Lingering { is_due, .. } => *is_due = true,
            Phase::Handshake | Phase::Transferring { .. } | Phase::Ended { .. } => (),
        }
    }

    fn on_fin(&mut self, packet: &Packet, digest: Digest, now: Moment) {
        match &mut self.phase {
            Phase::Transferring {
                parameters,
                claimed,
                ..
            } if packet.sequence == parameters.end() => {
                *claimed = Some(digest);
                self.verify_when_whole(packet, now);
            }
            Phase::Verifying { .. } => self.answer_again(packet),
            Phase::Lingering { until, .. } => {
                *until = now + LINGER;
                self.answer_again(packet);
            }
            Phase::Handshake | Phase::Transferring { .. } | Phase::Ended { .. } => {
                self.ignore(packet, Ignored::OutOfPlace);
            }
        }
    }

    fn on_reset(&mut self, packet: &Packet, why: Reset) {
        let is_exact = self
            .parameters()
            .is_some_and(|parameters| packet.sequence == parameters.first);
        match self.phase {
            Phase::Transferring { .. } | Phase::Verifying { .. } if is_exact => {
                let outcome = Outcome::Failed(Failure::ResetByPeer(why));
                self.enter(Phase::Ended { outcome });
            }
            Phase::Handshake
            | Phase::Transferring { .. }
            | Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => self.ignore(packet, Ignored::InexactReset),
        }
    }

    /// The next packet of this phase, besides the handshake's ACK.
    fn poll_phase(&mut self, now: Moment) -> Option<Transmit> {
        let token = self.proposal.token;
        let control = |attempt, sequence, body| {
            Transmit::control(token, attempt, sequence, body, now)
        };
        match &mut self.phase {
            Phase::Transferring { machine, .. } => machine.poll_transmit(now),
            Phase::Verifying { parameters, .. } => {
                let body = Body::Ack(Acknowledgement {
                    echo: self.fin_received.take()?,
                    window: parameters.window,
                    received: 0,
                    ranges: Vec::new(),
                });
                let attempt = next_attempt(self.fin_received_attempt);
                self.fin_received_attempt = attempt;
                let mut answer = control(attempt, parameters.end(), body);
                answer.packet.number = UNCOUNTED;
                Some(answer)
            }
            Phase::Lingering {
                parameters,
                verified,
                attempt,
                is_due,
                ..
            } => {
                if !std::mem::take(is_due) {
                    return None;
                }
                *attempt = next_attempt(*attempt);
                let body = Body::FinAck {
                    verified: *verified,
                };
                Some(control(*attempt, parameters.end(), body))
            }
            Phase::Ended { .. } => {
                let why = self.pending_reset.take()?;
                let parameters = self.handshake.parameters()?;
                Some(control(1, parameters.first, Body::Rst { why }))
            }
            Phase::Handshake => None,
        }
    }
}
