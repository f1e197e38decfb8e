//! Goodput over time: new file bytes that reach the receiver, counted once each.
//!
//! A segment that arrives twice counts once, and one that the receiver discards
//! (go-back-N out of order) counts when it arrives again. A journal without the
//! receiver's side counts by the ACKs that reached the sender.
//!
//! Beside it is the formula's value for the scenario of the journal: a dashed line, with
//! a new level wherever a user changed the link. If no formula applies, there is no such
//! line, and a note gives the reason.

use super::{at, is_data, seconds, series};
use crate::lab::chart::{Line, Look, Point, Series};
use crate::lab::journal::{Entry, FaultInjection, Journal, JournalEvent, Side};
use crate::lab::palette::{BLUE, GREEN, ORANGE, SOFT_INK};
use crate::lab::theory::path::Path;
use crate::link::{Direction, Scenario, UDP_AND_IP_BYTES};
use crate::reliable::event::Event;
use crate::wire::packet::{HEADER_BYTES, Kind as PacketKind};
use std::collections::HashMap;

/// The longest run is cut into this many pieces, and all others into pieces of the same
/// length, so that all panels have the same resolution.
const PIECES: f64 = 60.0;

/// The measured goodput, its mean, the formula, and the capacity of the link if known.
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
    let mean = megabytes / end;
    let mean = vec![Point::new(0.0, mean), Point::new(end, mean)];
    let links = links(journal, end);
    let rates = levels(&links, |link| line_rate(journal, link));
    let formulas = levels(&links, |link| {
        let path = Path::under(&journal.heading, link).ok()?;
        Some(path.goodput() / 1e6)
    });
    let dotted = Look::line(SOFT_INK, Line::Dotted);
    let dashed = Look::line(GREEN, Line::Dashed);
    let rates = rates
        .into_iter()
        .map(|it| series("link's rate", dotted, it));
    let formulas = formulas.into_iter().map(|it| series(FORMULA, dashed, it));
    rates
        .chain([
            series("goodput", Look::line(BLUE, Line::Steps), measured),
            series("mean", Look::line(ORANGE, Line::Straight), mean),
        ])
        .chain(formulas)
        .collect()
}

/// As in the legend.
const FORMULA: &str = "formula";

/// The data for the formula's lines, or the reason why there are none. Journals with the
/// same note share it, and none is named if all are equal.
pub(super) fn notes<'a>(
    journals: impl Iterator<Item = (&'a Journal, String)>,
) -> Vec<String> {
    let mut notes: Vec<(String, Vec<String>)> = Vec::new();
    for (journal, name) in journals {
        let note = note(journal);
        match notes.iter_mut().find(|(known, _)| *known == note) {
            Some((_, names)) => names.push(name),
            None => notes.push((note, vec![name])),
        }
    }
    if let [(note, _)] = &notes[..] {
        return vec![format!("{FORMULA}{note}")];
    }
    let named = |(note, names): (String, Vec<String>)| {
        format!("formula for {}{note}", names.join("; "))
    };
    notes.into_iter().map(named).collect()
}

/// The note after the formula's name: `: 1-P with P = 5%, a = 4.2`.
fn note(journal: &Journal) -> String {
    let links = links(journal, f64::INFINITY);
    let last = links.last().expect("the heading names one");
    let since = match last.from {
        0.0 => String::new(),
        from => format!(" since {from:.1} s"),
    };
    match Path::under(&journal.heading, last.scenario) {
        Ok(path) => format!("{since}: {path}"),
        Err(why) => format!("{since}: none; {why}"),
    }
}

/// A scenario and its duration. Unit: seconds.
struct Held<'a> {
    scenario: &'a str,
    from: f64,
    until: f64,
}

/// The links of a journal until `end`, with the changes of the user; the first is that of
/// the heading.
fn links(journal: &Journal, end: f64) -> Vec<Held<'_>> {
    let mut links = vec![Held {
        scenario: &journal.heading.scenario,
        from: 0.0,
        until: end,
    }];
    for entry in &journal.entries {
        let JournalEvent::FaultInjection(FaultInjection::LinkChanged { scenario }) =
            &entry.what
        else {
            continue;
        };
        let from = seconds(entry.time_us);
        if from >= end {
            break;
        }
        if let Some(before) = links.last_mut() {
            if before.scenario == scenario {
                continue; // Repeated, as at the beginning of a late log.
            }
            before.until = from;
        }
        let until = end;
        links.push(Held {
            scenario,
            from,
            until,
        });
    }
    links
}

/// A value for each link, as lines that are level while it holds; a link without one
/// breaks the line.
fn levels(links: &[Held<'_>], value: impl Fn(&str) -> Option<f64>) -> Vec<Vec<Point>> {
    let mut lines: Vec<Vec<Point>> = Vec::new();
    let mut is_broken = true;
    for link in links {
        let Some(y) = value(link.scenario) else {
            is_broken = true;
            continue;
        };
        if is_broken {
            lines.push(Vec::new());
            is_broken = false;
        }
        if let Some(line) = lines.last_mut() {
            line.extend([Point::new(link.from, y), Point::new(link.until, y)]);
        }
    }
    lines
}

/// When new bytes of the file arrived in order: the time in seconds, and the number of
/// bytes.
fn arrivals(journal: &Journal) -> Vec<(f64, f64)> {
    let mut places: HashMap<u32, usize> = HashMap::new();
    let mut arrivals: Vec<(f64, f64)> = Vec::new();
    for entry in journal
        .entries
        .iter()
        .filter(|it| it.side == Side::Receiver)
    {
        let JournalEvent::Machine(event) = &entry.what else {
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

/// The same by the ACKs that reached the sender.
fn acknowledged(journal: &Journal) -> Vec<(f64, f64)> {
    let heading = &journal.heading;
    let mut highest = 0;
    let mut arrivals = Vec::new();
    for entry in journal.entries.iter().filter(|it| it.side == Side::Sender) {
        if let JournalEvent::Machine(Event::PacketReceived(packet)) = &entry.what
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

/// File bytes that this link carries at most. Unit: 10^6 per second.
#[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
fn line_rate(journal: &Journal, scenario: &str) -> Option<f64> {
    let scenario: Scenario = scenario.parse().ok()?;
    let rate = scenario.conditions(Direction::Data).rate? as f64 / 8e6;
    let file_bytes = f64::from(journal.heading.segment_bytes);
    let headers = f64::from(u16::try_from(HEADER_BYTES + UDP_AND_IP_BYTES).ok()?);
    Some(rate * file_bytes / (file_bytes + headers))
}
