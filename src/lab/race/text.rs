//! A race as lines of text.

use super::{Lane, LaneEvent, Race};
use crate::lab::words::thousands;
use std::fmt::Write as _;

/// Letters of the longest bar.
const BAR: usize = 50;

/// The times, the retransmissions of each lane, and whether the first losses were the
/// same.
#[must_use]
pub fn table(race: &Race) -> String {
    let mut text = String::new();
    let width = race
        .lanes
        .iter()
        .map(|lane| lane.name.chars().count())
        .max();
    let width = width.unwrap_or_default();
    let longest_us = micros(race.longest());
    for lane in &race.lanes {
        let (name, bar) = (&lane.name, bar(lane, longest_us, u64::MAX, BAR));
        let _ = writeln!(text, "{name:width$}  {bar}");
    }
    let _ = writeln!(
        text,
        "{:width$}  = data arrived in order, R mostly retransmissions, . waiting\n",
        ""
    );
    let _ = writeln!(
        text,
        "{:width$}  {:>10} {:>8} {:>8} {:>8}  retransmitted most often",
        "", "seconds", "times", "sent", "resent"
    );
    let best = race
        .winner()
        .map_or(0.0, |lane| lane.run.elapsed.as_secs_f64());
    for lane in &race.lanes {
        let _ = writeln!(text, "{}", row(lane, width, best));
    }
    let _ = writeln!(text, "\n{}", losses(race));
    text
}

/// A lane from its beginning to `now_us`, on a scale that ends at `longest_us`. Unit of
/// both: microseconds.
#[must_use]
pub fn bar(lane: &Lane, longest_us: u64, now_us: u64, letters: usize) -> String {
    let end_us = micros(lane.run.elapsed).min(now_us);
    let per_letter = longest_us.div_ceil(letters.max(1) as u64).max(1);
    let used = usize::try_from(end_us.div_ceil(per_letter)).unwrap_or(letters);
    let mut grew = vec![0_u32; used.min(letters)];
    let mut resent = vec![0_u32; used.min(letters)];
    for mark in lane.course.iter().take_while(|mark| mark.time_us <= end_us) {
        let place = usize::try_from(mark.time_us / per_letter).unwrap_or(usize::MAX);
        let place = place.min(grew.len().saturating_sub(1));
        let bin = match mark.what {
            LaneEvent::InOrder(_) => grew.get_mut(place),
            LaneEvent::Resent(_) => resent.get_mut(place),
            LaneEvent::Lost(_) => None,
        };
        if let Some(count) = bin {
            *count += 1;
        }
    }
    let signs = grew.iter().zip(&resent);
    signs
        .map(|(&grew, &resent)| match (grew, resent) {
            (0, 0) => '.',
            // If both happened, the more frequent one.
            (grew, resent) if resent > grew => 'R',
            (_, _) => '=',
        })
        .collect()
}

fn row(lane: &Lane, width: usize, best: f64) -> String {
    let (name, run) = (&lane.name, &lane.run);
    let seconds = run.elapsed.as_secs_f64();
    let times = if best > 0.0 { seconds / best } else { 1.0 };
    let (sent, resent) = (run.progress.sent_packets, run.progress.resent_packets);
    let doubt = if run.is_verified() {
        ""
    } else {
        "  not verified"
    };
    let often = most_often(lane);
    format!(
        "{name:width$}  {seconds:>10.3} {times:>8.1} {sent:>8} {resent:>8}  {often}{doubt}"
    )
}

/// The segments that were retransmitted most often: `41 (3 times), 7, 12 and 63 more`.
fn most_often(lane: &Lane) -> String {
    const NAMED: usize = 3;
    let mut retransmissions = lane.retransmissions.clone();
    if retransmissions.is_empty() {
        return "nothing".to_owned();
    }
    retransmissions.sort_by_key(|&(number, times)| (std::cmp::Reverse(times), number));
    let named = retransmissions.iter().take(NAMED).map(|&(number, times)| {
        if times == 1 {
            number.to_string()
        } else {
            format!("{number} ({times} times)")
        }
    });
    let named = named.collect::<Vec<_>>().join(", ");
    match retransmissions.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Whether the link lost the same first transmissions in every lane.
pub(super) fn losses(race: &Race) -> String {
    let Some(first) = race.lanes.first() else {
        return String::new();
    };
    let lost = first.first_losses.len() as u64;
    let all = u64::from(first.segments);
    if race.first_losses_agree() {
        let (lost, all) = (thousands(lost), thousands(all));
        return format!(
            "The link lost {lost} of {all} first transmissions of DATA, the same ones \
             in every lane."
        );
    }
    let counts: Vec<String> = race
        .lanes
        .iter()
        .map(|lane| format!("{} in {}", lane.first_losses.len(), lane.name))
        .collect();
    format!(
        "The lost first transmissions differ between the lanes ({}), because the losses \
         of this link depend on time.",
        counts.join("; ")
    )
}

pub(super) fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
