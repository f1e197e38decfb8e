//! The tables of `report/reference.md` are made from the programs.
//!
//! A table is between two comments of the page, `<!-- made from: NAME -->` and
//! `<!-- made -->`. The name is the source of the table:
//!
//! - `server --help`, `client --help`, `lab COMMAND --help`: the output of that program,
//!   each argument as a row. The flags that all commands of [`TRANSFERRING`] share are a
//!   separate table, `lab run --help, shared`, and are omitted from those of the commands.
//! - `bench --help`, `chaos --help`: the same of the test equipment.
//! - `commands`, `keys`: the tables behind `/help` and F1.
//! - `scenario`: the table in the comment of `src/link/scenario.rs`.
//!
//! `UPDATE_REPORT=1 cargo test --test programs reference::` makes the tables again.
#![cfg(all(unix, feature = "gui"))]
#![expect(clippy::unwrap_used, reason = "a test fails where a file is missing")]

use super::{equipment, speed};
use clap::CommandFactory;
use sash::client::commands::{COMMANDS, Purpose};
use sash::client::keys;
use sash::link::Scenario;
use sash::wire::options::{Arq, Congestion};
use std::fmt::Write as _;
use std::process::Command;
use std::{env, fs};

/// Commands of `lab` that run the transfer that the shared flags describe.
const TRANSFERRING: [&str; 5] = ["run", "race", "ladder", "chart", "predict"];

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/report/reference.md");
const OPENING: &str = "<!-- made from: ";
const CLOSING: &str = "<!-- made -->";

#[test]
fn every_table_of_the_reference_is_made_from_the_programs() {
    let printed = fs::read_to_string(PAGE).unwrap();
    let current = with_current_tables(&printed);
    if env::var_os("UPDATE_REPORT").is_some() {
        fs::write(PAGE, &current).unwrap();
        return;
    }
    let differs = |(now, then): &(&str, &str)| now != then;
    let row = current.lines().zip(printed.lines()).find(differs);
    assert!(
        current == printed,
        "report/reference.md is stale, from {row:?} on; \
         UPDATE_REPORT=1 cargo test --test programs reference:: makes it again"
    );
}

#[test]
fn the_reference_has_a_table_for_every_command_of_the_laboratory() {
    let page = fs::read_to_string(PAGE).unwrap();
    let help = help_of(env!("CARGO_BIN_EXE_lab"), &["--help"]);
    let commands = rows(&help).into_iter().map(|row| row.name);
    let commands: Vec<String> = commands
        .filter(|name| !name.starts_with('-') && name != "help")
        .collect();
    assert!(commands.len() > 10, "{help}");
    for command in commands {
        let opening = format!("{OPENING}lab {command} --help -->");
        assert!(page.contains(&opening), "no table of lab {command}");
    }
}

#[test]
fn the_reference_explains_every_protocol_controller_and_scenario_word() {
    let page = fs::read_to_string(PAGE).unwrap();
    let error = "?=1".parse::<Scenario>().unwrap_err().to_string();
    let words = error.lines().next().unwrap();
    let words = words.split_once("the words are ").unwrap().1.split(", ");
    let protocols = Arq::ALL.map(|it| it.to_string());
    let controllers = Congestion::ALL.map(|it| it.to_string());
    let names = words.map(str::to_owned).chain(protocols).chain(controllers);
    for name in names {
        let row = format!("\n| `{name}` | ");
        assert!(page.contains(&row), "no row for {name}");
    }
}

#[test]
fn help_is_read_with_its_defaults_and_wrapped_lines() {
    let help = "Options:\n      --a <X>  Set a\n               or b [default: 1] [possible: 2]\n  \
                -h, --help   Print help\n\nNotes\n  --c  no flag\n";
    let read = table(&rows(help));
    assert_eq!(
        read,
        "| flag | default | meaning |\n| --- | --- | --- |\n\
         | `--a X` | 1 | Set a or b [possible: 2] |\n"
    );
}

fn with_current_tables(printed: &str) -> String {
    let mut page = String::new();
    let mut lines = printed.lines();
    while let Some(line) = lines.next() {
        page.extend([line, "\n"]);
        let Some(name) = line.strip_prefix(OPENING) else {
            continue;
        };
        let name = name.strip_suffix(" -->").unwrap();
        let rest = lines.by_ref().find(|line| *line == CLOSING);
        assert!(rest.is_some(), "the table of {name} has no end");
        // Markdown begins a table after an empty line.
        page.extend(["\n", &made_from(name), "\n", CLOSING, "\n"]);
    }
    page
}

fn made_from(name: &str) -> String {
    match name.split(' ').collect::<Vec<_>>()[..] {
        ["commands"] => commands(),
        ["keys"] => keys::table(),
        ["scenario"] => scenario(),
        ["bench", "--help"] => equipment_table(speed::program::Arguments::command()),
        ["chaos", "--help"] => equipment_table(equipment::program::Arguments::command()),
        ["server", "--help"] => {
            table(&rows(&help_of(env!("CARGO_BIN_EXE_server"), &["--help"])))
        }
        ["client", "--help"] => {
            table(&rows(&help_of(env!("CARGO_BIN_EXE_client"), &["--help"])))
        }
        ["lab", "run", "--help,", "shared"] => table(&shared()),
        ["lab", command, "--help"] => {
            let mut rows = lab(command);
            if TRANSFERRING.contains(&command) {
                let shared = shared();
                rows.retain(|row| !shared.contains(row));
            }
            table(&rows)
        }
        _ => panic!("unknown source of a table: {name}"),
    }
}

/// The flags that mean the same in each of the first four.
fn shared() -> Vec<Row> {
    let mut shared = lab(TRANSFERRING[0]);
    for command in &TRANSFERRING[1..4] {
        let others = lab(command);
        shared.retain(|row| others.contains(row));
    }
    shared
}

fn lab(command: &str) -> Vec<Row> {
    rows(&help_of(env!("CARGO_BIN_EXE_lab"), &[command, "--help"]))
}

fn help_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn equipment_table(mut command: clap::Command) -> String {
    table(&rows(&command.render_help().to_string()))
}

/// An argument of a program.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: String,
    default: String,
    meaning: String,
}

/// The entries below `Arguments:`, `Commands:` and `Options:`, help and version left out.
fn rows(help: &str) -> Vec<Row> {
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut is_list = false;
    for line in help.lines() {
        let text = line.trim_start();
        if matches!(line, "Arguments:" | "Commands:" | "Options:") {
            is_list = true;
        } else if text.is_empty() || text == line {
            is_list &= text.is_empty();
        } else if is_list && line.len() - text.len() <= 6 {
            let (name, meaning) = text.split_once("  ").unwrap_or((text, ""));
            let name = name.replace(['<', '>'], "");
            entries.push((name, meaning.trim().to_owned()));
        } else if is_list {
            let (_, meaning) = entries.last_mut().unwrap();
            let gap = if meaning.is_empty() { "" } else { " " };
            meaning.extend([gap, text]);
        }
    }
    let is_own =
        |(name, _): &(String, String)| !name.starts_with(['-']) || !is_usual(name);
    entries.into_iter().filter(is_own).map(row).collect()
}

fn is_usual(name: &str) -> bool {
    matches!(name, "-h, --help" | "-V, --version")
}

fn row((name, meaning): (String, String)) -> Row {
    let default = meaning.split_once(" [default: ");
    let default = default.and_then(|(before, rest)| {
        let (default, after) = rest.split_once(']')?;
        Some((default.to_owned(), format!("{before}{after}")))
    });
    let (default, meaning) = default.unwrap_or((String::new(), meaning));
    Row {
        name,
        default,
        meaning,
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = "| flag | default | meaning |\n| --- | --- | --- |\n".to_owned();
    for row in rows {
        let cell = |text: &str| text.replace('|', "\\|");
        let (default, meaning) = (cell(&row.default), cell(&row.meaning));
        writeln!(table, "| `{}` | {default} | {meaning} |", row.name).unwrap();
    }
    table
}

fn commands() -> String {
    let mut table = "| command | meaning |\n| --- | --- |\n".to_owned();
    for purpose in Purpose::ALL {
        writeln!(table, "| **{}** | |", purpose.heading()).unwrap();
        for usage in COMMANDS.iter().filter(|it| it.purpose == purpose) {
            let synopsis = usage.synopsis().replace('|', "\\|");
            let mut meaning = usage.explanation.to_owned();
            if usage.choices.len() > 2 {
                write!(meaning, ": {}", usage.choices.join(", ")).unwrap();
            }
            if let [_, others @ ..] = usage.names
                && !others.is_empty()
            {
                write!(meaning, " (also /{})", others.join(", /")).unwrap();
            }
            writeln!(table, "| `{synopsis}` | {meaning} |").unwrap();
        }
    }
    table
}

fn scenario() -> String {
    let source = include_str!("../../src/link/scenario.rs");
    let rows = source.lines().filter(|line| line.starts_with("//! | "));
    rows.flat_map(|line| [&line["//! ".len()..], "\n"])
        .collect()
}
