//! Shows an event log on a terminal: window strip and ladder, played or stepped with keys.
//!
//! The screen is drawn at most ten times per second. If stdin is not a terminal, each line is
//! a key; if stdout is not a terminal, each picture is printed below the last.

use super::keys::{Key, Keys};
use sash::lab::ladder;
use sash::lab::player::{Player, Slowness};
use sash::lab::strip;
use sash::system::terminal;
use sash::transfer::clock::Clock;
use std::io::{self, Write};
use std::time::Duration;

/// How an event log is shown.
#[derive(Clone, Copy)]
pub(crate) struct Watch {
    /// Virtual seconds per second.
    pub(crate) speed: f64,
    /// Whether it plays from the start.
    pub(crate) is_playing: bool,
    /// Where it begins. Unit: microseconds.
    pub(crate) from_us: u64,
}

/// The time between two pictures.
const FRAME: Duration = Duration::from_millis(100);

/// The same if stdout is a file or a pipe.
const PRINTED_FRAMES: u64 = 12;

/// Rows of the ladder below the strip.
const ROWS: usize = 8;

/// One press of + or -.
const FASTER: f64 = 1.5;

/// Plays to the end, or until the user quits.
pub(crate) fn play(mut player: Player, watch: Watch) -> io::Result<()> {
    player.set_slowness(Slowness::Speed(watch.speed));
    player.seek(watch.from_us);
    if watch.from_us == 0 {
        player.go_to(0);
    }
    let mut show = Show {
        screen: terminal::reads_escapes(),
        player,
    };
    if !show.screen && watch.is_playing {
        return show.print_all(watch.from_us);
    }
    if watch.is_playing {
        show.player.play();
    }
    show.run()
}

struct Show {
    player: Player,
    /// Whether stdout is a terminal that reads escape sequences.
    screen: bool,
}

impl Show {
    /// A dozen pictures from beginning to end, one below the other.
    fn print_all(&mut self, from_us: u64) -> io::Result<()> {
        let end_us = self.player.end_us();
        let step = end_us.saturating_sub(from_us) / PRINTED_FRAMES;
        for frame in 1..=PRINTED_FRAMES {
            let is_last = frame == PRINTED_FRAMES;
            let at = from_us + step * frame;
            self.player.seek(if is_last { end_us } else { at });
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
            let key = keys.wait(FRAME, self.player.is_playing());
            let now = clock.now();
            let elapsed = now - before;
            before = now;
            let place = self.player.place();
            let was_playing = self.player.is_playing();
            match key {
                Some(Key::Quit) => return Ok(()),
                Some(key) => self.press(key),
                None => {}
            }
            self.player.tick(elapsed);
            if key.is_some() || place != self.player.place() {
                self.draw()?;
            }
            // Without keys there is nothing more to show.
            if was_playing && self.player.is_over() && !keys.is_terminal() {
                return Ok(());
            }
        }
    }

    fn press(&mut self, key: Key) {
        let player = &mut self.player;
        match key {
            Key::Play if player.is_playing() => player.pause(),
            Key::Play => player.play(),
            Key::On => drop(player.step()),
            Key::Back => drop(player.step_back()),
            Key::NextMoment => drop(player.next_moment()),
            Key::LastMoment => drop(player.last_moment()),
            Key::Beginning => self.stop_at(0),
            Key::End => self.stop_at(usize::MAX),
            Key::Faster => self.set_speed(FASTER),
            Key::Slower => self.set_speed(1.0 / FASTER),
            Key::Quit => {}
        }
    }

    fn stop_at(&mut self, index: usize) {
        self.player.pause();
        self.player.go_to(index);
    }

    fn set_speed(&mut self, times: f64) {
        let speed = (self.player.speed() * times).clamp(0.000_1, 10_000.0);
        self.player.set_slowness(Slowness::Speed(speed));
    }

    fn draw(&self) -> io::Result<()> {
        let (heading, place) = (self.player.heading(), self.player.place());
        let mut frame = strip::text(heading, self.player.strip(), place);
        frame.push('\n');
        let past = &self.player.entries()[..place.index];
        let mut rows = ladder::last_rows(heading, past, ROWS);
        rows.resize(ROWS, String::new());
        for row in rows {
            frame.push_str(&row);
            frame.push('\n');
        }
        let mut out = io::stdout().lock();
        if self.screen {
            let speed = self.player.speed();
            let doing = if self.player.is_playing() {
                "playing"
            } else {
                "paused"
            };
            // Cursor home, clear each line to its end, then everything below.
            let frame = frame.replace('\n', "\x1b[K\r\n");
            write!(
                out,
                "\x1b[H{frame}\x1b[K\r\n{doing}, {speed:.3} virtual seconds per second; space \
                 n b > < 0 + - q\x1b[K\x1b[J"
            )?;
        } else {
            writeln!(out, "{frame}")?;
        }
        out.flush()
    }
}
