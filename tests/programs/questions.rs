//! A question for a class of a hundred over real sockets: the test reads every byte that a
//! client receives, and every answer counts once.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "clients of a test are no threads of Sash, and may fail where they stand"
)]

use crate::class::{Class, ask, assignment};
use crate::raw_client::RawClient;
use sash::lab::class_question::RunQuestion;
use sash::wire::message::{About, Answer};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const CLASS: usize = 100;

fn student(class: &Class, name: &str) -> RawClient {
    RawClient::join(class.server.address(), name)
}

fn answers(student: &mut RawClient, number: u64, packets: u64) {
    student.send(&json!({"answer": {"number": number, "packets": packets}}));
}

#[test]
fn a_hundred_answers_within_a_second_are_counted_once_each_and_nobody_sees_one_before() {
    let run = RunQuestion::new(About::Packets, &assignment()).unwrap();
    let Answer::Packets(right) = run.right() else {
        panic!("a number is asked for");
    };
    let class = Class::with(|_| {});
    let mut teacher = class.teacher();
    let mut students: Vec<(u64, RawClient)> = (0..CLASS)
        .map(|place| student(&class, &format!("student{place}")))
        .enumerate()
        // Numbers that occur nowhere else; one answer in four is right.
        .map(|(place, raw)| match place as u64 {
            place if place % 4 == 0 => (u64::from(right), raw),
            place => (700_000 + place % 4, raw),
        })
        .collect();
    teacher.send(&ask(&json!("packets")));
    teacher.wait_for("question");
    let ready = Barrier::new(CLASS);
    let begins = thread::scope(|scope| {
        let threads: Vec<_> = students
            .iter_mut()
            .enumerate()
            .map(|(place, (packets, raw))| {
                let ready = &ready;
                scope.spawn(move || {
                    raw.wait_for("question");
                    ready.wait();
                    let begin = Instant::now();
                    // One in ten answers again: the last answer counts.
                    if place % 10 == 9 {
                        answers(raw, 1, 999_999);
                    }
                    answers(raw, 1, *packets);
                    let sent = begin.elapsed();
                    raw.wait_for("notice");
                    if place % 10 == 9 {
                        raw.wait_for("notice");
                    }
                    sent
                })
            })
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).max()
    });
    assert!(begins.unwrap() < Duration::from_secs(1), "{begins:?}");
    let mut late = student(&class, "late");
    late.wait_for("question");
    // One leaves after its answer, and one does not answer.
    students.pop();
    while teacher.wait_for("answered")["count"] != CLASS {}

    look_at_all(&students, &teacher, &late, right);
    teacher.send(&json!("reveal"));
    let expected = json!({
        "number": 1,
        "answers": CLASS,
        "counts": [
            {"packets": right, "count": 25},
            {"packets": 700_001, "count": 25},
            {"packets": 700_002, "count": 25},
            {"packets": 700_003, "count": 25},
        ],
    });
    for raw in students.iter_mut().map(|(_, raw)| raw) {
        assert_eq!(raw.wait_for("revealed"), expected);
    }
    assert_eq!(late.wait_for("revealed"), expected);
    assert_eq!(teacher.wait_for("revealed"), expected);

    let rows = class.rows(CLASS);
    assert_eq!(rows.len(), CLASS);
    let names: BTreeSet<_> = rows.iter().map(|row| row.split(',').nth(2)).collect();
    assert_eq!(names.len(), CLASS);
    let points = rows.iter().filter(|row| row.contains(",1,1,1,")).count();
    assert_eq!(points, 25, "{}", rows[0]);
    answers(&mut late, 1, 5);
    let over = late.wait_for("error");
    assert_eq!(over["code"], "no-such-question");
    // The teacher alone sees names.
    teacher.send(&json!("lab-results"));
    let table = teacher.wait_for("lab-results");
    assert_eq!(table["rows"].as_array().unwrap().len(), CLASS);
}

/// Every line that any client has received since the question.
fn look_at_all(
    students: &[(u64, RawClient)],
    teacher: &RawClient,
    late: &RawClient,
    right: u32,
) {
    let mut notices = BTreeSet::new();
    let mut questions = BTreeSet::new();
    let all = students.iter().map(|(_, raw)| raw).chain([late, teacher]);
    for raw in all {
        for line in &raw.received {
            for answer in ["70000", "999999"] {
                assert!(!line.contains(answer), "{line}");
            }
            let line: Value = serde_json::from_str(line).unwrap();
            let (keyword, fields) = line.as_object().unwrap().iter().next().unwrap();
            match keyword.as_str() {
                "question" => drop(questions.insert(fields.to_string())),
                "notice" => drop(notices.insert(fields.to_string())),
                "answered" => {
                    let keys: Vec<_> = fields.as_object().unwrap().keys().collect();
                    assert_eq!(keys, ["count", "number"]);
                }
                "challenge" | "welcome" | "history" | "joined" | "left" => {}
                other => panic!("{other}: {fields}"),
            }
        }
    }
    // One question for all, of these fields, and none of them is the right answer.
    assert_eq!(questions.len(), 1);
    let question: BTreeMap<String, Value> =
        serde_json::from_str(questions.first().unwrap()).unwrap();
    let mut fields: BTreeMap<String, Value> =
        serde_json::from_value(ask(&json!("packets"))["ask"].clone()).unwrap();
    fields.insert("number".into(), json!(1));
    fields.insert("from".into(), json!("dana"));
    assert_eq!(question, fields);
    assert!(!questions.first().unwrap().contains(&right.to_string()));
    // The notice is the same for every answer: noted, or changed.
    assert_eq!(notices.len(), 2, "{notices:?}");
    let counts = teacher.received.iter().filter(|it| it.contains("answered"));
    assert!(counts.count() < 40, "the counts are not throttled");
}

#[test]
fn a_choice_is_answered_by_letter_and_what_is_no_answer_is_refused() {
    let class = Class::with(|_| {});
    let mut teacher = class.teacher();
    let mut guy = student(&class, "guy");
    teacher.send(&ask(&json!({"next": {"moment": 1, "choices": 4}})));
    guy.wait_for("question");
    guy.send(&json!({"answer": {"number": 1, "choice": 4}}));
    assert_eq!(guy.wait_for("error")["code"], "no-such-question");
    guy.send(&json!({"answer": {"number": 1, "choice": 2}}));
    guy.wait_for("notice");
    guy.send(&json!("reveal"));
    assert_eq!(guy.wait_for("error")["code"], "not-teacher");
    teacher.send(&json!("reveal"));
    let expected = json!([{"choice": 2, "count": 1}]);
    assert_eq!(guy.wait_for("revealed")["counts"], expected);
    // The server rejects a question that the laboratory would not run.
    let mut large = ask(&json!("packets"));
    large["ask"]["size"] = json!(500 * 201);
    teacher.send(&large);
    assert_eq!(teacher.wait_for("error")["code"], "bad-option");
}
