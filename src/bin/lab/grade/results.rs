//! Grades a program over scenarios and keeps the results.

use super::class::Summary;
use super::process::{Limits, Process};
use sash::lab::grade::program::{Failure, Program, Reaction};
use sash::lab::grade::reference;
use sash::lab::grade::rules::Problem;
use sash::lab::grade::run::{Outcome, run};
use sash::lab::grade::scenario::GradedScenario;
use sash::lab::grade::verbs::{ProgramEvent, Role};
use sash::reliable::moment::Moment;
use sash::transfer::clock::Clock;
use sash::wire::options::Arq;
use std::path::Path;
use std::time::Duration;

/// The program to grade and the limits of the grading.
pub(crate) struct Grading<'a> {
    pub(crate) protocol: Arq,
    /// The roles that the student's program plays; the reference plays the other.
    pub(crate) roles: &'a [Role],
    pub(crate) command: &'a [String],
    /// Where the program runs.
    pub(crate) folder: &'a Path,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
}

/// A scenario with its number.
pub(crate) struct Numbered {
    /// From 1.
    pub(crate) number: usize,
    pub(crate) scenario: GradedScenario,
    /// Whether the scenario is hidden from students.
    pub(crate) is_hidden: bool,
}

/// One scenario, graded.
pub(crate) struct Result<'a> {
    pub(crate) numbered: &'a Numbered,
    pub(crate) outcome: Outcome,
    /// The reference's run of the same scenario.
    pub(crate) reference: Outcome,
}

impl Result<'_> {
    /// All of the scenario's points, or none.
    pub(crate) const fn points(&self) -> u32 {
        if self.outcome.has_passed() {
            self.numbered.scenario.points
        } else {
            0
        }
    }

    /// The problem in a few words: a mistake's name, a rule's name or a sentence.
    pub(crate) fn problem(&self) -> String {
        match &self.outcome.problem {
            None => String::new(),
            Some(Problem::Failure(role, failure)) => {
                format!("{}: {}", role.name(), failure.sentence)
            }
            Some(Problem::Violation(violation)) => {
                let name = violation.mistake.map_or(violation.rule.name, |it| it.name);
                format!("{}: {name}", violation.role.name())
            }
        }
    }
}

/// All results in short.
pub(crate) fn summaries(results: &[Result<'_>]) -> Vec<Summary> {
    let summary = |result: &Result<'_>| Summary {
        number: result.numbered.number,
        points: result.points(),
        of: result.numbered.scenario.points,
        problem: result.problem(),
    };
    results.iter().map(summary).collect()
}

/// Points reached and points there are.
pub(crate) fn points(results: &[Result<'_>]) -> (u32, u32) {
    let reached = results.iter().map(Result::points).sum();
    let all = results.iter().map(|it| it.numbered.scenario.points).sum();
    (reached, all)
}

impl Grading<'_> {
    /// Grades every scenario in turn.
    pub(crate) fn grade<'s>(&self, scenarios: &'s [Numbered]) -> Vec<Result<'s>> {
        let mut limits = self.limits;
        let grade = |numbered: &'s Numbered| {
            let outcome = self.run(&numbered.scenario, limits);
            if let Some(Problem::Failure(..)) = outcome.problem
                && outcome.elapsed == Duration::ZERO
            {
                // It did not start; the next runs need not wait as long to notice it.
                limits.first = limits.event;
            }
            Result {
                numbered,
                outcome,
                reference: self.reference(&numbered.scenario),
            }
        };
        scenarios.iter().map(grade).collect()
    }

    /// One run of the student's program.
    fn run(&self, scenario: &GradedScenario, limits: Limits) -> Outcome {
        let protocol = self.protocol;
        let party = |role| match role {
            _ if self.roles.contains(&role) => self.process(role.name(), limits),
            Role::Sender => reference::sender(scenario, protocol),
            Role::Receiver => reference::receiver(scenario, protocol),
        };
        let (mut sender, mut receiver) = (party(Role::Sender), party(Role::Receiver));
        run(scenario, protocol, &mut *sender, &mut *receiver)
    }

    /// Whether the command can be started at all.
    pub(crate) fn check_command(&self) -> std::result::Result<(), String> {
        let role = self.roles.first().copied().unwrap_or(Role::Sender);
        self.start(role.name(), self.limits).map(drop)
    }

    fn start(&self, role: &str, limits: Limits) -> std::result::Result<Process, String> {
        let process = Process::start(self.command, role, self.folder, self.clock, limits);
        process.map_err(|error| {
            let command = self.command.first().map_or("the command", String::as_str);
            format!("cannot start {command}: {error}.")
        })
    }

    /// The program in this role; if it cannot be started, its first answer is that error.
    pub(crate) fn process(&self, role: &str, limits: Limits) -> Box<dyn Program> {
        match self.start(role, limits) {
            Ok(process) => Box::new(process),
            Err(sentence) => Box::new(NotStarted(sentence)),
        }
    }

    /// The reference's run.
    pub(crate) fn reference(&self, scenario: &GradedScenario) -> Outcome {
        let mut sender = reference::sender(scenario, self.protocol);
        let mut receiver = reference::receiver(scenario, self.protocol);
        run(scenario, self.protocol, &mut *sender, &mut *receiver)
    }
}

/// A program that could not be started.
struct NotStarted(String);

impl Program for NotStarted {
    fn hear(&mut self, _told: &ProgramEvent, _now: Moment) -> Reaction {
        Err(Failure {
            sentence: self.0.clone(),
            stderr: Vec::new(),
        })
    }
}
