//! The chat over real sockets on 127.0.0.1: raw bytes in, raw lines out.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "clients of a test are no threads of Sash, and may fail where they stand"
)]

use crate::ports::first_of;
use crate::raw_client::RawClient;
use crate::running::{self, ServerProcess, TIMEOUT};
use sash::server::ports::PortRange;
use sash::server::{self, Config, Running};
use sash::wire::line::{HOPELESS_LINE_BYTES, LONGEST_LINE_BYTES};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::thread;
use std::time::Duration;

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

/// The next message about a transfer in this state.
fn wait_for_state(client: &mut RawClient, state: &str) -> Value {
    loop {
        let news = client.wait_for("transfer");
        if news["state"] == state {
            return news;
        }
    }
}

/// Checks that nothing else is in flight to this client: the next line answers a ping.
fn expect_silence(client: &mut RawClient) {
    client.write(
        b"\"ping\"
",
    );
    assert_eq!(client.next(), "pong");
}

#[test]
fn a_new_client_receives_a_welcome_and_the_history() {
    let server = server();
    let mut dana = RawClient::join(server.address(), "dana");
    dana.say("first");
    assert_eq!(dana.next()["said"]["text"], "first");
    let mut guy = RawClient::connect(server.address());
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
fn a_taken_or_look_alike_name_is_refused_with_an_available_suggestion() {
    let server = server();
    let _dana = RawClient::join(server.address(), "dana");
    for (name, suggestion) in [("dana", "dana2"), ("DANA", "DANA2"), ("dаna", "dаna2")]
    {
        let mut other = RawClient::connect(server.address());
        other.send(&json!({"join": {"name": name}}));
        let refused = other.next();
        assert_eq!(refused["refused"]["code"], "name-taken");
        assert_eq!(refused["refused"]["suggestion"], suggestion);
        other.expect_hang_up();
    }
    let mut other = RawClient::connect(server.address());
    other.send(&json!({"join": {"name": "two words"}}));
    let refused = other.next();
    assert_eq!(refused["refused"]["code"], "bad-name");
    assert_eq!(refused["refused"]["suggestion"], "twowords");
    RawClient::join(server.address(), "dana2");
}

#[test]
fn the_sender_of_a_message_also_receives_it_in_the_common_order() {
    let server = server();
    let mut dana = RawClient::join(server.address(), "dana");
    let mut guy = RawClient::join(server.address(), "guy");
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
fn a_hebrew_letter_split_between_reads_arrives_intact() {
    let server = server();
    let mut dana = RawClient::join(server.address(), "דנה");
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
fn a_direct_message_reaches_one_user_and_an_unknown_recipient_is_an_error() {
    let server = server();
    let mut dana = RawClient::join(server.address(), "dana");
    let mut guy = RawClient::join(server.address(), "guy");
    let mut yuval = RawClient::join(server.address(), "yuval");
    guy.send(&json!({"whisper": {"to": "DANA", "text": "psst"}}));
    let heard = dana.wait_for("whispered");
    assert_eq!(
        (&heard["from"], &heard["to"]),
        (&json!("guy"), &json!("dana"))
    );
    assert_eq!(guy.wait_for("whispered")["text"], "psst");
    expect_silence(&mut yuval);
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
fn an_invalid_request_is_answered_and_the_connection_stays_open() {
    let server = server();
    let mut dana = RawClient::join(server.address(), "dana");
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
    expect_silence(&mut dana);
}

#[test]
fn an_unreadable_line_is_skipped_and_an_endless_line_ends_the_connection() {
    let server = server();
    let mut dana = RawClient::join(server.address(), "dana");
    let mut guy = RawClient::join(server.address(), "guy");
    assert_eq!(dana.next()["joined"]["name"], "guy");
    let pasted = "a".repeat(17_500) + "\n";
    for bytes in [pasted.as_bytes(), b"\xff\xfe\n"] {
        guy.write(bytes);
        guy.say("next");
        assert_eq!(guy.next()["error"]["code"], "bad-line");
        assert_eq!(guy.next()["said"]["text"], "next");
        assert_eq!(dana.next()["said"]["text"], "next");
    }
    // The server may close the connection before the end.
    let endless = "a".repeat(HOPELESS_LINE_BYTES + LONGEST_LINE_BYTES + 8_192);
    let _ = guy.stream.get_mut().write_all(endless.as_bytes());
    assert_eq!(guy.next()["error"]["code"], "bad-line");
    let left = dana.next();
    assert_eq!(left["left"]["why"], "sent an unreadable line");
    let mut stranger = RawClient::connect(server.address());
    stranger.write(b"\xff\xfe\n");
    assert_eq!(stranger.next()["refused"]["code"], "bad-line");
    stranger.expect_hang_up();
    expect_silence(&mut dana);
}

#[test]
fn random_bytes_end_at_most_their_own_connection() {
    let server = server();
    let mut dana = RawClient::join(server.address(), "dana");
    let mut state: u32 = 7;
    for round in 0..100 {
        let mut guy = RawClient::connect(server.address());
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
        // The server may have closed the connection before the end.
        let _ = guy.stream.get_mut().write_all(&noise);
    }
    dana.say("still here");
    assert_eq!(dana.wait_for("said")["text"], "still here");
    server.stop();
}

#[test]
fn a_client_that_does_not_join_in_time_is_refused_even_if_it_sends_bytes_slowly() {
    let config = Config {
        join_within: Duration::from_millis(150),
        ..config()
    };
    let server = server::start(config).unwrap();
    let mut dana = RawClient::join(server.address(), "dana");
    let mut silent = RawClient::connect(server.address());
    assert_eq!(silent.next()["refused"]["code"], "not-joined");
    silent.expect_hang_up();

    let mut dripping = RawClient::connect(server.address());
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
    // A user who has joined may be silent for any time.
    expect_silence(&mut dana);
}

#[test]
fn any_request_before_the_join_is_refused() {
    let server = server();
    let mut stranger = RawClient::connect(server.address());
    stranger.write(b"\"users\"\n");
    assert_eq!(stranger.next()["refused"]["code"], "not-joined");
    stranger.expect_hang_up();
}

#[test]
fn a_client_that_vanishes_or_disconnects_is_removed_from_the_user_list() {
    let server = server();
    let mut dana = RawClient::join(server.address(), "dana");
    let guy = RawClient::join(server.address(), "guy");
    dana.wait_for("joined");
    drop(guy);
    assert_eq!(
        dana.next(),
        json!({"left": {"name": "guy", "why": "connection closed"}})
    );
    let mut guy = RawClient::join(server.address(), "guy");
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
fn a_client_that_does_not_read_is_disconnected_and_delays_no_other_client() {
    let config = Config {
        stall_limit: Duration::from_millis(400),
        ..config()
    };
    let server = server::start(config).unwrap();
    let mut dana = RawClient::join(server.address(), "dana");
    let socket =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&server.address().into()).unwrap();
    let mut deaf = RawClient::on(socket.into());
    deaf.send(&json!({"join": {"name": "deaf"}}));
    dana.wait_for("joined");
    // The kernel buffers a few MiB for the client that does not read; only the rest waits in the
    // server.
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
    expect_silence(&mut dana);
}

#[test]
fn a_flood_of_messages_reaches_every_reading_client_complete_and_in_order() {
    const LINES: usize = 2_000;
    let server = server();
    let mut dana = RawClient::join(server.address(), "dana");
    let guy = RawClient::join(server.address(), "guy");
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
fn two_hundred_clients_receive_four_thousand_lines_in_the_same_order() {
    const CLIENTS: usize = 200;
    const LINES: usize = 20;
    let server = server();
    let clients: Vec<RawClient> = (0..CLIENTS)
        .map(|number| RawClient::join(server.address(), &format!("n{number}")))
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
fn a_full_server_refuses_clients_until_one_leaves() {
    let config = Config {
        max_clients: 2,
        ..config()
    };
    let server = server::start(config).unwrap();
    let mut dana = RawClient::join(server.address(), "dana");
    let guy = RawClient::join(server.address(), "guy");
    dana.wait_for("joined");
    let mut third = RawClient::connect(server.address());
    third.send(&json!({"join": {"name": "third"}}));
    let refused = third.next();
    assert_eq!(refused["refused"]["code"], "full");
    third.expect_hang_up();
    drop(guy);
    dana.wait_for("left");
    // The place becomes free a moment after the others receive `left`.
    let came_in = (0..100).any(|_| {
        let mut third = RawClient::connect(server.address());
        third.send(&json!({"join": {"name": "third"}}));
        let is_in = third.next().get("welcome").is_some();
        wait(Duration::from_millis(10));
        is_in
    });
    assert!(came_in);
}

#[test]
fn a_port_in_use_is_an_error_that_names_the_port() {
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
fn a_stopping_server_notifies_all_clients_and_ends_all_connections() {
    let server = server();
    let mut dana = RawClient::join(server.address(), "dana");
    let _silent = RawClient::connect(server.address());
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
fn the_listing_contains_every_file_with_its_size() {
    let (server, _shelf) =
        server_with_files(&["b.txt", "שלום 🎈.txt", ".hidden", "a.part"]);
    let mut dana = RawClient::join(server.address(), "dana");
    dana.write(b"\"files\"\n");
    let files = json!([
        {"name": "b.txt", "size": 5, "digest": null},
        {"name": "שלום 🎈.txt", "size": 17, "digest": null},
    ]);
    assert_eq!(dana.next(), json!({"files": {"files": files}}));
}

#[test]
fn a_listing_that_does_not_fit_into_one_line_continues_in_the_next() {
    let names: Vec<String> = (0..1_000).map(|n| format!("file number {n:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (server, _shelf) = server_with_files(&names);
    let mut dana = RawClient::join(server.address(), "dana");
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
fn no_file_outside_the_folder_can_be_downloaded() {
    let (server, shelf) = server_with_files(&["a.txt"]);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path().join("secret"), shelf.path().join("leak"))
        .unwrap();
    std::fs::create_dir(shelf.path().join("folder")).unwrap();
    let mut dana = RawClient::join(server.address(), "dana");
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
    expect_silence(&mut dana);
}

#[test]
fn a_window_of_zero_is_refused_and_the_connection_stays_open() {
    let (server, _shelf) = server_with_files(&["a.txt"]);
    let mut dana = RawClient::join(server.address(), "dana");
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
    expect_silence(&mut dana);
}

#[test]
fn a_download_waits_for_a_free_port_and_is_given_its_place_in_the_queue() {
    let shelf = tempfile::tempdir().unwrap();
    std::fs::write(shelf.path().join("a.txt"), "a").unwrap();
    // A port that another program holds lies within the range, and is passed over.
    let first = first_of(2);
    let last = first + 1;
    let _held = UdpSocket::bind((Ipv4Addr::LOCALHOST, last)).unwrap();
    let config = Config {
        files: shelf.path().to_owned(),
        ports: PortRange::Between { first, last },
        ..config()
    };
    let server = server::start(config).unwrap();
    let mut dana = RawClient::join(server.address(), "dana");
    let mut guy = RawClient::join(server.address(), "guy");
    dana.wait_for("joined");
    dana.send(&json!({"download": {"file": "a.txt", "tag": 1}}));
    let offer = dana.wait_for("offer");
    assert_eq!((&offer["tag"], &offer["port"]), (&json!(1), &json!(first)));
    assert_eq!((&offer["size"], &offer["arq"]), (&json!(1), &json!("sack")));
    assert_eq!(offer["token"].as_str().unwrap().len(), 32);

    dana.send(&json!({"download": {"file": "a.txt", "tag": 2}}));
    let queued = wait_for_state(&mut dana, "queued");
    assert_eq!((&queued["tag"], &queued["place"]), (&json!(2), &json!(1)));
    // A request without a port comes first.
    guy.send(&json!({"download": {"file": "a.txt", "tag": 3}}));
    let waiting = wait_for_state(&mut guy, "queued");
    assert_eq!(waiting["place"], 1);
    assert_eq!(wait_for_state(&mut dana, "queued")["place"], 2);
    // The chat continues meanwhile.
    guy.say("hi");
    assert_eq!(dana.wait_for("said")["text"], "hi");

    // A client cannot cancel the transfer of another.
    guy.send(&json!({"cancel": {"transfer": offer["transfer"]}}));
    assert_eq!(guy.wait_for("error")["code"], "no-such-transfer");
    dana.send(&json!({"cancel": {"transfer": queued["transfer"]}}));
    assert_eq!(wait_for_state(&mut dana, "cancelled")["tag"], 2);
    // A client that leaves frees its port for the next request.
    drop(dana);
    let offer = guy.wait_for("offer");
    assert_eq!((&offer["tag"], &offer["port"]), (&json!(3), &json!(first)));
    assert_eq!(offer["transfer"], waiting["transfer"]);
    server.stop();
}

#[test]
fn a_client_may_have_at_most_sixteen_transfers_at_once() {
    let (server, _shelf) = server_with_files(&["a.txt"]);
    let mut dana = RawClient::join(server.address(), "dana");
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
fn a_digest_appears_in_the_listing_after_the_first_download_of_the_file() {
    let (server, shelf) = server_with_files(&["a.txt", "b.txt"]);
    std::fs::write(shelf.path().join("a.txt"), "abc").unwrap();
    let mut dana = RawClient::join(server.address(), "dana");
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

fn offering(files: &Path) -> Running {
    server::start(Config {
        files: files.into(),
        ..config()
    })
    .unwrap()
}

/// Reads the file that an offer over TCP names, as `nc` would, and reports this result.
fn fetch(server: &Running, offer: &Value, result: u8) -> Vec<u8> {
    let port = u16::try_from(offer["port"].as_u64().unwrap()).unwrap();
    let mut stream = TcpStream::connect((server.address().ip(), port)).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    let token = offer["token"].as_str().unwrap();
    stream.write_all(format!("{token}\n").as_bytes()).unwrap();
    let size = usize::try_from(offer["size"].as_u64().unwrap()).unwrap();
    let mut bytes = vec![0; size + 32];
    stream.read_exact(&mut bytes).unwrap();
    stream.write_all(&[result]).unwrap();
    bytes.truncate(size);
    bytes
}

fn close_half(client: &RawClient) {
    client.stream.get_ref().shutdown(Shutdown::Write).unwrap();
}

#[test]
fn a_half_closed_client_receives_every_answer_and_its_download_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "asked for").unwrap();
    let server = offering(folder.path());
    let mut dana = RawClient::join(server.address(), "dana");
    let mut nc = RawClient::connect(server.address());
    nc.send(&json!({"join": {"name": "nc"}}));
    nc.say("hi");
    nc.write(b"\"files\"\n\"users\"\n");
    nc.send(&json!({"download": {"file": "a.txt", "transport": "tcp"}}));
    close_half(&nc);
    assert_eq!(nc.wait_for("said")["text"], "hi");
    // The room, the lists and the transfers answer each in their own order.
    let mut answers = serde_json::Map::new();
    while !["files", "users", "offer"]
        .iter()
        .all(|it| answers.contains_key(*it))
    {
        answers.extend(nc.next().as_object().unwrap().clone());
    }
    let offer = answers["offer"].clone();
    assert_eq!(fetch(&server, &offer, 1), b"asked for");
    wait_for_state(&mut nc, "verified");
    assert_eq!(nc.next_line(), None);
    assert_eq!(dana.wait_for("left")["why"], "connection closed");
    server.stop();
}

#[test]
fn a_vanished_client_leaves_no_transfer_behind() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "a").unwrap();
    let server = offering(folder.path());
    let mut guy = RawClient::join(server.address(), "guy");
    guy.send(&json!({"upload": {"file": "b", "size": 5, "modified": 7}}));
    guy.wait_for("offer");
    let part = folder.path().join(".uploads/b.part");
    assert!(part.exists());
    drop(guy);
    // A cancelled upload of which nothing has arrived leaves no file.
    let mut tries = 0;
    while part.exists() {
        wait(Duration::from_millis(10));
        tries += 1;
        assert!(tries < 1_000, "the upload goes on without its client");
    }
    server.stop();
}

#[test]
fn an_upload_interrupted_over_tcp_resumes_on_an_immediate_retry() {
    let folder = tempfile::tempdir().unwrap();
    // A process of its own: what other tests start would inherit the lock of a partial file
    // for a moment.
    let server = ServerProcess::start(&mut running::server(folder.path()));
    let address: SocketAddr = server.address.parse().unwrap();
    let size = 100_000;
    let ask = json!({"upload": {
        "file": "a", "size": size, "modified": 7, "transport": "tcp"
    }});
    let mut expected = 0;
    let mut witness = RawClient::join(address, "witness");
    for round in 0..20 {
        // Every other time the whole client is gone, and another one of that name asks.
        let mut client = RawClient::join(address, "guest");
        for again in 0..2 {
            client.send(&ask);
            let offer = client.wait_for("offer");
            let offset = offer.get("offset").map_or(0, |it| it.as_u64().unwrap());
            assert!(
                offset >= expected,
                "{offset} of {expected}, {round} {again}"
            );
            let port = u16::try_from(offer["port"].as_u64().unwrap()).unwrap();
            let mut stream = TcpStream::connect((address.ip(), port)).unwrap();
            let token = offer["token"].as_str().unwrap();
            stream.write_all(format!("{token}\n").as_bytes()).unwrap();
            stream.write_all(&[7; 1_000]).unwrap();
            let part = folder.path().join(".uploads/a.part");
            expected = offset + 1_000;
            let mut tries = 0;
            while std::fs::metadata(&part).map_or(0, |it| it.len()) < expected {
                wait(Duration::from_millis(2));
                tries += 1;
                assert!(tries < 5_000, "the bytes do not come");
            }
            drop(stream);
        }
        drop(client);
        witness.wait_for("left");
    }
}

#[cfg(unix)]
#[test]
fn a_file_modified_in_place_with_the_same_size_and_time_is_listed_without_its_old_digest()
{
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    std::fs::write(&path, "one").unwrap();
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    let server = offering(folder.path());
    let mut dana = RawClient::join(server.address(), "dana");
    let ask = json!({"download": {"file": "a.txt", "transport": "tcp"}});
    dana.send(&ask);
    let offer = dana.wait_for("offer");
    assert_eq!(fetch(&server, &offer, 1), b"one");
    wait_for_state(&mut dana, "verified");
    dana.send(&json!("files"));
    assert!(dana.wait_for("files")["files"][0]["digest"].is_string());
    let before = ctime(&path);
    while ctime(&path) == before {
        std::fs::write(&path, "two").unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(modified).unwrap();
    }
    // For a moment the server answers from its last list.
    let mut tries = 0;
    loop {
        dana.send(&json!("files"));
        if dana.wait_for("files")["files"][0]["digest"].is_null() {
            break;
        }
        wait(Duration::from_millis(10));
        tries += 1;
        assert!(tries < 2_000, "the old digest is listed for ever");
    }
    server.stop();
}

#[cfg(unix)]
fn ctime(path: &Path) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt;
    let told = std::fs::metadata(path).unwrap();
    (told.ctime(), told.ctime_nsec())
}

#[test]
fn a_damaged_download_makes_the_server_recompute_the_digest() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "one").unwrap();
    let server = offering(folder.path());
    let mut dana = RawClient::join(server.address(), "dana");
    let ask = json!({"download": {"file": "a.txt", "transport": "tcp"}});
    for (word, state) in [(1, "verified"), (2, "damaged")] {
        dana.send(&ask);
        let offer = dana.wait_for("offer");
        fetch(&server, &offer, word);
        wait_for_state(&mut dana, state);
        dana.send(&json!("files"));
        let files = dana.wait_for("files");
        let is_known = files["files"][0]["digest"].is_string();
        assert_eq!(is_known, state == "verified");
    }
    server.stop();
}

#[test]
fn a_damaged_verdict_about_a_file_that_was_not_sent_computes_no_digest_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "one").unwrap();
    let server = offering(folder.path());
    let mut dana = RawClient::join(server.address(), "dana");
    let mut ask = json!({"download": {"file": "a.txt", "transport": "tcp"}});
    dana.send(&ask);
    let offer = dana.wait_for("offer");
    fetch(&server, &offer, 1);
    wait_for_state(&mut dana, "verified");
    ask["download"]["prefix"] =
        json!({"offset": 3, "size": 3, "modified": offer["modified"]});
    dana.send(&ask);
    let mut offer = dana.wait_for("offer");
    assert_eq!(offer["offset"], 3);
    offer["size"] = json!(0); // Only the digest comes.
    fetch(&server, &offer, 2);
    wait_for_state(&mut dana, "damaged");
    dana.send(&json!("files"));
    assert!(dana.wait_for("files")["files"][0]["digest"].is_string());
    server.stop();
}

#[test]
fn a_request_of_another_user_does_not_end_the_upload_of_a_half_closed_client() {
    let folder = tempfile::tempdir().unwrap();
    let server = offering(folder.path());
    let mut guy = RawClient::join(server.address(), "guy");
    let mut dana = RawClient::join(server.address(), "dana");
    let ask =
        json!({"upload": {"file": "a", "size": 3, "modified": 7, "transport": "tcp"}});
    dana.send(&ask);
    let offer = dana.wait_for("offer");
    let port = u16::try_from(offer["port"].as_u64().unwrap()).unwrap();
    let mut stream = TcpStream::connect((server.address().ip(), port)).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    let token = offer["token"].as_str().unwrap();
    stream.write_all(format!("{token}\nab").as_bytes()).unwrap();
    wait_for_state(&mut dana, "sending");
    close_half(&dana);
    guy.wait_for("left");
    guy.send(&ask);
    guy.wait_for("offer");
    stream.write_all(b"c").unwrap();
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    stream.write_all(&bytes_of(digest)).unwrap();
    let mut verdict = [0];
    stream.read_exact(&mut verdict).unwrap();
    assert_eq!(verdict, [1]);
    server.stop();
}

#[test]
fn a_recreated_folder_is_used_for_uploads_and_listings() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("served");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("old.txt"), "old").unwrap();
    let server = server::start(Config {
        files: path.clone(),
        ..config()
    })
    .unwrap();
    let mut dana = RawClient::join(server.address(), "dana");
    std::fs::rename(&path, place.path().join("elsewhere")).unwrap();
    let ask = json!({"upload": {"file": "new.txt", "size": 0, "transport": "tcp"}});
    for request in [json!("files"), ask.clone()] {
        dana.send(&request);
        assert_eq!(dana.wait_for("error")["code"], "unreadable");
    }
    assert!(!path.exists());
    std::fs::create_dir(&path).unwrap();
    dana.send(&ask);
    let offer = dana.wait_for("offer");
    let port = u16::try_from(offer["port"].as_u64().unwrap()).unwrap();
    let mut stream = TcpStream::connect((server.address().ip(), port)).unwrap();
    let token = offer["token"].as_str().unwrap();
    stream.write_all(format!("{token}\n").as_bytes()).unwrap();
    stream.write_all(&of_nothing()).unwrap();
    assert_eq!(dana.wait_for("shared")["file"]["name"], "new.txt");
    dana.send(&json!("files"));
    let files = dana.wait_for("files");
    assert_eq!(files["files"].as_array().unwrap().len(), 1);
    assert_eq!(files["files"][0]["name"], "new.txt");
    server.stop();
}

/// The SHA-256 of no bytes.
fn of_nothing() -> Vec<u8> {
    bytes_of("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
}

/// The bytes of these hexadecimal digits.
fn bytes_of(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn files_that_cannot_be_offered_are_counted_in_the_list() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["fine.txt", "aux.c", "trailing ", "a\\b"] {
        std::fs::write(folder.path().join(name), "x").unwrap();
    }
    let server = offering(folder.path());
    let mut dana = RawClient::join(server.address(), "dana");
    dana.send(&json!("files"));
    let files = dana.wait_for("files");
    assert_eq!(files["files"].as_array().unwrap().len(), 1);
    assert_eq!(files["left_out"], 3);
    server.stop();
}

#[test]
fn only_the_client_with_the_token_can_take_over_its_own_name() {
    let server = server();
    let mut dana = RawClient::connect(server.address());
    dana.send(&json!({"join": {"name": "dana"}}));
    let welcome = dana.wait_for("welcome");
    let token = welcome["token"].as_str().unwrap().to_owned();
    let mut guy = RawClient::join(server.address(), "guy");
    // A dead connection looks like a silent one.
    for wrong in [json!(null), json!("0".repeat(32))] {
        let mut stranger = RawClient::connect(server.address());
        stranger.send(&json!({"join": {"name": "dana", "token": wrong}}));
        assert_eq!(stranger.next()["refused"]["code"], "name-taken");
    }
    let mut again = RawClient::connect(server.address());
    again.send(&json!({"join": {"name": "dana", "token": token}}));
    let welcome = again.wait_for("welcome");
    assert_eq!(welcome["name"], "dana");
    assert_ne!(welcome["token"], token);
    assert_eq!(dana.wait_for("refused")["code"], "kicked");
    assert_eq!(
        guy.wait_for("left")["why"],
        "joined again from another connection"
    );
    assert_eq!(guy.wait_for("joined")["name"], "dana");
    server.stop();
}

#[test]
fn an_invalid_request_is_answered_with_its_tag_and_an_excessive_number_is_a_bad_option() {
    let server = server();
    let mut dana = RawClient::join(server.address(), "dana");
    dana.send(&json!({"download": {"file": 7, "tag": 9}}));
    let error = dana.wait_for("error");
    assert_eq!(
        (&error["code"], &error["tag"]),
        (&json!("bad-request"), &json!(9))
    );
    for (option, number) in [
        ("window", 8_193_u64),
        ("window", 5_000_000_000),
        ("segment_bytes", 65_001),
        ("segment_bytes", 70_000),
    ] {
        dana.send(&json!({"download": {"file": "a", "tag": 3, option: number}}));
        let error = dana.wait_for("error");
        assert_eq!(
            (&error["code"], &error["tag"]),
            (&json!("bad-option"), &json!(3))
        );
    }
    server.stop();
}
