//! The laboratory as a person has it: a real window on a virtual display, typed and clicked.
//!
//! Xvfb is the display, `xdotool` the hands, `import` of `ImageMagick` the eyes. What is
//! exported from the window is compared with what `lab` writes.
//!
//! ```text
//! SASH_SCREENSHOTS=diagrams cargo test --test window_laboratory
//! ```
//!
//! Source: `client::view::laboratory` tells where things are on the page.

#![cfg(feature = "gui")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "window/desk.rs"]
mod desk;
#[path = "window/display.rs"]
mod display;
#[path = "window/server.rs"]
mod server;

use desk::{Desk, Window, until};
use sash::lab::journal::{Entry, Happening, Journal, Meddling};
use sash::lab::race::{self, Race};
use sash::lab::run::Experiment;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How wide a window is that opens. Unit: pixels.
const WIDTH: usize = 1_000;

/// Where the ladder is in it, without its edges: left, top, right, foot. Unit: pixels.
const LADDER: [usize; 4] = [20, 390, 700, 620];

/// Colours of packets, and of a sentence that tells of a problem.
const BLUE: [u8; 3] = [0x00, 0x72, 0xb2];
const GREEN: [u8; 3] = [0x00, 0x9e, 0x73];
const PURPLE: [u8; 3] = [0xcc, 0x79, 0xa7];
const RED: [u8; 3] = [0xb4, 0x23, 0x18];

#[test]
fn a_run_is_played_and_stepped_and_a_packet_that_is_clicked_is_lost_for_real() {
    let desk = Desk::set_up();
    let window = desk.open(&[], "Sash");
    window.enter_laboratory();
    window.press(&["alt+r"]);
    let mut disc = None;
    until("a packet in flight", || {
        disc = disc_in(&window.pixels());
        disc.is_some()
    });
    window.press(&["space"]);
    until("standstill", || window.is_steady());
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

    // What the line above says, run anew, loses the same packet.
    window.press(&["alt+r"]);
    window.press(&["space"]);
    let again = exported(&window, "again.jsonl");
    let again = Journal::read(again.as_slice()).unwrap();
    let scenario = &again.heading.scenario;
    assert!(
        scenario.ends_with(&format!(";drop={}", killed[0])),
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
fn a_journal_is_opened_gone_through_and_drawn_as_lab_draws_it() {
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
    let seen = exported(&window, "seen.png");
    assert!(seen.starts_with(b"\x89PNG\r\n"));
    assert_eq!(exported(&window, "again.jsonl"), fs::read(journal).unwrap());
}

#[test]
fn three_protocols_race_over_one_link() {
    let desk = Desk::set_up();
    let window = desk.open(&[], "Sash");
    window.enter_laboratory();
    window.press(&["alt+e"]);
    until("three lanes", || {
        [BLUE, GREEN, PURPLE]
            .iter()
            .all(|it| window.count(*it) > 200)
    });
    window.press(&["End"]);
    until("the end of the race", || window.is_steady());
    window.picture("laboratory-race");
    let drawn = exported(&window, "race.svg");
    let lanes = sash::client::laboratory::Setup::default().lanes().unwrap();
    let expected = race::picture(&Race::run(&lanes).unwrap()).svg();
    assert_eq!(String::from_utf8(drawn).unwrap(), expected);
}

#[test]
fn predict_asks_and_answers_by_the_keyboard() {
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
    window.press(&["2"]);
    until("what became of the answer", || window.pixels() != before);
    let score = exported(&window, "score.csv");
    assert!(score.starts_with(b"name,scenario,protocol,question"));
    assert_eq!(String::from_utf8(score).unwrap().lines().count(), 2);
}

#[test]
fn a_damaged_journal_is_told_in_place_and_nothing_ends() {
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

/// What the window writes into a file of this name; its ending says what.
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

/// The packets that a person has killed, as a scenario names them.
fn killed(entries: &[Entry]) -> Vec<String> {
    let killed = entries.iter().filter_map(|entry| match &entry.what {
        Happening::Person(Meddling::PacketKilled(killed)) => {
            Some(sash::link::Label::from(killed.packet).to_string())
        }
        Happening::Person(_) | Happening::Machine(_) | Happening::Link(_) => None,
    });
    killed.collect()
}

/// The middle of a blue disc on the ladder: a DATA packet in flight.
fn disc_in(pixels: &[u8]) -> Option<(i32, i32)> {
    const HALF: usize = 3;
    let [left, top, right, foot] = LADDER;
    let is_blue = |x: usize, y: usize| {
        let at = (y * WIDTH + x) * 3;
        pixels.get(at..at + 3) == Some(&BLUE)
    };
    let is_disc = |x: usize, y: usize| {
        let rows = y - HALF..=y + HALF;
        rows.into_iter()
            .all(|y| (x - HALF..=x + HALF).all(|x| is_blue(x, y)))
    };
    let places = (top..foot).flat_map(|y| (left..right).map(move |x| (x, y)));
    let mut discs = places.filter(|&(x, y)| is_disc(x, y));
    let (x, y) = discs.next()?;
    Some((i32::try_from(x).unwrap(), i32::try_from(y).unwrap()))
}
