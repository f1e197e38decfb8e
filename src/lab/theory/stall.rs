//! A separate model of selective repeat with the wait at the window's base.
//!
//! A DATA packet leaves in a slot, and its ACK or its timeout follows 1 + 2a later.
//! Therefore the slots of a round trip are lanes that are served in turn, and a packet
//! keeps its lane until it has arrived. Nothing else is needed: no timer, no ACK, no
//! packet.
//!
//! ```text
//!   lane     0   1   2   3 | 0   1   2   3 | 0   1   2   3      4 lanes, a window of 4
//!   packet   0  (1)  2   3 | 4  (1)  -   - | -   1   5   6      (lost)  - idle
//!                            '---------------'
//!            4 goes at once, as 0 has arrived; 5 must wait for 1: the head of the window
//! ```
//!
//! Packet i needs G(i) transmissions, geometric with P. It is first sent in slot S(i),
//! the first that no resend needs from max(S(i-1) + 1, D(i-N)) on; all up to i have
//! arrived in slot D(i) = max(D(i-1), S(i) + L G(i)), where L is the number of lanes.
//!
//! That is a Markov chain: which packet is in which lane. [`exact`] solves it where its
//! states can be counted. They are soon too many; then [`sampled`] follows the three
//! lines above over very many packets. It uses neither the state machine in `reliable`
//! nor the link's pseudo-random generator.
//!
//! ```
//! use sash::lab::theory::stall;
//! let (loss, lanes, window) = (0.1, 2, 4);
//! assert_eq!(format!("{:.3}", stall::exact(loss, lanes, window).unwrap()), "0.899");
//! ```
//!
//! Source: Konheim, "A queueing analysis of two ARQ protocols" (1980), and Rosberg and
//! Shacham, "Resequencing delay and buffer occupancy under the selective-repeat ARQ"
//! (1989), for the lanes; the window's end is added here.

use super::window::{round_trip, spacing};
use std::collections::{BTreeMap, VecDeque};

/// Efficiency of selective repeat with a timer for each packet: 0 to 1. `loss` is 0 up to
/// but without 1.
#[must_use]
pub fn efficiency(loss: f64, window: u32, a: f64) -> f64 {
    let spacing = spacing(window, a);
    let lanes = lanes(window, a);
    let busy = exact(loss, lanes, window).unwrap_or_else(|| sampled(loss, lanes, window));
    busy / spacing
}

/// Slots of a round trip: the window's packets where they are spread over it, else as
/// many as it has room for.
fn lanes(window: u32, a: f64) -> u32 {
    // A timeout in the middle of a transmission waits for its end.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a round trip is a few hundred transmissions"
    )]
    let whole = round_trip(a).ceil() as u32;
    whole.min(window)
}

/// Which packet is in which lane.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// The lane of the slot that comes next is in front. A packet is its distance from
    /// the window's head.
    lanes: VecDeque<Option<u32>>,
    /// The distance of the next packet that was never sent.
    fresh: u32,
}

/// Most states that [`exact`] counts.
const MOST_STATES: usize = 3_000;

/// Slots over which [`exact`] lets probability flow, and the change that ends it sooner.
const MOST_SLOTS: u32 = 20_000;
const LEAST_CHANGE: f64 = 1e-12;

/// Packets that arrive per slot: the chain's stationary distribution, by power iteration.
/// `None` where there are too many states. Window and lanes at least 1.
#[must_use]
pub fn exact(loss: f64, lanes: u32, window: u32) -> Option<f64> {
    let steps = reachable(lanes, window)?;
    let mut share = vec![0.0; steps.len()];
    share[0] = 1.0;
    for _ in 0..MOST_SLOTS {
        let mut next = vec![0.0; steps.len()];
        for (here, step) in share.iter().zip(&steps) {
            // Half of the chain stays: it settles where the lanes would go round for
            // ever.
            next[step.arrived] += 0.5 * here * (1.0 - loss);
            next[step.lost] += 0.5 * here * loss;
        }
        let changes = next.iter_mut().zip(&share).map(|(next, here)| {
            *next += 0.5 * here;
            (*next - here).abs()
        });
        let change: f64 = changes.sum();
        share = next;
        if change < LEAST_CHANGE {
            break;
        }
    }
    let busy = share.iter().zip(&steps).filter(|(_, step)| step.is_busy);
    Some(busy.map(|(share, _)| share).sum::<f64>() * (1.0 - loss))
}

/// Where a slot leads from one state.
#[derive(Debug, Clone, Copy)]
struct Transition {
    /// Whether a packet's ACK or timeout comes in this slot.
    is_busy: bool,
    /// The state after its ACK, and after its timeout.
    arrived: usize,
    lost: usize,
}

/// Every state that can come about, in the order they are found; `None`: too many.
fn reachable(lanes: u32, window: u32) -> Option<Vec<Transition>> {
    let empty = State {
        lanes: (0..lanes).map(|_| None).collect(),
        fresh: 0,
    };
    let mut numbers = BTreeMap::from([(empty.clone(), 0)]);
    let mut waiting = VecDeque::from([empty]);
    let mut steps = Vec::new();
    while let Some(state) = waiting.pop_front() {
        let [arrived, lost] = [true, false].map(|has_arrived| {
            let next = state.after(has_arrived, window);
            let count = numbers.len();
            *numbers.entry(next).or_insert_with_key(|next| {
                waiting.push_back(next.clone());
                count
            })
        });
        let is_busy = state.lanes.front().is_some_and(Option::is_some);
        steps.push(Transition {
            is_busy,
            arrived,
            lost,
        });
        if numbers.len() > MOST_STATES {
            return None;
        }
    }
    Some(steps)
}

impl State {
    /// After one slot, in which the packet that was in its lane has arrived or not.
    fn after(&self, has_arrived: bool, window: u32) -> Self {
        let mut next = self.clone();
        let lane = next.lanes.pop_front().flatten();
        let stays = lane.filter(|_| !has_arrived);
        let head = next.lanes.iter().copied().chain([stays]).flatten().min();
        let slid = head.unwrap_or(next.fresh);
        next.fresh -= slid;
        for packet in next.lanes.iter_mut().flatten() {
            *packet -= slid;
        }
        let stays = stays.map(|packet| packet - slid);
        let sent = stays.or_else(|| (next.fresh < window).then_some(next.fresh));
        next.fresh += u32::from(stays.is_none() && sent.is_some());
        next.lanes.push_back(sent);
        next
    }
}

/// Packets that [`sampled`] follows: the same to within 1 % for every seed.
const PACKETS: u32 = 300_000;

/// Packets that arrive per slot, over very many packets.
#[must_use]
pub fn sampled(loss: f64, lanes: u32, window: u32) -> f64 {
    let mut generator = Generator(0);
    // D(i-N) to D(i-1); before the first packet all has arrived.
    let mut all_arrived = VecDeque::from(vec![0_u64; window as usize]);
    // From when on each lane is free.
    let mut free_at = vec![0_u64; lanes as usize];
    let (mut slot, mut last) = (0, 0);
    for _ in 0..PACKETS {
        let window_opens = all_arrived.pop_front().unwrap_or_default();
        slot = window_opens.max(slot + 1);
        let mut lane = usize::try_from(slot % u64::from(lanes)).unwrap_or_default();
        while free_at[lane] > slot {
            slot += 1;
            lane = (lane + 1) % free_at.len();
        }
        let mut arrives = slot + u64::from(lanes);
        while generator.share() < loss {
            arrives += u64::from(lanes);
        }
        free_at[lane] = arrives;
        last = last.max(arrives);
        all_arrived.push_back(last);
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 slots")]
    let slots = (last - u64::from(lanes)) as f64;
    f64::from(PACKETS) / slots
}

/// A generator with a state of 64 bits: xorshift64* (Marsaglia 2003, Vigna 2016). Not the
/// link's, so that the two share no luck.
struct Generator(u64);

impl Generator {
    /// From 0 up to but without 1.
    fn share(&mut self) -> f64 {
        let mut x = if self.0 == 0 {
            88_172_645_463_325_252
        } else {
            self.0
        };
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.0 = x;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
        let upper = (x.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64;
        upper * 2_f64.powi(-53)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lane_equals_stop_and_wait_and_without_loss_there_is_no_stall() {
        for loss in [0.0, 0.1, 0.3] {
            let found = exact(loss, 1, 1).unwrap();
            assert!((found - (1.0 - loss)).abs() < 1e-6, "{loss}: {found}");
        }
        for (lanes, window) in [(3, 3), (2, 5), (101, 128)] {
            let found = sampled(0.0, lanes, window);
            assert!((found - 1.0).abs() < 1e-6, "{found}");
        }
    }

    #[test]
    fn two_lanes_and_a_window_of_two_match_the_solution_by_hand() {
        for loss in [0.0, 0.1, 0.5] {
            // Five states: the report's exercise.
            let by_hand = (1.0 - loss) * (1.0 + 2.0 * loss) / (1.0 + 3.0 * loss);
            let found = exact(loss, 2, 2).unwrap();
            assert!((found - by_hand).abs() < 1e-6, "{loss}: {found} {by_hand}");
        }
    }

    #[test]
    fn the_exact_and_the_sampled_markov_chain_agree() {
        for loss in [0.01, 0.1, 0.3] {
            for (lanes, window) in [(2, 2), (2, 8), (3, 3), (3, 8), (4, 4)] {
                let solved = exact(loss, lanes, window).expect("few enough states");
                let followed = sampled(loss, lanes, window);
                let off = (followed / solved - 1.0).abs();
                assert!(off < 0.005, "{loss} {lanes} {window}: {solved} {followed}");
            }
        }
    }

    #[test]
    fn stalls_only_reduce_the_efficiency_and_a_wider_window_reduces_it_less() {
        let bound = |loss: f64| 1.0 - loss;
        for loss in [0.05, 0.3] {
            let found = [8, 16, 64].map(|window| sampled(loss, 8, window));
            assert!(found[0] < found[1] && found[1] < found[2], "{found:?}");
            assert!(found[2] <= bound(loss) * 1.005, "{found:?}");
            assert!(found[0] < 0.95 * bound(loss), "{found:?}");
        }
    }
}
