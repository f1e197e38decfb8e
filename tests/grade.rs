//! `lab grade`: right programs have full marks, usual mistakes are told by their names, and
//! whatever a program does, its run ends with a sentence.

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
