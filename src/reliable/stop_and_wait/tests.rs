use super::super::connection_parameters::ConnectionParameters;
use super::super::event::{DiscardReason, Event, Ignored, Trigger};
use super::super::script::{End, Story, ack, measured, ms};
use super::super::{ReceivingMachine, SendingMachine, receiver, sender};
use super::*;
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;

const TERMS: ConnectionParameters = ConnectionParameters::EXAMPLE;

fn story_of(
    parameters: ConnectionParameters,
) -> Story<sender::Sender, receiver::Receiver> {
    let (sender, receiver) = (Sender::new(), Receiver::new());
    Story::new(
        sender::Sender::new(Box::new(sender), parameters, measured()),
        receiver::Receiver::new(Box::new(receiver), parameters),
    )
}

fn story() -> Story<sender::Sender, receiver::Receiver> {
    story_of(TERMS)
}

/// Sends the rest of the file over a perfect path; returns the number of DATA packets.
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
fn each_segment_waits_for_the_ack_of_the_previous_one() {
    let mut story = story();
    story.sends("d0.1");
    story.arrive("d0.1");
    story.sends("a1.1");
    story.arrive("a1.1");
    story.sends("d1.1");
}

#[test]
fn a_lost_segment_is_retransmitted_when_the_timer_expires_and_not_earlier() {
    let mut story = story();
    story.sends("d0.1");
    story.lose("d0.1");
    story.advance(ms(299));
    story.sends("");
    story.advance(ms(1));
    story.sends("d0.2");
    story.declared_lost(&[(0, Trigger::Timeout)]);
}

#[test]
fn a_lost_ack_causes_a_retransmission_that_the_receiver_does_not_write_twice() {
    let mut story = story();
    story.arrive("d0.1");
    story.lose("a1.1");
    story.advance(ms(300));
    story.sends("d0.1 a1.1 d0.2");
    let wants = story.receiver.is_wanted(story.packet("d0.2"));
    story.expect("the second copy is not wanted", !wants);
    story.take_events();
    story.arrive("d0.2");
    story.happened(&Event::SegmentDropped {
        number: 0,
        why: DiscardReason::Duplicate,
    });
    story.expect(
        "it goes on",
        story.receiver.next_expected() == TERMS.first + 1,
    );
    story.sends("a2.1");
    story.arrive("a2.1");
    story.sends("d1.1");
}

#[test]
fn a_premature_timeout_causes_exactly_one_duplicate() {
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
fn an_old_ack_is_not_accepted_for_the_current_segment() {
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
fn an_ack_of_an_unsent_segment_is_ignored_and_recorded() {
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
fn each_timeout_doubles_the_rto_and_an_ack_resets_it() {
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
fn sequence_numbers_may_wrap_around() {
    let mut story = story_of(ConnectionParameters {
        first: SequenceNumber(u32::MAX - 4),
        ..TERMS
    });
    finish(&mut story, 10);
    let end = story.receiver.next_expected();
    story.expect("it wrapped", end == SequenceNumber(5));
}

#[test]
fn a_transfer_of_an_empty_file_is_finished_at_its_start() {
    let story = &mut story_of(ConnectionParameters { size: 0, ..TERMS });
    finish(story, 0);
}

#[test]
fn a_file_of_one_segment_needs_one_packet_and_one_more_byte_needs_two() {
    finish(
        &mut story_of(ConnectionParameters {
            size: 1_436,
            ..TERMS
        }),
        1,
    );
    let mut story = story_of(ConnectionParameters {
        size: 1_437,
        ..TERMS
    });
    finish(&mut story, 2);
    let last = story.packet("d1.1").body.clone();
    story.expect("the last is short", last == Body::Data { length: 1 });
}

#[test]
fn an_out_of_order_segment_is_discarded_and_the_last_ack_is_repeated() {
    let mut story = story();
    for number in [3, 4, 5] {
        let early = TERMS.data(TERMS.first + number, 1, story.now).packet;
        let wants = story.receiver.is_wanted(&early);
        story.expect("it buffers nothing", !wants);
        story.forge(End::Receiver, early);
    }
    story.sends("d0.1 a1.1 a2.1 a3.1");
    story.expect(
        "nothing arrived",
        story.receiver.next_expected() == TERMS.first,
    );
}

#[test]
fn data_that_does_not_belong_to_the_file_is_ignored_without_an_answer() {
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
fn the_receiver_counts_its_arrivals_and_repeats_its_last_ack_on_request() {
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
