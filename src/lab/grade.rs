//! Grading: a student's program answers the verbs of a protocol, and rules judge each answer.
//!
//! ```text
//!                         "ack 312.5 3"
//!   scenario --> run ---------------------> program (the student's, or the reference)
//!                 |  <---------------------    |
//!                 |     "send 7"  "ok"         |
//!                 v
//!               judge: each answer against the rules of the textbook
//! ```
//!
//! A run is in virtual time over a simulated link: it gives the same result on every
//! computer. The first answer that breaks a rule ends it, with the rule, the moment and,
//! for a usual mistake, its name.
//!
//! | module | is |
//! | --- | --- |
//! | [`verbs`] | the lines that Sash and a program exchange |
//! | [`scenario`] | a graded run: points, link, window, segments; files and hidden seeds |
//! | [`public`] | the scenarios that every student can see |
//! | [`reference`](mod@reference) | the textbook protocols as programs |
//! | [`program`] | a program under test: events and actions |
//! | [`run`](mod@run) | two programs, a link and virtual time |
//! | [`rules`] | the rules, the usual mistakes, and violations |
//! | [`sender`], [`receiver`] | the judges of the textbook protocols |
//! | [`selective_ack`] | the judges of sack |
//! | [`congestion`] | a congestion controller beside Reno over six paths |
//! | [`trace`] | the steps of a run, for ladders and journals |
//! | [`report`] | a violation with both ladders, in text |
//!
//! ```
//! use sash::lab::grade::{public, reference, run};
//! use sash::wire::options::Arq;
//! let scenario = &public::scenarios(Arq::GoBackN)[0];
//! let mut sender = reference::sender(scenario, Arq::GoBackN);
//! let mut receiver = reference::receiver(scenario, Arq::GoBackN);
//! let outcome = run::run(scenario, Arq::GoBackN, &mut *sender, &mut *receiver);
//! assert!(outcome.has_passed());
//! ```
//!
//! Source: Kurose & Ross §3.4; RFC 2018 and RFC 6675 (sack), RFC 5681 (Reno).

pub mod congestion;
mod judges;
pub mod program;
pub mod public;
pub mod receiver;
pub mod reference;
pub mod report;
pub mod rules;
pub mod run;
pub mod scenario;
pub mod selective_ack;
pub mod sender;
pub mod trace;
pub mod verbs;
