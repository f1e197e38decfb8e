use super::super::event::{Event, Ignored, Trigger, Unwanted};
use super::super::script::{End, Story, ack, measured, ms};
use super::super::terms::Terms;
use super::super::{ReceivingMachine, SendingMachine, receiver, sender};
use super::*;
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;

const TERMS: Terms = Terms::EXAMPLE;

fn story_of(terms: Terms) -> Story<sender::Sender, receiver::Receiver> {
    let (sender, receiver) = (Sender::new(), Receiver::new());
    Story::new(
        sender::Sender::new(Box::new(sender), terms, measured()),
        receiver::Receiver::new(Box::new(receiver), terms),
    )
}

fn story() -> Story<sender::Sender, receiver::Receiver> {
    story_of(TERMS)
}

/// The rest of the file crosses a perfect path; how many DATA packets it took.
fn finish(story: &mut Story<sender::Sender, receiver::Receiver>, segments: u32) {
    for number in 0..segments {
        story.sends(&format!("d{number}.1"));
        story.arrive(&format!("d{number}.1"));
        story.sends(&format!("a{}.1", number + 1));
        story.arrive(&format!("a{}.1", number + 1));
    }
    story.sends("");
    story.expect("it is finished", story.sender.is_finished());
}

#[test]
fn each_segment_waits_for_the_ack_of_the_one_before() {
    let mut story = story();
    story.sends("d0.1");
    story.arrive("d0.1");
    story.sends("a1.1");
    story.arrive("a1.1");
    story.sends("d1.1");
}

#[test]
fn a_lost_segment_goes_again_when_the_timer_runs_out_and_not_before() {
    let mut story = story();
    story.sends("d0.1");
    story.lose("d0.1");
    story.advance(ms(299));
    story.sends("");
    story.advance(ms(1));
    story.sends("d0.2");
    story.held_for_lost(&[(0, Trigger::Timeout)]);
}

#[test]
fn a_lost_ack_repeats_the_segment_and_the_receiver_does_not_write_it_twice() {
    let mut story = story();
    story.arrive("d0.1");
    story.lose("a1.1");
    story.advance(ms(300));
    story.sends("d0.1 a1.1 d0.2");
    let wants = story.receiver.wants(story.packet("d0.2"));
    story.expect("the second copy is not wanted", !wants);
    story.take_events();
    story.arrive("d0.2");
    story.happened(&Event::SegmentDropped {
        number: 0,
        why: Unwanted::Duplicate,
    });
    story.expect("it goes on", story.receiver.expected() == TERMS.first + 1);
    story.sends("a2.1");
    story.arrive("a2.1");
    story.sends("d1.1");
}

#[test]
fn a_premature_timeout_costs_one_duplicate_and_no_more() {
    let mut story = story();
    story.arrive("d0.1");
    story.advance(ms(300)); // The ACK is slow, not lost.
    story.sends("d0.1 a1.1 d0.2");
    story.arrive("a1.1");
    story.sends("d1.1");
    story.arrive("d0.2"); // The receiver acknowledges the duplicate ...
    story.sends("a2.1");
    story.arrive("a2.1"); // ... and the sender has moved on already.
    story.sends("");
    story.arrive("d1.1");
    story.arrive("a3.1");
    story.sends("a3.1 d2.1");
}

#[test]
fn an_old_ack_is_not_taken_for_the_one_that_is_awaited() {
    let mut story = story();
    for number in 0..3 {
        story.arrive(&format!("d{number}.1"));
        story.arrive(&format!("a{}.1", number + 1));
    }
    story.sends("d0.1 a1.1 d1.1 a2.1 d2.1 a3.1 d3.1");
    for old in ["a1.1", "a2.1", "a3.1"] {
        story.again(old);
    }
    story.sends("");
    story.advance(ms(500));
    story.sends("d3.2");
}

#[test]
fn an_ack_of_what_was_never_sent_is_ignored_and_recorded() {
    for wants in [2, 10, 11, 1 << 30] {
        let mut story = story();
        story.sends("d0.1");
        story.forge(End::Sender, ack(&TERMS, wants, &[], story.now));
        story.ignored(Ignored::ImpossibleAck);
        story.sends("");
        story.expect("not finished", !story.sender.is_finished());
    }
}

#[test]
fn a_corrupt_packet_repeats_the_last_ack_and_only_the_timer_retransmits() {
    let mut story = story();
    story.sends("d0.1");
    story.arrive("d0.1");
    story.sends("a1.1");
    story.lose("a1.1");
    story.receiver.on_damage(story.now);
    story.sends("a2.1");
    let next_expected = story.packet("a2.1").sequence;
    story.expect("ACK 0 again", next_expected == TERMS.first + 1);
    story.lose("a2.1");
    story.advance(ms(300));
    story.sends("d0.2");
}

#[test]
fn each_timeout_doubles_the_wait_and_an_ack_brings_it_down_again() {
    let mut story = story();
    for (attempt, wait) in [(1, 300), (2, 600), (3, 1_100), (4, 1_150), (5, 1_200)] {
        story.sends(&format!("d0.{attempt}"));
        story.wakes_in(ms(wait));
        story.lose(&format!("d0.{attempt}"));
        story.advance(ms(wait));
    }
    story.advance(ms(100));
    story.arrive("d0.6");
    story.arrive("a1.1"); // Its round trip was 100 ms: RTTVAR falls to 37.5 ms.
    story.sends("d0.6 a1.1 d1.1");
    story.wakes_in(ms(250));
}

#[test]
fn numbers_wrap_and_nobody_notices() {
    let mut story = story_of(Terms {
        first: SequenceNumber(u32::MAX - 4),
        ..TERMS
    });
    finish(&mut story, 10);
    let end = story.receiver.expected();
    story.expect("it wrapped", end == SequenceNumber(5));
}

#[test]
fn an_empty_file_is_finished_before_it_begins() {
    let story = &mut story_of(Terms { size: 0, ..TERMS });
    finish(story, 0);
}

#[test]
fn exactly_one_segment_is_one_packet_and_one_byte_more_is_two() {
    finish(
        &mut story_of(Terms {
            size: 1_436,
            ..TERMS
        }),
        1,
    );
    let mut story = story_of(Terms {
        size: 1_437,
        ..TERMS
    });
    finish(&mut story, 2);
    let last = story.packet("d1.1").body.clone();
    story.expect("the last is short", last == Body::Data { length: 1 });
}

#[test]
fn a_segment_out_of_order_is_discarded_and_the_last_ack_repeated() {
    let mut story = story();
    for number in [3, 4, 5] {
        let early = TERMS.data(TERMS.first + number, 1, story.now).packet;
        let wants = story.receiver.wants(&early);
        story.expect("it buffers nothing", !wants);
        story.forge(End::Receiver, early);
    }
    story.sends("d0.1 a1.1 a2.1 a3.1");
    story.expect("nothing arrived", story.receiver.expected() == TERMS.first);
}

#[test]
fn data_that_is_not_of_this_file_is_ignored_and_not_answered() {
    let mut story = story();
    story.sends("d0.1");
    let right = story.packet("d0.1").clone();
    for wrong in [
        Packet {
            sequence: TERMS.end(),
            ..right.clone()
        },
        Packet {
            number: 1,
            ..right.clone()
        },
        Packet {
            body: Body::Data { length: 5 },
            ..right.clone()
        },
        Packet {
            body: Body::Fin {
                digest: crate::wire::digest::Digest([0; 32]),
            },
            ..right
        },
    ] {
        story.forge(End::Receiver, wrong);
        story.sends("");
    }
    story.ignored(Ignored::OutsideTheFile);
    story.expect("nothing arrived", story.receiver.arrivals() == (0, 0));
}

#[test]
fn the_receiver_counts_what_arrives_and_says_again_on_demand_what_has_arrived() {
    let mut story = story();
    story.arrive("d0.1");
    story.lose("a1.1");
    story.advance(ms(300));
    story.lose("d0.2");
    story.advance(ms(600));
    story.arrive("d0.3");
    story.expect(
        "two, one of them a resend",
        story.receiver.arrivals() == (2, 1),
    );
    story.sends("d0.1 a1.1 d0.2 d0.3 a2.1");
    story.receiver.repeat();
    story.sends("a3.1");
    let wants = story.packet("a3.1").sequence;
    story.expect("it wants the second", wants == TERMS.first + 1);
}
