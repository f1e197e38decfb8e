//! What is looked at before a transfer may wait for a port.

use super::super::download::Stage;
use super::super::peer::Peer;
use super::super::upload;
use super::Downloads;
use crate::shelf::FileName;
use crate::wire::message::{Code, DownloadRequest, UploadRequest};
use crate::wire::options::{Asked, Settled};

/// Most transfers of one client at once, queued ones included.
const TRANSFERS_PER_CLIENT: usize = 16;

/// What was settled, or a code and a sentence.
type Checked = Result<(FileName, Settled), (Code, String)>;

impl Downloads {
    pub(super) fn check(&self, peer: &Peer, request: &DownloadRequest) -> Checked {
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

    pub(super) fn check_upload(&self, peer: &Peer, request: &UploadRequest) -> Checked {
        self.check_count(peer)?;
        let settled = self.settle(&request.asked)?;
        let name = upload::check_name(&request.file)?;
        self.allowance.check(request.size)?;
        upload::check_room(self.supplies.folder.root(), request.size)?;
        Ok((name, settled))
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
