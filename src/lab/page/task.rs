//! Tasks of the page for other threads and for the controller, and their results.

use crate::lab::journal::{Entry, Heading};
use crate::lab::player::Player;
use crate::lab::race::Race;
use crate::lab::run::Experiment;
use crate::link::{Label, Scenario};
use crate::wire::message::Assignment;
use std::path::PathBuf;

/// Work that uses the disk or takes long.
#[derive(Debug)]
pub enum Task {
    /// Read this journal.
    Open(PathBuf),
    /// Run these.
    Race(Vec<Experiment>),
    /// Write these bytes under this name, or one beside it that is free.
    Write(PathBuf, Vec<u8>),
    /// A task for the controller, which has the real transfers and the chat.
    OfController(Command),
}

/// Work for the controller: the real transfer that is watched, the class.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// It is not watched any more.
    StopWatching,
    /// Its link is this one from now on.
    ChangeLink(Box<Scenario>),
    /// Drop this packet.
    Kill {
        /// Our number for the transfer.
        tag: u64,
        /// Which packet.
        packet: Label,
    },
    /// Ask the class this question of the quiz.
    AskClass {
        /// The run.
        assignment: Assignment,
        /// The question's number in it, from 1.
        moment: u32,
    },
}

/// The new entries of a watched transfer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The heading, given once, at the beginning: then the player starts again.
    pub heading: Option<Heading>,
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// Whether the limit is reached, and later events are not shown.
    pub is_full: bool,
}

/// The data of a watched transfer for a front end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Our number for the transfer.
    pub tag: u64,
    /// The new entries.
    pub seen: Seen,
    /// Whether the transfer has ended.
    pub is_over: bool,
}

/// The result of a task.
#[derive(Debug)]
pub enum News {
    /// A journal was read: its name, itself.
    Opened(String, Result<Box<Player>, String>),
    /// A race was run.
    Raced(Result<Race, String>),
    /// A file was written, there.
    Written(Result<PathBuf, String>),
}
