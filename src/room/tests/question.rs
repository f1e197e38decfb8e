//! Tests of a question: asked, answered, changed, left open, shown.

use super::class::{self, assignment, class, rows};
use super::*;
use crate::room::class::Recorded;
use crate::wire::message::{
    About, Answer, Answered, ClassAnswer, ClassQuestion, LabOutcome, Question, Revealed,
    Tally,
};

const NEXT: About = About::Next {
    moment: 1,
    choices: 4,
};

fn asked(about: About) -> ClassQuestion {
    ClassQuestion {
        about,
        assignment: assignment("drop=d2.1"),
    }
}

fn ask(room: &mut Room, about: About) -> Vec<Effect> {
    room.on_request(1, Request::Ask(asked(about)), 0)
}

fn question(number: u64, about: About) -> Question {
    Question {
        number,
        from: "dana".into(),
        question: asked(about),
    }
}

fn answers(
    room: &mut Room,
    client: ClientNumber,
    number: u64,
    answer: Answer,
    time: u64,
) -> Vec<Effect> {
    room.on_request(
        client,
        Request::Answer(ClassAnswer { number, answer }),
        time,
    )
}

fn reveal(room: &mut Room) -> Vec<Effect> {
    room.on_request(1, Request::Reveal, 0)
}

fn revealed(effects: &[Effect]) -> &Revealed {
    let Some(Effect::Send {
        to: Audience::Everyone,
        reply: Reply::Revealed(revealed),
    }) = effects.first()
    else {
        panic!("{effects:?}");
    };
    revealed
}

fn told(number: u64, count: u64) -> Effect {
    send_to_one(1, Reply::Answered(Answered { number, count }))
}

fn complaint(effects: &[Effect]) -> &str {
    let [
        Effect::Send {
            reply: Reply::Error(complaint),
            ..
        },
    ] = effects
    else {
        panic!("{effects:?}");
    };
    assert_eq!(complaint.code, Code::NoSuchQuestion);
    &complaint.sentence
}

#[test]
fn all_hear_the_question_the_last_answer_of_each_name_counts_and_all_see_the_counts() {
    let mut room = class(&["guy", "yuval", "noa"]);
    let effects = ask(&mut room, NEXT);
    assert_eq!(
        effects,
        [send_to_everyone(Reply::Question(question(1, NEXT)))]
    );
    answers(&mut room, 2, 1, Answer::Choice(0), 1_000);
    answers(&mut room, 3, 1, Answer::Choice(1), 2_000);
    answers(&mut room, 2, 1, Answer::Choice(1), 3_000);
    assert_eq!(rows(&mut room), [], "no answer leaves before the end");
    let effects = reveal(&mut room);
    let tally = Tally {
        answer: Answer::Choice(1),
        count: 2,
    };
    let expected = Revealed {
        number: 1,
        answers: 2,
        counts: vec![tally],
    };
    assert_eq!(*revealed(&effects), expected);
    let outcome = LabOutcome::Answered(ClassAnswer {
        number: 1,
        answer: Answer::Choice(1),
    });
    let recorded = |time, name: &str| {
        Effect::Record(Box::new(Recorded {
            time,
            name: name.into(),
            lab: None,
            question: Some(question(1, NEXT)),
            outcome: outcome.clone(),
        }))
    };
    assert_eq!(
        effects[1..],
        [recorded(3_000, "guy"), recorded(2_000, "yuval")]
    );
    let names: Vec<_> = rows(&mut room).into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["guy", "yuval"]);
}

#[test]
fn no_reply_before_the_end_says_what_somebody_has_answered() {
    let mut room = class(&["guy", "yuval"]);
    let about = About::Packets;
    let mut effects = ask(&mut room, about);
    effects.extend(answers(&mut room, 2, 1, Answer::Packets(777), 1_000));
    effects.extend(answers(&mut room, 2, 1, Answer::Packets(778), 2_000));
    effects.extend(room.on_request(1, Request::LabResults, 2_000));
    effects.extend(join(&mut room, 9, "noa"));
    effects.extend(room.on_tick(5_000));
    assert!(effects.len() > 8);
    for effect in effects {
        let Effect::Send { reply, .. } = effect else {
            panic!("{effect:?}");
        };
        let line = reply.to_line();
        assert!(!line.contains("77"), "{line}");
    }
}

#[test]
fn the_teacher_hears_how_many_have_answered_four_times_a_second_and_the_last_count() {
    let names: Vec<String> = (0..100).map(|n| format!("student{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut room = class(&names);
    ask(&mut room, NEXT);
    let mut counts = Vec::new();
    for client in 2..102 {
        let time = 10_000 + client; // All within a tenth of a second.
        let effects = answers(&mut room, client, 1, Answer::Choice(2), time);
        counts.extend(effects.into_iter().filter(|it| {
            matches!(
                it,
                Effect::Send {
                    to: Audience::One(1),
                    ..
                }
            )
        }));
    }
    assert_eq!(counts, [told(1, 1)]);
    assert!(room.has_waiting());
    assert_eq!(room.on_tick(10_200), []);
    assert_eq!(room.on_tick(10_300), [told(1, 100)]);
    assert!(!room.has_waiting());
    assert_eq!(room.on_tick(20_000), []);
    // A clock that was set back does not stop the reports.
    room.on_gone(2, "connection lost");
    join(&mut room, 200, "late");
    let effects = answers(&mut room, 200, 1, Answer::Choice(0), 5_000);
    assert_eq!(effects[1..], [told(1, 101)]);
}

#[test]
fn whoever_comes_later_is_asked_and_whoever_leaves_has_answered() {
    let mut room = class(&["guy"]);
    ask(&mut room, NEXT);
    let effects = join(&mut room, 3, "yuval");
    let hears = send_to_one(3, Reply::Question(question(1, NEXT)));
    assert_eq!(effects.last(), Some(&hears));
    answers(&mut room, 3, 1, Answer::Choice(3), 1_000);
    room.on_gone(3, "connection lost");
    // When it joins again, it gets the question again, and its new answer counts.
    let effects = join(&mut room, 4, "yuval");
    assert_eq!(
        effects.last(),
        Some(&send_to_one(4, Reply::Question(question(1, NEXT))))
    );
    room.on_gone(4, "disconnected");
    let effects = reveal(&mut room);
    assert_eq!(revealed(&effects).counts[0].answer, Answer::Choice(3));
    // A question that is over is not asked any more.
    let effects = join(&mut room, 5, "noa");
    assert!(!format!("{effects:?}").contains("Question"), "{effects:?}");
}

#[test]
fn a_teacher_may_leave_and_come_back_and_the_question_stays_open() {
    let mut room = class(&["guy"]);
    ask(&mut room, NEXT);
    room.on_gone(1, "connection lost");
    let effects = answers(&mut room, 2, 1, Answer::Choice(1), 1_000);
    assert_eq!(effects.len(), 1, "nobody is there to be told");
    assert!(!room.has_waiting());
    class::teacher_comes(&mut room, 7);
    let effects = room.open_question(7);
    let Effect::Send { reply, .. } = effects.last().unwrap() else {
        panic!("{effects:?}");
    };
    let expected = Answered {
        number: 1,
        count: 1,
    };
    assert_eq!(*reply, Reply::Answered(expected));
    let effects = room.on_request(7, Request::Reveal, 2_000);
    assert_eq!(revealed(&effects).answers, 1);
}

#[test]
fn a_second_question_waits_for_the_end_of_the_first_and_nobody_need_answer() {
    let mut room = class(&["guy"]);
    assert!(complaint(&reveal(&mut room)).contains("No question is open"));
    ask(&mut room, NEXT);
    let second = ask(&mut room, NEXT);
    assert!(complaint(&second).contains("Question 1 is still open"));
    let effects = reveal(&mut room);
    let nobody = Revealed {
        number: 1,
        answers: 0,
        counts: Vec::new(),
    };
    assert_eq!(*revealed(&effects), nobody);
    assert_eq!(effects.len(), 1);
    assert!(complaint(&reveal(&mut room)).contains("No question is open"));
    let effects = ask(&mut room, About::Packets);
    let second = question(2, About::Packets);
    assert_eq!(effects, [send_to_everyone(Reply::Question(second))]);
}

#[test]
fn an_answer_that_cannot_count_gets_a_sentence() {
    let mut room = class(&["guy"]);
    let why = |room: &mut Room, client, number, answer| {
        complaint(&answers(room, client, number, answer, 1_000)).to_owned()
    };
    let one = Answer::Choice(1);
    assert_eq!(why(&mut room, 2, 1, one), "There is no question 1.");
    ask(&mut room, NEXT);
    assert_eq!(why(&mut room, 2, 2, one), "There is no question 2.");
    assert_eq!(why(&mut room, 2, 0, one), "There is no question 0.");
    for wrong in [Answer::Choice(4), Answer::Packets(1)] {
        assert_eq!(
            why(&mut room, 2, 1, wrong),
            "This is not an answer to question 1."
        );
    }
    assert!(why(&mut room, 1, 1, one).contains("your class answers it"));
    reveal(&mut room);
    assert!(why(&mut room, 2, 1, one).contains("is over"));
    ask(&mut room, About::Packets);
    let large = Answer::Packets(1_000_001);
    assert_eq!(
        why(&mut room, 2, 2, large),
        "This is not an answer to question 2."
    );
    let effects = reveal(&mut room);
    assert_eq!(revealed(&effects).answers, 0);
}

#[test]
fn nobody_but_the_teacher_asks_and_reveals_and_only_in_a_class() {
    let mut room = class(&["guy"]);
    for request in [Request::Ask(asked(NEXT)), Request::Reveal] {
        assert_eq!(code(&room.on_request(2, request, 0)), Code::NotTeacher);
    }
    for (moment, choices) in [(0, 4), (65, 4), (1, 1), (1, 9)] {
        let about = About::Next { moment, choices };
        assert_eq!(code(&ask(&mut room, about)), Code::BadText, "{about:?}");
    }
    room.door.rules.is_class = false;
    assert_eq!(code(&ask(&mut room, NEXT)), Code::NoSuchLab);
}

#[test]
fn two_thousand_names_may_answer_and_an_answer_is_no_result_of_a_lab() {
    let mut room = class(&[]);
    ask(&mut room, NEXT);
    for client in 2..2_003 {
        join(&mut room, client, &format!("student{client}"));
        let effects = answers(&mut room, client, 1, Answer::Choice(0), 0);
        let is_last = client == 2_002;
        let is_refused = matches!(
            effects[0],
            Effect::Send {
                reply: Reply::Error(_),
                ..
            }
        );
        assert_eq!(is_refused, is_last, "{client}");
    }
    let changed = answers(&mut room, 2, 1, Answer::Choice(1), 0);
    assert!(format!("{changed:?}").contains("changed"), "{changed:?}");
    room.on_request(1, Request::Lab(assignment("")), 0);
    let outcome = LabOutcome::Answered(ClassAnswer {
        number: 1,
        answer: Answer::Choice(1),
    });
    let result = crate::wire::message::LabResult { number: 1, outcome };
    let effects = room.on_request(2, Request::LabResult(result), 0);
    assert_eq!(code(&effects), Code::NoSuchLab);
    assert_eq!(revealed(&reveal(&mut room)).answers, 2_000);
}
