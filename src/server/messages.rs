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
    Request {
        client: ClientNumber,
        request: Request,
    },
    /// A line that is none; the connection goes on.
    Unreadable {
        client: ClientNumber,
        error: MessageError,
    },
    /// A line that cannot be read; the connection goes on.
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
    /// The client has closed its half of the connection: it reads, and asks no more.
    Finished { client: ClientNumber },
    /// A client's upload is whole.
    Shared { from: String, file: FileEntry },
    /// The connection is no more.
    Gone {
        client: ClientNumber,
        why: &'static str,
    },
    /// A browser wants something of the class.
    Web {
        request: WebRequest,
        visitor: Visitor,
        reply: Sender<WebReply>,
    },
    /// A sentence for everybody.
    Announced { text: String },
    /// The server ends.
    Stop {
        /// Dropped once everybody has heard it, or had the time to.
        room: Sender<()>,
    },
}

/// The messages of the other threads to `transfers`.
#[derive(Debug)]
pub(super) enum TransfersMessage {
    /// A client wants something that needs files.
    Ordered { peer: Arc<Peer>, order: FileRequest },
    /// A client asks no more, and gets what it has asked for.
    Finished { peer: Arc<Peer> },
    /// A client's chat connection is no more.
    Gone { client: ClientNumber },
    /// How a transfer goes.
    Reported { transfer: u64, report: Report },
    /// A file was read to its end by `digests`.
    Hashed(Hashed),
    /// The server will end: those that run may end first.
    Drain {
        /// How long they have.
        grace: Duration,
        /// Told once the last of them has ended; dropped at once where none runs.
        ended: Sender<()>,
    },
    /// The server ends.
    Stop,
}

/// A file to hash.
#[derive(Debug)]
pub(super) struct HashWork {
    /// The client whose turn it takes.
    pub(super) client: ClientNumber,
    pub(super) name: FileName,
    pub(super) version: Version,
    /// Opened for this alone: it has a read position of its own. `None` where another
    /// client has asked before.
    pub(super) file: Option<File>,
    /// Dead once no transfer waits for the result.
    pub(super) wanted: Weak<()>,
}

/// The result.
#[derive(Debug)]
pub(super) struct Hashed {
    pub(super) name: FileName,
    pub(super) version: Version,
    /// Or a sentence.
    pub(super) result: Result<Digest, String>,
}
