//! A congestion controller beside a Reno flow over six paths.
//!
//! ```text
//!   controller --window--> flow 1 --.
//!                                    +--> [ queue | rate ] --> delay --> ACKs
//!   Reno ------window----> flow 2 --'
//! ```
//!
//! Both flows always have data. The controller receives each ACK, each loss and each
//! timeout, and answers with its window. Its results are compared with those of Reno in
//! its place, beside the same Reno flow.
//!
//! ```
//! use sash::lab::grade::congestion::{PATHS, measure_known};
//! use sash::wire::options::Congestion;
//! let reno = measure_known(Congestion::Reno, &PATHS[0]);
//! assert!(reno.utilization > 0.8 && (0.3..0.7).contains(&reno.share));
//! ```
//!
//! Source: RFC 5681 (Reno), RFC 5166 §2 (what congestion control is measured by).

mod flow;
mod window;

pub use window::GradedController;

use super::program::Failure;
use crate::reliable::moment::Moment;
use crate::wire::options::Congestion;
use flow::{Bottleneck, Flow};
use std::time::Duration;
use window::{CongestionWindow, Known};

/// A path that two flows share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Path {
    /// Its topic.
    pub name: &'static str,
    /// Unit: packets per second.
    pub rate: u32,
    /// One way.
    pub delay: Duration,
    /// The length of the queue. Unit: packets.
    pub queue: u32,
    /// Packets that are lost although the queue has space. Unit: percent.
    pub loss_percent: u32,
}

/// The six paths; a packet is 1,500 bytes, so 833 packets a second are 10 Mbit/s.
pub const PATHS: [Path; 6] = [
    Path::new(
        "10 Mbit/s, 20 ms, a queue of one bandwidth-delay product",
        833,
        20,
        33,
        0,
    ),
    Path::new("a short queue", 833, 20, 8, 0),
    Path::new("a queue of eight bandwidth-delay products", 833, 20, 267, 0),
    Path::new("1 % of packets lost at random", 833, 20, 33, 1),
    Path::new("a long path of 100 ms", 833, 100, 167, 0),
    Path::new("a fast path of 20 Mbit/s and 10 ms", 1_667, 10, 33, 0),
];

impl Path {
    const fn new(
        name: &'static str,
        rate: u32,
        delay_ms: u64,
        queue: u32,
        loss_percent: u32,
    ) -> Self {
        Self {
            name,
            rate,
            delay: Duration::from_millis(delay_ms),
            queue,
            loss_percent,
        }
    }
}

/// How long the flows run.
const LENGTH: Duration = Duration::from_secs(20);
/// The time before is not measured: both flows are still starting.
const WARM_UP: Duration = Duration::from_secs(2);
/// From one point of the window's chart to the next.
const SAMPLE: Duration = Duration::from_millis(100);

/// The results of a controller on a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Both flows together, as a share of the rate.
    pub utilization: f64,
    /// The controller's share of what both delivered.
    pub share: f64,
    /// Packets per second: of the controller, and of Reno beside it.
    pub rates: [f64; 2],
    /// The mean time of the controller's packets in the queue.
    pub queueing_delay: Duration,
    /// The share of the controller's packets that were lost.
    pub loss: f64,
    /// The windows of both, over time. Unit: seconds, packets.
    pub windows: Vec<(f64, [f64; 2])>,
}

/// Measures a controller that Sash has.
///
/// # Panics
/// Never: such a controller always answers.
#[must_use]
pub fn measure_known(controller: Congestion, path: &Path) -> Measured {
    let window = Box::new(Known::new(controller));
    measure(window, path).expect("a controller of ours always answers")
}

/// Measures a program.
///
/// # Errors
/// The reason why it did not answer.
pub fn measure_program(
    program: GradedController<'_>,
    path: &Path,
) -> Result<Measured, Failure> {
    measure(Box::new(program), path)
}

fn measure(
    window: Box<dyn CongestionWindow + '_>,
    path: &Path,
) -> Result<Measured, Failure> {
    let reno = Box::new(Known::new(Congestion::Reno));
    let mut flows = [Flow::new(window), Flow::new(reno)];
    let mut bottleneck = Bottleneck::new(path);
    let (mut now, mut windows) = (Moment::START, Vec::new());
    let end = Moment::START + LENGTH;
    let mut next_sample = Moment::START;
    for flow in &mut flows {
        flow.begin(now)?;
    }
    loop {
        for (number, flow) in flows.iter_mut().enumerate() {
            while let Some(packet) = flow.poll_transmit(now) {
                bottleneck.push(number, packet, now);
            }
        }
        let timers = flows.iter().map(|flow| flow.next_timeout(now));
        let all = timers.chain([bottleneck.next_arrival(), Some(next_sample)]);
        now = all.flatten().min().unwrap_or(end).max(now);
        if now >= end {
            break;
        }
        if now >= next_sample {
            let seconds = now.since_start().as_secs_f64();
            windows.push((seconds, [flows[0].window(), flows[1].window()]));
            next_sample += SAMPLE;
        }
        if let Some(arrived) = bottleneck.poll(now) {
            let is_measured = now.since_start() >= WARM_UP;
            flows[arrived.flow].on_ack(&arrived, now, is_measured)?;
        } else {
            for flow in &mut flows {
                flow.on_timeout(now)?;
            }
        }
    }
    flows[0].end(end)?;
    Ok(summary(&flows, path, windows))
}

#[expect(clippy::cast_precision_loss, reason = "counts of packets in 20 s")]
fn summary(
    flows: &[Flow<'_>; 2],
    path: &Path,
    windows: Vec<(f64, [f64; 2])>,
) -> Measured {
    let seconds = LENGTH.saturating_sub(WARM_UP).as_secs_f64();
    let [own, reno] = [0, 1].map(|number: usize| flows[number].counts());
    let rates = [
        own.delivered as f64 / seconds,
        reno.delivered as f64 / seconds,
    ];
    let both = rates[0] + rates[1];
    Measured {
        utilization: both / f64::from(path.rate),
        share: if both > 0.0 { rates[0] / both } else { 0.0 },
        rates,
        queueing_delay: own.waited.div_f64(own.delivered.max(1) as f64),
        loss: own.lost as f64 / (own.lost + own.delivered).max(1) as f64,
        windows,
    }
}

/// One thing that a controller should reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Criterion {
    /// The criterion in a sentence.
    pub sentence: &'static str,
    /// Its points.
    pub points: u32,
    /// Whether it was reached.
    pub is_reached: bool,
}

/// The points of a path.
pub const POINTS_PER_PATH: u32 = 5;

/// Compares the results of a controller with those of Reno in its place.
#[must_use]
pub fn criteria(own: &Measured, reno: &Measured) -> [Criterion; 3] {
    let criterion = |points, is_reached, sentence| Criterion {
        sentence,
        points,
        is_reached,
    };
    [
        criterion(
            2,
            own.utilization >= 0.9 * reno.utilization,
            "Both flows together use at least 90 % of what two Reno flows use.",
        ),
        criterion(
            1,
            own.rates[0] >= 0.5 * reno.rates[0],
            "The controller gets at least half of what Reno gets in its place.",
        ),
        criterion(
            2,
            own.rates[1] >= 0.5 * reno.rates[1],
            "The Reno flow beside it keeps at least half of what it has beside Reno.",
        ),
    ]
}
