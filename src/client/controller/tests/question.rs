//! Tests of a question at one client.

use super::*;
use crate::lab::class_question::{RunQuestion, usual_moment};
use crate::wire::message::{
    About, Answered, ClassAnswer, ClassQuestion, LabOutcome, Question, Revealed,
};
use crate::wire::options::Congestion;

fn assignment() -> Assignment {
    Assignment {
        link: "drop=d2.1;delay=50ms".to_owned(),
        arq: Arq::GoBackN,
        window: 4,
        congestion: Congestion::Fixed,
        segment_bytes: 1_436,
        size: 8 * 1_436,
    }
}

fn question(number: u64, from: &str, about: About) -> Reply {
    Reply::Question(Question {
        number,
        from: from.to_owned(),
        question: ClassQuestion {
            about,
            assignment: assignment(),
        },
    })
}

fn usual() -> About {
    usual_moment(&assignment()).unwrap()
}

fn answer(number: u64, answer: Answer) -> Request {
    Request::Answer(ClassAnswer { number, answer })
}

#[test]
fn a_question_is_worked_out_answered_changed_and_judged_at_the_end() {
    let mut client = joined();
    reply(&mut client, question(1, "noa", usual()));
    assert!(
        last_line(&client)
            .text
            .starts_with("noa asks question 1: What does")
    );
    let right = client.model().question.as_ref().unwrap().run.right();
    let wrong = (0..4).map(Answer::Choice).find(|it| *it != right).unwrap();
    client.on_intent(Intent::AnswerQuestion(wrong), 0);
    assert_eq!(requests(&mut client), [answer(1, wrong)]);
    let letter = crate::lab::class_question::short(right);
    let line = format!("/answer {letter}");
    assert_eq!(typed(&mut client, &line), [answer(1, right)]);
    for no_answer in ["/answer e", "/answer 12"] {
        assert_eq!(typed(&mut client, no_answer), []);
        let told = "Answer question 1 with a, b, c or d.";
        assert_eq!(last_line(&client).text, told);
    }
    reply(
        &mut client,
        Reply::Revealed(Revealed::of(1, [right, wrong])),
    );
    let told = &last_line(&client).text;
    assert!(
        told.starts_with("Question 1: 2 answers. Your answer is right. "),
        "{told}"
    );
    assert_eq!(typed(&mut client, &line), []);
    assert!(last_line(&client).text.contains("is over"));
    let outcome = LabOutcome::Answered(ClassAnswer {
        number: 1,
        answer: wrong,
    });
    assert_eq!(client.judge(&outcome), ", wrong");
}

#[test]
fn before_the_end_nothing_that_is_shown_tells_what_is_right() {
    let mut client = joined();
    reply(&mut client, question(1, "noa", About::Packets));
    let question = client.model().question.clone().unwrap();
    let outcome = LabOutcome::Answered(ClassAnswer {
        number: 1,
        answer: question.run.right(),
    });
    assert_eq!(client.judge(&outcome), "", "no judgement of what is open");
    assert!(
        !question.run.text().contains("12"),
        "{}",
        question.run.text()
    );
    assert!(
        client
            .model()
            .chat
            .lines()
            .all(|line| !line.text.contains("12"))
    );
}

#[test]
fn a_lost_connection_keeps_the_answer_where_the_question_comes_again() {
    for comes_again in [true, false] {
        let mut client = joined();
        reply(&mut client, question(1, "noa", usual()));
        client.on_intent(Intent::AnswerQuestion(Answer::Choice(2)), 0);
        let lines = client.model().chat.count();
        welcome(&mut client);
        assert_eq!(client.model().question, None, "perhaps it is over");
        let _ = client.take_effects();
        if comes_again {
            reply(&mut client, question(1, "noa", usual()));
            let known = client.model().question.as_ref().unwrap();
            assert_eq!(known.answer, Some(Answer::Choice(2)));
            assert!(
                client.model().chat.count() <= lines + 1,
                "nobody is asked twice"
            );
        } else {
            assert_eq!(typed(&mut client, "/answer b"), []);
            let told = "There is no question to answer.";
            assert_eq!(last_line(&client).text, told);
        }
    }
}

#[test]
fn the_teacher_asks_what_can_be_asked_and_hears_when_everybody_has_answered() {
    let mut client = joined();
    let asked = |about| {
        Request::Ask(ClassQuestion {
            about,
            assignment: assignment(),
        })
    };
    let line = "/ask drop=d2.1;delay=50ms --arq go-back-n";
    assert_eq!(typed(&mut client, line), [asked(usual())]);
    let packets = format!("{line} --packets");
    assert_eq!(typed(&mut client, &packets), [asked(About::Packets)]);
    assert_eq!(typed(&mut client, &format!("{line} --moment 99")), []);
    let told = &last_line(&client).text;
    assert!(told.contains("moments: --moment 1 to"), "{told}");
    reply(&mut client, question(1, "dana", usual()));
    assert_eq!(typed(&mut client, "/answer a"), []);
    assert!(last_line(&client).text.contains("your class answers it"));
    let (number, count) = (1, 1);
    reply(&mut client, Reply::Answered(Answered { number, count }));
    let told = "Everybody has answered question 1. /reveal shows the answers.";
    assert_eq!(last_line(&client).text, told);
    assert_eq!(client.model().question.as_ref().unwrap().answered, 1);
    assert_eq!(typed(&mut client, "/reveal"), [Request::Reveal]);
}

#[test]
fn what_cannot_be_worked_out_is_not_shown_and_a_flood_of_questions_ends() {
    let mut client = joined();
    let other = About::Next {
        moment: 1,
        choices: 2,
    };
    reply(&mut client, question(1, "noa", other));
    assert_eq!(client.model().question, None);
    assert!(last_line(&client).text.contains("cannot be shown here"));
    for number in 2..100 {
        reply(&mut client, question(number, "noa", usual()));
    }
    let number = client.model().question.as_ref().unwrap().number;
    assert_eq!(number, 20, "twenty at once");
    let later = question(100, "noa", usual());
    client.on_event(Event::Reply(later), 60_000);
    assert_eq!(client.model().question.as_ref().unwrap().number, 100);
    let run = RunQuestion::new(usual(), &assignment()).unwrap();
    assert_eq!(*client.model().question.as_ref().unwrap().run, run);
}
