//! Tests of a class: exercises, results, and the teacher's view.

use super::super::class::Recorded;
use super::super::door::Teacher;
use super::super::login::{Entropy, Password, answer};
use super::*;
use crate::wire::message::Submission;
use crate::wire::message::{Assignment, Lab, LabFigures, LabOutcome, LabResult, LabRow};

/// A class of these users; dana, client 1, is the teacher.
pub(super) fn class(names: &[&str]) -> Room {
    let password = Password::new("chalk").unwrap();
    let mut room = Room::with_rules(
        NegotiatedOptions::DEFAULT,
        Rules {
            password: None,
            teacher: Some(Teacher {
                name: "dana".parse().unwrap(),
                password: password.clone(),
            }),
            is_class: true,
        },
    );
    teacher_comes(&mut room, 1);
    for (client, name) in (2..).zip(names) {
        join(&mut room, client, name);
    }
    room
}

/// Dana joins as this client, with the password.
pub(super) fn teacher_comes(room: &mut Room, client: ClientNumber) {
    join(room, client, "dana");
    let entropy = Entropy([1; 32]);
    let [Effect::Send { reply, .. }] = &room.on_drawn(client, entropy)[..] else {
        panic!("no challenge");
    };
    let Reply::Challenge(challenge) = reply else {
        panic!("{reply:?}");
    };
    let password = Password::new("chalk").unwrap();
    let (proof, _) = answer(&password, challenge, "dana", Entropy([2; 32])).unwrap();
    room.on_request(client, Request::Proof(proof), 0);
}

pub(super) fn assignment(link: &str) -> Assignment {
    Assignment::example(link)
}

fn give_out(room: &mut Room, link: &str) -> Vec<Effect> {
    room.on_request(1, Request::Lab(assignment(link)), 0)
}

fn done(number: u64) -> LabResult {
    let outcome = LabOutcome::Done(LabFigures {
        verified: true,
        elapsed_us: 1_500_000,
        goodput: 66_666,
        sent_packets: 80,
        resent_packets: 10,
        predicted_packets: Some(85),
    });
    LabResult { number, outcome }
}

fn answered(room: &mut Room, client: ClientNumber, result: LabResult) -> Vec<Effect> {
    room.on_request(client, Request::LabResult(result), 1000)
}

fn lab(number: u64, link: &str) -> Lab {
    Lab {
        number,
        from: "dana".into(),
        assignment: assignment(link),
    }
}

pub(super) fn rows(room: &mut Room) -> Vec<LabRow> {
    let effects = room.on_request(1, Request::LabResults, 0);
    let [Effect::Send { reply, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    let Reply::LabResults { rows, .. } = reply else {
        panic!("{reply:?}");
    };
    rows.clone()
}

#[test]
fn an_exercise_reaches_all_users_including_later_ones() {
    let mut room = class(&["guy"]);
    let effects = give_out(&mut room, "loss=5%");
    assert_eq!(effects, [send_to_everyone(Reply::Lab(lab(1, "loss=5%")))]);
    let effects = join(&mut room, 3, "yuval");
    let told = send_to_one(3, Reply::Lab(lab(1, "loss=5%")));
    assert_eq!(effects.last(), Some(&told));
    // The next one replaces it.
    give_out(&mut room, "loss=10%");
    let effects = join(&mut room, 4, "noa");
    let told = send_to_one(4, Reply::Lab(lab(2, "loss=10%")));
    assert_eq!(effects.last(), Some(&told));
}

#[test]
fn a_result_is_recorded_acknowledged_and_shown_to_the_teacher() {
    let mut room = class(&["guy"]);
    give_out(&mut room, "loss=5%");
    let effects = answered(&mut room, 2, done(1));
    let recorded = Recorded {
        time: 1000,
        name: "guy".into(),
        lab: Some(lab(1, "loss=5%")),
        question: None,
        outcome: done(1).outcome,
    };
    assert_eq!(effects[0], Effect::Record(Box::new(recorded)));
    assert!(matches!(
        &effects[1],
        Effect::Send {
            to: Audience::One(2),
            reply: Reply::Notice { .. }
        }
    ));
    let row = LabRow {
        name: "guy".into(),
        outcome: done(1).outcome,
    };
    assert_eq!(rows(&mut room), [row]);
    // A user who has answered is not asked again after joining again.
    room.on_gone(2, "connection lost");
    assert_eq!(join(&mut room, 3, "guy").len(), 3);
}

#[test]
fn an_exercise_can_be_answered_once_but_a_refusal_can_be_revised() {
    let mut room = class(&["guy"]);
    give_out(&mut room, "loss=5%");
    let declined = LabResult {
        number: 1,
        outcome: LabOutcome::Declined,
    };
    assert_eq!(answered(&mut room, 2, declined).len(), 2);
    assert_eq!(answered(&mut room, 2, done(1)).len(), 2);
    assert_eq!(code(&answered(&mut room, 2, done(1))), Code::NoSuchLab);
    assert_eq!(rows(&mut room).len(), 1);
}

#[test]
fn a_result_of_another_exercise_is_refused() {
    let mut room = class(&["guy"]);
    assert_eq!(code(&answered(&mut room, 2, done(1))), Code::NoSuchLab);
    give_out(&mut room, "loss=5%");
    give_out(&mut room, "loss=10%");
    assert_eq!(code(&answered(&mut room, 2, done(1))), Code::NoSuchLab);
    assert_eq!(answered(&mut room, 2, done(2)).len(), 2);
}

#[test]
fn only_the_teacher_of_a_class_may_assign_exercises_and_see_results() {
    let mut room = class(&["guy"]);
    let lab = Request::Lab(assignment(""));
    for request in [lab, Request::LabResults] {
        assert_eq!(code(&room.on_request(2, request, 0)), Code::NotTeacher);
    }
    room.door.rules.is_class = false;
    assert_eq!(code(&give_out(&mut room, "")), Code::NoSuchLab);
}

#[test]
fn an_oversized_scenario_is_refused_and_an_oversized_error_text_is_truncated() {
    let mut room = class(&["guy"]);
    for link in [
        "a".repeat(LONGEST_LINE_BYTES),
        "loss=5%\u{1b}[2J".to_owned(),
    ] {
        assert_eq!(code(&give_out(&mut room, &link)), Code::BadText);
    }
    give_out(&mut room, "loss=5%");
    let failed = LabResult {
        number: 1,
        outcome: LabOutcome::Failed {
            sentence: "x".repeat(10_000),
        },
    };
    answered(&mut room, 2, failed);
    let LabOutcome::Failed { sentence } = &rows(&mut room)[0].outcome else {
        panic!("not failed");
    };
    assert_eq!(sentence.len(), 200);
}

#[test]
fn an_invalid_scenario_is_refused_with_the_reason() {
    let effects = Room::on_bad_lab(1, "it never ends");
    assert_eq!(code(&effects), Code::BadOption);
    let told = format!("{effects:?}");
    assert!(told.contains("it never ends"), "{told}");
}

fn submission(assignment: &str, points: u32) -> Request {
    Request::Submit(Submission {
        assignment: assignment.into(),
        points,
        of: 110,
        passed: 10,
        scenarios: 21,
    })
}

#[test]
fn the_newest_submission_of_each_name_and_exercise_is_shown() {
    let mut room = class(&["guy", "yuval"]);
    for (client, name, points) in [
        (2, "go-back-n", 46),
        (3, "go-back-n", 60),
        (2, "go-back-n", 110),
        (2, "stop-and-wait", 80),
    ] {
        let effects = room.on_request(client, submission(name, points), 0);
        assert!(matches!(&effects[0], Effect::Record(_)), "{effects:?}");
    }
    give_out(&mut room, "loss=5%"); // An exercise does not change them.
    let shown: Vec<_> = rows(&mut room)
        .into_iter()
        .map(|row| {
            let LabOutcome::Submitted(it) = row.outcome else {
                panic!("{row:?}");
            };
            (row.name, it.assignment, it.points)
        })
        .collect();
    let expected = [
        ("yuval", "go-back-n", 60),
        ("guy", "go-back-n", 110),
        ("guy", "stop-and-wait", 80),
    ];
    let expected = expected.map(|(name, of, points)| (name.into(), of.into(), points));
    assert_eq!(shown, expected);
}

#[test]
fn an_impossible_submission_is_refused() {
    let mut room = class(&["guy"]);
    let long = "x".repeat(41);
    for (name, points) in [("go-back-n", 111), ("", 1), ("=cmd()", 1), (&long[..], 1)] {
        let effects = room.on_request(2, submission(name, points), 0);
        assert_eq!(effects.len(), 1, "{name} {points}");
        assert!(matches!(
            &effects[0],
            Effect::Send {
                reply: Reply::Error(_),
                ..
            }
        ));
    }
    give_out(&mut room, "loss=5%");
    let Request::Submit(it) = submission("go-back-n", 1) else {
        panic!("it is one");
    };
    let outcome = LabOutcome::Submitted(it);
    let effects = answered(&mut room, 2, LabResult { number: 1, outcome });
    assert_eq!(effects.len(), 1, "a submission answers no lab");
    assert_eq!(rows(&mut room), []);
}
