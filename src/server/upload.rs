//! One upload on the server: from a name and a free port to a running receiver; and from a
//! verified file to an entry of the shelf.
//!
//! ```text
//! FOLDER/.upload-x7Gq/NAME.part  --verified--> FOLDER/NAME, or NAME (2)
//! ```
//!
//! The part grows in a hidden folder of its own, which goes when the upload ends, however
//! it ends; those that a killed server has left go when the next one starts.

use super::download::{
    Download, Shell, Stage, StartError, Supplies, Upload, draw_token, hopeless,
};
use super::folder::{Folder, Version};
use crate::lab::journal::Side;
use crate::shelf::FileName;
use crate::transfer::overwrite::Overwrite;
use crate::transfer::receiving::{self, Destination};
use crate::transfer::{Ending, Job, space};
use crate::wire::digest::Digest;
use crate::wire::message::{Code, Offer, Reply, TransferState};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;

/// How the hidden folders begin; the shelf offers nothing that begins with a dot.
const WORKSHOP_PREFIX: &str = ".upload-";

/// Longest name of an uploaded file: ` (2)` and `.part.json` fit behind it in the 255
/// bytes that file systems allow. Unit: bytes.
const LONGEST_NAME_BYTES: usize = 200;

impl Download {
    /// From a free port to a running receiver and an offer.
    pub(super) fn start_upload(
        &mut self,
        number: u64,
        port: u16,
        upload: &Upload,
        supplies: &Supplies,
    ) -> Result<(), StartError> {
        let (outlet, offered) = self.open_outlet(port)?;
        let token = draw_token()?;
        let folder = supplies.folder.root();
        let workshop = tempfile::Builder::new()
            .prefix(WORKSHOP_PREFIX)
            .tempdir_in(folder)
            .map_err(|error| hopeless("cannot write in its folder", &error))?;
        let destination = Destination {
            folder: folder.to_owned(),
            name: self.name.to_string(),
            workshop: Some(workshop.path().to_owned()),
            overwrite: Overwrite::Keep,
        };
        let job = Job {
            number,
            token,
            settled: self.settled,
            size: upload.size,
            offset: 0,
            scenario: supplies.scenario.clone(),
            pause_at: None,
            chat_round_trip: None,
            is_offloading: supplies.is_offloading,
            is_watched: supplies.journals.are_kept(),
        };
        let report = supplies.reporter(&job, Side::Receiver);
        let asker = self.peer.remote.ip();
        let receiving = receiving::accept(job, outlet, asker, &destination, report)
            .map_err(|error| cannot_start(&error))?;
        let Self { peer, name, .. } = self;
        let client = peer.number;
        log::info!(
            "transfer {number} started: {name} from client {client}, port {offered}"
        );
        peer.tell(&Reply::Offer(Offer {
            transfer: number,
            tag: self.tag,
            file: self.name.to_string(),
            port: offered,
            token,
            size: upload.size,
            offset: 0,
            modified: None,
            digest: upload.digest,
            settled: self.settled,
        }));
        self.stage = Stage::Running {
            port,
            shell: Shell::Receiving {
                receiving,
                workshop,
            },
        };
        Ok(())
    }
}

fn cannot_start(error: &io::Error) -> StartError {
    if is_full(error) {
        return StartError::Hopeless(NO_ROOM.to_owned());
    }
    hopeless("cannot start this transfer", error)
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}

const NO_ROOM: &str = "The server's disk has no room for this file. Ask who runs it.";

/// Whether a file may have this name.
pub(super) fn check_name(name: &str) -> Result<FileName, (Code, String)> {
    let bad = |why: &str| {
        let sentence =
            format!("The server cannot take this name ({why}). Rename the file.");
        (Code::BadFileName, sentence)
    };
    if name.len() > LONGEST_NAME_BYTES {
        return Err(bad("it is too long"));
    }
    name.parse()
        .map_err(|error| bad(&format!("{error}").replace("file name not allowed: ", "")))
}

/// Whether there is room for it now. What other uploads have reserved is taken already.
pub(super) fn check_room(folder: &Path, size: u64) -> Result<(), (Code, String)> {
    match space::free(folder) {
        Some(free) if free < size => Err((Code::NoRoom, NO_ROOM.to_owned())),
        Some(_) | None => Ok(()),
    }
}

/// What an upload has put on the shelf, if it has.
pub(super) fn find_shared(
    folder: &Folder,
    ending: Ending,
) -> Option<(FileName, Version, Digest)> {
    if ending.state != TransferState::Verified {
        return None;
    }
    let path = ending.path?;
    let name: FileName = path.file_name()?.to_str()?.parse().ok()?;
    let (_, version) = folder.open(&name).ok()?;
    Some((name, version, ending.digest?))
}

/// Removes the parts of uploads that a killed server has left. Those that another server
/// is writing at this moment are locked, and stay.
pub(super) fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours = name
            .to_str()
            .is_some_and(|it| it.starts_with(WORKSHOP_PREFIX));
        let is_folder = entry.file_type().is_ok_and(|it| it.is_dir());
        if is_ours && is_folder && !is_in_use(&entry.path()) {
            let shown = name.display();
            match fs::remove_dir_all(entry.path()) {
                Ok(()) => log::info!("removed what a dead upload has left: {shown}"),
                Err(error) => log::warn!("cannot remove {shown}: {error}"),
            }
        }
    }
}

fn is_in_use(workshop: &Path) -> bool {
    let Ok(parts) = fs::read_dir(workshop) else {
        return false;
    };
    let is_locked = |part: fs::DirEntry| {
        File::open(part.path())
            .is_ok_and(|part| matches!(part.try_lock(), Err(TryLockError::WouldBlock)))
    };
    parts.flatten().any(is_locked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_component_that_no_system_takes_for_something_else() {
        for name in [
            "../x",
            "a/b",
            "/etc/passwd",
            ".bashrc",
            "x.part",
            "nul.txt",
            "",
        ] {
            let (code, sentence) = check_name(name).unwrap_err();
            assert_eq!(code, Code::BadFileName, "{name}");
            assert!(sentence.ends_with("Rename the file."), "{sentence}");
        }
        assert!(check_name(&"a".repeat(201)).is_err());
        assert_eq!(check_name("שלום 🎈.txt").unwrap().as_str(), "שלום 🎈.txt");
    }

    #[test]
    fn leftovers_of_a_killed_server_go_and_those_of_a_running_one_stay() {
        let folder = tempfile::tempdir().unwrap();
        let [dead, alive, file] = [".upload-dead", ".upload-alive", ".upload-file"]
            .map(|it| folder.path().join(it));
        for workshop in [&dead, &alive] {
            fs::create_dir(workshop).unwrap();
            fs::write(workshop.join("a.part"), "a").unwrap();
        }
        fs::write(&file, "somebody's own").unwrap();
        let part = File::open(alive.join("a.part")).unwrap();
        part.try_lock().unwrap();
        remove_leftovers(folder.path());
        assert!(!dead.exists());
        assert!(alive.exists() && file.exists());
    }
}
