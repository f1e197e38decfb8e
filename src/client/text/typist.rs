//! Reads lines from a line editor or a pipe.

use super::above_prompt::Printer;
use crate::client::complete::{self, Known};
use crate::client::controller::Intent;
use crate::client::model::Model;
use crate::client::session::SessionHandle;
use crate::transfer::threads;
use crossbeam_channel::{Receiver, Sender, bounded};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Context, Editor, ExternalPrinter, Helper, Highlighter};
use std::cell::RefCell;
use std::io::{BufRead, ErrorKind, Write, stdin, stdout};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// The words that Tab completes besides commands, from the model.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownWords(Arc<Mutex<Known>>);

/// Open while the prompt is on the screen. Output between two prompts would appear inside
/// one, so it waits here.
#[derive(Debug, Clone)]
struct PromptGate {
    open: Sender<()>,
    is_open: Receiver<()>,
}

/// The editor's end of it.
#[derive(Helper, Highlighter)]
struct Completion {
    words: KnownWords,
    gate: PromptGate,
    /// The line as it is typed, because the editor loses it when it stops with an error.
    line: RefCell<String>,
}

/// The longest wait for the next prompt: there is none after the last line.
const PROMPT_TIMEOUT: Duration = Duration::from_millis(200);

const PROMPT: &str = "> ";

const NOT_UTF8: &str = "The terminal sent bytes that are not UTF-8. They and the keys \
                        typed with them were ignored. Set the terminal to UTF-8.";

/// Starts to read a pipe and sends each line to the session. The returned channel is
/// closed at the end of the pipe.
pub(super) fn start_pipe(handle: SessionHandle) -> Receiver<()> {
    let (typing, ended) = bounded(0);
    let result = threads::start("typist".to_owned(), move || {
        read_pipe(stdin().lock(), |intent| handle.intend(intent));
        drop(typing);
        handle.intend(Intent::Seen); // Wakes the front end.
    });
    if let Err(error) = result {
        log::error!("cannot read from the terminal: {error}");
    }
    ended
}

/// Reads lines to the end of the input. Bytes that are not UTF-8 are replaced, and an
/// incomplete input is reported: lost input is never a success.
fn read_pipe(mut input: impl BufRead, mut intend: impl FnMut(Intent)) {
    for number in 1_u64.. {
        let mut bytes = Vec::new();
        match input.read_until(b'\n', &mut bytes) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                let sentence =
                    format!("Cannot read line {number} of the input: {error}.");
                return intend(Intent::Complain(sentence));
            }
        }
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if str::from_utf8(line).is_err() {
            let sentence = format!(
                "Line {number} of the input is not UTF-8. Its invalid bytes were replaced \
                 by {}.",
                char::REPLACEMENT_CHARACTER
            );
            intend(Intent::Complain(sentence));
        }
        intend(Intent::Input(String::from_utf8_lossy(line).into_owned()));
    }
}

/// Starts the line editor; `None` if this terminal does not support it.
pub(super) fn start_editor(handle: SessionHandle, words: KnownWords) -> Option<Printer> {
    let (sender, printer) = bounded(1);
    let result = threads::start("typist".to_owned(), move || {
        let config = Config::builder().auto_add_history(true).build();
        let editor = Editor::<Completion, DefaultHistory>::with_config(config);
        let (mut editor, mut external) = match with_printer(editor) {
            Ok(both) => both,
            Err(error) => return log::debug!("cannot start the line editor: {error}"),
        };
        let gate = PromptGate::new();
        editor.set_helper(Some(Completion {
            words,
            gate: gate.clone(),
            line: RefCell::default(),
        }));
        let printer: Printer = Box::new(move |text| {
            gate.wait();
            // A terminal that is gone is noticed by the editor.
            let _ = external.print(text);
        });
        if sender.send(printer).is_ok() {
            type_lines(&mut editor, &handle);
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

/// Until Ctrl-C or Ctrl-D. A byte that is not UTF-8 removes only itself and the keys of
/// its burst: the line stays.
fn type_lines(editor: &mut Editor<Completion, DefaultHistory>, handle: &SessionHandle) {
    let mut begun = String::new();
    loop {
        let typed = editor.readline_with_initial(PROMPT, (&begun, ""));
        let unfinished = editor
            .helper()
            .map(|it| mem::take(&mut *it.line.borrow_mut()));
        let columns = editor.dimensions().map_or(80, |(columns, _)| columns);
        match typed {
            Ok(line) => {
                begun.clear();
                erase(&line, columns.into());
                handle.intend(Intent::Input(line));
            }
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => break,
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                begun = unfinished.unwrap_or_default();
                erase(&begun, columns.into());
                handle.intend(Intent::Complain(NOT_UTF8.to_owned()));
            }
            Err(error) => {
                let sentence = format!("Cannot read from the terminal: {error}.");
                handle.intend(Intent::Complain(sentence));
                break;
            }
        }
    }
    handle.intend(Intent::Close);
}

/// Removes the typed line from the screen: the chat shows its effect, and the bars must
/// stay directly above the prompt.
fn erase(line: &str, columns: usize) {
    let rows = (PROMPT.width() + line.width()) / columns.max(1) + 1;
    let mut out = stdout().lock();
    let _ = write!(out, "\u{1b}[{rows}A\r\u{1b}[J");
    let _ = out.flush();
}

impl PromptGate {
    fn new() -> Self {
        let (open, is_open) = bounded(1);
        Self { open, is_open }
    }

    fn open(&self) {
        let _ = self.open.try_send(()); // A full channel means that it is already open.
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

/// No hint; but it is called whenever the prompt is drawn.
impl Hinter for Completion {
    type Hint = String;

    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.gate.open();
        line.clone_into(&mut self.line.borrow_mut());
        None
    }
}

/// Every line is valid; but it is called before a line is accepted.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, BufReader, Read};

    fn read(input: impl Read) -> Vec<Intent> {
        let mut intents = Vec::new();
        read_pipe(BufReader::new(input), |intent| intents.push(intent));
        intents
    }

    fn input(line: &str) -> Intent {
        Intent::Input(line.to_owned())
    }

    #[test]
    fn a_byte_that_is_not_utf_8_is_replaced_and_reported_and_reading_continues() {
        let intents = read(&b"one\r\ncaf\xe9\nthree"[..]);
        let [first, Intent::Complain(sentence), second, third] = &intents[..] else {
            panic!("{intents:?}");
        };
        assert_eq!(*first, input("one"));
        assert!(sentence.starts_with("Line 2 of the input is not UTF-8."));
        assert_eq!((second, third), (&input("caf\u{fffd}"), &input("three")));
    }

    #[test]
    fn a_read_error_in_the_input_is_reported_as_a_failure() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("unplugged"))
            }
        }
        let intents = read((&b"one\ntw"[..]).chain(Broken));
        let sentence = "Cannot read line 2 of the input: unplugged.".to_owned();
        assert_eq!(intents, [input("one"), Intent::Complain(sentence)]);
    }
}
