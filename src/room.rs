//! The users in the room, and the receivers of each message: a request in, effects out.
//!
//! This is the only place that determines the order of lines. Requests arrive one after
//! the other, and the lines go to all users in the same order, also to their author, who
//! gets the own line back.
//!
//! ```text
//! client 7: say "hi" --> Room --> Tell { to: Everyone, said "hi" from dana }
//! client 7: download --> Room --> Transfers { client: 7, order }
//! client 9: gone     --> Room --> Tell { to: Everyone, left guy }
//! ```
//!
//! It uses no socket, file or clock: clients are numbers, the time is an argument, and it
//! returns input and output as [`Effect`]s.
//!
//! ```
//! use sash::room::{Audience, Effect, Room};
//! use sash::wire::{message::{Reply, Request}, options::NegotiatedOptions};
//! let mut room = Room::new(NegotiatedOptions::DEFAULT);
//! let join = Request::Join { name: "dana".into(), version: 1, token: None };
//! room.on_request(1, join, 0);
//! let effects = room.on_request(1, Request::Users, 0);
//! let users = Reply::Users { names: vec!["dana".into()], more: false };
//! assert_eq!(effects, [Effect::Send { to: Audience::One(1), reply: users }]);
//! ```

mod arrival;
pub mod class;
pub mod door;
pub mod login;
pub mod name;
pub mod participants;
mod question;
mod teacher;

use crate::wire::digest::Token;
use crate::wire::message::{
    Code, Complaint, DownloadRequest, FileEntry, Refusal, Reply, Request, Said,
    TransferState, UploadRequest, Whispered,
};
use crate::wire::options::NegotiatedOptions;
use arrival::Arriving;
use class::{Class, Recorded};
use door::{Door, Origin, Rules};
use login::{Entropy, Key};
use name::Name;
use participants::Participants;
use question::Questions;
use std::collections::{BTreeMap, VecDeque};
use teacher::Severity;

/// A client's number, which is never used again.
pub type ClientNumber = u64;

/// The number of earlier public lines for a user who joins (as far as they fit into one
/// line).
pub const HISTORY_LINES: usize = 100;

/// The longest part of a parser's error that is passed on, because it may quote the whole
/// line.
const LONGEST_WHY: usize = 300;

/// The users, and the latest messages.
#[derive(Debug)]
pub struct Room {
    defaults: NegotiatedOptions,
    present: BTreeMap<ClientNumber, Name>,
    said: VecDeque<Said>,
    door: Door,
    /// The clients that have given a name and must prove a password.
    arriving: BTreeMap<ClientNumber, Arriving>,
    /// The addresses of the clients, as far as the driver has reported them.
    origins: BTreeMap<ClientNumber, Origin>,
    /// The token with which each user claims the name for a later connection.
    tokens: BTreeMap<ClientNumber, Token>,
    /// The key for the tokens of users who did not log in by password.
    secret: Option<Key>,
    /// The teacher, if present.
    teacher: Option<ClientNumber>,
    class: Class,
    questions: Questions,
    /// The users who answer from a browser.
    participants: Participants,
}

/// The effects for the driver, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send this line; a line to many is encoded once.
    Send {
        /// The receivers.
        to: Audience,
        /// What.
        reply: Reply,
    },
    /// Work on files, which other threads do.
    Transfers {
        /// The client that requests it.
        client: ClientNumber,
        /// What.
        order: FileRequest,
    },
    /// Pass fresh random bytes for this client's login to [`Room::on_drawn`].
    Draw {
        /// Whose.
        client: ClientNumber,
    },
    /// This client's login has produced a key, from which the tokens of its transfers
    /// follow.
    Key {
        /// Whose.
        client: ClientNumber,
        /// The key, valid while the client is connected.
        key: Key,
    },
    /// Record this result of a class.
    Record(Box<Recorded>),
    /// End this connection when all lines to it are sent.
    Close {
        /// Whose.
        client: ClientNumber,
    },
}

/// The receivers of a line. "Everyone" means the users in the room after the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// This client, in the room or not.
    One(ClientNumber),
    /// Everyone in the room.
    Everyone,
    /// Everyone but this one.
    Others(ClientNumber),
}

/// The requests that need files, which the room passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileRequest {
    /// List the files.
    List,
    /// Send a file to the client.
    Download(DownloadRequest),
    /// Receive a file from the client.
    Upload {
        /// The client that uploads it.
        from: String,
        /// What.
        request: UploadRequest,
    },
    /// End this transfer.
    Cancel(u64),
    /// Pause (`true`) or resume this transfer.
    Pause(u64, bool),
    /// The outcome of this transfer on the other side.
    Verdict(u64, TransferState),
}

impl Room {
    /// An empty room; `defaults` are the options of transfers without requested ones.
    #[must_use]
    pub fn new(defaults: NegotiatedOptions) -> Self {
        Self::with_rules(defaults, Rules::default())
    }

    /// An empty room with rules for joining.
    #[must_use]
    pub fn with_rules(defaults: NegotiatedOptions, rules: Rules) -> Self {
        Self {
            defaults,
            present: BTreeMap::new(),
            said: VecDeque::new(),
            door: Door::new(rules),
            arriving: BTreeMap::new(),
            origins: BTreeMap::new(),
            tokens: BTreeMap::new(),
            secret: None,
            teacher: None,
            class: Class::default(),
            questions: Questions::default(),
            participants: Participants::default(),
        }
    }

    /// Makes tokens from these random bytes. A client whose connection has died claims
    /// its name with its token.
    pub fn set_secret(&mut self, entropy: Entropy) {
        self.secret = Some(Key::from_entropy(entropy));
    }

    /// A client has connected from this address, which counts for bans and wrong
    /// passwords. [`Room::on_closed`] forgets it.
    pub fn on_connected(&mut self, client: ClientNumber, origin: Origin) {
        self.origins.insert(client, origin);
    }

    /// This client sends nothing more, whether it has joined or not.
    pub fn on_closed(&mut self, client: ClientNumber) {
        self.origins.remove(&client);
        self.leave_the_door(client);
    }

    /// Handles a request of this client, at this time of day. Unit of `time`:
    /// milliseconds since 1970-01-01 UTC.
    pub fn on_request(
        &mut self,
        client: ClientNumber,
        request: Request,
        time: u64,
    ) -> Vec<Effect> {
        let Some(me) = self.present.get(&client) else {
            return self.on_first_request(client, request, time);
        };
        let from = me.as_str().to_owned();
        match request {
            Request::Join { .. } => complain(
                client,
                Code::AlreadyJoined,
                format!(
                    "You have already joined as {from}. To change your name, \
                         disconnect first."
                ),
            ),
            Request::Proof(_) => Self::on_proof_inside(client),
            Request::Say { text } => self.say(client, Said { from, text, time }),
            Request::Whisper { to, text } => self.whisper(
                client,
                Whispered {
                    from,
                    to,
                    text,
                    time,
                },
            ),
            Request::Users => {
                let names = self.present.values().map(Name::to_string).collect();
                let tell = |reply| send_to_one(client, reply);
                Reply::users(names).into_iter().map(tell).collect()
            }
            Request::Files => hand_on(client, FileRequest::List),
            Request::Download(request) => hand_on(client, FileRequest::Download(request)),
            Request::Upload(request) => {
                hand_on(client, FileRequest::Upload { from, request })
            }
            Request::Cancel { transfer } => {
                hand_on(client, FileRequest::Cancel(transfer))
            }
            Request::Pause { transfer } => {
                hand_on(client, FileRequest::Pause(transfer, true))
            }
            Request::Resume { transfer } => {
                hand_on(client, FileRequest::Pause(transfer, false))
            }
            Request::Transfer { transfer, state } => {
                hand_on(client, FileRequest::Verdict(transfer, state))
            }
            Request::Kick { name, why } => {
                self.remove_user(client, &name, &why, Severity::Kick)
            }
            Request::Ban { name, why } => {
                self.remove_user(client, &name, &why, Severity::Ban)
            }
            Request::Unban { name } => self.unban(client, &name),
            Request::Bans => self.list_bans(client),
            Request::Lab(assignment) => self.give_out(client, assignment),
            Request::LabResult(result) => self.on_result(client, result, time),
            Request::LabResults => self.list_results(client),
            Request::Submit(submission) => self.on_submission(client, submission, time),
            Request::Ask(question) => self.ask_class(client, question),
            Request::Answer(answer) => self.on_answer(client, answer, time),
            Request::Reveal => self.reveal(client),
            Request::Ping => vec![send_to_one(client, Reply::Pong)],
            Request::Disconnect => {
                let mut effects = self.on_gone(client, "disconnected");
                effects.push(Effect::Close { client });
                effects
            }
        }
    }

    /// This client's connection has ended. Harmless for a client that never joined.
    pub fn on_gone(&mut self, client: ClientNumber, why: &str) -> Vec<Effect> {
        let Some(name) = self.present.remove(&client) else {
            return Vec::new();
        };
        self.tokens.remove(&client);
        if self.teacher == Some(client) {
            self.teacher = None;
        }
        let left = Reply::Left {
            name: name.to_string(),
            why: why.to_owned(),
        };
        vec![send_to_everyone(left)]
    }

    /// This client sent a line that is no request; the connection continues.
    #[must_use]
    pub fn on_unreadable(
        &self,
        client: ClientNumber,
        why: &str,
        tag: Option<u64>,
    ) -> Vec<Effect> {
        let why: String = why.chars().take(LONGEST_WHY).collect();
        let complaint = Complaint {
            code: Code::BadRequest,
            sentence: format!(
                "The server does not understand this line ({why}). See \
                               report/wire.md."
            ),
            tag,
        };
        vec![send_to_one(client, Reply::Error(complaint))]
    }

    /// This client sent an unreadable line, which was skipped; the connection continues.
    /// A client that has not joined uses another protocol, and is refused.
    #[must_use]
    pub fn on_illegible(&self, client: ClientNumber, why: &str) -> Vec<Effect> {
        if !self.present.contains_key(&client) {
            return refuse(client, Code::BadLine, format!("{why}."), None);
        }
        let sentence = format!("{why}. The server skipped it. Send shorter lines.");
        complain(client, Code::BadLine, sentence)
    }

    /// This client's bytes cannot be read any further: ends the connection.
    pub fn on_broken_line(&mut self, client: ClientNumber, why: &str) -> Vec<Effect> {
        if !self.present.contains_key(&client) {
            return refuse(client, Code::BadLine, format!("{why}."), None);
        }
        let mut effects = complain(
            client,
            Code::BadLine,
            format!(
                "{why}. The server closes the \
                                                                   connection."
            ),
        );
        effects.extend(self.on_gone(client, "sent an unreadable line"));
        effects.push(Effect::Close { client });
        effects
    }

    /// This client has not joined in time.
    #[must_use]
    pub fn on_late(&self, client: ClientNumber) -> Vec<Effect> {
        if self.present.contains_key(&client) || self.is_proven(client) {
            return Vec::new();
        }
        let (code, sentence) = self.what_is_missing(client);
        refuse(client, code, sentence, None)
    }

    /// An upload is complete; all users may download it now.
    #[must_use]
    pub fn on_shared(from: String, file: FileEntry) -> Vec<Effect> {
        vec![send_to_everyone(Reply::Shared { from, file })]
    }

    /// A notice to all users.
    #[must_use]
    pub fn notice(text: &str) -> Vec<Effect> {
        let text = text.to_owned();
        vec![send_to_everyone(Reply::Notice { text })]
    }

    /// The current clients of an audience.
    pub fn members(&self, audience: Audience) -> impl Iterator<Item = ClientNumber> + '_ {
        let (one, all_but) = match audience {
            Audience::One(client) => (Some(client), None),
            Audience::Everyone => (None, None),
            Audience::Others(client) => (None, Some(client)),
        };
        let many = self.present.keys().copied();
        let many = many.filter(move |client| one.is_none() && Some(*client) != all_but);
        one.into_iter().chain(many)
    }

    /// The name of a user in the room.
    #[must_use]
    pub fn name_of(&self, client: ClientNumber) -> Option<&Name> {
        self.present.get(&client)
    }

    fn say(&mut self, client: ClientNumber, said: Said) -> Vec<Effect> {
        let reply = Reply::Said(said.clone());
        if let Err(sentence) = check_text(&said.text, &reply) {
            return complain(client, Code::BadText, sentence.to_owned());
        }
        if self.said.len() == HISTORY_LINES {
            self.said.pop_front();
        }
        self.said.push_back(said);
        vec![send_to_everyone(reply)]
    }

    fn whisper(&self, client: ClientNumber, mut whispered: Whispered) -> Vec<Effect> {
        let wanted = whispered.to.parse::<Name>().ok();
        let listener = wanted.and_then(|wanted| {
            let mut present = self.present.iter();
            present.find(|(_, name)| name.is_same_word(&wanted))
        });
        let Some((&listener, name)) = listener else {
            let nobody: String = whispered.to.chars().take(name::LONGEST_NAME).collect();
            let sentence =
                format!("There is no user {nobody:?}. To list the users, send: users.");
            return complain(client, Code::NoSuchUser, sentence);
        };
        whispered.to = name.to_string();
        let reply = Reply::Whispered(whispered.clone());
        if let Err(sentence) = check_text(&whispered.text, &reply) {
            return complain(client, Code::BadText, sentence.to_owned());
        }
        let mut effects = vec![send_to_one(listener, reply.clone())];
        if listener != client {
            effects.push(send_to_one(client, reply));
        }
        effects
    }
}

/// Whether a text may be passed on, as `reply`.
///
/// Control characters other than the tab are refused rather than stripped: a terminal
/// would obey them, a line break could forge the line of another user, and the author
/// should know that the text was refused.
fn check_text(text: &str, reply: &Reply) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        return Err("This message is empty. Write a text.");
    }
    let is_forbidden = |c: char| (c.is_control() && c != '\t') || is_line_break(c);
    if text.chars().any(is_forbidden) {
        return Err(
            "A message cannot contain line breaks or control characters. Remove them.",
        );
    }
    if !reply.fits_in_a_line() {
        return Err("This message is too long. Split it into two.");
    }
    Ok(())
}

/// LINE SEPARATOR and PARAGRAPH SEPARATOR, which are not control characters.
const fn is_line_break(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}

const fn send_to_one(client: ClientNumber, reply: Reply) -> Effect {
    Effect::Send {
        to: Audience::One(client),
        reply,
    }
}

const fn send_to_everyone(reply: Reply) -> Effect {
    Effect::Send {
        to: Audience::Everyone,
        reply,
    }
}

fn hand_on(client: ClientNumber, order: FileRequest) -> Vec<Effect> {
    vec![Effect::Transfers { client, order }]
}

fn complain(client: ClientNumber, code: Code, sentence: String) -> Vec<Effect> {
    let complaint = Complaint {
        code,
        sentence,
        tag: None,
    };
    vec![send_to_one(client, Reply::Error(complaint))]
}

fn refuse(
    client: ClientNumber,
    code: Code,
    sentence: String,
    suggestion: Option<Name>,
) -> Vec<Effect> {
    let refusal = Refusal {
        code,
        sentence,
        suggestion: suggestion.map(|name| name.to_string()),
    };
    vec![
        send_to_one(client, Reply::Refused(refusal)),
        Effect::Close { client },
    ]
}

#[cfg(test)]
mod tests;
