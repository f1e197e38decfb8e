//! Fault injection: a real server, real clients, and properties that must hold under every
//! fault.
//!
//! ```text
//!   seed --> plan --> runner: starts, types, kills, stops, cuts --> histories, files
//!                                                                       |
//!                         offences, or none <------- checker <----------'
//! ```
//!
//! The plan and the checker are pure; only the runner starts processes. Every client that stayed
//! has received every line once and in one order; every file under its final name is complete,
//! and every partial file is a prefix that is resumed; the server needs no more threads,
//! descriptors and memory afterwards than before.
//!
//! | module | is |
//! | --- | --- |
//! | [`plan`] | the faults and their times (pure) |
//! | [`check`] | finds violations in the evidence (pure) |
//! | `run` | the phases of a run |
//! | `crew` | the clients and the server of a run |
//! | `process` | one program |
//! | `proxy` | a chat connection that can be cut |
//! | `disk` | a disk that is too small |
//! | [`load`] | a server under load: storms, crowds, a day of lessons |
//! | [`siege`] | 64 hostile connections, and a hostile server |
//! | `program` | reads the arguments and prints |
//! | `clock` | the time of day of the programs, which jumps |
//! | `guest`, `measure`, `memory` | the load generator, shared with the benchmark of the chat (`tests/load`) |
//!
//! The programs are those that users run: they contain no test code.
//!
//! `main.rs` is the program of `./sash chaos`; this module is also part of
//! `tests/programs`, where its tests run. There are signals on Unix alone, so there it is.
//!
//! Source: Kingsbury, "Jepsen" (histories and a checker); report page `security`.

pub(crate) mod check;
mod clock;
mod crew;
mod disk;
#[path = "../load/guest.rs"]
mod guest;
pub(crate) mod load;
#[path = "../load/measure.rs"]
mod measure;
#[path = "../load/memory.rs"]
mod memory;
pub(crate) mod plan;
mod process;
pub(crate) mod program;
mod proxy;
mod run;
pub(crate) mod siege;

pub(crate) use process::{Belongings, Programs};
pub(crate) use run::{Chaos, Outcome};
