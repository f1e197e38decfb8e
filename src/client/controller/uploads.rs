//! The parts of uploads only: a file to examine first; and the pauses of all transfers.
//!
//! ```text
//! upload, drop --> OpenUpload --> Opened --> Request --> Offer --> StartUpload --> as a download
//! ```
//!
//! A pause stops this end at once, and the server is informed over the chat connection,
//! so its end stops as well and reports `paused`.

use super::{Controller, Effect};
use crate::client::dropped::{self, Dropped};
use crate::client::model::{LineKind, Transfer};
use crate::client::words;
use crate::wire::message::{Request, TransferState, UploadRequest};
use crate::wire::options::RequestedOptions;
use crate::wire::version::FileVersion;
use std::path::PathBuf;

impl Controller {
    pub(super) fn upload(&mut self, path: PathBuf, asked: RequestedOptions, now_ms: u64) {
        if path.as_os_str().is_empty() {
            return self.complain("Choose a file, or type its path.", now_ms);
        }
        let Some(asked) = self.choose_for(asked, now_ms) else {
            return;
        };
        let transfer = Transfer::upload(self.next_tag(), path, asked, now_ms);
        self.begin(transfer, None, now_ms);
    }

    /// Uploads dropped files, and explains why other dropped items are none.
    pub(super) fn drop_files(&mut self, text: &str, host: Option<&str>, now_ms: u64) {
        let Dropped { paths, problems } = dropped::read(text, host);
        for path in paths {
            self.upload(path, RequestedOptions::default(), now_ms);
        }
        for problem in problems {
            self.complain_of_files(problem, now_ms);
        }
    }

    /// The file was found, or not.
    pub(super) fn on_opened(
        &mut self,
        tag: u64,
        found: Result<(String, FileVersion), String>,
        now_ms: u64,
    ) {
        let Some(transfer) = self.model.transfer_mut(tag) else {
            return;
        };
        match found {
            Ok((file, version)) => {
                transfer.file.clone_from(&file);
                transfer.total_bytes = Some(version.size);
                transfer.announced = Some(version);
                let asked = transfer.asked;
                let request = Request::Upload(UploadRequest {
                    file,
                    size: version.size,
                    modified: version.modified,
                    digest: version.digest,
                    tag: Some(tag),
                    asked,
                });
                self.ask_for_transfer(tag, request, now_ms);
            }
            Err(sentence) => {
                self.model.files_problem = Some(sentence.clone());
                if let Some(transfer) = self.model.transfer_mut(tag) {
                    transfer.end(TransferState::Failed, Some(sentence));
                }
                self.show_end(tag, now_ms);
            }
        }
    }

    /// Pauses or resumes a transfer; without a tag all of them.
    pub(super) fn pause(&mut self, tag: Option<u64>, is_paused: bool, now_ms: u64) {
        let can =
            |it: &&Transfer| it.can_be(is_paused) && tag.is_none_or(|tag| tag == it.tag);
        let meant: Vec<u64> = self
            .model
            .transfers
            .iter()
            .filter(can)
            .map(|it| it.tag)
            .collect();
        if meant.is_empty() && !is_paused {
            // One that has ended continues from its partial file.
            let ended = |it: &&Transfer| {
                it.can_be_retried() && tag.map_or(it.is_paused, |tag| tag == it.tag)
            };
            let ended = self.model.transfers.iter().filter(ended);
            let ended: Vec<u64> = ended.map(|it| it.tag).collect();
            if !ended.is_empty() {
                for tag in ended {
                    self.retry(tag, now_ms);
                }
                return;
            }
        }
        if meant.is_empty() {
            let sentence = if is_paused {
                "There is no transfer to pause. /transfers lists them."
            } else {
                "There is no transfer to resume. /transfers lists them."
            };
            return self.complain(sentence, now_ms);
        }
        for tag in meant {
            if self.model.transfer(tag).is_some_and(|it| it.is_parked) {
                self.resume_parked(tag, now_ms);
                continue;
            }
            self.effects.push(Effect::PauseTransfer { tag, is_paused });
            self.show_pause(tag, is_paused);
        }
    }

    /// A transfer has paused at its share.
    pub(super) fn show_own_pause(&mut self, tag: u64, now_ms: u64) {
        let Some(transfer) = self.model.transfer(tag) else {
            return;
        };
        if transfer.state != TransferState::Paused || transfer.was_paused {
            return;
        }
        let file = words::harmless(&transfer.file);
        let percent = words::percent(transfer);
        let line = format!("{file} is paused at {percent} %. Resume with /resume {tag}.");
        self.model.chat.push(now_ms, LineKind::Notice, &line);
        self.show_pause(tag, true);
    }

    fn show_pause(&mut self, tag: u64, is_paused: bool) {
        let Some(transfer) = self.model.transfer_mut(tag) else {
            return;
        };
        transfer.is_paused = is_paused;
        transfer.was_paused = true;
        let number = transfer.number.filter(|_| self.model.is_online());
        if let Some(transfer) = number {
            self.send(if is_paused {
                Request::Pause { transfer }
            } else {
                Request::Resume { transfer }
            });
        }
    }
}
