//! Tests of lost and restored connections.

use super::*;
use crate::client::model::Model;
use crate::wire::digest::Token;

const LOST_AT_MS: u64 = 10_000;
const TOKEN: Token = Token([7; 16]);

fn lost() -> Controller {
    let mut client = joined();
    say(&mut client, 1, "before");
    client.on_event(Event::Lost("The server is gone.".into()), LOST_AT_MS);
    let _ = client.take_effects();
    client
}

fn said(time: u64, text: &str) -> Said {
    Said {
        from: "guy".into(),
        text: text.into(),
        time,
    }
}

fn say(client: &mut Controller, time: u64, text: &str) {
    reply(client, Reply::Said(said(time, text)));
}

fn welcome(client: &mut Controller, now_ms: u64) {
    let welcome = Reply::Welcome(Welcome {
        token: Some(TOKEN),
        ..open_room()
    });
    client.on_event(Event::Reply(welcome), now_ms);
}

fn is_trying(model: &Model) -> bool {
    model.rejoining.is_some_and(|it| it.is_trying)
}

fn connects(client: &mut Controller) -> bool {
    let effects = client.take_effects();
    effects.iter().any(|it| matches!(it, Effect::Connect(_)))
}

fn texts(client: &Controller) -> Vec<&str> {
    let lines = client.model().chat.lines();
    lines.map(|line| line.text.as_str()).collect()
}

#[test]
fn the_delay_between_reconnection_attempts_grows() {
    let mut client = lost();
    assert!(matches!(client.model().phase, Phase::Lost { .. }));
    let mut attempts = Vec::new();
    for now_s in 10..110 {
        client.on_event(Event::Tick, now_s * 1_000);
        if connects(&mut client) {
            attempts.push(now_s - 10);
            client.on_event(Event::Unreachable("No.".into()), now_s * 1_000);
        }
    }
    assert_eq!(attempts, [1, 3, 7, 15, 31, 61, 91]);
    assert!(matches!(client.model().phase, Phase::Lost { .. }));
}

#[test]
fn after_a_reconnect_no_line_is_duplicated_and_the_gap_is_shown() {
    let mut client = lost();
    client.on_event(Event::Tick, 12_000);
    assert!(is_trying(client.model()) && connects(&mut client));
    welcome(&mut client, 22_000);
    let lines = vec![said(1, "before"), said(2, "meanwhile")];
    client.on_event(Event::Reply(Reply::History { lines }), 22_000);
    assert_eq!(client.model().phase, Phase::Joined);
    assert_eq!(client.model().rejoining, None);
    let gap = "away 12 s, one message meanwhile";
    let texts = texts(&client);
    assert_eq!(texts[texts.len() - 2..], [gap, "meanwhile"]);
    let before = texts.iter().filter(|text| **text == "before");
    assert_eq!(before.count(), 1);
}

#[test]
fn a_server_without_the_earlier_history_leaves_a_gap() {
    let mut client = lost();
    client.on_event(Event::Tick, 12_000);
    welcome(&mut client, 12_000);
    users(&mut client, &["dana"]);
    assert_eq!(
        texts(&client).last(),
        Some(&"away 2 s, messages may be missing")
    );
}

#[test]
fn a_name_that_the_server_still_holds_is_requested_again() {
    let refused = |code| {
        Reply::Refused(Refusal {
            code,
            sentence: "No.".into(),
            suggestion: None,
        })
    };
    let mut client = lost();
    client.on_event(Event::Tick, 12_000);
    reply(&mut client, refused(Code::NameTaken));
    assert_eq!(client.model().rejoining.expect("a plan").failures, 1);
    client.on_event(Event::Tick, 20_000);
    reply(&mut client, refused(Code::BadVersion));
    assert_eq!(client.model().rejoining, None);
    let sentence = "No.".to_owned();
    assert_eq!(client.model().phase, Phase::Lost { sentence });
}

#[test]
fn the_user_may_reconnect_at_once_or_stay_offline() {
    let mut client = lost();
    client.on_intent(Intent::Rejoin, LOST_AT_MS);
    assert!(connects(&mut client));
    client.on_intent(Intent::Rejoin, LOST_AT_MS);
    assert!(!connects(&mut client), "one attempt at a time");
    client.on_intent(Intent::StayAway, LOST_AT_MS);
    assert!(client.take_effects().contains(&Effect::HangUp));
    client.on_event(Event::Tick, 1_000_000);
    assert!(!connects(&mut client));
    client.on_intent(Intent::Rejoin, 1_000_000);
    assert!(connects(&mut client));
}

#[test]
fn a_reconnection_attempt_without_an_answer_times_out() {
    let mut client = lost();
    client.on_event(Event::Tick, 12_000);
    client.on_event(Event::Tick, 12_000 + ANSWER_AFTER_MS);
    let effects = client.take_effects();
    assert!(effects.contains(&Effect::HangUp));
    assert_eq!(client.model().rejoining.expect("a plan").failures, 1);
}

#[test]
fn a_new_name_starts_a_new_chat() {
    let mut client = lost();
    connect(&mut client, "", "noa");
    assert_eq!(client.model().phase, Phase::Joining);
    assert_eq!(client.model().chat.chosen().lines().lines().count(), 0);
}

#[test]
fn a_script_does_not_reconnect() {
    let mut client = Controller::new(RequestedOptions::default(), false);
    connect(&mut client, "", "dana");
    welcome(&mut client, 1);
    client.on_event(Event::Lost("Gone.".into()), 2);
    assert_eq!(client.model().rejoining, None);
}

#[test]
fn transfers_of_a_lost_connection_resume_and_cancelled_ones_do_not() {
    let mut client = joined();
    for file in ["notes.txt", "other.txt"] {
        typed(&mut client, &format!("/download {file}"));
    }
    for tag in [1, 2] {
        reply(&mut client, Reply::Offer(offer(tag)));
    }
    typed(&mut client, "/cancel 2");
    client.on_event(Event::Lost("The server is gone.".into()), LOST_AT_MS);
    client.on_event(Event::Tick, 12_000);
    let _ = client.take_effects();
    welcome(&mut client, 13_000);
    // Its receiver has not ended yet: it is not requested twice.
    assert_eq!(requests(&mut client), []);
    for tag in [1, 2] {
        client.on_event(ended(tag, TransferState::Cancelled), 13_500);
    }
    client.on_event(Event::Tick, 14_000);
    let asked = requests(&mut client);
    let [Request::Download(asked)] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!((asked.file.as_str(), asked.tag), ("notes.txt", Some(3)));
    client.on_event(Event::Tick, 15_000);
    assert_eq!(requests(&mut client), []);
}

#[test]
fn a_reconnecting_client_presents_the_token_of_its_last_welcome() {
    let mut client = joining();
    let mut shown = Vec::new();
    for now_ms in [1, LOST_AT_MS] {
        welcome(&mut client, now_ms);
        client.on_event(Event::Lost("The server is gone.".into()), now_ms);
        client.on_event(Event::Tick, now_ms + 1_000);
        let joins = client.take_effects().into_iter();
        shown.extend(joins.filter_map(|effect| {
            let Effect::Send(Request::Join { token, .. }) = effect else {
                return None;
            };
            Some(token)
        }));
    }
    assert_eq!(shown, [None, Some(TOKEN), Some(TOKEN)]);
}
