//! Tests of the page without a window: requests, and what it shows.

use super::cards::{CARDS, Opens};
use super::export::Format;
use super::knob::Knob;
use super::*;
use crate::lab::journal::Entry;
use crate::lab::ladder::{self, TimeScale};
use crate::lab::race::Race;
use crate::lab::strip;
use crate::link::Direction;
use crate::link::Label;
use crate::wire::options::{Arq, Congestion};

fn setup(scenario: &str) -> Setup {
    Setup {
        scenario: scenario.to_owned(),
        size: 20_000,
        ..Setup::default()
    }
}

fn running(scenario: &str) -> Laboratory {
    let mut laboratory = Laboratory::default();
    laboratory.take(LaboratoryRequest::Run(setup(scenario)));
    assert_eq!(laboratory.notice(), None);
    laboratory
}

/// Lets time pass until this moment of the run is there.
fn play_to(laboratory: &mut Laboratory, time_us: u64) {
    laboratory.take(LaboratoryRequest::SetOneWayDelay(ONE_WAY_DELAYS.0));
    for _ in 0..10_000 {
        if laboratory.times_us().0 >= time_us || !laboratory.is_playing() {
            return;
        }
        laboratory.tick(Duration::from_millis(10));
    }
    panic!("it never comes to {time_us}");
}

fn problem(laboratory: &Laboratory) -> &str {
    let notice = laboratory.notice().expect("something is said");
    assert!(notice.is_problem, "{notice:?}");
    &notice.sentence
}

#[test]
fn an_invalid_scenario_is_reported_in_a_sentence_and_the_run_continues() {
    let mut laboratory = running("delay=50ms");
    laboratory.take(LaboratoryRequest::Run(setup("delay=50")));
    assert!(problem(&laboratory).starts_with("Invalid scenario: "));
    assert!(laboratory.player().is_some());
    assert_eq!(
        laboratory.setup().scenario,
        "delay=50",
        "what is typed stays"
    );
}

#[test]
fn a_killed_packet_is_lost_and_is_added_to_the_scenario() {
    let mut laboratory = running("delay=50ms");
    play_to(&mut laboratory, 175_000);
    let transmissions = laboratory.player().unwrap().in_flight();
    let victim = transmissions
        .iter()
        .find(|it| it.packet.number == 3)
        .unwrap();
    laboratory.take(LaboratoryRequest::Kill(Label::from(victim.packet)));
    assert_eq!(laboratory.setup().scenario, "delay=50ms;drop=d3.1");
    let Content::Player(player) = laboratory.content() else {
        panic!("a run is on the stage");
    };
    assert_eq!(player.strip().sender(3).look().name, "lost");
    laboratory.take(LaboratoryRequest::Kill(Label::from(victim.packet)));
    assert_eq!(problem(&laboratory), "d3.1 is no longer in flight.");
}

#[test]
fn a_packet_of_the_past_is_killed_by_running_the_experiment_again() {
    let mut laboratory = running("delay=50ms");
    play_to(&mut laboratory, 400_000);
    let end_us = laboratory.times_us().1;
    laboratory.take(LaboratoryRequest::Seek(175_000.0 / 400_000.0));
    assert!(laboratory.times_us().0 < end_us);
    laboratory.take(LaboratoryRequest::Kill("d3.1".parse().unwrap()));
    assert_eq!(laboratory.setup().scenario, "delay=50ms;drop=d3.1");
    let player = laboratory.player().unwrap();
    assert_eq!(player.strip().sender(3).look().name, "lost");
    assert!(!laboratory.is_playing());
}

#[test]
fn a_knob_changes_the_scenario_and_the_run_at_once() {
    let mut laboratory = running("delay=50ms");
    play_to(&mut laboratory, 120_000);
    let place = Knob::Delay.values().iter().position(|it| *it == "200ms");
    laboratory.take(LaboratoryRequest::Turn(Knob::Delay, place.unwrap()));
    assert_eq!(laboratory.setup().scenario, "delay=200ms");
    let scenario = laboratory.player().unwrap().scenario();
    let delay = scenario.conditions(Direction::Data).delay;
    assert_eq!(delay, Duration::from_millis(200));
}

#[test]
fn stepping_describes_each_event_and_the_beginning_and_the_end() {
    let mut laboratory = running("delay=50ms");
    laboratory.take(LaboratoryRequest::PlayOrPause);
    laboratory.take(LaboratoryRequest::Seek(0.0));
    laboratory.take(LaboratoryRequest::StepBack);
    laboratory.take(LaboratoryRequest::StepBack);
    let said = |laboratory: &Laboratory| laboratory.notice().unwrap().sentence.clone();
    assert_eq!(said(&laboratory), "This is the beginning.");
    laboratory.take(LaboratoryRequest::Step);
    assert_eq!(said(&laboratory), "The receiver sends SYN.");
    assert!(!laboratory.is_playing());
}

#[test]
fn exports_are_identical_to_the_files_that_lab_writes() {
    let mut laboratory = running("delay=50ms;drop=d2.1");
    play_to(&mut laboratory, 100_000_000);
    let written = |laboratory: &mut Laboratory, format| {
        laboratory.take(LaboratoryRequest::Export(format, PathBuf::from("x")));
        match laboratory.take_tasks().pop() {
            Some(Task::Write(_, bytes)) => bytes,
            other => panic!("{other:?}"),
        }
    };
    let window = written(&mut laboratory, Format::StripSvg);
    let first = written(&mut laboratory, Format::ViewSvg);
    let journal = written(&mut laboratory, Format::Journal);

    let experiment = setup("delay=50ms;drop=d2.1").experiment().unwrap();
    let run = journal_of(&experiment).unwrap();
    let mut lines = run.heading.to_line();
    lines.extend(run.entries.iter().map(Entry::to_line));
    assert_eq!(String::from_utf8(journal).unwrap(), lines);

    let mut scrubber = strip::Scrubber::new(run.heading.clone(), run.entries.clone());
    scrubber.at(usize::MAX);
    let picture = strip::picture(&run.heading, scrubber.strip(), scrubber.place());
    assert_eq!(String::from_utf8(window).unwrap(), picture.svg());

    let part = ladder::Excerpt {
        most_packets: 60,
        ..ladder::Excerpt::ALL
    };
    let picture = ladder::picture(&run.heading, &run.entries, part);
    assert_eq!(String::from_utf8(first).unwrap(), picture.svg());
}

#[test]
fn an_export_that_is_not_possible_is_reported() {
    let mut laboratory = Laboratory::default();
    laboratory.take(LaboratoryRequest::Export(
        Format::StripSvg,
        PathBuf::from("x"),
    ));
    assert!(problem(&laboratory).starts_with("There is nothing to export"));
    let mut laboratory = running("delay=50ms");
    laboratory.take(LaboratoryRequest::Export(Format::Csv, PathBuf::from("x")));
    assert!(problem(&laboratory).contains("Choose a chart"));
}

#[test]
fn a_race_runs_in_the_background_and_is_played_from_beginning_to_end() {
    let mut laboratory = Laboratory::default();
    laboratory.take(LaboratoryRequest::Race(setup("delay=10ms;loss=5%")));
    assert_eq!(laboratory.busy(), Some("Racing\u{2026}"));
    let Some(Task::Race(lanes)) = laboratory.take_tasks().pop() else {
        panic!("a race is to be run");
    };
    laboratory.hear(News::Raced(Ok(Race::run(&lanes).unwrap())));
    assert_eq!(laboratory.busy(), None);
    assert!(laboratory.is_playing());
    for _ in 0..200 {
        laboratory.tick(Duration::from_millis(100));
    }
    let (now_us, end_us) = laboratory.times_us();
    assert_eq!(now_us, end_us);
    assert!(!laboratory.is_playing());
}

#[test]
fn predict_asks_questions_shows_the_answers_and_counts_the_score() {
    let mut laboratory = Laboratory::default();
    laboratory.take(LaboratoryRequest::Predict(setup(
        "delay=50ms;drop=d2.1,d5.1",
    )));
    let quiz = |laboratory: &Laboratory| {
        let Content::Quiz(quiz) = laboratory.content() else {
            panic!("a quiz is on the stage");
        };
        let right = quiz.question().map(|question| question.right);
        (right, quiz.answered(), quiz.score())
    };
    let mut given = 0;
    while let (Some(right), _, _) = quiz(&laboratory) {
        let choice = if given == 0 { (right + 1) % 3 } else { right };
        laboratory.take(LaboratoryRequest::NextQuestion); // Not before it is answered.
        laboratory.take(LaboratoryRequest::Answer(choice));
        laboratory.take(LaboratoryRequest::Answer(right)); // The first answer counts.
        let answered = quiz(&laboratory).1.unwrap();
        assert_eq!(answered.is_right, given > 0);
        assert!(answered.verdict.contains("report/"), "{}", answered.verdict);
        laboratory.tick(Duration::from_millis(100));
        laboratory.take(LaboratoryRequest::NextQuestion);
        given += 1;
    }
    assert!(given > 2);
    assert_eq!(quiz(&laboratory).2, (given - 1, given));
}

#[test]
fn predict_asks_no_questions_about_a_congestion_controller() {
    let mut laboratory = Laboratory::default();
    laboratory.take(LaboratoryRequest::Predict(Setup {
        congestion: Congestion::Reno,
        arq: Arq::SelectiveRepeat,
        ..setup("delay=50ms")
    }));
    assert!(problem(&laboratory).starts_with("No question can be asked about this run"));
}

#[test]
fn every_card_opens_and_the_cards_are_shown_again() {
    let mut laboratory = Laboratory::default();
    for card in &CARDS {
        laboratory.take(LaboratoryRequest::OpenCard(card));
        assert_eq!(laboratory.notice(), None, "{}", card.name);
        assert_eq!(laboratory.card(), Some(card));
        assert_eq!(laboratory.setup(), &card.setup());
        let is_race = laboratory.busy().is_some();
        assert_eq!(is_race, card.opens == Opens::Race, "{}", card.name);
        if let Some(Task::Race(lanes)) = laboratory.take_tasks().pop() {
            laboratory.hear(News::Raced(Ok(Race::run(&lanes).unwrap())));
        }
        assert_eq!(laboratory.card(), Some(card));
        assert!(!matches!(laboratory.content(), Content::Empty));
        assert!((5..=8).contains(&card.packets), "{}", card.name);
        let thumbnail = card.thumbnail((300.0, 200.0)).unwrap();
        assert!(thumbnail.shapes.len() > 10, "{}", card.name);
        laboratory.take(LaboratoryRequest::ShowCards);
        assert!(matches!(laboratory.content(), Content::Empty));
    }
    laboratory.take(LaboratoryRequest::Run(setup("delay=50ms")));
    assert_eq!(laboratory.card(), None, "another run is no card's");
}

#[test]
fn a_question_is_always_about_what_the_sender_knows() {
    let mut laboratory = Laboratory::default();
    let quiz = CARDS.iter().find(|card| card.opens == Opens::Quiz).unwrap();
    laboratory.take(LaboratoryRequest::OpenCard(quiz));
    let shown = |laboratory: &Laboratory| {
        let player = laboratory.player().unwrap();
        assert_eq!(player.point_of_view(), laboratory.point_of_view());
        assert_eq!(
            player.seen().sides.receiver,
            laboratory.point_of_view() == PointOfView::Everything
        );
        laboratory.point_of_view()
    };
    laboratory.take(LaboratoryRequest::See(PointOfView::Everything));
    assert_eq!(shown(&laboratory), PointOfView::Sender);
    laboratory.take(LaboratoryRequest::Answer(0));
    assert_eq!(shown(&laboratory), PointOfView::Everything);
    laboratory.take(LaboratoryRequest::NextQuestion);
    assert_eq!(shown(&laboratory), PointOfView::Sender);

    // The same of a question of the class, until its answers are shown.
    let journal = journal_of(&quiz.setup().experiment().unwrap()).unwrap();
    for is_revealed in [false, true] {
        laboratory.stop_at(journal.clone(), 40, is_revealed);
        let is_sender = shown(&laboratory) == PointOfView::Sender;
        assert_eq!(is_sender, !is_revealed);
    }
}

#[test]
fn the_wheel_shows_earlier_moments_of_the_ladder_and_a_step_returns_to_now() {
    let mut laboratory = running("delay=50ms;rate=1mbit");
    play_to(&mut laboratory, 300_000);
    let back_us = |laboratory: &Laboratory| laboratory.lens().back_us;
    for scale in TimeScale::ALL {
        laboratory.take(LaboratoryRequest::SetTimeScale(scale));
        laboratory.take(LaboratoryRequest::Scroll(2));
        let some = back_us(&laboratory);
        assert!(some > 0, "{scale:?}");
        laboratory.take(LaboratoryRequest::Zoom(3));
        assert_eq!(back_us(&laboratory), some, "{scale:?}");
        laboratory.take(LaboratoryRequest::Scroll(10_000));
        let now_us = laboratory.times_us().0;
        assert_eq!(back_us(&laboratory), now_us, "not before the beginning");
        laboratory.take(LaboratoryRequest::Scroll(-10_000));
        assert_eq!(back_us(&laboratory), 0, "not after now");
        laboratory.take(LaboratoryRequest::Scroll(2));
        laboratory.take(LaboratoryRequest::Step);
        assert_eq!(back_us(&laboratory), 0, "{scale:?}");
    }
    laboratory.take(LaboratoryRequest::Zoom(i32::MAX));
    laboratory.take(LaboratoryRequest::Zoom(i32::MIN));
    assert!((laboratory.lens().zoom - 1.0 / 16.0).abs() < 1e-9);
}
