//! What the tests of `lab grade` share: the program, folders with solutions, a Python.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::{env, fs};
use tempfile::TempDir;

/// `lab grade` with these arguments, in this folder. A busy machine may take its time,
/// except where the test is about that.
pub(crate) fn grade(folder: &Path, arguments: &[&str]) -> Output {
    let mut timeout = vec![];
    if arguments.contains(&"--") && !arguments.contains(&"--event-limit") {
        timeout.extend(["--event-limit", "60", "--limit", "3600"]);
    }
    Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("grade")
        .args(timeout)
        .args(arguments)
        .current_dir(folder)
        // A program need not flush by itself.
        .env_remove("PYTHONUNBUFFERED")
        .stdin(Stdio::null())
        .output()
        .expect("lab is built")
}

/// The same as [`grade`] with JSON output.
pub(crate) fn json(folder: &Path, before: &[&str], command: &[&str]) -> Value {
    let arguments = [before, &["--json", "--"], command].concat();
    let output = grade(folder, &arguments);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|why| panic!("{why}: {}", err(&output)))
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it prints UTF-8")
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("it prints UTF-8")
}

pub(crate) fn solution(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/grade/solutions");
    fs::read_to_string(path.join(name)).expect("a solution")
}

/// A folder with the starter of a language, its protocol replaced by this one.
pub(crate) fn starter(language: &str, file: &str, protocol: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().to_str().expect("its name is plain");
    let output = grade(folder.path(), &["--starter", language, path]);
    assert!(output.status.success(), "{}", err(&output));
    fs::write(folder.path().join(file), protocol).expect("it is ours");
    folder
}

/// The Python itself: a wrapper that chooses a version would take longer than the run.
pub(crate) fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let ask = ["-c", "import sys; print(sys.executable)"];
        let told = Command::new("python3").args(ask).output();
        out(&told.expect("python3 is there")).trim().to_owned()
    })
}

/// A Python protocol beside the starter's other file.
pub(crate) fn python_folder(protocol: &str) -> TempDir {
    starter("python", "protocol.py", protocol)
}

/// Whether a program is on this machine; prints a note if not.
pub(crate) fn is_there(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    let is_there =
        env::split_paths(&folders).any(|it: PathBuf| it.join(program).is_file());
    if !is_there {
        println!("skipped: {program} is not on this machine");
    }
    is_there
}
