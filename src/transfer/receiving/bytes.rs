//! The bytes of a receiver on their way from the socket to the disk.
//!
//! ```text
//!   number == in_order  --> chunk --128 KiB, or nothing comes--> disk-3
//!   number >  in_order  --> early, by number, until its turn
//! ```

use super::super::disk::{CHUNK_BYTES, Disk};
use std::collections::BTreeMap;

/// The bytes that have arrived and are not at the disk yet.
pub(super) struct Bytes {
    /// By segment index.
    early: BTreeMap<u32, Vec<u8>>,
    /// Segments that are in order.
    in_order: u32,
    /// What is there of the file. Unit: bytes.
    done: u64,
    /// In order, to be handed to the disk.
    chunk: Vec<u8>,
}

impl Bytes {
    /// The first segment begins at `offset`.
    pub(super) const fn from(offset: u64) -> Self {
        Self {
            early: BTreeMap::new(),
            in_order: 0,
            done: offset,
            chunk: Vec::new(),
        }
    }

    /// Keeps a segment that the machine wants.
    pub(super) fn keep(&mut self, number: u32, payload: &[u8]) {
        if number == self.in_order {
            self.append(payload);
        } else {
            self.early.insert(number, payload.to_vec());
        }
    }

    /// Moves what has come in order behind the rest.
    pub(super) fn advance(&mut self, in_order: u32) {
        while self.in_order < in_order
            && let Some(payload) = self.early.remove(&self.in_order)
        {
            self.append(&payload);
        }
    }

    fn append(&mut self, payload: &[u8]) {
        self.chunk.extend_from_slice(payload);
        self.in_order += 1;
        self.done += payload.len() as u64;
    }

    /// File bytes that are there in order, those of an earlier download among them.
    pub(super) const fn done(&self) -> u64 {
        self.done
    }

    /// Hands what is in order to the disk, if there is enough to be worth a message.
    pub(super) fn flush_when_full(&mut self, disk: &Disk) {
        if self.chunk.len() >= CHUNK_BYTES {
            self.flush(disk);
        }
    }

    /// Hands what is in order to the disk.
    pub(super) fn flush(&mut self, disk: &Disk) {
        if !self.chunk.is_empty() {
            let empty = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 2);
            disk.write(std::mem::replace(&mut self.chunk, empty));
        }
    }
}
