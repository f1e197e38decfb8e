//! The laboratory's page, for the window and for a browser: its content, the user's
//! requests, and what it shows. It uses no file, thread, clock or widget.
//!
//! ```text
//!   LaboratoryRequest (a button, a slider, a click) --> Laboratory --> take_tasks()   read, write, race
//!   News (a task is done)              -->  |  Player |
//!   tick(so much time)                 -->  |  Race   | --> questions: what to draw
//! ```
//!
//! | module | is |
//! | --- | --- |
//! | `about` | describes the object under the mouse |
//! | [`cards`] | the first experiments |
//! | [`knob`] | the sliders of a link |
//! | [`link`] | the link to the page in a browser |
//! | [`export`] | the files that can be written, and their names |
//! | `setup` | the fields, and their experiment |
//! | `looking` | the user's view of a run |
//! | `fault_injection` | fault injection: lost packets, moved sliders |
//! | `question` | a question of the class |
//! | `racing` | the shown part of a race |
//! | `quiz` | the quiz |
//! | `request` | the requests of the user |
//! | `task` | tasks for other threads, and their results |

mod about;
pub mod cards;
pub mod export;
mod fault_injection;
pub mod knob;
pub mod link;
mod looking;
mod question;
mod quiz;
mod racing;
mod request;
mod setup;
mod task;
#[cfg(test)]
mod tests;

pub use about::About;
pub use quiz::{Answered, Quiz};
pub use racing::Racing;
pub use request::LaboratoryRequest;
pub use setup::{PACKETS, Setup, bytes_of};
pub use task::{Command, News, Seen, Task, Watched};

use crate::lab::chart::kinds::ChartKind;
use crate::lab::explain::event_text;
use crate::lab::journal::Journal;
use crate::lab::ladder::Lens;
use crate::lab::player::{Player, PointOfView, Slowness};
use crate::lab::run::Experiment;
use cards::Card;
use export::Format;
use std::path::PathBuf;
use std::time::Duration;

/// The page.
#[derive(Debug)]
pub struct Laboratory {
    setup: Setup,
    content: Content,
    view: View,
    sees: PointOfView,
    lens: Lens,
    is_strip_folded: bool,
    card: Option<&'static Card>,
    /// A question of the class is open about the run that is shown.
    is_asked: bool,
    /// The slow motion: the time of a packet on the screen.
    one_way_delay: Duration,
    notice: Option<Notice>,
    tasks: Vec<Task>,
    /// A task of this kind is running.
    busy: Option<&'static str>,
    /// The client's number of the shown real transfer.
    watched: Option<u64>,
    /// Whether the user may ask the class.
    is_teacher: bool,
}

/// The middle of the page.
#[derive(Debug)]
pub enum Content {
    /// Nothing yet.
    Empty,
    /// A run, a journal or a real transfer.
    Player(Box<Player>),
    /// Several protocols over one link.
    Race(Box<Racing>),
    /// A run that stops and asks.
    Quiz(Box<Quiz>),
}

/// The diagram below the strip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// Packets between two lines.
    #[default]
    Ladder,
    /// A chart over time.
    Chart(ChartKind),
}

/// A sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The current message.
    pub sentence: String,
    /// Whether it reports a failure.
    pub is_problem: bool,
}

/// A packet's way on the wall, as the slider has it.
pub const ONE_WAY_DELAYS: (Duration, Duration) =
    (Duration::from_millis(200), Duration::from_secs(5));

impl Default for Laboratory {
    fn default() -> Self {
        Self::new(Setup::default())
    }
}

impl Laboratory {
    /// A page with these fields, before the first run.
    #[must_use]
    pub const fn new(setup: Setup) -> Self {
        Self {
            setup,
            content: Content::Empty,
            view: View::Ladder,
            sees: PointOfView::Everything,
            lens: Lens::USUAL,
            is_strip_folded: false,
            card: None,
            is_asked: false,
            one_way_delay: Duration::from_secs(1),
            notice: None,
            tasks: Vec::new(),
            busy: None,
            watched: None,
            is_teacher: false,
        }
    }

    /// Carries out a request of the user, or explains why it cannot.
    pub fn take(&mut self, request: LaboratoryRequest) {
        self.notice = None;
        if request.begins() {
            self.card = None;
        }
        if request.moves() {
            self.lens.back_us = 0;
        }
        let done = match request {
            LaboratoryRequest::Run(setup) => self.run(setup),
            LaboratoryRequest::Race(setup) => self.race(setup),
            LaboratoryRequest::Predict(setup) => self.predict(setup),
            LaboratoryRequest::OpenCard(card) => return self.open_card(card),
            LaboratoryRequest::ShowCards => {
                self.show_cards();
                Ok(())
            }
            LaboratoryRequest::See(sees) => {
                self.see_from(sees);
                Ok(())
            }
            LaboratoryRequest::SetTimeScale(scale) => {
                self.set_time_scale(scale);
                Ok(())
            }
            LaboratoryRequest::Scroll(steps) => {
                self.scroll(steps);
                Ok(())
            }
            LaboratoryRequest::Zoom(steps) => {
                self.zoom(steps);
                Ok(())
            }
            LaboratoryRequest::FoldStrip => {
                self.is_strip_folded = !self.is_strip_folded;
                Ok(())
            }
            LaboratoryRequest::PlayOrPause => {
                self.play_or_pause();
                Ok(())
            }
            LaboratoryRequest::Step => self.step(Player::step_packet, "This is the end."),
            LaboratoryRequest::StepBack => {
                self.step(Player::step_packet_back, "This is the beginning.")
            }
            LaboratoryRequest::Restart => self.restart(),
            LaboratoryRequest::Seek(share) => {
                self.seek(share);
                Ok(())
            }
            LaboratoryRequest::SetOneWayDelay(one_way_delay) => {
                self.set_one_way_delay(one_way_delay);
                Ok(())
            }
            LaboratoryRequest::Turn(knob, place) => self.turn(knob, place),
            LaboratoryRequest::Kill(label) => self.kill(label),
            LaboratoryRequest::Show(view) => {
                self.view = view;
                Ok(())
            }
            LaboratoryRequest::Answer(choice) => {
                self.answer(choice);
                Ok(())
            }
            LaboratoryRequest::NextQuestion => {
                if let Content::Quiz(quiz) = &mut self.content {
                    quiz.next_question();
                }
                Ok(())
            }
            LaboratoryRequest::AskClass => self.ask_class(),
            LaboratoryRequest::Open(place) => {
                self.begin(Task::Open(place), "Reading\u{2026}");
                Ok(())
            }
            LaboratoryRequest::Export(format, place) => self.export(format, place),
            LaboratoryRequest::Tell(notice) => {
                self.notice = Some(notice);
                Ok(())
            }
            LaboratoryRequest::Write(place, bytes) => {
                self.write(place, bytes);
                Ok(())
            }
        };
        if let Err(sentence) = done {
            self.complain(sentence);
        }
        self.settle();
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
                self.put(Content::Player(player));
                self.say(format!("{name}: {events} events."));
            }
            News::Opened(name, Err(why)) => {
                self.complain(format!("{name} cannot be opened: {why}."));
            }
            News::Raced(Ok(race)) => {
                self.leave();
                self.content = Content::Race(Box::new(Racing::new(race)));
            }
            News::Written(Ok(place)) => {
                self.say(format!("Written: {}", place.display()));
            }
            News::Raced(Err(why)) | News::Written(Err(why)) => self.complain(why),
        }
        self.settle();
    }

    /// Advances by this much wall-clock time; returns whether the picture has changed.
    pub fn tick(&mut self, wall: Duration) -> bool {
        match &mut self.content {
            Content::Empty => false,
            Content::Player(player) => {
                let is_other = player.tick(wall);
                if let Some(stuck) = player.problem().filter(|_| is_other) {
                    self.complain(format!("The run cannot go on: {stuck}."));
                }
                is_other
            }
            Content::Quiz(quiz) => quiz.tick(wall),
            Content::Race(racing) => racing.tick(wall),
        }
    }

    /// The tasks for other threads.
    pub fn take_tasks(&mut self) -> Vec<Task> {
        std::mem::take(&mut self.tasks)
    }

    /// The watched transfer has new events.
    pub fn see(&mut self, news: Watched) {
        let Watched { tag, seen, is_over } = news;
        if let Some(heading) = seen.heading {
            self.setup = Setup::of(&heading);
            self.card = None;
            self.put(Content::Player(Box::new(Player::live(heading))));
            self.watched = Some(tag);
        }
        if self.watched != Some(tag) {
            return; // Something else is shown meanwhile.
        }
        let Content::Player(player) = &mut self.content else {
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
        self.settle();
    }

    /// The fields; lost packets and moved sliders change the scenario.
    #[must_use]
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The middle of the page.
    #[must_use]
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// The same, for the driver that feeds a real transfer into it.
    pub fn player_mut(&mut self) -> Option<&mut Player> {
        match &mut self.content {
            Content::Player(player) => Some(player),
            Content::Empty | Content::Race(_) | Content::Quiz(_) => None,
        }
    }

    /// The run, journal or transfer whose strip and packets are shown.
    #[must_use]
    pub fn player(&self) -> Option<&Player> {
        match &self.content {
            Content::Player(player) => Some(player),
            Content::Quiz(quiz) => Some(quiz.player()),
            Content::Empty | Content::Race(_) => None,
        }
    }

    /// The diagram below the strip.
    #[must_use]
    pub const fn view(&self) -> View {
        self.view
    }

    /// Whether packets can be killed.
    #[must_use]
    pub fn can_inject_faults(&self) -> bool {
        let is_simulation = self.player().is_some_and(Player::is_simulation);
        is_simulation || self.watched.is_some()
    }

    /// The slow motion: the time of a packet on the screen.
    #[must_use]
    pub const fn one_way_delay(&self) -> Duration {
        self.one_way_delay
    }

    /// The current message.
    #[must_use]
    pub const fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref()
    }

    /// A word for the running task.
    #[must_use]
    pub const fn busy(&self) -> Option<&'static str> {
        self.busy
    }

    /// Whether it is playing.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        match &self.content {
            Content::Race(racing) => racing.is_playing,
            Content::Empty | Content::Player(_) | Content::Quiz(_) => {
                self.player().is_some_and(Player::is_playing)
            }
        }
    }

    /// The position in the known time, and the end of that time. Unit: microseconds.
    #[must_use]
    pub fn times_us(&self) -> (u64, u64) {
        match &self.content {
            Content::Race(racing) => (racing.position_us, racing.end_us()),
            Content::Empty | Content::Player(_) | Content::Quiz(_) => self
                .player()
                .map_or((0, 0), |player| (player.position_us(), player.end_us())),
        }
    }

    fn run(&mut self, setup: Setup) -> Result<(), String> {
        let experiment = setup.experiment();
        self.setup = setup;
        let mut player = Player::simulation(experiment?);
        player.play();
        self.leave();
        self.put(Content::Player(Box::new(player)));
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
        let quiz = Quiz::of(&experiment?)?;
        self.leave();
        self.content = Content::Quiz(Box::new(quiz));
        self.view = View::Ladder;
        Ok(())
    }

    fn begin(&mut self, task: Task, word: &'static str) {
        self.busy = Some(word);
        self.tasks.push(task);
    }

    /// The real transfer is not watched any more, and continues.
    fn leave(&mut self) {
        if self.watched.take().is_some() {
            self.tasks.push(Task::OfController(Command::StopWatching));
        }
    }

    fn put(&mut self, content: Content) {
        self.content = content;
        self.is_asked = false;
        self.set_one_way_delay(self.one_way_delay);
    }

    fn play_or_pause(&mut self) {
        match &mut self.content {
            Content::Player(player) if player.is_playing() => player.pause(),
            Content::Player(player) => player.play(),
            Content::Race(racing) => racing.play_or_pause(),
            Content::Empty | Content::Quiz(_) => {}
        }
    }

    fn step(
        &mut self,
        step: impl Fn(&mut Player) -> bool,
        end: &str,
    ) -> Result<(), String> {
        match &mut self.content {
            Content::Player(player) => {
                let newest = step(player)
                    .then(|| player.place().index.checked_sub(1))
                    .flatten();
                let sentence = newest.map_or(end.to_owned(), |newest| {
                    event_text(&player.entries()[newest], player.heading())
                });
                self.say(sentence);
                Ok(())
            }
            Content::Empty => {
                Err("There is nothing to step through: press Run.".to_owned())
            }
            Content::Race(_) | Content::Quiz(_) => Ok(()),
        }
    }

    fn restart(&mut self) -> Result<(), String> {
        match &mut self.content {
            Content::Player(player) if player.is_simulation() => {
                let mut setup = self.setup.clone();
                setup.scenario = player.scenario().to_string();
                self.run(setup)
            }
            Content::Player(player) => {
                player.go_to(0);
                Ok(())
            }
            Content::Race(racing) => {
                racing.position_us = 0;
                racing.is_playing = true;
                Ok(())
            }
            Content::Empty | Content::Quiz(_) => Ok(()),
        }
    }

    fn seek(&mut self, share: f64) {
        let (_, end_us) = self.times_us();
        let time_us = share_of(end_us, share);
        match &mut self.content {
            Content::Player(player) => {
                player.pause();
                player.seek(time_us);
            }
            Content::Race(racing) => {
                racing.is_playing = false;
                racing.position_us = time_us;
            }
            Content::Empty | Content::Quiz(_) => {}
        }
    }

    fn set_one_way_delay(&mut self, one_way_delay: Duration) {
        let (shortest, longest) = ONE_WAY_DELAYS;
        self.one_way_delay = one_way_delay.clamp(shortest, longest);
        if let Content::Player(player) = &mut self.content {
            player.set_slowness(Slowness::OneWayDelay(self.one_way_delay));
        }
    }

    fn answer(&mut self, choice: usize) {
        if let Content::Quiz(quiz) = &mut self.content {
            quiz.answer(choice);
        }
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place on a slider"
)]
fn share_of(time_us: u64, share: f64) -> u64 {
    (time_us as f64 * share.clamp(0.0, 1.0)).round() as u64
}

/// A journal of a finished run, for a player.
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
