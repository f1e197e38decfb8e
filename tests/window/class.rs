//! A student's view of a class: a room with a password, and exercises in the chat.
//!
//! Xvfb is the display, `xdotool` types and clicks, and `import` of `ImageMagick` takes
//! pictures. The teacher is a client in a terminal, and the results are read from the
//! server's table.
//!
//! Source: `bin/client/view` has the layout of the window.

use super::desk::{Desk, until};
use super::ladder::BLUE;
use super::server::Server;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The first button of a question in the chat. Unit: pixels from the window's edges.
const RUN_IT: (i32, i32) = (780, 633);

/// The colour of the text of an error.
const RED: [u8; 3] = [0xB4, 0x23, 0x18];

/// The background of a question.
const YELLOW: [u8; 3] = [0xFF, 0xF1, 0xCC];

/// A room with a password, a teacher and a class.
struct Class {
    server: Server,
    folder: TempDir,
}

#[test]
fn a_room_with_a_password_asks_for_it_in_the_form() {
    let class = Class::begin();
    let desk = Desk::set_up();
    let flags = ["--server", &class.server.address(), "--name", "dana"];
    let window = desk.open(&flags, "Sash");
    until("the sentence in red", || window.count(RED) > 0);
    window.picture("window-password");

    window.write("open");
    until("another sentence", || {
        window.is_steady() && window.count(RED) > 0
    });
    assert_eq!(window.title(), "Sash");

    window.press(&["ctrl+a"]);
    window.write("sesame");
    until("the room", || window.title() == "Sash - dana");
}

#[test]
fn a_class_exercise_is_offered_in_the_window_and_its_results_reach_the_teacher() {
    let class = Class::begin();
    let desk = Desk::set_up();
    let password = class.file("room");
    let address = class.server.address();
    let flags = [
        "--server",
        &address,
        "--name",
        "dana",
        "--password-file",
        password.to_str().unwrap(),
    ];
    let window = desk.open(&flags, "Sash - dana");
    assert_eq!(window.count(YELLOW), 0, "nothing has been asked yet");

    class.give_out("seed=7;loss=10%;delay=20ms --arq go-back-n --size 200000");
    until("the question", || window.count(YELLOW) > 0);
    window.picture("window-homework");
    // Typing a message answers no question.
    window.write("one two three");
    until("the line", || window.is_steady());
    assert!(window.count(YELLOW) > 0, "the space declined it");
    // Without a prediction, the button only puts the cursor into its field.
    window.click(RUN_IT);
    window.write("160");
    let results = class.file("results.csv");
    let has_come = || {
        let table = fs::read_to_string(&results).unwrap_or_default();
        table
            .lines()
            .any(|row| row.contains("dana") && row.contains("200000,,,,,,160,"))
    };
    until("dana's figures in the table", has_come);
    until("the question taken back", || window.count(YELLOW) == 0);
    until("the run in the laboratory", || window.count(BLUE) > 200);
    window.picture("window-exercise");
}

/// The first choice of a question, and the last one. Unit: pixels from the window's edges.
const FIRST_CHOICE: (i32, i32) = (300, 600);
const LAST_CHOICE: (i32, i32) = (800, 632);

/// The background of the chosen answer, and the colour of the bar of the right one.
const CHOSEN: [u8; 3] = [0xD3, 0xE4, 0xF8];

/// *Play on*, beside the outcome.
const PLAY_ON: (i32, i32) = (836, 560);

#[test]
fn a_question_is_asked_without_taking_the_cursor_and_answered_by_a_click_alone() {
    let class = Class::open();
    let desk = Desk::set_up();
    let window = desk.open_joined(&class.server, "dana");
    let mut guy = class.server.join("guy");
    window.type_text("is it ");
    class.teacher_types(&["/ask drop=d2.1;delay=50ms --arq go-back-n"]);
    until("the question", || window.count(YELLOW) > 0);
    until("the whole question", || window.is_steady());
    window.picture("window-question");
    // Keys that are typed into a field do not answer the question.
    window.write("b d or a? ");
    guy.expect_said("dana", "is it b d or a? ");
    window.press(&["Tab", "space", "Return", "shift+Tab"]);
    until("all keys", || window.is_steady());
    assert_eq!(
        window.pixel(FIRST_CHOICE),
        [0xFF; 3],
        "a key has answered it"
    );
    assert_eq!(
        window.pixel(LAST_CHOICE),
        [0xFF; 3],
        "a key has answered it"
    );

    window.click(FIRST_CHOICE);
    until("the first answer", || window.pixel(FIRST_CHOICE) == CHOSEN);
    window.click(LAST_CHOICE);
    until("another answer", || window.pixel(LAST_CHOICE) == CHOSEN);
    window.picture("window-question-answered");
    window.write("so be it");
    guy.expect_said("dana", "so be it");

    class.teacher_types(&["/reveal"]);
    let table = class.file("results.csv");
    let row = || {
        let table = fs::read_to_string(&table).unwrap();
        let mut rows = table.lines().filter(|row| row.contains("\"dana\""));
        rows.next().map(str::to_owned)
    };
    until("the row in the table", || row().is_some());
    let row = row().unwrap();
    assert!(row.ends_with(",1,1,1,d,d"), "{row}");
    until("the whole outcome", || window.is_steady());
    window.picture("window-question-revealed");
    // The bar of the right answer, which is everybody's.
    assert!(window.count(CHOSEN) > 5_000, "{}", window.count(CHOSEN));
    window.click(PLAY_ON);
    until("the laboratory", || window.is_steady());
    window.picture("window-question-played");
}

impl Class {
    /// Without a password of the room.
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        write_password(&file("teacher"), "chalk");
        let [teacher, results] = ["teacher", "results.csv"].map(file);
        let server = Server::start_with(&[
            "--teacher",
            "moshe",
            "--teacher-password-file",
            teacher.to_str().unwrap(),
            "--class",
            "--class-results",
            results.to_str().unwrap(),
        ]);
        Self { server, folder }
    }

    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        write_password(&file("room"), "sesame");
        write_password(&file("teacher"), "chalk");
        let [room, teacher, results] = ["room", "teacher", "results.csv"].map(file);
        let server = Server::start_with(&[
            "--password-file",
            room.to_str().unwrap(),
            "--teacher",
            "moshe",
            "--teacher-password-file",
            teacher.to_str().unwrap(),
            "--class",
            "--class-results",
            results.to_str().unwrap(),
        ]);
        Self { server, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The teacher joins, sends these lines, and leaves.
    fn give_out(&self, lab: &str) {
        self.teacher_types(&[&format!("/lab {lab}")]);
    }

    /// The same with these lines.
    fn teacher_types(&self, lines: &[&str]) {
        let typed = lines.iter().flat_map(|line| ["--exec", line]);
        let status = Command::new(env!("CARGO_BIN_EXE_client"))
            .args(["--server", &self.server.address(), "--name", "moshe"])
            .arg("--password-file")
            .arg(self.file("teacher"))
            .args(typed)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
    }
}

fn write_password(path: &Path, password: &str) {
    fs::write(path, format!("{password}\n")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}
