//! The events that the driver brings, and the effects that it carries out.

use super::ServerAddress;
use crate::client::watching::Seen;
use crate::link::{Label, Scenario};
use crate::room::login::Entropy;
use crate::transfer::Report;
use crate::transfer::partial_files::PartialFile;
use crate::wire::mac::TrafficKeys;
use crate::wire::message::{
    Assignment, LabOutcome, Offer, Reply, Request, Submission, TransferState,
};
use crate::wire::version::FileVersion;
use std::path::PathBuf;
use std::time::Duration;

/// An event, reported by the driver.
#[derive(Debug)]
pub enum Event {
    /// The TCP connection is there; the answer to `join` is not yet.
    Connected {
        /// How long it took.
        round_trip: Duration,
    },
    /// There is no connection; the sentence says why and what to do.
    Unreachable(String),
    /// The server said something.
    Reply(Reply),
    /// A `ping` was answered after this time, measured where its line was written and
    /// read.
    RoundTrip(Duration),
    /// The random bytes that [`Effect::Draw`] asked for.
    Drawn(Entropy),
    /// The connection ended by itself; the sentence says why.
    Lost(String),
    /// A file that was to be given was looked at.
    Opened {
        /// Our number for its upload.
        tag: u64,
        /// Its name and version, or a sentence.
        found: Result<(String, FileVersion), String>,
    },
    /// A transfer goes on or ended.
    Report {
        /// Our number for it.
        tag: u64,
        /// Its figures or its end.
        report: Report,
    },
    /// A download need not be asked for.
    Skipped {
        /// Our number for it.
        tag: u64,
        /// Why not.
        sentence: String,
    },
    /// Partial files were found in the folder for downloads.
    PartialFilesFound(Vec<PartialFile>),
    /// The partial files were to be deleted.
    Discarded {
        /// Our number for the download; `None`: those that were offered.
        tag: Option<u64>,
        /// Why it is still there, where it is: a sentence.
        problem: Option<String>,
    },
    /// A folder could not be shown; the sentence says where it is.
    FolderNotShown(String),
    /// A class exercise finished or failed.
    LabRan {
        /// Its number.
        number: u64,
        /// The result.
        outcome: LabOutcome,
    },
    /// The content of a submission's file, or the reason why it is unusable.
    SubmissionRead(Result<Submission, String>),
    /// Something has happened in the transfer that is watched: for the face, not for the
    /// model.
    Seen {
        /// Our number for it.
        tag: u64,
        /// What.
        seen: Seen,
    },
    /// Something that is good to know.
    Remark(String),
    /// Time has passed. Once a second is often enough; more often is harmless.
    Tick,
}

/// The effects for the driver, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Connect; what is sent meanwhile goes out as one flight.
    Connect(ServerAddress),
    /// Send this, or keep it until the connection is there.
    Send(Request),
    /// Bring [`Event::Drawn`] with fresh random bytes, at once.
    Draw,
    /// Run this in the laboratory, beside all else; [`Event::LabRan`] answers.
    RunLab {
        /// Its number.
        number: u64,
        /// The exercise to run; it was checked.
        assignment: Assignment,
    },
    /// Read the result of `lab grade` in this file; [`Event::SubmissionRead`] answers at
    /// once.
    ReadSubmission(PathBuf),
    /// Receive a file.
    StartDownload {
        /// Our number for it, carried by each of its reports.
        tag: u64,
        /// How to fetch it; its options were checked.
        offer: Offer,
        /// For its MACs, where the login was by password.
        keys: Option<TrafficKeys>,
    },
    /// Look at a file that shall be given; [`Event::Opened`] answers at once.
    OpenUpload {
        /// Our number for it.
        tag: u64,
        /// Where it is.
        path: PathBuf,
    },
    /// Send a file.
    StartUpload {
        /// Our number for it, carried by each of its reports.
        tag: u64,
        /// How to give it; its options were checked.
        offer: Offer,
        /// For its MACs, where the login was by password.
        keys: Option<TrafficKeys>,
    },
    /// Let a receiver or sender wait, or go on.
    PauseTransfer {
        /// Our number for it.
        tag: u64,
        /// Whether it shall wait.
        is_paused: bool,
    },
    /// The server's word on an upload: its sender need not wait for FIN-ACK.
    JudgeUpload {
        /// Our number for it.
        tag: u64,
        /// Verified or damaged.
        state: TransferState,
    },
    /// End a receiver or sender. Its last report still comes.
    CancelTransfer {
        /// Our number for it.
        tag: u64,
    },
    /// Show what happens in this transfer, once or as soon as it runs, and in no other.
    Watch {
        /// Our number for it; `None`: in none.
        tag: Option<u64>,
    },
    /// Lose a packet in the link of a receiver or sender; [`Report::Killed`] answers.
    Kill {
        /// Our number for the transfer.
        tag: u64,
        /// Which packet.
        packet: Label,
    },
    /// Another link for what runs and for what comes.
    ChangeLink(Box<Scenario>),
    /// Take away what has arrived of a download, once its receiver has ended;
    /// [`Event::Discarded`] answers.
    DiscardPart {
        /// Our number for it.
        tag: u64,
    },
    /// Take these parts away; [`Event::Discarded`] answers.
    DiscardPartialFiles(Vec<PathBuf>),
    /// Show this folder by the system's own program.
    ShowFolder(PathBuf),
    /// The server knows how this one ended: its receiver need not answer any more.
    ReleaseDownload {
        /// Our number for it.
        tag: u64,
    },
    /// End the connection once everything has been sent.
    HangUp,
    /// End the program.
    Quit,
}
