//! Tests of captures from event logs.

use super::*;
use crate::lab::run::Experiment;
use crate::wire::digest::Digest;
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;

const HEADERS: usize = 28;

fn journal(experiment: &Experiment) -> Journal {
    let mut text = experiment.heading().to_line();
    let ran = experiment.run(|entry| text.push_str(&entry.to_line()));
    assert!(ran.unwrap().is_verified());
    Journal::read(text.as_bytes()).unwrap()
}

/// For each packet of the capture: its stored bytes, and its original length.
fn packets(journal: &Journal, file: Option<ReadFile<'_>>) -> Vec<(Vec<u8>, usize)> {
    let mut recorded = Recorded::new(journal, file).unwrap();
    let mut capture = Capture::new("");
    let mut packets = Vec::new();
    loop {
        capture.take();
        if !recorded.next_into(&mut capture).unwrap() {
            return packets;
        }
        let block = capture.take();
        let word = |at: usize| u32::from_le_bytes(block[at..at + 4].try_into().unwrap());
        let (captured, original) = (word(20) as usize, word(24) as usize);
        packets.push((block[28..28 + captured].to_vec(), original));
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

/// Reads the laboratory's file.
fn generated() -> ReadFile<'static> {
    Box::new(|place| Ok(contents::bytes(place)))
}

/// The log of a real transfer's receiver: one side, another token.
fn of_one_side() -> Journal {
    let mut journal = journal(&Experiment {
        scenario: "delay=10ms".parse().unwrap(),
        ..lossy()
    });
    journal.entries.retain(|it| it.side == Side::Receiver);
    journal.heading.token = Some(Token([9; 16]));
    journal.heading.scenario = Scenario::PERFECT.to_string();
    journal
}

#[test]
fn the_file_and_its_digest_can_be_recovered_from_the_capture() {
    let mut file = vec![0; 60_000];
    let mut digest = Digest([0; 32]);
    for (packet, _) in packets(&journal(&lossy()), None) {
        let (packet, payload) = Packet::decode(&packet[HEADERS..]).unwrap();
        let start = packet.number as usize * 1_436;
        if let Body::Data { .. } = packet.body {
            file[start..start + payload.len()].copy_from_slice(payload);
        } else if let Body::Fin { digest: it } = packet.body {
            digest = it;
        }
    }
    assert_eq!(file, contents::bytes(0..60_000));
    assert_eq!(digest, contents::digest(60_000));
}

#[test]
fn the_log_of_one_side_gives_the_packets_that_it_sent_and_received() {
    let journal = of_one_side();
    let is_of_a_packet = |entry: &&Entry| entry.is_of_a_packet();
    let count = journal.entries.iter().filter(is_of_a_packet).count();
    let packets = packets(&journal, Some(generated()));
    assert_eq!(packets.len(), count);
    for (packet, bytes) in &packets {
        let (packet, payload) = Packet::decode(&packet[HEADERS..]).unwrap();
        assert_eq!(packet.token, Token([9; 16]));
        let start = u64::from(packet.number) * 1_436;
        let end = start + payload.len() as u64;
        assert_eq!(payload, contents::bytes(start..end));
        assert_eq!(*bytes, HEADERS + packet.datagram_bytes());
    }
}

#[test]
fn without_the_file_data_packets_are_cut_and_nothing_is_made_up() {
    let journal = of_one_side();
    let whole = packets(&journal, Some(generated()));
    let cut = packets(&journal, None);
    assert_eq!(cut.len(), whole.len());
    let mut cuts = 0;
    for ((mut whole, bytes), (cut, original)) in whole.into_iter().zip(cut) {
        assert_eq!(original, bytes);
        if cut.len() < bytes {
            cuts += 1;
            whole.truncate(HEADERS + BEFORE_CHECKSUM);
            whole[26..HEADERS].fill(0); // UDP without a checksum.
        }
        assert_eq!(cut, whole);
    }
    assert!(cuts > 40, "{cuts}");
}

#[test]
fn damaged_and_forged_datagrams_are_in_the_capture_as_they_came() {
    let mut journal = of_one_side();
    let datagram = || Datagram(vec![1, 2, 3]);
    let packet = PacketRecord::from(&Packet {
        token: Token([9; 16]),
        number: 0,
        attempt: 1,
        sequence: SequenceNumber(0),
        sent_at: 0,
        body: Body::Data { length: 1 },
    });
    let events = [
        Event::PacketDamaged {
            datagram: datagram(),
        },
        Event::PacketIgnored {
            packet: packet.name,
            why: crate::reliable::event::Ignored::Forged,
            datagram: datagram(),
        },
    ];
    let now = crate::reliable::moment::Moment::START;
    let entries = events.map(|event| Entry::new(now, Side::Receiver, event));
    let lines: String = entries.iter().map(Entry::to_line).collect();
    let text = journal.heading.to_line() + &lines;
    journal = Journal::read(text.as_bytes()).unwrap();
    assert_eq!(journal.entries, entries);
    for (packet, _) in packets(&journal, None) {
        assert_eq!(packet[HEADERS..], [1, 2, 3]);
    }
}

#[test]
fn addresses_and_the_time_of_day_come_from_the_log() {
    let mut journal = of_one_side();
    let [sender, receiver] = ["127.0.0.1:7", "127.0.0.1:8"].map(|it| it.parse().unwrap());
    let event = Event::PathAssigned {
        sender,
        receiver,
        wall_us: 5_000_000,
    };
    let later = journal.entries.last().unwrap().time_us;
    let path = Entry {
        time_us: later,
        ..Entry::new(
            crate::reliable::moment::Moment::START,
            Side::Receiver,
            event,
        )
    };
    journal.entries.push(path);
    let recorded = Recorded::new(&journal, None).unwrap();
    assert_eq!(recorded.addresses, [sender, receiver]);
    assert_eq!(recorded.began_us, 5_000_000 - later);
}

#[test]
fn a_log_without_all_fields_gives_no_capture_and_says_so() {
    let mut journal = journal(&lossy());
    journal.heading.token = None;
    let error = Recorded::new(&journal, None).err().unwrap();
    assert!(error.to_string().contains("older Sash"), "{error}");
}

#[test]
fn an_empty_log_yields_no_packet() {
    let heading = Experiment::small().heading();
    let journal = Journal::read(heading.to_line().as_bytes()).unwrap();
    assert!(packets(&journal, None).is_empty());
}
