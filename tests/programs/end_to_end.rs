//! The real programs together: `server` and `client --exec`, over every transport and protocol.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::ports::range_of;
use crate::running::{
    ServerProcess, WAYS, ended_with, made_up, printed, signal, succeeded, wait_until,
};
#[cfg(target_os = "linux")]
use crate::running::{belongings, wait_until_released};
use sash::wire::options::{Congestion, LARGEST_WINDOW, LESSON_WINDOW};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A server with its own files; it ends with the test.
struct Server {
    running: ServerProcess,
    folder: TempDir,
}

/// A client that runs some commands and leaves.
struct Client {
    process: Child,
    out: TempDir,
}

impl Server {
    fn start(files: &[(&str, u64)], arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, size) in files {
            fs::write(folder.path().join(name), made_up(*size)).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
        command.args(["--bind", "127.0.0.1:0", "--files"]);
        command.arg(folder.path()).args(arguments);
        if !arguments.contains(&"--udp-ports") {
            command.args(["--udp-ports", "0"]);
        }
        let running = ServerProcess::start(command.stderr(Stdio::null()));
        Self { running, folder }
    }

    /// Starts a client that downloads `file` into its own folder.
    fn download(&self, name: &str, file: &str, arguments: &[&str]) -> Client {
        self.download_into(tempfile::tempdir().unwrap(), name, file, arguments)
    }

    fn download_into(
        &self,
        out: TempDir,
        name: &str,
        file: &str,
        arguments: &[&str],
    ) -> Client {
        let process = Command::new(env!("CARGO_BIN_EXE_client"))
            .args([
                "--text",
                "--server",
                &self.running.address,
                "--name",
                name,
                "--json",
            ])
            .arg("--out")
            .arg(out.path())
            .args(arguments)
            .args(["--exec", &format!("/download {file}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Client { process, out }
    }
}

impl Client {
    /// Waits for the end; the file must have arrived complete.
    fn arrives_whole(self, file: &str, size: u64) {
        let output = self.process.wait_with_output().unwrap();
        succeeded(&output);
        assert_eq!(
            fs::read(self.out.path().join(file)).unwrap(),
            made_up(size),
            "{file}"
        );
    }

    /// Waits until the file begins to grow; a short one may be complete by then.
    fn begins(&self, file: &str) -> PathBuf {
        let part = self.out.path().join(format!("{file}.part"));
        wait_until(|| {
            let has_begun = part.metadata().is_ok_and(|part| part.len() > 0);
            has_begun || self.out.path().join(file).exists()
        });
        part
    }
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: Result<fs::DirEntry, _>| entry.unwrap().file_name().into_string();
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| name(entry).unwrap())
        .collect()
}

#[test]
fn files_of_all_sizes_and_names_are_downloaded_by_every_method() {
    let files = [
        ("empty", 0),
        ("one byte", 1),
        ("exactly one segment.bin", 1_436),
        ("שלום עולם 🎈.txt", 100_000),
        ("three bytes", 3),
        ("large.bin", 2_000_000),
    ];
    let server = Server::start(&files, &[]);
    for (place, way) in WAYS.iter().enumerate() {
        let clients = files.map(|(file, size)| {
            let name = format!("c{place}-{size}");
            (server.download(&name, file, way), file, size)
        });
        for (client, file, size) in clients {
            client.arrives_whole(file, size);
        }
    }
}

#[test]
fn four_simultaneous_downloads_of_one_file_by_every_method_are_complete() {
    let server = Server::start(&[("large.bin", 3_000_000)], &[]);
    let clients: Vec<_> = (0..4)
        .flat_map(|copy| WAYS.map(|way| (copy, way)))
        .map(|(copy, way)| {
            server.download(&format!("{}{copy}", &way[1][..3]), "large.bin", &way)
        })
        .collect();
    for client in clients {
        client.arrives_whole("large.bin", 3_000_000);
    }
}

#[test]
fn simultaneous_losses_on_both_sides_change_no_byte() {
    let link = "seed=5;loss=15%;duplicate=5%;reorder=10%;corrupt=5%";
    let server = Server::start(&[("some.bin", 40_000)], &["--link", link]);
    let ways = &WAYS[..3];
    let clients = ways.iter().map(|[flag, arq]| {
        server.download(arq, "some.bin", &[*flag, *arq, "--link", link])
    });
    for client in clients.collect::<Vec<_>>() {
        client.arrives_whole("some.bin", 40_000);
    }
}

#[test]
fn every_controller_transfers_a_file_over_a_bad_link_and_is_named_in_the_offer() {
    let link = "seed=5;loss=3%;delay=5ms";
    let server = Server::start(&[("some.bin", 300_000)], &["--link", link]);
    let clients = Congestion::ALL.map(|controller| {
        let asked = ["--congestion", controller.name()];
        let name = &controller.name()[..3];
        (controller, server.download(name, "some.bin", &asked))
    });
    for (controller, client) in clients {
        let output = client.process.wait_with_output().unwrap();
        succeeded(&output);
        let there = fs::read(client.out.path().join("some.bin")).unwrap();
        assert_eq!(there, made_up(300_000), "{controller}");
        let window = if controller == Congestion::Fixed {
            LESSON_WINDOW
        } else {
            LARGEST_WINDOW
        };
        let named = format!("\"window\":{window},\"congestion\":\"{controller}\"");
        assert!(
            printed(&output).contains(&named),
            "{controller}: {}",
            printed(&output)
        );
    }
}

#[test]
fn a_path_with_a_small_mtu_delays_the_download_but_does_not_stop_it() {
    let server = Server::start(&[("some.bin", 40_000)], &["--link", "mtu=1300"]);
    let client = server.download("dana", "some.bin", &[]);
    client.arrives_whole("some.bin", 40_000);
}

#[test]
fn datagrams_of_the_maximum_udp_length_are_carried_over_loopback() {
    let server = Server::start(&[("some.bin", 400_000)], &[]);
    let client = server.download("dana", "some.bin", &["--segment", "65000"]);
    client.arrives_whole("some.bin", 400_000);
}

#[test]
fn a_killed_client_leaves_no_final_file_name_and_its_user_name_becomes_free() {
    let slow = ["--link", "delay=20ms", "--arq", "stop-and-wait"];
    let server = Server::start(&[("large.bin", 2_000_000)], &slow);
    let mut killed = server.download("dana", "large.bin", &[]);
    killed.begins("large.bin");
    killed.process.kill().unwrap();
    killed.process.wait().unwrap();
    let mut left = names(killed.out.path());
    left.sort();
    assert_eq!(left, ["large.bin.part", "large.bin.part.json"]);
    // The server notices by itself: the name is free again, and nobody else is delayed.
    let next = server.download("guy", "large.bin", &["--transport", "tcp"]);
    next.arrives_whole("large.bin", 2_000_000);
    wait_until(|| {
        let again = server.download("dana", "large.bin", &["--transport", "tcp"]);
        again.process.wait_with_output().unwrap().status.success()
    });
}

#[test]
fn a_file_that_changes_during_its_transfer_is_never_reported_as_verified() {
    let slow = ["--link", "delay=10ms", "--arq", "go-back-n"];
    let server = Server::start(&[("large.bin", 2_000_000)], &slow);
    let client = server.download("dana", "large.bin", &[]);
    client.begins("large.bin");
    let path = server.folder.path().join("large.bin");
    fs::write(path, vec![0; 2_000_000]).unwrap();
    let output = client.process.wait_with_output().unwrap();
    ended_with(1, &output);
    assert!(!client.out.path().join("large.bin").exists());
}

#[test]
fn a_file_deleted_during_its_transfer_arrives_complete_or_fails() {
    // On Unix an open file outlives its name; elsewhere it cannot be removed at all.
    let slow = ["--link", "delay=5ms", "--arq", "go-back-n"];
    let server = Server::start(&[("large.bin", 300_000)], &slow);
    let client = server.download("dana", "large.bin", &[]);
    client.begins("large.bin");
    let _ = fs::remove_file(server.folder.path().join("large.bin"));
    let output = client.process.wait_with_output().unwrap();
    let arrived = client.out.path().join("large.bin");
    if output.status.success() {
        assert_eq!(fs::read(arrived).unwrap(), made_up(300_000));
    } else {
        assert!(!arrived.exists());
    }
}

#[test]
fn a_killed_server_ends_the_download_with_a_sentence() {
    let slow = ["--link", "delay=20ms", "--arq", "stop-and-wait"];
    let mut server = Server::start(&[("large.bin", 2_000_000)], &slow);
    let client = server.download("dana", "large.bin", &[]);
    client.begins("large.bin");
    server.running.process.kill().unwrap();
    let output = client.process.wait_with_output().unwrap();
    ended_with(1, &output);
    assert!(!client.out.path().join("large.bin").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_either_side_cleanly() {
    let slow = [
        "--link",
        "delay=20ms",
        "--arq",
        "stop-and-wait",
        "--grace",
        "2s",
    ];
    let mut server = Server::start(&[("large.bin", 2_000_000)], &slow);
    let client = server.download("dana", "large.bin", &[]);
    client.begins("large.bin");
    signal(&client.process, "-INT");
    let output = client.process.wait_with_output().unwrap();
    assert!(
        output.status.code().is_some(),
        "ended by the signal: {}",
        printed(&output)
    );
    assert!(!client.out.path().join("large.bin").exists());

    let client = server.download("guy", "large.bin", &[]);
    client.begins("large.bin");
    signal(&server.running.process, "-INT");
    assert_eq!(server.running.process.wait().unwrap().code(), Some(0));
    let output = client.process.wait_with_output().unwrap();
    ended_with(1, &output);
    assert!(!client.out.path().join("large.bin").exists());
}

#[test]
fn an_existing_file_is_kept_and_the_new_one_is_numbered() {
    let server = Server::start(&[("notes.txt", 500)], &[]);
    let out = tempfile::tempdir().unwrap();
    fs::write(out.path().join("notes.txt"), b"mine").unwrap();
    let client = server.download_into(out, "dana", "notes.txt", &[]);
    let output = client.process.wait_with_output().unwrap();
    succeeded(&output);
    let mut found = names(client.out.path());
    found.sort();
    assert_eq!(found, ["notes (2).txt", "notes.txt"]);
    assert_eq!(
        fs::read(client.out.path().join("notes.txt")).unwrap(),
        b"mine"
    );
    assert_eq!(
        fs::read(client.out.path().join("notes (2).txt")).unwrap(),
        made_up(500)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_releases_the_threads_and_descriptors_of_every_ended_download() {
    let server = Server::start(&[("a.bin", 200_000), ("slow.bin", 20_000_000)], &[]);
    let before = belongings(&server.running.process);
    for (place, way) in WAYS.iter().enumerate() {
        let slow = [way[0], way[1], "--link", "delay=20ms"];
        let mut killed = server.download(&format!("k{place}"), "slow.bin", &slow);
        let mut cancelled = server.download(&format!("c{place}"), "slow.bin", &slow);
        let whole = server.download(&format!("w{place}"), "a.bin", way);
        killed.begins("slow.bin");
        cancelled.begins("slow.bin");
        signal(&cancelled.process, "-INT");
        killed.process.kill().unwrap();
        killed.process.wait().unwrap();
        cancelled.process.wait().unwrap();
        whole.arrives_whole("a.bin", 200_000);
    }
    wait_until_released(&server.running.process, &before);
}

#[test]
fn sixteen_simultaneous_downloads_through_one_port_all_complete() {
    let port = range_of(1);
    let server = Server::start(&[("a.bin", 1_000)], &["--udp-ports", &port]);
    let clients = (0..16).map(|n| server.download(&format!("c{n}"), "a.bin", &[]));
    for client in clients.collect::<Vec<_>>() {
        client.arrives_whole("a.bin", 1_000);
    }
}
