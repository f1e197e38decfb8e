//! Tests of a room, with requests made by hand.

mod class;
mod entrance;
mod question;

use super::*;
use crate::wire::line::LONGEST_LINE_BYTES;
use crate::wire::message::VERSION;

/// A room, and its time, which stands still.
fn room_with(names: &[&str]) -> Room {
    let mut room = Room::new(NegotiatedOptions::DEFAULT);
    for (client, name) in (1..).zip(names) {
        let effects = join(&mut room, client, name);
        assert!(matches!(
            effects[0],
            Effect::Send {
                reply: Reply::Welcome(_),
                ..
            }
        ));
    }
    room
}

fn join(room: &mut Room, client: ClientNumber, name: &str) -> Vec<Effect> {
    let name = name.to_owned();
    room.on_request(
        client,
        Request::Join {
            name,
            version: 1,
            token: None,
        },
        0,
    )
}

fn say(room: &mut Room, client: ClientNumber, text: &str) -> Vec<Effect> {
    let text = text.to_owned();
    room.on_request(client, Request::Say { text }, 1000)
}

fn whisper(room: &mut Room, client: ClientNumber, to: &str, text: &str) -> Vec<Effect> {
    let (to, text) = (to.to_owned(), text.to_owned());
    room.on_request(client, Request::Whisper { to, text }, 1000)
}

fn said(from: &str, text: &str) -> Said {
    Said {
        from: from.to_owned(),
        text: text.to_owned(),
        time: 1000,
    }
}

/// The code of the only error or refusal among the effects.
fn code(effects: &[Effect]) -> Code {
    let codes: Vec<Code> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send {
                reply: Reply::Error(Complaint { code, .. }),
                ..
            }
            | Effect::Send {
                reply: Reply::Refused(Refusal { code, .. }),
                ..
            } => Some(*code),
            Effect::Send { .. }
            | Effect::Transfers { .. }
            | Effect::Draw { .. }
            | Effect::Key { .. }
            | Effect::Record(_)
            | Effect::Close { .. } => None,
        })
        .collect();
    assert_eq!(codes.len(), 1, "{effects:?}");
    codes[0]
}

#[test]
fn a_new_user_receives_a_welcome_and_the_history_and_the_others_are_informed() {
    let mut room = room_with(&["dana"]);
    say(&mut room, 1, "first");
    let effects = join(&mut room, 2, "guy");
    let [welcome, history, joined] = &effects[..] else {
        panic!("{effects:?}");
    };
    let Effect::Send {
        to: Audience::One(2),
        reply: Reply::Welcome(welcome),
    } = welcome
    else {
        panic!("{welcome:?}");
    };
    assert_eq!((welcome.name.as_str(), welcome.version), ("guy", VERSION));
    let lines = vec![said("dana", "first")];
    assert_eq!(*history, send_to_one(2, Reply::History { lines }));
    let name = "guy".to_owned();
    let expected = Effect::Send {
        to: Audience::Others(2),
        reply: Reply::Joined { name },
    };
    assert_eq!(*joined, expected);
    assert_eq!(room.members(Audience::Others(2)).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_message_is_delivered_to_everyone_including_its_sender() {
    let mut room = room_with(&["dana", "guy", "yuval"]);
    let effects = say(&mut room, 2, "hi");
    assert_eq!(effects, [send_to_everyone(Reply::Said(said("guy", "hi")))]);
    let everyone: Vec<_> = room.members(Audience::Everyone).collect();
    assert_eq!(everyone, [1, 2, 3]);
}

#[test]
fn the_history_contains_the_last_hundred_lines() {
    let mut room = room_with(&["dana"]);
    for number in 0..150 {
        say(&mut room, 1, &number.to_string());
    }
    let effects = join(&mut room, 2, "guy");
    let Effect::Send {
        reply: Reply::History { lines },
        ..
    } = &effects[1]
    else {
        panic!("{effects:?}");
    };
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts.len(), HISTORY_LINES);
    assert_eq!((texts[0], texts[99]), ("50", "149"));
}

#[test]
fn a_taken_or_look_alike_name_is_refused_with_a_suggestion() {
    let mut room = room_with(&["dana"]);
    let is_taken = |name| format!("The name \"{name}\" is taken. Choose another.");
    let looks_like =
        "The name \"dаna\" looks like that of the user \"dana\". Choose another.";
    for (name, sentence) in [
        ("dana", is_taken("dana")),
        ("DANA", is_taken("DANA")),
        ("dаna", looks_like.to_owned()),
        ("ｄana", is_taken("ｄana")),
    ] {
        let effects = join(&mut room, 2, name);
        assert_eq!(code(&effects), Code::NameTaken);
        assert_eq!(effects[1], Effect::Close { client: 2 });
        let Effect::Send {
            reply: Reply::Refused(refusal),
            ..
        } = &effects[0]
        else {
            panic!("{effects:?}");
        };
        assert_eq!(refusal.sentence, sentence);
        let suggestion = refusal.suggestion.as_deref().unwrap();
        assert!(suggestion.ends_with('2'), "{suggestion}");
        assert!(room.name_of(2).is_none());
    }
    assert_eq!(room.members(Audience::Everyone).count(), 1);
}

#[test]
fn an_invalid_name_is_refused_with_a_suggestion_made_of_its_valid_part() {
    let mut room = room_with(&["danacohen"]);
    let effects = join(&mut room, 2, "dana cohen");
    assert_eq!(code(&effects), Code::BadName);
    let Effect::Send {
        reply: Reply::Refused(refusal),
        ..
    } = &effects[0]
    else {
        panic!("{effects:?}");
    };
    assert_eq!(refusal.suggestion.as_deref(), Some("danacohen2"));
    assert_eq!(refusal.sentence, "A name is one word. Remove the spaces.");
}

#[test]
fn a_request_before_the_join_is_refused() {
    let mut room = room_with(&["dana"]);
    for request in [Request::Users, Request::Ping, Request::Files] {
        let effects = room.on_request(2, request, 0);
        assert_eq!(code(&effects), Code::NotJoined);
        assert_eq!(effects[1], Effect::Close { client: 2 });
    }
}

#[test]
fn a_newer_protocol_version_is_refused_and_a_second_join_is_an_error() {
    let mut room = room_with(&["dana"]);
    let (name, version) = ("guy".to_owned(), 2);
    let effects = room.on_request(
        2,
        Request::Join {
            name,
            version,
            token: None,
        },
        0,
    );
    assert_eq!(code(&effects), Code::BadVersion);
    let effects = join(&mut room, 1, "dana2");
    assert_eq!(code(&effects), Code::AlreadyJoined);
    assert_eq!(room.name_of(1).unwrap().as_str(), "dana");
}

#[test]
fn a_direct_message_reaches_sender_and_recipient_whatever_the_case_of_the_name() {
    let mut room = room_with(&["dana", "Guy", "yuval"]);
    let effects = whisper(&mut room, 1, "guy", "psst");
    let reply = Reply::Whispered(Whispered {
        from: "dana".to_owned(),
        to: "Guy".to_owned(),
        text: "psst".to_owned(),
        time: 1000,
    });
    assert_eq!(
        effects,
        [send_to_one(2, reply.clone()), send_to_one(1, reply)]
    );
}

#[test]
fn a_direct_message_to_oneself_is_delivered_once_and_to_an_unknown_user_is_an_error() {
    let mut room = room_with(&["dana"]);
    assert_eq!(whisper(&mut room, 1, "dana", "psst").len(), 1);
    let effects = whisper(&mut room, 1, "guy", "psst");
    assert_eq!(code(&effects), Code::NoSuchUser);
    let effects = whisper(&mut room, 1, "dаna", "psst");
    assert_eq!(code(&effects), Code::NoSuchUser);
}

#[test]
fn a_direct_message_is_not_added_to_the_history() {
    let mut room = room_with(&["dana"]);
    whisper(&mut room, 1, "dana", "psst");
    let effects = join(&mut room, 2, "guy");
    let nothing = Reply::History { lines: Vec::new() };
    assert_eq!(effects[1], send_to_one(2, nothing));
}

#[test]
fn empty_text_and_terminal_escapes_are_refused_and_a_tab_is_allowed() {
    let mut room = room_with(&["dana"]);
    for text in [
        "",
        "  ",
        "\u{1b}[2J",
        "a\u{9b}2J",
        "a\nb",
        "a\rb",
        "a\u{2028}b",
        "\0",
    ] {
        assert_eq!(code(&say(&mut room, 1, text)), Code::BadText, "{text:?}");
        assert_eq!(code(&whisper(&mut room, 1, "dana", text)), Code::BadText);
    }
    assert_eq!(
        say(&mut room, 1, "a\tb"),
        [send_to_everyone(Reply::Said(said("dana", "a\tb")))]
    );
}

#[test]
fn a_text_that_does_not_fit_into_one_reply_line_is_refused() {
    let mut room = room_with(&["dana"]);
    let wrapping = Reply::Said(said("dana", "")).to_line().len() - 1;
    let fitting = "a".repeat(LONGEST_LINE_BYTES - wrapping);
    assert_eq!(say(&mut room, 1, &fitting).len(), 1);
    assert_eq!(
        code(&say(&mut room, 1, &format!("{fitting}a"))),
        Code::BadText
    );
    // Quotes are escaped, so they take two bytes each.
    let quotes = "\"".repeat(LONGEST_LINE_BYTES / 2);
    assert_eq!(code(&say(&mut room, 1, &quotes)), Code::BadText);
}

#[test]
fn a_departure_is_announced_to_the_others_and_frees_the_name() {
    let mut room = room_with(&["dana", "guy"]);
    let effects = room.on_request(2, Request::Disconnect, 0);
    let left = |name: &str, why: &str| {
        send_to_everyone(Reply::Left {
            name: name.to_owned(),
            why: why.to_owned(),
        })
    };
    assert_eq!(
        effects,
        [left("guy", "disconnected"), Effect::Close { client: 2 }]
    );
    assert_eq!(room.on_gone(2, "connection lost"), []);
    assert_eq!(join(&mut room, 3, "guy").len(), 3);
    let effects = room.on_gone(1, "connection lost");
    assert_eq!(effects, [left("dana", "connection lost")]);
}

#[test]
fn a_request_about_files_is_passed_on_to_the_transfers() {
    let mut room = room_with(&["dana"]);
    let verdict = Request::Transfer {
        transfer: 4,
        state: TransferState::Verified,
    };
    for (request, order) in [
        (Request::Files, FileRequest::List),
        (Request::Cancel { transfer: 4 }, FileRequest::Cancel(4)),
        (verdict, FileRequest::Verdict(4, TransferState::Verified)),
    ] {
        let effects = room.on_request(1, request, 0);
        assert_eq!(effects, [Effect::Transfers { client: 1, order }]);
    }
}

#[test]
fn an_unknown_request_is_answered_and_an_unreadable_line_ends_the_connection() {
    let mut room = room_with(&["dana"]);
    let effects = room.on_unreadable(1, &"\u{1}".repeat(20_000), Some(7));
    assert_eq!(code(&effects), Code::BadRequest);
    let [Effect::Send { reply, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert!(reply.fits_in_a_line());
    let effects = room.on_broken_line(1, "line too long");
    assert_eq!(code(&effects), Code::BadLine);
    assert_eq!(effects.last(), Some(&Effect::Close { client: 1 }));
    assert!(room.name_of(1).is_none());
}

#[test]
fn a_client_that_does_not_join_in_time_is_refused() {
    let room = room_with(&["dana"]);
    assert_eq!(room.on_late(1), []);
    assert_eq!(code(&room.on_late(2)), Code::NotJoined);
}
