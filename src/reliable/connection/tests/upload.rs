//! Tests of uploads, in which the sender sends the SYN.

use super::*;

fn upload() -> Download {
    let arq = Arq::Sack;
    let sender = Sending::initiate(arq, SERVER, Moment::START);
    let mut story = Story::new(sender, Receiving::respond(arq, CLIENT, Moment::START));
    story.sender.set_digest(DIGEST, story.now);
    story
}

#[test]
fn an_upload_is_established_by_the_syn_of_the_sender_and_ends_verified() {
    let mut story = upload();
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.sends("s0.1 y0.1 a0.1 d0.1 d1.1");
    story.arrive("a0.1 d0.1 d1.1");
    let parameters = story.receiver.parameters().unwrap();
    story.expect("the SYN brought the number", parameters.first == FIRST);
    story.arrive("a1.1 a2.1");
    story.arrive("f0.1");
    story.receiver.set_verdict(true, story.now);
    story.arrive("g0.1");
    ends(&story, Some(Outcome::Verified), None);
}

#[test]
fn data_opens_the_receiver_after_the_handshake_ack_was_lost() {
    let mut story = upload();
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.lose("a0.1");
    story.arrive("d0.1");
    story.expect("open", story.receiver.parameters().is_some());
    story.arrive("d1.1");
    story.expect(
        "the first comes again",
        story.receiver.segments_in_order() == 0,
    );
    story.advance(ms(2_000));
    for name in story.names_on_the_path() {
        story.arrive(&name);
    }
    story.expect("both are there", story.receiver.segments_in_order() == 2);
}

#[test]
fn a_repeated_syn_ack_is_answered_again() {
    let mut story = upload();
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.lose("a0.1 d0.1 d1.1");
    story.sends("s0.1 y0.1 a0.1 d0.1 d1.1");
    story.again("y0.1");
    story.sends("a0.2");
    story.arrive("a0.2");
    story.expect("open", story.receiver.parameters().is_some());
}

#[test]
fn a_second_syn_with_other_parameters_has_no_effect_on_the_receiver_of_an_upload() {
    let mut story = upload();
    let mut other = story.packet("s0.1").clone();
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.arrive("a0.1");
    let parameters = story.receiver.parameters();
    other.sequence = FIRST + 1_000;
    other.body = Body::Syn(HandshakeFields {
        size: 1,
        window: 1,
        echo: 0,
        segment_bytes: 1,
    });
    story.forge(End::Receiver, other);
    story.expect("the terms stay", story.receiver.parameters() == parameters);
    ends(&story, None, None);
    story.arrive("d0.1 d1.1");
    story.expect("and it goes on", story.receiver.segments_in_order() == 2);
}

#[test]
fn an_empty_file_is_uploaded_even_if_every_handshake_ack_is_lost() {
    let arq = Arq::StopAndWait;
    let [client, server] = [SERVER, CLIENT].map(|side| Proposal { size: 0, ..side });
    let sender = Sending::initiate(arq, client, Moment::START);
    let mut story = Story::new(sender, Receiving::respond(arq, server, Moment::START));
    story.sender.set_digest(DIGEST, story.now);
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.lose("a0.1");
    story.arrive("f0.1");
    story.expect(
        "FIN is judged",
        story.receiver.claimed_digest() == Some(DIGEST),
    );
}

#[test]
fn a_receiver_without_a_syn_ends_after_30_seconds() {
    let arq = Arq::GoBackN;
    let mut receiver = Receiving::respond(arq, CLIENT, Moment::START);
    let enough = receiver.next_timeout().unwrap();
    assert_eq!(enough, Moment::START + ms(30_000));
    receiver.on_timeout(enough);
    let no_answer = Outcome::Failed(Failure::NoAnswer);
    assert_eq!(receiver.outcome(), Some(no_answer));
}

#[test]
fn each_side_ignores_the_handshake_packets_of_its_own_role() {
    let mut story = upload();
    let syn = story.packet("s0.1").clone();
    story.forge(End::Sender, syn);
    story.ignored(Ignored::OutOfPlace);
    story.arrive("s0.1");
    let answer = story.packet("y0.1").clone();
    story.forge(End::Receiver, answer);
    story.ignored(Ignored::OutOfPlace);
    let mut story = download_of(2_000);
    let syn = story.packet("s0.1").clone();
    story.forge(End::Receiver, syn);
    story.ignored(Ignored::OutOfPlace);
}
