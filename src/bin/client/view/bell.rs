//! Lets other threads wake the window, at most 20 times per second.
//!
//! ```text
//! thread   ring  ring ring        ring          ring = there is something to fetch
//! main     due   .... rest 50 ms  due  ....     fetches all of it at once
//! ```
//!
//! Frequent wakes can block FLTK, and 20 pictures per second are enough for changing
//! numbers. The first ring after a pause is answered at once.
//!
//! Source: FLTK manual, "Advanced FLTK", `Fl::awake`.

use fltk::app;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by the threads that ring and the one that answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Bell {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    has_rung: AtomicBool,
    is_resting: AtomicBool,
}

/// The time between two answers. Unit: seconds, as in FLTK.
const REST_SECONDS: f64 = 0.05;

impl Bell {
    /// Reports news, from any thread.
    pub(super) fn ring(&self) {
        let has_rung_before = self.state.has_rung.swap(true, Ordering::SeqCst);
        // At the end of the pause it is woken anyway.
        if !has_rung_before && !self.state.is_resting.load(Ordering::SeqCst) {
            app::awake();
        }
    }

    /// Whether to fetch news now; to be called on the main thread after each wait of
    /// FLTK. After `true` it pauses.
    pub(super) fn is_due(&self) -> bool {
        if self.state.is_resting.load(Ordering::SeqCst) {
            return false;
        }
        if !self.state.has_rung.swap(false, Ordering::SeqCst) {
            return false;
        }
        self.state.is_resting.store(true, Ordering::SeqCst);
        let state = Arc::clone(&self.state);
        app::add_timeout3(REST_SECONDS, move |_| {
            state.is_resting.store(false, Ordering::SeqCst);
            // FLTK continues to wait after a timeout; a ring in the meantime did not wake
            // it.
            if state.has_rung.load(Ordering::SeqCst) {
                app::awake();
            }
        });
        true
    }
}
