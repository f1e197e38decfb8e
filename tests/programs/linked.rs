//! The shared libraries of the programs: `server`, `lab` and `client --text` start on a
//! computer without X11. For the window `client` becomes `client-window`.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The beginnings of the names of libraries that only a window needs.
const OF_A_WINDOW: [&str; 7] = [
    "libX",
    "libxcb",
    "libpango",
    "libcairo",
    "libgobject",
    "libfontconfig",
    "libstdc++",
];

/// The shared libraries without which the program does not start. `readelf` comes with the
/// linker.
fn needed(program: &str) -> Vec<String> {
    let told = Command::new("readelf")
        .args(["-d", program])
        .output()
        .unwrap();
    assert!(told.status.success(), "{told:?}");
    let told = String::from_utf8(told.stdout).unwrap();
    let names = told.lines().filter(|line| line.contains("(NEEDED)"));
    let name = |line: &str| line.split(['[', ']']).nth(1).unwrap().to_owned();
    names.map(name).collect()
}

fn of_a_window(program: &str) -> Vec<String> {
    let mut needed = needed(program);
    assert!(
        needed.iter().any(|it| it.starts_with("libc.")),
        "{needed:?}"
    );
    needed.retain(|it| OF_A_WINDOW.iter().any(|start| it.starts_with(start)));
    needed
}

#[test]
fn no_program_but_the_one_of_the_window_needs_a_library_of_a_window() {
    assert_eq!(of_a_window(env!("CARGO_BIN_EXE_server")), [""; 0]);
    assert_eq!(of_a_window(env!("CARGO_BIN_EXE_lab")), [""; 0]);
    assert_eq!(of_a_window(env!("CARGO_BIN_EXE_client")), [""; 0]);
}

/// Otherwise the test above would look for wrong names.
#[cfg(feature = "gui")]
#[test]
fn the_program_of_the_window_needs_them() {
    assert_ne!(of_a_window(env!("CARGO_BIN_EXE_client-window")), [""; 0]);
}

/// Runs a command. Files that are executed later are written by other processes: a file that
/// this one has open for writing cannot be executed, nor while a child of another test is
/// about to start (`execve(2)`, ETXTBSY).
fn sh(script: &str, arguments: [&Path; 2]) {
    let mut sh = Command::new("sh");
    let sh = sh.args(["-euc", script, "sh"]).args(arguments);
    assert!(sh.status().unwrap().success());
}

/// A copy of `client` in a folder of its own, with this script as the program of the window.
fn client_with(window: Option<&str>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let client = folder.path().join("client");
    let here = Path::new(env!("CARGO_BIN_EXE_client"));
    sh("cp \"$1\" \"$2\"", [here, &client]);
    if let Some(text) = window {
        let program = folder.path().join("client-window");
        let write = "printf '#!/bin/sh\n%s\n' \"$2\" >\"$1\"; chmod +x \"$1\"";
        sh(write, [&program, Path::new(text)]);
    }
    (folder, client)
}

/// The exit code and stderr of the client.
fn run(client: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let told = Command::new(client).args(arguments).output().unwrap();
    (told.status.code(), String::from_utf8(told.stderr).unwrap())
}

/// The client ends with a sentence that contains the reason.
#[track_caller]
fn recommends_the_text_mode(window: Option<&str>, reason: &str) {
    let (_folder, client) = client_with(window);
    let (code, told) = run(&client, &[]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains(reason), "{told}");
    assert!(told.contains("Use --text."), "{told}");
}

#[test]
fn a_client_without_the_program_of_the_window_recommends_the_text_mode() {
    recommends_the_text_mode(None, "no program client-window");
}

/// The script says what the loader says, with its exit code: `ld.so(8)`.
#[test]
fn a_missing_library_of_the_window_is_named_and_the_text_mode_recommended() {
    let missing = "error while loading shared libraries: libX11.so.6: cannot open";
    let window = format!("echo '{missing}' >&2; exit 127");
    recommends_the_text_mode(Some(&window), "libX11.so.6");
}

#[test]
fn the_program_of_the_window_gets_the_arguments_and_gives_its_exit_code() {
    let window = r#"[ "$1" = --version ] || { echo "$*" >&2; exit 4; }"#;
    let (_folder, client) = client_with(Some(window));
    let (code, told) = run(&client, &["--server", "there", "--name", "dana"]);
    assert_eq!(code, Some(4), "{told}");
    assert_eq!(told, "--server there --name dana --count 1\n");
}
