//! The shared libraries of the programs: `server` and `lab` start on a computer without a
//! display.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

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
fn server_and_laboratory_need_no_library_of_a_window() {
    assert_eq!(of_a_window(env!("CARGO_BIN_EXE_server")), [""; 0]);
    assert_eq!(of_a_window(env!("CARGO_BIN_EXE_lab")), [""; 0]);
    // The client with the window needs them; otherwise this test would look for wrong names.
    let of_the_client = of_a_window(env!("CARGO_BIN_EXE_client"));
    assert_eq!(of_the_client.is_empty(), cfg!(not(feature = "gui")));
}
