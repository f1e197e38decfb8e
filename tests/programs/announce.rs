//! Rooms that let themselves be found on the local network, and clients that look.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use sash::server::ports::PortRange;
use sash::server::{self, Config, Running};
use sash::wire::announcement::{FIND_BYTES, Find, Room};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

fn server() -> (Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        files: folder.path().into(),
        ports: PortRange::Any,
        announce: Some(0),
        ..Config::default()
    };
    (server::start(config).unwrap(), folder)
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(400)))
        .unwrap();
    socket
}

#[test]
fn a_client_lists_the_room_and_without_an_answer_says_what_to_do() {
    let (running, _folder) = server();
    let find = |port: u16| {
        Command::new(env!("CARGO_BIN_EXE_client"))
            .args(["--find", &port.to_string()])
            .output()
            .unwrap()
    };
    let found = find(running.announce_address().unwrap().port());
    let told = String::from_utf8(found.stdout).unwrap();
    assert_eq!(told, format!("{}\n", running.address()));
    assert_eq!(found.status.code(), Some(0));
    // A port where nobody answers.
    let silent = socket();
    let none = find(silent.local_addr().unwrap().port());
    assert_eq!(none.status.code(), Some(3));
    assert!(none.stdout.is_empty());
    let told = String::from_utf8(none.stderr).unwrap();
    assert!(told.contains("--announce"), "{told}");
}

#[test]
fn an_answer_is_no_longer_than_the_question_and_nonsense_gets_none() {
    let (running, _folder) = server();
    let address = running.announce_address().unwrap();
    let asker = socket();
    let mut answer = [0; 2_000];
    for bytes in [
        &b""[..],
        b"sash-find 1 0000000000000007\n",
        &[0; FIND_BYTES],
    ] {
        asker.send_to(bytes, address).unwrap();
        assert!(asker.recv_from(&mut answer).is_err(), "{bytes:?}");
    }
    let find = Find { nonce: 7 }.encode();
    asker.send_to(&find, address).unwrap();
    let (length, from) = asker.recv_from(&mut answer).unwrap();
    assert_eq!(from, address);
    assert!(length <= find.len());
    let room = Room::decode(&answer[..length]).unwrap();
    assert_eq!((room.nonce, room.port), (7, running.address().port()));
    assert!(!room.is_locked);
}

#[test]
fn a_flood_of_questions_is_answered_at_the_rate_only() {
    let (running, _folder) = server();
    let address = running.announce_address().unwrap();
    let asker = socket();
    for _ in 0..500 {
        asker.send_to(&Find { nonce: 7 }.encode(), address).unwrap();
    }
    let mut answer = [0; FIND_BYTES];
    let answers = (0..500).take_while(|_| asker.recv_from(&mut answer).is_ok());
    // Four a second; the flood may take more than one second to arrive.
    let count = answers.count();
    assert!((1..=12).contains(&count), "{count} answers");
    drop(running); // It ends although it was asked.
}

#[test]
fn a_server_is_silent_unless_it_was_told_to_announce_itself() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        files: folder.path().into(),
        ports: PortRange::Any,
        ..Config::default()
    };
    assert_eq!(config.announce, None);
    let running = server::start(config).unwrap();
    assert_eq!(running.announce_address(), None);
}
