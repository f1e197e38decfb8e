//! Finds the files in a text that was dropped on the window or pasted into a field.
//!
//! A file manager passes a list of addresses, one per line, percent-encoded; some pass
//! plain paths. Any program may drop text, so nothing is trusted: a line that names no
//! file of this computer causes a sentence.
//!
//! ```text
//! file:///home/dana/my%20notes.txt   -->  /home/dana/my notes.txt
//! file://otherhost/share/a           -->  refused: on another computer
//! https://example.org/a.txt          -->  refused: no file of this computer
//! # a comment                        -->  nothing
//! ```
//!
//! It checks text only; the code that opens a file checks whether it exists and is no
//! folder.
//!
//! Source: RFC 2483 §5 (`text/uri-list`), RFC 8089 (`file`), RFC 3986 §2.1.

use super::words;
use crate::system::files;
use percent_encoding::percent_decode_str;
use std::path::PathBuf;

/// The files that a text names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Files, or folders: in their order, each once.
    pub paths: Vec<PathBuf>,
    /// A sentence for each line that names none; one common sentence for all but the
    /// first few.
    pub problems: Vec<String>,
}

/// The most files that may be dropped at once.
pub const MOST_DROPPED: usize = 100;

/// The most problems that are shown.
const MOST_PROBLEMS: usize = 3;

/// Longer paths are shortened when shown. Unit: letters.
const MOST_SHOWN: usize = 60;

/// Reads a dropped text. `host` is this computer's own name, if known, because some
/// programs write it.
#[must_use]
pub fn read(text: &str, host: Option<&str>) -> Dropped {
    let mut dropped = Dropped::default();
    let mut unreadable = 0;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match path(line, host) {
            Ok(path) if dropped.paths.contains(&path) => {}
            Ok(_) if dropped.paths.len() == MOST_DROPPED => {
                let sentence = format!(
                    "Only the first {MOST_DROPPED} files are uploaded. Drop the rest \
                     later."
                );
                dropped.problems.push(sentence);
                break;
            }
            Ok(path) => dropped.paths.push(path),
            Err(why) if unreadable < MOST_PROBLEMS => {
                unreadable += 1;
                dropped.problems.push(format!("{} {why}", shown(line)));
            }
            Err(_) => unreadable += 1,
        }
    }
    if unreadable > MOST_PROBLEMS {
        let more = unreadable - MOST_PROBLEMS;
        dropped
            .problems
            .push(format!("{more} more cannot be uploaded."));
    }
    dropped
}

/// Whether a dropped text names files, or is a text for the chat.
#[must_use]
pub fn names_files(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| is_absolute(line) || has_scheme(line, "file"))
}

/// Whether a pasted text is a single path: then the paste uploads that file.
#[must_use]
pub fn is_path(text: &str) -> bool {
    let text = text.trim();
    !text.contains(['\r', '\n']) && (is_absolute(text) || has_scheme(text, "file"))
}

/// The path that a line names, or the reason why it names none.
fn path(line: &str, host: Option<&str>) -> Result<PathBuf, &'static str> {
    if is_absolute(line) {
        return checked(line.as_bytes().to_vec());
    }
    if !has_scheme(line, "file") {
        return Err("is not a file on this computer.");
    }
    let rest = &line["file:".len()..];
    let encoded = match rest.strip_prefix("//") {
        None => rest, // `file:/home/dana`, RFC 8089 appendix B.
        Some(rest) => {
            let at = rest.find('/').ok_or("does not name a file.")?;
            let (named, path) = rest.split_at(at);
            if !is_here(named, host) {
                return Err("is on another computer.");
            }
            path
        }
    };
    if !encoded.starts_with('/') {
        return Err("does not name a file.");
    }
    let decoded: Vec<u8> = percent_decode_str(encoded).collect();
    // `file:///C:/notes.txt`: the first slash is no part of a Windows path.
    let is_drive = files::HAS_DRIVES && decoded.get(2) == Some(&b':');
    checked(decoded[usize::from(is_drive)..].to_vec())
}

fn checked(bytes: Vec<u8>) -> Result<PathBuf, &'static str> {
    if bytes.contains(&0) {
        return Err("is not a path: it contains a NUL byte.");
    }
    files::path_from_bytes(bytes).ok_or("is not a path: it is not Unicode.")
}

fn is_absolute(text: &str) -> bool {
    let drive = text.as_bytes();
    let is_drive = files::HAS_DRIVES
        && drive.first().is_some_and(u8::is_ascii_alphabetic)
        && drive.get(1) == Some(&b':');
    text.starts_with('/') || is_drive
}

fn has_scheme(text: &str, scheme: &str) -> bool {
    let head = text.split_once(':').map(|(head, _)| head);
    head.is_some_and(|head| head.eq_ignore_ascii_case(scheme))
}

fn is_here(named: &str, host: Option<&str>) -> bool {
    let is = |other: &str| named.eq_ignore_ascii_case(other);
    named.is_empty() || is("localhost") || host.is_some_and(is)
}

/// A line in the form for a sentence.
fn shown(line: &str) -> String {
    let short: String = line.chars().take(MOST_SHOWN).collect();
    let ellipsis = if short.len() < line.len() {
        "\u{2026}"
    } else {
        ""
    };
    format!("{}{ellipsis}", words::harmless(&short))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::tests::not_utf8;
    use std::path::Path;

    fn only(text: &str) -> PathBuf {
        let dropped = read(text, Some("desk"));
        assert_eq!(dropped.problems, [""; 0], "{text:?}");
        let [path] = &dropped.paths[..] else {
            panic!("{text:?}: {dropped:?}");
        };
        path.clone()
    }

    #[test]
    fn local_file_urls_and_plain_paths_name_files() {
        let expected = Path::new("/home/dana/my notes & @ 100%.txt");
        for text in [
            "file:///home/dana/my%20notes%20%26%20%40%20100%25.txt\r\n",
            "file://localhost/home/dana/my%20notes%20&%20@%20100%25.txt",
            "FILE://Desk/home/dana/my%20notes%20&%20@%20100%25.txt",
            "file:/home/dana/my%20notes%20&%20@%20100%.txt",
            "# dropped by a test\r\n\r\n/home/dana/my notes & @ 100%.txt",
        ] {
            assert_eq!(only(text), expected, "{text:?}");
        }
        let hebrew = "file:///tmp/%D7%A9%D7%9C%D7%95%D7%9D.txt";
        assert_eq!(only(hebrew), Path::new("/tmp/שלום.txt"));
    }

    #[test]
    fn a_name_that_is_not_unicode_stays_as_it_is_or_is_refused() {
        let text = "file:///tmp/%FF%FE";
        match not_utf8(b"/tmp/\xff\xfe") {
            Some(expected) => assert_eq!(only(text), expected),
            None => assert_eq!(read(text, None).problems.len(), 1),
        }
    }

    #[test]
    fn dropped_files_keep_their_order_without_duplicates() {
        let text = "file:///b\r\nfile:///a\r\nfile:///b\r\n";
        let paths = read(text, None).paths;
        assert_eq!(paths, [Path::new("/b"), Path::new("/a")]);
    }

    #[test]
    fn dropped_text_that_names_no_local_file_is_reported_in_a_sentence() {
        for (text, why) in [
            ("https://example.org/a.txt", "not a file on this computer"),
            ("hello there", "not a file on this computer"),
            ("file://elsewhere/a", "on another computer"),
            ("file://desk", "does not name a file"),
            ("file:a.txt", "does not name a file"),
            ("file:///tmp/a%00b", "NUL"),
            ("/tmp/a\0b", "NUL"),
        ] {
            let dropped = read(text, Some("desk"));
            assert!(dropped.paths.is_empty(), "{text:?}");
            assert!(dropped.problems[0].contains(why), "{text:?}: {dropped:?}");
            assert!(!dropped.problems[0].contains('\0'));
        }
    }

    #[test]
    fn a_thousand_invalid_lines_are_reported_in_a_few_sentences() {
        let nonsense = format!("{}\u{202e}\u{1b}[2J\n", "x".repeat(500)).repeat(1_000);
        let problems = read(&nonsense, None).problems;
        assert_eq!(problems.len(), 4);
        assert!(problems.iter().all(|it| it.len() < 120), "{problems:?}");
        let many: Vec<String> = (0..150).map(|n| format!("file:///{n}")).collect();
        let many = many.join("\n");
        let dropped = read(&many, None);
        assert_eq!((dropped.paths.len(), dropped.problems.len()), (100, 1));
    }

    #[test]
    fn a_dropped_sentence_is_not_taken_for_a_file() {
        assert!(names_files("# a list\r\nfile:///a\r\n"));
        assert!(names_files("/tmp/a"));
        for text in ["hi there", "", "see file:///a", "https://example.org"] {
            assert!(!names_files(text), "{text:?}");
        }
    }

    #[test]
    fn pasted_text_is_a_file_only_if_it_is_exactly_one_path() {
        assert!(is_path(" /home/dana/notes.txt\n"));
        assert!(is_path("file:///home/dana/notes.txt"));
        for text in ["hi", "see /tmp/a", "/tmp/a\n/tmp/b", "https://a/b", ""] {
            assert!(!is_path(text), "{text:?}");
        }
    }
}
