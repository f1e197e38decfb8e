//! The client: a pure core, a driver around it, and two front ends.
//!
//! ```text
//!  a person                                                     a server
//!     |  Intent                       Event  ^ Request             |
//!     v                                 |    |                     |
//!   view / text --> session --> controller (owns the model) --> link, download
//!     ^                                 |
//!     '------------- Model -------------'
//! ```
//!
//! The view is the window, and belongs to the program `client` (`src/bin/client/view.rs`):
//! `server` and `lab` use this library and are not linked to what a window needs.
//!
//! | module | is |
//! | --- | --- |
//! | [`model`] | everything that is shown (pure) |
//! | [`controller`] | intents and events in, model and effects out (pure) |
//! | [`commands`] | what a typed line means (pure) |
//! | [`complete`] [`compose`] | what Tab makes of it; drafts and history (pure) |
//! | [`matching`] | whether a text holds another one, as a person reads (pure) |
//! | [`address`] | `HOST:PORT` as people write it (pure) |
//! | [`words`] | figures, times and strangers' texts for people |
//! | [`session`] | the driver: brings events, performs effects |
//! | [`chat_connection`] | the chat connection: `reader` and `writer` |
//! | [`download`] | an offer becomes a receiver |
//! | [`dropped`] | what was dropped on the window: which files (pure) |
//! | [`upload`] | a file becomes a request, and an offer a sender |
//! | `submission` | reads a result of `lab grade` |
//! | [`class_exercise`] | runs what a teacher gave out |
//! | [`share`] | `50%` (pure) |
//! | [`text`] | the front end in a terminal, a pipe or a script |
//! | [`script`] | what a script still waits for (pure) |
//! | [`json`] | what `--json` prints |
//! | [`laboratory`] | the laboratory's page, without a window |
//! | [`keys`] | the window's keys (pure) |
//! | [`display`] | whether there is one to open a window on |
//! | [`fit`] | how large the window may be on its screen (pure) |
//! | [`theme`] | the window's colours (pure) |
//! | [`remembered`] | what the window keeps from one day to the next |

pub mod address;
pub mod browser;
pub mod chat_connection;
pub mod class_exercise;
pub mod commands;
pub mod complete;
pub mod compose;
pub mod controller;
pub mod display;
pub mod download;
pub mod dropped;
pub mod find;
pub mod fit;
pub mod intent;
pub mod json;
pub mod keys;
pub mod laboratory;
pub mod matching;
pub mod model;
pub mod remembered;
pub mod script;
pub mod session;
pub mod share;
mod submission;
pub mod text;
pub mod theme;
pub mod upload;
pub mod watching;
pub mod words;

use crate::journals::Journals;
use crate::link::Scenario;
use crate::room::login::Password;
use crate::transfer::overwrite::Overwrite;
use crate::transfer::tap::Tap;
use crate::wire::options::RequestedOptions;
use share::Share;
use std::path::PathBuf;
use std::process::ExitCode;
use theme::Theme;

/// The settings with which both front ends start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to connect at once, where a name is given too; else what the login form
    /// shows. `HOST` or `HOST:PORT`.
    pub server: Option<String>,
    /// The name wanted.
    pub name: Option<String>,
    /// The password for a server that asks for one.
    pub password: Option<Password>,
    /// Whether what a teacher gives out is run without asking the person.
    pub accepts_labs: bool,
    /// The options that downloads request.
    pub asked: RequestedOptions,
    /// The folder for downloads; it is made when the first one comes.
    pub out: PathBuf,
    /// Every transfer pauses by itself when this share of it is done.
    pub pause_at: Option<Share>,
    /// The choice for existing files.
    pub overwrite: Overwrite,
    /// The scenario of the link on our side of transfers.
    pub scenario: Scenario,
    /// Whether datagrams go to and come from the kernel many at a time, where it can.
    pub is_offloading: bool,
    /// Where everything that happens in them is written down.
    pub journals: Journals,
    /// A journal that the window's laboratory opens at once.
    pub replay: Option<PathBuf>,
    /// Where copies of what travels go, for a capture.
    pub tap: Tap,
    /// How the window is coloured; `None`: as the last time.
    pub theme: Option<Theme>,
}

/// How a front end ended, for the program that started this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: all well.
    Well,
    /// 1: something that was asked for failed.
    Failed,
    /// 2: wrong usage.
    Usage,
    /// 3: no connection.
    Unreachable,
    /// 4: the server refused.
    Refused,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Well => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::Refused => 4,
        })
    }
}
