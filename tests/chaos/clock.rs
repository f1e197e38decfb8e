//! A time of day for the programs that jumps; the machine's own clock does not.
//!
//! `clock.c` is compiled to a small library that a program loads before the C library
//! (`LD_PRELOAD`, Linux): it adds the seconds in a file of the run to the time of day. The
//! programs do not know it. On other systems, and without a C compiler, no clock jumps.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The time of day of one run.
#[derive(Debug)]
pub(crate) struct TimeOfDay {
    /// The file with the seconds by which it is wrong.
    file: PathBuf,
    /// The library, if it could be compiled.
    library: Option<PathBuf>,
}

impl TimeOfDay {
    /// The right time; its files are in this folder of the run.
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

    /// Makes a program use it.
    pub(crate) fn show_to(&self, command: &mut Command) {
        if let Some(library) = &self.library {
            command.env("LD_PRELOAD", library);
            command.env("SASH_CLOCK_FILE", &self.file);
        }
    }

    /// Makes it wrong by this many seconds from now on.
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
