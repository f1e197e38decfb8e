//! Goodput over time: new file bytes that reach the receiver, counted once each.
//!
//! A segment that comes twice counts once, and one that the receiver throws away (go-back-N
//! out of order) counts when it comes again. A journal without the receiver's side counts
//! by the ACKs that the sender heard.

use super::{at, is_data, seconds, series};
use crate::lab::chart::{Line, Look, Point, Series};
use crate::lab::journal::{Entry, Happening, Journal, Side};
use crate::lab::palette::{BLUE, ORANGE, SOFT_INK};
use crate::link::{Direction, Scenario, UDP_AND_IP_BYTES};
use crate::reliable::event::Event;
use crate::wire::packet::{HEADER_BYTES, Kind as PacketKind};
use std::collections::HashMap;

/// The longest run is cut into so many pieces, and all others into pieces of that length,
/// so that panels beside each other are equally fine.
const PIECES: f64 = 60.0;

/// Measured, its mean, and what the link carries at most where that is known.
pub(super) fn series_of(journal: &Journal, longest: f64) -> Vec<Series> {
    let arrivals = match arrivals(journal) {
        none if none.is_empty() => acknowledged(journal),
        arrivals => arrivals,
    };
    let Some(&(end, _)) = arrivals.last() else {
        return Vec::new();
    };
    let length = longest / PIECES;
    if length <= 0.0 || end <= 0.0 {
        return Vec::new(); // All at once: no rate can be told.
    }
    let mut measured: Vec<Point> = Vec::new();
    let mut arrivals = arrivals.iter().peekable();
    let mut megabytes = 0.0;
    let mut start = 0.0;
    while start < end {
        let stop = end.min(start + length);
        let mut bytes = 0.0;
        while let Some((_, more)) = arrivals.next_if(|(time, _)| *time <= stop) {
            bytes += more;
        }
        megabytes += bytes / 1e6;
        measured.push(Point::new(start, bytes / 1e6 / (stop - start)));
        start = stop;
    }
    measured.extend(measured.last().map(|last| Point::new(end, last.y)));
    let level = |y: f64| vec![Point::new(0.0, y), Point::new(end, y)];
    let rate = line_rate(journal).map(level).unwrap_or_default();
    vec![
        series("link's rate", Look::line(SOFT_INK, Line::Dotted), rate),
        series("goodput", Look::line(BLUE, Line::Steps), measured),
        series(
            "mean",
            Look::line(ORANGE, Line::Dashed),
            level(megabytes / end),
        ),
    ]
}

/// When new bytes of the file came to stay: seconds, and how many.
fn arrivals(journal: &Journal) -> Vec<(f64, f64)> {
    let mut places: HashMap<u32, usize> = HashMap::new();
    let mut arrivals: Vec<(f64, f64)> = Vec::new();
    for entry in journal
        .entries
        .iter()
        .filter(|it| it.side == Side::Receiver)
    {
        let Happening::Machine(event) = &entry.what else {
            continue;
        };
        if let Event::PacketReceived(packet) = event
            && is_data(packet)
            && !places.contains_key(&packet.number)
        {
            places.insert(packet.number, arrivals.len());
            arrivals.push((seconds(entry.time_us), f64::from(packet.length)));
        }
        if let Event::SegmentDropped { number, .. } = event
            && places.get(number).is_some_and(|&place| {
                place + 1 == arrivals.len() && is_now(entry, arrivals[place].0)
            })
        {
            places.remove(number);
            arrivals.pop();
        }
    }
    arrivals
}

fn is_now(entry: &Entry, time: f64) -> bool {
    (seconds(entry.time_us) - time).abs() < f64::EPSILON
}

/// The same by the ACKs that the sender heard.
fn acknowledged(journal: &Journal) -> Vec<(f64, f64)> {
    let heading = &journal.heading;
    let mut highest = 0;
    let mut arrivals = Vec::new();
    for entry in journal.entries.iter().filter(|it| it.side == Side::Sender) {
        if let Happening::Machine(Event::PacketReceived(packet)) = entry.what
            && matches!(packet.kind, PacketKind::Ack | PacketKind::Nack)
        {
            let next = packet.sequence.0.wrapping_sub(heading.first_sequence);
            let bytes = next.saturating_sub(highest);
            highest = highest.max(next);
            let bytes = f64::from(bytes) * f64::from(heading.segment_bytes);
            if bytes > 0.0 {
                arrivals.push((at(entry, 0.0).x, bytes));
            }
        }
    }
    arrivals
}

/// File bytes that the link carries at most. Unit: 10^6 per second.
#[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
fn line_rate(journal: &Journal) -> Option<f64> {
    let scenario: Scenario = journal.heading.scenario.parse().ok()?;
    let rate = scenario.conditions(Direction::Data).rate? as f64 / 8e6;
    let file_bytes = f64::from(journal.heading.segment_bytes);
    let headers = f64::from(u16::try_from(HEADER_BYTES + UDP_AND_IP_BYTES).ok()?);
    Some(rate * file_bytes / (file_bytes + headers))
}
