//! Tests of a path that does not carry datagrams of the default length.

use super::*;

const SHORT: usize = 1_200;

/// The third SYN is in flight; `heard` says whether the server has received the first
/// two.
fn after_two_unanswered_syns(
    first: impl FnOnce(&mut Story<Handshake, Handshake>),
) -> Opened {
    let mut story = story();
    first(&mut story);
    story.advance(ms(200));
    story.lose("s0.2");
    story.advance(ms(400));
    let syn = datagram_bytes(story.packet("s0.3"));
    story.expect(&format!("the third SYN has {syn} bytes"), syn == SHORT);
    story
}

type Opened = Story<Handshake, Handshake>;

#[track_caller]
fn is_open_with(story: &Opened, segment_bytes: u16) {
    is_open(story);
    let agreed = story
        .sender
        .parameters()
        .map(|parameters| parameters.segment_bytes);
    story.expect(&format!("{agreed:?}"), agreed == Some(segment_bytes));
}

#[test]
fn after_two_unanswered_syns_the_handshake_and_the_segments_become_shorter() {
    let mut story = after_two_unanswered_syns(|story| story.lose("s0.1"));
    story.arrive("s0.3");
    let answer = datagram_bytes(story.packet("y0.1"));
    story.expect(&format!("{answer} bytes come back"), answer == SHORT);
    story.arrive("y0.1");
    story.arrive("a0.1");
    is_open_with(&story, FALLBACK_SEGMENT_BYTES);
}

#[test]
fn a_late_answer_to_a_long_syn_causes_no_disagreement() {
    let mut story = after_two_unanswered_syns(|story| story.arrive("s0.1"));
    story.arrive("y0.1");
    story.expect("the client waits", story.receiver.parameters().is_none());
    story.arrive("s0.3");
    let names = story.names_on_the_path();
    let last = names.last().unwrap().clone();
    let answer = datagram_bytes(story.packet(&last));
    story.expect(&format!("{last} has {answer} bytes"), answer == SHORT);
    story.arrive(&last);
    story.arrive("a0.1");
    is_open_with(&story, FALLBACK_SEGMENT_BYTES);
}

#[test]
fn a_long_syn_that_arrives_after_a_shorter_one_has_no_effect() {
    let mut story = after_two_unanswered_syns(|_| ());
    story.arrive("s0.3");
    story.arrive("y0.1");
    story.arrive("s0.1");
    story.arrive("a0.1");
    is_open_with(&story, FALLBACK_SEGMENT_BYTES);
}

#[test]
fn an_answer_in_time_keeps_the_full_segment_size_despite_a_lost_syn() {
    let mut story = story();
    story.lose("s0.1");
    story.advance(ms(200));
    story.arrive("s0.2");
    story.arrive("y0.1");
    story.arrive("a0.1");
    is_open_with(&story, DEFAULT_SEGMENT_BYTES);
}

#[test]
fn a_configured_segment_size_is_not_reduced_because_of_losses() {
    let chosen = |side| Proposal {
        segment_bytes: 8_000,
        ..side
    };
    let mut story = story_of(chosen(SERVER), chosen(CLIENT));
    story.lose("s0.1");
    for (attempt, wait) in (2..8).zip([200, 200, 200, 400, 800, 1_600]) {
        story.advance(ms(wait));
        let name = format!("s0.{attempt}");
        let bytes = datagram_bytes(story.packet(&name));
        story.expect(&format!("{name} has {bytes} bytes"), bytes == 8_036);
        story.lose(&name);
    }
}

#[test]
fn a_configured_segment_size_that_the_system_refuses_is_replaced_by_the_fallback_size() {
    let chosen = |side| Proposal {
        segment_bytes: 8_000,
        ..side
    };
    let mut story = story_of(chosen(SERVER), chosen(CLIENT));
    story.lose("s0.1");
    let goes_down = story.receiver.on_too_long();
    story.expect("the client goes down", goes_down);
    story.advance(ms(0));
    let syn = datagram_bytes(story.packet("s0.2"));
    story.expect(&format!("{syn} bytes"), syn == SHORT);
    story.arrive("s0.2");
    story.arrive("y0.1");
    story.arrive("a0.1");
    is_open_with(&story, FALLBACK_SEGMENT_BYTES);
}

#[test]
fn a_syn_that_the_system_refuses_as_too_long_is_replaced_by_a_shorter_one_at_once() {
    let mut story = story();
    story.lose("s0.1");
    let goes_down = story.receiver.on_too_long();
    story.expect("the client goes down", goes_down);
    story.advance(ms(0));
    story.sends("s0.1 s0.2");
    let syn = datagram_bytes(story.packet("s0.2"));
    story.expect(&format!("{syn} bytes"), syn == SHORT);
    let goes_down = story.receiver.on_too_long();
    story.expect("once", !goes_down);

    let mut story = self::story();
    story.arrive("s0.1");
    story.lose("y0.1");
    let goes_down = story.sender.on_too_long();
    story.expect("the server goes down", goes_down);
    story.advance(ms(0));
    story.sends("s0.1 y0.1 y0.2");
    story.arrive("y0.2");
    story.arrive("a0.1");
    is_open_with(&story, FALLBACK_SEGMENT_BYTES);
    let goes_down = story.sender.on_too_long();
    story.expect("no more when open", !goes_down);
}
