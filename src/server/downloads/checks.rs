//! What is looked at before a transfer may wait for a port.

use super::super::download::{Stage, Supplies};
use super::super::folder::NO_FOLDER;
use super::super::peer::Peer;
use super::super::upload;
use super::Downloads;
use crate::shelf::FileName;
use crate::transfer::part::Part;
use crate::wire::message::{Code, DownloadRequest, UploadRequest};
use crate::wire::options::{Asked, Settled};
use crate::wire::version::FileVersion;

/// Most transfers of one client at once, queued ones included.
const TRANSFERS_PER_CLIENT: usize = 16;

/// What was settled, or a code and a sentence.
type Checked = Result<(FileName, Settled), (Code, String)>;

impl Downloads {
    pub(super) fn check(&mut self, peer: &Peer, request: &DownloadRequest) -> Checked {
        self.check_count(peer)?;
        let settled = self.settle(&request.asked)?;
        let name: FileName = request.file.parse().map_err(|error| {
            let sentence =
                format!("The server offers no such file ({error}). See: files.");
            (Code::NoSuchFile, sentence)
        })?;
        match self.supplies.folder.open(&name) {
            Ok(_) => Ok((name, settled)),
            Err(error) => {
                log::debug!("client {} cannot have {name}: {error:?}", peer.number);
                Err((error.code(), error.to_string()))
            }
        }
    }

    pub(super) fn check_upload(
        &mut self,
        peer: &Peer,
        request: &UploadRequest,
    ) -> Checked {
        self.check_count(peer)?;
        let settled = self.settle(&request.asked)?;
        let name = upload::check_name(&request.file)?;
        let followed = self.supplies.folder.follow();
        followed.map_err(|_| (Code::Unreadable, NO_FOLDER.to_owned()))?;
        self.make_room(peer, &name, &super::told_version(request))?;
        Ok((name, settled))
    }

    /// Whether there is room within the limits and on the disk. What broken-off uploads
    /// have left counts, and makes room where that helps; the part that this one goes on
    /// from stays. What an upload that is just ending has taken, this one takes over.
    fn make_room(
        &self,
        asker: &Peer,
        name: &FileName,
        version: &FileVersion,
    ) -> Result<(), (Code, String)> {
        let Supplies { kept, folder, .. } = &self.supplies;
        let size = version.size;
        let mut allowance = self.allowance;
        let mut running = self.all.values();
        let is_heir = running.any(|it| it.gives_way_to(asker, name, version));
        if is_heir {
            allowance.give_back(size);
        }
        allowance.check(size, 0)?;
        let own = kept.find(name, version); // While it is held, nobody removes it.
        let there = own.as_ref().map_or(0, Part::length);
        let missing = if is_heir { 0 } else { size - there.min(size) };
        loop {
            let checked = allowance
                .check(size, kept.bytes())
                .and_then(|()| upload::check_room(folder.path(), missing));
            if checked.is_ok() || !kept.remove_oldest() {
                return checked;
            }
        }
    }

    fn check_count(&self, peer: &Peer) -> Result<(), (Code, String)> {
        let own = self.all.values();
        let own = own.filter(|download| download.peer.number == peer.number);
        let own = own.filter(|it| !matches!(it.stage, Stage::Lingering { .. }));
        if own.count() < TRANSFERS_PER_CLIENT {
            return Ok(());
        }
        let sentence = format!(
            "You have {TRANSFERS_PER_CLIENT} transfers already. Wait for one, or cancel one."
        );
        Err((Code::TooManyTransfers, sentence))
    }

    fn settle(&self, asked: &Asked) -> Result<Settled, (Code, String)> {
        let settled = asked.settle(&self.defaults);
        settled
            .map_err(|error| (Code::BadOption, format!("This cannot be done: {error}.")))
    }
}
