//! What of a journal comes out of its capture.

use super::*;
use crate::lab::run::Experiment;
use crate::reliable::moment::Moment;
use crate::wire::options::Arq;

/// A run's journal, and the datagrams built from it: kind, packet and file bytes.
fn rebuild(experiment: &Experiment) -> (Journal, Vec<(Packet, Vec<u8>)>) {
    let mut text = experiment.heading().to_line();
    let ran = experiment.run(|entry| text.push_str(&entry.to_line()));
    assert!(ran.unwrap().is_verified());
    let journal = Journal::read(text.as_bytes()).unwrap();
    let datagrams = datagrams(&journal);
    (journal, datagrams)
}

fn datagrams(journal: &Journal) -> Vec<(Packet, Vec<u8>)> {
    const HEADERS: usize = 28;
    let mut rebuilder = Rebuilder::new(journal);
    let mut capture = Capture::new("");
    let mut built = Vec::new();
    loop {
        capture.take();
        if !rebuilder.next_into(&mut capture) {
            return built;
        }
        let block = capture.take();
        let length = u32::from_le_bytes(block[20..24].try_into().unwrap());
        let packet = &block[28..28 + length as usize];
        let (packet, payload) = Packet::decode(&packet[HEADERS..]).unwrap();
        built.push((packet, payload.to_vec()));
    }
}

fn lossy() -> Experiment {
    Experiment {
        scenario: "seed=7;loss=10%;delay=20ms".parse().unwrap(),
        size: 60_000,
        first: SequenceNumber(u32::MAX - 5),
        listening: true,
        ..Experiment::small()
    }
}

#[test]
fn the_rebuilt_capture_has_exactly_the_packets_of_the_journal_under_the_same_names() {
    for arq in Arq::ALL {
        let window = if arq == Arq::StopAndWait { 1 } else { 16 };
        let experiment = Experiment {
            arq,
            window,
            ..lossy()
        };
        let (journal, built) = rebuild(&experiment);
        let names: Vec<PacketName> = built
            .iter()
            .map(|(packet, _)| PacketName::from(packet))
            .collect();
        let carried = |entry: &Entry| match &entry.what {
            JournalEvent::Link(carried) => Some(carried.packet),
            JournalEvent::Machine(_) | JournalEvent::FaultInjection(_) => None,
        };
        let told: Vec<PacketName> = journal.entries.iter().filter_map(carried).collect();
        assert_eq!(names, told, "{arq}");
    }
}

#[test]
fn the_file_and_its_digest_can_be_recovered_from_the_rebuilt_capture() {
    let (_, built) = rebuild(&lossy());
    let mut file = vec![0; 60_000];
    for (packet, payload) in &built {
        if packet.body.kind() == Kind::Data {
            let start = packet.number as usize * 1_436;
            file[start..start + payload.len()].copy_from_slice(payload);
        }
    }
    assert_eq!(file, contents::bytes(0..60_000));
    let digest = contents::digest(60_000);
    assert!(built.iter().any(|(it, _)| it.body == Body::Fin { digest }));
}

#[test]
fn a_rebuilt_ack_echoes_the_timestamp_and_counts_the_received_segments() {
    let experiment = Experiment {
        scenario: "delay=10ms".parse().unwrap(),
        ..lossy()
    };
    let (_, built) = rebuild(&experiment);
    let stamps: Vec<u32> = built
        .iter()
        .filter(|(packet, _)| packet.body.kind() == Kind::Data)
        .map(|(packet, _)| packet.sent_at)
        .collect();
    let mut last = 0;
    let mut acks = 0;
    for (packet, _) in &built {
        let Body::Ack(ack) = &packet.body else {
            continue;
        };
        if packet.number == 0 || packet.number == OUT_OF_COUNT {
            continue; // Of the opening and of the end.
        }
        assert!(ack.received >= last, "{packet:?}");
        last = ack.received;
        acks += 1;
        // Nothing was held back for long, and 10 ms is the way.
        assert_eq!(packet.sent_at - ack.echo, 10_000, "{packet:?}");
    }
    assert_eq!((last as usize, acks > 5), (stamps.len(), true));
}

#[test]
fn out_of_order_segments_appear_in_the_ranges_of_the_next_ack() {
    let experiment = Experiment {
        scenario: "delay=10ms;drop=d1.1".parse().unwrap(),
        size: 1_436 * 5,
        ..lossy()
    };
    let (journal, built) = rebuild(&experiment);
    let first = SequenceNumber(journal.heading.first_sequence);
    let nack = built.iter().find_map(|(packet, _)| match &packet.body {
        Body::Nack(nack) => Some((packet.sequence, nack.ranges.clone())),
        Body::Syn(_)
        | Body::SynAck(_)
        | Body::Ack(_)
        | Body::Data { .. }
        | Body::Fin { .. }
        | Body::FinAck { .. }
        | Body::Rst { .. } => None,
    });
    let (wanted, ranges) = nack.unwrap();
    assert_eq!(wanted, first + 1);
    assert_eq!(ranges[0].start, first + 2);
    // The sender's own journal tells it too.
    let mut entries = journal.entries.clone();
    entries.retain(|entry| entry.side == Side::Sender);
    let built = datagrams(&Journal { entries, ..journal });
    let is_told = |(packet, _): &(Packet, Vec<u8>)| matches!(&packet.body, Body::Nack(nack) if nack.ranges == ranges);
    assert!(built.iter().any(is_told));
}

#[test]
fn a_journal_of_one_side_rebuilds_the_packets_that_it_sent_and_received() {
    let (journal, _) = rebuild(&lossy());
    let mut entries = journal.entries.clone();
    entries.retain(|entry| entry.side == Side::Receiver);
    let one = Journal { entries, ..journal };
    let built = datagrams(&one);
    let has = |event: fn(&Event) -> bool| {
        let is_it = |entry: &&Entry| match &entry.what {
            JournalEvent::Machine(it) => event(it),
            JournalEvent::Link(_) | JournalEvent::FaultInjection(_) => false,
        };
        one.entries.iter().filter(is_it).count()
    };
    let sent = has(|it| matches!(it, Event::PacketSent(_)));
    let came = has(|it| matches!(it, Event::PacketReceived(_)));
    assert_eq!(built.len(), sent + came);
    let zeros = |(_, payload): &(Packet, Vec<u8>)| payload.iter().all(|it| *it == 0);
    assert!(built.iter().all(zeros));
    assert!(Rebuilder::new(&one).about().contains("zeros"));
}

#[test]
fn an_empty_journal_yields_no_packet() {
    let heading = Experiment::small().heading();
    let journal = Journal::read(heading.to_line().as_bytes()).unwrap();
    let mut capture = Capture::new("");
    assert!(!Rebuilder::new(&journal).next_into(&mut capture));
    assert_eq!((capture.packets(), Moment::START.stamp()), (0, stamp(0)));
}
