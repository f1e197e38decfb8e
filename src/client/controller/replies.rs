//! Handles the replies of the server.

use super::{
    ANSWER_AFTER_MS, Controller, Effect, LOST_AFTER_MS, PING_AFTER_MS,
    SHORTEST_LINE_BYTES,
};
use crate::client::model::{LineKind, LoginProblem, MOST_ENTRIES, Phase};
use crate::client::{commands, words};
use crate::wire::message::{
    Ban, Code, Complaint, FileEntry, Refusal, Reply, Request, Said, TransferState,
    Welcome, Whispered,
};

impl Controller {
    pub(super) fn on_reply(&mut self, reply: Reply, now_ms: u64) {
        self.last_heard_ms = now_ms;
        if !self.model.is_online() {
            return; // The last lines of a connection that the client has left.
        }
        let is_history = matches!(reply, Reply::History { .. });
        if !is_history && !matches!(reply, Reply::Welcome(_)) {
            self.show_absence(None, now_ms);
        }
        match reply {
            Reply::Challenge(challenge) => self.on_challenge(challenge, now_ms),
            Reply::Welcome(welcome) => self.on_welcome(&welcome, now_ms),
            Reply::Refused(refusal) => self.on_refused(&refusal, now_ms),
            Reply::History { lines } => self.on_history(lines, now_ms),
            Reply::Said(said) => self.on_said(said),
            Reply::Whispered(whispered) => self.on_whispered(whispered),
            Reply::Users { names, more } => self.on_users(&names, more, now_ms),
            Reply::Files {
                files,
                more: true,
                left_out: _,
            } => self.coming_files.extend(files),
            Reply::Files {
                files,
                more: false,
                left_out,
            } => self.on_files(files, left_out, now_ms),
            Reply::Offer(offer) => self.on_offer(offer, now_ms),
            Reply::Transfer(news) => self.on_news(&news, now_ms),
            Reply::Pong => self.pinged_ms = None,
            Reply::Joined { name } => self.on_joined(&name, now_ms),
            Reply::Left { name, why } => self.on_left(&name, &why, now_ms),
            Reply::Shared { from, file } => self.on_shared(&from, file, now_ms),
            Reply::Notice { text } => {
                self.model.chat.push(now_ms, LineKind::Notice, &text);
            }
            Reply::Bans { bans, more } => self.on_bans(bans, more, now_ms),
            Reply::Lab(lab) => self.on_lab(lab, now_ms),
            Reply::LabResults { number, rows, more } => {
                self.on_lab_results(number, rows, more, now_ms);
            }
            Reply::Question(question) => self.on_question(question, now_ms),
            Reply::Answered(answered) => self.on_answered(answered, now_ms),
            Reply::Revealed(revealed) => self.on_revealed(revealed, now_ms),
            Reply::Error(complaint) => self.on_complaint(complaint, now_ms),
        }
    }

    pub(super) fn on_lost(&mut self, sentence: String, now_ms: u64) {
        match self.model.phase {
            Phase::Lost { .. } if self.model.rejoining.is_some() => {
                self.fail_to_rejoin(now_ms);
            }
            Phase::Login | Phase::Lost { .. } => {}
            Phase::Joining => self.end_login(LoginProblem::Unreachable { sentence }),
            Phase::Joined => {
                self.complain(&sentence, now_ms);
                self.note_interrupted();
                self.end_downloads(TransferState::Failed, &sentence);
                self.model.users.clear();
                self.withdraw_partial_files();
                self.model.phase = Phase::Lost { sentence };
                self.plan_to_rejoin(now_ms);
            }
        }
    }

    /// Silence may mean a lost connection: the client sends a `ping`, and gives up after
    /// a while.
    pub(super) fn on_tick(&mut self, now_ms: u64) {
        let transfers = self.model.transfers.iter_mut();
        for transfer in transfers.filter(|it| !it.state.is_end()) {
            transfer.measure(now_ms);
        }
        self.rejoin_when_due(now_ms);
        self.resume_interrupted(now_ms);
        if !self.model.is_online() {
            return;
        }
        self.give_up_unanswered(now_ms);
        let silent_ms = now_ms.saturating_sub(self.last_heard_ms);
        let is_joining = self.model.phase != Phase::Joined;
        if is_joining && silent_ms >= ANSWER_AFTER_MS {
            let server = &self.model.server;
            let sentence = format!("{server} does not answer. Is it a Sash server?");
            self.effects.push(Effect::HangUp);
            self.on_lost(sentence, now_ms);
        } else if silent_ms >= LOST_AFTER_MS {
            let sentence = "The server has not answered for one minute. Connect again.";
            self.effects.push(Effect::HangUp);
            self.on_lost(sentence.to_owned(), now_ms);
        } else if !is_joining && silent_ms >= PING_AFTER_MS && self.pinged_ms.is_none() {
            self.pinged_ms = Some(now_ms);
            self.send(Request::Ping);
        }
    }

    fn on_welcome(&mut self, welcome: &Welcome, now_ms: u64) {
        if !self.check_welcome(welcome, now_ms) {
            return;
        }
        self.model.teacher = welcome.teacher.as_deref().map(words::harmless);
        self.put_question_aside();
        self.model.phase = Phase::Joined;
        self.model.name = words::harmless(&welcome.name);
        self.model.chat.set_me(&self.model.name);
        self.model.defaults = Some(welcome.defaults);
        self.line_bytes = welcome.line_bytes.max(SHORTEST_LINE_BYTES);
        if let Some(rejoining) = self.model.rejoining.take() {
            let absence_ms = now_ms.saturating_sub(rejoining.since_ms);
            self.unshown_absence_ms = Some(absence_ms);
            self.resume_interrupted(now_ms);
        } else {
            let sentence = format!(
                "Joined {} as {}. /help lists the commands.",
                self.model.server, self.model.name
            );
            self.model.chat.push(now_ms, LineKind::Notice, &sentence);
        }
        // The files may already be known, so the request is answered without the server.
        self.offer_partial_files(now_ms);
    }

    /// A new file on the server: it is added without requesting the list again.
    fn on_shared(&mut self, from: &str, file: FileEntry, now_ms: u64) {
        let (from, name) = (words::harmless(from), words::harmless(&file.name));
        let size = words::bytes(file.size);
        let typed = commands::quoted(&name);
        let line = format!("{from} has uploaded {name} ({size}): /download {typed}");
        self.model.chat.push(now_ms, LineKind::Notice, &line);
        let files = &mut self.model.files;
        match files.binary_search_by(|it| it.name.cmp(&file.name)) {
            Ok(there) => files[there] = file,
            Err(_) if files.len() >= MOST_ENTRIES => {}
            Err(place) => files.insert(place, file),
        }
        self.model.files_revision += 1;
    }

    fn on_refused(&mut self, refusal: &Refusal, now_ms: u64) {
        if refusal.code == Code::WrongPassword {
            return self.want_password(&refusal.sentence, now_ms);
        }
        self.effects.push(Effect::HangUp);
        let sentence = words::harmless(&refusal.sentence);
        if self.model.rejoining.is_some() {
            // The server may not have noticed the lost connection yet: the name is still
            // this client's.
            if matches!(
                refusal.code,
                Code::NameTaken | Code::Full | Code::TooManyGuesses
            ) {
                return self.fail_to_rejoin(now_ms);
            }
            return self.give_up_rejoining(sentence, now_ms);
        }
        self.end_login(LoginProblem::Refused {
            sentence,
            suggestion: refusal.suggestion.as_deref().map(words::harmless),
        });
    }

    fn on_said(&mut self, said: Said) {
        let kind = LineKind::Said { from: said.from };
        self.model.chat.push_at(said.time, kind, &said.text);
    }

    fn on_whispered(&mut self, whispered: Whispered) {
        let Whispered {
            from,
            to,
            text,
            time,
        } = whispered;
        let kind = if from == self.model.name {
            LineKind::WhisperedTo { to }
        } else {
            LineKind::WhisperedFrom { from }
        };
        self.model.chat.push_at(time, kind, &text);
    }

    /// A long list comes in several lines; the old one stays until the new one is whole.
    fn on_users(&mut self, names: &[String], more: bool, now_ms: u64) {
        let names = names.iter().map(|name| words::harmless(name));
        self.coming_users.extend(names);
        if more {
            return;
        }
        let (users, left_out) = self.coming_users.take();
        self.model.users = users;
        self.show_left_out("users", left_out, now_ms);
        if self.unshown_user_lists > 0 {
            self.unshown_user_lists -= 1;
            return;
        }
        let users = self.model.users.join(", ");
        let line = format!("Online ({}): {users}", self.model.users.len());
        self.show(&line, now_ms);
    }

    /// The last line of the list.
    fn on_files(&mut self, files: Vec<FileEntry>, left_out: u64, now_ms: u64) {
        self.coming_files.extend(files);
        let (files, cut) = self.coming_files.take();
        self.model.files = files;
        self.show_left_out("files", cut, now_ms);
        self.model.files_left_out = left_out;
        self.model.files_revision += 1;
        self.knows_files = true;
        self.offer_partial_files(now_ms);
        if self.unshown_file_lists > 0 {
            self.unshown_file_lists -= 1;
            return;
        }
        let lines: Vec<_> = self.model.files.iter().map(file_line).collect();
        if lines.is_empty() {
            self.show("The server offers no files.", now_ms);
        }
        self.show_list(&lines, now_ms);
        if left_out > 0 {
            let line = format!(
                "{left_out} more files cannot be offered. The server's log says \
                         why."
            );
            self.show(&line, now_ms);
        }
    }

    fn on_bans(&mut self, bans: Vec<Ban>, more: bool, now_ms: u64) {
        for Ban { name, address, why } in bans {
            let from = address.map_or(String::new(), |it| format!(" from {it}"));
            let why = if why.is_empty() {
                why
            } else {
                format!(": {why}")
            };
            let line = words::harmless(&format!("{name}{from}{why}"));
            self.show(&format!("Banned: {line}"), now_ms);
        }
        if !more {
            self.show("Lift a ban with /unban NAME.", now_ms);
        }
    }

    /// A list of the server was longer than this client keeps.
    pub(super) fn show_left_out(&mut self, what: &str, left_out: usize, now_ms: u64) {
        if left_out > 0 {
            let sentence = format!(
                "The server listed {left_out} {what} more than this client keeps. They \
                 are not shown."
            );
            self.complain(&sentence, now_ms);
        }
    }

    fn on_joined(&mut self, name: &str, now_ms: u64) {
        // The longest name; a server that sends a longer one is not Sash's.
        let name: String = words::harmless(name).chars().take(LONGEST_SHOWN).collect();
        let users = &mut self.model.users;
        if users.len() < MOST_PEOPLE && !users.contains(&name) {
            users.push(name.clone());
        }
        self.model.chat.push(now_ms, LineKind::Joined { name }, "");
    }

    fn on_left(&mut self, name: &str, why: &str, now_ms: u64) {
        let name = words::harmless(name);
        self.model.users.retain(|person| *person != name);
        self.model.chat.push(now_ms, LineKind::Left { name }, why);
    }

    fn on_complaint(&mut self, complaint: Complaint, now_ms: u64) {
        let Complaint {
            code,
            sentence,
            tag,
        } = complaint;
        // It has already ended, as requested.
        if code == Code::NoSuchTransfer {
            return;
        }
        match tag.and_then(|tag| self.model.transfer_mut(tag)) {
            Some(transfer) if transfer.settled.is_none() => {
                let tag = transfer.tag;
                transfer.end(TransferState::Failed, Some(sentence));
                self.show_end(tag, now_ms);
            }
            Some(_) | None => self.complain(&sentence, now_ms),
        }
    }
}

/// The longest stored name of a user who joins. Unit: characters.
const LONGEST_SHOWN: usize = 64;

/// Beyond this many users, those who join are shown and not stored.
const MOST_PEOPLE: usize = 20_000;

fn file_line(file: &FileEntry) -> String {
    let name = words::harmless(&file.name);
    format!("{:>10}  {name}", words::bytes(file.size))
}
