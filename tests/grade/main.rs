//! `lab grade`: right programs have full marks, usual mistakes are told by their names, and
//! whatever a program does, its run ends with a sentence.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail where it stands, and says what it skips"
)]

mod congestion;
mod desk;
mod engine;
mod limits;
mod mistakes;
mod outputs;
mod programs;
