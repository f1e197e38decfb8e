//! How other threads wake the window: at most 20 times a second.
//!
//! ```text
//! thread   ring  ring ring        ring          ring = there is something to fetch
//! main     due   .... rest 50 ms  due  ....     fetches all of it at once
//! ```
//!
//! Rapid wakes can block FLTK, and a person sees no more than 20 pictures a second of
//! figures that change. The first ring after a quiet time is answered at once.
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

/// Between two answers. Unit: seconds, as FLTK wants them.
const REST_SECONDS: f64 = 0.05;

impl Bell {
    /// There is something to fetch; from any thread.
    pub(super) fn ring(&self) {
        let has_rung_before = self.state.has_rung.swap(true, Ordering::SeqCst);
        // At the end of a rest it is woken anyway.
        if !has_rung_before && !self.state.is_resting.load(Ordering::SeqCst) {
            app::awake();
        }
    }

    /// Whether it is time to fetch; on the main thread, whenever FLTK has waited. After a
    /// yes it rests.
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
            // FLTK goes on waiting after a timeout; who rang meanwhile did not wake it.
            if state.has_rung.load(Ordering::SeqCst) {
                app::awake();
            }
        });
        true
    }
}
