//! A real download in the window's laboratory: a packet on its way is clicked and lost for
//! real, and the file arrives whole all the same.
//!
//! ```text
//!   server --DATA--> the client's link, three seconds --> receiver --> disk
//!                          ^ a click on the ladder
//! ```
//!
//! A packet moves while a hand does, and on a busy machine a hand is slow. So it clicks at
//! what it has just seen until a packet is hit, as a person would; each one that is hit is
//! held to what a kill promises.
//!
//! Source: as `tests/window_laboratory.rs`; `tests/live_link.rs` does the same without a
//! window.

#![cfg(feature = "gui")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "window/desk.rs"]
mod desk;
#[path = "window/display.rs"]
mod display;
#[path = "window/ladder.rs"]
mod ladder;
#[path = "window/server.rs"]
mod server;

use desk::{Desk, Window, until};
use ladder::{VERMILLION, count_on_ladder, disc_in, killed};
use sash::lab::journal::{Entry, Happening, Journal};
use sash::link::Label;
use sash::reliable::event::Event;
use server::Server;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// What is downloaded: some dozens of windows.
const FILE: &str = "campus map.png";

/// A packet's way on the client's link: slow enough for any hand.
const LINK: &str = "delay=3s";

/// The first row of the page of transfers. Unit: pixels.
const FIRST_TRANSFER: (i32, i32) = (100, 136);

/// Verified, in the list of transfers.
const VERIFIED: [u8; 3] = [0x1B, 0x7F, 0x4B];

#[test]
fn a_packet_of_a_real_download_that_is_clicked_is_lost_and_the_file_arrives_whole() {
    let server = Server::start();
    let mut guy = server.join("guy");
    let desk = Desk::set_up();
    let journals = tempfile::tempdir().unwrap();
    let dana = open(&desk, &server, journals.path());
    dana.write(&format!("/download {FILE}"));
    to_laboratory(&dana);
    until("DATA on its way", || disc_in(&dana.pixels()).is_some());
    dana.picture("live-laboratory");
    until("a loss on the ladder", || {
        let pixels = dana.pixels();
        // This link loses nothing by itself.
        let is_lost = count_on_ladder(&pixels, VERMILLION) > 20;
        if let Some(place) = disc_in(&pixels).filter(|_| !is_lost) {
            dana.click(place);
        }
        is_lost
    });
    dana.picture("live-killed");

    // The line in the field, by its button; all in the room are told it.
    dana.press(&["alt+c", "alt+1", "ctrl+v", "Return"]);
    let line = guy.expect_line("dana");

    dana.write("/link perfect"); // The rest may hurry.
    until("the whole file", || dana.has_whole(&server, FILE));
    dana.press(&["alt+2"]);
    until("the mark", || dana.count(VERIFIED) > 0);
    let path = journals.path().join("transfer-1-receiver.jsonl");
    let mut entries = Vec::new();
    until("the journal's end", || {
        entries = read(&path);
        entries.iter().any(is_end)
    });

    let killed = killed(&entries);
    assert!(!killed.is_empty(), "the journal tells of no kill");
    let names: Vec<String> = killed.iter().map(Label::to_string).collect();
    assert_eq!(line, format!("{LINK};drop={}", names.join(",")));
    let received: Vec<Label> = entries.iter().filter_map(received).collect();
    for killed in killed {
        assert!(!received.contains(&killed), "{killed} came all the same");
        let is_again = |it: &&Label| {
            it.kind == killed.kind
                && it.number == killed.number
                && it.attempt > killed.attempt
        };
        assert!(
            received.iter().any(|it| is_again(&it)),
            "{killed} was not sent again"
        );
    }
}

/// A window that keeps journals there, behind the link, and has joined.
fn open(desk: &Desk, server: &Server, journals: &Path) -> Window {
    let address = server.address();
    let protocol = ["--arq", "selective-repeat", "--window", "8"];
    let flags = ["--server", &address, "--name", "dana", "--link", LINK];
    let journals = ["--journal", journals.to_str().unwrap()];
    desk.open(&[&flags[..], &protocol, &journals].concat(), "Sash - dana")
}

/// The first transfer is watched: it is chosen, and a key leads on.
fn to_laboratory(window: &Window) {
    window.press(&["alt+2"]);
    until("a transfer", || {
        window.click(FIRST_TRANSFER);
        window.pixel(FIRST_TRANSFER) != window.pixel((FIRST_TRANSFER.0, 300))
    });
    window.press(&["l"]);
}

/// What a journal holds so far.
fn read(path: &Path) -> Vec<Entry> {
    let journal = File::open(path)
        .ok()
        .and_then(|file| Journal::read(BufReader::new(file)).ok());
    journal.map_or_else(Vec::new, |journal| journal.entries)
}

/// Whether the receiver's connection came to its end.
fn is_end(entry: &Entry) -> bool {
    matches!(&entry.what, Happening::Machine(Event::StateChanged { state }) if state == "ended")
}

/// The packet that came to the machine, if one did.
fn received(entry: &Entry) -> Option<Label> {
    match &entry.what {
        Happening::Machine(Event::PacketReceived(packet)) => Some(Label::from(*packet)),
        Happening::Machine(_) | Happening::Link(_) | Happening::Person(_) => None,
    }
}
