//! Reads what Sash tells, calls your handlers, and writes what they do. It is done.

mod protocol;

use protocol::{Receiver, Sender};
use std::io::{self, BufRead, Write};

/// The actions of your handlers.
#[derive(Default)]
pub struct Actions(String);

#[allow(dead_code)]
impl Actions {
    /// Put segment `number` on the wire.
    pub fn send(&mut self, number: i64) {
        self.0 += &format!("send {number}\n");
    }

    /// Start or restart the timer.
    pub fn start_timer(&mut self, milliseconds: f64) {
        self.0 += &format!("timer {milliseconds}\n");
    }

    /// Start or restart the timer with this number.
    pub fn start_timer_of(&mut self, number: i64, milliseconds: f64) {
        self.0 += &format!("timer {milliseconds} {number}\n");
    }

    /// Stop the timer.
    pub fn stop_timer(&mut self) {
        self.0 += "stop\n";
    }

    /// Stop the timer with this number.
    pub fn stop_timer_of(&mut self, number: i64) {
        self.0 += &format!("stop {number}\n");
    }

    /// Send ACK `number`. `ranges` is for sack: first and last of each.
    pub fn acknowledge(&mut self, number: i64, ranges: &[(i64, i64)]) {
        self.0 += &format!("ack {number}");
        for (first, last) in ranges {
            self.0 += &format!(" {first}-{last}");
        }
        self.0 += "\n";
    }

    /// Hand segment `number` to the application.
    pub fn deliver(&mut self, number: i64) {
        self.0 += &format!("deliver {number}\n");
    }

    /// Show a text beside the packets.
    pub fn note(&mut self, text: &str) {
        self.0 += &format!("note {text}\n");
    }
}

enum Machine {
    Sender(Sender),
    Receiver(Receiver),
}

fn value(line: &str, key: &str) -> f64 {
    let mut words = line.split_whitespace().filter_map(|word| word.split_once('='));
    let found = words.find(|(name, _)| *name == key);
    found.and_then(|(_, value)| value.parse().ok()).unwrap_or(0.0)
}

fn start(line: &str, is_sender: bool) -> Machine {
    let window = value(line, "window") as i64;
    if is_sender {
        let segments = value(line, "segments") as i64;
        Machine::Sender(Sender::new(window, segments, value(line, "timeout")))
    } else {
        Machine::Receiver(Receiver::new(window))
    }
}

fn ranges(words: &[&str]) -> Vec<(i64, i64)> {
    let ends = words.iter().filter_map(|word| word.split_once('-'));
    ends.filter_map(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?))).collect()
}

fn main() {
    let is_sender = std::env::args().last().as_deref() == Some("sender");
    let mut machine = None;
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |place: usize| words.get(place).and_then(|word| word.parse().ok());
        let mut actions = Actions::default();
        match (words.first().copied().unwrap_or(""), &mut machine) {
            ("start", _) => {
                machine = Some(start(&line, is_sender));
                continue;
            }
            ("end", _) => return,
            ("begin", Some(Machine::Sender(it))) => it.on_begin(&mut actions),
            ("ack", Some(Machine::Sender(it))) => {
                it.on_ack(number(2).unwrap_or(-1), &ranges(&words[3..]), &mut actions);
            }
            ("timeout", Some(Machine::Sender(it))) => it.on_timeout(number(2), &mut actions),
            ("corrupt", Some(Machine::Sender(it))) => it.on_corrupt(&mut actions),
            ("data", Some(Machine::Receiver(it))) => {
                it.on_data(number(2).unwrap_or(0), &mut actions);
            }
            ("corrupt", Some(Machine::Receiver(it))) => it.on_corrupt(&mut actions),
            _ => {}
        }
        print!("{}ok\n", actions.0);
        io::stdout().flush().expect("stdout is open");
    }
}
