//! `--class`: every student's folder, and a row for each.

use super::Arguments;
use super::results::{Numbered, Result, points};
use sash::lab::predict::csv_field;
use sash::wire::options::Arq;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The columns of the CSV.
pub(crate) const HEADER: &str =
    "student,points,of,scenarios_passed,scenarios,first_failed,problem\r\n";

/// Grades every folder below this one.
pub(crate) fn run(
    arguments: &Arguments,
    protocol: Arq,
    folder: &Path,
    scenarios: &[Numbered],
) -> io::Result<bool> {
    let students = students(folder).map_err(|error| {
        io::Error::other(format!("{} cannot be read: {error}", folder.display()))
    })?;
    if students.is_empty() {
        let place = folder.display();
        let sentence = format!("{place} has no folders: give each student one");
        return Err(io::Error::other(sentence));
    }
    let mut out = io::stdout().lock();
    let mut has_passed = true;
    if arguments.csv {
        write!(out, "{HEADER}")?;
    } else {
        writeln!(out, "{:24} {:>9} {:>9}  first problem", "student", "points", "scenarios")?;
    }
    for student in students {
        let results = super::grading(arguments, protocol, &student).grade(scenarios);
        has_passed &= results.iter().all(|it| it.outcome.has_passed());
        let name = name_of(&student);
        if arguments.csv {
            write!(out, "{}", row(&name, &results))?;
        } else {
            writeln!(out, "{}", line(&name, &results))?;
        }
        out.flush()?;
    }
    Ok(has_passed)
}

/// The folders of a folder, by name.
fn students(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut students = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_hidden = name_of(&path).starts_with('.');
        if path.is_dir() && !is_hidden {
            students.push(path);
        }
    }
    students.sort();
    Ok(students)
}

/// The last part of a path, on one line.
pub(crate) fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}

/// One student of the CSV.
pub(crate) fn row(name: &str, results: &[Result<'_>]) -> String {
    let (reached, all) = points(results);
    let passed = results.iter().filter(|it| it.outcome.has_passed()).count();
    let failed = results.iter().find(|it| !it.outcome.has_passed());
    let fields = [
        csv_field(name),
        reached.to_string(),
        all.to_string(),
        passed.to_string(),
        results.len().to_string(),
        failed.map_or(String::new(), |it| it.numbered.number.to_string()),
        failed.map_or(String::new(), |it| csv_field(&it.problem())),
    ];
    fields.join(",") + "\r\n"
}

/// One student of the table.
fn line(name: &str, results: &[Result<'_>]) -> String {
    let (reached, all) = points(results);
    let passed = results.iter().filter(|it| it.outcome.has_passed()).count();
    let failed = results.iter().find(|it| !it.outcome.has_passed());
    let problem = failed.map(|it| format!("{}: {}", it.numbered.number, it.problem()));
    let (points, scenarios) =
        (format!("{reached}/{all}"), format!("{passed}/{}", results.len()));
    let line = format!("{name:24} {points:>9} {scenarios:>9}  {}", problem.unwrap_or_default());
    line.trim_end().to_owned()
}
