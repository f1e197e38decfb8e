//! Users who only answer the class's questions, from a browser.
//!
//! ```text
//! join guy --> free, not banned, not the teacher's? --> a token
//! answer   --> as in the chat: kept until reveal, by name
//! look     --> the question; the distribution, once it is revealed
//! ```
//!
//! A participant is in no list of users, receives no chat and gets no files. The name is
//! a name of the room all the same: nobody in the chat can have it, and the teacher can
//! remove and ban it. After `SILENCE_MS` without a request the name is free again; the
//! answer stays.
//!
//! A password cannot be proven over plain HTTP without revealing it, so a room with a
//! password has no participants.

use super::door::{Entrance, Origin};
use super::name::{self, Name};
use super::{Effect, Room};
use crate::wire::digest::Token;
use crate::wire::message::{ClassAnswer, Role};
use crate::wire::web::{ClassState, Me, Sentence, WebJoined, WebReply, WebRequest};

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Participants(Vec<Participant>);

/// One of them.
#[derive(Debug)]
struct Participant {
    name: Name,
    token: Token,
    origin: Origin,
    /// The time of its last request. Unit: milliseconds since 1970-01-01 UTC.
    seen_ms: u64,
}

/// The driver's data about a browser.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Its address.
    pub origin: Origin,
    /// The limit of names from this address.
    pub most_names: usize,
    /// Fresh random bytes for the token of a new participant.
    pub token: Token,
}

/// Most participants.
const MOST_PARTICIPANTS: usize = 1_000;

/// The time after which a name is free again. A locked phone sends no requests. Unit:
/// milliseconds.
const SILENCE_MS: u64 = 15 * 60 * 1_000;

impl Room {
    /// Handles a request of a browser, at this time of day. Unit of `time`: milliseconds
    /// since 1970-01-01 UTC.
    pub fn on_web(
        &mut self,
        request: WebRequest,
        visitor: Visitor,
        time: u64,
    ) -> (WebReply, Vec<Effect>) {
        if !self.door.rules.is_class || self.door.rules.password.is_some() {
            let why = if self.door.rules.is_class {
                "This room requires a password, which a browser cannot prove. Take part \
                 with Sash's client."
            } else {
                "This server has no class."
            };
            return (WebReply::Refused(Sentence::new(why)), Vec::new());
        }
        self.participants.forget_the_silent(time);
        match request {
            WebRequest::Look { token } => {
                let me = token.and_then(|token| self.participants.find(token, time));
                (self.look(me), Vec::new())
            }
            WebRequest::Join { name } => (self.admit(&name, visitor, time), Vec::new()),
            WebRequest::Answer { token, answer } => {
                if let Some(name) = self.participants.find(token, time) {
                    return self.on_web_answer(name, answer, time);
                }
                let sentence = "You do not take part any more. Enter your name again.";
                (WebReply::Unknown(Sentence::new(sentence)), Vec::new())
            }
        }
    }

    fn look(&self, me: Option<String>) -> WebReply {
        let (question, revealed) = self.questions.last();
        let me = me.map(|name| Me {
            answer: self.questions.answer_of(&name),
            name,
        });
        WebReply::Class(Box::new(ClassState {
            question: question.cloned(),
            revealed: revealed.cloned(),
            me,
        }))
    }

    fn admit(&mut self, text: &str, visitor: Visitor, time: u64) -> WebReply {
        let refuse = |sentence: String, suggestion: Option<Name>| {
            WebReply::Refused(Sentence {
                sentence,
                suggestion: suggestion.map(|name| name.to_string()),
            })
        };
        let name = match text.parse::<Name>() {
            Ok(name) => name,
            Err(error) => return refuse(error.to_string(), self.suggestion_for(text)),
        };
        let numbered = || name.numbered(|candidate| self.is_free(candidate));
        match self.door.meet(&name, Some(&visitor.origin)) {
            Entrance::Open => {}
            Entrance::Refused(_, sentence) => return refuse(sentence, None),
            Entrance::Locked(Role::Teacher | Role::Room) => {
                let sentence = "This is the teacher's name. Choose another.";
                return refuse(sentence.to_owned(), numbered());
            }
        }
        if !self.is_free(&name) {
            return refuse(self.taken_sentence(&name), numbered());
        }
        let all = &self.participants.0;
        let from_there = all.iter().filter(|it| it.origin == visitor.origin);
        if all.len() >= MOST_PARTICIPANTS || from_there.count() >= visitor.most_names {
            let sentence = "Too many take part already, here or from your address. Tell \
                            your teacher.";
            return refuse(sentence.to_owned(), None);
        }
        let joined = WebJoined {
            name: name.to_string(),
            token: visitor.token,
        };
        self.participants.0.push(Participant {
            name,
            token: visitor.token,
            origin: visitor.origin,
            seen_ms: time,
        });
        WebReply::Joined(joined)
    }

    fn on_web_answer(
        &mut self,
        name: String,
        answer: ClassAnswer,
        time: u64,
    ) -> (WebReply, Vec<Effect>) {
        match self.questions.take(name, answer, time) {
            Ok(text) => {
                let effects = self.tell_answered(time).into_iter().collect();
                (WebReply::Noted(Sentence::new(text)), effects)
            }
            Err(text) => (WebReply::Refused(Sentence::new(text)), Vec::new()),
        }
    }

    /// A free name that resembles an invalid one.
    pub(super) fn suggestion_for(&self, text: &str) -> Option<Name> {
        let name = name::cleaned(text)?;
        if self.is_free(&name) {
            return Some(name);
        }
        name.numbered(|other| self.is_free(other))
    }
}

impl Participants {
    /// The name of a token, whose owner has just sent a request.
    fn find(&mut self, token: Token, time: u64) -> Option<String> {
        let found = self.0.iter_mut().find(|it| it.token == token)?;
        found.seen_ms = time;
        Some(found.name.to_string())
    }

    /// Frees the names of participants who have been silent for long. A clock that was
    /// set back frees none.
    pub(super) fn forget_the_silent(&mut self, time: u64) {
        self.0
            .retain(|it| time.saturating_sub(it.seen_ms) < SILENCE_MS);
    }

    /// The participant whose name is this one or looks like it.
    pub(super) fn like(&self, name: &Name) -> Option<&Name> {
        let mut names = self.0.iter().map(|it| &it.name);
        names.find(|other| other.passes_for(name))
    }

    /// The address of the participant with this name.
    pub(super) fn origin_of(&self, name: &Name) -> Option<&Origin> {
        let found = self.0.iter().find(|it| it.name.is_same_word(name));
        found.map(|it| &it.origin)
    }

    /// Removes the participant with this name.
    pub(super) fn remove(&mut self, name: &Name) {
        self.0.retain(|it| !it.name.is_same_word(name));
    }
}
