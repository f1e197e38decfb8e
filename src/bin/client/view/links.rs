//! Web addresses in the chat: finds, marks, and opens them with the system's browser.
//!
//! Only `http://` and `https://` are links, and the opened address is the visible one.

use sash::transfer::threads;
use std::ops::Range;

const SCHEMES: [&str; 2] = ["https://", "http://"];

/// The links in a text, from left to right. Unit: bytes.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = next_scheme(text, from) {
        let rest = &text[start..];
        let end = rest
            .find(|letter: char| letter.is_whitespace() || "<>\"".contains(letter))
            .unwrap_or(rest.len());
        // A sentence ends after its link, and a parenthesis may close around it.
        let link = rest[..end].trim_end_matches(|letter| ".,;:!?')]}".contains(letter));
        if !SCHEMES.contains(&link) {
            found.push(start..start + link.len());
        }
        from = start + end.max(1);
    }
    found
}

/// The link that covers this byte of the text.
pub(super) fn at(text: &str, byte: usize) -> Option<String> {
    let found = find(text).into_iter().find(|link| link.contains(&byte))?;
    Some(text[found].to_owned())
}

/// Opens the address with the system's program, without waiting for it.
pub(super) fn open(link: &str) {
    let link = link.to_owned();
    let opening = threads::start("open-link".to_owned(), move || {
        if let Err(error) = open::that_detached(&link) {
            log::warn!("cannot open {link}: {error}");
        }
    });
    if let Err(error) = opening {
        log::warn!("cannot start a thread to open a link: {error}");
    }
}

fn next_scheme(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let starts = SCHEMES.iter().filter_map(|scheme| rest.find(scheme));
    starts.min().map(|start| from + start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text).into_iter().map(|link| &text[link]).collect()
    }

    #[test]
    fn a_link_ends_before_the_punctuation_of_its_sentence() {
        assert_eq!(found("see https://a.org/b?c=1."), ["https://a.org/b?c=1"]);
        assert_eq!(found("(http://a.org), hi"), ["http://a.org"]);
        assert_eq!(
            found("\u{5d0} http://a.org/\u{5d0} x"),
            ["http://a.org/\u{5d0}"]
        );
        assert_eq!(found("http://a http://b"), ["http://a", "http://b"]);
    }

    #[test]
    fn no_other_scheme_and_no_bare_scheme_is_a_link() {
        assert_eq!(found("javascript:alert(1) file:///etc/passwd"), [""; 0]);
        assert_eq!(found("https:// and http://"), [""; 0]);
    }

    #[test]
    fn a_click_finds_the_link_under_it_only() {
        let text = "a http://b.org c";
        assert_eq!(at(text, 3).as_deref(), Some("http://b.org"));
        assert_eq!(at(text, 0), None);
        assert_eq!(at(text, 15), None);
    }
}
