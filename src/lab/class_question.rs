//! A question for a class: a run that stops, the question at that moment, and the right
//! answer.
//!
//! ```text
//! ClassQuestion (from the wire) --> the run, within bounds --> a moment, choices, the
//! right one
//!                                     v too large, endless, nothing to ask: a sentence
//! ```
//!
//! The same question gives the same choices in the same order on every computer, and the
//! same right answer. Therefore a server only passes it on, and no message contains the
//! right answer. Every client runs it immediately, without asking its user, so it is
//! small.
//!
//! ```
//! use sash::lab::class_question::{RunQuestion, usual_moment};
//! use sash::wire::message::{About, Answer, Assignment};
//! use sash::wire::options::{Arq, Congestion};
//! let assignment = Assignment {
//!     link: "drop=d2.1;delay=50ms".to_owned(),
//!     arq: Arq::GoBackN,
//!     window: 4,
//!     congestion: Congestion::Fixed,
//!     segment_bytes: 1_436,
//!     size: 8 * 1_436,
//! };
//! let about = usual_moment(&assignment).unwrap();
//! let question = RunQuestion::new(about, &assignment).unwrap();
//! assert_eq!(question.choices().len(), 4);
//! let packets = RunQuestion::new(About::Packets, &assignment).unwrap();
//! assert_eq!(packets.right(), Answer::Packets(12)); // 8, and 4 retransmissions
//! ```
//!
//! Source: Kurose & Ross §3.4; report page `classroom`.

mod bars;

pub use bars::Bar;

use super::assignment::{self, AssignmentError};
use super::journal::{Entry, Journal, JournalEvent, Side};
use super::ladder;
use super::predict::{self, Choosing, letter};
use super::run::Experiment;
use super::simulation::Simulation;
use super::strip::view::title;
use crate::reliable::event::Event;
use crate::wire::message::{About, Answer, Assignment};
use crate::wire::options::{Arq, Congestion};
use std::fmt::{self, Write as _};
use std::time::Duration;

/// A run, its moment, and the question.
#[derive(Debug, Clone, PartialEq)]
pub struct RunQuestion {
    journal: Journal,
    /// The number of entries of the event log that have happened.
    index: usize,
    asked: Prepared,
}

#[derive(Debug, Clone, PartialEq)]
enum Prepared {
    /// What does the sender do next?
    Next(Box<predict::Question>),
    /// How many DATA packets does it transmit?
    Packets(Transmitted),
}

/// The transmissions of a sender over a whole run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Transmitted {
    segments: u32,
    /// The segments that were retransmitted, each as often as it was, in this order.
    again: Vec<u32>,
}

/// The reason why no question is possible about a run.
#[derive(Debug, Clone, PartialEq)]
pub enum NoQuestion {
    /// The run is too large, or cannot be read.
    Run(AssignmentError),
    /// A controller, not the protocol alone, decides when a packet leaves.
    Controller(Congestion),
    /// More segments than fit into a picture.
    ManySegments {
        /// The number.
        segments: u64,
    },
    /// There is no such moment.
    NoMoment {
        /// The number of moments.
        moments: usize,
    },
    /// The number of choices differs from that in the question: another version of Sash.
    OtherChoices,
}

/// The most segments of the run of a question.
pub const MOST_SEGMENTS: u64 = 200;

/// Moments of one run that can be asked about: as many as the quiz of the laboratory has.
pub const MOMENTS: usize = 8;

/// The same run has the same moments, and the same order of choices, as in the quiz.
pub const SEED: u64 = 1;

/// Packets and steps of the run of a question; a whole one takes a few hundred.
const MOST_WORK: usize = 20_000;

/// Rows of the ladder in the text of a question.
const LADDER_ROWS: usize = 14;

/// The run of a question, checked as far as possible without running it.
///
/// # Errors
/// [`NoQuestion`] if it is invalid or too large.
pub fn check(about: About, assignment: &Assignment) -> Result<Experiment, NoQuestion> {
    let experiment = assignment::experiment(assignment).map_err(NoQuestion::Run)?;
    let segments = assignment
        .size
        .div_ceil(u64::from(experiment.segment_bytes));
    if segments > MOST_SEGMENTS {
        return Err(NoQuestion::ManySegments { segments });
    }
    match (about, experiment.congestion) {
        (About::Next { .. }, congestion) if congestion != Congestion::Fixed => {
            Err(NoQuestion::Controller(congestion))
        }
        (About::Next { .. } | About::Packets, _) => Ok(experiment),
    }
}

/// The default moment of a question: the first retransmission, otherwise the first
/// transmission, otherwise the first moment.
///
/// # Errors
/// As [`RunQuestion::new`].
pub fn usual_moment(assignment: &Assignment) -> Result<About, NoQuestion> {
    let questions = moments(&run(
        About::Next {
            moment: 1,
            choices: 2,
        },
        assignment,
    )?)?;
    let does = |wanted: fn(&predict::Question) -> bool| questions.iter().position(wanted);
    let place = does(|it| it.choices[it.right].retransmits())
        .or_else(|| does(|it| !it.choices[it.right].is_waiting()))
        .unwrap_or(0);
    about(&questions, place)
}

/// This moment of the run, from 1.
///
/// # Errors
/// As [`RunQuestion::new`].
pub fn moment(assignment: &Assignment, moment: u32) -> Result<About, NoQuestion> {
    let questions = moments(&run(About::Next { moment, choices: 2 }, assignment)?)?;
    about(&questions, (moment as usize).wrapping_sub(1))
}

fn about(questions: &[predict::Question], place: usize) -> Result<About, NoQuestion> {
    let moments = questions.len();
    let question = questions.get(place);
    let question = question.ok_or(NoQuestion::NoMoment { moments })?;
    Ok(About::Next {
        moment: u32::try_from(place + 1).unwrap_or(u32::MAX),
        choices: u8::try_from(question.choices.len()).unwrap_or(u8::MAX),
    })
}

fn moments(journal: &Journal) -> Result<Vec<predict::Question>, NoQuestion> {
    let choosing = Choosing {
        questions: MOMENTS,
        seed: SEED,
    };
    let congestion = journal.heading.congestion;
    predict::questions(std::slice::from_ref(journal), choosing)
        .map_err(|_| NoQuestion::Controller(congestion))
}

/// Runs it to its end, within bounds.
fn run(about: About, assignment: &Assignment) -> Result<Journal, NoQuestion> {
    run_within(about, assignment, MOST_WORK)
}

fn run_within(
    about: About,
    assignment: &Assignment,
    most_work: usize,
) -> Result<Journal, NoQuestion> {
    let experiment = Experiment {
        listening: true,
        spacing: Duration::ZERO,
        ..check(about, assignment)?
    };
    let mut simulation = Simulation::new(experiment);
    let heading = simulation.heading();
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        entries.extend(simulation.take_entries());
        if simulation.outcome().is_some() {
            return Ok(Journal::new(heading, entries));
        }
        let work = entries.len();
        if work > most_work {
            let work = work as u64;
            return Err(NoQuestion::Run(AssignmentError::Endless { work }));
        }
        let step = simulation.step();
        step.map_err(|stuck| NoQuestion::Run(AssignmentError::Stuck(stuck)))?;
    }
}

impl RunQuestion {
    /// Runs it and stops at the moment of the question.
    ///
    /// # Errors
    /// [`NoQuestion`]: nothing can be asked about it.
    pub fn new(about: About, assignment: &Assignment) -> Result<Self, NoQuestion> {
        let journal = run(about, assignment)?;
        let About::Next { moment, choices } = about else {
            let segments = assignment
                .size
                .div_ceil(u64::from(journal.heading.segment_bytes));
            let segments = u32::try_from(segments).unwrap_or(u32::MAX);
            let (index, again) = transmitted(&journal.entries);
            return Ok(Self {
                journal,
                index,
                asked: Prepared::Packets(Transmitted { segments, again }),
            });
        };
        let mut questions = moments(&journal)?;
        let place = (moment as usize).wrapping_sub(1);
        if place >= questions.len() {
            let moments = questions.len();
            return Err(NoQuestion::NoMoment { moments });
        }
        let question = questions.swap_remove(place);
        if question.choices.len() != usize::from(choices) {
            return Err(NoQuestion::OtherChoices);
        }
        Ok(Self {
            journal,
            index: question.index,
            asked: Prepared::Next(Box::new(question)),
        })
    }

    /// The whole run, to be shown only after the answers.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The run up to the moment, and nothing after it.
    #[must_use]
    pub fn journal_up_to_the_moment(&self) -> Journal {
        Journal {
            entries: self.journal.entries[..self.index].to_vec(),
            ..self.journal.clone()
        }
    }

    /// The number of entries of the event log that have happened at the moment.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// `go-back-n, window 4`.
    #[must_use]
    pub fn protocol(&self) -> String {
        title(&self.journal.heading)
    }

    /// The latest event, in a sentence.
    #[must_use]
    pub fn happened(&self) -> String {
        match &self.asked {
            Prepared::Next(question) => question
                .situation
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
            Prepared::Packets(Transmitted { segments, .. }) => format!(
                "A file of {segments} segments over the link {}.",
                self.journal.heading.scenario
            ),
        }
    }

    /// The question, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.asked {
            Prepared::Next(_) => {
                "What does the sender do next, before another packet reaches it?"
                    .to_owned()
            }
            Prepared::Packets(_) => {
                let protocol = self.journal.heading.arq.name();
                format!(
                    "How many DATA packets does {protocol} transmit in all, \
                     retransmissions included?"
                )
            }
        }
    }

    /// The choices, in the order of the letters; none if the answer is a number.
    #[must_use]
    pub fn choices(&self) -> Vec<String> {
        match &self.asked {
            Prepared::Next(question) => {
                question.choices.iter().map(ToString::to_string).collect()
            }
            Prepared::Packets(_) => Vec::new(),
        }
    }

    /// As a terminal shows it: the ladder up to the moment, the window, the choices.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.asked {
            Prepared::Next(question) => question.text(),
            Prepared::Packets(_) => {
                let heading = &self.journal.heading;
                let before = &self.journal.entries[..self.index];
                let mut text = format!(
                    "{}; link: {}\n{}\n\n{}\n",
                    self.protocol(),
                    heading.scenario,
                    self.happened(),
                    ladder::ends().trim_end()
                );
                for row in ladder::last_rows(heading, before, LADDER_ROWS) {
                    let _ = writeln!(text, "{row}");
                }
                let _ = writeln!(text, "\n{}", self.sentence());
                text
            }
        }
    }

    /// The possible answers: `a, b, c or d`, `a number`.
    #[must_use]
    pub fn possible(&self) -> String {
        let letters: Vec<String> = (0..self.choices().len())
            .map(|place| letter(place).to_string())
            .collect();
        match letters.split_last() {
            Some((last, before)) => format!("{} or {last}", before.join(", ")),
            None => "a number".to_owned(),
        }
    }

    /// Whether this can be an answer.
    #[must_use]
    pub fn allows(&self, answer: Answer) -> bool {
        match (&self.asked, answer) {
            (Prepared::Next(question), Answer::Choice(choice)) => {
                usize::from(choice) < question.choices.len()
            }
            (Prepared::Packets(_), Answer::Packets(_)) => About::Packets.allows(answer),
            (Prepared::Next(_), Answer::Packets(_))
            | (Prepared::Packets(_), Answer::Choice(_)) => false,
        }
    }

    /// The right answer, to be shown only after the answers.
    #[must_use]
    pub fn right(&self) -> Answer {
        match &self.asked {
            Prepared::Next(question) => {
                Answer::Choice(u8::try_from(question.right).unwrap_or(u8::MAX))
            }
            Prepared::Packets(sent) => Answer::Packets(sent.packets()),
        }
    }

    /// The reason for the right answer, to be shown only after the answers.
    #[must_use]
    pub fn reason(&self) -> String {
        match &self.asked {
            Prepared::Next(question) => {
                format!("{} ({})", question.reason, question.section)
            }
            Prepared::Packets(sent) => sent.reason(self.journal.heading.arq),
        }
    }
}

/// `b`, or `23`.
#[must_use]
pub fn short(answer: Answer) -> String {
    match answer {
        Answer::Choice(choice) => letter(usize::from(choice)).to_string(),
        Answer::Packets(packets) => packets.to_string(),
    }
}

/// The answer as a user types it: a letter or a number.
#[must_use]
pub fn typed(text: &str) -> Option<Answer> {
    let letters = text.trim().trim_end_matches([')', '.']);
    if let Ok(packets) = letters.parse() {
        return Some(Answer::Packets(packets));
    }
    let place = (0..26_u8).find(|&place| {
        letter(usize::from(place))
            .to_string()
            .eq_ignore_ascii_case(letters)
    });
    place.map(Answer::Choice)
}

/// Where the first DATA packet is about to leave, and which segments are retransmitted.
fn transmitted(entries: &[Entry]) -> (usize, Vec<u32>) {
    let (mut first, mut highest, mut again) = (None, 0, Vec::new());
    for (place, entry) in entries.iter().enumerate() {
        let JournalEvent::Machine(Event::PacketSent(packet)) = &entry.what else {
            continue;
        };
        let is_data = packet.is_of_the_file();
        if entry.side != Side::Sender || !is_data {
            continue;
        }
        first.get_or_insert(place);
        if packet.number < highest {
            again.push(packet.number);
        }
        highest = highest.max(packet.number.saturating_add(1));
    }
    (first.unwrap_or(entries.len()), again)
}

impl Transmitted {
    fn packets(&self) -> u32 {
        let again = u32::try_from(self.again.len()).unwrap_or(u32::MAX);
        self.segments.saturating_add(again)
    }

    fn reason(&self, arq: Arq) -> String {
        /// With more packets than this, the reason gives their number only.
        const MOST_NAMED: usize = 24;
        let Self { segments, again } = self;
        let packets = self.packets();
        if again.is_empty() {
            return format!(
                "{segments} segments, each transmitted once: {arq} has to retransmit none."
            );
        }
        let count = again.len();
        let which = if count > MOST_NAMED {
            String::new()
        } else {
            format!(" ({})", in_rows(again))
        };
        let times = if count == 1 {
            "retransmission"
        } else {
            "retransmissions"
        };
        let receiver = match arq {
            Arq::StopAndWait => "Only one segment is in flight, so each loss costs one.",
            Arq::GoBackN => {
                "The receiver discards what arrives out of order, so a timeout retransmits \
                 the whole window."
            }
            Arq::SelectiveRepeat | Arq::Sack => {
                "The receiver buffers what arrives out of order, so only what was lost, or \
                 seems so, is retransmitted."
            }
        };
        format!("{segments} segments and {count} {times}{which}: {packets}. {receiver}")
    }
}

/// `DATA 2 to 5, DATA 5`.
fn in_rows(numbers: &[u32]) -> String {
    let mut rows: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match rows.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            Some(_) | None => rows.push((number, number)),
        }
    }
    let named = rows.iter().map(|(first, last)| {
        if first == last {
            format!("DATA {first}")
        } else {
            format!("DATA {first} to {last}")
        }
    });
    named.collect::<Vec<_>>().join(", ")
}

impl fmt::Display for NoQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(error) => error.fmt(f),
            Self::Controller(congestion) => write!(
                f,
                "{congestion} decides when a packet leaves, and the question is what the \
                 protocol does: leave --congestion out"
            ),
            Self::ManySegments { segments } => write!(
                f,
                "too many segments for a question: {segments}, at most {MOST_SEGMENTS}"
            ),
            Self::NoMoment { moments: 0 } => f.write_str(
                "this run has no moment to ask about. Choose a longer file, or a link \
                 that loses packets",
            ),
            Self::NoMoment { moments } => {
                write!(f, "this run has {moments} moments: --moment 1 to {moments}")
            }
            Self::OtherChoices => f.write_str(
                "this client finds other choices in it: update Sash on both computers",
            ),
        }
    }
}

impl std::error::Error for NoQuestion {}

#[cfg(test)]
mod tests;
