//! The shell around the controller: it brings what happens and performs what is decided.
//!
//! One thread, the face's own, owns the session. Everything else reaches it through one
//! channel; `wake` is called after each arrival, for a face that waits on something else.
//!
//! ```text
//! link, receivers, typist --Letter--> channel --> next() --> bring() --> controller
//!                                                              |
//!                link.send, receiving::start, sending::initiate... <-- perform()
//! ```

mod transfers;

use super::Settings;
use super::controller::{Controller, Effect, Event, Intent};
use super::homework::{self, LabRun};
use super::link::Link;
use super::model::{Model, Transfer};
use super::submission;
use super::upload;
use super::watching::{Watched, Wish};
use crate::room::login::Chance;
use crate::transfer::Report;
use crate::transfer::clock::{Clock, steady_time_ms, wall_time_ms};
use crate::transfer::hand::Hand;
use crate::transfer::part::Part;
use crate::transfer::receiving::Receiving;
use crate::transfer::sending::Sending;
use crate::transfer::threads;
use crate::wire::message::Request;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A client at work.
#[derive(Debug)]
pub struct Session {
    controller: Controller,
    settings: Settings,
    letters: Receiver<Letter>,
    /// One for each letter of a connection that waits: where there are many, its reader
    /// waits.
    tickets: Receiver<()>,
    door: Door,
    link: Option<Link>,
    /// Which connection is the present one; letters of earlier ones are thrown away.
    connection: u64,
    /// Links that are saying goodbye.
    leaving: Vec<Receiver<()>>,
    running: HashMap<u64, Running>,
    /// The partial files of downloads that were requested and not offered yet.
    parts: HashMap<u64, Part>,
    /// Where each download's part is.
    part_paths: HashMap<u64, PathBuf>,
    /// Receivers whose file is whole, and which answer a FIN until the server knows.
    lingering: HashMap<u64, Receiving>,
    /// The running class exercise.
    lab_run: Option<LabRun>,
    /// Whether what happens in each transfer is wanted.
    wishes: HashMap<u64, Wish>,
    /// The new entries of the watched transfer.
    watched: Option<Watched>,
    is_over: bool,
}

/// Our end of a transfer.
#[derive(Debug)]
enum Running {
    Download(Receiving),
    Upload(Sending),
}

/// Where a transfer's threads report to.
type Reporter = Box<dyn FnMut(Report) + Send>;

/// The received bytes.
#[derive(Debug)]
pub enum Arrival {
    /// A person wants something.
    Intent(Intent),
    /// Something happened.
    Event(Event),
}

/// The way in, for other threads.
#[derive(Clone)]
pub struct Door {
    letters: Sender<Letter>,
    tickets: Sender<()>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

/// An arrival, with the connection that it belongs to.
#[derive(Debug)]
struct Letter {
    connection: Option<u64>,
    arrival: Arrival,
}

/// Most lines of the server that wait to be looked at.
const MOST_WAITING: usize = 64;

/// Most letters that one turn of a face takes.
const MOST_AT_A_TURN: usize = 2_000;

/// How long leaving the program may take: the goodbye, and the parts put on disk.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

impl Session {
    /// A session without a connection.
    ///
    /// `wants_lists`: see [`Controller::new`]. `wake` is called from other threads.
    #[must_use]
    pub fn new(
        settings: Settings,
        wants_lists: bool,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let (sender, letters) = unbounded();
        let (ticket, tickets) = bounded(MOST_WAITING);
        let mut controller = Controller::new(settings.asked, wants_lists);
        let now_ms = steady_time_ms();
        controller.on_intent(Intent::SetPauseAt(settings.pause_at), now_ms);
        controller.on_intent(Intent::SetOverwrite(settings.overwrite), now_ms);
        let password = settings.password.clone();
        controller.on_intent(Intent::SetPassword(password), now_ms);
        controller.on_intent(Intent::AcceptLabs(settings.accepts_labs), now_ms);
        let scenario = Box::new(settings.scenario.clone());
        controller.on_intent(Intent::ChangeLink(scenario), now_ms);
        let session = Self {
            controller,
            settings,
            letters,
            tickets,
            door: Door {
                letters: sender,
                tickets: ticket,
                wake: Arc::new(wake),
            },
            link: None,
            connection: 0,
            leaving: Vec::new(),
            running: HashMap::new(),
            parts: HashMap::new(),
            part_paths: HashMap::new(),
            lingering: HashMap::new(),
            lab_run: None,
            wishes: HashMap::new(),
            watched: None,
            is_over: false,
        };
        if wants_lists {
            session.look_for_leftovers();
        }
        session
    }

    /// The model to show.
    #[must_use]
    pub fn model(&self) -> &Model {
        self.controller.model()
    }

    /// The new entries of the watched transfer since the last call.
    pub fn take_watched(&mut self) -> Option<Watched> {
        let watched = self.watched.as_mut()?;
        let seen = std::mem::take(&mut watched.seen);
        let Watched { tag, is_over, .. } = *watched;
        Some(Watched { tag, seen, is_over })
    }

    /// Whether the program shall end now.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// A way in for another thread.
    #[must_use]
    pub fn door(&self) -> Door {
        self.door.clone()
    }

    /// A person wants something; returns what was asked of the server for it.
    pub fn intend(&mut self, intent: Intent) -> Vec<Request> {
        self.intend_together([intent])
    }

    /// As [`Session::intend`]; a connection and what is sent on it leave in one flight.
    /// The face has shown the model as it was before.
    pub fn intend_together(
        &mut self,
        intents: impl IntoIterator<Item = Intent>,
    ) -> Vec<Request> {
        self.controller.forget_the_oldest_lines();
        for intent in intents {
            let now_ms = self.now_ms();
            self.controller.on_intent(intent, now_ms);
        }
        self.perform()
    }

    /// Something happened; returns what was asked of the server for it, such as what had
    /// to wait until we were in.
    pub fn bring(&mut self, event: Event) -> Vec<Request> {
        if let Event::Seen { tag, seen } = event {
            self.see(tag, seen);
            return Vec::new();
        }
        self.controller.forget_the_oldest_lines();
        if let Event::Report {
            tag,
            report: Report::Ended(_) | Report::Closed,
        } = event
        {
            self.see_the_end(tag);
        }
        self.forget_what_ended(&event);
        self.happen(event);
        self.perform()
    }

    /// Waits for the next arrival; after `timeout` it is a tick.
    #[must_use]
    pub fn next(&mut self, timeout: Duration) -> Arrival {
        let clock = Clock::start();
        while let Some(left) = timeout.checked_sub(clock.now().since_start()) {
            match self.letters.recv_timeout(left) {
                Ok(letter) if self.accept(&letter) => return letter.arrival,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        Arrival::Event(Event::Tick)
    }

    /// Takes everything that has arrived, without waiting, and a tick: for a face with a
    /// loop of its own, at each wake and once a second. Of very much it takes a part, and
    /// wakes the face again.
    pub fn turn(&mut self) {
        for _ in 0..MOST_AT_A_TURN {
            let Ok(letter) = self.letters.try_recv() else {
                break;
            };
            if !self.accept(&letter) {
                continue;
            }
            match letter.arrival {
                Arrival::Intent(intent) => {
                    self.intend(intent);
                }
                Arrival::Event(event) => {
                    self.bring(event);
                }
            }
        }
        self.bring(Event::Tick);
        if !self.letters.is_empty() {
            (self.door.wake)();
        }
    }

    /// Gives a letter's ticket back; whether it is of the present connection, or of none.
    fn accept(&self, letter: &Letter) -> bool {
        if letter.connection.is_some() {
            let _ = self.tickets.try_recv();
        }
        letter.connection.is_none_or(|it| it == self.connection)
    }

    fn happen(&mut self, event: Event) {
        let now_ms = self.now_ms();
        self.controller.on_event(event, now_ms);
    }

    /// The time by which the controller waits. Users see the time of day, which may be
    /// changed meanwhile.
    fn now_ms(&mut self) -> u64 {
        let now_ms = steady_time_ms();
        self.controller.set_time_of_day(now_ms, wall_time_ms());
        now_ms
    }

    /// Performs what the controller decided; returns what was asked of the server.
    fn perform(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        loop {
            let effects = self.controller.take_effects();
            if effects.is_empty() {
                break;
            }
            for effect in effects {
                requests.extend(self.perform_one(effect));
            }
        }
        let Self {
            parts, controller, ..
        } = self;
        let is_awaited = |tag| controller.model().transfer(tag).is_some_and(is_running);
        parts.retain(|tag, _| is_awaited(*tag));
        self.start_link();
        requests
    }

    /// Performs one effect; returns what was asked of the server by it.
    fn perform_one(&mut self, effect: Effect) -> Option<Request> {
        match effect {
            Effect::Connect(address) => {
                self.connection += 1;
                self.link = Some(Link::new(address, self.settings.tap.clone()));
            }
            Effect::Send(request) => {
                let request = self.prepare(request)?;
                if let Some(link) = &self.link {
                    link.send(request.clone());
                }
                return Some(request);
            }
            Effect::Draw => self.draw(),
            Effect::RunLab { number, assignment } => {
                let door = self.door.clone();
                let run = homework::start(assignment, move |outcome| {
                    door.event(None, Event::LabRan { number, outcome });
                });
                self.lab_run = Some(run); // An earlier one ends.
            }
            Effect::ReadSubmission(path) => {
                self.happen(Event::SubmissionRead(submission::read(&path)));
            }
            Effect::StartDownload { tag, offer, keys } => {
                self.start_download(tag, &offer, keys);
            }
            Effect::OpenUpload { tag, path } => {
                let found = upload::look_at(&path);
                let event = Event::Opened { tag, found };
                self.happen(event);
            }
            Effect::StartUpload { tag, offer, keys } => {
                self.start_upload(tag, &offer, keys);
            }
            Effect::PauseTransfer { tag, is_paused } => match self.running.get(&tag) {
                Some(Running::Download(receiving)) => receiving.set_paused(is_paused),
                Some(Running::Upload(sending)) => sending.set_paused(is_paused),
                None => {}
            },
            Effect::JudgeUpload { tag, state } => {
                if let Some(Running::Upload(sending)) = self.running.get(&tag) {
                    sending.verdict(state);
                }
            }
            Effect::CancelTransfer { tag } => match self.running.get(&tag) {
                Some(Running::Download(receiving)) => receiving.cancel(),
                Some(Running::Upload(sending)) => sending.cancel(),
                None => {}
            },
            Effect::Watch { tag } => self.watch(tag),
            Effect::Kill { tag, packet } => self.meddle(tag, Hand::Kill(packet)),
            Effect::ChangeLink(scenario) => {
                for tag in self.running.keys() {
                    self.meddle(*tag, Hand::Change(scenario.clone()));
                }
                self.settings.scenario = *scenario;
            }
            Effect::DiscardPart { tag } => {
                let part = self.part_paths.remove(&tag);
                self.discard(Some(tag), part.into_iter().collect());
            }
            Effect::DiscardLeftovers(parts) => self.discard(None, parts),
            Effect::ShowFolder(folder) => self.show_folder(folder),
            Effect::ReleaseDownload { tag } => {
                if let Some(receiver) = self.lingering.remove(&tag) {
                    receiver.release();
                }
            }
            Effect::HangUp => {
                self.start_link();
                self.connection += 1;
                self.leaving.extend(self.link.take().map(Link::hang_up));
            }
            Effect::Quit => self.say_farewell(),
        }
        None
    }

    /// Draws the random numbers of a login.
    fn draw(&mut self) {
        let mut chance = Chance([0; 32]);
        let event = match getrandom::fill(&mut chance.0) {
            Ok(()) => Event::Drawn(chance),
            Err(error) => {
                self.link = None;
                let sentence = format!(
                    "This computer cannot make random numbers: \
                                        {error}."
                );
                Event::Unreachable(sentence)
            }
        };
        self.happen(event);
    }

    /// Only now: all that was asked together waits in the link, and leaves in one flight.
    fn start_link(&mut self) {
        let connection = Some(self.connection);
        if let Some(link) = &mut self.link {
            let door = self.door.clone();
            link.start(move |event| door.event(connection, event));
        }
    }

    fn remark(&mut self, sentence: String) {
        self.happen(Event::Remark(sentence));
    }

    fn forget_what_ended(&mut self, event: &Event) {
        match event {
            Event::Report {
                tag,
                report: Report::Ended(_),
            } => {
                if let Some(Running::Download(receiver)) = self.running.remove(tag) {
                    self.lingering.insert(*tag, receiver);
                }
            }
            Event::Unreachable(_) | Event::Lost(_) => {
                self.link = None;
                self.lingering.clear();
            }
            Event::Connected { .. }
            | Event::Reply(_)
            | Event::RoundTrip(_)
            | Event::Drawn(_)
            | Event::LabRan { .. }
            | Event::SubmissionRead(_)
            | Event::Opened { .. }
            | Event::Report { .. }
            | Event::Skipped { .. }
            | Event::LeftoversFound(_)
            | Event::Discarded { .. }
            | Event::Seen { .. }
            | Event::FolderNotShown(_)
            | Event::Remark(_)
            | Event::Tick => {}
        }
    }

    /// Waits, not for long, until the goodbye is out and every part is on disk.
    fn say_farewell(&mut self) {
        self.is_over = true;
        let clock = Clock::start();
        let left = || FAREWELL_TIMEOUT.saturating_sub(clock.now().since_start());
        for ended in self.leaving.drain(..) {
            let _ = ended.recv_timeout(left());
        }
        while !self.running.is_empty() {
            let Ok(letter) = self.letters.recv_timeout(left()) else {
                return log::warn!("quit before all transfers had ended");
            };
            self.accept(&letter);
            if let Arrival::Event(event) = letter.arrival {
                self.forget_what_ended(&event);
                self.happen(event);
            }
        }
    }
}

/// Does something that may take a while. Where the system has no thread left, it is not
/// done, and the log reports it.
fn in_background(name: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = threads::start(name.to_owned(), work) {
        log::warn!("cannot start {name}: {error}");
    }
}

fn is_running(transfer: &Transfer) -> bool {
    !transfer.state.is_end()
}

impl Door {
    /// Brings what a person wants.
    pub fn intend(&self, intent: Intent) {
        self.bring(Letter {
            connection: None,
            arrival: Arrival::Intent(intent),
        });
    }

    fn event(&self, connection: Option<u64>, event: Event) {
        self.bring(Letter {
            connection,
            arrival: Arrival::Event(event),
        });
    }

    fn bring(&self, letter: Letter) {
        // Before a server that talks faster than we listen fills our memory, its reader
        // waits here, and TCP holds it back.
        if letter.connection.is_some() {
            let _ = self.tickets.send(());
        }
        // A session that is gone needs no letters.
        let _ = self.letters.send(letter);
        (self.wake)();
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}
