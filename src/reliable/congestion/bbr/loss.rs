//! The path's own loss, and the decision whether a loss exceeds it.
//!
//! ```text
//!   own loss    of the rounds that were sent slower than the bottleneck
//!   congestion  loss > own + 2 % + chance
//!   chance      3 standard deviations, wider where packets are lost in bursts
//! ```
//!
//! Source: draft-ietf-ccwg-bbr §2.7 (the 2 %); report chapter.

/// The fates of the packets of one period.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) delivered: f64,
    pub(super) lost: f64,
    /// The number of times that losses were found; a burst is found at once.
    pub(super) findings: f64,
    /// Unit: seconds.
    pub(super) seconds: f64,
    pub(super) rounds: u32,
}

/// The estimate of the path's own loss.
#[derive(Debug, Default)]
pub(super) struct OwnLoss {
    /// The rounds sent more slowly than the bottleneck's rate. Older rounds count less.
    own: Tally,
    is_known: bool,
    /// The fates of packets since the current phase began.
    evidence: Tally,
}

/// A loss that exceeds the path's own by no more than this share is not congestion
/// (draft-ietf-ccwg-bbr §2.7, BBR.LossThresh).
pub(super) const LOSS_TOLERANCE: f64 = 0.02;

/// No path is believed to lose more than this by itself.
const MOST_OWN_LOSS: f64 = 0.5;

/// The bound that decides whether slower sending reduced the loss. If packets sent at
/// three quarters of the rate arrive better by at least this factor, the sender had
/// exceeded the bottleneck's rate. The factor is 4/3 if only the bottleneck loses
/// packets, and 1 if only the path does.
const SATURATED: f64 = 1.15;

/// A loss that exceeds the known one by this share is doubted at first.
const DOUBTFUL: f64 = 0.1;

/// The weight of the old estimate in the new one.
const MEMORY: f64 = 0.75;

/// No burst is believed to be longer, on average. Unit: packets.
const LONGEST_BURST: f64 = 10.0;

/// With fewer packets the share of lost packets says nothing.
pub(super) const FEWEST_PACKETS: f64 = 8.0;

impl Tally {
    pub(super) fn packets(&self) -> f64 {
        self.delivered + self.lost
    }

    /// The share that was lost, from 0 to 1.
    pub(super) fn share(&self) -> f64 {
        self.lost / self.packets().max(1.0)
    }

    /// Packets per second that arrived.
    pub(super) fn rate(&self) -> f64 {
        self.delivered / self.seconds.max(1e-9)
    }

    /// Whether this much loss may be the path's own.
    pub(super) fn is_believable(&self) -> bool {
        self.share() < MOST_OWN_LOSS
    }

    /// Whether a larger share of these packets arrived than of the others, which were
    /// sent faster. The difference must be larger than chance explains.
    pub(super) fn is_less_lossy_than(&self, faster: &Self) -> bool {
        if faster.packets() < FEWEST_PACKETS {
            return false;
        }
        let [slow, fast] = [self, faster].map(|tally| 1.0 - tally.share());
        let burst = (self.lost + faster.lost) / (self.findings + faster.findings);
        let burst = burst.clamp(1.0, LONGEST_BURST);
        let mean =
            (self.delivered + faster.delivered) / (self.packets() + faster.packets());
        let chance = mean * (1.0 - mean) * (2.0 * burst - 1.0);
        let deviation = (chance * (1.0 / self.packets() + 1.0 / faster.packets())).sqrt();
        slow > SATURATED * fast && slow > fast + 2.0 * deviation
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
    /// The path's own loss as a share; `None` before it was learned.
    pub(super) fn known(&self) -> Option<f64> {
        self.is_known.then(|| self.so_far())
    }

    /// An estimate of the path's own loss before it was learned.
    pub(super) fn so_far(&self) -> f64 {
        self.own.share().min(MOST_OWN_LOSS)
    }

    /// The largest share that a measured rate may be corrected by.
    pub(super) fn believable(&self) -> f64 {
        self.known().map_or(0.0, |own| own + LOSS_TOLERANCE)
    }

    /// Adds a round that was sent more slowly than the bottleneck's rate.
    pub(super) fn take(&mut self, round: &Tally) {
        if self.is_known {
            self.own.fade();
        }
        self.own.add(round);
    }

    /// Marks the path's own loss as known.
    pub(super) fn learn(&mut self) {
        self.is_known = true;
    }

    /// Whether more of these packets were lost than the path's own loss explains.
    pub(super) fn is_doubtful(&self, tally: &Tally) -> bool {
        tally.share() > self.so_far() + DOUBTFUL + 1.0 / tally.packets().max(1.0)
    }

    /// The estimate of the path's own loss was wrong: forgets it.
    pub(super) fn forget(&mut self) {
        self.own = Tally::default();
        self.is_known = false;
    }

    /// Whether a round lost more than the path's own loss explains, if losses are
    /// independent.
    pub(super) fn is_lossy(&self, round: &Tally) -> bool {
        round.share() > self.most(round, 1.0, 2.5)
    }

    /// A new phase begins: counts its packets separately.
    pub(super) fn begin(&mut self) {
        self.evidence = Tally::default();
    }

    /// A round has ended.
    pub(super) fn note(&mut self, round: &Tally) {
        self.evidence.add(round);
    }

    /// The fates of the packets since the current phase began.
    pub(super) const fn evidence(&self) -> &Tally {
        &self.evidence
    }

    /// Whether the last rounds, this many, together lost more than the path's own loss
    /// explains.
    pub(super) fn is_congested(&self, rounds: u32) -> bool {
        self.evidence.rounds >= rounds && self.is_exceeded_by(&self.evidence)
    }

    /// Whether this loss exceeds the path's own by more than chance explains.
    pub(super) fn is_exceeded_by(&self, tally: &Tally) -> bool {
        let burst = (self.own.lost + tally.lost) / (self.own.findings + tally.findings);
        let burst = burst.clamp(1.0, LONGEST_BURST);
        tally.packets() >= FEWEST_PACKETS && tally.share() > self.most(tally, burst, 3.0)
    }

    /// The share by which these packets lost more than the path's own loss explains,
    /// less one standard deviation.
    pub(super) fn excess(&self, tally: &Tally) -> f64 {
        let burst = (self.own.lost + tally.lost) / (self.own.findings + tally.findings);
        let burst = burst.clamp(1.0, LONGEST_BURST);
        let (known, packets) = (self.own.packets().max(1.0), tally.packets().max(1.0));
        let own = self.so_far();
        let mean = (self.own.lost + tally.lost) / (known + packets);
        let deviation =
            (mean * (1.0 - mean) * (2.0 * burst - 1.0) * (1.0 / known + 1.0 / packets))
                .sqrt();
        (tally.share() - own - deviation).max(0.0)
    }

    /// The largest share of these packets that the path may lose by itself, if losses
    /// come in bursts of this length, with an allowance of this many standard deviations.
    fn most(&self, tally: &Tally, burst: f64, deviations: f64) -> f64 {
        // If nothing is known, assume the loss of half a packet.
        let (known, packets) = (self.own.packets() + 1.0, tally.packets().max(1.0));
        let own = (self.own.lost + 0.5) / known;
        let by_bursts = own * (1.0 - own) * (2.0 * burst - 1.0) / packets;
        // The estimate has an error of its own, because it comes from a number of
        // packets.
        let mean = (self.own.lost + tally.lost + 0.5) / (known + packets);
        let deviation = (by_bursts + mean * (1.0 - mean) / known).sqrt();
        own + LOSS_TOLERANCE + deviations * deviation + 1.0 / packets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A round of 100 packets of which `lost` were lost, in `bursts` bursts.
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
    fn the_loss_estimate_moves_by_four_sevenths_of_the_difference_and_never_exceeds_one_half()
     {
        let mut loss = known(&round(0, 0));
        loss.take(&round(40, 40));
        let share = loss.known().unwrap();
        assert!((share - 0.4 / 1.75).abs() < 1e-9, "{share}");
        assert_eq!(known(&round(80, 80)).known(), Some(0.5));
    }

    #[test]
    fn loss_means_congestion_only_beyond_the_path_loss_and_chance() {
        let exceeded = |own: u32, lost: u32| {
            known(&round(own, own)).is_exceeded_by(&round(lost, lost))
        };
        assert!(!exceeded(0, 10) && exceeded(0, 11));
        assert!(!exceeded(20, 41) && exceeded(20, 42));
    }

    #[test]
    fn the_loss_threshold_is_higher_on_a_path_with_burst_loss() {
        let single = known(&round(5, 5));
        let bursts = known(&round(5, 1));
        assert!(single.is_exceeded_by(&round(22, 22)));
        assert!(!bursts.is_exceeded_by(&round(22, 4)));
        assert!(bursts.is_exceeded_by(&round(50, 10)));
    }

    #[test]
    fn the_loss_threshold_is_higher_when_few_packets_have_been_measured() {
        let few = Tally {
            delivered: 10.0,
            ..round(0, 0)
        };
        assert!(known(&round(0, 0)).is_lossy(&round(30, 30)));
        assert!(!known(&few).is_lossy(&round(30, 30)));
        assert!(known(&few).is_lossy(&round(60, 60)));
    }

    #[test]
    fn a_few_packets_do_not_indicate_congestion() {
        let few = Tally {
            delivered: 3.0,
            lost: 4.0,
            ..round(0, 0)
        };
        assert!(!known(&round(0, 0)).is_exceeded_by(&few));
    }
}
