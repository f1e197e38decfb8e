use super::*;
use crate::wire::message::Revealed;

fn assignment(link: &str, arq: Arq, window: u32) -> Assignment {
    Assignment {
        link: link.to_owned(),
        arq,
        window,
        congestion: Congestion::Fixed,
        segment_bytes: 1_436,
        size: 8 * 1_436,
    }
}

const LOSSY: &str = "drop=d2.1;delay=50ms";

#[test]
fn the_usual_moment_is_the_one_at_which_the_sender_retransmits() {
    for (arq, window) in [
        (Arq::StopAndWait, 1),
        (Arq::GoBackN, 4),
        (Arq::SelectiveRepeat, 4),
        (Arq::Sack, 4),
    ] {
        let lesson = assignment(LOSSY, arq, window);
        let about = usual_moment(&lesson).unwrap();
        let question = RunQuestion::new(about, &lesson).unwrap();
        let Answer::Choice(right) = question.right() else {
            panic!("{arq}: not a choice");
        };
        let right = &question.choices()[usize::from(right)];
        let expected = if arq == Arq::GoBackN {
            "retransmits DATA 2 to 5"
        } else {
            "retransmits DATA 2"
        };
        assert!(right.contains(expected), "{arq}: {right}");
        assert!(question.text().contains("What does the sender do next"));
        assert!(!question.happened().is_empty());
    }
}

#[test]
fn the_moments_are_those_of_the_quiz_and_a_number_beyond_them_is_refused() {
    let lesson = assignment(LOSSY, Arq::GoBackN, 4);
    let experiment = check(About::Packets, &lesson).unwrap();
    let choosing = Choosing {
        questions: MOMENTS,
        seed: SEED,
    };
    let quiz = predict::ask(&[experiment], choosing).unwrap();
    for (place, expected) in quiz.iter().enumerate() {
        let number = u32::try_from(place).unwrap() + 1;
        let question = RunQuestion::new(moment(&lesson, number).unwrap(), &lesson);
        let question = question.unwrap();
        assert_eq!(question.index(), expected.index);
        assert_eq!(
            question.right(),
            Answer::Choice(u8::try_from(expected.right).unwrap())
        );
    }
    let moments = quiz.len();
    assert!(moments > 2);
    let beyond = u32::try_from(moments).unwrap() + 1;
    for number in [0, beyond] {
        let refused = moment(&lesson, number);
        assert_eq!(refused, Err(NoQuestion::NoMoment { moments }), "{number}");
    }
    let About::Next { moment, choices } = usual_moment(&lesson).unwrap() else {
        panic!("not a moment");
    };
    let choices = choices - 1;
    let other = RunQuestion::new(About::Next { moment, choices }, &lesson);
    assert_eq!(other.unwrap_err(), NoQuestion::OtherChoices);
}

#[test]
fn a_number_is_what_the_run_counts_and_the_reason_names_what_was_retransmitted() {
    for (arq, window, expected) in [
        (Arq::StopAndWait, 1, 9),
        (Arq::GoBackN, 4, 12),
        (Arq::SelectiveRepeat, 4, 9),
        (Arq::Sack, 4, 9),
    ] {
        let lesson = assignment(LOSSY, arq, window);
        let question = RunQuestion::new(About::Packets, &lesson).unwrap();
        assert_eq!(question.right(), Answer::Packets(expected), "{arq}");
        let figures = assignment::run(assignment::experiment(&lesson).unwrap(), || true);
        assert_eq!(figures.unwrap().sent_packets, u64::from(expected), "{arq}");
        assert!(
            question.reason().contains("(DATA 2"),
            "{}",
            question.reason()
        );
        assert_eq!(question.choices(), [""; 0]);
        assert_eq!(question.possible(), "a number");
    }
    let perfect = assignment("delay=50ms", Arq::GoBackN, 4);
    let question = RunQuestion::new(About::Packets, &perfect).unwrap();
    assert!(question.reason().contains("each transmitted once"));
}

#[test]
fn up_to_the_moment_the_run_tells_nothing_of_what_comes_after_it() {
    let lesson = assignment(LOSSY, Arq::GoBackN, 4);
    let question = RunQuestion::new(usual_moment(&lesson).unwrap(), &lesson).unwrap();
    let before = question.journal_up_to_the_moment();
    assert_eq!(before.entries.len(), question.index());
    assert!(before.entries.len() < question.journal().entries.len());
    let (_, again) = transmitted(&before.entries);
    assert_eq!(again, [0; 0], "nothing was retransmitted yet");
    let (_, again) = transmitted(&question.journal().entries);
    assert_eq!(again, [2, 3, 4, 5]);
    let packets = RunQuestion::new(About::Packets, &lesson).unwrap();
    let before = packets.journal_up_to_the_moment().entries;
    assert!(
        !ladder::last_rows(&packets.journal.heading, &before, 50)
            .iter()
            .any(|row| row.contains("DATA"))
    );
}

#[test]
fn what_is_no_question_is_refused_with_a_sentence() {
    let lesson = assignment(LOSSY, Arq::Sack, 4);
    let why = |lesson: Assignment| {
        let moment = About::Next {
            moment: 1,
            choices: 4,
        };
        RunQuestion::new(moment, &lesson).unwrap_err().to_string()
    };
    let controlled = why(Assignment {
        congestion: Congestion::Reno,
        ..lesson.clone()
    });
    assert!(
        controlled.contains("leave --congestion out"),
        "{controlled}"
    );
    let large = why(Assignment {
        size: 201 * 1_436,
        ..lesson.clone()
    });
    assert!(large.contains("201, at most 200"), "{large}");
    let endless = run_within(About::Packets, &lesson, 50).unwrap_err();
    assert!(endless.to_string().contains("stopped"), "{endless}");
    let unreadable = why(assignment("los=1%", Arq::GoBackN, 4));
    assert!(unreadable.contains("did you mean"), "{unreadable}");
    let nothing = why(Assignment { size: 0, ..lesson });
    assert!(nothing.contains("no moment to ask about"), "{nothing}");
}

#[test]
fn the_bars_have_every_choice_in_its_place_and_their_shares() {
    let lesson = assignment(LOSSY, Arq::GoBackN, 4);
    let question = RunQuestion::new(usual_moment(&lesson).unwrap(), &lesson).unwrap();
    let right = question.right();
    let wrong = (0..4).map(Answer::Choice).find(|it| *it != right).unwrap();
    let revealed = Revealed::of(1, [right, right, wrong]);
    let bars = question.bars(&revealed);
    assert_eq!(bars.len(), 4);
    let counts: u64 = bars.iter().map(|bar| bar.count).sum();
    assert_eq!(counts, 3);
    let bar = bars.iter().find(|bar| bar.is_right).unwrap();
    assert_eq!((bar.answer, bar.count, bar.percent), (right, 2, 67));
    let rows = question.rows(&revealed, Some(wrong));
    assert_eq!(rows.len(), 4);
    assert_eq!(rows.iter().filter(|row| row.starts_with('>')).count(), 1);
    assert!(
        rows.iter().any(|row| row.ends_with("your answer")),
        "{rows:?}"
    );
    let nobody = question.rows(&Revealed::of(1, []), None);
    assert!(
        nobody.iter().all(|row| row.contains("   0   0 %")),
        "{nobody:?}"
    );
    assert!(
        question
            .verdict(Some(right))
            .starts_with("Your answer is right. ")
    );
}

#[test]
fn of_many_numbers_the_right_one_is_always_among_those_shown() {
    let lesson = assignment(LOSSY, Arq::GoBackN, 4);
    let question = RunQuestion::new(About::Packets, &lesson).unwrap();
    let given = (20..60).flat_map(|it| [Answer::Packets(it), Answer::Packets(it)]);
    let revealed = Revealed::of(1, given.chain([Answer::Packets(12)]));
    let bars = question.bars(&revealed);
    assert_eq!(bars.len(), 8);
    assert_eq!((bars[0].label.as_str(), bars[0].count), ("12", 1));
    let rows = question.rows(&revealed, None);
    assert_eq!(rows.last().unwrap(), "  66 other answers");
}

#[test]
fn letters_and_numbers_are_read_as_they_are_shown() {
    for answer in [Answer::Choice(0), Answer::Choice(3), Answer::Packets(23)] {
        assert_eq!(typed(&short(answer)), Some(answer));
    }
}
