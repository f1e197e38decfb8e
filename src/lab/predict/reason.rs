//! Why a sender did what it did: the rule of its protocol, in a sentence or two.
//!
//! Each rule says what it expects. Where a sender did something else the moment is not
//! asked about, so that no reason is given that does not fit: several things may happen at
//! once, and then no one sentence tells why.

use super::action::{Action, Step};
use super::occasion::Occasion;
use super::view::{Loss, View};
use crate::reliable::event::{GateState, Trigger};
use crate::wire::options::Arq;
use std::ops::Range;

/// The reason for an answer, where one rule explains it.
pub(super) fn explain(
    occasion: Occasion,
    view: View,
    lost: &[Loss],
    answer: &Action,
) -> Option<String> {
    match occasion {
        Occasion::Opening => opening(view, answer),
        Occasion::Slide | Occasion::Jump => slide(view, answer),
        Occasion::WindowFull => Some(window_full(view)),
        Occasion::DuplicateAck => duplicate(view, answer),
        Occasion::OldAck => answer.is_waiting().then(|| {
            "This ACK was overtaken by a later one, which said more. It tells the sender \
             nothing."
                .to_owned()
        }),
        Occasion::Nack => nack(view, answer),
        Occasion::ThreeLater | Occasion::Overtaken => overtaken(view, lost, answer),
        Occasion::Timeout => timeout(view, lost, answer),
        Occasion::LostAgain => lost_again(view, lost, answer),
        Occasion::Paused => answer.is_waiting().then(|| {
            "A paused sender sends no DATA, new or again, and its timers stand still. Only \
             probes keep the transfer alive."
                .to_owned()
        }),
        Occasion::WindowClosed => answer.is_waiting().then(|| {
            "The receiver has no room, so no DATA goes. After 200 ms a probe asks whether \
             it has some again."
                .to_owned()
        }),
        Occasion::Held => answer.is_waiting().then(|| {
            let why = if view.gate == GateState::Paused {
                "the sender is paused"
            } else {
                "the receiver has no room"
            };
            format!("The ACK is news, but {why}: no DATA goes, whatever was acknowledged.")
        }),
        Occasion::GoesOn => goes_on(view, answer),
        Occasion::Probe => (*answer == Action::probe()).then(|| {
            "The ACK that opens the window may have been lost, so the sender asks: a DATA \
             packet without bytes, which draws an ACK."
                .to_owned()
        }),
        Occasion::Finished => (*answer == Action::fin(false)).then(|| {
            "Every segment is acknowledged. FIN carries the file's SHA-256, so that the \
             receiver can say whether what it wrote has the same one."
                .to_owned()
        }),
        Occasion::FinUnanswered => (*answer == Action::fin(true)).then(|| {
            "FIN or its answer was lost. FIN goes again until the receiver has said whether \
             the file arrived whole."
                .to_owned()
        }),
    }
}

fn opening(view: View, answer: &Action) -> Option<String> {
    let (first, window) = (view.window.min(view.segments), view.window);
    if first == 0 || *answer != Action::data(0..first, 0) {
        return None;
    }
    Some(match view.arq {
        Arq::StopAndWait => "Stop-and-wait sends one segment, and then it waits for the ACK.",
        Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack if view.segments < window => {
            "The whole file fits into the window, so all of it goes without waiting for an \
             ACK."
        }
        Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack => {
            return Some(format!(
                "With a window of {window} the sender may send {window} segments before the \
                 first ACK arrives."
            ));
        }
    }
    .to_owned())
}

/// What room the ACK made is filled, so far as the file goes.
fn slide(view: View, answer: &Action) -> Option<String> {
    let room = filled(view, answer)?;
    let View { base, moved, .. } = view;
    let went = went(view, room);
    Some(if moved == 1 {
        let acked = base - 1;
        format!("DATA {acked} is acknowledged, so the window slides by one: {went}.")
    } else if view.arq == Arq::SelectiveRepeat {
        let acked = base - moved;
        format!(
            "DATA {acked}, the base, is acknowledged at last; the segments up to DATA {} were \
             acknowledged before. The window slides by {moved}: {went}.",
            base - 1
        )
    } else {
        format!(
            "An ACK is cumulative: it says that all before DATA {base} have arrived, whatever \
             became of earlier ACKs. The window slides by {moved}: {went}."
        )
    })
}

/// How many packets fill the room that the ACK has made, if that is just what they do.
fn filled(view: View, answer: &Action) -> Option<u32> {
    let left = view.segments - view.next.min(view.segments);
    let room = view.moved.min(left);
    let expected = Action::data(view.next..view.next + room, view.highest);
    (*answer == expected).then_some(room)
}

fn went(view: View, room: u32) -> String {
    match room {
        0 => "no segment is left to be sent".to_owned(),
        1 => "one more packet may go".to_owned(),
        _ if room < view.moved => format!("the last {room} segments may go"),
        _ => format!("{room} more packets may go"),
    }
}

fn window_full(view: View) -> String {
    let View { base, window, .. } = view;
    match view.arq {
        Arq::StopAndWait => {
            "Stop-and-wait has one segment in flight. It waits for the ACK or for the timer."
                .to_owned()
        }
        Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack => format!(
            "The window is full: DATA {base} is not acknowledged, and {window} segments from \
             it on have been sent. Only an ACK or a timer lets the sender go on."
        ),
    }
}

fn duplicate(view: View, answer: &Action) -> Option<String> {
    let base = view.base;
    answer.is_waiting().then(|| match view.arq {
        Arq::StopAndWait => format!(
            "This ACK is for the segment before DATA {base}, which is in flight. A sender that \
             answered it would send each segment twice from then on; only a timeout \
             retransmits."
        ),
        Arq::GoBackN => format!(
            "The ACK repeats what the sender knows: DATA {base} is not acknowledged, and the \
             window stays where it is. In go-back-N only a timeout retransmits."
        ),
        Arq::SelectiveRepeat => format!(
            "The window begins at DATA {base}, which is not acknowledged: it cannot slide, \
             whatever is acknowledged beyond it. Only the timer of DATA {base} retransmits it."
        ),
        Arq::Sack => format!(
            "The window begins at DATA {base}, which is not acknowledged: it cannot slide, \
             whatever has arrived behind it. And no further loss is proven yet."
        ),
    })
}

fn nack(view: View, answer: &Action) -> Option<String> {
    let rule = match view.arq {
        Arq::StopAndWait | Arq::GoBackN | Arq::SelectiveRepeat => {
            "A NACK speaks to the controller alone: in a textbook protocol only a timeout \
             retransmits."
        }
        Arq::Sack => {
            "A NACK alone proves no loss: a later packet may only have overtaken an earlier \
             one. The sender waits until three later ones have arrived, or one and 9/8 \
             of a round trip is over."
        }
    };
    let room = filled(view, answer)?;
    if view.moved == 0 {
        return Some(rule.to_owned());
    }
    let (base, moved, went) = (view.base, view.moved, went(view, room));
    Some(format!(
        "{rule} But it acknowledges, as an ACK does, all before DATA {base}: the window slides \
         by {moved}, and {went}."
    ))
}

/// What is sent again is what was held for lost, and what else goes fills the room that
/// the ACK has made.
fn repairs(view: View, lost: &[Loss], answer: &Action) -> bool {
    let numbers: Vec<u32> = lost.iter().map(|loss| loss.number).collect();
    let left = view.segments - view.next.min(view.segments);
    let fresh: Range<u32> = view.next..view.next + view.moved.min(left);
    answer.is_data()
        && answer.numbers(true) == numbers
        && answer.numbers(false) == fresh.collect::<Vec<_>>()
        && lost.iter().all(|loss| loss.trigger == lost[0].trigger)
}

fn overtaken(view: View, lost: &[Loss], answer: &Action) -> Option<String> {
    if !repairs(view, lost, answer) {
        return None;
    }
    let again = listed(lost);
    let told = told(lost.first()?.trigger);
    let (it, is) = if lost.len() == 1 {
        ("it", "is")
    } else {
        ("they", "are")
    };
    let more = if answer.numbers(false).is_empty() {
        ""
    } else {
        " The ACK has also moved the window, so new packets go as well."
    };
    Some(format!(
        "{told}, and {again} {is} not there: {it} {is} held for lost, and only what is lost \
         goes again. The receiver has kept the rest.{more}"
    ))
}

const fn told(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::PacketThreshold => "Three packets that were sent later have arrived",
        Trigger::TimeThreshold => {
            "A packet that was sent later has arrived, 9/8 of a round trip is over"
        }
        Trigger::Timeout => "No ACK has come in time",
    }
}

/// `DATA 3`, `DATA 3 and DATA 7`, `DATA 3, DATA 5 and DATA 7`.
fn listed(lost: &[Loss]) -> String {
    let names: Vec<String> = lost
        .iter()
        .map(|loss| format!("DATA {}", loss.number))
        .collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

/// Whether a timer made go again what the protocol's timer does.
fn is_timers_answer(view: View, lost: &[Loss], answer: &Action) -> bool {
    let number = lost.first().map(|loss| loss.number);
    match view.arq {
        Arq::StopAndWait => {
            *answer == Action::data(view.base..view.base + 1, view.highest)
        }
        Arq::GoBackN => {
            number == Some(view.base)
                && *answer == Action::data(view.base..view.highest, view.highest)
        }
        Arq::SelectiveRepeat | Arq::Sack => match (answer.steps(), lost) {
            (
                [
                    Step::Data {
                        first,
                        last,
                        is_again: true,
                    },
                ],
                [_],
            ) => number == Some(*first) && first == last,
            (_, _) => false,
        },
    }
}

fn timeout(view: View, lost: &[Loss], answer: &Action) -> Option<String> {
    if !is_timers_answer(view, lost, answer) {
        return None;
    }
    let number = lost.first()?.number;
    Some(match view.arq {
        Arq::StopAndWait => format!(
            "No ACK came in time. The sender cannot know whether the segment was lost or its \
             ACK: it retransmits DATA {number}."
        ),
        Arq::GoBackN => format!(
            "The only timer has expired; DATA {number} is the oldest segment in flight. The \
             receiver has discarded everything after the gap, so the sender retransmits all \
             from there on."
        ),
        Arq::SelectiveRepeat => format!(
            "The timer of DATA {number} has expired. Every segment has a timer of its own, and \
             the receiver buffers what arrives out of order: only DATA {number} is \
             retransmitted."
        ),
        Arq::Sack => format!(
            "Nothing came back in time. The oldest packet on its way, DATA {number}, goes \
             again as a probe; the ACK that it draws tells what else is missing."
        ),
    })
}

fn lost_again(view: View, lost: &[Loss], answer: &Action) -> Option<String> {
    let Loss {
        number, trigger, ..
    } = *lost.first()?;
    let overtaken = match trigger {
        Trigger::PacketThreshold => Some("Three packets that left after it have arrived"),
        Trigger::TimeThreshold => Some(
            "A packet that left after it has arrived, and 9/8 of a round trip is over",
        ),
        Trigger::Timeout => None,
    };
    if let Some(told) = overtaken {
        let fits = lost.len() == 1 && repairs(view, lost, answer);
        return fits.then(|| {
            format!(
                "DATA {number} was sent again and is not there. {told}: the order of sending \
                 counts, not that of the numbers, so a resend that is lost is found out as \
                 the first sending was."
            )
        });
    }
    if !is_timers_answer(view, lost, answer) {
        return None;
    }
    let what = match view.arq {
        Arq::StopAndWait | Arq::SelectiveRepeat | Arq::Sack => {
            format!("DATA {number} is retransmitted once more")
        }
        Arq::GoBackN => "everything from there on is retransmitted once more".to_owned(),
    };
    Some(format!(
        "DATA {number} had been sent again, and still no ACK came in time: {what}. The next \
         wait is twice as long, as the path may be overloaded."
    ))
}

fn goes_on(view: View, answer: &Action) -> Option<String> {
    if answer.is_waiting() || !answer.is_data() {
        return None;
    }
    let base = view.base;
    let last = answer.numbers(false).into_iter().max().unwrap_or(base);
    let fits = last < base.saturating_add(view.window);
    fits.then(|| {
        format!("What held it up is over: all that the window from DATA {base} on allows goes.")
    })
}
