//! The receiver's whole connection: opening, ACKs, FIN-ACK and the wait after it.
//!
//! Source: RFC 9293 §3.5, §3.6 (and TIME-WAIT, of which lingering is the short form).

mod machine;

use super::super::event::{Event, EventLog, GateState, Ignored, PacketName, Unwanted};
use super::super::gate;
use super::super::handshake::{Handshake, Proposal};
use super::super::moment::Moment;
use super::super::retry::PATIENCE;
use super::super::terms::{Terms, next_attempt};
use super::super::{ReceivingMachine, Transmit};
use super::quiet::Quiet;
use super::{FIN_HAS_COME, Failure, Outcome, receiver};
use crate::wire::digest::Digest;
use crate::wire::options::Arq;
use crate::wire::packet::{Acknowledgement, Body, Packet, Reset};
use std::time::Duration;

/// The receiving side of one transfer.
#[derive(Debug)]
pub struct Receiving {
    arq: Arq,
    proposal: Proposal,
    handshake: Handshake,
    phase: Phase,
    heard_at: Moment,
    quiet: Quiet,
    /// An RST to be sent.
    farewell: Option<Reset>,
    /// An ACK that says [`FIN_HAS_COME`] is to be sent: what it echoes.
    fin_has_come: Option<u32>,
    /// Those that were sent so far.
    fin_has_come_attempt: u8,
    /// The segments that the shell has room for; `None`: a whole window.
    room: Option<u32>,
    is_paused: bool,
    /// The content of the ACKs: whether DATA may come.
    gate: GateState,
    last_arrivals: (u64, u64),
    log: EventLog,
}

/// The state of the connection.
enum Phase {
    /// The handshake is in progress.
    Opening,
    /// DATA comes in, ACKs go out.
    Transferring {
        /// The connection parameters.
        terms: Terms,
        /// The protocol's receiver.
        machine: Box<dyn ReceivingMachine>,
        /// The digest of a FIN that came before the last segments.
        claimed: Option<Digest>,
    },
    /// FIN has come; the disk has still to say what the digest of the file is.
    Verifying {
        /// The connection parameters.
        terms: Terms,
        /// The digest that FIN carried.
        claimed: Digest,
    },
    /// FIN-ACK was sent, and is retransmitted for every FIN that arrives.
    Lingering {
        /// The connection parameters.
        terms: Terms,
        /// The content of FIN-ACK.
        verified: bool,
        /// FIN-ACKs sent so far.
        attempt: u8,
        /// One is to be sent now.
        is_due: bool,
        /// When nobody is expected to ask again.
        until: Moment,
    },
    /// It is over.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

/// Once every byte has come, the sender may still be working out the file's digest.
const PATIENCE_FOR_FIN: Duration = Duration::from_secs(600);

/// As long as the sender may ask: while it does, somebody answers. The chat connection
/// usually ends this wait at once.
const LINGER: Duration = PATIENCE;

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
            phase: Phase::Opening,
            heard_at: now,
            quiet: Quiet::new(arq, now),
            farewell: None,
            fin_has_come: None,
            fin_has_come_attempt: 0,
            room: None,
            is_paused: false,
            gate: GateState::Open,
            last_arrivals: (0, 0),
            log: EventLog::new(proposal.listening),
        }
    }

    /// Whether this packet's bytes are to be kept: asked before `on_packet`.
    #[must_use]
    pub fn wants(&self, packet: &Packet) -> bool {
        match &self.phase {
            Phase::Transferring { machine, .. } => {
                packet.token == self.proposal.token && machine.wants(packet)
            }
            Phase::Opening
            | Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => false,
        }
    }

    /// The number of DATA packets that may still arrive before the sender is owed a word.
    #[must_use]
    pub fn arrivals_awaited(&self) -> u32 {
        match &self.phase {
            Phase::Transferring { machine, .. } => machine.arrivals_awaited(),
            Phase::Opening
            | Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => 1,
        }
    }

    /// There is space for this many segments beyond those in order. A window that has
    /// closed opens again when half of it is free, to avoid silly window syndrome
    /// (RFC 9293 §3.8.6.2.2).
    pub fn set_room(&mut self, segments: u32) {
        self.room = Some(segments);
        self.tell_room();
    }

    /// Takes no more than what was promised, until it is taken back.
    pub fn set_paused(&mut self, is_paused: bool) {
        self.is_paused = is_paused;
        self.tell_room();
    }

    /// Whether this side is paused.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.is_paused
    }

    fn tell_room(&mut self) {
        let Phase::Transferring { terms, machine, .. } = &mut self.phase else {
            return;
        };
        let room = self.room.unwrap_or(terms.window);
        let is_crumb =
            self.gate == GateState::WindowClosed && room < terms.window.div_ceil(2);
        let gate = match (self.is_paused, room == 0 || is_crumb) {
            (true, _) => GateState::Paused,
            (false, true) => GateState::WindowClosed,
            (false, false) => GateState::Open,
        };
        machine.set_room(if gate == GateState::Open { room } else { 0 });
        if std::mem::replace(&mut self.gate, gate) != gate {
            self.log.record(|| Event::DataBlockedUpdated { gate });
        }
    }

    /// How many segments, from the file's first on, have arrived without a gap.
    #[must_use]
    pub fn segments_in_order(&self) -> u32 {
        match &self.phase {
            Phase::Transferring { terms, machine, .. } => terms.index(machine.expected()),
            Phase::Verifying { terms, .. } | Phase::Lingering { terms, .. } => {
                terms.segments()
            }
            Phase::Opening | Phase::Ended { .. } => 0,
        }
    }

    /// How many bytes of the file are there without a gap, those of an earlier download
    /// among them; 0 before it is open, and once it has ended.
    #[must_use]
    pub fn bytes_in_order(&self) -> u64 {
        match &self.phase {
            Phase::Transferring { terms, machine, .. } => {
                terms.bytes_before(machine.expected())
            }
            Phase::Verifying { terms, .. } | Phase::Lingering { terms, .. } => terms.size,
            Phase::Opening | Phase::Ended { .. } => 0,
        }
    }

    /// The connection parameters, once the connection is open.
    #[must_use]
    pub const fn terms(&self) -> Option<Terms> {
        self.handshake.terms()
    }

    /// The digest that FIN carried: the shell compares it with its own and calls
    /// [`Receiving::set_verdict`].
    #[must_use]
    pub const fn claimed_digest(&self) -> Option<Digest> {
        match self.phase {
            Phase::Verifying { claimed, .. } => Some(claimed),
            Phase::Opening
            | Phase::Transferring { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => None,
        }
    }

    /// Whether the file on the disk has the digest that FIN carried.
    pub fn set_verdict(&mut self, verified: bool, now: Moment) {
        let Phase::Verifying { terms, .. } = self.phase else {
            return;
        };
        let until = now + LINGER;
        self.enter(Phase::Lingering {
            terms,
            verified,
            attempt: 0,
            is_due: true,
            until,
        });
    }

    /// The verdict, once there is one; the connection may linger on.
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
            Phase::Opening
            | Phase::Transferring { .. }
            | Phase::Verifying { .. }
            | Phase::Ended {
                outcome: Outcome::Unknown | Outcome::Failed(_),
            } => None,
        }
    }

    /// The sender has heard the verdict another way: nobody will ask again.
    pub fn release(&mut self) {
        if let Phase::Lingering { verified, .. } = self.phase {
            self.end_with_verdict(verified);
        }
    }

    /// Ends it here, telling the other side why; a verdict that is known stays.
    pub fn reset(&mut self, why: Reset) {
        self.release();
        if self.outcome().is_none() {
            self.farewell = self.terms().is_some().then_some(why);
            self.enter(Phase::Ended {
                outcome: Outcome::Failed(Failure::ResetByUs(why)),
            });
        }
    }

    /// A datagram of this transfer arrived damaged.
    pub fn on_damage(&mut self, now: Moment) {
        self.log.record(|| Event::PacketDamaged);
        if let Phase::Transferring { machine, .. } = &mut self.phase {
            machine.on_damage(now);
        }
    }

    /// See [`Sending::on_forgery`](super::Sending::on_forgery).
    pub fn on_forgery(&mut self, packet: PacketName) {
        let why = Ignored::Forged;
        self.log.record(|| Event::PacketIgnored { packet, why });
    }

    /// See [`Handshake::on_moved`].
    pub fn on_moved(&mut self) {
        self.handshake.on_moved();
    }

    /// See [`Handshake::on_too_long`].
    pub fn on_too_long(&mut self) -> bool {
        self.handshake.on_too_long()
    }

    /// How it ended, once it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.phase {
            Phase::Ended { outcome } => Some(outcome),
            Phase::Opening
            | Phase::Transferring { .. }
            | Phase::Verifying { .. }
            | Phase::Lingering { .. } => None,
        }
    }

    /// DATA packets that arrived, and those among them that were resends.
    #[must_use]
    pub fn arrivals(&self) -> (u64, u64) {
        match &self.phase {
            Phase::Transferring { machine, .. } => machine.arrivals(),
            Phase::Opening
            | Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => self.last_arrivals,
        }
    }

    /// How long the sender may be silent.
    fn patience(&self) -> Duration {
        match &self.phase {
            Phase::Transferring { terms, machine, .. }
                if machine.expected() == terms.end() =>
            {
                PATIENCE_FOR_FIN
            }
            Phase::Opening
            | Phase::Transferring { .. }
            | Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => PATIENCE,
        }
    }

    /// When the sender is to be told again what has arrived; or, where nothing has come
    /// behind its SYN-ACK but FIN, that this one has.
    fn next_repeat(&self) -> Option<Moment> {
        match &self.phase {
            Phase::Transferring { machine, .. } if machine.arrivals().0 > 0 => {
                Some(self.quiet.is_enough())
            }
            Phase::Transferring { claimed, .. }
                if self.handshake.answered_at().is_some_and(|answered| {
                    answered == self.heard_at || claimed.is_some()
                }) =>
            {
                let round_trip = self.handshake.round_trip().smoothed();
                Some(self.quiet.is_enough_of_an_opening(round_trip))
            }
            Phase::Opening
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

    /// Whether this side answers the handshake, and the handshake is in progress.
    const fn answers_handshake(&self) -> bool {
        matches!(self.phase, Phase::Opening) && !self.handshake.is_initiator()
    }

    /// Goes on to receiving once the handshake is over.
    fn begin(&mut self) {
        if matches!(self.phase, Phase::Opening)
            && let Some(terms) = self.terms()
        {
            let listening = self.log.is_listening();
            let terms = Terms { listening, ..terms };
            let machine = receiver(self.arq, terms, &self.handshake);
            self.enter(Phase::Transferring {
                terms,
                machine,
                claimed: None,
            });
            self.tell_room();
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
        let packet = PacketName::from(packet);
        self.log.record(|| Event::PacketIgnored { packet, why });
    }

    fn on_data(&mut self, packet: &Packet, length: u16, now: Moment) {
        match &mut self.phase {
            Phase::Transferring { machine, .. } => {
                machine.on_packet(packet, now);
                self.log.append(|| machine.take_events());
                self.verify_when_whole(packet, now);
            }
            // The sender does not know yet that everything has arrived.
            Phase::Verifying { terms, .. } | Phase::Lingering { terms, .. }
                if terms.is_ours(packet, length) =>
            {
                let (number, why) = (packet.number, Unwanted::Duplicate);
                self.log.record(|| Event::SegmentDropped { number, why });
                self.answer_again(packet);
            }
            Phase::Verifying { .. } | Phase::Lingering { .. }
                if gate::is_probe(packet) =>
            {
                self.answer_again(packet);
            }
            Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Opening
            | Phase::Ended { .. } => {
                self.ignore(packet, Ignored::OutOfPlace);
            }
        }
    }

    /// Goes on to verifying once every segment and FIN are there. Where the protocol
    /// still owes an ACK, `packet` is answered by one that says that.
    fn verify_when_whole(&mut self, packet: &Packet, now: Moment) {
        if let Phase::Transferring {
            terms,
            machine,
            claimed: Some(claimed),
        } = &mut self.phase
            && machine.expected() == terms.end()
        {
            let (terms, claimed) = (*terms, *claimed);
            let is_owed = machine.poll_transmit(now).is_some();
            self.fin_has_come = is_owed.then_some(packet.sent_at);
            self.enter(Phase::Verifying { terms, claimed });
        }
    }

    /// Says again what was said last: that FIN has come, or the verdict.
    const fn answer_again(&mut self, packet: &Packet) {
        match &mut self.phase {
            Phase::Verifying { .. } => self.fin_has_come = Some(packet.sent_at),
            Phase::Lingering { is_due, .. } => *is_due = true,
            Phase::Opening | Phase::Transferring { .. } | Phase::Ended { .. } => (),
        }
    }

    fn on_fin(&mut self, packet: &Packet, digest: Digest, now: Moment) {
        match &mut self.phase {
            Phase::Transferring { terms, claimed, .. }
                if packet.sequence == terms.end() =>
            {
                *claimed = Some(digest);
                self.verify_when_whole(packet, now);
            }
            Phase::Verifying { .. } => self.answer_again(packet),
            Phase::Lingering { until, .. } => {
                *until = now + LINGER;
                self.answer_again(packet);
            }
            Phase::Opening | Phase::Transferring { .. } | Phase::Ended { .. } => {
                self.ignore(packet, Ignored::OutOfPlace);
            }
        }
    }

    fn on_reset(&mut self, packet: &Packet, why: Reset) {
        let is_exact = self
            .terms()
            .is_some_and(|terms| packet.sequence == terms.first);
        match self.phase {
            Phase::Transferring { .. } | Phase::Verifying { .. } if is_exact => {
                let outcome = Outcome::Failed(Failure::ResetByPeer(why));
                self.enter(Phase::Ended { outcome });
            }
            Phase::Opening
            | Phase::Transferring { .. }
            | Phase::Verifying { .. }
            | Phase::Lingering { .. }
            | Phase::Ended { .. } => self.ignore(packet, Ignored::InexactReset),
        }
    }

    /// The packet that this phase itself has to send, beside the handshake's ACK.
    fn poll_phase(&mut self, now: Moment) -> Option<Transmit> {
        let token = self.proposal.token;
        let control = |attempt, sequence, body| {
            let sent_at = now.stamp();
            Transmit::control(Packet {
                token,
                number: 0,
                attempt,
                sequence,
                sent_at,
                body,
            })
        };
        match &mut self.phase {
            Phase::Transferring { machine, .. } => machine.poll_transmit(now),
            Phase::Verifying { terms, .. } => {
                let body = Body::Ack(Acknowledgement {
                    echo: self.fin_has_come.take()?,
                    window: terms.window,
                    received: 0,
                    ranges: Vec::new(),
                });
                let attempt = next_attempt(self.fin_has_come_attempt);
                self.fin_has_come_attempt = attempt;
                let mut answer = control(attempt, terms.end(), body);
                answer.packet.number = FIN_HAS_COME;
                Some(answer)
            }
            Phase::Lingering {
                terms,
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
                Some(control(*attempt, terms.end(), body))
            }
            Phase::Ended { .. } => {
                let why = self.farewell.take()?;
                let terms = self.handshake.terms()?;
                Some(control(1, terms.first, Body::Rst { why }))
            }
            Phase::Opening => None,
        }
    }
}

impl Phase {
    /// The phase's name in journals.
    const fn name(&self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Transferring { .. } => "transferring",
            Self::Verifying { .. } => "verifying",
            Self::Lingering { .. } => "lingering",
            Self::Ended { .. } => "ended",
        }
    }
}

impl std::fmt::Debug for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
