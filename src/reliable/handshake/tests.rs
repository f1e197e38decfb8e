mod path;

use super::super::script::{End, Story, ms};
use super::*;

/// A download: the receiver of the file begins, and its sender answers.
fn story_of(server: Proposal, client: Proposal) -> Story<Handshake, Handshake> {
    let client = Handshake::initiate(client, Moment::START);
    Story::new(Handshake::respond(server), client)
}

const SERVER: Proposal = Proposal {
    first: Some(SequenceNumber(u32::MAX)),
    window: 64,
    ..Proposal::EXAMPLE
};

const CLIENT: Proposal = Proposal::EXAMPLE;

fn story() -> Story<Handshake, Handshake> {
    story_of(SERVER, CLIENT)
}

#[track_caller]
fn is_open(story: &Story<Handshake, Handshake>) {
    let agreed = story.sender.parameters();
    story.expect("the server's side is open", agreed.is_some());
    story.expect("they agree", story.receiver.parameters() == agreed);
}

fn datagram_bytes(packet: &Packet) -> usize {
    let mut datagram = Vec::new();
    packet.encode(&mut datagram, &[]);
    datagram.len()
}

#[test]
fn three_packets_establish_the_same_parameters_on_both_sides() {
    let mut story = story();
    story.sends("s0.1");
    story.arrive("s0.1");
    story.sends("y0.1");
    story.arrive("y0.1");
    story.expect("the server waits", story.sender.parameters().is_none());
    story.sends("a0.1");
    story.arrive("a0.1");
    story.sends("");
    is_open(&story);
    let parameters = story.sender.parameters().unwrap();
    story.expect("the smaller window", parameters.window == 4);
    story.expect(
        "the server's number",
        parameters.first == SequenceNumber(u32::MAX),
    );
}

#[test]
fn both_sides_measure_the_first_round_trip() {
    let mut story = story();
    story.advance(ms(30));
    story.arrive("s0.1");
    story.advance(ms(40));
    story.arrive("y0.1");
    story.advance(ms(30));
    story.arrive("a0.1");
    let [server, client] =
        [&story.sender, &story.receiver].map(|side| side.round_trip().smoothed());
    story.expect(
        "70 ms and 70 ms",
        (server, client) == (Some(ms(70)), Some(ms(70))),
    );
}

#[test]
fn the_rtt_measured_from_a_retransmitted_syn_ack_excludes_its_waiting_time() {
    let mut story = story();
    story.arrive("s0.1");
    story.lose("y0.1");
    story.advance(ms(200)); // Both retransmit.
    story.sends("s0.1 y0.1 y0.2 s0.2");
    story.advance(ms(10));
    story.arrive("y0.2");
    let measured = story.receiver.round_trip().smoothed();
    story.expect(
        &format!("10 ms, not {measured:?}"),
        measured == Some(ms(10)),
    );
}

#[test]
fn a_lost_syn_is_retransmitted_after_200_ms_and_again_after_another_200_ms() {
    let mut story = story();
    story.lose("s0.1");
    story.advance(ms(199));
    story.sends("s0.1");
    story.advance(ms(1));
    story.sends("s0.2");
    story.wakes_in(ms(200));
    story.arrive("s0.2");
    story.arrive("y0.1");
    story.arrive("a0.1");
    is_open(&story);
}

#[test]
fn the_handshake_timeout_on_a_slow_path_is_three_round_trips() {
    let slow = Proposal {
        chat_round_trip: Some(ms(300)),
        ..CLIENT
    };
    let mut story = story_of(SERVER, slow);
    story.wakes_in(ms(900));
}

#[test]
fn a_lost_syn_ack_is_retransmitted() {
    let mut story = story();
    story.arrive("s0.1");
    story.lose("y0.1");
    story.sends("s0.1 y0.1");
    story.advance(ms(200));
    story.sends("y0.2 s0.2");
    story.arrive("y0.2");
    story.arrive("a0.1");
    is_open(&story);
}

#[test]
fn a_lost_handshake_ack_is_sent_again_in_answer_to_a_repeated_syn_ack() {
    let mut story = story();
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.lose("a0.1");
    story.advance(ms(200));
    story.sends("s0.1 y0.1 a0.1 y0.2");
    story.arrive("y0.2");
    story.sends("a0.2");
    story.arrive("a0.2");
    is_open(&story);
}

#[test]
fn a_duplicate_syn_is_answered_again() {
    let mut story = story();
    story.arrive("s0.1");
    story.sends("s0.1 y0.1");
    story.again("s0.1");
    story.sends("y0.2");
}

/// The number of SYN-ACKs sent within the next ten seconds, in which nothing arrives.
fn syn_acks_in_silence(story: &mut Story<Handshake, Handshake>) -> usize {
    let mut count = 0;
    for _ in 0..100 {
        story.advance(ms(100));
        for name in story.names_on_the_path() {
            count += usize::from(name.starts_with('y'));
            story.lose(&name);
        }
    }
    count
}

#[test]
fn each_syn_is_answered_by_at_most_three_syn_acks() {
    let mut story = story();
    story.arrive("s0.1");
    assert_eq!(syn_acks_in_silence(&mut story), 3);
    story.again("s0.2"); // It is a copy of a lost one.
    assert_eq!(syn_acks_in_silence(&mut story), 3);
}

#[test]
fn no_syn_ack_is_sent_to_an_address_without_a_syn() {
    let mut story = story();
    story.arrive("s0.1");
    story.lose("y0.1");
    story.sender.on_moved();
    assert_eq!(syn_acks_in_silence(&mut story), 0);
    story.again("s0.2");
    assert_eq!(syn_acks_in_silence(&mut story), 3);
}

#[test]
fn a_syn_on_an_open_connection_is_not_answered() {
    let mut story = story();
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.arrive("a0.1");
    story.sends("s0.1 y0.1 a0.1");
    story.again("s0.1");
    story.sends("");
    is_open(&story);
}

#[test]
fn an_ack_with_a_wrong_sequence_number_does_not_complete_the_handshake() {
    let mut story = story();
    story.arrive("s0.1");
    story.arrive("y0.1");
    let mut wrong = story.packet("a0.1").clone();
    wrong.sequence = wrong.sequence + 1;
    story.forge(End::Sender, wrong);
    story.expect("not open", story.sender.parameters().is_none());
    story.arrive("a0.1");
    is_open(&story);
}

#[test]
fn parameters_that_differ_from_the_offer_are_rejected_by_both_sides() {
    for wrong in [
        Proposal {
            size: CLIENT.size + 1,
            ..CLIENT
        },
        Proposal {
            segment_bytes: 1,
            ..CLIENT
        },
        Proposal {
            segment_bytes: 0,
            ..CLIENT
        },
        Proposal {
            window: 0,
            ..CLIENT
        },
        Proposal {
            size: u64::MAX,
            ..CLIENT
        },
    ] {
        let mut story = story_of(SERVER, wrong);
        story.arrive("s0.1");
        let is_disagreed = matches!(story.sender.state(), HandshakeState::Disagreed);
        story.expect(&format!("the server refuses {wrong:?}"), is_disagreed);
        story.sends("s0.1");
    }
    let mut story = story();
    story.arrive("s0.1");
    let mut wrong = story.packet("y0.1").clone();
    wrong.body = Body::SynAck(HandshakeFields {
        size: u64::MAX,
        window: u32::MAX,
        echo: u32::MAX,
        segment_bytes: u16::MAX,
    });
    story.forge(End::Receiver, wrong);
    let is_disagreed = matches!(story.receiver.state(), HandshakeState::Disagreed);
    story.expect("the client refuses", is_disagreed);
}

#[test]
fn a_file_too_large_for_the_sequence_number_space_is_refused_even_if_both_sides_propose_it()
 {
    let huge = |side| Proposal {
        size: u64::MAX,
        segment_bytes: 1,
        ..side
    };
    let mut story = story_of(huge(SERVER), huge(CLIENT));
    story.arrive("s0.1");
    let is_disagreed = matches!(story.sender.state(), HandshakeState::Disagreed);
    story.expect("refused", is_disagreed);
}

#[test]
fn an_unanswered_handshake_ends_after_30_seconds() {
    let mut story = story();
    story.arrive("s0.1");
    story.advance(ms(29_000));
    story.again("s0.1"); // A second SYN does not extend it.
    story.advance(ms(999));
    for side in [&story.sender, &story.receiver] {
        story.expect("not yet", !side.is_over(story.now));
        story.expect("now", side.is_over(story.now + ms(1)));
    }
    let nobody_asked = Handshake::respond(SERVER);
    assert!(!nobody_asked.is_over(story.now + ms(1)));
}

#[test]
fn syn_and_syn_ack_are_as_long_as_a_full_segment_and_equal_in_length() {
    for segment_bytes in [1, 1_200, 1_436, 65_000] {
        let with = |side| Proposal {
            segment_bytes,
            size: 1,
            ..side
        };
        let mut story = story_of(with(SERVER), with(CLIENT));
        story.arrive("s0.1");
        let [syn, answer] =
            ["s0.1", "y0.1"].map(|name| datagram_bytes(story.packet(name)));
        let full = crate::wire::packet::HEADER_BYTES + usize::from(segment_bytes);
        story.expect("as long as DATA", syn >= full);
        story.expect("never longer than it was asked", answer <= syn);
    }
}

#[test]
fn a_segment_size_of_zero_is_never_accepted() {
    let empty = |side| Proposal {
        segment_bytes: 0,
        ..side
    };
    let mut story = story_of(empty(SERVER), empty(CLIENT));
    story.arrive("s0.1");
    let is_disagreed = matches!(story.sender.state(), HandshakeState::Disagreed);
    story.expect("refused", is_disagreed);
}
