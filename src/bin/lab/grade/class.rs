//! `--class`: grades each student's folder and prints a row for each.

use super::Arguments;
use sash::lab::predict::csv_field;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The columns of the CSV.
pub(crate) const HEADER: &str =
    "student,points,of,scenarios_passed,scenarios,first_failed,problem\r\n";

/// The result of a scenario or a path, in short.
pub(crate) struct Summary {
    /// From 1.
    pub(crate) number: usize,
    pub(crate) points: u32,
    pub(crate) of: u32,
    /// Empty where there is none.
    pub(crate) problem: String,
}

impl Summary {
    const fn has_passed(&self) -> bool {
        self.problem.is_empty()
    }
}

/// Grades every folder below this one.
pub(crate) fn run(
    arguments: &Arguments,
    folder: &Path,
    grade: impl Fn(&Path) -> Vec<Summary>,
) -> io::Result<bool> {
    let students = students(folder).map_err(|error| {
        io::Error::other(format!("cannot read {}: {error}", folder.display()))
    })?;
    if students.is_empty() {
        let place = folder.display();
        let sentence = format!("{place} has no folders. Make one for each student");
        return Err(io::Error::other(sentence));
    }
    let mut out = io::stdout().lock();
    let mut has_passed = true;
    if arguments.csv {
        write!(out, "{HEADER}")?;
    } else {
        writeln!(
            out,
            "{:24} {:>9} {:>9}  first problem",
            "student", "points", "scenarios"
        )?;
    }
    for student in students {
        let results = grade(&student);
        has_passed &= results.iter().all(Summary::has_passed);
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
    name.chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .collect()
}

/// One student, added up.
struct Total<'a> {
    points: u32,
    of: u32,
    passed: usize,
    first_failed: Option<&'a Summary>,
}

impl<'a> Total<'a> {
    fn of(results: &'a [Summary]) -> Self {
        Self {
            points: results.iter().map(|it| it.points).sum(),
            of: results.iter().map(|it| it.of).sum(),
            passed: results.iter().filter(|it| it.has_passed()).count(),
            first_failed: results.iter().find(|it| !it.has_passed()),
        }
    }
}

/// One student of the CSV.
pub(crate) fn row(name: &str, results: &[Summary]) -> String {
    let total = Total::of(results);
    let failed = total.first_failed;
    let fields = [
        csv_field(name),
        total.points.to_string(),
        total.of.to_string(),
        total.passed.to_string(),
        results.len().to_string(),
        failed.map_or(String::new(), |it| it.number.to_string()),
        failed.map_or(String::new(), |it| csv_field(&it.problem)),
    ];
    fields.join(",") + "\r\n"
}

/// One student of the table.
fn line(name: &str, results: &[Summary]) -> String {
    let total = Total::of(results);
    let failed = total.first_failed;
    let problem = failed.map(|it| format!("{}: {}", it.number, it.problem));
    let points = format!("{}/{}", total.points, total.of);
    let scenarios = format!("{}/{}", total.passed, results.len());
    let line = format!(
        "{name:24} {points:>9} {scenarios:>9}  {}",
        problem.unwrap_or_default()
    );
    line.trim_end().to_owned()
}
