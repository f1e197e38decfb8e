//! The window as a person has it: a real one on a virtual display, typed and clicked.
//!
//! Xvfb is the display, `xdotool` the hands, ImageMagick's `import` the eyes; a third client,
//! a plain TCP connection, is in the room and tells what the others really sent.
//!
//! Pictures of the windows are kept in `target/tmp`, or where `SASH_SCREENSHOTS` says:
//!
//! ```text
//! SASH_SCREENSHOTS=report/pictures cargo test --test window
//! ```
//!
//! Source: `client::view` tells where things are in the window.

#![cfg(feature = "gui")]

#[path = "window/desk.rs"]
mod desk;
#[path = "window/server.rs"]
mod server;

use desk::{Desk, until};
use serde_json::json;
use server::Server;
use std::fs;

/// Rows of the lists and places of fields in a window of the size that it opens with.
/// Unit: pixels from the window's left and top edge.
const FIRST_PERSON: (i32, i32) = (720, 63);
const FIRST_FILE: (i32, i32) = (720, 211);
const FILE_FIELD: (i32, i32) = (780, 462);
const ROW: i32 = 17;

/// What went wrong stands in letters of this colour.
const RED: [u8; 3] = [0xB4, 0x23, 0x18];

#[test]
fn a_taken_name_is_told_in_place_and_another_one_joins() {
    let server = Server::start();
    let mut watcher = server.join("watcher");
    let desk = Desk::set_up();

    let window = desk.open(&["--server", &server.address()], "Sash");
    assert_eq!(window.count(RED), 0, "nothing has gone wrong yet");
    window.write("Watcher");
    until("the sentence in red", || window.count(RED) > 0);
    window.picture("refused");
    assert_eq!(window.title(), "Sash");
    assert_eq!(desk.windows(), 1, "a dialog was opened");

    window.press(&["ctrl+a"]);
    window.write("dana");
    watcher.expect(&json!({"joined": {"name": "dana"}}));
    until("the name in the title", || window.title() == "Sash - dana");
}

#[test]
fn two_windows_talk_whisper_and_download() {
    let server = Server::start();
    let mut watcher = server.join("watcher");
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    let guy = desk.open_joined(&server, "guy");
    until("three people in dana's list", || dana.is_steady());

    let before = guy.pixels();
    dana.write("hi everybody");
    watcher.expect_said("dana", "hi everybody");
    until("the line in guy's window", || guy.pixels() != before);
    guy.write("hi dana");
    watcher.expect_said("guy", "hi dana");

    // The watcher came first, dana second.
    guy.double_click(FIRST_PERSON);
    guy.write("psst");
    let (from, text) = watcher.expect_whisper();
    assert_eq!((from.as_str(), text.as_str()), ("guy", "psst"));
    let before = dana.pixels();
    guy.double_click((FIRST_PERSON.0, FIRST_PERSON.1 + ROW));
    guy.write("for dana alone");
    until("the whisper in dana's window", || dana.pixels() != before);

    dana.double_click(FIRST_FILE);
    let arrived = dana.folder().join("large.bin");
    until("the chosen file", || arrived.exists());
    assert_eq!(fs::read(&arrived).unwrap(), server.content("large.bin"));
    dana.click(FILE_FIELD);
    dana.press(&["ctrl+a"]);
    dana.type_text("notes.txt");
    dana.press(&["alt+d"]);
    let arrived = dana.folder().join("notes.txt");
    until("the named file", || arrived.exists());
    assert_eq!(fs::read(&arrived).unwrap(), server.content("notes.txt"));

    dana.write("/download nothing.txt");
    until("the sentence in red", || dana.count(RED) > 0);
    desk.picture("window");
    watcher.expect_nothing_of("for dana alone");
}

#[test]
fn escape_leaves_the_window_open_and_closing_it_says_goodbye() {
    let server = Server::start();
    let mut watcher = server.join("watcher");
    let desk = Desk::set_up();
    let mut dana = desk.open_joined(&server, "dana");
    watcher.expect(&json!({"joined": {"name": "dana"}}));

    dana.press(&["Escape"]);
    dana.write("still here");
    watcher.expect_said("dana", "still here");

    dana.close();
    let why = watcher.expect_left("dana");
    assert_eq!(why, "disconnected");
    assert!(dana.exit().success());
}

#[test]
fn disconnect_leads_back_to_the_form_with_its_fields_kept() {
    let server = Server::start();
    let mut watcher = server.join("watcher");
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");

    dana.press(&["alt+n"]);
    assert_eq!(watcher.expect_left("dana"), "disconnected");
    until("the form", || dana.title() == "Sash");
    dana.press(&["Return"]);
    until("the room again", || dana.title() == "Sash - dana");
}
