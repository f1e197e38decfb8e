//! Tests of outages, and of resuming after them.

use super::*;

#[test]
fn a_receiver_without_incoming_packets_repeats_its_ack_every_second() {
    let mut story = open_download();
    story.arrive("d0.1");
    story.arrive("a1.1");
    story.lose("d1.1");
    story.sends("a1.1");
    for second in 2..12 {
        story.advance(ms(1_000));
        let told = format!("a{second}.1");
        let names = story.names_on_the_path();
        story.expect(&format!("{told} among {names:?}"), names.contains(&told));
        for name in names {
            story.lose(&name);
        }
    }
    ends(&story, None, None);
}

#[test]
fn a_receiver_without_any_data_repeats_its_handshake_ack() {
    let sender = Sending::respond(Arq::GoBackN, SERVER, Moment::START);
    let receiver = Receiving::initiate(Arq::GoBackN, CLIENT, Moment::START);
    let mut story: Download = Story::new(sender, receiver);
    story.arrive("s0.1");
    story.arrive("y0.1");
    story.lose("a0.1");
    story.advance(ms(19));
    assert_eq!(story.names_on_the_path(), Vec::<String>::new());
    story.advance(ms(1));
    story.lose("a0.2");
    story.advance(ms(39));
    assert_eq!(story.names_on_the_path(), Vec::<String>::new());
    story.advance(ms(1));
    story.arrive("a0.3");
    story.expect("open", story.sender.is_open());
    let measured = story.sender.progress().srtt_us;
    story.expect("not the wait", measured < 1_000);
}

#[test]
fn a_receiver_that_received_a_packet_after_the_handshake_does_not_repeat_the_handshake_ack()
 {
    let mut story = open_download();
    story.sender.set_paused(true, story.now);
    story.lose("d0.1 d1.1");
    story.advance(ms(200));
    story.arrive("d4294967295.1");
    for name in story.names_on_the_path() {
        story.lose(&name);
    }
    story.advance(ms(1_500));
    let names = story.names_on_the_path();
    let speaks = names.iter().any(|name| name.starts_with("a0."));
    story.expect(&format!("no ACK in {names:?}"), !speaks);
}

#[test]
fn the_rest_of_a_resumed_file_is_sent_like_a_whole_file_except_for_the_offset() {
    let rest = |side| Proposal {
        size: 5_000,
        offset: 3_000,
        ..side
    };
    let [server, client] = [SERVER, CLIENT].map(rest);
    for arq in Arq::ALL {
        let sender = Sending::respond(arq, server, Moment::START);
        let receiver = Receiving::initiate(arq, client, Moment::START);
        let mut story: Download = Story::new(sender, receiver);
        story.sender.set_digest(DIGEST, story.now);
        story.arrive("s0.1");
        let closed = story.receiver.bytes_in_order();
        story.expect("nothing before it is open", closed == 0);
        story.arrive("y0.1");
        let had = story.receiver.bytes_in_order();
        story.expect("what it had", had == 3_000);
        story.arrive("a0.1");
        let begun = story.sender.progress().acked_bytes;
        story.expect(&format!("{begun} were there"), begun == 3_000);
        for name in ["d0.1", "a1.1", "d1.1", "a2.1"] {
            if story.names_on_the_path().iter().any(|it| it == name) {
                story.arrive(name);
            }
        }
        let all = story.sender.progress().acked_bytes;
        story.expect(&format!("{all} are there"), all == 5_000);
        let had = story.receiver.bytes_in_order();
        story.expect("and the receiver has them", had == 5_000);
        story.arrive("f0.1");
        story.receiver.set_verdict(true, story.now);
        story.arrive("g0.1");
        ends(&story, Some(Outcome::Verified), None);
    }
}
