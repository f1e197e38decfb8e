//! A run stopped at interesting moments: what does the sender do next?
//!
//! ```text
//!   run ----o---------o----o------------o---> to its end
//!           |         |    '- the timer has expired
//!           |         '- a NACK has arrived
//!           '- the window is full      a) waits   b) retransmits DATA 3   c) ...
//! ```
//!
//! The event log contains the right answer: everything that the sender sent after that
//! moment, until the next event reached it (a packet, a timer, a pause). The other
//! choices are the actions of other protocols there, and of this one elsewhere. This
//! module does not decide what a protocol does: a moment that the rules of `reason` do
//! not explain is not used.
//!
//! The questions are about protocols, so a run with a controller is refused.
//!
//! ```
//! use sash::lab::predict::{Choosing, ask};
//! use sash::lab::run::Experiment;
//! let scenario = "drop=d2.1;delay=50ms".parse().unwrap();
//! let experiment = Experiment { scenario, size: 20_000, ..Experiment::small() };
//! let questions = ask(&[experiment], Choosing { questions: 3, seed: 1 }).unwrap();
//! assert_eq!(questions.len(), 3);
//! assert!(questions[0].text().contains("What does the sender do next"));
//! ```
//!
//! Source: Kurose & Ross §3.4; report page `predict`.

mod action;
mod choices;
mod occasion;
mod reason;
mod score;
mod stops;
mod view;

pub use action::{Action, PacketRun};
pub use occasion::{Occasion, Section};
pub use score::{Given, field as csv_field, score};

use super::journal::{Entry, Heading, Journal, JournalEvent, Side};
use super::ladder;
use super::notation::Notation;
use super::player::PointOfView;
use super::run::{Experiment, Stuck};
use super::strip::view::title;
use super::strip::{JournalPosition, Strip, text};
use super::words::{time, wrapped};
use crate::reliable::event::{Event, FlowControlState, PacketRecord, Timer};
use crate::wire::options::{Arq, Congestion};
use crate::wire::packet::Kind;
use choices::mix;
use std::fmt::{self, Write as _};
use std::time::Duration;
use view::Stop;

/// What does the sender do next?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The number of entries of the event log that have happened.
    pub index: usize,
    /// Since the run began. Unit: microseconds.
    pub time_us: u64,
    /// `go-back-n, window 16`.
    pub protocol: String,
    /// The link, as its line of text.
    pub scenario: String,
    /// The kind of moment.
    pub occasion: Occasion,
    /// The latest event, the last packets, and the sliding window.
    pub situation: String,
    /// Three or four, all different.
    pub choices: Vec<Action>,
    /// The place of the right one.
    pub right: usize,
    /// A hint.
    pub hint: &'static str,
    /// The reason for the right one.
    pub reason: String,
    /// Its place in the report.
    pub section: Section,
}

/// The number and the choice of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choosing {
    /// The limit of questions; a run with fewer moments has fewer.
    pub questions: usize,
    /// Another seed, other moments and another order of the choices.
    pub seed: u64,
}

/// The reason why no question is possible about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoQuestion {
    /// A controller, not the protocol alone, decides when a packet leaves.
    Controller(Congestion),
    /// See [`Experiment::run`].
    Stuck(Stuck),
}

/// The width of a reason, which is that of the ladder above it. Unit: characters.
const COLUMNS: usize = 80;

/// Rows of the ladder in a question: a window's packets, as far as a screen has room.
const LADDER_ROWS: std::ops::RangeInclusive<usize> = 12..=20;

/// Runs every experiment and asks about all of them, in turn.
///
/// # Errors
/// [`NoQuestion`]: an experiment with a controller, or one that never ends.
pub fn ask(
    experiments: &[Experiment],
    choosing: Choosing,
) -> Result<Vec<Question>, NoQuestion> {
    let mut journals = Vec::new();
    for experiment in experiments {
        let experiment = Experiment {
            listening: true,
            spacing: Duration::ZERO,
            ..experiment.clone()
        };
        let mut entries = Vec::new();
        experiment
            .run(|entry| entries.push(entry))
            .map_err(NoQuestion::Stuck)?;
        journals.push(Journal {
            heading: experiment.heading(),
            entries,
            is_cut: false,
            unknown: 0,
        });
    }
    questions(&journals, choosing)
}

/// Asks about finished runs; the event log must contain the sender's events.
///
/// # Errors
/// [`NoQuestion::Controller`].
pub fn questions(
    journals: &[Journal],
    choosing: Choosing,
) -> Result<Vec<Question>, NoQuestion> {
    let mut lists = Vec::new();
    for (place, journal) in journals.iter().enumerate() {
        let congestion = journal.heading.congestion;
        if congestion != Congestion::Fixed {
            return Err(NoQuestion::Controller(congestion));
        }
        let stops = stops::find(&journal.heading, &journal.entries);
        lists.push(by_interest(stops, choosing.seed ^ mix(place as u64)));
    }
    let mut chosen: Vec<Vec<Stop>> = lists.iter().map(|_| Vec::new()).collect();
    let mut left = choosing.questions;
    while left > 0 && lists.iter().any(|list| !list.is_empty()) {
        for (list, chosen) in lists.iter_mut().zip(&mut chosen) {
            if left > 0
                && let Some(stop) = list.pop()
            {
                chosen.push(stop);
                left -= 1;
            }
        }
    }
    let asked = journals.iter().zip(chosen);
    Ok(asked
        .flat_map(|(journal, stops)| in_order(journal, stops, choosing.seed))
        .collect())
}

/// The most interesting moment last: one of each kind before a second of any, and simple
/// kinds after the others; otherwise in the order of the seed.
fn by_interest(stops: Vec<Stop>, seed: u64) -> Vec<Stop> {
    let mut drawn: Vec<(u64, Stop)> = stops
        .into_iter()
        .map(|stop| (mix(seed ^ mix(stop.index as u64)), stop))
        .collect();
    drawn.sort_by_key(|(draw, _)| *draw);
    let mut seen = [0_usize; Occasion::ALL.len()];
    let mut ranked: Vec<_> = drawn
        .into_iter()
        .map(|(draw, stop)| {
            let rank = &mut seen[stop.occasion as usize];
            *rank += 1;
            ((*rank, stop.occasion.is_plain(), draw), stop)
        })
        .collect();
    ranked.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
    ranked.into_iter().map(|(_, stop)| stop).collect()
}

/// The questions of one run, in the order of time.
fn in_order(journal: &Journal, mut stops: Vec<Stop>, seed: u64) -> Vec<Question> {
    let Journal {
        heading, entries, ..
    } = journal;
    stops.sort_by_key(|stop| stop.index);
    // Questions are about the sender's knowledge.
    let knowledge: Vec<Entry> = entries
        .iter()
        .filter(|entry| PointOfView::Sender.shows(entry))
        .cloned()
        .collect();
    let mut strip = Strip::new(heading);
    let (mut taken, mut known) = (0, 0);
    let mut questions = Vec::new();
    for stop in stops {
        let until = stop.index.min(entries.len());
        let more = entries[taken..until].iter();
        let more = more
            .filter(|entry| PointOfView::Sender.shows(entry))
            .count();
        knowledge[known..known + more]
            .iter()
            .for_each(|entry| strip.take(entry));
        (taken, known) = (until, known + more);
        questions.extend(question(heading, &knowledge[..known], &strip, &stop, seed));
    }
    questions
}

/// Below the ladder of a question.
const UNTOLD: &str =
    "\nThe sender knows only this. A packet without an ACK may be in flight or lost.";

/// `before` is all that the sender knows, as is `strip`.
fn question(
    heading: &Heading,
    before: &[Entry],
    strip: &Strip,
    stop: &Stop,
    seed: u64,
) -> Option<Question> {
    let reason = stop.reason.clone();
    let (index, time_us) = (stop.index, before.last()?.time_us);
    let mut situation = String::new();
    let happened = happened(heading, before, strip.segments());
    let _ = writeln!(situation, "{happened}\n\n{}", ladder::ends().trim_end());
    let rows = heading.window.saturating_add(8) as usize;
    let rows = rows.clamp(*LADDER_ROWS.start(), *LADDER_ROWS.end());
    for row in ladder::last_rows(heading, before, rows) {
        let _ = writeln!(situation, "{row}");
    }
    let _ = writeln!(situation, "{UNTOLD}");
    let place = JournalPosition {
        index,
        of: before.len(),
    };
    let drawn = text(heading, strip, place);
    // Its first two lines repeat the text above.
    let window = drawn.splitn(4, '\n').nth(3).unwrap_or_default();
    let _ = write!(situation, "\n{window}");
    let occasion = stop.occasion;
    let (choices, right) = choices::of(stop, seed);
    Some(Question {
        index,
        time_us,
        protocol: title(heading),
        scenario: heading.scenario.clone(),
        occasion,
        situation,
        choices,
        right,
        hint: occasion.hint(),
        reason,
        section: occasion.section(heading.arq),
    })
}

/// The latest event at the sender, in a sentence.
fn happened(heading: &Heading, before: &[Entry], segments: u32) -> String {
    let newest = before
        .iter()
        .rev()
        .find_map(|entry| match (&entry.what, entry.side) {
            (JournalEvent::Machine(event), Side::Sender) => Some(event),
            (
                JournalEvent::Machine(_)
                | JournalEvent::Link(_)
                | JournalEvent::FaultInjection(_),
                Side::Sender | Side::Receiver | Side::Link,
            ) => None,
        });
    match newest {
        Some(Event::PacketReceived(packet)) => arrived(heading, packet, segments),
        Some(Event::PacketSent(packet)) => {
            let name = Notation::of(heading).name(packet, &[], usize::MAX);
            format!("The sender has just sent {name}.")
        }
        Some(Event::TimerExpired { timer }) => expired(*timer).to_owned(),
        Some(Event::DataBlockedUpdated { flow_control }) => {
            turned(*flow_control).to_owned()
        }
        Some(
            Event::PacketIgnored { .. }
            | Event::PacketDamaged { .. }
            | Event::PathAssigned { .. }
            | Event::PacketLost { .. }
            | Event::MetricsUpdated { .. }
            | Event::CongestionUpdated { .. }
            | Event::SegmentBuffered { .. }
            | Event::SegmentDropped { .. }
            | Event::MtuUpdated { .. }
            | Event::ListeningBegun { .. }
            | Event::StateChanged { .. },
        )
        | None => String::new(), // The quiz never stops at these.
    }
}

fn arrived(heading: &Heading, packet: &PacketRecord, segments: u32) -> String {
    const HANDSHAKE: u32 = 0;
    let notation = Notation::of(heading);
    let next_expected = packet.sequence.0.wrapping_sub(heading.first_sequence);
    let ranges = packet.ranges(heading.first_sequence);
    let name = notation.name(packet, &ranges, usize::MAX);
    match packet.kind {
        Kind::Ack if packet.number == HANDSHAKE => {
            "The handshake's ACK has reached the sender: the connection is open."
                .to_owned()
        }
        Kind::Ack | Kind::Nack
            if next_expected == segments && heading.arq != Arq::SelectiveRepeat =>
        {
            format!("{name} has reached the sender: all segments have arrived.")
        }
        Kind::Ack | Kind::Nack => {
            let meaning = notation.meaning(packet, &ranges);
            format!("{name} has reached the sender: {meaning}.")
        }
        Kind::Syn | Kind::SynAck | Kind::Data | Kind::Fin | Kind::FinAck | Kind::Rst => {
            format!("{name} has reached the sender.")
        }
    }
}

const fn expired(timer: Timer) -> &'static str {
    match timer {
        Timer::Retransmission => "The sender's retransmission timer has expired.",
        Timer::LossDetection => {
            "A later packet has arrived, and the sender's time threshold for an \
             overtaken packet has passed."
        }
        Timer::Probe => "The sender may not send DATA, and its probe timer has expired.",
        Timer::Closing => "FIN was not answered before the timeout.",
        Timer::Handshake | Timer::AcknowledgementDelay | Timer::Idle | Timer::Silence => {
            "A timer has expired."
        }
    }
}

const fn turned(flow_control: FlowControlState) -> &'static str {
    match flow_control {
        FlowControlState::Open => "The sender may send DATA again.",
        FlowControlState::WindowClosed => {
            "The ACK advertises a zero window: the receiver's buffer is full."
        }
        FlowControlState::Paused => "The user has paused the sender.",
    }
}

impl Question {
    /// The text of the question, with its choices.
    #[must_use]
    pub fn text(&self) -> String {
        let Self {
            protocol,
            scenario,
            situation,
            ..
        } = self;
        let time = time(self.time_us);
        let mut text = format!("{protocol}; link: {scenario}; at {time}\n{situation}\n");
        text.push_str(
            "What does the sender do next, before another packet reaches it?\n",
        );
        for (letter, choice) in ('a'..).zip(&self.choices) {
            let _ = writeln!(text, "  {letter}) {choice}");
        }
        text
    }

    /// The verdict for a student who chose, or for a teacher.
    #[must_use]
    pub fn verdict(&self, choice: Option<usize>) -> String {
        let (reason, section) = (&self.reason, self.section);
        let letter = letter(self.right);
        let verdict = match choice {
            None => format!("{letter}."),
            Some(choice) if choice == self.right => "Correct.".to_owned(),
            Some(_) => format!("Wrong: the answer is {letter}."),
        };
        let mut lines = wrapped(&format!("{verdict} {reason}"), COLUMNS);
        lines.push(format!("({section})\n"));
        lines.join("\n")
    }

    /// The place of the choice with this letter.
    #[must_use]
    pub fn choice(&self, text: &str) -> Option<usize> {
        let letter = |place: &usize| letter(*place).to_string();
        (0..self.choices.len()).find(|place| letter(place).eq_ignore_ascii_case(text))
    }
}

/// `a` for the first choice.
#[must_use]
pub fn letter(place: usize) -> char {
    ('a'..='z').nth(place).unwrap_or('?')
}

impl fmt::Display for NoQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Controller(congestion) => write!(
                f,
                "with {congestion}, the controller decides when packets are sent, but \
                 the questions are about the protocol. Leave --congestion out"
            ),
            Self::Stuck(stuck) => stuck.fmt(f),
        }
    }
}

impl std::error::Error for NoQuestion {}

#[cfg(test)]
mod tests;
