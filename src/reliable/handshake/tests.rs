mod path;

use super::super::script::{End, Story, ms};
use super::*;

/// The sender of the file answers, its receiver begins: a download.
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
    let agreed = story.sender.terms();
    story.expect("the server's side is open", agreed.is_some());
    story.expect("they agree", story.receiver.terms() == agreed);
}

fn datagram_bytes(packet: &Packet) -> usize {
    let mut datagram = Vec::new();
    packet.encode(&mut datagram, &[]);
    datagram.len()
}

#[test]
fn three_packets_open_both_sides_with_the_same_terms() {
    let mut story = story();
    story.sends("s0.1");
    story.arrive("s0.1");
    story.sends("y0.1");
    story.arrive("y0.1");
    story.expect("the server waits", story.sender.terms().is_none());
    story.sends("a0.1");
    story.arrive("a0.1");
    story.sends("");
    is_open(&story);
    let terms = story.sender.terms().unwrap();
    story.expect("the smaller window", terms.window == 4);
    story.expect(
        "the server's number",
        terms.first == SequenceNumber(u32::MAX),
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
fn a_syn_ack_that_goes_again_does_not_count_its_own_delay_as_round_trip() {
    let mut story = story();
    story.arrive("s0.1");
    story.lose("y0.1");
    story.advance(ms(200)); // Both ask again.
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
fn a_lost_syn_goes_again_after_200_ms_and_then_after_200_more() {
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
fn a_path_that_is_known_to_be_slow_is_given_three_round_trips() {
    let slow = Proposal {
        chat_round_trip: Some(ms(300)),
        ..CLIENT
    };
    let mut story = story_of(SERVER, slow);
    story.wakes_in(ms(900));
}

#[test]
fn a_lost_syn_ack_goes_again() {
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
fn a_lost_ack_is_sent_again_for_the_syn_ack_that_comes_again() {
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

/// How many SYN-ACKs leave within the next ten seconds, in which nothing arrives.
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
fn for_each_syn_three_syn_acks_leave_and_no_more() {
    let mut story = story();
    story.arrive("s0.1");
    assert_eq!(syn_acks_in_silence(&mut story), 3);
    story.again("s0.2"); // It is one of those that were lost.
    assert_eq!(syn_acks_in_silence(&mut story), 3);
}

#[test]
fn where_no_syn_has_come_from_no_syn_ack_goes() {
    let mut story = story();
    story.arrive("s0.1");
    story.lose("y0.1");
    story.sender.on_moved();
    assert_eq!(syn_acks_in_silence(&mut story), 0);
    story.again("s0.2");
    assert_eq!(syn_acks_in_silence(&mut story), 3);
}

#[test]
fn a_syn_that_comes_when_all_is_open_is_not_answered() {
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
fn an_ack_of_another_number_opens_nothing() {
    let mut story = story();
    story.arrive("s0.1");
    story.arrive("y0.1");
    let mut wrong = story.packet("a0.1").clone();
    wrong.sequence = wrong.sequence + 1;
    story.forge(End::Sender, wrong);
    story.expect("not open", story.sender.terms().is_none());
    story.arrive("a0.1");
    is_open(&story);
}

#[test]
fn terms_that_differ_from_the_offer_are_not_accepted_by_either_side() {
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
        let is_disagreed = matches!(story.sender.opening(), Opening::Disagreed);
        story.expect(&format!("the server refuses {wrong:?}"), is_disagreed);
        story.sends("s0.1");
    }
    let mut story = story();
    story.arrive("s0.1");
    let mut wrong = story.packet("y0.1").clone();
    wrong.body = Body::SynAck(OpeningFields {
        size: u64::MAX,
        window: u32::MAX,
        echo: u32::MAX,
        segment_bytes: u16::MAX,
    });
    story.forge(End::Receiver, wrong);
    let is_disagreed = matches!(story.receiver.opening(), Opening::Disagreed);
    story.expect("the client refuses", is_disagreed);
}

#[test]
fn a_file_too_large_for_the_numbers_is_refused_even_if_both_want_it() {
    let huge = |side| Proposal {
        size: u64::MAX,
        segment_bytes: 1,
        ..side
    };
    let mut story = story_of(huge(SERVER), huge(CLIENT));
    story.arrive("s0.1");
    let is_disagreed = matches!(story.sender.opening(), Opening::Disagreed);
    story.expect("refused", is_disagreed);
}

#[test]
fn without_an_answer_it_is_over_after_30_seconds() {
    let mut story = story();
    story.arrive("s0.1");
    story.advance(ms(29_000));
    story.again("s0.1"); // Asking again does not make it last longer.
    story.advance(ms(999));
    for side in [&story.sender, &story.receiver] {
        story.expect("not yet", !side.is_over(story.now));
        story.expect("now", side.is_over(story.now + ms(1)));
    }
    let nobody_asked = Handshake::respond(SERVER);
    assert!(!nobody_asked.is_over(story.now + ms(1)));
}

#[test]
fn syn_and_syn_ack_are_as_long_as_a_full_segment_and_as_each_other() {
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
fn segments_of_no_bytes_are_never_agreed_on() {
    let empty = |side| Proposal {
        segment_bytes: 0,
        ..side
    };
    let mut story = story_of(empty(SERVER), empty(CLIENT));
    story.arrive("s0.1");
    let is_disagreed = matches!(story.sender.opening(), Opening::Disagreed);
    story.expect("refused", is_disagreed);
}
