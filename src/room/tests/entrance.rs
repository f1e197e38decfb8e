//! Tests of the entrance: passwords, the teacher, removed and banned users.

use super::super::door::{FORGIVEN_AFTER_MS, GUESSES, Teacher};
use super::super::login::{Entropy, Password, answer};
use super::*;
use crate::wire::message::{Ban, Challenge, Proof, Role};

const SESAME: &str = "open sesame";
const CHALK: &str = "chalk";

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

/// A room with a password; dana is its teacher.
fn locked() -> Room {
    let rules = Rules {
        password: Some(password(SESAME)),
        teacher: Some(Teacher {
            name: "dana".parse().unwrap(),
            password: password(CHALK),
        }),
        is_class: false,
    };
    Room::with_rules(NegotiatedOptions::DEFAULT, rules)
}

/// A room without a password; its teacher is client 1.
fn class(names: &[&str]) -> Room {
    let mut room = locked();
    room.door.rules.password = None;
    login(&mut room, 1, "dana", CHALK);
    for (client, name) in (2..).zip(names) {
        room.on_connected(client, from("192.0.2.7"));
        join(&mut room, client, name);
    }
    room
}

fn from(address: &str) -> Origin {
    Origin {
        address: address.to_owned(),
        is_own_machine: false,
    }
}

/// The challenge for a joining client.
fn challenge(room: &mut Room, client: ClientNumber, name: &str) -> Challenge {
    assert_eq!(join(room, client, name), [Effect::Draw { client }]);
    let entropy = Entropy([u8::try_from(client).unwrap(); 32]);
    let effects = room.on_drawn(client, entropy);
    let [Effect::Send { to, reply }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(*to, Audience::One(client));
    let Reply::Challenge(challenge) = reply else {
        panic!("{reply:?}");
    };
    challenge.clone()
}

fn prove(challenge: &Challenge, name: &str, text: &str) -> Proof {
    let entropy = Entropy([99; 32]);
    answer(&password(text), challenge, name, entropy).unwrap().0
}

fn login(room: &mut Room, client: ClientNumber, name: &str, text: &str) -> Vec<Effect> {
    login_at(room, client, name, text, 0)
}

fn login_at(
    room: &mut Room,
    client: ClientNumber,
    name: &str,
    text: &str,
    now_ms: u64,
) -> Vec<Effect> {
    let challenge = challenge(room, client, name);
    let proof = prove(&challenge, name, text);
    room.on_request(client, Request::Proof(proof), now_ms)
}

fn kick(name: &str) -> Request {
    Request::Kick {
        name: name.into(),
        why: "noise".into(),
    }
}

fn ban(name: &str) -> Request {
    Request::Ban {
        name: name.into(),
        why: "noise".into(),
    }
}

#[test]
fn a_client_that_proves_the_password_joins_and_both_sides_have_the_same_key() {
    let mut room = locked();
    let challenge = challenge(&mut room, 7, "guy");
    assert_eq!(challenge.role, Role::Room);
    let entropy = Entropy([9; 32]);
    let answered = answer(&password(SESAME), &challenge, "guy", entropy);
    let (proof, awaiting) = answered.unwrap();
    let effects = room.on_request(7, Request::Proof(proof), 0);
    let [
        Effect::Key { key, .. },
        Effect::Send {
            reply: Reply::Welcome(welcome),
            ..
        },
        ..,
    ] = &effects[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!(*key, awaiting.key());
    assert!(awaiting.is_confirmed(&welcome.confirmation.unwrap()));
    assert_eq!(welcome.teacher.as_deref(), Some("dana"));
    assert_eq!(room.name_of(7).unwrap().as_str(), "guy");
}

#[test]
fn a_client_without_a_valid_proof_neither_receives_nor_sends_messages() {
    let mut room = locked();
    let effects = login(&mut room, 7, "guy", "open sesamf");
    assert_eq!(code(&effects), Code::WrongPassword);
    assert_eq!(effects[1], Effect::Close { client: 7 });
    assert!(room.name_of(7).is_none());
    assert_eq!(room.members(Audience::Everyone).count(), 0);
    // A client that has not joined receives no lines either.
    challenge(&mut room, 8, "yuval");
    assert_eq!(say(&mut room, 8, "let me in"), []);
    assert_eq!(room.members(Audience::Everyone).count(), 0);
    assert_eq!(code(&room.on_late(8)), Code::PasswordNeeded);
}

#[test]
fn requests_sent_after_the_join_wait_until_the_password_is_proved() {
    let mut room = locked();
    let challenge = challenge(&mut room, 7, "guy");
    assert_eq!(say(&mut room, 7, "first"), []);
    assert_eq!(room.on_request(7, Request::Users, 0), []);
    let proof = prove(&challenge, "guy", SESAME);
    let effects = room.on_request(7, Request::Proof(proof), 1000);
    let replies: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send { reply, .. } => Some(reply),
            Effect::Transfers { .. }
            | Effect::Draw { .. }
            | Effect::Key { .. }
            | Effect::Record(_)
            | Effect::Close { .. } => None,
        })
        .collect();
    assert!(matches!(replies[0], Reply::Welcome(_)));
    assert!(matches!(replies[1], Reply::History { lines } if lines.is_empty()));
    let [.., first, users] = &replies[..] else {
        panic!("{replies:?}");
    };
    assert_eq!(**first, Reply::Said(said("guy", "first")));
    assert!(matches!(users, Reply::Users { names, .. } if names == &["guy"]));
}

#[test]
fn the_requests_of_an_unauthenticated_client_are_bounded_and_it_may_leave() {
    let mut room = locked();
    challenge(&mut room, 7, "guy");
    let long = "a".repeat(10_000);
    let effects = (0..20).find_map(|_| {
        let effects = say(&mut room, 7, &long);
        (!effects.is_empty()).then_some(effects)
    });
    assert_eq!(code(&effects.unwrap()), Code::PasswordNeeded);
    // Four of the longest lines, or the same cost in short lines.
    let most = 4 * LONGEST_LINE_BYTES / 128;
    challenge(&mut room, 9, "yuval");
    for _ in 0..most {
        assert_eq!(say(&mut room, 9, "hi"), []);
    }
    assert_eq!(code(&say(&mut room, 9, "hi")), Code::PasswordNeeded);
    challenge(&mut room, 8, "guy");
    let effects = room.on_request(8, Request::Disconnect, 0);
    assert_eq!(effects, [Effect::Close { client: 8 }]);
}

#[test]
fn a_proof_without_a_challenge_or_a_second_one_or_one_after_the_login_is_refused() {
    let mut room = locked();
    let asked = challenge(&mut room, 7, "guy");
    let proof = prove(&asked, "guy", SESAME);
    join(&mut room, 8, "yuval");
    let early = room.on_request(8, Request::Proof(proof.clone()), 0);
    assert_eq!(code(&early), Code::BadRequest);
    room.on_request(7, Request::Proof(proof.clone()), 0);
    let inside = room.on_request(7, Request::Proof(proof.clone()), 0);
    assert_eq!(code(&inside), Code::BadRequest);
    // A recorded proof is not valid for another connection either.
    challenge(&mut room, 9, "guy2");
    let replayed = room.on_request(9, Request::Proof(proof), 0);
    assert_eq!(code(&replayed), Code::WrongPassword);
}

/// A proof of this password from this address, by a client that has just connected.
fn try_from(
    room: &mut Room,
    client: ClientNumber,
    address: &str,
    name: &str,
    text: &str,
    now_ms: u64,
) -> Vec<Effect> {
    room.on_connected(client, from(address));
    login_at(room, client, name, text, now_ms)
}

#[test]
fn password_attempts_are_counted_by_address_across_connections_and_then_queued() {
    let mut room = locked();
    for client in 10..10 + GUESSES {
        let wrong = try_from(&mut room, client, "192.0.2.1", "guy", "guess", 0);
        assert_eq!(code(&wrong), Code::WrongPassword);
        room.on_closed(client);
    }
    // The next one is compared later; from elsewhere at once.
    assert_eq!(try_from(&mut room, 50, "192.0.2.1", "guy", "guess", 0), []);
    let elsewhere = try_from(&mut room, 51, "192.0.2.2", "tal", SESAME, 0);
    assert!(room.name_of(51).is_some(), "{elsewhere:?}");
    assert!(room.has_waiting());
    assert_eq!(room.on_late(50), []); // It waits for the server.
    assert_eq!(room.on_tick(FORGIVEN_AFTER_MS - 1), []);
    assert_eq!(code(&room.on_tick(FORGIVEN_AFTER_MS)), Code::WrongPassword);
    assert!(!room.has_waiting());
    room.door.on_wrong(None, 0); // Without an address: not counted.
}

/// An attacker at the same address who connects again and again.
#[test]
fn a_right_password_is_accepted_despite_wrong_attempts_from_the_same_address() {
    let mut room = locked();
    let there = "192.0.2.1";
    for client in 100..100 + 50 {
        try_from(&mut room, client, there, "mallory", "guess", 0);
    }
    assert_eq!(try_from(&mut room, 7, there, "guy", SESAME, 0), []);
    // The teacher too.
    assert_eq!(try_from(&mut room, 8, there, "dana", CHALK, 0), []);
    for turn in 1..=3 {
        room.on_tick(turn * FORGIVEN_AFTER_MS);
    }
    let names = [7, 8].map(|client| room.name_of(client).map(Name::to_string));
    assert_eq!(names, [Some("guy".to_owned()), Some("dana".to_owned())]);
    assert!(room.has_waiting());
    (100..150).for_each(|client| room.on_closed(client));
    assert!(!room.has_waiting());
}

#[test]
fn simultaneous_password_attempts_on_many_connections_are_all_counted() {
    let mut room = locked();
    let count = GUESSES + 3;
    let challenges: Vec<_> = (0..count)
        .map(|client| {
            room.on_connected(client, from("192.0.2.1"));
            challenge(&mut room, client, &format!("guy{client}"))
        })
        .collect();
    let answers: Vec<_> = (0..)
        .zip(&challenges)
        .map(|(client, challenge)| {
            let proof = prove(challenge, &format!("guy{client}"), "guess");
            room.on_request(client, Request::Proof(proof), 0)
        })
        .collect();
    let spent = usize::try_from(GUESSES).unwrap();
    assert!(
        answers[..spent]
            .iter()
            .all(|it| code(it) == Code::WrongPassword)
    );
    assert!(answers[spent..].iter().all(Vec::is_empty));
}

#[test]
fn the_list_requests_of_an_unauthenticated_client_are_bounded() {
    let mut room = locked();
    challenge(&mut room, 7, "guy");
    let held = (0..100).take_while(|_| room.on_request(7, Request::Files, 0).is_empty());
    assert!(held.count() <= 8);
}

#[test]
fn no_other_user_can_take_the_name_of_the_teacher_even_in_their_absence() {
    let mut room = class(&[]);
    room.on_gone(1, "tested");
    for name in ["dana", "DANA"] {
        let effects = login(&mut room, 5, name, SESAME);
        assert_eq!(code(&effects), Code::WrongPassword, "{name}");
        room.on_closed(5);
    }
    let effects = join(&mut room, 5, "dаna"); // Cyrillic а.
    assert_eq!(code(&effects), Code::NameTaken);
    assert_eq!(room.members(Audience::Everyone).count(), 0);
}

#[test]
fn a_reconnecting_teacher_replaces_the_dead_connection() {
    let mut room = class(&["guy"]);
    let effects = login(&mut room, 9, "Dana", CHALK);
    let [Effect::Send { to, reply }, ..] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(*to, Audience::Others(9));
    assert!(matches!(reply, Reply::Left { name, .. } if name == "dana"));
    assert!(effects.contains(&Effect::Close { client: 1 }));
    assert_eq!(room.name_of(9).unwrap().as_str(), "dana");
    assert!(room.name_of(1).is_none());
    // Late events of the old connection end nothing.
    room.on_gone(1, "connection lost");
    assert_ne!(room.on_request(9, kick("guy"), 0), []);
}

#[test]
fn a_removed_user_is_given_the_reason_and_the_others_are_informed() {
    let mut room = class(&["guy", "yuval"]);
    let effects = room.on_request(1, kick("GUY"), 0);
    let [left, refused, close, notice] = &effects[..] else {
        panic!("{effects:?}");
    };
    let told = Reply::Left {
        name: "guy".into(),
        why: "removed by dana: noise".into(),
    };
    assert_eq!(*left, send_to_everyone(told));
    let Effect::Send {
        to: Audience::One(2),
        reply: Reply::Refused(refusal),
    } = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!(refusal.code, Code::Kicked);
    assert!(refusal.sentence.contains("noise"), "{}", refusal.sentence);
    assert_eq!(*close, Effect::Close { client: 2 });
    let done = "GUY was removed.".to_owned();
    assert_eq!(*notice, send_to_one(1, Reply::Notice { text: done }));
    assert!(room.name_of(2).is_none());
    // It may join again.
    assert_eq!(join(&mut room, 4, "guy").len(), 3);
}

#[test]
fn a_banned_user_is_refused_by_name_and_address_until_the_ban_is_lifted() {
    let mut room = class(&["guy"]);
    room.on_request(1, ban("guy"), 0);
    room.on_connected(3, from("192.0.2.9"));
    assert_eq!(code(&join(&mut room, 3, "Guy")), Code::Banned);
    room.on_connected(4, from("192.0.2.7"));
    assert_eq!(code(&join(&mut room, 4, "somebody")), Code::Banned);
    let bans = vec![Ban {
        name: "guy".into(),
        address: Some("192.0.2.7".into()),
        why: "noise".into(),
    }];
    let listed = room.on_request(1, Request::Bans, 0);
    assert_eq!(listed, [send_to_one(1, Reply::Bans { bans, more: false })]);
    let name = "guy".to_owned();
    room.on_request(1, Request::Unban { name: name.clone() }, 0);
    assert_eq!(join(&mut room, 4, "guy").len(), 3);
    let again = room.on_request(1, Request::Unban { name }, 0);
    assert_eq!(code(&again), Code::NoSuchUser);
}

#[test]
fn a_ban_does_not_affect_other_users_behind_the_address_of_the_teacher() {
    let mut room = class(&["guy"]);
    room.on_connected(1, from("192.0.2.7"));
    room.on_request(1, ban("guy"), 0);
    room.on_connected(4, from("192.0.2.7"));
    assert_eq!(code(&join(&mut room, 4, "guy")), Code::Banned);
    assert_eq!(join(&mut room, 4, "yuval").len(), 3);
}

#[test]
fn an_absent_user_can_be_banned_but_not_removed() {
    let mut room = class(&[]);
    let effects = room.on_request(1, kick("guy"), 0);
    assert_eq!(code(&effects), Code::NoSuchUser);
    let effects = room.on_request(1, ban("guy"), 0);
    assert!(matches!(
        &effects[..],
        [Effect::Send {
            to: Audience::One(1),
            reply: Reply::Notice { .. }
        }]
    ));
    assert_eq!(code(&join(&mut room, 5, "guy")), Code::Banned);
}

#[test]
fn only_the_teacher_may_remove_or_ban_and_the_teacher_cannot_be_removed() {
    let mut room = class(&["guy", "yuval"]);
    let name = "yuval".to_owned();
    let unban = Request::Unban { name };
    for request in [kick("yuval"), ban("yuval"), unban, Request::Bans] {
        let effects = room.on_request(2, request, 0);
        assert_eq!(code(&effects), Code::NotTeacher);
    }
    // Nor a name that looks like the teacher's, present or not: that would ban the
    // teacher.
    for request in [kick("dana"), ban("dana"), ban("d\u{430}na"), ban("DANA")] {
        let effects = room.on_request(1, request, 0);
        assert_eq!(code(&effects), Code::BadRequest);
    }
    assert_eq!(room.members(Audience::Everyone).count(), 3);
    let mut room = room_with(&["guy", "yuval"]);
    let effects = room.on_request(1, kick("yuval"), 0);
    assert_eq!(code(&effects), Code::NotTeacher);
}

#[test]
fn a_reason_with_control_characters_or_of_excessive_length_is_refused() {
    let mut room = class(&["guy"]);
    let kick = |why: &str| Request::Kick {
        name: "guy".into(),
        why: why.to_owned(),
    };
    for why in ["a\nb", "\u{1b}[2J", &"a".repeat(201)] {
        assert_eq!(code(&room.on_request(1, kick(why), 0)), Code::BadText);
    }
    assert!(room.name_of(2).is_some());
    room.on_request(1, kick(&"a".repeat(200)), 0);
    assert!(room.name_of(2).is_none());
}

#[test]
fn a_ban_by_name_also_applies_to_a_client_that_is_logging_in() {
    let mut room = locked();
    login(&mut room, 1, "dana", CHALK);
    let asked = challenge(&mut room, 7, "guy");
    room.on_request(1, ban("guy"), 0);
    let proof = prove(&asked, "guy", SESAME);
    let effects = room.on_request(7, Request::Proof(proof), 0);
    assert_eq!(code(&effects), Code::Banned);
}

#[test]
fn the_second_of_two_simultaneous_logins_with_one_name_is_refused() {
    let mut room = locked();
    let [first, second] = [7, 8].map(|client| challenge(&mut room, client, "guy"));
    let proof = prove(&first, "guy", SESAME);
    room.on_request(7, Request::Proof(proof), 0);
    let proof = prove(&second, "guy", SESAME);
    let effects = room.on_request(8, Request::Proof(proof), 0);
    assert_eq!(code(&effects), Code::NameTaken);
    assert!(room.name_of(8).is_none());
}
