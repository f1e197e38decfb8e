mod away;
mod early;
mod ending;
mod pause;
mod upload;

use super::super::Machine;
use super::super::event::{Event, Ignored};
use super::super::handshake::Proposal;
use super::super::moment::Moment;
use super::super::script::{End, Story, ack, ms};
use super::*;
use crate::wire::digest::{Digest, Token};
use crate::wire::packet::{Body, HandshakeFields, Packet};
use crate::wire::sequence::SequenceNumber;

const DIGEST: Digest = Digest([5; 32]);

const ANOTHER_DIGEST: Digest = Digest([6; 32]);

/// Two segments, the first of them just below 2^32.
const SERVER: Proposal = Proposal {
    first: Some(SequenceNumber(u32::MAX)),
    size: 2_000,
    ..Proposal::EXAMPLE
};

const CLIENT: Proposal = Proposal {
    first: None,
    ..SERVER
};

type Download = Story<Sending, Receiving>;

fn download_of(size: u64) -> Download {
    let [server, client] = [SERVER, CLIENT].map(|side| Proposal { size, ..side });
    let arq = Arq::Sack;
    let sender = Sending::respond(arq, server, Moment::START);
    Story::new(sender, Receiving::initiate(arq, client, Moment::START))
}

/// An open connection by `arq`, both sides changed by `side`; the first window is in
/// flight.
fn opened(arq: Arq, side: impl Fn(Proposal) -> Proposal) -> Download {
    let sender = Sending::respond(arq, side(SERVER), Moment::START);
    let receiver = Receiving::initiate(arq, side(CLIENT), Moment::START);
    let mut story = Story::new(sender, receiver);
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.arrive("a0.1");
    story
}

/// An open connection: the digest is known, and only the first window was sent.
fn open_download() -> Download {
    let mut story = download_of(2_000);
    story.sender.set_digest(DIGEST, story.now);
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.expect("it waits for the ACK", !story.sender.is_open());
    story.arrive("a0.1");
    story.expect("it is open", story.sender.is_open());
    story.sends("s0.1 y0.1 a0.1 d0.1 d1.1");
    story
}

/// Everything is acknowledged, and FIN is in flight.
fn closing_download() -> Download {
    let mut story = open_download();
    story.arrive("d0.1 d1.1");
    story.arrive("a1.1 a2.1");
    story.sends("a1.1 a2.1 f0.1");
    story
}

/// The receiver has its verdict, and FIN-ACK is in flight.
fn judged_download(verified: bool) -> Download {
    let mut story = closing_download();
    story.arrive("f0.1");
    story.receiver.set_verdict(verified, story.now);
    story.sends("g0.1");
    story
}

#[track_caller]
fn ends(story: &Download, sender: Option<Outcome>, receiver: Option<Outcome>) {
    let found = (story.sender.outcome(), story.receiver.outcome());
    story.expect(&format!("it ended {found:?}"), found == (sender, receiver));
}

fn reset(sequence: SequenceNumber) -> Packet {
    Packet {
        token: SERVER.token,
        number: 0,
        attempt: 1,
        sequence,
        sent_at: 0,
        body: Body::Rst {
            why: Reset::Cancelled,
        },
    }
}

const FIRST: SequenceNumber = SequenceNumber(u32::MAX);

const SILENCE: Option<Outcome> = Some(Outcome::Failed(Failure::Silence));

const RESET_BY_PEER: Option<Outcome> =
    Some(Outcome::Failed(Failure::ResetByPeer(Reset::Cancelled)));

const RESET_BY_US: Option<Outcome> =
    Some(Outcome::Failed(Failure::ResetByUs(Reset::Cancelled)));

#[test]
fn a_download_is_established_transferred_and_verified_on_both_sides() {
    let mut story = closing_download();
    let nothing_claimed = story.receiver.claimed_digest().is_none();
    story.expect("FIN has not come", nothing_claimed);
    story.arrive("f0.1");
    story.expect("all is there", story.receiver.segments_in_order() == 2);
    let claimed = story.receiver.claimed_digest();
    story.expect("FIN carries the digest", claimed == Some(DIGEST));
    story.receiver.set_verdict(true, story.now);
    story.sends("g0.1");
    story.arrive("g0.1");
    ends(&story, Some(Outcome::Verified), None);
    story.receiver.release(); // The chat connection says that the sender knows.
    ends(&story, Some(Outcome::Verified), Some(Outcome::Verified));
    story.expect("no wait is left", story.receiver.next_timeout().is_none());
    let bytes = story.sender.progress().acked_bytes;
    story.expect("the figures stay", bytes == 2_000);
}

#[test]
fn an_empty_file_goes_from_the_handshake_straight_to_fin() {
    let mut story = download_of(0);
    story.sender.set_digest(DIGEST, story.now);
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.arrive("a0.1");
    story.sends("s0.1 y0.1 a0.1 f0.1");
    story.arrive("f0.1");
    story.receiver.set_verdict(true, story.now);
    story.arrive("g0.1");
    ends(&story, Some(Outcome::Verified), None);
}

#[test]
fn fin_waits_for_a_digest_that_is_computed_late() {
    let mut story = download_of(2_000);
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.arrive("a0.1");
    story.arrive("d0.1 d1.1");
    story.arrive("a1.1 a2.1");
    story.sends("s0.1 y0.1 a0.1 d0.1 d1.1 a1.1 a2.1");
    story.advance(ms(2_000));
    story.sends("a3.1 a4.1"); // The receiver is alive, and waits.
    story.sender.set_digest(DIGEST, story.now);
    story.sends("f0.1");
}

#[test]
fn a_lost_fin_is_retransmitted() {
    let mut story = closing_download();
    story.lose("f0.1");
    story.advance(ms(30));
    story.sends("f0.2");
    story.arrive("f0.2");
    story.expect("claimed", story.receiver.claimed_digest().is_some());
}

#[test]
fn a_fin_ack_may_be_lost_repeatedly_while_the_sender_retransmits_fin() {
    let mut story = judged_download(true);
    story.lose("g0.1");
    let doubling = [30, 30, 30, 60, 120, 240, 480, 960];
    let waits = doubling.into_iter().chain([1_920, 1_500, 1_400]);
    for (attempt, wait) in (2..=12).zip(waits) {
        story.advance(ms(wait));
        story.sends(&format!("f0.{attempt}"));
        story.arrive(&format!("f0.{attempt}"));
        story.sends(&format!("g0.{attempt}"));
    }
    story.arrive("g0.12");
    ends(&story, Some(Outcome::Verified), None);
    story.advance(ms(30_000));
    ends(&story, Some(Outcome::Verified), Some(Outcome::Verified));
}

#[test]
fn a_sender_that_never_receives_a_fin_ack_reports_an_unknown_outcome() {
    let mut story = judged_download(true);
    story.lose("g0.1");
    story.advance(ms(29_999));
    ends(&story, None, None);
    story.advance(ms(1));
    ends(&story, Some(Outcome::Unknown), Some(Outcome::Verified));
}

#[test]
fn the_verdict_may_arrive_earlier_over_the_chat_connection() {
    let mut story = judged_download(true);
    story.lose("g0.1");
    story.sender.set_verdict(true);
    ends(&story, Some(Outcome::Verified), None);
}

#[test]
fn a_verdict_before_fin_is_ignored() {
    let mut story = closing_download();
    story.sender.set_verdict(true);
    let is_over = story.sender.outcome().is_some();
    story.expect("FIN was sent", is_over);
    let mut story = open_download();
    story.sender.set_verdict(true);
    ends(&story, None, None);
}

#[test]
fn a_damaged_file_is_reported_as_damaged_and_never_as_verified() {
    let mut story = judged_download(false);
    story.arrive("g0.1");
    ends(&story, Some(Outcome::Damaged), None);
    story.advance(ms(30_000));
    ends(&story, Some(Outcome::Damaged), Some(Outcome::Damaged));
    let verdict = story.receiver.verdict();
    story.expect("the verdict stays", verdict == Some(false));
}

#[test]
fn a_fin_with_a_wrong_sequence_number_is_ignored_before_and_at_the_end() {
    let mut story = open_download();
    let mut early = reset(FIRST + 1);
    early.body = Body::Fin {
        digest: ANOTHER_DIGEST,
    };
    for data in ["d0.1", "d1.1"] {
        story.arrive(data);
        for sequence in [FIRST, FIRST + 1, FIRST + 3] {
            let early = early.clone();
            story.forge(End::Receiver, Packet { sequence, ..early });
            story.ignored(Ignored::OutOfPlace);
        }
        story.expect("no claim", story.receiver.claimed_digest().is_none());
    }
}

#[test]
fn each_fin_is_answered_while_the_disk_is_busy_so_that_the_sender_waits() {
    let mut story = closing_download();
    story.arrive("f0.1");
    for attempt in 2..40 {
        story.advance(ms(2_000));
        let fins = story.names_on_the_path();
        story.arrive(&fins.join(" "));
        let answers = story.names_on_the_path();
        story.expect(
            &format!("round {attempt}: {answers:?}"),
            !answers.is_empty(),
        );
        story.arrive(&answers.join(" "));
    }
    ends(&story, None, None); // After 76 s neither side has given up.
}

#[test]
fn two_answers_to_two_fins_have_different_names_for_the_link() {
    let mut story = closing_download();
    story.arrive("f0.1");
    story.advance(ms(60));
    story.sends("f0.2 f0.3");
    story.arrive("f0.2 f0.3");
    let [first, second] = <[String; 2]>::try_from(story.names_on_the_path()).unwrap();
    story.expect(&format!("{first} is not {second}"), first != second);
    story.expect("nor the handshake's", first != "a0.1" && second != "a0.1");
}

#[test]
fn a_second_syn_has_no_effect_on_an_open_connection() {
    let mut story = open_download();
    story.again("s0.1");
    story.sends("");
    let mut other = story.packet("s0.1").clone();
    other.body = Body::Syn(HandshakeFields {
        size: 1,
        window: 1,
        echo: 0,
        segment_bytes: 1,
    });
    story.forge(End::Sender, other);
    ends(&story, None, None);
    story.arrive("d0.1 d1.1");
    story.sends("a1.1 a2.1");
}

#[test]
fn a_lost_handshake_ack_is_sent_again_while_the_receiver_already_waits_for_data() {
    let mut story = download_of(2_000);
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.lose("a0.1");
    story.advance(ms(200));
    story.sends("s0.1 y0.1 a0.1 a0.2 a0.3 a0.4 y0.2");
    story.lose("a0.2 a0.3 a0.4");
    story.arrive("y0.2");
    story.arrive("a0.5");
    story.sends("a0.5 d0.1 d1.1");
}

#[test]
fn a_packet_with_a_wrong_token_is_ignored_and_does_not_reset_the_idle_timer() {
    let mut story = open_download();
    story.lose("d0.1 d1.1");
    let stranger = Packet {
        token: Token([8; 16]),
        ..reset(FIRST)
    };
    story.advance(ms(20_000));
    for end in [End::Sender, End::Receiver] {
        story.forge(end, stranger.clone());
        story.ignored(Ignored::WrongToken);
    }
    let mut data = story.packet("d0.1").clone();
    story.expect("wanted with the token", story.receiver.is_wanted(&data));
    data.token = Token([8; 16]);
    story.expect("and not without", !story.receiver.is_wanted(&data));
    ends(&story, None, None);
    story.advance(ms(10_000));
    ends(&story, SILENCE, SILENCE);
}

#[test]
fn an_rst_without_the_exact_sequence_number_is_ignored() {
    let mut story = open_download();
    for sequence in [FIRST + 1, SequenceNumber(u32::MAX - 1), SequenceNumber(1)] {
        for end in [End::Sender, End::Receiver] {
            story.forge(end, reset(sequence));
            story.ignored(Ignored::InexactReset);
        }
    }
    ends(&story, None, None);
}

#[test]
fn an_rst_with_the_exact_sequence_number_ends_either_side() {
    let mut story = open_download();
    story.forge(End::Sender, reset(FIRST));
    story.forge(End::Receiver, reset(FIRST));
    ends(&story, RESET_BY_PEER, RESET_BY_PEER);
    story.sends("");
}

#[test]
fn an_rst_after_the_end_does_not_turn_success_into_failure() {
    let mut story = judged_download(true);
    story.arrive("g0.1");
    story.forge(End::Sender, reset(FIRST));
    story.forge(End::Receiver, reset(FIRST));
    ends(&story, Some(Outcome::Verified), None);
    story.receiver.release();
    story.forge(End::Receiver, reset(FIRST));
    ends(&story, Some(Outcome::Verified), Some(Outcome::Verified));
}

#[test]
fn a_cancel_sends_one_rst_that_ends_the_other_side() {
    let mut story = open_download();
    story.receiver.reset(Reset::Cancelled);
    story.sends("r0.1");
    story.arrive("r0.1");
    ends(&story, RESET_BY_PEER, RESET_BY_US);
    story.receiver.reset(Reset::DiskFailed);
    story.again("y0.1");
    story.advance(ms(60_000));
    story.sends("");
    ends(&story, RESET_BY_PEER, RESET_BY_US);

    let mut story = open_download();
    story.sender.reset(Reset::Cancelled);
    story.sends("r0.1");
    story.arrive("r0.1");
    ends(&story, RESET_BY_US, RESET_BY_PEER);
}

#[test]
fn a_cancel_before_the_connection_is_open_sends_nothing() {
    let mut story = download_of(2_000);
    story.sends("s0.1");
    story.receiver.reset(Reset::Cancelled);
    story.advance(ms(29_000));
    story.sends("");
    ends(&story, None, RESET_BY_US);
}

#[test]
fn an_unanswered_handshake_fails_after_30_seconds_and_stops_sending() {
    let mut story = download_of(2_000);
    story.advance(ms(29_999));
    ends(&story, None, None);
    story.advance(ms(1));
    let no_answer = Some(Outcome::Failed(Failure::NoAnswer));
    ends(&story, no_answer, no_answer);
    let all = (1..=23).map(|attempt| format!("s0.{attempt}"));
    story.sends(&all.collect::<Vec<_>>().join(" "));
    story.advance(ms(60_000));
    story.sends("");
}

#[test]
fn the_idle_timeout_of_30_seconds_ends_a_transfer_on_both_sides() {
    let mut story = open_download();
    story.advance(ms(29_999));
    ends(&story, None, None);
    story.advance(ms(1));
    ends(&story, SILENCE, SILENCE);
    story.expect("no wait is left", story.sender.next_timeout().is_none());
    story.expect("nor here", story.receiver.next_timeout().is_none());
}

#[test]
fn a_receiver_with_every_byte_waits_longer_for_the_digest_of_the_sender() {
    let mut story = download_of(2_000);
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.arrive("a0.1");
    story.arrive("d0.1 d1.1");
    story.arrive("a1.1 a2.1");
    story.advance(ms(599_000));
    ends(&story, None, None);
    story.advance(ms(2_000));
    ends(&story, None, SILENCE);
}

#[test]
fn a_known_verdict_is_kept_after_a_cancel() {
    let mut story = judged_download(true);
    story.receiver.reset(Reset::Cancelled);
    story.expect(
        "it stays",
        story.receiver.outcome() == Some(Outcome::Verified),
    );
}

#[test]
fn packets_of_the_wrong_direction_are_ignored() {
    let mut story = open_download();
    let parameters = story.receiver.parameters().unwrap();
    let syn_ack = story.packet("y0.1").clone();
    let data = story.packet("d0.1").clone();
    for (end, packet) in [
        (End::Sender, syn_ack),
        (End::Sender, data),
        (End::Receiver, ack(&parameters, 2, &[], story.now)),
        (End::Receiver, story.packet("s0.1").clone()),
    ] {
        story.forge(end, packet);
        story.ignored(Ignored::OutOfPlace);
    }
    story.sends("");
}

#[test]
fn a_fin_ack_before_fin_is_ignored() {
    let mut story = open_download();
    let fin_ack = Packet {
        body: Body::FinAck { verified: true },
        ..reset(FIRST + 2)
    };
    story.forge(End::Sender, fin_ack.clone());
    story.ignored(Ignored::OutOfPlace);
    let mut story = closing_download();
    story.forge(
        End::Sender,
        Packet {
            sequence: FIRST,
            ..fin_ack
        },
    );
    story.ignored(Ignored::OutOfPlace);
    ends(&story, None, None);
}

#[test]
fn sides_with_different_parameters_fail_and_the_server_does_not_answer() {
    let mut story = download_of(2_000);
    let mut wrong = story.packet("s0.1").clone();
    wrong.body = Body::Syn(HandshakeFields {
        size: 1,
        window: 4,
        echo: 0,
        segment_bytes: 1_436,
    });
    story.forge(End::Sender, wrong);
    story.sends("s0.1");
    let bad_parameters = Outcome::Failed(Failure::ResetByUs(Reset::BadParameters));
    ends(&story, Some(bad_parameters), None);
}

#[test]
fn every_state_transition_is_recorded_as_an_event() {
    let mut story = judged_download(true);
    story.arrive("g0.1");
    story.receiver.release();
    let is_state = |event: &Event| matches!(event, Event::StateChanged { .. });
    let states = story.take_events().into_iter().filter(is_state);
    let wanted = [
        "syn-received",
        "open",
        "transferring",
        "open",
        "transferring",
        "awaiting-digest",
        "closing",
        "verifying",
        "lingering",
        "ended",
        "ended",
    ]
    .map(|state| Event::StateChanged {
        state: state.into(),
    });
    let is_each_in_its_turn = states.eq(wanted);
    story.expect("each in its turn", is_each_in_its_turn);
}

#[test]
fn the_verdict_is_set_only_by_the_disk_and_is_kept_after_the_end() {
    for verified in [true, false] {
        let mut story = closing_download();
        story.expect("none yet", story.receiver.verdict().is_none());
        story.arrive("f0.1");
        story.expect("the disk has not said", story.receiver.verdict().is_none());
        story.receiver.set_verdict(verified, story.now);
        story.expect("said", story.receiver.verdict() == Some(verified));
        story.receiver.release();
        story.expect("at the end", story.receiver.verdict() == Some(verified));
    }
}

#[test]
fn arrived_segments_are_counted_until_the_end() {
    let mut story = open_download();
    story.arrive("d0.1");
    story.again("d0.1");
    let came = story.receiver.arrivals();
    story.expect(&format!("{came:?} on the way"), came == (2, 0));
    story.arrive("d1.1");
    story.arrive("a1.1 a2.1 a3.1");
    story.arrive("f0.1");
    let came = story.receiver.arrivals();
    story.expect(&format!("{came:?} at the end"), came == (3, 0));
}

#[test]
fn a_handshake_can_fall_back_to_shorter_packets_and_an_open_connection_cannot() {
    let mut story = download_of(2_000);
    let goes_down = story.receiver.on_too_long();
    story.expect("the SYN goes again, shorter", goes_down);
    let mut story = download_of(2_000);
    story.arrive("s0.1");
    let goes_down = story.sender.on_too_long(Moment::START);
    story.expect("the SYN-ACK goes again, shorter", goes_down);
    let mut story = open_download();
    let goes_down =
        story.receiver.on_too_long() || story.sender.on_too_long(Moment::START);
    story.expect("it is open", !goes_down);
}
