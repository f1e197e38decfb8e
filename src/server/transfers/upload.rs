//! One upload on the server: from a name and a free port to a running receiver; and from
//! a verified file to an entry of the shelf.
//!
//! It continues where an earlier one of the same version was interrupted
//! ([`kept`](crate::server::kept)); `disk-3` reads and hashes the earlier part.

use super::transfer::{
    StartError, Transfer, TransferResources, TransferThreads, Upload, draw_token,
    hopeless,
};
use crate::lab::journal::Side;
use crate::reliable::moment::Moment;
use crate::server::folder::{Folder, NO_FOLDER, Version};
use crate::shelf::FileName;
use crate::system::disk;
use crate::transfer::Ending;
use crate::transfer::receiving;
use crate::wire::digest::Digest;
use crate::wire::message::{Code, TransferState};
use crate::wire::version::FileVersion;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Longest name of an uploaded file: ` (2)` and `.part.json` fit behind it in the 255
/// bytes that file systems allow. Unit: bytes.
const LONGEST_NAME_BYTES: usize = 200;

impl Transfer {
    /// From a free port to a running receiver and an offer.
    pub(super) fn start_upload(
        &mut self,
        number: u64,
        port: u16,
        upload: &Upload,
        resources: &mut TransferResources,
        now: Moment,
    ) -> Result<(), StartError> {
        let followed = resources.folder.follow();
        followed.map_err(|_| StartError::Hopeless(NO_FOLDER.to_owned()))?;
        let (outlet, offered) = self.open_outlet(port)?;
        let drawn = draw_token()?;
        let part = resources
            .kept
            .open(&self.name, upload.version, &upload.from);
        let part =
            part.map_err(|error| hopeless("cannot write to its folder", &error))?;
        let (size, offset) = (upload.version.size, part.length());
        let job = self.job(number, drawn, [size, offset], resources);
        let version = FileVersion {
            modified: None,
            ..upload.version
        };
        let offer = self.offer(&job, drawn, offered, version);
        let report = resources.reporter(&job, Side::Receiver);
        let asker = self.peer.remote.ip();
        let receiving = receiving::accept(job, outlet, asker, part, report)
            .map_err(|error| cannot_start(&error))?;
        if let Some(upload) = &mut self.upload {
            upload.offset = offset;
        }
        self.run(port, offer, TransferThreads::Receiving(receiving), now);
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

const NO_ROOM: &str = "The server's disk is too full for this file. Ask the person who \
                       runs the server.";

/// Whether a file may have this name.
pub(super) fn check_name(name: &str) -> Result<FileName, (Code, String)> {
    let bad = |why: &str| {
        let sentence =
            format!("The server cannot use this file name ({why}). Rename the file.");
        (Code::BadFileName, sentence)
    };
    if name.len() > LONGEST_NAME_BYTES {
        return Err(bad("it is too long"));
    }
    name.parse()
        .map_err(|error| bad(&format!("{error}").replace("file name not allowed: ", "")))
}

/// Whether the disk has space for it now. The space reserved for other uploads counts as
/// used.
pub(super) fn check_room(folder: &Path, size: u64) -> Result<(), (Code, String)> {
    match disk::free(folder) {
        Some(free) if free < size => Err((Code::NoRoom, NO_ROOM.to_owned())),
        Some(_) | None => Ok(()),
    }
}

/// The file that an upload has added to the folder, if any.
pub(super) fn find_shared(
    folder: &mut Folder,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_name_is_a_single_component_without_special_meaning() {
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
}
