//! Where everything on a ladder stands: time as height.
//!
//! Between two moments time is drawn to scale; a moment in which much happens is drawn
//! out, a row for each packet, and a long wait is drawn short. The standing picture and the
//! moving one have their places from here.

use super::transmissions::{LadderEvent, Transmissions};
use crate::lab::journal::Side;
use crate::link::Direction;
use std::collections::HashMap;

/// From one row of words to the next. Unit of this and of what follows: pixels.
pub(super) const ROW: f64 = 16.0;
/// A packet's usual way takes so much height.
pub(super) const ONE_WAY_HEIGHT: f64 = 80.0;
/// A longer wait is drawn short.
const LONGEST_GAP: f64 = 130.0;
/// A lost packet's arrow ends at this share of its way.
pub(super) const LOST_AT: f64 = 0.62;

/// Where every step stands.
pub(super) struct Places {
    /// The height of each chosen step, in their order.
    pub(super) steps: Vec<f64>,
    /// Where each flight's two ends are.
    pub(super) departures: HashMap<usize, f64>,
    pub(super) arrivals: HashMap<usize, f64>,
    /// Moments that are drawn out: from, to.
    pub(super) crowded: Vec<(f64, f64)>,
    /// Waits that are drawn short: their middle.
    pub(super) short: Vec<f64>,
    /// The first row of each moment: side, time, height.
    pub(super) clocks: Vec<(Side, u64, f64)>,
    pub(super) top: f64,
    pub(super) foot: f64,
    /// How far down each flight with one end would go: as its neighbour does.
    pub(super) falls: HashMap<usize, f64>,
}

/// The rows of one end in one moment.
#[derive(Clone, Copy, Default)]
struct Rows {
    count: u32,
    /// A packet has just arrived here: one that leaves at once leaves from the same place.
    is_open: bool,
}

impl Places {
    /// The steps in their order; `usual_us` is what a packet's usual way takes.
    pub(super) fn of(
        transmissions: &Transmissions,
        steps: &[(u64, LadderEvent)],
        usual_us: u64,
        top: f64,
    ) -> Self {
        let scale = ONE_WAY_HEIGHT / real(usual_us).max(1.0);
        let mut places = Self {
            steps: Vec::with_capacity(steps.len()),
            departures: HashMap::new(),
            arrivals: HashMap::new(),
            crowded: Vec::new(),
            short: Vec::new(),
            clocks: Vec::new(),
            top,
            foot: top,
            falls: HashMap::new(),
        };
        let mut y = top + ROW;
        let mut before: Option<u64> = None;
        for moment in steps.chunk_by(|a, b| a.0 == b.0) {
            let time_us = moment[0].0;
            if let Some(before) = before {
                let gap = real(time_us.saturating_sub(before)) * scale;
                if gap > LONGEST_GAP {
                    places.short.push(y + LONGEST_GAP / 2.0);
                }
                y += gap.clamp(ROW, LONGEST_GAP);
            }
            before = Some(time_us);
            y = places.place(transmissions, moment, y);
        }
        places.foot = y + ROW;
        places.give_falls(transmissions, steps);
        places
    }

    /// A packet of which one end is known falls as the one before it that went its way, or
    /// as the one after it.
    fn give_falls(
        &mut self,
        transmissions: &Transmissions,
        steps: &[(u64, LadderEvent)],
    ) {
        let packets: Vec<usize> = steps
            .iter()
            .filter_map(|&(_, step)| match step {
                LadderEvent::Departure(place) => Some(place),
                LadderEvent::Arrival(place) => {
                    transmissions.all[place].sent_us.is_none().then_some(place)
                }
                LadderEvent::Remark(_) => None,
            })
            .collect();
        for direction in [Direction::Data, Direction::Ack] {
            let its_way =
                |place: &&usize| transmissions.all[**place].direction == direction;
            let onwards = packets.iter().filter(its_way);
            let back = packets.iter().rev().filter(its_way);
            for packets in [onwards.collect::<Vec<_>>(), back.collect()] {
                self.follow_neighbours(&packets);
            }
        }
        for (place, fall) in &self.falls {
            let from = self.departures.get(place).copied().unwrap_or_default();
            self.foot = self.foot.max(from + fall * LOST_AT + ROW);
        }
    }

    /// Gives each packet with one end the fall of the last one before it with two.
    fn follow_neighbours(&mut self, packets: &[&usize]) {
        let mut last = None;
        for &&place in packets {
            let (from, to) = (self.departures.get(&place), self.arrivals.get(&place));
            if let (Some(from), Some(to)) = (from, to) {
                last = Some(to - from);
            } else if let Some(fall) = last {
                self.falls.entry(place).or_insert(fall);
            }
        }
    }

    /// Gives the steps of one moment their rows; where the moment ends.
    fn place(
        &mut self,
        transmissions: &Transmissions,
        moment: &[(u64, LadderEvent)],
        y: f64,
    ) -> f64 {
        let (mut left, mut right) = (Rows::default(), Rows::default());
        for &(time_us, step) in moment {
            let side = side_of(transmissions, step);
            let rows = if side == Side::Sender {
                &mut left
            } else {
                &mut right
            };
            let shares = rows.is_open && matches!(step, LadderEvent::Departure(_));
            rows.is_open = matches!(step, LadderEvent::Arrival(_));
            if !shares {
                rows.count += 1;
            }
            let here = y + ROW * f64::from(rows.count - 1);
            if rows.count == 1 && !shares {
                self.clocks.push((side, time_us, here));
            }
            self.steps.push(here);
            match step {
                LadderEvent::Departure(transmission) => {
                    self.departures.insert(transmission, here);
                }
                LadderEvent::Arrival(transmission) => {
                    self.arrivals.insert(transmission, here);
                }
                LadderEvent::Remark(_) => {}
            }
        }
        let rows = left.count.max(right.count).saturating_sub(1);
        let end = y + ROW * f64::from(rows);
        if rows > 0 {
            self.crowded.push((y, end));
        }
        end
    }
}

/// The end at which a step happens.
pub(super) fn side_of(transmissions: &Transmissions, step: LadderEvent) -> Side {
    match step {
        LadderEvent::Departure(transmission) => {
            match transmissions.all[transmission].direction {
                Direction::Data => Side::Sender,
                Direction::Ack => Side::Receiver,
            }
        }
        LadderEvent::Arrival(transmission) => {
            match transmissions.all[transmission].direction {
                Direction::Data => Side::Receiver,
                Direction::Ack => Side::Sender,
            }
        }
        LadderEvent::Remark(remark) => transmissions.remarks[remark].side,
    }
}

/// How long the packet in the middle took, of all that arrived. Unit: microseconds.
pub(super) fn usual_one_way_delay(
    transmissions: &Transmissions,
    steps: &[(u64, LadderEvent)],
) -> u64 {
    let took = |&(_, step): &(u64, LadderEvent)| match step {
        LadderEvent::Arrival(transmission) => {
            let transmission = &transmissions.all[transmission];
            Some(
                transmission
                    .arrived_us?
                    .saturating_sub(transmission.sent_us?),
            )
        }
        LadderEvent::Departure(_) | LadderEvent::Remark(_) => None,
    };
    let mut all: Vec<u64> = steps.iter().filter_map(took).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser")]
pub(super) fn real(time_us: u64) -> f64 {
    time_us as f64
}
