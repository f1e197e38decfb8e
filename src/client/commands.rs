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
    /// What it does.
    pub explanation: &'static str,
    read: fn(&str, &[FileEntry]) -> Result<Command, String>,
}

impl Usage {
    /// The words that it takes, where it takes one of a few.
    pub fn choices(&self) -> impl Iterator<Item = &'static str> {
        let is_choice = self.arguments.contains(" | ");
        let words = self.arguments.split(" | ").filter(move |_| is_choice);
        words.filter(|word| word.starts_with(char::is_lowercase))
    }

    /// How it is written, to stand behind what was wrong. Where it takes one of a few
    /// words, what was wrong has named them already.
    fn reminder(&self, name: &str) -> String {
        if self.choices().count() > 2 {
            return String::new();
        }
        format!(" Write /{name} {}.", self.arguments)
    }
}

/// What follows `/download` and `/upload`.
const FILE_AND_OPTIONS: &str = "FILE [--arq PROTOCOL] [--window N] \
    [--congestion CONTROLLER] [--segment N] [--transport udp|tcp]";

/// A word that needs more changed letters than a third of its own is no slip of the hand.
const LETTERS_PER_SLIP: usize = 3;

/// Every command, in the order that `/help` shows them.
pub const COMMANDS: [Usage; 23] = [
    Usage {
        names: &["users"],
        arguments: "",
        explanation: "who is here",
        read: |_, _| Ok(Command::Users),
    },
    Usage {
        names: &["files"],
        arguments: "",
        explanation: "what the server offers",
        read: |_, _| Ok(Command::Files),
    },
    Usage {
        names: &["whisper", "pm", "w"],
        arguments: "NAME TEXT",
        explanation: "say it to one person",
        read: |rest, _| read_whisper(rest),
    },
    Usage {
        names: &["to"],
        arguments: "NAME | all",
        explanation: "who hears what you type from now on",
        read: |rest, _| read_to(rest),
    },
    Usage {
        names: &["download", "df"],
        arguments: FILE_AND_OPTIONS,
        explanation: "fetch a file",
        read: |rest, _| read_download(rest),
    },
    Usage {
        names: &["upload"],
        arguments: FILE_AND_OPTIONS,
        explanation: "give a file of this computer to all",
        read: |rest, _| read_upload(rest),
    },
    Usage {
        names: &["transfers"],
        arguments: "",
        explanation: "what is on its way",
        read: |_, _| Ok(Command::Transfers),
    },
    Usage {
        names: &["pause"],
        arguments: "[N]",
        explanation: "let transfer N wait, or all",
        read: |rest, _| read_tag(rest).map(|tag| Command::Pause { tag }),
    },
    Usage {
        names: &["resume", "proceed"],
        arguments: "[N]",
        explanation: "let transfer N go on, or all",
        read: |rest, _| read_tag(rest).map(|tag| Command::Resume { tag }),
    },
    Usage {
        names: &["pause-at"],
        arguments: "PERCENT | off",
        explanation: "let every later transfer pause at this share of it",
        read: |rest, _| read_share(rest).map(Command::PauseAt),
    },
    Usage {
        names: &["cancel"],
        arguments: "N [delete]",
        explanation: "end transfer N; what has arrived is kept, or deleted",
        read: |rest, _| read_cancel(rest),
    },
    Usage {
        names: &["retry"],
        arguments: "[N]",
        explanation: "ask again for transfer N; it goes on from what has arrived",
        read: |rest, _| read_tag(rest).map(|tag| Command::Retry { tag }),
    },
    Usage {
        names: &["overwrite"],
        arguments: "keep | replace | skip | fail | default",
        explanation: "where a file of that name is there already",
        read: |rest, _| choice(rest).map(Command::Overwrite),
    },
    Usage {
        names: &["arq"],
        arguments: "stop-and-wait | go-back-n | selective-repeat | default",
        explanation: "the protocol of later transfers",
        read: |rest, _| choice(rest).map(Command::Arq),
    },
    Usage {
        names: &["window"],
        arguments: "N | default",
        explanation: "most packets in flight",
        read: |rest, _| number(rest).map(Command::Window),
    },
    Usage {
        names: &["congestion"],
        arguments: "fixed | plus-one-minus-three | double-halve | additive | reno | \
                    cubic | bbr | default",
        explanation: "who decides how much of the window is used",
        read: |rest, _| choice(rest).map(Command::Congestion),
    },
    Usage {
        names: &["segment"],
        arguments: "N | default",
        explanation: "file bytes per packet",
        read: |rest, _| number(rest).map(Command::Segment),
    },
    Usage {
        names: &["transport"],
        arguments: "udp | tcp | default",
        explanation: "what carries the file",
        read: |rest, _| choice(rest).map(Command::Transport),
    },
    Usage {
        names: &["link"],
        arguments: "[SCENARIO]",
        explanation: "what the link does to this program's transfers, from now on",
        read: |rest, _| read_link(rest),
    },
    Usage {
        names: &["kill"],
        arguments: "PACKET [N]",
        explanation: "lose a packet of transfer N on its way: d12.1 is DATA 12, attempt 1",
        read: |rest, _| read_kill(rest),
    },
    Usage {
        names: &["help", "commands"],
        arguments: "",
        explanation: "this list",
        read: |_, _| Ok(Command::Help),
    },
    Usage {
        names: &["disconnect"],
        arguments: "",
        explanation: "leave the room",
        read: |_, _| Ok(Command::Disconnect),
    },
    Usage {
        names: &["quit", "exit"],
        arguments: "",
        explanation: "leave the program",
        read: |_, _| Ok(Command::Quit),
    },
];

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
        let named: Vec<_> = usage.choices().collect();
        let names = Congestion::ALL.map(Congestion::name);
        assert_eq!(named, [&names[..], &["default"]].concat());
        for congestion in Congestion::ALL {
            let (file, asked) =
                download(&format!("/download a.txt --congestion {congestion}"));
            assert_eq!((&*file, asked.congestion), ("a.txt", Some(congestion)));
        }
    }
}
