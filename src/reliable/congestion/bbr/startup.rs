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

/// The first window on such a path, as in RFC 6928. Unit: packets.
pub(super) const LEAST_FIRST_WINDOW: f64 = 10.0;

/// While the rate still grows, the window doubles with it.
const STARTUP_WINDOW_GAIN: f64 = 2.0;

/// The first rounds, which double: a small file is sent by then.
const DOUBLING_ROUNDS: u64 = 5;

/// In later rounds, each of which can overrun the bottleneck by hundreds of packets, it
/// grows more slowly. The last round of startup loses this gain less 1 times the packets
/// that it has queued before, or that the bucket of a policer held.
const LATE_STARTUP_WINDOW_GAIN: f64 = 1.7;

/// The first window on a path with this round-trip time. A short path gets fewer packets,
/// because its second round follows soon. Unit: packets.
pub(super) fn first_window(round_trip: Duration) -> f64 {
    let share = round_trip.as_secs_f64() / SHORT_PATH.as_secs_f64();
    (FIRST_WINDOW * share).clamp(LEAST_FIRST_WINDOW, FIRST_WINDOW)
}

/// The first window per round trip. Unit: packets per second.
pub(super) fn first_rate(round_trip: Duration) -> f64 {
    FIRST_WINDOW / round_trip.max(SHORT_PATH).as_secs_f64()
}

/// The window in this round while the rate still grows, in bandwidth-delay products.
pub(super) const fn window_gain(round: u64) -> f64 {
    if round < DOUBLING_ROUNDS {
        STARTUP_WINDOW_GAIN
    } else {
        LATE_STARTUP_WINDOW_GAIN
    }
}
