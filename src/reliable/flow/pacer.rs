//! The pacer: spreads packets over time, a quantum of them at once, then a wait.
//!
//! ```text
//!   rate      |  |  |  |  |  |  |  |  |      a packet every so often
//!   sent      ||||        ||||        ||||   what would leave within [`QUANTUM`]
//! ```
//!
//! In this way a thread is not woken for every packet. One that is woken late makes up
//! for it, but for no more than [`CATCH_UP`]: a long rest is no reason for a burst.
//!
//! Source: RFC 9002 §7.7.

use super::super::moment::Moment;
use std::time::Duration;

/// Packets leave together that would leave within this time.
pub const QUANTUM: Duration = Duration::from_millis(1);

/// And never more of them than this, where their gaps are short: a queue of a few packets
/// must hold them.
const QUANTUM_PACKETS: u32 = 3;

/// A sender that waited for its window makes up for this many packets at most: as many as
/// the smallest queue holds.
const BLOCKED: u32 = 8;

/// A sender that was woken late may send at once what it should have sent in this time.
pub const CATCH_UP: Duration = Duration::from_millis(4);

/// Spreads packets over time: a quantum of them at once, then a wait.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    /// When the next packet would leave if every one left on its own.
    next: Option<Moment>,
    /// The quantum is used up until then.
    resume: Option<Moment>,
}

/// Whether a packet that leaves late makes up for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credit {
    Kept,
    /// It was too late for that: less was sent than the rate allows.
    Lost,
}

impl Pacer {
    /// Whether the next packet may leave now.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        self.resume.is_none_or(|resume| resume <= now)
    }

    /// When it may.
    pub(super) const fn next_timeout(&self) -> Option<Moment> {
        self.resume
    }

    /// Time has passed.
    pub(super) fn on_timeout(&mut self, now: Moment) {
        self.resume = self.resume.filter(|&resume| resume > now);
    }

    /// A packet leaves, and the window has had space since then. A sender that is late
    /// catches up by [`CATCH_UP`] at most.
    pub(super) fn send(&mut self, rate: f64, now: Moment, open_since: Moment) -> Credit {
        let gap = Duration::from_secs_f64(1.0 / rate.clamp(LEAST_RATE, MOST_RATE));
        // While the window was full there was nothing to be late for.
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

/// No rate is lower: a transfer always goes on. Unit: packets per second.
const LEAST_RATE: f64 = 1.0;

/// No rate is higher than one packet per nanosecond.
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
