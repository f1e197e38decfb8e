//! Threads of low priority, groups of processes, a process that becomes another program, and
//! the signal that ended a process.
//!
//! Source: setpriority(2), "C library/kernel differences"; `killpg(3)`, `proc(5)`, `exec(3)`.

use std::io;
use std::process::{Command, ExitStatus};

/// The nice value of a thread of low priority, which gets a tenth of the share of
/// another. Unit: steps of setpriority(2).
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// The largest nice value.
#[cfg(target_os = "linux")]
const NICEST: i32 = 19;

/// Gives other threads priority. Linux has a nice value for each thread; on other systems
/// it belongs to the whole program, and does not change.
pub fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        let lowered = getpriority_process(None)
            .and_then(|now| setpriority_process(None, (now + NICE).min(NICEST)));
        if let Err(error) = lowered {
            log::debug!("cannot lower the priority of this thread: {error}");
        }
    }
}

/// Continues as another program. On Unix it replaces this one, and the function returns only
/// if it cannot. Windows has no such call: the function waits for the program and passes on
/// its stderr, because a program without a console cannot write to this one's.
///
/// # Errors
/// Those of the system: the program was not started.
pub fn become_program(command: &mut Command) -> io::Result<ExitStatus> {
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(command));
    #[cfg(windows)]
    {
        let mut child = command.stderr(std::process::Stdio::piped()).spawn()?;
        if let Some(mut said) = child.stderr.take() {
            let _ = io::copy(&mut said, &mut io::stderr());
        }
        child.wait()
    }
}

/// Makes the process that is started the leader of a group of its own. Windows has none.
pub fn lead_a_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(windows)]
    let _ = command;
}

/// Kills the remaining processes of the group; on Windows nothing.
pub fn kill_group(leader: u32) {
    #[cfg(unix)]
    {
        use nix::sys::signal::{Signal, killpg};
        let _ = killpg(group(leader), Signal::SIGKILL);
    }
    #[cfg(windows)]
    let _ = leader;
}

#[cfg(unix)]
fn group(leader: u32) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(i32::try_from(leader).unwrap_or(i32::MAX))
}

/// Whether a process of this group runs; a zombie does not count. On Windows none is
/// known.
#[must_use]
pub fn is_group_alive(leader: u32) -> bool {
    #[cfg(unix)]
    {
        if nix::sys::signal::killpg(group(leader), None).is_err() {
            return false;
        }
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return true;
        };
        let mut stats = processes.flatten().filter_map(|process| {
            let stat = std::fs::read_to_string(process.path().join("stat")).ok()?;
            // "12 (name) S 1 12 ...": after the name the state, the parent and the group.
            let (_, rest) = stat.rsplit_once(") ")?;
            let mut words = rest.split(' ');
            let is_over = words.next()? == "Z";
            Some((is_over, words.nth(1)? == leader.to_string()))
        });
        stats.any(|(is_over, is_of_group)| is_of_group && !is_over)
    }
    #[cfg(windows)]
    {
        let _ = leader;
        false
    }
}

/// The signal that ended the process, if one did: `SIGSEGV`.
#[must_use]
pub fn signal(status: ExitStatus) -> Option<String> {
    #[cfg(unix)]
    {
        let signal = std::os::unix::process::ExitStatusExt::signal(&status)?;
        let name = nix::sys::signal::Signal::try_from(signal);
        Some(name.map_or(format!("signal {signal}"), |name| name.to_string()))
    }
    #[cfg(windows)]
    {
        let _ = status;
        None
    }
}
