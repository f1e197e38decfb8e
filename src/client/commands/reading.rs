//! Reads the arguments of a command: names, numbers, files and their options.

use super::{Command, first_word, sentence};
use crate::client::model::Audience;
use crate::client::share::Share;
use crate::link::{Label, Scenario};
use crate::wire::options::RequestedOptions;
use std::str::FromStr;

pub(super) fn read_whisper(rest: &str) -> Result<Command, String> {
    let (to, text) = first_word(rest);
    if to.is_empty() || text.is_empty() {
        return Err("A direct message needs a name and a text.".to_owned());
    }
    Ok(Command::Whisper {
        to: to.to_owned(),
        text: text.to_owned(),
    })
}

pub(super) fn read_to(rest: &str) -> Result<Command, String> {
    match first_word(rest) {
        ("", _) => Err("The name is missing.".to_owned()),
        ("all", "") => Ok(Command::To(Audience::All)),
        (name, "") => Ok(Command::To(Audience::One(name.to_owned()))),
        (_, _) => Err("A name is one word.".to_owned()),
    }
}

/// A name, and the text after it.
pub(super) fn read_user(rest: &str) -> Result<(String, String), String> {
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

/// The options follow the file's name, so a name with spaces needs no quotes.
pub(super) fn read_file(rest: &str) -> Result<(String, RequestedOptions), String> {
    let (file, options) = quoted_name(rest).unwrap_or_else(|| {
        let end = rest.find(" --").unwrap_or(rest.len());
        (rest[..end].trim().to_owned(), &rest[end..])
    });
    let mut options = options.split_whitespace();
    let mut asked = RequestedOptions::default();
    while let Some(option) = options.next() {
        let Some(value) = options.next() else {
            return Err(format!("{option} needs a value."));
        };
        match option {
            "--arq" => asked.arq = choice(value)?,
            "--congestion" => asked.congestion = choice(value)?,
            "--transport" => asked.transport = choice(value)?,
            "--window" => asked.window = number(value)?,
            "--segment" => asked.segment_bytes = number(value)?,
            other => return Err(format!("{other} is not an option of transfers.")),
        }
    }
    if file.is_empty() {
        return Err("The file name is missing.".to_owned());
    }
    Ok((file, asked))
}

/// A name in quotes, with its own quotes doubled, and the text after it; `None` if the
/// name only begins with a quote.
fn quoted_name(rest: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut left = rest.strip_prefix('"')?;
    loop {
        let (part, after) = left.split_once('"')?;
        name.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => left = more,
            None if after.is_empty() || after.starts_with(char::is_whitespace) => {
                return Some((name, after));
            }
            None => return None,
        }
        name.push('"');
    }
}

/// The name of a file for [`read`](super::read): in quotes if necessary.
#[must_use]
pub fn quoted(name: &str) -> String {
    let is_plain = name.trim() == name && !name.starts_with('"') && !name.contains(" --");
    if is_plain {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn read_search(rest: &str) -> Result<Command, String> {
    match rest {
        "" => Err("The text to search for is missing.".to_owned()),
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
        .map_err(|_| format!("{rest:?} is not a number of a transfer. See /transfers."))
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
            .map_err(|_| format!("{other:?} is not a number in the allowed range.")),
    }
}
