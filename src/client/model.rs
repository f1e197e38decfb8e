//! The model: everything that a front end of the client shows, but not how.
//!
//! Only the controller changes it; a front end (window or terminal) reads it and draws.
//! It is pure: no socket, no file, no clock, no widget.
//!
//! ```text
//! Intent, Event --> controller --> Model --> view
//!                        \--> Effect (connect, send, start a download)
//! ```
//!
//! Source: Krasner & Pope 1988 (model, view, controller).

mod bounded;
mod chat;
mod conversation;
mod lab;
mod line;
mod order;
mod pace;
mod question;
mod search;
mod selection;
mod transcript;
mod transfer;

pub(in crate::client) use bounded::{Bounded, MOST_ENTRIES};
pub use chat::{Chat, MOST_CONVERSATIONS};
pub use conversation::Conversation;
pub use lab::{LabOffer, LabState};
pub use line::{ChatLine, LARGEST_CHAT_BYTES, LONGEST_CHAT_LINES, LineKind, Lines};
pub use order::{
    FileColumn, SortOrder, TransferColumn, files_shown, natural, transfers_shown,
};
pub use pace::{Pace, RATE_MEMORY_MS};
pub use question::QuestionAsked;
pub use search::Search;
pub use selection::{Click, CursorMove, Selection};
pub use transcript::{Change, Row, Shows, Transcript};
pub use transfer::Transfer;

use super::share::Share;
use crate::link::Scenario;
use crate::transfer::overwrite::Overwrite;
use crate::transfer::partial_files::PartialFile;
use crate::wire::message::{FileEntry, LabRow};
use crate::wire::options::{NegotiatedOptions, RequestedOptions};
use std::time::Duration;

/// Everything that a front end shows.
#[derive(Debug, Default)]
pub struct Model {
    /// The state of the connection.
    pub phase: Phase,
    /// The reason why the last login failed, for the login form.
    pub login_problem: Option<LoginProblem>,
    /// The requested server, `localhost:50000`; empty before the first attempt.
    pub server: String,
    /// The name of this user, from `welcome`.
    pub name: String,
    /// The users in the room, including this one, in the order in which they joined. Safe
    /// to show.
    pub users: Vec<String>,
    /// The files of the server. Their names come from the server: show them through
    /// [`words::harmless`](super::words::harmless), and send them back unchanged.
    pub files: Vec<FileEntry>,
    /// The number of files that the server cannot offer, because of their names or
    /// permissions.
    pub files_left_out: u64,
    /// Counts the changes of `files`, so that a front end need not compare thousands of
    /// names.
    pub files_revision: u64,
    /// The messages and notices, and the selected conversation, which receives plain
    /// text.
    pub chat: Chat,
    /// Downloads, oldest first; ended ones stay.
    pub transfers: Vec<Transfer>,
    /// Interrupted downloads that this server can resume, as far as known, and about
    /// which the user has not decided yet.
    pub partial_files: Vec<PartialFile>,
    /// The last failure about files; it is also in the chat.
    pub files_problem: Option<String>,
    /// The options of the next download.
    pub options: RequestedOptions,
    /// Later transfers pause at this share.
    pub pause_at: Option<Share>,
    /// The choice if a file of the next download's name exists.
    pub overwrite: Overwrite,
    /// The scenario of this program's own link.
    pub scenario: Scenario,
    /// The transfer whose packets are shown, if any.
    pub watched: Option<u64>,
    /// The defaults of the server; known once joined.
    pub defaults: Option<NegotiatedOptions>,
    /// The teacher, in the room or not; known once joined. Safe to show.
    pub teacher: Option<String>,
    /// The last exercise of the teacher. The user is asked while it
    /// [`is_open`](LabOffer::is_open); `AnswerLab` answers.
    pub lab: Option<LabOffer>,
    /// The last question that the teacher asked the class.
    pub question: Option<QuestionAsked>,
    /// The results of the last exercise that this user gave out, as last requested. The
    /// names and sentences come from others: show them through `words::harmless`.
    pub lab_rows: Vec<LabRow>,
    /// The state of reconnecting after a lost connection.
    pub rejoining: Option<Rejoining>,
    /// The last round-trip time of the chat connection.
    pub round_trip: Option<Duration>,
}

/// The state of the connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Phase {
    /// No connection; the login form is shown.
    #[default]
    Login,
    /// Connecting, or waiting for the answer to `join`.
    Joining,
    /// In the room.
    Joined,
    /// Was in the room; the connection ended by itself.
    Lost {
        /// Why, and what to do.
        sentence: String,
    },
}

/// The state of reconnecting, while [`Phase::Lost`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejoining {
    /// When the connection was lost. Unit: milliseconds since 1970-01-01 UTC.
    pub since_ms: u64,
    /// The number of failed attempts.
    pub failures: u32,
    /// The time of the next attempt. Unit: as above.
    pub next_ms: u64,
    /// Whether an attempt is in progress.
    pub is_trying: bool,
}

/// The reason why the login failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginProblem {
    /// A field of the form is invalid.
    Form {
        /// The advice.
        sentence: String,
    },
    /// No server was reached.
    Unreachable {
        /// Why, and what to do.
        sentence: String,
    },
    /// The server requires a password, or the given one is wrong. Ask the user, send
    /// `SetPassword`, and connect again: requests made meanwhile are not lost.
    Password {
        /// The advice of the server.
        sentence: String,
    },
    /// The server refused.
    Refused {
        /// The reason, from the server.
        sentence: String,
        /// A free name.
        suggestion: Option<String>,
    },
}

/// The receiver of plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Audience {
    /// All users in the room.
    #[default]
    All,
    /// One user, by name. It stays when the user leaves: a direct message must never go
    /// to all users by mistake.
    One(String),
}

/// The number of colours for names.
pub const NAME_COLOURS: usize = 12;

/// The colour of a name: the same for all users, in every run. Below [`NAME_COLOURS`].
///
/// Source: FNV-1a, 32 bits.
#[must_use]
pub fn colour_of(name: &str) -> usize {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash as usize % NAME_COLOURS
}

impl Model {
    /// Whether lines typed now reach a server, perhaps a moment later.
    #[must_use]
    pub fn is_online(&self) -> bool {
        match self.phase {
            Phase::Login => false,
            Phase::Joining | Phase::Joined => true,
            Phase::Lost { .. } => self.rejoining.is_some_and(|it| it.is_trying),
        }
    }

    /// The receiver of plain text: that of the selected conversation.
    #[must_use]
    pub fn to(&self) -> &Audience {
        self.chat.chosen().with()
    }

    /// The unread lines of others.
    #[must_use]
    pub fn unread_total(&self) -> usize {
        self.chat.unread_total()
    }

    /// Those of them that are for this user: direct messages, and lines with the user's
    /// name.
    #[must_use]
    pub fn mentions_total(&self) -> usize {
        self.chat.mentions_total()
    }

    /// The download with this tag.
    #[must_use]
    pub fn transfer(&self, tag: u64) -> Option<&Transfer> {
        self.transfers.iter().find(|transfer| transfer.tag == tag)
    }

    /// Downloads that have not ended.
    pub fn running_transfers(&self) -> impl Iterator<Item = &Transfer> {
        self.transfers.iter().filter(|it| !it.state.is_end())
    }

    pub(super) fn transfer_mut(&mut self, tag: u64) -> Option<&mut Transfer> {
        self.transfers.iter_mut().find(|it| it.tag == tag)
    }
}

impl LoginProblem {
    /// The text for the user.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::Form { sentence }
            | Self::Unreachable { sentence }
            | Self::Password { sentence }
            | Self::Refused { sentence, .. } => sentence,
        }
    }
}

impl Audience {
    /// The text for the field To: a name, or `all`.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::All => "all",
            Self::One(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_same_colour_in_every_run() {
        assert_eq!(colour_of("dana"), colour_of("dana"));
        assert_ne!(colour_of("dana"), colour_of("guy"));
        assert!(colour_of("") < NAME_COLOURS);
    }
}
