//! Completes the word before the cursor at Tab: commands, their choices, names, files.
//!
//! ```
//! use sash::client::complete::{Known, complete};
//! let known = Known { users: vec!["guy".into(), "gal".into()], ..Known::default() };
//! let found = complete("hi g", 4, &known);
//! assert_eq!((found.start, found.candidates), (3, vec!["guy ".into(), "gal ".into()]));
//! ```
//!
//! | before the cursor | completes |
//! | --- | --- |
//! | `/wh` | a command |
//! | `/whisper g`, `/to g` | a user |
//! | `/download no`, `!df no`, `download no` | a file, with its spaces |
//! | `/arq go`, `/download a --arq go` | one of the choices |
//! | anything else | a user, then a file |
//!
//! Users who wrote last come first. Case does not matter. It does not read the disk: the
//! path after `/upload` is not completed.

use super::commands::{self, COMMANDS, FILE_OPTIONS, Usage};
use super::matching;
use super::model::Model;

/// The names that can be completed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The other users; those who wrote last come first.
    pub users: Vec<String>,
    /// The files of the server.
    pub files: Vec<String>,
    /// The number of this list of files in the model.
    pub files_revision: u64,
}

/// The words that can replace the part of the line from `start` to the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// The beginning of that part. Unit: bytes.
    pub start: usize,
    /// The best first.
    pub candidates: Vec<String>,
}

impl Known {
    /// Takes users and files from this model. Files are read only when they have changed.
    pub fn learn(&mut self, model: &Model) {
        let is_other = |name: &&String| **name != model.name;
        let speakers = model.chat.speakers();
        let here = speakers.iter().filter(|name| model.users.contains(name));
        self.users = here.filter(is_other).cloned().collect();
        let silent = model.users.iter().filter(|name| !speakers.contains(name));
        self.users.extend(silent.filter(is_other).cloned());
        if self.files_revision != model.files_revision {
            self.files_revision = model.files_revision;
            let files = model.files.iter().map(|file| file.name.clone());
            self.files = files.collect();
        }
    }
}

/// The possible completions of the word before `cursor`.
#[must_use]
pub fn complete(line: &str, cursor: usize, known: &Known) -> Completion {
    let Some(typed) = line.get(..cursor) else {
        return Completion::default();
    };
    if let Some((command, rest)) = command_of(typed) {
        return in_command(typed, command, rest, known);
    }
    if typed.starts_with('/') && !typed.starts_with("//") {
        return Completion {
            start: 0,
            candidates: commands_beginning_with(typed),
        };
    }
    let start = last_word(typed);
    let begun = &typed[start..];
    if begun.is_empty() {
        return Completion::default();
    }
    let end = if start == 0 { ": " } else { " " };
    let mut candidates = with_end(beginning_with(&known.users, begun), end);
    candidates.extend(beginning_with(&known.files, begun));
    Completion { start, candidates }
}

/// The command at the beginning of the line, and what follows it.
fn command_of(typed: &str) -> Option<(&str, &str)> {
    let shortcuts = [("!pm ", "whisper"), ("!df ", "download")];
    for (shortcut, command) in shortcuts {
        if let Some(rest) = typed.strip_prefix(shortcut) {
            return Some((command, rest));
        }
    }
    if let Some(rest) = typed.strip_prefix("download ") {
        return Some(("download", rest));
    }
    typed.strip_prefix('/')?.split_once(' ')
}

fn in_command(typed: &str, command: &str, rest: &str, known: &Known) -> Completion {
    let name = command.to_lowercase();
    let usage = COMMANDS.iter().find(|it| it.names.contains(&&*name));
    let Some(usage) = usage else {
        return Completion::default();
    };
    let at = |begun: &str| typed.len() - begun.len();
    let word = &typed[last_word(typed)..];
    let is_first_word = !rest.contains(' ');
    let first_name = usage.names.first().copied().unwrap_or_default();
    match first_name {
        "whisper" | "to" if is_first_word => {
            let end = if first_name == "to" { "" } else { " " };
            let mut candidates = with_end(beginning_with(&known.users, rest), end);
            candidates.extend(choices_of(usage, rest));
            Completion {
                start: at(rest),
                candidates,
            }
        }
        "download" | "upload" if rest.contains(" --") => Completion {
            start: at(word),
            candidates: options(rest, word),
        },
        "download" => Completion {
            start: at(rest),
            candidates: files_beginning_with(&known.files, rest),
        },
        "whisper" if !word.is_empty() => Completion {
            start: at(word),
            candidates: with_end(beginning_with(&known.users, word), " "),
        },
        _ => Completion {
            start: at(rest),
            candidates: choices_of(usage, rest),
        },
    }
}

/// After a file's name: the options, or the choices of the previous option.
fn options(rest: &str, word: &str) -> Vec<String> {
    let mut before = rest[..rest.len() - word.len()].split_whitespace();
    let last = before.next_back().unwrap_or_default();
    let name = last.strip_prefix("--").unwrap_or_default();
    let usage = COMMANDS.iter().find(|it| it.names.contains(&name));
    match usage {
        Some(usage) if FILE_OPTIONS.contains(&last) => {
            with_end(choices_of(usage, word), " ")
        }
        Some(_) | None => {
            let fitting = FILE_OPTIONS.iter().filter(|it| it.starts_with(word));
            fitting.map(|option| format!("{option} ")).collect()
        }
    }
}

fn commands_beginning_with(typed: &str) -> Vec<String> {
    let wanted = typed.to_lowercase();
    let names = COMMANDS.iter().filter_map(|usage| {
        let name = usage.names.first()?;
        let end = if usage.arguments.is_empty() { "" } else { " " };
        Some(format!("/{name}{end}"))
    });
    names.filter(|name| name.starts_with(&wanted)).collect()
}

fn choices_of(usage: &Usage, begun: &str) -> Vec<String> {
    let fitting = usage.choices.iter().filter(|it| it.starts_with(begun));
    fitting.map(|choice| (*choice).to_owned()).collect()
}

fn beginning_with(words: &[String], begun: &str) -> Vec<String> {
    let fitting = words.iter().filter(|it| matching::begins_with(it, begun));
    fitting.cloned().collect()
}

/// Files in the form for commands; the typed part may begin with their quotes.
fn files_beginning_with(files: &[String], typed: &str) -> Vec<String> {
    let unquoted = typed.strip_prefix('"').map(|it| it.replace("\"\"", "\""));
    let is_meant = |file: &&String| {
        let begins = |begun: &str| matching::begins_with(file, begun);
        begins(typed) || unquoted.as_deref().is_some_and(begins)
    };
    let meant = files.iter().filter(is_meant);
    meant.map(|file| commands::quoted(file)).collect()
}

fn with_end(words: Vec<String>, end: &str) -> Vec<String> {
    words.into_iter().map(|word| word + end).collect()
}

/// The beginning of the word before the cursor.
fn last_word(typed: &str) -> usize {
    let spaces = typed.char_indices().rev();
    spaces
        .filter(|(_, character)| character.is_whitespace())
        .map(|(at, character)| at + character.len_utf8())
        .next()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::LineKind;
    use proptest::prelude::*;

    fn known() -> Known {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Known {
            users: words(&["guy", "Gal", "noa", "נועה"]),
            files: words(&["notes.txt", "campus map.png"]),
            files_revision: 1,
        }
    }

    fn candidates(typed: &str) -> (usize, Vec<String>) {
        let found = complete(typed, typed.len(), &known());
        (found.start, found.candidates)
    }

    fn finds(typed: &str, start: usize, expected: &[&str]) {
        let expected = expected.iter().map(|&word| word.to_owned()).collect();
        assert_eq!(candidates(typed), (start, expected), "{typed}");
    }

    #[test]
    fn commands_and_their_arguments_are_completed() {
        finds("/wh", 0, &["/whisper "]);
        finds("/us", 0, &["/users"]);
        finds("/whisper g", 9, &["guy ", "Gal "]);
        finds("/w g", 3, &["guy ", "Gal "]);
        finds("/to a", 4, &["all"]);
        finds("/arq go", 5, &["go-back-n"]);
        finds("/download CAMPUS M", 10, &["campus map.png"]);
        finds("!df no", 4, &["notes.txt"]);
        finds("download no", 9, &["notes.txt"]);
        finds("/download notes.txt --co", 20, &["--congestion "]);
        finds(
            "/download notes.txt --arq s",
            26,
            &["stop-and-wait ", "selective-repeat ", "sack "],
        );
        finds("/nonsense x", 0, &[]);
    }

    #[test]
    fn a_file_whose_name_needs_quotes_is_completed_in_quotes() {
        let files = ["\"quoted\".txt", " leading.txt", "a --b.txt"];
        let known = Known {
            files: files.map(str::to_owned).to_vec(),
            ..Known::default()
        };
        let read = |line: &str| match commands::read(line, &[]) {
            Ok(commands::Command::Download { file, asked }) => (file, asked.window),
            other => panic!("{other:?}"),
        };
        for (typed, file, candidate) in [
            ("/download \"quo", files[0], "\"\"\"quoted\"\".txt\""),
            ("/download \"\"\"quo", files[0], "\"\"\"quoted\"\".txt\""),
            ("/download \" lea", files[1], "\" leading.txt\""),
            ("/download a", files[2], "\"a --b.txt\""),
        ] {
            let found = complete(typed, typed.len(), &known);
            assert_eq!(found.candidates, [candidate], "{typed}");
            let line = format!("{}{candidate} --window 7", &typed[..found.start]);
            assert_eq!(read(&line), (file.to_owned(), Some(7)));
        }
        let as_it_is = read("/download \"quoted\".txt");
        assert_eq!(as_it_is, (files[0].to_owned(), None));
    }

    #[test]
    fn names_and_files_are_completed_in_the_middle_of_a_sentence() {
        finds("g", 0, &["guy: ", "Gal: "]);
        finds("ask n", 4, &["noa ", "notes.txt"]);
        finds("ask נ", 4, &["נועה "]);
        finds("", 0, &[]);
        finds("ask ", 0, &[]);
    }

    #[test]
    fn the_latest_speaker_is_completed_first_and_the_own_name_is_not_offered() {
        let mut model = Model {
            name: "dana".into(),
            users: ["dana", "gal", "guy", "noa"].map(str::to_owned).to_vec(),
            ..Model::default()
        };
        for from in ["gone", "guy"] {
            let from = from.to_owned();
            model.chat.push(0, LineKind::Said { from }, "hi");
        }
        let mut known = Known::default();
        known.learn(&model);
        assert_eq!(known.users, ["guy", "gal", "noa"]);
    }

    proptest! {
        #[test]
        fn the_text_that_a_completion_replaces_ends_at_the_cursor(
            line in "[/!a-z נ-]{0,20}",
            cursor in 0..40_usize,
        ) {
            let found = complete(&line, cursor, &known());
            if !found.candidates.is_empty() {
                prop_assert!(found.start <= cursor);
                prop_assert!(line.is_char_boundary(found.start));
            }
        }
    }
}
