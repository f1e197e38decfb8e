//! The login: the three lines of a login by password, and the bans.
//!
//! ```text
//! -> {"join":{"name":"dana"}}
//! <- {"challenge":{"role":"room","message":"42...","sentence":"This room has..."}}
//! -> {"proof":{"message":"41...","confirmation":"..."}}
//! <- {"welcome":{"name":"dana",...,"confirmation":"..."}}
//! ```
//!
//! `room::login` makes the messages and confirmations.

use crate::wire::digest::{Confirmation, Exchange};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The owner of the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The room's password, which all users know.
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
    /// The password that the name requires.
    pub role: Role,
    /// The server's message of the exchange.
    pub message: Exchange,
    /// The advice for users who read this without a client.
    pub sentence: String,
}

/// The client's half of a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The client's message of the exchange.
    pub message: Exchange,
    /// The proof that the client has the same key.
    pub confirmation: Confirmation,
}

/// A user who is banned until the server ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// The name; names that look like it are banned too.
    pub name: String,
    /// The address, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The reason of the teacher.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}
