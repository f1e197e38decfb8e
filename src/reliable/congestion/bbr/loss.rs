//! How much a path loses by itself, and when it is more than that.
//!
//! ```text
//!   own loss    of the rounds that were sent slower than the bottleneck
//!   congestion  loss > own + 2 % + chance
//!   chance      3 standard deviations, wider where packets are lost in bursts
//! ```
//!
//! Source: draft-ietf-ccwg-bbr §2.7 (the 2 %); report chapter.

/// What became of the packets of some stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) delivered: f64,
    pub(super) lost: f64,
    /// How often losses were found: a burst is found at once.
    pub(super) findings: f64,
    /// Unit: seconds.
    pub(super) seconds: f64,
    pub(super) rounds: u32,
}

/// The path's own loss, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct OwnLoss {
    /// Rounds that were sent slower than the bottleneck, the older the less they count.
    own: Tally,
    is_known: bool,
    /// Since the sender does what it does now.
    evidence: Tally,
}

/// Loss above the path's own that is not yet taken for congestion
/// (draft-ietf-ccwg-bbr §2.7, BBR.LossThresh).
const LOSS_TOLERANCE: f64 = 0.02;

/// No path is believed to lose more than this by itself.
const MOST_OWN_LOSS: f64 = 0.5;

/// What was learned before counts for three quarters of what is learned now.
const MEMORY: f64 = 0.75;

/// No burst is believed to be longer, on average. Unit: packets.
const LONGEST_BURST: f64 = 6.0;

/// Fewer packets say nothing of a loss.
pub(super) const FEWEST_PACKETS: f64 = 8.0;

impl Tally {
    pub(super) fn packets(&self) -> f64 {
        self.delivered + self.lost
    }

    /// The share that was lost, from 0 to 1.
    fn share(&self) -> f64 {
        self.lost / self.packets().max(1.0)
    }

    /// Packets per second that arrived.
    pub(super) fn rate(&self) -> f64 {
        self.delivered / self.seconds.max(1e-9)
    }

    /// Whether a path may lose so much by itself.
    pub(super) fn is_believable(&self) -> bool {
        self.share() < MOST_OWN_LOSS
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.lost += other.lost;
        self.findings += other.findings;
        self.seconds += other.seconds;
        self.rounds += other.rounds;
    }

    fn fade(&mut self) {
        self.delivered *= MEMORY;
        self.lost *= MEMORY;
        self.findings *= MEMORY;
    }
}

impl OwnLoss {
    /// The share that the path loses by itself; `None` before it was learned.
    pub(super) fn known(&self) -> Option<f64> {
        self.is_known.then(|| self.own.share().min(MOST_OWN_LOSS))
    }

    /// The largest share that a measured rate may be corrected by.
    pub(super) fn believable(&self) -> f64 {
        self.known().map_or(0.0, |own| own + LOSS_TOLERANCE)
    }

    /// A round that was sent slower than the bottleneck, or before it was reached.
    pub(super) fn take(&mut self, round: &Tally) {
        if self.is_known {
            self.own.fade();
        }
        self.own.add(round);
    }

    /// From now on it is known.
    pub(super) fn learn(&mut self) {
        self.is_known = true;
    }

    /// Whether a round lost more than is known of the path, if no packet's loss depends on
    /// another's.
    pub(super) fn is_lossy(&self, round: &Tally) -> bool {
        let own = (self.own.lost + 0.5) / (self.own.packets() + 1.0);
        let packets = round.packets();
        let chance = 2.0 * (packets * own * (1.0 - own)).sqrt() + 1.0;
        round.lost > chance + (own + LOSS_TOLERANCE) * packets
    }

    /// The sender does something else from now on.
    pub(super) fn begin(&mut self) {
        self.evidence = Tally::default();
    }

    /// A round is over.
    pub(super) fn note(&mut self, round: &Tally) {
        self.evidence.add(round);
    }

    /// What became of the packets since the sender does what it does now.
    pub(super) const fn evidence(&self) -> &Tally {
        &self.evidence
    }

    /// Whether so many rounds together lost more than the path does by itself.
    pub(super) fn is_congested(&self, rounds: u32) -> bool {
        self.evidence.rounds >= rounds && self.is_exceeded_by(&self.evidence)
    }

    /// Whether that is more than the path loses by itself, chance allowed for.
    pub(super) fn is_exceeded_by(&self, tally: &Tally) -> bool {
        let packets = tally.packets();
        // Where nothing is known, a half of one packet may have been lost.
        let own = (self.own.lost + 0.5) / (self.own.packets() + 1.0);
        let burst = (self.own.lost + tally.lost) / (self.own.findings + tally.findings);
        let burst = burst.clamp(1.0, LONGEST_BURST);
        let deviation =
            (own * (1.0 - own) * (2.0 * burst - 1.0) / packets.max(1.0)).sqrt();
        let most = own + LOSS_TOLERANCE + 3.0 * deviation + 1.0 / packets.max(1.0);
        packets >= FEWEST_PACKETS && tally.share() > most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A round of 100 packets of which so many were lost, in so many bursts.
    fn round(lost: u32, findings: u32) -> Tally {
        Tally {
            delivered: f64::from(100 - lost),
            lost: f64::from(lost),
            findings: f64::from(findings),
            seconds: 0.1,
            rounds: 1,
        }
    }

    fn known(round: &Tally) -> OwnLoss {
        let mut loss = OwnLoss::default();
        loss.take(round);
        loss.learn();
        loss
    }

    #[test]
    fn own_loss_moves_by_four_sevenths_and_then_by_less_and_never_beyond_a_half() {
        let mut loss = known(&round(0, 0));
        loss.take(&round(40, 40));
        let share = loss.known().unwrap();
        assert!((share - 0.4 / 1.75).abs() < 1e-9, "{share}");
        assert_eq!(known(&round(80, 80)).known(), Some(0.5));
    }

    #[test]
    fn congestion_is_loss_beyond_the_own_and_beyond_chance() {
        let exceeded = |own: u32, lost: u32| {
            known(&round(own, own)).is_exceeded_by(&round(lost, lost))
        };
        assert!(!exceeded(0, 5) && exceeded(0, 6));
        // At 20 % a hundred packets lose 20, and by chance up to three times 4 more.
        assert!(!exceeded(20, 34) && exceeded(20, 37));
    }

    #[test]
    fn a_path_that_loses_in_bursts_may_lose_more_by_chance() {
        let single = known(&round(5, 5));
        let bursts = known(&round(5, 1));
        assert!(single.is_exceeded_by(&round(20, 20)));
        assert!(!bursts.is_exceeded_by(&round(20, 4)));
        assert!(bursts.is_exceeded_by(&round(50, 10)));
    }

    #[test]
    fn a_few_packets_say_nothing_of_loss() {
        let few = Tally {
            delivered: 3.0,
            lost: 4.0,
            ..round(0, 0)
        };
        assert!(!known(&round(0, 0)).is_exceeded_by(&few));
    }
}
