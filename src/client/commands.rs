//! The commands that a user types: slash commands, the older shortcuts, or plain text.
//!
//! `/whisper dana hi` is a command, `//hi` sends `/hi`, and any other line is sent as it
//! is. The shortcuts `!pm NAME TEXT`, `!df FILE` and `download FILE` of older programs
//! still work. A file's name may contain spaces, quoted or not.
//!
//! ```
//! use sash::client::commands::{Command, read};
//! assert_eq!(read("/cancel 2", &[]), Ok(Command::Cancel { tag: Some(2) }));
//! let sentence = read("/wisper dana hi", &[]).unwrap_err();
//! assert_eq!(sentence, "There is no command /wisper. Did you mean /whisper?");
//! ```

mod ask;
mod lab;
mod reading;
mod table;

pub use ask::Wanted;
pub use reading::quoted;
pub use table::COMMANDS;

use super::model::Audience;
use super::share::Share;
use crate::link::{Label, Scenario};
use crate::transfer::overwrite::Overwrite;
use crate::wire::message::{Answer, Assignment, FileEntry};
use crate::wire::options::{Arq, Congestion, RequestedOptions, Transport};

/// The meaning of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Nothing was typed.
    Nothing,
    /// A line for the receiver in the field To.
    Say {
        /// The text.
        text: String,
    },
    /// A direct message.
    Whisper {
        /// Whom.
        to: String,
        /// The text.
        text: String,
    },
    /// Choose the receiver of later lines.
    To(Audience),
    /// List the users.
    Users,
    /// List the files.
    Files,
    /// Download a file; options given here have priority over the chosen ones.
    Download {
        /// Its name, as `/files` shows it.
        file: String,
        /// The options written behind it.
        asked: RequestedOptions,
    },
    /// Upload a file; options given here have priority over the chosen ones.
    Upload {
        /// Its path on this computer.
        path: String,
        /// The options written behind it.
        asked: RequestedOptions,
    },
    /// List the transfers.
    Transfers,
    /// Pause a transfer; without a number, all of them.
    Pause {
        /// Its number, as `/transfers` shows it.
        tag: Option<u64>,
    },
    /// Resume a transfer; without a number, all of them.
    Resume {
        /// Its number, as `/transfers` shows it.
        tag: Option<u64>,
    },
    /// Choose the share at which later transfers pause by themselves; `None`: none.
    PauseAt(Option<Share>),
    /// Cancel a transfer; without a number, the only one.
    Cancel {
        /// Its number, as `/transfers` shows it.
        tag: Option<u64>,
    },
    /// The same, and delete its partial file.
    Discard {
        /// Its number, as `/transfers` shows it.
        tag: Option<u64>,
    },
    /// Try a failed transfer again; without a number, the last one.
    Retry {
        /// Its number, as `/transfers` shows it.
        tag: Option<u64>,
    },
    /// Choose what to do if a file of a download's name exists; `None`: keep both.
    Overwrite(Option<Overwrite>),
    /// Choose the protocol of later transfers; `None`: the server's.
    Arq(Option<Arq>),
    /// Choose the window; `None`: the default.
    Window(Option<u32>),
    /// Choose the congestion controller; `None`: the default.
    Congestion(Option<Congestion>),
    /// Choose the file bytes per packet; `None`: the server's.
    Segment(Option<u16>),
    /// Choose the transport; `None`: the server's.
    Transport(Option<Transport>),
    /// Search the chat for a text.
    Search {
        /// The text.
        query: String,
    },
    /// Clear this conversation.
    Clear,
    /// Close the conversation with one user.
    CloseConversation,
    /// Remove a user; only for the teacher, as are the next three.
    Kick {
        /// Whom.
        name: String,
        /// Why; empty where nothing was said.
        why: String,
    },
    /// Ban a user.
    Ban {
        /// Whom.
        name: String,
        /// Why; empty where nothing was said.
        why: String,
    },
    /// Lift a ban.
    Unban {
        /// Whom.
        name: String,
    },
    /// List the bans.
    Bans,
    /// Give out an exercise; only for the teacher.
    GiveLab(Assignment),
    /// Run the teacher's exercise, or decline it.
    AnswerLab {
        /// Whether to run it.
        accept: bool,
        /// The predicted number of DATA packets.
        prediction: Option<u32>,
    },
    /// Send a result of `lab grade` to the teacher.
    Submit {
        /// A file that `lab grade` has written.
        path: String,
    },
    /// List the results; only for the teacher.
    LabResults,
    /// Ask the class about a run; only for the teacher.
    Ask {
        /// The question.
        wanted: Wanted,
        /// The run.
        assignment: Assignment,
    },
    /// Answer the teacher's question.
    Answer(Answer),
    /// Show the distribution of the answers to all users; only for the teacher.
    Reveal,
    /// Replace this program's link, or only show it.
    Link(Option<Box<Scenario>>),
    /// Lose a packet in flight.
    Kill {
        /// Which.
        packet: Label,
        /// Its transfer's number, as `/transfers` shows it; `None`: the only one.
        tag: Option<u64>,
    },
    /// List the commands.
    Help,
    /// Leave the room.
    Disconnect,
    /// Leave the program.
    Quit,
}

/// A command as `/help` shows it.
#[derive(Debug)]
pub struct Usage {
    /// Its names; the first is the one shown.
    pub names: &'static [&'static str],
    /// The arguments after the name.
    pub arguments: &'static str,
    /// Its possible arguments, if there are only a few.
    pub choices: &'static [&'static str],
    /// Its explanation.
    pub explanation: &'static str,
    /// Its purpose.
    pub purpose: Purpose,
    read: fn(&str, &[FileEntry]) -> Result<Command, String>,
}

/// The purpose of a command; `/help` groups commands by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Users and their lines.
    Talk,
    /// Files and their transfers.
    Files,
    /// The options of later transfers.
    Options,
    /// A class and its teacher.
    Class,
    /// The program itself.
    Program,
}

impl Purpose {
    /// In the order of `/help`.
    pub const ALL: [Self; 5] = [
        Self::Talk,
        Self::Files,
        Self::Options,
        Self::Class,
        Self::Program,
    ];

    /// The heading above its commands.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Talk => "Talk",
            Self::Files => "Files and transfers",
            Self::Options => "Options of later transfers",
            Self::Class => "Class",
            Self::Program => "Program",
        }
    }
}

impl Usage {
    /// `/whisper NAME TEXT`.
    #[must_use]
    pub fn synopsis(&self) -> String {
        let name = self.names.first().copied().unwrap_or_default();
        format!("/{name} {}", self.arguments).trim_end().to_owned()
    }

    /// Its usage, to follow an error. If it takes one of a few words, the error already
    /// names them.
    fn reminder(&self, name: &str) -> String {
        if self.choices.len() > 2 {
            return String::new();
        }
        format!(" Write /{name} {}.", self.arguments)
    }
}

/// The arguments of `/download` and `/upload`.
const FILE_AND_OPTIONS: &str = "FILE [OPTIONS]";

/// The options after a file's name, for completion.
pub const FILE_OPTIONS: [&str; 5] = [
    "--arq",
    "--window",
    "--congestion",
    "--segment",
    "--transport",
];

/// A word in which more than a third of the letters differ is no typing error.
const LETTERS_PER_SLIP: usize = 3;

/// The width of the column of commands in `/help`. Unit: letters.
const SYNOPSIS_WIDTH: usize = 25;

/// The width of the words of a command in one line of `/help`. Unit: letters.
const CHOICES_WIDTH: usize = 46;

/// The commands that may begin with `line`; one, if its name is complete.
#[must_use]
pub fn matching(line: &str) -> Vec<&'static Usage> {
    let Some(typed) = line.strip_prefix('/').filter(|it| !it.starts_with('/')) else {
        return Vec::new();
    };
    let (name, _) = first_word(typed);
    let wanted = name.to_lowercase();
    let is_whole = |usage: &&Usage| usage.names.contains(&&*wanted);
    if let Some(usage) = COMMANDS.iter().find(is_whole) {
        let others = COMMANDS
            .iter()
            .filter(|it| it.names[0].starts_with(&wanted));
        let longer = others.filter(|it| !it.names.contains(&&*wanted));
        let is_ended = typed.len() > name.len();
        return [usage]
            .into_iter()
            .chain(longer.filter(|_| !is_ended))
            .collect();
    }
    if typed.len() > name.len() {
        return Vec::new();
    }
    let begins = |usage: &&Usage| usage.names.iter().any(|it| it.starts_with(&wanted));
    COMMANDS.iter().filter(begins).collect()
}

/// The lines of `/help`: a column of commands, and a column of explanations.
#[must_use]
pub fn help() -> Vec<String> {
    let mut lines = Vec::new();
    for purpose in Purpose::ALL {
        lines.push(format!("{}:", purpose.heading()));
        for usage in COMMANDS.iter().filter(|it| it.purpose == purpose) {
            let (synopsis, explanation) = (usage.synopsis(), usage.explanation);
            lines.push(format!("  {synopsis:SYNOPSIS_WIDTH$}{explanation}"));
            if usage.choices.len() > 2 {
                let choices = in_lines(usage.choices).into_iter();
                let indented = |words| format!("  {:SYNOPSIS_WIDTH$}{words}", "");
                lines.extend(choices.map(indented));
            }
        }
    }
    lines.push("OPTIONS apply to that transfer only:".to_owned());
    lines.push(format!(
        "  {}",
        FILE_OPTIONS.map(|it| format!("{it} X")).join("  ")
    ));
    lines.push("Any other line is sent to the chat. //hi sends /hi.".to_owned());
    lines
}

/// Wraps words into as few lines as possible.
fn in_lines(words: &[&str]) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words {
        if let Some(line) = lines.last_mut()
            && (line.is_empty() || line.len() + word.len() + 2 <= CHOICES_WIDTH)
        {
            let gap = if line.is_empty() { "" } else { "  " };
            line.push_str(gap);
            line.push_str(word);
        } else {
            lines.push((*word).to_owned());
        }
    }
    lines
}

/// Reads a typed line. `files` are the known files of the server: they distinguish
/// `download FILE` from a sentence that begins with the same word.
///
/// # Errors
/// A sentence for the user if it is an invalid command.
pub fn read(line: &str, files: &[FileEntry]) -> Result<Command, String> {
    let text = line.trim_end_matches(['\r', '\n']);
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Command::Nothing);
    }
    if let Some(said) = trimmed.strip_prefix("//") {
        let text = format!("/{said}");
        return Ok(Command::Say { text });
    }
    if let Some(command) = trimmed.strip_prefix('/') {
        return read_command(command, files);
    }
    for (shortcut, name) in [("!pm ", "pm "), ("!df ", "df ")] {
        if let Some(rest) = trimmed.strip_prefix(shortcut) {
            return read_command(&format!("{name}{rest}"), files);
        }
    }
    if let Some(name) = trimmed.strip_prefix("download ").map(str::trim) {
        let is_one_word = !name.contains(char::is_whitespace);
        if is_one_word || files.iter().any(|file| file.name == name) {
            return reading::read_download(name);
        }
    }
    Ok(Command::Say {
        text: text.to_owned(),
    })
}

fn read_command(text: &str, files: &[FileEntry]) -> Result<Command, String> {
    let (name, rest) = first_word(text);
    let wanted = name.to_lowercase();
    match COMMANDS.iter().find(|it| it.names.contains(&&*wanted)) {
        Some(usage) => (usage.read)(rest, files)
            .map_err(|why| format!("{why}{}", usage.reminder(&wanted))),
        None => Err(match nearest(&wanted) {
            Some(meant) => format!("There is no command /{name}. Did you mean /{meant}?"),
            None => format!("There is no command /{name}. See /help."),
        }),
    }
}

/// The command's name with the fewest different letters, if they are few.
fn nearest(wanted: &str) -> Option<&'static str> {
    let names = COMMANDS.iter().flat_map(|usage| usage.names);
    let slips = |name: &str| strsim::damerau_levenshtein(name, wanted);
    names
        .map(|name| (slips(name), *name))
        .filter(|(slips, name)| *slips <= name.len().div_ceil(LETTERS_PER_SLIP))
        .min()
        .map(|(_, name)| name)
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

/// `what: why` as a sentence.
#[must_use]
pub fn sentence(error: &str) -> String {
    let mut characters = error.chars();
    let first = characters.next().map(char::to_uppercase);
    first
        .into_iter()
        .flatten()
        .chain(characters)
        .collect::<String>()
        + "."
}

#[cfg(test)]
mod tests;
