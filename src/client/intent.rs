//! The intents of the user.

use super::model::Audience;
use super::share::Share;
use crate::link::{Label, Scenario};
use crate::room::login::Password;
use crate::transfer::overwrite::Overwrite;
use crate::wire::message::{Answer, Assignment, Request};
use crate::wire::options::{Arq, Congestion, RequestedOptions, Transport};
use std::path::PathBuf;

/// An intent of the user: a button, a key, or a typed line as [`read`](super::commands::read)
/// understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Log in; the fields of the form as they were filled in.
    Connect {
        /// `HOST`, `HOST:PORT`, or nothing for this computer.
        server: String,
        /// A port, or nothing for 50000.
        port: String,
        /// The requested name.
        name: String,
    },
    /// The password, if a server requires one; before [`Intent::Connect`].
    SetPassword(Option<Password>),
    /// Run the class exercise of the teacher (`true`), with the DATA packets that the user
    /// predicts, or decline it.
    AnswerLab(bool, Option<u32>),
    /// Run later class exercises without asking.
    AcceptLabs(bool),
    /// Answer the teacher's question.
    AnswerQuestion(Answer),
    /// Ask the class a question about this run. Teachers only, as the next one.
    AskClass(Wanted, Assignment),
    /// Give everybody this class exercise. Teachers only.
    GiveLab(Assignment),
    /// Report the result of `lab grade` in this file to the teacher.
    Submit(PathBuf),
    /// Send this request to the server.
    Ask(Request),
    /// A typed line: a slash command, a shortcut, or text for the receiver in To.
    Input(String),
    /// The same, typed while this conversation was shown: its text goes there, even if
    /// another one is selected now.
    Write {
        /// The user of that conversation.
        to: Audience,
        /// The line.
        line: String,
    },
    /// Text for whom To names.
    Say(String),
    /// Text to be sent as it is, line by line, even if it looks like a command.
    SayLines {
        /// The receiver.
        to: Audience,
        /// The lines.
        lines: Vec<String>,
    },
    /// Show the conversation with these users; plain text goes to them from now on.
    ChooseTo(Audience),
    /// Show the conversation of this tab, counted from 0.
    ChooseConversation {
        /// Beyond the last, nothing happens.
        place: usize,
    },
    /// Close the conversation with a user; the one with all users stays.
    CloseConversation(Audience),
    /// The newest line of this conversation is visible; `None`: of none.
    InSight(Option<Audience>),
    /// Search the chosen conversation for a text; `None` ends the search.
    Search(Option<String>),
    /// Go to the next match of the search.
    StepSearch {
        /// Further up, to an older one.
        is_up: bool,
    },
    /// Forget the lines of the chosen conversation.
    Clear,
    /// Show the transfers in the chat.
    ShowTransfers,
    /// Show the link of this program in the chat.
    ShowLink,
    /// Show the commands in the chat.
    ShowCommands,
    /// Show this notice in the chat of this client only.
    Tell(String),
    /// The same for an action that failed before it was requested.
    Complain(String),
    /// Download a file; these options override the chosen ones.
    Download {
        /// Its name, as the server gave it.
        file: String,
        /// Options for this download alone.
        asked: RequestedOptions,
    },
    /// Upload a file; these options override the chosen ones.
    Upload {
        /// Its path on this computer.
        path: PathBuf,
        /// Options for this upload alone.
        asked: RequestedOptions,
    },
    /// Upload the files that were dropped on the window.
    Drop {
        /// The dropped text: addresses or paths, one per line.
        text: String,
        /// This computer's own name, where it is known.
        host: Option<String>,
    },
    /// Pause or resume a transfer, or all of them.
    Pause {
        /// The client's number for it; `None`: all.
        tag: Option<u64>,
        /// Whether to pause it.
        is_paused: bool,
    },
    /// Cancel a transfer; the partial file of a download is kept.
    Cancel {
        /// The client's number for it; `None`: the only one that runs.
        tag: Option<u64>,
    },
    /// Cancel a download if it runs, and delete its partial file.
    Discard {
        /// The client's number for it; `None`: the only one that runs.
        tag: Option<u64>,
    },
    /// Retry a transfer that ended without its file; it resumes the partial file.
    Retry {
        /// The client's number for it; `None`: the last that can be retried.
        tag: Option<u64>,
    },
    /// Show the folder in which a transfer's file is.
    ShowInFolder {
        /// The client's number for it.
        tag: u64,
    },
    /// Choose what to do if a file of a later download's name exists.
    SetOverwrite(Overwrite),
    /// The choice for the interrupted downloads that are offered.
    PartialFiles(PartialFileChoice),
    /// Choose the share at which later transfers pause; `None`: none.
    SetPauseAt(Option<Share>),
    /// Choose the options of later transfers.
    SetOptions(RequestedOptions),
    /// Choose their protocol alone; `None`, here as in the next four: the usual one.
    SetArq(Option<Arq>),
    /// Choose their window alone.
    SetWindow(Option<u32>),
    /// Choose their congestion controller alone.
    SetCongestion(Option<Congestion>),
    /// Choose the file bytes per packet alone.
    SetSegment(Option<u16>),
    /// Choose their transport alone.
    SetTransport(Option<Transport>),
    /// Watch a running transfer, from now on or from its beginning; `None`: stop.
    Watch {
        /// The client's number for it.
        tag: Option<u64>,
    },
    /// Lose a packet in flight in this program's link.
    Kill {
        /// The client's number for its transfer; `None`: the only one that runs.
        tag: Option<u64>,
        /// Which packet.
        packet: Label,
    },
    /// Replace the link of all transfers of this program, including running ones.
    ChangeLink(Box<Scenario>),
    /// Forget the downloads that have ended.
    ClearEnded,
    /// Nothing: a waiting front end draws itself again.
    Look,
    /// The user has seen the chosen conversation: none of its lines is unread.
    Seen,
    /// The connection was lost: reconnect now.
    Rejoin,
    /// The connection was lost: stop reconnecting.
    StayAway,
    /// Leave the room.
    Disconnect,
    /// Leave the room and the program.
    Close,
}

/// The choice for interrupted downloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartialFileChoice {
    /// Request the rest of each.
    Resume,
    /// They stay, and are offered again later.
    Leave,
    /// They are deleted.
    Delete,
}

/// A question to the class, as a teacher writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// What does the sender do next, at this moment of the run? `None`: at the usual one.
    Next(Option<u32>),
    /// How many DATA packets does it transmit?
    Packets,
}
