//! The messages of the chat connection: requests to the server, replies to a client.
//!
//! One JSON value per line, with its keyword as key or whole value: `nc` is a client too.
//!
//! ```text
//! -> {"join":{"name":"dana","version":1}}
//! <- {"welcome":{"name":"dana",...}}
//! -> {"say":{"text":"hi"}}
//! <- {"said":{"from":"dana","text":"hi","time":1760000000000}}
//! ```
//!
//! Unknown fields are ignored for later versions; an unknown keyword is an error.
//!
//! ```
//! use sash::wire::message::Request;
//! let request = Request::from_line(r#"{"say":{"text":"hi"}}"#).unwrap();
//! assert_eq!(request, Request::Say { text: "hi".to_owned() });
//! assert_eq!(request.to_line(), "{\"say\":{\"text\":\"hi\"}}\n");
//! ```
//!
//! Source: report page `wire`; RFC 8259 (JSON).

mod absent;
mod answer;
mod assignment;
mod class;
mod early;
mod fit;
mod login;
mod question;
mod unreadable;

use absent::{is_false, is_zero};
pub use answer::{Answer, ClassAnswer};
pub use assignment::Assignment;
pub use class::{Lab, LabFigures, LabOutcome, LabResult, LabRow, Submission};
pub use early::Early;
pub use login::{Ban, Challenge, Proof, Role};
pub use question::{About, Answered, ClassQuestion, Question, Revealed, Tally};
pub use unreadable::MessageError;

use super::digest::{Confirmation, Digest, Token};
use super::options::{NegotiatedOptions, RequestedOptions};
use super::version::Prefix;
use serde::{Deserialize, Serialize};
use unreadable::read;

/// The version of the chat protocol that this program speaks.
pub const VERSION: u32 = 1;

/// A message of a client to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// The first line of every connection; others may follow in the same flight.
    Join {
        /// The requested name, one word.
        name: String,
        /// The version of the protocol; 1 if it is left out.
        #[serde(default = "first_version")]
        version: u32,
        /// The token of an earlier `welcome`, which claims the name after a break.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<Token>,
    },
    /// The answer to a `challenge`, which proves the password.
    Proof(Proof),
    /// A public line.
    Say {
        /// The text.
        text: String,
    },
    /// A direct message.
    Whisper {
        /// Whom.
        to: String,
        /// The text.
        text: String,
    },
    /// Requests the list of users.
    Users,
    /// Requests the list of files.
    Files,
    /// Requests a download.
    Download(DownloadRequest),
    /// Requests an upload.
    Upload(UploadRequest),
    /// Cancels one of the client's own transfers.
    Cancel {
        /// Its number, from `offer` or `transfer`.
        transfer: u64,
    },
    /// Pauses one of the client's own transfers.
    Pause {
        /// Its number, from `offer` or `transfer`.
        transfer: u64,
    },
    /// Resumes it.
    Resume {
        /// Its number.
        transfer: u64,
    },
    /// The receiver's verdict on a transfer, in addition to its FIN-ACK.
    Transfer {
        /// Its number.
        transfer: u64,
        /// `verified` or `damaged`.
        state: TransferState,
    },
    /// Removes a user; only for the teacher, as are the next three.
    Kick {
        /// Whom.
        name: String,
        /// Why, for all to read.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Bans a user, present or not.
    Ban {
        /// Whom.
        name: String,
        /// Why, for all to read.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Lifts a ban.
    Unban {
        /// Whom.
        name: String,
    },
    /// Requests the list of bans.
    Bans,
    /// Gives out an exercise; only for the teacher of a class.
    Lab(Assignment),
    /// The result of a `lab` at this client.
    LabResult(LabResult),
    /// Requests the results so far; only for the teacher.
    LabResults,
    /// The result of `lab grade`, for the teacher of a class.
    Submit(Submission),
    /// Asks the class about a run; only for the teacher, as is `reveal`.
    Ask(ClassQuestion),
    /// An answer to a question.
    Answer(ClassAnswer),
    /// Shows the distribution of the answers to all users.
    Reveal,
    /// Asks for `pong`.
    Ping,
    /// Leaves the room.
    Disconnect,
}

const fn first_version() -> u32 {
    1
}

/// The request of a download.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadRequest {
    /// Its name, as `files` gives it.
    pub file: String,
    /// The client's own number for this request; each reply repeats it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<u64>,
    /// The requested options; others are left to the server.
    #[serde(flatten)]
    pub asked: RequestedOptions,
    /// The part of an earlier download, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Prefix>,
    /// Where the server may begin without a SYN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early: Option<Early>,
}

/// The request of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRequest {
    /// The requested name; if the server has such a file, the new one gets a number.
    pub file: String,
    /// Unit: bytes.
    pub size: u64,
    /// The time of its last change. Unit: milliseconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    /// Its SHA-256, if the client already knows it; FIN decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The client's own number for this request; each reply repeats it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<u64>,
    /// The requested options; others are left to the server.
    #[serde(flatten)]
    pub asked: RequestedOptions,
}

/// A message of the server to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// Requires a proof of the password; `welcome` or `refused` follows.
    Challenge(Challenge),
    /// The client has joined.
    Welcome(Welcome),
    /// The client may not join; the connection ends.
    Refused(Refusal),
    /// The earlier public lines, oldest first; once, right after `welcome`.
    History {
        /// At most the last 100, as many as fit in one line.
        lines: Vec<Said>,
    },
    /// A public line, also to its author.
    Said(Said),
    /// A direct message, to its receiver and its author.
    Whispered(Whispered),
    /// The users, in the order in which they joined.
    Users {
        /// Their names, or as many of them as fit in this line.
        names: Vec<String>,
        /// Whether the list continues in the next `users` line; otherwise left out.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// The files on the server, sorted by name.
    Files {
        /// One entry per file, or as many as fit in this line.
        files: Vec<FileEntry>,
        /// Whether the list continues in the next `files` line; otherwise left out.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
        /// The number of files that cannot be offered, in the last line; left out if it
        /// is 0.
        #[serde(default, skip_serializing_if = "is_zero")]
        left_out: u64,
    },
    /// A requested transfer is ready.
    Offer(Offer),
    /// A report about one of the client's own transfers.
    Transfer(TransferNews),
    /// The answer to `ping`.
    Pong,
    /// A user has joined.
    Joined {
        /// Who.
        name: String,
    },
    /// A user has left.
    Left {
        /// Who.
        name: String,
        /// The reason: `disconnected`, `connection lost`...
        why: String,
    },
    /// An upload is complete: the server offers the file now.
    Shared {
        /// Who.
        from: String,
        /// The file, as in `files`.
        file: FileEntry,
    },
    /// A notice of the server to all users.
    Notice {
        /// The sentence.
        text: String,
    },
    /// The bans, for the teacher.
    Bans {
        /// One entry per ban, or as many as fit in this line.
        bans: Vec<Ban>,
        /// Whether the list continues in the next `bans` line; otherwise left out.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// An exercise for all users.
    Lab(Lab),
    /// The results of the last `lab`, for the teacher.
    LabResults {
        /// The number of the `lab`; 0 if there was none.
        number: u64,
        /// One entry per answer, in the order of arrival, or as many as fit in this line.
        rows: Vec<LabRow>,
        /// Whether the list continues in the next such line; otherwise left out.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// A question for all users.
    Question(Question),
    /// The number of answers, for the teacher.
    Answered(Answered),
    /// The distribution of the answers to the last `question`.
    Revealed(Revealed),
    /// A request cannot be served; the connection continues.
    Error(Complaint),
}

/// The answer to a successful `join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The name, as all users see it.
    pub name: String,
    /// The protocol's version that the server speaks.
    pub version: u32,
    /// The program and its version, for users.
    pub server: String,
    /// The longest line that either side may send. Unit: bytes.
    pub line_bytes: usize,
    /// The options of a transfer without requested ones.
    pub defaults: NegotiatedOptions,
    /// The proof that the server knows the password too; only after a `proof`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// The token with which a later `join` claims the name, if there was no `proof`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// The name of the teacher, present or not, if the room has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<String>,
}

/// The answer to a `join` that failed; the connection ends after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind of error, for programs.
    pub code: Code,
    /// The error and the advice, for users.
    pub sentence: String,
    /// A free name, if the requested one is taken or not allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// One public line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The author.
    pub from: String,
    /// The text.
    pub text: String,
    /// The server's time. Unit: milliseconds since 1970-01-01 UTC.
    pub time: u64,
}

/// One direct message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whispered {
    /// The author.
    pub from: String,
    /// The receiver.
    pub to: String,
    /// The text.
    pub text: String,
    /// The server's time. Unit: milliseconds since 1970-01-01 UTC.
    pub time: u64,
}

/// One offered file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name; never a path.
    pub name: String,
    /// Unit: bytes.
    pub size: u64,
    /// Its SHA-256, once the server has computed it.
    pub digest: Option<Digest>,
}

/// The parameters of a requested transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The transfer's number on this server.
    pub transfer: u64,
    /// The client's own number, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<u64>,
    /// The file's name.
    pub file: String,
    /// The server's UDP or TCP port for this transfer.
    pub port: u16,
    /// The token in every packet of this transfer.
    pub token: Token,
    /// Unit: bytes.
    pub size: u64,
    /// The file's SHA-256, once the server has computed it.
    pub digest: Option<Digest>,
    /// The time of its last change. Unit: milliseconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    /// The offset: bytes before it are not sent, because the receiver has them. Left out
    /// if it is 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub offset: u64,
    /// The options of the transfer.
    #[serde(flatten)]
    pub settled: NegotiatedOptions,
}

/// The state of a transfer, or its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransferState {
    /// It waits for a port.
    Queued,
    /// The handshake is in progress.
    Opening,
    /// Bytes are being transferred.
    Sending,
    /// The transfer is paused; nothing is in flight.
    Paused,
    /// Ended: the receiver's digest equals the sender's.
    Verified,
    /// Ended: the receiver's digest differs.
    Damaged,
    /// Ended before the whole file had arrived.
    Failed,
    /// Ended: everything was sent, but the receiver's verdict never arrived.
    Unknown,
    /// Ended by a user.
    Cancelled,
}

/// A report about a transfer for its client, at most ten times per second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferNews {
    /// Its number.
    pub transfer: u64,
    /// The client's own number, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<u64>,
    /// Its state.
    pub state: TransferState,
    /// Its place in the queue, 1 for the next; only while `queued`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// The sender's counters, once it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The reason, for users, if it is not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
    /// With `failed`: others need the port, and the same request continues the transfer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

/// The sender's counters of one transfer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// DATA packets sent, including retransmissions.
    pub sent_packets: u64,
    /// DATA packets that were retransmitted.
    pub resent_packets: u64,
    /// File bytes that the receiver has acknowledged.
    pub acked_bytes: u64,
    /// The current window. Unit: packets.
    pub cwnd: u32,
    /// Smoothed round-trip time (RFC 6298). Unit: microseconds.
    pub srtt_us: u64,
    /// Retransmission timeout (RFC 6298). Unit: microseconds.
    pub rto_us: u64,
}

/// A request that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// The kind of error, for programs.
    pub code: Code,
    /// The error and the advice, for users.
    pub sentence: String,
    /// The client's own number, if the request had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<u64>,
}

/// The kind of error, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// Not JSON, an unknown keyword, or a keyword with the wrong fields.
    BadRequest,
    /// The line was too long or not UTF-8; the connection ends.
    BadLine,
    /// The name breaks a rule.
    BadName,
    /// The name belongs to a present user.
    NameTaken,
    /// A second `join`.
    AlreadyJoined,
    /// The first line was not `join`, or there was none within ten seconds.
    NotJoined,
    /// A version that this server does not speak.
    BadVersion,
    /// Too many clients, in all or from one address.
    Full,
    /// The password was not proven in time.
    PasswordNeeded,
    /// The password is wrong.
    WrongPassword,
    /// Too many wrong passwords from one address; later attempts are possible.
    TooManyGuesses,
    /// The teacher has removed the user.
    Kicked,
    /// The teacher has banned the user.
    Banned,
    /// Only the teacher may do this.
    NotTeacher,
    /// The server has no class, or this `lab` is over.
    NoSuchLab,
    /// No question is open, not this one, or it does not allow this answer.
    NoSuchQuestion,
    /// The text of a line is empty, too long or contains control characters.
    BadText,
    /// No present user has this name.
    NoSuchUser,
    /// The server offers no such file.
    NoSuchFile,
    /// The file exists but cannot be read.
    Unreadable,
    /// A window, segment size or other option outside its range.
    BadOption,
    /// The client has no transfer with this number.
    NoSuchTransfer,
    /// The server does not allow this file name.
    BadFileName,
    /// The server accepts no uploads, or none of this size.
    UploadRefused,
    /// The server's disk has no space for it.
    NoRoom,
    /// The client has too many transfers.
    TooManyTransfers,
    /// The server is closing, and starts no transfers.
    Closing,
}

impl Request {
    /// Reads one line without its `\n`.
    ///
    /// # Errors
    /// [`MessageError`] if it is not JSON, its keyword is unknown or a field is missing
    /// or of the wrong type.
    pub fn from_line(line: &str) -> Result<Self, MessageError> {
        read(line)
    }

    /// The message as one line, including its `\n`.
    #[must_use]
    pub fn to_line(&self) -> String {
        to_line(self)
    }
}

impl Reply {
    /// Reads one line without its `\n`.
    ///
    /// # Errors
    /// As [`Request::from_line`].
    pub fn from_line(line: &str) -> Result<Self, MessageError> {
        read(line)
    }

    /// The message as one line, including its `\n`.
    #[must_use]
    pub fn to_line(&self) -> String {
        to_line(self)
    }
}

impl TransferState {
    /// Whether the transfer has ended.
    #[must_use]
    pub const fn is_end(self) -> bool {
        match self {
            Self::Queued | Self::Opening | Self::Sending | Self::Paused => false,
            Self::Verified
            | Self::Damaged
            | Self::Failed
            | Self::Unknown
            | Self::Cancelled => true,
        }
    }
}

fn to_line(message: &impl Serialize) -> String {
    let mut line = serde_json::to_string(message)
        .expect("messages hold only text, numbers and lists");
    line.push('\n');
    line
}

#[cfg(test)]
mod tests;
