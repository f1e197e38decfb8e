//! What the server and the downloads tell, and what the controller makes of it.

use super::{ANSWER_AFTER_MS, Controller, Effect, LOST_AFTER_MS, PING_AFTER_MS};
use crate::client::model::{Kind, LoginProblem, Phase};
use crate::client::words;
use crate::transfer::{Ending, Report};
use crate::wire::message::{
    Code, Complaint, FileEntry, Offer, Refusal, Reply, Request, Said, TransferNews,
    TransferState, Welcome, Whispered,
};
use crate::wire::options::{Asked, Settled};
use std::mem;
use std::time::Duration;

impl Controller {
    pub(super) fn on_reply(&mut self, reply: Reply, now_ms: u64) {
        self.last_heard_ms = now_ms;
        if !self.model.is_online() {
            return; // The last words of a connection that we have left.
        }
        match reply {
            Reply::Welcome(welcome) => self.on_welcome(&welcome, now_ms),
            Reply::Refused(refusal) => self.on_refused(&refusal),
            Reply::History { lines } => {
                for Said { from, text, time } in lines {
                    self.model.chat.push_history(time, &from, &text);
                }
            }
            Reply::Said(said) => self.on_said(said),
            Reply::Whispered(whispered) => self.on_whispered(whispered),
            Reply::Users { names, more } => self.on_users(&names, more, now_ms),
            Reply::Files { files, more } => self.on_files(files, more, now_ms),
            Reply::Offer(offer) => self.on_offer(offer, now_ms),
            Reply::Transfer(news) => self.on_news(&news, now_ms),
            Reply::Pong => self.on_pong(now_ms),
            Reply::Joined { name } => self.on_joined(&name, now_ms),
            Reply::Left { name, why } => self.on_left(&name, &why, now_ms),
            Reply::Notice { text } => self.model.chat.push(now_ms, Kind::Notice, &text),
            Reply::Error(complaint) => self.on_complaint(complaint, now_ms),
        }
    }

    pub(super) fn on_lost(&mut self, sentence: String, now_ms: u64) {
        match self.model.phase {
            Phase::Login | Phase::Lost { .. } => {}
            Phase::Joining => self.end_login(LoginProblem::Unreachable { sentence }),
            Phase::Joined => {
                self.complain(&sentence, now_ms);
                self.end_downloads(TransferState::Failed, &sentence);
                self.model.people.clear();
                self.model.phase = Phase::Lost { sentence };
            }
        }
    }

    pub(super) fn on_report(&mut self, tag: u64, report: Report, now_ms: u64) {
        let Some(transfer) = self.model.transfer_mut(tag) else {
            return; // Its row was cleared meanwhile.
        };
        if transfer.state.is_end() {
            return;
        }
        match report {
            Report::Progress(state, figures) => {
                transfer.on_progress(state, &figures, now_ms);
            }
            Report::Ended(ending) => {
                let verdict = transfer.number.filter(|_| is_verdict(&ending));
                let state = ending.state;
                transfer.on_end(ending);
                if let Some(transfer) = verdict.filter(|_| self.model.is_online()) {
                    self.send(Request::Transfer { transfer, state });
                }
                self.tell_end(tag, now_ms);
            }
        }
    }

    /// Silence is not the same as nothing to say: we ask, and after a while we stop
    /// waiting.
    pub(super) fn on_tick(&mut self, now_ms: u64) {
        if !self.model.is_online() {
            return;
        }
        self.give_up_unanswered(now_ms);
        let silent_ms = now_ms.saturating_sub(self.last_heard_ms);
        let is_joining = self.model.phase == Phase::Joining;
        if is_joining && silent_ms >= ANSWER_AFTER_MS {
            let server = &self.model.server;
            let sentence = format!("{server} does not answer. Is it a Sash server?");
            self.effects.push(Effect::HangUp);
            self.on_lost(sentence, now_ms);
        } else if silent_ms >= LOST_AFTER_MS {
            let sentence = "The server has not answered for a minute. Connect again.";
            self.effects.push(Effect::HangUp);
            self.on_lost(sentence.to_owned(), now_ms);
        } else if !is_joining && silent_ms >= PING_AFTER_MS && self.pinged_ms.is_none() {
            self.pinged_ms = Some(now_ms);
            self.send(Request::Ping);
        }
    }

    /// A download that the server neither offers nor queues nor refuses has failed.
    fn give_up_unanswered(&mut self, now_ms: u64) {
        let mut ended = Vec::new();
        for transfer in &mut self.model.transfers {
            let waited_ms = now_ms.saturating_sub(transfer.asked_ms);
            let is_answered = transfer.number.is_some() || transfer.state.is_end();
            if !is_answered && waited_ms >= ANSWER_AFTER_MS {
                let sentence = "The server did not answer. Try again.".to_owned();
                transfer.end(TransferState::Failed, Some(sentence));
                ended.push(transfer.tag);
            }
        }
        for tag in ended {
            self.tell_end(tag, now_ms);
        }
    }

    /// Ends every running download: a receiver by its own last report, one that waits for
    /// the server's answer at once.
    pub(super) fn end_downloads(&mut self, state: TransferState, sentence: &str) {
        for transfer in &mut self.model.transfers {
            if transfer.state.is_end() {
                continue;
            }
            if transfer.settled.is_some() {
                transfer.stops_as = Some(state);
                transfer.sentence = Some(sentence.to_owned());
                let tag = transfer.tag;
                self.effects.push(Effect::CancelDownload { tag });
            } else {
                transfer.end(state, Some(sentence.to_owned()));
            }
        }
    }

    fn on_welcome(&mut self, welcome: &Welcome, now_ms: u64) {
        self.model.phase = Phase::Joined;
        self.model.name = words::harmless(&welcome.name);
        self.model.defaults = Some(welcome.defaults);
        let sentence = format!(
            "Joined {} as {}. /help shows what you can do.",
            self.model.server, self.model.name
        );
        self.model.chat.push(now_ms, Kind::Notice, &sentence);
    }

    fn on_refused(&mut self, refusal: &Refusal) {
        self.effects.push(Effect::HangUp);
        self.end_login(LoginProblem::Refused {
            sentence: words::harmless(&refusal.sentence),
            suggestion: refusal.suggestion.as_deref().map(words::harmless),
        });
    }

    fn on_said(&mut self, said: Said) {
        self.count_unread(&said.from);
        let kind = Kind::Said { from: said.from };
        self.model.chat.push(said.time, kind, &said.text);
    }

    fn on_whispered(&mut self, whispered: Whispered) {
        let Whispered {
            from,
            to,
            text,
            time,
        } = whispered;
        self.count_unread(&from);
        let kind = if from == self.model.name {
            Kind::WhisperedTo { to }
        } else {
            Kind::WhisperedFrom { from }
        };
        self.model.chat.push(time, kind, &text);
    }

    fn count_unread(&mut self, from: &str) {
        if from != self.model.name {
            self.model.unread += 1;
        }
    }

    /// A long list comes in several lines; the old one stays until the new one is whole.
    fn on_users(&mut self, names: &[String], more: bool, now_ms: u64) {
        let names = names.iter().map(|name| words::harmless(name));
        self.coming_people.extend(names);
        if more {
            return;
        }
        self.model.people = mem::take(&mut self.coming_people);
        if self.quiet_users > 0 {
            self.quiet_users -= 1;
            return;
        }
        let people = self.model.people.join(", ");
        let line = format!("Online ({}): {people}", self.model.people.len());
        self.show(&line, now_ms);
    }

    fn on_files(&mut self, files: Vec<FileEntry>, more: bool, now_ms: u64) {
        self.coming_files.extend(files);
        if more {
            return;
        }
        self.model.files = mem::take(&mut self.coming_files);
        if self.quiet_files > 0 {
            self.quiet_files -= 1;
            return;
        }
        let lines: Vec<_> = self.model.files.iter().map(file_line).collect();
        if lines.is_empty() {
            self.show("The server offers no files.", now_ms);
        }
        for line in lines {
            self.show(&line, now_ms);
        }
    }

    fn on_joined(&mut self, name: &str, now_ms: u64) {
        let name = words::harmless(name);
        if !self.model.people.contains(&name) {
            self.model.people.push(name.clone());
        }
        self.model.chat.push(now_ms, Kind::Joined { name }, "");
    }

    fn on_left(&mut self, name: &str, why: &str, now_ms: u64) {
        let name = words::harmless(name);
        self.model.people.retain(|person| *person != name);
        self.model.chat.push(now_ms, Kind::Left { name }, why);
    }

    fn on_offer(&mut self, offer: Offer, now_ms: u64) {
        let number = offer.transfer;
        let waiting = offer.tag.and_then(|tag| self.model.transfer_mut(tag));
        let Some(transfer) =
            waiting.filter(|it| !it.state.is_end() && it.settled.is_none())
        else {
            return self.send(Request::Cancel { transfer: number });
        };
        let tag = transfer.tag;
        let problem = if transfer.is_cancelled {
            Some((TransferState::Cancelled, None))
        } else if is_possible(offer.settled) {
            None
        } else {
            let sentence = "The server offered it with impossible options.".to_owned();
            Some((TransferState::Failed, Some(sentence)))
        };
        let Some((state, sentence)) = problem else {
            transfer.on_offer(&offer);
            return self.effects.push(Effect::StartDownload { tag, offer });
        };
        transfer.end(state, sentence);
        self.send(Request::Cancel { transfer: number });
        self.tell_end(tag, now_ms);
    }

    fn on_news(&mut self, news: &TransferNews, now_ms: u64) {
        let transfer = self
            .model
            .transfers
            .iter_mut()
            .find(|it| Some(it.tag) == news.tag || it.number == Some(news.transfer));
        let Some(transfer) = transfer.filter(|it| !it.state.is_end()) else {
            return;
        };
        let was_numbered = transfer.number.is_some();
        transfer.on_news(news);
        let tag = transfer.tag;
        let is_unheard_cancel = transfer.is_cancelled && !was_numbered;
        if is_failure(news.state) && transfer.settled.is_some() {
            transfer.stops_as = Some(news.state);
            transfer.sentence.clone_from(&news.sentence);
            self.effects.push(Effect::CancelDownload { tag });
        } else if is_failure(news.state) {
            transfer.end(news.state, news.sentence.clone());
            self.tell_end(tag, now_ms);
        } else if is_unheard_cancel {
            let transfer = news.transfer;
            self.send(Request::Cancel { transfer });
        }
    }

    fn on_pong(&mut self, now_ms: u64) {
        if let Some(pinged_ms) = self.pinged_ms.take() {
            let round_trip_ms = now_ms.saturating_sub(pinged_ms);
            self.model.round_trip = Some(Duration::from_millis(round_trip_ms));
        }
    }

    fn on_complaint(&mut self, complaint: Complaint, now_ms: u64) {
        let Complaint {
            code,
            sentence,
            tag,
        } = complaint;
        // It has ended already, which is all that we wanted.
        if code == Code::NoSuchTransfer {
            return;
        }
        match tag.and_then(|tag| self.model.transfer_mut(tag)) {
            Some(transfer) if transfer.settled.is_none() => {
                let tag = transfer.tag;
                transfer.end(TransferState::Failed, Some(sentence));
                self.tell_end(tag, now_ms);
            }
            Some(_) | None => self.complain(&sentence, now_ms),
        }
    }

    /// One line in the chat about a download that has just ended.
    fn tell_end(&mut self, tag: u64, now_ms: u64) {
        let Some(transfer) = self.model.transfer(tag) else {
            return;
        };
        let line = words::transfer_end(transfer);
        let kind = if transfer.state == TransferState::Verified {
            Kind::Notice
        } else {
            Kind::Error
        };
        self.model.chat.push(now_ms, kind, &line);
    }
}

fn file_line(file: &FileEntry) -> String {
    let name = words::harmless(&file.name);
    format!("{:>10}  {name}", words::bytes(file.size))
}

/// The receiver alone knows whether it is whole; the other ends need no answer.
fn is_verdict(ending: &Ending) -> bool {
    matches!(
        ending.state,
        TransferState::Verified | TransferState::Damaged
    )
}

/// The server has given up. Its `verified`, `damaged` and `unknown` say nothing new: what
/// arrived is judged here.
fn is_failure(state: TransferState) -> bool {
    matches!(state, TransferState::Failed | TransferState::Cancelled)
}

/// An offer is checked by the rules that a request is checked by.
fn is_possible(settled: Settled) -> bool {
    let asked = Asked {
        transport: Some(settled.transport),
        arq: Some(settled.arq),
        window: Some(settled.window),
        segment_bytes: Some(settled.segment_bytes),
    };
    asked.settle(&Settled::DEFAULT).is_ok()
}
