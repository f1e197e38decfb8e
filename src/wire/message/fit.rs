//! Splits lists that do not fit in one line of the chat connection.
//!
//! The length of a line is limited, but not the number of files or users. Therefore a
//! long list is sent as several lines with the same keyword: each but the last contains
//! `"more":true`. The history is cut instead: the oldest lines are left out.
//!
//! ```text
//! {"users":{"names":["amit","dana",...],"more":true}}
//! {"users":{"names":["yuval","ziv"]}}
//! ```
//!
//! ```
//! use sash::wire::message::Reply;
//! let names = (0..1000).map(|n| format!("somebody-number-{n}")).collect();
//! let lines = Reply::users(names);
//! assert_eq!(lines.len(), 2);
//! assert!(lines.iter().all(Reply::fits_in_a_line));
//! ```

use super::{Ban, FileEntry, LabRow, Reply, Said};
use crate::wire::line::LONGEST_LINE_BYTES;
use serde::Serialize;

/// The space for a list in a line; the rest is for the keyword around it. Unit: bytes.
const LIST_BYTES: usize = LONGEST_LINE_BYTES - 64;

impl Reply {
    /// Whether [`Reply::to_line`] keeps to [`LONGEST_LINE_BYTES`].
    #[must_use]
    pub fn fits_in_a_line(&self) -> bool {
        self.to_line().len() <= LONGEST_LINE_BYTES + "\n".len()
    }

    /// The users, in as many lines as needed, at least one.
    #[must_use]
    pub fn users(names: Vec<String>) -> Vec<Self> {
        let line = |(names, more)| Self::Users { names, more };
        pages(names).into_iter().map(line).collect()
    }

    /// The offered files, and the number of those that are not offered, in as many lines
    /// as needed, at least one.
    #[must_use]
    pub fn files(files: Vec<FileEntry>, left_out: usize) -> Vec<Self> {
        let line = |(files, more)| Self::Files {
            files,
            more,
            left_out: if more { 0 } else { left_out as u64 },
        };
        pages(files).into_iter().map(line).collect()
    }

    /// The bans, in as many lines as needed, at least one.
    #[must_use]
    pub fn bans(bans: Vec<Ban>) -> Vec<Self> {
        let line = |(bans, more)| Self::Bans { bans, more };
        pages(bans).into_iter().map(line).collect()
    }

    /// The results of a `lab`, in as many lines as needed, at least one.
    #[must_use]
    pub fn lab_results(number: u64, rows: Vec<LabRow>) -> Vec<Self> {
        let line = |(rows, more)| Self::LabResults { number, rows, more };
        pages(rows).into_iter().map(line).collect()
    }

    /// As many of the newest lines as fit, oldest first.
    #[must_use]
    pub fn history<'a>(lines: impl DoubleEndedIterator<Item = &'a Said>) -> Self {
        let mut bytes_left = LIST_BYTES;
        let mut kept: Vec<Said> = lines
            .rev()
            .map_while(|said| {
                bytes_left = bytes_left.checked_sub(listed_bytes(said))?;
                Some(said.clone())
            })
            .collect();
        kept.reverse();
        Self::History { lines: kept }
    }
}

/// Splits a list into pages that fit, and marks each that is followed by another one.
fn pages<T: Serialize>(items: Vec<T>) -> Vec<(Vec<T>, bool)> {
    let mut pages = Vec::new();
    let mut page = Vec::new();
    let mut page_bytes = 0;
    for item in items {
        let bytes = listed_bytes(&item);
        if page_bytes + bytes > LIST_BYTES && !page.is_empty() {
            pages.push((std::mem::take(&mut page), true));
            page_bytes = 0;
        }
        page_bytes += bytes;
        page.push(item);
    }
    pages.push((page, false));
    pages
}

/// The length of an item in a list, including its comma. Unit: bytes.
fn listed_bytes(item: &impl Serialize) -> usize {
    serde_json::to_string(item).map_or(0, |json| json.len() + ",".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_a_single_line_without_the_more_flag() {
        let lines = Reply::files(Vec::new(), 3);
        let expected = "{\"files\":{\"files\":[],\"left_out\":3}}\n";
        assert_eq!(lines[0].to_line(), expected);
        let lines = Reply::files(Vec::new(), 0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].to_line(), "{\"files\":{\"files\":[]}}\n");
    }

    #[test]
    fn a_long_list_arrives_complete_and_in_order_over_several_lines() {
        let names: Vec<String> = (0..7_500).map(|n| format!("שם-{n}\"")).collect();
        let lines = Reply::users(names.clone());
        let count = lines.len();
        let mut arrived = Vec::new();
        for (index, line) in lines.into_iter().enumerate() {
            assert!(line.fits_in_a_line());
            let Reply::Users { names, more } = line else {
                panic!("not users: {line:?}");
            };
            assert_eq!(more, index + 1 < count);
            arrived.extend(names);
        }
        assert_eq!(arrived, names);
    }

    #[test]
    fn the_history_contains_the_newest_lines_that_fit() {
        let said = |n| Said {
            from: "dana".to_owned(),
            text: format!("{n} {}", "\u{1}".repeat(100)),
            time: n,
        };
        let all: Vec<Said> = (0..100).map(said).collect();
        let history = Reply::history(all.iter());
        assert!(history.fits_in_a_line());
        let Reply::History { lines } = history else {
            panic!("not history");
        };
        assert!(lines.len() > 20 && lines.len() < 30, "{}", lines.len());
        assert_eq!(lines, all[100 - lines.len()..]);
    }
}
