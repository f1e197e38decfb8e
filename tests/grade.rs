//! `lab grade`: right programs have full marks, usual mistakes are told by their names, and
//! whatever a program does, its run ends with a sentence.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail where it stands, and says what it skips"
)]

#[path = "grade/congestion.rs"]
mod congestion;
#[path = "grade/desk.rs"]
mod desk;
#[path = "grade/engine.rs"]
mod engine;
#[path = "grade/limits.rs"]
mod limits;
#[path = "grade/mistakes.rs"]
mod mistakes;
#[path = "grade/outputs.rs"]
mod outputs;
#[path = "grade/programs.rs"]
mod programs;
