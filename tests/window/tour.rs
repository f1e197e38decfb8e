//! A tour through the real window on a virtual display, with typed keys and mouse clicks.
//!
//! Xvfb is the display, `xdotool` types and clicks, and `import` of `ImageMagick` takes pictures. A
//! third client, a plain TCP connection, is in the room and checks what the others sent.
//!
//! Pictures of the windows are saved in `target/tmp`, or in the folder `SASH_SCREENSHOTS`:
//!
//! ```text
//! SASH_SCREENSHOTS=diagrams cargo test --test window tour::
//! ```
//!
//! Source: `bin/client/view` has the layout of the window.

use super::desk::{Desk, until};
use super::server::Server;
use serde_json::json;

/// Places in a window of the default size. Unit: pixels from its left and top edge.
const PEOPLE: (i32, i32) = (720, 115);
const SECOND_FILE: (i32, i32) = (720, 283);
const FILE_FIELD: (i32, i32) = (780, 639);
const MESSAGE_FIELD: (i32, i32) = (350, 639);
const FIRST_CANCEL: (i32, i32) = (948, 136);

/// A question in the chat moves the lines above it up by this much; its first button is
/// here.
const QUESTION_HEIGHT: i32 = 50;
const LEAVE: (i32, i32) = (780, 633);

/// The height of a row in a list. Unit: pixels.
const ROW: i32 = 17;

/// The place in the row of the dot before a user's name. Unit: pixels.
const DOT: i32 = 654;

/// The colour of the text of an error.
const RED: [u8; 3] = [0xB4, 0x23, 0x18];

/// The colour of a running transfer and of the selected tab.
const BLUE: [u8; 3] = [0x1F, 0x6F, 0xC9];

/// The background of a question.
const YELLOW: [u8; 3] = [0xFF, 0xF1, 0xCC];

/// A list without rows has this colour.
const WHITE: [u8; 3] = [0xFF, 0xFF, 0xFF];

/// A link on which a transfer takes long.
const SLOW: [&str; 2] = ["--link", "seed=7;loss=3%;delay=30ms"];

#[test]
fn a_taken_name_is_reported_in_the_form_and_another_name_joins() {
    let server = Server::start();
    let mut watcher = server.join("watcher");
    let desk = Desk::set_up();

    let window = desk.open(&["--server", &server.address()], "Sash");
    assert_eq!(window.count(RED), 0, "nothing has gone wrong yet");
    window.write("Watcher");
    until("the sentence in red", || window.count(RED) > 0);
    window.picture("window-refused");
    assert_eq!(window.title(), "Sash");
    assert_eq!(desk.windows(), 1, "a dialog was opened");

    window.press(&["ctrl+a"]);
    window.write("dana");
    watcher.expect(&json!({"joined": {"name": "dana"}}));
    until("the name in the title", || window.title() == "Sash - dana");
}

#[test]
fn two_windows_exchange_messages_and_download_a_file() {
    let server = Server::start();
    let mut watcher = server.join("watcher");
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    let guy = desk.open_joined(&server, "guy");
    for window in [&dana, &guy] {
        let third_dot = (DOT, nth(PEOPLE, 2).1);
        until("three people in the list", || {
            window.pixel(third_dot) != WHITE
        });
    }

    let before = guy.pixels();
    dana.write("hi everybody");
    watcher.expect_said("dana", "hi everybody");
    until("the line in guy's window", || guy.pixels() != before);
    guy.write("hi dana");
    watcher.expect_said("guy", "hi dana");

    // The watcher came first, dana second.
    guy.double_click_and_write(nth(PEOPLE, 0), "psst");
    let (from, text) = watcher.expect_whisper();
    assert_eq!((from.as_str(), text.as_str()), ("guy", "psst"));
    let before = dana.pixels();
    guy.double_click(nth(PEOPLE, 1));
    guy.write("for dana alone");
    until("the whisper in dana's window", || dana.pixels() != before);

    dana.double_click(SECOND_FILE);
    until("the chosen file", || dana.has_whole(&server, "large.bin"));
    dana.click(FILE_FIELD);
    dana.press(&["ctrl+a"]);
    dana.type_text("notes.txt");
    dana.press(&["alt+d"]);
    until("the named file", || dana.has_whole(&server, "notes.txt"));
    dana.click(MESSAGE_FIELD);
    dana.write("download campus map.png");
    until("the file of a typed line", || {
        dana.has_whole(&server, "campus map.png")
    });

    dana.write("/download nothing.txt");
    until("the sentence in red", || dana.count(RED) > 0);
    watcher.expect_nothing_of("for dana alone");
}

#[test]
fn a_running_download_is_cancelled_by_its_button() {
    let server = Server::start_with(&SLOW);
    let _watcher = server.join("yuval");
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    let guy = desk.open_joined(&server, "guy");

    dana.write("has anybody tried the slow link?");
    guy.write("stop-and-wait took a minute here, selective repeat 2 s");
    guy.write("/whisper dana look at the window column");
    dana.write("/arq go-back-n");
    dana.write("download lecture 3.mp4");
    guy.write("/download notes.txt --arq stop-and-wait");
    guy.write("/download large.bin --arq selective-repeat --window 64");
    until("the small file", || guy.has_whole(&server, "notes.txt"));
    dana.write("shalom! now I see how go-back-n retransmits");
    until("a part", || dana.has("lecture 3.mp4.part"));
    until("the other file", || guy.has_whole(&server, "large.bin"));
    desk.picture("window");

    // The direct message is in the second tab.
    dana.press(&["alt+3"]);
    until("the row", || dana.count(BLUE) > 1_000);
    desk.picture("window-transfers");
    let running = dana.count(BLUE);
    dana.click(FIRST_CANCEL);
    until("the end", || dana.count(BLUE) < running);
    assert!(dana.has("lecture 3.mp4.part"), "what has arrived is kept");
    assert!(!dana.has("lecture 3.mp4"));
}

#[test]
fn closing_the_window_asks_for_confirmation_during_a_transfer() {
    let server = Server::start_with(&SLOW);
    let mut watcher = server.join("watcher");
    let desk = Desk::set_up();
    let mut dana = desk.open_joined(&server, "dana");
    dana.write("/download lecture 3.mp4 --arq stop-and-wait");
    until("a part", || dana.has("lecture 3.mp4.part"));

    dana.close();
    until("the question", || dana.count(YELLOW) > 0);
    dana.picture("window-question");
    dana.click((MESSAGE_FIELD.0, MESSAGE_FIELD.1 - QUESTION_HEIGHT));
    dana.write("still here");
    watcher.expect_said("dana", "still here");

    dana.click(LEAVE);
    assert_eq!(watcher.expect_left("dana"), "disconnected");
    assert!(dana.exit().success());
    assert!(dana.has("lecture 3.mp4.part"), "what has arrived is kept");
}

#[test]
fn escape_leaves_the_window_open_and_closing_it_disconnects() {
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
fn disconnecting_returns_to_the_form_with_its_fields_kept() {
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

/// The place of a row, counted from 0, of a list whose first row is at `first`.
fn nth((x, y): (i32, i32), row: i32) -> (i32, i32) {
    (x, y + row * ROW)
}
