//! Handles a transfer whose port the server has given to waiting users.
//!
//! ```text
//! transfer failed, interrupted --> our end stops --paused--> stays paused --/resume--.
//!                                        '------running------------------------------+--> asked for again
//! ```
//!
//! For the user it stays the same transfer, with its row and number, and continues from
//! its partial file.

use super::{Controller, Effect};
use crate::client::model::LineKind;
use crate::client::words;
use crate::wire::message::{TransferNews, TransferState};

/// After more interruptions than this, with nothing arriving between them, the transfer
/// fails: its packets do not reach the server.
const MOST_IN_VAIN: u32 = 8;

impl Controller {
    /// Handles the message that the server needs the port; returns whether it was this
    /// message.
    pub(super) fn on_interruption(
        &mut self,
        tag: u64,
        news: &TransferNews,
        now_ms: u64,
    ) -> bool {
        let Some(transfer) = self.model.transfer_mut(tag) else {
            return false;
        };
        let is_settled = transfer.settled.is_some() && !transfer.is_cancelled;
        let is_over = transfer.state == TransferState::Verified || transfer.is_parked;
        if !news.interrupted || !is_settled || is_over {
            return false;
        }
        transfer.count_interruption();
        if transfer.interrupted_in_vain > MOST_IN_VAIN {
            return false;
        }
        transfer.is_interrupted = true;
        if transfer.state.is_end() {
            // This end of the transfer has ended before the message.
            self.ask_or_park(tag, now_ms);
        } else {
            transfer.stops_as = Some(TransferState::Failed);
            self.effects.push(Effect::CancelTransfer { tag });
        }
        true
    }

    /// This end of an interrupted transfer has ended: it is requested again, or stays
    /// paused.
    pub(super) fn ask_or_park(&mut self, tag: u64, now_ms: u64) {
        let is_online = self.model.is_online();
        let Some(transfer) = self.model.transfer_mut(tag) else {
            return;
        };
        transfer.forget_offer();
        if !transfer.is_paused && is_online {
            return self.ask_for(tag, now_ms);
        }
        transfer.is_paused = true;
        transfer.is_parked = true;
        transfer.state = TransferState::Paused;
        let file = words::harmless(&transfer.file);
        let line = format!(
            "{file} stays paused; others use its port meanwhile. Resume with /resume {tag}."
        );
        self.model.chat.push(now_ms, LineKind::Notice, &line);
    }

    /// Requests a transfer again after the server has given its port to others.
    pub(super) fn resume_parked(&mut self, tag: u64, now_ms: u64) {
        if !self.model.is_online() {
            return self.complain_of_files(super::NOT_CONNECTED.to_owned(), now_ms);
        }
        if let Some(transfer) = self.model.transfer_mut(tag) {
            transfer.is_parked = false;
            transfer.is_paused = false;
        }
        self.ask_for(tag, now_ms);
    }
}
