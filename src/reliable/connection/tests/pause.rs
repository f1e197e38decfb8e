//! Stories about windows that close, pauses, and probes.

use super::*;
use crate::reliable::event::{GateState, Timer};

/// The first probe; the one before it, which nobody sent, was the news itself.
const PROBE: &str = "d4294967295.1";

const NEXT_PROBE: &str = "d4294967295.2";

/// Ten segments by `arq` in a window of four (stop-and-wait: one), open, the first window
/// on its way.
fn long_download(arq: Arq) -> Download {
    let size = Proposal::EXAMPLE.size;
    let window = if arq == Arq::StopAndWait { 1 } else { 4 };
    opened(arq, |side| Proposal {
        size,
        window,
        ..side
    })
}

/// All that is on the path arrives, and what it draws, until nothing is left.
fn settle(story: &mut Download) {
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
fn a_paused_receiver_takes_what_was_promised_and_then_no_more() {
    for (arq, promised) in [
        (Arq::StopAndWait, 1),
        (Arq::GoBackN, 4),
        (Arq::SelectiveRepeat, 4),
        (Arq::Sack, 4),
    ] {
        let mut story = long_download(arq);
        story.arrive("d0.1"); // Its ACK promises one more.
        story.receiver.set_paused(true);
        settle(&mut story);
        let came = story.receiver.segments_in_order();
        story.expect(
            &format!("{came} came"),
            (promised..=promised + 1).contains(&came),
        );
        let gate = GateState::WindowClosed;
        story.happened(&Event::DataBlockedUpdated { gate });
        story.receiver.set_paused(false);
        settle(&mut story);
        let came = story.receiver.segments_in_order();
        story.expect(&format!("{came} came at last"), came == 10);
        let resent = story.sender.progress().resent_packets;
        story.expect("nothing was sent twice", resent == 0);
    }
}

#[test]
fn a_closed_window_is_probed_for_as_long_as_somebody_answers() {
    let mut story = long_download(Arq::GoBackN);
    story.receiver.set_paused(true);
    settle(&mut story);
    let before = (story.sender.progress(), story.receiver.arrivals());
    for _ in 0..1_000 {
        story.advance(ms(200));
        settle(&mut story);
    }
    ends(&story, None, None);
    let after = (story.sender.progress(), story.receiver.arrivals());
    let is_the_same =
        (before.0.sent_packets, before.1) == (after.0.sent_packets, after.1);
    story.expect("no figure counts a probe", is_the_same);
    story.happened(&Event::TimerExpired {
        timer: Timer::Probe,
    });
    story.held_for_lost(&[]);
    story.receiver.set_paused(false);
    settle(&mut story);
    story.expect("whole", story.receiver.segments_in_order() == 10);
}

#[test]
fn a_closed_window_does_not_hide_that_the_other_side_is_gone() {
    let mut story = long_download(Arq::Sack);
    story.receiver.set_paused(true);
    settle(&mut story);
    story.advance(ms(30_000)); // No probe arrives.
    ends(&story, SILENCE, SILENCE);
}

#[test]
fn a_lost_window_update_is_drawn_again_by_a_probe() {
    let mut story = long_download(Arq::GoBackN);
    story.receiver.set_paused(true);
    settle(&mut story);
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
fn a_paused_sender_sends_nothing_but_probes_and_then_goes_on() {
    let mut story = long_download(Arq::Sack);
    story.sender.set_paused(true, story.now);
    story.happened(&Event::DataBlockedUpdated {
        gate: GateState::Paused,
    });
    settle(&mut story);
    let sent = story.sender.progress().sent_packets;
    story.expect("the first window left before", sent == 4);
    story.advance(ms(200));
    story.arrive(PROBE);
    settle(&mut story);
    story.sender.set_paused(false, story.now);
    story.happened(&Event::DataBlockedUpdated {
        gate: GateState::Open,
    });
    settle(&mut story);
    story.expect("whole", story.receiver.segments_in_order() == 10);
}

#[test]
fn a_window_opens_again_when_half_of_it_is_free() {
    let mut story = long_download(Arq::Sack);
    story.receiver.set_room(0);
    settle(&mut story);
    story.receiver.set_room(1);
    settle(&mut story);
    story.expect("a crumb", story.receiver.segments_in_order() == 4);
    story.receiver.set_room(2);
    settle(&mut story);
    let came = story.receiver.segments_in_order();
    story.expect(&format!("{came} came"), came == 10);
}

#[test]
fn a_segment_beyond_a_closed_window_is_dropped_and_answered() {
    for arq in Arq::ALL {
        let mut story = long_download(arq);
        story.receiver.set_paused(true);
        settle(&mut story);
        let terms = story.receiver.terms().unwrap();
        let came = story.receiver.segments_in_order();
        let early = terms.data(terms.first + came, 1, story.now).packet;
        story.expect("not wanted", !story.receiver.wants(&early));
        story.forge(End::Receiver, early);
        let answers = story.names_on_the_path().len();
        story.expect("one ACK", answers == 1);
        story.expect("not taken", story.receiver.segments_in_order() == came);
    }
}

#[test]
fn a_receiver_tells_each_change_of_its_gate_once() {
    let mut story = long_download(Arq::Sack);
    story.take_events();
    story.receiver.set_paused(true);
    story.receiver.set_paused(true);
    story.receiver.set_paused(false);
    story.receiver.set_room(0);
    story.receiver.set_room(0);
    let mut gates = Vec::new();
    for event in story.receiver.take_events() {
        if let Event::DataBlockedUpdated { gate } = event {
            gates.push(gate);
        }
    }
    let wanted = [GateState::Paused, GateState::Open, GateState::WindowClosed];
    story.expect(&format!("{gates:?}"), gates == wanted);
}

#[test]
fn a_sender_that_goes_on_after_a_pause_waits_no_longer_than_at_first() {
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
fn a_paused_sender_is_woken_for_its_probes_and_not_for_what_is_in_flight() {
    let mut story = long_download(Arq::Sack);
    let unpaused = story.sender.next_timeout();
    story.expect("an ACK is awaited", unpaused < Some(story.now + ms(200)));
    story.sender.set_paused(true, story.now);
    let paused = story.sender.next_timeout();
    story.expect("the first probe", paused == Some(story.now + ms(200)));
}
