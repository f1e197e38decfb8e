//! Real sockets, files and threads around the state machines: one transfer at a time.
//!
//! Layer 3: drivers. A driver owns everything that the state machine must not use, asks
//! it what to do, and does it.
//!
//! ```text
//!   sender-3    file -> DATA -> socket            acks-3      socket -> ACK -> sender-3
//!   receiver-3  socket -> DATA -> disk-3, ACK     disk-3      bytes -> file, SHA-256
//! ```
//!
//! | module | owns |
//! | --- | --- |
//! | [`clock`] | the system's clock |
//! | [`threads`] | starting threads |
//! | [`sending`] | `sender-3` (state machine, file) and `acks-3` (a clone of the socket) |
//! | [`receiving`] | `receiver-3` (state machine, socket) and `disk-3` (the file) |
//! | [`packet_output`] | a socket behind an imperfect link |
//! | [`batch`] | many datagrams in one call to the kernel |
//! | `forgeries` | forged packets: logged once, counted |
//! | [`tap`] | copies of packets and chat bytes, for a capture |
//! | [`source`] | the file that is read |
//! | [`hash`] | SHA-256 of a file that may change meanwhile |
//! | [`socket_error`] | the meaning of an error of a UDP socket |
//! | `disk` | the file that is written, hashed and named |
//! | [`part`], [`record`] | the beginning of a file, and the record of its version |
//! | [`partial_files`] | the partial files of interrupted downloads in a folder |
//! | [`overwrite`] | what to do if a file of the name exists |
//! | [`tcp`] | the same two ends over plain TCP, for comparison |

pub mod batch;
pub mod clock;
mod disk;
mod forgeries;
pub mod hash;
mod inbox;
pub mod link_control;
mod naming;
pub mod ordinary;
pub mod overwrite;
pub mod packet_output;
pub mod part;
pub mod partial_files;
pub mod receiving;
pub mod record;
pub mod sending;
pub mod socket_error;
pub mod source;
pub mod tap;
pub mod tcp;
pub mod threads;
mod watch;

use crate::link::{Label, Scenario};
use crate::reliable::connection::{Failure, Outcome};
use crate::reliable::connection_parameters::{ACKNOWLEDGEMENT_DELAY, LEAST_TIMEOUT};
use crate::reliable::event::log::Entry;
use crate::reliable::handshake::Proposal;
use crate::reliable::round_trip::Timing;
use crate::wire::digest::{Digest, Token};
use crate::wire::mac::TrafficKeys;
use crate::wire::message::{Progress, TransferState};
use crate::wire::options::NegotiatedOptions;
use crate::wire::packet::Reset;
use crate::wire::sequence::SequenceNumber;
use std::path::PathBuf;
use std::time::Duration;
use tap::Tap;

/// The knowledge of both ends of a transfer before its first packet.
#[derive(Debug, Clone)]
pub struct Job {
    /// The transfer's number: in thread names, logs and messages.
    pub number: u64,
    /// The token in every packet.
    pub token: Token,
    /// The keys for the MACs, if the room has a password.
    pub keys: Option<TrafficKeys>,
    /// Transport, ARQ, window and segment size.
    pub settled: NegotiatedOptions,
    /// The file's size. Unit: bytes.
    pub size: u64,
    /// The part of it that the receiver already has. Unit: bytes.
    pub offset: u64,
    /// The scenario for this side's packets, in both directions.
    pub scenario: Scenario,
    /// This side pauses by itself after this much of the file. Unit: bytes.
    pub pause_at: Option<u64>,
    /// The round-trip time of the chat connection, if it was measured.
    pub chat_round_trip: Option<Duration>,
    /// Whether to use segmentation and receive offload, if the kernel supports it.
    pub is_offloading: bool,
    /// Whether all events are reported, for a journal.
    pub is_watched: bool,
    /// The tap for copies of its datagrams, for a capture.
    pub tap: Tap,
}

/// The progress of a transfer, reported to its starter.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// The counters, at most ten times per second.
    Progress(TransferState, Figures),
    /// The entries of the event log since the last report, if the job is watched.
    Happened(Vec<Entry>),
    /// An answer to [`LinkControl::Kill`](link_control::LinkControl::Kill): whether the
    /// packet was in flight in this side's link, and is lost.
    Killed(Label, bool),
    /// Once; a sender says no more after it, and its socket is closed. A receiver that
    /// failed or was cancelled has released its part by then.
    Ended(Ending),
    /// Receiver only, last: it has stopped answering for the sender's sake, its socket is
    /// closed, and its part free for another receiver.
    Closed,
}

/// The counters of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// File bytes acknowledged (sender) or received in order (receiver).
    pub done_bytes: u64,
    /// The sender's counters, or those that a receiver can see: packets and
    /// retransmissions that arrived.
    pub progress: Progress,
}

/// The end of a transfer.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// One of the states for which [`TransferState::is_end`] holds.
    pub state: TransferState,
    /// The reason, and what to do, if it is not verified.
    pub sentence: Option<String>,
    /// The counters at the end.
    pub figures: Figures,
    /// The time from the start of the thread to the end.
    pub elapsed: Duration,
    /// Receiver only: the path of the verified file.
    pub path: Option<PathBuf>,
    /// Receiver only: the digest of what arrived.
    pub digest: Option<Digest>,
}

/// The shortest interval between two progress reports.
pub const REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// The interval at which a thread that waits for a socket checks whether it should end.
pub const WAKE_INTERVAL: Duration = Duration::from_millis(200);

/// The receive buffer that is requested from the kernel. Unit: bytes.
pub const SOCKET_BUFFER_BYTES: usize = 4 * 1024 * 1024;

impl Job {
    /// An empty file over a perfect link.
    #[cfg(test)]
    pub(crate) const EXAMPLE: Self = Self {
        number: 1,
        token: Token([5; 16]),
        keys: None,
        settled: NegotiatedOptions::DEFAULT,
        size: 0,
        offset: 0,
        scenario: Scenario::PERFECT,
        pause_at: None,
        chat_round_trip: None,
        is_offloading: true,
        is_watched: false,
        tap: Tap::OFF,
    };

    /// The parameters that this side brings to the handshake.
    #[must_use]
    pub fn proposal(&self, window: u32, first: Option<SequenceNumber>) -> Proposal {
        Proposal {
            token: self.token,
            size: self.size,
            offset: self.offset,
            segment_bytes: self.settled.segment_bytes,
            window,
            congestion: self.settled.congestion,
            first,
            chat_round_trip: self.chat_round_trip,
            timing: Timing::Adaptive {
                least: LEAST_TIMEOUT,
            },
            acknowledgement_delay: ACKNOWLEDGEMENT_DELAY,
            // An imperfect link makes the path longer than the chat's, so the chat's
            // round trip says nothing about it.
            early_data: self.scenario.is_perfect(),
            listening: self.is_watched,
        }
    }
}

/// The state and the sentence that a user sees for an outcome.
#[must_use]
pub fn verdict(outcome: Outcome) -> (TransferState, Option<String>) {
    match outcome {
        Outcome::Verified => (TransferState::Verified, None),
        Outcome::Damaged => (
            TransferState::Damaged,
            Some(
                "the SHA-256 of the received file is wrong: the file changed while it \
                  was sent. Try again."
                    .to_owned(),
            ),
        ),
        Outcome::Unknown => (
            TransferState::Unknown,
            Some(
                "all data was sent and acknowledged, but the receiver's FIN-ACK never \
                  arrived"
                    .to_owned(),
            ),
        ),
        Outcome::Failed(
            Failure::ResetByUs(Reset::Cancelled) | Failure::ResetByPeer(Reset::Cancelled),
        ) => (TransferState::Cancelled, None),
        Outcome::Failed(failure) => (TransferState::Failed, Some(failure.to_string())),
    }
}
