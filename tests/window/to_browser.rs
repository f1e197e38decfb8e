//! From the window's laboratory to the page in a browser: *In browser* and *Copy link*.
//!
//! The browser is a script that notes what it is asked to open; the copied link is pasted
//! into another user's chat.

use super::desk::{Desk, Window, until};
use super::server::Server;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Buttons of the row that asks what to export. Unit: pixels.
const IN_BROWSER: (i32, i32) = (708, 632);
const COPY_LINK: (i32, i32) = (797, 632);

#[test]
fn a_run_opens_in_the_browser_and_its_copied_link_opens_the_same_moment() {
    let server = Server::start();
    let mut watcher = server.join("watcher");
    let desk = Desk::set_up();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_owned();
    let note = place.join("opened");
    prepare(&place, &note);
    let path = std::env::var("PATH").unwrap();
    let address = server.address();
    let flags = ["--server", address.as_str(), "--name", "dana"];
    let dana = desk.open_with(folder, &flags, "Sash - dana", |command| {
        command.current_dir(&place);
        command.env("PATH", format!("{}:{path}", place.join("bin").display()));
    });
    dana.press(&["alt+3"]);
    until("the laboratory", || dana.is_steady());
    dana.press(&["1"]);
    until("a run", || !dana.is_steady());
    dana.press(&["space"]);
    dana.press(&["Right"; 9]);

    ask_for(&dana, IN_BROWSER);
    let opened = || fs::read_to_string(&note).unwrap_or_default();
    until("the browser", || opened().ends_with('\n'));
    let step = fs::read_to_string(opened().trim()).unwrap();
    fs::remove_file(opened().trim()).unwrap();
    let (_, link) = step.split_once("url=").unwrap();
    let (link, _) = link.split_once('"').unwrap();
    let link = link.replace("&amp;", "&");
    let (page, fragment) = link.split_once('#').unwrap();
    assert!(page.starts_with("file:///") && page.ends_with("/laboratory.html"));
    let (run, moment) = fragment.split_once("&at=").unwrap();
    let wanted =
        "open=run&link=delay=50ms;rate=1mbit;drop=d2.1&arq=go-back-n&window=4&packets=8";
    assert_eq!(run, wanted);
    assert!(moment.parse::<u64>().unwrap() > 0);

    ask_for(&dana, COPY_LINK);
    let guy = desk.open_joined(&server, "guy");
    let before = guy.pixels();
    guy.press(&["ctrl+v"]);
    // The text comes from another program, so the next key can overtake it.
    until("the pasted link", || {
        let pairs = before.iter().zip(guy.pixels());
        pairs.filter(|(one, other)| *one != other).count() > 1_000
    });
    guy.press(&["Return"]);
    watcher.expect_said("guy", &link);
}

/// A page, and a browser that notes what it opens.
fn prepare(place: &Path, note: &Path) {
    for folder in ["bin", "target/web"] {
        fs::create_dir_all(place.join(folder)).unwrap();
    }
    fs::write(place.join("target/web/laboratory.html"), "a page").unwrap();
    let browser = place.join("bin/xdg-open");
    let script = format!("#!/bin/sh\necho \"$1\" >'{}'\n", note.display());
    fs::write(&browser, script).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Clicks a button of the row that asks what to export.
fn ask_for(window: &Window, button: (i32, i32)) {
    window.press(&["alt+x"]);
    until("the row", || window.is_steady());
    window.picture("laboratory-export-row");
    window.click(button);
    until("the row's end", || window.is_steady());
}
