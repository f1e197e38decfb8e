//! The chat over true sockets on 127.0.0.1: raw bytes go in, raw lines come out.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "clients of a test are no threads of Sash, and may fail where they stand"
)]

use sash::server::ports::PortRange;
use sash::server::{self, Config, Running};
use sash::wire::line::LONGEST_LINE_BYTES;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

/// No answer takes this long unless something is broken.
const PATIENCE: Duration = Duration::from_secs(60);

fn config() -> Config {
    Config {
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        files: env!("CARGO_MANIFEST_DIR").into(),
        ports: PortRange::Any,
        ..Config::default()
    }
}

fn wait(pause: Duration) {
    let _ = crossbeam_channel::after(pause).recv();
}

fn server() -> Running {
    server::start(config()).unwrap()
}

/// A client as `nc` would be one.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(server: &Running) -> Self {
        Self::on(TcpStream::connect(server.address()).unwrap())
    }

    fn on(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Joins and reads `welcome` and `history`.
    fn joined(server: &Running, name: &str) -> Self {
        let mut client = Self::connect(server);
        client.send(&json!({"join": {"name": name}}));
        assert_eq!(client.next()["welcome"]["name"], name);
        assert!(client.next()["history"]["lines"].is_array());
        client
    }

    fn send(&mut self, request: &Value) {
        self.write(format!("{request}\n").as_bytes());
    }

    fn say(&mut self, text: &str) {
        self.send(&json!({"say": {"text": text}}));
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    fn next_line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.stream.read_line(&mut line).unwrap();
        assert!(line.len() <= LONGEST_LINE_BYTES + 1);
        (count > 0).then_some(line)
    }

    fn next(&mut self) -> Value {
        let line = self.next_line().expect("the server hung up");
        serde_json::from_str(&line).unwrap()
    }

    /// The next line with this keyword; others are passed over.
    fn wait_for(&mut self, keyword: &str) -> Value {
        loop {
            let line = self.next();
            if line == keyword {
                return line;
            }
            if let Some(fields) = line.get(keyword) {
                return fields.clone();
            }
        }
    }

    /// The next news of a transfer in this state.
    fn wait_for_state(&mut self, state: &str) -> Value {
        loop {
            let news = self.wait_for("transfer");
            if news["state"] == state {
                return news;
            }
        }
    }

    /// Nothing is on its way to this client: a ping is answered by the very next line.
    fn expect_silence(&mut self) {
        self.write(b"\"ping\"\n");
        assert_eq!(self.next(), "pong");
    }

    fn expect_hang_up(&mut self) {
        assert_eq!(self.next_line(), None);
    }
}

#[test]
fn a_join_is_welcomed_and_hears_what_was_said_before() {
    let server = server();
    let mut dana = Client::joined(&server, "dana");
    dana.say("first");
    assert_eq!(dana.next()["said"]["text"], "first");
    let mut guy = Client::connect(&server);
    guy.write(b"{\"join\":{\"name\":\"guy\",\"version\":1}}\n\"users\"\n");
    let welcome = guy.next();
    assert_eq!(welcome["welcome"]["version"], 1);
    assert_eq!(welcome["welcome"]["line_bytes"], LONGEST_LINE_BYTES);
    assert_eq!(welcome["welcome"]["defaults"]["arq"], "sack");
    let history = guy.next();
    let lines = history["history"]["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["from"], &lines[0]["text"]),
        (&json!("dana"), &json!("first"))
    );
    assert_eq!(guy.next(), json!({"users": {"names": ["dana", "guy"]}}));
    assert_eq!(dana.next(), json!({"joined": {"name": "guy"}}));
    server.stop();
}

#[test]
fn a_taken_or_look_alike_name_is_refused_with_a_suggestion_that_is_free() {
    let server = server();
    let _dana = Client::joined(&server, "dana");
    for (name, suggestion) in [("dana", "dana2"), ("DANA", "DANA2"), ("dаna", "dаna2")]
    {
        let mut other = Client::connect(&server);
        other.send(&json!({"join": {"name": name}}));
        let refused = other.next();
        assert_eq!(refused["refused"]["code"], "name-taken");
        assert_eq!(refused["refused"]["suggestion"], suggestion);
        other.expect_hang_up();
    }
    let mut other = Client::connect(&server);
    other.send(&json!({"join": {"name": "two words"}}));
    let refused = other.next();
    assert_eq!(refused["refused"]["code"], "bad-name");
    assert_eq!(refused["refused"]["suggestion"], "twowords");
    Client::joined(&server, "dana2");
}

#[test]
fn whoever_says_something_hears_it_too_in_the_order_of_all() {
    let server = server();
    let mut dana = Client::joined(&server, "dana");
    let mut guy = Client::joined(&server, "guy");
    assert_eq!(dana.next()["joined"]["name"], "guy");
    dana.write(b"{\"say\":{\"text\":\"one\"}}\n{\"say\":{\"text\":\"two\"}}\n");
    for client in [&mut dana, &mut guy] {
        for text in ["one", "two"] {
            let said = client.next();
            assert_eq!(
                (&said["said"]["from"], &said["said"]["text"]),
                (&json!("dana"), &json!(text))
            );
            assert!(said["said"]["time"].as_u64().unwrap() > 1_700_000_000_000);
        }
    }
    // A repeated message is a message.
    dana.say("two");
    assert_eq!(guy.next()["said"]["text"], "two");
}

#[test]
fn hebrew_cut_in_the_middle_of_a_letter_arrives_whole() {
    let server = server();
    let mut dana = Client::joined(&server, "דנה");
    for byte in "{\"say\":{\"text\":\"שלום 🎈\"}}\n".as_bytes() {
        dana.write(&[*byte]);
    }
    let said = dana.next();
    assert_eq!(
        (&said["said"]["from"], &said["said"]["text"]),
        (&json!("דנה"), &json!("שלום 🎈"))
    );
}

#[test]
fn a_whisper_reaches_one_and_a_whisper_to_nobody_is_answered() {
    let server = server();
    let mut dana = Client::joined(&server, "dana");
    let mut guy = Client::joined(&server, "guy");
    let mut yuval = Client::joined(&server, "yuval");
    guy.send(&json!({"whisper": {"to": "DANA", "text": "psst"}}));
    let heard = dana.wait_for("whispered");
    assert_eq!(
        (&heard["from"], &heard["to"]),
        (&json!("guy"), &json!("dana"))
    );
    assert_eq!(guy.wait_for("whispered")["text"], "psst");
    yuval.expect_silence();
    guy.send(&json!({"whisper": {"to": "nobody", "text": "psst"}}));
    let error = guy.next();
    assert_eq!(error["error"]["code"], "no-such-user");
    assert!(
        error["error"]["sentence"]
            .as_str()
            .unwrap()
            .contains("nobody")
    );
}

#[test]
fn what_is_no_request_is_answered_and_the_line_goes_on() {
    let server = server();
    let mut dana = Client::joined(&server, "dana");
    let deep = format!("{}{}\n", "[".repeat(8000), "]".repeat(8000));
    for line in [
        "{\"dance\":{}}\n",
        "{\"say\":\"hi\"}\n",
        "{\"say\":{\"text\":7}}\n",
        "hello\n",
        "\n",
        deep.as_str(),
    ] {
        dana.write(line.as_bytes());
        assert_eq!(dana.next()["error"]["code"], "bad-request", "{line:.40}");
    }
    dana.send(&json!({"say": {"text": "\u{1b}[2J"}}));
    assert_eq!(dana.next()["error"]["code"], "bad-text");
    dana.expect_silence();
}

#[test]
fn a_line_that_never_ends_and_bytes_that_are_no_text_end_it_with_a_reason() {
    let server = server();
    let mut dana = Client::joined(&server, "dana");
    let endless = "a".repeat(LONGEST_LINE_BYTES + 2);
    for bytes in [endless.as_bytes(), b"\xff\xfe\n"] {
        let mut guy = Client::joined(&server, "guy");
        assert_eq!(dana.next()["joined"]["name"], "guy");
        guy.write(bytes);
        assert_eq!(guy.next()["error"]["code"], "bad-line");
        guy.expect_hang_up();
        let left = dana.next();
        assert_eq!(left["left"]["why"], "sent a line that cannot be read");
    }
    let mut stranger = Client::connect(&server);
    stranger.write(b"\xff\xfe\n");
    assert_eq!(stranger.next()["refused"]["code"], "bad-line");
    stranger.expect_hang_up();
    dana.expect_silence();
}

#[test]
fn random_bytes_end_their_own_connection_at_most() {
    let server = server();
    let mut dana = Client::joined(&server, "dana");
    let mut state: u32 = 7;
    for round in 0..100 {
        let mut guy = Client::connect(&server);
        if round % 2 == 0 {
            guy.send(&json!({"join": {"name": "guy"}}));
        }
        let noise: Vec<u8> = (0..round * 200)
            .map(|_| {
                // Numerical Recipes' generator; its upper bits are random enough.
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                b"\n\"{}[]:,a\\\xff\0"[(state >> 16) as usize % 12]
            })
            .collect();
        // The server may have hung up in the middle of it.
        let _ = guy.stream.get_mut().write_all(&noise);
    }
    dana.say("still here");
    assert_eq!(dana.wait_for("said")["text"], "still here");
    server.stop();
}

#[test]
fn whoever_does_not_join_in_time_is_refused_even_with_a_byte_now_and_then() {
    let config = Config {
        join_within: Duration::from_millis(150),
        ..config()
    };
    let server = server::start(config).unwrap();
    let mut dana = Client::joined(&server, "dana");
    let mut silent = Client::connect(&server);
    assert_eq!(silent.next()["refused"]["code"], "not-joined");
    silent.expect_hang_up();

    let mut dripping = Client::connect(&server);
    let mut halves = dripping.stream.get_ref().try_clone().unwrap();
    let drip = thread::spawn(move || {
        while halves.write_all(b" ").is_ok() {
            wait(Duration::from_millis(20));
        }
    });
    assert_eq!(dripping.next()["refused"]["code"], "not-joined");
    dripping.expect_hang_up();
    dripping.stream.get_ref().shutdown(Shutdown::Both).unwrap();
    drip.join().unwrap();
    // Whoever has joined may be silent for as long as they like.
    dana.expect_silence();
}

#[test]
fn anything_before_join_is_refused() {
    let server = server();
    let mut stranger = Client::connect(&server);
    stranger.write(b"\"users\"\n");
    assert_eq!(stranger.next()["refused"]["code"], "not-joined");
    stranger.expect_hang_up();
}

#[test]
fn a_client_that_vanishes_or_says_goodbye_is_taken_off_the_list() {
    let server = server();
    let mut dana = Client::joined(&server, "dana");
    let guy = Client::joined(&server, "guy");
    dana.wait_for("joined");
    drop(guy);
    assert_eq!(
        dana.next(),
        json!({"left": {"name": "guy", "why": "connection closed"}})
    );
    let mut guy = Client::joined(&server, "guy");
    dana.wait_for("joined");
    guy.write(b"\"disconnect\"\n");
    guy.expect_hang_up();
    assert_eq!(
        dana.next(),
        json!({"left": {"name": "guy", "why": "disconnected"}})
    );
    dana.write(b"\"users\"\n");
    assert_eq!(dana.next(), json!({"users": {"names": ["dana"]}}));
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_slows_nobody() {
    let config = Config {
        stall_limit: Duration::from_millis(400),
        ..config()
    };
    let server = server::start(config).unwrap();
    let mut dana = Client::joined(&server, "dana");
    let socket =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&server.address().into()).unwrap();
    let mut deaf = Client::on(socket.into());
    deaf.send(&json!({"join": {"name": "deaf"}}));
    dana.wait_for("joined");
    // As much as it takes: the kernel holds up to some MiB for the deaf one, and only what
    // is more waits in the server.
    let text = "x".repeat(16_000);
    let mut left = None;
    for _ in 0..1_000 {
        dana.say(&text);
        loop {
            let line = dana.next();
            if line.get("said").is_some() {
                break;
            }
            left = left.or_else(|| line.get("left").cloned());
        }
        if left.is_some() {
            break;
        }
    }
    let left = left.unwrap_or_else(|| dana.wait_for("left"));
    assert_eq!(left, json!({"name": "deaf", "why": "did not read"}));
    dana.expect_silence();
}

#[test]
fn a_flood_reaches_everybody_who_reads_whole_and_in_order() {
    const LINES: usize = 2_000;
    let server = server();
    let mut dana = Client::joined(&server, "dana");
    let guy = Client::joined(&server, "guy");
    dana.wait_for("joined");
    let mut speaker = dana.stream.get_ref().try_clone().unwrap();
    let flood = thread::spawn(move || {
        let filling = "x".repeat(8_000);
        for number in 0..LINES {
            let say = json!({"say": {"text": format!("{number} {filling}")}});
            speaker.write_all(format!("{say}\n").as_bytes()).unwrap();
        }
    });
    let listeners = [dana, guy].map(|mut client| {
        thread::spawn(move || {
            for number in 0..LINES {
                let said = client.wait_for("said");
                let text = said["text"].as_str().unwrap();
                assert!(text.starts_with(&format!("{number} x")), "{text:.20}");
            }
        })
    });
    flood.join().unwrap();
    for listener in listeners {
        listener.join().unwrap();
    }
}

#[test]
fn two_hundred_clients_hear_four_thousand_lines_in_one_and_the_same_order() {
    const CLIENTS: usize = 200;
    const LINES: usize = 20;
    let server = server();
    let clients: Vec<Client> = (0..CLIENTS)
        .map(|number| Client::joined(&server, &format!("n{number}")))
        .collect();
    let talkers: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            thread::spawn(move || {
                for line in 0..LINES {
                    client.say(&line.to_string());
                }
                let mut heard = Vec::with_capacity(CLIENTS * LINES);
                while heard.len() < CLIENTS * LINES {
                    let said = client.wait_for("said");
                    let part = |key: &str| said[key].as_str().unwrap().to_owned();
                    heard.push((part("from"), part("text")));
                }
                heard
            })
        })
        .collect();
    let heard: Vec<_> = talkers
        .into_iter()
        .map(|talker| talker.join().unwrap())
        .collect();
    assert!(heard.iter().all(|order| *order == heard[0]));
    for number in 0..CLIENTS {
        let name = format!("n{number}");
        let own: Vec<_> = heard[0].iter().filter(|(from, _)| *from == name).collect();
        let texts: Vec<usize> =
            own.iter().map(|(_, text)| text.parse().unwrap()).collect();
        assert_eq!(texts, (0..LINES).collect::<Vec<_>>());
    }
    server.stop();
}

#[test]
fn a_full_server_says_so_and_has_room_again_when_somebody_leaves() {
    let config = Config {
        max_clients: 2,
        ..config()
    };
    let server = server::start(config).unwrap();
    let mut dana = Client::joined(&server, "dana");
    let guy = Client::joined(&server, "guy");
    dana.wait_for("joined");
    let mut third = Client::connect(&server);
    third.send(&json!({"join": {"name": "third"}}));
    let refused = third.next();
    assert_eq!(refused["refused"]["code"], "full");
    third.expect_hang_up();
    drop(guy);
    dana.wait_for("left");
    // The seat is free a moment after everybody heard of it.
    let came_in = (0..100).any(|_| {
        let mut third = Client::connect(&server);
        third.send(&json!({"join": {"name": "third"}}));
        let is_in = third.next().get("welcome").is_some();
        wait(Duration::from_millis(10));
        is_in
    });
    assert!(came_in);
}

#[test]
fn a_port_in_use_is_an_error_that_names_it() {
    let server = server();
    let config = Config {
        bind: server.address(),
        ..config()
    };
    let error = server::start(config).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    let sentence = error.to_string();
    assert!(
        sentence.contains(&server.address().to_string()),
        "{sentence}"
    );
    assert!(sentence.contains("--bind"), "{sentence}");
}

#[test]
fn a_server_that_stops_tells_everybody_and_ends_all_connections() {
    let server = server();
    let mut dana = Client::joined(&server, "dana");
    let _silent = Client::connect(&server);
    let address = server.address();
    server.stop();
    assert!(dana.wait_for("notice")["text"].is_string());
    let mut rest = Vec::new();
    assert_eq!(dana.stream.read_to_end(&mut rest).unwrap(), 0);
    assert!(TcpStream::connect(address).is_err());
}

/// A server with a folder of its own.
fn server_with_files(names: &[&str]) -> (Running, tempfile::TempDir) {
    let shelf = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(shelf.path().join(name), name).unwrap();
    }
    let config = Config {
        files: shelf.path().to_owned(),
        ..config()
    };
    (server::start(config).unwrap(), shelf)
}

#[test]
fn the_listing_names_every_file_with_its_size() {
    let (server, _shelf) =
        server_with_files(&["b.txt", "שלום 🎈.txt", ".hidden", "a.part"]);
    let mut dana = Client::joined(&server, "dana");
    dana.write(b"\"files\"\n");
    let files = json!([
        {"name": "b.txt", "size": 5, "digest": null},
        {"name": "שלום 🎈.txt", "size": 17, "digest": null},
    ]);
    assert_eq!(dana.next(), json!({"files": {"files": files}}));
}

#[test]
fn a_listing_that_does_not_fit_in_a_line_goes_on_in_the_next() {
    let names: Vec<String> = (0..1_000).map(|n| format!("file number {n:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (server, _shelf) = server_with_files(&names);
    let mut dana = Client::joined(&server, "dana");
    dana.write(b"\"files\"\n");
    let mut listed = Vec::new();
    loop {
        let line = dana.next();
        let files = line["files"]["files"].as_array().unwrap();
        listed.extend(
            files
                .iter()
                .map(|file| file["name"].as_str().unwrap().to_owned()),
        );
        if line["files"]["more"] != true {
            break;
        }
    }
    assert_eq!(listed, names);
}

#[test]
fn nothing_outside_the_folder_can_be_had() {
    let (server, shelf) = server_with_files(&["a.txt"]);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path().join("secret"), shelf.path().join("leak"))
        .unwrap();
    std::fs::create_dir(shelf.path().join("folder")).unwrap();
    let mut dana = Client::joined(&server, "dana");
    for file in [
        "../x",
        "/etc/passwd",
        "a/../../b",
        "leak",
        "folder",
        "not there",
        "",
        ".",
        "..",
        "a\u{0}b",
    ] {
        dana.send(&json!({"download": {"file": file, "tag": 7}}));
        let error = dana.next();
        assert_eq!(error["error"]["code"], "no-such-file", "{file:?}");
        assert_eq!(error["error"]["tag"], 7);
    }
    dana.expect_silence();
}

#[test]
fn a_window_of_zero_is_refused_and_the_line_goes_on() {
    let (server, _shelf) = server_with_files(&["a.txt"]);
    let mut dana = Client::joined(&server, "dana");
    for request in [
        json!({"file": "a.txt", "window": 0}),
        json!({"file": "a.txt", "window": 8193}),
        json!({"file": "a.txt", "segment_bytes": 0}),
    ] {
        dana.send(&json!({"download": request}));
        assert_eq!(dana.next()["error"]["code"], "bad-option");
    }
    dana.send(&json!({"download": {"file": "a.txt", "window": -1}}));
    assert_eq!(dana.next()["error"]["code"], "bad-request");
    dana.send(&json!({"cancel": {"transfer": 1}}));
    assert_eq!(dana.next()["error"]["code"], "no-such-transfer");
    dana.expect_silence();
}

#[test]
fn when_all_ports_are_in_use_a_download_waits_and_knows_its_place() {
    let shelf = tempfile::tempdir().unwrap();
    std::fs::write(shelf.path().join("a.txt"), "a").unwrap();
    // A port that another program holds lies within the range, and is passed over.
    let held = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let last = held.local_addr().unwrap().port();
    let first = last - 1;
    let config = Config {
        files: shelf.path().to_owned(),
        ports: PortRange::Between { first, last },
        ..config()
    };
    let server = server::start(config).unwrap();
    let mut dana = Client::joined(&server, "dana");
    let mut guy = Client::joined(&server, "guy");
    dana.wait_for("joined");
    dana.send(&json!({"download": {"file": "a.txt", "tag": 1}}));
    let offer = dana.wait_for("offer");
    assert_eq!((&offer["tag"], &offer["port"]), (&json!(1), &json!(first)));
    assert_eq!((&offer["size"], &offer["arq"]), (&json!(1), &json!("sack")));
    assert_eq!(offer["token"].as_str().unwrap().len(), 32);

    dana.send(&json!({"download": {"file": "a.txt", "tag": 2}}));
    let queued = dana.wait_for_state("queued");
    assert_eq!((&queued["tag"], &queued["place"]), (&json!(2), &json!(1)));
    guy.send(&json!({"download": {"file": "a.txt", "tag": 3}}));
    let waiting = guy.wait_for_state("queued");
    assert_eq!(waiting["place"], 2);
    // Chat goes on meanwhile.
    guy.say("hi");
    assert_eq!(dana.wait_for("said")["text"], "hi");

    // One does not end what belongs to another.
    guy.send(&json!({"cancel": {"transfer": offer["transfer"]}}));
    assert_eq!(guy.wait_for("error")["code"], "no-such-transfer");
    dana.send(&json!({"cancel": {"transfer": queued["transfer"]}}));
    assert_eq!(dana.wait_for_state("cancelled")["tag"], 2);
    assert_eq!(guy.wait_for_state("queued")["place"], 1);
    // Who leaves makes room for the next in line.
    drop(dana);
    let offer = guy.wait_for("offer");
    assert_eq!((&offer["tag"], &offer["port"]), (&json!(3), &json!(first)));
    assert_eq!(offer["transfer"], waiting["transfer"]);
    server.stop();
}

#[test]
fn sixteen_transfers_at_once_are_enough_for_one_client() {
    let (server, _shelf) = server_with_files(&["a.txt"]);
    let mut dana = Client::joined(&server, "dana");
    for _ in 0..16 {
        dana.send(&json!({"download": {"file": "a.txt"}}));
        dana.wait_for("offer");
    }
    dana.send(&json!({"download": {"file": "a.txt", "tag": 17}}));
    let error = dana.wait_for("error");
    assert_eq!(
        (&error["code"], &error["tag"]),
        (&json!("too-many-transfers"), &json!(17))
    );
    server.stop();
}

#[test]
fn a_digest_is_in_the_listing_once_somebody_has_asked_for_the_file() {
    let (server, shelf) = server_with_files(&["a.txt", "b.txt"]);
    std::fs::write(shelf.path().join("a.txt"), "abc").unwrap();
    let mut dana = Client::joined(&server, "dana");
    dana.send(&json!({"download": {"file": "a.txt"}}));
    assert_eq!(dana.wait_for("offer")["digest"], Value::Null);
    let listed = (0..500).find_map(|_| {
        dana.write(b"\"files\"\n");
        let files = dana.wait_for("files");
        assert_eq!(files["files"][1]["digest"], Value::Null);
        wait(Duration::from_millis(10));
        files["files"][0]["digest"].as_str().map(str::to_owned)
    });
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(listed.as_deref(), Some(expected));
    dana.send(&json!({"download": {"file": "a.txt"}}));
    assert_eq!(dana.wait_for("offer")["digest"], expected);
    server.stop();
}
