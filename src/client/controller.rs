//! The controller: intents and events in, a changed model and effects out.
//!
//! It owns the model and decides everything; it touches nothing. The shell around it
//! (`session`) performs the effects and brings what happens as events. Time is an
//! argument: `now_ms`, milliseconds since 1970-01-01 UTC.
//!
//! ```text
//!            +------------+
//! Intent --> | Controller | --> take_effects()   connect, send, start a download...
//! Event  --> |   Model    | --> model()          what to show
//!            +------------+
//! ```
//!
//! The rule for a shell: **bring one thing, perform the effects, draw, repeat.**

mod downloads;
mod replies;
mod typed;
mod uploads;

use super::address::ServerAddress;
use super::commands;
use super::model::{Audience, Kind, LoginProblem, Model, Phase};
use super::share::Share;
use crate::transfer::Report;
use crate::wire::message::{FileEntry, Offer, Reply, Request, TransferState, VERSION};
use crate::wire::options::{Asked, Settled, Transport};
use crate::wire::version::FileVersion;
use std::mem;
use std::path::PathBuf;
use std::time::Duration;

/// What a person wants, told by a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Log in; the fields of the form as they were filled in.
    Connect {
        /// `HOST`, `HOST:PORT`, or nothing for this computer.
        server: String,
        /// A port, or nothing for 50000.
        port: String,
        /// The name wanted.
        name: String,
    },
    /// A typed line: a slash command, a shortcut, or text for whom To names.
    Input(String),
    /// Who hears plain text from now on.
    ChooseTo(Audience),
    /// Ask who is here, and show it in the chat.
    ShowOnline,
    /// Ask what the server offers, and show it in the chat.
    ShowFiles,
    /// Show the commands in the chat.
    ShowCommands,
    /// Show this in the chat, to me alone.
    Tell(String),
    /// Fetch a file; what is asked here wins over the chosen options.
    Download {
        /// Its name, as the server gave it.
        file: String,
        /// Options for this download alone.
        asked: Asked,
    },
    /// Give a file; what is asked here wins over the chosen options.
    Upload {
        /// Where it is on this computer.
        path: PathBuf,
        /// Options for this upload alone.
        asked: Asked,
    },
    /// Let a transfer wait (or all of them), or go on.
    Pause {
        /// Our number for it; `None`: all.
        tag: Option<u64>,
        /// Whether it shall wait.
        is_paused: bool,
    },
    /// End a transfer; what has arrived of a download is kept.
    Cancel {
        /// Our number for it.
        tag: u64,
    },
    /// Choose where later transfers pause by themselves; `None`: nowhere.
    SetPauseAt(Option<Share>),
    /// Choose what later transfers ask for.
    SetOptions(Asked),
    /// Forget the downloads that have ended.
    ClearEnded,
    /// The person has seen the chat: nothing is unread any more.
    Seen,
    /// Leave the room.
    Disconnect,
    /// Leave the room and the program.
    Close,
}

/// What happened, told by the shell.
#[derive(Debug)]
pub enum Event {
    /// The TCP connection is there; the answer to `join` is not yet.
    Connected {
        /// How long it took.
        round_trip: Duration,
    },
    /// There is no connection; the sentence says why and what to do.
    Unreachable(String),
    /// The server said something.
    Reply(Reply),
    /// The connection ended by itself; the sentence says why.
    Lost(String),
    /// A file that was to be given was looked at.
    Opened {
        /// Our number for its upload.
        tag: u64,
        /// Its name and version, or a sentence.
        found: Result<(String, FileVersion), String>,
    },
    /// A transfer goes on or ended.
    Report {
        /// Our number for it.
        tag: u64,
        /// Its figures or its end.
        report: Report,
    },
    /// A download need not be asked for.
    Skipped {
        /// Our number for it.
        tag: u64,
        /// Why not.
        sentence: String,
    },
    /// Something that is good to know.
    Remark(String),
    /// Time has passed. Once a second is often enough; more often is harmless.
    Tick,
}

/// What the shell shall do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Connect; what is sent meanwhile goes out as one flight.
    Connect(ServerAddress),
    /// Send this, or keep it until the connection is there.
    Send(Request),
    /// Receive a file.
    StartDownload {
        /// Our number for it, carried by each of its reports.
        tag: u64,
        /// How to fetch it; its options were checked.
        offer: Offer,
    },
    /// Look at a file that shall be given; [`Event::Opened`] answers at once.
    OpenUpload {
        /// Our number for it.
        tag: u64,
        /// Where it is.
        path: PathBuf,
    },
    /// Send a file.
    StartUpload {
        /// Our number for it, carried by each of its reports.
        tag: u64,
        /// How to give it; its options were checked.
        offer: Offer,
    },
    /// Let a receiver or sender wait, or go on.
    PauseTransfer {
        /// Our number for it.
        tag: u64,
        /// Whether it shall wait.
        is_paused: bool,
    },
    /// The server's word on an upload: its sender need not wait for FIN-ACK.
    JudgeUpload {
        /// Our number for it.
        tag: u64,
        /// Verified or damaged.
        state: TransferState,
    },
    /// End a receiver or sender. Its last report still comes.
    CancelTransfer {
        /// Our number for it.
        tag: u64,
    },
    /// The server knows how this one ended: its receiver need not answer any more.
    ReleaseDownload {
        /// Our number for it.
        tag: u64,
    },
    /// End the connection once everything has been sent.
    HangUp,
    /// End the program.
    Quit,
}

/// The client's mind.
#[derive(Debug)]
pub struct Controller {
    model: Model,
    effects: Vec<Effect>,
    last_tag: u64,
    /// Ask for people and files at once, to show them in lists.
    wants_lists: bool,
    /// Replies to come that fill a list and are not shown in the chat.
    quiet_users: u32,
    quiet_files: u32,
    /// Lists whose last line has not come yet.
    coming_people: Vec<String>,
    coming_files: Vec<FileEntry>,
    last_heard_ms: u64,
    pinged_ms: Option<u64>,
}

/// After this long without a word from the server we ask whether it is there.
const PING_AFTER_MS: u64 = 15_000;

/// After this long without a word the connection counts as lost.
const LOST_AFTER_MS: u64 = 60_000;

/// A server that lets us in, or is asked for a file, answers by then.
const ANSWER_AFTER_MS: u64 = 30_000;

impl Controller {
    /// A client that is not connected. `wants_lists`: fill `people` and `files` right
    /// after joining, as a window needs it; a script does not.
    #[must_use]
    pub fn new(options: Asked, wants_lists: bool) -> Self {
        Self {
            model: Model {
                options,
                ..Model::default()
            },
            effects: Vec::new(),
            last_tag: 0,
            wants_lists,
            quiet_users: 0,
            quiet_files: 0,
            coming_people: Vec::new(),
            coming_files: Vec::new(),
            last_heard_ms: 0,
            pinged_ms: None,
        }
    }

    /// A person wants something.
    pub fn on_intent(&mut self, intent: Intent, now_ms: u64) {
        match intent {
            Intent::Connect { server, port, name } => {
                self.connect(&server, &port, &name, now_ms);
            }
            Intent::Input(line) => self.on_input(&line, now_ms),
            Intent::ChooseTo(audience) => self.model.to = audience,
            Intent::ShowOnline => self.ask(Request::Users, now_ms),
            Intent::ShowFiles => self.ask(Request::Files, now_ms),
            Intent::ShowCommands => self.show_commands(now_ms),
            Intent::Tell(text) => self.show(&text, now_ms),
            Intent::Download { file, asked } => self.download(&file, asked, now_ms),
            Intent::Upload { path, asked } => self.upload(path, asked, now_ms),
            Intent::Pause { tag, is_paused } => self.pause(tag, is_paused, now_ms),
            Intent::Cancel { tag } => self.cancel(tag, now_ms),
            Intent::SetPauseAt(share) => self.model.pause_at = share,
            Intent::SetOptions(options) => self.set_options(options, now_ms),
            Intent::ClearEnded => self.model.transfers.retain(|it| !it.state.is_end()),
            Intent::Seen => self.model.unread = 0,
            Intent::Disconnect => self.disconnect(),
            Intent::Close => {
                self.disconnect();
                self.effects.push(Effect::Quit);
            }
        }
    }

    /// Something happened.
    pub fn on_event(&mut self, event: Event, now_ms: u64) {
        match event {
            Event::Connected { round_trip } => {
                self.model.round_trip = Some(round_trip);
                self.last_heard_ms = now_ms;
            }
            Event::Unreachable(sentence) => {
                self.end_login(LoginProblem::Unreachable { sentence });
            }
            Event::Reply(reply) => self.on_reply(reply, now_ms),
            Event::Lost(sentence) => self.on_lost(sentence, now_ms),
            Event::Opened { tag, found } => self.on_opened(tag, found, now_ms),
            Event::Report { tag, report } => self.on_report(tag, report, now_ms),
            Event::Skipped { tag, sentence } => self.skip(tag, &sentence, now_ms),
            Event::Remark(sentence) => self.show(&sentence, now_ms),
            Event::Tick => self.on_tick(now_ms),
        }
    }

    /// What is to be done now, in order; each is given once.
    #[must_use]
    pub fn take_effects(&mut self) -> Vec<Effect> {
        mem::take(&mut self.effects)
    }

    /// What is to be shown.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    fn connect(&mut self, server: &str, port: &str, name: &str, now_ms: u64) {
        if self.model.is_online() {
            return;
        }
        let name = name.trim();
        let address = match ServerAddress::read_fields(server, port) {
            Ok(address) if !name.is_empty() => address,
            Ok(_) => return self.refuse_form("Choose a name: one word.".to_owned()),
            Err(sentence) => return self.refuse_form(sentence),
        };
        self.model.phase = Phase::Joining;
        self.model.login_problem = None;
        self.model.server = address.to_string();
        name.clone_into(&mut self.model.name);
        self.last_heard_ms = now_ms;
        self.pinged_ms = None;
        self.effects.push(Effect::Connect(address));
        self.send(Request::Join {
            name: name.to_owned(),
            version: VERSION,
        });
        (self.quiet_users, self.quiet_files) = (0, 0);
        self.coming_people.clear();
        self.coming_files.clear();
        if self.wants_lists {
            (self.quiet_users, self.quiet_files) = (1, 1);
            self.send(Request::Users);
            self.send(Request::Files);
        }
    }

    fn refuse_form(&mut self, sentence: String) {
        self.end_login(LoginProblem::Form { sentence });
    }

    fn end_login(&mut self, problem: LoginProblem) {
        self.model.phase = Phase::Login;
        self.end_downloads(TransferState::Failed, problem.sentence());
        self.model.login_problem = Some(problem);
    }

    fn set_options(&mut self, options: Asked, now_ms: u64) {
        match options.settle(&self.model.defaults.unwrap_or(Settled::DEFAULT)) {
            Ok(settled) => {
                self.model.options = options;
                let (by, bytes) = (settled.transport, settled.segment_bytes);
                let sentence = match by {
                    Transport::Tcp => "Transfers from now on: tcp.".to_owned(),
                    Transport::Udp => format!(
                        "Transfers from now on: {by}, {settled}, {bytes} bytes per packet."
                    ),
                };
                self.show(&sentence, now_ms);
            }
            Err(error) => self.complain(&commands::sentence(&error.to_string()), now_ms),
        }
    }

    fn disconnect(&mut self) {
        self.end_downloads(TransferState::Cancelled, "You left the room.");
        if self.model.is_online() {
            self.send(Request::Disconnect);
            self.effects.push(Effect::HangUp);
        }
        self.model.phase = Phase::Login;
        self.model.login_problem = None;
        self.model.people.clear();
        self.model.files.clear();
        self.model.to = Audience::All;
    }

    /// Sends what a person asked for, or says that it cannot be sent.
    fn ask(&mut self, request: Request, now_ms: u64) {
        if self.model.is_online() {
            self.send(request);
        } else {
            self.complain(NOT_CONNECTED, now_ms);
        }
    }

    fn send(&mut self, request: Request) {
        self.effects.push(Effect::Send(request));
    }

    fn show(&mut self, text: &str, now_ms: u64) {
        self.model.chat.push(now_ms, Kind::Output, text);
    }

    fn complain(&mut self, sentence: &str, now_ms: u64) {
        self.model.chat.push(now_ms, Kind::Error, sentence);
    }
}

const NOT_CONNECTED: &str = "You are not connected to a server.";

#[cfg(test)]
mod tests;
