//! Starts a receiver for an offer.
//!
//! The server's name for a file is never a path here: it becomes one harmless component,
//! so nothing is written outside the chosen folder.

use super::{Settings, words};
use crate::lab::journal::Side;
use crate::shelf::{FileName, FileNameError};
use crate::transfer::overwrite::Overwrite;
use crate::transfer::part::{Destination, Part};
use crate::transfer::receiving::{self, Receiving};
use crate::transfer::record::Record;
use crate::transfer::{Ending, Figures, Job, Report};
use crate::wire::mac::TrafficKeys;
use crate::wire::message::{Offer, TransferState};
use crate::wire::version::FileVersion;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// The decision about a download before it is requested.
#[derive(Debug)]
pub enum DownloadDecision {
    /// Request it, or only the rest if a partial file exists.
    Ask(Option<Part>),
    /// The file exists, and the download is skipped: a sentence.
    Skip(String),
    /// The file exists, and that is an error: a sentence.
    Refuse(String),
}

/// Checks the disk before `file` is requested.
#[must_use]
pub fn decide(file: &str, settings: &Settings) -> DownloadDecision {
    let destination = destination(file, settings);
    let occupied = destination.occupied();
    match (settings.overwrite, occupied) {
        (Overwrite::Skip, Some(path)) => DownloadDecision::Skip(format!(
            "{} already exists: skipped.",
            words::harmless(&path.to_string_lossy())
        )),
        (Overwrite::Fail, Some(path)) => DownloadDecision::Refuse(format!(
            "{} already exists. Move it away, or choose another --overwrite.",
            words::harmless(&path.to_string_lossy())
        )),
        (Overwrite::Keep | Overwrite::Replace, _)
        | (Overwrite::Skip | Overwrite::Fail, None) => {
            DownloadDecision::Ask(Part::find(&destination, file))
        }
    }
}

/// The sentence about a download that has a partial file.
#[must_use]
pub fn remark(offer: &Offer) -> String {
    let file = words::harmless(&offer.file);
    if offer.offset == 0 {
        return format!("{file} has changed on the server: the download starts again.");
    }
    format!(
        "{file}: {} of {} have already arrived; only the rest is sent.",
        words::bytes(offer.offset),
        words::bytes(offer.size)
    )
}

fn destination(file: &str, settings: &Settings) -> Destination {
    Destination {
        folder: settings.out.clone(),
        name: file_name(file),
        workshop: None,
        overwrite: settings.overwrite,
    }
}

/// The part that grows: the existing one, as far as the server grants it, or a new one.
///
/// # Errors
/// As [`Part::resume`] and [`Part::begin`].
pub fn part(offer: &Offer, settings: &Settings, found: Option<Part>) -> io::Result<Part> {
    let version = FileVersion {
        size: offer.size,
        modified: offer.modified,
        digest: offer.digest,
    };
    let file = offer.file.clone();
    let owner = None;
    let record = Record {
        file,
        version,
        owner,
    };
    match found {
        Some(part) => part.resume(record, offer.offset),
        None => Part::begin(&destination(&offer.file, settings), Some(record)),
    }
}

/// The data of a session about a transfer besides its offer.
#[derive(Debug, Clone, Copy)]
pub struct TransferContext {
    /// The address of the server on the chat connection.
    pub server: SocketAddr,
    /// The round-trip time of that connection.
    pub round_trip: Option<Duration>,
    /// The keys for the MACs, if the login was by password.
    pub keys: Option<TrafficKeys>,
    /// Whether the user watches it from the first packet.
    pub is_watched: bool,
}

impl TransferContext {
    /// The address at which the server offers the transfer.
    pub(super) fn server_of(&self, offer: &Offer) -> SocketAddr {
        let mut server = self.server;
        server.set_port(offer.port);
        server
    }

    /// This side's share of an offered transfer.
    pub(super) fn job(&self, offer: &Offer, settings: &Settings) -> Job {
        Job {
            keys: self.keys,
            offset: offer.offset,
            scenario: settings.scenario.clone(),
            pause_at: settings.pause_at.map(|share| share.of(offer.size)),
            chat_round_trip: self.round_trip,
            is_offloading: settings.is_offloading,
            is_watched: self.is_watched || settings.journals.are_kept(),
            tap: settings.tap.clone(),
            ..Job::new(offer.transfer, offer.token, offer.settled, offer.size)
        }
    }
}

/// Starts to receive an offered file: into the part, and at the socket whose port the
/// request contained, if it did.
///
/// # Errors
/// As [`receiving::resume_at`].
pub fn start(
    offer: &Offer,
    context: TransferContext,
    settings: &Settings,
    (part, socket): (Part, Option<UdpSocket>),
    report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Receiving> {
    let server = context.server_of(offer);
    let job = context.job(offer, settings);
    let report = settings.journals.keep(&job, Side::Receiver, report);
    receiving::resume_at(job, server, socket, part, report)
}

/// The report of a download that could not even start.
#[must_use]
pub fn failed(sentence: String) -> Report {
    let (state, figures) = (TransferState::Failed, Figures::default());
    Report::Ended(Ending::new(state, Some(sentence), figures, Duration::ZERO))
}

/// The longest name that leaves space for ` (2)` and `.part.json` in the 255 bytes that
/// file systems allow. Unit: bytes.
const LONGEST_NAME_BYTES: usize = 200;

/// Makes one component that is no path, device or hidden file on any system.
fn file_name(offered: &str) -> String {
    let mut name: String = offered.chars().map(in_a_name).collect();
    if name.starts_with('.') {
        name.replace_range(..1, "_");
    }
    if name.len() > LONGEST_NAME_BYTES {
        // The ending stays, because it shows the kind of the file.
        let half = LONGEST_NAME_BYTES / 2;
        let head = (0..=half).rfind(|&at| name.is_char_boundary(at));
        let tail = (name.len() - half..name.len()).find(|&at| name.is_char_boundary(at));
        name.replace_range(head.unwrap_or(0)..tail.unwrap_or(name.len()), "");
    }
    if name.trim().is_empty() {
        return "file".to_owned();
    }
    if name.ends_with(['.', ' ']) {
        name.push('_');
    }
    match name.parse::<FileName>() {
        // Another download could take it for its own part, and start it again.
        Err(FileNameError::Unfinished) => name.push('_'),
        Err(FileNameError::Device) => name.insert(0, '_'),
        Ok(_) | Err(_) => {}
    }
    name
}

/// Characters that separate folders, are special in Windows or are not shown as they are
/// become `_`.
fn in_a_name(character: char) -> char {
    match character {
        steering if !words::is_harmless(steering) => '_',
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        harmless => harmless,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_leave_the_download_folder_is_changed() {
        assert_eq!(file_name("../x"), "_._x");
        assert_eq!(file_name("/etc/passwd"), "_etc_passwd");
        assert_eq!(file_name("a/../../b"), "a_.._.._b");
        assert_eq!(file_name("C:\\x"), "C__x");
        assert_eq!(file_name(".bashrc"), "_bashrc");
        assert_eq!(file_name(".."), "_._");
        assert_eq!(file_name("a\0b\n"), "a_b_");
        assert_eq!(file_name("a\u{202e}txt.exe"), "a_txt.exe");
        assert_eq!(file_name("  "), "file");
        assert_eq!(file_name(""), "file");
    }

    #[test]
    fn a_name_with_a_special_meaning_is_changed() {
        assert_eq!(file_name("x.part"), "x.part_");
        assert_eq!(file_name("x.Part.json"), "x.Part.json_");
        assert_eq!(file_name("nul.txt"), "_nul.txt");
        assert_eq!(file_name("con. "), "_con. _");
        for name in ["x.part", "con", "CON.txt", "a.", "..", "lpt1 ", "x.part."] {
            assert!(file_name(name).parse::<FileName>().is_ok(), "{name:?}");
        }
    }

    #[test]
    fn an_ordinary_name_is_unchanged() {
        assert_eq!(file_name("שלום עולם 🙂.txt"), "שלום עולם 🙂.txt");
    }

    #[test]
    fn a_long_name_is_shortened_in_the_middle() {
        let name = file_name(&format!("{}.txt", "ש".repeat(400)));
        assert!(name.len() <= LONGEST_NAME_BYTES);
        assert_eq!(name.rsplit_once('.').unwrap().1, "txt");
    }
}
