//! Captures, read by `tshark` with `report/wireshark/sash.lua`: no packet is malformed, their
//! number matches the event log, and lost, damaged and retransmitted packets are marked.
//!
//! Without tshark these tests fail: install it with `apt-get install tshark`, or let
//! `./sash test` do it.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::running::{ServerProcess, server, signal, wait_until};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const DISSECTOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/report/wireshark/sash.lua");

const KINDS: [&str; 8] = [
    "SYN", "SYN-ACK", "ACK", "NACK", "DATA", "FIN", "FIN-ACK", "RST",
];

/// A capture, in a folder that is removed with it.
struct Capture {
    path: PathBuf,
    folder: TempDir,
}

impl Capture {
    /// From a run of the laboratory with these arguments; `more` is appended to its event log.
    fn of_a_run(arguments: &[&str], more: &str) -> (Self, Vec<Value>) {
        let folder = tempfile::tempdir().unwrap();
        lab(&[&["run", "--journal", text(folder.path())], arguments].concat());
        let journal = fs::read_dir(folder.path()).unwrap().next().unwrap();
        let journal = journal.unwrap().path();
        let mut lines = fs::read_to_string(&journal).unwrap();
        lines.push_str(more);
        fs::write(&journal, &lines).unwrap();
        let path = folder.path().join("a.pcapng");
        lab(&["pcapng", text(&journal), "-o", text(&path)]);
        (Self { path, folder }, carried(&lines))
    }

    /// The output of tshark in two passes, so that fields may refer to later packets.
    fn tshark(&self, arguments: &[&str]) -> String {
        let file = text(&self.path);
        let script = format!("lua_script:{DISSECTOR}");
        let output = Command::new("tshark")
            .args(["-2", "-n", "-X", &script, "-r", file])
            .args(arguments)
            // Ignore the settings of the user.
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.path())
            .output();
        let output = output.unwrap_or_else(|error| {
            let no_tshark = error.kind() == ErrorKind::NotFound;
            let help = "install it by `apt-get install tshark`, or by `./sash test`";
            assert!(!no_tshark, "there is no tshark here: {help}");
            panic!("tshark cannot be run: {error}");
        });
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {told}");
        assert!(!told.contains("Lua"), "{told}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// One row per packet that passes the filter, with these fields.
    fn rows(&self, filter: &str, fields: &[&str]) -> Vec<Vec<String>> {
        let mut arguments = vec!["-Y", filter, "-T", "fields"];
        for field in fields {
            arguments.extend(["-e", field]);
        }
        let rows = self.tshark(&arguments);
        let cells = |row: &str| row.split('\t').map(str::to_owned).collect();
        rows.lines().map(cells).collect()
    }

    fn count(&self, filter: &str) -> usize {
        self.rows(filter, &["frame.number"]).len()
    }

    /// The number of packets of each kind.
    fn kinds(&self) -> BTreeMap<String, usize> {
        let rows = self.rows("sash", &["sash.kind"]);
        let code = |row: &Vec<String>| row[0].parse::<usize>().unwrap();
        tally(rows.iter().map(|row| KINDS[code(row) - 1]))
    }

    /// Properties of every capture.
    fn is_well_formed(&self) {
        let all = self.tshark(&["-V"]);
        for bad in ["Lua Error", "Malformed", "Not laid out"] {
            let at = all.find(bad).map(|at| &all[at..all.len().min(at + 300)]);
            assert_eq!(at, None, "{bad}");
        }
        let checked = [
            ["-o", "ip.check_checksum:TRUE"],
            ["-o", "udp.check_checksum:TRUE"],
            ["-o", "tcp.check_checksum:TRUE"],
        ];
        let wrong = "ip.checksum.status == 0 || udp.checksum.status == 0 \
                     || tcp.checksum.status == 0 || tcp.analysis.flags";
        let arguments = [&checked.concat(), ["-Y", wrong].as_slice()].concat();
        assert_eq!(self.tshark(&arguments), "");
    }
}

fn lab(arguments: &[&str]) -> String {
    let output = program(env!("CARGO_BIN_EXE_lab"), arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn program(path: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(path);
    command.args(arguments).stdin(Stdio::null());
    command.output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The packets that entered the link, by an event log.
fn carried(journal: &str) -> Vec<Value> {
    let mut lines: Vec<Value> = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    lines.retain(|line| line["event"] == "packet_carried");
    lines
}

fn of_fate<'a>(carried: &'a [Value], fates: &[&str]) -> Vec<&'a Value> {
    let is_one = |it: &&Value| fates.contains(&it["fate"].as_str().unwrap());
    carried.iter().filter(is_one).collect()
}

fn tally<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for name in names {
        *tally.entry(name.to_owned()).or_default() += 1;
    }
    tally
}

fn kinds_of(carried: &[Value]) -> BTreeMap<String, usize> {
    tally(carried.iter().map(|line| line["kind"].as_str().unwrap()))
}

const RESET: &str = "{\"time_us\":900000000,\"side\":\"link\",\"event\":\"packet_carried\",\
     \"kind\":\"RST\",\"number\":0,\"attempt\":1,\"sequence\":0,\"length\":0,\
     \"sent_at\":900000000,\"reset\":\"cancelled\",\"direction\":\"ack\",\"fate\":\"delivered\"}\n";

#[test]
#[ignore = "takes long: ./sash test --long"]
fn every_packet_kind_is_dissected_and_the_counts_match_the_journal() {
    let mut seen = BTreeSet::new();
    for arq in ["stop-and-wait", "go-back-n", "selective-repeat", "sack"] {
        let link = "seed=7;loss=5%;delay=10ms";
        let arguments = [
            "--arq",
            arq,
            "--size=60KiB",
            "--halt=receiver",
            "--link",
            link,
        ];
        let (capture, carried) = Capture::of_a_run(&arguments, RESET);
        capture.is_well_formed();
        assert_eq!(capture.kinds(), kinds_of(&carried), "{arq}");
        assert_eq!(capture.count("sash.checksum.status != 1"), 0);
        assert_eq!(capture.count("sash"), capture.count("frame"));
        let probes = carried.iter().filter(|it| it["number"] == u32::MAX);
        let probes = probes.filter(|it| it["kind"] == "DATA").count();
        assert!(probes > 0);
        assert_eq!(capture.count("sash.probe"), probes);
        seen.extend(capture.kinds().into_keys());
    }
    assert_eq!(seen, KINDS.iter().map(|&kind| kind.to_owned()).collect());
}

#[test]
fn a_dropped_packet_gives_its_reason_and_a_damaged_one_is_flagged() {
    let link = "seed=7;loss=5%;corrupt=5%;delay=5ms;rate=20mbit;queue=8000B;mtu=1300";
    let (capture, carried) = Capture::of_a_run(&["--arq=go-back-n", "--link", link], "");
    let count = |words: &str| {
        let comments = capture.rows("frame.comment", &["frame.comment"]);
        comments.iter().filter(|row| row[0].contains(words)).count()
    };
    for (fate, words) in [
        ("lost", "dropped by the link: lost"),
        ("queue-full", "dropped by the link: the queue was full"),
        ("too-long", "dropped by the link: longer than the mtu"),
        ("corrupted", "corrupted by the link: one bit flipped"),
    ] {
        let told = of_fate(&carried, &[fate]).len();
        assert!(told > 0, "{fate}: choose another link");
        assert_eq!(count(words), told, "{fate}");
    }
    let damaged = of_fate(&carried, &["corrupted"]).len();
    assert_eq!(capture.count("sash.expert.checksum"), damaged);
    assert_eq!(capture.count("sash.checksum.status == 0"), damaged);
    assert_eq!(
        capture.count("sash.checksum.status == 1"),
        carried.len() - damaged
    );
}

#[test]
fn a_retransmission_is_flagged_and_refers_to_the_first_transmission() {
    let link = "delay=10ms;drop=d1.1,d2.1,d2.2";
    let arguments = [
        "--arq=sack",
        "--size=20KiB",
        "--first=1000", // Then numbers and sequence numbers differ.
        "--link",
        link,
    ];
    let (capture, _) = Capture::of_a_run(&arguments, "");
    let fields = [
        "sash.number",
        "sash.attempt",
        "sash.first_in",
        "frame.number",
    ];
    let again = capture.rows("sash.kind == 5 && sash.resend", &fields);
    let first = |number: &str| {
        let filter = format!("sash.kind == 5 && sash.number == {number}");
        capture.rows(&filter, &["frame.number", "sash.again_in"])[0].clone()
    };
    let names: Vec<(&str, &str)> = again.iter().map(|row| (&*row[0], &*row[1])).collect();
    assert_eq!(names, [("1", "2"), ("2", "2"), ("2", "3")]);
    for row in &again {
        assert_eq!(first(&row[0])[0], row[2]);
    }
    assert_eq!(first("1")[1], again[0][3]);
    assert_eq!(capture.count("sash.expert.resend"), again.len());
}

#[test]
fn an_ack_refers_to_its_data_and_the_data_to_its_ack() {
    // The first sequence number is near the wraparound.
    let arguments = [
        "--arq=sack",
        "--size=60KiB",
        "--first=4294967290",
        "--link=seed=3;loss=10%;delay=10ms",
    ];
    let (capture, carried) = Capture::of_a_run(&arguments, "");
    let fields = [
        "frame.number",
        "sash.number",
        "sash.acked_in",
        "sash.relative",
    ];
    let data = capture.rows("sash.kind == 5", &fields);
    let acked: BTreeMap<&str, &str> = data
        .iter()
        .filter(|row| !row[2].is_empty())
        .map(|row| (&*row[0], &*row[2]))
        .collect();
    let numbers = data.iter().map(|row| row[1].as_str());
    let segments: BTreeSet<&str> = numbers.collect();
    // Exactly one transmission of each segment was acknowledged.
    let confirmed: Vec<&str> = data
        .iter()
        .filter(|row| acked.contains_key(&*row[0]))
        .map(|row| &*row[1])
        .collect();
    let once: BTreeSet<&str> = confirmed.iter().copied().collect();
    assert_eq!(
        (once.len(), confirmed.len()),
        (segments.len(), segments.len())
    );
    assert!(data.iter().all(|row| row[3] == row[1]), "relative numbers");
    let fields = ["frame.number", "sash.acks", "sash.acks.count", "sash.time"];
    let acks = capture.rows("sash.acks", &fields);
    let mut covered = 0;
    for ack in &acks {
        assert_eq!(acked[&*ack[1]], ack[0], "{ack:?}");
        let seconds: f64 = ack[3].parse().unwrap();
        assert!(seconds >= 0.009, "{ack:?}"); // The propagation delay.
        covered += ack[2].parse::<usize>().unwrap();
    }
    assert_eq!(covered, segments.len());
    assert!(of_fate(&carried, &["lost"]).len() > 3);
    let opening = capture.rows("sash.response_in", &["sash.kind"]);
    let asked: Vec<&str> = opening.iter().map(|row| &*row[0]).collect();
    assert!(
        asked.starts_with(&["1", "2"]) && asked.contains(&"6"),
        "{asked:?}"
    );
}

#[test]
fn the_lost_segment_in_the_report_is_the_output_of_tshark() {
    let arguments = [
        "--arq=sack",
        "--window=4",
        "--size=500",
        "--segment=100",
        "--link=delay=10ms;drop=d1.1",
    ];
    let (capture, _) = Capture::of_a_run(&arguments, "");
    let fields = [
        "frame.number",
        "frame.time_relative",
        "sash.kind",
        "sash.number",
        "sash.attempt",
        "sash.relative",
        "sash.acks",
        "sash.acked_in",
        "sash.first_in",
        "frame.comment",
    ];
    let heads = [
        "frame", "seconds", "kind", "number", "attempt", "relative", "acks", "acked_in",
        "first_in", "comment",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(capture.rows("sash", &fields));
    for row in &mut rows[1..] {
        row[2] = KINDS[row[2].parse::<usize>().unwrap() - 1].to_owned();
        row[1].truncate(8); // Microseconds.
    }
    let mut table = String::new();
    for row in rows {
        let widths = [7, 10, 9, 8, 9, 10, 6, 10, 10, 0];
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            write!(line, "{cell:<width$}").unwrap();
        }
        writeln!(table, "{}", line.trim_end()).unwrap();
    }
    let name = "tests/golden/wireshark_lost_segment.txt";
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&golden, &table).unwrap();
    }
    let expected = fs::read_to_string(golden).unwrap_or_default();
    assert!(
        table == expected,
        "{name} differs; UPDATE_GOLDEN=1 rewrites it. Now:\n{table}"
    );
}

/// A server; it ends with the test.
struct Server {
    running: ServerProcess,
    folder: TempDir,
}

const LOSSY: &str = "seed=7;loss=8%;delay=2ms";

impl Server {
    fn start() -> Self {
        Self::start_with(|_| Vec::new())
    }

    /// With the arguments that the closure makes from the server's folder.
    fn start_with(more: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("files");
        fs::create_dir(&files).unwrap();
        fs::write(files.join("a.bin"), sash::lab::contents::bytes(0..200_000)).unwrap();
        let running = ServerProcess::start(
            server(&files)
                .args(["--link", LOSSY])
                .arg("--journal")
                .arg(folder.path().join("journals"))
                .arg("--pcapng")
                .arg(folder.path().join("server.pcapng"))
                .args(more(folder.path()))
                .stderr(File::create(folder.path().join("log")).unwrap()),
        );
        Self { running, folder }
    }

    /// Ends the server after this many transfers, and returns its folder.
    fn stop(mut self, transfers: usize) -> TempDir {
        let log = self.folder.path().join("log");
        let over = || {
            fs::read_to_string(&log)
                .unwrap()
                .matches(" finished: ")
                .count()
        };
        wait_until(|| over() == transfers);
        signal(&self.running.process, "-INT");
        wait_until(|| self.running.process.try_wait().unwrap().is_some());
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

#[test]
#[ignore = "takes long: ./sash test --long"]
fn server_and_client_capture_the_packets_that_they_send_and_receive() {
    let server = Server::start();
    // A user is already in the room and receives `joined` for the new one.
    let mut dana = TcpStream::connect(&server.running.address).unwrap();
    dana.write_all(b"{\"join\":{\"name\":\"dana\"}}\n").unwrap();
    let mut heard = BufReader::new(dana.try_clone().unwrap());
    let mut line = String::new();
    heard.read_line(&mut line).unwrap();
    assert!(line.contains("welcome"), "{line}");
    let out = server.folder.path().join("downloads");
    let mine = server.folder.path().join("client.pcapng");
    let journals = server.folder.path().join("mine");
    let arguments = [
        "--json",
        "--name=guy",
        "--link=seed=3;loss=5%",
        "--exec=hello dana",
        "--exec=/download a.bin --arq go-back-n",
        "--server",
        &server.running.address,
        "--out",
        text(&out),
        "--pcapng",
        text(&mine),
        "--journal",
        text(&journals),
    ];
    let output = program(env!("CARGO_BIN_EXE_client"), &arguments);
    assert!(output.status.success(), "{output:?}");
    drop((dana, heard));
    let folder = server.stop(1);
    let journal = |name: &str| {
        let path = folder.path().join(name);
        carried(&fs::read_to_string(path).unwrap())
    };
    let sides = [
        ("server.pcapng", "journals/transfer-1-sender.jsonl"),
        ("client.pcapng", "mine/transfer-1-receiver.jsonl"),
    ];
    for (capture, told) in sides {
        let capture = Capture {
            path: folder.path().join(capture),
            folder: tempfile::tempdir().unwrap(),
        };
        let told = journal(told);
        capture.is_well_formed();
        assert_eq!(capture.kinds(), kinds_of(&told), "{:?}", capture.path);
        let lost = of_fate(&told, &["lost"]).len();
        assert!(lost > 0);
        let dropped = "frame.comment contains \"dropped by the link: lost\"";
        assert_eq!(capture.count(dropped), lost);
        // Addresses and directions are the real ones.
        let elsewhere = "ip.src != 127.0.0.1 || ip.dst != 127.0.0.1";
        assert_eq!(capture.count(elsewhere), 0);
        let out = told.iter().filter(|it| {
            (it["direction"] == "data") == is_capture_of_the_server(&capture)
        });
        let sent = capture.count("sash && frame.p2p_dir == 0");
        assert_eq!(sent, out.count());
        let chat = capture.tshark(&["-q", "-z", "follow,tcp,ascii,0"]);
        assert!(chat.contains("{\"join\":{\"name\":"), "{chat}");
        assert!(chat.contains("{\"welcome\":"), "{chat}");
        let said = "sash_chat.keyword == \"said\"";
        assert!(capture.count(said) > 0);
    }
    let server = Capture {
        path: folder.path().join("server.pcapng"),
        folder,
    };
    let chat = server.tshark(&["-q", "-z", "follow,tcp,ascii,0"]);
    assert!(chat.contains("{\"joined\":{\"name\":\"guy\""), "{chat}");
    let joined = server.rows("sash_chat.keyword == \"joined\"", &["sash_chat.line"]);
    assert_eq!(joined.len(), 1);
    assert!(joined[0][0].contains("guy"), "{joined:?}");
}

fn is_capture_of_the_server(capture: &Capture) -> bool {
    capture.path.ends_with("server.pcapng")
}

#[test]
#[ignore = "takes long: ./sash test --long"]
fn an_upload_is_captured_with_the_actual_address_of_the_client() {
    let server = Server::start();
    let path = server.folder.path().join("client.pcapng");
    let file = server.folder.path().join("mine.bin");
    // Long enough that ACKs arrive before the chat's message about the end.
    fs::write(&file, vec![7; 2_000_000]).unwrap();
    let upload = format!("--exec=/upload {}", file.display());
    let arguments = [
        "--json",
        "--name=guy",
        &upload,
        "--server",
        &server.running.address,
        "--pcapng",
        text(&path),
    ];
    let output = program(env!("CARGO_BIN_EXE_client"), &arguments);
    assert!(output.status.success(), "{output:?}");
    let folder = server.stop(1);
    let capture = Capture { path, folder };
    capture.is_well_formed();
    // The socket is bound to no specific address.
    let elsewhere = "ip.src != 127.0.0.1 || ip.dst != 127.0.0.1";
    assert_eq!(capture.count(elsewhere), 0);
    assert!(capture.count("sash.kind == 5 && frame.p2p_dir == 0") >= 35);
    assert!(capture.count("sash.kind == 3 && frame.p2p_dir == 1") > 0);
}

#[test]
fn in_a_room_with_a_password_handshake_and_termination_packets_show_their_mac() {
    let server = Server::start_with(|folder| {
        let password = folder.join("password");
        fs::write(&password, "open sesame\n").unwrap();
        vec!["--password-file".to_owned(), text(&password).to_owned()]
    });
    let path = server.folder.path().join("client.pcapng");
    let password = server.folder.path().join("password");
    let upload = format!("--exec=/upload {}", password.display());
    let out = server.folder.path().join("out");
    for (segment, errand) in [("1436", "--exec=/download a.bin"), ("30", &upload)] {
        let arguments = [
            "--json",
            "--name=guy",
            errand,
            "--server",
            &server.running.address,
            "--password-file",
            text(&password),
            "--segment",
            segment,
            "--out",
            text(&out),
            "--pcapng",
            text(&path),
        ];
        let output = program(env!("CARGO_BIN_EXE_client"), &arguments);
        assert!(output.status.success(), "{output:?}");
    }
    let folder = server.stop(2);
    let path = folder.path().join("server.pcapng");
    let capture = Capture { path, folder };
    capture.is_well_formed();
    let has_mac = "sash.kind == 1 || sash.kind == 2 || sash.kind >= 6";
    let whole = "sash.checksum.status == 1";
    let due = capture.count(&format!("({has_mac}) && {whole}"));
    // Two handshakes, two FINs, two answers; the chat's message may have overtaken one of these.
    assert!(due >= 7, "{due}");
    assert_eq!(
        capture.count(&format!("({has_mac}) && len(sash.mac) == 16")),
        due
    );
    assert_eq!(capture.count("sash.mac"), due);
    let openings = capture.rows(
        "sash.kind <= 2 && sash.mac",
        &["sash.segment_bytes", "udp.length"],
    );
    for row in openings {
        // A SYN that is not answered in time is sent again with the length of a short path.
        let bytes = if row[0] == "30" {
            vec![36 + 34]
        } else {
            vec![36 + 1_436, 1_200]
        };
        assert!(
            bytes.iter().any(|it| (8 + it).to_string() == row[1]),
            "{row:?}"
        );
    }
}

#[test]
fn an_unreadable_or_unwritable_file_is_reported_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&folder.path().join(name)).to_owned();
    lab(&[
        "run",
        "--arq=go-back-n",
        "--size=5000",
        "--journal",
        text(folder.path()),
    ]);
    let journal = path("go-back-n.jsonl");
    let whole = fs::read_to_string(&journal).unwrap();
    fs::write(path("no-journal"), "hello\n").unwrap();
    fs::write(path("cut"), &whole[..whole.len() - 20]).unwrap();
    fs::write(path("later"), whole.replacen(":1,", ":2,", 1)).unwrap();
    fs::write(path("there.pcapng"), "mine").unwrap();
    let told = |journal: &str, output: &str, sentence: &str| {
        let arguments = ["pcapng", &path(journal), "-o", &path(output)];
        let output = program(env!("CARGO_BIN_EXE_lab"), &arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(sentence), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        output.status.success()
    };
    assert!(!told("no-journal", "a.pcapng", "not that of an event log"));
    assert!(!told("nothing", "a.pcapng", "cannot read "));
    assert!(!told("later", "a.pcapng", "event log of version 2"));
    assert!(!told("go-back-n.jsonl", "there.pcapng", "already exists"));
    let nowhere = "nowhere/a.pcapng";
    assert!(!told(
        "go-back-n.jsonl",
        nowhere,
        "cannot write the capture"
    ));
    assert_eq!(fs::read_to_string(path("there.pcapng")).unwrap(), "mine");
    assert!(!folder.path().join("a.pcapng").exists());
    assert!(told("cut", "a.pcapng", "is incomplete"));
    for (program_, arguments) in [
        (
            env!("CARGO_BIN_EXE_server"),
            ["--bind=127.0.0.1:0", "--files=."],
        ),
        (env!("CARGO_BIN_EXE_client"), ["--exec", "/users"]),
    ] {
        let nowhere = path(nowhere);
        let arguments = [&arguments[..], &["--pcapng", &nowhere]].concat();
        let output = program(program_, &arguments);
        assert!(!output.status.success());
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("cannot write the capture"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}
