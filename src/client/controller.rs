//! The controller: intents and events in, a changed model and effects out.
//!
//! It owns the model and decides everything. Its driver (`session`) performs the effects
//! and passes on the events. `now_ms`: milliseconds since 1970-01-01 UTC; it never jumps.
//!
//! ```text
//!            +------------+
//! Intent --> | Controller | --> take_effects()   connect, send, start a download...
//! Event  --> |   Model    | --> model()          what to show
//!            +------------+
//! ```
//!
//! The rule for a driver: **deliver one event, perform the effects, draw, repeat.**

mod downloads;
mod effect;
mod fault_injection;
mod interrupted;
mod lab;
mod login;
mod partial_files;
mod question;
mod rejoining;
mod replies;
mod typed;
mod uploads;

pub use effect::{Effect, Event};

use super::address::ServerAddress;
use super::commands::{self, Wanted};
use super::matching;
use super::model::{Audience, Bounded, LineKind, LoginProblem, Model, Phase};
use super::share::Share;
use crate::link::{Label, Scenario};
use crate::room::login::Password;
use crate::transfer::overwrite::Overwrite;
use crate::transfer::partial_files::PartialFile;
use crate::wire::line::LONGEST_LINE_BYTES;
use crate::wire::message::{Answer, Assignment, FileEntry, LabRow};
use crate::wire::message::{Request, TransferState};
use crate::wire::options::{NegotiatedOptions, RequestedOptions, Transport};
use login::Login;
use question::Questions;
use std::collections::VecDeque;
use std::mem;
use std::path::PathBuf;

/// An intent of the user, reported by a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Log in; the fields of the form as they were filled in.
    Connect {
        /// `HOST`, `HOST:PORT`, or nothing for this computer.
        server: String,
        /// A port, or nothing for 50000.
        port: String,
        /// The requested name.
        name: String,
    },
    /// The password, if a server requires one; before [`Intent::Connect`].
    SetPassword(Option<Password>),
    /// Run the class exercise of the teacher (`true`), with the DATA packets that the user
    /// predicts, or decline it.
    AnswerLab(bool, Option<u32>),
    /// Run later class exercises without asking.
    AcceptLabs(bool),
    /// Answer the teacher's question.
    AnswerQuestion(Answer),
    /// Ask the class a question about this run. Teachers only, as the next one.
    AskClass(Wanted, Assignment),
    /// Show the distribution of the answers to all users.
    Reveal,
    /// A typed line: a slash command, a shortcut, or text for the receiver in To.
    Input(String),
    /// The same, typed while this conversation was shown: its text goes there, even if
    /// another one is selected now.
    Write {
        /// The user of that conversation.
        to: Audience,
        /// The line.
        line: String,
    },
    /// Text to be sent as it is, line by line, even if it looks like a command.
    SayLines {
        /// The receiver.
        to: Audience,
        /// The lines.
        lines: Vec<String>,
    },
    /// Show the conversation with these users; plain text goes to them from now on.
    ChooseTo(Audience),
    /// Show the conversation of this tab, counted from 0.
    ChooseConversation {
        /// Beyond the last, nothing happens.
        place: usize,
    },
    /// Close the conversation with a user; the one with all users stays.
    CloseConversation(Audience),
    /// The newest line of this conversation is visible; `None`: of none.
    InSight(Option<Audience>),
    /// Search the chosen conversation for a text; `None` ends the search.
    Search(Option<String>),
    /// Go to the next match of the search.
    StepSearch {
        /// Further up, to an older one.
        is_up: bool,
    },
    /// Request the list of users and show it in the chat.
    ShowOnline,
    /// Request the list of files and show it in the chat.
    ShowFiles,
    /// Show the commands in the chat.
    ShowCommands,
    /// Show this notice in the chat of this client only.
    Tell(String),
    /// The same for an action that failed before it was requested.
    Complain(String),
    /// Download a file; these options override the chosen ones.
    Download {
        /// Its name, as the server gave it.
        file: String,
        /// Options for this download alone.
        asked: RequestedOptions,
    },
    /// Upload a file; these options override the chosen ones.
    Upload {
        /// Its path on this computer.
        path: PathBuf,
        /// Options for this upload alone.
        asked: RequestedOptions,
    },
    /// Upload the files that were dropped on the window.
    Drop {
        /// The dropped text: addresses or paths, one per line.
        text: String,
        /// This computer's own name, where it is known.
        host: Option<String>,
    },
    /// Pause or resume a transfer, or all of them.
    Pause {
        /// The client's number for it; `None`: all.
        tag: Option<u64>,
        /// Whether to pause it.
        is_paused: bool,
    },
    /// Cancel a transfer; the partial file of a download is kept.
    Cancel {
        /// The client's number for it.
        tag: u64,
    },
    /// Cancel a download if it runs, and delete its partial file.
    Discard {
        /// The client's number for it.
        tag: u64,
    },
    /// Retry a transfer that ended without its file; it resumes the partial file.
    Retry {
        /// The client's number for it.
        tag: u64,
    },
    /// Show the folder in which a transfer's file is.
    ShowInFolder {
        /// The client's number for it.
        tag: u64,
    },
    /// Choose what to do if a file of a later download's name exists.
    SetOverwrite(Overwrite),
    /// The choice for the interrupted downloads that are offered.
    PartialFiles(PartialFileChoice),
    /// Choose the share at which later transfers pause; `None`: none.
    SetPauseAt(Option<Share>),
    /// Choose the options of later transfers.
    SetOptions(RequestedOptions),
    /// Watch a running transfer, from now on or from its beginning; `None`: stop.
    Watch {
        /// The client's number for it.
        tag: Option<u64>,
    },
    /// Lose a packet in flight in this program's link.
    Kill {
        /// The client's number for its transfer.
        tag: u64,
        /// Which packet.
        packet: Label,
    },
    /// Replace the link of all transfers of this program, including running ones.
    ChangeLink(Box<Scenario>),
    /// Forget the downloads that have ended.
    ClearEnded,
    /// Nothing: a waiting front end draws itself again.
    Look,
    /// The user has seen the chosen conversation: none of its lines is unread.
    Seen,
    /// The connection was lost: reconnect now.
    Rejoin,
    /// The connection was lost: stop reconnecting.
    StayAway,
    /// Leave the room.
    Disconnect,
    /// Leave the room and the program.
    Close,
}

/// The choice for interrupted downloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartialFileChoice {
    /// Request the rest of each.
    Resume,
    /// They stay, and are offered again later.
    Leave,
    /// They are deleted.
    Delete,
}

/// The controller.
#[derive(Debug)]
pub struct Controller {
    model: Model,
    effects: Vec<Effect>,
    last_tag: u64,
    login: Login,
    /// Whether to request users and files at once, to show them in lists.
    wants_lists: bool,
    /// Expected replies that fill a list and are not shown in the chat.
    unshown_user_lists: u32,
    unshown_file_lists: u32,
    /// Lists whose last line is still missing.
    coming_users: Bounded<String>,
    coming_files: Bounded<FileEntry>,
    coming_rows: Bounded<LabRow>,
    /// The transfers that the lost connection interrupted, by the client's numbers.
    interrupted: Vec<u64>,
    /// Class exercises run without a question.
    accepts_labs: bool,
    /// The computing time of class exercises so far. Unit: milliseconds.
    lab_spent_ms: u64,
    /// The start of the running one.
    lab_since_ms: Option<u64>,
    questions: Questions,
    /// Whether the list of files is complete, so that resumable files are known.
    knows_files: bool,
    /// Interrupted downloads that were not offered yet.
    found: Vec<PartialFile>,
    /// Transfers that wait at the client for a running one to end, by tag.
    held: VecDeque<u64>,
    last_heard_ms: u64,
    pinged_ms: Option<u64>,
    /// The longest line that the server reads. Unit: bytes.
    line_bytes: usize,
    /// The length of an absence that the chat does not show yet. Unit: milliseconds.
    unshown_absence_ms: Option<u64>,
}

/// The client sends a `ping` after this time without a line of the server.
const PING_AFTER_MS: u64 = 15_000;

/// The connection counts as lost after this time without a line.
const LOST_AFTER_MS: u64 = 60_000;

/// The limit for the server's answer to a login or a request for a file.
const ANSWER_AFTER_MS: u64 = 30_000;

/// The most transfers that a server allows one client at once; more wait here.
const MOST_AT_ONCE: usize = 16;

/// The limit of lines of one answer that a user sees.
const LONGEST_ANSWER_LINES: usize = 1_000;

/// A smaller limit of the server is not believed, because no request would fit. Unit:
/// bytes.
const SHORTEST_LINE_BYTES: usize = 1_024;

/// The size of a [`Prefix`](crate::wire::version::Prefix) in a line. Unit: bytes.
const LONGEST_PREFIX_BYTES: usize = 192;

impl Controller {
    /// A client that is not connected. `wants_lists`: fill `users` and `files` right
    /// after joining, as a window needs it; a script does not.
    #[must_use]
    pub fn new(options: RequestedOptions, wants_lists: bool) -> Self {
        Self {
            model: Model {
                options,
                ..Model::default()
            },
            effects: Vec::new(),
            last_tag: 0,
            login: Login::default(),
            wants_lists,
            unshown_user_lists: 0,
            unshown_file_lists: 0,
            coming_users: Bounded::default(),
            coming_files: Bounded::default(),
            coming_rows: Bounded::default(),
            interrupted: Vec::new(),
            accepts_labs: false,
            lab_spent_ms: 0,
            lab_since_ms: None,
            questions: Questions::default(),
            knows_files: false,
            found: Vec::new(),
            held: VecDeque::new(),
            last_heard_ms: 0,
            pinged_ms: None,
            line_bytes: LONGEST_LINE_BYTES,
            unshown_absence_ms: None,
        }
    }

    /// Handles an intent of the user.
    pub fn on_intent(&mut self, intent: Intent, now_ms: u64) {
        match intent {
            Intent::Connect { server, port, name } => {
                self.connect(&server, &port, &name, now_ms);
            }
            Intent::SetPassword(password) => self.login.password = password,
            Intent::AnswerLab(accept, it) => self.answer_lab(accept, it, now_ms),
            Intent::AcceptLabs(accepts) => self.accepts_labs = accepts,
            Intent::AnswerQuestion(answer) => self.answer_question(answer, now_ms),
            Intent::AskClass(wanted, assignment) => {
                self.ask_class(wanted, assignment, now_ms);
            }
            Intent::Reveal => self.ask(Request::Reveal, now_ms),
            Intent::Input(line) => {
                let to = self.model.to().clone();
                self.on_input(&line, &to, now_ms);
            }
            Intent::Write { to, line } => self.on_input(&line, &to, now_ms),
            Intent::SayLines { to, lines } => {
                for line in lines {
                    self.say(&to, line, now_ms);
                }
            }
            Intent::ChooseTo(audience) => {
                let audience = self.known_as(audience);
                self.model.chat.choose(&audience);
            }
            Intent::ChooseConversation { place } => self.model.chat.choose_place(place),
            Intent::CloseConversation(with) => self.model.chat.close(&with),
            Intent::InSight(watched) => self.model.chat.watch(watched),
            Intent::Search(query) => self.model.chat.set_search(query.as_deref()),
            Intent::StepSearch { is_up } => self.model.chat.step_search(is_up),
            Intent::ShowOnline => self.ask(Request::Users, now_ms),
            Intent::ShowFiles => self.ask(Request::Files, now_ms),
            Intent::ShowCommands => self.show_commands(now_ms),
            Intent::Tell(text) => self.show(&text, now_ms),
            Intent::Complain(sentence) => self.complain(&sentence, now_ms),
            Intent::Download { file, asked } => self.download(&file, asked, now_ms),
            Intent::Upload { path, asked } => self.upload(path, asked, now_ms),
            Intent::Pause { tag, is_paused } => self.pause(tag, is_paused, now_ms),
            Intent::Drop { text, host } => {
                self.drop_files(&text, host.as_deref(), now_ms);
            }
            Intent::Cancel { tag } => self.cancel(tag, now_ms),
            Intent::Discard { tag } => self.discard(tag, now_ms),
            Intent::Retry { tag } => self.retry(tag, now_ms),
            Intent::ShowInFolder { tag } => self.show_in_folder(tag, now_ms),
            Intent::SetOverwrite(overwrite) => self.model.overwrite = overwrite,
            Intent::PartialFiles(choice) => self.decide_partial_files(choice, now_ms),
            Intent::SetPauseAt(share) => self.model.pause_at = share,
            Intent::SetOptions(options) => self.set_options(options, now_ms),
            Intent::Watch { tag } => self.watch(tag, now_ms),
            Intent::Kill { tag, packet } => self.kill(tag, packet, now_ms),
            Intent::ChangeLink(scenario) => self.change_link(*scenario),
            Intent::ClearEnded => self.model.transfers.retain(|it| !it.state.is_end()),
            Intent::Look => {}
            Intent::Seen => self.model.chat.see(),
            Intent::Rejoin => self.rejoin_now(now_ms),
            Intent::StayAway => self.stay_away(now_ms),
            Intent::Disconnect => self.disconnect(),
            Intent::Close => {
                self.disconnect();
                self.effects.push(Effect::Quit);
            }
        }
        self.start_held(now_ms);
    }

    /// A front end has shown the model: the oldest lines of the chat may be dropped.
    pub fn forget_the_oldest_lines(&mut self) {
        self.model.chat.forget_the_oldest();
    }

    /// The wall-clock time at the moment `now_ms`: the lines of the chat
    /// show it too. Everything else is measured by `now_ms`, which never jumps.
    pub fn set_time_of_day(&mut self, now_ms: u64, wall_ms: u64) {
        self.model.chat.set_time_of_day(now_ms, wall_ms);
    }

    /// Handles an event.
    pub fn on_event(&mut self, event: Event, now_ms: u64) {
        match event {
            Event::Connected { round_trip } => {
                self.model.round_trip = Some(round_trip);
                self.last_heard_ms = now_ms;
            }
            Event::RoundTrip(round_trip) => self.model.round_trip = Some(round_trip),
            Event::Unreachable(_) if self.model.rejoining.is_some() => {
                self.fail_to_rejoin(now_ms);
            }
            Event::Unreachable(sentence) => {
                self.end_login(LoginProblem::Unreachable { sentence });
            }
            Event::Reply(reply) => self.on_reply(reply, now_ms),
            Event::Drawn(entropy) => self.on_drawn(entropy, now_ms),
            Event::LabRan { number, outcome } => {
                self.on_lab_ran(number, outcome, now_ms);
            }
            Event::Lost(sentence) => self.on_lost(sentence, now_ms),
            Event::SubmissionRead(found) => self.on_submission_read(found, now_ms),
            Event::Opened { tag, found } => self.on_opened(tag, found, now_ms),
            Event::Report { tag, report } => self.on_report(tag, report, now_ms),
            Event::Skipped { tag, sentence } => self.skip(tag, &sentence, now_ms),
            Event::PartialFilesFound(found) => {
                self.found = found;
                self.offer_partial_files(now_ms);
            }
            Event::Discarded { tag, problem } => self.on_discarded(tag, problem, now_ms),
            Event::FolderNotShown(sentence) => self.complain_of_files(sentence, now_ms),
            Event::Seen { .. } => {}
            Event::Remark(sentence) => self.show(&sentence, now_ms),
            Event::Tick => self.on_tick(now_ms),
        }
        self.start_held(now_ms);
    }

    /// The effects to carry out now, in order; each is returned once.
    #[must_use]
    pub fn take_effects(&mut self) -> Vec<Effect> {
        mem::take(&mut self.effects)
    }

    /// The model to show.
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
            Ok(_) => return self.refuse_form("Choose a name of one word.".to_owned()),
            Err(sentence) => return self.refuse_form(sentence),
        };
        let is_another =
            self.model.server != address.to_string() || self.model.name != name;
        if is_another {
            self.model.chat.begin_anew();
        } else if matches!(self.model.phase, Phase::Lost { .. }) {
            return self.rejoin_now(now_ms);
        }
        self.model.phase = Phase::Joining;
        self.model.rejoining = None;
        self.model.login_problem = None;
        self.model.server = address.to_string();
        name.clone_into(&mut self.model.name);
        self.join(address, now_ms);
    }

    fn refuse_form(&mut self, sentence: String) {
        self.end_login(LoginProblem::Form { sentence });
    }

    fn end_login(&mut self, problem: LoginProblem) {
        self.end_downloads(TransferState::Failed, problem.sentence());
        self.stop_joining(problem);
    }

    /// As [`Controller::end_login`], but its requests will be repeated.
    fn stop_joining(&mut self, problem: LoginProblem) {
        self.model.phase = Phase::Login;
        self.model.login_problem = Some(problem);
    }

    fn set_options(&mut self, options: RequestedOptions, now_ms: u64) {
        match options
            .negotiate(&self.model.defaults.unwrap_or(NegotiatedOptions::DEFAULT))
        {
            Ok(settled) => {
                self.model.options = options;
                let (by, bytes) = (settled.transport, settled.segment_bytes);
                let sentence = match by {
                    Transport::Tcp => "Later transfers use TCP.".to_owned(),
                    Transport::Udp => format!(
                        "Later transfers use {by}, {settled}, {bytes} bytes per packet."
                    ),
                };
                self.show(&sentence, now_ms);
            }
            Err(error) => self.complain(&commands::sentence(&error.to_string()), now_ms),
        }
    }

    fn disconnect(&mut self) {
        self.end_downloads(TransferState::Cancelled, "You left the room.");
        self.interrupted.clear();
        if self.model.is_online() {
            self.send(Request::Disconnect);
            self.effects.push(Effect::HangUp);
        }
        self.model.phase = Phase::Login;
        self.model.rejoining = None;
        self.model.login_problem = None;
        self.model.users.clear();
        self.model.files.clear();
        self.model.files_left_out = 0;
        self.model.lab = None;
        self.model.question = None;
        self.model.files_revision += 1;
        self.withdraw_partial_files();
        self.model.chat.choose(&Audience::All);
    }

    /// A user by the shown name, however it was typed.
    fn known_as(&self, audience: Audience) -> Audience {
        let Audience::One(typed) = audience else {
            return audience;
        };
        let mut users = self.model.users.iter();
        let shown = users.find(|name| matching::is_same(name, &typed));
        Audience::One(shown.cloned().unwrap_or(typed))
    }

    /// Sends a request of the user, or explains why it cannot be sent.
    fn ask(&mut self, request: Request, now_ms: u64) {
        if !self.model.is_online() {
            self.complain(NOT_CONNECTED, now_ms);
        } else if let Some(sentence) = self.too_long(&request) {
            self.complain(&sentence, now_ms);
        } else {
            self.send(request);
        }
    }

    /// The reason why this request cannot be sent, if its line is too long for the
    /// server.
    fn too_long(&self, request: &Request) -> Option<String> {
        // The driver may add the prefix of an earlier download.
        let may_grow = matches!(request, Request::Download(_));
        let prefix_bytes = if may_grow { LONGEST_PREFIX_BYTES } else { 0 };
        let bytes = request.to_line().trim_end().len() + prefix_bytes;
        let limit = self.line_bytes;
        (bytes > limit).then(|| {
            format!(
                "This message has {bytes} bytes, but the server accepts at most {limit} \
                 bytes per line. Shorten it, or upload it as a file."
            )
        })
    }

    fn send(&mut self, request: Request) {
        if let Some(request) = self.login.pass(request) {
            self.effects.push(Effect::Send(request));
        }
    }

    fn show(&mut self, text: &str, now_ms: u64) {
        self.model.chat.push(now_ms, LineKind::Output, text);
    }

    /// Shows an answer of many lines: all of them in a script; otherwise as many as a
    /// user can read, with the number of the others.
    fn show_list(&mut self, lines: &[String], now_ms: u64) {
        let is_for_a_person = self.wants_lists;
        let shown = if is_for_a_person {
            lines.len().min(LONGEST_ANSWER_LINES)
        } else {
            lines.len()
        };
        for line in &lines[..shown] {
            self.show(line, now_ms);
        }
        match lines.len() - shown {
            0 => {}
            1 => self.show("1 more line is not shown.", now_ms),
            more => self.show(&format!("{more} more lines are not shown."), now_ms),
        }
    }

    fn complain(&mut self, sentence: &str, now_ms: u64) {
        self.model.chat.push(now_ms, LineKind::Error, sentence);
    }

    /// The same for pages that show files but perhaps not the chat.
    fn complain_of_files(&mut self, sentence: String, now_ms: u64) {
        self.complain(&sentence, now_ms);
        self.model.files_problem = Some(sentence);
    }
}

const NOT_CONNECTED: &str = "You are not connected to a server.";

#[cfg(test)]
mod tests;
