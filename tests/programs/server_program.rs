//! The program `server` for a user or a script: its output and its end.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use crate::running::{ServerProcess, signal};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.args(["--files", env!("CARGO_MANIFEST_DIR")]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start() -> ServerProcess {
    ServerProcess::start(program().args(["--bind", "127.0.0.1:0"]))
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

#[test]
fn the_server_prints_its_actual_port_and_how_clients_reach_it() {
    let mut server = start();
    let port = server.address.strip_prefix("127.0.0.1:").unwrap();
    assert_ne!(port, "0");
    let mut second = String::new();
    server.stdout.read_line(&mut second).unwrap();
    assert_eq!(second, format!("client --server localhost:{port}\n"));
    TcpStream::connect(&server.address).unwrap();
}

#[test]
fn a_port_in_use_ends_the_server_with_a_sentence_that_gives_advice() {
    let server = start();
    let second = run(&["--bind", &server.address]);
    assert_eq!(second.status.code(), Some(1));
    assert!(second.stdout.is_empty());
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(told.contains(&server.address), "{told}");
    assert!(told.contains("--bind"), "{told}");
}

#[test]
fn a_missing_folder_ends_the_server_with_a_sentence() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    let command = command.args(["--bind", "127.0.0.1:0", "--files", "no such folder"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("no such folder") && told.contains("--files"),
        "{told}"
    );
}

#[test]
fn a_usage_error_has_its_own_exit_code() {
    for arguments in [
        &["--window", "0"][..],
        &["--window", "many"],
        &["--segment", "0"],
        &["--arq", "go-back-m"],
        &["--udp-ports", "9-1"],
        &["--bind", "here"],
        &["--link", "los=10%"],
        &["--dance"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_help_begins_with_examples() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.starts_with(b"Examples:\n  server "));
}

#[cfg(unix)]
#[test]
fn a_signal_notifies_all_clients_and_ends_the_server_successfully() {
    for name in ["-INT", "-TERM"] {
        let mut server = start();
        let mut dana = TcpStream::connect(&server.address).unwrap();
        dana.write_all(b"{\"join\":{\"name\":\"dana\"}}\n").unwrap();
        let mut heard = BufReader::new(dana);
        for _welcome_and_history in 0..2 {
            heard.read_line(&mut String::new()).unwrap();
        }
        signal(&server.process, name);
        let mut rest = String::new();
        heard.read_to_string(&mut rest).unwrap();
        assert!(rest.starts_with("{\"notice\""), "{rest}");
        assert_eq!(server.process.wait().unwrap().code(), Some(0));
    }
}
