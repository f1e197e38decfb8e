//! The real programs: uploads, pauses in both directions, and every error of an upload.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::raw_client::RawClient;
use crate::running::{
    ServerProcess, TIMEOUT, WAYS, ended_with, made_up, once_its_name_is_free, printed,
    signal, succeeded, wait_until,
};
#[cfg(target_os = "linux")]
use crate::running::{belongings, wait_until_released};
use sash::transfer::clock::wall_time_ms;
use sash::transfer::overwrite::Overwrite;
use sash::transfer::receiving::{self, Destination};
use sash::transfer::{Job, Report};
use sash::wire::message::{Code, Reply, TransferState};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

/// About 140 kB/s: slow enough to disturb a running transfer.
const SLOW: [&str; 6] = [
    "--link",
    "delay=20ms",
    "--arq",
    "go-back-n",
    "--window",
    "4",
];

/// A server with its own folder; it ends with the test.
struct Server {
    running: ServerProcess,
    folder: TempDir,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let program = Command::new(env!("CARGO_BIN_EXE_server"));
        Self::start_as(program, arguments)
    }

    fn start_as(program: Command, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            running: serve(program, folder.path(), arguments),
            folder,
        }
    }

    /// Starts a client that runs these commands and leaves.
    fn client(&self, name: &str, lines: &[&str], arguments: &[&str]) -> Child {
        let lines = lines.iter().flat_map(|line| ["--exec", line]);
        Command::new(env!("CARGO_BIN_EXE_client"))
            .args(["--text", "--json", "--server", &self.running.address])
            .args(["--name", name, "--out"])
            .arg(self.folder.path().join("downloads"))
            .args(arguments)
            .args(lines)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The files in the folder, hidden ones too.
    fn names(&self) -> Vec<String> {
        let name = |entry: Result<fs::DirEntry, _>| entry.unwrap().file_name();
        let names = fs::read_dir(self.folder.path()).unwrap().map(name);
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Whether the hidden partial file of an upload exists.
    fn has_nothing_to_offer(&self) {
        let mut names = self.names();
        names.retain(|name| name != ".uploads");
        assert!(names.is_empty(), "{names:?}");
    }

    /// The partial file of an upload of this name.
    fn part(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!(".uploads/{name}.part"))
    }

    /// The bytes of `a` that have arrived.
    fn part_bytes(&self) -> u64 {
        fs::metadata(self.part("a")).map_or(0, |part| part.len())
    }

    /// `kill -9`, then another server on the same folder.
    fn restart(&mut self, arguments: &[&str]) {
        self.running.kill();
        let program = Command::new(env!("CARGO_BIN_EXE_server"));
        self.running = serve(program, self.folder.path(), arguments);
    }

    /// An upload that succeeds; returns the client's output.
    fn upload(&self, path: &Path, arguments: &[&str]) -> String {
        let output = once_its_name_is_free(|| {
            let client = self.client("dana", &[&upload(path)], arguments);
            client.wait_with_output().unwrap()
        });
        succeeded(&output);
        printed(&output)
    }

    /// Kills a client once this much of `a` has arrived.
    fn break_off(&self, path: &Path, bytes: u64) {
        self.break_off_as(path, &[], bytes);
    }

    /// The same with more arguments for the client.
    fn break_off_as(&self, path: &Path, arguments: &[&str], bytes: u64) {
        let arguments = [&SLOW[..], arguments].concat();
        let mut client = self.client("dana", &[&upload(path)], &arguments);
        wait_until(|| self.part_bytes() >= bytes);
        client.kill().unwrap();
        client.wait().unwrap();
    }

    /// The server knows that the client of an upload of `a` is gone.
    fn has_noticed(&self) {
        wait_until(|| {
            let part = fs::File::open(self.part("a")).unwrap();
            part.try_lock().is_ok()
        });
    }

    fn has(&self, name: &str, bytes: &[u8]) {
        assert!(fs::read(self.folder.path().join(name)).unwrap() == bytes);
    }
}

fn serve(mut program: Command, folder: &Path, arguments: &[&str]) -> ServerProcess {
    ServerProcess::start(
        program
            .args(["--bind", "127.0.0.1:0", "--udp-ports", "0", "--files"])
            .arg(folder)
            .args(arguments)
            .stderr(Stdio::null()),
    )
}

fn hear_error(client: &mut RawClient) -> (Code, String) {
    client.hear(|reply| {
        let Reply::Error(complaint) = reply else {
            return None;
        };
        Some((complaint.code, complaint.sentence))
    })
}

/// The acknowledged bytes in the next message about this state.
fn hear_state(client: &mut RawClient, state: TransferState) -> u64 {
    client.hear(|reply| {
        let Reply::Transfer(news) = reply else {
            return None;
        };
        let acked_bytes = news.progress.map_or(0, |progress| progress.acked_bytes);
        (news.state == state).then_some(acked_bytes)
    })
}

/// A file of generated bytes in its own folder.
fn file(name: &str, size: u64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, made_up(size)).unwrap();
    (folder, path)
}

fn upload(path: &Path) -> String {
    format!("/upload {}", path.display())
}

#[test]
fn files_of_all_sizes_are_uploaded_by_every_method() {
    let server = Server::start(&[]);
    for (place, way) in WAYS.iter().enumerate() {
        for size in [0, 1, 1_436, 300_000] {
            let name = format!("{place} שלום {size}.bin");
            let (_kept, path) = file(&name, size);
            server.upload(&path, way);
            let arrived = fs::read(server.folder.path().join(&name)).unwrap();
            assert_eq!(arrived, made_up(size), "{name}");
        }
    }
    wait_until(|| !server.names().iter().any(|name| name.starts_with('.')));
}

#[test]
fn losses_on_both_sides_change_no_byte_of_an_upload() {
    let server = Server::start(&["--link", "seed=3;loss=5%"]);
    for (place, way) in WAYS.iter().enumerate().take(3) {
        let (_kept, path) = file(&format!("{place}"), 100_000);
        let arguments = [way[0], way[1], "--link", "seed=4;loss=5%;reorder=5%"];
        server.upload(&path, &arguments);
        let arrived = fs::read(server.folder.path().join(format!("{place}"))).unwrap();
        assert_eq!(arrived, made_up(100_000));
    }
}

#[test]
fn an_existing_file_is_kept_and_the_new_one_is_announced_to_all() {
    let server = Server::start(&[]);
    fs::write(server.folder.path().join("notes.txt"), "old").unwrap();
    let mut guy = RawClient::join(&*server.running.address, "guy");
    let (_kept, path) = file("notes.txt", 5_000);
    let output = server
        .client("dana", &[&upload(&path)], &[])
        .wait_with_output()
        .unwrap();
    succeeded(&output);
    let (from, shared) = guy.hear(|reply| {
        let Reply::Shared { from, file } = reply else {
            return None;
        };
        Some((from, file))
    });
    assert_eq!((&*from, &*shared.name), ("dana", "notes (2).txt"));
    assert!(shared.digest.is_some()); // It need not be computed again.
    guy.request("\"files\"");
    let files = guy.hear(|reply| {
        let Reply::Files { files, .. } = reply else {
            return None;
        };
        Some(files)
    });
    assert!(files.contains(&shared), "{files:?}");
    let old = fs::read(server.folder.path().join("notes.txt")).unwrap();
    assert_eq!(old, b"old");
}

#[test]
fn an_upload_name_that_leaves_the_folder_is_refused_and_no_file_is_written() {
    let server = Server::start(&[]);
    let mut guy = RawClient::join(&*server.running.address, "guy");
    for name in ["../x", "/etc/x", "a\\\\b", ".bashrc", "x.part", "nul.txt"] {
        guy.request(&format!(r#"{{"upload":{{"file":"{name}","size":1}}}}"#));
        assert_eq!(hear_error(&mut guy).0, Code::BadFileName, "{name}");
    }
    assert_eq!(server.names(), [""; 0]);
}

#[test]
fn an_upload_over_the_limit_is_refused_before_a_byte_is_sent() {
    let limits = ["--upload-limit", "1000", "--upload-total", "1500"];
    let server = Server::start(&limits);
    let mut tal = RawClient::join(&*server.running.address, "tal");
    tal.request(r#"{"upload":{"file":"a","size":1001}}"#);
    let (code, sentence) = hear_error(&mut tal);
    assert_eq!(code, Code::UploadRefused);
    assert!(sentence.contains("at most 1000"), "{sentence}");
    let (_kept, path) = file("a", 1_000);
    server.upload(&path, &[]);
    tal.request(r#"{"upload":{"file":"b","size":501}}"#); // The first counts.
    assert_eq!(hear_error(&mut tal).0, Code::UploadRefused);
    tal.request(r#"{"upload":{"file":"b","size":500}}"#);
    tal.hear_offer();
    tal.request(&format!(
        r#"{{"upload":{{"file":"c","size":{}}}}}"#,
        u64::MAX
    ));
    assert_eq!(hear_error(&mut tal).0, Code::UploadRefused);
}

#[test]
fn a_server_without_uploads_refuses_an_upload() {
    let server = Server::start(&["--no-upload"]);
    let (_kept, path) = file("a", 1);
    let output = server
        .client("dana", &[&upload(&path)], &[])
        .wait_with_output()
        .unwrap();
    ended_with(1, &output);
    assert!(printed(&output).contains("This server does not accept uploads."));
}

#[test]
fn a_file_that_changes_during_its_upload_is_never_offered() {
    let server = Server::start(&[]);
    let (_kept, path) = file("a", 600_000);
    let client = server.client("dana", &[&upload(&path)], &SLOW);
    wait_until(|| server.part_bytes() > 0);
    let mut other = fs::OpenOptions::new().write(true).open(&path).unwrap();
    other.write_all(&vec![1; 600_000]).unwrap();
    let output = client.wait_with_output().unwrap();
    ended_with(1, &output);
    assert!(printed(&output).contains("changed"), "{}", printed(&output));
    server.has_nothing_to_offer();
}

#[test]
fn an_upload_interrupted_halfway_resumes_by_every_method() {
    for way in WAYS {
        let server = Server::start(&[]);
        let (_kept, path) = file("a", 600_000);
        let arguments = [way[0], way[1], "--pause-at", "50%"];
        let client = server.client("dana", &[&upload(&path)], &arguments);
        let output = client.wait_with_output().unwrap();
        assert!(
            printed(&output).contains(r#""state":"cancelled""#),
            "{}",
            printed(&output)
        );
        server.has_nothing_to_offer();
        // Over TCP half was handed to the kernel; the server may have read any part of it, even
        // nothing, when its client disconnects.
        let is_acknowledged = !way.contains(&"tcp");
        if is_acknowledged {
            wait_until(|| server.part_bytes() >= 250_000);
        }
        let said = server.upload(&path, &way);
        assert!(!is_acknowledged || offset(&said) >= 250_000, "{said}");
        server.has("a", &made_up(600_000));
    }
}

#[test]
fn a_cancelled_upload_is_not_visible_to_any_user() {
    let server = Server::start(&[]);
    let (_kept, path) = file("a", 3_000_000);
    let client = server.client("dana", &[&upload(&path)], &SLOW);
    wait_until(|| server.part_bytes() > 0);
    signal(&client, "-INT");
    client.wait_with_output().unwrap();
    assert_eq!(server.names(), [".uploads"]);
    let mut guy = RawClient::join(&*server.running.address, "guy");
    guy.request("\"files\"");
    guy.hear(|reply| {
        let Reply::Files { files, .. } = reply else {
            return None;
        };
        assert_eq!(files, []);
        Some(())
    });
}

/// The first byte of the upload that a client reported.
fn offset(said: &str) -> u64 {
    let mut offers = said
        .lines()
        .filter_map(|line| match Reply::from_line(line) {
            Ok(Reply::Offer(offer)) => Some(offer.offset),
            _ => None,
        });
    offers
        .next_back()
        .unwrap_or_else(|| panic!("no offer:\n{said}"))
}

/// DATA packets that the server reported to the client, without retransmissions.
fn first_transmissions(said: &str) -> u64 {
    let progress = said
        .lines()
        .filter_map(|line| match Reply::from_line(line) {
            Ok(Reply::Transfer(news)) => news.progress,
            _ => None,
        });
    let sent = progress.map(|it| it.sent_packets - it.resent_packets);
    sent.max().unwrap_or_else(|| panic!("no figures:\n{said}"))
}

#[test]
fn an_upload_resumes_with_a_new_server_after_the_old_one_was_killed() {
    let mut server = Server::start(&[]);
    let (_kept, path) = file("a", 600_000);
    let client = server.client("dana", &[&upload(&path)], &SLOW);
    wait_until(|| server.part_bytes() >= 200_000);
    server.restart(&[]);
    let output = client.wait_with_output().unwrap();
    ended_with(1, &output);
    let kept = server.part_bytes();
    let said = server.upload(&path, &[]);
    assert_eq!(offset(&said), kept);
    let missing = (600_000 - kept).div_ceil(1_436);
    let sent = first_transmissions(&said);
    // A busy machine may answer a SYN so late that the segments become shorter.
    assert!(sent <= missing * 5 / 4 + 1, "{sent} for {missing}");
    server.has("a", &made_up(600_000));
    wait_until(|| server.names() == ["a"]);
}

#[test]
fn an_upload_resumes_over_udp_and_tcp_after_its_client_was_killed() {
    let server = Server::start(&[]);
    for (name, transport) in [("a", "udp"), ("a (2)", "tcp")] {
        let (_kept, path) = file("a", 600_000);
        server.break_off(&path, 200_000);
        let said = server.upload(&path, &["--transport", transport]);
        assert!(offset(&said) >= 200_000, "{said}");
        server.has(name, &made_up(600_000));
    }
}

#[test]
fn in_a_room_with_a_password_an_upload_resumes_after_a_killed_client_and_server() {
    let secret = "open sesame 7";
    let (_kept_too, password) = file("password", 0);
    fs::write(&password, secret).unwrap();
    let password = ["--password-file", password.to_str().unwrap()];
    let mut server = Server::start(&password);
    let (_kept, path) = file("a", 600_000);
    server.break_off_as(&path, &password, 200_000);
    let mut record = server.part("a").into_os_string();
    record.push(".json");
    let record = fs::read_to_string(record).unwrap();
    assert!(!record.contains(secret), "{record}");
    server.restart(&password);
    let kept = server.part_bytes();
    let said = server.upload(&path, &password);
    assert_eq!(offset(&said), kept);
    server.has("a", &made_up(600_000));
    wait_until(|| server.names() == ["a"]);
}

#[test]
fn the_user_is_informed_that_an_upload_resumes() {
    let server = Server::start(&[]);
    let (_kept, path) = file("a", 600_000);
    server.break_off(&path, 200_000);
    server.has_noticed();
    let output = Command::new(env!("CARGO_BIN_EXE_client"))
        .args([
            "--text",
            "--server",
            &server.running.address,
            "--name",
            "dana",
        ])
        .args(["--exec", &upload(&path)])
        .output()
        .unwrap();
    let said = printed(&output);
    let sentence = "of 600.0 kB have already arrived; only the rest is sent.";
    assert!(said.contains(sentence), "{said}");
}

#[test]
fn a_changed_file_a_damaged_record_and_an_overlong_partial_file_restart_the_upload() {
    let server = Server::start(&[]);
    let (_kept, path) = file("a", 600_000);
    let record = server.part("a").with_extension("part.json");
    let change = || fs::write(&path, vec![1; 600_000]).unwrap();
    let damage = || fs::write(&record, "{\"file\":").unwrap();
    let lengthen = || fs::write(server.part("a"), vec![0; 700_000]).unwrap();
    let spoil: [(&str, &dyn Fn()); 3] =
        [("a", &change), ("a (2)", &damage), ("a (3)", &lengthen)];
    for (name, spoil) in spoil {
        server.break_off(&path, 200_000);
        server.has_noticed();
        spoil();
        let said = server.upload(&path, &[]);
        assert_eq!(offset(&said), 0, "{name}: {said}");
        server.has(name, &fs::read(&path).unwrap());
    }
}

#[test]
fn two_simultaneous_uploads_of_one_name_do_not_resume_the_same_partial_file() {
    let server = Server::start(&[]);
    let (_kept, path) = file("a", 600_000);
    server.break_off(&path, 200_000);
    server.has_noticed();
    // The owner of the partial file continues it, and another user starts at byte 0.
    let clients = ["dana", "tal"];
    let clients = clients.map(|name| server.client(name, &[&upload(&path)], &SLOW));
    let offsets = clients.map(|client| {
        let output = client.wait_with_output().unwrap();
        succeeded(&output);
        offset(&printed(&output))
    });
    let [least, most] = [offsets.iter().min(), offsets.iter().max()];
    assert!(least == Some(&0) && most >= Some(&200_000), "{offsets:?}");
    server.has("a", &made_up(600_000));
    server.has("a (2)", &made_up(600_000));
}

#[test]
fn an_interrupted_upload_counts_towards_the_limit_and_is_deleted_for_newer_ones() {
    let limits = ["--upload-limit", "700000", "--upload-total", "700000"];
    let server = Server::start(&limits);
    let (_kept, path) = file("a", 600_000);
    server.break_off(&path, 200_000);
    let said = server.upload(&path, &[]); // Its own part is not counted twice.
    assert!(offset(&said) >= 200_000, "{said}");
    let mut guy = RawClient::join(&*server.running.address, "guy");
    guy.request(r#"{"upload":{"file":"b","size":100001}}"#);
    assert_eq!(hear_error(&mut guy).0, Code::UploadRefused);
    let server = Server::start(&limits);
    server.break_off(&path, 200_000);
    // After an hour it is removed even for a user whose partial files are larger.
    let two_hours = Duration::from_secs(7_200);
    let (_kept, other) = file("b", 700_000);
    wait_until(|| {
        if let Ok(part) = fs::File::options().append(true).open(server.part("a")) {
            let now = UNIX_EPOCH + Duration::from_millis(wall_time_ms());
            part.set_modified(now - two_hours).unwrap();
        }
        let other = server.client("tal", &[&upload(&other)], &[]);
        other.wait_with_output().unwrap().status.success()
    });
    assert!(!server.part("a").exists());
}

#[test]
fn an_upload_that_is_sent_does_not_delete_a_fresh_partial_file_of_a_user_who_has_less() {
    let server = Server::start(&["--upload-limit", "700000", "--upload-total", "700000"]);
    let (_kept, path) = file("a", 600_000);
    server.break_off(&path, 200_000);
    let (_kept, other) = file("b", 700_000);
    // The same file of another user is not continued either, however fast it comes.
    let [slow, fast, tcp]: [&[&str]; 3] = [&SLOW, &[], &["--transport", "tcp"]];
    let tries = [(&other, slow), (&path, slow), (&other, fast), (&other, tcp)];
    for (number, (own, how)) in tries.into_iter().enumerate() {
        let mallory = server.client(&format!("mallory{number}"), &[&upload(own)], how);
        let output = mallory.wait_with_output().unwrap();
        let said = printed(&output);
        assert!(!output.status.success(), "{said}");
        assert!(!said.contains(r#""offset""#), "{said}");
    }
    let said = server.upload(&path, &[]);
    assert!(offset(&said) >= 200_000, "{said}");
}

#[test]
fn requested_uploads_that_send_no_data_reserve_no_space() {
    let limits = ["--upload-limit", "700000", "--upload-total", "700000"];
    let server = Server::start(&limits);
    let mut mallory = RawClient::join(&*server.running.address, "mallory");
    for number in 0..10 {
        mallory.request(&format!(
            r#"{{"upload":{{"file":"m{number}","size":700000}}}}"#
        ));
        mallory.hear_offer();
    }
    let (_kept, path) = file("a", 600_000);
    server.upload(&path, &[]);
    server.has("a", &made_up(600_000));
}

#[test]
fn an_upload_request_without_data_does_not_delete_the_partial_file_of_another_user() {
    let limits = ["--upload-limit", "700000", "--upload-total", "700000"];
    let server = Server::start(&limits);
    let (_kept, path) = file("a", 600_000);
    server.break_off(&path, 200_000);
    let mut mallory = RawClient::join(&*server.running.address, "mallory");
    // An upload of the same name, and one of another name that would need the space.
    for name in ["a", "b"] {
        // Refused as long as the interrupted upload has not ended.
        let mut offered = None;
        wait_until(|| {
            mallory.request(&format!(
                r#"{{"upload":{{"file":"{name}","size":700000}}}}"#
            ));
            offered = mallory.hear(|reply| {
                if let Reply::Offer(offer) = reply {
                    return Some(Some(offer.transfer));
                }
                matches!(reply, Reply::Error(_)).then_some(None)
            });
            offered.is_some()
        });
        let transfer = offered.unwrap();
        mallory.request(&format!(r#"{{"cancel":{{"transfer":{transfer}}}}}"#));
        hear_state(&mut mallory, TransferState::Cancelled);
    }
    assert!(server.part_bytes() >= 200_000);
    let said = server.upload(&path, &[]);
    assert!(offset(&said) >= 200_000, "{said}");
}

/// The file size limit of a process simulates a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_ends_the_upload_with_a_sentence_and_leaves_no_file() {
    for way in [WAYS[2], WAYS[3]] {
        let mut limited = Command::new("sh");
        let script = "trap '' XFSZ; ulimit -f 200; exec \"$0\" \"$@\"";
        limited.args(["-c", script, env!("CARGO_BIN_EXE_server")]);
        let server = Server::start_as(limited, &[]);
        let (_kept, path) = file("a", 3_000_000);
        let client = server.client("dana", &[&upload(&path)], &way);
        let output = client.wait_with_output().unwrap();
        ended_with(1, &output);
        wait_until(|| server.names().is_empty());
        let (_kept, small) = file("b", 3_000);
        server.upload(&small, &way);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_vanished_client_leaves_no_thread_socket_port_or_reservation() {
    let server = Server::start(&["--upload-total", "3000000"]);
    let (_kept, path) = file("a", 3_000_000);
    let before = belongings(&server.running.process);
    for (place, way) in WAYS.iter().enumerate() {
        let slow = [way[0], way[1], "--link", "delay=20ms", "--pause-at", "90%"];
        let lines = [&*upload(&path), "/resume", "/users"];
        let name = format!("k{place}");
        let mut killed = server.client(&name, &lines[..=place % 2], &slow);
        if way[0] == "--arq" {
            wait_until(|| {
                server.part_bytes() > 0 || killed.try_wait().unwrap().is_some()
            });
        }
        let _ = killed.kill();
        killed.wait().unwrap();
        wait_until_released(&server.running.process, &before);
        for name in server.names() {
            let path = server.folder.path().join(name);
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
        }
    }
}

#[test]
fn a_download_paused_halfway_continues_by_every_method() {
    let server = Server::start(&[]);
    fs::write(server.folder.path().join("a"), made_up(400_000)).unwrap();
    for (place, way) in WAYS.iter().enumerate() {
        let arguments = [way[0], way[1], "--pause-at", "50%"];
        let lines = ["/download a", "/transfers", "/resume"];
        let client = server.client(&format!("p{place}"), &lines, &arguments);
        let output = client.wait_with_output().unwrap();
        succeeded(&output);
        let said = printed(&output);
        assert!(said.contains(r#""state":"paused""#), "{said}");
        assert!(said.contains(r#""state":"verified""#), "{said}");
    }
}

#[test]
fn an_upload_paused_halfway_continues_by_every_method() {
    let server = Server::start(&[]);
    for (place, way) in WAYS.iter().enumerate() {
        let (_kept, path) = file(&format!("{place}"), 400_000);
        let arguments = [way[0], way[1], "--pause-at", "50%", "--window", "8"];
        let arguments = if way[1] == "stop-and-wait" {
            &arguments[..4]
        } else {
            &arguments[..]
        };
        let lines = [&*upload(&path), "/transfers", "/resume"];
        let client = server.client(&format!("p{place}"), &lines, arguments);
        let output = client.wait_with_output().unwrap();
        succeeded(&output);
        assert!(
            printed(&output).contains(r#""state":"paused""#),
            "{}",
            printed(&output)
        );
        let arrived = fs::read(server.folder.path().join(format!("{place}"))).unwrap();
        assert_eq!(arrived, made_up(400_000));
    }
}

#[test]
fn a_client_that_implements_only_the_pause_message_stops_its_sender() {
    let server = Server::start(&["--link", "delay=5ms"]);
    fs::write(server.folder.path().join("a"), made_up(2_000_000)).unwrap();
    let mut guy = RawClient::join(&*server.running.address, "guy");
    guy.request(r#"{"download":{"file":"a","arq":"go-back-n","window":16}}"#);
    let offer = guy.hear_offer();
    let out = tempfile::tempdir().unwrap();
    let (tell, ended) = crossbeam_channel::unbounded();
    let job = Job::new(offer.transfer, offer.token, offer.settled, offer.size);
    let destination = Destination {
        folder: out.path().to_owned(),
        name: "a".to_owned(),
        workshop: None,
        overwrite: Overwrite::Keep,
    };
    let report = move |report| {
        if let Report::Ended(ending) = report {
            tell.send(ending).unwrap();
        }
    };
    let address = format!("127.0.0.1:{}", offer.port).parse().unwrap();
    receiving::start(job, address, &destination, report).unwrap();
    hear_state(&mut guy, TransferState::Sending);
    let transfer = offer.transfer;
    guy.request(&format!(r#"{{"pause":{{"transfer":{transfer}}}}}"#));
    hear_state(&mut guy, TransferState::Paused);
    hear_state(&mut guy, TransferState::Paused); // What was in flight has arrived by now.
    let before = hear_state(&mut guy, TransferState::Paused);
    for _ in 0..10 {
        assert_eq!(hear_state(&mut guy, TransferState::Paused), before);
    }
    assert!(before < 2_000_000);
    guy.request(&format!(r#"{{"resume":{{"transfer":{transfer}}}}}"#));
    let ending = ended.recv_timeout(TIMEOUT).unwrap();
    assert_eq!(
        ending.state,
        TransferState::Verified,
        "{:?}",
        ending.sentence
    );
    guy.request(r#"{"pause":{"transfer":99}}"#);
    assert_eq!(hear_error(&mut guy).0, Code::NoSuchTransfer);
}
