//! The life of a transfer: requested, offered, received, verified; or cancelled, or
//! failed.
//!
//! ```text
//! download --> Request --> Offer --> StartDownload --> Report... --> Ended --> verdict
//!                 '-- queued, refused, unanswered         '-- cancel, connection lost
//! ```
//!
//! The receiver reports its progress and its end; the server reports its place in the
//! queue, its retransmissions, and its failure.

use super::{ANSWER_AFTER_MS, Controller, Effect, MOST_AT_ONCE, NOT_CONNECTED};
use crate::client::commands;
use crate::client::model::{LineKind, Transfer};
use crate::client::words;
use crate::transfer::{Ending, Report};
use crate::wire::message::{
    DownloadRequest, Offer, Request, TransferNews, TransferState,
};
use crate::wire::options::{NegotiatedOptions, RequestedOptions};

impl Controller {
    pub(super) fn download(&mut self, file: &str, asked: RequestedOptions, now_ms: u64) {
        if file.trim().is_empty() {
            return self.complain("Choose a file, or type its name.", now_ms);
        }
        let Some(asked) = self.choose_for(asked, now_ms) else {
            return;
        };
        self.take_over(file);
        let tag = self.next_tag();
        let transfer = Transfer {
            overwrite: self.model.overwrite,
            ..Transfer::new(tag, file.to_owned(), asked, now_ms)
        };
        self.begin(transfer, None, now_ms);
    }

    /// The partial file now belongs to another download.
    fn take_over(&mut self, file: &str) {
        self.model.partial_files.retain(|it| it.file != file);
        let ended = self.model.transfers.iter_mut().filter(|it| it.file == file);
        for transfer in ended.filter(|it| it.has_left_a_part()) {
            transfer.is_taken_over = true;
        }
    }

    pub(super) const fn next_tag(&mut self) -> u64 {
        self.last_tag += 1;
        self.last_tag
    }

    /// Shows a new transfer, at the end or at this place, and requests it; or holds it
    /// until another one has ended, because a user may choose a thousand files at once.
    pub(super) fn begin(
        &mut self,
        mut transfer: Transfer,
        place: Option<usize>,
        now_ms: u64,
    ) {
        let tag = transfer.tag;
        transfer.is_held = self.wants_lists && self.is_full();
        let is_held = transfer.is_held;
        if is_held {
            transfer.state = TransferState::Queued;
            self.held.push_back(tag);
        }
        let place = place.unwrap_or(self.model.transfers.len());
        self.model.transfers.insert(place, transfer);
        if !is_held {
            self.ask_for(tag, now_ms);
        }
    }

    /// Requests held transfers, as far as others have ended.
    pub(super) fn start_held(&mut self, now_ms: u64) {
        while !self.held.is_empty() && self.model.is_online() && self.has_room() {
            if let Some(tag) = self.held.pop_front() {
                self.ask_for(tag, now_ms);
            }
        }
    }

    fn is_full(&self) -> bool {
        !self.held.is_empty() || !self.has_room()
    }

    fn has_room(&self) -> bool {
        let asked = self.model.running_transfers();
        let asked = asked.filter(|it| !it.is_held && !it.is_parked);
        asked.count() < MOST_AT_ONCE
    }

    pub(super) fn ask_for(&mut self, tag: u64, now_ms: u64) {
        let Some(transfer) = self.model.transfer_mut(tag) else {
            return;
        };
        if transfer.state.is_end() {
            return; // It was cancelled while it waited.
        }
        transfer.is_held = false;
        transfer.state = TransferState::Opening;
        transfer.asked_ms = now_ms;
        if let Some(path) = transfer.source.clone() {
            return self.effects.push(Effect::OpenUpload { tag, path });
        }
        let request = DownloadRequest {
            file: transfer.file.clone(),
            tag: Some(tag),
            asked: transfer.asked,
            prefix: None, // The driver knows the disk.
            early: None,  // And the sockets.
        };
        self.ask_for_transfer(tag, Request::Download(request), now_ms);
    }

    /// Requests a transfer from the server; it fails if the request is too long.
    pub(super) fn ask_for_transfer(&mut self, tag: u64, request: Request, now_ms: u64) {
        let Some(sentence) = self.too_long(&request) else {
            return self.send(request);
        };
        if let Some(transfer) = self.model.transfer_mut(tag) {
            transfer.end(TransferState::Failed, Some(sentence));
        }
        self.show_end(tag, now_ms);
    }

    /// Requests a failed transfer again, in the same row.
    pub(super) fn retry(&mut self, tag: u64, now_ms: u64) {
        let place = self.model.transfers.iter().position(|it| it.tag == tag);
        let Some(place) = place else {
            return self.complain_of_no_transfer(tag, now_ms);
        };
        let ended = &self.model.transfers[place];
        if !ended.can_be_retried() {
            let file = words::harmless(&ended.file);
            let state = words::state(ended);
            let sentence =
                format!("{file} is {state}, so there is nothing to try again.");
            return self.complain(&sentence, now_ms);
        }
        if !self.model.is_online() {
            return self.complain_of_files(NOT_CONNECTED.to_owned(), now_ms);
        }
        self.model.files_problem = None;
        let tag = self.next_tag();
        let ended = self.model.transfers.remove(place);
        if ended.source.is_none() {
            self.take_over(&ended.file);
        }
        let again = match ended.source {
            Some(path) => Transfer::upload(tag, path, ended.asked, now_ms),
            None => Transfer {
                overwrite: ended.overwrite,
                ..Transfer::new(tag, ended.file, ended.asked, now_ms)
            },
        };
        self.begin(again, Some(place), now_ms);
    }

    /// Shows the folder of a transfer's file.
    pub(super) fn show_in_folder(&mut self, tag: u64, now_ms: u64) {
        let Some(transfer) = self.model.transfer(tag) else {
            return self.complain_of_no_transfer(tag, now_ms);
        };
        let path = transfer.path.as_ref().or(transfer.source.as_ref());
        if let Some(folder) = path.and_then(|path| path.parent()) {
            let folder = folder.to_owned();
            return self.effects.push(Effect::ShowFolder(folder));
        }
        let file = words::harmless(&transfer.file);
        self.complain_of_files(format!("{file} has not been downloaded yet."), now_ms);
    }

    pub(super) fn complain_of_no_transfer(&mut self, tag: u64, now_ms: u64) {
        let sentence = format!("There is no transfer {tag}. /transfers lists them.");
        self.complain(&sentence, now_ms);
    }

    /// The options of a transfer: its own ones, then those chosen for all. `None` if it
    /// cannot be requested; the user is informed.
    pub(super) fn choose_for(
        &mut self,
        asked: RequestedOptions,
        now_ms: u64,
    ) -> Option<RequestedOptions> {
        let chosen = self.model.options;
        let asked = RequestedOptions {
            transport: asked.transport.or(chosen.transport),
            arq: asked.arq.or(chosen.arq),
            window: asked.window.or(chosen.window),
            congestion: asked.congestion.or(chosen.congestion),
            segment_bytes: asked.segment_bytes.or(chosen.segment_bytes),
        };
        if let Err(error) = asked.negotiate(&NegotiatedOptions::DEFAULT) {
            self.complain(&commands::sentence(&error.to_string()), now_ms);
            return None;
        }
        if !self.model.is_online() {
            self.complain(NOT_CONNECTED, now_ms);
            return None;
        }
        self.model.files_problem = None;
        Some(asked)
    }

    pub(super) fn cancel(&mut self, tag: u64, now_ms: u64) {
        let Some(transfer) = self.model.transfer_mut(tag) else {
            return self.complain_of_no_transfer(tag, now_ms);
        };
        if transfer.state.is_end() {
            return;
        }
        transfer.is_cancelled = true;
        if transfer.is_held {
            transfer.end(TransferState::Cancelled, None);
            return self.held.retain(|held| *held != tag);
        }
        if transfer.is_parked {
            transfer.end(TransferState::Cancelled, None);
            return self.show_end(tag, now_ms);
        }
        let is_receiving = transfer.settled.is_some();
        // Without a number the server has not answered yet: the transfer is cancelled
        // after the answer.
        let number = transfer.number;
        if is_receiving {
            self.effects.push(Effect::CancelTransfer { tag });
        }
        if let Some(transfer) = number {
            self.send(Request::Cancel { transfer });
        }
    }

    pub(super) fn on_offer(&mut self, offer: Offer, now_ms: u64) {
        let (offer, keys) = self.unseal(offer);
        let number = offer.transfer;
        let scenario = self.model.scenario.clone();
        let waiting = offer.tag.and_then(|tag| self.model.transfer_mut(tag));
        let Some(transfer) = waiting
            .filter(|it| !it.state.is_end() && it.settled.is_none() && !it.is_parked)
        else {
            return self.send(Request::Cancel { transfer: number });
        };
        let tag = transfer.tag;
        let problem = if transfer.is_cancelled {
            Some((TransferState::Cancelled, None))
        } else if is_possible(offer.settled) && transfer.may_have(offer.size) {
            None
        } else {
            let sentence = "The server offered the file with invalid options.".to_owned();
            Some((TransferState::Failed, Some(sentence)))
        };
        let Some((state, sentence)) = problem else {
            transfer.on_offer(&offer);
            transfer.scenario = scenario;
            let is_upload = transfer.source.is_some();
            return self.effects.push(if is_upload {
                Effect::StartUpload { tag, offer, keys }
            } else {
                Effect::StartDownload { tag, offer, keys }
            });
        };
        transfer.end(state, sentence);
        self.send(Request::Cancel { transfer: number });
        self.show_end(tag, now_ms);
    }

    pub(super) fn on_news(&mut self, news: &TransferNews, now_ms: u64) {
        let transfer = self
            .model
            .transfers
            .iter_mut()
            .find(|it| Some(it.tag) == news.tag || it.number == Some(news.transfer));
        let Some(tag) = transfer.map(|it| it.tag) else {
            return;
        };
        if self.on_interruption(tag, news, now_ms) {
            return;
        }
        let Some(transfer) = self.model.transfer_mut(tag) else {
            return;
        };
        if transfer.is_parked {
            return;
        }
        if transfer.state.is_end() {
            if news.state.is_end() {
                self.effects.push(Effect::ReleaseDownload { tag });
            }
            return;
        }
        let was_numbered = transfer.number.is_some();
        transfer.on_news(news);
        let is_unheard_cancel = transfer.is_cancelled && !was_numbered;
        if is_failure(news.state) && transfer.settled.is_some() {
            transfer.stops_as = Some(news.state);
            transfer.sentence.clone_from(&news.sentence);
            self.effects.push(Effect::CancelTransfer { tag });
        } else if is_judged_upload(transfer, news.state) {
            let state = news.state;
            self.effects.push(Effect::JudgeUpload { tag, state });
        } else if is_failure(news.state) {
            transfer.end(news.state, news.sentence.clone());
            self.show_end(tag, now_ms);
        } else if is_unheard_cancel {
            let transfer = news.transfer;
            self.send(Request::Cancel { transfer });
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
            Report::Killed(packet, is_killed) => {
                self.on_killed(tag, packet, is_killed, now_ms);
            }
            Report::Progress(state, figures) => {
                transfer.on_progress(state, &figures, now_ms);
                self.show_own_pause(tag, now_ms);
            }
            Report::Closed | Report::Happened(_) => {}
            Report::Ended(ending) => {
                let verdict = transfer.number.filter(|_| is_verdict(&ending));
                let state = ending.state;
                transfer.on_end(ending);
                if transfer.is_interrupted
                    && !transfer.is_cancelled
                    && state != TransferState::Verified
                    && transfer.stops_as.is_some()
                {
                    return self.ask_or_park(tag, now_ms);
                }
                if let Some(transfer) = verdict.filter(|_| self.model.is_online()) {
                    self.send(Request::Transfer { transfer, state });
                }
                self.show_end(tag, now_ms);
            }
        }
    }

    /// A download that is skipped, with the reason; this is no failure.
    pub(super) fn skip(&mut self, tag: u64, sentence: &str, now_ms: u64) {
        self.model.transfers.retain(|transfer| transfer.tag != tag);
        self.model.files_problem = Some(sentence.to_owned());
        self.show(sentence, now_ms);
    }

    /// A download that the server neither offers nor queues nor refuses has failed.
    pub(super) fn give_up_unanswered(&mut self, now_ms: u64) {
        let mut ended = Vec::new();
        for transfer in &mut self.model.transfers {
            let waited_ms = now_ms.saturating_sub(transfer.asked_ms);
            let is_answered = transfer.number.is_some() || transfer.state.is_end();
            let is_asked = !transfer.is_held && !transfer.is_parked;
            if !is_answered && is_asked && waited_ms >= ANSWER_AFTER_MS {
                let sentence = "The server did not answer. Try again.".to_owned();
                transfer.end(TransferState::Failed, Some(sentence));
                ended.push(transfer.tag);
            }
        }
        for tag in ended {
            self.show_end(tag, now_ms);
        }
    }

    /// Ends every running download: with its receiver's last report, or at once if it
    /// waits for the server's answer.
    pub(super) fn end_downloads(&mut self, state: TransferState, sentence: &str) {
        self.held.clear();
        for transfer in &mut self.model.transfers {
            let stays = transfer.is_parked && state == TransferState::Failed;
            if transfer.state.is_end() || stays {
                continue;
            }
            if transfer.stops_as.is_some() {
                transfer.is_interrupted = false; // It cannot be requested again.
                continue; // The first reason is the real one.
            }
            if transfer.settled.is_some() {
                transfer.stops_as = Some(state);
                transfer.sentence = Some(sentence.to_owned());
                let tag = transfer.tag;
                self.effects.push(Effect::CancelTransfer { tag });
            } else {
                transfer.end(state, Some(sentence.to_owned()));
            }
        }
    }

    /// Shows one line in the chat about a download that has just ended; deletes its
    /// partial file if that was requested.
    pub(super) fn show_end(&mut self, tag: u64, now_ms: u64) {
        let Some(transfer) = self.model.transfer(tag) else {
            return;
        };
        if transfer.is_discarded && transfer.can_be_retried() {
            self.effects.push(Effect::DiscardPart { tag });
        }
        let line = words::transfer_end(transfer);
        let kind = if transfer.state == TransferState::Verified {
            LineKind::Notice
        } else {
            LineKind::Error
        };
        self.model.chat.push(now_ms, kind, &line);
    }
}

/// Only the receiver knows whether it is complete; other outcomes need no message.
fn is_verdict(ending: &Ending) -> bool {
    matches!(
        ending.state,
        TransferState::Verified | TransferState::Damaged
    )
}

/// The server reports a failure. Its `verified`, `damaged` and `unknown` are not used,
/// because this side verifies the file.
fn is_failure(state: TransferState) -> bool {
    matches!(state, TransferState::Failed | TransferState::Cancelled)
}

/// In an upload the server's verdict is that of the receiver: it ends the wait for
/// FIN-ACK.
fn is_judged_upload(transfer: &Transfer, state: TransferState) -> bool {
    let is_word = matches!(state, TransferState::Verified | TransferState::Damaged);
    is_word && transfer.source.is_some() && transfer.settled.is_some()
}

/// An offer is checked with the rules for requests.
fn is_possible(settled: NegotiatedOptions) -> bool {
    let asked = RequestedOptions {
        transport: Some(settled.transport),
        arq: Some(settled.arq),
        window: Some(settled.window),
        congestion: Some(settled.congestion),
        segment_bytes: Some(settled.segment_bytes),
    };
    asked.negotiate(&NegotiatedOptions::DEFAULT).is_ok()
}
