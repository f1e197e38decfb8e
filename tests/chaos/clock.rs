//! The time of day of the programs, which jumps; the machine's own does not.
//!
//! `clock.c` is compiled to a small library that a program loads before the C library
//! (`LD_PRELOAD`, Linux): it adds to the time of day what a file of the run says. Nothing in
//! the programs knows of it. Elsewhere, and where no C compiler is, nothing jumps.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The time of day of one run.
#[derive(Debug)]
pub(crate) struct TimeOfDay {
    /// Holds the seconds by which it is wrong.
    file: PathBuf,
    /// Where it could be compiled.
    library: Option<PathBuf>,
}

impl TimeOfDay {
    /// The right one; in this folder of the run is kept what is needed.
    pub(crate) fn of(folder: &Path) -> Self {
        let library = cfg!(target_os = "linux").then(|| compile(folder)).flatten();
        if library.is_none() {
            log::warn!("the time of day does not jump here: no Linux, or no C compiler");
        }
        Self {
            file: folder.join("clock"),
            library,
        }
    }

    /// Lets a program see it.
    pub(crate) fn show_to(&self, command: &mut Command) {
        if let Some(library) = &self.library {
            command.env("LD_PRELOAD", library);
            command.env("SASH_CLOCK_FILE", &self.file);
        }
    }

    /// From now on it is wrong by so many seconds.
    pub(crate) fn jump(&self, seconds: i64) -> io::Result<()> {
        fs::write(&self.file, seconds.to_string())
    }
}

fn compile(folder: &Path) -> Option<PathBuf> {
    let source = folder.join("clock.c");
    let library = folder.join("clock.so");
    fs::write(&source, include_str!("clock.c")).ok()?;
    let mut command = Command::new("cc");
    command
        .args(["-O1", "-shared", "-fPIC", "-o"])
        .arg(&library);
    command.arg(&source).arg("-ldl").stderr(Stdio::null());
    let is_compiled = command.status().is_ok_and(|status| status.success());
    is_compiled.then_some(library)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_jump_moves_the_time_of_day_of_a_program_and_of_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let time = TimeOfDay::of(folder.path());
        let seconds = |is_shown: bool| -> i64 {
            let mut command = Command::new("date");
            command.arg("+%s");
            if is_shown {
                time.show_to(&mut command);
            }
            let output = command.output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            text.trim().parse().unwrap()
        };
        let now = seconds(false);
        assert!((0..60).contains(&(seconds(true) - now)));
        time.jump(3_600).unwrap();
        assert!((3_600..3_660).contains(&(seconds(true) - now)));
        time.jump(-86_400).unwrap();
        assert!((-86_400..-86_340).contains(&(seconds(true) - now)));
        assert!((0..60).contains(&(seconds(false) - now)));
    }
}
