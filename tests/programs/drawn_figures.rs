//! The figures in `report/figures/` match their commands: every command of `commands.sh` runs
//! again in an empty folder, and the files are compared byte by byte.
//!
//! A difference means a stale figure (`./sash figures` makes them again; look at them) or an
//! unintended change of behaviour.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[test]
fn every_figure_is_reproduced_by_its_command() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("report/figures");
    fs::create_dir_all(&made).unwrap();
    for command in commands() {
        run(&command, folder.path());
    }
    let names = names(&made);
    assert!(names.len() > 3, "{names:?}");
    let differs = |name: &&String| {
        fs::read(made.join(name)).unwrap()
            != fs::read(committed().join(name)).unwrap_or_default()
    };
    let stale: Vec<_> = names.iter().filter(differs).collect();
    assert!(
        stale.is_empty(),
        "stale: {stale:?}; ./sash figures makes them anew"
    );
}

#[test]
fn every_committed_figure_has_a_command() {
    const LISTS: [&str; 2] = ["commands.sh", "real.sh"];
    let is_list = |name: &String| LISTS.contains(&name.as_str());
    let pages = LISTS.map(read);
    let is_made = |name: &String| {
        let path = format!("report/figures/{name}");
        pages.iter().any(|page| page.contains(&path))
    };
    let orphans: Vec<_> = names(&committed())
        .into_iter()
        .filter(|name| !is_list(name) && !is_made(name))
        .collect();
    assert!(orphans.is_empty(), "made by no command: {orphans:?}");
}

#[test]
fn a_shell_block_is_split_into_words_as_a_shell_does() {
    let block = "lab chart --link \"seed=7;loss=5%\" \\\n    -o a.svg > a.txt";
    let words = [
        "lab",
        "chart",
        "--link",
        "seed=7;loss=5%",
        "-o",
        "a.svg",
        ">",
        "a.txt",
    ];
    assert_eq!(words_of(block), words);
}

/// Runs one command of the laboratory with `folder` as the project's.
fn run(words: &[String], folder: &Path) {
    assert_eq!(words[0], "lab", "{words:?}");
    let (words, output) = match words.iter().position(|word| word == ">") {
        None => (&words[1..], Stdio::null()),
        Some(at) => {
            let file = File::create(folder.join(&words[at + 1])).expect("a new file");
            (&words[1..at], Stdio::from(file))
        }
    };
    let ended = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(words)
        .current_dir(folder)
        .stdout(output)
        .output()
        .expect("lab is built");
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{words:?}: {complaint}");
}

/// The commands of `commands.sh`, each in words.
fn commands() -> Vec<Vec<String>> {
    let page = read("commands.sh");
    let blocks = page.split("\n\n").map(str::trim);
    blocks
        .filter(|block| !block.is_empty() && !block.starts_with('#'))
        .map(words_of)
        .collect()
}

/// Words between spaces; quotes hold one together, and a backslash joins two lines.
fn words_of(block: &str) -> Vec<String> {
    let block = block.replace("\\\n", " ");
    let mut words = Vec::new();
    for (at, piece) in block.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

fn read(page: &str) -> String {
    fs::read_to_string(committed().join(page)).expect("it is committed")
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("report/figures")
}
