//! Starts a download: from a free port to a running sender and an offer.
//!
//! ```text
//! Queued --port bound, file opened, token drawn, sender started--> Running
//!    \\--the port is held by another program--> Queued
//!     \\--anything else is missing--> the end, with a sentence
//! ```

use super::transfer::{
    StartError, Transfer, TransferResources, TransferThreads, draw_token, hopeless,
};
use crate::lab::journal::Side;
use crate::reliable::moment::Moment;
use crate::server::digests::Wanted;
use crate::server::folder::Version;
use crate::transfer::Job;
use crate::transfer::sending::{self, Asker};
use crate::wire::digest::Digest;
use crate::wire::message::Early;
use std::fs::File;

impl Transfer {
    /// From a free port to a running sender and an offer.
    pub(super) fn start_download(
        &mut self,
        number: u64,
        port: u16,
        resources: &mut TransferResources,
        now: Moment,
    ) -> Result<(), StartError> {
        let (outlet, offered) = self.open_outlet(port)?;
        let (file, version) = self.open_file(resources)?;
        let (digest, awaited_digest) = self.find_digest(version, resources)?;
        let told = version.told(digest);
        let offset = self.prefix.map_or(0, |prefix| prefix.granted(&told));
        let drawn = draw_token()?;
        let early = self.early.and_then(Early::plausible);
        let job = Job {
            chat_round_trip: early.map(|(_, round_trip)| round_trip),
            ..self.job(number, drawn, [version.size, offset], resources)
        };
        let offer = self.offer(&job, drawn, offered, told);
        let report = resources.reporter(&job, Side::Sender);
        let asker = Asker {
            address: self.peer.remote.ip(),
            port: early.map(|(port, _)| port),
        };
        let sending = sending::start(job, file, digest, outlet, asker, report)
            .map_err(|error| hopeless("cannot start this transfer", &error))?;
        let threads = TransferThreads::Sending {
            sending,
            version,
            awaited_digest,
        };
        self.run(port, offer, threads, now);
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
