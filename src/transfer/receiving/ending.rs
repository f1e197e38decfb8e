//! The end of a receiver: verifies the digest, gives the file its final name, and
//! reports.
//!
//! ```text
//!   FIN --finish--> digest --the same-----> keep -----> FIN-ACK verified
//!                          --another one--> discard --> FIN-ACK damaged
//! ```
//!
//! Source: report chapter `reliable/connection`.

use super::super::disk::{self, DiskReply};
use super::super::{Ending, Report, WAKE_INTERVAL, verdict};
use super::ReceiverDriver;
use crate::reliable::connection::Outcome;
use crate::wire::digest::Digest;
use crate::wire::message::TransferState;
use crate::wire::packet::Reset;
use std::fs;
use std::path::PathBuf;

/// The state of the last check.
#[derive(Debug)]
pub(super) enum Verification {
    NotYet,
    /// The disk was asked for the digest.
    RequestedOptions,
    /// The disk was asked to give the file its name, or to delete the part.
    Settling(Digest),
    Done {
        digest: Option<Digest>,
        path: Option<PathBuf>,
        /// The report about a complete file.
        remark: Option<String>,
        failure: Option<String>,
    },
}

impl<R: FnMut(Report)> ReceiverDriver<R> {
    /// Continues the last check as far as possible without waiting.
    pub(super) fn verify(&mut self) {
        if self.is_admitted
            && self.connection.claimed_digest().is_some()
            && matches!(self.verification, Verification::NotYet)
        {
            self.flush();
            if self.bytes.backlog() == 0 {
                self.disk.finish();
                self.verification = Verification::RequestedOptions;
            }
        }
        if let Some(answer) = self.disk.answer() {
            self.take_answer(answer);
        }
    }

    pub(super) fn take_answer(&mut self, answer: DiskReply) {
        match (answer, &self.verification) {
            (DiskReply::Digest(digest), _) => {
                if self.connection.claimed_digest() == Some(digest) {
                    self.disk.keep();
                } else {
                    self.disk.discard();
                }
                self.verification = Verification::Settling(digest);
            }
            (DiskReply::Kept(path), Verification::Settling(digest)) => {
                self.conclude(*digest, true, Some(path), None);
            }
            (DiskReply::Skipped(path), Verification::Settling(digest)) => {
                self.conclude(*digest, true, None, Some(disk::skipped(&path)));
            }
            (DiskReply::Discarded, Verification::Settling(digest)) => {
                self.conclude(*digest, false, None, None);
            }
            (DiskReply::Kept(_) | DiskReply::Skipped(_) | DiskReply::Discarded, _) => (),
            (DiskReply::Failed(error), _) => {
                self.fail(&disk::sentence(&error));
            }
        }
    }

    pub(super) fn is_settling(&self) -> bool {
        matches!(self.verification, Verification::Settling(_))
    }

    /// The disk has finished; FIN-ACK may report it.
    fn conclude(
        &mut self,
        digest: Digest,
        is_verified: bool,
        path: Option<PathBuf>,
        remark: Option<String>,
    ) {
        self.connection.set_verdict(is_verified, self.clock.now());
        self.verification = Verification::Done {
            digest: Some(digest),
            path,
            remark,
            failure: None,
        };
    }

    /// This side cannot continue.
    pub(super) fn fail(&mut self, sentence: &str) {
        if matches!(self.verification, Verification::Done { .. }) {
            return; // The file is complete, whatever happens to the last packets.
        }
        let failure = Some(sentence.to_owned());
        self.verification = Verification::Done {
            digest: None,
            path: None,
            remark: None,
            failure,
        };
        self.connection.reset(Reset::DiskFailed);
    }

    /// Reports the outcome once. With a verdict the disk has finished already, and the
    /// state machine may linger. Without one the part is released first, because a client
    /// that reads `failed` or `cancelled` may request the rest at once.
    pub(super) fn report_end(&mut self, is_over: bool) {
        if std::mem::replace(&mut self.has_reported_end, true) {
            return;
        }
        while self.is_settling() {
            if let Some(answer) = self.disk.answer_within(WAKE_INTERVAL) {
                self.take_answer(answer);
            }
        }
        let outcome = match (self.connection.verdict(), self.connection.outcome()) {
            (Some(true), _) => Outcome::Verified,
            (Some(false), _) => Outcome::Damaged,
            (None, outcome) => outcome.unwrap_or(Outcome::Unknown),
        };
        let (mut state, sentence) = verdict(outcome);
        let mut sentence = self.packet_output.last_error().explain(outcome, sentence);
        let (mut path, mut digest) = (None, None);
        let verification = std::mem::replace(
            &mut self.verification,
            Verification::Done {
                digest: None,
                path: None,
                remark: None,
                failure: None,
            },
        );
        if let Verification::Done {
            digest: is,
            path: at,
            remark,
            failure,
        } = verification
        {
            (path, digest) = (at, is);
            sentence = sentence.or(remark);
            if failure.is_some() {
                (state, sentence) = (TransferState::Failed, failure);
            }
        }
        if state != TransferState::Verified
            && let Some(path) = path.take()
        {
            // It ended while the disk was giving it a name that it must not have.
            let _ = fs::remove_file(path);
        }
        self.bytes.flush(&self.disk);
        if is_over {
            self.disk.end();
        }
        self.report_events(true); // A program that receives the end may exit.
        let (figures, elapsed) = (self.figures(), self.clock.now().since_start());
        (self.report)(Report::Ended(Ending {
            state,
            sentence,
            figures,
            elapsed,
            path,
            digest,
        }));
    }
}
