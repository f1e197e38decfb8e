//! The downloads of all clients: asked for, queued, running, ended.
//!
//! ```text
//! download --> checked --> Queued --a port is free--> Running --> ended
//!                 |          | cancel, gone              |
//!                 v error    v                           v offer, transfer...
//! ```
//!
//! A request is checked before it waits, so that nobody waits for a file that is not
//! there, and the file is opened again when its turn comes, so that a queue holds no
//! descriptors. Everything here runs on the `transfers` thread.
//!
//! Source: report page `wire` (`download`, `offer`, `transfer`).

use super::Config;
use super::digests::{Digests, Hashed, Work};
use super::download::{Download, Stage, StartError, Supplies};
use super::folder::{Folder, Version};
use super::peer::Peer;
use super::ports::Ports;
use super::transfers::Event;
use crate::room::ClientNumber;
use crate::shelf::FileName;
use crate::transfer::Report;
use crate::wire::message::{
    Code, Complaint, DownloadRequest, FileEntry, Reply, TransferState,
};
use crate::wire::options::Settled;
use crossbeam_channel::Sender;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the `transfers` thread owns.
pub(super) struct Downloads {
    defaults: Settled,
    supplies: Supplies,
    ports: Ports,
    all: BTreeMap<u64, Download>,
    last_number: u64,
}

/// Most transfers of one client at once, queued ones included.
const TRANSFERS_PER_CLIENT: usize = 16;

impl Downloads {
    pub(super) fn new(
        config: &Config,
        folder: Folder,
        work: Sender<Work>,
        events: Sender<Event>,
    ) -> Self {
        Self {
            defaults: config.defaults,
            supplies: Supplies {
                scenario: config.scenario.clone(),
                folder,
                digests: Digests::new(work),
                events,
            },
            ports: Ports::new(config.ports),
            all: BTreeMap::new(),
            last_number: 0,
        }
    }

    /// `files`: what is on offer.
    pub(super) fn on_list(&self, peer: &Peer) {
        let files = match self.supplies.folder.list() {
            Ok(files) => files,
            Err(error) => {
                log::error!("cannot list the files: {error}");
                let sentence = "The server cannot read its folder. Ask who runs it.";
                complain(peer, Code::Unreadable, sentence.to_owned(), None);
                return;
            }
        };
        let entry = |(name, version): (FileName, Version)| FileEntry {
            digest: self.supplies.digests.known(&name, version),
            name: name.to_string(),
            size: version.size,
        };
        for reply in Reply::files(files.into_iter().map(entry).collect()) {
            peer.tell(&reply);
        }
    }

    /// `download`: checked at once, served when a port is free.
    pub(super) fn on_download(&mut self, peer: Arc<Peer>, request: &DownloadRequest) {
        let (name, settled) = match self.check(&peer, request) {
            Ok(checked) => checked,
            Err((code, sentence)) => {
                complain(&peer, code, sentence, request.tag);
                return;
            }
        };
        self.last_number += 1;
        let number = self.last_number;
        let download = Download {
            peer,
            tag: request.tag,
            name,
            settled,
            prefix: request.prefix,
            stage: Stage::Queued { told_place: 0 },
        };
        self.all.insert(number, download);
        self.ports.wait(number);
        self.serve_queue();
    }

    /// `cancel`: of one's own transfers only.
    pub(super) fn on_cancel(&mut self, peer: &Peer, number: u64) {
        let is_own = |download: &&Download| download.peer.number == peer.number;
        let Some(download) = self.all.get(&number).filter(is_own) else {
            let sentence = format!("No transfer of yours has the number {number}.");
            complain(peer, Code::NoSuchTransfer, sentence, None);
            return;
        };
        match &download.stage {
            // It reports its end, and what follows from that follows there.
            Stage::Running { sending, .. } => sending.cancel(),
            Stage::Queued { .. } => {
                self.end_queued(number, TransferState::Cancelled, None);
                self.serve_queue();
            }
        }
    }

    /// `transfer`: the receiver says how it ended. A transfer that has ended on this side
    /// too is no error: the FIN-ACK was faster.
    pub(super) fn on_verdict(&self, peer: &Peer, number: u64, state: TransferState) {
        match state {
            TransferState::Verified | TransferState::Damaged => {}
            TransferState::Queued
            | TransferState::Opening
            | TransferState::Sending
            | TransferState::Failed
            | TransferState::Unknown
            | TransferState::Cancelled => {
                let sentence = "A receiver may say verified or damaged, no more.";
                complain(peer, Code::BadRequest, sentence.to_owned(), None);
                return;
            }
        }
        let own = self.all.get(&number);
        let own = own.filter(|download| download.peer.number == peer.number);
        if let Some(Stage::Running { sending, .. }) = own.map(|download| &download.stage)
        {
            sending.verdict(state);
        }
    }

    /// A client is gone, and nobody is left to receive.
    pub(super) fn on_gone(&mut self, client: ClientNumber) {
        let is_theirs = |download: &Download| download.peer.number == client;
        for download in self.all.values().filter(|download| is_theirs(download)) {
            if let Stage::Running { sending, .. } = &download.stage {
                sending.cancel();
            }
        }
        self.drop_queued(is_theirs);
        self.serve_queue();
    }

    /// How a transfer goes; in the end its port serves the next in line.
    pub(super) fn on_report(&mut self, number: u64, report: Report) {
        match report {
            Report::Progress(state, figures) => {
                if let Some(download) = self.all.get(&number) {
                    let mut news = download.news(number, state);
                    news.progress = Some(figures.progress);
                    download.peer.tell(&Reply::Transfer(news));
                }
            }
            Report::Ended(ending) => {
                let Some(download) = self.all.remove(&number) else {
                    return;
                };
                download.log_end(number, &ending);
                let mut news = download.news(number, ending.state);
                news.progress = Some(ending.figures.progress);
                news.sentence = ending.sentence;
                download.peer.tell(&Reply::Transfer(news));
                if let Stage::Running { port, .. } = download.stage {
                    self.ports.release(port);
                }
                self.serve_queue();
            }
        }
    }

    /// A digest is known now, or never will be: whoever waits for it hears of it.
    pub(super) fn on_hashed(&mut self, hashed: &Hashed) {
        self.supplies.digests.on_hashed(hashed);
        for download in self.all.values_mut() {
            let Stage::Running {
                sending,
                version,
                needs_digest,
                ..
            } = &mut download.stage
            else {
                continue;
            };
            let is_this = download.name == hashed.name && *version == hashed.version;
            if is_this && std::mem::take(needs_digest) {
                match &hashed.result {
                    Ok(digest) => sending.digest(*digest),
                    Err(sentence) => sending.fail(sentence.clone()),
                }
            }
        }
    }

    /// Ports that other programs held may be free by now.
    pub(super) fn retry_ports(&mut self) {
        self.ports.retry();
        self.serve_queue();
    }

    /// Ends everything; the running ones report it.
    pub(super) fn cancel_all(&mut self) {
        for download in self.all.values() {
            if let Stage::Running { sending, .. } = &download.stage {
                sending.cancel();
            }
        }
        self.drop_queued(|_| true);
    }

    /// Whether any transfer has not ended.
    pub(super) fn are_running(&self) -> bool {
        !self.all.is_empty()
    }

    fn check(
        &self,
        peer: &Peer,
        request: &DownloadRequest,
    ) -> Result<(FileName, Settled), (Code, String)> {
        let own = self.all.values();
        let own = own.filter(|download| download.peer.number == peer.number);
        if own.count() >= TRANSFERS_PER_CLIENT {
            let sentence = format!(
                "You have {TRANSFERS_PER_CLIENT} transfers already. Wait for one, or cancel one."
            );
            return Err((Code::TooManyTransfers, sentence));
        }
        let settled = request.asked.settle(&self.defaults).map_err(|error| {
            (Code::BadOption, format!("This cannot be done: {error}."))
        })?;
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

    /// Gives ports to the first in line, and tells the rest where they stand.
    fn serve_queue(&mut self) {
        while let Some((number, port)) = self.ports.next() {
            let Some(download) = self.all.get_mut(&number) else {
                self.ports.release(port);
                continue;
            };
            match download.start(number, port, &mut self.supplies) {
                Ok(()) => {}
                Err(StartError::PortHeld) => {
                    log::debug!("port {port} passed over: another program holds it");
                    self.ports.pass_over(number, port);
                }
                Err(StartError::Hopeless(sentence)) => {
                    log::warn!("transfer {number} did not start: {sentence}");
                    self.ports.release(port);
                    self.end_queued(number, TransferState::Failed, Some(sentence));
                }
            }
        }
        for (number, place) in self.ports.places() {
            let Some(download) = self.all.get_mut(&number) else {
                continue;
            };
            download.tell_place(number, place);
        }
    }

    /// A download that never started ends.
    fn end_queued(
        &mut self,
        number: u64,
        state: TransferState,
        sentence: Option<String>,
    ) {
        self.ports.leave(number);
        if let Some(download) = self.all.remove(&number) {
            let mut news = download.news(number, state);
            news.sentence = sentence;
            download.peer.tell(&Reply::Transfer(news));
        }
    }

    /// Takes queued downloads out of the line without a word.
    fn drop_queued(&mut self, is_meant: impl Fn(&Download) -> bool) {
        let Self { all, ports, .. } = self;
        all.retain(|number, download| {
            let drop =
                matches!(download.stage, Stage::Queued { .. }) && is_meant(download);
            if drop {
                ports.leave(*number);
            }
            !drop
        });
    }
}

fn complain(peer: &Peer, code: Code, sentence: String, tag: Option<u64>) {
    peer.tell(&Reply::Error(Complaint {
        code,
        sentence,
        tag,
    }));
}
