//! Access control with the real client over real sockets: the proof of a password, a teacher
//! who removes users, and an observer who reads the packets.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "clients of a test are no threads of Sash, and may fail where they stand"
)]

use crate::running::{TIMEOUT, ended_with, printed, succeeded};
use sash::room::door::{Rules, Teacher};
use sash::room::login::{Entropy, Password, answer};
use sash::server::ports::PortRange;
use sash::server::{self, Config, Running};
use sash::wire::mac::TrafficKey;
use sash::wire::message::{Challenge, Offer, Proof};
use sash::wire::packet::{Body, HandshakeFields, Kind, Packet};
use sash::wire::sequence::SequenceNumber;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

const SESAME: &str = "open sesame 7";
const CHALK: &str = "white chalk";
const SIZE: u64 = 200_000;

/// A server, its files, and files with passwords for clients.
struct Fixture {
    server: Running,
    folder: TempDir,
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

impl Fixture {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("files")).unwrap();
        fs::write(
            folder.path().join("files/a.bin"),
            sash::lab::contents::bytes(0..SIZE),
        )
        .unwrap();
        for (name, text) in [("right", SESAME), ("wrong", "guess"), ("chalk", CHALK)] {
            fs::write(folder.path().join(name), format!("{text}\n")).unwrap();
        }
        let mut config = Config {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            files: folder.path().join("files"),
            ports: PortRange::Any,
            ..Config::default()
        };
        change(&mut config);
        Self {
            server: server::start(config).unwrap(),
            folder,
        }
    }

    /// A room with a password and a teacher, dana.
    fn locked() -> Self {
        Self::new(|config| {
            config.rules = Rules {
                password: Some(password(SESAME)),
                teacher: Some(teacher()),
                is_class: false,
            };
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn client(&self, name: &str, arguments: &[&str]) -> Output {
        self.client_at(self.server.address(), name, arguments)
    }

    fn client_at(&self, at: SocketAddr, name: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_client"))
            .current_dir(self.folder.path())
            .args(["--server", &at.to_string(), "--name", name])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

fn teacher() -> Teacher {
    Teacher {
        name: "dana".parse().unwrap(),
        password: password(CHALK),
    }
}

/// A client that works as `nc` does.
struct Raw(BufReader<TcpStream>);

impl Raw {
    fn join(server: &Running, name: &str) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        let timeout = Some(TIMEOUT);
        stream.set_read_timeout(timeout).unwrap();
        let mut raw = Self(BufReader::new(stream));
        raw.send(&json!({"join": {"name": name}}));
        raw
    }

    fn send(&mut self, request: &Value) {
        let line = format!("{request}\n");
        self.0.get_mut().write_all(line.as_bytes()).unwrap();
    }

    /// The fields of the next line with this keyword.
    fn wait_for(&mut self, keyword: &str) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "no {keyword}");
            let line: Value = serde_json::from_str(&line).unwrap();
            if let Some(fields) = line.get(keyword) {
                return fields.clone();
            }
        }
    }

    fn expect_hang_up(&mut self) {
        let mut rest = String::new();
        assert_eq!(self.0.read_to_string(&mut rest).unwrap(), 0, "{rest}");
    }
}

#[test]
fn the_right_password_gives_access_to_the_room_its_chat_and_its_files() {
    let place = Fixture::locked();
    for transport in ["udp", "tcp"] {
        let output = place.client(
            "guy",
            &[
                "--password-file",
                "right",
                "--transport",
                transport,
                "--exec",
                "hi",
                "--exec",
                "/download a.bin",
            ],
        );
        succeeded(&output);
        assert!(
            printed(&output).contains("<guy> hi"),
            "{}",
            printed(&output)
        );
    }
    for name in ["a.bin", "a (2).bin"] {
        let arrived = fs::read(place.path("downloads").join(name)).unwrap();
        assert_eq!(arrived, sash::lab::contents::bytes(0..SIZE), "{name}");
    }
    let output = place.client(
        "guy",
        &["--password-file", "right", "--exec", "/upload right"],
    );
    succeeded(&output);
    assert!(place.path("files/right").exists());
}

#[test]
fn a_wrong_or_missing_password_is_refused_with_a_sentence() {
    let place = Fixture::locked();
    let wrong = place.client("guy", &["--password-file", "wrong", "--exec", "hi"]);
    ended_with(4, &wrong);
    assert!(printed(&wrong).contains("not the room's password"));
    let none = place.client("guy", &["--exec", "hi"]);
    ended_with(4, &none);
    assert!(
        printed(&none).contains("--password-file"),
        "{}",
        printed(&none)
    );
    let missing = place.client("guy", &["--password-file", "nothing", "--exec", "hi"]);
    ended_with(2, &missing);
}

#[test]
fn a_plain_tcp_client_is_told_immediately_that_a_password_is_needed_and_refused_in_time()
{
    let place = Fixture::new(|config| {
        config.rules.password = Some(password(SESAME));
        config.join_within = Duration::from_millis(300);
    });
    let mut raw = Raw::join(&place.server, "guy");
    let challenge = raw.wait_for("challenge");
    let sentence = challenge["sentence"].as_str().unwrap();
    assert!(sentence.contains("client"), "{sentence}");
    let refused = raw.wait_for("refused");
    assert_eq!(refused["code"], "password-needed");
    raw.expect_hang_up();
}

#[test]
fn a_room_without_a_password_asks_for_none() {
    let place = Fixture::new(|_| ());
    let output = place.client("guy", &["--password-file", "right", "--exec", "hi"]);
    succeeded(&output);
    assert!(
        printed(&output).contains("did not ask"),
        "{}",
        printed(&output)
    );
    let mut raw = Raw::join(&place.server, "yuval");
    let welcome = raw.wait_for("welcome");
    assert!(welcome.get("confirmation").is_none(), "{welcome}");
    assert!(welcome.get("teacher").is_none(), "{welcome}");
}

/// Observes the traffic between a client and the server: `look` sees all bytes before they are
/// passed on.
fn eavesdrop(
    server: SocketAddr,
    mut look: impl FnMut(&str) + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, all) = mpsc::channel();
    thread::spawn(move || {
        let client = listener.accept().unwrap().0;
        let server = TcpStream::connect(server).unwrap();
        let (from_client, to_server) =
            (client.try_clone().unwrap(), server.try_clone().unwrap());
        let heard_too = heard.clone();
        thread::spawn(move || pass(from_client, to_server, &heard_too, |_| ()));
        pass(server, client, &heard, &mut look);
    });
    (address, all)
}

fn pass(
    from: TcpStream,
    mut to: TcpStream,
    heard: &mpsc::Sender<String>,
    mut look: impl FnMut(&str),
) {
    for line in BufReader::new(from).lines() {
        let Ok(line) = line else { break };
        look(&line);
        let _ = heard.send(line.clone());
        if to.write_all(format!("{line}\n").as_bytes()).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// The fields of the first line with this keyword.
fn fields(lines: &[String], keyword: &str) -> Value {
    let values = lines.iter().map(|it| serde_json::from_str(it).unwrap());
    let mut found = values.filter_map(|line: Value| line.get(keyword).cloned());
    found.next().unwrap_or_else(|| panic!("no {keyword}"))
}

#[test]
fn an_eavesdropped_login_allows_no_offline_dictionary_attack() {
    let place = Fixture::locked();
    let (address, heard) = eavesdrop(place.server.address(), |_| ());
    let arguments = ["--password-file", "right", "--exec", "hi"];
    let output = place.client_at(address, "guy", &arguments);
    succeeded(&output);
    let lines: Vec<String> = heard.iter().collect();
    let all = lines.join("\n").to_lowercase();
    for part in SESAME.split(' ').filter(|part| part.len() > 2) {
        assert!(!all.contains(part), "{part}");
        let hex = part
            .bytes()
            .fold(String::new(), |hex, it| hex + &format!("{it:02x}"));
        assert!(!all.contains(&hex), "{hex}");
    }
    // An attacker who tries all passwords of a list finds no difference for the right one:
    // each leads to a confirmation other than the observed one, since the client's random numbers
    // are unknown.
    let challenge: Challenge =
        serde_json::from_value(fields(&lines, "challenge")).unwrap();
    let proof: Proof = serde_json::from_value(fields(&lines, "proof")).unwrap();
    for word in ["guess", SESAME, CHALK] {
        for generator in 0..20 {
            let entropy = Entropy([generator; 32]);
            let (tried, _) = answer(&password(word), &challenge, "guy", entropy).unwrap();
            assert_ne!(tried.confirmation, proof.confirmation, "{word}");
            assert_ne!(tried.message, proof.message, "{word}");
        }
    }
    // The observed messages do not let the attacker join either.
    let mut raw = Raw::join(&place.server, "guy");
    raw.wait_for("challenge");
    raw.send(&json!({"proof": fields(&lines, "proof")}));
    assert_eq!(raw.wait_for("refused")["code"], "wrong-password");
}

#[test]
fn an_eavesdropped_offer_does_not_reveal_its_token() {
    let place = Fixture::locked();
    let (stolen, attacks) = mpsc::channel();
    let (address, _heard) = eavesdrop(place.server.address(), move |line| {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(offer) = line.get("offer") {
            // Faster than the client, from its own address, with everything observed.
            let port = u16::try_from(offer["port"].as_u64().unwrap()).unwrap();
            let mut thief = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            let token = offer["token"].as_str().unwrap();
            thief.write_all(format!("{token}\n").as_bytes()).unwrap();
            let timeout = Some(Duration::from_secs(2));
            thief.set_read_timeout(timeout).unwrap();
            let mut taken = Vec::new();
            let _ = thief.read_to_end(&mut taken);
            stolen.send(taken.len()).unwrap();
        }
    });
    let arguments = [
        "--password-file",
        "right",
        "--transport",
        "tcp",
        "--exec",
        "/download a.bin",
    ];
    let output = place.client_at(address, "guy", &arguments);
    succeeded(&output);
    assert_eq!(attacks.iter().next(), Some(0));
}

#[test]
fn a_client_with_the_token_but_without_the_keys_starts_no_transfer() {
    let place = Fixture::locked();
    let mut raw = Raw::join(&place.server, "guy");
    let challenge: Challenge = serde_json::from_value(raw.wait_for("challenge")).unwrap();
    let entropy = Entropy([5; 32]);
    let (proof, awaiting) =
        answer(&password(SESAME), &challenge, "guy", entropy).unwrap();
    raw.send(&json!({"proof": proof}));
    raw.wait_for("welcome");
    raw.send(&json!({"download": {"file": "a.bin"}}));
    let offer: Offer = serde_json::from_value(raw.wait_for("offer")).unwrap();
    let keys = awaiting.key().traffic_keys(offer.token, offer.transfer);
    let syn = Packet {
        token: awaiting.key().token(offer.token, offer.transfer),
        number: 0,
        attempt: 1,
        sequence: SequenceNumber(0),
        sent_at: 0,
        body: Body::Syn(HandshakeFields {
            size: offer.size,
            window: 8,
            echo: 0,
            segment_bytes: offer.settled.segment_bytes,
        }),
    };
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.connect((Ipv4Addr::LOCALHOST, offer.port)).unwrap();
    let mut datagram = Vec::new();
    // No MAC, one by a guessed key, and one that the server itself would make.
    let guessed = TrafficKey([9; 32]);
    for key in [None, Some(&guessed), Some(&keys.receive)] {
        syn.encode_keyed(&mut datagram, key, &[]);
        socket.send(&datagram).unwrap();
    }
    let mut answer = [0; 2_000];
    socket
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    assert!(socket.recv(&mut answer).is_err());
    // The transfer still works for the client to which it was offered.
    syn.encode_keyed(&mut datagram, Some(&keys.send), &[]);
    socket.send(&datagram).unwrap();
    socket.set_read_timeout(Some(TIMEOUT)).unwrap();
    let length = socket.recv(&mut answer).unwrap();
    assert_eq!(length, datagram.len());
    let (packet, _) =
        Packet::decode_keyed(&answer[..length], Some(&keys.receive)).unwrap();
    assert_eq!(packet.body.kind(), Kind::SynAck);
}

#[test]
fn wrong_passwords_from_an_address_lock_out_no_other_user() {
    let place = Fixture::locked();
    let wrong = ["--password-file", "wrong", "--exec", "hi"];
    for _ in 0..sash::room::door::GUESSES + 3 {
        let told = printed(&place.client("guy", &wrong));
        assert!(told.contains("not the room's"), "{told}");
    }
    // An attacker guesses on, from the same address, under one name after another.
    let (stop, stopped) = mpsc::channel::<()>();
    let address = place.server.address();
    let attacker = thread::spawn(move || {
        for number in 0.. {
            let Ok(mut stream) = TcpStream::connect(address) else {
                return;
            };
            let join = json!({"join": {"name": format!("m{number}")}});
            let exchange = "41".repeat(33);
            let proof =
                json!({"proof": {"message": exchange, "confirmation": "00".repeat(32)}});
            let _ = stream.write_all(format!("{join}\n").as_bytes());
            let mut challenge = String::new();
            let _ = BufReader::new(&stream).read_line(&mut challenge);
            let _ = stream.write_all(format!("{proof}\n").as_bytes());
            let timeout = Duration::from_millis(50);
            if stopped.recv_timeout(timeout) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
        }
    });
    for (name, password) in [("guy", "right"), ("tal", "right"), ("dana", "chalk")] {
        let output = place.client(name, &["--password-file", password, "--exec", "hi"]);
        succeeded(&output);
    }
    drop(stop);
    attacker.join().unwrap();
}

#[test]
fn a_banned_user_loses_its_transfers_and_cannot_return_under_a_look_alike_name() {
    let place = Fixture::new(|config| config.rules.teacher = Some(teacher()));
    // More than the buffers of any socket.
    let size = 64 << 20;
    let big = fs::File::create(place.folder.path().join("files/big.bin")).unwrap();
    big.set_len(size).unwrap();
    let mut guy = Raw::join(&place.server, "guy");
    guy.send(&json!({"download": {"file": "big.bin", "transport": "tcp"}}));
    let offer = guy.wait_for("offer");
    let port = u16::try_from(offer["port"].as_u64().unwrap()).unwrap();
    let mut transfer = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let token = offer["token"].as_str().unwrap();
    transfer.write_all(format!("{token}\n").as_bytes()).unwrap();
    transfer.read_exact(&mut [0]).unwrap();
    guy.send(&json!({"pause": {"transfer": offer["transfer"]}}));
    let ban = ["--password-file", "chalk", "--exec", "/ban guy"];
    let output = place.client("dana", &ban);
    succeeded(&output);
    assert_eq!(guy.wait_for("refused")["code"], "banned");
    // The transfer ends with the connection and cannot complete.
    let mut rest = Vec::new();
    let _ = transfer.read_to_end(&mut rest);
    assert!((rest.len() as u64) < size - 1);
    for look in ["guy", "GUY", "ｇuy", "guу"] {
        let refused = Raw::join(&place.server, look).wait_for("refused");
        assert_eq!(refused["code"], "banned", "{look}");
    }
}

#[test]
fn the_teacher_removes_and_bans_a_user_and_everyone_concerned_is_informed() {
    let place = Fixture::new(|config| config.rules.teacher = Some(teacher()));
    let mut guy = Raw::join(&place.server, "guy");
    assert_eq!(guy.wait_for("welcome")["teacher"], "dana");
    let mut yuval = Raw::join(&place.server, "yuval");
    yuval.wait_for("welcome");
    // Other users may not, and nobody else can take the teacher's name.
    guy.send(&json!({"kick": {"name": "yuval"}}));
    assert_eq!(guy.wait_for("error")["code"], "not-teacher");
    let thief = place.client("dana", &["--password-file", "wrong", "--exec", "hi"]);
    ended_with(4, &thief);
    let as_teacher =
        |line: &str| place.client("dana", &["--password-file", "chalk", "--exec", line]);
    let output = as_teacher("/kick guy too loud");
    succeeded(&output);
    assert!(
        printed(&output).contains("guy was removed."),
        "{}",
        printed(&output)
    );
    let refused = guy.wait_for("refused");
    assert_eq!(refused["code"], "kicked");
    assert!(refused["sentence"].as_str().unwrap().contains("too loud"));
    guy.expect_hang_up();
    let left = yuval.wait_for("left");
    assert_eq!(left["name"], "guy");
    assert_eq!(left["why"], "removed by dana: too loud");
    // A removed user may come back, a banned one may not.
    Raw::join(&place.server, "guy").wait_for("welcome");
    let output = as_teacher("/ban yuval");
    succeeded(&output);
    assert_eq!(yuval.wait_for("refused")["code"], "banned");
    let refused = Raw::join(&place.server, "YUVAL").wait_for("refused");
    assert_eq!(refused["code"], "banned");
    assert!(printed(&as_teacher("/bans")).contains("Banned: yuval"));
    as_teacher("/unban yuval");
    Raw::join(&place.server, "yuval").wait_for("welcome");
    let output = as_teacher("/kick nobody");
    ended_with(1, &output);
}

#[test]
fn a_configured_limit_per_address_also_applies_to_local_connections() {
    let place = Fixture::new(|config| config.max_per_address = Some(2));
    let mut guy = Raw::join(&place.server, "guy");
    guy.wait_for("welcome");
    let mut yuval = Raw::join(&place.server, "yuval");
    yuval.wait_for("welcome");
    let refused = Raw::join(&place.server, "noa").wait_for("refused");
    assert_eq!(refused["code"], "full");
    drop(yuval);
    guy.wait_for("left");
    let is_in = (0..50).any(|_| {
        thread::sleep(Duration::from_millis(20));
        let stream = TcpStream::connect(place.server.address()).unwrap();
        let mut line = String::new();
        (&stream)
            .write_all(b"{\"join\":{\"name\":\"noa\"}}\n")
            .unwrap();
        let _ = BufReader::new(stream).read_line(&mut line);
        line.contains("welcome")
    });
    assert!(is_in);
}
