//! A journal on a terminal: strip and ladder, played or stepped through by keys.
//!
//! The screen is drawn ten times a second at most. Where stdin is no terminal each line is
//! a key, and where stdout is none every picture is printed below the last.

use super::keys::{Key, Keys};
use sash::lab::ladder;
use sash::lab::strip::{self, Scrubber};
use sash::transfer::clock::Clock;
use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

/// How a journal is watched.
#[derive(Clone, Copy)]
pub(crate) struct Watch {
    /// Virtual seconds in a second.
    pub(crate) speed: f64,
    /// Whether it goes on by itself.
    pub(crate) is_playing: bool,
    /// Where it begins. Unit: microseconds.
    pub(crate) from_us: u64,
}

/// From one picture to the next.
const FRAME: Duration = Duration::from_millis(100);

/// The same where nobody sees them move: pictures go into a file or a pipe.
const PRINTED_FRAMES: u64 = 12;

/// Rows of the ladder below the strip.
const ROWS: usize = 8;

/// One press of + or -.
const FASTER: f64 = 1.5;

/// Plays a journal to its end, or until somebody quits.
pub(crate) fn play(scrubber: Scrubber, watch: Watch) -> io::Result<()> {
    let mut player = Player {
        screen: io::stdout().is_terminal(),
        now_us: watch.from_us,
        end_us: scrubber.entries().last().map_or(0, |entry| entry.time_us),
        scrubber,
        watch,
    };
    if watch.from_us > 0 {
        player.go_to(player.scrubber.index_at(watch.from_us));
    }
    if !player.screen && watch.is_playing {
        return player.print_all();
    }
    player.run()
}

struct Player {
    scrubber: Scrubber,
    watch: Watch,
    /// Whether stdout is a terminal.
    screen: bool,
    now_us: u64,
    end_us: u64,
}

impl Player {
    /// A dozen pictures from beginning to end, one below the other.
    fn print_all(&mut self) -> io::Result<()> {
        let from_us = self.watch.from_us;
        let step = self.end_us.saturating_sub(from_us) / PRINTED_FRAMES;
        for frame in 1..=PRINTED_FRAMES {
            let at = if frame == PRINTED_FRAMES {
                self.end_us
            } else {
                from_us + step * frame
            };
            self.go_to(self.scrubber.index_at(at));
            self.draw()?;
        }
        Ok(())
    }

    fn run(&mut self) -> io::Result<()> {
        let keys = Keys::start()?;
        let clock = Clock::start();
        let mut before = clock.now();
        self.draw()?;
        loop {
            let key = keys.wait(FRAME, self.watch.is_playing);
            let now = clock.now();
            let elapsed = now - before;
            before = now;
            let moved = match key {
                Some(Key::Quit) => return Ok(()),
                Some(key) => {
                    self.press(key);
                    true
                }
                None => false,
            };
            let played = self.watch.is_playing && self.go_on(elapsed);
            if moved || played {
                self.draw()?;
            }
            if self.watch.is_playing && self.place() == self.scrubber.entries().len() {
                self.watch.is_playing = false;
                // Who has no keys has seen it all.
                if !keys.is_terminal() {
                    return Ok(());
                }
            }
        }
    }

    /// So much time has passed; whether anything has changed.
    fn go_on(&mut self, elapsed: Duration) -> bool {
        let before = self.place();
        let played = elapsed.mul_f64(self.watch.speed).as_micros();
        let played_us = u64::try_from(played).unwrap_or(u64::MAX);
        self.now_us = self.now_us.saturating_add(played_us);
        let index = self.scrubber.index_at(self.now_us);
        self.scrubber.at(index);
        before != index
    }

    fn press(&mut self, key: Key) {
        let (place, all) = (self.place(), self.scrubber.entries().len());
        match key {
            Key::Play => {
                if place == all {
                    self.go_to(0);
                }
                self.watch.is_playing = !self.watch.is_playing;
            }
            Key::On => self.step_to(place.saturating_add(1)),
            Key::Back => self.step_to(place.saturating_sub(1)),
            Key::NextMoment => {
                let now_us = self.time_at(place.saturating_add(1));
                self.step_to(self.scrubber.index_at(now_us));
            }
            Key::LastMoment => {
                let now_us = self.time_at(place);
                let before = self.scrubber.index_at(now_us.saturating_sub(1));
                self.step_to(if now_us == 0 { 0 } else { before });
            }
            Key::Beginning => self.step_to(0),
            Key::End => self.step_to(all),
            Key::Faster => self.watch.speed = (self.watch.speed * FASTER).min(10_000.0),
            Key::Slower => self.watch.speed = (self.watch.speed / FASTER).max(0.000_1),
            Key::Quit => {}
        }
    }

    fn step_to(&mut self, index: usize) {
        self.watch.is_playing = false;
        self.go_to(index);
    }

    fn go_to(&mut self, index: usize) {
        self.scrubber.at(index);
        self.now_us = self.scrubber.strip().time_us();
    }

    fn place(&self) -> usize {
        self.scrubber.place().index
    }

    /// When the last of so many entries happened. Unit: microseconds.
    fn time_at(&self, index: usize) -> u64 {
        let last = index.min(self.scrubber.entries().len());
        let entry = last
            .checked_sub(1)
            .and_then(|last| self.scrubber.entries().get(last));
        entry.map_or(0, |entry| entry.time_us)
    }

    fn draw(&self) -> io::Result<()> {
        let (heading, place) = (self.scrubber.heading(), self.scrubber.place());
        let mut frame = strip::text(heading, self.scrubber.strip(), place);
        frame.push('\n');
        let past = &self.scrubber.entries()[..place.index];
        let mut rows = ladder::last_rows(heading, past, ROWS);
        rows.resize(ROWS, String::new());
        for row in rows {
            frame.push_str(&row);
            frame.push('\n');
        }
        let mut out = io::stdout().lock();
        if self.screen {
            let speed = self.watch.speed;
            let doing = if self.watch.is_playing {
                "playing"
            } else {
                "stopped"
            };
            // Home, each line cleared to its end, then all that is below.
            let frame = frame.replace('\n', "\x1b[K\r\n");
            write!(
                out,
                "\x1b[H{frame}\x1b[K\r\n{doing}, {speed:.3} virtual seconds in a second; space \
                 n b > < 0 + - q\x1b[K\x1b[J"
            )?;
        } else {
            writeln!(out, "{frame}")?;
        }
        out.flush()
    }
}
