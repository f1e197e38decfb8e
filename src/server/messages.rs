//! The messages between the server's threads: types only.
//!
//! ```text
//!   accept, reader-N, web-N, transfers --RoomMessage-> room
//!   room, sender-N, digests ------TransfersMessage--> transfers
//!   transfers --------------------HashWork----------> digests
//! ```

use super::folder::Version;
use super::peer::Peer;
use crate::room::participants::Visitor;
use crate::room::{ClientNumber, FileRequest};
use crate::shelf::FileName;
use crate::transfer::Report;
use crate::wire::digest::Digest;
use crate::wire::line::LineError;
use crate::wire::message::{FileEntry, MessageError, Request};
use crate::wire::web::{WebReply, WebRequest};
use crossbeam_channel::Sender;
use std::fs::File;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The messages of the other threads to the room.
#[derive(Debug)]
pub(super) enum RoomMessage {
    /// A client has connected; its events follow.
    Arrived(Arc<Peer>),
    /// A line that is a request.
    RequestedOptions {
        client: ClientNumber,
        request: Request,
    },
    /// A line that is no request; the connection continues.
    Unreadable {
        client: ClientNumber,
        error: MessageError,
    },
    /// A line that cannot be read; the connection continues.
    Illegible {
        client: ClientNumber,
        error: LineError,
    },
    /// Bytes that are no line; the connection ends.
    Broken {
        client: ClientNumber,
        error: LineError,
    },
    /// No `join` in time.
    Late { client: ClientNumber },
    /// The client has closed its half of the connection: it still reads, but sends no
    /// requests.
    Finished { client: ClientNumber },
    /// A client's upload is complete.
    Shared { from: String, file: FileEntry },
    /// The connection has ended.
    Gone {
        client: ClientNumber,
        why: &'static str,
    },
    /// A request of a browser in a class.
    Web {
        request: WebRequest,
        visitor: Visitor,
        reply: Sender<WebReply>,
    },
    /// A notice for all users.
    Announced { text: String },
    /// The server is ending.
    Stop {
        /// Dropped when all clients have received it, or had the time to do so.
        room: Sender<()>,
    },
}

/// The messages of the other threads to `transfers`.
#[derive(Debug)]
pub(super) enum TransfersMessage {
    /// A request of a client that needs files.
    Ordered { peer: Arc<Peer>, order: FileRequest },
    /// A client sends no more requests; it still gets its answers.
    Finished { peer: Arc<Peer> },
    /// A client's chat connection has ended.
    Gone { client: ClientNumber },
    /// A report of a transfer.
    Reported { transfer: u64, report: Report },
    /// `digests` has read a whole file.
    Hashed(Hashed),
    /// The server will end; running transfers may finish first.
    Drain {
        /// The time that they have.
        grace: Duration,
        /// Notified when the last of them has ended; dropped at once if none runs.
        ended: Sender<()>,
    },
    /// The server is ending.
    Stop,
}

/// A file to hash.
#[derive(Debug)]
pub(super) struct HashWork {
    /// The client whose turn it takes.
    pub(super) client: ClientNumber,
    pub(super) name: FileName,
    pub(super) version: Version,
    /// The file, opened for hashing only, because it needs a read position of its own.
    /// `None` if another client has requested it before.
    pub(super) file: Option<File>,
    /// Invalid as soon as no transfer waits for the result.
    pub(super) wanted: Weak<()>,
}

/// The result.
#[derive(Debug)]
pub(super) struct Hashed {
    pub(super) name: FileName,
    pub(super) version: Version,
    /// The digest, or a sentence.
    pub(super) result: Result<Digest, String>,
}
