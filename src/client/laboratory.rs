//! Runs the long work of the laboratory's page in threads of its own, so
//! that the window never waits.
//!
//! ```text
//!   Task --> start() --> thread lab-1 --News--> channel, and the bell rings
//! ```

use crate::lab::journal::Journal;
use crate::lab::page::{News, Task};
use crate::lab::player::Player;
use crate::lab::race::Race;
use crate::lab::run::Experiment;
use crate::transfer::ordinary::{self, Use};
use crate::transfer::overwrite::numbered;
use crate::transfer::threads;
use std::fs::{self, File};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

/// Starts a task; its result is sent on the channel, and then `ring` is called.
pub fn start(task: Task, news: Sender<News>, ring: impl Fn() + Send + 'static) {
    let back = news.clone();
    let work = move || {
        // A window that was closed meanwhile needs no result.
        let _ = news.send(done(task));
        ring();
    };
    if let Err(error) = threads::start("lab".to_owned(), work) {
        let _ = back.send(News::Written(Err(format!(
            "The computer cannot start a thread for it: {error}."
        ))));
    }
}

/// Runs the task in this thread.
fn done(task: Task) -> News {
    match task {
        Task::OfController(_) => {
            News::Written(Err("No thread is running this.".to_owned()))
        }
        Task::Open(place) => {
            let name = place.file_name().unwrap_or(place.as_os_str());
            let name = name.to_string_lossy().into_owned();
            News::Opened(name, read(&place))
        }
        Task::Race(lanes) => News::Raced(race(&lanes)),
        Task::Write(place, bytes) => News::Written(write(&place, &bytes)),
    }
}

fn race(lanes: &[Experiment]) -> Result<Race, String> {
    Race::run(lanes).map_err(|stuck| format!("The race did not end: {stuck}."))
}

fn read(place: &Path) -> Result<Box<Player>, String> {
    let file = File::open(place).map_err(|error| error.to_string())?;
    let journal =
        Journal::read(BufReader::new(file)).map_err(|error| error.to_string())?;
    Ok(Box::new(Player::journal(journal)))
}

/// Writes the file without replacing others.
fn write(place: &Path, bytes: &[u8]) -> Result<PathBuf, String> {
    let failed = |error: io::Error| format!("Cannot write {}: {error}.", place.display());
    if let Some(folder) = place.parent().filter(|it| !it.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let (mut file, place) = free(place).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    Ok(place)
}

/// Creates a new file with this name, or `NAME (2)` and so on.
fn free(place: &Path) -> io::Result<(File, PathBuf)> {
    const MOST_COPIES: u32 = 10_000;
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    for copy in 1..=MOST_COPIES {
        let place = place.with_file_name(numbered(&name, copy));
        match ordinary::open(&place, Use::Create) {
            Ok(file) => return Ok((file, place)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::page::Laboratory;

    fn problem(laboratory: &Laboratory) -> &str {
        let notice = laboratory.notice().expect("something is said");
        assert!(notice.is_problem, "{notice:?}");
        &notice.sentence
    }

    #[test]
    fn an_existing_file_is_kept_and_a_damaged_journal_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("ladder.svg");
        for expected in ["ladder.svg", "ladder (2).svg"] {
            let News::Written(Ok(written)) =
                done(Task::Write(place.clone(), b"<svg/>\n".to_vec()))
            else {
                panic!("it was not written");
            };
            assert_eq!(written, folder.path().join(expected));
        }
        let mut laboratory = Laboratory::default();
        laboratory.hear(done(Task::Open(place)));
        assert!(problem(&laboratory).contains("not that of an event log"));
        let nowhere = folder.path().join("ladder.svg").join("x.svg");
        laboratory.hear(done(Task::Write(nowhere, Vec::new())));
        assert!(problem(&laboratory).contains("Cannot write"));
    }
}
