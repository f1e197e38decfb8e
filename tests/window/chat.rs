//! The chat in a real window: direct messages, completion, history, search, pasted lines,
//! unread lines, and a lost connection that is restored.
//!
//! The other clients in the room check what was sent, and the title shows unread lines.
//!
//! Source: as `tests/window/tour.rs`; `bin/client/view` has the layout of the window.

use super::desk::{Desk, Window, until};
use super::server::{Server, Watcher};
use serde_json::json;

/// The place of the chat in a window of the default size. Unit: pixels from its left and
/// top edge.
const CHAT: (i32, i32) = (20, 110);

/// Within the chat, a few lines further down.
const FURTHER_DOWN: (i32, i32) = (400, 170);

/// The tab of the room.
const ALL: (i32, i32) = (34, 41);

/// A place in the list of users.
const FIRST_PERSON: (i32, i32) = (720, 115);

/// The message field.
const MESSAGE_FIELD: (i32, i32) = (350, 639);

/// The background of a line with the user's name, of a search result and of a question.
const YELLOW: [u8; 3] = [0xFF, 0xF1, 0xCC];

/// The name of a client that receives all lines.
fn guest(server: &Server, desk: &Desk, name: &str) -> (Watcher, Window) {
    let mut guest = server.join(name);
    let dana = desk.open_joined(server, "dana");
    guest.expect(&json!({"joined": {"name": "dana"}}));
    (guest, dana)
}

fn until_title(window: &Window, title: &str) {
    until(title, || window.title() == title);
}

/// Opens another page and waits until it is shown: earlier input belongs to the previous
/// page.
fn turn(window: &Window, keys: &str) {
    let before = window.pixels();
    window.press(&[keys]);
    until("another page", || window.pixels() != before);
}

#[test]
fn a_direct_message_waits_in_its_tab_and_the_reply_goes_to_that_user_only() {
    let server = Server::start();
    let desk = Desk::set_up();
    let (mut guy, dana) = guest(&server, &desk, "guy");
    let mut watcher = server.join("watcher");

    dana.type_text("for all");
    guy.whisper("dana", "psst");
    until_title(&dana, "(1) Sash - dana");
    dana.picture("window-whisper-waits");
    turn(&dana, "alt+2");
    until_title(&dana, "Sash - dana");
    dana.write("yes?");
    guy.expect_whisper(); // The echo of guy's own.
    assert_eq!(guy.expect_whisper(), ("dana".into(), "yes?".into()));
    dana.picture("window-whisper");

    // The draft is still in its conversation.
    turn(&dana, "alt+1");
    dana.write(" to hear");
    watcher.expect_said("dana", "for all to hear");
    watcher.expect_nothing_of("yes?");

    turn(&dana, "alt+2");
    turn(&dana, "ctrl+w");
    dana.write("all again");
    watcher.expect_said("dana", "all again");
}

#[test]
fn text_typed_after_a_click_on_a_tab_or_a_user_goes_into_the_message_field() {
    let server = Server::start();
    let desk = Desk::set_up();
    let (mut guy, dana) = guest(&server, &desk, "guy");

    dana.click(ALL);
    dana.write("after the tab");
    guy.expect_said("dana", "after the tab");
    dana.click(FIRST_PERSON);
    dana.write("after the person");
    guy.expect_said("dana", "after the person");
}

#[test]
fn the_tab_key_completes_commands_and_names_and_enter_completes_a_command_prefix() {
    let server = Server::start();
    let desk = Desk::set_up();
    let (mut guy, dana) = guest(&server, &desk, "guy");

    dana.type_text("/whi");
    let hinted = dana.pixels();
    dana.press(&["Tab"]);
    dana.type_text("g");
    dana.press(&["Tab"]);
    dana.write("psst");
    assert_eq!(guy.expect_whisper(), ("dana".into(), "psst".into()));
    until("hints gone", || dana.pixels() != hinted);

    dana.type_text("g");
    dana.press(&["Tab"]);
    dana.write("hello");
    guy.expect_said("dana", "guy: hello");

    dana.type_text("/wh");
    dana.press(&["Return"]);
    dana.write("guy again");
    assert_eq!(guy.expect_whisper(), ("dana".into(), "again".into()));

    dana.type_text("/pa");
    dana.press(&["Down", "Down"]);
    dana.picture("window-hints");
    dana.press(&["Escape", "ctrl+a", "BackSpace"]);
    dana.write("//slash");
    guy.expect_said("dana", "/slash");
}

#[test]
fn the_arrow_keys_recall_lines_and_keep_the_draft() {
    let server = Server::start();
    let desk = Desk::set_up();
    let (mut guy, dana) = guest(&server, &desk, "guy");

    dana.write("first");
    dana.write("second");
    dana.type_text("dra");
    dana.press(&["Up", "Up", "Down", "Down"]);
    dana.write("ft");
    dana.press(&["Up", "Up", "Up", "Return"]);
    for line in ["first", "second", "draft", "first"] {
        guy.expect_said("dana", line);
    }
}

#[test]
fn search_matches_are_highlighted_until_escape() {
    let server = Server::start();
    let desk = Desk::set_up();
    let (mut guy, dana) = guest(&server, &desk, "guy");

    for number in 0..60 {
        guy.say(&format!("line {number}, a NEEDLE in the hay"));
    }
    until("the lines", || dana.is_steady());
    dana.press(&["ctrl+f"]);
    dana.type_text("needle");
    until("marks", || dana.count(YELLOW) > 1_000);
    dana.press(&["Return", "Return"]);
    until("the search drawn", || dana.is_steady());
    dana.picture("window-search");
    dana.press(&["Escape"]);
    until("no marks", || dana.count(YELLOW) == 0);
    dana.write("found it");
    guy.expect_said("dana", "found it");
}

#[test]
fn several_pasted_lines_are_confirmed_and_sent_unchanged() {
    let server = Server::start();
    let desk = Desk::set_up();
    let (mut guy, dana) = guest(&server, &desk, "guy");

    for text in ["/quit", "two"] {
        guy.say(text);
    }
    until("the lines", || dana.is_steady());
    let copied = |window: &Window| {
        window.drag(CHAT, FURTHER_DOWN);
        window.press(&["ctrl+c"]);
        window.click(MESSAGE_FIELD);
        window.press(&["ctrl+v"]);
    };
    copied(&dana);
    until("the question", || dana.count(YELLOW) > 1_000);
    dana.picture("window-pasted");
    dana.press(&["Escape"]);
    until("no question", || dana.count(YELLOW) == 0);
    dana.write("nothing was sent");
    guy.expect_said("dana", "nothing was sent");

    copied(&dana);
    until("the question", || dana.count(YELLOW) > 1_000);
    dana.press(&["Return"]);
    until("no question", || dana.count(YELLOW) == 0);
    dana.write("all was sent");
    guy.expect_said("dana", "all was sent");
    guy.expect_something_of("guy  /quit");
}

#[test]
fn a_mention_is_highlighted_and_new_lines_do_not_scroll_a_user_who_reads_older_ones() {
    let server = Server::start();
    let desk = Desk::set_up();
    let (guy, dana) = guest(&server, &desk, "guy");

    for number in 0..80 {
        guy.say(&format!("line {number}"));
    }
    until("the lines", || dana.is_steady());
    assert_eq!(dana.count(YELLOW), 0);
    dana.press(&["Prior"]);
    until("the page before", || dana.is_steady());
    guy.say("are you here, Dana?");
    until_title(&dana, "(1) Sash - dana");
    dana.picture("window-new-below");
    assert_eq!(dana.count(YELLOW), 0, "what is being read has moved");
    dana.press(&["ctrl+End"]);
    until_title(&dana, "Sash - dana");
    until("the mark", || dana.count(YELLOW) > 500);
    dana.picture("window-mention");
}

#[test]
fn after_a_server_restart_the_window_is_in_the_room_again_with_its_draft() {
    let server = Server::start();
    let desk = Desk::set_up();
    let (_, dana) = guest(&server, &desk, "guy");
    let address = server.address();

    dana.type_text("half a line");
    drop(server);
    until("the loss told", || dana.count(YELLOW) > 1_000);
    dana.picture("window-lost");
    dana.press(&["Return"]);

    let server = Server::start_with(&["--bind", &address]);
    let mut noa = server.join("noa");
    noa.expect(&json!({"joined": {"name": "dana"}}));
    until("the loss over", || dana.count(YELLOW) == 0);
    dana.write(", whole");
    noa.expect_said("dana", "half a line, whole");
    dana.picture("window-back");
}
