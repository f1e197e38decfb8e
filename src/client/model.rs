//! The model: everything that a face of the client shows, and nothing about how.
//!
//! The controller alone changes it; a face (window or terminal) reads it and draws. It is
//! pure: no socket, no file, no clock, no widget.
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

/// Everything that a face shows.
#[derive(Debug, Default)]
pub struct Model {
    /// Where the connection stands.
    pub phase: Phase,
    /// Why the last try to log in failed; shown in the login form, in place.
    pub login_problem: Option<LoginProblem>,
    /// The server as it was asked for, `localhost:50000`; empty before the first try.
    pub server: String,
    /// My own name, as the server gave it in `welcome`.
    pub name: String,
    /// The users in the room, including this one, in the order in which they joined. Safe
    /// to show.
    pub users: Vec<String>,
    /// The files of the server. The names are the server's own words: show them through
    /// [`words::harmless`](super::words::harmless), send them back as they are.
    pub files: Vec<FileEntry>,
    /// How many files the server has that it cannot offer, because of their names or
    /// rights.
    pub files_left_out: u64,
    /// Counts the changes of `files`, so that a face need not compare thousands of names.
    pub files_revision: u64,
    /// The messages and notices, and the selected conversation: whom it is with hears
    /// plain text.
    pub chat: Chat,
    /// Downloads, oldest first; ended ones stay.
    pub transfers: Vec<Transfer>,
    /// Interrupted downloads of files that this server has, in that version as far as can
    /// be told: they can go on, and nobody has decided yet.
    pub partial_files: Vec<PartialFile>,
    /// The last failure about files; it is also in the chat.
    pub files_problem: Option<String>,
    /// The options of the next download.
    pub options: RequestedOptions,
    /// Every transfer that begins from now on pauses at this share of it.
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
    /// The last scenario that the teacher gave out. The person is asked while it
    /// [`is_open`](LabOffer::is_open); `AnswerLab` answers.
    pub lab: Option<LabOffer>,
    /// The last question that the teacher asked the class.
    pub question: Option<QuestionAsked>,
    /// The results of the last exercise that this user gave out, as last requested. The
    /// names and sentences are others' words: show them through `words::harmless`.
    pub lab_rows: Vec<LabRow>,
    /// The connection was lost, and we try to come back.
    pub rejoining: Option<Rejoining>,
    /// A round trip on the chat connection, as last measured.
    pub round_trip: Option<Duration>,
}

/// Where the connection stands.
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

/// How coming back to the room goes, while [`Phase::Lost`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejoining {
    /// When the connection was lost. Unit: milliseconds since 1970-01-01 UTC.
    pub since_ms: u64,
    /// How many attempts have failed.
    pub failures: u32,
    /// When the next attempt begins. Unit: as above.
    pub next_ms: u64,
    /// An attempt is being made.
    pub is_trying: bool,
}

/// Why nobody is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginProblem {
    /// A field of the form makes no sense.
    Form {
        /// The change.
        sentence: String,
    },
    /// No server was reached.
    Unreachable {
        /// Why, and what to do.
        sentence: String,
    },
    /// The server asks for a password; or what was given is another one. Ask the person,
    /// say `SetPassword`, and connect again: what was asked for meanwhile is not lost.
    Password {
        /// The advice, in the server's words.
        sentence: String,
    },
    /// The server said no.
    Refused {
        /// Why, in the server's words.
        sentence: String,
        /// A name that is free.
        suggestion: Option<String>,
    },
}

/// The receiver of plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Everybody in the room.
    #[default]
    All,
    /// One person, by name. It stays so when the person leaves: what was meant for one
    /// must never go to all by surprise.
    One(String),
}

/// How many colours names are told apart by.
pub const NAME_COLOURS: usize = 12;

/// The colour of a name: the same for everybody, in every run. Below [`NAME_COLOURS`].
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

    /// The receiver of plain text: whom the chosen conversation is with.
    #[must_use]
    pub fn to(&self) -> &Audience {
        self.chat.chosen().with()
    }

    /// Lines from others that nobody has seen.
    #[must_use]
    pub fn unread_total(&self) -> usize {
        self.chat.unread_total()
    }

    /// Those among them that are for me: whispers, and lines with my name.
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
    /// As the To field shows it: a name, or `all`.
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
