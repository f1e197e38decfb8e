//! The charts of an event log: a panel for each, all with the same axes.
//!
//! | kind | shows, over time |
//! | --- | --- |
//! | `sequence` | segments: sent, lost, retransmitted and acknowledged |
//! | `window` | the controller's window, its threshold, and lost packets |
//! | `rtt` | each round-trip sample, the smoothed one, and the timeout |
//! | `goodput` | new file bytes that reach the receiver per second, the formula beside them, and the link's rate |
//!
//! ```
//! use sash::lab::chart::kinds::ChartKind;
//! let error = "windw".parse::<ChartKind>().unwrap_err();
//! assert_eq!(error.to_string(), "no chart \"windw\": choose sequence, window, rtt or goodput");
//! ```
//!
//! Source: sequence-time diagrams, Kurose & Ross §3.7; report page `experiments`.

mod goodput;

use super::{Axis, Chart, Line, Look, Mark, Panel, Point, Series};
use crate::lab::journal::{
    Carried, Entry, FaultInjection, Journal, JournalEvent, Killed, Side,
};
use crate::lab::palette::{BLUE, GREEN, INK, ORANGE, SKY, VERMILLION};
use crate::link::Direction;
use crate::reliable::event::{Event, PacketName};
use crate::wire::options::Congestion;
use crate::wire::packet::Kind as PacketKind;
use std::fmt;
use std::str::FromStr;

/// The kind of chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartKind {
    /// Segment numbers.
    Sequence,
    /// The controller's window.
    Window,
    /// Round trip and timeout.
    Rtt,
    /// New file bytes per second.
    Goodput,
}

/// The error for an unknown name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKind(String);

impl ChartKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Sequence, Self::Window, Self::Rtt, Self::Goodput];

    /// As flags have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sequence => "sequence",
            Self::Window => "window",
            Self::Rtt => "rtt",
            Self::Goodput => "goodput",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Sequence => "Segments over time",
            Self::Window => "Window over time",
            Self::Rtt => "RTT and timeout over time",
            Self::Goodput => "Goodput over time",
        }
    }

    const fn quantity(self) -> &'static str {
        match self {
            Self::Sequence => "segment number",
            Self::Window => "window (packets)",
            Self::Rtt => "RTT (ms)",
            Self::Goodput => "goodput (MB/s)",
        }
    }

    /// The chart of these journals, a panel each; `notes` say how they came about.
    #[must_use]
    pub fn chart(self, journals: &[Journal], notes: Vec<String>) -> Chart {
        let is_one_arq = journals
            .windows(2)
            .all(|pair| pair[0].heading.arq == pair[1].heading.arq);
        let ends = journals.iter().filter_map(|journal| journal.entries.last());
        let longest = ends.map(|entry| entry.time_us).max().unwrap_or(0);
        let panel = |journal| Panel {
            title: title(journal, is_one_arq),
            series: self.series(journal, seconds(longest)),
        };
        let mut notes = notes;
        if let (true, [first, _, ..]) = (is_one_arq, journals) {
            notes.push(format!("all with {}", first.heading.arq));
        }
        if self == Self::Goodput {
            let named = journals.iter().map(|it| (it, title(it, is_one_arq)));
            notes.extend(goodput::notes(named));
        }
        Chart {
            title: self.title().to_owned(),
            notes,
            x: Axis::linear("time (s)"),
            y: Axis::linear(self.quantity()),
            panels: journals.iter().map(panel).collect(),
        }
    }

    /// The series of one journal; those without a point are left out.
    /// The longest of the runs took `longest` seconds.
    fn series(self, journal: &Journal, longest: f64) -> Vec<Series> {
        let series = match self {
            Self::Sequence => sequence(journal),
            Self::Window => window(journal),
            Self::Rtt => round_trip(journal),
            Self::Goodput => goodput::series_of(journal, longest),
        };
        series
            .into_iter()
            .filter(|it| !it.points.is_empty())
            .collect()
    }
}

/// How the file of one journal travelled; short, since panels are narrow.
fn title(journal: &Journal, is_one_arq: bool) -> String {
    let heading = &journal.heading;
    let (arq, window, controller) = (heading.arq, heading.window, heading.congestion);
    match controller {
        Congestion::Fixed => format!("{arq}, N = {window}"),
        Congestion::PlusOneMinusThree
        | Congestion::DoubleHalve
        | Congestion::Additive
        | Congestion::Reno
        | Congestion::Cubic
        | Congestion::Bbr => {
            if is_one_arq {
                controller.to_string()
            } else {
                format!("{arq}, {controller}")
            }
        }
    }
}

fn sequence(journal: &Journal) -> Vec<Series> {
    let [mut acked, mut sent, mut again, mut lost] = [const { Vec::new() }; 4];
    for entry in &journal.entries {
        match (&entry.what, entry.side) {
            (JournalEvent::Link(carried), _) => {
                let Carried {
                    packet,
                    direction,
                    fate,
                    ..
                } = carried;
                let is_file = is_data(packet) && *direction == Direction::Data;
                if is_file && fate.is_loss() {
                    lost.push(at(entry, f64::from(packet.number)));
                }
            }
            (JournalEvent::Machine(Event::PacketSent(packet)), Side::Sender)
                if is_data(packet) =>
            {
                let points = if packet.attempt == 1 {
                    &mut sent
                } else {
                    &mut again
                };
                points.push(at(entry, f64::from(packet.number)));
            }
            (JournalEvent::Machine(Event::PacketReceived(packet)), Side::Sender)
                if matches!(packet.kind, PacketKind::Ack | PacketKind::Nack) =>
            {
                // An ACK carries the next expected segment: all before it have arrived.
                let next = packet
                    .sequence
                    .0
                    .wrapping_sub(journal.heading.first_sequence);
                acked.push(at(entry, f64::from(next)));
            }
            (JournalEvent::FaultInjection(FaultInjection::PacketKilled(killed)), _) => {
                let Killed { packet, direction } = killed;
                if is_data(packet) && *direction == Direction::Data {
                    lost.push(at(entry, f64::from(packet.number)));
                }
            }
            (
                JournalEvent::FaultInjection(FaultInjection::LinkChanged { .. })
                | JournalEvent::Machine(_),
                _,
            ) => {}
        }
    }
    vec![
        series("acknowledged", Look::line(GREEN, Line::Steps), acked),
        series("sent", Look::mark(BLUE, Mark::Dot), sent),
        series(
            "retransmitted",
            Look::mark(VERMILLION, Mark::Triangle),
            again,
        ),
        series("lost on the link", Look::mark(INK, Mark::Cross), lost),
    ]
}

fn window(journal: &Journal) -> Vec<Series> {
    let mut windows: Vec<Point> = Vec::new();
    let (mut thresholds, mut losses) = (Vec::new(), Vec::new());
    let mut end = 0;
    for entry in journal.entries.iter().filter(|it| it.side == Side::Sender) {
        end = entry.time_us;
        let JournalEvent::Machine(event) = &entry.what else {
            continue;
        };
        if let Event::CongestionUpdated { cwnd, ssthresh, .. } = event {
            windows.push(at(entry, f64::from(*cwnd)));
            // An unknown threshold is as large as the window may be.
            let found = ssthresh.filter(|&it| it < journal.heading.window);
            thresholds.extend(found.map(|it| at(entry, f64::from(it))));
        } else if let Event::PacketLost { .. } = event
            && let Some(window) = windows.last()
        {
            losses.push(at(entry, window.y));
        }
    }
    // The last decision holds to the end.
    for held in [&mut windows, &mut thresholds] {
        held.extend(held.last().map(|last| Point::new(seconds(end), last.y)));
    }
    vec![
        series(
            "slow-start threshold",
            Look::line(ORANGE, Line::Dashed),
            thresholds,
        ),
        series("window", Look::line(BLUE, Line::Steps), windows),
        series("packet declared lost", Look::mark(INK, Mark::Cross), losses),
    ]
}

fn round_trip(journal: &Journal) -> Vec<Series> {
    let mut points = [Vec::new(), Vec::new(), Vec::new()];
    let [timeouts, smoothed, latest] = &mut points;
    for entry in journal.entries.iter().filter(|it| it.side == Side::Sender) {
        if let JournalEvent::Machine(Event::MetricsUpdated {
            latest_us,
            srtt_us,
            rto_us,
            ..
        }) = entry.what
        {
            timeouts.push(at(entry, milliseconds(rto_us)));
            smoothed.push(at(entry, milliseconds(srtt_us)));
            latest.push(at(entry, milliseconds(latest_us)));
        }
    }
    let [timeouts, smoothed, latest] = points;
    vec![
        series("measured", Look::mark(SKY, Mark::Dot), latest),
        series(
            "smoothed (SRTT)",
            Look::line(BLUE, Line::Straight),
            smoothed,
        ),
        series(
            "timeout (RTO)",
            Look::line(VERMILLION, Line::Dashed),
            timeouts,
        ),
    ]
}

fn series(name: &str, look: Look, points: Vec<Point>) -> Series {
    let name = name.to_owned();
    Series { name, look, points }
}

fn at(entry: &Entry, y: f64) -> Point {
    Point::new(seconds(entry.time_us), y)
}

fn is_data(packet: &PacketName) -> bool {
    packet.kind == PacketKind::Data
}

#[expect(
    clippy::cast_precision_loss,
    reason = "2^53 microseconds are 285 years"
)]
fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}

#[expect(
    clippy::cast_precision_loss,
    reason = "2^53 microseconds are 285 years"
)]
fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e3
}

impl fmt::Display for ChartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ChartKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(
            f,
            "no chart {text:?}: choose sequence, window, rtt or goodput"
        )
    }
}

impl std::error::Error for UnknownKind {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::run::{Experiment, Run};
    use crate::wire::options::Arq;

    fn journal(experiment: &Experiment) -> (Journal, Run) {
        let experiment = Experiment {
            listening: true,
            ..experiment.clone()
        };
        let mut entries = Vec::new();
        let run = experiment.run(|entry| entries.push(entry)).unwrap();
        let journal = Journal {
            heading: experiment.heading(),
            entries,
            is_cut: false,
            unknown: 0,
        };
        (journal, run)
    }

    fn lossy(arq: Arq) -> Experiment {
        Experiment {
            arq,
            scenario: "seed=7;loss=10%;delay=20ms;data.rate=5mbit"
                .parse()
                .unwrap(),
            ..Experiment::small()
        }
    }

    fn count(series: &[Series], name: &str) -> usize {
        let named = series.iter().find(|series| series.name == name);
        named.map_or(0, |series| series.points.len())
    }

    #[test]
    fn every_packet_of_a_run_appears_in_the_sequence_chart() {
        for arq in Arq::ALL {
            let (journal, run) = journal(&lossy(arq));
            let series = ChartKind::Sequence.series(&journal, 1.0);
            let again = count(&series, "retransmitted") as u64;
            let sent = count(&series, "sent") as u64;
            assert_eq!(again, run.progress.resent_packets, "{arq}");
            assert_eq!(sent + again, run.progress.sent_packets, "{arq}");
            assert!(count(&series, "lost on the link") > 0, "{arq}");
        }
    }

    #[test]
    fn the_goodput_of_a_run_adds_up_to_the_file_size() {
        for arq in Arq::ALL {
            let (journal, _) = journal(&lossy(arq));
            let series = ChartKind::Goodput.series(&journal, 1.0);
            let points = &series
                .iter()
                .find(|it| it.name == "goodput")
                .unwrap()
                .points;
            let megabytes: f64 = points
                .windows(2)
                .map(|pair| pair[0].y * (pair[1].x - pair[0].x))
                .sum();
            assert!((megabytes - 0.1).abs() < 1e-6, "{arq}: {megabytes} MB");
        }
    }

    fn formula(journal: &Journal) -> Vec<Vec<Point>> {
        let series = ChartKind::Goodput.series(journal, 1.0).into_iter();
        let formulas = series.filter(|it| it.name == "formula");
        formulas.map(|it| it.points).collect()
    }

    #[test]
    fn the_formula_is_drawn_near_the_goodput_that_a_run_reaches() {
        // Nothing is lost and a window fills the wire: what is left is the first round
        // trip and the last, little beside so long a file.
        for (arq, window) in [
            (Arq::StopAndWait, 1),
            (Arq::GoBackN, 16),
            (Arq::SelectiveRepeat, 4),
            (Arq::Sack, 4),
        ] {
            let (journal, _) = journal(&Experiment {
                arq,
                window,
                size: 2_000_000,
                scenario: "delay=5ms;data.rate=5mbit".parse().unwrap(),
                ..Experiment::small()
            });
            let lines = formula(&journal);
            let [line] = &lines[..] else {
                panic!("{arq}: {lines:?}");
            };
            let series = ChartKind::Goodput.series(&journal, 1.0);
            let mean = series.iter().find(|it| it.name == "mean").unwrap();
            let share = mean.points[0].y / line[0].y;
            assert!((0.95..1.001).contains(&share), "{arq}: {share}");
        }
    }

    #[test]
    fn the_formula_line_follows_a_change_of_the_link() {
        let (mut journal, _) = journal(&lossy(Arq::GoBackN));
        let half = journal.entries.len() / 2;
        let now = journal.entries[half].time_us;
        let changed = |scenario: &str| Entry {
            time_us: now,
            side: Side::Link,
            what: JournalEvent::FaultInjection(FaultInjection::LinkChanged {
                scenario: scenario.to_owned(),
            }),
        };
        journal
            .entries
            .insert(half, changed("delay=20ms;data.rate=1mbit"));
        let lines = formula(&journal);
        let heights: Vec<_> = lines[0].iter().map(|point| point.y).collect();
        let [first, still, second, last] = heights[..] else {
            panic!("{lines:?}");
        };
        assert!(first - still == 0.0 && second - last == 0.0 && second < first);
        let chart = ChartKind::Goodput.chart(std::slice::from_ref(&journal), Vec::new());
        assert!(chart.notes[0].contains("P = 0%, a = 1.7"), "{chart:?}");
        // In bursts there is nothing to say: the line ends.
        journal.entries[half] = changed("delay=20ms;burst=1%/25%");
        let lines = formula(&journal);
        assert_eq!((lines.len(), lines[0].len()), (1, 2));
    }

    #[test]
    fn without_a_formula_no_line_is_drawn_and_a_note_gives_the_reason() {
        let controlled = Experiment {
            congestion: Congestion::Reno,
            window: 8_192,
            ..lossy(Arq::Sack)
        };
        let (mut journals, mut real) = (Vec::new(), lossy(Arq::GoBackN));
        real.scenario = "loss=1%;jitter=1ms".parse().unwrap();
        for experiment in [controlled, real] {
            journals.push(journal(&experiment).0);
        }
        assert!(journals.iter().all(|journal| formula(journal).is_empty()));
        let chart = ChartKind::Goodput.chart(&journals, Vec::new());
        let said = [
            "formula for sack, reno: none; it assumes a fixed window, but here \
             reno controls the window",
            "formula for go-back-n, N = 16: none; the scenario has neither a delay nor \
             a rate",
        ];
        assert_eq!(chart.notes, said);
    }

    #[test]
    fn a_fixed_window_is_drawn_as_a_horizontal_line() {
        let (journal, _) = journal(&lossy(Arq::Sack));
        let series = ChartKind::Window.series(&journal, 1.0);
        let points = &series.iter().find(|it| it.name == "window").unwrap().points;
        assert!(points.len() >= 2);
        assert!(points.iter().all(|point| (point.y - 16.0).abs() < 1e-9));
    }

    #[test]
    fn every_kind_of_chart_can_be_drawn() {
        let (journal, _) = journal(&Experiment {
            congestion: Congestion::Reno,
            window: 8_192,
            ..lossy(Arq::Sack)
        });
        for kind in ChartKind::ALL {
            let chart = kind.chart(std::slice::from_ref(&journal), Vec::new());
            assert!(chart.to_svg().is_ok(), "{kind}");
        }
    }
}
