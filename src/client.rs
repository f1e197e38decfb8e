//! The client: a mind that is pure, a shell around it, and two faces.
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
//! | module | is |
//! | --- | --- |
//! | [`model`] | everything that is shown (pure) |
//! | [`controller`] | intents and events in, model and effects out (pure) |
//! | [`commands`] | what a typed line means (pure) |
//! | [`address`] | `HOST:PORT` as people write it (pure) |
//! | [`words`] | figures, times and strangers' texts for people |
//! | [`session`] | the shell: brings events, performs effects |
//! | [`link`] | the chat connection: `reader` and `writer` |
//! | [`download`] | an offer becomes a receiver |

pub mod address;
pub mod commands;
pub mod controller;
pub mod download;
pub mod link;
pub mod model;
pub mod session;
#[cfg(feature = "gui")]
pub mod view;
pub mod words;

use crate::link::Scenario;
use crate::wire::options::Asked;
use std::path::PathBuf;

/// What both faces are started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to connect at once, where a name is given too; else what the login form
    /// shows. `HOST` or `HOST:PORT`.
    pub server: Option<String>,
    /// The name wanted.
    pub name: Option<String>,
    /// What downloads ask for.
    pub asked: Asked,
    /// The folder for downloads; it is made when the first one comes.
    pub out: PathBuf,
    /// What the link does to our side of transfers.
    pub scenario: Scenario,
}
