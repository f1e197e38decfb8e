mod fin;

use super::super::event::DiscardReason;
use super::super::script::{End, Story, ack, ack_with_window, measured, ms};
use super::super::{ReceivingMachine, SendingMachine};
use super::*;
use crate::reliable::event::PacketRecord;
use crate::wire::options::Congestion;
use std::time::Duration;

/// Ten segments, a window of four: every arrival is acknowledged.
const TERMS: ConnectionParameters = ConnectionParameters::EXAMPLE;

/// Thirty segments, a window of sixteen: every second arrival is acknowledged.
const WIDE: ConnectionParameters = ConnectionParameters {
    window: 16,
    size: 30 * 1_436,
    ..TERMS
};

fn story_of(parameters: ConnectionParameters) -> Story<Sender, Receiver> {
    Story::new(
        Sender::new(parameters, measured()),
        Receiver::new(parameters),
    )
}

fn story() -> Story<Sender, Receiver> {
    story_of(TERMS)
}

#[test]
fn a_window_is_sent_immediately_and_each_ack_allows_one_more_segment() {
    story().each_ack_allows_one_more_segment();
}

#[test]
fn a_segment_with_three_later_arrivals_is_declared_lost_and_retransmitted_alone() {
    let mut story = story();
    story.lose("d0.1");
    story.arrive("d1.1 d2.1 d3.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 n0.1 a1.1 a2.1");
    story.arrive("n0.1 a1.1");
    story.sends("");
    story.arrive("a2.1");
    story.declared_lost(&[(0, Trigger::PacketThreshold)]);
    story.sends("d0.2");
    story.arrive("d0.2");
    story.sends("a3.1"); // The gap is filled: one ACK at once, for all four.
    story.arrive("a3.1");
    story.sends("d4.1 d5.1 d6.1 d7.1");
}

#[test]
fn one_later_arrival_and_nine_eighths_of_an_rtt_also_declare_a_segment_lost() {
    let mut story = story();
    story.lose("d0.1 d2.1 d3.1");
    story.advance(ms(50));
    story.arrive("d1.1");
    story.advance(ms(50));
    story.arrive("n0.1"); // The sample is 100 ms.
    story.sends("d0.1 d1.1 d2.1 d3.1 n0.1");
    story.advance(ms(12));
    story.sends("");
    story.advance(ms(1));
    story.declared_lost(&[(0, Trigger::TimeThreshold)]);
    story.sends("d0.2"); // Nothing has overtaken 2 and 3.
}

#[test]
fn after_the_loss_of_a_whole_window_one_probe_is_sent_and_its_ack_reveals_the_other_losses()
 {
    let mut story = story();
    story.lose("d0.1 d1.1 d2.1 d3.1");
    story.sends("d0.1 d1.1 d2.1 d3.1");
    story.advance(ms(309)); // 300 ms and the longest delay of an ACK.
    story.sends("");
    story.advance(ms(1));
    story.declared_lost(&[(0, Trigger::Timeout)]);
    story.sends("d0.2");
    story.arrive("d0.2");
    story.arrive("a1.1");
    story.sends("a1.1 d1.2 d2.2 d3.2 d4.1");
}

#[test]
fn a_lost_probe_is_followed_by_the_next_oldest_segment_after_twice_the_timeout() {
    let mut story = story();
    story.lose("d0.1 d1.1 d2.1 d3.1");
    story.advance(ms(310));
    story.sends("d0.1 d1.1 d2.1 d3.1 d0.2");
    story.wakes_in(ms(610));
    story.advance(ms(610));
    story.sends("d1.2");
    story.wakes_in(ms(1_110));
    story.lose("d1.2");
    story.arrive("d0.2");
    story.arrive("a1.1");
    story.expect(
        "the wait is short again",
        story.sender.progress().rto_us < 1_000_000,
    );
}

#[test]
fn after_the_loss_of_all_acks_the_receiver_writes_no_segment_twice() {
    let mut story = story();
    story.arrive("d0.1 d1.1 d2.1 d3.1");
    story.lose("a1.1 a2.1 a3.1 a4.1");
    story.advance(ms(310));
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 a3.1 a4.1 d0.2");
    let wants = story.receiver.is_wanted(story.packet("d0.2"));
    story.expect("the second copy is not wanted", !wants);
    story.arrive("d0.2");
    story.happened(&Event::SegmentDropped {
        number: 0,
        why: DiscardReason::Duplicate,
    });
    story.sends("a5.1"); // A duplicate asks for an answer at once.
    story.arrive("a5.1");
    story.sends("d4.1 d5.1 d6.1 d7.1");
}

#[test]
fn a_late_ack_after_a_premature_probe_advances_the_window() {
    let mut story = story();
    story.arrive("d0.1 d1.1 d2.1 d3.1");
    story.advance(ms(310));
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 a3.1 a4.1 d0.2");
    story.arrive("a4.1");
    story.sends("d4.1 d5.1 d6.1 d7.1");
    story.arrive("a1.1 a2.1 a3.1"); // Nothing new.
    story.sends("");
    story.declared_lost(&[(0, Trigger::Timeout)]);
}

#[test]
fn a_delayed_original_is_not_taken_for_the_arrival_of_its_retransmission() {
    let mut story = story_of(ConnectionParameters { window: 8, ..TERMS });
    story.sends("d0.1 d1.1 d2.1 d3.1 d4.1 d5.1 d6.1 d7.1");
    story.advance(ms(50));
    story.arrive("d1.1 d2.1 d3.1"); // Segment 0 is slow, not lost.
    story.advance(ms(50));
    story.arrive("n0.1 a1.1 a2.1");
    story.sends("n0.1 a1.1 a2.1 d0.2");
    story.declared_lost(&[(0, Trigger::PacketThreshold)]);
    story.arrive("d0.1");
    story.advance(ms(1));
    story.arrive("a3.1"); // It cannot acknowledge 0.2, which left 1 ms ago.
    story.declared_lost(&[]); // 4 to 7 are still in flight.
    story.sends("a3.1 d8.1 d9.1");
}

#[test]
fn the_receiver_buffers_out_of_order_segments_and_acknowledges_them() {
    let mut story = story();
    story.lose("d0.1 d2.1");
    story.arrive("d1.1 d3.1");
    story.happened(&Event::SegmentBuffered { number: 3 });
    story.sends("d0.1 d1.1 d2.1 d3.1 n0.1 n1.1");
    let Body::Nack(told) = story.packet("n1.1").body.clone() else {
        unreachable!("an n is a NACK");
    };
    let ranges = told.ranges.iter().map(|one| (one.start.0, one.end.0));
    let newest_first = ranges.eq([(1_003, 1_004), (1_001, 1_002)]);
    story.expect("newest first", newest_first);
    let record = PacketRecord::from(story.packet("n1.1"));
    let as_segments = record.ranges(1_000) == [[3, 3], [1, 1]];
    story.expect("as segments of the file", as_segments);
}

#[test]
fn a_new_gap_is_reported_by_exactly_one_nack() {
    let mut story = story_of(WIDE);
    story.take_events();
    story.sends(
        &(0..16)
            .map(|n| format!("d{n}.1"))
            .collect::<Vec<_>>()
            .join(" "),
    );
    story.lose("d2.1 d3.1 d6.1");
    story.arrive("d0.1 d1.1");
    story.sends("a1.1");
    story.arrive("d4.1");
    story.sends("n0.1"); // 2 and 3 are missing.
    story.arrive("d5.1 d7.1");
    story.sends("n1.1"); // 6 is missing; 2 and 3 were reported.
    story.arrive("d8.1 d9.1 d10.1 d11.1");
    story.sends("a2.1 a3.1");
}

#[test]
fn about_eight_acks_are_sent_per_window() {
    for (window, arrivals_per_ack) in [(8, 1), (16, 2), (256, 32), (512, 64), (8_192, 64)]
    {
        let parameters = ConnectionParameters {
            window,
            size: 10_000,
            segment_bytes: 1,
            ..TERMS
        };
        let mut story = story_of(parameters);
        for number in 0..window {
            story.arrive(&format!("d{number}.1"));
        }
        story.take_events();
        let told = story.packet(&format!("a{}.1", window / arrivals_per_ack));
        let is_all = told.sequence == parameters.first + window;
        story.expect(&format!("window {window}"), is_all);
    }
}

#[test]
fn the_number_of_arrivals_before_the_next_ack_is_64_and_drops_to_one_at_a_gap() {
    let mut receiver = Receiver::new(VERY_WIDE);
    assert_eq!(receiver.arrivals_awaited(), 64);
    assert_eq!(answers(&mut receiver, 0..60), []);
    assert_eq!(receiver.arrivals_awaited(), 4);
    assert_eq!(answers(&mut receiver, 60..64).len(), 1);
    assert_eq!(receiver.arrivals_awaited(), 64);
    assert_eq!(answers(&mut receiver, [65]), []); // A gap makes an ACK urgent.
    assert_eq!(receiver.arrivals_awaited(), 1);
    assert_eq!(Receiver::new(TERMS).arrivals_awaited(), 1);
}

#[test]
fn an_ack_is_delayed_by_at_most_the_ack_delay() {
    let mut story = story_of(WIDE);
    story.arrive("d0.1");
    story.advance(ms(9));
    story.expect("nothing yet", story.receiver.next_timeout().is_some());
    story.advance(ms(1));
    let Body::Ack(told) = story.packet("a1.1").body.clone() else {
        unreachable!("an a is an ACK");
    };
    // The echo includes the delay at the receiver, so the sender measures the path alone.
    story.expect("echo", told.echo == 10_000 && told.received == 1);
    story.expect("once", story.receiver.next_timeout().is_none());
}

#[test]
fn filling_a_gap_is_acknowledged_immediately() {
    let mut story = story_of(WIDE);
    story.lose("d0.1");
    story.arrive("d1.1");
    story.arrive("n0.1");
    story.advance(ms(113));
    story.arrive("d0.2");
    let told = story.packet("a1.1").sequence;
    story.expect("it jumps to 2", told == TERMS.first + 2);
}

#[test]
fn the_last_segment_is_acknowledged_immediately() {
    let mut story = story_of(ConnectionParameters {
        size: 1_437,
        ..WIDE
    });
    story.sends("d0.1 d1.1");
    story.arrive("d0.1 d1.1");
    story.sends("a1.1");
    story.arrive("a1.1");
    story.expect("finished", story.sender.is_finished());
    story.expect("no timer is left", story.sender.next_timeout().is_none());

    let mut story = story_of(ConnectionParameters { size: 1, ..WIDE });
    story.arrive("d0.1");
    story.sends("d0.1 a1.1");
}

#[test]
fn data_beyond_the_window_is_dropped_and_answered() {
    let mut story = story();
    story.sends("d0.1 d1.1 d2.1 d3.1");
    let inside = TERMS.data(TERMS.first + 3, 1, story.now).packet;
    let beyond = TERMS.data(TERMS.first + 4, 1, story.now).packet;
    story.expect("3 is wanted", story.receiver.is_wanted(&inside));
    story.expect("4 is not", !story.receiver.is_wanted(&beyond));
    story.forge(End::Receiver, beyond);
    story.happened(&Event::SegmentDropped {
        number: 4,
        why: DiscardReason::BeyondTheWindow,
    });
    story.sends("a1.1");
}

#[test]
fn an_ack_of_an_unsent_segment_is_ignored_and_recorded() {
    for wants in [5, 10, 11, 1 << 30] {
        story().an_ack_of_an_unsent_segment_is_ignored(wants);
    }
}

#[test]
fn impossible_ranges_are_ignored_and_recorded() {
    for (wants, ranges) in [
        (0, &[(3, 2)][..]),     // reversed
        (0, &[(2, 2)]),         // empty
        (0, &[(2, 5)]),         // of what was never sent
        (2, &[(1, 3)]),         // before the next expected one
        (1, &[(1, 2)]),         // of the next expected one
        (0, &[(1, 4), (1, 4)]), // twice the same range
        (0, &[(2, 1 << 31)]),   // of half the sequence-number space
    ] {
        let mut story = story();
        story.sends("d0.1 d1.1 d2.1 d3.1");
        story.forge(End::Sender, ack(&TERMS, wants, ranges, story.now));
        story.ignored(Ignored::ImpossibleAck);
        story.sends("");
        let acked = story.sender.progress().acked_bytes;
        story.expect(&format!("{ranges:?}"), acked == 0);
    }
}

#[test]
fn a_zero_receive_window_is_probed_with_one_segment() {
    story().a_zero_window_is_probed_after(ms(500));
}

#[test]
fn after_the_receive_window_shrinks_no_new_segment_is_sent() {
    let mut story = story();
    story.sends("d0.1 d1.1 d2.1 d3.1");
    story.forge(End::Sender, ack_with_window(&TERMS, 1, 2, story.now));
    story.sends(""); // Two more than the receiver accepts are in flight.
    story.forge(End::Sender, ack_with_window(&TERMS, 3, 2, story.now));
    story.sends("d4.1"); // Of 3 and 4, the first is in flight.
    story.forge(End::Sender, ack_with_window(&TERMS, 5, 4, story.now));
    story.sends("d5.1 d6.1 d7.1 d8.1");
}

#[test]
fn sequence_numbers_may_wrap_around_within_a_window() {
    let first = SequenceNumber(u32::MAX - 1);
    let mut story = story_of(ConnectionParameters { first, ..TERMS });
    story.lose("d1.1");
    story.arrive("d0.1 d2.1 d3.1");
    story.arrive("a1.1 n0.1 a2.1");
    story.sends("d0.1 d1.1 d2.1 d3.1 a1.1 n0.1 a2.1 d4.1");
    story.arrive("d4.1");
    story.arrive("a3.1");
    story.sends("a3.1 d1.2");
    story.arrive("d1.2");
    story.arrive("a4.1");
    story.sends("a4.1 d5.1 d6.1 d7.1 d8.1");
    story.expect(
        "wrapped",
        story.receiver.next_expected() == SequenceNumber(3),
    );
}

#[test]
fn a_transfer_of_an_empty_file_is_finished_at_its_start() {
    story_of(ConnectionParameters { size: 0, ..TERMS }).is_finished_at_its_start();
}

#[test]
fn the_state_of_the_sender_is_bounded_by_a_few_windows() {
    let parameters = ConnectionParameters {
        window: 64,
        size: 1_000,
        segment_bytes: 1,
        ..TERMS
    };
    let mut story = story_of(parameters);
    let mut most = 0;
    for round in 0..200_u32 {
        // Every seventh packet is lost, whichever transmission it is.
        let names = story.names_on_the_path();
        for (place, name) in names.iter().enumerate() {
            if (place + round as usize).is_multiple_of(7) {
                story.lose(name);
            } else {
                story.arrive(name);
            }
        }
        story.advance(ms(20));
        most = most
            .max(story.sender.loss_detection.remembered())
            .max(story.sender.lost.len());
    }
    story.expect("it ends", story.sender.is_finished());
    story.expect(&format!("{most} remembered"), most <= 2 * 64);
}

#[test]
fn corruption_is_reported_once_per_shortest_timeout_and_only_after_the_first_timestamp_to_echo()
 {
    let mut story = story();
    story.receiver.on_damage(story.now);
    story.sends("d0.1 d1.1 d2.1 d3.1");
    story.arrive("d0.1");
    for _ in 0..5 {
        story.receiver.on_damage(story.now);
    }
    story.sends("a1.1 n0.1");
    story.advance(ms(20));
    story.receiver.on_damage(story.now);
    story.sends("n1.1");
}

#[test]
fn a_pending_nack_is_not_replaced_by_an_ack() {
    let mut receiver = Receiver::new(TERMS);
    for number in [1, 3, 0] {
        let data = TERMS.data(TERMS.first + number, 1, Moment::START).packet;
        receiver.on_packet(&data, Moment::START); // A batch: no `poll_transmit` in between.
    }
    let sent = receiver.poll_transmit(Moment::START).unwrap();
    assert!(matches!(sent.packet.body, Body::Nack(_)));
    assert_eq!(sent.packet.sequence, TERMS.first + 2);
    assert_eq!(receiver.poll_transmit(Moment::START), None);
}

#[test]
fn the_probe_timer_is_restarted_only_by_an_ack_of_new_data() {
    let four_segments = 4 * 1_436;
    let mut story = story_of(ConnectionParameters {
        size: four_segments,
        ..TERMS
    });
    story.advance(ms(200));
    story.arrive("d0.1");
    story.arrive("a1.1"); // RTO = 112.5 + 4 * 62.5, and the ACK delay of 10.
    story.wakes_in(Duration::from_micros(372_500));
    story.advance(ms(100));
    story.again("a1.1");
    story.wakes_in(Duration::from_micros(272_500));
}

/// A window with an ACK for every 64th arrival; an urgent one may follow every 8th.
const VERY_WIDE: ConnectionParameters = ConnectionParameters {
    window: 512,
    size: 10_000,
    segment_bytes: 1,
    ..TERMS
};

/// These arrive in a batch; returns the ACKs that are due then.
fn answers(receiver: &mut Receiver, numbers: impl IntoIterator<Item = u32>) -> Vec<Body> {
    let mut answers = Vec::new();
    for number in numbers {
        let sequence = VERY_WIDE.first + number;
        let data = VERY_WIDE.data(sequence, 1, Moment::START).packet;
        receiver.on_packet(&data, Moment::START);
        let sent = std::iter::from_fn(|| receiver.poll_transmit(Moment::START));
        answers.extend(sent.map(|transmit| transmit.packet.body));
    }
    answers
}

#[test]
fn urgent_reports_are_sent_with_every_eighth_of_the_arrivals_per_ack() {
    let mut receiver = Receiver::new(VERY_WIDE);
    assert_eq!(answers(&mut receiver, [0, 2, 4, 6, 8, 10, 12]), []);
    let told = answers(&mut receiver, [14]);
    assert!(matches!(&told[..], [Body::Nack(nack)] if nack.ranges.len() == 7));
    // Nothing is urgent any more: the ACK follows the 64th arrival.
    assert_eq!(answers(&mut receiver, 15..78), []);
    let told = answers(&mut receiver, [78]);
    assert!(matches!(&told[..], [Body::Ack(_)]), "{told:?}");
}

#[test]
fn an_urgent_report_is_still_sent_when_the_ack_delay_expires_first() {
    let mut receiver = Receiver::new(VERY_WIDE);
    assert_eq!(answers(&mut receiver, [0, 2]), []);
    let due = receiver.next_timeout().unwrap();
    assert_eq!(due, Moment::START + VERY_WIDE.acknowledgement_delay);
    receiver.on_timeout(due);
    let told = receiver.poll_transmit(due).unwrap().packet.body;
    assert!(matches!(told, Body::Nack(_)), "{told:?}");
    assert_eq!(receiver.next_timeout(), None);
}

#[test]
fn an_ack_that_repeats_the_same_ranges_is_ignored() {
    let mut story = story_of(WIDE); // Sixteen are in flight.
    let eight = (8, 16);
    story.forge(End::Sender, ack(&WIDE, 0, &[eight; 3], story.now));
    story.ignored(Ignored::ImpossibleAck);
    story.forge(End::Sender, ack(&WIDE, 0, &[eight], story.now));
    let events = story.take_events();
    let is_ignored = |event: &Event| matches!(event, Event::PacketIgnored { .. });
    story.expect("once is believed", !events.iter().any(is_ignored));
}

#[test]
fn an_arrival_beyond_a_gap_resets_the_backed_off_timeout() {
    let mut story = story();
    story.lose("d0.1 d2.1 d3.1");
    story.advance(ms(310));
    let doubled = story.sender.progress().rto_us;
    story.expect("the wait was doubled", doubled == 600_000);
    story.arrive("d1.1");
    story.arrive("n0.1"); // A sample of 310 ms: RTO = 126.25 + 4 * 90.
    let wait = story.sender.progress().rto_us;
    story.expect(&format!("{wait} us"), wait == 486_250);
}

/// A sender with Reno and a first window of ten; one packet leaves every 5 ms.
fn reno() -> Story<Sender, Receiver> {
    let congestion = Congestion::Reno;
    story_of(ConnectionParameters { congestion, ..WIDE })
}

#[test]
fn congestion_window_and_pacing_limit_the_sender_below_the_receive_window() {
    let mut story = reno();
    story.sends("d0.1");
    story.advance(ms(4));
    story.sends("");
    story.advance(ms(1));
    story.sends("d1.1");
    story.advance(ms(100));
    story.sends("d2.1 d3.1 d4.1 d5.1 d6.1 d7.1 d8.1 d9.1");
}

#[test]
fn the_first_probe_timeout_is_one_loss_and_the_second_is_the_loss_of_all_in_flight() {
    let mut story = reno();
    story.advance(ms(100));
    story.advance(ms(300)); // The last of ten left at 45 ms: the probe goes at 355.
    let window = story.sender.progress().cwnd;
    story.expect(&format!("half, not {window}"), window == 5);
    story.advance(ms(600)); // The second one goes at 965.
    let window = story.sender.progress().cwnd;
    story.expect(&format!("one, not {window}"), window == 1);
}

#[test]
fn the_first_probe_timeout_after_a_pause_is_one_loss_again() {
    let mut story = reno();
    story.advance(ms(100));
    story.advance(ms(300));
    story.sender.restart(story.now);
    story.advance(ms(600));
    let window = story.sender.progress().cwnd;
    story.expect(&format!("more than one, not {window}"), window > 1);
}

#[test]
fn after_a_pause_the_timeout_is_no_longer_backed_off() {
    let mut story = story();
    story.lose("d0.1 d1.1 d2.1 d3.1");
    story.advance(ms(310));
    story.wakes_in(ms(610));
    story.sender.restart(story.now);
    story.wakes_in(ms(310));
}

#[test]
fn a_second_copy_of_a_buffered_segment_is_a_duplicate() {
    let mut story = story();
    story.lose("d0.1");
    story.arrive("d1.1");
    story.take_events();
    let wants = story.receiver.is_wanted(story.packet("d1.1"));
    story.expect("it is not wanted", !wants);
    story.again("d1.1");
    story.happened(&Event::SegmentDropped {
        number: 1,
        why: DiscardReason::Duplicate,
    });
}

#[test]
fn an_ack_lists_the_ranges_of_the_latest_arrivals_first() {
    let mut receiver = Receiver::new(VERY_WIDE);
    let told = answers(&mut receiver, [2, 8, 4, 10, 6, 12, 14, 16]);
    let [Body::Nack(nack)] = &told[..] else {
        panic!("{told:?}")
    };
    let starts = nack.ranges.iter().map(|run| run.start - VERY_WIDE.first);
    assert_eq!(starts.collect::<Vec<_>>(), [16, 14, 12, 6, 10, 4, 8, 2]);
}
