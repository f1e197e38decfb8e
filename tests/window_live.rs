//! A real transfer in the window's laboratory: a packet on its way is clicked and lost for
//! real, and what is seen can be kept as a picture.
//!
//! The link of the client holds each packet for two seconds, so that there is something to
//! click at on any machine.
//!
//! Source: as `tests/window_laboratory.rs`; `tests/live_link.rs` does the same without a
//! window.

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
use sash::link::{Direction, Label};
use server::Server;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Where the ladder is in the window: left, top, right, foot. Unit: pixels.
const LADDER: [usize; 4] = [20, 390, 700, 620];

/// How wide a window is that opens. Unit: pixels.
const WIDTH: usize = 1_000;

/// The first row of the page of transfers.
const FIRST_TRANSFER: (i32, i32) = (100, 136);

/// DATA in flight, what is lost, ACKs, and letters on the paper.
const BLUE: [u8; 3] = [0x00, 0x72, 0xb2];
const VERMILLION: [u8; 3] = [0xd5, 0x5e, 0x00];
const GREEN: [u8; 3] = [0x00, 0x9e, 0x73];
const INK: [u8; 3] = [0x22, 0x22, 0x22];
const WHITE: [u8; 3] = [0xff; 3];

#[test]
fn a_packet_of_a_real_transfer_that_is_clicked_is_lost_and_the_file_arrives_whole() {
    let server = Server::start();
    let desk = Desk::set_up();
    let journals = tempfile::tempdir().unwrap();
    let address = server.address();
    let folder = journals.path().to_str().unwrap();
    let flags = [
        "--server",
        &address,
        "--name",
        "dana",
        "--link",
        "delay=2s",
        "--journal",
        folder,
        "--window",
        "4",
        "--arq",
        "selective-repeat",
    ];
    let dana = desk.open(&flags, "Sash - dana");
    dana.write("/download campus map.png");
    let before = dana.pixels();
    dana.press(&["alt+2"]);
    until("the page of transfers", || dana.pixels() != before);
    // The first transfer, then the key that leads to the laboratory.
    dana.click(FIRST_TRANSFER);
    dana.press(&["l"]);
    until("DATA on its way", || disc_in(&dana.pixels()).is_some());
    dana.picture("live-laboratory");
    // Packets move while a hand does, so it tries again, as a person would. This link
    // loses nothing by itself.
    until("a loss on the ladder", || {
        let pixels = dana.pixels();
        let is_lost = count_on_ladder(&pixels, VERMILLION) > 20;
        if let Some(place) = disc_in(&pixels).filter(|_| !is_lost) {
            dana.click(place);
        }
        is_lost
    });
    dana.picture("live-killed");

    keep_a_picture(&dana);

    // The rest may hurry.
    dana.press(&["alt+1"]);
    dana.write("/link perfect");
    until("the whole file", || {
        dana.has_whole(&server, "campus map.png")
    });
    let path = journals.path().join("transfer-1-receiver.jsonl");
    let mut kills = Vec::new();
    until("the journal's end", || {
        kills = read(&path).map_or_else(Vec::new, |it| killed(&it));
        !kills.is_empty()
    });
    let journal = read(&path).unwrap();
    for label in kills {
        let name = format!(
            "\"kind\":\"DATA\",\"number\":{},\"attempt\":{},",
            label.number, label.attempt
        );
        let mut lines = journal.entries.iter().map(Entry::to_line);
        let has_come =
            lines.any(|it| it.contains("packet_received") && it.contains(&name));
        assert!(!has_come, "{label} was received");
    }
}

/// Exports what is seen as a PNG, and looks at it: it is the strip and the ladder as large
/// as in the window, and has their colours.
fn keep_a_picture(window: &Window) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("seen.png");
    window.press(&["alt+x"]);
    window.press(&["ctrl+a"]);
    window.write(place.to_str().unwrap());
    let mut picture = None;
    until("a whole picture", || {
        picture = decoded(&place);
        picture.is_some()
    });
    let (width, height, pixels) = picture.unwrap();
    assert!((690..720).contains(&width), "{width} wide");
    assert!((380..480).contains(&height), "{height} high");
    let count = |colour: [u8; 3]| {
        let pixels = pixels.chunks_exact(3);
        pixels.filter(|it| **it == colour).count()
    };
    let all = pixels.len() / 3;
    assert!(
        count(WHITE) > all / 2,
        "{} of {all} are paper",
        count(WHITE)
    );
    // The legend's cells, packets, words: each theme has others, this is the light one.
    for colour in [BLUE, VERMILLION, GREEN, INK] {
        assert!(count(colour) > 30, "{colour:?}: {}", count(colour));
    }
}

/// Width, height and three bytes for each pixel; nothing while it is not whole.
fn decoded(place: &Path) -> Option<(u32, u32, Vec<u8>)> {
    let file = BufReader::new(File::open(place).ok()?);
    let mut reader = png::Decoder::new(file).read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut pixels).ok()?;
    assert_eq!(frame.color_type, png::ColorType::Rgb);
    pixels.truncate(frame.buffer_size());
    Some((frame.width, frame.height, pixels))
}

fn read(path: &Path) -> Option<Journal> {
    Journal::read(BufReader::new(File::open(path).ok()?)).ok()
}

/// The DATA packets that a person has killed.
fn killed(journal: &Journal) -> Vec<Label> {
    let killed = journal.entries.iter().filter_map(|entry| match entry.what {
        Happening::Person(Meddling::PacketKilled(killed)) => {
            assert_eq!(killed.direction, Direction::Data);
            Some(Label::from(killed.packet))
        }
        Happening::Person(_) | Happening::Machine(_) | Happening::Link(_) => None,
    });
    killed.collect()
}

fn count_on_ladder(pixels: &[u8], colour: [u8; 3]) -> usize {
    let [left, top, right, foot] = LADDER;
    let places = (top..foot).flat_map(|y| (left..right).map(move |x| (x, y)));
    let is_it = |&(x, y): &(usize, usize)| {
        let at = (y * WIDTH + x) * 3;
        pixels.get(at..at + 3) == Some(&colour)
    };
    places.filter(is_it).count()
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
        let mut rows = y - HALF..=y + HALF;
        rows.all(|y| (x - HALF..=x + HALF).all(|x| is_blue(x, y)))
    };
    let places = (top..foot).flat_map(|y| (left..right).map(move |x| (x, y)));
    let mut discs = places.filter(|&(x, y)| is_disc(x, y));
    let (x, y) = discs.next()?;
    Some((i32::try_from(x).unwrap(), i32::try_from(y).unwrap()))
}
