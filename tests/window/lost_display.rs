//! The display disappears: the client prints a sentence, and nothing is lost.
//!
//! Source: as `tests/window/tour.rs`.

use super::desk::{Desk, until};
use super::server::Server;
use std::fs;
use std::process::{Command, Stdio};

#[test]
fn a_lost_display_is_reported_in_a_sentence_and_the_partial_file_is_kept() {
    let server = Server::start_with(&["--link", "rate=1mbit"]);
    let desk = Desk::set_up();
    let folder = tempfile::tempdir().unwrap();
    let client = Command::new(env!("CARGO_BIN_EXE_client"))
        .args(["--server", &server.address(), "--name", "dana", "--out"])
        .arg(folder.path())
        .env("DISPLAY", desk.display())
        .env("XDG_CONFIG_HOME", folder.path().join("דנה כהן"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let hands = |arguments: &[&str]| {
        let mut hands = Command::new("xdotool");
        let hands = hands.args(arguments).env("DISPLAY", desk.display());
        hands.output().unwrap().stdout
    };
    let mut id = String::new();
    until("the window", || {
        id = String::from_utf8(hands(&[
            "search",
            "--onlyvisible",
            "--name",
            "^Sash - dana$",
        ]))
        .unwrap();
        !id.is_empty()
    });
    hands(&["windowfocus", "--sync", id.trim()]);
    hands(&["type", "--delay", "5", "/download lecture 3.mp4"]);
    hands(&["key", "Return"]);
    let part = folder.path().join("lecture 3.mp4.part");
    let length = || fs::metadata(&part).map_or(0, |part| part.len());
    until("a part", || length() > 0);

    drop(desk);
    let ended = client.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    let last = said.lines().last().unwrap_or_default();
    assert_eq!(
        last,
        "The display was closed, and the window with it. Partial files are kept: start \
         the client again to resume them."
    );
    assert!(length() > 0, "what has arrived is kept");
    assert!(folder.path().join("lecture 3.mp4.part.json").exists());
}
