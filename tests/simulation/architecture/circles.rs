//! No imports form a circle: the imports of every file can be understood without that file.
//!
//! An arrow leads from a file to each file whose items it uses, by a `use` or by a path within
//! code. A re-exported item (`pub use line::Lines`) counts as an item of the file that defines
//! it. No arrow is:
//!
//! - `mod child;`: a parent that has a child does not use it yet;
//! - anything between a file and its own folder (`peer.rs` and what is in `peer/`, at any
//!   depth): a child may use its parent's private items, which is what Rust's privacy is for,
//!   and a parent the items of its children. They are one module in several files. Between
//!   the children of one parent, each import counts.
//!
//! Tests (`#[cfg(test)]`) may use anything.

use super::{code_only, name_of, paths, rust_files, source, without_tests};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;

#[test]
fn no_imports_go_in_a_circle() {
    let files = rust_files(&source());
    let texts = files.iter().map(|path| {
        let text = fs::read_to_string(path).unwrap();
        (name_of(path), text)
    });
    let sources = Sources::read(texts);
    assert!(sources.arrows().values().map(BTreeSet::len).sum::<usize>() > 500);
    let circles = sources.circles();
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

#[test]
fn a_circle_of_three_files_is_found_and_told_once() {
    let found = circles(&[
        ("room/a.rs", "use super::b::B;"),
        ("room/b.rs", "fn f() { crate::room::c::run(); }"),
        ("room/c.rs", "use crate::{link, room::a::A};"),
        ("room/d.rs", "use super::a::A;"),
        ("link.rs", ""),
    ]);
    assert_eq!(found, ["room/a.rs -> room/b.rs -> room/c.rs -> room/a.rs"]);
}

#[test]
fn what_a_module_hands_on_comes_from_where_it_is() {
    let found = circles(&[
        (
            "wire.rs",
            "mod line;\npub use line::{Lines, Other as More};",
        ),
        ("wire/line.rs", "use crate::link::Link;"),
        ("link.rs", "use crate::wire;\nfn f() { wire::More::new(); }"),
    ]);
    assert_eq!(found, ["link.rs -> wire/line.rs -> link.rs"]);
}

#[test]
fn a_file_and_its_own_folder_are_one_and_its_children_are_not() {
    let family = [
        ("room.rs", "mod door;\nmod name;\nuse door::Door;"),
        ("room/door.rs", "use super::Room;\nuse super::name::Name;"),
        ("room/name.rs", "use crate::room::Room;"),
    ];
    assert_eq!(circles(&family), [""; 0]);
    let mut quarrel = family;
    quarrel[2].1 = "use super::door::Door;";
    let found = circles(&quarrel);
    assert_eq!(found, ["room/door.rs -> room/name.rs -> room/door.rs"]);
}

#[test]
fn what_is_imported_for_tests_or_named_in_comments_is_no_arrow() {
    let found = circles(&[
        ("room/a.rs", "use super::b::B;"),
        (
            "room/b.rs",
            "//! See super::a.\n#[cfg(test)]\nmod tests {\n    use crate::room::a::A;\n}",
        ),
    ]);
    assert_eq!(found, [""; 0]);
}

fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let texts = files.iter();
    let texts = texts.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Sources::read(texts).circles()
}

/// `["wire", "line"]` for `wire/line.rs`.
type Module = Vec<String>;

/// One file.
struct File {
    name: String,
    /// Each import of a `use`: its name in this file, and its path.
    names: BTreeMap<String, Vec<String>>,
    /// Every path in it, `use` declarations taken apart.
    paths: Vec<Vec<String>>,
}

/// The files below `src/` by module; the library's root is the empty one.
struct Sources(BTreeMap<Module, File>);

/// Re-exports are followed this far.
const MOST_HANDED_ON: usize = 8;

impl Sources {
    fn read(texts: impl Iterator<Item = (String, String)>) -> Self {
        let file = |(name, text): (String, String)| {
            let code = without_tests(&code_only(&text));
            let paths = paths(&code).into_iter().map(|(_, path)| split(&path));
            let file = File {
                names: names(&code),
                paths: paths.collect(),
                name,
            };
            (module_of(&file.name), file)
        };
        Self(texts.map(file).collect())
    }

    /// A circle for each file that is in one and is not in a reported circle.
    fn circles(&self) -> Vec<String> {
        let arrows = self.arrows();
        let mut told = BTreeSet::new();
        let mut circles = Vec::new();
        for start in arrows.keys() {
            if told.contains(start) {
                continue;
            }
            if let Some(circle) = way_back(start, &arrows) {
                let names = circle.iter().chain([start]);
                let names: Vec<_> = names.map(|it| &*self.0[it].name).collect();
                circles.push(names.join(" -> "));
                told.extend(circle);
            }
        }
        circles
    }

    fn arrows(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let arrows_of = |module: &Module, file: &File| {
            let found = file.paths.iter();
            let found =
                found.filter_map(|path| self.file_of(&self.absolute(module, path)?, 0));
            let is_arrow = |other: &Module| {
                !other.is_empty()
                    && !other.starts_with(module)
                    && !module.starts_with(other)
            };
            (module.clone(), found.filter(is_arrow).collect())
        };
        self.0
            .iter()
            .map(|(module, file)| arrows_of(module, file))
            .collect()
    }

    /// The path from the root of the crate; `None` where it leads out of it.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "sash" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "crate" => {
                // Each executable is a crate of its own.
                let depth = if module.first().is_some_and(|it| it == "bin") {
                    2
                } else {
                    0
                };
                Some([&module[..depth.min(module.len())], rest].concat())
            }
            "super" => {
                let ups = path.iter().take_while(|it| *it == "super").count();
                let parent = &module[..module.len().checked_sub(ups)?];
                Some([parent, &path[ups..]].concat())
            }
            name => {
                let child = [module, std::slice::from_ref(first)].concat();
                if self.0.contains_key(&child) {
                    return Some([child.as_slice(), rest].concat());
                }
                let brought_in = self.0[module].names.get(name)?;
                if brought_in.first() == Some(first) {
                    return None; // From another package, by its own name.
                }
                let whole = self.absolute(module, brought_in)?;
                Some([whole.as_slice(), rest].concat())
            }
        }
    }

    /// The file in which what this path names is defined.
    fn file_of(&self, path: &[String], handed_on: usize) -> Option<Module> {
        let mut prefixes = (0..=path.len()).rev().map(|depth| path[..depth].to_vec());
        let module = prefixes.find(|it| self.0.contains_key(it))?;
        let Some(name) = path.get(module.len()) else {
            return Some(module);
        };
        let from = self.0[&module].names.get(name);
        let from = from.filter(|_| handed_on < MOST_HANDED_ON && !module.is_empty());
        let from = from.and_then(|from| self.absolute(&module, from));
        let from = from.and_then(|from| {
            let whole = [from.as_slice(), &path[module.len() + 1..]].concat();
            self.file_of(&whole, handed_on + 1)
        });
        Some(from.unwrap_or(module))
    }
}

/// The shortest way along arrows from a file back to itself, itself first.
fn way_back(
    start: &Module,
    arrows: &BTreeMap<Module, BTreeSet<Module>>,
) -> Option<Vec<Module>> {
    let mut came_from: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(at) = next.pop_front() {
        for to in &arrows[at] {
            if to == start {
                let mut way = vec![at.clone()];
                while let Some(before) = way.last().and_then(|it| came_from.get(it)) {
                    way.push((*before).clone());
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(to) {
                came_from.insert(to, at);
                next.push_back(to);
            }
        }
    }
    None
}

fn module_of(name: &str) -> Module {
    let name = name.trim_end_matches(".rs");
    if name == "lib" {
        return Vec::new();
    }
    let name = name.strip_suffix("/main").unwrap_or(name);
    name.split('/').map(str::to_owned).collect()
}

fn split(path: &str) -> Vec<String> {
    path.split("::")
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What the `use` declarations of a file bring in, by name.
fn names(code: &str) -> BTreeMap<String, Vec<String>> {
    let mut names = BTreeMap::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let is_word = rest[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_');
        rest = &rest[at + "use ".len()..];
        let end = rest.find(';').unwrap_or(rest.len());
        if !is_word {
            bring_in("", &rest[..end], &mut names);
        }
    }
    names
}

/// One tree of a `use` declaration: `a::{b, c as d}`.
fn bring_in(before: &str, tree: &str, names: &mut BTreeMap<String, Vec<String>>) {
    let tree = tree.trim();
    if let Some((path, group)) = tree.split_once('{') {
        let group = group.trim_end().strip_suffix('}').unwrap_or(group);
        let mut depth = 0;
        let parts = group.split(|letter| {
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            letter == ',' && depth == 0
        });
        let before = format!("{before}{}", path.trim());
        for part in parts.filter(|part| !part.trim().is_empty()) {
            bring_in(&before, part, names);
        }
        return;
    }
    let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
    let mut whole = split(&format!("{before}{path}"));
    for segment in &mut whole {
        *segment = segment.trim().to_owned();
    }
    if whole.len() > 1 && whole.last().is_some_and(|it| it == "self") {
        whole.pop(); // `use a::{self}` brings in `a`.
    }
    let name = if alias.is_empty() {
        whole.last().cloned()
    } else {
        Some(alias.trim().to_owned())
    };
    names.extend(name.map(|name| (name, whole)));
}
