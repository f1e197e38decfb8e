//! Files in a real window: sort, select, download, upload, pause, delete, resume.
//!
//! Source: as `tests/window/tour.rs`; `bin/client/view` has the layout of the window.

use super::desk::{Desk, Window, until};
use super::server::Server;
use std::fs;

/// Places in a window of the default size. Unit: pixels from its left and top edge.
const FIRST_FILE: (i32, i32) = (720, 261);
const BY_SIZE: (i32, i32) = (895, 239);
const FILTER: (i32, i32) = (915, 203);
const FILE_FIELD: (i32, i32) = (735, 638);
const MESSAGE_FIELD: (i32, i32) = (350, 638);
const CHAT: (i32, i32) = (300, 300);
const FIRST_TRANSFER: (i32, i32) = (100, 136);
const LEFT_BUTTON: (i32, i32) = (873, 136);
const RIGHT_BUTTON: (i32, i32) = (948, 136);
const GO_ON: (i32, i32) = (756, 633);

/// The height of a row in a list of files. Unit: pixels.
const ROW: i32 = 22;

/// The background of an offer to resume.
const YELLOW: [u8; 3] = [0xFF, 0xF1, 0xCC];

/// The colour of the text of an error.
const RED: [u8; 3] = [0xB4, 0x23, 0x18];

/// The colour of the text of a verified file.
const GREEN: [u8; 3] = [0x1B, 0x7F, 0x4B];

/// A link on which a transfer takes long.
const SLOW: [&str; 2] = ["--link", "seed=7;loss=3%;delay=30ms"];

#[test]
fn a_column_heading_sorts_the_list_and_a_second_click_reverses_it() {
    let server = Server::start();
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    dana.click(BY_SIZE);
    dana.double_click(FIRST_FILE);
    until("the smallest file", || dana.has_whole(&server, "שלום.txt"));
    dana.click(BY_SIZE);
    dana.double_click(FIRST_FILE);
    until("the largest file", || {
        dana.has_whole(&server, "lecture 3.mp4")
    });
    dana.picture("window-files");
    assert!(!dana.has("campus map.png"), "neither order begins with it");
}

#[test]
fn several_files_are_selected_by_mouse_or_keyboard_and_downloaded_together() {
    let server = Server::start();
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    dana.click(FIRST_FILE);
    dana.click_with("shift", nth(1));
    dana.click_with("ctrl", nth(3));
    dana.picture("window-chosen");
    dana.press(&["alt+d"]);
    for name in ["campus map.png", "large.bin", "notes.txt"] {
        until(name, || dana.has_whole(&server, name));
    }
    assert!(!dana.has("lecture 3.mp4"), "it was passed over");

    dana.click(FILTER);
    dana.type_text("lect");
    dana.press(&["Tab", "ctrl+a", "Return"]);
    until("what the filter shows", || {
        dana.has_whole(&server, "lecture 3.mp4")
    });
    assert!(
        !dana.has("campus map (2).png"),
        "what is hidden is not chosen"
    );
}

#[test]
fn a_path_in_the_file_field_is_uploaded_and_a_folder_is_refused_in_the_window() {
    let server = Server::start();
    let mut watcher = server.join("watcher");
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("from dana & co.txt");
    fs::write(&path, "hello").unwrap();

    dana.click(FILE_FIELD);
    dana.type_text(path.to_str().unwrap());
    dana.press(&["alt+u"]);
    watcher.expect_shared("dana", "from dana & co.txt");
    assert_eq!(server.content("from dana & co.txt"), b"hello");

    dana.click(FILE_FIELD);
    dana.press(&["ctrl+a"]);
    dana.type_text(folder.path().to_str().unwrap());
    dana.press(&["alt+u", "alt+2"]);
    until("the sentence in red", || dana.count(RED) > 0);
    dana.picture("window-refused-folder");
}

#[test]
fn a_file_dropped_from_another_program_is_uploaded() {
    let server = Server::start();
    let mut watcher = server.join("watcher");
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    let guy = desk.open_joined(&server, "guy");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my notes.txt");
    fs::write(&path, "dropped").unwrap();

    // Guy's window plays the file manager: the selected text of a field can be dragged.
    guy.click(MESSAGE_FIELD);
    let address = format!("file://{}", path.display()).replace(' ', "%20");
    guy.type_text(&address);
    guy.press(&["ctrl+a"]);
    until("the text marked", || guy.is_steady());
    guy.drag_to((250, MESSAGE_FIELD.1), &dana, CHAT);
    watcher.expect_shared("dana", "my notes.txt");
    assert_eq!(server.content("my notes.txt"), b"dropped");
}

#[test]
fn a_transfer_is_paused_and_resumed_by_buttons_and_keys() {
    let server = Server::start_with(&SLOW);
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    begin_slowly(&dana);

    dana.click(LEFT_BUTTON);
    until("a part that stands still", || !grows(&dana));
    dana.picture("window-paused");
    dana.click(FIRST_TRANSFER);
    dana.press(&["space"]);
    until("a part that grows", || grows(&dana));
    dana.press(&["space"]);
    until("a part that stands still again", || !grows(&dana));
    dana.click(LEFT_BUTTON);
    until("a part that grows again", || grows(&dana));
}

#[test]
fn the_partial_file_of_a_cancelled_download_is_kept_until_it_is_deleted() {
    let server = Server::start_with(&SLOW);
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    begin_slowly(&dana);

    dana.click(RIGHT_BUTTON);
    until("the end", || !grows(&dana));
    assert!(dana.has("lecture 3.mp4.part"), "what has arrived is kept");
    dana.picture("window-cancelled");
    dana.click(RIGHT_BUTTON);
    until("no part", || !dana.has("lecture 3.mp4.part"));
    assert!(!dana.has("lecture 3.mp4.part.json"));
}

#[test]
fn after_a_kill_the_download_is_offered_again_and_completes() {
    let server = Server::start_with(&SLOW);
    let desk = Desk::set_up();
    let dana = desk.open_joined(&server, "dana");
    begin_slowly(&dana);
    let folder = dana.kill();

    let flags = ["--server", &server.address(), "--name", "dana2"];
    let dana = desk.open_in(folder, &flags, "Sash - dana2");
    until("the offer", || dana.count(YELLOW) > 1_000);
    dana.picture("window-leftovers");
    let before = length(&dana);
    dana.click(GO_ON);
    until("the rest", || dana.has_whole(&server, "lecture 3.mp4"));
    assert!(before > 0);
    assert_eq!(dana.count(YELLOW), 0, "the offer is gone");
    dana.press(&["alt+2"]);
    until("the mark", || dana.count(GREEN) > 0);
}

/// Downloads a file that takes a minute, opens the page of transfers, and waits for its
/// part.
fn begin_slowly(window: &Window) {
    window.write("/download lecture 3.mp4 --arq go-back-n");
    window.press(&["alt+2"]);
    until("a part", || grows(window));
}

/// Whether more bytes have arrived a moment later.
fn grows(window: &Window) -> bool {
    let before = length(window);
    // Long enough for many round trips, because the disk shows nothing else.
    for _ in 0..3 {
        let _ = window.is_steady();
    }
    length(window) > before
}

fn length(window: &Window) -> u64 {
    let part = window.folder().join("lecture 3.mp4.part");
    fs::metadata(part).map_or(0, |part| part.len())
}

/// The place of a row of the list of files, counted from 0.
fn nth(row: i32) -> (i32, i32) {
    (FIRST_FILE.0, FIRST_FILE.1 + row * ROW)
}
