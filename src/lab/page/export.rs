//! The parts of the page that can be exported: bytes that `lab` would write too.

use super::{Content, Laboratory, View};
use crate::lab::capture::Capture;
use crate::lab::capture::recorded::Recorded;
use crate::lab::chart::{Chart, size_text};
use crate::lab::journal::{Entry, Heading, Journal};
use crate::lab::ladder;
use crate::lab::player::Player;
use crate::lab::race::{self, Lane};
use crate::lab::strip;
use std::path::Path;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The sliding window at this moment: `lab replay` draws it.
    StripSvg,
    /// Ladder, chart or race: as `lab ladder`, `lab chart` and `lab race` draw them.
    ViewSvg,
    /// A screenshot of the window.
    Png,
    /// Numbers: of the chart, of the race, of the answers given.
    Csv,
    /// The packets, for Wireshark.
    Pcapng,
    /// The event log, which `lab` and this page can read.
    Journal,
}

/// The default number of packets of `lab ladder`.
const PACKETS_OF_A_LADDER: usize = 60;

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::StripSvg,
        Self::ViewSvg,
        Self::Png,
        Self::Csv,
        Self::Pcapng,
        Self::Journal,
    ];

    /// As a menu has it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::StripSvg => "Sliding window (SVG)",
            Self::ViewSvg => "Sequence diagram, chart or race (SVG)",
            Self::Png => "Screenshot (PNG)",
            Self::Csv => "Numbers (CSV)",
            Self::Pcapng => "Packets for Wireshark (pcapng)",
            Self::Journal => "Event log (JSON lines)",
        }
    }

    /// The kind of a file with this name: the chosen one, unless its ending belongs to
    /// another kind.
    #[must_use]
    pub fn named(self, place: &Path) -> Self {
        let ending = place.extension().and_then(|ending| ending.to_str());
        match ending {
            Some("jsonl" | "json") => Self::Journal,
            Some("pcapng") => Self::Pcapng,
            Some("csv") => Self::Csv,
            Some("png") => Self::Png,
            Some("svg") if self != Self::StripSvg => Self::ViewSvg,
            Some(_) | None => self,
        }
    }

    /// A name that describes the content.
    #[must_use]
    pub fn name(self, laboratory: &Laboratory) -> String {
        let (what, ending) = match self {
            Self::StripSvg => ("window", "svg"),
            Self::ViewSvg => (view_name(laboratory), "svg"),
            Self::Png => (view_name(laboratory), "png"),
            Self::Csv => (view_name(laboratory), "csv"),
            Self::Pcapng => ("packets", "pcapng"),
            Self::Journal => ("journal", "jsonl"),
        };
        match laboratory.player() {
            Some(player) => format!("{}-{what}.{ending}", player.heading().arq),
            None => format!("{what}.{ending}"),
        }
    }

    /// The content to write.
    ///
    /// # Errors
    /// A sentence: there is nothing to export.
    pub(super) fn bytes(self, laboratory: &Laboratory) -> Result<Vec<u8>, String> {
        let text = match self {
            Self::StripSvg => {
                let player = player(laboratory)?;
                let (strip, place) = (player.seen().strip, player.place());
                strip::picture(player.heading(), strip, place).svg()
            }
            Self::ViewSvg => view_svg(laboratory)?,
            Self::Csv => numbers(laboratory)?,
            Self::Pcapng => return capture(player(laboratory)?),
            Self::Journal => journal(player(laboratory)?),
            Self::Png => {
                return Err("A screenshot can only be taken in the window.".to_owned());
            }
        };
        Ok(text.into_bytes())
    }
}

fn player(laboratory: &Laboratory) -> Result<&Player, String> {
    let nothing = || "There is nothing to export. Run a transfer first.".to_owned();
    laboratory.player().ok_or_else(nothing)
}

fn view_name(laboratory: &Laboratory) -> &'static str {
    match (laboratory.content(), laboratory.view()) {
        (Content::Race(_), _) => "race",
        (Content::Quiz(_), _) => "predict",
        (Content::Player(_) | Content::Empty, View::Ladder) => "ladder",
        (Content::Player(_) | Content::Empty, View::Chart(kind)) => kind.name(),
    }
}

fn view_svg(laboratory: &Laboratory) -> Result<String, String> {
    if let Content::Race(racing) = laboratory.content() {
        return Ok(race::picture(&racing.race).svg());
    }
    let player = player(laboratory)?;
    match laboratory.view() {
        View::Ladder => Ok(ladder_svg(player)),
        View::Chart(_) => chart(laboratory)?
            .to_svg()
            .map_err(|error| format!("{error}.")),
    }
}

/// From the packets on the screen on, the default number of `lab ladder`.
fn ladder_svg(player: &Player) -> String {
    let window = ladder::Excerpt {
        from_us: first_shown_us(player),
        until_us: u64::MAX,
        most_packets: PACKETS_OF_A_LADDER,
    };
    let seen = player.seen();
    let entries = &seen.entries[..seen.index];
    ladder::picture(player.heading(), entries, window).svg()
}

/// The departure of the oldest visible packet.
fn first_shown_us(player: &Player) -> u64 {
    let before = &player.entries()[..player.place().index];
    let packets = before.iter().rev().filter(|entry| entry.is_of_a_packet());
    let oldest = packets.take(2 * PACKETS_OF_A_LADDER).last();
    // A whole millisecond, as `lab ladder --from` has it.
    oldest.map_or(0, |entry| entry.time_us / 1_000 * 1_000)
}

/// The chart of the run so far.
fn chart(laboratory: &Laboratory) -> Result<Chart, String> {
    let player = player(laboratory)?;
    let View::Chart(kind) = laboratory.view() else {
        return Err("A sequence diagram has no numbers. Choose a chart.".to_owned());
    };
    let journal = Journal {
        heading: player.heading().clone(),
        entries: player.entries()[..player.place().index].to_vec(),
        is_cut: false,
        unknown: 0,
    };
    let Heading { size, scenario, .. } = &journal.heading;
    let note = format!("{}, link: {scenario}", size_text(*size));
    Ok(kind.chart(&[journal], vec![note]))
}

fn numbers(laboratory: &Laboratory) -> Result<String, String> {
    match laboratory.content() {
        Content::Race(racing) => {
            let row = |lane: &Lane| {
                let (name, seconds) = (&lane.name, lane.run.elapsed.as_secs_f64());
                let progress = &lane.run.progress;
                let (sent, resent) = (progress.sent_packets, progress.resent_packets);
                format!("\"{name}\",{seconds},{sent},{resent}\n")
            };
            let rows: String = racing.race.lanes.iter().map(row).collect();
            Ok(format!("lane,seconds,sent,resent\n{rows}"))
        }
        Content::Quiz(quiz) => Ok(quiz.csv("")),
        Content::Player(_) | Content::Empty => Ok(chart(laboratory)?.to_csv()),
    }
}

fn journal(player: &Player) -> String {
    let mut text = player.heading().to_line();
    let happened = &player.entries()[..player.place().index];
    text.extend(happened.iter().map(Entry::to_line));
    text
}

fn capture(player: &Player) -> Result<Vec<u8>, String> {
    let journal = Journal {
        heading: player.heading().clone(),
        entries: player.entries()[..player.place().index].to_vec(),
        is_cut: false,
        unknown: 0,
    };
    let mut recorded =
        Recorded::new(&journal, None).map_err(|error| error.to_string())?;
    let mut capture = Capture::new(&recorded.about());
    while recorded
        .next_into(&mut capture)
        .map_err(|error| error.to_string())?
    {}
    Ok(capture.take())
}
