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
    /// The TCP connection is open; the answer to `join` is still missing.
    Connected {
        /// How long it took.
        round_trip: Duration,
    },
    /// There is no connection; a sentence with the reason and advice.
    Unreachable(String),
    /// A message of the server.
    Reply(Reply),
    /// The round-trip time of a `ping`, measured where its line was written and read.
    RoundTrip(Duration),
    /// The random bytes that [`Effect::Draw`] asked for.
    Drawn(Entropy),
    /// The connection ended by itself; a sentence with the reason.
    Lost(String),
    /// A file for an upload was examined.
    Opened {
        /// The client's number for its upload.
        tag: u64,
        /// Its name and version, or a sentence.
        found: Result<(String, FileVersion), String>,
    },
    /// A report of a transfer.
    Report {
        /// The client's number for it.
        tag: u64,
        /// Its counters or its end.
        report: Report,
    },
    /// A download is not necessary.
    Skipped {
        /// The client's number for it.
        tag: u64,
        /// The reason.
        sentence: String,
    },
    /// Partial files were found in the folder for downloads.
    PartialFilesFound(Vec<PartialFile>),
    /// The partial files were to be deleted.
    Discarded {
        /// The client's number for the download; `None`: those that were offered.
        tag: Option<u64>,
        /// The reason why it still exists, if it does: a sentence.
        problem: Option<String>,
    },
    /// A folder could not be shown; a sentence with its path.
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
    /// The watched transfer has new events: for the front end, not for the model.
    Seen {
        /// The client's number for it.
        tag: u64,
        /// What.
        seen: Seen,
    },
    /// A notice for the user.
    Remark(String),
    /// Time has passed. Once a second is often enough; more often is harmless.
    Tick,
}

/// The effects for the driver, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Connect; requests made meanwhile are sent together.
    Connect(ServerAddress),
    /// Send this, or keep it until the connection is open.
    Send(Request),
    /// Return [`Event::Drawn`] with fresh random bytes, at once.
    Draw,
    /// Run this in the laboratory, in the background; [`Event::LabRan`] answers.
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
        /// The client's number for it, which each of its reports contains.
        tag: u64,
        /// The offer; its options were checked.
        offer: Offer,
        /// The keys for its MACs, if the login was by password.
        keys: Option<TrafficKeys>,
    },
    /// Examine a file for an upload; [`Event::Opened`] answers at once.
    OpenUpload {
        /// The client's number for it.
        tag: u64,
        /// Its path.
        path: PathBuf,
    },
    /// Send a file.
    StartUpload {
        /// The client's number for it, which each of its reports contains.
        tag: u64,
        /// The offer; its options were checked.
        offer: Offer,
        /// The keys for its MACs, if the login was by password.
        keys: Option<TrafficKeys>,
    },
    /// Pause or resume a receiver or sender.
    PauseTransfer {
        /// The client's number for it.
        tag: u64,
        /// Whether to pause it.
        is_paused: bool,
    },
    /// The server's verdict on an upload: its sender need not wait for FIN-ACK.
    JudgeUpload {
        /// The client's number for it.
        tag: u64,
        /// Verified or damaged.
        state: TransferState,
    },
    /// Cancel a receiver or sender. Its last report still follows.
    CancelTransfer {
        /// The client's number for it.
        tag: u64,
    },
    /// Watch this transfer, now or as soon as it runs, and no other.
    Watch {
        /// The client's number for it; `None`: no transfer.
        tag: Option<u64>,
    },
    /// Lose a packet in the link of a receiver or sender; [`Report::Killed`] answers.
    Kill {
        /// The client's number for the transfer.
        tag: u64,
        /// Which packet.
        packet: Label,
    },
    /// Replace the link of running and later transfers.
    ChangeLink(Box<Scenario>),
    /// Delete the partial file of a download when its receiver has ended;
    /// [`Event::Discarded`] answers.
    DiscardPart {
        /// The client's number for it.
        tag: u64,
    },
    /// Delete these partial files; [`Event::Discarded`] answers.
    DiscardPartialFiles(Vec<PathBuf>),
    /// Show this folder with the system's own program.
    ShowFolder(PathBuf),
    /// The server knows the outcome of this one: its receiver need not linger.
    ReleaseDownload {
        /// The client's number for it.
        tag: u64,
    },
    /// End the connection when everything is sent.
    HangUp,
    /// End the program.
    Quit,
}
