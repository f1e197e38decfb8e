//! `lab pcapng`: converts an event log to a capture that Wireshark reads.

use super::output::read_journal;
use clap::Args;
use sash::lab::capture::Capture;
use sash::lab::capture::recorded::{ReadFile, Recorded};
use sash::system::files;
use sash::transfer::clock::Clock;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::ops::Range;
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
    /// Take the bytes of DATA packets from the transferred file. An event log of a real
    /// transfer does not contain them: without the file, DATA packets are cut
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
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
    let read = arguments.file.as_deref().map(open).transpose()?;
    let recorded = Recorded::new(&journal, read).map_err(|error| {
        let place = source.display();
        io::Error::other(format!("cannot convert {place}: {error}"))
    })?;
    let packets = write(recorded, target)?;
    let place = target.display();
    writeln!(io::stdout(), "{place}: {packets} packets")?;
    Ok(true)
}

fn write(mut recorded: Recorded<'_>, target: &Path) -> io::Result<u64> {
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
    let mut capture = Capture::new(&recorded.about());
    let clock = Clock::start();
    let mut shown = clock.now();
    while recorded.next_into(&mut capture)? {
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

/// Reads the transferred file.
fn open(path: &Path) -> io::Result<ReadFile<'_>> {
    let cannot = move |error: io::Error| {
        let place = path.display();
        io::Error::other(format!("cannot read the transferred file {place}: {error}"))
    };
    let mut file = File::open(path).map_err(cannot)?;
    let mut read = move |place: Range<u64>| {
        let length =
            usize::try_from(place.end - place.start).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        file.seek(SeekFrom::Start(place.start))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    };
    Ok(Box::new(move |place| read(place).map_err(cannot)))
}

fn taken(target: &Path) -> io::Error {
    let place = target.display();
    io::Error::other(format!(
        "{place} already exists. Move it away, or choose another file with -o"
    ))
}
