//! `--journal DIR` of the real programs: the event logs of both sides of a transfer agree with
//! each other and with the numbers that the programs print.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::running::{ServerProcess, server, wait_until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const SIZE: u64 = 300_000;

/// So short that a SYN which a busy machine answers late is repeated at this length.
const SEGMENT: &str = "1000";

const SEGMENTS: u64 = SIZE.div_ceil(1_000);

const LOSSY: [&str; 2] = ["--link", "seed=7;loss=5%;corrupt=1%;delay=2ms"];

/// A server that writes its event logs into a folder of the test.
struct Server {
    running: ServerProcess,
    folder: TempDir,
}

/// The event log of one side.
struct Journal {
    heading: Value,
    entries: Vec<Value>,
}

#[test]
fn both_sides_of_a_download_write_a_journal() {
    let journals = tempfile::tempdir().unwrap();
    let server = Server::start(journals.path(), &LOSSY);
    server.client("/download a.bin", journals.path(), &[]);
    let told = server.reported_packets();
    let sender = Journal::read(journals.path(), "transfer-1-sender.jsonl");
    let receiver = Journal::read(journals.path(), "transfer-1-receiver.jsonl");
    agree(&sender, &receiver);
    assert_eq!(sender.packets("packet_sent"), told);
    assert_eq!(sender.heading["scenario"], LOSSY[1]);
    assert_eq!(receiver.heading["scenario"], "perfect");
    // Only the server has a link, and a packet that it loses does not arrive.
    assert!(receiver.of("packet_carried").is_empty());
    assert!(receiver.data("packet_received").len() < sender.data("packet_sent").len());
    assert_eq!(sender.data("packet_carried"), sender.data("packet_sent"));
    let mut of_data = sender
        .entries
        .iter()
        .filter(|entry| entry["kind"] == "DATA");
    assert_eq!(of_data.next().unwrap()["event"], "packet_sent");
}

#[test]
fn both_sides_of_an_upload_write_a_journal() {
    let journals = tempfile::tempdir().unwrap();
    let server = Server::start(journals.path(), &LOSSY);
    let path = server.folder.path().join("a.bin");
    let line = format!("/upload {}", path.display());
    server.client(&line, journals.path(), &[]);
    let told = server.reported_packets();
    let sender = Journal::read(journals.path(), "transfer-1-sender.jsonl");
    let receiver = Journal::read(journals.path(), "transfer-1-receiver.jsonl");
    agree(&sender, &receiver);
    // The server of an upload counts what arrived until the transfer ended.
    assert_eq!(receiver.until_the_end().packets("packet_received"), told);
    assert!(sender.of("packet_carried").is_empty());
    assert!(!receiver.of("packet_damaged").is_empty());
    let carried = receiver.data("packet_carried").len();
    assert!(carried > receiver.data("packet_received").len());
}

#[test]
fn a_restarted_server_keeps_the_older_journal() {
    let journals = tempfile::tempdir().unwrap();
    let older = journals.path().join("transfer-1-sender.jsonl");
    let mut before = None;
    for _ in 0..2 {
        let server = Server::start(journals.path(), &[]);
        server.client("/download a.bin", journals.path(), &["--arq", "go-back-n"]);
        server.reported_packets();
        before.get_or_insert_with(|| fs::read(&older).unwrap());
    }
    assert_eq!(Some(fs::read(&older).unwrap()), before);
    let newer = Journal::read(journals.path(), "transfer-1-sender-2.jsonl");
    // On a busy machine a timeout may be spurious, so an attempt is not counted here.
    let sent: BTreeSet<u64> = newer.data("packet_sent").iter().map(|it| it.0).collect();
    assert_eq!(sent, (0..SEGMENTS).collect());
    assert_eq!(newer.heading["arq"], "go-back-n");
}

#[test]
fn an_unwritable_journal_folder_is_reported_by_each_program_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let commands = [
        (env!("CARGO_BIN_EXE_server"), ["--bind", "127.0.0.1:0"]),
        (env!("CARGO_BIN_EXE_client"), ["--exec", "/users"]),
        (env!("CARGO_BIN_EXE_lab"), ["run", "--size=1000"]),
    ];
    for (program, arguments) in commands {
        let output = Command::new(program)
            .args(arguments)
            .arg("--journal")
            .arg(file.join("journals"))
            .output()
            .unwrap();
        assert!(!output.status.success(), "{program}");
        let told = String::from_utf8(output.stderr).unwrap();
        let sentence = format!("cannot write event logs in {}", file.display());
        assert!(told.contains(&sentence), "{program}: {told}");
        assert_eq!(told.lines().count(), 1, "{program}: {told}");
    }
}

/// Properties of an upload and of a download.
fn agree(sender: &Journal, receiver: &Journal) {
    for field in ["size", "arq", "segment_bytes", "first_sequence"] {
        assert_eq!(sender.heading[field], receiver.heading[field], "{field}");
    }
    assert_eq!(sender.heading["size"], SIZE);
    let every: BTreeSet<u64> = (0..SEGMENTS).collect();
    let numbers = |data: &[Name]| data.iter().map(|(number, _)| *number).collect();
    assert_eq!(every, numbers(&sender.data("packet_sent")));
    assert_eq!(every, numbers(&receiver.data("packet_received")));
    let sent: BTreeSet<Name> = sender.data("packet_sent").into_iter().collect();
    let arrived = receiver.data("packet_received").into_iter().collect();
    assert!(sent.is_superset(&arrived));
    // Each transmission is declared lost at most once, and no other is.
    let lost: Vec<Name> = sender.of("packet_lost").into_iter().map(name).collect();
    let lost_once: BTreeSet<Name> = lost.iter().copied().collect();
    assert!(
        !lost.is_empty() && lost.len() == lost_once.len(),
        "{lost:?}"
    );
    assert!(sent.is_superset(&lost_once));
    let resent = sent.iter().filter(|(_, attempt)| *attempt > 1).count();
    assert!(lost.len() >= resent, "{} lost, {resent} resent", lost.len());
    for journal in [sender, receiver] {
        let last_state = journal.of("state_changed").pop().unwrap()["state"].clone();
        let ends = ["ended", "lingering"]; // A client does not wait for the end of the linger time.
        assert!(ends.iter().any(|end| last_state == *end), "{last_state}");
        let times = journal
            .entries
            .iter()
            .map(|it| it["time_us"].as_u64().unwrap());
        assert!(times.is_sorted());
    }
}

/// A DATA packet: its number and its attempt.
type Name = (u64, u64);

fn name(entry: &Value) -> Name {
    let field = |name: &str| entry[name].as_u64().unwrap();
    (field("number"), field("attempt"))
}

impl Journal {
    fn read(folder: &Path, name: &str) -> Self {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.ends_with('\n'), "{name} is cut");
        let mut lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let heading: Value = lines.next().unwrap();
        assert_eq!(heading["journal"], "sash");
        Self {
            heading,
            entries: lines.collect(),
        }
    }

    /// Without late copies, which arrived after the end of the transfer.
    fn until_the_end(&self) -> Self {
        let is_end = |entry: &Value| {
            entry["event"] == "state_changed"
                && (entry["state"] == "lingering" || entry["state"] == "ended")
        };
        let end = self.entries.iter().position(is_end).unwrap();
        Self {
            heading: self.heading.clone(),
            entries: self.entries[..end].to_vec(),
        }
    }

    fn of(&self, event: &str) -> Vec<&Value> {
        let is_it = |entry: &&Value| entry["event"] == event;
        self.entries.iter().filter(is_it).collect()
    }

    /// The DATA packets with bytes in these events.
    fn data(&self, event: &str) -> Vec<Name> {
        let mut entries = self.of(event);
        entries.retain(|entry| entry["kind"] == "DATA" && entry["length"] != 0);
        entries.into_iter().map(name).collect()
    }

    /// The number of retransmissions, and the number of all transmissions.
    fn packets(&self, event: &str) -> (usize, usize) {
        let data = self.data(event);
        let resent = data.iter().filter(|(_, attempt)| *attempt > 1);
        (resent.count(), data.len())
    }
}

impl Server {
    fn start(journals: &Path, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let content = sash::lab::contents::bytes(0..SIZE);
        fs::write(folder.path().join("a.bin"), content).unwrap();
        let running = ServerProcess::start(
            server(folder.path())
                .arg("--journal")
                .arg(journals)
                .args(arguments)
                .stderr(File::create(folder.path().join("log")).unwrap()),
        );
        Self { running, folder }
    }

    /// A client that runs one command and leaves.
    fn client(&self, line: &str, journals: &Path, arguments: &[&str]) {
        let out = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_client"))
            .args([
                "--json",
                "--server",
                &self.running.address,
                "--name",
                "dana",
                "--out",
            ])
            .arg(out.path())
            .arg("--journal")
            .arg(journals)
            .args(["--segment", SEGMENT])
            .args(arguments)
            .args(["--exec", line])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// The numbers in the server's log at the end of the transfer: packets retransmitted, and sent.
    fn reported_packets(&self) -> (usize, usize) {
        let mut figures = None;
        wait_until(|| {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
            let told = log.split_once(" packets resent");
            let Some((before, _)) = told.filter(|_| log.ends_with('\n')) else {
                return false;
            };
            let mut words = before.rsplit(' ').map(|word| word.parse().ok());
            let (sent, _of, resent) = (words.next(), words.next(), words.next());
            figures = resent.flatten().zip(sent.flatten());
            true
        });
        figures.unwrap()
    }
}
