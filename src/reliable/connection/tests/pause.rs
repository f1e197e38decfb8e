//! Tests of zero windows, pauses and window probes.

use super::*;
use crate::reliable::event::{FlowControlState, Timer};

/// The name of the first probe.
const PROBE: &str = "d4294967295.1";

const NEXT_PROBE: &str = "d4294967295.2";

/// An open connection: ten segments, a window of four (stop-and-wait: one), which is in
/// flight.
fn long_download(arq: Arq) -> Download {
    let size = Proposal::EXAMPLE.size;
    let window = if arq == Arq::StopAndWait { 1 } else { 4 };
    opened(arq, |side| Proposal {
        size,
        window,
        ..side
    })
}

/// All packets in flight arrive, and all answers to them, until none is left.
fn deliver_all(story: &mut Download) {
    loop {
        let names = story.names_on_the_path();
        if names.is_empty() {
            return;
        }
        for name in names {
            story.arrive(&name);
        }
    }
}

#[test]
fn a_paused_receiver_accepts_only_the_advertised_window() {
    for (arq, promised) in [
        (Arq::StopAndWait, 1),
        (Arq::GoBackN, 4),
        (Arq::SelectiveRepeat, 4),
        (Arq::Sack, 4),
    ] {
        let mut story = long_download(arq);
        story.arrive("d0.1"); // Its ACK promises one more.
        story.receiver.set_paused(true);
        deliver_all(&mut story);
        let came = story.receiver.segments_in_order();
        story.expect(
            &format!("{came} came"),
            (promised..=promised + 1).contains(&came),
        );
        let flow_control = FlowControlState::WindowClosed;
        story.happened(&Event::DataBlockedUpdated { flow_control });
        story.receiver.set_paused(false);
        deliver_all(&mut story);
        let came = story.receiver.segments_in_order();
        story.expect(&format!("{came} came at last"), came == 10);
        let resent = story.sender.progress().resent_packets;
        story.expect("nothing was sent twice", resent == 0);
    }
}

#[test]
fn a_zero_window_is_probed_as_long_as_the_probes_are_answered() {
    let mut story = long_download(Arq::GoBackN);
    story.receiver.set_paused(true);
    deliver_all(&mut story);
    let before = (story.sender.progress(), story.receiver.arrivals());
    for _ in 0..1_000 {
        story.advance(ms(200));
        deliver_all(&mut story);
    }
    ends(&story, None, None);
    let after = (story.sender.progress(), story.receiver.arrivals());
    let is_the_same =
        (before.0.sent_packets, before.1) == (after.0.sent_packets, after.1);
    story.expect("no figure counts a probe", is_the_same);
    story.happened(&Event::TimerExpired {
        timer: Timer::Probe,
    });
    story.declared_lost(&[]);
    story.receiver.set_paused(false);
    deliver_all(&mut story);
    story.expect("whole", story.receiver.segments_in_order() == 10);
}

#[test]
fn a_zero_window_does_not_prevent_the_idle_timeout() {
    let mut story = long_download(Arq::Sack);
    story.receiver.set_paused(true);
    deliver_all(&mut story);
    story.advance(ms(30_000)); // No probe arrives.
    ends(&story, SILENCE, SILENCE);
}

#[test]
fn a_lost_window_update_is_repeated_in_answer_to_a_probe() {
    let mut story = long_download(Arq::GoBackN);
    story.receiver.set_paused(true);
    deliver_all(&mut story);
    story.sends("s0.1 y0.1 a0.1 d0.1 d1.1 d2.1 d3.1 a1.1 a2.1 a3.1 a4.1");
    story.receiver.set_paused(false);
    story.sends("a5.1");
    story.lose("a5.1");
    story.advance(ms(200));
    story.sends(PROBE);
    story.lose(PROBE);
    story.advance(ms(400));
    story.sends(NEXT_PROBE);
    story.arrive(NEXT_PROBE);
    story.arrive("a6.1");
    story.sends("a6.1 d4.1 d5.1 d6.1 d7.1");
}

#[test]
fn a_paused_sender_sends_only_probes_and_continues_after_the_pause() {
    let mut story = long_download(Arq::Sack);
    story.sender.set_paused(true, story.now);
    story.happened(&Event::DataBlockedUpdated {
        flow_control: FlowControlState::Paused,
    });
    deliver_all(&mut story);
    let sent = story.sender.progress().sent_packets;
    story.expect("the first window left before", sent == 4);
    story.advance(ms(200));
    story.arrive(PROBE);
    deliver_all(&mut story);
    story.sender.set_paused(false, story.now);
    story.happened(&Event::DataBlockedUpdated {
        flow_control: FlowControlState::Open,
    });
    deliver_all(&mut story);
    story.expect("whole", story.receiver.segments_in_order() == 10);
}

#[test]
fn an_ack_of_unsent_segments_changes_no_window() {
    for arq in Arq::ALL {
        let mut story = long_download(arq);
        story.advance(ms(1_000)); // More packets than segments are sent.
        let parameters = story.receiver.parameters().unwrap();
        let sent = if arq == Arq::StopAndWait { 1 } else { 4 };
        for (next_expected, ranges) in [(sent + 1, &[][..]), (0, &[(sent, sent + 1)])] {
            let mut forged = ack(&parameters, next_expected, ranges, story.now);
            if let Body::Ack(fields) = &mut forged.body {
                fields.window = 0;
            }
            story.take_events();
            story.forge(End::Sender, forged);
            let events = story.take_events();
            let is_turned =
                |event: &Event| matches!(event, Event::DataBlockedUpdated { .. });
            let is_still_open = !events.iter().any(is_turned);
            story.expect(&format!("{arq:?}: {events:?}"), is_still_open);
        }
    }
}

#[test]
fn a_zero_window_reopens_when_half_of_the_buffer_is_free() {
    let mut story = long_download(Arq::Sack);
    story.receiver.set_receive_window(0);
    deliver_all(&mut story);
    story.receiver.set_receive_window(1);
    deliver_all(&mut story);
    story.expect("a crumb", story.receiver.segments_in_order() == 4);
    story.receiver.set_receive_window(2);
    deliver_all(&mut story);
    let came = story.receiver.segments_in_order();
    story.expect(&format!("{came} came"), came == 10);
}

#[test]
fn a_segment_beyond_a_zero_window_is_dropped_and_answered() {
    for arq in Arq::ALL {
        let mut story = long_download(arq);
        story.receiver.set_paused(true);
        deliver_all(&mut story);
        let parameters = story.receiver.parameters().unwrap();
        let came = story.receiver.segments_in_order();
        let early = parameters
            .data(parameters.first + came, 1, story.now)
            .packet;
        story.expect("not wanted", !story.receiver.is_wanted(&early));
        story.forge(End::Receiver, early);
        let answers = story.names_on_the_path().len();
        story.expect("one ACK", answers == 1);
        story.expect("not taken", story.receiver.segments_in_order() == came);
    }
}

#[test]
fn a_receiver_records_each_change_of_its_flow_control_state_once() {
    let mut story = long_download(Arq::Sack);
    story.take_events();
    story.receiver.set_paused(true);
    story.receiver.set_paused(true);
    story.receiver.set_paused(false);
    story.receiver.set_receive_window(0);
    story.receiver.set_receive_window(0);
    let mut gates = Vec::new();
    for event in story.receiver.take_events() {
        if let Event::DataBlockedUpdated { flow_control } = event {
            gates.push(flow_control);
        }
    }
    let wanted = [
        FlowControlState::Paused,
        FlowControlState::Open,
        FlowControlState::WindowClosed,
    ];
    story.expect(&format!("{gates:?}"), gates == wanted);
}

#[test]
fn after_a_pause_the_timeout_of_the_sender_returns_to_its_initial_value() {
    let mut story = long_download(Arq::Sack);
    let first = story.sender.progress().rto_us;
    story.advance(ms(100)); // Nothing comes back.
    let doubled = story.sender.progress().rto_us;
    story.expect("the wait has grown", doubled > first);
    story.sender.set_paused(true, story.now);
    story.expect("it is paused", story.sender.is_paused());
    story.expect("as long", story.sender.progress().rto_us == doubled);
    story.sender.set_paused(false, story.now);
    story.expect("it goes on", !story.sender.is_paused());
    story.expect("short again", story.sender.progress().rto_us == first);
}

#[test]
fn the_timer_of_a_paused_sender_covers_its_probes_and_not_the_packets_in_flight() {
    let mut story = long_download(Arq::Sack);
    let unpaused = story.sender.next_timeout();
    story.expect("an ACK is awaited", unpaused < Some(story.now + ms(200)));
    story.sender.set_paused(true, story.now);
    let paused = story.sender.next_timeout();
    story.expect("the first probe", paused == Some(story.now + ms(200)));
}
