//! `client-window`: the client with a window. On Windows it has no console.

#![windows_subsystem = "windows"]

mod start;
mod view;

use sash::client::display;
use sash::system::terminal;
use start::{Arguments, Program};
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    start::run(&Program {
        complain,
        open_window,
    })
}

/// Writes to stderr, or shows a message if there is no stderr, as on Windows after a double
/// click.
fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "{sentence}");
    if !terminal::has_stderr() {
        view::alert(sentence);
    }
}

fn open_window(arguments: &Arguments) -> Result<ExitCode, String> {
    // FLTK would end the process instead.
    display::missing().map_or(Ok(()), Err)?;
    let (settings, _captures) = arguments.settings()?;
    start::open_siblings(arguments.count, arguments.name.as_deref());
    Ok(view::run(&settings).into())
}
