//! Thread schedules: the server, its transfers and the client's chat connection run unchanged on
//! threads that Shuttle schedules, thousands of times and each time in another order.
//!
//! The sources are compiled once more, unchanged. This crate has modules named `std`,
//! `crossbeam_channel`, `fltk` and `rustix`, which replace threads, channels, clocks and
//! sockets:
//!
//! ```text
//!   src/server, src/transfer --use std::net::TcpStream--> tests/orders/net.rs
//!                            --use crossbeam_channel----> tests/orders/channel.rs
//!                            --use std::thread----------> tests/orders/thread.rs --> Shuttle
//! ```
//!
//! A test fails if a line is lost or overtakes another, if a port or a thread is not
//! released, or if a thread waits for ever (`world`). The tests do not cover batches of
//! received datagrams (`recvmmsg`), so uploads use TCP, nor weak memory, for which Miri
//! and the thread sanitizer exist.
//!
//! `ORDERS=10000 cargo test --test orders` sets the number of schedules of each.
//!
//! Only for Linux: on other systems Sash uses other packages for its sockets.
//!
//! Source: Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of
//! Finding Bugs" (PCT), ASPLOS 2010.

#![cfg_attr(
    target_os = "linux",
    expect(
        missing_docs,
        clippy::missing_errors_doc,
        clippy::len_without_is_empty,
        clippy::into_iter_without_iter,
        reason = "what is not said or not there, std and the others say and have"
    )
)]

#[cfg(target_os = "linux")]
extern crate crossbeam_channel as real_channel;
#[cfg(target_os = "linux")]
extern crate rustix as real_rustix;
#[cfg(target_os = "linux")]
extern crate std as real;

#[cfg(target_os = "linux")]
extern crate self as crossbeam_channel;
#[cfg(target_os = "linux")]
extern crate self as fltk;
#[cfg(target_os = "linux")]
extern crate self as rustix;
#[cfg(target_os = "linux")]
extern crate self as std;

#[cfg(target_os = "linux")]
mod channel;
#[cfg(target_os = "linux")]
#[expect(clippy::wildcard_enum_match_arm, reason = "one reply is listened for")]
mod guest;
#[cfg(target_os = "linux")]
#[expect(clippy::wildcard_enum_match_arm, reason = "one reply is listened for")]
mod tries;
#[cfg(target_os = "linux")]
mod world;

#[cfg(target_os = "linux")]
pub mod app;
#[cfg(target_os = "linux")]
pub mod atomic;
#[cfg(target_os = "linux")]
pub mod mpsc;
#[cfg(target_os = "linux")]
pub mod net;
#[cfg(target_os = "linux")]
pub mod thread;
#[cfg(target_os = "linux")]
pub mod time;

#[cfg(target_os = "linux")]
pub use channel::{
    Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender,
    TryRecvError, TrySendError, after, bounded, never, unbounded,
};
#[cfg(target_os = "linux")]
pub use real::{
    any, borrow, cell, cmp, collections, convert, env, error, ffi, fmt, fs, hash, io,
    iter, mem, num, ops, os, path, slice, str, string, vec,
};

#[cfg(target_os = "linux")]
pub use real_rustix::{event, process};

#[cfg(target_os = "linux")]
pub mod sync {
    pub use crate::atomic;
    pub use crate::mpsc;
    pub use crate::real::sync::{Arc, OnceLock, PoisonError, Weak};
    pub use shuttle::sync::{Mutex, MutexGuard};
}

/// A panic is a finding, which Shuttle reports.
#[cfg(target_os = "linux")]
pub mod panic {
    pub use crate::real::panic::AssertUnwindSafe;

    /// There is no window.
    #[derive(Debug)]
    pub enum Caught {}

    pub fn catch_unwind<T>(
        act: AssertUnwindSafe<impl FnOnce() -> T>,
    ) -> Result<T, Caught> {
        Ok(act.0())
    }
}

/// The layers without threads, as they are in the library.
#[cfg(target_os = "linux")]
pub use sash::{lab, link, passwords, reliable, room, shelf, wire};

/// The layers with threads, compiled against this crate.
#[cfg(target_os = "linux")]
#[path = "../../src"]
#[expect(
    unused_imports,
    dead_code,
    reason = "their own tests are no tests here, and not everything is called"
)]
#[allow(
    unfulfilled_lint_expectations,
    reason = "in the library they are: here the clock is another one"
)]
mod library {
    pub mod journals;
    pub mod server;
    pub mod transfer;

    /// Functions that take a socket take one of this crate.
    #[path = "system"]
    pub mod system {
        pub mod datagrams;
        pub mod filter;
        pub mod incoming;
        pub mod sockets;
        #[cfg(test)]
        pub(crate) mod tests;
        pub use sash::system::{disk, files, processes, terminal};
    }

    #[path = "client"]
    pub mod client {
        pub mod chat_connection;
        pub use sash::client::{address, controller};
    }
}

/// The way in which other threads wake the window.
#[cfg(target_os = "linux")]
#[path = "../../src/bin/client/view/bell.rs"]
mod bell;

#[cfg(target_os = "linux")]
pub use library::{client, journals, server, system, transfer};

fn main() {
    #[cfg(target_os = "linux")]
    tries::run();
}
