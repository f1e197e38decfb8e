//! Stories about a path that does not carry datagrams of the default length.

use super::*;

const SHORT: usize = 1_200;

/// The server has seen the first two SYNs, or not; the third is on its way.
fn gone_down(first: impl FnOnce(&mut Story<Handshake, Handshake>)) -> Opened {
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
    let agreed = story.sender.terms().map(|terms| terms.segment_bytes);
    story.expect(&format!("{agreed:?}"), agreed == Some(segment_bytes));
}

#[test]
fn after_two_unanswered_syns_the_next_ones_are_shorter_and_so_is_all_that_follows() {
    let mut story = gone_down(|story| story.lose("s0.1"));
    story.arrive("s0.3");
    let answer = datagram_bytes(story.packet("y0.1"));
    story.expect(&format!("{answer} bytes come back"), answer == SHORT);
    story.arrive("y0.1");
    story.arrive("a0.1");
    is_open_with(&story, FALLBACK_SEGMENT_BYTES);
}

#[test]
fn a_late_answer_to_a_long_syn_does_not_make_them_disagree() {
    let mut story = gone_down(|story| story.arrive("s0.1"));
    story.arrive("y0.1");
    story.expect("the client waits", story.receiver.terms().is_none());
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
fn a_long_syn_that_comes_after_a_short_one_changes_nothing() {
    let mut story = gone_down(|_| ());
    story.arrive("s0.3");
    story.arrive("y0.1");
    story.arrive("s0.1");
    story.arrive("a0.1");
    is_open_with(&story, FALLBACK_SEGMENT_BYTES);
}

#[test]
fn an_answer_in_time_keeps_the_full_length_though_a_syn_was_lost() {
    let mut story = story();
    story.lose("s0.1");
    story.advance(ms(200));
    story.arrive("s0.2");
    story.arrive("y0.1");
    story.arrive("a0.1");
    is_open_with(&story, DEFAULT_SEGMENT_BYTES);
}

#[test]
fn a_length_that_somebody_chose_is_not_given_up_because_of_losses() {
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
fn a_chosen_length_that_the_system_refuses_gives_way_to_one_that_every_path_takes() {
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
fn where_the_system_sends_nothing_so_long_a_shorter_one_goes_at_once() {
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
