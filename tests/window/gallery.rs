//! Every view of the window in every theme: checks the theme's colours, and saves pictures to
//! look at.
//!
//! ```text
//! ./sash screenshots      all of them, into target/screenshots
//! ```
//!
//! Source: `client::theme`; `bin/client/view` tells where things are in the window.

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

/// Saves a picture once nothing moves, and checks that it has the colours of the theme.
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
