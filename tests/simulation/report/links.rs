//! Links of the report: to a file, to a heading, to a line of code, to a test.
//!
//! - A link to a page, `x.md#the-idea`, finds the heading; one to a file finds the file.
//! - A link to a line of code names the item there: ``[`Event::PacketSent`](x.rs#L30)`` is
//!   right if line 30 of `x.rs` begins with `PacketSent`, apart from words such as `pub fn`.
//!   `UPDATE_REPORT=1` finds the line again after the code has moved.
//! - A number that links to a table, `[861](figures/x.txt)`, is in that table.
//! - A test that a page names exists.
//! - Each event of the journal's page has its line of code and its chapter.
//! - The reading order, of which the book's list of chapters is made, has every page.

use super::{files, pages, read, root};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

#[test]
fn every_link_leads_to_an_existing_file_and_heading() {
    let mut dead = Vec::new();
    for page in pages() {
        for Hyperlink { target, .. } in links(&read(&page)) {
            if let Some(why) = link_problem(&page, &target) {
                dead.push(format!("{}: {target}: {why}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "\n{}", dead.join("\n"));
}

#[test]
fn every_linked_line_of_code_contains_the_item_named_by_the_link() {
    let mut wrong = Vec::new();
    for page in pages() {
        let mut text = read(&page);
        let printed = text.clone();
        for Hyperlink { name, target } in links(&printed) {
            let Some((path, line)) = target.split_once("#L") else {
                continue;
            };
            let source = read(resolved(&page, path));
            match line_of(&source, &name) {
                Ok(found) if found.to_string() == line => {}
                Ok(found) => {
                    text = text.replace(
                        &format!("[{name}]({target})"),
                        &format!("[{name}]({path}#L{found})"),
                    );
                }
                Err(why) => wrong.push(format!("{}: {target}: {why}", page.display())),
            }
        }
        if text != printed && env::var_os("UPDATE_REPORT").is_some() {
            fs::write(root().join(&page), text).unwrap();
        } else if text != printed {
            wrong.push(format!(
                "{}: code has moved away from its link; UPDATE_REPORT=1 cargo test --test \
                 report follows it",
                page.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_number_linked_to_a_table_is_in_that_table() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for page in pages() {
        for Hyperlink { name, target } in links(&read(&page)) {
            let is_number = name.parse::<f64>().is_ok();
            if is_number && target.split('.').next_back() == Some("txt") {
                let table = read(resolved(&page, &target));
                if !table.split_whitespace().any(|word| word == name) {
                    wrong.push(format!("{}: no {name} in {target}", page.display()));
                }
                count += 1;
            }
        }
    }
    assert!(wrong.is_empty() && count > 0, "\n{}", wrong.join("\n"));
}

#[test]
fn every_test_named_in_the_report_exists() {
    let sources = files("src", "rs").into_iter().chain(files("tests", "rs"));
    let mut functions = BTreeSet::new();
    for source in sources {
        for line in read(source).lines() {
            if let Some(rest) = line.trim_start().strip_prefix("fn ") {
                functions.extend(rest.split(['(', '<']).next().map(str::to_owned));
            }
        }
    }
    let mut missing = Vec::new();
    for page in pages() {
        let text = without_fences(&read(&page));
        for word in text.split('`').skip(1).step_by(2) {
            if is_a_sentence(word) && !functions.contains(word) {
                missing.push(format!("{}: no test {word}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn every_event_links_to_its_line_of_code_and_its_chapter() {
    let (page, source) = (read("report/journal.md"), read("src/reliable/event.rs"));
    let mut bare = Vec::new();
    for section in page.split("\n### `").skip(1) {
        let (event, text) = section.split_once('`').unwrap();
        let text = text.split("\n## ").next().unwrap();
        let variant = variant_of(event, &source);
        let links: Vec<Hyperlink> = links(text);
        let has_line = links.iter().any(|link| {
            link.target.contains(".rs#L") && variant.ends_with(named(&link.name))
        });
        let has_chapter = links.iter().any(|link| link.target.contains(".md#"));
        if !has_line || !has_chapter {
            bare.push(format!(
                "`{event}` needs [`Event::{variant}`](../src/...rs#L1) and a chapter's \
                 section"
            ));
        }
    }
    assert!(bare.is_empty(), "\n{}", bare.join("\n"));
}

#[test]
fn the_reading_order_lists_every_page_and_gives_the_book_its_chapters() {
    let list = Path::new("report/README.md");
    let text = read(list);
    let entries = text.lines().filter(|line| {
        let rest = line
            .trim_start()
            .trim_start_matches(|it: char| it.is_ascii_digit());
        rest.starts_with(". [") || rest.starts_with("- [")
    });
    let named: BTreeSet<PathBuf> = entries
        .flat_map(links)
        .map(|link| resolved(list, &link.target))
        .collect();
    let mut all: BTreeSet<PathBuf> = files("report", "md").into_iter().collect();
    all.remove(list);
    assert_eq!(named, all, "{} against report/", list.display());
}

#[test]
fn a_heading_becomes_an_anchor_as_on_github() {
    let page = "# The *one* `rule`\n```\n# no heading\n```\n## 3. What a server says\n\
                ## [A link](x.md), really\n## Twice\n## Twice\n";
    let found = anchors(page);
    let wanted = [
        "the-one-rule",
        "3-what-a-server-says",
        "a-link-really",
        "twice",
        "twice-1",
    ];
    assert_eq!(found, wanted.map(str::to_owned).into());
    assert_eq!(line_of("a\n    pub(super) fn go(\n", "`X::go`"), Ok(2));
    assert!(line_of("Gone,\n", "`go`").is_err());
    let page = "[`a`](b.rs#L1) `[no](code)`\n```\n[no](fence)\n```\n[c\nd](e.md)";
    let found = links(page);
    let targets: Vec<&str> = found.iter().map(|link| &*link.target).collect();
    assert_eq!(targets, ["b.rs#L1", "e.md"]);
}

/// `[name](target)`.
struct Hyperlink {
    name: String,
    target: String,
}

/// Every link and picture of a page, those in code left out.
fn links(page: &str) -> Vec<Hyperlink> {
    let text = without_fences(page);
    let mut found = Vec::new();
    let mut rest = &*text;
    while let Some(at) = rest.find("](") {
        let (before, after) = rest.split_at(at);
        rest = &after[2..];
        let target = rest.split(')').next().unwrap_or_default();
        let name = before.rsplit('[').next().unwrap_or_default();
        if !in_code(&text, text.len() - after.len()) {
            found.push(Hyperlink {
                name: name.to_owned(),
                target: target.to_owned(),
            });
        }
    }
    found
}

/// Whether a place lies between two backticks of its paragraph.
fn in_code(text: &str, at: usize) -> bool {
    let paragraph = text[..at].rsplit("\n\n").next().unwrap_or_default();
    paragraph.matches('`').count() % 2 == 1
}

fn without_fences(page: &str) -> String {
    let mut is_fenced = false;
    let mut text = String::new();
    for line in page.lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            text.extend([line, "\n"]);
        }
    }
    text
}

fn link_problem(page: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if path.is_empty() {
        page.to_owned()
    } else {
        resolved(page, path)
    };
    if !root().join(&file).exists() {
        return Some(format!("there is no {}", file.display()));
    }
    if anchor.is_empty() || !is_page(&file) || anchors(&read(&file)).contains(anchor) {
        return None;
    }
    Some(format!("{} has no such heading", file.display()))
}

/// A link's file, seen from the project's folder.
fn resolved(page: &Path, link: &str) -> PathBuf {
    let folder = page.parent().expect("a page lies in a folder");
    let mut path = folder.to_owned();
    for part in link.split('/') {
        if part == ".." {
            path.pop();
        } else {
            path.push(part);
        }
    }
    path
}

fn is_page(file: &Path) -> bool {
    file.extension().is_some_and(|it| it == "md")
}

/// The anchors of a page's headings, as code hosts and the book make them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for line in without_fences(page).lines() {
        let heading = line.trim_start_matches('#');
        if !line.starts_with('#') || !heading.starts_with(' ') {
            continue;
        }
        let anchor: String = shown(heading.trim())
            .to_lowercase()
            .chars()
            .filter(|it| it.is_alphanumeric() || matches!(it, '-' | '_' | ' '))
            .map(|it| if it == ' ' { '-' } else { it })
            .collect();
        let count = seen.entry(anchor.clone()).or_default();
        found.insert(match count {
            0 => anchor,
            _ => format!("{anchor}-{count}"),
        });
        *count += 1;
    }
    found
}

/// A heading's text without the targets of its links.
fn shown(heading: &str) -> String {
    let mut parts = heading.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once(')').map_or("", |(_, rest)| rest)
    })
}

/// The line, from 1, on which that which is named begins.
fn line_of(source: &str, name: &str) -> Result<usize, String> {
    let name = named(name);
    let begins = |line: &str| {
        let words = ["pub(crate) ", "pub(super) ", "pub ", "const ", "async "];
        let kinds = ["fn ", "struct ", "enum ", "trait ", "type ", "static "];
        let mut rest = line.trim_start();
        for word in words.into_iter().chain(kinds) {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        let rest = rest.strip_prefix(name)?;
        (!rest.starts_with(|it: char| it.is_alphanumeric() || it == '_')).then_some(())
    };
    let mut lines = source.lines().zip(1..);
    lines
        .find_map(|(line, number)| begins(line).map(|()| number))
        .ok_or_else(|| format!("no line begins with {name}"))
}

/// What a link's text names: of `Event::PacketSent` the last part.
fn named(name: &str) -> &str {
    let name = name.trim_matches('`');
    name.rsplit("::").next().unwrap_or(name)
}

/// Names of tests are sentences; nothing else has so many words.
fn is_a_sentence(word: &str) -> bool {
    let is_letter =
        |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
    word.chars().all(is_letter) && word.matches('_').count() >= 4
}

/// The variant that the journal writes as this event: the one behind `#[serde(rename)]`, or
/// else the one with the same words.
fn variant_of(event: &str, source: &str) -> String {
    let renamed = format!("#[serde(rename = \"{event}\")]\n    ");
    source.split_once(renamed.as_str()).map_or_else(
        || event.split('_').map(capitalized).collect(),
        |(_, rest)| rest.chars().take_while(|it| it.is_alphanumeric()).collect(),
    )
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}
