//! What stands behind a command's name, read: names, numbers, files and their options.

use super::{Command, first_word, sentence};
use crate::client::model::Audience;
use crate::client::share::Share;
use crate::link::{Label, Scenario};
use crate::wire::options::Asked;
use std::str::FromStr;

pub(super) fn read_whisper(rest: &str) -> Result<Command, String> {
    let (to, text) = first_word(rest);
    if to.is_empty() || text.is_empty() {
        return Err("A whisper needs a name and a text.".to_owned());
    }
    Ok(Command::Whisper {
        to: to.to_owned(),
        text: text.to_owned(),
    })
}

pub(super) fn read_to(rest: &str) -> Result<Command, String> {
    match first_word(rest) {
        ("", _) => Err("To whom?".to_owned()),
        ("all", "") => Ok(Command::To(Audience::All)),
        (name, "") => Ok(Command::To(Audience::One(name.to_owned()))),
        (_, _) => Err("A name is one word.".to_owned()),
    }
}

/// A name, and what is said of it.
pub(super) fn read_person(rest: &str) -> Result<(String, String), String> {
    match first_word(rest) {
        ("", _) => Err("Whom?".to_owned()),
        (name, why) => Ok((name.to_owned(), why.to_owned())),
    }
}

pub(super) fn read_download(rest: &str) -> Result<Command, String> {
    let (file, asked) = read_file(rest)?;
    Ok(Command::Download { file, asked })
}

pub(super) fn read_upload(rest: &str) -> Result<Command, String> {
    let (path, asked) = read_file(rest)?;
    Ok(Command::Upload { path, asked })
}

/// The options stand after the file's name, so that a name with spaces needs no quotes.
pub(super) fn read_file(rest: &str) -> Result<(String, Asked), String> {
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

pub(super) fn read_search(rest: &str) -> Result<Command, String> {
    match rest {
        "" => Err("Search for what?".to_owned()),
        query => Ok(Command::Search {
            query: query.to_owned(),
        }),
    }
}

pub(super) fn read_share(rest: &str) -> Result<Option<Share>, String> {
    match rest {
        "off" => Ok(None),
        share => share.parse().map(Some).map_err(sentence),
    }
}

pub(super) fn read_cancel(rest: &str) -> Result<Command, String> {
    match rest.strip_suffix("delete") {
        Some(tag) => read_tag(tag.trim()).map(|tag| Command::Discard { tag }),
        None => read_tag(rest).map(|tag| Command::Cancel { tag }),
    }
}

pub(super) fn read_link(rest: &str) -> Result<Command, String> {
    if rest.is_empty() {
        return Ok(Command::Link(None));
    }
    let scenario = rest.parse::<Scenario>();
    scenario
        .map(|scenario| Command::Link(Some(Box::new(scenario))))
        .map_err(|error| sentence(error.what()))
}

pub(super) fn read_kill(rest: &str) -> Result<Command, String> {
    let (packet, tag) = first_word(rest);
    let packet = packet.parse::<Label>();
    let packet = packet.map_err(|error| sentence(&error.to_string()))?;
    let tag = read_tag(tag)?;
    Ok(Command::Kill { packet, tag })
}

pub(super) fn read_tag(rest: &str) -> Result<Option<u64>, String> {
    if rest.is_empty() {
        return Ok(None);
    }
    let tag = rest.parse();
    tag.map(Some)
        .map_err(|_| format!("{rest:?} is not a number from /transfers."))
}

pub(super) fn choice<T: FromStr>(text: &str) -> Result<Option<T>, String>
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

pub(super) fn number<T: FromStr>(text: &str) -> Result<Option<T>, String> {
    match text.trim() {
        "default" => Ok(None),
        other => other
            .parse()
            .map(Some)
            .map_err(|_| format!("{other:?} is not a number that fits.")),
    }
}
