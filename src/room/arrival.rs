//! From the first line of a client to its welcome.
//!
//! ```text
//!             no password                             right proof
//! join -----------------------------------> in <-------------------.
//!   '-- a password --> Drawing --chance--> Challenged --proof--> judged
//!                                           guesses? wait in turn --^  '--> refused
//! ```
//!
//! Requests that a client sends right after its `join` wait while it is challenged, and
//! are carried out when it has joined. If it may not join, none of them is carried out.

use super::door::Entrance;
use super::login::{Admission, Challenger, Entropy};
use super::name::Name;
use super::{Audience, ClientNumber, Effect, Room, complain, refuse, send_to_one};
use crate::wire::digest::Token;
use crate::wire::line::LONGEST_LINE_BYTES;
use crate::wire::message::{Code, Proof, Reply, Request, Role, VERSION, Welcome};

/// A client that has given a name and must prove a password.
#[derive(Debug)]
pub(super) struct Arriving {
    name: Name,
    /// The name as it was sent, which both confirmations cover.
    asked: String,
    role: Role,
    phase: LoginPhase,
    /// The token that claims a name in use.
    token: Option<Token>,
    /// The requests after `join`, to be carried out later.
    held: Vec<Request>,
    held_bytes: usize,
}

#[derive(Debug)]
enum LoginPhase {
    /// It waits for random numbers of the driver.
    Drawing,
    Challenged(Box<Challenger>),
    /// Too many wrong passwords came from its address: its proof waits for its turn.
    Proven(Box<Challenger>, Box<Proof>),
}

/// The limit of requests that wait until a client has joined, such as a script's first
/// lines. Unit: bytes.
const MOST_HELD_BYTES: usize = 4 * LONGEST_LINE_BYTES;

/// The reason why the earlier connection of a returning client ends.
const CAME_AGAIN: &str = "joined again from another connection";

/// The least cost of a request that waits. Unit: bytes.
const HELD_REQUEST_BYTES: usize = 128;

/// The least cost of a request whose answer is a list, because all of them are answered
/// at once. Unit: bytes.
const HELD_LIST_BYTES: usize = 8 * 1024;

const fn least_held_bytes(request: &Request) -> usize {
    if matches!(request, Request::Files | Request::Users) {
        HELD_LIST_BYTES
    } else {
        HELD_REQUEST_BYTES
    }
}

impl Room {
    /// Handles a request of a client that has not joined.
    pub(super) fn on_first_request(
        &mut self,
        client: ClientNumber,
        request: Request,
        time: u64,
    ) -> Vec<Effect> {
        self.participants.forget_the_silent(time);
        if self.arriving.contains_key(&client) {
            return self.on_request_at_the_door(client, request, time);
        }
        let Request::Join {
            name,
            version,
            token,
        } = request
        else {
            return refuse(
                client,
                Code::NotJoined,
                "Join first: {\"join\":{\"name\":\"...\"}}.".to_owned(),
                None,
            );
        };
        if version != VERSION {
            return refuse(
                client,
                Code::BadVersion,
                format!(
                    "This server uses version {VERSION} of the protocol, not \
                         {version}. Install the same version of Sash."
                ),
                None,
            );
        }
        match name.parse::<Name>() {
            Ok(parsed) => self.on_named(client, parsed, name, token),
            Err(error) => refuse(
                client,
                Code::BadName,
                error.to_string(),
                self.suggestion_for(&name),
            ),
        }
    }

    /// The random numbers that [`Effect::Draw`] asked for.
    pub fn on_drawn(&mut self, client: ClientNumber, entropy: Entropy) -> Vec<Effect> {
        let Some(arriving) = self.arriving.get_mut(&client) else {
            return Vec::new();
        };
        let challenged = self.door.password(arriving.role).and_then(|password| {
            Challenger::new(password, arriving.role, &arriving.asked, entropy)
        });
        let Some((challenger, mut challenge)) = challenged else {
            let sentence = "This server's password cannot be used. Ask the person who \
                            runs the server.";
            return self.turn_away(client, Code::PasswordNeeded, sentence.to_owned());
        };
        arriving.phase = LoginPhase::Challenged(Box::new(challenger));
        password_sentence(arriving.role).clone_into(&mut challenge.sentence);
        vec![send_to_one(client, Reply::Challenge(challenge))]
    }

    fn on_named(
        &mut self,
        client: ClientNumber,
        name: Name,
        asked: String,
        token: Option<Token>,
    ) -> Vec<Effect> {
        let origin = self.origins.get(&client);
        match self.door.meet(&name, origin) {
            Entrance::Refused(code, sentence) => {
                let suggestion = (code == Code::NameTaken)
                    .then(|| name.numbered(|candidate| self.is_free(candidate)));
                refuse(client, code, sentence, suggestion.flatten())
            }
            Entrance::Locked(role) => {
                let arriving = Arriving {
                    name,
                    asked,
                    role,
                    phase: LoginPhase::Drawing,
                    token,
                    held: Vec::new(),
                    held_bytes: 0,
                };
                self.arriving.insert(client, arriving);
                vec![Effect::Draw { client }]
            }
            Entrance::Open => self.join_or_return(client, name, token, None),
        }
    }

    /// Lets a client join if the name is free, or belongs to an earlier connection of the
    /// same client.
    fn join_or_return(
        &mut self,
        client: ClientNumber,
        name: Name,
        token: Option<Token>,
        admission: Option<&Admission>,
    ) -> Vec<Effect> {
        if self.is_free(&name) {
            return self.join(client, name, admission);
        }
        match token.and_then(|token| self.earlier(&name, token)) {
            Some(earlier) => self.take_over(client, earlier, name, admission),
            None => self.refuse_taken(client, &name),
        }
    }

    /// The connection with this name, if this token belongs to it and no other name looks
    /// like this one.
    fn earlier(&self, name: &Name, token: Token) -> Option<ClientNumber> {
        let mut alike = self.present.iter().filter(|(_, it)| it.passes_for(name));
        let (earlier, held) = alike.next()?;
        let right = self.tokens.get(earlier)?;
        // In constant time: the duration must not reveal how many bytes of a guess are
        // right.
        let pairs = right.0.iter().zip(token.0);
        let difference = pairs.fold(0, |all, (one, other)| all | (one ^ other));
        let is_owner = difference == 0 && held.is_same_word(name);
        (is_owner && alike.next().is_none()).then_some(*earlier)
    }

    /// A client returns while its earlier connection still exists: the server does not
    /// know yet that it is dead.
    fn take_over(
        &mut self,
        client: ClientNumber,
        earlier: ClientNumber,
        name: Name,
        admission: Option<&Admission>,
    ) -> Vec<Effect> {
        self.on_gone(earlier, CAME_AGAIN);
        // The first line for the client must be the welcome.
        let mut effects = vec![Effect::Send {
            to: Audience::Others(client),
            reply: Reply::Left {
                name: name.to_string(),
                why: CAME_AGAIN.to_owned(),
            },
        }];
        let sentence = "You joined again from another connection, which replaces this \
                        one."
            .to_owned();
        effects.extend(refuse(earlier, Code::Kicked, sentence, None));
        effects.extend(self.join(client, name, admission));
        effects
    }

    /// Handles a request of a challenged client: the proof, or a request that waits.
    fn on_request_at_the_door(
        &mut self,
        client: ClientNumber,
        request: Request,
        time: u64,
    ) -> Vec<Effect> {
        if let Request::Proof(proof) = request {
            return self.on_proof(client, &proof, time);
        }
        if request == Request::Disconnect {
            self.leave_the_door(client);
            return vec![Effect::Close { client }];
        }
        let Some(arriving) = self.arriving.get_mut(&client) else {
            return Vec::new();
        };
        arriving.held_bytes += request.to_line().len().max(least_held_bytes(&request));
        if arriving.held_bytes > MOST_HELD_BYTES {
            let sentence = "This was too much data before the password was proven. \
                            Prove the password first.";
            return self.turn_away(client, Code::PasswordNeeded, sentence.to_owned());
        }
        arriving.held.push(request);
        Vec::new()
    }

    fn on_proof(
        &mut self,
        client: ClientNumber,
        proof: &Proof,
        time: u64,
    ) -> Vec<Effect> {
        let Some(arriving) = self.arriving.remove(&client) else {
            return Vec::new();
        };
        let challenger = match arriving.phase {
            LoginPhase::Challenged(challenger) => challenger,
            LoginPhase::Drawing => {
                let sentence = "This proof arrived before its challenge. Wait for the \
                                challenge.";
                return refuse(client, Code::BadRequest, sentence.to_owned(), None);
            }
            LoginPhase::Proven(..) => {
                self.door.waiting.forget(client);
                let sentence = "This challenge was already answered. Connect again.";
                return refuse(client, Code::BadRequest, sentence.to_owned(), None);
            }
        };
        let arriving = Arriving {
            phase: LoginPhase::Proven(challenger, Box::new(proof.clone())),
            ..arriving
        };
        // Earlier proofs from the same address are compared first.
        let origin = self.origins.get(&client).cloned();
        if let Some(origin) = origin
            && !self.door.may_guess(Some(&origin), time)
        {
            if !self.door.waiting.push(client, &arriving.name, &origin) {
                let sentence = "Too many login attempts from your address are in \
                                progress. Try again in a minute.";
                return refuse(client, Code::TooManyGuesses, sentence.to_owned(), None);
            }
            self.arriving.insert(client, arriving);
            return Vec::new();
        }
        self.judge(client, arriving, time)
    }

    /// Whether the room needs [`Room::on_tick`].
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.door.waiting.is_empty() || self.has_untold_answers()
    }

    /// Time has passed: compares waiting proofs, and reports the number of answers to the
    /// teacher.
    pub fn on_tick(&mut self, time: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (client, origin) in self.door.waiting.fronts_with_origins() {
            if !self.door.may_guess(Some(&origin), time) {
                continue;
            }
            self.door.waiting.forget(client);
            if let Some(arriving) = self.arriving.remove(&client) {
                effects.extend(self.judge(client, arriving, time));
            }
        }
        effects.extend(self.tell_answered(time));
        effects
    }

    /// Compares a proof, and lets its client join or not.
    fn judge(
        &mut self,
        client: ClientNumber,
        arriving: Arriving,
        time: u64,
    ) -> Vec<Effect> {
        let LoginPhase::Proven(challenger, proof) = arriving.phase else {
            return Vec::new();
        };
        // Checks the rules again, because the user may have been banned meanwhile.
        let origin = self.origins.get(&client);
        let met = self.door.meet(&arriving.name, origin);
        if let Entrance::Refused(code, sentence) = met {
            return refuse(client, code, sentence, None);
        }
        let Some(admission) = challenger.judge(&proof) else {
            self.door.on_wrong(origin, time);
            let sentence = wrong_sentence(arriving.role);
            return refuse(client, Code::WrongPassword, sentence.to_owned(), None);
        };
        let held = arriving.held;
        let mut effects = match arriving.role {
            Role::Teacher => self.join_as_teacher(client, &admission),
            // Another client may have been faster.
            Role::Room => {
                let Arriving { name, token, .. } = arriving;
                self.join_or_return(client, name, token, Some(&admission))
            }
        };
        if !self.present.contains_key(&client) {
            return effects;
        }
        for request in held {
            effects.extend(self.on_request(client, request, time));
        }
        effects
    }

    /// Lets the teacher join even if an earlier connection of the teacher exists, because
    /// it may be dead.
    fn join_as_teacher(
        &mut self,
        client: ClientNumber,
        admission: &Admission,
    ) -> Vec<Effect> {
        let Some(teacher) = &self.door.rules.teacher else {
            return Vec::new();
        };
        let name = teacher.name.clone();
        match self.teacher.replace(client) {
            Some(earlier) => self.take_over(client, earlier, name, Some(admission)),
            None => self.join(client, name, Some(admission)),
        }
    }

    fn join(
        &mut self,
        client: ClientNumber,
        name: Name,
        admission: Option<&Admission>,
    ) -> Vec<Effect> {
        let shown = name.to_string();
        self.present.insert(client, name);
        // After a login by password the client computes its token itself, and nobody else
        // sees it.
        let secret = self.secret.filter(|_| admission.is_none());
        let told = secret.map(|secret| secret.return_token(client));
        let token = admission.map(|it| it.key.return_token(0)).or(told);
        self.tokens.extend(token.map(|token| (client, token)));
        let teacher = self.door.rules.teacher.as_ref();
        let welcome = Welcome {
            name: shown.clone(),
            version: VERSION,
            server: concat!("sash ", env!("CARGO_PKG_VERSION")).to_owned(),
            line_bytes: LONGEST_LINE_BYTES,
            defaults: self.defaults,
            confirmation: admission.map(|it| it.confirmation),
            token: told,
            teacher: teacher.map(|teacher| teacher.name.to_string()),
        };
        let mut effects = Vec::new();
        if let Some(Admission { key, .. }) = admission {
            effects.push(Effect::Key { client, key: *key });
        }
        effects.extend([
            send_to_one(client, Reply::Welcome(welcome)),
            send_to_one(client, Reply::history(self.said.iter())),
            Effect::Send {
                to: Audience::Others(client),
                reply: Reply::Joined { name: shown },
            },
        ]);
        effects.extend(self.running_lab(client));
        effects.extend(self.open_question(client));
        effects
    }

    /// Whether no user has this name or one that looks like it.
    pub(super) fn is_free(&self, name: &Name) -> bool {
        !self.door.is_reserved(name) && self.like(name).is_none()
    }

    /// The user, here or in a browser, who has this name or one that looks like it.
    fn like(&self, name: &Name) -> Option<&Name> {
        let present = self.present.values().find(|other| other.passes_for(name));
        present.or_else(|| self.participants.like(name))
    }

    pub(super) fn taken_sentence(&self, name: &Name) -> String {
        match self.like(name) {
            Some(other) if !other.is_same_word(name) => format!(
                "The name \"{name}\" looks like that of the user \"{other}\". Choose \
                 another."
            ),
            Some(_) | None => format!("The name \"{name}\" is taken. Choose another."),
        }
    }

    fn refuse_taken(&self, client: ClientNumber, name: &Name) -> Vec<Effect> {
        let suggestion = name.numbered(|candidate| self.is_free(candidate));
        refuse(
            client,
            Code::NameTaken,
            self.taken_sentence(name),
            suggestion,
        )
    }

    /// Refuses a client that has not joined.
    pub(super) fn turn_away(
        &mut self,
        client: ClientNumber,
        code: Code,
        sentence: String,
    ) -> Vec<Effect> {
        self.leave_the_door(client);
        refuse(client, code, sentence, None)
    }

    /// Forgets a client that has not joined.
    pub(super) fn leave_the_door(&mut self, client: ClientNumber) {
        self.arriving.remove(&client);
        self.door.waiting.forget(client);
    }

    /// Whether a client that has not joined waits for the server.
    pub(super) fn is_proven(&self, client: ClientNumber) -> bool {
        let arriving = self.arriving.get(&client);
        arriving.is_some_and(|it| matches!(it.phase, LoginPhase::Proven(..)))
    }

    /// The message for an unrequested proof.
    pub(super) fn on_proof_inside(client: ClientNumber) -> Vec<Effect> {
        let sentence = "You have already joined, so there is nothing to prove.";
        complain(client, Code::BadRequest, sentence.to_owned())
    }

    /// The reason why a client has not joined.
    pub(super) fn what_is_missing(&self, client: ClientNumber) -> (Code, String) {
        match self.arriving.get(&client) {
            Some(arriving) => (
                Code::PasswordNeeded,
                password_sentence(arriving.role).to_owned(),
            ),
            None => (
                Code::NotJoined,
                "You did not join in time. Connect again and send join.".to_owned(),
            ),
        }
    }
}

/// The message also helps a user of `nc`: a password cannot be proven by hand.
const fn password_sentence(role: Role) -> &'static str {
    match role {
        Role::Room => {
            "This room requires a password, which is proven and never sent. Sash's \
             client asks for it or reads it with --password-file."
        }
        Role::Teacher => {
            "This is the teacher's name and requires the teacher's password, which is \
             proven and never sent. Sash's client asks for it or reads it with \
             --password-file. Otherwise choose another name."
        }
    }
}

const fn wrong_sentence(role: Role) -> &'static str {
    match role {
        Role::Room => "This is not the room's password. Check it and try again.",
        Role::Teacher => "This is not the teacher's password. Check it and try again.",
    }
}
