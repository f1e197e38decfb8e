//! The driver of the controller: it delivers events and carries out the effects.
//!
//! The thread of the front end owns the session. Everything else reaches it through one
//! channel; `wake` is called after each message, for a front end that waits for something
//! else.
//!
//! ```text
//! link, receivers, typist --Letter--> channel --> next() --> bring() --> controller
//!                                                              |
//!                link.send, receiving::start, sending::initiate... <-- perform()
//! ```

mod transfers;

use super::Settings;
use super::chat_connection::ChatConnection;
use super::class_exercise::{self, LabRun};
use super::controller::{Controller, Effect, Event, Intent};
use super::model::{Model, Transfer};
use super::submission;
use super::upload;
use super::watching::{WatchSwitch, Watched};
use crate::room::login::Entropy;
use crate::transfer::Report;
use crate::transfer::clock::{Clock, steady_time_ms, wall_time_ms};
use crate::transfer::link_control::LinkControl;
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

/// A running client.
#[derive(Debug)]
pub struct Session {
    controller: Controller,
    settings: Settings,
    arrivals: Receiver<QueuedArrival>,
    /// One ticket for each waiting message of a connection: if there are too many, its
    /// reader waits.
    tickets: Receiver<()>,
    handle: SessionHandle,
    chat_connection: Option<ChatConnection>,
    /// The number of the current connection; messages of earlier ones are dropped.
    connection: u64,
    /// Connections that are closing.
    leaving: Vec<Receiver<()>>,
    running: HashMap<u64, Running>,
    /// The partial files of downloads that were requested and not offered yet.
    parts: HashMap<u64, Part>,
    /// The path of each download's part.
    part_paths: HashMap<u64, PathBuf>,
    /// Receivers whose file is complete and which linger until the server knows it.
    lingering: HashMap<u64, Receiving>,
    /// The running class exercise.
    lab_run: Option<LabRun>,
    /// Whether each transfer is watched.
    watch_switches: HashMap<u64, WatchSwitch>,
    /// The new entries of the watched transfer.
    watched: Option<Watched>,
    is_over: bool,
}

/// This end of a transfer.
#[derive(Debug)]
enum Running {
    Download(Receiving),
    Upload(Sending),
}

/// The channel for reports of a transfer's threads.
type Reporter = Box<dyn FnMut(Report) + Send>;

/// The received bytes.
#[derive(Debug)]
pub enum Arrival {
    /// An intent of the user.
    Intent(Intent),
    /// An event.
    Event(Event),
}

/// The sending end for other threads.
#[derive(Clone)]
pub struct SessionHandle {
    arrivals: Sender<QueuedArrival>,
    tickets: Sender<()>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

/// A message, with the number of its connection.
#[derive(Debug)]
struct QueuedArrival {
    connection: Option<u64>,
    arrival: Arrival,
}

/// The limit of waiting lines of the server.
const MOST_WAITING: usize = 64;

/// The limit of messages per turn of a front end.
const MOST_AT_A_TURN: usize = 2_000;

/// The limit for leaving the program: closing the connection, and writing the parts to
/// disk.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

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
        let (sender, arrivals) = unbounded();
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
            arrivals,
            tickets,
            handle: SessionHandle {
                arrivals: sender,
                tickets: ticket,
                wake: Arc::new(wake),
            },
            chat_connection: None,
            connection: 0,
            leaving: Vec::new(),
            running: HashMap::new(),
            parts: HashMap::new(),
            part_paths: HashMap::new(),
            lingering: HashMap::new(),
            lab_run: None,
            watch_switches: HashMap::new(),
            watched: None,
            is_over: false,
        };
        if wants_lists {
            session.look_for_partial_files();
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

    /// Whether the program must end now.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// The channel for another thread.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        self.handle.clone()
    }

    /// Handles an intent of the user; returns the requests sent to the server.
    pub fn intend(&mut self, intent: Intent) -> Vec<Request> {
        self.intend_together([intent])
    }

    /// As [`Session::intend`]; a connection and its first requests are sent together. The
    /// front end has shown the earlier model.
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

    /// Handles an event; returns the requests sent to the server, such as those that
    /// waited for the login.
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

    /// Waits for the next message; after `timeout` it is a tick.
    #[must_use]
    pub fn next(&mut self, timeout: Duration) -> Arrival {
        let clock = Clock::start();
        while let Some(left) = timeout.checked_sub(clock.now().since_start()) {
            match self.arrivals.recv_timeout(left) {
                Ok(queued) if self.accept(&queued) => return queued.arrival,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        Arrival::Event(Event::Tick)
    }

    /// Handles everything that has arrived, without waiting, and a tick: for a front end
    /// with its own loop, at each wake and once per second. If there is very much, it
    /// handles a part and wakes the front end again.
    pub fn turn(&mut self) {
        for _ in 0..MOST_AT_A_TURN {
            let Ok(queued) = self.arrivals.try_recv() else {
                break;
            };
            if !self.accept(&queued) {
                continue;
            }
            match queued.arrival {
                Arrival::Intent(intent) => {
                    self.intend(intent);
                }
                Arrival::Event(event) => {
                    self.bring(event);
                }
            }
        }
        self.bring(Event::Tick);
        if !self.arrivals.is_empty() {
            (self.handle.wake)();
        }
    }

    /// Returns a message's ticket; the result is whether the message is of the current
    /// connection, or of none.
    fn accept(&self, queued: &QueuedArrival) -> bool {
        if queued.connection.is_some() {
            let _ = self.tickets.try_recv();
        }
        queued.connection.is_none_or(|it| it == self.connection)
    }

    fn happen(&mut self, event: Event) {
        let now_ms = self.now_ms();
        self.controller.on_event(event, now_ms);
    }

    /// The controller's time for waits. Users see the time of day, which may change
    /// meanwhile.
    fn now_ms(&mut self) -> u64 {
        let now_ms = steady_time_ms();
        self.controller.set_time_of_day(now_ms, wall_time_ms());
        now_ms
    }

    /// Carries out the controller's effects; returns the requests sent to the server.
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
            parts,
            controller,
            chat_connection,
            ..
        } = self;
        let is_awaited = |tag| controller.model().transfer(tag).is_some_and(is_running);
        parts.retain(|tag, _| is_awaited(*tag));
        if let Some(link) = chat_connection {
            link.retain_sockets(is_awaited);
        }
        self.start_connection();
        requests
    }

    /// Carries out one effect; returns the requests that it sent to the server.
    fn perform_one(&mut self, effect: Effect) -> Option<Request> {
        match effect {
            Effect::Connect(address) => {
                self.connection += 1;
                self.chat_connection =
                    Some(ChatConnection::new(address, self.settings.tap.clone()));
            }
            Effect::Send(request) => {
                let request = self.prepare(request)?;
                if let Some(link) = &self.chat_connection {
                    link.send(request.clone());
                }
                return Some(request);
            }
            Effect::Draw => self.draw(),
            Effect::RunLab { number, assignment } => {
                let handle = self.handle.clone();
                let run = class_exercise::start(assignment, move |outcome| {
                    handle.event(None, Event::LabRan { number, outcome });
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
            Effect::Kill { tag, packet } => {
                self.control_link(tag, LinkControl::Kill(packet));
            }
            Effect::ChangeLink(scenario) => {
                for tag in self.running.keys() {
                    self.control_link(*tag, LinkControl::Change(scenario.clone()));
                }
                self.settings.scenario = *scenario;
            }
            Effect::DiscardPart { tag } => {
                let part = self.part_paths.remove(&tag);
                self.discard(Some(tag), part.into_iter().collect());
            }
            Effect::DiscardPartialFiles(parts) => self.discard(None, parts),
            Effect::ShowFolder(folder) => self.show_folder(folder),
            Effect::ReleaseDownload { tag } => {
                if let Some(receiver) = self.lingering.remove(&tag) {
                    receiver.release();
                }
            }
            Effect::HangUp => {
                self.start_connection();
                self.connection += 1;
                self.leaving
                    .extend(self.chat_connection.take().map(ChatConnection::hang_up));
            }
            Effect::Quit => self.wait_for_close(),
        }
        None
    }

    /// Gets the random numbers of a login.
    fn draw(&mut self) {
        let mut entropy = Entropy([0; 32]);
        let event = match getrandom::fill(&mut entropy.0) {
            Ok(()) => Event::Drawn(entropy),
            Err(error) => {
                self.chat_connection = None;
                let sentence = format!(
                    "This computer cannot make random numbers: \
                                        {error}."
                );
                Event::Unreachable(sentence)
            }
        };
        self.happen(event);
    }

    /// Only now: all requests wait in the connection, and are sent together.
    fn start_connection(&mut self) {
        let connection = Some(self.connection);
        if let Some(link) = &mut self.chat_connection {
            let handle = self.handle.clone();
            link.start(move |event| handle.event(connection, event));
        }
    }

    fn remark(&mut self, sentence: String) {
        self.happen(Event::Remark(sentence));
    }

    fn forget_what_ended(&mut self, event: &Event) {
        if let Event::Report {
            tag,
            report: Report::Ended(_),
        } = event
        {
            if let Some(Running::Download(receiver)) = self.running.remove(tag) {
                self.lingering.insert(*tag, receiver);
            }
        } else if matches!(event, Event::Unreachable(_) | Event::Lost(_)) {
            self.chat_connection = None;
            self.lingering.clear();
        }
    }

    /// Waits briefly until the last lines are sent and every part is on disk.
    fn wait_for_close(&mut self) {
        self.is_over = true;
        let clock = Clock::start();
        let left = || CLOSE_TIMEOUT.saturating_sub(clock.now().since_start());
        for ended in self.leaving.drain(..) {
            let _ = ended.recv_timeout(left());
        }
        while !self.running.is_empty() {
            let Ok(queued) = self.arrivals.recv_timeout(left()) else {
                return log::warn!("quit before all transfers had ended");
            };
            self.accept(&queued);
            if let Arrival::Event(event) = queued.arrival {
                self.forget_what_ended(&event);
                self.happen(event);
            }
        }
    }
}

/// Runs a longer task in a thread. If the system has no thread left, it is not run, and
/// the log reports it.
fn in_background(name: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = threads::start(name.to_owned(), work) {
        log::warn!("cannot start {name}: {error}");
    }
}

fn is_running(transfer: &Transfer) -> bool {
    !transfer.state.is_end()
}

impl SessionHandle {
    /// Sends an intent of the user.
    pub fn intend(&self, intent: Intent) {
        self.bring(QueuedArrival {
            connection: None,
            arrival: Arrival::Intent(intent),
        });
    }

    fn event(&self, connection: Option<u64>, event: Event) {
        self.bring(QueuedArrival {
            connection,
            arrival: Arrival::Event(event),
        });
    }

    fn bring(&self, queued: QueuedArrival) {
        // If a server sends faster than the client reads, its reader waits here, and TCP
        // slows it down.
        if queued.connection.is_some() {
            let _ = self.tickets.send(());
        }
        // A session that has ended needs no messages.
        let _ = self.arrivals.send(queued);
        (self.wake)();
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}
