//! Runs a class exercise on a thread of its own, `lab`, within the limits of
//! [`assignment`].

use crate::lab::assignment;
use crate::transfer::threads;
use crate::wire::message::{Assignment, LabOutcome};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A run. Dropping it stops it; then nothing is reported.
#[derive(Debug)]
pub struct LabRun(Arc<AtomicBool>);

impl Drop for LabRun {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Starts a run; its result is reported once.
#[must_use]
pub fn start(
    assignment: Assignment,
    report: impl Fn(LabOutcome) + Clone + Send + 'static,
) -> LabRun {
    let is_over = Arc::new(AtomicBool::new(false));
    let (stop, done) = (Arc::clone(&is_over), report.clone());
    let started = threads::start("lab".to_owned(), move || {
        let outcome = run(&assignment, &stop);
        if !stop.load(Ordering::Relaxed) {
            done(outcome);
        }
    });
    if let Err(error) = started {
        report(failed(&error));
    }
    LabRun(is_over)
}

fn run(assignment: &Assignment, stop: &AtomicBool) -> LabOutcome {
    let may_continue = || !stop.load(Ordering::Relaxed);
    let figures = assignment::experiment(assignment)
        .and_then(|experiment| assignment::run(experiment, may_continue));
    match figures {
        Ok(figures) => LabOutcome::Done(figures),
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> LabOutcome {
    LabOutcome::Failed {
        sentence: error.to_string(),
    }
}
