//! The layout of a ladder: time as height.
//!
//! To scale, a moment has one height, and packets with the same delay have the same
//! slope. Compact, a moment with many events is stretched, with a row for each packet,
//! and a long wait is shortened, so that a whole run fits on paper.

use crate::lab::journal::Side;
use crate::lab::transmissions::{TimelineEvent, Transmission, Transmissions};
use crate::link::Direction;
use std::collections::HashMap;

/// How time becomes height.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeScale {
    /// Linear: the same delay is the same slope, at every moment of a run.
    #[default]
    ToScale,
    /// Crowded moments are stretched and long waits shortened, as on paper.
    Compact,
}

impl TimeScale {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::ToScale, Self::Compact];

    /// As a switch has it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ToScale => "To scale",
            Self::Compact => "Compact",
        }
    }
}

/// From one row of words to the next. Unit of this and of what follows: pixels.
pub(super) const ROW: f64 = 16.0;
/// On paper a packet's usual one-way delay takes so much height.
pub(super) const ONE_WAY_HEIGHT: f64 = 80.0;
/// Compact, a longer wait is shortened. Unit: usual one-way delays.
const LONGEST_GAP: f64 = 1.625;
/// A lost packet's arrow ends at this share of its way.
pub(super) const LOST_AT: f64 = 0.62;

/// Where every step is.
pub(super) struct Layout {
    scale: TimeScale,
    pixels_per_us: f64,
    /// The height of each step, in their order.
    pub(super) steps: Vec<f64>,
    /// Where each packet's two ends are.
    departures: HashMap<usize, f64>,
    arrivals: HashMap<usize, f64>,
    /// Moments that are stretched: from, to.
    pub(super) crowded: Vec<(f64, f64)>,
    /// Waits that are shortened: their middle.
    pub(super) short: Vec<f64>,
    pub(super) foot: f64,
    /// For each packet with one known end: its neighbour's height and delay.
    neighbours: HashMap<usize, (f64, u64)>,
    /// The usual delay of a packet. Unit: microseconds.
    usual_us: u64,
}

/// The way of one packet on the picture, from one end to the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// The height of its beginning.
    pub(super) from: f64,
    /// The height of its end.
    pub(super) to: f64,
    /// The share of the way at which the arrow begins: more than 0 where it is not known
    /// when the packet left.
    pub(super) begins: f64,
    /// How long the packet takes. Unit: microseconds.
    pub(super) takes_us: u64,
}

/// The rows of one end in one moment.
#[derive(Clone, Copy, Default)]
struct Rows {
    count: u32,
    /// A packet has just arrived here: one that leaves at once leaves from the same place.
    is_open: bool,
}

impl Layout {
    /// The steps in their order; `usual_us` is what a packet's usual way takes, and it has
    /// this height.
    pub(super) fn of(
        transmissions: &Transmissions<'_>,
        steps: &[(u64, TimelineEvent)],
        (scale, one_way_height): (TimeScale, f64),
        usual_us: u64,
    ) -> Self {
        let usual_us = usual_us.max(1);
        let mut layout = Self {
            scale,
            pixels_per_us: one_way_height / real(usual_us),
            steps: Vec::with_capacity(steps.len()),
            departures: HashMap::new(),
            arrivals: HashMap::new(),
            crowded: Vec::new(),
            short: Vec::new(),
            foot: 0.0,
            neighbours: HashMap::new(),
            usual_us,
        };
        match scale {
            TimeScale::ToScale => {
                for &(time_us, step) in steps {
                    layout.put(step, real(time_us) * layout.pixels_per_us);
                }
            }
            TimeScale::Compact => layout.place_in_rows(transmissions, steps),
        }
        layout.foot = layout.steps.last().copied().unwrap_or_default() + ROW;
        layout.find_neighbours(transmissions, steps);
        layout
    }

    fn put(&mut self, step: TimelineEvent, y: f64) {
        self.steps.push(y);
        match step {
            TimelineEvent::Departure(place) => drop(self.departures.insert(place, y)),
            TimelineEvent::Arrival(place) => drop(self.arrivals.insert(place, y)),
            TimelineEvent::Remark(_) => {}
        }
    }

    fn place_in_rows(
        &mut self,
        transmissions: &Transmissions<'_>,
        steps: &[(u64, TimelineEvent)],
    ) {
        let longest = (self.usual_fall() * LONGEST_GAP).max(ROW);
        let mut y = ROW;
        let mut before: Option<u64> = None;
        for moment in steps.chunk_by(|a, b| a.0 == b.0) {
            let time_us = moment[0].0;
            if let Some(before) = before {
                let gap = real(time_us.saturating_sub(before)) * self.pixels_per_us;
                if gap > longest {
                    self.short.push(y + longest / 2.0);
                }
                y += gap.clamp(ROW, longest);
            }
            before = Some(time_us);
            y = self.place_moment(transmissions, moment, y);
        }
    }

    /// Gives the steps of one moment their rows; where the moment ends.
    fn place_moment(
        &mut self,
        transmissions: &Transmissions<'_>,
        moment: &[(u64, TimelineEvent)],
        y: f64,
    ) -> f64 {
        let (mut left, mut right) = (Rows::default(), Rows::default());
        for &(_, step) in moment {
            let rows = if side_of(transmissions, step) == Side::Sender {
                &mut left
            } else {
                &mut right
            };
            let shares = rows.is_open && matches!(step, TimelineEvent::Departure(_));
            rows.is_open = matches!(step, TimelineEvent::Arrival(_));
            if !shares {
                rows.count += 1;
            }
            let row = rows.count - 1;
            self.put(step, y + ROW * f64::from(row));
        }
        let rows = left.count.max(right.count).saturating_sub(1);
        let end = y + ROW * f64::from(rows);
        if rows > 0 {
            self.crowded.push((y, end));
        }
        end
    }

    /// A packet of which one end is known takes as long as the one before it in its
    /// direction, or as the one after it.
    fn find_neighbours(
        &mut self,
        transmissions: &Transmissions<'_>,
        steps: &[(u64, TimelineEvent)],
    ) {
        let packets: Vec<usize> = steps
            .iter()
            .filter_map(|&(_, step)| match step {
                TimelineEvent::Departure(place) => Some(place),
                TimelineEvent::Arrival(place) => {
                    transmissions.all[place].sent_us.is_none().then_some(place)
                }
                TimelineEvent::Remark(_) => None,
            })
            .collect();
        for direction in [Direction::Data, Direction::Ack] {
            let is_its =
                |place: &&usize| transmissions.all[**place].direction == direction;
            let onwards: Vec<&usize> = packets.iter().filter(is_its).collect();
            self.follow_neighbours(transmissions, onwards.iter().copied());
            self.follow_neighbours(transmissions, onwards.into_iter().rev());
        }
        for (&place, &(fall, _)) in &self.neighbours {
            let from = self.departures.get(&place).copied().unwrap_or_default();
            self.foot = self.foot.max(from + fall * LOST_AT + ROW);
        }
    }

    fn follow_neighbours<'a>(
        &mut self,
        transmissions: &Transmissions<'_>,
        packets: impl Iterator<Item = &'a usize>,
    ) {
        let mut last = None;
        for &place in packets {
            let (from, to) = (self.departures.get(&place), self.arrivals.get(&place));
            if let (Some(from), Some(to)) = (from, to) {
                let takes = delay_us(&transmissions.all[place]).unwrap_or(self.usual_us);
                last = Some((to - from, takes));
            } else if let Some(last) = last {
                self.neighbours.entry(place).or_insert(last);
            }
        }
    }

    /// The whole way of a packet, also where the log has one end alone; `None` where it
    /// has none.
    pub(super) fn way(
        &self,
        place: usize,
        transmission: &Transmission<'_>,
    ) -> Option<Way> {
        let (departure, arrival) =
            (self.departures.get(&place), self.arrivals.get(&place));
        let usual = (self.usual_fall(), self.usual_us);
        let (fall, followed_us) = self.neighbours.get(&place).copied().unwrap_or(usual);
        let takes_us = delay_us(transmission).unwrap_or(followed_us);
        let fall = match self.scale {
            TimeScale::ToScale => real(takes_us) * self.pixels_per_us,
            TimeScale::Compact => fall,
        };
        let (from, to, begins) = match (departure, arrival) {
            (Some(&from), Some(&to)) => (from, to, 0.0),
            (Some(&from), None) => (from, from + fall, 0.0),
            (None, Some(&to)) => (to - fall, to, 1.0 - LOST_AT),
            (None, None) => return None,
        };
        Some(Way {
            from,
            to,
            begins,
            takes_us,
        })
    }

    fn usual_fall(&self) -> f64 {
        real(self.usual_us) * self.pixels_per_us
    }

    /// Where a moment is: compact, between two moments in which something happens, in
    /// between.
    pub(super) fn height_of(&self, time_us: u64, steps: &[(u64, TimelineEvent)]) -> f64 {
        if self.scale == TimeScale::ToScale {
            return real(time_us) * self.pixels_per_us;
        }
        let next = steps.partition_point(|step| step.0 <= time_us);
        let before = next.checked_sub(1).map(|last| {
            let time_us = steps[last].0;
            let first = steps.partition_point(|step| step.0 < time_us);
            (time_us, self.steps[first])
        });
        let after = steps.get(next).map(|step| (step.0, self.steps[next]));
        match (before, after) {
            (Some((from_us, from)), Some((to_us, to))) => {
                let share = real(time_us - from_us) / real((to_us - from_us).max(1));
                from + (to - from) * share
            }
            (Some((_, y)), None) | (None, Some((_, y))) => y,
            (None, None) => 0.0,
        }
    }
}

/// How long a packet takes, where it is known. Unit: microseconds.
fn delay_us(transmission: &Transmission<'_>) -> Option<u64> {
    let end_us = transmission.arrived_us.or(transmission.due_us())?;
    Some(end_us.saturating_sub(transmission.sent_us?))
}

/// The end at which a step happens.
pub(super) fn side_of(transmissions: &Transmissions<'_>, step: TimelineEvent) -> Side {
    match step {
        TimelineEvent::Departure(transmission) => {
            match transmissions.all[transmission].direction {
                Direction::Data => Side::Sender,
                Direction::Ack => Side::Receiver,
            }
        }
        TimelineEvent::Arrival(transmission) => {
            match transmissions.all[transmission].direction {
                Direction::Data => Side::Receiver,
                Direction::Ack => Side::Sender,
            }
        }
        TimelineEvent::Remark(remark) => transmissions.remarks[remark].side,
    }
}

/// How long the packet in the middle took, of all that arrived. Unit: microseconds.
pub(super) fn usual_one_way_delay(
    transmissions: &Transmissions<'_>,
    steps: &[(u64, TimelineEvent)],
) -> u64 {
    let took = |&(_, step): &(u64, TimelineEvent)| match step {
        TimelineEvent::Arrival(place) => delay_us(&transmissions.all[place]),
        TimelineEvent::Departure(_) | TimelineEvent::Remark(_) => None,
    };
    let mut all: Vec<u64> = steps.iter().filter_map(took).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser")]
pub(super) fn real(time_us: u64) -> f64 {
    time_us as f64
}
