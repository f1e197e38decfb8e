//! The first windows of BBR, and how they grow.
//!
//! Source: RFC 6928 (the first window); draft-ietf-ccwg-bbr §2.4; report chapter.

use std::time::Duration;

/// Startup begins with this many per round trip (RFC 6928: ten, at once), and with no more
/// on a long path. Unit: packets.
pub(super) const FIRST_WINDOW: f64 = 32.0;

/// On a path with a shorter round-trip time, which may be slow as well, startup begins no
/// faster than on a path with this one.
const SHORT_PATH: Duration = Duration::from_millis(10);

/// A file up to this long is sent in a few rounds, so that each round less is a large part
/// of its time. Unit: segments.
const SHORT_FILE: u32 = 1_024;

/// It begins with up to this many per round trip. Unit: packets.
const FIRST_WINDOW_OF_A_SHORT_FILE: f64 = 2.0 * FIRST_WINDOW;

/// And with no higher rate, before the pacing gain: more than a whole window in 40 ms would
/// overrun slow paths. Unit: packets per second.
const FIRST_RATE_OF_A_SHORT_FILE: f64 = FIRST_WINDOW_OF_A_SHORT_FILE / 0.04;

/// The first window on a short path, as in RFC 6928. Unit: packets.
pub(super) const LEAST_FIRST_WINDOW: f64 = 10.0;

/// While the rate still grows, the window doubles with it.
const STARTUP_WINDOW_GAIN: f64 = 2.0;

/// The first rounds, which double: a small file is sent by then.
const DOUBLING_ROUNDS: u64 = 5;

/// In later rounds, each of which can overrun the bottleneck by hundreds of packets, it
/// grows more slowly. The last round of startup loses this gain less 1 times the packets
/// that it has queued before, or that the bucket of a policer held.
const LATE_STARTUP_WINDOW_GAIN: f64 = 1.7;

/// The first window for a file of this many segments on a path with this round-trip time.
/// A short path gets fewer packets, because its second round follows soon. Unit: packets.
pub(super) fn first_window(segments: u32, round_trip: Duration) -> f64 {
    let share = round_trip.as_secs_f64() / SHORT_PATH.as_secs_f64();
    let most = most_per_round_trip(segments, round_trip);
    (FIRST_WINDOW * share).clamp(LEAST_FIRST_WINDOW, most)
}

/// The first window per round trip. Unit: packets per second.
pub(super) fn first_rate(segments: u32, round_trip: Duration) -> f64 {
    most_per_round_trip(segments, round_trip) / round_trip.max(SHORT_PATH).as_secs_f64()
}

fn most_per_round_trip(segments: u32, round_trip: Duration) -> f64 {
    if segments > SHORT_FILE {
        return FIRST_WINDOW;
    }
    let paced = FIRST_RATE_OF_A_SHORT_FILE * round_trip.as_secs_f64();
    paced.clamp(FIRST_WINDOW, FIRST_WINDOW_OF_A_SHORT_FILE)
}

/// The window in this round while the rate still grows, in bandwidth-delay products.
pub(super) const fn window_gain(round: u64) -> f64 {
    if round < DOUBLING_ROUNDS {
        STARTUP_WINDOW_GAIN
    } else {
        LATE_STARTUP_WINDOW_GAIN
    }
}
