//! The queue of transfers that wait for a port.

use super::Transfers;
use super::transfer::{StartError, Transfer, TransferPhase};
use crate::wire::message::{Reply, TransferState};

impl Transfers {
    pub(super) fn queue(&mut self, mut transfer: Transfer) {
        self.last_number += 1;
        let number = self.last_number;
        match transfer.awaits {
            None => self.ports.wait(number, transfer.user()),
            Some(_) => transfer.notify_queue_place(number, 1),
        }
        self.all.insert(number, transfer);
        self.serve_queue();
        // The others learn their new places at the next tick, because a long queue has
        // many.
        if let Some(place) = self.ports.place(number)
            && let Some(transfer) = self.all.get_mut(&number)
        {
            transfer.notify_queue_place(number, place);
        }
    }

    /// Gives ports to those whose turn it is.
    pub(super) fn serve_queue(&mut self) {
        while let Some((number, port)) = self.ports.next() {
            let now = self.clock.now();
            let Some(transfer) = self.all.get_mut(&number) else {
                self.ports.release(number, port);
                continue;
            };
            let address = transfer.address();
            let early = transfer.early.filter(|it| it.plausible().is_some());
            transfer.early = early.filter(|_| self.unanswered.may_begin(address, now));
            let resources = &mut self.resources;
            let started = match transfer.upload.clone() {
                None => transfer.start_download(number, port, resources, now),
                Some(upload) => {
                    transfer.start_upload(number, port, &upload, resources, now)
                }
            };
            match started {
                Ok(()) => {}
                Err(StartError::PortHeld) => {
                    log::debug!("skipped port {port}: another program uses it");
                    self.ports.pass_over(number, port);
                }
                Err(StartError::Hopeless(sentence)) => {
                    log::warn!("transfer {number} did not start: {sentence}");
                    self.ports.release(number, port);
                    self.end_queued(number, TransferState::Failed, Some(sentence));
                }
            }
        }
    }

    /// A client has answered for the first time.
    pub(super) fn note_answer(&mut self, number: u64) {
        if let Some(transfer) = self.all.get_mut(&number)
            && transfer.early.take().is_some()
        {
            self.unanswered.answered(transfer.address());
        }
    }

    /// An upload has released its part: transfers that continue from it may get a port.
    pub(super) fn wake_resuming(&mut self, number: u64) {
        let heirs = self.all.iter_mut();
        let heirs = heirs.filter(|(_, heir)| heir.awaits == Some(number));
        for (heir, transfer) in heirs {
            transfer.awaits = None;
            self.ports.wait(*heir, transfer.user());
        }
        self.serve_queue();
    }

    /// Reports their places to the waiting clients.
    pub(super) fn notify_queue_places(&mut self) {
        for (number, place) in self.ports.places() {
            let Some(transfer) = self.all.get_mut(&number) else {
                continue;
            };
            transfer.notify_queue_place(number, place);
        }
    }

    /// Ends a transfer that never started.
    pub(super) fn end_queued(
        &mut self,
        number: u64,
        state: TransferState,
        sentence: Option<String>,
    ) {
        self.ports.leave(number);
        if let Some(transfer) = self.all.remove(&number) {
            self.give_back(&transfer);
            let mut news = transfer.news(number, state);
            news.sentence = sentence;
            transfer.peer.tell(&Reply::Transfer(news));
        }
    }

    /// Removes queued transfers without a message.
    pub(super) fn drop_queued(&mut self, is_meant: impl Fn(&Transfer) -> bool) {
        let queued = self.all.iter().filter(|(_, transfer)| {
            matches!(transfer.phase, TransferPhase::Queued { .. }) && is_meant(transfer)
        });
        let numbers: Vec<u64> = queued.map(|(number, _)| *number).collect();
        for number in numbers {
            self.ports.leave(number);
            if let Some(transfer) = self.all.remove(&number) {
                self.give_back(&transfer);
            }
        }
    }
}
