//! The reference has full marks everywhere, and each variant that the textbook allows.

use sash::lab::grade::program::{Failure, Program};
use sash::lab::grade::run::{Outcome, run};
use sash::lab::grade::scenario::{GradedScenario, hidden};
use sash::lab::grade::verbs::{Action, ProgramEvent};
use sash::lab::grade::{public, reference, report, rules, scenario, trace};
use sash::reliable::moment::Moment;
use sash::wire::options::Arq;

fn reference_run(scenario: &GradedScenario, protocol: Arq) -> Outcome {
    let mut sender = reference::sender(scenario, protocol);
    let mut receiver = reference::receiver(scenario, protocol);
    run(scenario, protocol, &mut *sender, &mut *receiver)
}

#[track_caller]
fn passes(scenario: &GradedScenario, protocol: Arq, outcome: &Outcome) {
    let link = &scenario.link;
    assert!(
        outcome.has_passed(),
        "{protocol}, {link}: {:?}",
        outcome.problem
    );
}

#[test]
fn the_reference_has_full_marks_on_the_public_scenarios_and_on_200_hidden_seeds() {
    for protocol in Arq::ALL {
        let hidden = (1..=200).map(hidden);
        for scenario in public::scenarios(protocol).into_iter().chain(hidden) {
            passes(&scenario, protocol, &reference_run(&scenario, protocol));
        }
    }
}

/// A program whose answers are changed before they are judged.
struct Changed<F> {
    inner: Box<dyn Program>,
    change: F,
}

impl<F: FnMut(&ProgramEvent, &mut Vec<Action>)> Program for Changed<F> {
    fn hear(&mut self, told: &ProgramEvent, now: Moment) -> Result<Vec<Action>, Failure> {
        let mut actions = self.inner.hear(told, now)?;
        (self.change)(told, &mut actions);
        Ok(actions)
    }
}

fn changed_sender(
    scenario: &GradedScenario,
    protocol: Arq,
    change: impl FnMut(&ProgramEvent, &mut Vec<Action>),
) -> Outcome {
    let inner = reference::sender(scenario, protocol);
    let mut sender = Changed { inner, change };
    let mut receiver = reference::receiver(scenario, protocol);
    run(scenario, protocol, &mut sender, &mut *receiver)
}

#[test]
fn freedom_that_the_textbook_allows_costs_no_marks() {
    for protocol in [Arq::GoBackN, Arq::SelectiveRepeat, Arq::StopAndWait] {
        let hidden = (1..=50).map(hidden);
        for scenario in public::scenarios(protocol).into_iter().chain(hidden) {
            let reversed = changed_sender(&scenario, protocol, |_, actions| {
                // Verbs in another order: all timers first.
                actions.sort_by_key(|it| !matches!(it, Action::StopTimer(_)));
                let is_timer = |it: &Action| matches!(it, Action::StartTimer(..));
                let (timers, others): (Vec<_>, Vec<_>) =
                    actions.drain(..).partition(is_timer);
                actions.extend(others);
                actions.extend(timers);
            });
            passes(&scenario, protocol, &reversed);
            let noted = changed_sender(&scenario, protocol, |_, actions| {
                actions.insert(0, Action::Note("hello".into()));
            });
            passes(&scenario, protocol, &noted);
        }
    }
}

#[test]
fn a_duplicate_ack_may_restart_the_timer_of_go_back_n() {
    use sash::reliable::protocol::Timer;
    for graded in public::scenarios(Arq::GoBackN) {
        let mut base = 0;
        let outcome = changed_sender(&graded, Arq::GoBackN, |told, actions| {
            if let ProgramEvent::Ack { number, .. } = told {
                let is_old = *number < base && base < i64::from(graded.segments);
                base = base.max(*number + 1);
                if is_old && actions.is_empty() {
                    let timeout = scenario::TIMEOUT;
                    actions.push(Action::StartTimer(Timer::Only, timeout));
                }
            }
        });
        passes(&graded, Arq::GoBackN, &outcome);
    }
}

#[test]
fn a_run_gives_the_same_result_every_time() {
    let scenario = hidden(5);
    let steps = || reference_run(&scenario, Arq::GoBackN).steps;
    assert_eq!(steps(), steps());
}

#[test]
fn a_violation_is_reported_with_its_rule_its_mistake_and_both_ladder_diagrams() {
    let scenario = &public::scenarios(Arq::GoBackN)[4];
    let outcome = changed_sender(scenario, Arq::GoBackN, |told, actions| {
        if matches!(told, ProgramEvent::Timeout(_)) {
            actions.truncate(2); // The timer, and the oldest segment.
        }
    });
    let reference = reference_run(scenario, Arq::GoBackN);
    let text = report::text(Arq::GoBackN, &outcome, &reference);
    assert!(text.contains(rules::TIMEOUT_GO_BACK_N.sentence), "{text}");
    assert!(text.contains(rules::ONLY_OLDEST.name), "{text}");
    assert!(text.contains("expected:  segments 2, 3, 4, 5"), "{text}");
    assert!(text.contains("the reference"), "{text}");
}

#[test]
fn the_journal_of_a_graded_run_can_be_drawn_as_a_ladder_diagram() {
    let scenario = &public::scenarios(Arq::SelectiveRepeat)[4];
    let outcome = reference_run(scenario, Arq::SelectiveRepeat);
    let journal = trace::journal(scenario, Arq::SelectiveRepeat, &outcome.steps);
    let ladder = sash::lab::ladder::text(&journal.heading, &journal.entries);
    assert!(ladder.contains("buffered out of order"), "{ladder}");
    assert!(ladder.contains("--DATA 2 (2nd transmission)--"), "{ladder}");
}
