//! ACKs that lie about what has arrived, and clocks that jump, in virtual time: the sender
//! floods nothing, and the transfer ends.

use sash::link::{Direction, Label, Link, Scenario};
use sash::reliable::connection::{Outcome, Receiving, Sending};
use sash::reliable::event::PacketName;
use sash::reliable::handshake::Proposal;
use sash::reliable::moment::Moment;
use sash::reliable::{Machine, earliest, flow_control};
use sash::wire::digest::Digest;
use sash::wire::options::{Arq, Congestion, DEFAULT_SEGMENT_BYTES, LARGEST_WINDOW};
use sash::wire::packet::{Acknowledgement, Body, Packet, SequenceRange};
use sash::wire::sequence::SequenceNumber;
use std::time::Duration;

const SEGMENTS: u32 = 3_000;

const LINK: &str = "delay=10ms;data.rate=20mbit;data.queue=64kB";

/// What becomes of an ACK of the receiver on its way to the sender.
type Lie = fn(&Packet, &Acknowledgement, u32) -> Vec<Packet>;

/// By how much a clock is ahead, hours after its start.
type Jump = fn(Moment) -> Duration;

/// One transfer over the link.
struct Run {
    sender: Sending,
    receiver: Receiving,
    data: Link<Packet>,
    acks: Link<Packet>,
    /// DATA with bytes that left.
    sent: u32,
    /// The highest number among them, and one.
    furthest: u32,
    delivered: u32,
}

const HOUR: Duration = Duration::from_secs(3_600);

fn no_jump(_: Moment) -> Duration {
    4 * HOUR
}

impl Run {
    fn new(loss: &str) -> Self {
        let scenario: Scenario = format!("{LINK};{loss}").parse().expect("a link");
        let proposal = |first| Proposal {
            size: u64::from(SEGMENTS) * u64::from(DEFAULT_SEGMENT_BYTES),
            window: LARGEST_WINDOW,
            congestion: Congestion::Bbr,
            first,
            listening: false,
            ..Proposal::EXAMPLE
        };
        let first = Some(SequenceNumber(u32::MAX - 100));
        let start = Moment::START + no_jump(Moment::START);
        let mut sender = Sending::respond(Arq::Sack, proposal(first), start);
        sender.set_digest(Digest([1; 32]), start);
        Self {
            sender,
            receiver: Receiving::initiate(Arq::Sack, proposal(None), start),
            data: Link::new(&scenario, Direction::Data),
            acks: Link::new(&scenario, Direction::Ack),
            sent: 0,
            furthest: 0,
            delivered: 0,
        }
    }

    /// Runs until the sender has ended, for two minutes at most: a receiver that says that
    /// it has everything may take its time.
    fn run_to_end(mut self, lie: Lie, sender_clock: Jump, receiver_clock: Jump) -> Self {
        let mut now = Moment::START;
        let end = Moment::START + Duration::from_secs(120);
        while self.sender.outcome().is_none() && now < end {
            let [sender_now, receiver_now] = [sender_clock, receiver_clock]
                .map(|clock| Moment::START + clock(now))
                .map(|ahead| ahead + now.since_start());
            self.sender.on_timeout(sender_now);
            self.receiver.on_timeout(receiver_now);
            while let Some(delivery) = self.data.poll(now) {
                let packet = delivery.item;
                self.delivered += u32::from(self.receiver.is_wanted(&packet));
                self.receiver.on_packet(&packet, receiver_now);
            }
            if self.receiver.claimed_digest().is_some() {
                self.receiver.set_verdict(true, receiver_now);
            }
            while let Some(delivery) = self.acks.poll(now) {
                self.sender.on_packet(&delivery.item, sender_now);
            }
            while let Some(transmit) = self.sender.poll_transmit(sender_now) {
                let packet = transmit.packet;
                if matches!(packet.body, Body::Data { .. })
                    && !flow_control::is_window_probe(&packet)
                {
                    self.sent += 1;
                    self.furthest = self.furthest.max(packet.number + 1);
                }
                enter(&mut self.data, packet, now);
            }
            while let Some(transmit) = self.receiver.poll_transmit(receiver_now) {
                let packet = transmit.packet;
                let lies = if let Body::Ack(ack) | Body::Nack(ack) = &packet.body
                    && packet.number > 0
                {
                    lie(&packet, ack, self.furthest)
                } else {
                    vec![packet]
                };
                for packet in lies {
                    enter(&mut self.acks, packet, now);
                }
            }
            let links = [self.data.next_timeout(), self.acks.next_timeout()];
            let next = earliest(links).unwrap_or(now + Duration::from_millis(5));
            now = next.clamp(
                now + Duration::from_micros(50),
                now + Duration::from_millis(1),
            );
        }
        self
    }

    #[track_caller]
    fn floods_nothing(&self, loss: u32) {
        let most = 110 * u64::from(SEGMENTS) / u64::from(100 - loss);
        let sent = self.sent;
        assert!(
            u64::from(sent) <= most,
            "{sent} packets, {:?}",
            self.sender.outcome()
        );
    }

    #[track_caller]
    fn is_whole(&self) {
        assert_eq!(self.delivered, SEGMENTS);
        assert_eq!(self.sender.outcome(), Some(Outcome::Verified));
    }
}

fn enter(link: &mut Link<Packet>, packet: Packet, now: Moment) {
    let label = Label::from(PacketName::from(&packet));
    let bytes = packet.datagram_bytes();
    link.enter(packet, label, bytes, now);
}

fn with(packet: &Packet, sequence: SequenceNumber, ack: Acknowledgement) -> Packet {
    let mut other = packet.clone();
    other.sequence = sequence;
    other.body = Body::Ack(ack);
    other
}

fn honest(packet: &Packet, _: &Acknowledgement, _: u32) -> Vec<Packet> {
    vec![packet.clone()]
}

/// Everything has arrived that was ever sent, though it is still in the queue.
fn optimistic(packet: &Packet, ack: &Acknowledgement, furthest: u32) -> Vec<Packet> {
    let ranges = Vec::new();
    let all = SequenceNumber(u32::MAX - 100) + furthest;
    let ack = Acknowledgement {
        ranges,
        received: furthest,
        ..ack.clone()
    };
    vec![with(packet, all, ack)]
}

/// What was never sent has arrived too, in order and beyond; and the truth.
fn invented(packet: &Packet, ack: &Acknowledgement, furthest: u32) -> Vec<Packet> {
    let beyond = SequenceNumber(u32::MAX - 100) + furthest + 1_000;
    let range = SequenceRange {
        start: beyond,
        end: beyond + 500,
    };
    let ranged = Acknowledgement {
        ranges: vec![range],
        ..ack.clone()
    };
    vec![
        with(packet, beyond, ack.clone()),
        with(packet, packet.sequence, ranged),
        packet.clone(),
    ]
}

/// One ACK for each of the last segments, and each of them five times.
fn divided(packet: &Packet, ack: &Acknowledgement, _: u32) -> Vec<Packet> {
    let steps = 0..20;
    let parts = steps.rev().flat_map(|back| {
        let sequence = SequenceNumber(packet.sequence.0.wrapping_sub(back));
        std::iter::repeat_n(with(packet, sequence, ack.clone()), 5)
    });
    parts.collect()
}

/// The packet that it answers has just been sent, or long ago, in turn.
fn of_any_age(packet: &Packet, ack: &Acknowledgement, _: u32) -> Vec<Packet> {
    let age = if packet.number.is_multiple_of(2) {
        0
    } else {
        300_000
    };
    let ack = Acknowledgement {
        echo: ack.echo.wrapping_sub(age),
        ..ack.clone()
    };
    vec![with(packet, packet.sequence, ack)]
}

#[test]
fn acks_of_packets_that_have_not_arrived_yet_cause_no_flood() {
    let run = Run::new("loss=0%").run_to_end(optimistic, no_jump, no_jump);
    run.floods_nothing(0);
    let run = Run::new("loss=5%").run_to_end(optimistic, no_jump, no_jump);
    run.floods_nothing(5);
}

#[test]
fn acks_of_packets_that_were_never_sent_change_nothing() {
    let truth = Run::new("loss=2%").run_to_end(honest, no_jump, no_jump);
    let lies = Run::new("loss=2%").run_to_end(invented, no_jump, no_jump);
    lies.floods_nothing(2);
    lies.is_whole();
    assert!(
        10 * lies.sent <= 11 * truth.sent,
        "{} {}",
        lies.sent,
        truth.sent
    );
}

#[test]
fn divided_and_repeated_acks_cause_no_flood() {
    for (loss, percent) in [("loss=0%", 0), ("loss=5%", 5)] {
        let run = Run::new(loss).run_to_end(divided, no_jump, no_jump);
        run.floods_nothing(percent);
        run.is_whole();
    }
}

#[test]
fn acks_with_wrong_echoes_cause_no_flood() {
    let run = Run::new("loss=1%").run_to_end(of_any_age, no_jump, no_jump);
    run.floods_nothing(1);
    run.is_whole();
}

/// A quarter of a second after the start.
fn has_jumped(now: Moment) -> bool {
    now.since_start() > Duration::from_millis(250)
}

fn jumps_forward(now: Moment) -> Duration {
    let jump = if has_jumped(now) { 3 } else { 0 };
    no_jump(now) + jump * HOUR
}

fn jumps_back(now: Moment) -> Duration {
    let jump = if has_jumped(now) { 3 } else { 0 };
    no_jump(now).saturating_sub(jump * HOUR)
}

#[test]
fn a_receiver_whose_clock_jumps_receives_the_file_or_ends() {
    for jump in [jumps_forward as Jump, jumps_back] {
        let run = Run::new("loss=2%").run_to_end(honest, no_jump, jump);
        run.floods_nothing(2);
        assert!(run.sender.outcome().is_some());
    }
}

#[test]
fn a_sender_whose_clock_jumps_sends_the_file_or_ends() {
    for jump in [jumps_forward as Jump, jumps_back] {
        let run = Run::new("loss=2%").run_to_end(honest, jump, no_jump);
        run.floods_nothing(2);
        assert!(run.sender.outcome().is_some());
    }
}
