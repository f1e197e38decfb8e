//! Threads that have names, and whose panics are told.
//!
//! A name is a role, a dash and a number (`reader-12`, `sender-3`), at most the 15 bytes
//! that Linux shows. A panic ends its own thread only; it is logged with the name.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

/// The stack of a thread that only moves bytes. Unit: bytes.
///
/// Threads by the thousand reserve this much address space each.
pub const SMALL_STACK_BYTES: usize = 128 * 1024;

/// Starts a named thread; a panic in it is logged and does not spread.
///
/// # Errors
/// What the system says when it has no thread left to give.
pub fn start(
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    start_with_stack(name, None, work)
}

/// As [`start`], with a stack of [`SMALL_STACK_BYTES`].
///
/// # Errors
/// As [`start`].
pub fn start_small(
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    start_with_stack(name, Some(SMALL_STACK_BYTES), work)
}

fn start_with_stack(
    name: String,
    stack_bytes: Option<usize>,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    debug_assert!(name.len() <= 15, "Linux cuts the thread name {name:?}");
    let mut builder = thread::Builder::new().name(name.clone());
    if let Some(bytes) = stack_bytes {
        builder = builder.stack_size(bytes);
    }
    builder.spawn(move || {
        // The default hook has printed the message and the place by then.
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            log::error!("thread {name} ended by a panic: this is a bug in Sash");
        }
    })
}
