//! Computes the SHA-256 of files in a thread of its own, `digests`, once per version.
//!
//! The `transfers` thread owns the known digests. `digests` reads the requested files
//! slice by slice, the clients in turn, so that nobody waits for the files of another
//! user. It forgets a file as soon as no transfer needs its digest.
//!
//! ```text
//! transfers --HashWork{client, name, version, file}--> digests   dana: [a.iso], guy: [b.txt]
//!           <--------------------------------Hashed--/
//! ```
//!
//! Source: FIPS 180-4.

use super::folder::Version;
use super::messages::{HashWork, Hashed, TransfersMessage};
use crate::room::ClientNumber;
use crate::shelf::FileName;
use crate::transfer::hash::Hashing;
use crate::wire::digest::Digest;
use crossbeam_channel::{Receiver, Sender, TryRecvError};
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

/// A transfer holds this while it waits for a digest.
pub(super) type Wanted = Arc<()>;

/// The number of blocks that are read before the turn of another client: 4 MiB, some
/// milliseconds.
const SLICE_BLOCKS: u32 = 64;

/// The known digests, and the thread that computes the others.
#[derive(Debug)]
pub(super) struct Digests {
    /// One entry per name: digests of old versions are not kept.
    known: HashMap<FileName, (Version, Knowledge)>,
    work: Sender<HashWork>,
}

#[derive(Debug)]
enum Knowledge {
    Known(Digest),
    /// It is being computed, as long as a transfer needs it.
    Asked(Weak<()>),
}

impl Digests {
    /// No digest is known; requests are sent to this channel.
    pub(super) fn new(work: Sender<HashWork>) -> Self {
        Self {
            known: HashMap::new(),
            work,
        }
    }

    /// The digest of this version, if it is known.
    pub(super) fn known(&self, name: &FileName, version: Version) -> Option<Digest> {
        let (_, knowledge) = self.known.get(name).filter(|(it, _)| *it == version)?;
        match knowledge {
            Knowledge::Known(digest) => Some(*digest),
            Knowledge::Asked(_) => None,
        }
    }

    /// A share in the computation of this version, if it was requested: it is done at the
    /// turn of the first of its clients.
    pub(super) fn join(
        &self,
        client: ClientNumber,
        name: &FileName,
        version: Version,
    ) -> Option<Wanted> {
        let (_, knowledge) = self.known.get(name).filter(|(it, _)| *it == version)?;
        let Knowledge::Asked(wanted) = knowledge else {
            return None;
        };
        let shared = wanted.upgrade()?;
        let _ = self.work.send(HashWork {
            client,
            name: name.clone(),
            version,
            file: None,
            wanted: Weak::clone(wanted),
        });
        Some(shared)
    }

    /// Requests a digest for this client; [`TransfersMessage::Hashed`] follows if it is
    /// still needed then.
    pub(super) fn ask(
        &mut self,
        client: ClientNumber,
        name: &FileName,
        version: Version,
        file: File,
    ) -> Wanted {
        let wanted = Wanted::default();
        let asked = Knowledge::Asked(Arc::downgrade(&wanted));
        self.known.insert(name.clone(), (version, asked));
        let _ = self.work.send(HashWork {
            client,
            name: name.clone(),
            version,
            file: Some(file),
            wanted: Arc::downgrade(&wanted),
        });
        wanted
    }

    /// Remembers the digest of an uploaded file, which need not be read again.
    pub(super) fn learn(&mut self, name: &FileName, version: Version, digest: Digest) {
        let known = Knowledge::Known(digest);
        self.known.insert(name.clone(), (version, known));
    }

    /// A transfer of this version was damaged: the digest is computed again before it is
    /// used again.
    pub(super) fn doubt(&mut self, name: &FileName, version: Version) {
        if self.known(name, version).is_some() {
            self.known.remove(name);
        }
    }

    /// Remembers the result. A failure is forgotten, so that it may be tried again.
    pub(super) fn on_hashed(&mut self, hashed: &Hashed) {
        let entry = self.known.get(&hashed.name);
        if entry.is_none_or(|(version, _)| *version != hashed.version) {
            return;
        }
        match &hashed.result {
            Ok(digest) => self.learn(&hashed.name, hashed.version, *digest),
            Err(_) => {
                self.known.remove(&hashed.name);
            }
        }
    }
}

/// One file that is being read.
struct Reading {
    name: FileName,
    version: Version,
    hashing: Hashing,
    wanted: Weak<()>,
}

/// The files that are being read, by client.
#[derive(Default)]
struct Readings {
    clients: VecDeque<(ClientNumber, VecDeque<Reading>)>,
}

impl Readings {
    /// Adds a file to those of its client; returns the answer if it cannot be read.
    fn add(&mut self, work: HashWork) -> Option<Hashed> {
        let HashWork {
            client,
            name,
            version,
            file,
            wanted,
        } = work;
        let reading = match file.map(Hashing::new) {
            Some(Ok(hashing)) => Reading {
                name,
                version,
                hashing,
                wanted,
            },
            Some(Err(error)) => return Some(failed(name, version, &error)),
            None => self.take_earlier(client, &wanted)?,
        };
        match self.clients.iter_mut().find(|(it, _)| *it == client) {
            Some((_, readings)) => readings.push_back(reading),
            None => self.clients.push_back((client, VecDeque::from([reading]))),
        }
        None
    }

    /// Moves a file that another client also waits for, if this client's turn comes
    /// earlier.
    fn take_earlier(
        &mut self,
        client: ClientNumber,
        wanted: &Weak<()>,
    ) -> Option<Reading> {
        let own = self.clients.iter().find(|(it, _)| *it == client);
        let own = own.map_or(0, |(_, readings)| readings.len());
        let (_, readings) = self.clients.iter_mut().find(|(_, readings)| {
            let place = readings.iter().position(|it| it.wanted.ptr_eq(wanted));
            place.is_some_and(|place| place > own)
        })?;
        let place = readings.iter().position(|it| it.wanted.ptr_eq(wanted))?;
        readings.remove(place)
    }

    /// Forgets the files that no transfer needs any more.
    fn drop_unwanted(&mut self) {
        for (_, readings) in &mut self.clients {
            readings.retain(|reading| reading.wanted.strong_count() > 0);
        }
        self.clients.retain(|(_, readings)| !readings.is_empty());
    }

    /// Reads a slice of the first file of the next client; returns an answer if there is
    /// one.
    fn work(&mut self) -> Option<Hashed> {
        let (client, mut readings) = self.clients.pop_front()?;
        let outcome = readings.front_mut().and_then(|it| {
            let steps = (0..SLICE_BLOCKS).map(|_| it.hashing.step().transpose());
            steps.flatten().next()
        });
        let mut hashed = None;
        if let Some(result) = outcome
            && let Some(reading) = readings.pop_front()
        {
            hashed = Some(reading.ended(result));
        }
        if !readings.is_empty() {
            self.clients.push_back((client, readings)); // The other clients come first.
        }
        hashed
    }
}

impl Reading {
    fn ended(self, result: io::Result<Digest>) -> Hashed {
        let Self {
            name,
            version,
            hashing,
            ..
        } = self;
        let checked = result.and_then(|digest| {
            if !Version::of(hashing.file())?.has_contents_of(version) {
                return Err(io::Error::other("the file changed while it was read"));
            }
            Ok(digest)
        });
        match checked {
            Ok(digest) => Hashed {
                name,
                version,
                result: Ok(digest),
            },
            Err(error) => failed(name, version, &error),
        }
    }
}

fn failed(name: FileName, version: Version, error: &io::Error) -> Hashed {
    log::warn!("cannot hash {name}: {error}");
    let sentence =
        format!("The server could not read the whole file ({error}). Try again.");
    Hashed {
        name,
        version,
        result: Err(sentence),
    }
}

/// `digests`: works until its channel is closed.
pub(super) fn run(
    work: &Receiver<HashWork>,
    results: &Sender<TransfersMessage>,
    is_stopping: &AtomicBool,
) {
    let mut readings = Readings::default();
    while !is_stopping.load(Ordering::Relaxed) {
        let next = if readings.clients.is_empty() {
            work.recv().map_err(|_| TryRecvError::Disconnected)
        } else {
            work.try_recv()
        };
        let hashed = match next {
            Ok(work) => readings.add(work),
            Err(TryRecvError::Empty) => {
                readings.drop_unwanted();
                readings.work()
            }
            Err(TryRecvError::Disconnected) => return,
        };
        if let Some(hashed) = hashed
            && results.send(TransfersMessage::Hashed(hashed)).is_err()
        {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::folder::Folder;
    use super::*;
    use std::fs;

    /// All that there is to read, in the order in which it is done.
    fn finish(readings: &mut Readings) -> Vec<Hashed> {
        let mut all = Vec::new();
        loop {
            readings.drop_unwanted();
            if readings.clients.is_empty() {
                return all;
            }
            all.extend(readings.work());
        }
    }

    #[test]
    fn each_version_of_a_file_is_hashed_once() {
        let shelf = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(shelf.path()).unwrap();
        let (work, todo) = crossbeam_channel::unbounded();
        let (results, events) = crossbeam_channel::unbounded();
        let mut digests = Digests::new(work);
        let name: FileName = "a".parse().unwrap();
        for (content, expected) in [
            (
                "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
        ] {
            fs::write(shelf.path().join("a"), content).unwrap();
            let (file, version) = folder.open(&name).unwrap();
            assert_eq!(digests.known(&name, version), None);
            assert!(digests.join(1, &name, version).is_none());
            let wanted = digests.ask(1, &name, version, file);
            assert!(digests.join(2, &name, version).is_some());
            let mut readings = Readings::default();
            for work in todo.try_iter() {
                assert!(readings.add(work).is_none());
            }
            let hashed = finish(&mut readings).remove(0);
            drop(wanted);
            digests.on_hashed(&hashed);
            let known = digests.known(&name, version).unwrap();
            assert_eq!(known.to_string(), expected);
            digests.doubt(&name, version);
            assert_eq!(digests.known(&name, version), None);
        }
        drop(digests);
        run(&todo, &results, &AtomicBool::new(false));
        assert!(events.try_recv().is_err());
    }

    #[test]
    fn the_files_of_one_client_delay_those_of_another_by_a_slice_at_most() {
        let shelf = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(shelf.path()).unwrap();
        let (work, todo) = crossbeam_channel::unbounded();
        let mut digests = Digests::new(work);
        let mut wanted = Vec::new();
        let mut ask = |client, name: &str, bytes| {
            fs::write(shelf.path().join(name), vec![7; bytes]).unwrap();
            let name: FileName = name.parse().unwrap();
            let (file, version) = folder.open(&name).unwrap();
            wanted.push(digests.ask(client, &name, version, file));
        };
        for number in 0..8 {
            ask(1, &format!("large{number}"), 9 << 20);
        }
        ask(2, "small", 10);
        let mut readings = Readings::default();
        todo.try_iter().for_each(|it| drop(readings.add(it)));
        let done: Vec<_> = (0..2).map(|_| readings.work()).collect();
        assert!(done[0].is_none());
        assert_eq!(done[1].as_ref().unwrap().name.as_str(), "small");
        // A transfer that has ended needs no digest, and nothing is read for it.
        wanted.truncate(1);
        let rest = finish(&mut readings);
        let names: Vec<_> = rest.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["large0"]);
    }

    #[test]
    fn a_file_for_which_two_clients_wait_is_read_when_the_first_of_them_has_its_turn() {
        let shelf = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(shelf.path()).unwrap();
        let (work, todo) = crossbeam_channel::unbounded();
        let mut digests = Digests::new(work);
        let mut wanted = Vec::new();
        for number in 0..4 {
            fs::write(shelf.path().join(format!("{number}")), vec![7; 9 << 20]).unwrap();
            let name: FileName = format!("{number}").parse().unwrap();
            let (file, version) = folder.open(&name).unwrap();
            wanted.push(digests.ask(1, &name, version, file));
            if number == 3 {
                wanted.extend(digests.join(2, &name, version));
            }
        }
        let mut readings = Readings::default();
        todo.try_iter().for_each(|it| drop(readings.add(it)));
        let done = finish(&mut readings);
        let names: Vec<_> = done.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["0", "3", "1", "2"]);
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_has_no_digest() {
        let shelf = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(shelf.path()).unwrap();
        let (work, todo) = crossbeam_channel::unbounded();
        let mut digests = Digests::new(work);
        fs::write(shelf.path().join("a"), "short").unwrap();
        let name = "a".parse().unwrap();
        let (file, version) = folder.open(&name).unwrap();
        let _wanted = digests.ask(1, &name, version, file);
        fs::write(shelf.path().join("a"), "longer").unwrap();
        let mut readings = Readings::default();
        readings.add(todo.try_recv().unwrap());
        let sentence = finish(&mut readings).remove(0).result.unwrap_err();
        assert!(sentence.contains("changed while it was read"), "{sentence}");
    }
}
