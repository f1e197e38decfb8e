//! The login: the three lines of a login by password, and the bans.
//!
//! ```text
//! -> {"join":{"name":"dana"}}
//! <- {"challenge":{"role":"room","message":"42...","sentence":"This room has..."}}
//! -> {"proof":{"message":"41...","confirmation":"..."}}
//! <- {"welcome":{"name":"dana",...,"confirmation":"..."}}
//! ```
//!
//! Nothing here knows how a message or a confirmation is made: that is `room::login`'s.

use crate::wire::digest::{Confirmation, Exchange};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The owner of the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The one that everybody in the room knows.
    Room,
    /// The teacher's own.
    Teacher,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Room => "room",
            Self::Teacher => "teacher",
        })
    }
}

/// The server's half of a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Which password the name calls for.
    pub role: Role,
    /// The server's message of the exchange.
    pub message: Exchange,
    /// The advice, for people who read this without a client.
    pub sentence: String,
}

/// The client's half of a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The client's message of the exchange.
    pub message: Exchange,
    /// That the client has come to the same key.
    pub confirmation: Confirmation,
}

/// A user who is banned until the server ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// By this name, and whatever looks like it.
    pub name: String,
    /// And from this address, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Why, in the teacher's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}
