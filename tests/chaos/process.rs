//! The processes of a run: starts them, types to them, sends signals, and always ends them.

use super::memory::kibibytes;
use crossbeam_channel::{Sender, after};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use sash::transfer::threads;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

/// The paths of the programs.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// The server.
    pub(crate) server: PathBuf,
    /// The client.
    pub(crate) client: PathBuf,
}

impl Programs {
    /// The programs that were built together with this test.
    pub(crate) fn built() -> Self {
        Self {
            server: env!("CARGO_BIN_EXE_server").into(),
            client: env!("CARGO_BIN_EXE_client").into(),
        }
    }
}

/// A line, and the number of the process that printed it.
pub(crate) type Printed = (usize, String);

/// A process that runs or ran. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
}

/// The resources of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Belongings {
    /// Threads.
    pub(crate) threads: usize,
    /// Open descriptors.
    pub(crate) descriptors: usize,
    /// Its memory without the pages of the program file. Unit: bytes.
    pub(crate) memory: u64,
}

/// The permitted growth of memory, as a share.
const GROWTH_PERCENT: u64 = 10;

/// And by so much in any case. Of the 1.5 MiB that a server holds whom a crowd of 50 has
/// left, 70 KiB are in use, the same at half and at the end; more than half are holes
/// between these, and of its heap the allocator gives back the end alone. How many holes
/// there are depends on how many lines waited at once: on a busy machine one run has ended
/// with 640 KiB more of them. Unit: bytes.
const GROWTH_BYTES: u64 = 1024 * 1024;

impl Belongings {
    /// The memory above which a process with these resources has grown. Unit: bytes.
    #[must_use]
    pub(crate) fn most_memory_after(self) -> u64 {
        let share = self.memory / 100 * GROWTH_PERCENT;
        self.memory.saturating_add(share.max(GROWTH_BYTES))
    }
}

impl Process {
    /// Starts it. Each line of its output is sent with `number`; its error output is added
    /// to the file `complaints`.
    pub(crate) fn start(
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

    /// Types a line. A process that has ended does not read it, which is reported elsewhere.
    pub(crate) fn type_line(&mut self, line: &str) {
        if let Some(stdin) = &mut self.stdin {
            let _ = stdin.write_all(format!("{line}\n").as_bytes());
        }
    }

    /// Closes its input.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // It may have ended.
        let _ = signal::kill(self.pid(), signal);
    }

    /// The number of the process in the operating system.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its exit status, if it has ended.
    pub(crate) fn exit(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end, up to a limit.
    pub(crate) fn wait(&mut self, timeout: Duration) -> Option<ExitStatus> {
        let deadline = after(timeout);
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

    /// Its threads, descriptors and memory, if the system reports them.
    pub(crate) fn belongings(&self) -> Option<Belongings> {
        let folder = PathBuf::from(format!("/proc/{}", self.child.id()));
        let count = |what| Some(fs::read_dir(folder.join(what)).ok()?.count());
        let status = folder.join("status");
        Some(Belongings {
            threads: count("task")?,
            descriptors: count("fd")?,
            memory: kibibytes(status.to_str()?, "RssAnon:")? * 1024,
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

/// The interval of the checks for the end of a process.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// The C library (glibc) returns free memory and stacks of threads to the system at once,
/// and no thread has a cache of freed memory. The caches of the server's permanent threads
/// would otherwise grow for hours, which looks like a leak.
pub(crate) const THRIFT: [(&str, &str); 5] = [
    (
        "GLIBC_TUNABLES",
        "glibc.pthread.stack_cache_size=0:glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0",
    ),
    ("MALLOC_ARENA_MAX", "1"),
    ("MALLOC_MMAP_THRESHOLD_", "8192"),
    ("MALLOC_TRIM_THRESHOLD_", "4096"),
    ("MALLOC_TOP_PAD_", "0"),
];
