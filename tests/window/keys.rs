//! The window without a mouse: keys do everything that a click does.
//!
//! The selected row is copied and sent, so that another client can check it.
//!
//! Source: as `tests/window/tour.rs`; the table of keys is `client::keys`.

use super::desk::{Desk, Window, until};
use super::server::Server;
use sash::lab::journal::{FaultInjection, Journal, JournalEvent};
use std::fs;

#[test]
fn a_fold_is_selected_expanded_and_copied_by_keyboard() {
    let server = Server::start();
    let mut guy = server.join("guy");
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    let before = dana.pixels();
    drop(server.join("noa"));
    guy.expect_left("noa");
    guy.say("after");
    guy.expect_said("guy", "after");
    until("the lines", || dana.pixels() != before && dana.is_steady());

    // From the bottom: the last line, then the folded line of users who joined and left.
    let before = dana.pixels();
    dana.press(&["ctrl+Up", "ctrl+Up"]);
    until("the mark", || dana.pixels() != before);
    dana.picture("window-marked");
    send_the_selected_row(&dana);
    dana.write("folded");
    guy.expect_said("dana", "folded");
    guy.expect_something_of("noa joined and left");
    guy.expect_nothing_of("noa left");

    // Two lines of dana are below it now.
    until("the echo", || dana.is_steady());
    let before = dana.pixels();
    dana.press(&["ctrl+Up", "ctrl+Up", "ctrl+Up", "ctrl+Up", "ctrl+Return"]);
    until("more rows", || dana.pixels() != before && dana.is_steady());
    dana.picture("window-unfolded");
    // The first of them is selected.
    dana.press(&["ctrl+Down"]);
    send_the_selected_row(&dana);
    dana.write("unfolded");
    guy.expect_said("dana", "unfolded");
    guy.expect_something_of("noa left");
}

#[test]
fn a_list_is_sorted_selected_from_and_downloaded_by_keyboard() {
    let server = Server::start();
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    // Shift+Tab from the message field to the list would depend on the number of buttons;
    // instead the test types into the filter field, and Tab leads to the list.
    let filter = (915, 203);
    dana.click(filter);
    dana.press(&["Tab", "Right", "Home", "Return"]);
    until("the smallest file", || dana.has_whole(&server, "שלום.txt"));
    // In reverse order: the largest first, and the third one selected separately.
    dana.press(&["ctrl+r", "Home", "ctrl+Down", "ctrl+Down", "ctrl+space"]);
    dana.picture("window-chosen-by-keys");
    dana.press(&["Return"]);
    for name in ["lecture 3.mp4", "campus map.png"] {
        until(name, || dana.has_whole(&server, name));
    }
    assert!(!dana.has("large.bin"), "it lies between them");
}

#[test]
fn a_packet_is_selected_and_killed_by_keyboard() {
    let desk = Desk::set_up();
    let window = desk.open(&[], "Sash");
    window.enter_laboratory();
    window.press(&["alt+r"]);
    // Stop where DATA is in flight: after SYN, SYN-ACK and ACK.
    until("a run", || !window.is_steady());
    window.press(&["space"]);
    until("standstill", || window.is_steady());
    window.press(&["Home"]);
    window.press(&["Right"; 8]);
    until("eight packets", || window.is_steady());
    window.press(&["Up"]);
    until("the frame", || window.is_steady());
    window.picture("laboratory-pointed");
    let before = window.pixels();
    window.press(&["Delete"]);
    until("the packet's end", || {
        window.pixels() != before && window.is_steady()
    });
    window.picture("laboratory-killed-by-key");
    assert_eq!(killed(&window), 2, "the packet of the card, and this one");

    let before = window.pixels();
    window.press(&["shift+Right", "shift+Right", "shift+Down"]);
    until("a segment told of", || {
        window.pixels() != before && window.is_steady()
    });
    window.picture("laboratory-segment");
}

/// Copies the selected row into the message field and sends it.
fn send_the_selected_row(window: &Window) {
    window.press(&["ctrl+c", "ctrl+v"]);
    window.press(&["Return"]);
}

/// The number of packets lost by the user in the journal of the shown run, or in its
/// scenario if it was run again.
fn killed(window: &Window) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("run.jsonl");
    window.press(&["alt+x"]);
    window.press(&["ctrl+a"]);
    window.write(place.to_str().unwrap());
    let mut journal = None;
    until("a whole journal", || {
        let text = fs::read(&place).unwrap_or_default();
        journal = Journal::read(text.as_slice()).ok().filter(|it| !it.is_cut);
        journal.is_some()
    });
    let journal = journal.unwrap();
    let is_kill = |what: &JournalEvent| {
        matches!(
            what,
            JournalEvent::FaultInjection(FaultInjection::PacketKilled(_))
        )
    };
    let kills = journal.entries.iter().filter(|it| is_kill(&it.what));
    kills.count() + journal.heading.scenario.matches("drop=").count()
}
