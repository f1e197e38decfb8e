//! `tests/programs/second_client.py`, a client in Python written from `report/wire.md` alone, against
//! the real server: a test of the page as much as of the programs.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::running::{ServerProcess, server};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const CLIENT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/programs/second_client.py"
);
const PROTOCOLS: [&str; 4] = ["stop-and-wait", "go-back-n", "selective-repeat", "sack"];
/// One packet in twenty is lost in each direction, the same ones on every machine.
const LOSSY: &str = "seed=7;loss=5%";
/// Fifty-six segments, the last one short.
const FILE_BYTES: usize = 80_001;

/// A running server with one file, `numbers.bin`, and a folder for its client; it ends with the
/// test.
struct Server {
    running: ServerProcess,
    folder: TempDir,
}

impl Server {
    fn start(link: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let offered = folder.path().join("offered");
        fs::create_dir(&offered).unwrap();
        fs::write(offered.join("numbers.bin"), bytes_of_a_file()).unwrap();
        let running = ServerProcess::start(server(&offered).args(["--link", link]));
        Self { running, folder }
    }

    fn offered(&self, name: &str) -> PathBuf {
        self.folder.path().join("offered").join(name)
    }

    fn downloaded(&self) -> PathBuf {
        self.folder.path().join("downloads").join("numbers.bin")
    }

    /// Runs one command of the second client to its end and returns its output.
    fn errand(&self, arguments: &[&str]) -> String {
        let output = python(&[&["--server", &self.running.address], arguments].concat());
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn download(&self, arguments: &[&str]) -> String {
        let out = self.folder.path().join("downloads");
        let fetch = ["download", "numbers.bin", "--out", out.to_str().unwrap()];
        self.errand(&[&fetch, arguments].concat())
    }

    /// Uploads a file of this name and returns the output.
    fn upload(&self, name: &str, arguments: &[&str]) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes_of_a_file()).unwrap();
        self.errand(&[&["upload", path.to_str().unwrap()], arguments].concat())
    }
}

/// Runs the second client with Python's standard library alone.
fn python(arguments: &[&str]) -> Output {
    let mut command = Command::new("python3");
    command.args(["-I", "-S", CLIENT]).args(arguments);
    let output = command.output();
    let is_missing = matches!(&output, Err(why) if why.kind() == ErrorKind::NotFound);
    assert!(
        !is_missing,
        "python3 is not here, and the second client is written in it. \
         Install Python 3.10 or later (Debian, Ubuntu: apt-get install python3)."
    );
    output.unwrap()
}

/// Bytes that do not repeat with any segment size.
fn bytes_of_a_file() -> Vec<u8> {
    let numbers = (0u32..).map(|number| number.wrapping_mul(2_654_435_761) >> 24);
    numbers
        .map(|byte| u8::try_from(byte).unwrap())
        .take(FILE_BYTES)
        .collect()
}

#[track_caller]
fn assert_whole(path: &Path) {
    let arrived = fs::read(path).unwrap();
    assert!(arrived == bytes_of_a_file(), "{} differs", path.display());
}

#[test]
fn the_help_of_the_second_client_begins_with_examples() {
    let output = python(&["--help"]);
    assert!(output.status.success());
    assert!(output.stdout.starts_with(b"Examples:\n  second_client.py "));
}

#[test]
fn the_second_client_joins_lists_users_and_files_and_sends_a_direct_message() {
    let server = Server::start(LOSSY);
    let mut dana = TcpStream::connect(&server.running.address).unwrap();
    dana.write_all(b"{\"join\":{\"name\":\"dana\"}}\n").unwrap();
    let mut heard = BufReader::new(dana).lines().map(Result::unwrap);
    assert!(heard.next().unwrap().starts_with("{\"welcome\""));

    assert_eq!(server.errand(&["users"]), "dana\nsecond\n");
    let files = server.errand(&["files"]);
    assert!(files.starts_with("80001 ") && files.ends_with(" numbers.bin\n"));
    server.errand(&["--name", "guy", "whisper", "dana", "שלום"]);
    server.errand(&["--name", "guy", "say", "hello all"]);

    let whisper = heard
        .find(|line| line.starts_with("{\"whispered\""))
        .unwrap();
    assert!(
        whisper.contains("\"guy\"") && whisper.contains("שלום"),
        "{whisper}"
    );
    let said = heard.find(|line| line.starts_with("{\"said\"")).unwrap();
    assert!(said.contains("hello all"), "{said}");
}

#[test]
fn a_refusal_of_the_server_ends_the_second_client_with_its_sentence() {
    let server = Server::start(LOSSY);
    let address = ["--server", &server.running.address];
    for (errand, code) in [
        (&["whisper", "nobody", "hi"][..], "no-such-user"),
        (&["--name", "two words", "users"], "bad-name"),
    ] {
        let output = python(&[&address, errand].concat());
        assert_eq!(output.status.code(), Some(1), "{errand:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(code), "{told}");
    }
}

#[test]
fn a_download_with_each_protocol_is_complete_at_five_percent_loss() {
    let server = Server::start(LOSSY);
    for arq in PROTOCOLS {
        let told = server.download(&["--arq", arq]);
        assert!(told.starts_with("verified numbers.bin"), "{told}");
        assert!(told.contains(arq), "{told}");
        assert_whole(&server.downloaded());
        fs::remove_file(server.downloaded()).unwrap();
    }
}

#[test]
fn a_download_with_the_defaults_of_the_server_is_complete_over_udp_and_tcp() {
    let server = Server::start(LOSSY);
    for transport in ["udp", "tcp"] {
        server.download(&["--transport", transport]);
        assert_whole(&server.downloaded());
        fs::remove_file(server.downloaded()).unwrap();
    }
}

#[test]
fn a_download_resumes_where_it_was_interrupted() {
    let server = Server::start(LOSSY);
    let stopped = server.download(&["--arq", "go-back-n", "--stop-at", "50%"]);
    let place = stopped.split(' ').nth(4).unwrap();
    assert!(
        place.parse::<usize>().unwrap() >= FILE_BYTES / 2,
        "{stopped}"
    );
    let told = server.download(&["--arq", "sack"]);
    let rest = format!("bytes {place} to {FILE_BYTES} ");
    assert!(told.contains(&rest), "{told}");
    assert_whole(&server.downloaded());
}

#[test]
fn a_resume_of_a_complete_file_needs_no_segment() {
    let server = Server::start(LOSSY);
    server.download(&["--stop-at", "100%"]);
    let told = server.download(&[]);
    assert!(told.contains("0 packets for 0 segments"), "{told}");
    assert_whole(&server.downloaded());
}

#[test]
fn a_download_of_a_changed_file_starts_from_the_beginning() {
    let server = Server::start(LOSSY);
    server.download(&["--stop-at", "50%"]);
    fs::write(server.offered("numbers.bin"), b"another version").unwrap();
    let told = server.download(&[]);
    assert!(told.contains("bytes 0 to 15"), "{told}");
    assert_eq!(fs::read(server.downloaded()).unwrap(), b"another version");
}

#[test]
fn an_upload_with_each_protocol_is_complete_and_offered_to_all() {
    let server = Server::start(LOSSY);
    for arq in PROTOCOLS {
        let name = format!("{arq}.bin");
        let told = server.upload(&name, &["--arq", arq]);
        assert!(told.contains(&format!("shared as {name}")), "{told}");
        assert_whole(&server.offered(&name));
    }
    let told = server.upload("stop-and-wait.bin", &["--transport", "tcp"]);
    assert!(told.contains("shared as stop-and-wait (2).bin"), "{told}");
    assert_whole(&server.offered("stop-and-wait (2).bin"));
}

#[test]
fn a_paused_download_is_kept_alive_by_probes_and_continues() {
    let server = Server::start(LOSSY);
    let told = server.download(&["--arq", "go-back-n", "--pause-at", "50%"]);
    assert!(!told.contains(" 0 probes answered"), "{told}");
    assert_whole(&server.downloaded());
}

#[test]
fn a_paused_upload_sends_probes_and_continues() {
    let server = Server::start(LOSSY);
    let told = server.upload("paused.bin", &["--pause-at", "50%"]);
    assert!(!told.contains(" 0 probes sent"), "{told}");
    assert_whole(&server.offered("paused.bin"));
}

#[test]
fn corruption_duplication_and_reordering_are_tolerated_in_both_directions() {
    let server = Server::start("seed=7;loss=5%;corrupt=5%;duplicate=5%;reorder=5%");
    for arq in ["go-back-n", "selective-repeat", "sack"] {
        let told = server.download(&["--arq", arq]);
        assert!(!told.contains(" 0 damaged"), "{told}");
        assert_whole(&server.downloaded());
        fs::remove_file(server.downloaded()).unwrap();
        let name = format!("{arq}.bin");
        server.upload(&name, &["--arq", arq]);
        assert_whole(&server.offered(&name));
    }
}

#[test]
fn a_path_with_a_small_mtu_reduces_the_segments_to_1164_bytes() {
    let server = Server::start("mtu=1300");
    let told = server.download(&[]);
    assert!(told.contains("segments of 1164"), "{told}");
    assert_whole(&server.downloaded());
    let told = server.upload("narrow.bin", &[]);
    assert!(told.contains("segments of 1164"), "{told}");
    assert_whole(&server.offered("narrow.bin"));
}
