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

use super::Settings;
use super::class_run::{self, LabRun};
use super::controller::{Controller, Effect, Event, Intent};
use super::download::{self, Errand};
use super::link::Link;
use super::model::{Model, Transfer};
use super::{upload, words};
use crate::room::login::Chance;
use crate::transfer::Report;
use crate::transfer::clock::{Clock, wall_time_ms};
use crate::transfer::part::Part;
use crate::transfer::receiving::Receiving;
use crate::transfer::sending::Sending;
use crate::transfer::{leftovers, threads};
use crate::wire::message::{Offer, Request};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A client at work.
#[derive(Debug)]
pub struct Session {
    controller: Controller,
    settings: Settings,
    letters: Receiver<Letter>,
    door: Door,
    link: Option<Link>,
    /// Which connection is the present one; letters of earlier ones are thrown away.
    connection: u64,
    /// Links that are saying goodbye.
    leaving: Vec<Receiver<()>>,
    running: HashMap<u64, Running>,
    /// What is there of downloads that were asked for and not offered yet.
    parts: HashMap<u64, Part>,
    /// Where each download's part is.
    part_paths: HashMap<u64, PathBuf>,
    /// Receivers whose file is whole, and which answer a FIN until the server knows.
    lingering: HashMap<u64, Receiving>,
    /// What the teacher gave out, while it runs.
    lab_run: Option<LabRun>,
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

/// What has arrived.
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
    wake: Arc<dyn Fn() + Send + Sync>,
}

/// An arrival, with the connection that it belongs to.
#[derive(Debug)]
struct Letter {
    connection: Option<u64>,
    arrival: Arrival,
}

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
        let mut controller = Controller::new(settings.asked, wants_lists);
        let now_ms = wall_time_ms();
        controller.on_intent(Intent::SetPauseAt(settings.pause_at), now_ms);
        controller.on_intent(Intent::SetOverwrite(settings.overwrite), now_ms);
        let password = settings.password.clone();
        controller.on_intent(Intent::SetPassword(password), now_ms);
        controller.on_intent(Intent::AcceptLabs(settings.accepts_labs), now_ms);
        let session = Self {
            controller,
            settings,
            letters,
            door: Door {
                letters: sender,
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
            is_over: false,
        };
        if wants_lists {
            session.look_for_leftovers();
        }
        session
    }

    /// What is to be shown.
    #[must_use]
    pub fn model(&self) -> &Model {
        self.controller.model()
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
    pub fn intend_together(
        &mut self,
        intents: impl IntoIterator<Item = Intent>,
    ) -> Vec<Request> {
        for intent in intents {
            self.controller.on_intent(intent, wall_time_ms());
        }
        self.perform()
    }

    /// Something happened; returns what was asked of the server for it, such as what had
    /// to wait until we were in.
    pub fn bring(&mut self, event: Event) -> Vec<Request> {
        self.forget_what_ended(&event);
        self.controller.on_event(event, wall_time_ms());
        self.perform()
    }

    /// Waits for the next arrival; after `timeout` it is a tick.
    #[must_use]
    pub fn next(&mut self, timeout: Duration) -> Arrival {
        let clock = Clock::start();
        while let Some(left) = timeout.checked_sub(clock.now().since_start()) {
            match self.letters.recv_timeout(left) {
                Ok(letter) if self.is_current(&letter) => return letter.arrival,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        Arrival::Event(Event::Tick)
    }

    /// Takes everything that has arrived, without waiting, and a tick: for a face with a
    /// loop of its own, at each wake and once a second.
    pub fn turn(&mut self) {
        while let Ok(letter) = self.letters.try_recv() {
            if !self.is_current(&letter) {
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
    }

    fn is_current(&self, letter: &Letter) -> bool {
        letter.connection.is_none_or(|it| it == self.connection)
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
                let run = class_run::start(assignment, move |outcome| {
                    door.event(None, Event::LabRan { number, outcome });
                });
                self.lab_run = Some(run); // An earlier one ends.
            }
            Effect::StartDownload { tag, offer } => self.start_download(tag, &offer),
            Effect::OpenUpload { tag, path } => {
                let found = upload::look_at(&path);
                let event = Event::Opened { tag, found };
                self.controller.on_event(event, wall_time_ms());
            }
            Effect::StartUpload { tag, offer } => self.start_upload(tag, &offer),
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

    /// Rolls the dice of a login.
    fn draw(&mut self) {
        let mut chance = Chance([0; 32]);
        let event = match getrandom::fill(&mut chance.0) {
            Ok(()) => Event::Drawn(chance),
            Err(error) => {
                self.link = None;
                let sentence = format!("This computer has no random numbers: {error}.");
                Event::Unreachable(sentence)
            }
        };
        self.controller.on_event(event, wall_time_ms());
    }

    /// A download asks only for what is not there yet, and perhaps for nothing at all.
    fn prepare(&mut self, request: Request) -> Option<Request> {
        let Request::Download(mut download) = request else {
            return Some(request);
        };
        let tag = download.tag?;
        self.parts.remove(&tag); // Where it is asked for again, after a password.
        let settings = self.settings_for(tag);
        let event = match download::errand(&download.file, &settings) {
            Errand::Ask(part) => {
                download.prefix = part.as_ref().and_then(Part::prefix);
                let path = part.as_ref().map(|part| part.path().to_owned());
                self.part_paths.extend(path.map(|path| (tag, path)));
                self.parts.extend(part.map(|part| (tag, part)));
                return Some(Request::Download(download));
            }
            Errand::Skip(sentence) => Event::Skipped { tag, sentence },
            Errand::Refuse(sentence) => Event::Report {
                tag,
                report: download::failed(sentence),
            },
        };
        self.controller.on_event(event, wall_time_ms());
        None
    }

    /// Only now: all that was asked together waits in the link, and leaves in one flight.
    fn start_link(&mut self) {
        let connection = Some(self.connection);
        if let Some(link) = &mut self.link {
            let door = self.door.clone();
            link.start(move |event| door.event(connection, event));
        }
    }

    fn start_download(&mut self, tag: u64, offer: &Offer) {
        let part = self.parts.remove(&tag);
        if part.is_some() {
            self.remark(download::remark(offer));
        }
        let place = format!(" in the folder {}", self.settings.out.display());
        let mut path = None;
        self.start_transfer(tag, offer, &place, |server, session, report| {
            let round_trip = session.model().round_trip;
            let settings = session.settings_for(tag);
            let part = download::part(offer, &settings, part)?;
            path = Some(part.path().to_owned());
            download::start(offer, server, round_trip, &settings, part, report)
                .map(Running::Download)
        });
        self.part_paths.extend(path.map(|path| (tag, path)));
    }

    /// The settings with what was chosen for this download alone.
    fn settings_for(&self, tag: u64) -> Settings {
        let chosen = self.model().transfer(tag).map(|it| it.overwrite);
        Settings {
            overwrite: chosen.unwrap_or(self.settings.overwrite),
            ..self.settings.clone()
        }
    }

    /// A slow disk does not keep anybody waiting: `leftovers` looks.
    fn look_for_leftovers(&self) {
        let (door, folder) = (self.door.clone(), self.settings.out.clone());
        in_background("leftovers", move || {
            let found = leftovers::find(&folder);
            if !found.is_empty() {
                door.event(None, Event::LeftoversFound(found));
            }
        });
    }

    /// `discard` waits until the receivers have let go, and takes the parts away.
    fn discard(&self, tag: Option<u64>, parts: Vec<PathBuf>) {
        let door = self.door.clone();
        in_background("discard", move || {
            let failed = parts
                .iter()
                .find_map(|part| Some((part, leftovers::discard(part).err()?)));
            let problem = failed.map(|(part, error)| {
                let part = words::harmless(&part.to_string_lossy());
                format!("{part} could not be deleted: {error}.")
            });
            door.event(None, Event::Discarded { tag, problem });
        });
    }

    /// `opener` may wait as long as the program that shows the folder runs.
    fn show_folder(&self, folder: PathBuf) {
        let door = self.door.clone();
        in_background("opener", move || {
            // The part of a relative path that leads to it is of use to nobody.
            let folder = folder.canonicalize().unwrap_or(folder);
            if let Err(error) = open::that(&folder) {
                log::warn!("{} is not shown: {error}", folder.display());
                let path = words::harmless(&folder.to_string_lossy());
                let sentence =
                    format!("No program here shows folders. The file is in {path}.");
                door.event(None, Event::FolderNotShown(sentence));
            }
        });
    }

    fn start_upload(&mut self, tag: u64, offer: &Offer) {
        let transfer = self.model().transfer(tag);
        let file = transfer.and_then(|it| it.source.clone().zip(it.announced));
        let Some((path, announced)) = file else {
            return;
        };
        if offer.offset > 0 {
            self.remark(download::remark(offer));
        }
        self.start_transfer(tag, offer, "", |server, session, report| {
            let round_trip = session.model().round_trip;
            let settings = &session.settings;
            upload::start(
                offer, &path, &announced, server, round_trip, settings, report,
            )
            .map(Running::Upload)
        });
    }

    fn remark(&mut self, sentence: String) {
        let remark = Event::Remark(sentence);
        self.controller.on_event(remark, wall_time_ms());
    }

    /// What every transfer begins with. `place` is told where it cannot begin.
    fn start_transfer(
        &mut self,
        tag: u64,
        offer: &Offer,
        place: &str,
        start: impl FnOnce(SocketAddr, &Self, Reporter) -> io::Result<Running>,
    ) {
        self.settings.pause_at = self.model().pause_at;
        let reporter = || -> Reporter {
            let door = self.door.clone();
            Box::new(move |report| door.event(None, Event::Report { tag, report }))
        };
        let Some(server) = self.link.as_ref().and_then(Link::server) else {
            return reporter()(download::failed("The connection was lost.".to_owned()));
        };
        match start(server, self, reporter()) {
            Ok(running) => {
                self.running.insert(tag, running);
            }
            Err(error) => {
                let transfer = offer.transfer;
                log::warn!("transfer {transfer} not started: {error}");
                // Or its port would wait for us until the server's patience ends.
                if let Some(link) = &self.link {
                    link.send(Request::Cancel { transfer });
                }
                let sentence = format!("It could not be started{place}: {error}.");
                reporter()(download::failed(sentence));
            }
        }
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
            | Event::Drawn(_)
            | Event::LabRan { .. }
            | Event::Opened { .. }
            | Event::Report { .. }
            | Event::Skipped { .. }
            | Event::LeftoversFound(_)
            | Event::Discarded { .. }
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
                return log::warn!("left before every transfer had ended");
            };
            if let Arrival::Event(event) = letter.arrival {
                self.forget_what_ended(&event);
                self.controller.on_event(event, wall_time_ms());
            }
        }
    }
}

/// Does something that may take a while. Where the system has no thread left, it is not
/// done, and the log says so.
fn in_background(name: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = threads::start(name.to_owned(), work) {
        log::warn!("{name} not started: {error}");
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
