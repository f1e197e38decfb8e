//! A transfer in virtual time that can be stopped at any moment, and accepts injected
//! faults.
//!
//! ```text
//!   receiver --SYN, ACK--> [ link: ack  ] --> sender
//!            <------------ [ link: data ] <--DATA, FIN--
//!   run_until(t): time jumps from one thing that happens to the next, up to t
//! ```
//!
//! [`Experiment::run`] is a simulation that runs to its end. The driver is that of every
//! state machine: drain `poll_transmit`, wait for one event, deliver this event, repeat.
//! Packets are bytes, encoded and decoded as on a socket, so that the same CRC-32 detects
//! a flipped bit.
//!
//! Between two events a user may [`kill`](Simulation::kill) a packet in flight, or
//! [`change`](Simulation::change) the link. Lost packets are added to
//! [`Simulation::scenario`]: another run of it loses the same packets and continues in
//! the same way. (The line does not record when the link changed: in another run the
//! changed link applies from the beginning.)
//!
//! ```
//! use sash::lab::{run::Experiment, simulation::Simulation};
//! let scenario = "delay=50ms".parse().unwrap();
//! let mut simulation = Simulation::new(Experiment { scenario, ..Experiment::small() });
//! simulation.run_until(160_000).unwrap(); // The handshake takes 150 ms.
//! assert!(simulation.kill("d3.1".parse().unwrap()));
//! assert_eq!(simulation.scenario().to_string(), "delay=50ms;drop=d3.1");
//! assert!(simulation.run_to_end().unwrap().is_verified());
//! ```

mod arriving;

use super::contents;
use super::halt::Halting;
use super::journal::{Carried, Entry, FaultInjection, Heading, Killed, Side};
use super::run::{Experiment, LONGEST_RUN, Run, Stuck, TOKEN, Traffic};
#[cfg(test)]
use crate::link::Entered;
use crate::link::{Direction, Label, Link, Scenario, UDP_AND_IP_BYTES};
use crate::reliable::connection::{Receiving, Sending};
use crate::reliable::event::{PacketName, PacketRecord, microseconds};
use crate::reliable::moment::Moment;
use crate::reliable::{Machine, Transmit, earliest};
use crate::wire::packet::{Kind, Packet};
use arriving::Arriving;
use std::time::Duration;

/// One run, up to its current moment.
#[derive(Debug)]
pub struct Simulation {
    experiment: Experiment,
    /// The scenario as started or changed, with lost packets.
    scenario: Scenario,
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
    /// When the sender knew that every segment had arrived.
    all_acked_at: Option<Moment>,
    traffic: [Traffic; 2],
    steps: u64,
    /// Each datagram, as in a live capture.
    #[cfg(test)]
    on_the_wire: Vec<(Moment, Direction, Vec<u8>, Entered)>,
    /// The entries that are not taken yet.
    entries: Vec<Entry>,
    end: Option<Result<Run, Stuck>>,
}

impl Experiment {
    /// Runs it to its end; `observe` is given every entry of the journal.
    ///
    /// # Errors
    /// [`Stuck`] if neither state machine would ever do anything again, or if it takes
    /// longer than a day. Both would be bugs in a state machine.
    pub fn run(&self, mut observe: impl FnMut(Entry)) -> Result<Run, Stuck> {
        let mut simulation = Simulation::new(self.clone());
        loop {
            simulation.take_entries().for_each(&mut observe);
            if let Some(run) = simulation.outcome() {
                return Ok(run.clone());
            }
            simulation.step()?;
        }
    }
}

impl Simulation {
    /// A simulation at its beginning: packets that leave at once have left. Entries are
    /// recorded if the experiment is `listening`.
    #[must_use]
    pub fn new(experiment: Experiment) -> Self {
        let (arq, now) = (experiment.arq, Moment::START);
        let sending = experiment.proposal(Some(experiment.first));
        let receiving = experiment.proposal(None);
        let (mut sender, receiver) = if experiment.is_upload {
            let receiver = Receiving::respond(arq, receiving, now);
            (Sending::initiate(arq, sending, now), receiver)
        } else {
            let receiver = Receiving::initiate(arq, receiving, now);
            (Sending::respond(arq, sending, now), receiver)
        };
        sender.set_digest(contents::digest(experiment.size), now);
        let scenario = experiment.scenario.clone();
        let mut simulation = Self {
            now,
            sender,
            receiver,
            data: Link::new(&scenario, Direction::Data),
            ack: Link::new(&scenario, Direction::Ack),
            file: Arriving::from(experiment.offset),
            halting: Halting::new(experiment.halt),
            receiver_knew_at: None,
            leaves_at: now,
            first_data_at: None,
            all_acked_at: None,
            traffic: [Traffic::default(); 2],
            steps: 0,
            #[cfg(test)]
            on_the_wire: Vec::new(),
            entries: Vec::new(),
            end: None,
            scenario,
            experiment,
        };
        simulation.run_this_moment();
        simulation
    }

    /// Continues up to and including this moment; returns the new entries of the journal,
    /// including injected faults. Unit: microseconds.
    ///
    /// # Errors
    /// [`Stuck`]: see [`Experiment::run`]; again at every later call.
    pub fn run_until(&mut self, time_us: u64) -> Result<Vec<Entry>, Stuck> {
        while self.next_time_us().is_some_and(|next| next <= time_us) {
            self.step()?;
        }
        self.check()?;
        if self.end.is_none() {
            let moment = Moment::START + Duration::from_micros(time_us);
            self.now = self.now.max(moment);
        }
        Ok(std::mem::take(&mut self.entries))
    }

    /// Continues to the end; its entries are still to be taken.
    ///
    /// # Errors
    /// As [`Simulation::run_until`].
    pub fn run_to_end(&mut self) -> Result<&Run, Stuck> {
        loop {
            match &self.end {
                None => self.step()?,
                Some(Ok(_)) => break,
                Some(Err(stuck)) => return Err(*stuck),
            }
        }
        self.outcome().ok_or(Stuck {
            at: self.now,
            next: None,
        })
    }

    /// Continues to the next event, and everything that follows from it at once. Does
    /// nothing if the run has ended.
    ///
    /// # Errors
    /// As [`Simulation::run_until`].
    pub fn step(&mut self) -> Result<(), Stuck> {
        if self.end.is_none() {
            match self.wait() {
                Ok(()) => {
                    self.feed();
                    self.run_this_moment();
                }
                Err(stuck) => self.end = Some(Err(stuck)),
            }
        }
        self.check()
    }

    /// The entries that were not returned yet.
    pub fn take_entries(&mut self) -> std::vec::Drain<'_, Entry> {
        self.entries.drain(..)
    }

    /// Loses a packet in flight at this moment, with all its copies. The journal records
    /// it, and the scenario gets its `drop=`. Returns `false`, and changes nothing, if no
    /// such packet is in flight.
    pub fn kill(&mut self, packet: Label) -> bool {
        let mut is_killed = false;
        for direction in [Direction::Data, Direction::Ack] {
            let Some(datagram) = self.link(direction).kill(packet) else {
                continue;
            };
            is_killed = true;
            if let (true, Ok((packet, _))) =
                (self.experiment.listening, Packet::decode(&datagram))
            {
                let packet = PacketName::from(&packet);
                let killed = FaultInjection::PacketKilled(Killed { packet, direction });
                self.entries.push(Entry::injected(self.now, killed));
            }
        }
        if is_killed {
            self.scenario.lose(packet);
        }
        is_killed
    }

    /// Replaces the link from this moment on; packets in flight keep their fate.
    pub fn change(&mut self, scenario: Scenario) {
        if scenario == self.scenario {
            return;
        }
        for direction in [Direction::Data, Direction::Ack] {
            let now = self.now;
            self.link(direction).change(&scenario, now);
        }
        if self.experiment.listening {
            let scenario = scenario.to_string();
            let changed = FaultInjection::LinkChanged { scenario };
            self.entries.push(Entry::injected(self.now, changed));
        }
        self.scenario = scenario;
    }

    /// The journal's first line.
    #[must_use]
    pub fn heading(&self) -> Heading {
        self.experiment.heading()
    }

    /// The scenario as started or last changed, with each packet lost since.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The current moment. Unit: microseconds.
    #[must_use]
    pub fn time_us(&self) -> u64 {
        microseconds(self.now.since_start())
    }

    /// The time of the next event; `None` if there is none. Unit: microseconds.
    #[must_use]
    pub fn next_time_us(&self) -> Option<u64> {
        if self.end.is_some() {
            return None;
        }
        let next = self.next_moment()?;
        Some(microseconds(next.max(self.now).since_start()))
    }

    /// The result, once it has ended.
    #[must_use]
    pub fn outcome(&self) -> Option<&Run> {
        self.end.as_ref()?.as_ref().ok()
    }

    fn check(&self) -> Result<(), Stuck> {
        match &self.end {
            Some(Err(stuck)) => Err(*stuck),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    const fn link(&mut self, direction: Direction) -> &mut Link<Vec<u8>> {
        match direction {
            Direction::Data => &mut self.data,
            Direction::Ack => &mut self.ack,
        }
    }

    /// Everything that follows at this moment without another event.
    fn run_this_moment(&mut self) {
        self.halting
            .apply(&mut self.sender, &mut self.receiver, self.now);
        self.drain();
        if self.sender.progress().acked_bytes == self.experiment.size {
            self.all_acked_at.get_or_insert(self.now);
        }
        if self.receiver.verdict().is_some() {
            self.receiver_knew_at.get_or_insert(self.now);
        }
        if self.sender.outcome().is_some() {
            self.receiver.release(); // No FIN will be retransmitted.
        }
        if let (Some(sender), Some(receiver)) =
            (self.sender.outcome(), self.receiver.outcome())
        {
            self.end = Some(Ok(Run {
                sender,
                receiver,
                is_identical: self.file.is_whole(self.experiment.size),
                elapsed: self.receiver_knew_at.unwrap_or(self.now) - Moment::START,
                transferring: self.all_acked_at.unwrap_or(self.now)
                    - self.first_data_at.unwrap_or(self.now),
                offset: self.experiment.offset,
                progress: self.sender.progress(),
                data: self.traffic[0],
                ack: self.traffic[1],
                steps: self.steps,
            }));
        }
    }

    /// Lets both state machines send until neither has anything more to send.
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

    /// Whether the sender's next packet may leave. If packets have a least distance, the
    /// sender decides after all arrivals and timers of the same moment.
    fn may_leave(&self) -> bool {
        self.experiment.spacing.is_zero()
            || self.leaves_at <= self.now
                && self.next_event().is_none_or(|next| next > self.now)
    }

    fn carry(&mut self, transmit: &Transmit, direction: Direction) {
        self.note_events();
        match transmit.packet.body.kind() {
            Kind::Data => self.first_data_at = self.first_data_at.or(Some(self.now)),
            Kind::Syn
            | Kind::SynAck
            | Kind::Ack
            | Kind::Nack
            | Kind::Fin
            | Kind::FinAck
            | Kind::Rst => (),
        }
        let mut datagram = Vec::with_capacity(transmit.packet.datagram_bytes());
        let payload = contents::bytes(transmit.bytes.clone());
        transmit.packet.encode(&mut datagram, &payload);
        let packet = PacketRecord::from(&transmit.packet);
        let [data, ack] = &mut self.traffic;
        let (link, traffic) = match direction {
            Direction::Data => (&mut self.data, data),
            Direction::Ack => (&mut self.ack, ack),
        };
        let bytes = datagram.len();
        traffic.packets += 1;
        traffic.bytes += (bytes + UDP_AND_IP_BYTES) as u64;
        #[cfg(test)]
        let copy = datagram.clone();
        let entered = link.enter(datagram, Label::from(packet.name), bytes, self.now);
        #[cfg(test)]
        self.on_the_wire.push((self.now, direction, copy, entered));
        if self.experiment.listening {
            let carried = Carried::new(packet, direction, entered);
            self.entries.push(Entry::carried(self.now, carried));
        }
    }

    /// When a packet arrives or a timer expires.
    fn next_event(&self) -> Option<Moment> {
        earliest([
            self.sender.next_timeout(),
            self.receiver.next_timeout(),
            self.data.next_timeout(),
            self.ack.next_timeout(),
            self.halting.next_timeout(),
        ])
    }

    /// The same, or when the sender may send again.
    fn next_moment(&self) -> Option<Moment> {
        let leaves_at = Some(self.leaves_at).filter(|&at| at > self.now);
        earliest([self.next_event(), leaves_at])
    }

    /// Jumps to the next event.
    fn wait(&mut self) -> Result<(), Stuck> {
        let next = self.next_moment().ok_or(Stuck {
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

    /// Delivers one event: a packet if there is one, otherwise a timeout.
    fn feed(&mut self) {
        self.steps += 1;
        if let Some(delivery) = self.data.poll(self.now) {
            let datagram = delivery.into_datagram();
            self.receive(&datagram);
        } else if let Some(delivery) = self.ack.poll(self.now) {
            let datagram = delivery.into_datagram();
            match Packet::decode(&datagram) {
                Ok((packet, _)) => self.sender.on_packet(&packet, self.now),
                Err(_) => self.sender.on_damage(&[]),
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
                self.receiver.on_damage(&[], self.now);
            }
            return;
        };
        if self.receiver.is_wanted(&packet) {
            self.file.keep(packet.number, payload);
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
            self.entries.push(Entry::new(self.now, Side::Sender, event));
        }
        for event in self.receiver.take_events() {
            self.entries
                .push(Entry::new(self.now, Side::Receiver, event));
        }
    }
}

#[cfg(test)]
mod tests;
