//! SHA-256 of files: worked out by `digests`, once per version, off all other threads.
//!
//! The `transfers` thread owns what is known; `digests` owns nothing and works through
//! what it is given, one file after the other, each at the disk's pace.
//!
//! ```text
//! transfers --HashWork{name, version, file}--> digests
//!           <--------------------Hashed--/
//! ```
//!
//! Source: FIPS 180-4.

use super::folder::Version;
use super::messages::{HashWork, Hashed, TransfersMessage};
use crate::shelf::FileName;
use crate::transfer::hash;
use crate::wire::digest::Digest;
use crossbeam_channel::{Receiver, Sender};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// The known digests, and the thread that computes the others.
#[derive(Debug)]
pub(super) struct Digests {
    /// One entry per name: of an old version nothing is kept.
    known: HashMap<FileName, (Version, Option<Digest>)>,
    work: Sender<HashWork>,
}

impl Digests {
    /// Nothing is known; work goes there.
    pub(super) fn new(work: Sender<HashWork>) -> Self {
        Self {
            known: HashMap::new(),
            work,
        }
    }

    /// The digest of this version, if it is known.
    pub(super) fn known(&self, name: &FileName, version: Version) -> Option<Digest> {
        let (known, digest) = self.known.get(name)?;
        digest.filter(|_| *known == version)
    }

    /// Whether somebody has asked for this version, or knows it.
    pub(super) fn is_asked(&self, name: &FileName, version: Version) -> bool {
        self.known
            .get(name)
            .is_some_and(|(asked, _)| *asked == version)
    }

    /// Asks for it; an [`TransfersMessage::Hashed`] follows.
    pub(super) fn ask(&mut self, name: &FileName, version: Version, file: File) {
        self.known.insert(name.clone(), (version, None));
        let name = name.clone();
        let _ = self.work.send(HashWork {
            name,
            version,
            file,
        });
    }

    /// Remembers the digest of a file that was uploaded, and so need not be read again.
    pub(super) fn learn(&mut self, name: &FileName, version: Version, digest: Digest) {
        self.known.insert(name.clone(), (version, Some(digest)));
    }

    /// A transfer of this version arrived as another file: the digest is worked out again
    /// before it is told once more.
    pub(super) fn doubt(&mut self, name: &FileName, version: Version) {
        if self.known(name, version).is_some() {
            self.known.remove(name);
        }
    }

    /// Remembers what came out. A failure is forgotten, so that it may be tried again.
    pub(super) fn on_hashed(&mut self, hashed: &Hashed) {
        if !self.is_asked(&hashed.name, hashed.version) {
            return;
        }
        match &hashed.result {
            Ok(digest) => {
                let entry = (hashed.version, Some(*digest));
                self.known.insert(hashed.name.clone(), entry);
            }
            Err(_) => {
                self.known.remove(&hashed.name);
            }
        }
    }
}

/// `digests`: works until nobody can send any more.
pub(super) fn run(
    work: &Receiver<HashWork>,
    results: &Sender<TransfersMessage>,
    is_stopping: &AtomicBool,
) {
    for mut work in work {
        let result = digest_of(&mut work.file, work.version, is_stopping);
        let result = result.map_err(|error| {
            log::warn!("cannot hash {}: {error}", work.name);
            format!("The server could not read the whole file ({error}). Try again.")
        });
        let HashWork { name, version, .. } = work;
        let hashed = Hashed {
            name,
            version,
            result,
        };
        if results.send(TransfersMessage::Hashed(hashed)).is_err() {
            return;
        }
    }
}

fn digest_of(
    file: &mut File,
    version: Version,
    is_stopping: &AtomicBool,
) -> io::Result<Digest> {
    let digest = hash::digest(file, || !is_stopping.load(Ordering::Relaxed))?;
    if !Version::of(file)?.has_contents_of(version) {
        return Err(io::Error::other("the file changed while it was read"));
    }
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::super::folder::Folder;
    use super::*;
    use std::fs;

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
            assert!(!digests.is_asked(&name, version));
            digests.ask(&name, version, file);
            assert!(digests.is_asked(&name, version));
            let mut work = todo.try_recv().unwrap();
            let digest = digest_of(&mut work.file, work.version, &AtomicBool::new(false));
            let hashed = Hashed {
                name: name.clone(),
                version,
                result: digest.map_err(|error| error.to_string()),
            };
            digests.on_hashed(&hashed);
            let known = digests.known(&name, version).unwrap();
            assert_eq!(known.to_string(), expected);
            digests.doubt(&name, version);
            assert!(!digests.is_asked(&name, version));
        }
        drop(digests);
        run(&todo, &results, &AtomicBool::new(false));
        assert!(events.try_recv().is_err());
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_has_no_digest() {
        let shelf = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(shelf.path()).unwrap();
        fs::write(shelf.path().join("a"), "short").unwrap();
        let (mut file, version) = folder.open(&"a".parse().unwrap()).unwrap();
        fs::write(shelf.path().join("a"), "longer").unwrap();
        let error = digest_of(&mut file, version, &AtomicBool::new(false)).unwrap_err();
        assert_eq!(error.to_string(), "the file changed while it was read");
    }
}
