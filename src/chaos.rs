//! Faults on purpose: a real server, real clients, and what must hold whatever happens.
//!
//! ```text
//!   seed --> plan --> runner: starts, types, kills, stops, cuts --> histories, files
//!                                                                       |
//!                         offences, or none <------- checker <----------'
//! ```
//!
//! The plan and the checker are pure; only the runner touches anything. Everybody who
//! stayed has heard every line once and in one order; every file is whole under its final
//! name, or the beginning of one that is gone on from; the server holds no more threads,
//! descriptors and memory afterwards than before.
//!
//! | module | is |
//! | --- | --- |
//! | [`plan`] | who is hurt when (pure) |
//! | [`check`] | what is wrong with what came of it (pure) |
//! | `run` | the phases of a run |
//! | `crew` | the clients and the server of a run |
//! | `process` | one program |
//! | `proxy` | a chat connection that can be torn |
//! | `disk` | a disk that is too small |
//! | [`load`] | a server under load: storms, crowds, a day of lessons |
//! | [`siege`] | 64 hostile connections, and a hostile server |
//! | [`guests`] | guests without a program, who measure how long a line takes |
//!
//! The clock on the wall jumps for the programs alone: they add what a file of the run says
//! (`transfer::clock`). What they wait by is the system's steady clock, which has no jumps.
//!
//! Floor 5. Where there are no signals, only the pure half is here.
//!
//! Source: Kingsbury, "Jepsen" (histories and a checker); report page `security`.

pub mod check;
pub mod plan;

#[cfg(unix)]
mod crew;
#[cfg(unix)]
mod disk;
#[cfg(unix)]
pub mod guests;
#[cfg(unix)]
pub mod load;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod proxy;
#[cfg(unix)]
mod run;
#[cfg(unix)]
pub mod siege;

#[cfg(unix)]
pub use process::{Belongings, Programs};
#[cfg(unix)]
pub use run::{Chaos, Outcome};
