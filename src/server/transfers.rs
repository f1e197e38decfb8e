//! The transfers of all clients, in both directions: requested, queued, running, ended.
//!
//! ```text
//! download --> checked --> Queued --a port is free--> Running --> ended
//!                 |          | cancel, gone              |
//!                 v error    v                           v offer, transfer...
//! ```
//!
//! If others wait for a port, a transfer without progress is interrupted after a while, and
//! one that moves after its turn. Its partial file stays, and it can be resumed.
//!
//! A request is checked before it waits, so that nobody waits for a file that does not
//! exist. The file is opened again at its turn, so that a queue needs no descriptors.
//! Everything here runs on the `transfers` thread.
//!
//! | module | is |
//! | --- | --- |
//! | `thread` | the `transfers` thread: processes its messages one after the other |
//! | `transfer` | one transfer and its stages |
//! | `download`, `upload` | the start of a transfer in each direction, and the end of an upload |
//! | `checks` | the checks before a transfer may wait for a port |
//! | [`upload_limits`] | the upload limits, and the used part of them |
//! | `queue` | from a request to a free port |
//! | `round_robin` | ports that pass on to users who wait |
//! | `standing` | the progress of a running transfer |
//! | `unanswered` | limits the DATA for ports that nothing came from |
//! | `half_closed` | clients that send no more requests and wait for their transfers |
//! | `listing` | the list of files, made once for many requests |
//!
//! Source: report page `wire` (`download`, `offer`, `transfer`).

mod checks;
mod download;
mod half_closed;
mod listing;
mod queue;
mod round_robin;
mod standing;
pub(super) mod thread;
mod transfer;
mod unanswered;
mod upload;
pub mod upload_limits;

use super::Config;
use super::digests::Digests;
use super::folder::Folder;
use super::kept::Kept;
use super::messages::{HashWork, Hashed, RoomMessage, TransfersMessage};
use super::peer::{Budget, Peer};
use super::ports::Ports;
use crate::reliable::moment::Moment;
use crate::room::ClientNumber;
use crate::transfer::clock::{Clock, wall_time_ms};
use crate::transfer::{Ending, Report, verdict_of};
use crate::wire::message::{
    Code, Complaint, DownloadRequest, FileEntry, Reply, TransferState, UploadRequest,
};
use crate::wire::options::NegotiatedOptions;
use crate::wire::version::FileVersion;
use crossbeam_channel::Sender;
use listing::Listing;
use round_robin::Interruptions;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use transfer::{
    BrokenOff, Transfer, TransferPhase, TransferResources, TransferThreads, Upload,
};
use unanswered::Unanswered;
use upload_limits::Allowance;

/// The state of the `transfers` thread.
pub(super) struct Transfers {
    defaults: NegotiatedOptions,
    resources: TransferResources,
    ports: Ports,
    allowance: Allowance,
    /// The channel for news to all users.
    room: Sender<RoomMessage>,
    all: BTreeMap<u64, Transfer>,
    /// The clients that have closed their half of the chat connection and wait for their
    /// transfers.
    finished: BTreeMap<ClientNumber, Arc<Peer>>,
    last_number: u64,
    budget: Arc<Budget>,
    interruptions: Interruptions,
    unanswered: Unanswered,
    /// The earliest time at which a turn may end.
    next_turn: Moment,
    clock: Clock,
    /// The offered files, as last listed.
    listing: Option<Listing>,
    ticks: u32,
    /// Whether the server is closing: no transfer starts any more.
    is_closing: bool,
    /// The thread that waits until all running transfers have ended.
    ended: Option<Sender<()>>,
}

/// Partial files are checked once in this many ticks.
const TICKS_PER_SWEEP: u32 = 4;

impl Transfers {
    pub(super) fn new(
        config: &Config,
        folder: Folder,
        work: Sender<HashWork>,
        events: Sender<TransfersMessage>,
        room: Sender<RoomMessage>,
        budget: Arc<Budget>,
    ) -> Self {
        let kept = Kept::new(folder.path());
        kept.sweep(wall_time_ms());
        Self {
            allowance: Allowance::new(config.uploads),
            room,
            defaults: config.defaults,
            resources: TransferResources {
                journals: config.journals.clone(),
                tap: config.tap.clone(),
                scenario: config.scenario.clone(),
                is_offloading: config.is_offloading,
                folder,
                digests: Digests::new(work),
                kept,
                events,
            },
            ports: Ports::new(config.ports),
            all: BTreeMap::new(),
            finished: BTreeMap::new(),
            last_number: 0,
            budget,
            interruptions: Interruptions::default(),
            unanswered: Unanswered::default(),
            next_turn: Moment::START,
            clock: Clock::start(),
            listing: None,
            ticks: 0,
            is_closing: false,
            ended: None,
        }
    }

    /// `download`: checked at once, served when a port is free.
    pub(super) fn on_download(&mut self, peer: Arc<Peer>, request: &DownloadRequest) {
        if self.is_closing {
            let sentence = CLOSING.to_owned();
            return complain(&peer, Code::Closing, sentence, request.tag);
        }
        let (name, settled) = match self.check(&peer, request) {
            Ok(checked) => checked,
            Err((code, sentence)) => {
                complain(&peer, code, sentence, request.tag);
                return;
            }
        };
        self.queue(Transfer {
            peer,
            tag: request.tag,
            name,
            settled,
            upload: None,
            prefix: request.prefix,
            early: request.early,
            is_leaving: false,
            awaits: None,
            broken_off: None,
            phase: TransferPhase::Queued { notified_place: 0 },
        });
    }

    /// `upload`: the same, the other way.
    pub(super) fn on_upload(
        &mut self,
        peer: Arc<Peer>,
        from: String,
        request: &UploadRequest,
    ) {
        if self.is_closing {
            let sentence = CLOSING.to_owned();
            return complain(&peer, Code::Closing, sentence, request.tag);
        }
        let (name, settled) = match self.check_upload(&peer, &from, request) {
            Ok(checked) => checked,
            Err((code, sentence)) => {
                complain(&peer, code, sentence, request.tag);
                return;
            }
        };
        let version = told_version(request);
        let mut running = self.all.iter_mut();
        let earlier =
            running.find(|(_, it)| it.gives_way_to(&peer, &from, &name, &version));
        let awaits = earlier.map(|(number, earlier)| {
            earlier.cancel();
            *number
        });
        self.queue(Transfer {
            peer,
            tag: request.tag,
            name,
            settled,
            upload: Some(Upload {
                from,
                version,
                has_taken: false,
                offset: 0,
            }),
            prefix: None,
            early: None,
            is_leaving: false,
            awaits,
            broken_off: None,
            phase: TransferPhase::Queued { notified_place: 0 },
        });
    }

    /// `cancel`: of one's own transfers only.
    pub(super) fn on_cancel(&mut self, peer: &Peer, number: u64) {
        let Some(transfer) = self.own(peer, number) else {
            return;
        };
        match &transfer.phase {
            // It reports its end, which is processed there.
            TransferPhase::Running { .. } | TransferPhase::Lingering { .. } => {
                transfer.cancel();
            }
            TransferPhase::Queued { .. } => {
                self.end_queued(number, TransferState::Cancelled, None);
                self.serve_queue();
            }
        }
    }

    /// `pause` and `resume`.
    pub(super) fn on_pause(&mut self, peer: &Peer, number: u64, is_paused: bool) {
        let Some(transfer) = self.own(peer, number) else {
            return;
        };
        match &transfer.phase {
            TransferPhase::Running { threads, .. } => threads.set_paused(is_paused),
            TransferPhase::Lingering { .. } => {}
            TransferPhase::Queued { .. } => {
                let sentence = "This transfer has not started yet. Wait, or cancel it.";
                complain(peer, Code::BadRequest, sentence.to_owned(), None);
            }
        }
    }

    /// The transfer of this client with that number; otherwise the client gets an error.
    fn own(&mut self, peer: &Peer, number: u64) -> Option<&mut Transfer> {
        let own = self.all.get_mut(&number);
        let own = own.filter(|transfer| transfer.peer.number == peer.number);
        if own.is_none() {
            let sentence = format!("You have no transfer {number}.");
            complain(peer, Code::NoSuchTransfer, sentence, None);
        }
        own
    }

    /// `transfer`: the verdict of the client, for which a sender waits, and which ends a
    /// receiver's lingering. If the transfer has already ended here, this is no error:
    /// the FIN-ACK was faster.
    pub(super) fn on_verdict(&self, peer: &Peer, number: u64, state: TransferState) {
        if verdict_of(state).is_none() {
            let sentence = "The state must be verified or damaged.";
            return complain(peer, Code::BadRequest, sentence.to_owned(), None);
        }
        let own = self.all.get(&number);
        let own = own.filter(|transfer| transfer.peer.number == peer.number);
        match own.map(|transfer| &transfer.phase) {
            Some(TransferPhase::Running {
                threads: TransferThreads::Sending { sending, .. },
                ..
            }) => sending.verdict(state),
            Some(TransferPhase::Lingering { receiving, .. }) => receiving.release(),
            Some(TransferPhase::Running { .. } | TransferPhase::Queued { .. }) | None => {
            }
        }
    }

    /// A client has left: cancels its transfers.
    pub(super) fn on_gone(&mut self, client: ClientNumber) {
        self.dismiss(client);
        let is_theirs = |transfer: &Transfer| transfer.peer.number == client;
        for transfer in self.all.values_mut().filter(|transfer| is_theirs(transfer)) {
            transfer.cancel();
        }
        self.drop_queued(is_theirs);
        self.ports.forget(client);
        self.interruptions.forget(client);
        self.serve_queue();
    }

    /// A report of a transfer; at its end the next one gets the port.
    pub(super) fn on_report(&mut self, number: u64, report: Report) {
        match report {
            Report::Progress(state, figures) => {
                let now = self.clock.now();
                if let Some(transfer) = self.all.get_mut(&number) {
                    transfer.note_progress(state, figures.progress.acked_bytes, now);
                    if transfer.broken_off.is_some() {
                        return; // The client knows its end.
                    }
                    let mut news = transfer.news(number, state);
                    news.progress = Some(figures.progress);
                    transfer.peer.tell(&Reply::Transfer(news));
                }
                if matches!(state, TransferState::Sending | TransferState::Paused) {
                    self.note_answer(number);
                    self.settle_opened(number);
                }
            }
            Report::Ended(ending) => self.on_ended(number, ending),
            Report::Closed => self.on_closed(number),
            // The journal has recorded the one; the other is not used here.
            Report::Happened(_) | Report::Killed(..) => {}
        }
    }

    /// A sender has ended by now. A receiver lingers: its port stays in use.
    fn on_ended(&mut self, number: u64, mut ending: Ending) {
        if matches!(
            ending.state,
            TransferState::Verified | TransferState::Damaged
        ) {
            self.note_answer(number);
        }
        let Some(mut transfer) = self.all.remove(&number) else {
            return;
        };
        let broken_off = transfer.broken_off.take();
        if let Some(BrokenOff::Failed(sentence)) = &broken_off
            && ending.state != TransferState::Verified
        {
            ending.state = TransferState::Failed;
            ending.sentence = Some(sentence.clone());
        }
        transfer.log_end(number, &ending);
        let news = (broken_off != Some(BrokenOff::Interrupted)).then(|| {
            let mut news = transfer.news(number, ending.state);
            news.progress = Some(ending.figures.progress);
            news.sentence.clone_from(&ending.sentence);
            Reply::Transfer(news)
        });
        let peer = transfer.peer.clone();
        let tell = || news.into_iter().for_each(|news| peer.tell(&news));
        match transfer.phase {
            TransferPhase::Running {
                port,
                threads: TransferThreads::Sending { version, .. },
                ..
            } => {
                // The client has received all of it: this costs as much as a new digest.
                if ending.state == TransferState::Damaged && transfer.prefix.is_none() {
                    self.resources.digests.doubt(&transfer.name, version);
                }
                self.ports.release(number, port);
                tell();
                self.serve_queue();
            }
            TransferPhase::Running {
                port,
                threads: TransferThreads::Receiving(receiving),
                ..
            } => {
                transfer.phase = TransferPhase::Lingering { port, receiving };
                let shared = self.settle_upload(&transfer, ending, broken_off.as_ref());
                tell(); // Its end is reported after its parts and limits are updated.
                if let Some(shared) = shared {
                    let _ = self.room.send(shared); // An error: the server has ended.
                }
                self.all.insert(number, transfer);
                self.wake_resuming(number);
            }
            TransferPhase::Queued { .. } | TransferPhase::Lingering { .. } => tell(),
        }
    }

    /// An upload is now an offered file, which the room announces, or has left nothing.
    fn settle_upload(
        &mut self,
        transfer: &Transfer,
        ending: Ending,
        broken_off: Option<&BrokenOff>,
    ) -> Option<RoomMessage> {
        let shared = upload::find_shared(&mut self.resources.folder, ending);
        let Some((name, version, digest)) = shared else {
            let is_denied = matches!(broken_off, Some(BrokenOff::Failed(_)));
            if let Some(upload) = transfer.upload.as_ref().filter(|_| is_denied)
                && upload.offset == 0
            {
                // There is no space for it, nor for what has arrived meanwhile.
                let Upload { version, from, .. } = upload;
                self.resources.kept.discard(&transfer.name, version, from);
            }
            self.give_back(transfer);
            return None;
        };
        if let Some(upload) = &transfer.upload {
            self.allowance.keep(&upload.from, upload.version.size);
        }
        self.listing = None;
        self.resources.digests.learn(&name, version, digest);
        let file = FileEntry {
            name: name.to_string(),
            size: version.size,
            digest: Some(digest),
        };
        let from = transfer.upload.as_ref().map(|it| it.from.clone());
        let from = from.unwrap_or_default();
        Some(RoomMessage::Shared { from, file })
    }

    /// Releases the limits of an upload that left no part.
    fn give_back(&mut self, transfer: &Transfer) {
        if let Some(upload) = transfer.upload.as_ref().filter(|it| it.has_taken) {
            self.allowance.give_back(&upload.from, upload.version.size);
        }
    }

    /// A receiver's threads and socket have ended.
    fn on_closed(&mut self, number: u64) {
        if let Some(TransferPhase::Lingering { port, .. }) =
            self.all.remove(&number).map(|transfer| transfer.phase)
        {
            self.ports.release(number, port);
        }
        self.serve_queue();
    }

    /// A digest was computed, or could not be: informs the transfers that wait for it.
    pub(super) fn on_hashed(&mut self, hashed: &Hashed) {
        self.resources.digests.on_hashed(hashed);
        self.listing = None;
        for transfer in self.all.values_mut() {
            let TransferPhase::Running {
                threads:
                    TransferThreads::Sending {
                        sending,
                        version,
                        awaited_digest,
                    },
                ..
            } = &mut transfer.phase
            else {
                continue;
            };
            let is_this = transfer.name == hashed.name && *version == hashed.version;
            if is_this && awaited_digest.take().is_some() {
                match &hashed.result {
                    Ok(digest) => sending.digest(*digest),
                    Err(sentence) => sending.fail(sentence.clone()),
                }
            }
        }
    }

    /// Ports that other programs used may be free now, and kept parts may be too old.
    pub(super) fn on_tick(&mut self) {
        self.ports.retry();
        self.serve_queue();
        // If it is missing, the log reports it, and clients that ask are told.
        let _ = self.resources.folder.follow();
        self.notify_queue_places();
        self.ticks += 1;
        if self.ticks.is_multiple_of(TICKS_PER_SWEEP) {
            self.resources.kept.sweep(wall_time_ms());
        }
    }

    /// The server is closing: no transfer starts any more, and running ones have this
    /// much time to end.
    pub(super) fn drain(&mut self, grace: Duration, ended: Sender<()>) {
        let queued = self.all.iter();
        let queued =
            queued.filter(|(_, it)| matches!(it.phase, TransferPhase::Queued { .. }));
        let queued: Vec<u64> = queued.map(|(number, _)| *number).collect();
        for number in queued {
            let sentence = Some(CLOSING.to_owned());
            self.end_queued(number, TransferState::Failed, sentence);
        }
        self.is_closing = true;
        let count = self.count_running();
        self.ended = Some(ended).filter(|_| count > 0);
        let text = match count {
            0 => "The server is closing.".to_owned(),
            _ => thread::closing(count, grace),
        };
        let _ = self.room.send(RoomMessage::Announced { text });
    }

    /// Reports to the waiting thread that nothing runs any more.
    pub(super) fn look_whether_drained(&mut self) {
        if self.count_running() == 0
            && let Some(ended) = self.ended.take()
        {
            let _ = ended.try_send(()); // An error: their time was over.
        }
    }

    fn count_running(&self) -> usize {
        let is_running =
            |it: &&Transfer| matches!(it.phase, TransferPhase::Running { .. });
        self.all.values().filter(is_running).count()
    }

    /// Ends all transfers; the running ones report it.
    pub(super) fn cancel_all(&mut self) {
        for transfer in self.all.values_mut() {
            transfer.cancel();
        }
        self.drop_queued(|_| true);
        for (_, peer) in std::mem::take(&mut self.finished) {
            peer.cut("the server is closing");
        }
    }

    /// Whether any transfer has not ended.
    pub(super) fn are_running(&self) -> bool {
        !self.all.is_empty()
    }
}

/// The reason why no transfer starts any more.
const CLOSING: &str = "The server is closing. Try again when it is back.";

/// The client's report about its file.
const fn told_version(request: &UploadRequest) -> FileVersion {
    FileVersion {
        size: request.size,
        modified: request.modified,
        digest: request.digest,
    }
}

fn complain(peer: &Peer, code: Code, sentence: String, tag: Option<u64>) {
    peer.tell(&Reply::Error(Complaint {
        code,
        sentence,
        tag,
    }));
}
