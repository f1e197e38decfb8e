//! Finds transfers that block others: nothing before it is opened, and a port no longer
//! than it moves.

use super::Transfers;
use super::transfer::Upload;
use std::time::Duration;

/// A transfer that does not move for so long gives its port back where others wait.
const LONGEST_STANDSTILL: Duration = Duration::from_secs(10);

/// Why a transfer that did not move has ended.
const STOOD_STILL: &str = "The transfer made no progress while others were waiting, so \
                           the server gave its port to them. The part that arrived is \
                           kept: continue with /resume.";

impl Transfers {
    /// The handshake of an upload has shown that somebody sends it: only now it counts,
    /// and only now older parts make room for it.
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
                self.allowance.take(&upload.from, upload.version.size);
                transfer.upload = Some(Upload {
                    has_taken: true,
                    ..upload
                });
            }
            Err((_, sentence)) => transfer.break_off(sentence),
        }
    }

    /// Gives ports back that stand still while others wait: of those who wait, each one's
    /// port is being freed then.
    pub(super) fn break_off_the_idle(&mut self) {
        let now = self.clock.now();
        let mut idle: Vec<_> = self
            .all
            .iter()
            .filter(|(_, it)| it.stands_still_since(now, LONGEST_STANDSTILL))
            .filter(|(_, it)| self.ports.others_wait(it.user()))
            .map(|(number, it)| (it.moved_at(), *number))
            .collect();
        idle.sort_unstable();
        let waiting = self.ports.places().len();
        for (_, number) in idle.into_iter().take(waiting) {
            if let Some(transfer) = self.all.get_mut(&number) {
                transfer.break_off(STOOD_STILL.to_owned());
            }
        }
    }
}
