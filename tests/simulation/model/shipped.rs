//! Compares the state machines of the program with the ends that the checker has tried.
//!
//! Both see the same packets, lost, duplicated and reordered at random, with 32-bit numbers that
//! wrap around. A receiver must expect, buffer and acknowledge exactly what its end does. A
//! sender may wait longer than its end, but may send nothing that its end may not send; and
//! once nothing more is lost, the file must arrive.

use super::ends::{Ack, Agreement, Data, Protocol, Receiver, Sender};
use proptest::prelude::*;
use sash::reliable::connection_parameters::ConnectionParameters;
use sash::reliable::event::{Event, Timer};
use sash::reliable::moment::Moment;
use sash::reliable::protocol::{ReceiverProtocol, SenderProtocol};
use sash::reliable::round_trip::RoundTrip;
use sash::reliable::{ReceivingMachine, SendingMachine, receiver, sender};
use sash::reliable::{go_back_n, sack, selective_repeat, stop_and_wait};
use sash::wire::options::Congestion;
use sash::wire::packet::{Body, Packet};
use sash::wire::sequence::SequenceNumber;
use std::collections::VecDeque;

type Machines = (Box<dyn SendingMachine>, Box<dyn ReceivingMachine>);

/// The machine and the end, which get the same packets.
struct Pair {
    agreed: Agreement,
    machines: Machines,
    sender: Sender<SequenceNumber>,
    receiver: Receiver<SequenceNumber>,
    /// The numbers that the end acknowledges individually.
    said: VecDeque<Ack<SequenceNumber>>,
    now: Moment,
    data: Vec<Packet>,
    acks: Vec<Packet>,
}

const SEGMENTS: u32 = 12;

impl Pair {
    fn new(
        protocol: Protocol,
        window: u32,
        congestion: Congestion,
        make: fn(ConnectionParameters) -> Machines,
    ) -> Self {
        let parameters = ConnectionParameters {
            first: SequenceNumber(u32::MAX - 5),
            size: u64::from(SEGMENTS)
                * u64::from(ConnectionParameters::EXAMPLE.segment_bytes),
            window,
            congestion,
            ..ConnectionParameters::EXAMPLE
        };
        let agreed = Agreement {
            protocol,
            window,
            segments: SEGMENTS,
            window_ends_with_the_file: true,
        };
        Self {
            agreed,
            machines: make(parameters),
            sender: Sender::new(&agreed, parameters.first),
            receiver: Receiver::new(&agreed, parameters.first),
            said: VecDeque::new(),
            now: Moment::START,
            data: Vec::new(),
            acks: Vec::new(),
        }
    }

    /// Lets both machines send their packets.
    fn drain(&mut self) {
        while let Some(transmit) = self.machines.0.poll_transmit(self.now) {
            let sequence = transmit.packet.sequence;
            let ahead = sequence - self.sender.base;
            assert!(
                self.sender.may_send(&self.agreed, ahead),
                "{sequence} must not be sent by {:?}",
                self.sender
            );
            let data = self.sender.send(ahead);
            assert_eq!(data.number, sequence);
            assert_eq!(data.segment, transmit.packet.number);
            self.data.push(transmit.packet);
        }
        while let Some(transmit) = self.machines.1.poll_transmit(self.now) {
            let told = ack_of(self.agreed.protocol, &transmit.packet);
            let told = told.expect("a receiver sends ACKs");
            if self.agreed.protocol == Protocol::SelectiveRepeat {
                assert_eq!(Some(told), self.said.pop_front());
            } else {
                assert_eq!(told, self.receiver.ack());
            }
            self.acks.push(transmit.packet);
        }
    }

    fn data_arrives(&mut self, packet: &Packet) {
        let number = packet.sequence;
        let before = self.receiver.clone();
        let segment = packet.number;
        let (_, ack) = self.receiver.take(&self.agreed, Data { number, segment });
        self.said.extend(ack);
        let wants = self.machines.1.is_wanted(packet);
        assert_eq!(wants, before != self.receiver, "{number} at {before:?}");
        self.machines.1.on_packet(packet, self.now);
        assert_eq!(self.machines.1.next_expected(), self.receiver.expected);
    }

    fn ack_arrives(&mut self, packet: &Packet) {
        let ack = ack_of(self.agreed.protocol, packet).expect("only ACKs go this way");
        self.sender.take(&ack);
        self.machines.0.on_packet(packet, self.now);
        assert_eq!(
            self.machines.0.is_finished(),
            self.sender.acked == SEGMENTS,
            "{:?}",
            self.sender
        );
    }

    /// The next timer of either machine expires.
    fn time_passes(&mut self) {
        let timers = [
            self.machines.0.next_timeout(),
            self.machines.1.next_timeout(),
        ];
        let Some(next) = timers.into_iter().flatten().min() else {
            return;
        };
        self.now = self.now.max(next);
        self.machines.0.on_timeout(self.now);
        self.machines.1.on_timeout(self.now);
        let timer = Timer::Retransmission; // Pacing has a timer too.
        let events = self.machines.0.take_events();
        if events.contains(&Event::TimerExpired { timer }) {
            self.sender.time_out();
        }
    }

    /// Whether the file arrives, and both sides know it, once nothing more is lost.
    fn ends_well(&mut self) -> bool {
        for _ in 0..10 * SEGMENTS {
            for packet in std::mem::take(&mut self.data) {
                self.data_arrives(&packet);
            }
            self.drain();
            for packet in std::mem::take(&mut self.acks) {
                self.ack_arrives(&packet);
            }
            self.time_passes();
            self.drain();
        }
        self.machines.0.is_finished() && self.receiver.delivered == SEGMENTS
    }

    /// One thing happens, chosen by a number.
    fn happens(&mut self, chance: u16) {
        let pick = |packets: &[Packet]| usize::from(chance / 8) % packets.len().max(1);
        match chance % 8 {
            0..3 if !self.data.is_empty() => {
                let packet = self.data.remove(pick(&self.data));
                self.data_arrives(&packet);
            }
            3 if !self.data.is_empty() => {
                let packet = self.data[pick(&self.data)].clone();
                self.data_arrives(&packet);
            }
            4..6 if !self.acks.is_empty() => {
                let packet = self.acks[pick(&self.acks)].clone();
                self.ack_arrives(&packet);
            }
            6 => {
                self.data.truncate(pick(&self.data));
                self.acks.truncate(pick(&self.acks));
            }
            _ => self.time_passes(),
        }
        self.drain();
    }
}

/// The content of an ACK or NACK, its ranges in the order of the numbers.
fn ack_of(protocol: Protocol, packet: &Packet) -> Option<Ack<SequenceNumber>> {
    let (Body::Ack(ack) | Body::Nack(ack)) = &packet.body else {
        return None;
    };
    if protocol == Protocol::SelectiveRepeat {
        let wants = ack.ranges.first()?.start;
        let out_of_order = Vec::new();
        return Some(Ack {
            wants,
            out_of_order,
        });
    }
    let runs = ack.ranges.iter().map(|run| (run.start, run.end));
    let (wants, mut out_of_order) = (packet.sequence, runs.collect::<Vec<_>>());
    out_of_order.sort_by_key(|(start, _)| *start - wants);
    Some(Ack {
        wants,
        out_of_order,
    })
}

fn round_trip(parameters: &ConnectionParameters) -> RoundTrip {
    RoundTrip::timed(parameters.timing)
}

fn textbook(
    sender: impl SenderProtocol + 'static,
    receiver: impl ReceiverProtocol + 'static,
    parameters: ConnectionParameters,
) -> Machines {
    let sender =
        sender::Sender::new(Box::new(sender), parameters, round_trip(&parameters));
    let receiver = receiver::Receiver::new(Box::new(receiver), parameters);
    (Box::new(sender), Box::new(receiver))
}

fn stop_and_wait(parameters: ConnectionParameters) -> Machines {
    let sender = stop_and_wait::Sender::new();
    textbook(sender, stop_and_wait::Receiver::new(), parameters)
}

fn go_back_n(parameters: ConnectionParameters) -> Machines {
    let sender = go_back_n::Sender::new(parameters.window);
    textbook(sender, go_back_n::Receiver::new(), parameters)
}

fn selective_repeat(parameters: ConnectionParameters) -> Machines {
    let sender = selective_repeat::Sender::new(parameters.window);
    textbook(
        sender,
        selective_repeat::Receiver::new(parameters.window),
        parameters,
    )
}

fn sack(parameters: ConnectionParameters) -> Machines {
    let sender = sack::Sender::new(parameters, round_trip(&parameters));
    let receiver = sack::Receiver::new(parameters);
    (Box::new(sender), Box::new(receiver))
}

fn run(mut pair: Pair, chances: Vec<u16>) {
    pair.drain();
    for chance in chances {
        pair.happens(chance);
    }
    assert!(pair.ends_well(), "{:?} {:?}", pair.sender, pair.receiver);
    assert!(!pair.receiver.is_spoilt);
}

proptest! {
    #[test]
    fn stop_and_wait_takes_only_steps_that_the_model_allows(
        chances in proptest::collection::vec(any::<u16>(), 0..200),
    ) {
        run(Pair::new(Protocol::StopAndWait, 1, Congestion::Fixed, stop_and_wait), chances);
    }

    #[test]
    fn go_back_n_takes_only_steps_that_the_model_allows(
        window in 1_u32..6,
        congestion in proptest::sample::select(Congestion::ALL.to_vec()),
        chances in proptest::collection::vec(any::<u16>(), 0..200),
    ) {
        run(Pair::new(Protocol::GoBackN, window, congestion, go_back_n), chances);
    }

    #[test]
    fn selective_repeat_takes_only_steps_that_the_model_allows(
        window in 1_u32..6,
        congestion in proptest::sample::select(Congestion::ALL.to_vec()),
        chances in proptest::collection::vec(any::<u16>(), 0..200),
    ) {
        let protocol = Protocol::SelectiveRepeat;
        run(Pair::new(protocol, window, congestion, selective_repeat), chances);
    }

    #[test]
    fn sack_takes_only_steps_that_the_model_allows(
        window in 1_u32..6,
        congestion in proptest::sample::select(Congestion::ALL.to_vec()),
        chances in proptest::collection::vec(any::<u16>(), 0..200),
    ) {
        run(Pair::new(Protocol::Sack, window, congestion, sack), chances);
    }
}
