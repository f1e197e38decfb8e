//! One transfer as a face shows it, a download or an upload.

use crate::transfer::{Ending, Figures};
use crate::wire::digest::Digest;
use crate::wire::message::{Offer, TransferNews, TransferState};
use crate::wire::options::{Asked, Settled, Transport};
use crate::wire::version::FileVersion;
use std::path::PathBuf;
use std::time::Duration;

/// One transfer, running or ended.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Our own number for it, from 1; what a person writes in `/cancel 2`.
    pub tag: u64,
    /// The server's number, once it has answered.
    pub number: Option<u64>,
    /// The file's name, in the server's words: show it through
    /// [`words::harmless`](crate::client::words::harmless).
    pub file: String,
    /// Of an upload: where the file is on this computer.
    pub source: Option<PathBuf>,
    /// Of an upload: which version of it was announced.
    pub(in crate::client) announced: Option<FileVersion>,
    /// What was asked for.
    pub asked: Asked,
    /// What was agreed, once there is an offer.
    pub settled: Option<Settled>,
    /// What it does, or how it ended.
    pub state: TransferState,
    /// Its place in the server's queue, 1 for the next; only while queued.
    pub place: Option<u32>,
    /// File bytes that have arrived in order; of an upload, as far as we have heard.
    pub done_bytes: u64,
    /// The file's size, once there is an offer.
    pub total_bytes: Option<u64>,
    /// Smoothed; 0 until bytes arrive.
    pub rate_bytes_per_second: u64,
    /// DATA packets that were sent again.
    pub resent_packets: u64,
    /// Where the verified file is; of a download.
    pub path: Option<PathBuf>,
    /// The SHA-256 of what arrived.
    pub digest: Option<Digest>,
    /// Why, where it ended other than verified.
    pub sentence: Option<String>,
    /// How long it took; once it has ended.
    pub elapsed: Option<Duration>,
    /// Somebody wants it to wait.
    pub is_paused: bool,
    /// A first pause was told to the server: it does not pause by itself any more.
    pub(in crate::client) was_paused: bool,
    /// Somebody wants it to end.
    pub is_cancelled: bool,
    /// How it ends once its receiver, told to stop, has stopped; else as cancelled.
    pub(in crate::client) stops_as: Option<TransferState>,
    /// When it was asked for. Unit: milliseconds since 1970-01-01 UTC.
    pub(in crate::client) asked_ms: u64,
    /// When and how much it was when the rate was last worked out.
    measured: Option<(u64, u64)>,
}

/// The rate forgets at this pace: a change shows within a few seconds and a single late
/// packet does not.
const RATE_MEMORY_MS: f64 = 1_500.0;

/// The rate is worked out anew after this long. Unit: milliseconds.
const RATE_INTERVAL_MS: u64 = 200;

impl Transfer {
    pub(in crate::client) fn new(
        tag: u64,
        file: String,
        asked: Asked,
        now_ms: u64,
    ) -> Self {
        Self {
            tag,
            number: None,
            file,
            source: None,
            announced: None,
            asked,
            settled: None,
            state: TransferState::Opening,
            place: None,
            done_bytes: 0,
            total_bytes: None,
            rate_bytes_per_second: 0,
            resent_packets: 0,
            path: None,
            digest: None,
            sentence: None,
            elapsed: None,
            is_paused: false,
            was_paused: false,
            is_cancelled: false,
            stops_as: None,
            asked_ms: now_ms,
            measured: None,
        }
    }

    /// A file of this computer that is to be given.
    pub(in crate::client) fn upload(
        tag: u64,
        path: PathBuf,
        asked: Asked,
        now_ms: u64,
    ) -> Self {
        let file = path.to_string_lossy().into_owned();
        Self {
            source: Some(path),
            ..Self::new(tag, file, asked, now_ms)
        }
    }

    /// Whether it is on its way and can be paused (or, where it is paused, go on).
    #[must_use]
    pub fn can_be(&self, paused: bool) -> bool {
        !self.state.is_end() && self.settled.is_some() && self.is_paused != paused
    }

    /// Whether an offer may speak of this size: that of an upload is ours.
    pub(in crate::client) fn may_have(&self, size: u64) -> bool {
        self.source.is_none() || self.total_bytes == Some(size)
    }

    /// How long until the last byte, at the present rate; only while bytes arrive.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let is_moving = self.state == TransferState::Sending;
        if !is_moving || self.rate_bytes_per_second == 0 {
            return None;
        }
        let left_bytes = self.total_bytes?.saturating_sub(self.done_bytes);
        Some(Duration::from_secs(
            left_bytes.div_ceil(self.rate_bytes_per_second),
        ))
    }

    /// `go-back-n 16`, `selective-repeat reno`, `tcp`; what was asked for until the server has settled it.
    #[must_use]
    pub fn protocol(&self) -> String {
        match (self.settled, self.asked.arq) {
            (Some(settled), _) => settled.to_string(),
            (None, _) if self.asked.transport == Some(Transport::Tcp) => "tcp".to_owned(),
            (None, Some(arq)) => arq.to_string(),
            (None, None) => "as the server likes".to_owned(),
        }
    }

    pub(in crate::client) fn on_offer(&mut self, offer: &Offer) {
        self.number = Some(offer.transfer);
        self.settled = Some(offer.settled);
        self.total_bytes = Some(offer.size);
        self.place = None;
        self.state = TransferState::Opening;
    }

    /// The server's view: place in the queue and resends. How far it is and how it ends
    /// is what arrives here, so that is not taken from the server.
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
    }

    fn take(&mut self, figures: &Figures) {
        self.done_bytes = figures.done_bytes;
        self.resent_packets = self.resent_packets.max(figures.progress.resent_packets);
    }

    /// Exponential smoothing, weighted by the time that has passed.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is shown with two digits and is never negative"
    )]
    fn measure(&mut self, now_ms: u64) {
        let Some((then_ms, then_bytes)) = self.measured else {
            self.measured = Some((now_ms, self.done_bytes));
            return;
        };
        let passed_ms = now_ms.saturating_sub(then_ms);
        if passed_ms < RATE_INTERVAL_MS {
            return;
        }
        let bytes = self.done_bytes.saturating_sub(then_bytes);
        let newest = bytes as f64 * 1000.0 / passed_ms as f64;
        let before = self.rate_bytes_per_second as f64;
        let weight = if self.rate_bytes_per_second == 0 {
            1.0
        } else {
            1.0 - (-(passed_ms as f64) / RATE_MEMORY_MS).exp()
        };
        self.rate_bytes_per_second = (before + weight * (newest - before)) as u64;
        self.measured = Some((now_ms, self.done_bytes));
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
    fn the_rate_follows_what_arrives_and_gives_the_time_left() {
        let mut transfer = Transfer::new(1, "a".into(), Asked::default(), 0);
        transfer.total_bytes = Some(10_000);
        for second in 0..5 {
            let figures = at(second * 1_000);
            transfer.on_progress(TransferState::Sending, &figures, second * 1_000);
        }
        assert_eq!(transfer.rate_bytes_per_second, 1_000);
        assert_eq!(transfer.time_left(), Some(Duration::from_secs(6)));
    }

    #[test]
    fn a_stalled_transfer_slows_down_in_the_display_too() {
        let mut transfer = Transfer::new(1, "a".into(), Asked::default(), 0);
        transfer.on_progress(TransferState::Sending, &at(0), 0);
        transfer.on_progress(TransferState::Sending, &at(1_000), 1_000);
        transfer.on_progress(TransferState::Sending, &at(1_000), 2_000);
        let rate = transfer.rate_bytes_per_second;
        assert!((1..1_000).contains(&rate), "{rate}");
    }

    #[test]
    fn nothing_changes_after_the_end() {
        let mut transfer = Transfer::new(1, "a".into(), Asked::default(), 0);
        transfer.end(TransferState::Failed, Some("Gone.".into()));
        transfer.on_progress(TransferState::Sending, &at(5), 5);
        assert_eq!(transfer.state, TransferState::Failed);
        assert_eq!(transfer.done_bytes, 0);
    }
}
