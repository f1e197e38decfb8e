use super::super::connection_parameters::ConnectionParameters;
use super::super::event::{DiscardReason, Event, Ignored, Trigger};
use super::super::moment::Moment;
use super::super::script::{End, Story, ack, measured, ms};
use super::super::{Machine, ReceivingMachine, SendingMachine, receiver, sender};
use super::*;
use crate::wire::options::Congestion;
use crate::wire::packet::{Body, Packet};
use crate::wire::sequence::SequenceNumber;
use std::time::Duration;

/// Ten segments, a window of four.
const TERMS: ConnectionParameters = ConnectionParameters::EXAMPLE;

fn story_of(
    parameters: ConnectionParameters,
) -> Story<sender::Sender, receiver::Receiver> {
    let (sender, receiver) = (Sender::new(parameters.window), Receiver::new());
    Story::new(
        sender::Sender::new(Box::new(sender), parameters, measured()),
        receiver::Receiver::new(Box::new(receiver), parameters),
    )
}

fn story() -> Story<sender::Sender, receiver::Receiver> {
    story_of(TERMS)
}

/// An ACK that advertises a window of `window` packets.
fn ack_with_window(wants: u32, window: u32, now: Moment) -> Packet {
    let mut packet = ack(&TERMS, wants, &[], now);
    if let Body::Ack(fields) = &mut packet.body {
        fields.window = window;
    }
    packet
}

#[test]
fn a_window_is_sent_immediately_and_each_ack_allows_one_more_segment() {
    let mut story = story();
    story.sends("d0.1 d1.1 d2.1 d3.1");
    story.arrive("d0.1");
    story.arrive("a1.1");
    story.sends("a1.1 d4.1");
    story.arrive("d1.1 d2.1");
    story.lose("a2.1");
    story.arrive("a3.1"); // It also acknowledges what the lost ACK did.
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
    story.declared_lost(&[(0, Trigger::Timeout)]);
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
        why: DiscardReason::OutOfOrder,
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
    let mut story = story_of(ConnectionParameters {
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
fn a_lost_ack_is_covered_by_the_next_cumulative_ack() {
    let mut story = story();
    story.arrive("d0.1 d1.1 d2.1 d3.1");
    story.lose("a1.1 a2.1 a3.1");
    story.arrive("a4.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 a3.1 a4.1 d4.1 d5.1 d6.1 d7.1");
}

#[test]
fn after_the_loss_of_all_acks_the_receiver_does_not_write_the_window_twice() {
    let mut story = story();
    story.arrive("d0.1 d1.1 d2.1 d3.1");
    story.lose("a1.1 a2.1 a3.1 a4.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 a3.1 a4.1");
    story.advance(ms(300));
    story.sends("d0.2 d1.2 d2.2 d3.2");
    for name in ["d0.2", "d1.2", "d2.2", "d3.2"] {
        let wants = story.receiver.is_wanted(story.packet(name));
        story.expect(&format!("{name} is not wanted"), !wants);
        story.arrive(name);
    }
    story.sends("a5.1 a6.1 a7.1 a8.1");
    story.arrive("a5.1");
    story.sends("d4.1 d5.1 d6.1 d7.1");
}

#[test]
fn a_late_ack_after_a_timeout_advances_the_window_again() {
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
fn an_ack_between_timeout_and_retransmission_shortens_the_retransmission() {
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
fn an_ack_that_moves_the_base_restarts_the_timer() {
    let mut story = story();
    story.advance(ms(200));
    story.arrive("d0.1");
    story.arrive("a1.1"); // A sample of 200 ms: RTO = 112.5 + 4 * 62.5.
    story.wakes_in(Duration::from_micros(362_500));
}

#[test]
fn duplicate_and_old_acks_have_no_effect_and_do_not_restart_the_timer() {
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
fn an_ack_of_an_unsent_segment_is_ignored_and_recorded() {
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
fn after_a_timeout_an_ack_of_every_sent_segment_is_still_accepted() {
    let mut story = story();
    story.advance(ms(300));
    story.lose("d0.2 d1.2 d2.2 d3.2");
    story.forge(End::Sender, ack(&TERMS, 4, &[], story.now));
    story.sends("d0.1 d1.1 d2.1 d3.1 d0.2 d1.2 d2.2 d3.2 d4.1 d5.1 d6.1 d7.1");
}

#[test]
fn a_zero_receive_window_is_probed_with_one_segment() {
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
fn after_the_receive_window_shrinks_only_the_segments_that_fit_are_retransmitted() {
    let mut story = story();
    story.sends("d0.1 d1.1 d2.1 d3.1");
    story.forge(End::Sender, ack_with_window(0, 2, story.now));
    story.sends("");
    story.advance(ms(400));
    story.sends("d0.2 d1.2");
}

#[test]
fn each_timeout_doubles_the_rto_and_an_ack_resets_it() {
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
fn sequence_numbers_may_wrap_around_within_a_window() {
    let first = SequenceNumber(u32::MAX - 1);
    let mut story = story_of(ConnectionParameters { first, ..TERMS });
    story.lose("d0.1");
    story.advance(ms(300));
    story.arrive("d0.2 d1.2 d2.2 d3.2");
    story.arrive("a1.1 a2.1 a3.1 a4.1");
    story.sends(
        "d0.1 d1.1 d2.1 d3.1 d0.2 d1.2 d2.2 d3.2 \
         a1.1 a2.1 a3.1 a4.1 d4.1 d5.1 d6.1 d7.1",
    );
    story.expect(
        "wrapped",
        story.receiver.next_expected() == SequenceNumber(2),
    );
}

#[test]
fn the_window_ends_with_the_file_and_the_last_segment_is_short() {
    let mut story = story_of(ConnectionParameters {
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
fn a_transfer_of_an_empty_file_is_finished_at_its_start() {
    let mut story = story_of(ConnectionParameters { size: 0, ..TERMS });
    story.sends("");
    story.expect("finished", story.sender.is_finished());
    story.expect("no timer", story.sender.next_timeout().is_none());
}

#[test]
fn the_congestion_window_limits_the_sender_below_the_receive_window() {
    let parameters = ConnectionParameters {
        window: 16,
        congestion: Congestion::Additive, // It begins with four.
        ..TERMS
    };
    let protocol = Box::new(Sender::new(parameters.window));
    let mut sender = sender::Sender::new(protocol, parameters, measured());
    let moments = (0..29).map(|step| Moment::START + ms(10 * step)); // Before the timeout.
    let sent = moments.flat_map(|now| {
        std::iter::from_fn(|| sender.poll_transmit(now)).collect::<Vec<_>>()
    });
    assert_eq!(sent.count(), 4);
}

#[test]
fn after_a_long_pause_the_congestion_window_restarts_small() {
    let mut story = story_of(ConnectionParameters {
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
