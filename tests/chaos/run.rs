//! The phases of a run.
//!
//! ```text
//!   all clients join; half of the plan; all leave  --> the server's resources before
//!   all clients join; the other half; stopped ones continue
//!   the witness sends a last line; each client that receives it has stayed
//!   all clients leave                              --> the server's resources after
//!   partial files are resumed; every file is checked
//! ```
//!
//! The server's resources are compared between the middle and the end, because the first clients
//! make tables and caches grow once. Repeated growth is still seen.

use super::check::{self, Evidence, Found, Offence};
use super::crew::{Client, Crew, Errand, TIMEOUT};
use super::disk::SmallDisk;
use super::plan::{FILES, Plan, PlannedEvent, Role, Wanted};
use super::process::{Belongings, Programs};
use sash::lab::contents;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tempfile::TempDir;

/// The parameters of a run.
#[derive(Debug, Clone)]
pub(crate) struct Chaos {
    /// The programs to start.
    pub(crate) programs: Programs,
    /// The parameters of the plan.
    pub(crate) wanted: Wanted,
    /// Set from outside to end the run early and clean up.
    pub(crate) is_stopping: Arc<AtomicBool>,
}

/// The result of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// The violations.
    pub(crate) offences: Vec<Offence>,
    /// The number of faults.
    pub(crate) hurts: usize,
    /// Processes of clients that ran.
    pub(crate) processes: usize,
    /// Lines that the witness received.
    pub(crate) lines: usize,
    /// Files that were complete under their final names.
    pub(crate) files: usize,
    /// Partial files that were resumed.
    pub(crate) resumed: usize,
    /// Whether a small disk was mounted, in place of limited file sizes.
    pub(crate) has_small_disk: bool,
    /// The server's resources, if the system reports them and the server was not restarted.
    pub(crate) before: Option<Belongings>,
    /// See `before`.
    pub(crate) after: Option<Belongings>,
}

/// A running run. The disks are unmounted before their folder is removed.
struct Run {
    crew: Crew,
    disks: Vec<SmallDisk>,
    outcome: Outcome,
    /// Threads and descriptors of a server that only the witness has joined.
    idle: Option<(usize, usize)>,
    contents: BTreeMap<String, Vec<u8>>,
    _folder: TempDir,
}

/// The longest wait until memory is released.
const SETTLING: Duration = Duration::from_secs(5);

/// Commands that run at once.
const ERRANDS: usize = 8;

/// How often an interrupted transfer is resumed, one partial file at a time.
const ROUNDS_OF_ERRANDS: usize = 3;

impl Chaos {
    /// Runs it.
    ///
    /// # Errors
    /// Those of the system: no server, no folder, no process; `Interrupted` where it was
    /// ended early.
    pub(crate) fn run(&self) -> io::Result<Outcome> {
        let plan = Plan::of(&self.wanted);
        let mut run = Run::prepare(self, &plan)?;
        run.crew.open()?;
        run.idle = run.crew.server_belongings().map(counts);
        let half = plan.steps.len() / 2;
        let half = half + run.hurt(&plan.steps[..half], &plan.steps[half..])?;
        run.crew.leave(true);
        let before = (run.rest(), run.crew.server_record());
        run.hurt(&plan.steps[half..], &[])?;
        run.end_together();
        run.compare(before.0, before.1);
        run.go_on()?;
        run.crew.go_on_or_stop()?;
        run.look_at_files()?;
        Ok(run.outcome())
    }
}

impl Run {
    fn prepare(chaos: &Chaos, plan: &Plan) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let files = folder.path().join("files");
        fs::create_dir(&files)?;
        let mut contents = BTreeMap::new();
        for (name, size) in FILES {
            make(&files, name, size, &mut contents)?;
        }
        let gifts = folder.path().join("gifts");
        fs::create_dir(&gifts)?;
        let mut clients = Vec::new();
        let mut disks = Vec::new();
        let witness = Role {
            link: String::new(),
            is_behind_proxy: false,
            is_cramped: false,
            replaces: true,
        };
        for (number, role) in plan.roles.iter().chain([&witness]).enumerate() {
            let is_witness = number == plan.roles.len();
            let name = if is_witness {
                "witness".to_owned()
            } else {
                format!("client-{number}")
            };
            let size = 100_000 + 1_000 * number as u64;
            let gift = make(&gifts, &format!("gift-{number}"), size, &mut contents)?;
            let out = folder.path().join(&name);
            fs::create_dir(&out)?;
            let mut client = Client::new(name, role.clone(), out, gift);
            if role.is_cramped {
                let disk = SmallDisk::mount(&client.folder);
                client.is_limited = disk.is_none();
                disks.extend(disk);
            }
            clients.push(client);
        }
        let crew = Crew::new(
            chaos.programs.clone(),
            Arc::clone(&chaos.is_stopping),
            folder.path().to_owned(),
            clients,
        );
        Ok(Self {
            outcome: Outcome {
                has_small_disk: !disks.is_empty(),
                ..Outcome::default()
            },
            crew,
            disks,
            idle: None,
            contents,
            _folder: folder,
        })
    }

    /// Everybody comes, and these steps happen; then of `rest` as many as it takes until
    /// the server is there. How many of those.
    fn hurt(
        &mut self,
        steps: &[PlannedEvent],
        rest: &[PlannedEvent],
    ) -> io::Result<usize> {
        self.crew.start_all();
        let first = steps.first().map_or(Duration::ZERO, |step| step.at);
        let start = self.crew.clock.now();
        let mut taken = 0;
        let mut more = rest.iter();
        for step in steps {
            self.crew.work_until(start + step.at.saturating_sub(first));
            self.crew.go_on_or_stop()?;
            self.crew.perform(step.who, &step.act)?;
        }
        while !self.crew.is_open()
            && let Some(step) = more.next()
        {
            self.crew.work_until(start + step.at.saturating_sub(first));
            self.crew.go_on_or_stop()?;
            self.crew.perform(step.who, &step.act)?;
            taken += 1;
        }
        self.crew.wake_all();
        Ok(taken)
    }

    /// Waits until the server has no more threads and descriptors than with the witness alone.
    fn rest(&mut self) -> Option<Belongings> {
        let idle = self.idle;
        let is_given_back = self.crew.wait_until(2 * TIMEOUT, |crew| {
            crew.server_belongings().map(counts) == idle
        });
        let now = self.crew.server_belongings();
        if !is_given_back {
            self.offend(format!(
                "of threads and descriptors the server had {idle:?} and has {now:?}"
            ));
        }
        now
    }

    /// Every client is in the room and has received its own line; then all get the same last line.
    fn end_together(&mut self) {
        self.crew.start_all();
        if !self.crew.are_all_in() {
            self.offend("not everybody is let in again".to_owned());
        }
        self.crew.wait_until(TIMEOUT, |crew| {
            let mut current = crew.clients.iter();
            current.all(|client| {
                let session = crew.records[client.record].sessions.last();
                let last = session.and_then(|it| Some((it, it.said.last()?)));
                last.is_none_or(|(session, last)| session.heard.contains(last))
            })
        });
        self.crew.say_last();
        let last = self.crew.clients.last().map(|it| it.record);
        let last = last.and_then(|it| self.crew.records[it].sessions.last());
        let last = last
            .and_then(|it| it.said.last().cloned())
            .unwrap_or_default();
        self.crew.wait_until(TIMEOUT, |crew| {
            let mut current = crew.clients.iter();
            current.all(|client| {
                let session = crew.records[client.record].sessions.last();
                session.is_some_and(|it| it.heard.contains(&last))
            })
        });
        for client in &self.crew.clients {
            let sessions = &mut self.crew.records[client.record].sessions;
            if let Some(session) = sessions.last_mut() {
                session.has_stayed = true;
            }
        }
        self.crew.leave(true);
    }

    /// Checks that the server has released its resources.
    fn compare(&mut self, before: Option<Belongings>, server_before: usize) {
        let after = self.rest();
        // A restarted server has had no clients before the middle of the run.
        let is_same = server_before == 0 && self.crew.server_record() == 0;
        let before = before.filter(|_| is_same);
        (self.outcome.before, self.outcome.after) = (before, after);
        let Some(before) = before else { return };
        let most = before.most_memory_after();
        // The last threads give back theirs a moment after they are gone.
        self.crew.wait_until(SETTLING, |crew| {
            crew.server_belongings().is_none_or(|it| it.memory <= most)
        });
        self.outcome.after = self.crew.server_belongings();
        let Some(after) = self.outcome.after else {
            return;
        };
        if after.memory > most {
            let (before, after) = (before.memory, after.memory);
            self.offend(format!(
                "the server's memory grew from {before} to {after} B"
            ));
        }
    }

    /// Every interrupted transfer is requested again, and arrives.
    fn go_on(&mut self) -> io::Result<()> {
        for disk in &self.disks {
            if !disk.enlarge() {
                self.crew.offences.push(Offence::Other(
                    "a small disk could not be made larger".to_owned(),
                ));
            }
        }
        for client in &mut self.crew.clients {
            client.is_limited = false;
            client.role.link.clear();
        }
        for _ in 0..ROUNDS_OF_ERRANDS {
            let errands = self.errands()?;
            for batch in errands.chunks(ERRANDS) {
                let mut sent = Vec::new();
                for (client, line, part) in batch {
                    sent.push((self.crew.errand(*client, line)?, line, *part));
                }
                for (errand, line, part) in sent {
                    self.finish(errand, line, part);
                }
            }
        }
        Ok(())
    }

    /// The clients and the files that they request, with the length of a single partial file.
    fn errands(&self) -> io::Result<Vec<(usize, String, Option<u64>)>> {
        let mut errands = Vec::new();
        for (number, client) in self.crew.clients.iter().enumerate() {
            for (name, lengths) in parts(&client.folder)? {
                let only = (lengths.len() == 1).then(|| lengths[0]);
                errands.push((number, format!("/download {name}"), only));
            }
        }
        let workshop = self.crew.folder.join("files").join(".uploads");
        for (name, lengths) in parts(&workshop).unwrap_or_default() {
            let clients = self.crew.clients.iter();
            let owner = clients.enumerate().find(|(_, it)| it.gift.ends_with(&name));
            if let Some((number, client)) = owner {
                let only = (lengths.len() == 1).then(|| lengths[0]);
                let line = format!("/upload {}", client.gift.display());
                errands.push((number, line, only));
            }
        }
        Ok(errands)
    }

    fn finish(&mut self, mut errand: Errand, line: &str, part: Option<u64>) {
        let mut status = None;
        self.crew.wait_until(2 * TIMEOUT, |_| {
            status = errand.process.exit();
            status.is_some()
        });
        let record = errand.record;
        self.crew.wait_until(Duration::from_secs(1), |crew| {
            !crew.records[record].offers.is_empty()
        });
        let offset = self.crew.records[record].offers.first();
        let offset = offset.map(|(_, offset)| *offset);
        let client = self.crew.records[record].client.unwrap_or_default();
        let name = self.crew.clients[client].name.clone();
        if !status.is_some_and(|it| it.success()) {
            self.offend(format!("{name}, {line}, after the run: {status:?}"));
        } else if part.is_some_and(|part| part > 0 && offset != Some(part)) {
            self.offend(format!(
                "{name}, {line}: {part:?} B were there, and it went on from {offset:?}"
            ));
        } else {
            self.outcome.resumed += usize::from(offset > Some(0));
        }
    }

    fn look_at_files(&mut self) -> io::Result<()> {
        let served = self.crew.folder.join("files");
        let mut folders = vec![served.clone(), served.join(".uploads")];
        folders.extend(self.crew.clients.iter().map(|it| it.folder.clone()));
        for folder in folders {
            for path in files(&folder).unwrap_or_default() {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let mut record = path.as_os_str().to_owned();
                record.push(".json");
                let found = Found {
                    place: path.display().to_string(),
                    name: name.into_owned(),
                    bytes: fs::read(&path)?,
                    has_record: Path::new(&record).exists(),
                };
                match check::check_file(&found, &self.contents) {
                    None => self.outcome.files += 1,
                    Some(offence) => self.crew.offences.push(offence),
                }
            }
        }
        for file in ["server.err", "client.err"] {
            let said = fs::read_to_string(self.crew.folder.join(file))?;
            for line in said.lines().filter(|it| it.contains("panicked at")) {
                self.offend(format!("{file}: {line}"));
            }
        }
        Ok(())
    }

    fn outcome(mut self) -> Outcome {
        let witness = self.crew.clients.len() - 1;
        let mut evidence = Evidence::default();
        for record in self.crew.records.drain(..) {
            let heard = record.sessions.iter().map(|session| session.heard.clone());
            if record.client == Some(witness) {
                evidence.orders.extend(heard);
            }
            self.outcome.processes += usize::from(record.client.is_some());
            evidence.sessions.extend(record.sessions);
        }
        self.outcome.hurts = self.crew.hurts;
        self.outcome.lines = evidence.orders.iter().map(Vec::len).sum();
        self.outcome.offences = std::mem::take(&mut self.crew.offences);
        self.outcome.offences.extend(check::check(&evidence));
        self.outcome
    }

    fn offend(&mut self, sentence: String) {
        self.crew.offences.push(Offence::Other(sentence));
    }
}

fn counts(it: Belongings) -> (usize, usize) {
    (it.threads, it.descriptors)
}

/// A generated file; its bytes differ from those of any other name.
fn make(
    folder: &Path,
    name: &str,
    size: u64,
    contents: &mut BTreeMap<String, Vec<u8>>,
) -> io::Result<PathBuf> {
    let start = u64::from(crc32fast::hash(name.as_bytes())) << 24;
    let bytes = contents::bytes(start..start + size);
    let path = folder.join(name);
    fs::write(&path, &bytes)?;
    contents.insert(name.to_owned(), bytes);
    Ok(path)
}

/// The partial files in a folder: the name of each complete file, and their lengths.
fn parts(folder: &Path) -> io::Result<HashMap<String, Vec<u64>>> {
    let mut parts: HashMap<String, Vec<u64>> = HashMap::new();
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(name) = name.strip_suffix(".part") {
            let length = fs::metadata(&path)?.len();
            parts
                .entry(check::first_copy(name))
                .or_default()
                .push(length);
        }
    }
    Ok(parts)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}
