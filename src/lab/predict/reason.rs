//! The reason for a sender's action: the rule of its protocol, in one or two sentences.
//!
//! Each rule has an expected action. If the sender did something else, the moment is not
//! used for a question, so that no wrong reason is given: several events may happen at
//! once, and then no single rule explains the action.

use super::action::{Action, PacketRun};
use super::occasion::Occasion;
use super::view::{Loss, View};
use crate::lab::words::loss_reason;
use crate::reliable::event::{FlowControlState, Trigger};
use crate::wire::options::Arq;
use std::ops::Range;

/// The reason for an answer, if one rule explains it.
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
            "A later ACK, which acknowledged more, overtook this one. It tells the \
             sender nothing new."
                .to_owned()
        }),
        Occasion::Nack => nack(view, answer),
        Occasion::ThreeLater | Occasion::Overtaken => overtaken(view, lost, answer),
        Occasion::Timeout => timeout(view, lost, answer),
        Occasion::LostAgain => lost_again(view, lost, answer),
        Occasion::Paused => answer.is_waiting().then(|| {
            "A paused sender neither transmits nor retransmits DATA, and its timers are \
             stopped. Only probes keep the transfer alive."
                .to_owned()
        }),
        Occasion::WindowClosed => answer.is_waiting().then(|| {
            "The receive window is zero, so the sender sends no DATA. After 200 ms it \
             sends a window probe to ask whether the window has opened."
                .to_owned()
        }),
        Occasion::Held => answer.is_waiting().then(|| {
            let why = if view.flow_control == FlowControlState::Paused {
                "the sender is paused"
            } else {
                "the receive window is zero"
            };
            format!(
                "The ACK acknowledges new data, but {why}, so the sender sends no \
                     DATA."
            )
        }),
        Occasion::GoesOn => goes_on(view, answer),
        Occasion::Probe => (*answer == Action::probe()).then(|| {
            "The ACK that opens the window may have been lost, so the sender sends a \
             window probe: a DATA packet without file bytes, which the receiver must \
             acknowledge."
                .to_owned()
        }),
        Occasion::Finished => (*answer == Action::fin(false)).then(|| {
            "Every segment is acknowledged. FIN carries the SHA-256 of the file, so \
             that the receiver can verify the file that it wrote."
                .to_owned()
        }),
        Occasion::FinUnanswered => (*answer == Action::fin(true)).then(|| {
            "FIN or its answer was lost. The sender retransmits FIN until the receiver \
             answers whether the file is verified."
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
        Arq::StopAndWait => "Stop-and-wait sends one segment and then waits for its ACK.",
        Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack if view.segments < window => {
            "The whole file fits into the window, so the sender sends all of it without \
             waiting for an ACK."
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

/// The sender fills the space that the ACK made, up to the end of the file.
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
            "DATA {acked}, the base, is now acknowledged; the segments up to DATA {} \
             were acknowledged before. The window slides by {moved}: {went}.",
            base - 1
        )
    } else {
        format!(
            "An ACK is cumulative: it acknowledges all segments before DATA {base}, \
             even if earlier ACKs were lost. The window slides by {moved}: {went}."
        )
    })
}

/// The number of packets, if they exactly fill the space that the ACK has made.
fn filled(view: View, answer: &Action) -> Option<u32> {
    let left = view.segments - view.next.min(view.segments);
    let room = view.moved.min(left);
    let expected = Action::data(view.next..view.next + room, view.highest);
    (*answer == expected).then_some(room)
}

fn went(view: View, room: u32) -> String {
    match room {
        0 => "no segment is left to send".to_owned(),
        1 => "one more packet may be sent".to_owned(),
        _ if room < view.moved => format!("the last {room} segments may be sent"),
        _ => format!("{room} more packets may be sent"),
    }
}

fn window_full(view: View) -> String {
    let View { base, window, .. } = view;
    match view.arq {
        Arq::StopAndWait => {
            "Stop-and-wait has one segment in flight. It waits for the ACK or for the \
             timeout."
                .to_owned()
        }
        Arq::GoBackN | Arq::SelectiveRepeat | Arq::Sack => format!(
            "The window is full: DATA {base} is not acknowledged, and {window} segments \
             from it on have been sent. The sender must wait for an ACK or a timeout."
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
            "This duplicate ACK acknowledges nothing new: DATA {base} is still missing, \
             and the window does not move. In go-back-N only a timeout retransmits."
        ),
        Arq::SelectiveRepeat => format!(
            "The base of the window, DATA {base}, is not acknowledged, so the window \
             cannot slide, even if later segments are acknowledged. Only the timer of \
             DATA {base} retransmits it."
        ),
        Arq::Sack => format!(
            "The base of the window, DATA {base}, is not acknowledged, so the window \
             cannot slide, even if later segments have arrived. No further packet is \
             declared lost yet."
        ),
    })
}

fn nack(view: View, answer: &Action) -> Option<String> {
    let rule = match view.arq {
        Arq::StopAndWait | Arq::GoBackN | Arq::SelectiveRepeat => {
            "A NACK is for the congestion controller only: in a textbook protocol only \
             a timeout retransmits."
        }
        Arq::Sack => {
            "A NACK alone does not prove a loss: a later packet may have overtaken an \
             earlier one. The sender waits until three later packets have arrived, or \
             until one has arrived and 9/8 of an RTT has passed."
        }
    };
    let room = filled(view, answer)?;
    if view.moved == 0 {
        return Some(rule.to_owned());
    }
    let (base, moved, went) = (view.base, view.moved, went(view, room));
    Some(format!(
        "{rule} Like an ACK, it acknowledges all segments before DATA {base}: the \
         window slides by {moved}, and {went}."
    ))
}

/// It retransmits exactly the packets that were declared lost, and the other packets fill
/// the space that the ACK has made.
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
    let why = loss_reason(lost.first()?.trigger);
    let is = if lost.len() == 1 { "is" } else { "are" };
    let more = if answer.numbers(false).is_empty() {
        ""
    } else {
        " The ACK has also moved the window, so the sender transmits new packets too."
    };
    Some(format!(
        "{again} {is} declared lost: {why}. The sender retransmits only lost packets, because \
         the receiver has buffered the others.{more}"
    ))
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

/// Whether the answer retransmits what a timeout of this protocol retransmits.
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
                    PacketRun::Data {
                        first,
                        last,
                        is_retransmission: true,
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
            "No ACK arrived before the timeout. The sender cannot know whether the \
             segment or its ACK was lost, so it retransmits DATA {number}."
        ),
        Arq::GoBackN => format!(
            "The only timer has expired, and DATA {number} is the oldest segment in \
             flight. The receiver discards every segment after a gap, so the sender \
             retransmits all segments from there on."
        ),
        Arq::SelectiveRepeat => format!(
            "The timer of DATA {number} has expired. Every segment has a timer of its own, and \
             the receiver buffers what arrives out of order: only DATA {number} is \
             retransmitted."
        ),
        Arq::Sack => format!(
            "No ACK arrived before the probe timeout. The sender retransmits the oldest \
             packet in flight, DATA {number}, as a probe; the ACK for it shows which \
             other packets are missing."
        ),
    })
}

fn lost_again(view: View, lost: &[Loss], answer: &Action) -> Option<String> {
    let Loss {
        number, trigger, ..
    } = *lost.first()?;
    if trigger != Trigger::Timeout {
        let why = loss_reason(trigger);
        let fits = lost.len() == 1 && repairs(view, lost, answer);
        return fits.then(|| {
            format!(
                "The retransmission of DATA {number} is declared lost: {why}. A packet is later \
                 if it was sent later, whatever its number, so the sender detects a lost \
                 retransmission as it detects a lost first transmission."
            )
        });
    }
    if !is_timers_answer(view, lost, answer) {
        return None;
    }
    let what = match view.arq {
        Arq::StopAndWait | Arq::SelectiveRepeat | Arq::Sack => {
            format!("it retransmits DATA {number} once more")
        }
        Arq::GoBackN => "it retransmits all segments from there on once more".to_owned(),
    };
    Some(format!(
        "The sender had retransmitted DATA {number}, and again no ACK arrived before \
         the timeout: {what}. The next timeout is twice as long, because the path may \
         be congested."
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
        format!(
            "The sender may continue: it sends all segments that the window from \
                 DATA {base} on allows."
        )
    })
}
