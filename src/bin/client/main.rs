//! `client`: the client in a terminal. For the window it becomes the program `client-window`
//! beside it, which alone needs the libraries of a window.

mod start;

use sash::system::processes;
use start::{Arguments, Program};
use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    start::run(&Program {
        complain,
        open_window,
    })
}

fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "{sentence}");
}

fn open_window(arguments: &Arguments) -> Result<ExitCode, String> {
    let window = window_program()?;
    start::open_siblings(arguments.count, arguments.name.as_deref());
    let mut command = Command::new(&window);
    command.args(env::args_os().skip(1)).args(["--count", "1"]);
    let status = processes::become_program(&mut command)
        .map_err(|error| format!("Cannot start {}: {error}.", window.display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The program of the window, which starts on this computer. An error is a sentence.
fn window_program() -> Result<PathBuf, String> {
    let here = env::current_exe().unwrap_or_default();
    let window = here.with_file_name(format!("client-window{}", env::consts::EXE_SUFFIX));
    if !window.exists() {
        let sentence = "There is no program client-window beside this one, so no window can be \
                        opened. Use --text.";
        return Err(sentence.to_owned());
    }
    starts(&window)?;
    Ok(window)
}

/// Whether the program finds its libraries.
fn starts(window: &Path) -> Result<(), String> {
    let asked = Command::new(window).arg("--version").output();
    let reason = match asked {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    Err(format!(
        "The window cannot be opened ({reason}). Use --text."
    ))
}
