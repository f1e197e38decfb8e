//! One transfer for a front end, a download or an upload.

use super::Pace;
use crate::link::Scenario;
use crate::transfer::overwrite::Overwrite;
use crate::transfer::{Ending, Figures};
use crate::wire::digest::Digest;
use crate::wire::message::{Offer, TransferNews, TransferState};
use crate::wire::options::{NegotiatedOptions, RequestedOptions, Transport};
use crate::wire::version::FileVersion;
use std::path::PathBuf;
use std::time::Duration;

/// One transfer, running or ended.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the wish of the user and the state of the transfer are independent"
)]
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The client's number for it, from 1, as in `/cancel 2`.
    pub tag: u64,
    /// The server's number, once it has answered.
    pub number: Option<u64>,
    /// The file's name on the server: show it through
    /// [`words::harmless`](crate::client::words::harmless).
    pub file: String,
    /// For an upload: the path of the file.
    pub source: Option<PathBuf>,
    /// For an upload: the announced version of the file.
    pub(in crate::client) announced: Option<FileVersion>,
    /// The requested options.
    pub asked: RequestedOptions,
    /// For a download: what to do if a file of that name exists.
    pub overwrite: Overwrite,
    /// The negotiated options, once there is an offer.
    pub settled: Option<NegotiatedOptions>,
    /// The scenario of this side's link, with each dropped packet in `drop=`.
    pub scenario: Scenario,
    /// Its state, or its outcome.
    pub state: TransferState,
    /// Its place in the server's queue, 1 for the next; only while queued.
    pub place: Option<u32>,
    /// File bytes that have arrived in order; for an upload, as far as known.
    pub done_bytes: u64,
    /// The part of it that existed before it began.
    pub(in crate::client) offset_bytes: u64,
    /// The file's size, once there is an offer.
    pub total_bytes: Option<u64>,
    /// Its rate and remaining time.
    pub(in crate::client) pace: Pace,
    /// DATA packets that were retransmitted.
    pub resent_packets: u64,
    /// For a download: the path of the verified file.
    pub path: Option<PathBuf>,
    /// The SHA-256 of what arrived.
    pub digest: Option<Digest>,
    /// The reason, if it is not verified.
    pub sentence: Option<String>,
    /// Its duration, once it has ended.
    pub elapsed: Option<Duration>,
    /// Whether the user has paused it.
    pub is_paused: bool,
    /// Whether its automatic pause has happened.
    pub(in crate::client) was_paused: bool,
    /// Whether the user has cancelled it.
    pub is_cancelled: bool,
    /// Whether it waits at the client, because the permitted number of transfers is
    /// running.
    pub(in crate::client) is_held: bool,
    /// Whether its partial file is to be deleted when it has ended.
    pub(in crate::client) is_discarded: bool,
    /// Another download resumes its partial file.
    pub(in crate::client) is_taken_over: bool,
    /// Whether the server needs its port for others: it is requested again when this end
    /// has stopped.
    pub(in crate::client) is_interrupted: bool,
    /// Whether it is paused and has lost its port: resuming requests it again.
    pub(in crate::client) is_parked: bool,
    /// The number of interruptions without progress.
    pub(in crate::client) interrupted_in_vain: u32,
    /// The part that had arrived when it was last interrupted. Unit: bytes.
    pub(in crate::client) interrupted_at: u64,
    /// Its outcome when its cancelled receiver has ended, if it is not `cancelled`.
    pub(in crate::client) stops_as: Option<TransferState>,
    /// The time of its request. Unit: milliseconds since 1970-01-01 UTC.
    pub(in crate::client) asked_ms: u64,
}

impl Transfer {
    pub(in crate::client) fn new(
        tag: u64,
        file: String,
        asked: RequestedOptions,
        now_ms: u64,
    ) -> Self {
        Self {
            tag,
            number: None,
            file,
            source: None,
            announced: None,
            asked,
            overwrite: Overwrite::Keep,
            settled: None,
            scenario: Scenario::PERFECT,
            state: TransferState::Opening,
            place: None,
            done_bytes: 0,
            offset_bytes: 0,
            total_bytes: None,
            pace: Pace::default(),
            resent_packets: 0,
            path: None,
            digest: None,
            sentence: None,
            elapsed: None,
            is_paused: false,
            was_paused: false,
            is_cancelled: false,
            is_held: false,
            is_discarded: false,
            is_taken_over: false,
            is_interrupted: false,
            is_parked: false,
            interrupted_in_vain: 0,
            interrupted_at: 0,
            stops_as: None,
            asked_ms: now_ms,
        }
    }

    /// A new upload.
    pub(in crate::client) fn upload(
        tag: u64,
        path: PathBuf,
        asked: RequestedOptions,
        now_ms: u64,
    ) -> Self {
        let file = path.to_string_lossy().into_owned();
        Self {
            source: Some(path),
            ..Self::new(tag, file, asked, now_ms)
        }
    }

    /// Whether it is running and can be paused (or, if paused, resumed).
    #[must_use]
    pub fn can_be(&self, paused: bool) -> bool {
        let is_known = self.settled.is_some() || self.is_parked;
        !self.state.is_end() && is_known && self.is_paused != paused
    }

    /// Whether its packets are being sent: it was offered, and has not ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.state.is_end() && self.settled.is_some()
    }

    /// Whether an offer may have this size: the client knows that of an upload.
    pub(in crate::client) fn may_have(&self, size: u64) -> bool {
        self.source.is_none() || self.total_bytes == Some(size)
    }

    /// Whether it ended without its file, and can be requested again.
    #[must_use]
    pub fn can_be_retried(&self) -> bool {
        self.state.is_end() && self.state != TransferState::Verified
    }

    /// Whether it has ended and left a partial file that a second attempt resumes.
    #[must_use]
    pub fn has_left_a_part(&self) -> bool {
        let is_broken_off = matches!(
            self.state,
            TransferState::Failed | TransferState::Cancelled | TransferState::Unknown
        );
        is_broken_off
            && self.source.is_none()
            && self.done_bytes > 0
            && !self.is_discarded
            && !self.is_taken_over
    }

    /// The smoothed rate, 0 before the first measurement; once it has ended, the average.
    /// Unit: bytes per second.
    #[must_use]
    pub fn rate(&self) -> u64 {
        if !self.state.is_end() {
            return self.pace.bytes_per_second();
        }
        let elapsed_ms = self.elapsed.map_or(0, |elapsed| elapsed.as_millis());
        if elapsed_ms == 0 {
            return 0;
        }
        let came = self.done_bytes.saturating_sub(self.offset_bytes);
        let per_second = u128::from(came) * 1_000 / elapsed_ms;
        u64::try_from(per_second).unwrap_or(u64::MAX)
    }

    /// The remaining time, if it can be predicted; while it is paused, the last value.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let is_in_progress =
            matches!(self.state, TransferState::Sending | TransferState::Paused);
        self.pace.left().filter(|_| is_in_progress)
    }

    /// `go-back-n 16`, `sack reno`, `tcp`; the requested options until the server has
    /// chosen.
    #[must_use]
    pub fn protocol(&self) -> String {
        match (self.settled, self.asked.arq) {
            (Some(settled), _) => settled.to_string(),
            (None, _) if self.asked.transport == Some(Transport::Tcp) => "tcp".to_owned(),
            (None, Some(arq)) => arq.to_string(),
            (None, None) => "the server's default".to_owned(),
        }
    }

    pub(in crate::client) fn on_offer(&mut self, offer: &Offer) {
        self.number = Some(offer.transfer);
        self.settled = Some(offer.settled);
        self.total_bytes = Some(offer.size);
        self.offset_bytes = offer.offset;
        self.place = None;
        self.state = TransferState::Opening;
    }

    /// The server interrupts it once more.
    pub(in crate::client) fn count_interruption(&mut self) {
        let is_in_vain = self.interrupted_at == self.done_bytes;
        self.interrupted_in_vain = if is_in_vain {
            self.interrupted_in_vain + 1
        } else {
            0
        };
        self.interrupted_at = self.done_bytes;
    }

    /// Its offer has expired, and it may be requested again.
    pub(in crate::client) fn forget_offer(&mut self) {
        self.number = None;
        self.settled = None;
        self.place = None;
        self.stops_as = None;
        self.sentence = None;
        self.elapsed = None;
        self.is_interrupted = false;
        self.state = TransferState::Opening;
    }

    /// The server's report: place in the queue and retransmissions. Progress and outcome
    /// are those of this side, not of the server.
    pub(in crate::client) fn on_news(&mut self, news: &TransferNews) {
        self.number = Some(news.transfer);
        self.place = news.place;
        if news.state == TransferState::Queued && self.settled.is_none() {
            self.state = TransferState::Queued;
        }
        if let Some(progress) = news.progress {
            self.resent_packets = self.resent_packets.max(progress.resent_packets);
        }
    }

    pub(in crate::client) fn on_progress(
        &mut self,
        state: TransferState,
        figures: &Figures,
        now_ms: u64,
    ) {
        if self.state.is_end() {
            return;
        }
        self.state = state;
        self.take(figures);
        self.measure(now_ms);
    }

    pub(in crate::client) fn on_end(&mut self, ending: Ending) {
        if self.state.is_end() {
            return;
        }
        let was_stopped = ending.state == TransferState::Cancelled;
        let stops_as = self.stops_as.filter(|_| was_stopped);
        self.state = stops_as.unwrap_or(ending.state);
        self.take(&ending.figures);
        self.path = ending.path;
        self.digest = ending.digest;
        self.sentence = ending.sentence.or_else(|| self.sentence.take());
        self.elapsed = Some(ending.elapsed);
    }

    /// It ended before anything of it arrived.
    pub(in crate::client) fn end(
        &mut self,
        state: TransferState,
        sentence: Option<String>,
    ) {
        if self.state.is_end() {
            return;
        }
        self.state = state;
        self.sentence = sentence;
        self.is_parked = false;
    }

    fn take(&mut self, figures: &Figures) {
        self.done_bytes = figures.done_bytes;
        self.resent_packets = self.resent_packets.max(figures.progress.resent_packets);
    }

    /// Time has passed: the shown rate of a stalled transfer decreases.
    pub(in crate::client) fn measure(&mut self, now_ms: u64) {
        if self.state == TransferState::Sending && !self.is_paused {
            self.pace
                .on_bytes(now_ms, self.done_bytes, self.total_bytes);
        } else {
            self.pace.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(done_bytes: u64) -> Figures {
        Figures {
            done_bytes,
            ..Figures::default()
        }
    }

    #[test]
    fn the_rate_follows_the_progress_and_a_pause_freezes_the_remaining_time() {
        let mut transfer = Transfer::new(1, "a".into(), RequestedOptions::default(), 0);
        transfer.total_bytes = Some(10_000);
        for second in 0..5 {
            let figures = at(second * 1_000);
            transfer.on_progress(TransferState::Sending, &figures, second * 1_000);
        }
        assert_eq!(transfer.rate(), 1_000);
        assert_eq!(transfer.time_left(), Some(Duration::from_secs(6)));
        for second in 5..100 {
            transfer.on_progress(TransferState::Paused, &at(4_000), second * 1_000);
        }
        assert_eq!(transfer.time_left(), Some(Duration::from_secs(6)));
        transfer.on_progress(TransferState::Sending, &at(4_000), 100_000);
        transfer.on_progress(TransferState::Sending, &at(5_000), 101_000);
        assert_eq!(transfer.time_left(), Some(Duration::from_secs(5)));
    }

    #[test]
    fn the_displayed_rate_of_a_stalled_transfer_decreases() {
        let mut transfer = Transfer::new(1, "a".into(), RequestedOptions::default(), 0);
        transfer.on_progress(TransferState::Sending, &at(0), 0);
        transfer.on_progress(TransferState::Sending, &at(1_000), 1_000);
        transfer.measure(2_000);
        let rate = transfer.rate();
        assert!((1..1_000).contains(&rate), "{rate}");
    }

    #[test]
    fn only_an_interrupted_transfer_has_a_partial_file_and_can_be_retried() {
        let mut transfer = Transfer::new(1, "a".into(), RequestedOptions::default(), 0);
        transfer.on_progress(TransferState::Sending, &at(7), 0);
        assert!(!transfer.has_left_a_part() && !transfer.can_be_retried());
        transfer.end(TransferState::Cancelled, None);
        assert!(transfer.has_left_a_part() && transfer.can_be_retried());
        transfer.state = TransferState::Damaged;
        assert!(!transfer.has_left_a_part() && transfer.can_be_retried());
        transfer.state = TransferState::Verified;
        assert!(!transfer.has_left_a_part() && !transfer.can_be_retried());
    }

    #[test]
    fn an_ended_transfer_does_not_change() {
        let mut transfer = Transfer::new(1, "a".into(), RequestedOptions::default(), 0);
        transfer.end(TransferState::Failed, Some("Gone.".into()));
        transfer.on_progress(TransferState::Sending, &at(5), 5);
        assert_eq!(transfer.state, TransferState::Failed);
        assert_eq!(transfer.done_bytes, 0);
    }
}
