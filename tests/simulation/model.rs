//! A model checker tries every order of events that small windows and small sequence-number
//! spaces allow.
//!
//! A model has two ends and a channel each way that loses, duplicates and perhaps reorders.
//! The ends of a textbook protocol are those of the program, driven through the same trait as
//! by the generic sender; those of `sack` are built from its rules. The model has no time: a
//! running timer may expire at any moment. A property that holds here therefore holds for every
//! round-trip estimate, every controller and every link. `model/shipped.rs` compares the state
//! machines of the program, with their timers, with the same ends.
//!
//! Ladders and the table of states are golden files that the report prints:
//! `UPDATE_GOLDEN=1 cargo test --test simulation model::` rewrites them.
//!
//! Source: Kurose & Ross §3.4.4 (how large the space must be); Clarke, Grumberg, Peled,
//! "Model Checking", ch. 1 (all states of a finite system).

mod ends;
mod ladder;
mod shipped;
mod system;

use crate::golden::compare;
use ends::{Agreement, Protocol};
use stateright::{Checker, Model};
use std::fmt::Write as _;
use system::{Action, Order, Question, State, System};

/// A system whose properties are checked.
fn system(protocol: Protocol, window: u32, space: u32, segments: u32) -> System {
    System {
        agreed: Agreement {
            protocol,
            window,
            segments,
            window_ends_with_the_file: true,
        },
        space,
        order: Order::Free,
        question: Question::All,
    }
}

/// Twice the sequence-number space and one more, over a channel that keeps the order.
fn in_order(protocol: Protocol, window: u32, space: u32, room: usize) -> System {
    System {
        order: Order::Kept { room },
        ..system(protocol, window, space, 2 * space + 1)
    }
}

/// The shortest path to a forbidden state, if there is one.
fn shortest_way(
    system: System,
    question: Question,
) -> Option<Vec<(State, Option<Action>)>> {
    let system = System { question, ..system };
    let checker = system.checker().threads(1).spawn_bfs().join();
    let mut found = checker.discoveries();
    found.drain().next().map(|(_, path)| path.into_vec())
}

const STOP_AND_WAIT: Protocol = Protocol::StopAndWait;
const GO_BACK_N: Protocol = Protocol::GoBackN;
const SELECTIVE_REPEAT: Protocol = Protocol::SelectiveRepeat;
const SACK: Protocol = Protocol::Sack;

#[test]
fn every_order_of_events_is_correct_if_the_sequence_number_space_is_large_enough() {
    let systems = [
        in_order(STOP_AND_WAIT, 1, 2, 6),
        in_order(GO_BACK_N, 2, 3, 4),
        in_order(GO_BACK_N, 3, 4, 3),
        in_order(GO_BACK_N, 4, 5, 2),
        in_order(SELECTIVE_REPEAT, 1, 2, 6),
        in_order(SELECTIVE_REPEAT, 2, 4, 4),
        in_order(SACK, 1, 2, 6),
        in_order(SACK, 2, 4, 4),
        in_order(SACK, 3, 6, 3),
        system(STOP_AND_WAIT, 1, 16, 15),
        system(GO_BACK_N, 4, 16, 15),
        system(GO_BACK_N, 7, 8, 7),
        system(SELECTIVE_REPEAT, 2, 16, 15),
        system(SELECTIVE_REPEAT, 3, 10, 9),
        system(SACK, 2, 16, 15),
        system(SACK, 3, 10, 9),
        system(SACK, 4, 8, 7),
    ];
    let mut table = String::from(
        "            protocol  window  numbers  segments  order  room    states\n",
    );
    let mut sum = 0;
    for system in systems {
        let checker = system.checker().threads(2).spawn_bfs().join();
        let wrong: Vec<_> = checker.discoveries().into_keys().collect();
        assert!(
            wrong.is_empty(),
            "{}: not so: {wrong:?}",
            ladder::heading(&system)
        );
        let (agreed, states) = (system.agreed, checker.unique_state_count());
        let room = match system.order {
            Order::Kept { room } => room.to_string(),
            Order::Free => "any".to_owned(),
        };
        let _ = writeln!(
            table,
            "{:>20}{:8}{:9}{:10}{:>7}{room:>6}{states:10}",
            ladder::name(agreed.protocol),
            agreed.window,
            system.space,
            agreed.segments,
            system.order,
        );
        sum += states;
    }
    let _ = writeln!(table, "{:>20}{sum:50}", "in all");
    compare("model_states.txt", &table);
}

/// Finds the path and draws it.
fn drawn(system: System, question: Question) -> String {
    let way = shortest_way(system, question).expect("the checker finds it");
    ladder::text(&system, &way)
}

#[test]
fn go_back_n_needs_one_sequence_number_more_than_its_window() {
    for window in 1..4 {
        let narrow = in_order(GO_BACK_N, window, window, 3);
        assert!(shortest_way(narrow, Question::Spoilt).is_some(), "{window}");
    }
    let one_number = in_order(STOP_AND_WAIT, 1, 1, 3);
    assert!(shortest_way(one_number, Question::Spoilt).is_some());
    let ladder = drawn(in_order(GO_BACK_N, 2, 2, 3), Question::Spoilt);
    compare("model_go_back_n.txt", &ladder);
}

#[test]
fn selective_repeat_needs_twice_as_many_sequence_numbers_as_its_window() {
    for (window, space) in [(1, 1), (2, 2), (2, 3), (3, 3), (3, 4), (3, 5)] {
        for protocol in [SELECTIVE_REPEAT, SACK] {
            let narrow = in_order(protocol, window, space, 3);
            let way = shortest_way(narrow, Question::Spoilt);
            assert!(way.is_some(), "{}", ladder::heading(&narrow));
        }
    }
    let ladder = drawn(in_order(SELECTIVE_REPEAT, 2, 3, 3), Question::Spoilt);
    compare("model_selective_repeat.txt", &ladder);
}

#[test]
fn no_wrapping_sequence_number_space_is_large_enough_under_reordering() {
    for (protocol, window, space) in [
        (STOP_AND_WAIT, 1, 2),
        (STOP_AND_WAIT, 1, 8),
        (GO_BACK_N, 3, 8),
        (SELECTIVE_REPEAT, 2, 4),
        (SACK, 2, 4),
        (SACK, 2, 8),
    ] {
        let wraps = system(protocol, window, space, space + 1);
        let way = shortest_way(wraps, Question::Spoilt);
        assert!(way.is_some(), "{}", ladder::heading(&wraps));
    }
    let ladder = drawn(system(STOP_AND_WAIT, 1, 2, 3), Question::Spoilt);
    compare("model_overtaken.txt", &ladder);
}

#[test]
fn a_file_with_as_many_segments_as_sequence_numbers_is_too_long_by_one() {
    let full = system(GO_BACK_N, 2, 3, 3);
    assert!(shortest_way(full, Question::Spoilt).is_none());
    let ladder = drawn(full, Question::Deceived);
    compare("model_one_too_long.txt", &ladder);
}

#[test]
fn a_receive_window_beyond_the_end_of_the_file_would_cause_a_misunderstanding() {
    let mut beyond = system(SACK, 2, 3, 2);
    beyond.agreed.window_ends_with_the_file = false;
    assert!(shortest_way(beyond, Question::Spoilt).is_none());
    let mut way =
        shortest_way(beyond, Question::Misunderstood).expect("the checker finds it");
    let (last, action) = way.last_mut().expect("a way has a beginning");
    let said = last.receiver.ack();
    let place = last.acks.0.iter().position(|ack| *ack == said);
    *action = place.map(|place| Action::AckArrives {
        place,
        is_kept: true,
    });
    let ladder = ladder::text(&beyond, &way);
    compare("model_past_the_end.txt", &ladder);
}
