//! Carries out a typed line.

use super::{Controller, Effect, Intent};
use crate::client::commands::{self, Command};
use crate::client::model::Audience;
use crate::client::words;
use crate::wire::message::Request;
use crate::wire::options::RequestedOptions;

impl Controller {
    /// `to` is the receiver of plain text.
    pub(super) fn on_input(&mut self, line: &str, to: &Audience, now_ms: u64) {
        let command = match commands::read(line, &self.model.files) {
            Ok(command) => command,
            Err(sentence) => return self.complain(&sentence, now_ms),
        };
        match command {
            Command::Nothing => {}
            Command::Say { text } => self.say(to, text, now_ms),
            Command::Whisper { to, text } => {
                self.ask(Request::Whisper { to, text }, now_ms);
            }
            Command::To(audience) => {
                self.on_intent(Intent::ChooseTo(audience), now_ms);
                self.show(&format!("To: {}", self.model.to().label()), now_ms);
            }
            Command::Search { query } => {
                self.on_intent(Intent::Search(Some(query)), now_ms);
            }
            Command::Clear => self.model.chat.clear(),
            Command::CloseConversation => match self.model.to() {
                Audience::All => {
                    let sentence = "The conversation with all cannot be closed. Clear \
                                    it with /clear.";
                    self.complain(sentence, now_ms);
                }
                Audience::One(_) => self.model.chat.close(&to.clone()),
            },
            Command::Users => self.ask(Request::Users, now_ms),
            Command::Files => self.ask(Request::Files, now_ms),
            Command::Download { file, asked } => self.download(&file, asked, now_ms),
            Command::Upload { path, asked } => self.upload(path.into(), asked, now_ms),
            Command::Pause { tag } => self.pause(tag, true, now_ms),
            Command::Resume { tag } => self.pause(tag, false, now_ms),
            Command::PauseAt(share) => {
                self.show(&words::pause_at(share), now_ms);
                self.on_intent(Intent::SetPauseAt(share), now_ms);
            }
            Command::Transfers => self.show_transfers(now_ms),
            Command::Cancel { tag } => {
                if let Some(tag) = self.meant(tag, now_ms) {
                    self.cancel(tag, now_ms);
                }
            }
            Command::Discard { tag } => {
                if let Some(tag) = self.meant(tag, now_ms) {
                    self.discard(tag, now_ms);
                }
            }
            Command::Retry { tag } => self.retry_some(tag, now_ms),
            Command::Overwrite(overwrite) => {
                let overwrite = overwrite.unwrap_or_default();
                let explanation = overwrite.explanation();
                self.show(&format!("If a file exists: {explanation}."), now_ms);
                self.on_intent(Intent::SetOverwrite(overwrite), now_ms);
            }
            Command::Arq(arq) => self.choose(|it| it.arq = arq, now_ms),
            Command::Window(window) => self.choose(|it| it.window = window, now_ms),
            Command::Congestion(by) => self.choose(|it| it.congestion = by, now_ms),
            Command::Segment(bytes) => self.choose(|it| it.segment_bytes = bytes, now_ms),
            Command::Transport(by) => self.choose(|it| it.transport = by, now_ms),
            Command::Kick { name, why } => self.ask(Request::Kick { name, why }, now_ms),
            Command::Ban { name, why } => self.ask(Request::Ban { name, why }, now_ms),
            Command::Unban { name } => self.ask(Request::Unban { name }, now_ms),
            Command::Bans => self.ask(Request::Bans, now_ms),
            Command::GiveLab(assignment) => self.give_out(assignment, now_ms),
            Command::AnswerLab { accept, prediction } => {
                self.answer_lab(accept, prediction, now_ms);
            }
            Command::Submit { path } => {
                self.effects.push(Effect::ReadSubmission(path.into()));
            }
            Command::LabResults => self.ask(Request::LabResults, now_ms),
            Command::Ask { wanted, assignment } => {
                self.ask_class(wanted, assignment, now_ms);
            }
            Command::Answer(answer) => self.answer_question(answer, now_ms),
            Command::Reveal => self.ask(Request::Reveal, now_ms),
            Command::Link(scenario) => self.type_link(scenario, now_ms),
            Command::Kill { packet, tag } => {
                if let Some(tag) = self.meant(tag, now_ms) {
                    self.kill(tag, packet, now_ms);
                }
            }
            Command::Help => self.show_commands(now_ms),
            Command::Disconnect => self.disconnect(),
            Command::Quit => self.on_intent(Intent::Close, now_ms),
        }
    }

    pub(super) fn say(&mut self, to: &Audience, text: String, now_ms: u64) {
        let request = match to.clone() {
            Audience::All => Request::Say { text },
            Audience::One(to) => Request::Whisper { to, text },
        };
        self.ask(request, now_ms);
    }

    /// `/cancel` without a number means the only transfer.
    fn meant(&mut self, tag: Option<u64>, now_ms: u64) -> Option<u64> {
        let mut running = self.model.running_transfers().map(|it| it.tag);
        let only = match (running.next(), running.next()) {
            (Some(only), None) => Some(only),
            (None, _) | (Some(_), Some(_)) => None,
        };
        drop(running);
        let meant = tag.or(only);
        if meant.is_none() {
            self.complain(
                "Several transfers match. /transfers lists their numbers.",
                now_ms,
            );
        }
        meant
    }

    /// `/retry` without a number means the last one that can be tried again.
    fn retry_some(&mut self, tag: Option<u64>, now_ms: u64) {
        let mut ended = self.model.transfers.iter().rev();
        let last = ended.find(|it| it.can_be_retried()).map(|it| it.tag);
        match tag.or(last) {
            Some(tag) => self.retry(tag, now_ms),
            None => self.complain("There is no transfer to try again.", now_ms),
        }
    }

    fn choose(&mut self, change: impl FnOnce(&mut RequestedOptions), now_ms: u64) {
        let mut options = self.model.options;
        change(&mut options);
        self.set_options(options, now_ms);
    }

    fn show_transfers(&mut self, now_ms: u64) {
        let lines: Vec<_> = self.model.transfers.iter().map(words::transfer).collect();
        if lines.is_empty() {
            self.show("No transfers yet. /download FILE starts one.", now_ms);
        }
        self.show_list(&lines, now_ms);
    }

    pub(super) fn show_commands(&mut self, now_ms: u64) {
        for line in commands::help() {
            self.show(&line, now_ms);
        }
    }
}
