//! Captures of a running program: `--pcapng FILE` of server and client.
//!
//! They contain every datagram of its transfers and every byte of its chats, as packets
//! for Wireshark; those that this side's link dropped have a comment.
//!
//! ```text
//!   transfers, chats --Tap--> channel --> capture --> FILE
//! ```
//!
//! One thread, `capture`, owns the file and writes only complete packets: even if the
//! program is killed, the file can be read. A full disk ends the capture with a warning,
//! never a transfer.
//!
//! Source: report page `wireshark`.

use crate::journals;
use crate::lab::capture::conversation::Conversation;
use crate::lab::capture::{self, Capture, frame};
use crate::link::Scenario;
use crate::transfer::clock::wall_time;
use crate::transfer::tap::{
    CaptureDirection, Captured, Chat, ChatPart, Datagram, Outlet, Tap,
};
use crate::transfer::threads;
use crossbeam_channel::Receiver;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The program's capture, if it makes one. Dropping it puts everything on disk.
#[derive(Debug, Default)]
pub struct Captures {
    tap: Tap,
    /// Closed when the file is complete.
    ended: Option<Receiver<()>>,
}

/// The time that the end of the program waits for the file.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A file grows to this length, because each sender of datagrams makes a server write. A
/// pipe has no limit. Unit: bytes.
const MOST_BYTES: u64 = 4 << 30;

/// Packets are written at the latest at this size. Unit: bytes.
const ENOUGH: usize = 256 * 1024;

const MADE_UP_CHAT: &str = "the bytes of the chat are real; the TCP segments around \
                            them and their numbers are reconstructed, because a program \
                            cannot see those of the kernel";

impl Captures {
    /// Captures into this file; `None`: no capture. An existing file is kept, and the new
    /// one gets a number. `scenario` is that of this side's link.
    ///
    /// # Errors
    /// The system's error, with the name of the file.
    pub fn start(file: Option<&Path>, scenario: &Scenario) -> io::Result<Self> {
        let Some(file) = file else {
            return Ok(Self::default());
        };
        let cannot = |error: io::Error| {
            let place = file.display();
            let sentence = format!("cannot write the capture {place}: {error}");
            io::Error::new(error.kind(), sentence)
        };
        let (opened, path) = open(file).map_err(cannot)?;
        if path != file {
            let (there, here) = (file.display(), path.display());
            log::warn!("{there} already exists; this capture is written to {here}");
        }
        let scenario = scenario.to_string();
        let (tap, outlet) = Tap::new();
        let writer = Writer {
            file: opened,
            path,
            whole_bytes: 0,
            most_bytes: if is_special(file) {
                u64::MAX
            } else {
                MOST_BYTES
            },
            capture: Capture::new(&about(&scenario)),
            scenario,
            chats: HashMap::new(),
            is_missing: false,
        };
        let (running, ended) = crossbeam_channel::bounded(0);
        threads::start("capture".to_owned(), move || {
            writer.run(&outlet);
            drop(running);
        })
        .map_err(cannot)?;
        let ended = Some(ended);
        Ok(Self { tap, ended })
    }

    /// The tap for copies.
    #[must_use]
    pub fn tap(&self) -> Tap {
        self.tap.clone()
    }
}

impl Drop for Captures {
    fn drop(&mut self) {
        self.tap.end();
        if let Some(ended) = &self.ended {
            let _ = ended.recv_timeout(CLOSE_TIMEOUT);
        }
    }
}

/// A new file, never over an older one. A target that is not a regular file, such as a
/// pipe to Wireshark, is written to directly.
fn open(path: &Path) -> io::Result<(File, PathBuf)> {
    if is_special(path) {
        // Opened for reading too, so that a pipe does not wait for its reader.
        let opened = OpenOptions::new().read(true).write(true).open(path);
        let opened = opened.or_else(|_| OpenOptions::new().write(true).open(path));
        return Ok((opened?, path.to_owned()));
    }
    let ending = path
        .extension()
        .map(|it| format!(".{}", it.to_string_lossy()));
    journals::new_file(&path.with_extension(""), &ending.unwrap_or_default())
}

/// Whether this is a pipe, a terminal or another device. A symbolic link counts only if
/// it is the system's own (`/dev/stdout`), because any user may have created another one.
fn is_special(path: &Path) -> bool {
    let is_system = path.starts_with("/dev") || path.starts_with("/proc");
    let found = if is_system {
        path.metadata()
    } else {
        path.symlink_metadata()
    };
    found.is_ok_and(|it| !it.is_file() && !it.is_dir() && !it.is_symlink())
}

fn about(scenario: &str) -> String {
    format!(
        "The packets that the sockets of one program sent and received. The IP and UDP \
         headers are reconstructed from the real addresses and ports. Packets that the \
         simulated link of this side ({scenario}) dropped are included with a comment: \
         dropped outgoing packets were never sent, dropped incoming packets were \
         discarded. Chats: {MADE_UP_CHAT}."
    )
}

/// The state of the thread `capture`.
struct Writer {
    file: File,
    path: PathBuf,
    /// The length of the file up to its last complete packet. Unit: bytes.
    whole_bytes: u64,
    /// Unit: bytes.
    most_bytes: u64,
    capture: Capture,
    /// The scenario of this side's link, for comments.
    scenario: String,
    chats: HashMap<(SocketAddr, SocketAddr), Conversation>,
    /// Whether dropped copies were reported.
    is_missing: bool,
}

impl Writer {
    fn run(mut self, outlet: &Outlet) {
        let mut is_written = self.write();
        while is_written.is_ok() {
            match outlet.next() {
                Some(Captured::Datagram(datagram)) => self.take_datagram(&datagram),
                Some(Captured::Chat(chat)) => self.take_chat(chat),
                Some(Captured::End) | None => {
                    self.capture.statistics(wall_time(), outlet.missed());
                    is_written = self.write();
                    break;
                }
            }
            if outlet.is_empty() || self.capture.waiting_bytes() >= ENOUGH {
                is_written = self.write();
            }
            if outlet.missed() > 0 && !self.is_missing {
                self.is_missing = true;
                let place = self.path.display();
                log::warn!("the capture {place} lacks packets: the disk is too slow");
            }
        }
        if let Err(error) = is_written {
            let place = self.path.display();
            log::warn!("cannot write more to the capture {place}: {error}");
            // Half a packet would make the whole file unreadable for Wireshark.
            let _ = self.file.set_len(self.whole_bytes);
        }
    }

    /// Writes everything so far to the file, in one piece.
    fn write(&mut self) -> io::Result<()> {
        let bytes = self.capture.take();
        let length = self.whole_bytes + bytes.len() as u64;
        if length > self.most_bytes {
            let gib = MOST_BYTES >> 30;
            return Err(io::Error::other(format!("a capture has at most {gib} GiB")));
        }
        self.file.write_all(&bytes)?;
        self.whole_bytes = length;
        Ok(())
    }

    fn take_datagram(&mut self, datagram: &Datagram) {
        let Datagram {
            time,
            direction,
            ours,
            theirs,
            bytes,
            fate,
        } = datagram;
        let packet = match direction {
            CaptureDirection::Out => frame::udp(*ours, *theirs, bytes),
            CaptureDirection::In => frame::udp(*theirs, *ours, bytes),
        };
        let comment = fate.and_then(|fate| capture::comment(fate, &self.scenario));
        let direction = capture_direction(*direction);
        self.capture
            .packet(*time, direction, &packet, comment.as_deref());
    }

    fn take_chat(&mut self, chat: Chat) {
        let (ours, theirs) = (chat.ours, chat.theirs);
        let key = (ours, theirs);
        let (made, comment) = match chat.what {
            ChatPart::Opened(caller) => {
                let (conversation, made) =
                    Conversation::open(ours, theirs, capture_direction(caller));
                self.chats.insert(key, conversation);
                (made, Some(MADE_UP_CHAT))
            }
            ChatPart::Bytes(direction, bytes) => {
                let conversation = self.chats.get_mut(&key);
                let made =
                    conversation.map(|it| it.carry(capture_direction(direction), &bytes));
                (made.unwrap_or_default(), None)
            }
            ChatPart::Closed => {
                let made = self.chats.remove(&key).map(Conversation::close);
                (made.unwrap_or_default(), None)
            }
        };
        let comments = std::iter::once(comment).chain(std::iter::repeat(None));
        for ((direction, packet), comment) in made.iter().zip(comments) {
            self.capture.packet(chat.time, *direction, packet, comment);
        }
    }
}

const fn capture_direction(direction: CaptureDirection) -> capture::CaptureDirection {
    match direction {
        CaptureDirection::In => capture::CaptureDirection::In,
        CaptureDirection::Out => capture::CaptureDirection::Out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::{full_disk, pipe, symlink};
    use std::fs;
    use std::net::UdpSocket;

    fn send(tap: &Tap) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let theirs = ([127, 0, 0, 1], 9).into();
        tap.datagram(
            CaptureDirection::Out,
            &socket,
            Some(theirs),
            b"a datagram",
            None,
        );
    }

    #[test]
    fn the_capture_file_is_complete_when_the_program_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        let captures = Captures::start(Some(&path), &Scenario::PERFECT).unwrap();
        for _ in 0..100 {
            send(&captures.tap());
        }
        drop(captures);
        let bytes = fs::read(path).unwrap();
        let is_it = |at: &[u8]| at == b"a datagram";
        assert_eq!(bytes.windows(10).filter(|at| is_it(at)).count(), 100);
    }

    #[test]
    fn an_existing_capture_is_kept_and_the_next_one_is_numbered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        fs::write(&path, "mine").unwrap();
        drop(Captures::start(Some(&path), &Scenario::PERFECT).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        let second = fs::read(folder.path().join("a-2.pcapng")).unwrap();
        assert_eq!(second[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    }

    #[test]
    fn a_missing_capture_folder_is_reported_in_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nowhere/a.pcapng");
        let error = Captures::start(Some(&path), &Scenario::PERFECT).unwrap_err();
        let sentence = format!("cannot write the capture {}: ", path.display());
        assert!(error.to_string().starts_with(&sentence), "{error}");
    }

    #[test]
    fn a_full_disk_ends_the_capture_without_blocking_the_senders() {
        let Some(full) = full_disk() else { return };
        let captures = Captures::start(Some(full), &Scenario::PERFECT).unwrap();
        let tap = captures.tap();
        for _ in 0..10_000 {
            send(&tap); // More than the queue holds.
        }
        assert_eq!(tap.missed(), 0);
    }

    #[test]
    fn a_capture_ends_at_its_limit_with_complete_packets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        let mut writer = Writer {
            file: File::create(&path).unwrap(),
            path: path.clone(),
            whole_bytes: 0,
            most_bytes: 10_000,
            capture: Capture::new("a test"),
            scenario: String::new(),
            chats: HashMap::new(),
            is_missing: false,
        };
        let mut packets = 0;
        let error = loop {
            writer.capture.packet(
                Duration::ZERO,
                capture::CaptureDirection::In,
                &[7; 1_000],
                None,
            );
            if let Err(error) = writer.write() {
                break error;
            }
            packets += 1;
        };
        assert!(error.to_string().contains("at most 4 GiB"), "{error}");
        let length = fs::metadata(path).unwrap().len();
        assert_eq!((packets, length), (9, writer.whole_bytes));
    }

    #[test]
    fn a_planted_symlink_to_a_pipe_receives_no_capture() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        if !pipe(&path("pipe")) || !symlink(path("pipe"), path("a.pcapng")) {
            return;
        }
        let started = Captures::start(Some(&path("a.pcapng")), &Scenario::PERFECT);
        let error = started.unwrap_err().to_string();
        assert!(error.contains("symbolic link"), "{error}");
    }
}
