//! The load generator, one for `./sash chaos` and for `cargo bench --bench chat`: how a
//! line of chat is marked, found again and timed.
//!
//! | module | is | used by |
//! | --- | --- | --- |
//! | `measure` | marks in lines, and the delays of lines | both |
//! | `guest` | a client on a thread of its own, for tens of them | chaos |
//! | `crowd` | clients on one thread (`epoll`), for thousands of them | the benchmark |
//! | `memory` | the memory of a process, from the system | both |
//!
//! Each program includes the files that it needs by `#[path]`: the
//! library contains none of them.
//!
//! A mark is `<t`, the sender, the time, `>`: the same in every chat protocol, and found in any
//! text around it. A reader computes the delay of the line by the clock of this process.

use std::time::Duration;

/// `<t`, five digits, twelve digits, `>`.
const MARK_BYTES: usize = 2 + 5 + 12 + 1;

/// A mark for a line that this client says now. Unit of `now`: since the clock started.
pub(crate) fn mark(speaker: usize, now: Duration) -> String {
    format!("<t{speaker:05}{:012}>", now.as_micros())
}

/// Calls `found` with the speaker and the time of every whole mark; how many bytes need
/// not be looked at again.
pub(crate) fn find_marks(bytes: &[u8], mut found: impl FnMut(usize, Duration)) -> usize {
    let mut at = 0;
    while let Some(step) = bytes[at..].iter().position(|byte| *byte == b'<') {
        let begin = at + step;
        let Some(mark) = bytes.get(begin..begin + MARK_BYTES) else {
            return begin;
        };
        at = begin + 1;
        if mark[1] == b't' && mark[MARK_BYTES - 1] == b'>' {
            let digits = |range: std::ops::Range<usize>| -> Option<u64> {
                std::str::from_utf8(&mark[range]).ok()?.parse().ok()
            };
            if let (Some(speaker), Some(said)) = (digits(2..7), digits(7..19)) {
                let speaker = usize::try_from(speaker).unwrap_or(usize::MAX);
                found(speaker, Duration::from_micros(said));
                at = begin + MARK_BYTES;
            }
        }
    }
    bytes.len()
}

/// The delays of lines from their sender to each receiver. Unit: microseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Delays(Vec<u32>);

impl Delays {
    /// How long the fastest of this share took, at most: 0.5 for the median.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a list"
        )]
        let place = (sorted.len() as f64 * share) as usize;
        let last = sorted.len().saturating_sub(1);
        let delay = sorted.get(place.min(last)).copied().unwrap_or_default();
        Duration::from_micros(u64::from(delay))
    }

    /// The number of received lines.
    pub(crate) const fn count(&self) -> usize {
        self.0.len()
    }
}

impl Extend<Duration> for Delays {
    fn extend<T: IntoIterator<Item = Duration>>(&mut self, delays: T) {
        let micros = |it: Duration| u32::try_from(it.as_micros()).unwrap_or(u32::MAX);
        self.0.extend(delays.into_iter().map(micros));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_measured_delays() {
        let mut delays = Delays::default();
        delays.extend((1..=100).rev().map(Duration::from_millis));
        assert_eq!(delays.count(), 100);
        assert_eq!(delays.quantile(0.5), Duration::from_millis(51));
        assert_eq!(delays.quantile(0.99), Duration::from_millis(100));
        assert_eq!(delays.quantile(1.0), Duration::from_millis(100));
        assert_eq!(Delays::default().quantile(0.5), Duration::ZERO);
    }

    #[test]
    fn a_mark_is_found_in_what_stands_around_it_and_half_a_mark_is_kept() {
        let said = Duration::from_micros(1_234_567);
        let line = format!("a < b {{\"text\":\"{}\"}} <t0", mark(42, said));
        let mut found = Vec::new();
        let used =
            find_marks(line.as_bytes(), |speaker, said| found.push((speaker, said)));
        assert_eq!(found, [(42, said)]);
        assert_eq!(&line[used..], "<t0");
    }
}
