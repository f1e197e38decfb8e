//! Tests of a FIN that follows the last segment before everything is acknowledged.

use super::*;
use crate::reliable::event::DiscardReason;
use crate::wire::options::Congestion;

/// The receiver's ACK of FIN.
const FIN_RECEIVED: &str = "a4294967295.1";

/// An open connection with two segments and a controller; the window is four packets.
fn wide_window_download(arq: Arq, congestion: Congestion) -> Download {
    opened(arq, |side| Proposal {
        window: 4,
        congestion,
        ..side
    })
}

/// DATA and FIN are in flight.
fn download_with_fin() -> Download {
    let mut story = wide_window_download(Arq::Sack, Congestion::Reno);
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
fn a_receiver_holds_fin_until_the_last_segment_has_arrived() {
    let mut story = download_with_fin();
    story.arrive("d0.1 f0.1");
    claims(&story, None);
    story.arrive("a1.1");
    story.arrive("d1.1");
    claims(&story, Some(DIGEST));
    story.sends(&format!("a1.1 {FIN_RECEIVED}"));
    story.arrive(FIN_RECEIVED);
    story.receiver.set_verdict(true, story.now);
    story.sends("g0.1");
    story.arrive("g0.1");
    ends(&story, Some(Outcome::Verified), None);
    let bytes = story.sender.progress().acked_bytes;
    story.expect("all is acknowledged", bytes == 2_000);
}

#[test]
fn an_early_fin_still_in_flight_after_the_last_ack_is_not_retransmitted() {
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
fn a_lost_early_fin_is_retransmitted_after_its_timeout() {
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
fn a_lost_early_fin_is_retransmitted_when_the_last_ack_arrives_late() {
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
fn an_acknowledged_fin_is_not_retransmitted_before_a_full_timeout() {
    let mut story = download_with_fin();
    story.arrive("d0.1 f0.1");
    story.lose("d1.1");
    story.arrive("a1.1");
    story.advance(ms(30));
    story.sends("a1.1 d1.2");
    story.arrive("d1.2");
    story.arrive(FIN_RECEIVED);
    story.advance(ms(29));
    story.sends(FIN_RECEIVED);
    story.advance(ms(1));
    story.sends("f0.2"); // The disk is slow.
}

#[test]
fn a_sender_without_an_answer_to_an_early_fin_reports_an_unknown_outcome() {
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
fn a_forged_last_ack_does_not_make_the_sender_wait_forever() {
    let mut story = download_with_fin();
    let parameters = story.receiver.parameters().unwrap();
    story.lose("d1.1");
    story.arrive("d0.1 f0.1");
    story.forge(End::Sender, ack(&parameters, 2, &[], story.now));
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
fn an_invalid_segment_is_not_answered_at_the_end_and_a_probe_is() {
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
        story.sends(if verified.is_some() {
            "g0.2"
        } else {
            FIN_RECEIVED
        });
    }
}

#[test]
fn data_does_not_extend_the_linger_time_of_a_receiver() {
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
fn a_receiver_with_an_early_fin_and_no_data_repeats_its_handshake_ack() {
    let mut story = download_with_fin();
    story.lose("d0.1 d1.1");
    story.advance(ms(5));
    story.arrive("f0.1");
    story.sender.set_paused(true, story.now);
    story.advance(ms(20));
    story.sends("a0.2");
}

#[test]
fn a_receiver_with_every_byte_and_fin_answers_retransmissions_before_and_after_the_disk_write()
 {
    let mut story = download_with_fin();
    story.arrive("f0.1");
    story.arrive("d0.1 d1.1");
    story.lose("a1.1");
    story.lose(FIN_RECEIVED);
    story.sends(&format!("a1.1 {FIN_RECEIVED}"));
    story.again("d0.1");
    story.happened(&Event::SegmentDropped {
        number: 0,
        why: DiscardReason::Duplicate,
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
fn the_last_of_two_early_fins_is_used() {
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
fn fin_waits_for_the_last_ack_with_a_fixed_window_and_with_go_back_n() {
    for (arq, congestion) in [
        (Arq::StopAndWait, Congestion::Fixed),
        (Arq::GoBackN, Congestion::Reno),
        (Arq::SelectiveRepeat, Congestion::Reno),
        (Arq::Sack, Congestion::Fixed),
    ] {
        let mut story = wide_window_download(arq, congestion);
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
