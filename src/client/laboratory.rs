//! The laboratory's page in the window, without the window: what is open, what a person
//! wants, what is to be shown. Pure: no file, no thread, no clock, no widget.
//!
//! ```text
//!   Wish (a button, a slider, a click) --> Laboratory --> take_tasks()   read, write, race
//!   News (a task is done)              -->  |  Player |
//!   tick(so much time)                 -->  |  Race   | --> questions: what to draw
//! ```
//!
//! | module | is |
//! | --- | --- |
//! | `about` | what is under the mouse
//! | [`knob`] | sliders over a link |
//! | [`export`] | what can be written, and under which name |
//! | `setup` | the fields, and what they mean |
//! | `quiz` | what does the sender do next? |
//! | [`tasks`] | what takes a disk or a while: done by threads |

mod about;
pub mod export;
pub mod knob;
mod quiz;
mod setup;
pub mod tasks;
#[cfg(test)]
mod tests;

pub use about::About;
pub use quiz::{Answered, Quiz};
pub use setup::{SIZES, Setup};

use crate::client::controller::Intent;
use crate::client::watching::Watched;
use crate::lab::chart::kinds::Kind;
use crate::lab::explain::happening;
use crate::lab::journal::{Entry, Happening, Journal, Meddling};
use crate::lab::player::{Player, Slowness};
use crate::lab::race::Race;
use crate::lab::run::Experiment;
use crate::link::{Label, Scenario};
use export::Format;
use knob::Knob;
use std::path::PathBuf;
use std::time::Duration;

/// Everything on the page.
#[derive(Debug)]
pub struct Laboratory {
    setup: Setup,
    stage: Stage,
    view: View,
    /// How long a packet's way takes on the wall.
    way: Duration,
    notice: Option<Notice>,
    tasks: Vec<Task>,
    /// A task of this kind is under way.
    busy: Option<&'static str>,
    /// The real transfer on the stage, by our number for it.
    watched: Option<u64>,
}

/// What stands in the middle of the page.
#[derive(Debug)]
pub enum Stage {
    /// Nothing yet.
    Empty,
    /// A run, a journal or a real transfer.
    Player(Box<Player>),
    /// Several protocols over one link.
    Race(Box<Racing>),
    /// A run that stops and asks.
    Quiz(Box<Quiz>),
}

/// A race, as far as it is shown.
#[derive(Debug)]
pub struct Racing {
    /// All of it: virtual time waits for nobody.
    pub race: Race,
    /// Unit: microseconds.
    pub position_us: u64,
    /// Whether it goes on by itself.
    pub is_playing: bool,
}

/// What is drawn below the strip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// Packets between two lines.
    #[default]
    Ladder,
    /// A chart over time.
    Chart(Kind),
}

/// A sentence for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What there is to say.
    pub sentence: String,
    /// Whether something went wrong.
    pub is_problem: bool,
}

/// What a person wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// Run what the fields say.
    Run(Setup),
    /// Run all protocols over the link of the fields.
    Race(Setup),
    /// Ask what comes next, of what the fields say.
    Predict(Setup),
    /// Go on if it stands still, and the other way round.
    PlayOrPause,
    /// To the next packet.
    Step,
    /// To the packet before.
    StepBack,
    /// To the beginning; a run that was meddled with begins anew with its scenario.
    Restart,
    /// To this share of the time that is known.
    Seek(f64),
    /// A packet's way takes so long on the wall.
    SetWay(Duration),
    /// This knob to this place.
    Turn(Knob, usize),
    /// Lose this packet.
    Kill(Label),
    /// Draw this below the strip.
    Show(View),
    /// This answer to the question.
    Answer(usize),
    /// The next question.
    NextQuestion,
    /// Open the journal at this place.
    Open(PathBuf),
    /// Write this, at this place.
    Export(Format, PathBuf),
    /// Write these bytes, at this place.
    Write(PathBuf, Vec<u8>),
}

/// What takes a disk or a while.
#[derive(Debug)]
pub enum Task {
    /// Read this journal.
    Open(PathBuf),
    /// Run these.
    Race(Vec<Experiment>),
    /// Write these bytes under this name, or one beside it that is free.
    Write(PathBuf, Vec<u8>),
    /// For the controller: something with a real transfer.
    Meddle(Intent),
}

/// What became of a task.
#[derive(Debug)]
pub enum News {
    /// A journal was read: its name, itself.
    Opened(String, Result<Box<Player>, String>),
    /// A race was run.
    Raced(Result<Race, String>),
    /// A file was written, there.
    Written(Result<PathBuf, String>),
}

/// A packet's way on the wall, as the slider has it.
pub const WAYS: (Duration, Duration) =
    (Duration::from_millis(200), Duration::from_secs(5));

/// A whole race is shown in so much time.
const RACE_SECONDS: u64 = 8;

impl Wish {
    /// Whether something new comes onto the page: the keys that play are for it.
    #[must_use]
    pub const fn begins(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Race(_) | Self::Predict(_))
    }
}

impl Default for Laboratory {
    fn default() -> Self {
        Self::new(Setup::default())
    }
}

impl Laboratory {
    /// With these fields filled in, and nothing run yet.
    #[must_use]
    pub const fn new(setup: Setup) -> Self {
        Self {
            setup,
            stage: Stage::Empty,
            view: View::Ladder,
            way: Duration::from_secs(1),
            notice: None,
            tasks: Vec::new(),
            busy: None,
            watched: None,
        }
    }

    /// Does what a person wants, or says why not.
    pub fn take(&mut self, wish: Wish) {
        self.notice = None;
        let done = match wish {
            Wish::Run(setup) => self.run(setup),
            Wish::Race(setup) => self.race(setup),
            Wish::Predict(setup) => self.predict(setup),
            Wish::PlayOrPause => {
                self.play_or_pause();
                Ok(())
            }
            Wish::Step => self.step(Player::step_packet, "This is the end."),
            Wish::StepBack => {
                self.step(Player::step_packet_back, "This is the beginning.")
            }
            Wish::Restart => self.restart(),
            Wish::Seek(share) => {
                self.seek(share);
                Ok(())
            }
            Wish::SetWay(way) => {
                self.set_way(way);
                Ok(())
            }
            Wish::Turn(knob, place) => self.turn(knob, place),
            Wish::Kill(label) => self.kill(label),
            Wish::Show(view) => {
                self.view = view;
                Ok(())
            }
            Wish::Answer(choice) => self.answer(choice),
            Wish::NextQuestion => {
                if let Stage::Quiz(quiz) = &mut self.stage {
                    quiz.go_on();
                }
                Ok(())
            }
            Wish::Open(place) => {
                self.begin(Task::Open(place), "Reading\u{2026}");
                Ok(())
            }
            Wish::Export(format, place) => self.export(format, place),
            Wish::Write(place, bytes) => {
                self.write(place, bytes);
                Ok(())
            }
        };
        if let Err(sentence) = done {
            self.complain(sentence);
        }
    }

    /// A task is done.
    pub fn hear(&mut self, news: News) {
        self.busy = None;
        self.notice = None;
        match news {
            News::Opened(name, Ok(player)) => {
                let events = player.entries().len();
                self.setup = Setup::of(player.heading());
                self.leave();
                self.put(Stage::Player(player));
                self.say(format!("{name}: {events} events."));
            }
            News::Opened(name, Err(why)) => {
                self.complain(format!("{name} cannot be opened: {why}."));
            }
            News::Raced(Ok(race)) => {
                self.leave();
                self.stage = Stage::Race(Box::new(Racing {
                    race,
                    position_us: 0,
                    is_playing: true,
                }));
            }
            News::Raced(Err(why)) => self.complain(why),
            News::Written(Ok(place)) => {
                self.say(format!("Written: {}", place.display()));
            }
            News::Written(Err(why)) => self.complain(why),
        }
    }

    /// So much time has passed on the wall; whether anything looks different now.
    pub fn tick(&mut self, wall: Duration) -> bool {
        match &mut self.stage {
            Stage::Empty => false,
            Stage::Player(player) => {
                let is_other = player.tick(wall);
                if let Some(stuck) = player.problem().filter(|_| is_other) {
                    self.complain(format!("The run cannot go on: {stuck}."));
                }
                is_other
            }
            Stage::Quiz(quiz) => quiz.tick(wall),
            Stage::Race(racing) => racing.tick(wall),
        }
    }

    /// What is to be done elsewhere.
    pub fn take_tasks(&mut self) -> Vec<Task> {
        std::mem::take(&mut self.tasks)
    }

    /// Something has happened in the real transfer that is watched.
    pub fn see(&mut self, news: Watched) {
        let Watched { tag, seen, is_over } = news;
        if let Some(heading) = seen.heading {
            self.setup = Setup::of(&heading);
            self.put(Stage::Player(Box::new(Player::live(heading))));
            self.watched = Some(tag);
        }
        if self.watched != Some(tag) {
            return; // Something else came onto the stage meanwhile.
        }
        let Stage::Player(player) = &mut self.stage else {
            return;
        };
        if !seen.entries.is_empty() {
            player.push(seen.entries);
            self.setup.scenario = player.scenario().to_string();
        }
        if is_over {
            player.end();
        }
        if seen.is_full {
            self.say("It is too long to keep: what comes now is not shown.".to_owned());
        }
    }

    /// The fields; the scenario grows by what is killed and turned.
    #[must_use]
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// What stands in the middle.
    #[must_use]
    pub const fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The same, for whoever feeds a real transfer into it.
    pub fn player_mut(&mut self) -> Option<&mut Player> {
        match &mut self.stage {
            Stage::Player(player) => Some(player),
            Stage::Empty | Stage::Race(_) | Stage::Quiz(_) => None,
        }
    }

    /// The run, journal or transfer whose strip and packets are shown.
    #[must_use]
    pub fn player(&self) -> Option<&Player> {
        match &self.stage {
            Stage::Player(player) => Some(player),
            Stage::Quiz(quiz) => Some(quiz.player()),
            Stage::Empty | Stage::Race(_) => None,
        }
    }

    /// What is drawn below the strip.
    #[must_use]
    pub const fn view(&self) -> View {
        self.view
    }

    /// How long a packet's way takes on the wall.
    #[must_use]
    pub const fn way(&self) -> Duration {
        self.way
    }

    /// What there is to say.
    #[must_use]
    pub const fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref()
    }

    /// What is being waited for, in a word.
    #[must_use]
    pub const fn busy(&self) -> Option<&'static str> {
        self.busy
    }

    /// Whether it goes on by itself.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        match &self.stage {
            Stage::Race(racing) => racing.is_playing,
            Stage::Empty | Stage::Player(_) | Stage::Quiz(_) => {
                self.player().is_some_and(Player::is_playing)
            }
        }
    }

    /// Where in the known time it stands, and where that ends. Unit: microseconds.
    #[must_use]
    pub fn times_us(&self) -> (u64, u64) {
        match &self.stage {
            Stage::Race(racing) => (racing.position_us, racing.end_us()),
            Stage::Empty | Stage::Player(_) | Stage::Quiz(_) => self
                .player()
                .map_or((0, 0), |player| (player.position_us(), player.end_us())),
        }
    }

    fn run(&mut self, setup: Setup) -> Result<(), String> {
        let experiment = setup.experiment();
        self.setup = setup;
        let mut player = Player::stage(experiment?);
        player.play();
        self.leave();
        self.put(Stage::Player(Box::new(player)));
        Ok(())
    }

    fn race(&mut self, setup: Setup) -> Result<(), String> {
        let lanes = setup.lanes();
        self.setup = setup;
        self.begin(Task::Race(lanes?), "Racing\u{2026}");
        Ok(())
    }

    fn predict(&mut self, setup: Setup) -> Result<(), String> {
        let experiment = setup.experiment();
        self.setup = setup;
        let quiz = Quiz::of(experiment?)?;
        self.leave();
        self.stage = Stage::Quiz(Box::new(quiz));
        self.view = View::Ladder;
        Ok(())
    }

    fn begin(&mut self, task: Task, word: &'static str) {
        self.busy = Some(word);
        self.tasks.push(task);
    }

    /// The real transfer that was watched goes on without us.
    fn leave(&mut self) {
        if self.watched.take().is_some() {
            self.tasks.push(Task::Meddle(Intent::Watch { tag: None }));
        }
    }

    fn put(&mut self, stage: Stage) {
        self.stage = stage;
        self.set_way(self.way);
    }

    fn play_or_pause(&mut self) {
        match &mut self.stage {
            Stage::Player(player) if player.is_playing() => player.pause(),
            Stage::Player(player) => player.play(),
            Stage::Race(racing) => racing.play_or_pause(),
            Stage::Empty | Stage::Quiz(_) => {}
        }
    }

    fn step(
        &mut self,
        step: impl Fn(&mut Player) -> bool,
        end: &str,
    ) -> Result<(), String> {
        match &mut self.stage {
            Stage::Player(player) => {
                let newest = step(player)
                    .then(|| player.place().index.checked_sub(1))
                    .flatten();
                let sentence = newest.map_or(end.to_owned(), |newest| {
                    happening(&player.entries()[newest], player.heading())
                });
                self.say(sentence);
                Ok(())
            }
            Stage::Empty => {
                Err("There is nothing to step through: press Run.".to_owned())
            }
            Stage::Race(_) | Stage::Quiz(_) => Ok(()),
        }
    }

    fn restart(&mut self) -> Result<(), String> {
        match &mut self.stage {
            Stage::Player(player) if player.is_stage() => {
                let mut setup = self.setup.clone();
                setup.scenario = player.scenario().to_string();
                self.run(setup)
            }
            Stage::Player(player) => {
                player.go_to(0);
                Ok(())
            }
            Stage::Race(racing) => {
                racing.position_us = 0;
                racing.is_playing = true;
                Ok(())
            }
            Stage::Empty | Stage::Quiz(_) => Ok(()),
        }
    }

    fn seek(&mut self, share: f64) {
        let (_, end_us) = self.times_us();
        let time_us = share_of(end_us, share);
        match &mut self.stage {
            Stage::Player(player) => {
                player.pause();
                player.seek(time_us);
            }
            Stage::Race(racing) => {
                racing.is_playing = false;
                racing.position_us = time_us;
            }
            Stage::Empty | Stage::Quiz(_) => {}
        }
    }

    fn set_way(&mut self, way: Duration) {
        let (shortest, longest) = WAYS;
        self.way = way.clamp(shortest, longest);
        if let Stage::Player(player) = &mut self.stage {
            player.set_slowness(Slowness::Way(self.way));
        }
    }

    fn turn(&mut self, knob: Knob, place: usize) -> Result<(), String> {
        let line = knob.turned(&self.setup.scenario, place);
        let scenario: Scenario = line.parse().map_err(setup::unreadable)?;
        self.setup.scenario = line;
        if self.watched.is_some() {
            let intent = Intent::ChangeLink(Box::new(scenario));
            self.tasks.push(Task::Meddle(intent));
        } else if let Stage::Player(player) = &mut self.stage {
            player.change(scenario); // Of a journal nothing can be changed.
        }
        Ok(())
    }

    /// Loses a packet: of a run at its newest moment for real; of its past by running it
    /// anew with the packet's `drop=`, which is the same up to that packet.
    fn kill(&mut self, label: Label) -> Result<(), String> {
        let Stage::Player(player) = &mut self.stage else {
            return Ok(());
        };
        if let Some(tag) = self.watched.filter(|_| player.can_kill()) {
            let packet = label;
            let intent = Intent::Kill { tag, packet };
            self.tasks.push(Task::Meddle(intent));
            return Ok(());
        }
        if !player.is_stage() {
            return Err(
                "A journal is over: run it, and packets can be killed.".to_owned()
            );
        }
        let now_us = player.position_us();
        player.seek(now_us); // All of this moment has happened.
        if !player.can_kill() {
            return self.kill_in_the_past(label, now_us);
        }
        if !player.kill(label) {
            return Err(format!("{label} is not in flight any more."));
        }
        self.setup.scenario = player.scenario().to_string();
        self.say(format!("{label} is killed; the line above has it."));
        Ok(())
    }

    fn kill_in_the_past(&mut self, label: Label, now_us: u64) -> Result<(), String> {
        let Some(player) = self.player().filter(|player| !was_changed(player)) else {
            return Err("The link was changed later on: kill one at the end.".to_owned());
        };
        let mut scenario = player.scenario().clone();
        scenario.lose(label);
        let line = scenario.to_string();
        let mut setup = self.setup.clone();
        setup.scenario.clone_from(&line);
        self.run(setup)?;
        if let Stage::Player(player) = &mut self.stage {
            player.pause();
            player.seek(now_us);
        }
        self.say(format!("Run anew up to here, without {label}."));
        Ok(())
    }

    fn answer(&mut self, choice: usize) -> Result<(), String> {
        if let Stage::Quiz(quiz) = &mut self.stage {
            quiz.answer(choice);
        }
        Ok(())
    }

    fn export(&mut self, format: Format, place: PathBuf) -> Result<(), String> {
        let bytes = format.bytes(self)?;
        self.write(place, bytes);
        Ok(())
    }

    fn write(&mut self, place: PathBuf, bytes: Vec<u8>) {
        self.begin(Task::Write(place, bytes), "Writing\u{2026}");
    }

    fn say(&mut self, sentence: String) {
        self.notice = Some(Notice {
            sentence,
            is_problem: false,
        });
    }

    fn complain(&mut self, sentence: String) {
        self.notice = Some(Notice {
            sentence,
            is_problem: true,
        });
    }
}

impl Racing {
    fn end_us(&self) -> u64 {
        u64::try_from(self.race.longest().as_micros()).unwrap_or(u64::MAX)
    }

    fn play_or_pause(&mut self) {
        if self.position_us >= self.end_us() {
            self.position_us = 0;
        }
        self.is_playing = !self.is_playing;
    }

    fn tick(&mut self, wall: Duration) -> bool {
        if !self.is_playing {
            return false;
        }
        let wall_us = u64::try_from(wall.as_micros()).unwrap_or(0);
        let whole_us = RACE_SECONDS * 1_000_000;
        let step = u128::from(self.end_us()) * u128::from(wall_us) / u128::from(whole_us);
        let step = u64::try_from(step).unwrap_or(u64::MAX).max(1);
        self.position_us = self.position_us.saturating_add(step).min(self.end_us());
        self.is_playing = self.position_us < self.end_us();
        true
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place on a slider"
)]
fn share_of(time_us: u64, share: f64) -> u64 {
    (time_us as f64 * share.clamp(0.0, 1.0)).round() as u64
}

/// Whether somebody has turned a knob while it ran.
fn was_changed(player: &Player) -> bool {
    let is_change = |entry: &Entry| {
        matches!(entry.what, Happening::Person(Meddling::LinkChanged { .. }))
    };
    player.entries().iter().any(is_change)
}

/// A journal of a run that is over, for a player.
fn journal_of(experiment: &Experiment) -> Result<Journal, String> {
    let mut entries = Vec::new();
    experiment
        .run(|entry| entries.push(entry))
        .map_err(|stuck| format!("The run does not end: {stuck}."))?;
    Ok(Journal {
        heading: experiment.heading(),
        entries,
        is_cut: false,
        unknown: 0,
    })
}
