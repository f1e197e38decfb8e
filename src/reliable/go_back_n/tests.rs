use super::super::event::{Event, Ignored, Trigger, Unwanted};
use super::super::moment::Moment;
use super::super::script::{End, Story, ack, measured, ms};
use super::super::terms::Terms;
use super::super::{Machine, ReceivingMachine, SendingMachine, receiver, sender};
use super::*;
use crate::wire::options::Congestion;
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;
use std::time::Duration;

/// Ten segments, a window of four.
const TERMS: Terms = Terms::EXAMPLE;

fn story_of(terms: Terms) -> Story<sender::Sender, receiver::Receiver> {
    let (sender, receiver) = (Sender::new(terms.window), Receiver::new());
    Story::new(
        sender::Sender::new(Box::new(sender), terms, measured()),
        receiver::Receiver::new(Box::new(receiver), terms),
    )
}

fn story() -> Story<sender::Sender, receiver::Receiver> {
    story_of(TERMS)
}

/// An ACK that leaves room for `window` packets.
fn ack_with_window(wants: u32, window: u32, now: Moment) -> Packet {
    let mut packet = ack(&TERMS, wants, &[], now);
    if let Body::Ack(fields) = &mut packet.body {
        fields.window = window;
    }
    packet
}

#[test]
fn a_window_leaves_at_once_and_each_ack_lets_one_more_go() {
    let mut story = story();
    story.sends("d0.1 d1.1 d2.1 d3.1");
    story.arrive("d0.1");
    story.arrive("a1.1");
    story.sends("a1.1 d4.1");
    story.arrive("d1.1 d2.1");
    story.lose("a2.1");
    story.arrive("a3.1"); // It speaks for the lost one too.
    story.sends("a2.1 a3.1 d5.1 d6.1");
}

#[test]
fn a_timeout_retransmits_the_whole_window_in_order() {
    let mut story = story();
    story.sends("d0.1 d1.1 d2.1 d3.1");
    story.lose("d0.1");
    story.advance(ms(299));
    story.sends("");
    story.advance(ms(1));
    story.sends("d0.2 d1.2 d2.2 d3.2");
    story.held_for_lost(&[(0, Trigger::Timeout)]);
    story.lose("d0.2 d1.2 d2.2 d3.2");
    story.advance(ms(600));
    story.sends("d0.3 d1.3 d2.3 d3.3");
}

#[test]
fn the_receiver_buffers_nothing_and_repeats_its_last_ack() {
    let mut story = story();
    story.arrive("d0.1");
    story.lose("d1.1");
    story.arrive("d2.1");
    story.happened(&Event::SegmentDropped {
        number: 2,
        why: Unwanted::OutOfOrder,
    });
    story.arrive("d3.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 a3.1");
    for name in ["a1.1", "a2.1", "a3.1"] {
        let next_expected = story.packet(name).sequence;
        story.expect("ACK 0", next_expected == TERMS.first + 1);
    }
    story.arrive("a1.1 a2.1 a3.1"); // A duplicate ACK retransmits nothing.
    story.sends("d4.1");
}

#[test]
fn before_the_first_segment_the_receiver_sends_ack_minus_one() {
    let mut receiver = Receiver::new();
    let mut actions = ReceiverActions::default();
    receiver.on_data(1, &mut actions);
    receiver.on_corrupt(&mut actions);
    let none = super::super::protocol::ReceiverAction::Acknowledge(-1);
    assert_eq!(actions.take(), [none, none]);
}

#[test]
fn with_a_controller_the_first_ack_of_a_gap_is_a_nack() {
    let mut story = story_of(Terms {
        congestion: Congestion::PlusOneMinusThree,
        ..TERMS
    });
    story.advance(ms(100));
    story.lose("d0.1");
    story.arrive("d1.1 d2.1 d3.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 n0.1 a1.1 a2.1");
    story.arrive("n0.1 a1.1 a2.1"); // None of them retransmits anything.
    story.sends("");
}

#[test]
fn a_lost_ack_costs_nothing_when_the_next_one_comes() {
    let mut story = story();
    story.arrive("d0.1 d1.1 d2.1 d3.1");
    story.lose("a1.1 a2.1 a3.1");
    story.arrive("a4.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 a3.1 a4.1 d4.1 d5.1 d6.1 d7.1");
}

#[test]
fn when_every_ack_is_lost_the_receiver_does_not_write_the_window_twice() {
    let mut story = story();
    story.arrive("d0.1 d1.1 d2.1 d3.1");
    story.lose("a1.1 a2.1 a3.1 a4.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 a3.1 a4.1");
    story.advance(ms(300));
    story.sends("d0.2 d1.2 d2.2 d3.2");
    for name in ["d0.2", "d1.2", "d2.2", "d3.2"] {
        let wants = story.receiver.wants(story.packet(name));
        story.expect(&format!("{name} is not wanted"), !wants);
        story.arrive(name);
    }
    story.sends("a5.1 a6.1 a7.1 a8.1");
    story.arrive("a5.1");
    story.sends("d4.1 d5.1 d6.1 d7.1");
}

#[test]
fn a_late_ack_after_going_back_lets_the_sender_jump_forward_again() {
    let mut story = story();
    story.arrive("d0.1 d1.1 d2.1 d3.1");
    story.advance(ms(300)); // Premature: the ACKs are slow.
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 a3.1 a4.1 d0.2 d1.2 d2.2 d3.2");
    story.arrive("a4.1");
    story.sends("d4.1 d5.1 d6.1 d7.1");
    story.arrive("d0.2 d1.2 d2.2 d3.2");
    story.arrive("a5.1 a6.1 a7.1 a8.1");
    story.sends("a5.1 a6.1 a7.1 a8.1");
}

#[test]
fn an_ack_that_comes_between_timeout_and_resend_shortens_what_goes_again() {
    let mut story = story();
    story.sends("d0.1 d1.1 d2.1 d3.1");
    let mut sender = story.sender;
    let drain = |sender: &mut sender::Sender, now| {
        let names = std::iter::from_fn(|| sender.poll_transmit(now));
        names.map(|one| one.packet.number).collect::<Vec<_>>()
    };
    let now = Moment::START + ms(300);
    sender.on_timeout(now);
    sender.on_packet(&ack(&TERMS, 2, &[], now), now);
    assert_eq!(drain(&mut sender, now), [2, 3, 4, 5]);
    assert!(sender.next_timeout().is_some());
}

#[test]
fn the_timer_starts_again_for_the_oldest_when_an_ack_moves_the_window() {
    let mut story = story();
    story.advance(ms(200));
    story.arrive("d0.1");
    story.arrive("a1.1"); // A sample of 200 ms: RTO = 112.5 + 4 * 62.5.
    story.wakes_in(Duration::from_micros(362_500));
}

#[test]
fn duplicate_and_old_acks_change_nothing_and_do_not_hold_up_the_timer() {
    let mut story = story();
    story.arrive("d0.1 d1.1");
    story.arrive("a1.1 a2.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 d4.1 d5.1");
    let deadline = story.sender.next_timeout();
    story.advance(ms(50));
    story.again("a1.1");
    story.again("a2.1");
    story.sends("");
    story.expect("the timer", story.sender.next_timeout() == deadline);
}

#[test]
fn an_ack_of_what_was_never_sent_is_ignored_and_recorded() {
    for wants in [5, 10, 11, 1 << 30] {
        let mut story = story();
        story.sends("d0.1 d1.1 d2.1 d3.1");
        story.forge(End::Sender, ack(&TERMS, wants, &[], story.now));
        story.ignored(Ignored::ImpossibleAck);
        story.sends("");
        story.expect("not finished", !story.sender.is_finished());
    }
}

#[test]
fn after_going_back_an_ack_of_all_that_was_ever_sent_is_still_believed() {
    let mut story = story();
    story.advance(ms(300));
    story.lose("d0.2 d1.2 d2.2 d3.2");
    story.forge(End::Sender, ack(&TERMS, 4, &[], story.now));
    story.sends("d0.1 d1.1 d2.1 d3.1 d0.2 d1.2 d2.2 d3.2 d4.1 d5.1 d6.1 d7.1");
}

#[test]
fn a_receive_window_that_closes_is_probed_with_one_segment() {
    let mut story = story();
    story.sends("d0.1 d1.1 d2.1 d3.1");
    story.forge(End::Sender, ack_with_window(4, 0, story.now));
    story.sends("d4.1");
    story.lose("d4.1");
    story.advance(ms(400));
    story.sends("d4.2");
    story.forge(End::Sender, ack_with_window(5, u32::MAX, story.now));
    story.sends("d5.1 d6.1 d7.1 d8.1");
}

#[test]
fn a_window_that_shrinks_under_what_is_in_flight_resends_only_what_fits() {
    let mut story = story();
    story.sends("d0.1 d1.1 d2.1 d3.1");
    story.forge(End::Sender, ack_with_window(0, 2, story.now));
    story.sends("");
    story.advance(ms(400));
    story.sends("d0.2 d1.2");
}

#[test]
fn each_timeout_doubles_the_wait_and_an_ack_brings_it_down_again() {
    let mut story = story();
    for wait in [300, 600, 1_100, 1_150, 1_200, 1_250] {
        story.wakes_in(ms(wait));
        story.advance(ms(wait));
    }
    story.advance(ms(100));
    story.arrive("d0.7");
    story.arrive("a1.1");
    story.wakes_in(ms(250));
}

#[test]
fn numbers_wrap_inside_a_window_and_nobody_notices() {
    let first = SequenceNumber(u32::MAX - 1);
    let mut story = story_of(Terms { first, ..TERMS });
    story.lose("d0.1");
    story.advance(ms(300));
    story.arrive("d0.2 d1.2 d2.2 d3.2");
    story.arrive("a1.1 a2.1 a3.1 a4.1");
    story.sends(
        "d0.1 d1.1 d2.1 d3.1 d0.2 d1.2 d2.2 d3.2 \
         a1.1 a2.1 a3.1 a4.1 d4.1 d5.1 d6.1 d7.1",
    );
    story.expect("wrapped", story.receiver.expected() == SequenceNumber(2));
}

#[test]
fn the_window_ends_with_the_file_and_the_last_segment_is_short() {
    let mut story = story_of(Terms {
        size: 3_000,
        ..TERMS
    });
    story.sends("d0.1 d1.1 d2.1");
    let last = story.packet("d2.1").body.clone();
    story.expect("128 bytes", last == Body::Data { length: 128 });
    story.arrive("d0.1 d1.1 d2.1");
    story.arrive("a3.1");
    story.sends("a1.1 a2.1 a3.1");
    story.expect("finished", story.sender.is_finished());
    story.expect("no timer is left", story.sender.next_timeout().is_none());
    let progress = story.sender.progress();
    story.expect("all bytes", progress.acked_bytes == 3_000);
}

#[test]
fn an_empty_file_is_finished_before_it_begins() {
    let mut story = story_of(Terms { size: 0, ..TERMS });
    story.sends("");
    story.expect("finished", story.sender.is_finished());
    story.expect("no timer", story.sender.next_timeout().is_none());
}

#[test]
fn a_controllers_window_holds_back_what_the_receivers_would_take() {
    let terms = Terms {
        window: 16,
        congestion: Congestion::Additive, // It begins with four.
        ..TERMS
    };
    let protocol = Box::new(Sender::new(terms.window));
    let mut sender = sender::Sender::new(protocol, terms, measured());
    let moments = (0..29).map(|step| Moment::START + ms(10 * step)); // Before the timeout.
    let sent = moments.flat_map(|now| {
        std::iter::from_fn(|| sender.poll_transmit(now)).collect::<Vec<_>>()
    });
    assert_eq!(sent.count(), 4);
}

#[test]
fn after_a_long_pause_a_grown_window_begins_small_again() {
    let mut story = story_of(Terms {
        window: 16,
        congestion: Congestion::Additive, // It begins with four.
        ..TERMS
    });
    story.advance(ms(50));
    story.arrive("d0.1 d1.1 d2.1 d3.1");
    story.arrive("a1.1 a2.1 a3.1 a4.1");
    let window = story.sender.progress().cwnd;
    story.expect(&format!("grown, not {window}"), window == 8);
    story.sender.restart(story.now + ms(60_000));
    let window = story.sender.progress().cwnd;
    story.expect(&format!("as at first, not {window}"), window == 4);
}
