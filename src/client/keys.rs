//! The window's keys: one table for the window of keys (F1) and for the report's reference.
//!
//! Every action of the mouse in the window also has a key. A developer who gives a widget
//! a key adds it here; the table in `report/reference.md` is made from it.
//!
//! ```
//! use sash::client::keys;
//! let mut keys = keys::PARTS.iter().flat_map(|(_, keys)| *keys);
//! assert!(keys.any(|(key, _)| *key == "Ctrl+F"));
//! ```

use std::fmt::Write as _;

/// The keys of one part of the window: its name, then keys and their actions.
type Part = (&'static str, &'static [(&'static str, &'static str)]);

/// Every part of the window.
pub const PARTS: [Part; 6] = [
    (
        "Everywhere",
        &[
            ("Tab, Shift+Tab", "next, previous field"),
            ("Alt+1 to Alt+9", "go to a page by its position"),
            ("Ctrl+Tab, Ctrl+Shift+Tab", "next, previous page"),
            ("Ctrl++, Ctrl+-, Ctrl+0", "larger, smaller, normal size"),
            ("Alt+A, +I, +V, +H", "menus Chat, Files, View, Help"),
            ("Alt+underlined letter", "a button"),
            ("F1", "show these keys"),
        ],
    ),
    (
        "Message",
        &[
            ("Enter, Alt+S", "send"),
            ("Tab", "complete a name, a command or a file"),
            ("Up, Down", "earlier lines; move through the hints"),
            ("Page Up, Page Down", "scroll the chat by a page"),
            ("Escape, Ctrl+End", "go to the newest line"),
            ("Ctrl+Up, Ctrl+Down", "select a row of the chat"),
            ("Ctrl+Enter", "show or hide who joined and left there"),
            ("Ctrl+C", "copy the selection or the selected row"),
            ("Ctrl+W", "close a direct conversation"),
        ],
    ),
    (
        "Chat",
        &[
            ("Ctrl+F", "search; Enter finds older, Shift+Enter newer"),
            ("Alt+O, Alt+F, Alt+M", "show online users, files, commands"),
            ("Enter on a user", "write a direct message"),
            ("Alt+D, Alt+U", "download, upload"),
            ("Alt+T", "show or hide the options of transfers"),
            ("Alt+Left, Alt+Right", "resize the lists beside the chat"),
            ("Alt+N", "disconnect or connect"),
        ],
    ),
    (
        "Lists",
        &[
            ("arrows, Page, Home, End", "select; with Shift several"),
            ("Ctrl+these, Ctrl+Space", "move, and select separate rows"),
            ("Ctrl+A", "select all"),
            ("Left, Right, Ctrl+R", "sort by the next column; reverse"),
            ("Enter", "download the file; show the transfer"),
            ("letters", "filter the files; Escape shows all"),
            ("Menu, Shift+F10", "menu of the selected rows"),
        ],
    ),
    (
        "Transfers",
        &[
            ("Space", "pause, resume"),
            (
                "Delete, Shift+Delete",
                "cancel; also delete the partial file",
            ),
            ("R", "try again"),
            ("L", "open in the laboratory"),
            ("Ctrl+C", "copy the SHA-256"),
            ("Alt+E", "clear ended transfers"),
        ],
    ),
    (
        "Laboratory",
        &[
            ("Space", "play, pause"),
            ("Right, Left", "next, previous packet"),
            ("Home, End", "beginning, newest moment"),
            ("1 to 6", "open a card of the first screen"),
            ("Page Up, Page Down", "earlier, later moment of the ladder"),
            ("+, -", "enlarge, reduce the ladder's time"),
            ("Up, Down", "select a packet and explain it"),
            ("Delete, K", "lose the selected packet"),
            ("Shift and the arrows", "select a segment of the strip"),
            ("Alt+R, Alt+E, Alt+D", "run, race, predict"),
            ("A to D, Alt+N", "answer, next question"),
            ("Alt+O, Alt+X, Alt+C", "open, export, copy the scenario"),
            ("Left, Right on a slider", "one step; Tab reaches it"),
        ],
    ),
];

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
    fn no_key_has_two_meanings_in_the_same_part_of_the_window() {
        for (part, keys) in PARTS {
            for (place, (key, _)) in keys.iter().enumerate() {
                let before = &keys[..place];
                assert!(before.iter().all(|(it, _)| it != key), "{part}: {key}");
            }
        }
    }
}
