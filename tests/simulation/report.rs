//! The report's quotations match their sources.
//!
//! - A fence `rust src/link.rs pub fn carry` quotes that item: from its line to the bracket
//!   that closes it at the same indentation (a one-line item ends itself), moved to the
//!   left margin. `impl Sender / pub fn on_packet` looks for the second within the first; an
//!   ambiguous item is refused.
//! - A fence `text tests/golden/x.txt` or `text report/figures/x.txt` quotes that file.
//! - A fence `sh report/figures/commands.sh x` quotes the command that makes the figure
//!   `x`; a page that shows a figure has such a fence.
//! - Every `diagrams/**/x.dot` has its `x.svg`, which carries the CRC-32 of the `.dot`.
//! - A diagram that opens with `// states of src/x.rs enum State` has a node for each of
//!   the enum's variants, and no other whose name begins with a capital.
//! - Every state machine has a chapter, and every chapter in a folder has a module.
//! - Links lead to existing files and headings: `report/links.rs`.
//!
//! `UPDATE_REPORT=1 cargo test --test simulation report::` rewrites the quotations;
//! `diagrams/render.sh` draws the pictures again.

mod links;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[test]
fn every_quotation_in_the_report_matches_the_source() {
    let mut wrong = Vec::new();
    for page in pages() {
        let printed = read(&page);
        match with_current_quotations(&printed) {
            Err(why) => wrong.push(format!("{}: {why}", page.display())),
            Ok(anew) if anew == printed => {}
            Ok(anew) if env::var_os("UPDATE_REPORT").is_some() => {
                fs::write(root().join(page), anew).unwrap();
            }
            Ok(_) => wrong.push(format!(
                "{}: a quotation differs from its source; UPDATE_REPORT=1 cargo test \
                 --test simulation report:: rewrites it",
                page.display()
            )),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_picture_is_drawn_from_its_current_text() {
    for dot in files("diagrams", "dot") {
        let svg = dot.with_extension("svg");
        let drawn = fs::read_to_string(root().join(&svg)).unwrap_or_default();
        let mark = format!("crc32 {:08x}", crc32fast::hash(read(&dot).as_bytes()));
        assert!(
            drawn.contains(&mark) && drawn.contains("<svg"),
            "{} is stale or empty: diagrams/render.sh",
            svg.display()
        );
    }
}

#[test]
fn every_state_diagram_has_the_states_of_its_enum() {
    for dot in files("diagrams", "dot") {
        let text = read(&dot);
        let first = text.lines().next().unwrap_or_default();
        let Some(item) = first.strip_prefix("// states of ") else {
            continue;
        };
        let (path, name) = item.split_once(' ').expect("a path and an enum");
        let variants = variants(
            &excerpt(&read(path), &format!("pub {name}"))
                .or_else(|_| excerpt(&read(path), name))
                .unwrap_or_else(|why| panic!("{}: {why}", dot.display())),
        );
        assert_eq!(
            nodes(&text),
            variants,
            "{} against {path} {name}",
            dot.display()
        );
    }
}

#[test]
fn every_state_machine_has_its_chapter_and_every_chapter_its_module() {
    let mut missing = Vec::new();
    for machine in MACHINES {
        let page = Path::new("report").join(machine).with_extension("md");
        let source = Path::new("src").join(machine).with_extension("rs");
        if root().join(&source).exists() && !root().join(&page).exists() {
            missing.push(format!(
                "{} has no chapter {}",
                source.display(),
                page.display()
            ));
        }
    }
    for page in files("report", "md") {
        let place = page.strip_prefix("report").unwrap();
        let source = Path::new("src").join(place).with_extension("rs");
        if place.components().count() > 1 && !root().join(&source).exists() {
            missing.push(format!(
                "{} has no module {}",
                page.display(),
                source.display()
            ));
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn every_figure_is_printed_beside_its_command() {
    let mut bare = Vec::new();
    for page in pages() {
        let text = read(&page);
        for figure in figures(&text) {
            let name = Path::new(figure).file_stem().unwrap().to_string_lossy();
            let is_beside = |line: &str| {
                let fence = line.strip_prefix("```sh report/figures/");
                fence.is_some_and(|rest| rest.ends_with(&format!(".sh {name}")))
            };
            if !text.lines().any(is_beside) {
                let page = page.display();
                bare.push(format!(
                    "{page}: {figure} has no fence ```sh report/figures/... {name}"
                ));
            }
        }
    }
    assert!(bare.is_empty(), "\n{}", bare.join("\n"));
}

#[test]
fn a_figure_and_its_command_are_found() {
    let page = "![speed](figures/speed.svg)\n[a link](figures/other.svg)\n";
    assert_eq!(figures(page), ["figures/speed.svg"]);
    let script = "# words\n\nlab sweep \\\n    --svg report/figures/speed.svg\n";
    let block = "lab sweep \\\n    --svg report/figures/speed.svg\n";
    assert_eq!(command(script, "speed").as_deref(), Ok(block));
    let none = command(script, "spee").unwrap_err();
    assert_eq!(none, "0 blocks make `spee`");
}

#[test]
fn an_item_is_quoted_up_to_its_closing_bracket_and_an_ambiguous_one_is_refused() {
    let source = "impl A {\n    fn go(\n        x: u8,\n    ) {\n        y();\n    }\n}\n\
                  impl B {\n    fn go() {}\n}\nconst C: u8 = 1;\n";
    let quoted = "fn go(\n    x: u8,\n) {\n    y();\n}\n";
    assert_eq!(excerpt(source, "impl A / fn go").as_deref(), Ok(quoted));
    assert_eq!(
        excerpt(source, "impl B / fn go").as_deref(),
        Ok("fn go() {}\n")
    );
    assert_eq!(
        excerpt(source, "const C").as_deref(),
        Ok("const C: u8 = 1;\n")
    );
    assert_eq!(
        excerpt(source, "fn go"),
        Err("`fn go` is there 2 times".to_owned())
    );
    assert_eq!(
        excerpt(source, "fn g"),
        Err("`fn g` is there 0 times".to_owned())
    );
}

/// The pictures below `figures/` that a page shows.
fn figures(page: &str) -> Vec<&str> {
    let pictures = page.split("![").skip(1);
    pictures
        .filter_map(|rest| rest.split_once("](")?.1.split(')').next())
        .filter(|link| link.contains("figures/"))
        .collect()
}

/// Modules that must have a chapter at the same path in `report/`.
const MACHINES: [&str; 16] = [
    "wire/packet",
    "wire/line",
    "reliable/stop_and_wait",
    "reliable/go_back_n",
    "reliable/selective_repeat",
    "reliable/handshake",
    "reliable/round_trip",
    "reliable/protocol",
    "reliable/sack",
    "reliable/flow_control",
    "reliable/connection",
    "reliable/flow",
    "reliable/congestion",
    "link",
    "room",
    "shelf",
];

/// The page with each quotation made again from its source.
fn with_current_quotations(page: &str) -> Result<String, String> {
    let mut anew = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        anew.extend([line, "\n"]);
        let Some(opening) = line.strip_prefix("```").filter(|it| !it.is_empty()) else {
            continue;
        };
        let printed: String = lines
            .by_ref()
            .take_while(|it| *it != "```")
            .flat_map(|it| [it, "\n"])
            .collect();
        let quotation = match opening.splitn(3, ' ').collect::<Vec<_>>()[..] {
            ["rust", path, item] if path.starts_with("src/") => {
                excerpt(&read(path), item).map_err(|why| format!("{path}: {why}"))?
            }
            ["text", path] if is_table(path) => read(path),
            ["sh", path, figure] if path.starts_with("report/figures/") => {
                command(&read(path), figure).map_err(|why| format!("{path}: {why}"))?
            }
            _ => printed,
        };
        anew.extend([quotation.as_str(), "```\n"]);
    }
    Ok(anew)
}

fn is_table(path: &str) -> bool {
    path.starts_with("tests/golden/") || path.starts_with("report/figures/")
}

/// The one block of `script` that makes this figure.
fn command(script: &str, figure: &str) -> Result<String, String> {
    let makes = |block: &&str| block.contains(&format!("report/figures/{figure}."));
    let found: Vec<&str> = script.split("\n\n").filter(makes).collect();
    match found[..] {
        [block] => Ok(format!("{}\n", block.trim_end())),
        _ => Err(format!("{} blocks make `{figure}`", found.len())),
    }
}

/// The one item of `source` that begins with `item`, at the left margin.
fn excerpt(source: &str, item: &str) -> Result<String, String> {
    if let Some((outer, inner)) = item.split_once(" / ") {
        return excerpt(&excerpt(source, outer)?, inner);
    }
    let begins = |line: &&str| {
        let rest = line.trim_start().strip_prefix(item);
        rest.is_some_and(|rest| {
            !rest.starts_with(|it: char| it.is_alphanumeric() || it == '_')
        })
    };
    let found = source.lines().filter(begins).count();
    if found != 1 {
        return Err(format!("`{item}` is there {found} times"));
    }
    let lines: Vec<&str> = source.lines().skip_while(|line| !begins(line)).collect();
    let margin = lines[0].len() - lines[0].trim_start().len();
    let closes = |line: &&str| {
        line.len() > margin
            && line[..margin].trim().is_empty()
            && line[margin..].starts_with(['}', ']', ')'])
            && !line.ends_with(['{', '('])
    };
    let is_one_line = lines[0].ends_with([';', '}', ',']);
    let end = if is_one_line {
        0
    } else {
        lines.iter().position(closes).unwrap_or(0)
    };
    let at_margin = |line: &&str| format!("{}\n", line.get(margin..).unwrap_or_default());
    Ok(lines[..=end].iter().map(at_margin).collect())
}

/// The names of an enum's variants: words at the first indentation that begin with a
/// capital.
fn variants(item: &str) -> BTreeSet<String> {
    let inner = item.lines().filter_map(|line| line.strip_prefix("    "));
    inner.filter_map(capital_word).collect()
}

/// The names of a drawing's nodes that begin with a capital, one to a line.
fn nodes(dot: &str) -> BTreeSet<String> {
    let lines = dot.lines().map(str::trim_start);
    let both_ends = lines.flat_map(|line| line.split("->").map(str::trim_start));
    both_ends.filter_map(capital_word).collect()
}

fn capital_word(text: &str) -> Option<String> {
    let word: String = text
        .chars()
        .take_while(|it| it.is_alphanumeric() || *it == '_')
        .collect();
    word.starts_with(char::is_uppercase).then_some(word)
}

/// Every page: those at the top and those of the report.
fn pages() -> Vec<PathBuf> {
    let top = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(PathBuf::from);
    let top = top.into_iter().filter(|page| root().join(page).exists());
    top.chain(files("report", "md")).collect()
}

/// Files below a folder with this extension, seen from the project's folder.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(root().join(folder)) else {
        return found;
    };
    for entry in entries {
        let path = Path::new(folder).join(entry.expect("an entry").file_name());
        if root().join(&path).is_dir() {
            found.extend(files(&path.to_string_lossy(), extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(root().join(path))
        .unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
