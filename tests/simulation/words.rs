//! Checks the English of the project: the report, the README, the changelog, the texts that
//! the programs print, and the doc comments in `src/`.
//!
//! - No banned word: words of our own that a reader cannot look up in a textbook.
//! - No sentence that starts with a bare *who*, *what*, *so* and the like; questions may.
//! - The README has at most 200 lines, the report at most 45,000 words.
//! - The report or the source uses each term of the glossary.
//!
//! Help texts are doc comments and string literals of `src/bin`, so the scan of the sources
//! covers them. Each exception is in a list below, with its reason.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Each banned word or phrase, in lower case, and what to write instead.
const BANNED: [(&str, &str); 41] = [
    ("dice", "pseudo-random generator, seed"),
    ("meddling", "fault injection"),
    ("meddled", "fault injection"),
    ("goes again", "is retransmitted"),
    ("go again", "are retransmitted"),
    ("a sending", "a transmission, an attempt"),
    ("sendings", "transmissions, attempts"),
    ("held for lost", "declared lost"),
    ("taken for lost", "declared lost"),
    ("on its way", "in flight, running"),
    ("on their way", "in flight, running"),
    ("under way", "in flight, running"),
    ("kept early", "buffered out of order"),
    ("comes early", "arrives out of order"),
    ("tells of", "acknowledges, reports"),
    ("told of", "acknowledged, reported"),
    ("say so", "report it"),
    ("says so", "reports it"),
    ("what becomes of", "what happens to"),
    ("put out", "removed"),
    ("kept out", "banned"),
    ("is nobody's", "belongs to nobody"),
    ("in the dark", "in an outage"),
    ("darkness", "outage, burst loss"),
    ("was unnecessary", "spurious"),
    ("circle of numbers", "sequence-number space"),
    ("the like", "name the things"),
    ("is asked about", "name the question"),
    ("so many", "this many, or the number"),
    ("whoever", "name the actor"),
    ("crumb", "silly window syndrome"),
    ("farewell", "connection termination"),
    ("broken-off", "interrupted"),
    ("broken off", "interrupted"),
    ("gone on from", "resumed"),
    ("goes on from", "continues"),
    ("is there already", "already exists"),
    ("are there already", "already exist"),
    ("anew", "again"),
    ("runs out", "expires"),
    ("stands for", "is, means"),
];

/// A sentence does not start with these; a question may.
const OPENINGS: [&str; 8] = [
    "Who", "What", "Whoever", "So", "Else", "Whom", "Whose", "Whatever",
];

/// A text in which a banned word or opening is right: file, words around it, reason.
const EXCEPTIONS: [(&str, &str, &str); 4] = [
    (
        "src/lab/explain/source.rs",
        "fn farewell(&mut self",
        "a function's name, quoted",
    ),
    ("report/glossary.md", "link/random.rs", "a file's name"),
    (
        "src/lab/player/view.rs",
        "What really happens",
        "a switch's label",
    ),
    (
        "src/lab/player/view.rs",
        "What the sender knows",
        "a switch's label",
    ),
];

/// Lines of the README.
const README_LINES: usize = 200;

/// Words of the report.
const REPORT_WORDS: usize = 45_000;

/// Reference works, which nobody reads from beginning to end.
const NOT_COUNTED: [&str; 4] = [
    "report/platforms.md",
    "report/wire.md",
    "report/reference.md",
    "report/glossary.md",
];

#[test]
fn no_page_has_a_banned_word_or_opening() {
    let mut offences = Vec::new();
    for page in pages() {
        let name = name(&page);
        let text = read(&page);
        for (line, paragraph) in paragraphs(text_of(&name, &text)) {
            offences.extend(offences_in(&name, line, &paragraph));
        }
    }
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn no_text_that_a_program_prints_has_a_banned_word_or_opening() {
    let mut offences = Vec::new();
    for path in sources() {
        let text = read(&path);
        for (line, literal) in literals(without_tests(&text)) {
            if literal.contains(' ') {
                offences.extend(offences_in(&name(&path), line, &literal));
            }
        }
    }
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn no_comment_has_a_banned_word_or_opening() {
    let mut offences = Vec::new();
    for path in sources() {
        for (line, comment) in comments(&read(&path)) {
            offences.extend(offences_in(&name(&path), line, &comment));
        }
    }
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn readme_and_report_are_short() {
    let lines = read(&root().join("README.md")).lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines");
    let is_counted = |page: &&PathBuf| {
        let name = name(page);
        name.starts_with("report/") && !NOT_COUNTED.contains(&name.as_str())
    };
    let words = |page: &PathBuf| read(page).split_whitespace().count();
    let count: usize = pages().iter().filter(is_counted).map(words).sum();
    assert!(count <= REPORT_WORDS, "the report has {count} words");
}

#[test]
fn each_term_of_the_glossary_is_used() {
    let glossary = root().join("report/glossary.md");
    let mut used = String::new();
    for page in pages().iter().filter(|page| **page != glossary) {
        let _ = writeln!(used, "{}", folded(&read(page)));
    }
    for path in sources() {
        let _ = writeln!(used, "{}", folded(&read(&path)));
    }
    let parameters = parameters(&read(&glossary));
    assert!(parameters.len() > 30, "{} terms", parameters.len());
    let is_used =
        |names: &&Vec<String>| names.iter().any(|it| used.contains(&folded(it)));
    let unused: Vec<_> = parameters.iter().filter(|names| !is_used(names)).collect();
    assert!(
        unused.is_empty(),
        "in the glossary and nowhere else: {unused:?}"
    );
}

#[test]
fn an_offence_is_found_and_a_question_is_none() {
    let found = |text: &str| offences_in("a.md", 7, text).len();
    assert_eq!(found("DATA 3 goes again. It is held for lost."), 2);
    assert_eq!(
        found("The dice of a link. Indices are no dice-like thing."),
        2
    );
    assert_eq!(found("Who resends at once resends too much."), 1);
    assert_eq!(found("A rule. So it is. What does the sender do next?"), 1);
    assert_eq!(found("What a page. A rule."), 1);
    assert_eq!(
        found("Somebody asks: who? So-called rules, e.g. whatever."),
        0
    );
    assert_eq!(found("It is rewritten."), 0);
}

#[test]
fn prose_literals_and_comments_are_told_apart() {
    let page =
        "# Title\n\nOne\n[two](dice.md) `code` x.\n\n```text\nWho\n```\n- item\n- next\n";
    let found: Vec<_> = paragraphs(page).into_iter().map(|it| it.1).collect();
    assert_eq!(found, ["Title", "One [two]  x.", "item", "next"]);
    let source = "//! A doc\n//! of two.\nlet a = \"say \\\n    it\"; // no\nlet q = '\"';\n\
                  /// What.\nlet r = r#\"raw \"x\" s\"#;\n";
    let found: Vec<_> = literals(source).into_iter().map(|it| it.1).collect();
    assert_eq!(found, ["say it", "raw \"x\" s"]);
    assert_eq!(
        comments(source),
        [(1, "A doc of two.".to_owned()), (6, "What.".to_owned())]
    );
    assert_eq!(
        parameters(
            "| term | x |\n| --- | --- |\n| base | y |\n| ACK, answer (A) | z |\n"
        ),
        [vec!["base"], vec!["ACK", "answer", "A"]]
    );
}

/// One line for each banned word and opening in a paragraph.
fn offences_in(file: &str, line: usize, text: &str) -> Vec<String> {
    let is_allowed = |at: usize| {
        EXCEPTIONS.iter().any(|(page, words, _)| {
            let near = text.find(words);
            *page == file
                && near.is_some_and(|from| (from..=from + words.len()).contains(&at))
        })
    };
    let mut offences = Vec::new();
    let lower = text.to_ascii_lowercase();
    for (banned, instead) in BANNED {
        for (at, _) in lower.match_indices(banned) {
            let before = lower[..at].chars().next_back();
            let after = lower[at + banned.len()..].chars().next();
            let is_word = !before.is_some_and(is_letter) && !after.is_some_and(is_letter);
            if is_word && !is_allowed(at) {
                offences.push(format!("{file}:{line}: \"{banned}\": write {instead}"));
            }
        }
    }
    for (at, sentence) in sentences(text) {
        let first = sentence.split([' ', ',', '\n']).next().unwrap_or_default();
        let is_question = sentence.trim_end_matches("\\n").ends_with('?');
        if OPENINGS.contains(&first) && !is_question && !is_allowed(at) {
            let shown: String = sentence.chars().take(60).collect();
            offences.push(format!(
                "{file}:{line}: a sentence starts with {first}: {shown}"
            ));
        }
    }
    offences
}

fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The sentences of a paragraph, and where each starts.
fn sentences(text: &str) -> Vec<(usize, &str)> {
    let mut sentences = Vec::new();
    let mut from = 0;
    let mut end = |from: &mut usize, to: usize| {
        let sentence = text[*from..to].trim_start();
        sentences.push((to - sentence.len(), sentence.trim_end()));
        *from = to;
    };
    for (at, mark) in text.match_indices(['.', '?', '!', ':', '|']) {
        let to = at + mark.len();
        if mark == "|" || text[to..].starts_with(' ') {
            end(&mut from, to);
        }
    }
    end(&mut from, text.len());
    sentences
}

/// The paragraphs, list items and headings of a page, without code.
fn paragraphs(page: &str) -> Vec<(usize, String)> {
    let mut paragraphs: Vec<(usize, String)> = Vec::new();
    let (mut is_code, mut is_open) = (false, false);
    for (index, line) in page.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("```") {
            is_code = !is_code;
            is_open = false;
            continue;
        }
        let item = line
            .trim_start_matches(|it: char| it.is_ascii_digit() || "-*#.".contains(it));
        let begins = item.len() < line.len() && item.starts_with(' ');
        if is_code || line.is_empty() {
            is_open = false;
            continue;
        }
        let text = without_code(if begins { item.trim_start() } else { line });
        let is_row = line.starts_with('|');
        match paragraphs.last_mut() {
            Some((_, paragraph)) if is_open && !begins && !is_row => {
                paragraph.push(' ');
                paragraph.push_str(&text);
            }
            _ => paragraphs.push((index + 1, text)),
        }
        is_open = !line.starts_with('#');
    }
    paragraphs
}

/// A line without code between backticks and without the targets of links.
fn without_code(line: &str) -> String {
    let mut text: String = line.split('`').step_by(2).collect();
    while let Some(from) = text.find("](") {
        let to = text[from..]
            .find(')')
            .map_or(text.len(), |at| from + at + 1);
        text.replace_range(from..to, "]");
    }
    text
}

/// The text to check: of the changelog, only the entries since this rule.
fn text_of<'a>(name: &str, text: &'a str) -> &'a str {
    if name == "CHANGELOG.md" {
        text.split(OLD_ENTRIES).next().unwrap_or_default()
    } else {
        text
    }
}

/// The first entry of the changelog that was written before this rule.
const OLD_ENTRIES: &str = "- `client`, `server`: `/submit FILE` tells the teacher";

/// The string literals of a source file, each with its line; escapes stay as they are
/// written, except a line's continuation.
fn literals(source: &str) -> Vec<(usize, String)> {
    let bytes = source.as_bytes();
    let line_at = |at: usize| source[..at].matches('\n').count() + 1;
    let mut literals = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source[at..];
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("r\"") || rest.starts_with("r#\"") {
            let open = rest.find('"').unwrap_or_default() + 1;
            let close = "\"".to_owned() + &"#".repeat(open - 2);
            let length = rest[open..].find(&close).unwrap_or_default();
            literals.push((line_at(at), rest[open..open + length].to_owned()));
            at += open + length + close.len();
        } else if rest.starts_with('"') {
            let mut end = 1;
            while rest.as_bytes().get(end).is_some_and(|it| *it != b'"') {
                end += if rest.as_bytes()[end] == b'\\' { 2 } else { 1 };
            }
            literals.push((line_at(at), joined(&rest[1..end])));
            at += end + 1;
        } else if let Some(length) = character(rest) {
            at += length;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    literals
}

/// The length of a character literal at the start, if there is one and no lifetime.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if inner.starts_with('\\') {
        return inner[2..].find('\'').map(|it| it + 4);
    }
    let length = inner.chars().next()?.len_utf8();
    inner[length..].starts_with('\'').then_some(length + 2)
}

/// A literal that continues over several lines, as one.
fn joined(literal: &str) -> String {
    let mut parts = literal.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start())
}

/// The blocks of doc comments, and of comments on lines of their own, each with its line.
fn comments(source: &str) -> Vec<(usize, String)> {
    let mut comments: Vec<(usize, String)> = Vec::new();
    let (mut is_open, mut is_code) = (false, false);
    for (index, line) in source.lines().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix("//") else {
            is_open = false;
            is_code = false;
            continue;
        };
        let text = comment.trim_start_matches(['/', '!']).trim();
        if text.starts_with("```") {
            is_code = !is_code;
            continue;
        }
        let text = if is_code {
            String::new()
        } else {
            without_code(text)
        };
        match comments.last_mut() {
            Some((_, whole)) if is_open => {
                whole.push(' ');
                whole.push_str(&text);
            }
            _ => comments.push((index + 1, text)),
        }
        is_open = true;
    }
    comments
}

/// A source file up to its tests.
fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]\nmod ").next().unwrap_or(source)
}

/// The terms of the glossary: the names in the first cell of each row.
fn parameters(glossary: &str) -> Vec<Vec<String>> {
    let rows = glossary.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let parameters = cells.filter(|cell| *cell != "term" && !cell.starts_with("---"));
    let names = |cell: &str| {
        let names = cell
            .split([',', '('])
            .map(|it| it.trim_end_matches([' ', ')']).trim());
        names.map(|name| name.replace('`', "")).collect()
    };
    parameters.map(names).collect()
}

/// Lower case, one space between words, hyphens and underscores as spaces.
fn folded(text: &str) -> String {
    let text = text.to_lowercase().replace(['-', '_', '\u{2011}'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn name(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// README, changelog and every page of the report.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    collect(&root().join("report"), "md", &mut pages);
    pages
}

/// Every source file; tests in files of their own are left out.
fn sources() -> Vec<PathBuf> {
    let mut sources = Vec::new();
    collect(&root().join("src"), "rs", &mut sources);
    let is_test = |path: &PathBuf| {
        let name = name(path);
        name.contains("/tests/") || name.ends_with("/tests.rs")
    };
    sources.retain(|path| !is_test(path));
    sources
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
}
