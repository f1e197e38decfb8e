//! Starts a download: from a free port to a running sender and an offer.
//!
//! ```text
//! Queued --port bound, file opened, token drawn, sender started--> Running
//!    \\--the port is held by another program--> Queued
//!     \\--anything else is missing--> the end, with a sentence
//! ```

use super::transfer::{
    StartError, Transfer, TransferPhase, TransferResources, TransferThreads, draw_token,
    hopeless,
};
use crate::lab::journal::Side;
use crate::reliable::moment::Moment;
use crate::server::digests::Wanted;
use crate::server::folder::Version;
use crate::transfer::Job;
use crate::transfer::sending::{self, Asker};
use crate::wire::digest::Digest;
use crate::wire::message::{Early, Offer, Reply, TransferState};
use std::fs::File;

impl Transfer {
    /// From a free port to a running sender and an offer.
    pub(super) fn start_download(
        &mut self,
        number: u64,
        port: u16,
        resources: &mut TransferResources,
    ) -> Result<(), StartError> {
        let (outlet, offered) = self.open_outlet(port)?;
        let (file, version) = self.open_file(resources)?;
        let (digest, awaited_digest) = self.find_digest(version, resources)?;
        let told = version.told(digest);
        let offset = self.prefix.map_or(0, |prefix| prefix.granted(&told));
        let drawn = draw_token()?;
        let early = self.early.and_then(Early::plausible);
        let job = Job {
            number,
            token: self.peer.token(drawn, number),
            keys: self.peer.traffic_keys(drawn, number),
            settled: self.settled,
            size: version.size,
            offset,
            scenario: resources.scenario.clone(),
            pause_at: None,
            chat_round_trip: early.map(|(_, round_trip)| round_trip),
            is_offloading: resources.is_offloading,
            is_watched: resources.journals.are_kept(),
            tap: resources.tap.clone(),
        };
        let report = resources.reporter(&job, Side::Sender);
        let asker = Asker {
            address: self.peer.remote.ip(),
            port: early.map(|(port, _)| port),
        };
        let sending = sending::start(job, file, digest, outlet, asker, report)
            .map_err(|error| hopeless("cannot start this transfer", &error))?;
        let Self { peer, name, .. } = self;
        let client = peer.number;
        log::info!(
            "transfer {number} started: {name} to client {client}, from byte {offset}, \
             port {offered}"
        );
        peer.tell(&Reply::Offer(Offer {
            transfer: number,
            tag: self.tag,
            file: self.name.to_string(),
            port: offered,
            token: drawn,
            size: version.size,
            digest,
            modified: told.modified,
            offset,
            settled: self.settled,
        }));
        self.phase = TransferPhase::Running {
            port,
            threads: TransferThreads::Sending {
                sending,
                version,
                awaited_digest,
            },
            state: TransferState::Opening,
            moved_at: Moment::START,
            acked_bytes: 0,
        };
        Ok(())
    }

    fn open_file(
        &self,
        resources: &mut TransferResources,
    ) -> Result<(File, Version), StartError> {
        let opened = resources.folder.open(&self.name);
        opened.map_err(|error| StartError::Hopeless(error.to_string()))
    }

    /// The digest, if it is known; otherwise the share in its computation.
    fn find_digest(
        &self,
        version: Version,
        resources: &mut TransferResources,
    ) -> Result<(Option<Digest>, Option<Wanted>), StartError> {
        let client = self.peer.number;
        if let Some(known) = resources.digests.known(&self.name, version) {
            return Ok((Some(known), None));
        }
        if let Some(wanted) = resources.digests.join(client, &self.name, version) {
            return Ok((None, Some(wanted)));
        }
        // Opened once more: two readers of one open file would share their position.
        let (copy, version_of_copy) = self.open_file(resources)?;
        if version_of_copy != version {
            let sentence = "The file is being changed. Try again later.";
            return Err(StartError::Hopeless(sentence.to_owned()));
        }
        let digests = &mut resources.digests;
        let wanted = digests.ask(client, &self.name, version, copy);
        Ok((None, Some(wanted)))
    }
}
