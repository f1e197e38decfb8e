//! Gathers the events of a transfer for its event log.
//!
//! Nothing is gathered, and the state machines record nothing, unless the job is watched.

use super::packet_output::PacketOutput;
use super::{Job, Report, clock};
use crate::link::{Direction, Entered, Scenario};
use crate::reliable::Machine;
use crate::reliable::event::log::{Carried, Entry, FaultInjection, Killed, Side};
use crate::reliable::event::{Event, PacketName, PacketRecord};
use crate::reliable::moment::Moment;
use crate::wire::digest::Token;
use crate::wire::mac::TrafficKeys;
use crate::wire::packet::Packet;
use std::net::SocketAddr;
use std::time::Duration;

/// The events that one driver has gathered.
#[derive(Debug)]
pub(super) struct Watch {
    side: Side,
    token: Token,
    /// The keys for the MACs of packets, which the state machines do not know.
    keys: Option<TrafficKeys>,
    is_on: bool,
    /// Whether a user watches: events are reported at once.
    is_live: bool,
    /// The time of the next report, even of few events.
    next_report: Moment,
    /// The other side's address, once it was reported.
    theirs: Option<SocketAddr>,
    entries: Vec<Entry>,
}

/// The number of events per report to a journal.
const ENOUGH: usize = 512;

/// The number of events per report to a watcher.
const ENOUGH_AT_ONCE: usize = 16_384;

/// The interval of reports to a watcher.
const LIVE_INTERVAL: Duration = Duration::from_millis(50);

impl Watch {
    pub(super) const fn new(job: &Job, side: Side) -> Self {
        Self {
            side,
            token: job.token,
            keys: job.keys,
            is_on: job.is_watched,
            is_live: false,
            next_report: Moment::START,
            theirs: None,
            entries: Vec::new(),
        }
    }

    /// Takes the events of the state machine until `now`.
    pub(super) fn look(
        &mut self,
        machine: &mut impl Machine,
        packet_output: &PacketOutput,
        now: Moment,
    ) {
        if !self.is_on {
            return;
        }
        self.look_at_path(packet_output, now);
        for mut event in machine.take_events() {
            if let Event::PacketSent(packet) = &mut event {
                self.sign(packet, true);
            } else if let Event::PacketReceived(packet) = &mut event {
                self.sign(packet, false);
            }
            self.entries.push(Entry::new(now, self.side, event));
        }
    }

    /// Records the addresses of both sides, if they are new.
    fn look_at_path(&mut self, packet_output: &PacketOutput, now: Moment) {
        let Some((ours, theirs)) = packet_output.addresses(self.theirs) else {
            return;
        };
        self.theirs = Some(theirs);
        let (sender, receiver) = match self.side {
            Side::Sender | Side::Link => (ours, theirs),
            Side::Receiver => (theirs, ours),
        };
        let wall_us = u64::try_from(clock::wall_time().as_micros()).unwrap_or(u64::MAX);
        let event = Event::PathAssigned {
            sender,
            receiver,
            wall_us,
        };
        self.entries.push(Entry::new(now, self.side, event));
    }

    fn sign(&self, record: &mut PacketRecord, is_sent: bool) {
        if let Some(keys) = &self.keys
            && record.kind.has_mac()
        {
            let key = if is_sent { &keys.send } else { &keys.receive };
            record.mac = record.packet(self.token).mac(key);
        }
    }

    /// The link has decided about a packet.
    pub(super) fn carried(
        &mut self,
        packet: &Packet,
        direction: Direction,
        entered: Entered,
        now: Moment,
    ) {
        if self.is_on {
            let mut record = PacketRecord::from(packet);
            let is_sent = (direction == Direction::Data) == (self.side == Side::Sender);
            self.sign(&mut record, is_sent);
            let carried = Carried::new(record, direction, entered);
            self.entries.push(Entry::carried(now, carried));
        }
    }

    /// A user watches from now on.
    pub(super) const fn begin(&mut self) {
        (self.is_on, self.is_live) = (true, true);
    }

    /// The user dropped a packet in flight.
    pub(super) fn killed(&mut self, packet: PacketName, way: Direction, now: Moment) {
        let direction = way;
        let killed = Killed { packet, direction };
        self.inject(FaultInjection::PacketKilled(killed), now);
    }

    /// The user changed the link.
    pub(super) fn changed(&mut self, scenario: &Scenario, now: Moment) {
        let scenario = scenario.to_string();
        self.inject(FaultInjection::LinkChanged { scenario }, now);
    }

    fn inject(&mut self, fault: FaultInjection, now: Moment) {
        if self.is_on {
            self.entries.push(Entry::injected(now, fault));
        }
    }

    /// The entries to report; at the end, all of them.
    pub(super) fn report(&mut self, is_end: bool, now: Moment) -> Option<Report> {
        let enough = if self.is_live { ENOUGH_AT_ONCE } else { ENOUGH };
        let is_awaited = self.is_live && now >= self.next_report;
        let is_worth_it = is_end || is_awaited || self.entries.len() >= enough;
        let is_due = is_worth_it && !self.entries.is_empty();
        if is_due {
            self.next_report = now + LIVE_INTERVAL;
        }
        is_due.then(|| Report::Happened(std::mem::take(&mut self.entries)))
    }
}
