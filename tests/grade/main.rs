//! `lab grade`: right programs get full marks, usual mistakes are named, and every run ends with
//! a sentence, whatever the program does.

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
