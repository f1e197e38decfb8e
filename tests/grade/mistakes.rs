//! A small program makes each usual mistake; it loses marks, and the result names the mistake.

use crate::desk::{json, python, python_folder, solution};
use sash::lab::grade::rules::MISTAKES;
use std::collections::BTreeSet;

const TABLE: &str = include_str!("mistakes.txt");

/// A right program and an edit that makes it wrong.
struct Edit {
    name: String,
    protocol: String,
    role: String,
    old: String,
    new: String,
}

/// The edits of the table; it explains its own form.
fn edits() -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for line in TABLE
        .lines()
        .filter(|it| !it.is_empty() && !it.starts_with('#'))
    {
        if let Some(edit) = edits.last_mut() {
            let part = match line.as_bytes()[0] {
                b'-' => Some(&mut edit.old),
                b'+' => Some(&mut edit.new),
                _ => None,
            };
            if let Some(part) = part {
                part.extend([&line[1..], "\n"]);
                continue;
            }
        }
        let words: Vec<_> = line.split(" | ").map(str::to_owned).collect();
        let [name, protocol, role] = &words[..] else {
            panic!("{line:?} is no heading of an edit");
        };
        edits.push(Edit {
            name: name.clone(),
            protocol: protocol.clone(),
            role: role.clone(),
            old: String::new(),
            new: String::new(),
        });
    }
    edits
}

fn is_reported_by_its_name(edit: &Edit) -> Result<(), String> {
    let right = solution(&format!("{}.py", edit.protocol.replace('-', "_")));
    assert_eq!(
        right.matches(&edit.old).count(),
        1,
        "{}: {:?}",
        edit.name,
        edit.old
    );
    let folder = python_folder(&right.replace(&edit.old, &edit.new));
    let arguments = [
        &edit.protocol[..],
        "--role",
        &edit.role,
        "--event-limit",
        "20",
    ];
    let result = json(folder.path(), &arguments, &[python(), "protocol.py"]);
    let mut all = result["scenarios"].as_array().expect("a list").iter();
    let first = all.find(|it| it["passed"] != true);
    let told = first.map(|it| it["problem"]["mistake"].clone());
    if told.as_ref().and_then(|it| it.as_str()) != Some(&edit.name) {
        return Err(format!("{} ({}): {told:?}", edit.name, edit.protocol));
    }
    let lost = result["of"].as_u64() > result["points"].as_u64();
    lost.then_some(())
        .ok_or_else(|| format!("{} loses no marks", edit.name))
}

#[test]
#[ignore = "takes long: ./sash test --long"]
fn every_common_mistake_loses_marks_and_is_reported_by_its_name() {
    let edits = edits();
    let named: BTreeSet<_> = edits.iter().map(|edit| &edit.name[..]).collect();
    let known: BTreeSet<_> = MISTAKES.iter().map(|mistake| mistake.name).collect();
    assert_eq!(named, known, "each has a program that makes it");
    let wrong: Vec<_> = edits
        .iter()
        .filter_map(|it| is_reported_by_its_name(it).err())
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
