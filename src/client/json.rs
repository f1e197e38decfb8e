//! The output of `client --json`: one JSON value per line.
//!
//! Messages of the server are printed unchanged (`said`, `users`, `offer`, `error`...;
//! see the report page `wire`). Events on this side are printed in the same form:
//!
//! | keyword | fields |
//! | --- | --- |
//! | `connected` | `round_trip_us`: the duration of connecting |
//! | `unreachable` | `sentence`: no connection, with the reason |
//! | `lost` | `sentence`: the connection ended by itself, with the reason |
//! | `output` | `text`: a line of the client's own answer to a command |
//! | `problem` | `sentence`: a command that is invalid or failed |
//! | `download`, `upload` | [`Course`]: at each change, at most ten times per second; `state` as on the wire |
//!
//! ```text
//! {"download":{"tag":1,"transfer":3,"file":"notes.pdf","state":"verified",
//!  "done_bytes":1048576,"size":1048576,"resent_packets":12,"seconds":0.31,
//!  "path":"downloads/notes.pdf","digest":"9f86d081..."}}
//! ```

use super::model::Transfer;
use crate::wire::digest::Digest;
use crate::wire::message::TransferState;
use serde::Serialize;
use std::path::PathBuf;

/// An event at the client.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JsonEvent {
    /// The TCP connection is open.
    Connected {
        /// The duration. Unit: microseconds.
        round_trip_us: u64,
    },
    /// There is no connection.
    Unreachable {
        /// The reason and advice.
        sentence: String,
    },
    /// The connection ended by itself.
    Lost {
        /// Why.
        sentence: String,
    },
    /// An answer of the client itself.
    Output {
        /// One of its lines.
        text: String,
    },
    /// A command that is invalid or failed.
    Problem {
        /// The reason and advice.
        sentence: String,
    },
    /// A report of a download.
    Download(Course),
    /// A report of an upload.
    Upload(Course),
}

/// A report of a transfer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Course {
    /// The client's number for it.
    pub tag: u64,
    /// The server's number for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<u64>,
    /// Its name on the server.
    pub file: String,
    /// Its state, or its outcome.
    pub state: TransferState,
    /// Its place in the server's queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// File bytes that arrived in order.
    pub done_bytes: u64,
    /// The file's size. Unit: bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// DATA packets that were retransmitted.
    pub resent_packets: u64,
    /// Its duration, at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// The path of the verified file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The SHA-256 of what arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The reason, if it is not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
}

impl JsonEvent {
    /// As one line, without its `\n`.
    #[must_use]
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| {
            // A path that is not Unicode has no form in JSON.
            log::warn!("cannot write an event as JSON: {error}");
            r#"{"problem":{"sentence":"An event cannot be told as JSON."}}"#.to_owned()
        })
    }
}

impl From<&Transfer> for Course {
    fn from(transfer: &Transfer) -> Self {
        Self {
            tag: transfer.tag,
            transfer: transfer.number,
            file: transfer.file.clone(),
            state: transfer.state,
            place: transfer.place,
            done_bytes: transfer.done_bytes,
            size: transfer.total_bytes,
            resent_packets: transfer.resent_packets,
            seconds: transfer.elapsed.map(|it| it.as_secs_f64()),
            path: transfer.path.clone(),
            digest: transfer.digest,
            sentence: transfer.sentence.clone(),
        }
    }
}
