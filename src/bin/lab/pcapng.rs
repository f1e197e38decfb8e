//! `lab pcapng`: converts an event log to a capture that Wireshark reads.

use super::output::read_journal;
use clap::Args;
use sash::lab::capture::Capture;
use sash::lab::capture::rebuilt::Rebuilder;
use sash::lab::journal::Journal;
use sash::system::files;
use sash::transfer::clock::Clock;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "\
Examples
  lab run --arq go-back-n --size 20KiB --link \"delay=10ms;drop=d1.1\" --journal journals
  lab pcapng journals/go-back-n.jsonl -o go-back-n.pcapng
  wireshark -X lua_script:report/wireshark/sash.lua go-back-n.pcapng
  tshark -X lua_script:report/wireshark/sash.lua -r go-back-n.pcapng -Y sash.resend
";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Convert this event log, of `lab run` or of one side of a real transfer
    journal: PathBuf,
    /// Write the capture to this file, which must not exist yet
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Packets are written to the file when they reach this size. Unit: bytes.
const ENOUGH: usize = 1024 * 1024;

/// How often the progress is shown.
const SHOW_EVERY: Duration = Duration::from_secs(2);

/// Reads the event log and writes the capture, which gets its name when it is complete.
pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
    let (source, target) = (&arguments.journal, &arguments.output);
    if target.exists() {
        return Err(taken(target));
    }
    let journal = read_journal(source)?;
    let packets = write(&journal, target)?;
    let place = target.display();
    writeln!(io::stdout(), "{place}: {packets} packets")?;
    Ok(true)
}

fn write(journal: &Journal, target: &Path) -> io::Result<u64> {
    let cannot = |error: io::Error| {
        let place = target.display();
        io::Error::other(format!("cannot write the capture {place}: {error}"))
    };
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sash");
    files::readable_by_all(&mut builder);
    let mut part = builder.tempfile_in(folder).map_err(cannot)?;
    let mut rebuilder = Rebuilder::new(journal);
    let mut capture = Capture::new(&rebuilder.about());
    let clock = Clock::start();
    let mut shown = clock.now();
    while rebuilder.next_into(&mut capture) {
        if capture.waiting_bytes() < ENOUGH {
            continue;
        }
        part.write_all(&capture.take()).map_err(cannot)?;
        if clock.now() - shown >= SHOW_EVERY {
            shown = clock.now();
            let _ = writeln!(io::stderr(), "{} packets", capture.packets());
        }
    }
    part.write_all(&capture.take()).map_err(cannot)?;
    part.persist_noclobber(target).map_err(|error| {
        if error.error.kind() == io::ErrorKind::AlreadyExists {
            taken(target)
        } else {
            cannot(error.error)
        }
    })?;
    Ok(capture.packets())
}

fn taken(target: &Path) -> io::Error {
    let place = target.display();
    io::Error::other(format!(
        "{place} already exists. Move it away, or choose another file with -o"
    ))
}
