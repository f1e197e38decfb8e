//! Tests of the moment when FIN may follow the last segment.

use super::*;

#[test]
fn fin_may_follow_the_last_segment_unless_a_retransmission_is_pending() {
    let short = ConnectionParameters {
        size: 2 * 1_436,
        congestion: Congestion::Reno,
        ..TERMS
    };
    let has_room = |story: &Story<Sender, Receiver>| story.sender.may_send_early_fin();
    let mut story = story_of(short);
    story.advance(ms(50)); // Paced.
    story.sends("d0.1 d1.1");
    story.expect("the window has room", has_room(&story));
    story.lose("d0.1 d1.1");
    story.sender.on_timeout(story.now + ms(1_000));
    story.expect("DATA 0 is to go again", !has_room(&story));

    let story = story_of(ConnectionParameters { window: 2, ..short });
    story.expect("the window is full", !has_room(&story));
    let nothing_sent = Sender::new(short, measured());
    story.expect("nothing was sent", !nothing_sent.may_send_early_fin());
    let fixed = Congestion::Fixed;
    let story = story_of(ConnectionParameters {
        congestion: fixed,
        ..short
    });
    story.expect("the textbook's waits", !has_room(&story));
}
