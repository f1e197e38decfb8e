//! The window's keys: one table for the menu Help and for the report's reference.
//!
//! Whatever the mouse can do in the window, a key can. Who gives a widget a key writes it
//! here, and a test compares the table in `report/reference.md`.
//!
//! ```
//! use sash::client::keys;
//! assert!(keys::told().iter().any(|line| line.contains("Ctrl+F")));
//! ```

use std::fmt::Write as _;

/// The keys of one part of the window: its name, then keys and what they do.
type Part = (&'static str, &'static [(&'static str, &'static str)]);

/// Every part of the window.
pub const PARTS: [Part; 6] = [
    (
        "Everywhere",
        &[
            ("Tab, Shift+Tab", "the next field, the one before"),
            ("Alt+1 to Alt+9", "a page by its place"),
            ("Ctrl+Tab, Ctrl+Shift+Tab", "the next page, the one before"),
            ("Ctrl++, Ctrl+-, Ctrl+0", "larger, smaller, the usual size"),
            ("Alt+A, +I, +V, +H", "the menus Chat, Files, View, Help"),
            ("Alt+underlined letter", "a button"),
            ("F1", "these keys"),
        ],
    ),
    (
        "Message",
        &[
            ("Enter, Alt+S", "send"),
            ("Tab", "complete a name, a command or a file"),
            ("Up, Down", "lines sent before; through the hints"),
            ("Page Up, Page Down", "a page of the chat"),
            ("Escape, Ctrl+End", "to the newest line"),
            ("Ctrl+Up, Ctrl+Down", "mark a row of the chat"),
            ("Ctrl+Enter", "unfold who came and went there, or fold"),
            ("Ctrl+C", "copy what is selected, or the marked row"),
            ("Ctrl+W", "close a whisper"),
        ],
    ),
    (
        "Chat",
        &[
            ("Ctrl+F", "find; Enter an older one, Shift+Enter a newer"),
            ("Alt+O, Alt+F, Alt+M", "who is online, files, commands"),
            ("Enter on a person", "whisper"),
            ("Alt+D, Alt+U", "download, upload"),
            ("Alt+N", "disconnect, or connect"),
        ],
    ),
    (
        "Lists",
        &[
            ("arrows, Page, Home, End", "choose; with Shift several"),
            (
                "Ctrl+these, Ctrl+Space",
                "go there, and choose what lies apart",
            ),
            ("Ctrl+A", "choose all"),
            ("Left, Right, Ctrl+R", "sort by the column beside; reverse"),
            ("Enter", "download a file; show a transfer"),
            ("letters", "files: filter; Escape shows all again"),
        ],
    ),
    (
        "Transfers",
        &[
            ("Space", "pause, resume"),
            (
                "Delete, Shift+Delete",
                "cancel; and delete what has arrived",
            ),
            ("R", "try again"),
            ("L", "to the laboratory"),
            ("Ctrl+C", "copy the SHA-256"),
            ("Alt+E", "clear what has ended"),
        ],
    ),
    (
        "Laboratory",
        &[
            ("Space", "play, stand still"),
            ("Right, Left", "to the next packet, the one before"),
            ("Home, End", "the beginning, the newest moment"),
            ("Up, Down", "point at a packet: what it is, and why"),
            ("Delete, K", "kill the packet that is pointed at"),
            ("Shift and the arrows", "point at a segment of the strip"),
            ("Alt+R, Alt+E, Alt+D", "run, race, predict"),
            ("A to D, Alt+N", "answer, the next question"),
            ("Alt+O, Alt+X, Alt+C", "open, export, copy the link's line"),
            ("Left, Right on a slider", "one step; Tab leads to it"),
        ],
    ),
];

/// The keys as lines to be told: a heading, and under it its keys.
#[must_use]
pub fn told() -> Vec<String> {
    let widest = PARTS.iter().flat_map(|(_, keys)| *keys);
    let widest = widest.map(|(keys, _)| keys.len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (part, keys) in PARTS {
        lines.push(format!("{part}:"));
        let told = keys.iter();
        lines.extend(told.map(|(keys, does)| format!("  {keys:widest$}  {does}")));
    }
    lines
}

/// The same as a table of the reference.
#[must_use]
pub fn table() -> String {
    let mut table = "| where | keys | what they do |\n| --- | --- | --- |\n".to_owned();
    for (part, keys) in PARTS {
        let mut part = part;
        for (keys, does) in keys {
            writeln!(table, "| {part} | {keys} | {does} |").expect("memory");
            part = "";
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_every_key() {
        let reference = include_str!("../../report/reference.md");
        let table = table();
        assert!(
            reference.contains(&table),
            "report/reference.md lacks:\n{table}"
        );
    }

    #[test]
    fn no_key_has_two_meanings_in_one_place() {
        for (part, keys) in PARTS {
            for (place, (key, _)) in keys.iter().enumerate() {
                let before = &keys[..place];
                assert!(before.iter().all(|(it, _)| it != key), "{part}: {key}");
            }
        }
    }
}
