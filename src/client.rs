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
//! The view is the window, and belongs to the program `client-window`
//! (`src/bin/client/view.rs`), which `client` starts. Therefore `server`, `lab` and `client`
//! are not linked to the libraries of a window.
//!
//! | module | is |
//! | --- | --- |
//! | [`model`] | everything that is shown (pure) |
//! | [`controller`] | intents and events in, model and effects out (pure) |
//! | [`commands`] | the meaning of a typed line (pure) |
//! | [`complete`] [`compose`] | completion by Tab; drafts and history (pure) |
//! | [`matching`] | search in text, as a user reads it (pure) |
//! | [`address`] | `HOST:PORT` as users type it (pure) |
//! | [`words`] | numbers, times and untrusted texts for users |
//! | [`session`] | the driver: delivers events, carries out effects |
//! | [`chat_connection`] | the chat connection: `reader` and `writer` |
//! | [`download`] | starts a receiver for an offer |
//! | [`dropped`] | the files in a dropped text (pure) |
//! | [`upload`] | requests an upload, and starts its sender |
//! | `submission` | reads a result of `lab grade` |
//! | [`class_exercise`] | runs a class exercise |
//! | [`share`] | `50%` (pure) |
//! | [`text`] | the front end in a terminal, a pipe or a script |
//! | [`script`] | lines to type, and answers to wait for (pure) |
//! | [`json`] | the output of `--json` |
//! | [`laboratory`] | the laboratory's page, without a window |
//! | [`keys`] | the window's keys (pure) |
//! | [`display`] | checks whether a display answers |
//! | [`fit`] | the size of the window on its screen (pure) |
//! | [`theme`] | the window's colours (pure) |
//! | [`remembered`] | the remembered settings of the window |

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
    /// The server: connected to at once if a name is given too, otherwise shown in the
    /// login form. `HOST` or `HOST:PORT`.
    pub server: Option<String>,
    /// The requested name.
    pub name: Option<String>,
    /// The password for a server that requires one.
    pub password: Option<Password>,
    /// Whether class exercises run without asking the user.
    pub accepts_labs: bool,
    /// The options that downloads request.
    pub asked: RequestedOptions,
    /// The folder for downloads; it is created for the first one.
    pub out: PathBuf,
    /// Every transfer pauses by itself at this share.
    pub pause_at: Option<Share>,
    /// The choice for existing files.
    pub overwrite: Overwrite,
    /// The scenario of this side's link.
    pub scenario: Scenario,
    /// Whether to use segmentation and receive offload, if the kernel supports it.
    pub is_offloading: bool,
    /// The event logs of transfers.
    pub journals: Journals,
    /// A journal that the window's laboratory opens at once.
    pub replay: Option<PathBuf>,
    /// The tap for copies of packets, for a capture.
    pub tap: Tap,
    /// The theme of the window; `None`: the last one used.
    pub theme: Option<Theme>,
}

/// The exit code of a front end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: success.
    Well,
    /// 1: a command failed.
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
