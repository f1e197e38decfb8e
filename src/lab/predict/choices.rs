//! The choices: the right one, and plausible wrong ones.
//!
//! The wrong ones are the actions of other protocols at such a moment, and of this one at
//! other moments. All are made from the current window, so that none looks different from
//! the right one.

use super::action::{Action, PacketRun};
use super::occasion::Occasion;
use super::view::{Stop, View};

/// The limit of choices, including the right one.
const MOST: usize = 4;

/// The least number of choices: two are too easy.
const LEAST: usize = 3;

/// The choices in the seed's order, and the place of the right one.
pub(super) fn of(stop: &Stop, seed: u64) -> (Vec<Action>, usize) {
    let mut choices = vec![stop.answer.clone()];
    for other in others(stop) {
        if choices.len() < MOST && !choices.contains(&other) {
            choices.push(other);
        }
    }
    let draw = |place: u64| mix(seed ^ mix(stop.index as u64) ^ mix(place));
    let mut drawn: Vec<_> = (0..).map(draw).zip(choices).collect();
    drawn.sort_by_key(|(draw, _)| *draw);
    let choices: Vec<Action> = drawn.into_iter().map(|(_, choice)| choice).collect();
    let right = choices.iter().position(|choice| *choice == stop.answer);
    (choices, right.unwrap_or_default())
}

/// Whether a question is possible: with enough choices and a short answer.
pub(super) fn is_askable(stop: &Stop) -> bool {
    const MOST_STEPS: usize = 4;
    stop.answer.steps().len() <= MOST_STEPS && of(stop, 0).0.len() >= LEAST
}

/// Wrong answers, the most tempting first.
fn others(stop: &Stop) -> Vec<Action> {
    let view = stop.view;
    let waits = Action::WAITS;
    let mut others = match stop.occasion {
        Occasion::Opening => vec![
            view.ahead(1),
            view.ahead(view.window),
            view.ahead(view.window.saturating_mul(2)),
            view.ahead(16),
            waits,
        ],
        Occasion::Slide | Occasion::Jump | Occasion::OldAck | Occasion::Held => vec![
            view.ahead(1),
            waits,
            view.ahead(view.moved),
            view.again_all(),
            view.ahead(view.window),
            view.again(view.base),
        ],
        Occasion::WindowFull => {
            vec![
                view.ahead(1),
                view.again(view.base),
                view.again_all(),
                waits,
            ]
        }
        Occasion::DuplicateAck | Occasion::Nack => vec![
            view.again(view.base),
            view.again_all(),
            waits,
            view.ahead(1),
            view.again(view.base).then(view.ahead(1)),
        ],
        Occasion::ThreeLater
        | Occasion::Overtaken
        | Occasion::Timeout
        | Occasion::LostAgain => {
            vec![
                view.again_all(),
                view.again(view.base),
                waits,
                view.again(view.base).then(view.ahead(1)),
            ]
        }
        Occasion::Paused | Occasion::WindowClosed | Occasion::Probe => {
            vec![view.again_all(), Action::probe(), waits, view.ahead(1)]
        }
        Occasion::GoesOn => vec![
            Action::probe(),
            view.again_all(),
            view.ahead(1),
            waits,
            view.again(view.base),
        ],
        Occasion::Finished | Occasion::FinUnanswered => vec![
            waits,
            view.again(view.segments.saturating_sub(1)),
            Action::data(0..view.segments, view.highest),
        ],
    };
    others.push(view.ahead(1));
    others.push(view.again(view.highest.saturating_sub(1)));
    let newest = view.highest..view.highest.saturating_add(1);
    others.push(Action::data(newest, view.highest));
    others.retain(|other| view.is_possible(other));
    others
}

impl View {
    /// The next few segments, where there are any.
    fn ahead(self, packets: u32) -> Action {
        let end = self.next.saturating_add(packets).min(self.segments);
        Action::data(self.next..end, self.highest)
    }

    /// One segment again.
    fn again(self, number: u32) -> Action {
        Action::data(number..number.saturating_add(1), self.highest)
    }

    /// All that was sent and is not acknowledged.
    fn again_all(self) -> Action {
        Action::data(self.base..self.highest, self.highest)
    }

    /// Whether the file has the segments of this action.
    fn is_possible(self, action: &Action) -> bool {
        action.steps().iter().all(|step| match step {
            PacketRun::Data { last, .. } => *last < self.segments,
            PacketRun::Probe | PacketRun::Fin { .. } | PacketRun::Other(_) => true,
        })
    }
}

/// One step of splitmix64 (Steele, Lea, Flood 2014), a pseudo-random generator.
pub(super) const fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
