//! The HTTP bodies with which a browser takes part in the class's questions.
//!
//! ```text
//! GET  /question                            --> {"question":{"number":1,...},"revealed":null,...}
//! POST /join    {"name":"guy"}              --> {"name":"guy","token":"0001..."}
//! POST /answer  {"number":1,"choice":2}     --> {"sentence":"Your answer ..."}
//! ```
//!
//! The question and the distribution are those of the chat connection
//! ([`message`](super::message)): the right answer is in neither. The token, in the field
//! `Authorization: Bearer`, shows that an answer comes from the owner of the name.
//!
//! ```
//! use sash::wire::web::{WebRequest, read_answer, read_name};
//! assert_eq!(read_name(br#"{"name":"guy"}"#).as_deref(), Some("guy"));
//! assert!(read_answer(br#"{"number":1,"choice":2}"#).is_some());
//! assert!(read_answer(b"number=1").is_none());
//! # let _ = WebRequest::Look { token: None };
//! ```
//!
//! Source: RFC 9110 (HTTP), RFC 6750 §2.1 (bearer tokens); report page `wire`.

use super::digest::Token;
use super::message::{Answer, ClassAnswer, Question, Revealed};
use serde::{Deserialize, Serialize};

/// A request of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebRequest {
    /// Requests the open question, and the participant's own answer.
    Look {
        /// The token of the participant, if there is one.
        token: Option<Token>,
    },
    /// Take part under this name.
    Join {
        /// The name as it was typed.
        name: String,
    },
    /// The answer of this participant.
    Answer {
        /// The participant.
        token: Token,
        /// The question and the answer.
        answer: ClassAnswer,
    },
}

/// An answer to the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebReply {
    /// The open question, or the last one with its distribution.
    Class(Box<ClassState>),
    /// The browser takes part now.
    Joined(WebJoined),
    /// The answer is recorded.
    Noted(Sentence),
    /// The request is refused: the reason and advice.
    Refused(Sentence),
    /// No participant has this token (any more).
    Unknown(Sentence),
}

/// The public state of the class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassState {
    /// The open question; if there is none, the last one.
    pub question: Option<Question>,
    /// The distribution of its answers, once the teacher has revealed it.
    pub revealed: Option<Revealed>,
    /// The participant who asks.
    pub me: Option<Me>,
}

/// The participant who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The name.
    pub name: String,
    /// The own answer to the question.
    pub answer: Option<Answer>,
}

/// A participant's name, and the secret that proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebJoined {
    /// The name.
    pub name: String,
    /// The token, to be sent with every answer.
    pub token: Token,
}

/// A sentence for a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// The sentence.
    pub sentence: String,
    /// A free name, if the name was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

impl Sentence {
    /// A sentence alone.
    #[must_use]
    pub fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            suggestion: None,
        }
    }
}

impl WebReply {
    /// The body, as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = match self {
            Self::Class(state) => serde_json::to_string(state),
            Self::Joined(joined) => serde_json::to_string(joined),
            Self::Noted(sentence) | Self::Refused(sentence) | Self::Unknown(sentence) => {
                serde_json::to_string(sentence)
            }
        };
        json.unwrap_or_default() // Strings and numbers: this cannot fail.
    }
}

/// The name in the body of a `POST /join`.
#[must_use]
pub fn read_name(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Join {
        name: String,
    }
    serde_json::from_slice(body).ok().map(|Join { name }| name)
}

/// The answer in the body of a `POST /answer`.
#[must_use]
pub fn read_answer(body: &[u8]) -> Option<ClassAnswer> {
    serde_json::from_slice(body).ok()
}
