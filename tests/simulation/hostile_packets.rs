//! Feeds every state machine with packets that no honest peer would send: nothing panics,
//! nothing runs for ever, and the receiver delivers exactly the bytes that it was given.

use proptest::prelude::*;
use sash::reliable::connection::{Receiving, Sending};
use sash::reliable::flow_control;
use sash::reliable::handshake::{Handshake, Proposal};
use sash::reliable::moment::Moment;
use sash::reliable::{Machine, Transmit};
use sash::wire::digest::{Digest, Token};
use sash::wire::options::Arq;
use sash::wire::packet::{
    Acknowledgement, Body, HandshakeFields, Packet, Reset, SequenceRange,
};
use sash::wire::sequence::SequenceNumber;
use std::collections::BTreeSet;
use std::time::Duration;

const WINDOW: u32 = 8;

const SEGMENTS: u32 = 40;

/// Near the wraparound, so that every comparison crosses it.
const FIRST: SequenceNumber = SequenceNumber(u32::MAX - 20);

const PROPOSAL: Proposal = Proposal {
    size: SEGMENTS as u64 * 10 - 3,
    segment_bytes: 10,
    window: WINDOW,
    first: Some(FIRST),
    listening: true,
    ..Proposal::EXAMPLE
};

/// One thing that happens.
#[derive(Debug, Clone)]
enum Operation {
    /// A packet arrives that nobody sent.
    Forge(Packet),
    /// This honest packet in flight arrives (modulo their count).
    Arrive(usize),
    /// This one is lost.
    Lose(usize),
    /// Time passes. Unit: milliseconds.
    Wait(u64),
    /// A damaged datagram arrives.
    Damage,
}

/// Numbers that are nearly right, and some that are entirely wrong.
fn sequence() -> impl Strategy<Value = SequenceNumber> {
    prop_oneof![
        8 => (0..SEGMENTS + 3).prop_map(|index| FIRST + index),
        1 => Just(SequenceNumber(FIRST.0 - 1)),
        1 => any::<u32>().prop_map(SequenceNumber),
    ]
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..SEGMENTS + 3, 1 => any::<u32>()]
}

fn acknowledgement() -> impl Strategy<Value = Acknowledgement> {
    let range =
        (sequence(), sequence()).prop_map(|(start, end)| SequenceRange { start, end });
    let window = prop_oneof![0..20_u32, Just(u32::MAX)];
    let ranges = proptest::collection::vec(range, 0..4);
    (any::<u32>(), window, any::<u32>(), ranges).prop_map(
        |(echo, window, received, ranges)| Acknowledgement {
            echo,
            window,
            received,
            ranges,
        },
    )
}

fn opening() -> impl Strategy<Value = HandshakeFields> {
    let size = prop_oneof![Just(PROPOSAL.size), any::<u64>()];
    let window = prop_oneof![Just(WINDOW), Just(0), Just(u32::MAX), any::<u32>()];
    let segment_bytes = prop_oneof![Just(10), Just(0), any::<u16>()];
    (size, window, any::<u32>(), segment_bytes).prop_map(
        |(size, window, echo, segment_bytes)| HandshakeFields {
            size,
            window,
            echo,
            segment_bytes,
        },
    )
}

fn body() -> impl Strategy<Value = Body> {
    let length = prop_oneof![6 => Just(10_u16), 1 => Just(7), 1 => any::<u16>()];
    let digest = Digest([1; 32]);
    prop_oneof![
        8 => length.prop_map(|length| Body::Data { length }),
        8 => acknowledgement().prop_map(Body::Ack),
        2 => acknowledgement().prop_map(Body::Nack),
        1 => opening().prop_map(Body::Syn),
        1 => opening().prop_map(Body::SynAck),
        1 => Just(Body::Fin { digest }),
        1 => any::<bool>().prop_map(|verified| Body::FinAck { verified }),
        1 => Just(Body::Rst { why: Reset::Cancelled }),
    ]
}

fn packet() -> impl Strategy<Value = Packet> {
    let token = prop_oneof![30 => Just(PROPOSAL.token), 1 => Just(Token([0; 16]))];
    let fields = (
        token,
        number(),
        any::<u8>(),
        sequence(),
        any::<u32>(),
        body(),
    );
    fields.prop_map(|(token, number, attempt, sequence, sent_at, body)| {
        // Most DATA is a segment of the file, or the test would only meet the first check.
        let is_data = matches!(body, Body::Data { .. });
        let number = if is_data && attempt > 20 {
            sequence - FIRST
        } else {
            number
        };
        Packet {
            token,
            number,
            attempt,
            sequence,
            sent_at,
            body,
        }
    })
}

fn steps() -> impl Strategy<Value = Vec<Operation>> {
    let step = prop_oneof![
        4 => packet().prop_map(Operation::Forge),
        8 => (0..10_usize).prop_map(Operation::Arrive),
        2 => (0..10_usize).prop_map(Operation::Lose),
        2 => (0..700_u64).prop_map(Operation::Wait),
        1 => Just(Operation::Damage),
    ];
    proptest::collection::vec(step, 0..150)
}

fn arq() -> impl Strategy<Value = Arq> {
    proptest::sample::select(Arq::ALL.to_vec())
}

/// Everything that a machine sends now; a larger number at once would never end.
fn drain(machine: &mut impl Machine, now: Moment) -> Vec<Transmit> {
    let most = 4 * WINDOW as usize;
    let sent: Vec<_> = std::iter::from_fn(|| machine.poll_transmit(now))
        .take(most)
        .collect();
    assert!(sent.len() < most, "it sends without end");
    sent
}

/// Lets time pass as a driver does.
fn wait(machine: &mut impl Machine, until: Moment) -> Vec<Transmit> {
    let mut sent = Vec::new();
    let mut wakes = 0;
    while let Some(next) = machine.next_timeout().filter(|&next| next <= until) {
        machine.on_timeout(next);
        sent.append(&mut drain(machine, next));
        wakes += 1;
        assert!(wakes < 10_000, "its timers expire without end");
    }
    machine.on_timeout(until);
    sent.append(&mut drain(machine, until));
    sent
}

/// The segments that the driver holds, and those that it has written.
#[derive(Default)]
struct Disk {
    early: BTreeSet<u32>,
    written: u32,
}

impl Disk {
    fn receive(&mut self, receiver: &mut Receiving, packet: &Packet, now: Moment) {
        if receiver.is_wanted(packet) {
            assert!(packet.number >= self.written, "written twice");
            assert!(self.early.insert(packet.number), "kept twice");
            assert!(self.early.len() <= WINDOW as usize, "more than a window");
        }
        receiver.on_packet(packet, now);
        while self.written < receiver.segments_in_order() {
            assert!(self.early.remove(&self.written), "never arrived");
            self.written += 1;
        }
        if receiver.claimed_digest().is_some() {
            assert_eq!(self.written, SEGMENTS, "FIN was believed too early");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_receiver_under_forged_packets_delivers_the_file_in_order(arq in arq(), steps in steps()) {
        let mut now = Moment::START;
        let proposal = Proposal { first: None, ..PROPOSAL };
        let mut receiver = Receiving::initiate(arq, proposal, now);
        let mut sender = Sending::respond(arq, PROPOSAL, now);
        sender.set_digest(Digest([1; 32]), now);
        let mut disk = Disk::default();
        let mut to_receiver = Vec::new();
        let mut to_sender = drain(&mut receiver, now);
        for step in steps {
            match step {
                Operation::Forge(packet) => disk.receive(&mut receiver, &packet, now),
                Operation::Arrive(which) | Operation::Lose(which) => {
                    let is_lost = matches!(step, Operation::Lose(_));
                    if let Some(which) = which.checked_rem(to_receiver.len()) {
                        let one: Transmit = to_receiver.remove(which);
                        if !is_lost {
                            disk.receive(&mut receiver, &one.packet, now);
                        }
                    }
                    if let Some(which) = which.checked_rem(to_sender.len()) {
                        let one: Transmit = to_sender.remove(which);
                        if !is_lost {
                            sender.on_packet(&one.packet, now);
                        }
                    }
                }
                Operation::Wait(milliseconds) => {
                    now += Duration::from_millis(milliseconds);
                    to_sender.append(&mut wait(&mut receiver, now));
                    to_receiver.append(&mut wait(&mut sender, now));
                }
                Operation::Damage => receiver.on_damage(&[], now),
            }
            to_sender.append(&mut drain(&mut receiver, now));
            to_receiver.append(&mut drain(&mut sender, now));
        }
        // Longer than it waits for a FIN after the last byte.
        let silence = now + Duration::from_secs(700);
        wait(&mut receiver, silence);
        prop_assert!(receiver.outcome().is_some() || receiver.claimed_digest().is_some());
    }

    #[test]
    fn a_sender_under_forged_packets_sends_only_its_file_and_ends(arq in arq(), steps in steps()) {
        let mut now = Moment::START;
        let proposal = Proposal { first: None, ..PROPOSAL };
        let mut client = Handshake::initiate(proposal, now);
        let mut sender = Sending::respond(arq, PROPOSAL, now);
        sender.set_digest(Digest([1; 32]), now);
        for _ in 0..2 {
            for one in drain(&mut client, now) {
                sender.on_packet(&one.packet, now);
            }
            for one in drain(&mut sender, now) {
                client.on_packet(&one.packet, now);
            }
        }
        prop_assert!(sender.is_open());
        let mut sent = Vec::new();
        for step in steps {
            match step {
                Operation::Forge(packet) => sender.on_packet(&packet, now),
                Operation::Wait(milliseconds) => {
                    now += Duration::from_millis(milliseconds);
                    sent.append(&mut wait(&mut sender, now));
                }
                Operation::Damage => sender.on_damage(&[]),
                Operation::Arrive(_) | Operation::Lose(_) => (),
            }
            sent.append(&mut drain(&mut sender, now));
        }
        sent.append(&mut wait(&mut sender, now + Duration::from_secs(100)));
        prop_assert!(sender.outcome().is_some());
        for one in sent {
            let start = u64::from(one.packet.number) * 10;
            if let Body::Data { length } = one.packet.body
                && !flow_control::is_window_probe(&one.packet)
            {
                let end = (start + 10).min(PROPOSAL.size);
                prop_assert_eq!(one.bytes, start..end);
                prop_assert_eq!(u64::from(length), end - start);
            }
        }
        prop_assert!(sender.progress().acked_bytes <= PROPOSAL.size);
    }

    #[test]
    fn a_handshake_under_forged_packets_accepts_only_the_agreed_parameters(
        is_client in any::<bool>(),
        packets in proptest::collection::vec(packet(), 0..40),
    ) {
        let now = Moment::START;
        let mut side = if is_client {
            Handshake::initiate(Proposal { first: None, ..PROPOSAL }, now)
        } else {
            Handshake::respond(PROPOSAL)
        };
        for packet in packets {
            side.on_packet(&packet, now);
            drain(&mut side, now);
        }
        if let Some(parameters) = side.parameters() {
            prop_assert_eq!(parameters.segments(), SEGMENTS);
            prop_assert!((1..=WINDOW).contains(&parameters.window));
        }
    }
}
