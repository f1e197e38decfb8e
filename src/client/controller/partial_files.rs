//! The partial files of interrupted downloads: offered after joining, resumed, or
//! deleted.
//!
//! ```text
//! LeftoversFound, files known --> model.leftovers --GoOn----> as a download
//!                                                 --Leave---> another time
//! Discard (of one transfer)  ---------------------+--Delete--> DiscardLeftovers
//!                             '--> DiscardPart, once its receiver has ended
//! ```

use super::{Controller, Effect, PartialFileChoice};
use crate::client::model::{LineKind, Phase};
use crate::client::words;
use crate::transfer::partial_files::PartialFile;
use crate::wire::message::FileEntry;
use crate::wire::options::RequestedOptions;
use std::mem;

/// The most names in the sentence.
const NAMES_TOLD: usize = 3;

impl Controller {
    /// Offers partial files that this server can resume, when both lists are known.
    pub(super) fn offer_partial_files(&mut self, now_ms: u64) {
        let is_ready = self.knows_files && self.model.phase == Phase::Joined;
        if !is_ready || self.found.is_empty() {
            return;
        }
        let files = &self.model.files;
        let is_asked_for = |partial_file: &PartialFile| {
            let mut running = self.model.running_transfers();
            running.any(|it| it.file == partial_file.file)
        };
        let (offered, others) = mem::take(&mut self.found)
            .into_iter()
            .partition(|it| is_of(it, files) && !is_asked_for(it));
        self.found = others;
        self.model.partial_files = offered;
        if !self.model.partial_files.is_empty() {
            let line = told(&self.model.partial_files);
            self.model.chat.push(now_ms, LineKind::Notice, &line);
        }
    }

    /// They cannot be resumed now, but perhaps later.
    pub(super) fn withdraw_partial_files(&mut self) {
        self.found.append(&mut self.model.partial_files);
    }

    pub(super) fn decide_partial_files(
        &mut self,
        choice: PartialFileChoice,
        now_ms: u64,
    ) {
        let partial_files = mem::take(&mut self.model.partial_files);
        match choice {
            PartialFileChoice::Resume => {
                for partial_file in partial_files {
                    self.download(
                        &partial_file.file,
                        RequestedOptions::default(),
                        now_ms,
                    );
                }
            }
            PartialFileChoice::Leave => {}
            PartialFileChoice::Delete => {
                let parts = partial_files.into_iter().map(|it| it.part);
                self.effects
                    .push(Effect::DiscardPartialFiles(parts.collect()));
            }
        }
    }

    /// Cancels a download and deletes its partial file.
    pub(super) fn discard(&mut self, tag: u64, now_ms: u64) {
        let Some(transfer) = self.model.transfer_mut(tag) else {
            return self.complain_of_no_transfer(tag, now_ms);
        };
        if !transfer.state.is_end() {
            transfer.is_discarded = transfer.source.is_none();
            return self.cancel(tag, now_ms);
        }
        if transfer.has_left_a_part() {
            transfer.is_discarded = true;
            self.effects.push(Effect::DiscardPart { tag });
        }
    }

    pub(super) fn on_discarded(
        &mut self,
        tag: Option<u64>,
        problem: Option<String>,
        now_ms: u64,
    ) {
        let transfer = tag.and_then(|tag| self.model.transfer_mut(tag));
        if let Some(problem) = problem {
            if let Some(transfer) = transfer {
                transfer.is_discarded = false; // It still exists.
            }
            return self.complain_of_files(problem, now_ms);
        }
        let what = match transfer {
            Some(transfer) if transfer.done_bytes > 0 => {
                let came = words::bytes(mem::take(&mut transfer.done_bytes));
                let file = words::harmless(&transfer.file);
                format!("{file}: deleted the partial file ({came}).")
            }
            // Nothing had arrived, or its row was removed.
            Some(_) => return,
            None if tag.is_some() => return,
            None => "Deleted the partial files of earlier downloads.".to_owned(),
        };
        self.model.chat.push(now_ms, LineKind::Notice, &what);
    }
}

/// Whether this seems to be the beginning of one of the files; the server decides when it
/// is requested.
fn is_of(partial_file: &PartialFile, files: &[FileEntry]) -> bool {
    let version = partial_file.version;
    let is_same = |file: &FileEntry| {
        let digests = version.digest.zip(file.digest);
        file.name == partial_file.file
            && file.size == version.size
            && digests.is_none_or(|(one, other)| one == other)
    };
    files.iter().any(is_same)
}

/// `2 can be resumed: film.mp4 (42 %), map.png (7 %). Resume with /download FILE.`
fn told(partial_files: &[PartialFile]) -> String {
    let count = match partial_files.len() {
        1 => "A download".to_owned(),
        count => format!("{count} downloads"),
    };
    let names: Vec<String> = partial_files
        .iter()
        .take(NAMES_TOLD)
        .map(words::partial_file)
        .collect();
    let more = match partial_files.len().saturating_sub(NAMES_TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = names.join(", ");
    format!("{count} can be resumed: {names}{more}. Resume with /download FILE.")
}
