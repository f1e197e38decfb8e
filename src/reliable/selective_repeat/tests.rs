use super::super::connection_parameters::ConnectionParameters;
use super::super::event::{DiscardReason, Event, Ignored, Trigger};
use super::super::script::{End, Story, ack, measured, ms};
use super::super::{Machine, ReceivingMachine, SendingMachine, receiver, sender};
use super::*;
use crate::wire::packet::Body;
use crate::wire::sequence::SequenceNumber;

/// Ten segments, a window of four.
const TERMS: ConnectionParameters = ConnectionParameters::EXAMPLE;

fn story_of(
    parameters: ConnectionParameters,
) -> Story<sender::Sender, receiver::Receiver> {
    let (sender, receiver) = (
        Sender::new(parameters.window),
        Receiver::new(parameters.window),
    );
    Story::new(
        sender::Sender::new(Box::new(sender), parameters, measured()),
        receiver::Receiver::new(Box::new(receiver), parameters),
    )
}

fn story() -> Story<sender::Sender, receiver::Receiver> {
    story_of(TERMS)
}

/// The segment that this ACK acknowledges.
fn acknowledged(story: &Story<sender::Sender, receiver::Receiver>, name: &str) -> u32 {
    let (Body::Ack(ack) | Body::Nack(ack)) = &story.packet(name).body else {
        panic!("{name} is no ACK");
    };
    assert_eq!(ack.ranges[0].end - ack.ranges[0].start, 1);
    TERMS.index(ack.ranges[0].start)
}

#[test]
fn every_segment_is_acknowledged_individually() {
    let mut story = story();
    story.sends("d0.1 d1.1 d2.1 d3.1");
    story.arrive("d2.1 d0.1 d3.1 d1.1");
    story.sends("a1.1 a2.1 a3.1 a4.1");
    for (name, number) in [("a1.1", 2), ("a2.1", 0), ("a3.1", 3), ("a4.1", 1)] {
        let found = acknowledged(&story, name);
        story.expect(&format!("{name} is ACK {found}"), found == number);
    }
    story.arrive("a2.1"); // ACK 0 moves the base by one.
    story.sends("d4.1");
    story.arrive("a1.1 a3.1"); // ACK 2 and ACK 3 do not move it.
    story.sends("");
    story.arrive("a4.1"); // ACK 1 moves it over all three.
    story.sends("d5.1 d6.1 d7.1");
}

#[test]
fn a_timeout_retransmits_only_its_own_segment() {
    let mut story = story();
    story.lose("d1.1");
    story.arrive("d0.1 d2.1 d3.1");
    story.arrive("a1.1 a2.1 a3.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 a3.1 d4.1");
    story.arrive("d4.1");
    story.arrive("a4.1");
    story.sends("a4.1"); // Nothing else: segment 1 holds the window.
    story.advance(ms(299));
    story.sends("");
    story.advance(ms(1));
    story.declared_lost(&[(1, Trigger::Timeout)]);
    story.sends("d1.2");
    story.arrive("d1.2");
    let delivered = story.receiver.next_expected();
    story.expect("all are delivered", delivered == TERMS.first + 5);
    story.arrive("a5.1");
    story.sends("a5.1 d5.1 d6.1 d7.1 d8.1");
}

#[test]
fn after_a_lost_ack_the_receiver_acknowledges_a_segment_below_its_base_again() {
    let mut story = story();
    story.arrive("d0.1 d1.1");
    story.lose("a1.1");
    story.arrive("a2.1"); // ACK 1 says nothing about segment 0.
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1");
    story.lose("d2.1 d3.1");
    story.advance(ms(300));
    story.lose("d2.2 d3.2");
    story.take_events();
    story.arrive("d0.2");
    story.happened(&Event::SegmentDropped {
        number: 0,
        why: DiscardReason::Duplicate,
    });
    let found = acknowledged(&story, "a3.1");
    story.expect("ACK 0 again", found == 0);
    story.arrive("a3.1");
    story.sends("d0.2 d2.2 d3.2 a3.1 d4.1 d5.1");
}

#[test]
fn each_segment_has_its_own_timer() {
    let mut story = story_of(ConnectionParameters {
        size: 3_000,
        window: 2,
        ..TERMS
    });
    story.sends("d0.1 d1.1");
    story.advance(ms(100));
    story.arrive("d0.1");
    story.arrive("a1.1");
    story.sends("a1.1 d2.1"); // Segment 2 leaves 100 ms after segment 1.
    story.lose("d1.1 d2.1");
    story.advance(ms(200));
    story.sends("d1.2");
    story.advance(ms(50));
    story.sends("d2.2");
}

#[test]
fn timers_that_expire_together_double_the_timeout_once() {
    let mut story = story();
    story.lose("d0.1 d1.1 d2.1 d3.1");
    story.advance(ms(300));
    story.sends("d0.1 d1.1 d2.1 d3.1 d0.2 d1.2 d2.2 d3.2");
    story.wakes_in(ms(600));
}

#[test]
fn a_corrupt_packet_is_discarded_without_an_answer() {
    let mut story = story();
    story.arrive("d0.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1");
    story.receiver.on_damage(story.now);
    story.sends("");
}

#[test]
fn a_duplicate_ack_has_no_effect() {
    let mut story = story();
    story.arrive("d0.1 d1.1");
    story.arrive("a1.1 a2.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 d4.1 d5.1");
    story.again("a1.1");
    story.again("a2.1");
    story.sends("");
}

#[test]
fn an_ack_of_an_unsent_segment_is_ignored_and_recorded() {
    for (next_expected, range) in [
        (0, (4, 5)),
        (0, (0, 2)),
        (0, (3, 2)),
        (5, (0, 1)),
        (1 << 30, (0, 1)),
    ] {
        let mut story = story();
        story.sends("d0.1 d1.1 d2.1 d3.1");
        let forged = ack(&TERMS, next_expected, &[range], story.now);
        story.forge(End::Sender, forged);
        story.ignored(Ignored::ImpossibleAck);
        story.sends("");
    }
}

#[test]
fn an_ack_without_a_range_acknowledges_nothing() {
    let mut story = story();
    story.forge(End::Sender, ack(&TERMS, 4, &[], story.now));
    story.sends("d0.1 d1.1 d2.1 d3.1");
    story.expect("nothing is over", story.sender.progress().acked_bytes == 0);
}

#[test]
fn sequence_numbers_may_wrap_around_within_a_window() {
    let first = SequenceNumber(u32::MAX - 1);
    let mut story = story_of(ConnectionParameters { first, ..TERMS });
    story.arrive("d3.1 d2.1 d1.1 d0.1");
    story.arrive("a1.1 a2.1 a3.1 a4.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 a3.1 a4.1 d4.1 d5.1 d6.1 d7.1");
    story.expect(
        "wrapped",
        story.receiver.next_expected() == SequenceNumber(2),
    );
}

#[test]
fn a_transfer_of_an_empty_file_is_finished_at_its_start() {
    let story = story_of(ConnectionParameters { size: 0, ..TERMS });
    let is_idle = story.sender.next_timeout().is_none();
    story.expect("finished", story.sender.is_finished() && is_idle);
}
