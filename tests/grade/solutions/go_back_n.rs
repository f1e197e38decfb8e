//! Go-back-N (Kurose & Ross §3.4.3).

use crate::Actions;

pub struct Sender {
    window: i64,
    segments: i64,
    timeout: f64,
    base: i64,
    next: i64,
}

impl Sender {
    pub fn new(window: i64, segments: i64, timeout: f64) -> Self {
        let (base, next) = (0, 0);
        Self { window, segments, timeout, base, next }
    }

    fn fill(&mut self, actions: &mut Actions) {
        while self.next < self.base + self.window && self.next < self.segments {
            actions.send(self.next);
            self.next += 1;
        }
    }

    pub fn on_begin(&mut self, actions: &mut Actions) {
        actions.start_timer(self.timeout);
        self.fill(actions);
    }

    pub fn on_ack(&mut self, number: i64, _ranges: &[(i64, i64)], actions: &mut Actions) {
        if number < self.base {
            return;
        }
        self.base = number + 1;
        self.fill(actions);
        if self.base == self.next {
            actions.stop_timer();
        } else {
            actions.start_timer(self.timeout);
        }
    }

    pub fn on_timeout(&mut self, _timer: Option<i64>, actions: &mut Actions) {
        actions.start_timer(self.timeout);
        for number in self.base..self.next {
            actions.send(number);
        }
    }

    pub fn on_corrupt(&mut self, _actions: &mut Actions) {}
}

pub struct Receiver {
    expected: i64,
}

impl Receiver {
    pub fn new(_window: i64) -> Self {
        Self { expected: 0 }
    }

    pub fn on_data(&mut self, number: i64, actions: &mut Actions) {
        if number == self.expected {
            actions.deliver(number);
            self.expected += 1;
        }
        actions.acknowledge(self.expected - 1, &[]);
    }

    pub fn on_corrupt(&mut self, actions: &mut Actions) {
        actions.acknowledge(self.expected - 1, &[]);
    }
}
