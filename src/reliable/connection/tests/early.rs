//! Tests of early data, which follows the SYN-ACK.

use super::super::super::Machine;
use super::super::super::handshake::{Handshake, Proposal};
use super::super::super::moment::Moment;
use super::super::super::script::ms;
use super::super::{Failure, Outcome, Receiving, Sending};
use crate::wire::options::{Arq, Congestion, FALLBACK_SEGMENT_BYTES};
use crate::wire::packet::{Body, Kind, Packet};
use crate::wire::sequence::SequenceNumber;
use std::time::Duration;

const CLIENT: Proposal = Proposal {
    size: 1_000_000,
    window: 8_192,
    congestion: Congestion::Bbr,
    chat_round_trip: Some(Duration::from_millis(40)),
    early_data: true,
    ..Proposal::EXAMPLE
};

const SERVER: Proposal = Proposal {
    first: Some(SequenceNumber(1_000)),
    chat_round_trip: None,
    ..CLIENT
};

/// The packets that the machine sends up to this moment.
fn sent_until(machine: &mut impl Machine, end: Moment) -> Vec<Packet> {
    let (mut sent, mut now) = (Vec::new(), Moment::START);
    while now <= end {
        machine.on_timeout(now);
        while let Some(transmit) = machine.poll_transmit(now) {
            sent.push(transmit.packet);
        }
        let next = machine.next_timeout().unwrap_or(end);
        now = next.max(now + Duration::from_micros(1));
    }
    sent
}

fn syn(client: Proposal, arq: Arq) -> (Receiving, Packet) {
    let mut client = Receiving::initiate(arq, client, Moment::START);
    let syn = client.poll_transmit(Moment::START).unwrap().packet;
    (client, syn)
}

fn kinds(sent: &[Packet]) -> (usize, usize) {
    let count = |kind| sent.iter().filter(|it| it.body.kind() == kind).count();
    (count(Kind::SynAck), count(Kind::Data))
}

#[test]
fn data_follows_the_syn_ack_within_half_a_round_trip_before_the_handshake_ack() {
    let (mut client, syn) = syn(CLIENT, Arq::Sack);
    let mut server = Sending::respond(Arq::Sack, SERVER, Moment::START);
    server.on_packet(&syn, Moment::START);
    let soon = Moment::START + ms(20);
    let sent = sent_until(&mut server, soon);
    assert_eq!(sent[0].body.kind(), Kind::SynAck);
    let (_, data) = kinds(&sent);
    assert!(data >= 5, "{data} DATA");
    assert!(!server.is_open());
    for packet in &sent {
        client.on_packet(packet, soon);
    }
    let answers = std::iter::from_fn(|| client.poll_transmit(soon));
    for answer in answers.collect::<Vec<_>>() {
        server.on_packet(&answer.packet, soon + ms(20));
    }
    assert!(server.is_open());
    assert!(client.arrivals().0 >= 5, "{:?}", client.arrivals());
}

#[test]
fn an_unvalidated_address_receives_one_first_window_and_three_syn_acks() {
    let (_, syn) = syn(CLIENT, Arq::Sack);
    let mut server = Sending::respond(Arq::Sack, SERVER, Moment::START);
    server.on_packet(&syn, Moment::START);
    let sent = sent_until(&mut server, Moment::START + Duration::from_secs(31));
    let (syn_acks, data) = kinds(&sent);
    assert_eq!(syn_acks, 3);
    assert!((10..=88).contains(&data), "{data} DATA");
    assert!(server.outcome().is_some());
}

#[test]
fn without_a_plausible_chat_rtt_a_controller_and_sack_no_early_data_is_sent() {
    let bytes = |packets: &[Packet]| -> usize {
        packets.iter().map(Packet::datagram_bytes).sum()
    };
    let silent = Proposal {
        chat_round_trip: None,
        ..CLIENT
    };
    let boastful = Proposal {
        chat_round_trip: Some(Duration::from_secs(3_000)),
        ..CLIENT
    };
    for (client, congestion, arq) in [
        (silent, Congestion::Bbr, Arq::Sack),
        (boastful, Congestion::Bbr, Arq::Sack),
        (CLIENT, Congestion::Fixed, Arq::Sack),
        (CLIENT, Congestion::Cubic, Arq::GoBackN),
        (CLIENT, Congestion::Fixed, Arq::StopAndWait),
    ] {
        let (_, syn) = syn(client, arq);
        let server = Proposal {
            congestion,
            ..SERVER
        };
        let mut server = Sending::respond(arq, server, Moment::START);
        server.on_packet(&syn, Moment::START);
        let sent = sent_until(&mut server, Moment::START + Duration::from_secs(31));
        assert_eq!(kinds(&sent), (3, 0), "{arq} {congestion}");
        assert!(bytes(&sent) <= 3 * bytes(&[syn]));
    }
}

#[test]
fn a_shorter_syn_restarts_the_early_data_with_shorter_segments() {
    let (_, long) = syn(CLIENT, Arq::Sack);
    let mut server = Sending::respond(Arq::Sack, SERVER, Moment::START);
    server.on_packet(&long, Moment::START);
    sent_until(&mut server, Moment::START + ms(10));
    let Body::Syn(fields) = long.body else {
        unreachable!()
    };
    let mut shorter = fields;
    shorter.segment_bytes = FALLBACK_SEGMENT_BYTES;
    let body = Body::Syn(shorter);
    server.on_packet(&Packet { body, ..long }, Moment::START + ms(11));
    let sent = sent_until(&mut server, Moment::START + ms(30));
    let first = sent.iter().find(|it| it.body.kind() == Kind::Data).unwrap();
    let length = FALLBACK_SEGMENT_BYTES;
    assert_eq!((first.number, &first.body), (0, &Body::Data { length }));
}

#[test]
fn data_that_arrives_before_the_syn_ack_triggers_another_syn_immediately() {
    let (mut client, syn) = syn(CLIENT, Arq::Sack);
    let mut server = Sending::respond(Arq::Sack, SERVER, Moment::START);
    server.on_packet(&syn, Moment::START);
    let soon = Moment::START + ms(10);
    for packet in sent_until(&mut server, soon).iter().skip(1) {
        client.on_packet(packet, soon);
    }
    let again = client.poll_transmit(soon).unwrap().packet;
    assert_eq!((again.body.kind(), again.attempt), (Kind::Syn, 2));
    assert_eq!(client.poll_transmit(soon), None);
}

/// The server's side of a download whose request told the port and the round trip.
const ASKED: Proposal = Proposal {
    first: SERVER.first,
    ..CLIENT
};

#[test]
fn a_request_that_tells_the_port_saves_the_syn() {
    let mut server = Sending::begin(Arq::Sack, ASKED, Moment::START);
    let mut client = Receiving::initiate(Arq::Sack, CLIENT, Moment::START);
    let soon = Moment::START + ms(20);
    let sent = sent_until(&mut server, soon);
    let kinds: Vec<_> = sent.iter().map(|it| it.body.kind()).collect();
    assert_eq!(kinds[..3], [Kind::SynAck, Kind::SynAck, Kind::Data]);
    for packet in &sent {
        client.on_packet(packet, soon);
    }
    let answers = std::iter::from_fn(|| client.poll_transmit(soon));
    let answers: Vec<_> = answers.map(|answer| answer.packet).collect();
    let is_ack = |it: &Packet| matches!(it.body.kind(), Kind::Ack | Kind::Nack);
    assert!(answers.iter().all(is_ack), "{answers:?}");
    for answer in &answers {
        server.on_packet(answer, soon + ms(20));
    }
    assert!(server.is_open());
    let srtt = server.progress().srtt_us;
    // The packets that left later were on their way for less than 20 ms.
    assert!((38_000..=41_000).contains(&srtt), "{srtt}");
}

#[test]
fn a_syn_ack_that_answers_no_syn_is_no_round_trip_sample() {
    let mut server = Sending::begin(Arq::Sack, ASKED, Moment::START);
    let mut client = Handshake::initiate(CLIENT, Moment::START);
    let first = server.poll_transmit(Moment::START).unwrap().packet;
    client.on_packet(&first, Moment::START + Duration::from_micros(300));
    assert_eq!(client.round_trip().smoothed(), CLIENT.chat_round_trip);
}

#[test]
fn a_port_that_does_not_answer_receives_one_first_window_and_three_syn_acks() {
    let mut server = Sending::begin(Arq::Sack, ASKED, Moment::START);
    let sent = sent_until(&mut server, Moment::START + Duration::from_secs(31));
    let (syn_acks, data) = kinds(&sent);
    assert_eq!(syn_acks, 3);
    assert!((10..=88).contains(&data), "{data} DATA");
    assert_eq!(server.outcome(), Some(Outcome::Failed(Failure::NoAnswer)));
}

#[test]
fn a_syn_from_another_port_begins_anew_once() {
    let (_, syn) = syn(CLIENT, Arq::Sack);
    let mut server = Sending::begin(Arq::Sack, ASKED, Moment::START);
    let (_, before) = kinds(&sent_until(&mut server, Moment::START + ms(60)));
    let later = Moment::START + ms(61);
    let moves = |server: &mut Sending, end| {
        server.on_moved(later);
        server.on_packet(&syn, later);
        sent_until(server, end)
    };
    let sent = moves(&mut server, later + ms(100));
    let first = sent.iter().find(|it| it.body.kind() == Kind::Data).unwrap();
    assert_eq!((first.number, first.attempt), (0, 1));
    assert_eq!(sent[0].body.kind(), Kind::SynAck);
    let (_, again) = kinds(&sent);
    assert!(again.min(before) >= 10 && again.max(before) <= 88);
    let (_, third) = kinds(&moves(&mut server, later + Duration::from_secs(20)));
    assert!(again + third <= 88, "{again} and {third} DATA");
}

#[test]
fn a_port_makes_no_difference_to_the_three_way_handshake_of_other_protocols() {
    let fixed = Proposal {
        congestion: Congestion::Fixed,
        ..ASKED
    };
    let linked = Proposal {
        early_data: false,
        ..ASKED
    };
    for (arq, proposal) in [
        (Arq::Sack, fixed),
        (Arq::Sack, linked),
        (Arq::GoBackN, ASKED),
        (Arq::StopAndWait, fixed),
    ] {
        let mut server = Sending::begin(arq, proposal, Moment::START);
        assert_eq!(server.poll_transmit(Moment::START), None, "{arq}");
        let (mut client, syn) = syn(CLIENT, arq);
        server.on_packet(&syn, Moment::START);
        let answer = server.poll_transmit(Moment::START).unwrap().packet;
        assert_eq!(answer.body.kind(), Kind::SynAck);
        client.on_packet(&answer, Moment::START + ms(1));
        assert!(client.parameters().is_some());
    }
}
