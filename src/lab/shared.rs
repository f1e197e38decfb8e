//! Several transfers over one link, in virtual time: measures how they share it.
//!
//! ```text
//!   sender 0 ---.                          .---> receiver 0
//!   sender 1 ---+--> [ queue, rate, delay ]+---> receiver 1
//!               '<-- [ link for the ACKs ]-'
//! ```
//!
//! Packets contain no file bytes here, only lengths, so that hundreds of links take
//! seconds. [`super::run`] checks that bytes arrive complete.
//!
//! ```
//! use sash::lab::shared::{Shared, Transfer};
//! use sash::wire::options::Congestion;
//! let scenario = "delay=5ms;data.rate=10mbit".parse().unwrap();
//! let transfer = Transfer { segments: 100, ..Transfer::new(Congestion::Reno) };
//! let mut shared = Shared::new(&scenario, &[transfer]);
//! shared.run_to_end(std::time::Duration::from_secs(10));
//! assert_eq!(shared.flow(0).delivered(), 100);
//! ```

use crate::link::{Direction, Label, Link, Scenario};
use crate::reliable::connection::{Receiving, Sending};
use crate::reliable::event::PacketName;
use crate::reliable::handshake::Proposal;
use crate::reliable::moment::Moment;
use crate::reliable::{Machine, earliest};
use crate::wire::digest::Token;
use crate::wire::options::{Arq, Congestion, DEFAULT_SEGMENT_BYTES, LARGEST_WINDOW};
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;
use std::time::Duration;

/// One of the transfers that share the link.
#[derive(Debug, Clone, Copy)]
pub struct Transfer {
    /// The congestion controller of its sender.
    pub congestion: Congestion,
    /// The length of its file. Unit: segments.
    pub segments: u32,
    /// When it begins.
    pub starts_at: Moment,
    /// The least retransmission timeout, and the longest that an ACK is held back, are
    /// those of real sockets; only the window may differ. Unit: packets.
    pub window: u32,
}

impl Transfer {
    /// A transfer longer than any measurement.
    #[must_use]
    pub const fn new(congestion: Congestion) -> Self {
        Self {
            congestion,
            segments: 3_000_000,
            starts_at: Moment::START,
            window: LARGEST_WINDOW,
        }
    }
}

/// A transfer as it runs.
#[derive(Debug)]
pub struct Flow {
    transfer: Transfer,
    sender: Sending,
    receiver: Receiving,
    sent: u64,
    delivered: u32,
    first_sent_at: Option<Moment>,
    /// The time of arrival of each 20th of the file.
    marks: Vec<Moment>,
}

impl Flow {
    fn new(transfer: Transfer, number: u8) -> Self {
        let first = Some(SequenceNumber(1));
        let proposal = |first| Proposal {
            token: Token([number; 16]),
            size: u64::from(transfer.segments) * u64::from(DEFAULT_SEGMENT_BYTES),
            window: transfer.window,
            congestion: transfer.congestion,
            first,
            listening: false,
            ..Proposal::EXAMPLE
        };
        let arq = Arq::Sack;
        Self {
            transfer,
            sender: Sending::respond(arq, proposal(first), transfer.starts_at),
            receiver: Receiving::initiate(arq, proposal(None), transfer.starts_at),
            sent: 0,
            delivered: 0,
            first_sent_at: None,
            marks: Vec::new(),
        }
    }

    /// DATA packets sent, including retransmissions.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Segments that have arrived, in order or not.
    #[must_use]
    pub const fn delivered(&self) -> u32 {
        self.delivered
    }

    /// From the first DATA packet to the arrival of this many twentieths of the file;
    /// `None` where they have not arrived.
    #[must_use]
    pub fn time_to(&self, twentieths: usize) -> Option<Duration> {
        let arrived = self.marks.get(twentieths.checked_sub(1)?)?;
        Some(*arrived - self.first_sent_at?)
    }

    /// Whether the whole file has arrived.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.delivered == self.transfer.segments
    }

    /// The state of the sender, for a message about a failure.
    #[must_use]
    pub const fn sender(&self) -> &Sending {
        &self.sender
    }

    fn arrive(&mut self, packet: &Packet, now: Moment) {
        if self.receiver.is_wanted(packet) {
            self.delivered += 1;
            let reached = |marks: usize| {
                let share = u64::from(self.transfer.segments) * (marks as u64 + 1);
                u64::from(self.delivered) * 20 >= share
            };
            while self.marks.len() < 20 && reached(self.marks.len()) {
                self.marks.push(now);
            }
        }
        self.receiver.on_packet(packet, now);
    }
}

/// The link and the transfers over it.
#[derive(Debug)]
pub struct Shared {
    flows: Vec<Flow>,
    data: Link<(usize, Packet)>,
    acks: Link<(usize, Packet)>,
    now: Moment,
    /// The queue that each DATA packet found, and when. Unit: bytes.
    queue: Vec<(Moment, u64)>,
}

impl Shared {
    /// Nothing was sent yet.
    #[must_use]
    pub fn new(scenario: &Scenario, transfers: &[Transfer]) -> Self {
        let numbered = transfers.iter().zip(1..);
        Self {
            flows: numbered
                .map(|(&one, number)| Flow::new(one, number))
                .collect(),
            data: Link::new(scenario, Direction::Data),
            acks: Link::new(scenario, Direction::Ack),
            now: Moment::START,
            queue: Vec::new(),
        }
    }

    /// One of the transfers, in the order in which they were given.
    ///
    /// # Panics
    /// If there is none with this number.
    #[must_use]
    pub fn flow(&self, number: usize) -> &Flow {
        &self.flows[number]
    }

    /// The current time.
    #[must_use]
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// Changes the link; packets in it keep their fate.
    pub fn change(&mut self, scenario: &Scenario) {
        self.data.change(scenario, self.now);
        self.acks.change(scenario, self.now);
    }

    /// The mean queue that DATA packets have found since then. Unit: bytes.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean for comparison")]
    pub fn mean_queue(&self, since: Moment) -> f64 {
        let later = self.queue.iter().filter(|(at, _)| *at >= since);
        let (count, sum) = later.fold((0_u64, 0_u64), |(count, sum), (_, bytes)| {
            (count + 1, sum + bytes)
        });
        sum as f64 / count.max(1) as f64
    }

    /// Continues until every file has arrived, or until `timeout` has passed.
    pub fn run_to_end(&mut self, timeout: Duration) {
        let end = self.now + timeout;
        while self.now < end && !self.flows.iter().all(Flow::is_whole) {
            self.step();
        }
    }

    /// Continues up to this moment.
    pub fn run_until(&mut self, end: Moment) {
        while self.now < end {
            self.step();
        }
    }

    /// Lets all senders send, waits for one event, and delivers this event.
    fn step(&mut self) {
        self.drain();
        let timers = self.flows.iter().filter_map(|flow| {
            let timers = [flow.sender.next_timeout(), flow.receiver.next_timeout()];
            Some(earliest(timers)?.max(flow.transfer.starts_at))
        });
        let links = [self.data.next_timeout(), self.acks.next_timeout()];
        let next = timers.chain(links.into_iter().flatten()).min();
        self.now = next.unwrap_or(self.now + NOTHING_LEFT).max(self.now);
        let now = self.now;
        if let Some(delivery) = self.data.poll(now) {
            let (number, packet) = delivery.item;
            self.flows[number].arrive(&packet, now);
        } else if let Some(delivery) = self.acks.poll(now) {
            let (number, packet) = delivery.item;
            self.flows[number].sender.on_packet(&packet, now);
        } else {
            for flow in &mut self.flows {
                if flow.transfer.starts_at <= now {
                    flow.sender.on_timeout(now);
                    flow.receiver.on_timeout(now);
                }
            }
        }
    }

    fn drain(&mut self) {
        let now = self.now;
        for (number, flow) in self.flows.iter_mut().enumerate() {
            if now < flow.transfer.starts_at {
                continue;
            }
            while let Some(transmit) = flow.sender.poll_transmit(now) {
                if matches!(transmit.packet.body, Body::Data { .. }) {
                    flow.sent += 1;
                    flow.first_sent_at.get_or_insert(now);
                    self.queue.push((now, self.data.queued_bytes(now)));
                }
                push(&mut self.data, number, transmit.packet, now);
            }
            while let Some(transmit) = flow.receiver.poll_transmit(now) {
                push(&mut self.acks, number, transmit.packet, now);
            }
        }
    }
}

/// If nothing is awaited, time still passes, so that a run ends.
const NOTHING_LEFT: Duration = Duration::from_secs(3600);

fn push(link: &mut Link<(usize, Packet)>, number: usize, packet: Packet, now: Moment) {
    let label = Label::from(PacketName::from(&packet));
    let bytes = packet.datagram_bytes();
    link.push((number, packet), label, bytes, now);
}
