//! Random links from a seed, and the bounds that the default controller must keep on
//! each.
//!
//! ```text
//!   seed --> rate, round trip, queue or policer, loss, jitter, reordering, clumps
//!        --> one transfer in virtual time --> packets per segment, rate, queue
//! ```
//!
//! A controller can be tuned to a table of links and still fail between them. Therefore
//! the requirement is a bound over a space of links, and each test run takes random links
//! from that space.
//!
//! | property | from | to |
//! | --- | --- | --- |
//! | rate | 0.5 Mbit/s | 10 Gbit/s |
//! | round-trip time | 20 microseconds | 600 ms |
//! | queue, or bucket of a policer | 8 packets | 10 bandwidth-delay products |
//! | loss, both ways, random or in bursts | 0 | 30 % |
//! | jitter, reordering | none | half a round trip, 5 % |
//! | clumps (Wi-Fi aggregation) | none | 2 to 8 ms |
//!
//! ```
//! use sash::lab::random_links::RandomLink;
//! assert_eq!(RandomLink::draw(7), RandomLink::draw(7));
//! ```
//!
//! Source: report chapter `congestion/bbr`.

use super::generator::Generator;
use super::shared::{Shared, Transfer};
use crate::link::Scenario;
use crate::reliable::moment::Moment;
use crate::wire::options::{Congestion, LARGEST_WINDOW};
use std::fmt::Write as _;
use std::time::Duration;

/// A link of the space, and the file that is sent over it.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomLink {
    /// The link as a scenario for `--link`.
    pub scenario: String,
    /// The length of the file. Unit: segments.
    pub segments: u32,
    /// Unit: bits per second.
    pub rate: f64,
    /// Without a queue. Unit: seconds.
    pub round_trip: f64,
    /// The additional delay of a packet by jitter, reordering and clumps. Unit: seconds.
    pub spread: f64,
    /// The queue, or the bucket of the policer. Unit: packets.
    pub queue: f64,
    /// Whether packets above the rate are dropped instead of queued.
    pub is_policed: bool,
    /// The mean share of packets that is lost, from 0 to 1.
    pub loss: f64,
}

/// The result of one transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// DATA packets per segment.
    pub packets_per_segment: f64,
    /// The share of what the link can carry, without the time that a doubling start takes
    /// at least; `None` where the bound does not hold for this link.
    pub utilization: Option<f64>,
    /// The mean queue over the second half. Unit: packets.
    pub queue: f64,
    /// Whether the file arrived in time.
    pub is_whole: bool,
    /// From the first DATA packet to the last. Unit: seconds.
    pub seconds: f64,
}

/// A bound that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// The file did not arrive within ten times the time that it needs.
    Whole,
    /// More than 1.10 / (1 - loss) packets a segment.
    Packets,
    /// Less than 0.90 of the rate.
    Rate,
    /// More than a bandwidth-delay product and 8 packets wait in the queue.
    Queue,
}

impl Broken {
    /// The bound's name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Packets => "packets",
            Self::Rate => "rate",
            Self::Queue => "queue",
        }
    }
}

/// The length of an IP packet with a whole segment. Unit: bytes.
pub const PACKET_BYTES: f64 = 1_500.0;

/// Most DATA packets per segment on a link without loss.
pub const MOST_PACKETS_PER_SEGMENT: f64 = 1.10;

/// The least share of the rate.
pub const LEAST_UTILIZATION: f64 = 0.90;

/// The window that every transfer may begin with (RFC 6928). Unit: packets.
const FIRST_WINDOW: f64 = 10.0;

/// A grid that takes seconds sends at most this many segments on each link.
const MOST_SEGMENTS: f64 = 60_000.0;

impl RandomLink {
    /// The link of this seed.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut numbers = Generator::new(seed.wrapping_mul(0x1_0001).wrapping_add(17));
        let (rate, round_trip) = loop {
            let rate = numbers.between_by_ratio(0.5e6, 10e9);
            let round_trip = numbers.between_by_ratio(20e-6, 0.6);
            if rate * round_trip / 8.0 / PACKET_BYTES * FILE_PRODUCTS.0 < MOST_SEGMENTS {
                break (rate, round_trip);
            }
        };
        let product = rate * round_trip / 8.0 / PACKET_BYTES;
        let queue = numbers
            .between_by_ratio(8.0, (10.0 * product).max(16.0))
            .ceil();
        let file = product * numbers.between_by_ratio(FILE_PRODUCTS.0, FILE_PRODUCTS.1);
        let seconds = numbers.between_by_ratio(FILE_SECONDS.0, FILE_SECONDS.1);
        let least = (rate / 8.0 / PACKET_BYTES * seconds).max(LEAST_SEGMENTS);
        let is_policed = numbers.share() < 0.2;
        let mut link = Self {
            scenario: String::new(),
            segments: whole(file.max(least).min(MOST_SEGMENTS)),
            rate,
            round_trip,
            spread: 0.0,
            queue,
            is_policed,
            loss: 0.0,
        };
        let holder = if is_policed { "bucket" } else { "queue" };
        let [one_way, kilobits] = [round_trip * 5e5, rate / 1e3].map(whole);
        let bytes = whole(queue * PACKET_BYTES);
        let mut text = format!(
            "seed={seed};delay={one_way}us;data.rate={kilobits}kbit;data.{holder}={bytes}B"
        );
        link.draw_losses(&mut numbers, &mut text);
        link.draw_delays(&mut numbers, &mut text);
        link.scenario = text;
        link
    }

    fn draw_losses(&mut self, numbers: &mut Generator, text: &mut String) {
        let kind = numbers.share();
        if kind < 0.35 {
            let percent = (numbers.between_by_ratio(0.1, 30.0) * 10.0).round() / 10.0;
            self.loss = percent / 100.0;
            add(text, format_args!(";loss={percent}%"));
        } else if kind < 0.5 {
            let [enter, leave] = [
                numbers.between_by_ratio(0.1, 5.0),
                20.0 + 20.0 * numbers.share(),
            ]
            .map(|percent| (percent * 10.0).round() / 10.0);
            self.loss = enter / (enter + leave);
            add(text, format_args!(";data.burst={enter}%/{leave}%"));
        }
    }

    fn draw_delays(&mut self, numbers: &mut Generator, text: &mut String) {
        let kind = numbers.share();
        if kind < 0.15 {
            let jitter = self.round_trip * 0.5 * numbers.share();
            self.spread = jitter;
            add(text, format_args!(";data.jitter={}us", whole(jitter * 1e6)));
        } else if kind < 0.3 {
            let percent = (numbers.between_by_ratio(0.1, 5.0) * 10.0).round() / 10.0;
            self.spread = (self.round_trip / 4.0).max(2e-3);
            add(text, format_args!(";data.reorder={percent}%"));
        } else if kind < 0.5 {
            let clump = 2e-3 + 6e-3 * numbers.share();
            self.spread = clump;
            add(text, format_args!(";data.clump={}us", whole(clump * 1e6)));
        }
    }

    /// The bandwidth-delay product. Unit: packets.
    #[must_use]
    pub fn product(&self) -> f64 {
        self.rate * (self.round_trip + self.spread) / 8.0 / PACKET_BYTES
    }

    /// The longest delay of an ACK: an eighth of a round-trip time, from 1 to 10 ms.
    fn held(&self) -> f64 {
        (self.round_trip / 8.0).clamp(1e-3, 10e-3)
    }

    /// The capacity of the link. Unit: packets per second.
    ///
    /// It is limited by the receive window of 8,192 packets in the time that its slowest
    /// packet takes, with all retransmissions.
    #[must_use]
    pub fn limit(&self) -> f64 {
        let window = f64::from(LARGEST_WINDOW);
        let attempts = if self.loss > 0.0 {
            1.0 + self.product().max(1.0).ln() / -self.loss.ln()
        } else {
            1.0
        };
        let round_trip = attempts * (self.round_trip + self.spread + self.held());
        (self.rate / 8.0 / PACKET_BYTES).min(window / round_trip) * (1.0 - self.loss)
    }

    /// The time in which a start that doubles from ten packets sends less than the link
    /// carries. Unit: seconds.
    fn start(&self) -> f64 {
        let doublings = (self.product() / FIRST_WINDOW).log2().max(0.0);
        (1.0 + doublings) * (self.round_trip + self.spread + self.held())
    }

    /// Whether the bound on the rate holds: a file of at least 15 bandwidth-delay
    /// products, and a queue of at least a quarter of one.
    fn is_long_enough(&self) -> bool {
        let product = self.product();
        f64::from(self.segments) >= 15.0 * product && self.queue >= product / 4.0
    }

    /// Sends the file.
    ///
    /// # Panics
    /// Never: every random link is a valid scenario, as a test checks.
    #[must_use]
    pub fn measure(&self, congestion: Congestion) -> Measured {
        let scenario: Scenario = self.scenario.parse().expect("a scenario");
        let segments = self.segments;
        let transfer = Transfer {
            segments,
            ..Transfer::new(congestion)
        };
        let mut shared = Shared::new(&scenario, &[transfer]);
        let needed = f64::from(segments) / self.limit();
        let timeout = 10.0 * (needed + self.start()) + 5.0;
        shared.run_to_end(Duration::from_secs_f64(timeout));
        let flow = shared.flow(0);
        let half = shared.now().since_start() / 2;
        #[expect(clippy::cast_precision_loss, reason = "packets of one transfer")]
        let packets_per_segment = flow.sent() as f64 / f64::from(segments);
        let most = flow
            .time_to(19)
            .map(|time| time.as_secs_f64() - self.start());
        let utilization = most.map(|seconds| 0.95 * needed / seconds.max(0.95 * needed));
        Measured {
            packets_per_segment,
            utilization: utilization.filter(|_| self.is_long_enough()),
            queue: shared.mean_queue(Moment::START + half) / PACKET_BYTES,
            is_whole: flow.is_whole(),
            seconds: flow.time_to(20).map_or(timeout, |time| time.as_secs_f64()),
        }
    }

    /// The bounds that do not hold.
    #[must_use]
    pub fn broken(&self, measured: &Measured) -> Vec<Broken> {
        let bucket = if self.is_policed { self.queue } else { 0.0 };
        let most_packets = (MOST_PACKETS_PER_SEGMENT + bucket / f64::from(self.segments))
            / (1.0 - self.loss);
        let most_queue = self.product() + 8.0;
        [
            (Broken::Whole, !measured.is_whole),
            (Broken::Packets, measured.packets_per_segment > most_packets),
            (
                Broken::Rate,
                measured
                    .utilization
                    .is_some_and(|share| share < LEAST_UTILIZATION),
            ),
            (Broken::Queue, measured.queue > most_queue),
        ]
        .into_iter()
        .filter_map(|(bound, is_broken)| is_broken.then_some(bound))
        .collect()
    }
}

/// The length of a file. Unit: bandwidth-delay products.
const FILE_PRODUCTS: (f64, f64) = (15.0, 40.0);

/// The least duration of a transfer; in a shorter one timers of 1 ms matter too much.
/// Unit: seconds.
const FILE_SECONDS: (f64, f64) = (0.06, 0.3);

/// The length of a file at least: 32 packets of the first window are a twelfth of it.
const LEAST_SEGMENTS: f64 = 2_000.0;

fn add(text: &mut String, word: std::fmt::Arguments<'_>) {
    text.write_fmt(word).expect("memory");
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of a link, far below 2^32; a float cast saturates"
)]
fn whole(number: f64) -> u32 {
    number.round() as u32
}
