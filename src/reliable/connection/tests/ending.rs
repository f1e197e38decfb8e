//! Stories about a FIN that follows the last segment before everything is acknowledged.

use super::*;
use crate::reliable::event::Unwanted;
use crate::wire::options::Congestion;

/// The receiver's ACK that says: FIN has come.
const HAS_COME: &str = "a4294967295.1";

/// Two segments in a window of four that a controller moves, open.
fn roomy_download(arq: Arq, congestion: Congestion) -> Download {
    opened(arq, |side| Proposal {
        window: 4,
        congestion,
        ..side
    })
}

/// DATA and FIN on their way.
fn download_with_fin() -> Download {
    let mut story = roomy_download(Arq::Sack, Congestion::Reno);
    story.sends("s0.1 y0.1 a0.1 d0.1 d1.1");
    story.sender.set_digest(DIGEST, story.now);
    story.sends("f0.1");
    story
}

#[track_caller]
fn claims(story: &Download, digest: Option<Digest>) {
    let claimed = story.receiver.claimed_digest();
    story.expect(&format!("it claims {claimed:?}"), claimed == digest);
}

#[test]
fn a_receiver_holds_fin_until_the_last_segment_is_there() {
    let mut story = download_with_fin();
    story.arrive("d0.1 f0.1");
    claims(&story, None);
    story.arrive("a1.1");
    story.arrive("d1.1");
    claims(&story, Some(DIGEST));
    story.sends(&format!("a1.1 {HAS_COME}"));
    story.arrive(HAS_COME);
    story.receiver.set_verdict(true, story.now);
    story.sends("g0.1");
    story.arrive("g0.1");
    ends(&story, Some(Outcome::Verified), None);
    let bytes = story.sender.progress().acked_bytes;
    story.expect("all is acknowledged", bytes == 2_000);
}

#[test]
fn a_fin_behind_its_last_ack_is_waited_for_and_not_said_twice() {
    let mut story = download_with_fin();
    story.arrive("d0.1 d1.1");
    story.arrive("a1.1 a2.1");
    story.sends("a1.1 a2.1");
    story.advance(ms(29));
    story.sends("");
    story.arrive("f0.1");
    claims(&story, Some(DIGEST));
    story.sends("");
}

#[test]
fn a_lost_early_fin_goes_again_after_its_wait() {
    let mut story = download_with_fin();
    story.lose("f0.1");
    story.arrive("d0.1 d1.1");
    story.arrive("a1.1 a2.1");
    story.sends("a1.1 a2.1");
    story.advance(ms(30));
    story.sends("f0.2");
    story.arrive("f0.2");
    claims(&story, Some(DIGEST));
}

#[test]
fn a_lost_early_fin_goes_again_with_the_last_ack_where_that_comes_late() {
    let mut story = download_with_fin();
    story.arrive("d0.1");
    story.lose("d1.1 f0.1");
    story.arrive("a1.1");
    story.sends("a1.1");
    story.advance(ms(30)); // The probe timer's.
    story.sends("d1.2");
    story.arrive("d1.2");
    story.sends("a2.1");
    story.arrive("a2.1");
    story.advance(ms(0));
    story.sends("f0.2");
}

#[test]
fn a_fin_that_has_come_is_not_said_again_before_a_whole_wait() {
    let mut story = download_with_fin();
    story.arrive("d0.1 f0.1");
    story.lose("d1.1");
    story.arrive("a1.1");
    story.advance(ms(30));
    story.sends("a1.1 d1.2");
    story.arrive("d1.2");
    story.arrive(HAS_COME);
    story.advance(ms(29));
    story.sends(HAS_COME);
    story.advance(ms(1));
    story.sends("f0.2"); // The disk takes its time.
}

#[test]
fn a_sender_that_hears_nothing_after_an_early_fin_does_not_know_how_it_ended() {
    let mut story = download_with_fin();
    story.arrive("d0.1 d1.1 f0.1");
    story.receiver.set_verdict(true, story.now);
    story.lose("a1.1 a2.1 g0.1");
    story.advance(ms(29_999));
    ends(&story, None, None);
    story.advance(ms(1));
    ends(&story, Some(Outcome::Unknown), Some(Outcome::Verified));
}

#[test]
fn after_a_forged_last_ack_the_sender_does_not_wait_for_ever() {
    let mut story = download_with_fin();
    let terms = story.receiver.terms().unwrap();
    story.lose("d1.1");
    story.arrive("d0.1 f0.1");
    story.forge(End::Sender, ack(&terms, 2, &[], story.now));
    for second in 0..30 {
        ends(&story, None, None);
        let names = story.names_on_the_path();
        story.expect(&format!("{second} s: {names:?}"), !names.is_empty());
        story.arrive(&names.join(" "));
        story.advance(ms(1_000));
    }
    ends(&story, Some(Outcome::Unknown), None);
    story.advance(ms(30_000));
    ends(&story, Some(Outcome::Unknown), SILENCE);
}

#[test]
fn what_is_no_segment_is_not_answered_at_the_end_and_a_probe_is() {
    for verified in [None, Some(true)] {
        let mut story = download_with_fin();
        story.arrive("d0.1 d1.1 f0.1");
        if let Some(verified) = verified {
            story.receiver.set_verdict(verified, story.now);
        }
        story.names_on_the_path();
        let sent = if verified.is_some() { " g0.1" } else { "" };
        story.sends(&format!("a1.1 a2.1{sent}"));
        let segment = story.packet("d0.1").clone();
        for (number, sequence) in [(1, FIRST), (0, FIRST + 1), (2, FIRST + 2)] {
            let segment = segment.clone();
            let wrong = Packet {
                number,
                sequence,
                ..segment
            };
            story.forge(End::Receiver, wrong);
            story.ignored(Ignored::OutOfPlace);
        }
        story.sends("");
        let probe = Packet {
            number: u32::MAX,
            sequence: FIRST + 2,
            body: Body::Data { length: 0 },
            ..segment
        };
        story.forge(End::Receiver, probe);
        story.sends(if verified.is_some() { "g0.2" } else { HAS_COME });
    }
}

#[test]
fn data_does_not_keep_a_receiver_lingering() {
    let mut story = download_with_fin();
    story.arrive("d0.1 d1.1 f0.1");
    story.receiver.set_verdict(true, story.now);
    for _ in 0..30 {
        ends(&story, None, None);
        story.again("d0.1");
        story.advance(ms(1_000));
    }
    story.expect("gone", story.receiver.outcome() == Some(Outcome::Verified));
}

#[test]
fn a_receiver_to_which_fin_alone_has_come_says_the_ack_of_its_opening_again() {
    let mut story = download_with_fin();
    story.lose("d0.1 d1.1");
    story.advance(ms(5));
    story.arrive("f0.1");
    story.sender.set_paused(true, story.now);
    story.advance(ms(20));
    story.sends("a0.2");
}

#[test]
fn who_has_every_byte_and_fin_answers_a_resend_while_the_disk_is_busy_and_behind_it() {
    let mut story = download_with_fin();
    story.arrive("f0.1");
    story.arrive("d0.1 d1.1");
    story.lose("a1.1");
    story.lose(HAS_COME);
    story.sends(&format!("a1.1 {HAS_COME}"));
    story.again("d0.1");
    story.happened(&Event::SegmentDropped {
        number: 0,
        why: Unwanted::Duplicate,
    });
    let again = "a4294967295.2";
    story.sends(again);
    story.lose(again);
    story.receiver.set_verdict(true, story.now);
    story.sends("g0.1");
    story.lose("g0.1");
    story.again("d0.1");
    story.sends("g0.2");
    story.arrive("g0.2");
    ends(&story, Some(Outcome::Verified), None);
    let bytes = story.sender.progress().acked_bytes;
    story.expect("a verified file is all there", bytes == 2_000);
}

#[test]
fn the_last_to_arrive_of_two_early_fins_counts() {
    let mut story = download_with_fin();
    let mut another = story.packet("f0.1").clone();
    another.body = Body::Fin {
        digest: ANOTHER_DIGEST,
    };
    story.forge(End::Receiver, another);
    story.arrive("f0.1");
    story.arrive("d0.1 d1.1");
    claims(&story, Some(DIGEST));
}

#[test]
fn fin_waits_for_the_last_ack_in_a_fixed_window_and_in_go_back_n() {
    for (arq, congestion) in [
        (Arq::StopAndWait, Congestion::Fixed),
        (Arq::GoBackN, Congestion::Reno),
        (Arq::SelectiveRepeat, Congestion::Reno),
        (Arq::Sack, Congestion::Fixed),
    ] {
        let mut story = roomy_download(arq, congestion);
        story.sender.set_digest(DIGEST, story.now);
        let mut acks = 0;
        loop {
            let names = story.names_on_the_path();
            if names.iter().any(|name| name.starts_with('f')) {
                break;
            }
            acks += names.iter().filter(|name| name.starts_with('a')).count();
            story.arrive(&names.join(" "));
        }
        story.expect(&format!("{arq:?}: {acks} ACKs"), acks == 2);
    }
}
