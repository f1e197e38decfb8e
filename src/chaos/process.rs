//! The programs of a run: started, typed to, hurt, and never left behind.

use crate::transfer::threads;
use crossbeam_channel::{Sender, after};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The server.
    pub server: PathBuf,
    /// The client.
    pub client: PathBuf,
}

impl Programs {
    /// Those beside the program that runs.
    ///
    /// # Errors
    /// A sentence where they are not there.
    pub fn beside_us() -> io::Result<Self> {
        let folder = std::env::current_exe()?;
        let folder = folder.parent().unwrap_or(Path::new("."));
        let program = |name| {
            let path = folder.join(name);
            if path.is_file() {
                return Ok(path);
            }
            let sentence =
                format!("{} is not there. Build it: cargo build", path.display());
            Err(io::Error::new(io::ErrorKind::NotFound, sentence))
        };
        Ok(Self {
            server: program("server")?,
            client: program("client")?,
        })
    }
}

/// A line, and the number of the process that has printed it.
pub(super) type Printed = (usize, String);

/// A program that runs, or ran. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
}

/// What a process takes of the system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Threads.
    pub threads: usize,
    /// Open files, sockets and the like.
    pub descriptors: usize,
    /// Memory that it holds, its program's own pages left out. Unit: bytes.
    pub memory: u64,
}

/// Memory may grow by so much.
const GROWTH_PERCENT: u64 = 10;

/// And by so much in any case. Of the 1.5 MiB that a server holds whom a crowd of 50 has
/// left, 70 KiB are in use, the same at half and at the end; more than half are holes
/// between these, and of its heap the allocator gives back the end alone. How many holes
/// there are depends on how many lines waited at once: on a busy machine one run has ended
/// with 640 KiB more of them. Unit: bytes.
const GROWTH_BYTES: u64 = 1024 * 1024;

impl Belongings {
    /// With more memory than this, the one that had these before has grown. Unit: bytes.
    #[must_use]
    pub fn most_memory_after(self) -> u64 {
        let share = self.memory / 100 * GROWTH_PERCENT;
        self.memory.saturating_add(share.max(GROWTH_BYTES))
    }
}

impl Process {
    /// Starts it. Each line that it prints is sent with `number`; what it complains about
    /// is added to the file `complaints`.
    pub(super) fn start(
        command: &mut Command,
        number: usize,
        lines: Sender<Printed>,
        complaints: &Path,
    ) -> io::Result<Self> {
        let complaints = File::options().create(true).append(true).open(complaints)?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        let process = Self { child, stdin };
        if let Some(stdout) = stdout {
            threads::start_small(format!("hear-{}", number % 100_000), move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if lines.send((number, line)).is_err() {
                        return;
                    }
                }
            })?;
        }
        Ok(process)
    }

    /// Types a line. A program that is gone does not read it, which is told elsewhere.
    pub(super) fn type_line(&mut self, line: &str) {
        if let Some(stdin) = &mut self.stdin {
            let _ = stdin.write_all(format!("{line}\n").as_bytes());
        }
    }

    /// There is nothing more to be typed.
    pub(super) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    pub(super) fn signal(&self, signal: Signal) {
        // It may be gone already.
        let _ = signal::kill(self.pid(), signal);
    }

    /// Its number in the system.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(super) fn exit(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end, not for ever.
    pub(super) fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = after(patience);
        loop {
            if let Some(status) = self.exit() {
                return Some(status);
            }
            crossbeam_channel::select! {
                recv(deadline) -> _ => return None,
                recv(after(LOOK_INTERVAL)) -> _ => {}
            }
        }
    }

    /// Its threads, descriptors and memory, where the system tells.
    pub(super) fn belongings(&self) -> Option<Belongings> {
        let folder = PathBuf::from(format!("/proc/{}", self.child.id()));
        let count = |what| Some(fs::read_dir(folder.join(what)).ok()?.count());
        let status = fs::read_to_string(folder.join("status")).ok()?;
        let line = status.lines().find_map(|it| it.strip_prefix("RssAnon:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(Belongings {
            threads: count("task")?,
            descriptors: count("fd")?,
            memory: kibibytes * 1024,
        })
    }

    fn pid(&self) -> Pid {
        // A process number is positive and fits, or the system has given none.
        Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(i32::MAX))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How often somebody who waits for a process looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// The system's library (glibc) gives back what is free at once, memory and stacks of
/// threads, and no thread keeps what it has freed for its own next use: the stores of those
/// that live as long as the server fill up for hours, which looks like a leak.
pub(super) const THRIFT: [(&str, &str); 5] = [
    (
        "GLIBC_TUNABLES",
        "glibc.pthread.stack_cache_size=0:glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0",
    ),
    ("MALLOC_ARENA_MAX", "1"),
    ("MALLOC_MMAP_THRESHOLD_", "8192"),
    ("MALLOC_TRIM_THRESHOLD_", "4096"),
    ("MALLOC_TOP_PAD_", "0"),
];
