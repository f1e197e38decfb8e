//! A flow that always has data, and the bottleneck that two of them share.
//!
//! The flow transmits packets 0, 1, 2, ... while its window has space. A packet is
//! declared lost when a packet three later is acknowledged (RFC 9002 §6.1.1), or with all
//! others when nothing was acknowledged for a retransmission timeout (RFC 6298). A lost
//! packet is not retransmitted with its number: the next packet has its data.

use super::Path;
use super::window::CongestionWindow;
use crate::lab::grade::program::Failure;
use crate::reliable::congestion::{Acked, Lost, PathTime};
use crate::reliable::moment::Moment;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// A packet three later that is acknowledged declares one lost.
const THRESHOLD: u64 = 3;
/// The least retransmission timeout, as TCP's on Linux.
const LEAST_TIMEOUT: Duration = Duration::from_millis(200);
/// Before the first ACK (RFC 6298 §2.1).
const FIRST_TIMEOUT: Duration = Duration::from_secs(1);
/// The limit of doublings of the timeout.
const MOST_DOUBLINGS: u32 = 6;

/// The record of a packet in flight.
#[derive(Debug, Clone, Copy)]
struct Sent {
    at: Moment,
    in_flight: u32,
    delivered: u64,
    lost: u64,
}

/// The measurements.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) delivered: u64,
    pub(super) lost: u64,
    /// The sum of what the packets waited in the queue.
    pub(super) waited: Duration,
}

pub(super) struct Flow<'a> {
    window: Box<dyn CongestionWindow + 'a>,
    next: u64,
    in_flight: BTreeMap<u64, Sent>,
    round_trip: Option<(PathTime, Duration)>,
    delivered: u64,
    lost: u64,
    /// The time when the pacer lets the next packet leave.
    paced_until: Moment,
    /// The time of the newest ACK, or of the first packet.
    heard_at: Moment,
    doublings: u32,
    counts: Counts,
    is_measured: bool,
}

impl<'a> Flow<'a> {
    pub(super) fn new(window: Box<dyn CongestionWindow + 'a>) -> Self {
        Self {
            window,
            next: 0,
            in_flight: BTreeMap::new(),
            round_trip: None,
            delivered: 0,
            lost: 0,
            paced_until: Moment::START,
            heard_at: Moment::START,
            doublings: 0,
            counts: Counts::default(),
            is_measured: false,
        }
    }

    pub(super) fn begin(&mut self, now: Moment) -> Result<(), Failure> {
        self.window.begin(now)
    }

    pub(super) fn end(&mut self, now: Moment) -> Result<(), Failure> {
        self.window.end(now)
    }

    pub(super) fn window(&self) -> f64 {
        self.window.window()
    }

    pub(super) const fn counts(&self) -> Counts {
        self.counts
    }

    fn has_room(&self) -> bool {
        // With a window below 1 no ACK would ever arrive again.
        f64::from(self.count()) + 1.0 <= self.window.window().max(1.0)
    }

    fn count(&self) -> u32 {
        u32::try_from(self.in_flight.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn poll_transmit(&mut self, now: Moment) -> Option<u64> {
        if !self.has_room() || self.paced_until > now {
            return None;
        }
        if self.in_flight.is_empty() {
            self.heard_at = now;
        }
        if let Some(rate) = self.window.pacing_rate().filter(|rate| *rate > 0.0) {
            self.paced_until = now + Duration::from_secs_f64(1.0 / rate);
        }
        let number = self.next;
        self.next += 1;
        let sent = Sent {
            at: now,
            in_flight: self.count() + 1,
            delivered: self.delivered,
            lost: self.lost,
        };
        self.in_flight.insert(number, sent);
        Some(number)
    }

    /// The next time of the pacer or the retransmission timer.
    pub(super) fn next_timeout(&self, now: Moment) -> Option<Moment> {
        let pacer =
            (self.has_room() && self.paced_until > now).then_some(self.paced_until);
        let timer = (!self.in_flight.is_empty()).then(|| self.heard_at + self.timeout());
        crate::reliable::earliest([pacer, timer])
    }

    fn timeout(&self) -> Duration {
        let base = self.round_trip.map_or(FIRST_TIMEOUT, |(time, variation)| {
            (time.smoothed + 4 * variation).max(LEAST_TIMEOUT)
        });
        base * 2_u32.pow(self.doublings)
    }

    pub(super) fn on_ack(
        &mut self,
        arrived: &Arrived,
        now: Moment,
        is_measured: bool,
    ) -> Result<(), Failure> {
        self.is_measured = is_measured;
        let Some(sent) = self.in_flight.remove(&arrived.packet) else {
            return Ok(()); // It was declared lost by a timeout.
        };
        self.heard_at = now;
        self.doublings = 0;
        self.delivered += 1;
        if is_measured {
            self.counts.delivered += 1;
            self.counts.waited += arrived.waited;
        }
        let path_time = self.measure(now - sent.at);
        let ack = self.acked(&sent, path_time, now);
        self.window.on_ack(arrived.packet, now - sent.at, &ack)?;
        let end = (arrived.packet + 1).saturating_sub(THRESHOLD);
        let lost: Vec<u64> = self
            .in_flight
            .range(..end)
            .map(|(number, _)| *number)
            .collect();
        self.lose(&lost, path_time, now)
    }

    #[expect(clippy::cast_precision_loss, reason = "packets of one round trip")]
    fn acked(&self, sent: &Sent, round_trip: PathTime, now: Moment) -> Acked {
        let over = (now - sent.at).as_secs_f64();
        let rate = (self.delivered - sent.delivered) as f64 / over.max(1e-6);
        Acked {
            now,
            packets: 1,
            in_flight: self.count(),
            round_trip,
            newest_sent_at: sent.at,
            in_flight_when_sent: sent.in_flight,
            is_application_limited: false,
            delivered: self.delivered,
            delivered_when_sent: sent.delivered,
            lost_since: self.lost - sent.lost,
            delivery_rate: Some(rate),
        }
    }

    /// RFC 6298 §2.
    fn measure(&mut self, sample: Duration) -> PathTime {
        let (time, variation) = match self.round_trip {
            None => {
                let time = PathTime {
                    latest: sample,
                    smoothed: sample,
                    least: sample,
                };
                (time, sample / 2)
            }
            Some((time, variation)) => {
                let error = time.smoothed.abs_diff(sample);
                let smoothed = (7 * time.smoothed + sample) / 8;
                let time = PathTime {
                    latest: sample,
                    smoothed,
                    least: time.least.min(sample),
                };
                (time, (3 * variation + error) / 4)
            }
        };
        self.round_trip = Some((time, variation));
        time
    }

    fn lose(
        &mut self,
        numbers: &[u64],
        time: PathTime,
        now: Moment,
    ) -> Result<(), Failure> {
        let sent = numbers
            .iter()
            .filter_map(|number| self.in_flight.remove(number));
        let sent: Vec<_> = sent.collect();
        let (Some(oldest), Some(newest)) = (sent.first(), sent.last()) else {
            return Ok(());
        };
        self.lost += numbers.len() as u64;
        if self.is_measured {
            self.counts.lost += numbers.len() as u64;
        }
        let lost = Lost {
            now,
            packets: u32::try_from(numbers.len()).unwrap_or(u32::MAX),
            in_flight: self.count(),
            in_flight_when_sent: newest.in_flight,
            newest_sent_at: newest.at,
            oldest_sent_at: oldest.at,
            lost_since: self.lost - newest.lost,
            round_trip: time,
        };
        self.window.on_loss(numbers, lost)
    }

    pub(super) fn on_timeout(&mut self, now: Moment) -> Result<(), Failure> {
        if self.in_flight.is_empty() || self.heard_at + self.timeout() > now {
            return Ok(());
        }
        let count = self.in_flight.len() as u64;
        self.lost += count;
        if self.is_measured {
            self.counts.lost += count;
        }
        self.in_flight.clear();
        self.doublings = (self.doublings + 1).min(MOST_DOUBLINGS);
        self.window.on_timeout(now)
    }
}

/// A packet whose ACK has arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrived {
    at: Moment,
    pub(super) flow: usize,
    pub(super) packet: u64,
    /// In the queue.
    waited: Duration,
}

/// A queue, a rate and a delay. Packets arrive in the order in which they were sent.
pub(super) struct Bottleneck {
    /// For one packet.
    transmission: Duration,
    longest_wait: Duration,
    round_trip: Duration,
    loss_percent: u64,
    busy_until: Moment,
    acks: VecDeque<Arrived>,
    /// The state of a pseudo-random generator.
    random: u64,
}

impl Bottleneck {
    pub(super) fn new(path: &Path) -> Self {
        let transmission = Duration::from_secs(1) / path.rate;
        Self {
            transmission,
            longest_wait: transmission * path.queue,
            round_trip: path.delay * 2,
            loss_percent: path.loss_percent.into(),
            busy_until: Moment::START,
            acks: VecDeque::new(),
            random: 1,
        }
    }

    pub(super) fn push(&mut self, flow: usize, packet: u64, now: Moment) {
        let waited = self.busy_until - now;
        if waited > self.longest_wait || self.is_lost() {
            return;
        }
        self.busy_until = self.busy_until.max(now) + self.transmission;
        self.acks.push_back(Arrived {
            at: self.busy_until + self.round_trip,
            flow,
            packet,
            waited,
        });
    }

    /// xorshift64.
    fn is_lost(&mut self) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % 100 < self.loss_percent
    }

    pub(super) fn next_arrival(&self) -> Option<Moment> {
        self.acks.front().map(|arrived| arrived.at)
    }

    pub(super) fn poll(&mut self, now: Moment) -> Option<Arrived> {
        let is_there = self.next_arrival().is_some_and(|at| at <= now);
        is_there.then(|| self.acks.pop_front()).flatten()
    }
}
