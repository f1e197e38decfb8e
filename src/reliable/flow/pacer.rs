//! The pacer: spreads packets over time, a quantum of them at once, then a wait.
//!
//! ```text
//!   rate      |  |  |  |  |  |  |  |  |      a packet every so often
//!   sent      ||||        ||||        ||||   what would leave within [`QUANTUM`]
//! ```
//!
//! In this way a thread does not wake for every packet. A thread that wakes late catches
//! up, but by at most [`CATCH_UP`], because a long wait must not cause a burst.
//!
//! Source: RFC 9002 §7.7.

use super::super::moment::Moment;
use std::time::Duration;

/// The duration of a quantum: the packets of this time leave together.
pub const QUANTUM: Duration = Duration::from_millis(1);

/// The largest number of packets in a quantum: a queue of a few packets must hold them.
const QUANTUM_PACKETS: u32 = 3;

/// A sender that waited for its window catches up by at most this many packets, which the
/// smallest queue holds.
const BLOCKED: u32 = 8;

/// A sender that woke late may immediately send the packets of this time.
pub const CATCH_UP: Duration = Duration::from_millis(4);

/// Spreads packets over time: a quantum of them at once, then a wait.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    /// The time when the next packet would leave if packets left one by one.
    next: Option<Moment>,
    /// No packet leaves until then: the quantum is used up.
    resume: Option<Moment>,
}

/// Whether a late sender catches up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credit {
    Kept,
    /// Whether the sender was too late to catch up, and has sent less than the rate
    /// allows.
    Lost,
}

impl Pacer {
    /// Whether the next packet may leave now.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        self.resume.is_none_or(|resume| resume <= now)
    }

    /// The time when it may.
    pub(super) const fn next_timeout(&self) -> Option<Moment> {
        self.resume
    }

    /// Time has passed.
    pub(super) fn on_timeout(&mut self, now: Moment) {
        self.resume = self.resume.filter(|&resume| resume > now);
    }

    /// A packet leaves; the window has had space since `open_since`. A late sender
    /// catches up by at most [`CATCH_UP`].
    pub(super) fn send(&mut self, rate: f64, now: Moment, open_since: Moment) -> Credit {
        let gap = Duration::from_secs_f64(1.0 / rate.clamp(LEAST_RATE, MOST_RATE));
        // A sender whose window was full was not late.
        let blocked = (open_since.min(now) - Moment::START).saturating_sub(gap * BLOCKED);
        let next = self.next.map(|next| next.max(Moment::START + blocked));
        let (next, credit) = match next {
            Some(next) if next + CATCH_UP > now => (next + gap, Credit::Kept),
            Some(_) => (now + gap, Credit::Lost),
            None => (now + gap, Credit::Kept),
        };
        self.next = Some(next);
        let quantum = QUANTUM.min(gap * QUANTUM_PACKETS);
        self.resume = (next > now + quantum).then_some(next);
        credit
    }
}

/// The lowest rate, so that every transfer continues. Unit: packets per second.
const LEAST_RATE: f64 = 1.0;

/// The highest rate: one packet per nanosecond.
const MOST_RATE: f64 = 1e9;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Moment {
        Moment::START + Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_pacer_sends_in_quanta_and_keeps_the_rate() {
        let mut pacer = Pacer::default();
        let (mut now, mut sent) = (Moment::START, 0);
        while now < at(1_000) {
            if let Some(later) = pacer.resume.filter(|&resume| resume > now) {
                now = later;
                continue;
            }
            pacer.send(5_000.0, now, Moment::START);
            sent += 1;
        }
        assert!((5_000..=5_006).contains(&sent), "{sent}");
    }

    #[test]
    fn a_sender_that_waited_for_its_window_makes_up_for_eight_packets_at_most() {
        let mut pacer = Pacer::default();
        pacer.send(10_000.0, at(0), at(0));
        let burst = std::iter::from_fn(|| {
            let may = pacer.is_due(at(3));
            may.then(|| pacer.send(10_000.0, at(3), at(3)))
        });
        // The quantum of three comes on top.
        assert!((8..=12).contains(&burst.count()));
    }

    #[test]
    fn a_pacer_with_late_timers_keeps_the_rate_but_does_not_catch_up_after_an_idle_period()
     {
        let mut pacer = Pacer::default();
        let (mut now, mut sent) = (Moment::START, 0);
        while now < at(1_000) {
            if let Some(later) = pacer.resume.filter(|&resume| resume > now) {
                now = later + Duration::from_micros(300);
                continue;
            }
            pacer.send(5_000.0, now, Moment::START);
            sent += 1;
        }
        assert!((4_980..=5_006).contains(&sent), "{sent}");
        now = at(60_000);
        let burst = std::iter::from_fn(|| {
            let may = pacer.resume.is_none_or(|resume| resume <= now);
            may.then(|| pacer.send(5_000.0, now, Moment::START))
        });
        assert!(burst.count() <= 7);
    }
}
