//! A transfer in virtual time: two machines, a link, no sockets, no clock.
//!
//! ```text
//!   receiver --SYN, ACK--> [ link: ack  ] --> sender
//!            <------------ [ link: data ] <--DATA, FIN--
//!   time jumps to whatever happens next: a delivery or a timer
//! ```
//!
//! The driver is the one every machine asks for: drain `poll_transmit`, wait for one
//! thing, feed that one thing, repeat. Packets travel as bytes, encoded and decoded as on
//! a socket, so that a flipped bit meets the same CRC-32.
//!
//! ```
//! use sash::lab::run::Experiment;
//! use sash::wire::options::Arq;
//! let scenario = "seed=7;loss=20%".parse().unwrap();
//! let experiment = Experiment { scenario, arq: Arq::GoBackN, ..Experiment::small() };
//! let run = experiment.run(|_| ()).unwrap();
//! assert!(run.is_verified());
//! ```

use super::contents;
use super::halt::{Halt, Halting};
use super::journal::{Carried, Entry, Format, Heading, Side, VERSION};
use crate::link::{Direction, Label, Link, Scenario, UDP_AND_IP_BYTES};
use crate::reliable::connection::{Outcome, Receiving, Sending};
use crate::reliable::event::PacketName;
use crate::reliable::handshake::Proposal;
use crate::reliable::moment::Moment;
use crate::reliable::round_trip::Timing;
use crate::reliable::{Machine, Transmit, earliest};
use crate::wire::digest::{Digest, Token};
use crate::wire::message::Progress;
use crate::wire::options::{Arq, Congestion, Settled};
use crate::wire::packet::{Kind, Packet};
use crate::wire::sequence::SequenceNumber;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// One transfer to be run.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// What the link does.
    pub scenario: Scenario,
    /// The protocol.
    pub arq: Arq,
    /// Unit: packets.
    pub window: u32,
    /// Who decides how much of the window may be in flight.
    pub congestion: Congestion,
    /// The file's size. Unit: bytes.
    pub size: u64,
    /// File bytes per DATA packet.
    pub segment_bytes: u16,
    /// The sequence number of the file's first segment.
    pub first: SequenceNumber,
    /// So much of the file the receiver has already. Unit: bytes.
    pub offset: u64,
    /// Whether the sender opens the transfer, as a client does that uploads.
    pub is_upload: bool,
    /// What holds it up in its middle.
    pub halt: Option<Halt>,
    /// What the sender's timeout goes by. In virtual time it may be any.
    pub timing: Timing,
    /// The longest that an ACK is held back; zero: every DATA packet is acknowledged.
    pub acknowledgement_delay: Duration,
    /// From one packet of the sender to its next, at least. Where this is a packet's time
    /// on the wire, the sender sits at the wire itself, as the textbook's does: what it has
    /// not sent yet does not wait in a queue, and it may still decide otherwise. Zero: it
    /// sends what it may at once.
    pub spacing: Duration,
    /// Whether entries are made for the journal.
    pub listening: bool,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Run {
    /// How the sender ended.
    pub sender: Outcome,
    /// How the receiver ended.
    pub receiver: Outcome,
    /// Whether what arrived is, byte for byte, what was sent.
    pub is_identical: bool,
    /// From the first SYN to the moment the receiver had the whole file and knew it: what
    /// a person waits for. (That the sender knows it too is the chat connection's work,
    /// which a run does not have.) Virtual time.
    pub elapsed: Duration,
    /// From the first DATA to the first FIN, which follows the last ACK at once: without
    /// the opening and the ending. Virtual time.
    pub transferring: Duration,
    /// So much of the file was there before. Unit: bytes.
    pub offset: u64,
    /// The sender's figures at its end.
    pub progress: Progress,
    /// All that went in the file's direction.
    pub data: Traffic,
    /// All that went against it.
    pub ack: Traffic,
    /// Deliveries and timers: how often a machine was fed.
    pub steps: u64,
}

/// What was put on the link in one direction, whether it arrived or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets of every kind.
    pub packets: u64,
    /// Headers of UDP and IP included.
    pub bytes: u64,
}

/// No experiment goes on for longer than this. Virtual time.
const LONGEST_RUN: Duration = Duration::from_secs(24 * 3600);

/// The least retransmission timeout, as on real sockets.
pub const LEAST_TIMEOUT: Duration = Duration::from_millis(20);

/// The longest that an ACK is held back, as on real sockets.
pub const ACKNOWLEDGEMENT_DELAY: Duration = Duration::from_millis(10);

/// Journals shall not differ from run to run, so the laboratory's token is no secret.
pub(super) const TOKEN: Token = Token(*b"sash laboratory ");

impl Experiment {
    /// A hundred thousand bytes by selective repeat over a perfect link.
    #[must_use]
    pub fn small() -> Self {
        let Settled {
            arq, segment_bytes, ..
        } = Settled::DEFAULT;
        Self {
            scenario: Scenario::PERFECT,
            arq,
            window: 16,
            congestion: Congestion::Fixed,
            size: 100_000,
            segment_bytes,
            first: SequenceNumber(0),
            offset: 0,
            is_upload: false,
            halt: None,
            timing: Timing::Adaptive {
                least: LEAST_TIMEOUT,
            },
            acknowledgement_delay: ACKNOWLEDGEMENT_DELAY,
            spacing: Duration::ZERO,
            listening: false,
        }
    }

    /// The line that runs it again: `lab run --arq go-back-n ...`.
    #[must_use]
    pub fn command(&self) -> String {
        let Self {
            arq,
            congestion,
            window,
            size,
            segment_bytes,
            first,
            offset,
            ..
        } = self;
        let upload = if self.is_upload { " --upload" } else { "" };
        let halt = self
            .halt
            .map_or_else(String::new, |halt| format!(" --halt {halt}"));
        let link = if self.scenario.is_perfect() {
            String::new()
        } else {
            format!(" --link \"{}\"", self.scenario)
        };
        format!(
            "lab run --arq {arq} --congestion {congestion} --window {window} --size {size} \
             --segment {segment_bytes} --first {} --offset {offset}{upload}{halt}{link}",
            first.0
        )
    }

    /// The journal's first line.
    #[must_use]
    pub fn heading(&self) -> Heading {
        Heading {
            journal: Format::Sash,
            version: VERSION,
            scenario: self.scenario.to_string(),
            arq: self.arq,
            window: self.window,
            congestion: self.congestion,
            size: self.size,
            offset: self.offset,
            segment_bytes: self.segment_bytes,
            first_sequence: self.first.0,
        }
    }

    /// Runs it to its end; `observe` is given every entry of the journal.
    ///
    /// # Errors
    /// [`Stuck`] where neither machine would ever do anything again, or where it takes
    /// longer than a day. Both would be a bug in a machine.
    pub fn run(&self, observe: impl FnMut(Entry)) -> Result<Run, Stuck> {
        World::new(self, observe).run()
    }

    fn proposal(&self, first: Option<SequenceNumber>) -> Proposal {
        let one_way = |way| self.scenario.conditions(way).delay;
        Proposal {
            token: TOKEN,
            size: self.size,
            offset: self.offset,
            segment_bytes: self.segment_bytes,
            window: self.window,
            congestion: self.congestion,
            first,
            chat_round_trip: Some(one_way(Direction::Data) + one_way(Direction::Ack)),
            timing: self.timing,
            acknowledgement_delay: self.acknowledgement_delay,
            listening: self.listening,
        }
    }
}

impl Run {
    /// Whether both sides say, and the bytes show, that the file arrived whole.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        let said = [self.sender, self.receiver];
        self.is_identical && said.iter().all(|&outcome| outcome == Outcome::Verified)
    }

    /// File bytes per second of virtual time.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
    pub fn goodput(&self) -> f64 {
        let sent = self.progress.acked_bytes.saturating_sub(self.offset);
        sent as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// Everything in one run.
struct World<'a, O> {
    experiment: &'a Experiment,
    observe: O,
    now: Moment,
    sender: Sending,
    receiver: Receiving,
    data: Link<Vec<u8>>,
    ack: Link<Vec<u8>>,
    file: Arriving,
    halting: Halting,
    receiver_knew_at: Option<Moment>,
    /// When the sender's next packet may leave.
    leaves_at: Moment,
    first_data_at: Option<Moment>,
    first_fin_at: Option<Moment>,
    traffic: [Traffic; 2],
    steps: u64,
}

/// The receiver's file: what came early waits, the rest is checked and hashed.
#[derive(Default)]
struct Arriving {
    early: BTreeMap<u32, Vec<u8>>,
    /// The next segment to be written.
    next: u32,
    written_bytes: u64,
    hasher: Sha256,
    differs: bool,
}

impl<'a, O: FnMut(Entry)> World<'a, O> {
    fn new(experiment: &'a Experiment, observe: O) -> Self {
        let Experiment { scenario, arq, .. } = experiment;
        let now = Moment::START;
        let sending = experiment.proposal(Some(experiment.first));
        let receiving = experiment.proposal(None);
        let (mut sender, receiver) = if experiment.is_upload {
            let receiver = Receiving::respond(*arq, receiving, now);
            (Sending::initiate(*arq, sending, now), receiver)
        } else {
            let receiver = Receiving::initiate(*arq, receiving, now);
            (Sending::respond(*arq, sending, now), receiver)
        };
        sender.set_digest(contents::digest(experiment.size), now);
        Self {
            experiment,
            observe,
            now,
            sender,
            receiver,
            data: Link::new(scenario, Direction::Data),
            ack: Link::new(scenario, Direction::Ack),
            file: Arriving::from(experiment.offset),
            halting: Halting::new(experiment.halt),
            receiver_knew_at: None,
            leaves_at: now,
            first_data_at: None,
            first_fin_at: None,
            traffic: [Traffic::default(); 2],
            steps: 0,
        }
    }

    fn run(mut self) -> Result<Run, Stuck> {
        loop {
            self.halting
                .apply(&mut self.sender, &mut self.receiver, self.now);
            self.drain();
            if self.receiver.verdict().is_some() {
                self.receiver_knew_at.get_or_insert(self.now);
            }
            if self.sender.outcome().is_some() {
                self.receiver.release(); // Nobody will ask again.
            }
            if let (Some(sender), Some(receiver)) =
                (self.sender.outcome(), self.receiver.outcome())
            {
                return Ok(Run {
                    sender,
                    receiver,
                    is_identical: self.file.is_whole(self.experiment.size),
                    elapsed: self.receiver_knew_at.unwrap_or(self.now) - Moment::START,
                    transferring: self.first_fin_at.unwrap_or(self.now)
                        - self.first_data_at.unwrap_or(self.now),
                    offset: self.experiment.offset,
                    progress: self.sender.progress(),
                    data: self.traffic[0],
                    ack: self.traffic[1],
                    steps: self.steps,
                });
            }
            self.wait()?;
            self.feed();
        }
    }

    /// Lets both machines send until neither has anything more to say.
    fn drain(&mut self) {
        while self.may_leave()
            && let Some(transmit) = self.sender.poll_transmit(self.now)
        {
            self.leaves_at = self.now + self.experiment.spacing;
            self.carry(&transmit, Direction::Data);
        }
        while let Some(transmit) = self.receiver.poll_transmit(self.now) {
            self.carry(&transmit, Direction::Ack);
        }
        self.note_events();
    }

    /// Whether the sender's next packet may leave. Where packets are spaced it decides
    /// last: after all that arrives or runs out at this very moment.
    fn may_leave(&self) -> bool {
        self.experiment.spacing.is_zero()
            || self.leaves_at <= self.now
                && self.next_happening().is_none_or(|next| next > self.now)
    }

    fn carry(&mut self, transmit: &Transmit, direction: Direction) {
        self.note_events();
        match transmit.packet.body.kind() {
            Kind::Data => self.first_data_at = self.first_data_at.or(Some(self.now)),
            Kind::Fin => self.first_fin_at = self.first_fin_at.or(Some(self.now)),
            Kind::Syn
            | Kind::SynAck
            | Kind::Ack
            | Kind::Nack
            | Kind::FinAck
            | Kind::Rst => (),
        }
        let mut datagram = Vec::with_capacity(transmit.packet.datagram_bytes());
        let payload = contents::bytes(transmit.bytes.clone());
        transmit.packet.encode(&mut datagram, &payload);
        let packet = PacketName::from(&transmit.packet);
        let [data, ack] = &mut self.traffic;
        let (link, traffic) = match direction {
            Direction::Data => (&mut self.data, data),
            Direction::Ack => (&mut self.ack, ack),
        };
        let bytes = datagram.len();
        traffic.packets += 1;
        traffic.bytes += (bytes + UDP_AND_IP_BYTES) as u64;
        let fate = link.push(datagram, Label::from(packet), bytes, self.now);
        if self.experiment.listening {
            (self.observe)(Entry::carried(
                self.now,
                Carried {
                    packet,
                    direction,
                    fate,
                },
            ));
        }
    }

    /// When a packet arrives or a timer runs out.
    fn next_happening(&self) -> Option<Moment> {
        earliest([
            self.sender.next_timeout(),
            self.receiver.next_timeout(),
            self.data.next_timeout(),
            self.ack.next_timeout(),
            self.halting.next_timeout(),
        ])
    }

    /// Jumps to whatever happens next.
    fn wait(&mut self) -> Result<(), Stuck> {
        let leaves_at = Some(self.leaves_at).filter(|&at| at > self.now);
        let next = earliest([self.next_happening(), leaves_at]);
        let next = next.ok_or(Stuck {
            at: self.now,
            next: None,
        })?;
        if next.since_start() > LONGEST_RUN {
            return Err(Stuck {
                at: self.now,
                next: Some(next),
            });
        }
        self.now = self.now.max(next);
        Ok(())
    }

    /// Feeds one thing: a delivery where there is one, else the passing of time.
    fn feed(&mut self) {
        self.steps += 1;
        if let Some(delivery) = self.data.poll(self.now) {
            let datagram = delivery.into_datagram();
            self.receive(&datagram);
        } else if let Some(delivery) = self.ack.poll(self.now) {
            let datagram = delivery.into_datagram();
            match Packet::decode(&datagram) {
                Ok((packet, _)) => self.sender.on_packet(&packet, self.now),
                Err(_) => self.sender.on_damage(),
            }
        } else {
            self.sender.on_timeout(self.now);
            self.receiver.on_timeout(self.now);
        }
        self.note_events();
    }

    fn receive(&mut self, datagram: &[u8]) {
        let Ok((packet, payload)) = Packet::decode(datagram) else {
            if Packet::has_token(datagram, TOKEN) {
                self.receiver.on_damage(self.now);
            }
            return;
        };
        if self.receiver.wants(&packet) {
            self.file.early.insert(packet.number, payload.to_vec());
        }
        self.receiver.on_packet(&packet, self.now);
        self.file.write_up_to(self.receiver.segments_in_order());
        if let Some(claimed) = self.receiver.claimed_digest() {
            let digest = self.file.digest();
            self.receiver.set_verdict(digest == claimed, self.now);
        }
    }

    fn note_events(&mut self) {
        if !self.experiment.listening {
            return;
        }
        for event in self.sender.take_events() {
            (self.observe)(Entry::new(self.now, Side::Sender, event));
        }
        for event in self.receiver.take_events() {
            (self.observe)(Entry::new(self.now, Side::Receiver, event));
        }
    }
}

impl Arriving {
    /// So many bytes are there already.
    fn from(offset: u64) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(contents::bytes(0..offset));
        Self {
            written_bytes: offset,
            hasher,
            ..Self::default()
        }
    }

    fn write_up_to(&mut self, in_order: u32) {
        while self.next < in_order {
            let Some(payload) = self.early.remove(&self.next) else {
                self.differs = true; // The machine said it was there.
                return;
            };
            let end = self.written_bytes + payload.len() as u64;
            self.differs |= payload != contents::bytes(self.written_bytes..end);
            self.hasher.update(&payload);
            self.written_bytes = end;
            self.next += 1;
        }
    }

    fn digest(&self) -> Digest {
        Digest(self.hasher.clone().finalize().into())
    }

    fn is_whole(&self, size: u64) -> bool {
        !self.differs && self.written_bytes == size && self.early.is_empty()
    }
}

/// Neither machine would ever end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stuck {
    at: Moment,
    next: Option<Moment>,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.next {
            None => write!(f, "stuck at {}: nobody waits for anything", self.at),
            Some(next) => {
                write!(f, "stuck at {}: the next thing comes at {next}", self.at)
            }
        }
    }
}

impl std::error::Error for Stuck {}
