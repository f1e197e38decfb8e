//! The rule of the layers: what a file under `src/` may import.
//!
//! The table in `src/lib.rs`, and only that one, says on which layer each module is.
//!
//! - A file uses layers below its own, and its own folder. Time and events as data
//!   (`reliable::moment`, `reliable::event`) are for every module of layer 1, `journals`
//!   and `captures` for both programs, and layer 5 has no folders to keep apart.
//! - Layers 2 and 3 do not use each other: they are two drivers of the same state machines.
//! - Layers 0 to 2 see no network, thread, file, clock, log or widget; nor do the client's
//!   model and controller.
//! - Only `bin/client/view` knows FLTK, only the files that [`JSON`] names know JSON, and
//!   only `transfer/clock.rs` reads the clock.
//! - Only files of `system` ask which operating system they are compiled for, and only they
//!   use its own packages. State machines do not use `system`.
//! - A file has at most 600 lines, and none is called `mod.rs`.
//! - No imports form a circle (`circles`).
//! - Files are opened for writing in one way (`writing`).
//!
//! The tests read `use` declarations and paths within code. They leave out comments,
//! strings and tests (`#[cfg(test)]`), since a test may use anything.

mod circles;
mod writing;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

#[test]
fn every_file_respects_the_layers() {
    let mut broken = String::new();
    let files = rust_files(&source());
    assert!(
        files.len() > 5,
        "no sources found in {}",
        source().display()
    );
    for path in files {
        let name = name_of(&path);
        let text = fs::read_to_string(&path).unwrap();
        for (line, rule) in offences(&name, &text) {
            writeln!(broken, "src/{name}:{line}: {rule}").unwrap();
        }
    }
    assert!(broken.is_empty(), "\n{broken}");
}

#[test]
fn the_table_of_layers_names_every_module_once_and_the_report_has_the_same() {
    let mut there: Vec<String> = fs::read_dir(source())
        .unwrap()
        .map(|entry| entry.unwrap().path().with_extension(""))
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "lib")
        .collect();
    there.sort();
    there.dedup(); // `wire.rs` and `wire/` are one.
    let mut named: Vec<String> = LAYERS.iter().flatten().cloned().collect();
    named.sort();
    assert_eq!(
        named, there,
        "the table in src/lib.rs and the modules of src/"
    );
    let page = source().with_file_name("report").join("architecture.md");
    let page = fs::read_to_string(page).unwrap();
    let sorted = |layers: &[Vec<String>]| {
        let mut layers = layers.to_vec();
        for layer in &mut layers {
            layer.sort();
        }
        layers
    };
    // The report's table has other words between backticks too.
    let mut told = layers_of(page.lines());
    for layer in &mut told {
        layer.retain(|it| there.contains(it));
    }
    assert_eq!(sorted(&told), sorted(&LAYERS), "report/architecture.md");
}

#[test]
fn an_import_from_a_higher_layer_is_detected() {
    let offences = offences("wire/packet.rs", "//! x\nuse crate::reliable::Moment;\n");
    assert_eq!(offences.len(), 1);
    assert_eq!(offences[0].0, 2);
    assert!(
        offences[0].1.contains("layer 0 uses `reliable`"),
        "{}",
        offences[0].1
    );
}

#[test]
fn the_laboratory_and_the_drivers_do_not_import_each_other() {
    assert_eq!(
        offences("lab/run.rs", "use crate::transfer::clock;").len(),
        1
    );
    assert_eq!(
        offences("transfer/sending.rs", "use crate::lab::run;").len(),
        1
    );
    assert_eq!(
        offences("loopback.rs", "use crate::{lab::run, transfer::clock};"),
        []
    );
}

#[test]
fn modules_of_one_layer_do_not_import_each_other() {
    assert_eq!(offences("room.rs", "use crate::shelf::Shelf;").len(), 1);
    assert_eq!(
        offences("client/session.rs", "use crate::server::listener;").len(),
        1
    );
    assert_eq!(
        offences("link.rs", "use crate::reliable::moment::Moment;"),
        []
    );
    assert_eq!(offences("bin/server.rs", "use sash::server;"), []);
    assert_eq!(
        offences("client/session.rs", "use crate::client::model::Model;"),
        []
    );
}

#[test]
fn an_import_of_a_higher_layer_through_super_is_detected() {
    let text = "use super::super::lab::run;\nuse super::line::Lines;\n";
    assert_eq!(lines_of(&offences("wire/packet.rs", text)), [1]);
}

#[test]
fn a_group_of_imports_over_several_lines_is_checked_line_by_line() {
    let text = "use std::{\n    fmt,\n    net::TcpStream,\n};\n";
    assert_eq!(lines_of(&offences("room.rs", text)), [3]);
}

#[test]
fn a_path_within_code_counts_as_an_import() {
    let text = "fn f() {\n    let now = std::time::Instant::now();\n}\n";
    assert_eq!(lines_of(&offences("server/peer.rs", text)), [2]);
    let text = "fn f() {\n    sash::lab::run();\n}\n";
    assert_eq!(lines_of(&offences("transfer/sending.rs", text)), [2]);
}

#[test]
fn comments_strings_and_tests_may_name_any_module() {
    let text = "//! Unlike std::net.\nconst A: &str = \"std::net\"; // std::fs\n\
                #[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
    assert_eq!(offences("room.rs", text), []);
}

#[test]
fn the_code_after_a_test_item_is_checked_again() {
    let text = "#[cfg(test)]\nmod tests;\n\nuse std::net::TcpStream;\n";
    assert_eq!(lines_of(&offences("room.rs", text)), [4]);
}

#[test]
fn the_client_model_and_controller_use_no_sockets_and_no_widgets() {
    for file in [
        "client/model.rs",
        "client/controller.rs",
        "client/model/people.rs",
    ] {
        assert_eq!(
            offences(file, "use std::net::TcpStream;").len(),
            1,
            "{file}"
        );
        assert_eq!(offences(file, "use fltk::prelude::*;").len(), 1, "{file}");
    }
    assert_eq!(
        offences("bin/client/view/login.rs", "use fltk::prelude::*;"),
        []
    );
    assert_eq!(
        offences("client/session.rs", "use std::net::TcpStream;"),
        []
    );
}

#[test]
fn only_the_folder_of_system_calls_asks_for_the_operating_system() {
    let asked = [
        "#[cfg(unix)]\nfn f() {}\n",
        "fn f() -> bool {\n    cfg!(all(unix, not(target_os = \"macos\")))\n}\n",
        "#[cfg(test)]\nmod tests {\n    #[cfg(windows)]\n    fn f() {}\n}\n",
        "#![cfg_attr(windows, path = \"a.rs\")]\n",
        "use std::os::unix::fs::symlink;\n",
        "fn f() { nix::unistd::geteuid(); }\n",
    ];
    for text in asked {
        assert_eq!(offences("transfer/disk.rs", text).len(), 1, "{text}");
        assert_eq!(offences("system/files.rs", text), [], "{text}");
    }
    let others = "// cfg(unix)\n#[cfg(feature = \"gui\")]\n#[cfg(test)]\nmod unix;\n";
    assert_eq!(offences("transfer/disk.rs", others), []);
}

#[test]
fn machines_do_not_use_the_system() {
    let text = "use crate::system::files;\n";
    assert_eq!(offences("reliable/sender.rs", text).len(), 1);
    assert_eq!(offences("wire/packet.rs", text).len(), 1);
    assert_eq!(offences("client/model.rs", text).len(), 1);
    assert_eq!(offences("transfer/disk.rs", text), []);
}

#[test]
fn overlong_files_and_mod_files_are_refused() {
    assert_eq!(offences("room.rs", &"\n".repeat(600)), []);
    assert_eq!(lines_of(&offences("room.rs", &"\n".repeat(601))), [601]);
    assert_eq!(lines_of(&offences("lab/mod.rs", "")), [1]);
}

/// The modules of each layer, lowest first.
static LAYERS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let text = fs::read_to_string(source().join("lib.rs")).expect("src/lib.rs");
    layers_of(text.lines().filter_map(|line| line.strip_prefix("//! ")))
});

/// The layers of a table: `| 3 drivers | ...` or `| 3 | drivers | ...`, with the names of
/// modules between backticks.
fn layers_of<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Vec<String>> {
    let mut layers = Vec::new();
    for line in lines {
        let first = line
            .strip_prefix("| ")
            .and_then(|row| row.split(' ').next());
        let Some(layer) = first.and_then(|it| it.parse::<usize>().ok()) else {
            continue;
        };
        let quoted = line.split('`').skip(1).step_by(2);
        let module = |name: &str| {
            let name = name.strip_prefix("src/").unwrap_or(name);
            name.strip_suffix(".rs").unwrap_or(name).to_owned()
        };
        let modules = quoted.filter(|it| !it.contains(' ')).map(module);
        layers.push((layer, modules.collect()));
    }
    layers.sort();
    layers.into_iter().map(|(_, modules)| modules).collect()
}

/// The modules of one layer that may use each other.
const SHARED: [&str; 4] = [
    "reliable::moment",
    "reliable::event",
    "journals",
    "captures",
];

/// Layers 0 to 2 and the client's pure half use none of these.
const OUTSIDE_WORLD: [&str; 11] = [
    "std::net",
    "std::thread",
    "std::fs",
    "std::process",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime",
    "socket2",
    "crossbeam_channel",
    "log",
    "fltk",
];

/// The client's files that obey the rules of layers 0 to 2.
const PURE_CLIENT: [&str; 2] = ["client/model", "client/controller"];

/// The files that know JSON: the chat's messages, the class's page, the journal, the record
/// of a resumed download, the output of `client --json`, a result of `lab grade`, and the
/// settings of the window.
const JSON: [&str; 9] = [
    "bin/lab",
    "wire/message",
    "wire/web",
    "reliable/event/log",
    "transfer/record",
    "client/json",
    "client/submission",
    "client/remembered",
    "client/text",
];

/// The client's widgets.
const WIDGETS: [&str; 1] = ["bin/client/view"];

/// The file that reads the clock.
const CLOCK: [&str; 1] = ["transfer/clock"];

/// The folder that uses an operating system's own packages, and asks which one it is.
const SYSTEM: [&str; 1] = ["system"];

/// Most lines of a file, tests included.
const LONGEST_FILE: usize = 600;

/// Every broken rule of one file: the line and the rule in a sentence.
fn offences(name: &str, text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if name.ends_with("mod.rs") {
        found.push((
            1,
            "a module is `name.rs` beside `name/`, never `mod.rs`".to_owned(),
        ));
    }
    if text.lines().count() > LONGEST_FILE {
        let rule = format!("a file has at most {LONGEST_FILE} lines: split it");
        found.push((LONGEST_FILE + 1, rule));
    }
    for line in questions_about_the_system(&code_only(text)) {
        if !is_any(name, &SYSTEM) {
            let rule = format!("only {SYSTEM:?} asks for the operating system");
            found.push((line, rule));
        }
    }
    for (line, path) in paths(&without_tests(&code_only(text))) {
        if let Some(rule) = broken_rule(name, &path) {
            found.push((line, rule));
        }
    }
    found
}

/// The rule that `path` breaks in the file `name`, if any.
fn broken_rule(name: &str, path: &str) -> Option<String> {
    let module = name.split(['/', '.']).next().unwrap_or_default();
    let here = layer(module);
    let is_pure = here <= 2 && !is_any(name, &SYSTEM) || is_any(name, &PURE_CLIENT);
    if let Some(inner) = within_crate(name, path) {
        let used = inner.split("::").next().unwrap_or_default();
        let there = layer(used);
        if used == "system" && module != used && is_pure {
            return Some(format!(
                "a state machine does no input or output: no `{path}` here"
            ));
        }
        let is_own = used == module || !used.starts_with(|it: char| it.is_lowercase());
        let is_top = here + 1 == LAYERS.len();
        let is_lent = there == here && SHARED.iter().any(|it| is_below(&inner, it));
        let is_driver = here == 3 && there == 2;
        if !(is_own || is_top || is_lent) && (there >= here || is_driver) {
            return Some(format!(
                "layer {here} uses `{used}` of layer {there}; it may use its own folder \
                 and lower layers (laboratory and drivers: never each other)"
            ));
        }
    }
    if is_pure && OUTSIDE_WORLD.iter().any(|world| is_below(path, world)) {
        return Some(format!(
            "a state machine does no input or output: no `{path}` here"
        ));
    }
    let owned = [
        ("fltk", WIDGETS.as_slice(), "widgets"),
        ("serde_json", &JSON, "JSON"),
        ("std::time::Instant::now", &CLOCK, "the clock"),
        ("std::time::SystemTime::now", &CLOCK, "the clock"),
        ("std::os", &SYSTEM, "one operating system"),
        ("nix", &SYSTEM, "one operating system"),
        ("rustix", &SYSTEM, "one operating system"),
        ("winapi_util", &SYSTEM, "one operating system"),
        ("fs4", &SYSTEM, "one operating system"),
    ];
    for (package, owners, what) in owned {
        if is_below(path, package) && !is_any(name, owners) {
            return Some(format!("{what} (`{package}`) belongs to {owners:?} alone"));
        }
    }
    None
}

/// The lines of every `cfg(...)`, `cfg!(...)` and `cfg_attr(...)` that asks for the operating
/// system, in tests as well.
fn questions_about_the_system(code: &str) -> Vec<usize> {
    const WORDS: [&str; 3] = ["unix", "windows", "target_os"];
    let mut lines = Vec::new();
    for (at, _) in code.match_indices("cfg") {
        let Some((before, rest)) = code[at..].split_once('(') else {
            continue;
        };
        if !["cfg", "cfg!", "cfg_attr"].contains(&before) {
            continue;
        }
        let mut depth = 1_u32;
        let end = rest.find(|letter| {
            depth += u32::from(letter == '(');
            depth -= u32::from(letter == ')');
            depth == 0
        });
        let condition = &rest[..end.unwrap_or(rest.len())];
        let mut words = condition.split(|it: char| !it.is_alphanumeric() && it != '_');
        if words.any(|word| WORDS.contains(&word)) {
            lines.push(code[..at].matches('\n').count() + 1);
        }
    }
    lines
}

/// The path from the crate's root, where `path` leads into the crate: `lab::run` for
/// `crate::lab::run`, and in `wire/line.rs` also for `super::super::lab::run`.
fn within_crate(name: &str, path: &str) -> Option<String> {
    if let Some(inner) = path.strip_prefix("crate::").or(path.strip_prefix("sash::")) {
        return Some(inner.to_owned());
    }
    let mut place: Vec<&str> = name.trim_end_matches(".rs").split('/').collect();
    let mut rest = path;
    while let Some(further) = rest.strip_prefix("super::") {
        place.pop();
        rest = further;
    }
    place.push(rest);
    (rest != path).then(|| place.join("::"))
}

/// A module that the table does not name would be on the top layer: the test of the table
/// finds it.
fn layer(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| layer.iter().any(|it| it == module))
        .unwrap_or(LAYERS.len() - 1)
}

/// Whether `name` is one of these modules or in its folder.
fn is_any(name: &str, modules: &[&str]) -> bool {
    let inside = |rest: &str| rest.starts_with('/') || rest.starts_with('.');
    modules
        .iter()
        .any(|module| name.strip_prefix(module).is_some_and(inside))
}

fn is_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Every path with `::` or after `use`, groups taken apart, with its line.
///
/// `use std::{fmt, net::TcpStream}` gives `std`, `std::fmt`, `std::net::TcpStream`. Uses
/// of names imported by `use std::net` need no search: the `use` is already a violation.
/// Uses of `Instant`, imported by `use std::time::Instant`, are searched for `now`.
fn paths(code: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut groups: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut line = 1;
    for letter in code.chars() {
        if letter.is_alphanumeric() || letter == '_' || letter == ':' {
            word.push(letter);
            continue;
        }
        let prefix = groups.last().cloned().unwrap_or_default();
        let path = format!("{prefix}{}", word.trim_start_matches("::"));
        if letter == '{' {
            groups.push(if word.ends_with("::") {
                path
            } else {
                String::new()
            });
        } else {
            if path.contains("::") || !prefix.is_empty() && !word.is_empty() {
                found.push((line, followed(path)));
            }
            if letter == '}' {
                groups.pop();
            }
        }
        word.clear();
        line += usize::from(letter == '\n');
    }
    found
}

/// The full path of a clock whose type was imported.
fn followed(path: String) -> String {
    match path.as_str() {
        "Instant::now" | "SystemTime::now" => format!("std::time::{path}"),
        _ => path,
    }
}

/// The text with comments and the insides of strings blanked, lines kept.
fn code_only(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if letter == '"' {
            end_of_string(rest)
        } else if rest.starts_with("'\"'") {
            "'\"'".len()
        } else if rest.starts_with(r#"'\"'"#) {
            r#"'\"'"#.len()
        } else if let Some(length) = raw_string(rest) {
            length
        } else {
            code.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        };
        code.extend(rest[..skipped].chars().filter(|&it| it == '\n'));
        rest = &rest[skipped..];
    }
    code
}

fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if letter == '"' && !escaped {
            return at + 1;
        }
        escaped = letter == '\\' && !escaped;
    }
    text.len()
}

/// The length of a raw string (`r#"..."#`) that begins here.
fn raw_string(text: &str) -> Option<usize> {
    let body = text.strip_prefix('r')?.trim_start_matches('#');
    let marks = text.len() - 1 - body.len();
    let end = format!("\"{}", "#".repeat(marks));
    let length = body.strip_prefix('"')?.find(&end)?;
    Some(1 + marks + 1 + length + end.len())
}

/// The code without items under `#[cfg(test)]`, lines kept.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]").or(rest.find("#[cfg(all(test")) {
        kept.push_str(&rest[..at]);
        let item = &rest[at..];
        let end = end_of_item(item);
        kept.extend(item[..end].chars().filter(|&it| it == '\n'));
        rest = &item[end..];
    }
    kept + rest
}

fn end_of_item(item: &str) -> usize {
    let mut depth = 0_u32;
    for (at, letter) in item.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

fn lines_of(offences: &[(usize, String)]) -> Vec<usize> {
    offences.iter().map(|(line, _)| *line).collect()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn name_of(path: &Path) -> String {
    let name = path.strip_prefix(source()).expect("a file below src/");
    name.to_string_lossy().replace('\\', "/")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        // Test modules in files of their own may use anything.
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") && !is_tests(&path) {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn is_tests(path: &Path) -> bool {
    path.ends_with("tests.rs") || path.parent().is_some_and(|it| it.ends_with("tests"))
}
