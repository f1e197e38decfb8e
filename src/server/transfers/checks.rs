//! The checks before a transfer may wait for a port.

use super::Transfers;
use super::transfer::{Transfer, TransferPhase, TransferResources, Upload, household};
use super::upload;
use crate::server::folder::NO_FOLDER;
use crate::server::peer::Peer;
use crate::shelf::FileName;
use crate::transfer::clock::wall_time_ms;
use crate::transfer::part::Part;
use crate::wire::message::{Code, DownloadRequest, UploadRequest};
use crate::wire::options::{NegotiatedOptions, RequestedOptions};

/// The limit of transfers of one client, including queued ones.
const TRANSFERS_PER_CLIENT: usize = 16;

/// The limit of transfers of one address; the server's own computer has none.
const TRANSFERS_PER_ADDRESS: usize = 256;

/// The negotiated options, or a code and a sentence.
type Checked = Result<(FileName, NegotiatedOptions), (Code, String)>;

impl Transfers {
    pub(super) fn check(&mut self, peer: &Peer, request: &DownloadRequest) -> Checked {
        self.check_count(peer)?;
        let settled = self.negotiate(&request.asked)?;
        let name: FileName = request.file.parse().map_err(|error| {
            let sentence = format!(
                "The server does not offer this file ({error}). To list the \
                         files, send: files."
            );
            (Code::NoSuchFile, sentence)
        })?;
        match self.resources.folder.open(&name) {
            Ok(_) => Ok((name, settled)),
            Err(error) => {
                log::debug!(
                    "client {} asked for {name}, which is not offered: {error:?}",
                    peer.number
                );
                Err((error.code(), error.to_string()))
            }
        }
    }

    pub(super) fn check_upload(
        &mut self,
        peer: &Peer,
        from: &str,
        request: &UploadRequest,
    ) -> Checked {
        self.check_count(peer)?;
        let settled = self.negotiate(&request.asked)?;
        let name = upload::check_name(&request.file)?;
        let followed = self.resources.folder.follow();
        followed.map_err(|_| (Code::Unreadable, NO_FOLDER.to_owned()))?;
        let upload = Upload {
            from: from.to_owned(),
            version: super::told_version(request),
            has_taken: false,
            offset: 0,
        };
        let gives_way =
            |it: &&Transfer| it.gives_way_to(peer, from, &name, &upload.version);
        let earlier = self.all.values().find(gives_way);
        self.make_room(&name, &upload, earlier, false)?;
        Ok((name, settled))
    }

    /// Whether the limits and the disk have space. The partial files of interrupted
    /// uploads count; if `is_opened`, because a client sends this upload, they are
    /// removed to make space. The part that this upload resumes stays. This upload takes
    /// over the share of an `earlier` one that it replaces.
    pub(super) fn make_room(
        &self,
        name: &FileName,
        upload: &Upload,
        earlier: Option<&Transfer>,
        is_opened: bool,
    ) -> Result<(), (Code, String)> {
        let TransferResources { kept, folder, .. } = &self.resources;
        let Upload { from, version, .. } = upload;
        let size = version.size;
        let mut allowance = self.allowance.clone();
        let taken = earlier.and_then(|it| it.upload.as_ref());
        let taken = taken.filter(|upload| upload.has_taken);
        if let Some(upload) = taken {
            allowance.give_back(&upload.from, size);
        }
        allowance.check(from, size, 0)?;
        let own = kept.find(name, version, from); // While it is locked, nobody removes it.
        let there = own.as_ref().map_or(0, Part::length);
        let missing = if earlier.is_some() {
            0
        } else {
            size - there.min(size)
        };
        loop {
            let left = if is_opened { kept.bytes() } else { 0 };
            let checked = allowance
                .check(from, size, left)
                .and_then(|()| upload::check_room(folder.path(), missing));
            // A request alone removes no part.
            if checked.is_ok()
                || !is_opened
                || !kept.remove_for(from, size, wall_time_ms())
            {
                return checked;
            }
        }
    }

    fn check_count(&self, peer: &Peer) -> Result<(), (Code, String)> {
        let user = household(peer.remote.ip());
        let live = || {
            let all = self.all.values();
            all.filter(|it| !matches!(it.phase, TransferPhase::Lingering { .. }))
                .filter(|it| it.broken_off.is_none()) // Its client may ask again.
        };
        let own = live().filter(|it| it.peer.number == peer.number).count();
        if own >= TRANSFERS_PER_CLIENT {
            let sentence = format!(
                "You already have {TRANSFERS_PER_CLIENT} transfers. Wait until one \
                 ends, or cancel one."
            );
            return Err((Code::TooManyTransfers, sentence));
        }
        let theirs = live().filter(|it| it.user().household == user).count();
        if user.is_some() && theirs >= TRANSFERS_PER_ADDRESS {
            let sentence = format!(
                "Your address already has {TRANSFERS_PER_ADDRESS} transfers. Wait until \
                 one ends."
            );
            return Err((Code::TooManyTransfers, sentence));
        }
        Ok(())
    }

    fn negotiate(
        &self,
        asked: &RequestedOptions,
    ) -> Result<NegotiatedOptions, (Code, String)> {
        let settled = asked.negotiate(&self.defaults);
        settled.map_err(|error| {
            (
                Code::BadOption,
                format!(
                    "These options cannot be used: \
                                                        {error}."
                ),
            )
        })
    }
}
