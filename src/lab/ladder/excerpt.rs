//! The part of a run that a ladder shows.

use crate::lab::transmissions::{TimelineEvent, Transmissions};
use crate::lab::words::{thousands, time};

/// The part of a run that a ladder shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excerpt {
    /// Nothing before it. Unit: microseconds.
    pub from_us: u64,
    /// Nothing after it. Unit: microseconds.
    pub until_us: u64,
    /// Not more packets than these.
    pub most_packets: usize,
}

/// The part of a run to show.
pub(super) struct Chosen {
    pub(super) steps: Vec<(u64, TimelineEvent)>,
    packets: usize,
    all_packets: usize,
    /// The times of the first and the last shown event. Unit: microseconds.
    span_us: Option<(u64, u64)>,
    end_us: u64,
}

impl Excerpt {
    /// All of it.
    pub const ALL: Self = Self {
        from_us: 0,
        until_us: u64::MAX,
        most_packets: usize::MAX,
    };

    /// The steps and packets in it: packets that left in it (or arrived, where the
    /// journal does not tell when they left) with both their ends, and remarks.
    pub(super) fn choose(self, transmissions: &Transmissions<'_>) -> Chosen {
        let mut packets = 0;
        let mut is_chosen = vec![false; transmissions.all.len()];
        let (mut end_us, mut until_us) = (0, self.until_us);
        for &(time_us, step) in &transmissions.steps {
            end_us = end_us.max(time_us);
            let place = match step {
                TimelineEvent::Departure(place) => place,
                TimelineEvent::Arrival(place)
                    if transmissions.all[place].sent_us.is_none() =>
                {
                    place
                }
                TimelineEvent::Arrival(_) | TimelineEvent::Remark(_) => continue,
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
        let is_shown = |&(time_us, step): &(u64, TimelineEvent)| match step {
            TimelineEvent::Departure(place) | TimelineEvent::Arrival(place) => {
                is_chosen[place]
            }
            TimelineEvent::Remark(_) => time_us >= self.from_us && time_us <= until_us,
        };
        let steps: Vec<_> = transmissions
            .steps
            .iter()
            .copied()
            .filter(is_shown)
            .collect();
        let first = steps.first().map(|&(time_us, _)| time_us);
        let last = steps.last().map(|&(time_us, _)| time_us);
        Chosen {
            steps,
            packets,
            all_packets: transmissions.all.len(),
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
