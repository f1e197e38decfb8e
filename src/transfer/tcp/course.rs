//! The progress of a TCP transfer, as it is reported.

use super::{Done, Stop};
use crate::reliable::moment::Moment;
use crate::transfer::clock::Clock;
use crate::transfer::disk::CHUNK_BYTES;
use crate::transfer::{
    Ending, Figures, Job, REPORT_INTERVAL, Report, running_state, verdict,
};
use crate::wire::message::{Progress, TransferState};

/// The progress of one transfer: its counters, and the time of the last report.
pub(super) struct Course<R> {
    pub(super) report: R,
    clock: Clock,
    done_bytes: u64,
    /// The place of a requested pause.
    pause_at: Option<u64>,
    was_paused: bool,
    next_report: Moment,
}

impl<R: FnMut(Report)> Course<R> {
    pub(super) fn new(job: &Job, report: R) -> Self {
        Self {
            report,
            clock: Clock::start(),
            done_bytes: job.offset,
            pause_at: job.pause_at.filter(|share| *share > job.offset),
            was_paused: false,
            next_report: Moment::START,
        }
    }

    /// Counts transferred bytes. Returns `true` once, where a requested pause begins.
    pub(super) fn pauses_at(&mut self, done_bytes: u64) -> bool {
        self.done_bytes = done_bytes;
        self.pause_at
            .take_if(|share| done_bytes >= *share)
            .is_some()
    }

    /// The number of bytes to send or receive next: not beyond a requested pause.
    pub(super) fn stretch(&self, left: u64) -> u64 {
        let until_pause = self.pause_at.map(|share| share - self.done_bytes);
        left.min(CHUNK_BYTES as u64)
            .min(until_pause.unwrap_or(left))
    }

    fn figures(&self) -> Figures {
        let progress = Progress {
            acked_bytes: self.done_bytes,
            ..Progress::default()
        };
        Figures {
            done_bytes: self.done_bytes,
            progress,
        }
    }

    /// The begin and the end of a pause are reported at once.
    pub(super) fn progress(&mut self, done_bytes: u64, is_paused: bool) {
        self.done_bytes = done_bytes;
        let is_due = self.clock.now() >= self.next_report;
        self.report_if(is_due, is_paused);
    }

    /// The other side does not read or write. A pause that begins meanwhile is reported:
    /// until then the transfer would count as one that moves.
    pub(super) fn stand_still(&mut self, is_paused: bool) {
        self.report_if(false, is_paused);
    }

    fn report_if(&mut self, is_due: bool, is_paused: bool) {
        let is_turned = std::mem::replace(&mut self.was_paused, is_paused) != is_paused;
        if is_due || is_turned {
            self.next_report = self.clock.now() + REPORT_INTERVAL;
            let progress =
                Report::Progress(running_state(true, is_paused), self.figures());
            (self.report)(progress);
        }
    }

    pub(super) fn end(&mut self, ended: Result<Done, Stop>) {
        let ending = |(state, sentence)| {
            let elapsed = self.clock.now().since_start();
            Ending::new(state, sentence, self.figures(), elapsed)
        };
        let ending = match ended {
            Ok(done) => {
                let (state, sentence) = verdict(done.outcome);
                Ending {
                    path: done.path,
                    digest: done.digest,
                    ..ending((state, sentence.or(done.remark)))
                }
            }
            Err(Stop::Outcome(outcome)) => ending(verdict(outcome)),
            Err(Stop::Sentence(sentence)) => {
                ending((TransferState::Failed, Some(sentence)))
            }
        };
        (self.report)(Report::Ended(ending));
    }
}
