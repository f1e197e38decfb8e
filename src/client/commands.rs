//! What a person types: slash commands, the older shortcuts, or plain text.
//!
//! `/whisper dana hi` is a command, `//hi` says `/hi`, and anything else is said as it is.
//! `!pm NAME TEXT`, `!df FILE` and a bare `download FILE` mean what they meant to those
//! who know them. A file's name may hold spaces, quoted or not.
//!
//! ```
//! use sash::client::commands::{Command, read};
//! assert_eq!(read("/cancel 2", &[]), Ok(Command::Cancel { tag: Some(2) }));
//! let sentence = read("/wisper dana hi", &[]).unwrap_err();
//! assert_eq!(sentence, "There is no /wisper. Did you mean /whisper?");
//! ```

use super::model::Audience;
use super::share::Share;
use crate::link::{Label, Scenario};
use crate::transfer::overwrite::Overwrite;
use crate::wire::message::FileEntry;
use crate::wire::options::{Arq, Asked, Congestion, Transport};
use std::str::FromStr;

/// What a line means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Nothing was typed.
    Nothing,
    /// To whom the To field names.
    Say {
        /// What is said.
        text: String,
    },
    /// To one person.
    Whisper {
        /// Whom.
        to: String,
        /// What is said.
        text: String,
    },
    /// Who hears plain text from now on.
    To(Audience),
    /// Who is there?
    Users,
    /// What is on offer?
    Files,
    /// Fetch a file; options given here win over the chosen ones.
    Download {
        /// Its name, as `/files` shows it.
        file: String,
        /// The options written behind it.
        asked: Asked,
    },
    /// Give a file; options given here win over the chosen ones.
    Upload {
        /// Where it is on this computer.
        path: String,
        /// The options written behind it.
        asked: Asked,
    },
    /// What is on its way?
    Transfers,
    /// Let a transfer wait; without a number, all of them.
    Pause {
        /// Its number, as `/transfers` shows it.
        tag: Option<u64>,
    },
    /// Let a transfer go on; without a number, all of them.
    Resume {
        /// Its number, as `/transfers` shows it.
        tag: Option<u64>,
    },
    /// Choose where later transfers pause by themselves; `None`: nowhere.
    PauseAt(Option<Share>),
    /// End a transfer; without a number, the only one there is.
    Cancel {
        /// Its number, as `/transfers` shows it.
        tag: Option<u64>,
    },
    /// The same, and take away what has arrived of it.
    Discard {
        /// Its number, as `/transfers` shows it.
        tag: Option<u64>,
    },
    /// Ask again for a transfer that ended without its file; without a number, the last
    /// one.
    Retry {
        /// Its number, as `/transfers` shows it.
        tag: Option<u64>,
    },
    /// Choose what becomes of a file that has a download's name already; `None`: it is
    /// kept.
    Overwrite(Option<Overwrite>),
    /// Choose the protocol of later transfers; `None`: the server's.
    Arq(Option<Arq>),
    /// Choose the window; `None`: the usual one.
    Window(Option<u32>),
    /// Choose who decides how much of the window is used; `None`: the usual one.
    Congestion(Option<Congestion>),
    /// Choose the file bytes per packet; `None`: the server's.
    Segment(Option<u16>),
    /// Choose what carries the file; `None`: the server's.
    Transport(Option<Transport>),
    /// Make this program's link another one, or only tell what it is.
    Link(Option<Box<Scenario>>),
    /// Lose a packet that is on its way.
    Kill {
        /// Which.
        packet: Label,
        /// Its transfer's number, as `/transfers` shows it; `None`: the only one.
        tag: Option<u64>,
    },
    /// Look for a text in what was said.
    Search {
        /// The text.
        query: String,
    },
    /// Forget what stands in this conversation.
    Clear,
    /// Close the conversation with one person.
    CloseConversation,
    /// Which commands are there?
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
    /// What follows the name.
    pub arguments: &'static str,
    /// The words that it takes, where it takes one of a few.
    pub choices: &'static [&'static str],
    /// What it does.
    pub explanation: &'static str,
    /// What it is for.
    pub purpose: Purpose,
    read: fn(&str, &[FileEntry]) -> Result<Command, String>,
}

/// What commands are for; `/help` groups them by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// People and what they say.
    Talk,
    /// Files and their transfers.
    Files,
    /// How later transfers go.
    Options,
    /// The program itself.
    Program,
}

impl Purpose {
    /// In the order of `/help`.
    pub const ALL: [Self; 4] = [Self::Talk, Self::Files, Self::Options, Self::Program];

    /// The heading over its commands.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Talk => "Talk",
            Self::Files => "Files and transfers",
            Self::Options => "How later transfers go",
            Self::Program => "Sash itself",
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

    /// How it is written, to stand behind what was wrong. Where it takes one of a few
    /// words, what was wrong has named them already.
    fn reminder(&self, name: &str) -> String {
        if self.choices.len() > 2 {
            return String::new();
        }
        format!(" Write /{name} {}.", self.arguments)
    }
}

/// What follows `/download` and `/upload`.
const FILE_AND_OPTIONS: &str = "FILE [OPTIONS]";

/// The options behind a file's name, as completion offers them.
pub const FILE_OPTIONS: [&str; 5] = [
    "--arq",
    "--window",
    "--congestion",
    "--segment",
    "--transport",
];

/// A word that needs more changed letters than a third of its own is no slip of the hand.
const LETTERS_PER_SLIP: usize = 3;

/// Of the column of commands in `/help`. Unit: letters.
const SYNOPSIS_WIDTH: usize = 32;

/// Every command, grouped as `/help` shows them.
pub const COMMANDS: &[Usage] = &[
    Usage {
        names: &["users"],
        arguments: "",
        choices: &[],
        explanation: "who is here",
        purpose: Purpose::Talk,
        read: |_, _| Ok(Command::Users),
    },
    Usage {
        names: &["whisper", "pm", "w"],
        arguments: "NAME TEXT",
        choices: &[],
        explanation: "say it to one person",
        purpose: Purpose::Talk,
        read: |rest, _| read_whisper(rest),
    },
    Usage {
        names: &["to"],
        arguments: "NAME | all",
        choices: &["all"],
        explanation: "who hears what you type from now on",
        purpose: Purpose::Talk,
        read: |rest, _| read_to(rest),
    },
    Usage {
        names: &["search"],
        arguments: "TEXT",
        choices: &[],
        explanation: "find a text in what was said",
        purpose: Purpose::Talk,
        read: |rest, _| read_search(rest),
    },
    Usage {
        names: &["clear"],
        arguments: "",
        choices: &[],
        explanation: "forget what stands in this conversation",
        purpose: Purpose::Talk,
        read: |_, _| Ok(Command::Clear),
    },
    Usage {
        names: &["close"],
        arguments: "",
        choices: &[],
        explanation: "close the conversation with one person",
        purpose: Purpose::Talk,
        read: |_, _| Ok(Command::CloseConversation),
    },
    Usage {
        names: &["files"],
        arguments: "",
        choices: &[],
        explanation: "what the server offers",
        purpose: Purpose::Files,
        read: |_, _| Ok(Command::Files),
    },
    Usage {
        names: &["download", "df"],
        arguments: FILE_AND_OPTIONS,
        choices: &[],
        explanation: "fetch a file",
        purpose: Purpose::Files,
        read: |rest, _| read_download(rest),
    },
    Usage {
        names: &["upload"],
        arguments: FILE_AND_OPTIONS,
        choices: &[],
        explanation: "give a file of this computer to all",
        purpose: Purpose::Files,
        read: |rest, _| read_upload(rest),
    },
    Usage {
        names: &["transfers"],
        arguments: "",
        choices: &[],
        explanation: "what is on its way",
        purpose: Purpose::Files,
        read: |_, _| Ok(Command::Transfers),
    },
    Usage {
        names: &["pause"],
        arguments: "[N]",
        choices: &[],
        explanation: "let transfer N wait, or all",
        purpose: Purpose::Files,
        read: |rest, _| read_tag(rest).map(|tag| Command::Pause { tag }),
    },
    Usage {
        names: &["resume", "proceed"],
        arguments: "[N]",
        choices: &[],
        explanation: "let transfer N go on, or all",
        purpose: Purpose::Files,
        read: |rest, _| read_tag(rest).map(|tag| Command::Resume { tag }),
    },
    Usage {
        names: &["cancel"],
        arguments: "N [delete]",
        choices: &[],
        explanation: "end transfer N; what has arrived is kept, or deleted",
        purpose: Purpose::Files,
        read: |rest, _| read_cancel(rest),
    },
    Usage {
        names: &["retry"],
        arguments: "[N]",
        choices: &[],
        explanation: "ask again for transfer N; it goes on from there",
        purpose: Purpose::Files,
        read: |rest, _| read_tag(rest).map(|tag| Command::Retry { tag }),
    },
    Usage {
        names: &["kill"],
        arguments: "PACKET [N]",
        choices: &[],
        explanation: "lose a packet of transfer N on its way: d12.1 is DATA 12, attempt 1",
        purpose: Purpose::Files,
        read: |rest, _| read_kill(rest),
    },
    Usage {
        names: &["overwrite"],
        arguments: "keep | replace | skip | fail | default",
        choices: &["keep", "replace", "skip", "fail", "default"],
        explanation: "where a file of that name is there",
        purpose: Purpose::Options,
        read: |rest, _| choice(rest).map(Command::Overwrite),
    },
    Usage {
        names: &["pause-at"],
        arguments: "PERCENT | off",
        choices: &["off"],
        explanation: "let each pause at this share of it",
        purpose: Purpose::Options,
        read: |rest, _| read_share(rest).map(Command::PauseAt),
    },
    Usage {
        names: &["arq"],
        arguments: "PROTOCOL",
        choices: &["stop-and-wait", "go-back-n", "selective-repeat", "default"],
        explanation: "how losses are repaired",
        purpose: Purpose::Options,
        read: |rest, _| choice(rest).map(Command::Arq),
    },
    Usage {
        names: &["window"],
        arguments: "N | default",
        choices: &["default"],
        explanation: "most packets in flight",
        purpose: Purpose::Options,
        read: |rest, _| number(rest).map(Command::Window),
    },
    Usage {
        names: &["congestion"],
        arguments: "CONTROLLER",
        choices: &[
            "fixed",
            "plus-one-minus-three",
            "double-halve",
            "additive",
            "reno",
            "cubic",
            "bbr",
            "default",
        ],
        explanation: "who decides how much of the window is used",
        purpose: Purpose::Options,
        read: |rest, _| choice(rest).map(Command::Congestion),
    },
    Usage {
        names: &["segment"],
        arguments: "N | default",
        choices: &["default"],
        explanation: "file bytes per packet",
        purpose: Purpose::Options,
        read: |rest, _| number(rest).map(Command::Segment),
    },
    Usage {
        names: &["transport"],
        arguments: "udp | tcp | default",
        choices: &["udp", "tcp", "default"],
        explanation: "what carries the file",
        purpose: Purpose::Options,
        read: |rest, _| choice(rest).map(Command::Transport),
    },
    Usage {
        names: &["link"],
        arguments: "[SCENARIO]",
        choices: &[],
        explanation: "what the link does to this program's transfers, from now on",
        purpose: Purpose::Options,
        read: |rest, _| read_link(rest),
    },
    Usage {
        names: &["help", "commands"],
        arguments: "",
        choices: &[],
        explanation: "this list",
        purpose: Purpose::Program,
        read: |_, _| Ok(Command::Help),
    },
    Usage {
        names: &["disconnect"],
        arguments: "",
        choices: &[],
        explanation: "leave the room",
        purpose: Purpose::Program,
        read: |_, _| Ok(Command::Disconnect),
    },
    Usage {
        names: &["quit", "exit"],
        arguments: "",
        choices: &[],
        explanation: "leave the program",
        purpose: Purpose::Program,
        read: |_, _| Ok(Command::Quit),
    },
];

/// The commands that `line` may be the beginning of; one, once its name is whole.
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

/// What `/help` shows, line by line: one column of commands, one of what they do.
#[must_use]
pub fn help() -> Vec<String> {
    let mut lines = Vec::new();
    for purpose in Purpose::ALL {
        lines.push(purpose.heading().to_owned());
        for usage in COMMANDS.iter().filter(|it| it.purpose == purpose) {
            let (synopsis, explanation) = (usage.synopsis(), usage.explanation);
            lines.push(format!("  {synopsis:SYNOPSIS_WIDTH$}{explanation}"));
            if usage.choices.len() > 3 {
                for words in usage.choices.chunks(4) {
                    let words = words.join(", ");
                    lines.push(format!("  {:SYNOPSIS_WIDTH$}  {words}", ""));
                }
            }
        }
    }
    let options = FILE_OPTIONS.join(" X, ");
    lines.push(format!("OPTIONS: {options} X: for this transfer alone."));
    lines.push("Anything else is said. //hi says /hi.".to_owned());
    lines
}

/// Reads a typed line. `files` is what the server offers, as far as known: by it the bare
/// `download FILE` is told from a sentence that begins with the same word.
///
/// # Errors
/// A sentence for the person where it is a command that cannot be understood.
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
            return read_download(name);
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
            Some(meant) => format!("There is no /{name}. Did you mean /{meant}?"),
            None => format!("There is no /{name}. See /help."),
        }),
    }
}

/// The command's name that takes the fewest changed letters, where they are few.
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

fn read_whisper(rest: &str) -> Result<Command, String> {
    let (to, text) = first_word(rest);
    if to.is_empty() || text.is_empty() {
        return Err("A whisper needs a name and a text.".to_owned());
    }
    Ok(Command::Whisper {
        to: to.to_owned(),
        text: text.to_owned(),
    })
}

fn read_to(rest: &str) -> Result<Command, String> {
    match first_word(rest) {
        ("", _) => Err("To whom?".to_owned()),
        ("all", "") => Ok(Command::To(Audience::All)),
        (name, "") => Ok(Command::To(Audience::One(name.to_owned()))),
        (_, _) => Err("A name is one word.".to_owned()),
    }
}

fn read_download(rest: &str) -> Result<Command, String> {
    let (file, asked) = read_file(rest)?;
    Ok(Command::Download { file, asked })
}

fn read_upload(rest: &str) -> Result<Command, String> {
    let (path, asked) = read_file(rest)?;
    Ok(Command::Upload { path, asked })
}

/// The options stand after the file's name, so that a name with spaces needs no quotes.
fn read_file(rest: &str) -> Result<(String, Asked), String> {
    let (mut file, mut options) = match rest.find(" --") {
        Some(position) => (&rest[..position], rest[position..].split_whitespace()),
        None => (rest, "".split_whitespace()),
    };
    if let Some((quoted, after)) =
        rest.strip_prefix('"').and_then(|it| it.split_once('"'))
    {
        (file, options) = (quoted, after.split_whitespace());
    }
    let mut asked = Asked::default();
    while let Some(option) = options.next() {
        let Some(value) = options.next() else {
            return Err(format!("{option} lacks its value."));
        };
        match option {
            "--arq" => asked.arq = choice(value)?,
            "--congestion" => asked.congestion = choice(value)?,
            "--transport" => asked.transport = choice(value)?,
            "--window" => asked.window = number(value)?,
            "--segment" => asked.segment_bytes = number(value)?,
            other => return Err(format!("{other} is not an option of a transfer.")),
        }
    }
    let file = file.trim();
    if file.is_empty() {
        return Err("Which file?".to_owned());
    }
    Ok((file.to_owned(), asked))
}

fn read_search(rest: &str) -> Result<Command, String> {
    match rest {
        "" => Err("Search for what?".to_owned()),
        query => Ok(Command::Search {
            query: query.to_owned(),
        }),
    }
}

fn read_share(rest: &str) -> Result<Option<Share>, String> {
    match rest {
        "off" => Ok(None),
        share => share.parse().map(Some).map_err(sentence),
    }
}

fn read_cancel(rest: &str) -> Result<Command, String> {
    match rest.strip_suffix("delete") {
        Some(tag) => read_tag(tag.trim()).map(|tag| Command::Discard { tag }),
        None => read_tag(rest).map(|tag| Command::Cancel { tag }),
    }
}

fn read_link(rest: &str) -> Result<Command, String> {
    if rest.is_empty() {
        return Ok(Command::Link(None));
    }
    let scenario = rest.parse::<Scenario>();
    scenario
        .map(|scenario| Command::Link(Some(Box::new(scenario))))
        .map_err(|error| sentence(error.what()))
}

fn read_kill(rest: &str) -> Result<Command, String> {
    let (packet, tag) = first_word(rest);
    let packet = packet.parse::<Label>();
    let packet = packet.map_err(|error| sentence(&error.to_string()))?;
    let tag = read_tag(tag)?;
    Ok(Command::Kill { packet, tag })
}

fn read_tag(rest: &str) -> Result<Option<u64>, String> {
    if rest.is_empty() {
        return Ok(None);
    }
    let tag = rest.parse();
    tag.map(Some)
        .map_err(|_| format!("{rest:?} is not a number from /transfers."))
}

fn choice<T: FromStr>(text: &str) -> Result<Option<T>, String>
where
    T::Err: ToString,
{
    match text.trim() {
        "default" => Ok(None),
        other => other.parse().map(Some).map_err(|why| {
            let why: T::Err = why;
            sentence(&why.to_string())
        }),
    }
}

fn number<T: FromStr>(text: &str) -> Result<Option<T>, String> {
    match text.trim() {
        "default" => Ok(None),
        other => other
            .parse()
            .map(Some)
            .map_err(|_| format!("{other:?} is not a number that fits.")),
    }
}

/// `what: why` as a sentence.
pub(super) fn sentence(error: &str) -> String {
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
mod tests {
    use super::*;

    fn download(line: &str) -> (String, Asked) {
        match read(line, &[]) {
            Ok(Command::Download { file, asked }) => (file, asked),
            other => panic!("{line}: {other:?}"),
        }
    }

    fn said(text: &str) -> Command {
        Command::Say {
            text: text.to_owned(),
        }
    }

    #[test]
    fn plain_text_is_said_and_two_slashes_say_one() {
        assert_eq!(read("hi there\r\n", &[]), Ok(said("hi there")));
        assert_eq!(read("//users", &[]), Ok(said("/users")));
        assert_eq!(read("  \n", &[]), Ok(Command::Nothing));
    }

    #[test]
    fn a_file_name_with_spaces_needs_no_quotes_and_may_have_them() {
        let asked = Asked {
            arq: Some(Arq::GoBackN),
            window: Some(8),
            ..Asked::default()
        };
        let options = "--arq go-back-n --window 8";
        for name in ["my summer photo.jpg", "\"my summer photo.jpg\""] {
            let read = download(&format!("/download {name} {options}"));
            assert_eq!(read, ("my summer photo.jpg".to_owned(), asked));
        }
        assert_eq!(download("/download \"a --b.txt\"").0, "a --b.txt");
    }

    #[test]
    fn an_upload_names_a_path_and_a_pause_a_number_or_none() {
        let expected = Ok(Command::Upload {
            path: "/tmp/my notes.txt".into(),
            asked: Asked {
                arq: Some(Arq::GoBackN),
                ..Asked::default()
            },
        });
        assert_eq!(
            read("/upload /tmp/my notes.txt --arq go-back-n", &[]),
            expected
        );
        assert_eq!(read("/pause", &[]), Ok(Command::Pause { tag: None }));
        assert_eq!(read("/resume 2", &[]), Ok(Command::Resume { tag: Some(2) }));
        assert_eq!(read("/proceed", &[]), Ok(Command::Resume { tag: None }));
        let half = Ok(Command::PauseAt(Some(Share::HALF)));
        assert_eq!(read("/pause-at 50%", &[]), half);
        assert_eq!(read("/pause-at off", &[]), Ok(Command::PauseAt(None)));
        assert!(read("/pause-at never", &[]).is_err());
    }

    #[test]
    fn a_link_is_a_scenario_and_a_kill_names_a_packet_and_perhaps_a_transfer() {
        assert_eq!(read("/link", &[]), Ok(Command::Link(None)));
        let scenario: Scenario = "seed=7; loss=10%".parse().unwrap();
        let link = Ok(Command::Link(Some(Box::new(scenario))));
        assert_eq!(read("/link seed=7; loss=10%", &[]), link);
        let packet = "a3.2".parse().unwrap();
        let tag = Some(2);
        let kill = Ok(Command::Kill { packet, tag });
        assert_eq!(read("/kill a3.2 2", &[]), kill);
        let why = read("/kill", &[]).unwrap_err();
        assert_eq!(
            why,
            "A packet wanted, as d0.1 (DATA 0, first attempt). Write /kill PACKET [N]."
        );
    }

    #[test]
    fn a_cancel_may_delete_and_a_retry_names_a_number_or_none() {
        let discard = |tag| Ok(Command::Discard { tag });
        assert_eq!(read("/cancel 2 delete", &[]), discard(Some(2)));
        assert_eq!(read("/cancel delete", &[]), discard(None));
        assert_eq!(read("/cancel 2", &[]), Ok(Command::Cancel { tag: Some(2) }));
        assert!(read("/cancel 2 deleted", &[]).is_err());
        assert_eq!(read("/retry", &[]), Ok(Command::Retry { tag: None }));
        let skip = Ok(Command::Overwrite(Some(Overwrite::Skip)));
        assert_eq!(read("/overwrite skip", &[]), skip);
        let why = read("/overwrite ask", &[]).unwrap_err();
        assert!(why.contains("choose keep, replace, skip or fail"), "{why}");
    }

    #[test]
    fn the_older_shortcuts_still_work() {
        assert_eq!(
            read("!pm dana hi you", &[]),
            Ok(Command::Whisper {
                to: "dana".into(),
                text: "hi you".into()
            })
        );
        assert_eq!(download("!df notes.txt").0, "notes.txt");
        assert_eq!(download("download notes.txt").0, "notes.txt");
    }

    #[test]
    fn a_sentence_that_begins_with_download_is_said_unless_it_names_a_file() {
        let text = "download the notes";
        assert_eq!(read(text, &[]), Ok(said(text)));
        let files = [FileEntry {
            name: "the notes".into(),
            size: 1,
            digest: None,
        }];
        let expected = Ok(Command::Download {
            file: "the notes".into(),
            asked: Asked::default(),
        });
        assert_eq!(read(text, &files), expected);
    }

    #[test]
    fn a_wrong_command_or_argument_is_answered_with_the_way_out() {
        let why = |line| read(line, &[]).unwrap_err();
        assert_eq!(why("/flies"), "There is no /flies. Did you mean /files?");
        assert_eq!(why("/nonsense"), "There is no /nonsense. See /help.");
        assert!(why("/arq x").ends_with("go-back-n or selective-repeat."));
        assert!(why("/cancel x").contains("/transfers"));
        assert!(why("/whisper dana").ends_with("Write /whisper NAME TEXT."));
        assert!(why("/arq tahoe").contains("choose stop-and-wait"));
        assert!(why("/congestion vegas").contains("reno, cubic, bbr"));
        assert!(why("/window many").contains("not a number"));
        assert!(why("/download a --arq").contains("--arq lacks its value."));
        assert!(why("/download a --fast 1").contains("not an option"));
    }

    #[test]
    fn the_beginning_of_a_command_finds_all_that_it_may_become() {
        let names = |line: &str| -> Vec<&str> {
            matching(line).iter().map(|usage| usage.names[0]).collect()
        };
        assert_eq!(names("/wi"), ["window"]);
        assert_eq!(names("/pau"), ["pause", "pause-at"]);
        assert_eq!(names("/pause"), ["pause", "pause-at"]);
        assert_eq!(names("/pause 1"), ["pause"]);
        assert_eq!(names("/pm dana"), ["whisper"]);
        assert_eq!(names("/").len(), COMMANDS.len());
        for not_one in ["", "hi", "//hi", "/nonsense", "/wi dana"] {
            assert!(names(not_one).is_empty(), "{not_one}");
        }
    }

    #[test]
    fn the_help_has_every_command_in_two_columns() {
        let help = help();
        for usage in COMMANDS {
            let line = help
                .iter()
                .find(|it| it.trim().starts_with(&usage.synopsis()));
            let line = line.expect(usage.names[0]);
            assert_eq!(
                line.find(usage.explanation),
                Some(2 + SYNOPSIS_WIDTH),
                "{line}"
            );
        }
        assert!(help.iter().all(|line| line.len() <= 90), "{help:#?}");
    }

    #[test]
    fn default_takes_a_choice_back() {
        assert_eq!(read("/arq default", &[]), Ok(Command::Arq(None)));
        assert_eq!(read("/window 8", &[]), Ok(Command::Window(Some(8))));
        let reno = Command::Congestion(Some(Congestion::Reno));
        assert_eq!(read("/congestion reno", &[]), Ok(reno));
        let unset = Command::Congestion(None);
        assert_eq!(read("/congestion default", &[]), Ok(unset));
    }

    #[test]
    fn every_controller_is_in_the_help_and_may_stand_behind_a_file() {
        let usage = COMMANDS
            .iter()
            .find(|it| it.names == ["congestion"])
            .unwrap();
        let names = Congestion::ALL.map(Congestion::name);
        assert_eq!(usage.choices, [&names[..], &["default"]].concat());
        for congestion in Congestion::ALL {
            let (file, asked) =
                download(&format!("/download a.txt --congestion {congestion}"));
            assert_eq!((&*file, asked.congestion), ("a.txt", Some(congestion)));
        }
    }
}
