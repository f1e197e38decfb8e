//! The laboratory in a real window on a virtual display, with typed keys and mouse
//! clicks.
//!
//! Xvfb is the display, `xdotool` types and clicks, and `import` of `ImageMagick` takes
//! pictures. The exports of the window are compared with those of `lab`.
//!
//! ```text
//! SASH_SCREENSHOTS=diagrams cargo test --test window laboratory::
//! ```
//!
//! Source: `bin/client/view::laboratory` has the layout of the page.

use super::desk::{Desk, Window, until};
use super::ladder::{BLUE, GREEN, VERMILLION, WIDTH, count_on_ladder, disc_in, killed};
use super::png::Png;
use sash::lab::journal::{Entry, Journal};
use sash::lab::race::{self, Race};
use sash::lab::run::Experiment;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The colours of packets, and of a sentence about a problem.
const PURPLE: [u8; 3] = [0xcc, 0x79, 0xa7];
const SKY: [u8; 3] = [0x56, 0xb4, 0xe9];
const RED: [u8; 3] = [0xb4, 0x23, 0x18];

/// Switches at the side. Unit: pixels.
const SCALE: (i32, i32) = (938, 242);
const SEES: (i32, i32) = (810, 278);
const FOLD: (i32, i32) = (950, 278);

#[test]
fn a_run_is_played_and_stepped_and_a_clicked_packet_is_lost() {
    let desk = Desk::set_up();
    let window = desk.open(&[], "Sash");
    window.enter_laboratory();
    window.press(&["alt+r"]);
    until("a run", || !window.is_steady());
    window.press(&["space"]);
    window.press(&["Home"]);
    window.press(&["space"]);
    until("standstill", || window.is_steady());
    until("a packet in flight", || {
        window.press(&["Right"; 2]);
        until("a step", || window.is_steady());
        disc_in(&window.pixels()).is_some()
    });
    let disc = disc_in(&window.pixels()).unwrap();
    window.click(disc);
    until("another picture", || {
        disc_in(&window.pixels()) != Some(disc)
    });
    window.picture("laboratory-killed");

    let journal = exported(&window, "run.jsonl");
    let journal = Journal::read(journal.as_slice()).unwrap();
    let killed = killed(&journal.entries);
    assert_eq!(killed.len(), 1, "one click, one packet");

    // Another run of the scenario line loses the same packet.
    window.press(&["alt+r"]);
    window.press(&["space"]);
    let again = exported(&window, "again.jsonl");
    let again = Journal::read(again.as_slice()).unwrap();
    let scenario = &again.heading.scenario;
    assert!(
        scenario.ends_with(&format!(";drop=d2.1,{}", killed[0])),
        "{scenario}"
    );

    let before = window.pixels();
    window.press(&["Home"]);
    until("the beginning", || window.pixels() != before);
    let before = window.pixels();
    window.press(&["Right"]);
    until("a step", || window.pixels() != before);
}

#[test]
fn a_journal_is_opened_stepped_through_and_drawn_as_lab_draws_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("run.jsonl");
    fs::write(&journal, journal_of("delay=30ms;drop=d3.1")).unwrap();
    let desk = Desk::set_up();
    let window = desk.open(&["--replay", journal.to_str().unwrap()], "Sash");
    let before = window.pixels();
    window.press(&["End"]);
    until("the end", || {
        window.pixels() != before && window.is_steady()
    });
    window.picture("laboratory-journal");

    let drawn = exported(&window, "drawn.svg");
    let by_lab = folder.path().join("lab.svg");
    lab(&["ladder", path(&journal), "--svg", path(&by_lab)]);
    assert_eq!(drawn, fs::read(by_lab).unwrap());
    let capture = exported(&window, "packets.pcapng");
    let by_lab = folder.path().join("lab.pcapng");
    lab(&["pcapng", path(&journal), "-o", path(&by_lab)]);
    assert_eq!(capture, fs::read(by_lab).unwrap());
    assert_eq!(exported(&window, "again.jsonl"), fs::read(journal).unwrap());
}

#[test]
fn an_exported_picture_equals_the_picture_in_the_window() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("run.jsonl");
    fs::write(&journal, journal_of("delay=30ms;drop=d3.1")).unwrap();
    let desk = Desk::set_up();
    let window = desk.open(&["--replay", path(&journal)], "Sash");
    let colours = [BLUE, GREEN, VERMILLION];
    until("DATA, ACKs and a loss", || {
        window.press(&["Right"; 4]);
        let pixels = window.pixels();
        let is_there = |it: &[u8; 3]| count_on_ladder(&pixels, *it) > 50;
        colours.iter().all(is_there)
    });
    // The row for the file name makes the picture smaller while it is open.
    window.press(&["alt+x"]);
    window.point((300, 500));
    until("less of the ladder", || window.is_steady());
    let seen = Png::read(&exported(&window, "seen.png"));
    until("all of the ladder", || window.is_steady());
    window.picture("laboratory-exported");
    let place = seen.place_in(&window.pixels(), WIDTH);
    let (left, top) = place.expect("another picture than the window's");
    let edges = [left, top, left + seen.width, top + seen.height];
    assert_eq!(edges, [12, 187, 716, 628], "the strip and the ladder");
    for colour in colours {
        assert!(seen.count(colour) > 50, "{colour:?}");
    }

    // The keys still play, and write nothing into a field.
    window.press(&["Home"]);
    until("the beginning", || {
        count_on_ladder(&window.pixels(), BLUE) == 0
    });
}

#[test]
fn four_protocols_race_over_one_link_each_in_its_own_colour() {
    let desk = Desk::set_up();
    let window = desk.open(&[], "Sash");
    window.enter_laboratory();
    window.press(&["alt+e"]);
    until("four lanes", || {
        [BLUE, GREEN, PURPLE, SKY]
            .iter()
            .all(|it| window.count(*it) > 200)
    });
    window.press(&["End"]);
    until("the end of the race", || window.is_steady());
    window.picture("laboratory-race");
    let drawn = exported(&window, "race.svg");
    let lanes = sash::lab::page::Setup::default().lanes().unwrap();
    let expected = race::picture(&Race::run(&lanes).unwrap()).svg();
    assert_eq!(String::from_utf8(drawn).unwrap(), expected);
}

#[test]
fn the_first_screen_opens_a_card_by_its_number_and_shows_the_cards_again() {
    let desk = Desk::set_up();
    let window = desk.open(&[], "Sash");
    window.enter_laboratory();
    window.picture("laboratory-cards");
    let cards = window.pixels();
    // The first card has the focus; Tab leads to the second.
    window.press(&["Tab", "Return"]);
    until("a run in slow motion", || !window.is_steady());
    window.press(&["space"]);
    let journal = exported(&window, "ack.jsonl");
    let journal = Journal::read(journal.as_slice()).unwrap();
    assert!(
        journal.heading.scenario.contains("drop=a3.1"),
        "the second card"
    );
    window.press(&["alt+s"]);
    until("the cards", || {
        window.pixels() == cards || window.is_steady()
    });
    window.press(&["1"]);
    until("the first card", || disc_in(&window.pixels()).is_some());
    window.press(&["space"]);
    until("standstill", || window.is_steady());
    window.press(&["Right"; 120]);
    until("the retransmissions", || window.is_steady());
    window.picture("laboratory-first-card");
    // Another scale, another point of view, and more space for the ladder.
    let second = |(x, y): (i32, i32)| (x, y + 26);
    let before = window.pixels();
    window.drag(SCALE, second(SCALE));
    until("compact", || {
        window.pixels() != before && window.is_steady()
    });
    window.picture("laboratory-compact");
    let before = window.pixels();
    window.drag(SEES, second(SEES));
    until("less", || window.pixels() != before && window.is_steady());
    window.picture("laboratory-sender");
    let before = window.pixels();
    window.click(FOLD);
    until("room", || window.pixels() != before && window.is_steady());
    window.picture("laboratory-folded");
}

#[test]
fn predict_questions_are_answered_by_keyboard() {
    let desk = Desk::set_up();
    let window = desk.open(&[], "Sash");
    window.enter_laboratory();
    let before = window.pixels();
    window.press(&["alt+d"]);
    until("a question", || {
        window.pixels() != before && window.is_steady()
    });
    window.picture("laboratory-question");
    let before = window.pixels();
    window.press(&["b"]);
    until("what became of the answer", || window.pixels() != before);
    let score = exported(&window, "score.csv");
    assert!(score.starts_with(b"name,scenario,protocol,question"));
    assert_eq!(String::from_utf8(score).unwrap().lines().count(), 2);
}

#[test]
fn a_damaged_journal_is_reported_in_the_window_and_the_program_continues() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("damaged.jsonl");
    let text = journal_of("delay=30ms").replacen(
        "packet_sent\",\"kind",
        "packet_sent\",\"kin",
        1,
    );
    fs::write(&journal, text).unwrap();
    let desk = Desk::set_up();
    let window = desk.open(&["--replay", path(&journal)], "Sash");
    until("the sentence in red", || window.count(RED) > 0);
    assert_eq!(desk.windows(), 1, "a dialog was opened");
    window.press(&["alt+r"]);
    until("a run all the same", || disc_in(&window.pixels()).is_some());
}

/// The export of the window into a file of this name, whose ending chooses the format.
fn exported(window: &Window, name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let place: PathBuf = folder.path().join(name);
    window.press(&["alt+x"]);
    window.press(&["ctrl+a"]);
    window.write(path(&place));
    let mut length = 0;
    until("a whole file", || {
        let before = std::mem::replace(&mut length, size(&place));
        length > 0 && before == length
    });
    fs::read(place).unwrap()
}

fn size(place: &Path) -> u64 {
    fs::metadata(place).map_or(0, |it| it.len())
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn lab(arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn journal_of(scenario: &str) -> String {
    let experiment = Experiment {
        scenario: scenario.parse().unwrap(),
        size: 20_000,
        listening: true,
        ..Experiment::small()
    };
    let mut text = experiment.heading().to_line();
    let take = |entry: Entry| text.push_str(&entry.to_line());
    experiment.run(take).unwrap();
    text
}
