//! The login of the client, with or without a password.
//!
//! ```text
//! join --> challenge --> has a password? --> draw --> proof --> welcome, confirmed?
//!                          v no                         v refused  v no: leave
//!                        LoginProblem::Password  <------'
//! ```
//!
//! Requests of the user wait meanwhile, and are sent after the login, even if a password
//! had to be typed first.

use super::{Controller, Effect};
use crate::client::address::ServerAddress;
use crate::client::model::{LineKind, LoginProblem};
use crate::client::words;
use crate::room::login::{Awaiting, Entropy, Key, Password, answer};
use crate::wire::digest::Token;
use crate::wire::line::LONGEST_LINE_BYTES;
use crate::wire::mac::TrafficKeys;
use crate::wire::message::{Challenge, Offer, Request, VERSION, Welcome};
use std::mem;

/// The state of a login.
#[derive(Debug, Default)]
pub(super) struct Login {
    pub(super) password: Option<Password>,
    /// The name as it was sent in `join`, until the client has joined.
    name: Option<String>,
    challenge: Option<Challenge>,
    awaiting: Option<Awaiting>,
    /// The result of this connection's login.
    key: Option<Key>,
    /// The token that claims the name after a lost connection.
    rejoin_token: Option<RejoinToken>,
    /// The requests after `join`, sent or not.
    behind: Vec<Request>,
    /// The requests after an earlier `join`, which failed because a password was missing.
    earlier: Vec<Request>,
}

/// The last server and name, and the token that claims the name.
#[derive(Debug)]
struct RejoinToken {
    server: String,
    name: String,
    token: Token,
}

impl Login {
    /// The request, if it may be sent now. With a password all requests but those of the
    /// login wait for the welcome, because the server holds back only a limited number.
    pub(super) fn pass(&mut self, request: Request) -> Option<Request> {
        if let Request::Join { name, .. } = &request {
            let earlier = mem::take(&mut self.earlier);
            *self = Self {
                password: self.password.take(),
                name: Some(name.clone()),
                earlier,
                rejoin_token: self.rejoin_token.take(),
                ..Self::default()
            };
            return Some(request);
        }
        let is_of_the_login = matches!(request, Request::Proof(_) | Request::Disconnect);
        if self.name.is_none() || is_of_the_login {
            return Some(request);
        }
        self.behind.push(request.clone());
        self.password.is_none().then_some(request)
    }

    /// The requests that were held back.
    fn let_go(&mut self) -> Vec<Request> {
        let behind = mem::take(&mut self.behind);
        let mut held = if self.password.is_some() {
            behind
        } else {
            Vec::new()
        };
        held.append(&mut self.earlier);
        held
    }
}

impl Controller {
    /// Connects, and sends `join` and the first requests together.
    pub(super) fn join(&mut self, address: ServerAddress, now_ms: u64) {
        let name = self.model.name.clone();
        let join = Request::Join {
            name,
            version: VERSION,
            token: self.rejoin_token(),
        };
        self.line_bytes = LONGEST_LINE_BYTES;
        if let Some(sentence) = self.too_long(&join) {
            return self.refuse_form(sentence);
        }
        self.last_heard_ms = now_ms;
        self.pinged_ms = None;
        self.effects.push(Effect::Connect(address));
        self.send(join);
        (self.unshown_user_lists, self.unshown_file_lists) = (0, 0);
        self.coming_users.clear();
        self.coming_files.clear();
        self.coming_rows.clear();
        self.knows_files = false;
        if self.wants_lists {
            (self.unshown_user_lists, self.unshown_file_lists) = (1, 1);
            self.send(Request::Users);
            self.send(Request::Files);
        }
    }

    /// The token that claims this name at this server, if the client had it before.
    pub(super) fn rejoin_token(&self) -> Option<Token> {
        let rejoin_token = self.login.rejoin_token.as_ref()?;
        let is_there = rejoin_token.server == self.model.server;
        (is_there && rejoin_token.name == self.model.name).then_some(rejoin_token.token)
    }

    pub(super) fn on_challenge(&mut self, challenge: Challenge, now_ms: u64) {
        if self.login.name.is_none() {
            return; // The client has joined already.
        }
        if self.login.password.is_none() {
            return self.want_password(&challenge.sentence, now_ms);
        }
        self.login.challenge = Some(challenge);
        self.effects.push(Effect::Draw);
    }

    /// The random numbers that [`Effect::Draw`] asked for.
    pub(super) fn on_drawn(&mut self, entropy: Entropy, now_ms: u64) {
        let Login {
            password: Some(password),
            name: Some(name),
            challenge: Some(challenge),
            ..
        } = &self.login
        else {
            return;
        };
        let Some((proof, awaiting)) = answer(password, challenge, name, entropy) else {
            let sentence = "The server asked for the password in an invalid way. It may \
                            not be a Sash server.";
            return self.refuse_the_server(sentence, now_ms);
        };
        self.login.challenge = None;
        self.login.key = Some(awaiting.key());
        self.login.awaiting = Some(awaiting);
        self.send(Request::Proof(proof));
    }

    /// Whether the client stays connected: the server must prove the password too.
    pub(super) fn check_welcome(&mut self, welcome: &Welcome, now_ms: u64) -> bool {
        let is_confirmed = self.login.awaiting.take().map(|awaiting| {
            let confirmation = welcome.confirmation.as_ref();
            confirmation.is_some_and(|it| awaiting.is_confirmed(it))
        });
        if is_confirmed == Some(false) {
            self.refuse_the_server(
                "This server does not know the password, so it is not the intended \
                 server.",
                now_ms,
            );
            return false;
        }
        if is_confirmed.is_none() && self.login.password.is_some() {
            let text = "This server did not ask for the password: anyone can join, and \
                        it has not proven that it is the intended server.";
            self.model.chat.push(now_ms, LineKind::Notice, text);
        }
        let proven = self.login.key.map(|key| key.return_token(0));
        self.login.rejoin_token = proven.or(welcome.token).map(|token| RejoinToken {
            server: self.model.server.clone(),
            name: words::harmless(&welcome.name),
            token,
        });
        self.login.name = None;
        for request in self.login.let_go() {
            self.effects.push(Effect::Send(request));
        }
        true
    }

    /// The login ended because a password is missing or wrong.
    pub(super) fn want_password(&mut self, sentence: &str, now_ms: u64) {
        self.effects.push(Effect::HangUp);
        // The next login requests again the lists that every login requests.
        let lists = if self.wants_lists { 2 } else { 0 };
        let behind = mem::take(&mut self.login.behind).into_iter().skip(lists);
        self.login.earlier.extend(behind);
        self.login.password = None;
        self.login.name = None;
        if self.model.rejoining.is_some() {
            return self.give_up_rejoining(words::harmless(sentence), now_ms);
        }
        self.stop_joining(LoginProblem::Password {
            sentence: words::harmless(sentence),
        });
    }

    /// The offer with its real token, and the keys for its MACs: an eavesdropper on the
    /// chat knows neither.
    pub(super) fn unseal(&self, mut offer: Offer) -> (Offer, Option<TrafficKeys>) {
        let Some(key) = self.login.key else {
            return (offer, None);
        };
        let drawn = offer.token;
        offer.token = key.token(drawn, offer.transfer);
        let keys = key.traffic_keys(drawn, offer.transfer);
        (offer, Some(keys))
    }

    fn refuse_the_server(&mut self, sentence: &str, now_ms: u64) {
        self.effects.push(Effect::HangUp);
        if self.model.rejoining.is_some() {
            return self.give_up_rejoining(sentence.to_owned(), now_ms);
        }
        self.end_login(LoginProblem::Refused {
            sentence: sentence.to_owned(),
            suggestion: None,
        });
    }
}
