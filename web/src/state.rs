//! What the page is told: everything that it shows beside the pictures.

use crate::request::{Fields, Scale, Sees, Shown};
use sash::lab::page::cards::Card;
use sash::lab::page::knob::Knob;
use sash::lab::page::{Content, Laboratory, Notice, Quiz, Racing, Setup, outcome};
use sash::lab::player::Player;
use sash::lab::words::short_time as time;
use sash::link::Label;
use serde::Serialize;
use std::time::Duration;

/// Everything that the page shows beside the pictures.
#[derive(Debug, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the page reads each of them by its name"
)]
pub struct State {
    /// `empty`, `run`, `race` or `quiz`.
    pub content: &'static str,
    /// The card that was opened.
    pub lesson: Option<Lesson>,
    /// The fields; the scenario grows by what is dropped and changed.
    pub fields: Fields,
    /// Whether it goes on by itself.
    pub playing: bool,
    /// Whether nothing happens after this moment.
    pub over: bool,
    /// Whether packets can be dropped.
    pub can_kill: bool,
    /// This moment. Unit: microseconds.
    pub time_us: u64,
    /// The newest moment that is known. Unit: microseconds.
    pub end_us: u64,
    /// Both in words.
    pub clock: String,
    /// How long a packet's way takes on the wall. Unit: milliseconds.
    pub way_ms: u64,
    /// What is drawn below the strip.
    pub shown: Shown,
    /// What of the run is drawn.
    pub sees: Sees,
    /// How time becomes height on the ladder.
    pub scale: Scale,
    /// How many times as high as usual.
    pub zoom: f64,
    /// How long before now the ladder is looked at. Unit: microseconds.
    pub back_us: u64,
    /// Whether the strip is folded away.
    pub folded: bool,
    /// A sentence for the person.
    pub notice: Option<Said>,
    /// What is pointed at, and how its header looks in bytes.
    pub about: Option<[String; 2]>,
    /// The sliders.
    pub knobs: Vec<Slider>,
    /// The run at this moment.
    pub run: Option<At>,
    /// The question.
    pub quiz: Option<Asked>,
    /// The race's lanes.
    pub race: Option<Vec<LaneNow>>,
}

/// What a card wants to show.
#[derive(Debug, Serialize)]
pub struct Lesson {
    /// As in a link.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// What to look for.
    pub words: &'static str,
    /// Whether nothing was changed: the name alone opens the same.
    pub unchanged: bool,
}

/// A sentence for the person.
#[derive(Debug, Serialize)]
pub struct Said {
    /// The sentence.
    pub words: String,
    /// Whether something went wrong.
    pub problem: bool,
}

/// A slider.
#[derive(Debug, Serialize)]
pub struct Slider {
    /// Its word in a scenario.
    pub knob: &'static str,
    /// What it does.
    pub tip: &'static str,
    /// Where it is.
    pub place: usize,
    /// How many places there are.
    pub places: usize,
    /// Its value, as it is written.
    pub value: String,
}

/// A run at one moment, as data.
#[derive(Debug, Serialize)]
pub struct At {
    /// How many entries of the journal have happened.
    pub index: usize,
    /// How many are known.
    pub of: usize,
    /// Every segment's state at the sender, one sign each.
    pub sender: String,
    /// Every segment's state at the receiver, one sign each.
    pub receiver: String,
    /// The oldest segment that is not acknowledged.
    pub base: u32,
    /// The next sequence number.
    pub next: u32,
    /// The first segment beyond the window.
    pub window_end: u32,
    /// The segment that the receiver expects next.
    pub expected: u32,
    /// Retransmissions so far.
    pub retransmissions: u64,
    /// The packets on the link.
    pub in_flight: Vec<String>,
    /// What came of it, once it is over.
    pub outcome: Option<String>,
}

/// A question, or the end of all.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// Which one, from 1.
    pub place: usize,
    /// How many there are.
    pub of: usize,
    /// How many answers were right, and how many were given.
    pub score: (usize, usize),
    /// What has just happened; empty at the end.
    pub happened: String,
    /// The choices; none at the end.
    pub choices: Vec<String>,
    /// Something to think of.
    pub hint: &'static str,
    /// What became of the answer, once it was given.
    pub answered: Option<Told>,
}

/// What became of an answer.
#[derive(Debug, Serialize)]
pub struct Told {
    /// Which was chosen.
    pub choice: usize,
    /// Which is right.
    pub right: usize,
    /// Why.
    pub verdict: String,
}

/// A lane of a race.
#[derive(Debug, Serialize)]
pub struct LaneNow {
    /// `go-back-n, window 4`.
    pub name: String,
    /// The time until the whole file was there, in words.
    pub time: String,
    /// Segments in order at this moment, and segments of the file.
    pub in_order: (u32, u32),
    /// DATA packets transmitted.
    pub sent: u64,
    /// Retransmissions among them.
    pub resent: u64,
}

impl State {
    /// Of this page.
    #[must_use]
    pub fn of(laboratory: &Laboratory, shown: Shown, about: Option<[String; 2]>) -> Self {
        let (time_us, end_us) = laboratory.times_us();
        let words = |time_us| time(Duration::from_micros(time_us));
        Self {
            content: match laboratory.content() {
                Content::Empty => "empty",
                Content::Player(_) => "run",
                Content::Race(_) => "race",
                Content::Quiz(_) => "quiz",
            },
            lesson: laboratory
                .card()
                .map(|card| Lesson::of(card, laboratory.setup())),
            fields: laboratory.setup().into(),
            playing: laboratory.is_playing(),
            over: match laboratory.player() {
                Some(player) => player.is_over(),
                None => time_us >= end_us,
            },
            can_kill: laboratory.can_inject_faults(),
            time_us,
            end_us,
            clock: format!("{} of {}", words(time_us), words(end_us)),
            way_ms: u64::try_from(laboratory.one_way_delay().as_millis())
                .unwrap_or(u64::MAX),
            shown,
            sees: laboratory.point_of_view().into(),
            scale: laboratory.lens().scale.into(),
            zoom: laboratory.lens().zoom,
            back_us: laboratory.lens().back_us,
            folded: laboratory.is_strip_folded(),
            notice: laboratory.notice().map(Said::of),
            about,
            knobs: Knob::ALL
                .into_iter()
                .map(|knob| Slider::of(knob, laboratory))
                .collect(),
            run: laboratory.player().map(At::of),
            quiz: match laboratory.content() {
                Content::Quiz(quiz) => Some(Asked::of(quiz)),
                Content::Empty | Content::Player(_) | Content::Race(_) => None,
            },
            race: match laboratory.content() {
                Content::Race(racing) => Some(lanes(racing)),
                Content::Empty | Content::Player(_) | Content::Quiz(_) => None,
            },
        }
    }
}

impl Lesson {
    /// Of this card, where the fields are these now.
    fn of(card: &Card, setup: &Setup) -> Self {
        Self {
            name: card.name,
            title: card.title,
            words: card.words,
            unchanged: *setup == card.setup(),
        }
    }
}

impl Said {
    fn of(notice: &Notice) -> Self {
        Self {
            words: notice.sentence.clone(),
            problem: notice.is_problem,
        }
    }
}

impl Slider {
    fn of(knob: Knob, laboratory: &Laboratory) -> Self {
        let line = &laboratory.setup().scenario;
        Self {
            knob: knob.word(),
            tip: knob.tip(),
            place: line.parse().map_or(0, |scenario| knob.place(&scenario)),
            places: knob.values().len(),
            value: knob.value(line).to_owned(),
        }
    }
}

impl At {
    fn of(player: &Player) -> Self {
        let (strip, place) = (player.strip(), player.place());
        let all = || 0..strip.segments();
        let flights = player.in_flight();
        Self {
            index: place.index,
            of: place.of,
            sender: all().map(|it| strip.sender(it).look().sign).collect(),
            receiver: all().map(|it| strip.receiver(it).look().sign).collect(),
            base: strip.base(),
            next: strip.next(),
            window_end: strip.window_end(),
            expected: strip.next_expected(),
            retransmissions: strip.retransmissions(),
            in_flight: flights
                .iter()
                .map(|flight| Label::from(flight.packet).to_string())
                .collect(),
            outcome: player
                .outcome()
                .filter(|_| player.is_over())
                .map(|run| outcome(run, strip.segments())),
        }
    }
}

impl Asked {
    fn of(quiz: &Quiz) -> Self {
        let (place, of) = quiz.place();
        let question = quiz.question();
        let choices = question.map(|it| &it.choices[..]).unwrap_or_default();
        Self {
            place,
            of,
            score: quiz.score(),
            happened: quiz.happened().to_owned(),
            choices: choices.iter().map(ToString::to_string).collect(),
            hint: question.map_or("", |question| question.hint),
            answered: question.zip(quiz.answered()).map(|(question, told)| Told {
                choice: told.choice,
                right: question.right,
                verdict: told.verdict,
            }),
        }
    }
}

fn lanes(racing: &Racing) -> Vec<LaneNow> {
    let lanes = racing.race.lanes.iter();
    lanes
        .map(|lane| LaneNow {
            name: lane.name.clone(),
            time: time(lane.run.elapsed),
            in_order: (lane.in_order_at(racing.position_us), lane.segments),
            sent: lane.run.progress.sent_packets,
            resent: lane.run.progress.resent_packets,
        })
        .collect()
}
