//! The laboratory: the machines in virtual time, and what can be learned from a run.
//!
//! Floor 2. A run here needs no socket and no clock: two machines and a link, and time
//! jumps from one event to the next. Ten minutes of transfer take milliseconds, and the
//! same scenario gives the same journal, byte for byte, on every machine.
//!
//! | module | is |
//! | --- | --- |
//! | [`chart`] | a journal or a sweep as a picture: SVG and CSV |
//! | [`contents`] | made-up files: any size, any byte known without storing one |
//! | [`halt`] | what holds a transfer up in its middle |
//! | [`journal`] | a run as JSON lines |
//! | [`ladder`] | a journal as a packet ladder in text |
//! | [`palette`] | colours that all can tell apart |
//! | [`run`] | two machines, a link, virtual time |
//! | [`soak`] | a transfer for every seed: all protocols over all kinds of links |
//! | [`sweep`] | a transfer for every cell of a grid, as rows of numbers |
//! | [`theory`] | the textbook's formulas, and the machines beside them |

pub mod chart;
pub mod contents;
pub mod halt;
pub mod journal;
pub mod ladder;
pub mod palette;
pub mod run;
pub mod soak;
pub mod sweep;
pub mod theory;
