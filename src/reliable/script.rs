//! Scripts for two state machines: steps, which a failure prints.
//!
//! Packets have the names of the drop lists: `d2.1` is DATA 2, first attempt; `a` ACK,
//! `n` NACK, `s` SYN, `y` SYN-ACK, `f` FIN, `g` FIN-ACK, `r` RST.
//!
//! | step | does |
//! | --- | --- |
//! | `sends` | expects exactly these packets since the last `sends` |
//! | `lose`, `arrive` | takes packets off the path, for nothing or to the other end |
//! | `again` | a copy of an earlier packet arrives, however late |
//! | `forge` | a packet arrives that the other end never sent |
//! | `advance` | time passes; timers expire meanwhile |
//! | `expect`, `happened` | a question, an event |
//!
//! Source: the step lists of CS144 minnow's tests; google/packetdrill's timelines.

use super::connection_parameters::ConnectionParameters;
use super::event::{Event, Ignored, Trigger};
use super::moment::Moment;
use super::round_trip::RoundTrip;
use super::{Machine, earliest};
use crate::wire::packet::{Acknowledgement, Body, Kind, Packet, SequenceRange};
use std::fmt::Write as _;
use std::time::Duration;

/// Two state machines and the packets between them.
pub(super) struct Story<S, R> {
    pub(super) sender: S,
    pub(super) receiver: R,
    pub(super) now: Moment,
    /// Sent, and neither lost nor arrived.
    on_the_path: Vec<Letter>,
    /// All packets ever sent.
    archive: Vec<Letter>,
    /// The packets sent since the last `sends`.
    fresh: Vec<String>,
    events: Vec<Event>,
    steps: Vec<String>,
}

#[derive(Clone)]
struct Letter {
    name: String,
    to: End,
    packet: Packet,
}

/// A failure prints this many of the last steps.
const MOST_STEPS_TOLD: usize = 60;

/// One of the two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Sender,
    Receiver,
}

impl<S: Machine, R: Machine> Story<S, R> {
    pub(super) fn new(sender: S, receiver: R) -> Self {
        let mut story = Self {
            sender,
            receiver,
            now: Moment::START,
            on_the_path: Vec::new(),
            archive: Vec::new(),
            fresh: Vec::new(),
            events: Vec::new(),
            steps: Vec::new(),
        };
        story.drain();
        story
    }

    /// Exactly these packets have left since the last call, in this order.
    #[track_caller]
    pub(super) fn sends(&mut self, names: &str) {
        self.drain(); // The test may have called the machine itself.
        self.steps.push(format!("sends {names:?}"));
        let found = std::mem::take(&mut self.fresh).join(" ");
        self.expect(&format!("it sent {found:?}"), found == names);
    }

    /// These packets are lost.
    #[track_caller]
    pub(super) fn lose(&mut self, names: &str) {
        self.steps.push(format!("lose {names:?}"));
        for name in names.split(' ') {
            self.take(name);
        }
    }

    /// These packets arrive, in this order.
    #[track_caller]
    pub(super) fn arrive(&mut self, names: &str) {
        for name in names.split(' ') {
            self.steps.push(format!("arrive {name:?}"));
            let letter = self.take(name);
            self.deliver(&letter);
        }
    }

    /// A copy of an earlier packet arrives.
    #[track_caller]
    pub(super) fn again(&mut self, name: &str) {
        self.steps.push(format!("again {name:?}"));
        let packet = self.packet(name).clone();
        let found = self.archive.iter().rfind(|letter| letter.packet == packet);
        let to = found.map_or(End::Sender, |letter| letter.to);
        self.forge(to, packet);
    }

    /// A packet arrives that the other end never sent.
    pub(super) fn forge(&mut self, to: End, packet: Packet) {
        let name = name(&packet);
        let next_expected = packet.sequence;
        self.steps
            .push(format!("forge {name}, sequence {next_expected}"));
        self.deliver(&Letter { name, to, packet });
    }

    /// Time passes; each timer expires at its own moment.
    #[track_caller]
    pub(super) fn advance(&mut self, by: Duration) {
        self.steps.push(format!("advance {by:?}"));
        let until = self.now + by;
        let mut rounds = 0;
        while let Some(next) = self.next_timeout().filter(|&next| next <= until) {
            self.now = self.now.max(next);
            self.pass_time();
            rounds += 1;
            self.expect("timers expire without end", rounds < 10_000);
        }
        self.now = until;
        self.pass_time();
    }

    /// The next timer of either end expires after this time.
    #[track_caller]
    pub(super) fn wakes_in(&mut self, wanted: Duration) {
        self.steps.push(format!("wakes in {wanted:?}"));
        let found = self.next_timeout().map(|next| next - self.now);
        self.expect(&format!("it wakes in {found:?}"), found == Some(wanted));
    }

    /// A condition on the state machines.
    #[track_caller]
    pub(super) fn expect(&self, what: &str, is_true: bool) {
        if is_true {
            return;
        }
        let mut told = format!("{what}\nsteps until {}:\n", self.now);
        let unshown = self.steps.len().saturating_sub(MOST_STEPS_TOLD);
        for (number, step) in self.steps.iter().enumerate().skip(unshown) {
            let _ = writeln!(told, "{:3}. {step}", number + 1);
        }
        panic!("{told}");
    }

    /// This event was recorded since the last check.
    #[track_caller]
    pub(super) fn happened(&mut self, wanted: &Event) {
        let events = self.take_events();
        self.steps.push(format!("happened {wanted:?}"));
        let is_there = events.contains(wanted);
        self.expect(&format!("not in {events:#?}"), is_there);
    }

    /// A packet was ignored for this reason.
    #[track_caller]
    pub(super) fn ignored(&mut self, wanted: Ignored) {
        let events = self.take_events();
        self.steps.push(format!("ignored {wanted:?}"));
        let is_it = |event: &Event| matches!(event, Event::PacketIgnored { why, .. } if *why == wanted);
        self.expect(&format!("not in {events:#?}"), events.iter().any(is_it));
    }

    /// Exactly these segments were declared lost since the last check.
    #[track_caller]
    pub(super) fn declared_lost(&mut self, wanted: &[(u32, Trigger)]) {
        self.steps.push(format!("declared lost {wanted:?}"));
        let mut found = Vec::new();
        for event in self.take_events() {
            if let Event::PacketLost {
                number, trigger, ..
            } = event
            {
                found.push((number, trigger));
            }
        }
        self.expect(&format!("declared lost: {found:?}"), found == wanted);
    }

    pub(super) fn take_events(&mut self) -> Vec<Event> {
        self.collect_events();
        std::mem::take(&mut self.events)
    }

    /// The packets on the path, oldest first.
    pub(super) fn names_on_the_path(&mut self) -> Vec<String> {
        self.drain();
        self.on_the_path
            .iter()
            .map(|one| one.name.clone())
            .collect()
    }

    /// The latest packet of this name that was ever sent.
    #[track_caller]
    pub(super) fn packet(&self, name: &str) -> &Packet {
        let found = self.archive.iter().rfind(|letter| letter.name == name);
        self.expect(&format!("{name:?} was never sent"), found.is_some());
        &found.expect("just asked").packet
    }

    #[track_caller]
    fn take(&mut self, name: &str) -> Letter {
        self.drain();
        let place = self.on_the_path.iter().position(|one| one.name == name);
        self.expect(&format!("{name:?} is not on the path"), place.is_some());
        self.on_the_path.remove(place.expect("just asked"))
    }

    fn deliver(&mut self, letter: &Letter) {
        match letter.to {
            End::Sender => self.sender.on_packet(&letter.packet, self.now),
            End::Receiver => self.receiver.on_packet(&letter.packet, self.now),
        }
        self.drain();
    }

    fn pass_time(&mut self) {
        self.sender.on_timeout(self.now);
        self.receiver.on_timeout(self.now);
        self.drain();
    }

    fn next_timeout(&self) -> Option<Moment> {
        earliest([self.sender.next_timeout(), self.receiver.next_timeout()])
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.sender.poll_transmit(self.now) {
            self.post(End::Receiver, transmit.packet);
        }
        while let Some(transmit) = self.receiver.poll_transmit(self.now) {
            self.post(End::Sender, transmit.packet);
        }
        self.collect_events();
    }

    fn post(&mut self, to: End, packet: Packet) {
        let name = name(&packet);
        self.fresh.push(name.clone());
        let letter = Letter { name, to, packet };
        self.archive.push(letter.clone());
        self.on_the_path.push(letter);
        assert!(self.archive.len() < 100_000, "a machine sends without end");
    }

    fn collect_events(&mut self) {
        self.events.append(&mut self.sender.take_events());
        self.events.append(&mut self.receiver.take_events());
    }
}

fn name(packet: &Packet) -> String {
    let letter = match packet.body.kind() {
        Kind::Syn => 's',
        Kind::SynAck => 'y',
        Kind::Ack => 'a',
        Kind::Nack => 'n',
        Kind::Data => 'd',
        Kind::Fin => 'f',
        Kind::FinAck => 'g',
        Kind::Rst => 'r',
    };
    format!("{letter}{}.{}", packet.number, packet.attempt)
}

/// An ACK with this `next_expected` and these `ranges`.
pub(super) fn ack(
    parameters: &ConnectionParameters,
    next_expected: u32,
    ranges: &[(u32, u32)],
    now: Moment,
) -> Packet {
    let range = |&(start, end): &(u32, u32)| SequenceRange {
        start: parameters.first + start,
        end: parameters.first + end,
    };
    Packet {
        token: parameters.token,
        number: 99,
        attempt: 1,
        sequence: parameters.first + next_expected,
        sent_at: now.stamp(),
        body: Body::Ack(Acknowledgement {
            echo: now.stamp(),
            window: parameters.window,
            received: 0,
            ranges: ranges.iter().map(range).collect(),
        }),
    }
}

/// A round-trip estimate with one sample of 100 ms: the timeout is 300 ms.
pub(super) fn measured() -> RoundTrip {
    let mut round_trip = RoundTrip::timed(ConnectionParameters::EXAMPLE.timing);
    round_trip.sample(ms(100));
    round_trip
}

pub(super) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn a_failed_story_prints_its_steps() {
    use super::{receiver, sender, stop_and_wait};
    let failure = std::panic::catch_unwind(|| {
        let parameters = ConnectionParameters::EXAMPLE;
        let protocol = Box::new(stop_and_wait::Sender::new());
        let sender = sender::Sender::new(protocol, parameters, measured());
        let protocol = Box::new(stop_and_wait::Receiver::new());
        let mut story = Story::new(sender, receiver::Receiver::new(protocol, parameters));
        story.sends("d0.1");
        story.lose("d0.1");
        story.sends("a1.1");
    });
    let told = failure.unwrap_err().downcast::<String>().unwrap();
    let steps = "  1. sends \"d0.1\"\n  2. lose \"d0.1\"\n  3. sends \"a1.1\"\n";
    assert_eq!(
        *told,
        format!("it sent \"\"\nsteps until 0.000000s:\n{steps}")
    );
}
