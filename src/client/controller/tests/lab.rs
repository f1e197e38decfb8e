//! Tests of a class at one client.

use super::*;
use crate::client::model::{ChatLine, LabState};
use crate::wire::message::{Assignment, Lab, LabFigures, LabOutcome, LabResult, LabRow};
use std::sync::Arc;

fn assignment(link: &str) -> Assignment {
    Assignment::example(link)
}

fn lab(number: u64, from: &str, link: &str) -> Reply {
    Reply::Lab(Lab {
        number,
        from: from.to_owned(),
        assignment: assignment(link),
    })
}

fn figures() -> LabFigures {
    LabFigures {
        verified: true,
        elapsed_us: 1_500_000,
        goodput: 66_666,
        sent_packets: 80,
        resent_packets: 10,
        predicted_packets: None,
    }
}

fn result(number: u64, outcome: LabOutcome) -> Request {
    Request::LabResult(LabResult { number, outcome })
}

fn state(client: &Controller) -> LabState {
    client.model().lab.as_ref().unwrap().state.clone()
}

#[test]
fn an_exercise_runs_only_after_the_user_agrees_and_its_results_are_sent() {
    let mut client = joined();
    reply(&mut client, lab(3, "noa", "seed=7;loss=10%"));
    assert_eq!(client.take_effects(), []);
    assert_eq!(state(&client), LabState::RequestedOptions);
    let asked = &last_line(&client).text;
    assert!(
        asked.starts_with("noa asks you to run exercise 3: lab run"),
        "{asked}"
    );
    assert!(asked.contains("--arq go-back-n"), "{asked}");
    client.on_intent(Intent::Input("/lab yes".into()), 10);
    let run = Effect::RunLab {
        number: 3,
        assignment: assignment("seed=7;loss=10%"),
    };
    assert_eq!(client.take_effects(), [run]);
    assert_eq!(state(&client), LabState::Running);
    let outcome = LabOutcome::Done(figures());
    client.on_event(
        Event::LabRan {
            number: 3,
            outcome: outcome.clone(),
        },
        20,
    );
    assert_eq!(requests(&mut client), [result(3, outcome)]);
    assert_eq!(state(&client), LabState::Done(figures()));
    assert_eq!(
        last_line(&client).text,
        "Exercise 3: verified in 1.500 s of virtual time, 66.7 kB/s, 80 packets, 10 retransmitted"
    );
    // Once is enough.
    client.on_intent(Intent::Input("/lab yes".into()), 30);
    assert_eq!(client.take_effects(), []);
}

#[test]
fn a_prediction_goes_to_the_teacher_with_the_result() {
    let mut client = joined();
    reply(&mut client, lab(3, "noa", "seed=7;loss=10%"));
    assert!(last_line(&client).text.contains("How many DATA packets"));
    client.on_intent(Intent::Input("/lab 85".into()), 10);
    assert_eq!(client.take_effects().len(), 1);
    let outcome = LabOutcome::Done(figures());
    client.on_event(Event::LabRan { number: 3, outcome }, 20);
    let predicted = LabOutcome::Done(LabFigures {
        predicted_packets: Some(85),
        ..figures()
    });
    assert_eq!(requests(&mut client), [result(3, predicted)]);
    let told = &last_line(&client).text;
    assert!(
        told.ends_with("10 retransmitted (predicted: 85 packets)"),
        "{told}"
    );
}

#[test]
fn a_refusal_is_sent_once_and_can_be_revised() {
    let mut client = joined();
    reply(&mut client, lab(3, "noa", "loss=10%"));
    let declined = result(3, LabOutcome::Declined);
    assert_eq!(typed(&mut client, "/lab no"), [declined]);
    assert_eq!(typed(&mut client, "/lab no"), []);
    client.on_intent(Intent::AnswerLab(true, None), 10);
    assert_eq!(state(&client), LabState::Running);
}

#[test]
fn a_user_who_accepts_all_exercises_is_not_asked() {
    let mut client = joined();
    client.on_intent(Intent::AcceptLabs(true), 0);
    reply(&mut client, lab(3, "noa", "loss=10%"));
    assert_eq!(client.take_effects().len(), 1);
    assert_eq!(state(&client), LabState::Running);
}

#[test]
fn an_exercise_that_is_too_large_or_invalid_is_refused_and_the_teacher_is_informed() {
    let mut client = joined();
    client.on_intent(Intent::AcceptLabs(true), 0);
    for bad in [
        Assignment {
            size: u64::MAX,
            ..assignment("")
        },
        Assignment {
            segment_bytes: 1,
            size: 1 << 22,
            ..assignment("")
        },
        assignment("los=10%"),
    ] {
        let number = 4;
        let from = "noa".to_owned();
        reply(
            &mut client,
            Reply::Lab(Lab {
                number,
                from,
                assignment: bad,
            }),
        );
        let sent = requests(&mut client);
        let [Request::LabResult(told)] = &sent[..] else {
            panic!("{sent:?}");
        };
        assert!(matches!(told.outcome, LabOutcome::Failed { .. }));
        assert!(client.model().lab.is_none());
    }
}

#[test]
fn after_a_reconnect_no_question_is_repeated_and_no_result_is_lost() {
    let mut client = joined();
    reply(&mut client, lab(3, "noa", "loss=10%"));
    client.on_intent(Intent::AnswerLab(true, None), 10);
    let _ = client.take_effects();
    reply(&mut client, lab(3, "noa", "loss=10%"));
    assert_eq!(client.take_effects(), []);
    let outcome = LabOutcome::Done(figures());
    client.on_event(
        Event::LabRan {
            number: 3,
            outcome: outcome.clone(),
        },
        20,
    );
    let _ = client.take_effects();
    reply(&mut client, lab(3, "noa", "loss=10%"));
    assert_eq!(requests(&mut client), [result(3, outcome)]);
    // The same number of another server is another assignment.
    reply(&mut client, lab(3, "noa", "loss=20%"));
    assert_eq!(state(&client), LabState::RequestedOptions);
}

#[test]
fn the_teacher_assigns_an_exercise_and_sees_its_echo_and_the_results() {
    let mut client = joined();
    let sent = typed(
        &mut client,
        "/lab seed=7;loss=10% --arq go-back-n --size 100000",
    );
    assert_eq!(sent, [Request::Lab(assignment("seed=7;loss=10%"))]);
    reply(&mut client, lab(1, "dana", "seed=7;loss=10%"));
    assert!(client.model().lab.is_none());
    assert!(last_line(&client).text.contains("/results"));
    assert_eq!(typed(&mut client, "/lab los=10%"), []);
    assert!(last_line(&client).text.contains("did you mean"));
    assert_eq!(typed(&mut client, "/results"), [Request::LabResults]);
    let row = |name: &str, outcome| LabRow {
        name: name.to_owned(),
        outcome,
    };
    let lists = [
        (vec![row("guy", LabOutcome::Done(figures()))], true),
        (vec![row("yuval\u{1b}[2J", LabOutcome::Declined)], false),
    ];
    for (rows, more) in lists {
        let number = 1;
        reply(&mut client, Reply::LabResults { number, rows, more });
    }
    assert_eq!(client.model().lab_rows.len(), 2);
    let lines: Vec<_> = client.model().chat.lines().collect();
    let [.., head, guy, yuval] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(
        head.text,
        "Exercise 1: 2 answers, 1 other users in the room."
    );
    assert!(guy.text.contains("66.7 kB/s"), "{}", guy.text);
    assert!(yuval.text.ends_with("declined"), "{}", yuval.text);
    assert!(!yuval.text.contains('\u{1b}'));
}

#[test]
fn class_exercises_are_accepted_automatically_for_two_minutes() {
    let mut client = joined();
    client.on_intent(Intent::AcceptLabs(true), 0);
    let mut now_ms = 10_000;
    let accepted = (1..1_000).take_while(|&number| {
        let offered = lab(number, "noa", "seed=7;loss=10%");
        client.on_event(Event::Reply(offered), now_ms);
        now_ms += 10_000;
        let outcome = LabOutcome::Done(figures());
        client.on_event(Event::LabRan { number, outcome }, now_ms);
        client
            .take_effects()
            .iter()
            .any(|effect| matches!(effect, Effect::RunLab { .. }))
    });
    assert_eq!(accepted.count(), 12);
    let is_told = |line: &Arc<ChatLine>| line.text.contains("two minutes");
    assert!(client.model().chat.lines().any(is_told));
}

#[test]
fn a_truncated_list_is_reported() {
    let mut client = joined();
    let names = vec![String::new(); 5_000];
    for _ in 0..21 {
        let (names, more) = (names.clone(), true);
        reply(&mut client, Reply::Users { names, more });
    }
    let (names, more) = (vec![], false);
    reply(&mut client, Reply::Users { names, more });
    assert_eq!(client.model().users.len(), 100_000);
    let is_told = |line: &Arc<ChatLine>| line.text.contains("listed 5000 users more");
    assert!(client.model().chat.lines().any(is_told));
}
