//! The bytes of a receiver on their way from the socket to the disk.
//!
//! ```text
//!   number == in_order  --> chunk --128 KiB, or nothing comes--> disk-3
//!   number >  in_order  --> early, by number, until its turn
//! ```
//!
//! Where the disk is behind, whole chunks wait here, and the window shrinks by them: this
//! thread never waits for the disk, as the socket would overflow meanwhile.

use super::super::disk::{CHUNK_BYTES, Disk};
use std::collections::{BTreeMap, VecDeque};

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
    /// Chunks that the disk has not taken yet.
    waiting: VecDeque<Vec<u8>>,
}

impl Bytes {
    /// The first segment begins at `offset`.
    pub(super) const fn from(offset: u64) -> Self {
        Self {
            early: BTreeMap::new(),
            in_order: 0,
            done: offset,
            chunk: Vec::new(),
            waiting: VecDeque::new(),
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

    /// Hands what is in order to the disk, as far as the disk takes it.
    pub(super) fn flush(&mut self, disk: &Disk) {
        if !self.chunk.is_empty() {
            let chunk = std::mem::replace(&mut self.chunk, disk.spare());
            self.waiting.push_back(chunk);
        }
        while let Some(chunk) = self.waiting.pop_front() {
            if let Err(refused) = disk.try_write(chunk) {
                self.waiting.push_front(refused);
                return;
            }
        }
    }

    /// What the disk is behind. Unit: bytes.
    pub(super) fn backlog(&self) -> usize {
        self.waiting.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::disk::tests::stuck_disk;

    #[test]
    fn what_a_slow_disk_does_not_take_waits_in_order_and_nobody_waits_for_the_disk() {
        let (disk, orders) = stuck_disk(2);
        let mut bytes = Bytes::from(0);
        let segment = vec![7; CHUNK_BYTES];
        for number in 0..5 {
            bytes.keep(number, &segment);
            bytes.flush_when_full(&disk);
        }
        assert_eq!(bytes.backlog(), 3 * CHUNK_BYTES);
        assert_eq!(orders.try_iter().count(), 2);
        bytes.flush(&disk);
        assert_eq!(bytes.backlog(), CHUNK_BYTES);
    }
}
