//! Takes ports from transfers while others wait: from one that does not use its port, and
//! from one whose turn is over.
//!
//! ```text
//! paused, never opened  --1.2 s or less---> interrupted   nobody uses this port
//! moving, then silent   --10 s------------> interrupted   a network may be down for a while
//! moving                --30 s------------> interrupted   its turn is over: round robin
//! ```
//!
//! A client that reads a byte now and then moves, and so does one behind a slow network:
//! the server cannot distinguish them. Therefore it looks at the time only, and a user
//! with fewer ports gets the next turn. The ports pass on one after the other, so that
//! with sixteen ports a new user waits for two seconds.
//!
//! The client is informed first and requests the transfer again, at once or when its user
//! resumes; a client that does not react is disconnected a moment later.
//!
//! Source: Kurose & Ross §4.2.5 (round robin).

use super::Transfers;
use super::standing::Standing;
use super::transfer::{BrokenOff, TransferPhase, Upload};
use crate::reliable::moment::Moment;
use crate::room::ClientNumber;
use crate::wire::message::{Reply, TransferState};
use std::collections::HashMap;
use std::time::Duration;

/// A transfer without progress for this long loses its port if others wait.
const LONGEST_STANDSTILL: Duration = Duration::from_secs(10);

/// The time that a transfer keeps its port in any case while it moves.
const TURN: Duration = Duration::from_secs(30);

/// A waiting user gets an unused port within this time, whatever the number of waiting
/// users.
const TURN_WITHIN: Duration = Duration::from_millis(1_200);

/// The shortest time that a port waits for the first packet of its client.
const SHORTEST_TURN: Duration = Duration::from_millis(300);

/// A client whose offers expire gets twice the time for the next ones, this many times:
/// its network may be slow.
const MOST_DOUBLINGS: u32 = 2;

/// Why a transfer that did not move has ended.
const STOOD_STILL: &str = "The transfer made no progress while others were waiting, so \
                           the server gave its port to them. The part that arrived is \
                           kept: continue with /resume.";

/// Why a transfer whose turn is over has ended.
const TURN_IS_OVER: &str = "Others were waiting, and this transfer has had its turn, so \
                            the server gave its port to them. The part that arrived is \
                            kept: continue with /resume.";

/// How often each client has lost a port to others.
#[derive(Debug, Default)]
pub(super) struct Interruptions(HashMap<ClientNumber, u32>);

impl Interruptions {
    /// The time that a transfer of this client may keep an unused port, if the waiting
    /// users would fill all ports this many times.
    fn patience(&self, client: ClientNumber, rounds: usize) -> Duration {
        let rounds = u32::try_from(rounds).unwrap_or(u32::MAX).max(1);
        let earlier = self.0.get(&client).copied().unwrap_or(0);
        let turn = (TURN_WITHIN / rounds).max(SHORTEST_TURN);
        (turn * (1 << earlier.min(MOST_DOUBLINGS))).min(TURN_WITHIN)
    }

    fn count(&mut self, client: ClientNumber) {
        let count = self.0.entry(client).or_default();
        *count = count.saturating_add(1);
    }

    /// This client has left.
    pub(super) fn forget(&mut self, client: ClientNumber) {
        self.0.remove(&client);
    }
}

impl Transfers {
    /// The handshake of an upload has shown that a client sends it: only now it counts,
    /// and only now older parts are removed for it.
    pub(super) fn settle_opened(&mut self, number: u64) {
        let transfer = self.all.get(&number);
        let Some((name, upload)) = transfer
            .and_then(|it| it.upload.as_ref().map(|upload| (&it.name, upload)))
            .filter(|(_, upload)| !upload.has_taken)
        else {
            return;
        };
        let (name, upload) = (name.clone(), upload.clone());
        let settled = self.make_room(&name, &upload, None, true);
        let Some(transfer) = self.all.get_mut(&number) else {
            return;
        };
        match settled {
            Ok(()) => {
                transfer.admit();
                self.allowance.take(&upload.from, upload.version.size);
                transfer.upload = Some(Upload {
                    has_taken: true,
                    ..upload
                });
            }
            Err((_, sentence)) => transfer.break_off(sentence),
        }
    }

    /// While others wait, frees the ports of transfers without progress, at most one for
    /// each waiting transfer, and one port whose turn is over.
    pub(super) fn pass_on_ports(&mut self) {
        for transfer in self.all.values_mut() {
            if transfer.broken_off == Some(BrokenOff::Interrupted) && !transfer.is_leaving
            {
                transfer.cancel(); // Its client has known for a while.
            }
        }
        let waiting = self.ports.count_waiting();
        if waiting == 0 {
            return;
        }
        let now = self.clock.now();
        for number in self.find_idle(now).into_iter().take(waiting) {
            if let Some(client) = self.interrupt(number, "did not move", STOOD_STILL) {
                self.interruptions.count(client);
            }
        }
        if now >= self.next_turn
            && let Some(number) = self.find_over(now)
        {
            let ports = self.ports.count().and_then(|it| u32::try_from(it).ok());
            self.next_turn = now + TURN / ports.unwrap_or(1);
            self.interrupt(number, "has had its turn", TURN_IS_OVER);
        }
    }

    /// The transfers that do not use their ports, the longest unused first.
    fn find_idle(&self, now: Moment) -> Vec<u64> {
        let rounds = self.ports.rounds();
        let mut idle: Vec<(Moment, u64)> = Vec::new();
        for (number, transfer) in &self.all {
            let Some(Standing {
                state, moved_at, ..
            }) = transfer.standing()
            else {
                continue;
            };
            let is_unused =
                matches!(state, TransferState::Opening | TransferState::Paused);
            let patience = if is_unused {
                self.interruptions.patience(transfer.peer.number, rounds)
            } else {
                LONGEST_STANDSTILL
            };
            if now - moved_at >= patience && self.ports.others_wait(transfer.user()) {
                idle.push((moved_at, *number));
            }
        }
        idle.sort_unstable();
        idle.into_iter().map(|(_, number)| number).collect()
    }

    /// The transfer whose turn has been over the longest, if its port goes to a user with
    /// fewer ports.
    fn find_over(&self, now: Moment) -> Option<u64> {
        let running = self.all.iter();
        let running = running.filter_map(|(number, transfer)| {
            let Standing { since, .. } = transfer.standing()?;
            (now - since >= TURN).then_some((since, *number))
        });
        let mut over: Vec<(Moment, u64)> = running.collect();
        over.sort_unstable();
        let over = over.into_iter().map(|(_, number)| number);
        self.ports.first_to_yield(over)
    }

    /// Informs the client of this transfer that its port goes to others; returns the
    /// client.
    fn interrupt(
        &mut self,
        number: u64,
        reason: &str,
        sentence: &str,
    ) -> Option<ClientNumber> {
        let transfer = self.all.get_mut(&number)?;
        log::info!("transfer {number} {reason}: its port goes to others");
        transfer.broken_off = Some(BrokenOff::Interrupted);
        let mut news = transfer.news(number, TransferState::Failed);
        news.sentence = Some(sentence.to_owned());
        news.interrupted = true;
        transfer.peer.tell(&Reply::Transfer(news));
        Some(transfer.peer.number)
    }

    /// Whether ports are needed now: a transfer waits, or one is being interrupted.
    pub(super) fn is_port_wanted(&self) -> bool {
        self.ports.count_waiting() > 0
            || self.all.values().any(|it| {
                it.broken_off == Some(BrokenOff::Interrupted)
                    && matches!(it.phase, TransferPhase::Running { .. })
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unused_port_is_kept_for_a_shorter_time_the_more_users_wait() {
        let mut interruptions = Interruptions::default();
        let patience = |it: &Interruptions, rounds| it.patience(1, rounds).as_millis();
        let all = [0, 1, 2, 4, 100].map(|rounds| patience(&interruptions, rounds));
        assert_eq!(all, [1_200, 1_200, 600, 300, 300]);
        // A distant client gets more time from its second attempt on.
        let mut next = || {
            interruptions.count(1);
            patience(&interruptions, 4)
        };
        assert_eq!([next(), next(), next()], [600, 1_200, 1_200]);
        interruptions.forget(1);
        assert_eq!(patience(&interruptions, 4), 300);
    }
}
