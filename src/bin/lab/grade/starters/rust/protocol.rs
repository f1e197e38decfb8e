//! Write your protocol here. `main.rs` says what you may do.

use crate::Actions;

pub struct Sender {}

impl Sender {
    /// `window`: N; `segments`: how many there are, from 0; `timeout`: in milliseconds.
    pub fn new(_window: i64, _segments: i64, _timeout: f64) -> Self {
        Self {}
    }

    /// The application has all its segments ready.
    pub fn on_begin(&mut self, _actions: &mut Actions) {}

    /// ACK `number` arrived intact. `ranges` is for sack.
    pub fn on_ack(&mut self, _number: i64, _ranges: &[(i64, i64)], _actions: &mut Actions) {}

    /// The timer expired; `timer` is its number, if it has one.
    pub fn on_timeout(&mut self, _timer: Option<i64>, _actions: &mut Actions) {}

    /// A packet arrived corrupt: nobody knows which.
    pub fn on_corrupt(&mut self, _actions: &mut Actions) {}
}

pub struct Receiver {}

impl Receiver {
    pub fn new(_window: i64) -> Self {
        Self {}
    }

    /// Segment `number` arrived intact.
    pub fn on_data(&mut self, _number: i64, _actions: &mut Actions) {}

    /// A packet arrived corrupt: nobody knows which.
    pub fn on_corrupt(&mut self, _actions: &mut Actions) {}
}
