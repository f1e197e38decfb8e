//! Real sockets, files and threads around the machines: one transfer at a time.
//!
//! | module | owns |
//! | --- | --- |
//! | [`clock`] | the system's clock |
//! | [`threads`] | how a thread is started |
//! | [`sending`] | `sender-3` (machine, file) and `acks-3` (a clone of the socket) |
//! | [`receiving`] | `receiver-3` (machine, socket) and `disk-3` (the file) |

pub mod clock;
pub mod receiving;
pub mod sending;
pub mod threads;

use crate::link::Scenario;
use crate::wire::digest::{Digest, Token};
use crate::wire::message::{Progress, TransferState};
use crate::wire::options::Settled;
use std::path::PathBuf;
use std::time::Duration;

/// What both ends of a transfer know before its first packet.
#[derive(Debug, Clone)]
pub struct Job {
    /// The transfer's number: in thread names, logs and messages.
    pub number: u64,
    /// What every packet carries.
    pub token: Token,
    /// Transport, ARQ, window and segment size.
    pub settled: Settled,
    /// The file's size. Unit: bytes.
    pub size: u64,
    /// What the link does to this side's packets, in both directions.
    pub scenario: Scenario,
    /// A round trip as measured on the chat connection, if it was.
    pub chat_round_trip: Option<Duration>,
}

/// How a transfer goes, told to whoever started it.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// Ten times a second at most.
    Progress(TransferState, Figures),
    /// Once, last.
    Ended(Ending),
}

/// The figures of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// File bytes acknowledged (sender) or received in order (receiver).
    pub done_bytes: u64,
    /// The sender's figures, or as much as a receiver can see of them: packets that
    /// arrived, and those among them that were resends.
    pub progress: Progress,
}

/// How a transfer ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// One of the states for which [`TransferState::is_end`] holds.
    pub state: TransferState,
    /// Why, and what to do, where it ended other than verified.
    pub sentence: Option<String>,
    /// The figures at the end.
    pub figures: Figures,
    /// From the first packet to the last.
    pub elapsed: Duration,
    /// Receiver only: where the verified file is.
    pub path: Option<PathBuf>,
    /// Receiver only: the digest of what arrived.
    pub digest: Option<Digest>,
}
