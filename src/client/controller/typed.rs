//! Carries out a typed line.

use super::{Controller, Intent};
use crate::client::commands;
use crate::client::model::Audience;
use crate::client::words;
use crate::wire::message::Request;
use crate::wire::options::RequestedOptions;

impl Controller {
    /// `to` is the receiver of plain text. The chat shows the result of a command; a
    /// window shows that of a button by itself.
    pub(super) fn on_input(&mut self, line: &str, to: &Audience, now_ms: u64) {
        let intent = match commands::read(line, &self.model.files) {
            Ok(Intent::Say(text)) => return self.say(to, text, now_ms),
            Ok(Intent::CloseConversation(_)) => return self.close_shown(to, now_ms),
            Ok(intent) => intent,
            Err(sentence) => return self.complain(&sentence, now_ms),
        };
        if let Intent::SetPauseAt(share) = intent {
            self.show(&words::pause_at(share), now_ms);
        } else if let Intent::SetOverwrite(overwrite) = intent {
            let explanation = overwrite.explanation();
            self.show(&format!("If a file exists: {explanation}."), now_ms);
        }
        let is_to = matches!(intent, Intent::ChooseTo(_));
        let is_link = matches!(intent, Intent::ChangeLink(_));
        self.on_intent(intent, now_ms);
        if is_to {
            self.show(&format!("To: {}", self.model.to().label()), now_ms);
        } else if is_link {
            self.on_intent(Intent::ShowLink, now_ms);
        }
    }

    fn close_shown(&mut self, to: &Audience, now_ms: u64) {
        if *self.model.to() != Audience::All {
            return self.model.chat.close(to);
        }
        let sentence =
            "The conversation with all cannot be closed. Clear it with /clear.";
        self.complain(sentence, now_ms);
    }

    pub(super) fn say(&mut self, to: &Audience, text: String, now_ms: u64) {
        let request = match to.clone() {
            Audience::All => Request::Say { text },
            Audience::One(to) => Request::Whisper { to, text },
        };
        self.ask(request, now_ms);
    }

    /// Calls `what` with this transfer; without a number, with the only one that runs.
    pub(super) fn with_one(
        &mut self,
        tag: Option<u64>,
        what: impl FnOnce(&mut Self, u64, u64),
        now_ms: u64,
    ) {
        let mut running = self.model.running_transfers().map(|it| it.tag);
        let only = match (running.next(), running.next()) {
            (Some(only), None) => Some(only),
            (None, _) | (Some(_), Some(_)) => None,
        };
        drop(running);
        match tag.or(only) {
            Some(tag) => what(self, tag, now_ms),
            None => self.complain(
                "Several transfers match. /transfers lists their numbers.",
                now_ms,
            ),
        }
    }

    /// `/retry` without a number means the last one that can be tried again.
    pub(super) fn retry_some(&mut self, tag: Option<u64>, now_ms: u64) {
        let mut ended = self.model.transfers.iter().rev();
        let last = ended.find(|it| it.can_be_retried()).map(|it| it.tag);
        match tag.or(last) {
            Some(tag) => self.retry(tag, now_ms),
            None => self.complain("There is no transfer to try again.", now_ms),
        }
    }

    pub(super) fn choose(
        &mut self,
        change: impl FnOnce(&mut RequestedOptions),
        now_ms: u64,
    ) {
        let mut options = self.model.options;
        change(&mut options);
        self.set_options(options, now_ms);
    }

    pub(super) fn show_transfers(&mut self, now_ms: u64) {
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
