//! The front end of the client in a terminal, a pipe or a script.
//!
//! ```text
//! --exec lines --> script --.
//! stdin --> typist ----------+--> session --> model --> screen --> stdout
//!                                               '-----> bars   --> stderr
//! ```
//!
//! | module | is |
//! | --- | --- |
//! | `typist` | reads lines: an editor in a terminal, plain lines from a pipe |
//! | `screen` | prints lines without damaging the bars |
//! | `bars` | one progress bar per download |
//! | `asking` | asks for a password without showing it |
//! | `above_prompt` | draws both above the line that is being typed |
//!
//! A line that begins with `!` reports a failure; it makes the exit code 1.

mod above_prompt;
mod asking;
mod bars;
mod question;
mod screen;
mod typist;

use super::controller::{Event, Intent};
use super::json::{Course, JsonEvent};
use super::model::{ChatLine, LabState, LineKind, LoginProblem, Phase};
use super::script::Script;
use super::session::{Arrival, Session, SessionHandle};
use super::{Exit, Settings, words};
use crate::system::terminal;
use crate::transfer::clock::steady_time_ms;
use crate::wire::message::{Reply, Request, TransferState};
use asking::Asking;
use bars::Bars;
use crossbeam_channel::{Receiver, TryRecvError, never};
use indicatif::MultiProgress;
use screen::Screen;
use std::collections::HashMap;
use std::io::{IsTerminal, stderr, stdin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use typist::KnownWords;

/// The settings of the text front end.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// Lines to type, one after the other; then the client exits.
    pub exec: Vec<String>,
    /// Print events as JSON instead of lines for users.
    pub is_json: bool,
}

/// The running text front end.
struct TextClient {
    session: Session,
    script: Script,
    screen: Screen,
    bars: Bars,
    is_json: bool,
    /// Whether to exit when the script is done.
    ends_with_script: bool,
    /// The data for completion by Tab; only with a line editor.
    words: KnownWords,
    /// The data for connecting, again if a password is required.
    connect: Intent,
    /// Whether the user can be asked for a password.
    asking: Option<Asking>,
    /// The input, until its reader starts.
    unread: Option<Typing>,
    /// Closed at the end of a pipe.
    typing: Receiver<()>,
    shown_lines: usize,
    shown_courses: HashMap<u64, Course>,
    shown_question: question::Shown,
    /// The place in the server's queue that was last printed, by tag.
    printed_places: HashMap<u64, Option<u32>>,
    has_failed: bool,
}

/// The source of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Typing {
    Editor,
    Pipe,
}

/// The interval of ticks for the controller.
const TICK: Duration = Duration::from_secs(1);

/// Runs the text front end until the user or the script is done.
///
/// `bars`: the progress bars; the logger must know them, so that no line damages them.
#[must_use]
pub fn run(settings: Settings, manner: Manner, bars: MultiProgress) -> Exit {
    let Some(name) = settings.name.clone() else {
        Screen::complain("No name was given. Choose one with --name NAME.");
        return Exit::Usage;
    };
    let server = settings.server.clone().unwrap_or_default();
    let is_script = !manner.exec.is_empty();
    // The console must read escape sequences before the line editor starts, which
    // restores its settings.
    let has_editor = !is_script
        && !manner.is_json
        && stdin().is_terminal()
        && terminal::reads_escapes();
    let session = Session::new(settings, has_editor, || {});
    let asking = Asking::default();
    leave_on_ctrl_c(session.handle(), asking.on_ctrl_c());
    let can_ask = !manner.is_json && stdin().is_terminal() && stderr().is_terminal();
    let typing = if has_editor {
        Typing::Editor
    } else {
        Typing::Pipe
    };
    let connect = Intent::Connect {
        server,
        port: String::new(),
        name,
    };
    let mut client = TextClient {
        script: Script::new(manner.exec),
        screen: Screen::new(bars.clone()),
        bars: Bars::new(bars),
        is_json: manner.is_json,
        ends_with_script: is_script,
        words: KnownWords::default(),
        connect: connect.clone(),
        asking: can_ask.then_some(asking),
        unread: (!is_script).then_some(typing),
        typing: never(),
        shown_lines: 0,
        shown_courses: HashMap::new(),
        shown_question: question::Shown::default(),
        printed_places: HashMap::new(),
        has_failed: false,
        session,
    };
    let first = client.script.next_line().map(Intent::Input);
    client.intend_together([connect].into_iter().chain(first));
    client.run()
}

impl TextClient {
    fn run(mut self) -> Exit {
        loop {
            while let Some(line) = self.script.next_line() {
                self.intend_together([Intent::Input(line)]);
            }
            if let Some(exit) = self.exit() {
                self.screen.close();
                return exit;
            }
            self.start_typist();
            match self.session.next(TICK) {
                Arrival::Intent(intent) => self.intend_together([intent]),
                Arrival::Event(event) => self.bring(event),
            }
        }
    }

    /// Only once; a line editor only when it is clear that no password is required.
    fn start_typist(&mut self) {
        let is_joining = self.session.model().phase == Phase::Joining;
        let waits = self.unread == Some(Typing::Editor) && is_joining;
        let Some(typing) = self.unread.take_if(|_| !waits) else {
            return;
        };
        let handle = self.session.handle();
        let printer = (typing == Typing::Editor)
            .then(|| typist::start_editor(handle.clone(), self.words.clone()))
            .flatten();
        match printer {
            Some(printer) => self.screen.go_above(printer),
            None => self.typing = typist::start_pipe(handle),
        }
    }

    fn intend_together(&mut self, intents: impl IntoIterator<Item = Intent>) {
        let requests: Vec<Request> = self.session.intend_together(intents);
        self.script.asked(&requests, steady_time_ms());
        self.show(true);
    }

    fn bring(&mut self, event: Event) {
        if let Event::Reply(reply) = &event {
            self.script.on_reply(reply, &self.session.model().name);
        }
        if self.is_json {
            self.tell(&event);
        }
        let requests = self.session.bring(event);
        self.script.asked(&requests, steady_time_ms());
        self.script.on_model(self.session.model());
        self.show(false);
    }

    /// Whether it is time to exit, and the exit code.
    fn exit(&mut self) -> Option<Exit> {
        let how = if self.has_failed {
            Exit::Failed
        } else {
            Exit::Well
        };
        if self.ask_for_password() {
            return None;
        }
        let model = self.session.model();
        if let Some(problem) = &model.login_problem {
            Screen::complain(&words::harmless(problem.sentence()));
            return Some(match problem {
                LoginProblem::Form { .. } => Exit::Usage,
                LoginProblem::Unreachable { .. } => Exit::Unreachable,
                LoginProblem::Password { .. } | LoginProblem::Refused { .. } => {
                    Exit::Refused
                }
            });
        }
        if self.session.is_over() {
            let is_cut_short = self.ends_with_script && !self.script.is_done();
            return Some(if is_cut_short { Exit::Failed } else { how });
        }
        match model.phase {
            Phase::Joining => return None,
            Phase::Joined => {}
            // For an interactive user the controller reconnects by itself.
            Phase::Lost { .. } if model.rejoining.is_some() => return None,
            Phase::Login | Phase::Lost { .. } => {
                self.has_failed |= matches!(model.phase, Phase::Lost { .. });
                self.intend_together([Intent::Close]);
                return self.exit();
            }
        }
        // An interactive user decides how long to wait; the controller notices a lost
        // server.
        let is_person = self.screen.has_editor();
        if !is_person && self.script.is_overdue(steady_time_ms()) {
            Screen::complain("The server did not answer within 30 s.");
            self.has_failed = true;
            self.intend_together([Intent::Close]);
            return self.exit();
        }
        let is_typed = self.typing.try_recv() == Err(TryRecvError::Disconnected);
        let is_running = self.session.model().lab.as_ref();
        let is_running = is_running.is_some_and(|lab| lab.state == LabState::Running);
        if (self.ends_with_script || is_typed) && self.script.is_done() && !is_running {
            self.ends_with_script = true;
            self.intend_together([Intent::Close]);
            return self.exit();
        }
        None
    }

    /// Asks the user for a missing password, if possible; returns whether to connect
    /// again.
    fn ask_for_password(&mut self) -> bool {
        let problem = self.session.model().login_problem.as_ref();
        let (Some(LoginProblem::Password { sentence }), Some(asking)) =
            (problem, &self.asking)
        else {
            return false;
        };
        Screen::complain(&words::harmless(sentence));
        match asking.ask() {
            Ok(password) => {
                let password = Intent::SetPassword(Some(password));
                self.intend_together([password, self.connect.clone()]);
                true
            }
            Err(sentence) => {
                Screen::complain(&sentence);
                false
            }
        }
    }

    /// Shows the news of the model. `is_own`: the user caused them, not the server.
    fn show(&mut self, is_own: bool) {
        let chat = &self.session.model().chat;
        let new: Vec<_> = chat.since(self.shown_lines).cloned().collect();
        self.shown_lines = chat.count();
        for line in new {
            // For an interactive user a mistyped command is no failure of the program.
            self.has_failed |= line.kind == LineKind::Error && !self.screen.has_editor();
            if !self.is_json {
                self.screen.print(&for_people(&line));
            } else if is_own {
                self.print_own(&line);
            }
        }
        if self.is_json {
            self.print_progress();
        } else {
            self.bars.show(&self.session.model().transfers);
            self.print_queue_places();
            let model = self.session.model();
            for line in self.shown_question.lines(model, steady_time_ms()) {
                self.screen.print(&line);
            }
            self.words.learn(self.session.model());
        }
        self.show_search();
        if self.screen.is_deaf() {
            self.session.intend(Intent::Close);
        }
    }

    /// `/search`: the found lines are printed again.
    fn show_search(&mut self) {
        let chat = &self.session.model().chat;
        let Some(search) = chat.search() else {
            return;
        };
        let found: Vec<_> = chat
            .lines()
            .filter(|line| search.is_in(line) && line.kind != LineKind::Output)
            .map(|line| for_people(line))
            .collect();
        let kept = match chat.count() - chat.lines().count() {
            0 => String::new(),
            _ => format!(" among the last {}", chat.lines().count()),
        };
        let count = match found.len() {
            1 => format!("1 line with {:?}{kept}:", search.query()),
            lines => format!("{lines} lines with {:?}{kept}:", search.query()),
        };
        for text in [count].into_iter().chain(found) {
            if self.is_json {
                self.screen.print(&JsonEvent::Output { text }.to_line());
            } else {
                self.screen.print(&text);
            }
        }
        self.session.intend(Intent::Search(None));
    }

    /// Prints a transfer's place in the server's queue, if no bar shows it.
    fn print_queue_places(&mut self) {
        if !self.bars.are_hidden() {
            return;
        }
        let transfers = &self.session.model().transfers;
        for transfer in transfers
            .iter()
            .filter(|it| it.state == TransferState::Queued)
        {
            let told = self.printed_places.insert(transfer.tag, transfer.place);
            if told != Some(transfer.place) {
                let file = words::harmless(&transfer.file);
                let state = words::state(transfer);
                self.screen.print(&format!("* {file} is {state}."));
            }
        }
    }

    fn tell(&mut self, event: &Event) {
        let event = match event {
            // A pong answers the controller, not the script.
            Event::Reply(Reply::Pong)
            | Event::RoundTrip(_)
            | Event::Opened { .. }
            | Event::Report { .. }
            | Event::Skipped { .. }
            | Event::PartialFilesFound(_)
            | Event::Discarded { .. }
            | Event::Seen { .. }
            | Event::FolderNotShown(_)
            | Event::Remark(_)
            | Event::Drawn(_)
            | Event::LabRan { .. }
            | Event::SubmissionRead(_)
            | Event::Tick => return,
            Event::Reply(reply) => return self.screen.print(reply.to_line().trim_end()),
            Event::Connected { round_trip } => JsonEvent::Connected {
                round_trip_us: u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX),
            },
            Event::Unreachable(sentence) => JsonEvent::Unreachable {
                sentence: sentence.clone(),
            },
            Event::Lost(sentence) => JsonEvent::Lost {
                sentence: sentence.clone(),
            },
        };
        self.screen.print(&event.to_line());
    }

    fn print_own(&mut self, line: &ChatLine) {
        let text = line.text.clone();
        let event = match line.kind {
            LineKind::Error => JsonEvent::Problem { sentence: text },
            LineKind::Output => JsonEvent::Output { text },
            LineKind::Said { .. }
            | LineKind::WhisperedFrom { .. }
            | LineKind::WhisperedTo { .. }
            | LineKind::Joined { .. }
            | LineKind::Left { .. }
            | LineKind::Gap
            | LineKind::Notice => return,
        };
        self.screen.print(&event.to_line());
    }

    fn print_progress(&mut self) {
        for transfer in &self.session.model().transfers {
            let course = Course::from(transfer);
            let shown = self.shown_courses.get(&transfer.tag);
            if shown != Some(&course) {
                let event = match transfer.source {
                    None => JsonEvent::Download(course.clone()),
                    Some(_) => JsonEvent::Upload(course.clone()),
                };
                self.screen.print(&event.to_line());
                self.shown_courses.insert(transfer.tag, course);
            }
        }
    }
}

/// Messages of users have a time; the answer to a command does not need one.
fn for_people(line: &ChatLine) -> String {
    match line.kind {
        LineKind::Output | LineKind::Error => line.to_string(),
        LineKind::Said { .. }
        | LineKind::WhisperedFrom { .. }
        | LineKind::WhisperedTo { .. }
        | LineKind::Joined { .. }
        | LineKind::Left { .. }
        | LineKind::Gap
        | LineKind::Notice => format!("{} {line}", words::time_of_day(line.time_ms)),
    }
}

/// The first Ctrl-C leaves the room and keeps the parts; the second one ends the program
/// at once.
fn leave_on_ctrl_c(handle: SessionHandle, first: impl Fn() + Send + 'static) {
    let is_leaving = AtomicBool::new(false);
    let result = ctrlc::set_handler(move || {
        first();
        if is_leaving.swap(true, Ordering::Relaxed) {
            std::process::exit(130); // As a shell reports SIGINT.
        }
        handle.intend(Intent::Close);
    });
    if let Err(error) = result {
        log::warn!("cannot catch Ctrl-C, so it will end the client at once: {error}");
    }
}
