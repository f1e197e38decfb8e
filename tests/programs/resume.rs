//! Interrupted downloads are resumed: the real programs, killed and started again.
//!
//! `Child::kill` is `kill -9` on Unix: the program has no time to clean up.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::running::{
    ServerProcess, ended_with, once_its_name_is_free, printed, server, spawn, succeeded,
    wait_until,
};
use sash::wire::message::{Offer, Reply};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::Duration;
use tempfile::TempDir;

/// Long enough to be interrupted in its middle at [`SLOWLY`].
const SIZE: u64 = 600_000;

/// About 1 s for the whole file.
const SLOWLY: [&str; 4] = ["--link", "data.delay=10ms", "--window", "4"];

const AT_ONCE: [&str; 0] = [];

/// The files of the server and of the client; they outlive both.
struct Fixture {
    files: TempDir,
    out: TempDir,
}

impl Fixture {
    /// The file `a.bin` is offered.
    fn new() -> Self {
        let place = Self {
            files: tempfile::tempdir().unwrap(),
            out: tempfile::tempdir().unwrap(),
        };
        fs::write(place.offered(), sash::lab::contents::bytes(0..SIZE)).unwrap();
        place
    }

    fn offered(&self) -> PathBuf {
        self.files.path().join("a.bin")
    }

    fn in_out(&self, name: &str) -> PathBuf {
        self.out.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.out.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn serve(&self, arguments: &[&str]) -> ServerProcess {
        ServerProcess::start(server(self.files.path()).args(arguments))
    }

    /// A download goes on behind the bytes that were kept.
    fn only_the_rest_is_sent(
        &self,
        server: &ServerProcess,
        arguments: &[&str],
        kept: u64,
    ) {
        let output = self.download(server, arguments);
        succeeded(&output);
        assert_eq!(offer(&output).offset, kept);
        let missing = (SIZE - kept).div_ceil(1_436);
        let sent = first_transmissions(&output);
        // A busy machine may answer a SYN so late that the segments become shorter.
        assert!(sent <= missing * 5 / 4 + 1, "{sent} for {missing}");
        self.is_whole("a.bin");
        assert_eq!(self.names(), ["a.bin"]);
    }

    fn start_download(&self, server: &ServerProcess, arguments: &[&str]) -> Child {
        spawn(
            Command::new(env!("CARGO_BIN_EXE_client"))
                .args(["--server", &server.address, "--out"])
                .arg(self.out.path())
                .args(["--name", "dana"])
                .args(arguments)
                .args(["--exec", "/download a.bin"]),
        )
    }

    fn download(&self, server: &ServerProcess, arguments: &[&str]) -> Output {
        once_its_name_is_free(|| {
            let client = self.start_download(server, arguments);
            client.wait_with_output().unwrap()
        })
    }

    /// Kills a download once `bytes` of it have arrived, and returns how many have.
    fn break_off(&self, server: &ServerProcess, bytes: u64) -> u64 {
        self.break_off_as(server, &[], bytes)
    }

    /// The same of a client with these arguments.
    fn break_off_as(
        &self,
        server: &ServerProcess,
        arguments: &[&str],
        bytes: u64,
    ) -> u64 {
        let mut client = self.start_download(server, arguments);
        let part = self.in_out("a.bin.part");
        wait_until(|| length(&part) >= bytes);
        client.kill().unwrap();
        client.wait().unwrap();
        length(&part)
    }

    fn is_whole(&self, name: &str) {
        assert_eq!(
            fs::read(self.in_out(name)).unwrap(),
            fs::read(self.offered()).unwrap()
        );
    }

    /// Other content of the same length, with another modification time.
    fn change_the_file(&self) {
        fs::write(self.offered(), sash::lab::contents::bytes(7..SIZE + 7)).unwrap();
        let file = File::options().write(true).open(self.offered()).unwrap();
        let before = file.metadata().unwrap().modified().unwrap();
        file.set_modified(before + Duration::from_secs(5)).unwrap();
    }
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The server's offer in the output of a client with `--json`.
fn offer(output: &Output) -> Offer {
    let text = printed(output);
    let mut offers = text
        .lines()
        .filter_map(|line| match Reply::from_line(line) {
            Ok(Reply::Offer(offer)) => Some(offer),
            _ => None,
        });
    offers
        .next_back()
        .unwrap_or_else(|| panic!("no offer in:\n{text}"))
}

/// The number of DATA packets that the server sent for the only transfer.
/// DATA packets without retransmissions, of which a busy machine causes some.
fn first_transmissions(output: &Output) -> u64 {
    let text = printed(output);
    let progress = text
        .lines()
        .filter_map(|line| match Reply::from_line(line) {
            Ok(Reply::Transfer(news)) => news.progress,
            _ => None,
        });
    let sent = progress.map(|it| it.sent_packets - it.resent_packets);
    sent.max()
        .unwrap_or_else(|| panic!("no figures in:\n{text}"))
}

#[test]
fn a_download_after_a_killed_client_resumes_and_only_the_rest_is_sent() {
    let place = Fixture::new();
    let server = place.serve(&SLOWLY);
    let kept = place.break_off(&server, SIZE / 3);
    assert!(kept < SIZE);
    place.only_the_rest_is_sent(&server, &["--json"], kept);
}

#[test]
fn in_a_room_with_a_password_a_download_resumes_after_a_killed_client_and_server() {
    let place = Fixture::new();
    let secret = "open sesame 7";
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{secret}").unwrap();
    let password = ["--password-file", file.path().to_str().unwrap()];
    let telling = [&password[..], &["--json"]].concat();
    let mut server = place.serve(&[&SLOWLY[..], &password].concat());
    let killed_at = place.break_off_as(&server, &password, SIZE / 4);
    let record = fs::read_to_string(place.in_out("a.bin.part.json")).unwrap();
    assert!(!record.contains(secret), "{record}");
    // The login and all keys that follow from it are new.
    let client = place.start_download(&server, &telling);
    let part = place.in_out("a.bin.part");
    wait_until(|| length(&part) >= killed_at + SIZE / 4);
    server.kill();
    let output = client.wait_with_output().unwrap();
    ended_with(1, &output);
    assert_eq!(offer(&output).offset, killed_at);
    let kept = length(&part);
    let server = place.serve(&password);
    let nobody = place.download(&server, &[]);
    ended_with(4, &nobody);
    place.only_the_rest_is_sent(&server, &telling, kept);
}

#[test]
fn a_download_started_over_udp_resumes_over_tcp() {
    let place = Fixture::new();
    let server = place.serve(&SLOWLY);
    let kept = place.break_off(&server, SIZE / 3);
    let output = place.download(&server, &["--json", "--transport", "tcp"]);
    succeeded(&output);
    assert_eq!(offer(&output).offset, kept);
    place.is_whole("a.bin");
}

#[test]
fn a_download_resumes_with_a_new_server_after_the_old_one_was_killed() {
    let place = Fixture::new();
    let mut server = place.serve(&SLOWLY);
    let client = place.start_download(&server, &[]);
    let part = place.in_out("a.bin.part");
    wait_until(|| length(&part) >= SIZE / 3);
    server.kill();
    let output = client.wait_with_output().unwrap();
    ended_with(1, &output);
    let kept = length(&part);
    assert!(kept >= SIZE / 3);
    let server = place.serve(&AT_ONCE);
    let output = place.download(&server, &[]);
    succeeded(&output);
    let told = "have already arrived; only the rest is sent.";
    assert!(printed(&output).contains(told), "{}", printed(&output));
    place.is_whole("a.bin");
}

#[test]
fn a_file_that_changed_on_the_server_is_sent_from_the_start_with_a_notice() {
    let place = Fixture::new();
    let server = place.serve(&SLOWLY);
    place.break_off(&server, SIZE / 3);
    place.change_the_file();
    let output = place.download(&server, &[]);
    succeeded(&output);
    let told = "a.bin has changed on the server: the download starts again.";
    assert!(printed(&output).contains(told), "{}", printed(&output));
    place.is_whole("a.bin");
}

#[test]
fn a_file_that_changes_during_its_transfer_is_not_verified_and_its_partial_file_is_discarded()
 {
    let place = Fixture::new();
    let server = place.serve(&SLOWLY);
    let client = place.start_download(&server, &[]);
    let part = place.in_out("a.bin.part");
    wait_until(|| length(&part) >= SIZE / 3);
    place.change_the_file();
    let output = client.wait_with_output().unwrap();
    ended_with(1, &output);
    assert!(!place.in_out("a.bin").exists());
    let output = place.download(&server, &["--json"]);
    succeeded(&output);
    assert_eq!(offer(&output).offset, 0);
    place.is_whole("a.bin");
}

#[test]
fn a_damaged_record_is_reported_and_costs_only_the_partial_file() {
    let place = Fixture::new();
    let server = place.serve(&SLOWLY);
    place.break_off(&server, SIZE / 3);
    fs::write(place.in_out("a.bin.part.json"), "{\"file\":").unwrap();
    let output = place.download(&server, &["--json"]);
    succeeded(&output);
    let said = printed(&output);
    assert!(said.contains("cannot resume"), "{said}");
    assert!(said.contains("its record is damaged"), "{said}");
    assert_eq!(offer(&output).offset, 0);
    place.is_whole("a.bin");
}

#[test]
fn two_simultaneous_downloads_of_one_name_do_not_resume_the_same_partial_file() {
    let place = Fixture::new();
    let server = place.serve(&SLOWLY);
    place.break_off(&server, SIZE / 3);
    let clients = ["dana", "guy"];
    let clients = clients.map(|name| place.start_download(&server, &["--name", name]));
    for client in clients {
        let output = client.wait_with_output().unwrap();
        succeeded(&output);
    }
    place.is_whole("a.bin");
    place.is_whole("a (2).bin");
}

#[test]
fn simultaneous_downloads_with_skip_all_succeed_and_leave_no_partial_file() {
    let place = Fixture::new();
    let server = place.serve(&SLOWLY);
    for way in [["--arq", "go-back-n"], ["--transport", "tcp"]] {
        let clients = ["dana", "guy", "tal"];
        let clients = clients.map(|name| {
            let arguments = ["--overwrite", "skip", "--name", name, way[0], way[1]];
            place.start_download(&server, &arguments)
        });
        for client in clients {
            let output = client.wait_with_output().unwrap();
            succeeded(&output);
        }
        place.is_whole("a.bin");
        assert_eq!(place.names(), ["a.bin"]);
        fs::remove_file(place.in_out("a.bin")).unwrap();
    }
}

/// A limit on the size of files simulates a small disk.
#[cfg(target_os = "linux")]
#[test]
fn the_partial_file_on_a_full_disk_is_kept_and_resumed_when_space_is_available() {
    for transport in ["udp", "tcp"] {
        let place = Fixture::new();
        let server = place.serve(&AT_ONCE);
        // Blocks of 512 bytes; the signal is ignored, so that a write fails instead.
        let small = "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\"";
        let output = Command::new("sh")
            .args(["-c", small, env!("CARGO_BIN_EXE_client")])
            .args(["--server", &server.address, "--name", "dana", "--out"])
            .arg(place.out.path())
            .args(["--transport", transport, "--exec", "/download a.bin"])
            .output()
            .unwrap();
        let told = printed(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("the disk is full"), "{told}");
        let kept = length(&place.in_out("a.bin.part"));
        assert!((1..SIZE).contains(&kept), "{kept} bytes");
        let output = place.download(&server, &["--json", "--transport", transport]);
        succeeded(&output);
        assert_eq!(offer(&output).offset, kept);
        place.is_whole("a.bin");
    }
}

/// Root may write everywhere, except without this capability.
#[cfg(target_os = "linux")]
#[test]
fn a_read_only_folder_is_named_and_the_transfer_cancelled() {
    let place = Fixture::new();
    let server = place.serve(&AT_ONCE);
    let read_only = "chmod 500 \"$1\"; client=$0; \
        set -- \"$client\" --server \"$2\" --name dana --out \"$1\" --exec '/download a.bin'; \
        [ \"$(id -u)\" != 0 ] || \
            exec setpriv --bounding-set=-dac_override,-dac_read_search \"$@\"; \
        exec \"$@\"";
    let output = Command::new("sh")
        .args(["-c", read_only, env!("CARGO_BIN_EXE_client")])
        .arg(place.out.path())
        .arg(&server.address)
        .output()
        .unwrap();
    let told = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let folder = place.out.path().display().to_string();
    assert!(told.contains(&folder), "{told}");
    assert!(told.contains("Permission denied"), "{told}");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn an_existing_file_is_kept_replaced_skipped_or_an_error_as_chosen() {
    let place = Fixture::new();
    let server = place.serve(&AT_ONCE);
    fs::write(place.in_out("a.bin"), "old").unwrap();
    let try_it = |choice: &str| {
        let output = place.download(&server, &["--overwrite", choice]);
        (output.status.code(), printed(&output))
    };
    let (code, told) = try_it("skip");
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("a.bin already exists: skipped."), "{told}");
    let (code, told) = try_it("fail");
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("a.bin already exists."), "{told}");
    assert_eq!(place.names(), ["a.bin"]);
    assert_eq!(try_it("keep").0, Some(0));
    assert_eq!(place.names(), ["a (2).bin", "a.bin"]);
    assert_eq!(fs::read(place.in_out("a.bin")).unwrap(), b"old");
    place.is_whole("a (2).bin");
    assert_eq!(try_it("replace").0, Some(0));
    assert_eq!(place.names(), ["a (2).bin", "a.bin"]);
    place.is_whole("a.bin");
    assert_eq!(try_it("perhaps").0, Some(2));
}
