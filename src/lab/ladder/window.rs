//! Which part of a run a ladder shows.

use super::flights::{Flights, Step};
use crate::lab::words::{thousands, time};

/// Which part of a run a ladder shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Nothing before it. Unit: microseconds.
    pub from_us: u64,
    /// Nothing after it. Unit: microseconds.
    pub until_us: u64,
    /// Not more packets than these.
    pub most_packets: usize,
}

/// The part of a run to show.
pub(super) struct Chosen {
    pub(super) steps: Vec<(u64, Step)>,
    packets: usize,
    all_packets: usize,
    /// When the first and the last thing happened that is shown. Unit: microseconds.
    span_us: Option<(u64, u64)>,
    end_us: u64,
}

impl Window {
    /// All of it.
    pub const ALL: Self = Self {
        from_us: 0,
        until_us: u64::MAX,
        most_packets: usize::MAX,
    };

    /// The steps and packets in it: packets that left in it (or arrived, where the
    /// journal does not tell when they left) with both their ends, and remarks.
    pub(super) fn choose(self, flights: &Flights) -> Chosen {
        let mut packets = 0;
        let mut is_chosen = vec![false; flights.all.len()];
        let (mut end_us, mut until_us) = (0, self.until_us);
        for &(time_us, step) in &flights.steps {
            end_us = end_us.max(time_us);
            let place = match step {
                Step::Departure(place) => place,
                Step::Arrival(place) if flights.all[place].sent_us.is_none() => place,
                Step::Arrival(_) | Step::Remark(_) => continue,
            };
            if time_us < self.from_us || time_us > until_us {
                continue;
            }
            if packets == self.most_packets {
                until_us = until_us.min(time_us);
                continue;
            }
            packets += 1;
            is_chosen[place] = true;
        }
        let is_shown = |&(time_us, step): &(u64, Step)| match step {
            Step::Departure(place) | Step::Arrival(place) => is_chosen[place],
            Step::Remark(_) => time_us >= self.from_us && time_us <= until_us,
        };
        let steps: Vec<_> = flights.steps.iter().copied().filter(is_shown).collect();
        let first = steps.first().map(|&(time_us, _)| time_us);
        let last = steps.last().map(|&(time_us, _)| time_us);
        Chosen {
            steps,
            packets,
            all_packets: flights.all.len(),
            span_us: first.zip(last),
            end_us,
        }
    }
}

impl Chosen {
    /// In a sentence, where anything is.
    pub(super) fn what_is_left_out(&self) -> Option<String> {
        if self.packets == self.all_packets {
            return None;
        }
        let all = thousands(self.all_packets as u64);
        let end = time(self.end_us);
        let Some((first, last)) = self.span_us else {
            return Some(format!(
                "None of the {all} packets was sent in this interval: the run lasts \
                 {end}."
            ));
        };
        let shown = thousands(self.packets as u64);
        let (first, last) = (time(first), time(last));
        Some(format!(
            "Shown: {shown} of {all} packets, {first} to {last} of {end}. Choose others \
             with --from and --to."
        ))
    }
}
