//! The messages of the chat connection: requests to the server, replies to a client.
//!
//! One JSON value per line, its keyword the key or the whole value: `nc` is a client too.
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

/// From a client to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// The first line of every connection; others may follow in the same flight.
    Join {
        /// The name wanted, one word.
        name: String,
        /// The protocol's version; without one, 1.
        #[serde(default = "first_version")]
        version: u32,
        /// That of an earlier `welcome`: the name is mine, and my connection has died.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<Token>,
    },
    /// The answer to a `challenge`: that I know the password.
    Proof(Proof),
    /// To everybody.
    Say {
        /// The text.
        text: String,
    },
    /// To one person.
    Whisper {
        /// Whom.
        to: String,
        /// The text.
        text: String,
    },
    /// Who is there?
    Users,
    /// Which files does the server offer?
    Files,
    /// Send me a file.
    Download(DownloadRequest),
    /// Take a file of mine.
    Upload(UploadRequest),
    /// End this transfer; it may be mine only.
    Cancel {
        /// Its number, from `offer` or `transfer`.
        transfer: u64,
    },
    /// Let this transfer wait, without ending it; it may be mine only.
    Pause {
        /// Its number, from `offer` or `transfer`.
        transfer: u64,
    },
    /// Let it go on.
    Resume {
        /// Its number.
        transfer: u64,
    },
    /// The receiver's own word on how a transfer ended, beside its FIN-ACK.
    Transfer {
        /// Its number.
        transfer: u64,
        /// `verified` or `damaged`.
        state: TransferState,
    },
    /// Put somebody out; the teacher's alone, as the next three are.
    Kick {
        /// Whom.
        name: String,
        /// Why, for all to read.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Put somebody out and keep that person out, here or not.
    Ban {
        /// Whom.
        name: String,
        /// Why, for all to read.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Let somebody in again.
    Unban {
        /// Whom.
        name: String,
    },
    /// List the bans.
    Bans,
    /// Give all something to run; the teacher's alone, in a class.
    Lab(Assignment),
    /// The result of a `lab` here.
    LabResult(LabResult),
    /// What has come back so far? The teacher's alone.
    LabResults,
    /// How a program of mine was graded: for the teacher of a class.
    Submit(Submission),
    /// Ask the class about a run; the teacher's alone, as `reveal` is.
    Ask(ClassQuestion),
    /// The prediction.
    Answer(ClassAnswer),
    /// Show all how the answers are distributed.
    Reveal,
    /// Are you there?
    Ping,
    /// Goodbye.
    Disconnect,
}

const fn first_version() -> u32 {
    1
}

/// A file that a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadRequest {
    /// Its name, as `files` gives it.
    pub file: String,
    /// The asker's own number for this request; each reply to it carries it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<u64>,
    /// Transport, ARQ, window and segment size, as far as the asker cares.
    #[serde(flatten)]
    pub asked: RequestedOptions,
    /// The part of an earlier download, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Prefix>,
    /// Where the server may begin without a SYN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early: Option<Early>,
}

/// A file that a client wants to give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRequest {
    /// The name wanted; where the server has such a file, it numbers the new one.
    pub file: String,
    /// Unit: bytes.
    pub size: u64,
    /// When it last changed. Unit: milliseconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    /// Its SHA-256, where the client knows it already; FIN decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The asker's own number for this request; each reply to it carries it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<u64>,
    /// Transport, ARQ, window and segment size, as far as the asker cares.
    #[serde(flatten)]
    pub asked: RequestedOptions,
}

/// From the server to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// Prove that you know the password; `welcome` or `refused` follows.
    Challenge(Challenge),
    /// You are in.
    Welcome(Welcome),
    /// You are not in; the connection ends.
    Refused(Refusal),
    /// The earlier messages to all, oldest first; once, right after `welcome`.
    History {
        /// At most the last 100, as many as fit in one line.
        lines: Vec<Said>,
    },
    /// Somebody said something to all; you too.
    Said(Said),
    /// Somebody whispered: to you, or you to somebody (your own echo).
    Whispered(Whispered),
    /// The users, in the order in which they joined.
    Users {
        /// Their names, or as many of them as fit in this line.
        names: Vec<String>,
        /// Whether the list goes on in the next `users` line; where not, left out.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// The files on the server, sorted by name.
    Files {
        /// One entry per file, or as many as fit in this line.
        files: Vec<FileEntry>,
        /// Whether the list goes on in the next `files` line; where not, left out.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
        /// How many files are there that cannot be offered, in the last line; where none
        /// are, left out.
        #[serde(default, skip_serializing_if = "is_zero")]
        left_out: u64,
    },
    /// The file you asked for is ready to be sent, or yours to be received.
    Offer(Offer),
    /// How a transfer of yours goes.
    Transfer(TransferNews),
    /// I am here.
    Pong,
    /// Somebody came.
    Joined {
        /// Who.
        name: String,
    },
    /// Somebody left.
    Left {
        /// Who.
        name: String,
        /// Why, in a few words: `disconnected`, `connection lost`...
        why: String,
    },
    /// Somebody's upload is whole: it is on offer now.
    Shared {
        /// Who.
        from: String,
        /// The file, as in `files`.
        file: FileEntry,
    },
    /// A sentence from the server to everybody.
    Notice {
        /// The sentence.
        text: String,
    },
    /// The bans, for the teacher.
    Bans {
        /// One entry per ban, or as many as fit in this line.
        bans: Vec<Ban>,
        /// Whether the list goes on in the next `bans` line; where not, left out.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// The teacher asks everybody to run this.
    Lab(Lab),
    /// The results of the last `lab`: to the teacher.
    LabResults {
        /// The number of the `lab`; 0 where there was none.
        number: u64,
        /// One entry per answer, in the order they came, or as many as fit in this line.
        rows: Vec<LabRow>,
        /// Whether the list goes on in the next such line; where not, left out.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// The teacher asks everybody about a run.
    Question(Question),
    /// How many have answered: to the teacher.
    Answered(Answered),
    /// How the answers to the last `question` are distributed.
    Revealed(Revealed),
    /// Something that you asked for cannot be done; the connection goes on.
    Error(Complaint),
}

/// The answer to a good `join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Your name, as everybody sees it.
    pub name: String,
    /// The protocol's version that the server speaks.
    pub version: u32,
    /// The program and its version, for people.
    pub server: String,
    /// Longest line either side may send. Unit: bytes.
    pub line_bytes: usize,
    /// The options of a transfer for which you request none.
    pub defaults: NegotiatedOptions,
    /// That the server knows the password too; only after a `proof`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// By which a later `join` shows that it comes from the same client, where there was
    /// no `proof`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// The name of the teacher, here or not, where the room has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<String>,
}

/// The answer to a `join` that failed; the connection ends after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind of error, for programs.
    pub code: Code,
    /// The error and the advice, for people.
    pub sentence: String,
    /// A name that is free, where the one asked for is taken or not allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// One thing said to all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The author.
    pub from: String,
    /// The text.
    pub text: String,
    /// When the server heard it. Unit: milliseconds since 1970-01-01 UTC.
    pub time: u64,
}

/// One thing said to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whispered {
    /// The author.
    pub from: String,
    /// To whom.
    pub to: String,
    /// The text.
    pub text: String,
    /// When the server heard it. Unit: milliseconds since 1970-01-01 UTC.
    pub time: u64,
}

/// One file on offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name; never a path.
    pub name: String,
    /// Unit: bytes.
    pub size: u64,
    /// Its SHA-256, once the server has worked it out.
    pub digest: Option<Digest>,
}

/// How to fetch a file that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The transfer's number on this server.
    pub transfer: u64,
    /// The asker's own number, where it gave one.
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
    /// The file's SHA-256, once the server has worked it out.
    pub digest: Option<Digest>,
    /// When it last changed. Unit: milliseconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    /// The bytes before this one are not sent: the asker has it already. Left out where
    /// it is 0: everything is sent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub offset: u64,
    /// Transport, ARQ, window and segment size, as they will be.
    #[serde(flatten)]
    pub settled: NegotiatedOptions,
}

/// The state of a transfer, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransferState {
    /// Every port is in use; it waits for its turn.
    Queued,
    /// The handshake is in progress.
    Opening,
    /// Bytes are being transferred.
    Sending,
    /// The transfer is paused; nothing is in flight.
    Paused,
    /// Ended: the receiver's digest is the sender's.
    Verified,
    /// Ended: the receiver's digest is another one.
    Damaged,
    /// Ended before the whole file was there.
    Failed,
    /// Ended: all was sent, but the receiver's last word never came.
    Unknown,
    /// Ended because somebody wanted so.
    Cancelled,
}

/// How a transfer goes: to the one who asked for it, ten times a second at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferNews {
    /// Its number.
    pub transfer: u64,
    /// The asker's own number, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<u64>,
    /// Its state.
    pub state: TransferState,
    /// Its place in the queue, 1 for the next; only while `queued`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u32>,
    /// The sender's figures; once it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Why, for people; where it ended other than well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
    /// With `failed`: others need the port, and the same request continues the transfer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

/// The sender's figures of one transfer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// DATA packets sent, resends included.
    pub sent_packets: u64,
    /// DATA packets that were sent again.
    pub resent_packets: u64,
    /// File bytes that the receiver has acknowledged.
    pub acked_bytes: u64,
    /// The window in force. Unit: packets.
    pub cwnd: u32,
    /// Smoothed round-trip time (RFC 6298). Unit: microseconds.
    pub srtt_us: u64,
    /// Retransmission timeout (RFC 6298). Unit: microseconds.
    pub rto_us: u64,
}

/// Something that cannot be done, told to the one who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// The kind of error, for programs.
    pub code: Code,
    /// The error and the advice, for people.
    pub sentence: String,
    /// The asker's own number, where the request had one.
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
    /// The name belongs to somebody who is here.
    NameTaken,
    /// A second `join`.
    AlreadyJoined,
    /// Anything but `join` as the first line, or none within ten seconds.
    NotJoined,
    /// A version that this server does not speak.
    BadVersion,
    /// Too many clients, in all or from one address.
    Full,
    /// There is a password, and it was not proven in time.
    PasswordNeeded,
    /// The password is another one.
    WrongPassword,
    /// Too many wrong passwords from one address; it passes.
    TooManyGuesses,
    /// The teacher has put you out.
    Kicked,
    /// The teacher keeps you out.
    Banned,
    /// Only the teacher may do that.
    NotTeacher,
    /// The server runs no class, or this `lab` is not the one that runs.
    NoSuchLab,
    /// No question is open, not this one, or it does not allow this answer.
    NoSuchQuestion,
    /// The text of a line is empty, too long or holds control characters.
    BadText,
    /// Nobody here has that name.
    NoSuchUser,
    /// The server offers no such file.
    NoSuchFile,
    /// The file is there but cannot be read.
    Unreadable,
    /// A window, segment size or other option outside its range.
    BadOption,
    /// No transfer of yours has that number.
    NoSuchTransfer,
    /// A name that no file on the server may have.
    BadFileName,
    /// The server takes no files, or none of this size.
    UploadRefused,
    /// The server has no room for it on its disk.
    NoRoom,
    /// More transfers at once than one client may have.
    TooManyTransfers,
    /// The server ends soon, and no transfer begins any more.
    Closing,
}

impl Request {
    /// Reads one line, its `\n` taken off.
    ///
    /// # Errors
    /// [`MessageError`] where it is not JSON, its keyword is unknown or a field is
    /// missing or of the wrong type.
    pub fn from_line(line: &str) -> Result<Self, MessageError> {
        read(line)
    }

    /// As one line, its `\n` included.
    #[must_use]
    pub fn to_line(&self) -> String {
        to_line(self)
    }
}

impl Reply {
    /// Reads one line, its `\n` taken off.
    ///
    /// # Errors
    /// As [`Request::from_line`].
    pub fn from_line(line: &str) -> Result<Self, MessageError> {
        read(line)
    }

    /// As one line, its `\n` included.
    #[must_use]
    pub fn to_line(&self) -> String {
        to_line(self)
    }
}

impl TransferState {
    /// Whether nothing more will happen.
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
