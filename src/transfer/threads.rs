//! Starts threads with names, and logs their panics.
//!
//! A name is a role, a dash and a number (`reader-12`, `sender-3`), at most the 15 bytes
//! that Linux shows. A panic ends its own thread only; it is logged with the name. A
//! thread that moves a file has a lower priority than those that users wait for.

use crate::system::processes;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

/// The stack of a thread that only moves bytes. Unit: bytes.
///
/// Threads by the thousand reserve this much address space each.
pub const SMALL_STACK_BYTES: usize = 128 * 1024;

/// The kind of a thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThreadKind {
    /// A thread for which [`SMALL_STACK_BYTES`] are enough.
    pub is_small: bool,
    /// A thread that moves a file: on busy processors the others come first.
    pub can_wait: bool,
}

/// Starts a named thread; a panic in it is logged and does not spread.
///
/// # Errors
/// The system's error if it has no thread left.
pub fn start(
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    start_as(ThreadKind::default(), name, work)
}

/// As [`start`], with a stack of [`SMALL_STACK_BYTES`].
///
/// # Errors
/// As [`start`].
pub fn start_small(
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let kind = ThreadKind {
        is_small: true,
        ..ThreadKind::default()
    };
    start_as(kind, name, work)
}

/// As [`start`], for a thread that moves a file: others come first.
///
/// # Errors
/// As [`start`].
pub fn start_behind(
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let kind = ThreadKind {
        can_wait: true,
        ..ThreadKind::default()
    };
    start_as(kind, name, work)
}

/// As [`start`], of this kind.
///
/// # Errors
/// As [`start`].
pub fn start_as(
    kind: ThreadKind,
    name: String,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    debug_assert!(name.len() <= 15, "Linux cuts the thread name {name:?}");
    let mut builder = thread::Builder::new().name(name.clone());
    if kind.is_small {
        builder = builder.stack_size(SMALL_STACK_BYTES);
    }
    builder.spawn(move || {
        if kind.can_wait {
            processes::lower_priority();
        }
        // The default hook has printed the message and the place by then.
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            log::error!("thread {name} ended with a panic: this is a bug in Sash");
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::nice;
    use crossbeam_channel::bounded;

    #[test]
    fn a_transfer_thread_has_a_lower_priority_and_its_parent_does_not() {
        let nice_of = |kind| {
            let (tell, told) = bounded(1);
            let work = move || tell.send(nice()).unwrap();
            let thread = start_as(kind, "a".to_owned(), work).unwrap();
            thread.join().unwrap();
            told.recv().unwrap()
        };
        let before = nice();
        let behind = ThreadKind {
            can_wait: true,
            ..ThreadKind::default()
        };
        assert_eq!(nice_of(ThreadKind::default()), before);
        assert_eq!(nice_of(behind), before.map(|nice| (nice + 10).min(19)));
        assert_eq!(nice(), before);
    }
}
