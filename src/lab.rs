//! The laboratory: the state machines in virtual time, and tools to study a run.
//!
//! Layer 2. A run needs no socket and no clock: it has two state machines and a link, and
//! time jumps from one event to the next. Ten minutes of transfer take milliseconds, and
//! the same scenario gives the same journal, byte for byte, on every machine.
//!
//! | module | is |
//! | --- | --- |
//! | [`assignment`] | class exercises, run within limits |
//! | [`capture`] | packets as a file for Wireshark |
//! | [`chart`] | a journal or a sweep as a picture: SVG and CSV |
//! | [`class_question`] | a question for a class: a stopped run, choices, the right answer |
//! | [`contents`] | sample files of any size, computed and never stored |
//! | [`explain`] | why a packet was sent: rule, line of code, section |
//! | [`grade`] | a student's protocol against the textbook's rules |
//! | [`halt`] | halts in the middle of a transfer |
//! | [`journal`] | a run as JSON lines |
//! | [`ladder`] | a journal as a ladder diagram in text |
//! | [`page`] | the laboratory's page, for the window and for a browser |
//! | [`palette`] | colours that everybody can distinguish |
//! | [`picture`] | a drawing for any surface; as SVG |
//! | [`player`] | one player for recorded, simulated and live transfers |
//! | [`predict`] | the quiz: a run stopped at interesting moments |
//! | [`random_links`] | random links from a seed, and the bounds on each |
//! | [`race`] | one file by several protocols, side by side |
//! | [`run`] | two state machines, a link, virtual time |
//! | [`shared`] | several transfers over one link |
//! | [`soak`] | a transfer for every seed: all protocols over all kinds of links |
//! | [`simulation`] | a run that stops when asked, and accepts injected faults |
//! | [`strip`] | the sliding window at every moment |
//! | [`sweep`] | a transfer for every cell of a grid, as rows of numbers |
//! | [`theory`] | the formulas, and measurements for comparison |

pub mod assignment;
pub mod capture;
pub mod chart;
pub mod class_question;
pub mod contents;
pub mod explain;
mod generator;
pub mod grade;
pub mod halt;
pub mod ladder;
pub mod notation;
pub mod page;
pub mod palette;
pub mod picture;
pub mod player;
pub mod predict;
pub mod race;
pub mod random_links;
pub mod run;
pub mod shared;
pub mod simulation;
pub mod soak;
pub mod strip;
pub mod sweep;
pub mod theory;
mod transmissions;
pub mod words;

pub use crate::reliable::event::log as journal;
