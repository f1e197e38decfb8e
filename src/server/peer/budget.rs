//! One memory budget for everything that waits to be sent to clients.
//!
//! A line to many clients is in memory once, in whatever number of queues, and counts
//! once; each place in a queue counts in addition. Dropping a share returns it, so none
//! is forgotten.
//!
//! ```text
//! line "said" 80 B --> queue of 1, queue of 2, queue of 3     held: 80 + 3 places
//! ```
//!
//! The `room` thread decides which client is dropped when the budget is exceeded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the memory of all outgoing queues together.
#[derive(Debug, Default)]
pub(in super::super) struct Budget {
    /// Unit: bytes.
    held: AtomicUsize,
}

/// Above this, the longest queue is dropped. Unit: bytes.
const LARGEST_BUDGET_BYTES: usize = 32 * 1024 * 1024;

/// The cost of a place in a queue besides its line. Unit: bytes.
const PLACE_BYTES: usize = 64;

/// A line for one client or for many; it counts as long as any queue contains it.
#[derive(Debug, Clone)]
pub(in super::super) struct Line(Arc<Counted>);

#[derive(Debug)]
struct Counted {
    text: Box<str>,
    _charge: Charge,
}

/// The share of the budget that is in use until this is dropped.
#[derive(Debug)]
pub(super) struct Charge {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    /// Makes a line, which counts from now on.
    pub(in super::super) fn line(self: &Arc<Self>, text: String) -> Line {
        let charge = self.charge(text.len());
        let text = text.into_boxed_str();
        Line(Arc::new(Counted {
            text,
            _charge: charge,
        }))
    }

    /// These lines have been added to one more queue.
    pub(super) fn places(self: &Arc<Self>, lines: usize) -> Charge {
        self.charge(lines * PLACE_BYTES)
    }

    /// Whether more waits for all clients together than the budget allows.
    pub(in super::super) fn is_exceeded(&self) -> bool {
        self.held.load(Ordering::Relaxed) > LARGEST_BUDGET_BYTES
    }

    fn charge(self: &Arc<Self>, bytes: usize) -> Charge {
        self.held.fetch_add(bytes, Ordering::Relaxed);
        let budget = Arc::clone(self);
        Charge { budget, bytes }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Line {
    pub(in super::super) fn len(&self) -> usize {
        self.0.text.len()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.text.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_line_is_counted_once_and_of_its_queue_entries_each_and_all_is_released()
     {
        let budget = Arc::new(Budget::default());
        let held = || budget.held.load(Ordering::Relaxed);
        let line = budget.line("x".repeat(100));
        let copies = [line.clone(), line.clone()];
        let places = [budget.places(2), budget.places(1)];
        assert_eq!(held(), 100 + 3 * PLACE_BYTES);
        drop((line, places));
        assert_eq!(held(), 100);
        drop(copies);
        assert_eq!(held(), 0);
        let large = budget.line("x".repeat(LARGEST_BUDGET_BYTES + 1));
        assert!(budget.is_exceeded());
        drop(large);
        assert!(!budget.is_exceeded());
    }
}
