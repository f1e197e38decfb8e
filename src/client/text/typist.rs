//! Reads what a person types into a line editor, or what comes through a pipe.

use super::above_prompt::Printer;
use crate::client::complete::{self, Known};
use crate::client::controller::Intent;
use crate::client::model::Model;
use crate::client::session::Door;
use crate::transfer::threads;
use crossbeam_channel::{Receiver, Sender, bounded};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Context, Editor, ExternalPrinter, Helper, Highlighter};
use std::io::{BufRead, Write, stdin, stdout};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// Words that Tab completes beside the commands; filled from the model as it changes.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownWords(Arc<Mutex<Known>>);

/// Open while the prompt is on the screen. What is printed between two prompts would land
/// in the middle of one, so it waits here.
#[derive(Debug, Clone)]
struct Gate {
    open: Sender<()>,
    is_open: Receiver<()>,
}

/// The editor's side of it.
#[derive(Helper, Highlighter)]
struct Completion {
    words: KnownWords,
    gate: Gate,
}

/// Longest wait for the next prompt: there is none after the last line.
const PROMPT_TIMEOUT: Duration = Duration::from_millis(200);

const PROMPT: &str = "> ";

/// Starts to read a pipe; each line is brought to the door. What it returns is closed at
/// the end of the pipe.
pub(super) fn start_pipe(door: Door) -> Receiver<()> {
    let (typing, ended) = bounded(0);
    let result = threads::start("typist".to_owned(), move || {
        for line in stdin().lock().lines() {
            match line {
                Ok(line) => door.intend(Intent::Input(line)),
                Err(error) => {
                    log::warn!("stopped reading what is typed: {error}");
                    break;
                }
            }
        }
        drop(typing);
        door.intend(Intent::Seen); // A nudge: the face looks whether all is done.
    });
    if let Err(error) = result {
        log::error!("cannot read what is typed: {error}");
    }
    ended
}

/// Starts the line editor; `None` where this terminal cannot have one.
pub(super) fn start_editor(door: Door, words: KnownWords) -> Option<Printer> {
    let (sender, printer) = bounded(1);
    let result = threads::start("typist".to_owned(), move || {
        let config = Config::builder().auto_add_history(true).build();
        let editor = Editor::<Completion, DefaultHistory>::with_config(config);
        let (mut editor, mut external) = match with_printer(editor) {
            Ok(both) => both,
            Err(error) => return log::debug!("no line editor: {error}"),
        };
        let gate = Gate::new();
        editor.set_helper(Some(Completion {
            words,
            gate: gate.clone(),
        }));
        let printer: Printer = Box::new(move |text| {
            gate.wait();
            // A terminal that is gone is noticed by the editor.
            let _ = external.print(text);
        });
        if sender.send(printer).is_ok() {
            type_lines(&mut editor, &door);
        }
    });
    result.ok()?;
    printer.recv().ok()
}

fn with_printer(
    editor: Result<Editor<Completion, DefaultHistory>, ReadlineError>,
) -> Result<
    (
        Editor<Completion, DefaultHistory>,
        impl ExternalPrinter + Send,
    ),
    ReadlineError,
> {
    let mut editor = editor?;
    let printer = editor.create_external_printer()?;
    Ok((editor, printer))
}

/// Until Ctrl-C or Ctrl-D.
fn type_lines(editor: &mut Editor<Completion, DefaultHistory>, door: &Door) {
    while let Ok(line) = editor.readline(PROMPT) {
        let columns = editor.dimensions().map_or(80, |(columns, _)| columns);
        erase(&line, columns.into());
        door.intend(Intent::Input(line));
    }
    door.intend(Intent::Close);
}

/// Takes the typed line off the screen: what it does is shown in the chat, and the bars
/// above it must stay right above the prompt.
fn erase(line: &str, columns: usize) {
    let rows = (PROMPT.width() + line.width()) / columns.max(1) + 1;
    let mut out = stdout().lock();
    let _ = write!(out, "\u{1b}[{rows}A\r\u{1b}[J");
    let _ = out.flush();
}

impl Gate {
    fn new() -> Self {
        let (open, is_open) = bounded(1);
        Self { open, is_open }
    }

    fn open(&self) {
        let _ = self.open.try_send(()); // Full means open already.
    }

    fn close(&self) {
        let _ = self.is_open.try_recv();
    }

    fn wait(&self) {
        if self.is_open.recv_timeout(PROMPT_TIMEOUT).is_ok() {
            self.open();
        }
    }
}

/// No hint; but it is asked for whenever the prompt is drawn.
impl Hinter for Completion {
    type Hint = String;

    fn hint(&self, _: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.gate.open();
        None
    }
}

/// Every line is valid; but it is asked when the line is about to be taken.
impl Validator for Completion {
    fn validate(
        &self,
        _: &mut ValidationContext<'_>,
    ) -> Result<ValidationResult, ReadlineError> {
        self.gate.close();
        Ok(ValidationResult::Valid(None))
    }
}

impl KnownWords {
    /// Takes names and files from the model.
    pub(super) fn learn(&self, model: &Model) {
        self.lock().learn(model);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> Result<(usize, Vec<String>), ReadlineError> {
        let found = complete::complete(line, position, &self.words.lock());
        Ok((found.start, found.candidates))
    }
}
