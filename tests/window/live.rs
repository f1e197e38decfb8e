//! A real download in the window's laboratory: a clicked packet in flight is really lost, and
//! the file still arrives complete.
//!
//! ```text
//!   server --DATA--> the client's link, six seconds --> receiver --> disk
//!                          ^ a click on the ladder
//! ```
//!
//! A packet moves while the mouse does, and on a busy computer the mouse is slow.
//! Therefore the test clicks at the packet that it has just seen until it hits one, as a
//! user would, and checks each packet that it hits.
//!
//! Source: as `tests/window/laboratory.rs`; `tests/programs/live_link.rs` does the same without a
//! window.

use super::desk::{Desk, Window, until};
use super::ladder::{VERMILLION, count_on_ladder, disc_in, killed};
use super::server::{Server, Watcher};
use sash::lab::journal::{Entry, Journal, JournalEvent};
use sash::link::Label;
use sash::reliable::event::Event;
use sash::wire::packet::Kind;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// The downloaded file: some dozens of windows.
const FILE: &str = "campus map.png";

/// The propagation delay of DATA: slow enough for any user. ACKs have none and cannot be hit.
const LINK: &str = "data.delay=6s";

/// The first row of the page of transfers. Unit: pixels.
const FIRST_TRANSFER: (i32, i32) = (100, 136);

/// The colour of a verified transfer.
const VERIFIED: [u8; 3] = [0x1B, 0x7F, 0x4B];

#[test]
fn a_clicked_packet_of_a_real_download_is_lost_and_the_file_arrives_complete() {
    let journals = tempfile::tempdir().unwrap();
    let folder = journals.path().to_str().unwrap();
    let server = Server::start_with(&["--journal", folder]);
    let mut guy = server.join("guy");
    let desk = Desk::set_up();
    let dana = open(&desk, &server, folder);
    dana.write(&format!("/download {FILE}"));
    to_laboratory(&dana);
    until("DATA on its way", || disc_in(&dana.pixels()).is_some());
    dana.picture("live-laboratory");
    let mut line = String::new();
    until("DATA that is lost", || {
        let pixels = dana.pixels();
        // This link loses nothing by itself.
        if count_on_ladder(&pixels, VERMILLION) > 20 {
            dana.picture("live-killed");
            line = line_in_the_field(&dana, &mut guy);
        } else if let Some(place) = disc_in(&pixels) {
            dana.click(place);
        }
        drops(&line).any(|it| it.starts_with('d'))
    });

    dana.press(&["alt+1"]);
    dana.write("/link perfect"); // The rest may be fast.
    until("the whole file", || dana.has_whole(&server, FILE));
    dana.press(&["alt+2"]);
    until("the mark", || dana.count(VERIFIED) > 0);
    let ours = read_to_its_end(&journals.path().join("transfer-1-receiver.jsonl"));
    let theirs = read_to_its_end(&journals.path().join("transfer-1-sender.jsonl"));

    let killed = killed(&ours);
    let names: Vec<String> = killed.iter().map(Label::to_string).collect();
    assert!(line.starts_with(&format!("{LINK};drop=")), "{line}");
    let told: Vec<&str> = drops(&line).collect();
    // A click may have been processed after the scenario line was read.
    assert!(names.len() >= told.len(), "{names:?} of {told:?}");
    assert_eq!(told, names[..told.len()]);
    let came: Vec<Label> = ours.iter().chain(&theirs).filter_map(received).collect();
    for killed in killed {
        assert!(!came.contains(&killed), "{killed} came all the same");
        // An earlier transmission may only have been slow, and arrive.
        let is_another =
            |it: &Label| (it.kind, it.number) == (killed.kind, killed.number);
        let has_arrived = killed.kind != Kind::Data || came.iter().any(is_another);
        assert!(has_arrived, "{killed} was not sent again");
    }
}

/// A joined window that writes journals into this folder and uses the link.
fn open(desk: &Desk, server: &Server, journals: &str) -> Window {
    let address = server.address();
    let protocol = ["--arq", "selective-repeat", "--window", "8"];
    let flags = ["--server", &address, "--name", "dana", "--link", LINK];
    let journals = ["--journal", journals];
    desk.open(&[&flags[..], &protocol, &journals].concat(), "Sash - dana")
}

/// Watches the first transfer: selects it and presses a key.
fn to_laboratory(window: &Window) {
    window.press(&["alt+2"]);
    until("a transfer", || {
        window.click(FIRST_TRANSFER);
        window.pixel(FIRST_TRANSFER) != window.pixel((FIRST_TRANSFER.0, 300))
    });
    window.press(&["l"]);
    // Clicks between the ladder and the sliders; before, the focus is on a card.
    until("the ladder", || window.pixel((720, 450)) != [0xFF; 3]);
}

/// The scenario line: its button copies it to the clipboard, and from there it is sent to
/// all users. Returns to the laboratory.
fn line_in_the_field(window: &Window, listener: &mut Watcher) -> String {
    window.press(&["alt+c", "alt+1", "ctrl+v", "Return", "alt+3"]);
    listener.expect_line("dana")
}

/// The packets that a line loses by name.
fn drops(line: &str) -> impl Iterator<Item = &str> {
    let drops = line.split_once(";drop=").map(|(_, drops)| drops);
    drops.into_iter().flat_map(|drops| drops.split(','))
}

/// The entries of a journal, once the connection has ended.
fn read_to_its_end(path: &Path) -> Vec<Entry> {
    let mut entries = Vec::new();
    until("a journal's end", || {
        let file = File::open(path).ok();
        let journal = file.and_then(|it| Journal::read(BufReader::new(it)).ok());
        entries = journal.map_or_else(Vec::new, |journal| journal.entries);
        entries.iter().any(is_end)
    });
    entries
}

/// Whether a connection has ended.
fn is_end(entry: &Entry) -> bool {
    matches!(&entry.what, JournalEvent::Machine(Event::StateChanged { state }) if state == "ended")
}

/// The packet that reached the state machine, if one did.
fn received(entry: &Entry) -> Option<Label> {
    match &entry.what {
        JournalEvent::Machine(Event::PacketReceived(packet)) => {
            Some(Label::from(packet.name))
        }
        JournalEvent::Machine(_)
        | JournalEvent::Link(_)
        | JournalEvent::FaultInjection(_) => None,
    }
}
