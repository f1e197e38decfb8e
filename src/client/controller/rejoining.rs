//! Reconnects by itself after a lost connection.
//!
//! ```text
//! lost --1 s--> try --failed: 2 s--> try --4 s--> ... --30 s--> try --> in the room again
//!                                                        "away 12 s, nothing is missing"
//! ```
//!
//! The chat stays, and new lines of the server's history are added. Running transfers are
//! requested again, and resume from their partial files. Only a lost connection is
//! restored, never one that a user ended or that a script waits for.

use super::{Controller, Effect};
use crate::client::address::ServerAddress;
use crate::client::model::{LineKind, Phase, Rejoining};
use crate::client::words;
use crate::wire::message::Said;
use std::mem;
use std::time::Duration;

/// The pause before the first attempt; it doubles each time.
const FIRST_PAUSE_MS: u64 = 1_000;

/// The longest pause between two attempts.
const LONGEST_PAUSE_MS: u64 = 30_000;

/// After this many failures, about half an hour, the user must ask for more.
const MOST_FAILURES: u32 = 60;

impl Controller {
    pub(super) fn plan_to_rejoin(&mut self, now_ms: u64) {
        if self.wants_lists {
            self.model.rejoining = Some(Rejoining {
                since_ms: now_ms,
                failures: 0,
                next_ms: now_ms + FIRST_PAUSE_MS,
                is_trying: false,
            });
        }
    }

    /// The transfers that the lost connection interrupts and no user has ended; call it
    /// before they are ended.
    pub(super) fn note_interrupted(&mut self) {
        let running = self.model.running_transfers();
        let wanted = running.filter(|it| {
            !it.is_cancelled
                && !it.is_parked
                && (it.stops_as.is_none() || it.is_interrupted)
        });
        self.interrupted = wanted.map(|it| it.tag).collect();
    }

    /// Requests the interrupted transfers again, once they have ended here. Nothing else
    /// may write its part any more then.
    pub(super) fn resume_interrupted(&mut self, now_ms: u64) {
        if self.model.phase != Phase::Joined {
            return;
        }
        for tag in mem::take(&mut self.interrupted) {
            match self.model.transfer(tag) {
                Some(transfer) if transfer.can_be_retried() => self.retry(tag, now_ms),
                Some(transfer) if !transfer.state.is_end() => self.interrupted.push(tag),
                Some(_) | None => {}
            }
        }
    }

    pub(super) fn rejoin_when_due(&mut self, now_ms: u64) {
        let is_due = |it: Rejoining| !it.is_trying && now_ms >= it.next_ms;
        if self.model.rejoining.is_some_and(is_due) {
            self.rejoin(now_ms);
        }
    }

    /// The user does not want to wait.
    pub(super) fn rejoin_now(&mut self, now_ms: u64) {
        if !matches!(self.model.phase, Phase::Lost { .. }) || self.model.is_online() {
            return;
        }
        self.model.rejoining.get_or_insert(Rejoining {
            since_ms: now_ms,
            failures: 0,
            next_ms: now_ms,
            is_trying: false,
        });
        self.rejoin(now_ms);
    }

    pub(super) fn stay_away(&mut self, now_ms: u64) {
        if self.model.rejoining.is_none() {
            return;
        }
        if self.model.is_online() {
            self.effects.push(Effect::HangUp);
        }
        self.model.rejoining = None;
        self.interrupted.clear();
        self.show("You are not connected. Connect again at any time.", now_ms);
    }

    /// An attempt failed; the next one follows.
    pub(super) fn fail_to_rejoin(&mut self, now_ms: u64) {
        let Some(rejoining) = &mut self.model.rejoining else {
            return;
        };
        rejoining.is_trying = false;
        rejoining.failures += 1;
        let doubled = FIRST_PAUSE_MS.checked_shl(rejoining.failures);
        let pause_ms = doubled.unwrap_or(LONGEST_PAUSE_MS).min(LONGEST_PAUSE_MS);
        rejoining.next_ms = now_ms + pause_ms;
        if rejoining.failures >= MOST_FAILURES {
            let sentence =
                "The server has not come back. Connect again later.".to_owned();
            self.give_up_rejoining(sentence, now_ms);
        }
    }

    pub(super) fn give_up_rejoining(&mut self, sentence: String, now_ms: u64) {
        self.model.rejoining = None;
        self.interrupted.clear();
        self.complain(&sentence, now_ms);
        self.model.phase = Phase::Lost { sentence };
    }

    /// The history before joining; after an absence only the lines that are not shown
    /// yet.
    pub(super) fn on_history(&mut self, lines: Vec<Said>, now_ms: u64) {
        let is_back = self.unshown_absence_ms.is_some();
        let count = lines.len();
        let unknown = self.model.chat.unknown_of(lines);
        // One known line is enough: since it the server has sent everything.
        let missed = (unknown.len() < count).then_some(unknown.len());
        self.show_absence(missed, now_ms);
        self.model.chat.push_history(&unknown, is_back);
    }

    /// Shows the gap in the chat, once. `missed`: the number of public lines meanwhile,
    /// if it is known.
    pub(super) fn show_absence(&mut self, missed: Option<usize>, now_ms: u64) {
        let Some(absence_ms) = self.unshown_absence_ms.take() else {
            return;
        };
        let absence = words::duration(Duration::from_millis(absence_ms));
        let rest = match missed {
            Some(0) => "no messages meanwhile".to_owned(),
            Some(1) => "one message meanwhile".to_owned(),
            Some(count) => format!("{count} messages meanwhile"),
            None => "messages may be missing".to_owned(),
        };
        let sentence = format!("away {absence}, {rest}");
        self.model.chat.push(now_ms, LineKind::Gap, &sentence);
    }

    fn rejoin(&mut self, now_ms: u64) {
        let Ok(address) = ServerAddress::read_fields(&self.model.server, "") else {
            return; // It was read before, at the first connection.
        };
        if let Some(rejoining) = &mut self.model.rejoining {
            rejoining.is_trying = true;
        }
        self.join(address, now_ms);
    }
}
