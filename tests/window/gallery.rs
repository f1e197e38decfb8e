//! Every view of the window in every theme: checks the theme's colours, and saves
//! pictures for people.
//!
//! ```text
//! ./sash screenshots      all of them, into target/screenshots
//! ```
//!
//! Source: `client::theme`; `bin/client/view` has the layout of the window.

use super::desk::{Desk, Window, until};
use super::server::Server;
use sash::client::theme::Theme;

/// A link on which a transfer takes long.
const SLOW: [&str; 2] = ["--link", "seed=7;loss=3%;delay=30ms"];

#[test]
fn every_view_is_drawn_in_the_light_theme() {
    show_all(Theme::Light);
}

#[test]
fn every_view_is_drawn_in_the_dark_theme() {
    show_all(Theme::Dark);
}

#[test]
fn every_view_is_drawn_in_the_projector_theme() {
    show_all(Theme::Projector);
}

#[test]
fn the_projector_window_fits_every_usual_screen() {
    let server = Server::start_with(&SLOW);
    for screen in [(800, 600), (1366, 768), (1920, 1080)] {
        let desk = Desk::with_screen(screen);
        let address = server.address();
        let flags = [
            "--theme",
            "projector",
            "--server",
            &address,
            "--name",
            "dana",
        ];
        let dana = desk.open(&flags, "Sash - dana");
        let (width, height) = dana.size();
        assert!(
            width <= screen.0 && height <= screen.1,
            "{width} x {height}"
        );
        dana.write("/help");
        dana.write("who has the slides of lecture 3?");
        until("the line", || dana.is_steady());
        let name = |view: &str| format!("screen-{view}-{}x{}", screen.0, screen.1);
        dana.picture(&name("chat"));
        dana.press(&["alt+2"]);
        until("the transfers", || dana.is_steady());
        dana.picture(&name("transfers"));
        dana.press(&["alt+3"]);
        until("the laboratory", || dana.is_steady());
        dana.press(&["alt+d"]);
        until("a question", || dana.is_steady());
        dana.picture(&name("quiz"));
    }
}

/// Rows of the laboratory at normal size: the captions, the fields below them, the row that
/// plays. Unit: pixels.
const CAPTIONS: [usize; 2] = [101, 114];
const FIELDS: [usize; 2] = [118, 142];
const PLAYING: [usize; 2] = [153, 180];

/// The margin of the window, at normal size. Unit: pixels.
const MARGIN: usize = 8;

#[test]
fn the_laboratory_fits_every_usual_screen_in_every_theme() {
    for theme in [Theme::Light, Theme::Dark, Theme::Projector] {
        for screen in [(800, 600), (1366, 768), (1920, 1080)] {
            let desk = Desk::with_screen(screen);
            let window = desk.open(&["--theme", theme.name()], "Sash");
            window.resize(screen);
            until("the size", || window.is_steady());
            let (width, height) = window.size();
            assert!(
                width <= screen.0 && height <= screen.1,
                "{width} x {height}"
            );
            window.enter_laboratory();
            // The projector's theme is zoomed.
            let is_zoomed = theme == Theme::Projector;
            let name =
                |view: &str| format!("fit-{view}-{theme}-{}x{}", screen.0, screen.1);
            fits(&window, theme, is_zoomed, &name("cards"));
            window.press(&["1"]);
            until("a run", || !window.is_steady());
            window.press(&["space"]);
            window.press(&["Right"; 40]);
            fits(&window, theme, is_zoomed, &name("run"));
            window.press(&["alt+d"]);
            until("a question", || window.is_steady());
            window.press(&["b"]);
            fits(&window, theme, true, &name("question"));
            window.press(&["ctrl+plus", "ctrl+plus"]);
            fits(&window, theme, true, &name("zoomed"));
        }
    }
}

/// Nothing reaches into the window's margins, and the items of a row do not touch: a text
/// that is too long would.
fn fits(window: &Window, theme: Theme, is_zoomed: bool, name: &str) {
    until(name, || window.is_steady());
    window.point((5, 5)); // Tooltips disappear.
    until(name, || window.is_steady());
    window.picture(name);
    let (width, _) = window.size();
    let width = usize::try_from(width).unwrap();
    let pixels = window.pixels();
    let paper = theme.colours().paper;
    let paper = [paper.red, paper.green, paper.blue];
    let at = |x: usize, y: usize| &pixels[(y * width + x) * 3..][..3];
    let height = pixels.len() / 3 / width;
    for y in FIELDS[0]..height {
        for x in (1..MARGIN).chain(width - MARGIN..width - 1) {
            assert_eq!(at(x, y), paper, "{name}: the margin at {x}, {y}");
        }
    }
    if is_zoomed {
        return;
    }
    let is_clear =
        |rows: [usize; 2], x: usize| (rows[0]..rows[1]).all(|y| at(x, y) == paper);
    let parts = |rows: [usize; 2]| -> Vec<[usize; 2]> {
        let mut parts: Vec<[usize; 2]> = Vec::new();
        for x in (0..width).filter(|&x| !is_clear(rows, x)) {
            match parts.last_mut() {
                // The spaces between words are narrower.
                Some(part) if x - part[1] <= 6 => part[1] = x,
                _ => parts.push([x, x]),
            }
        }
        parts
    };
    let (captions, fields, playing) = (parts(CAPTIONS), parts(FIELDS), parts(PLAYING));
    assert_eq!(fields.len(), 9, "{name}: fields and buttons: {fields:?}");
    assert_eq!(captions.len(), 4, "{name}: captions: {captions:?}");
    assert_eq!(playing.len(), 6, "{name}: the row that plays: {playing:?}");
    for (caption, field) in captions.iter().zip(&fields) {
        assert!(
            caption[1] + 3 < field[1],
            "{name}: {caption:?} of {field:?}"
        );
    }
}

fn show_all(theme: Theme) {
    let server = Server::start_with(&SLOW);
    let mut guy = server.join("guy");
    let desk = Desk::set_up();
    let form = desk.open(&["--theme", theme.name()], "Sash");
    keep(&form, theme, "login");
    drop(form);

    let address = server.address();
    let flags = [
        "--theme",
        theme.name(),
        "--server",
        &address,
        "--name",
        "dana",
    ];
    let dana = desk.open(&flags, "Sash - dana");
    dana.write("who has the slides of lecture 3?");
    guy.expect_said("dana", "who has the slides of lecture 3?");
    dana.write("/whisper guy look at the window column");
    dana.write("/download lecture 3.mp4 --arq go-back-n");
    dana.write("/download notes.txt --arq stop-and-wait");
    until("the small file", || dana.has_whole(&server, "notes.txt"));
    keep(&dana, theme, "chat");
    // After #all and the whisper.
    dana.press(&["alt+3"]);
    keep(&dana, theme, "transfers");

    let before = dana.pixels();
    dana.press(&["alt+4"]);
    until("the laboratory", || dana.pixels() != before);
    let before = dana.pixels();
    dana.press(&["alt+r"]);
    until("a run", || dana.pixels() != before);
    dana.press(&["space"]);
    dana.press(&["Right"; 60]);
    keep(&dana, theme, "laboratory");
    dana.press(&["alt+e"]);
    until("the start of the race", || !dana.is_steady());
    dana.press(&["End"]);
    until("the end of the race", || dana.is_steady());
    keep(&dana, theme, "race");
}

/// Saves a picture when nothing changes any more, and checks the colours of the theme.
fn keep(window: &Window, theme: Theme, view: &str) {
    until(&format!("{view} in {theme}"), || {
        let colours = theme.colours();
        let seen = |it: sash::lab::palette::Colour| {
            window.count([it.red, it.green, it.blue]) > 1_000
        };
        seen(colours.paper) && seen(colours.page)
    });
    window.picture(&format!("gallery-{view}-{theme}"));
}
