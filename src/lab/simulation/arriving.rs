//! The receiver's file: out-of-order segments wait, the others are checked and hashed.

use crate::lab::contents;
use crate::wire::digest::Digest;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The receiver's file: out-of-order segments wait, the others are checked and hashed.
#[derive(Debug, Default)]
pub(super) struct Arriving {
    out_of_order: BTreeMap<u32, Vec<u8>>,
    /// The next segment to be written.
    next: u32,
    written_bytes: u64,
    hasher: Sha256,
    differs: bool,
}

impl Arriving {
    /// The number of bytes that have arrived.
    pub(super) fn from(offset: u64) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(contents::bytes(0..offset));
        Self {
            written_bytes: offset,
            hasher,
            ..Self::default()
        }
    }

    /// Adds the bytes of a segment that the state machine wants.
    pub(super) fn keep(&mut self, number: u32, payload: &[u8]) {
        self.out_of_order.insert(number, payload.to_vec());
    }

    /// The number of segments in order.
    pub(super) fn write_up_to(&mut self, in_order: u32) {
        while self.next < in_order {
            let Some(payload) = self.out_of_order.remove(&self.next) else {
                self.differs = true; // The state machine has accepted it.
                return;
            };
            let end = self.written_bytes + payload.len() as u64;
            self.differs |= payload != contents::bytes(self.written_bytes..end);
            self.hasher.update(&payload);
            self.written_bytes = end;
            self.next += 1;
        }
    }

    pub(super) fn digest(&self) -> Digest {
        Digest(self.hasher.clone().finalize().into())
    }

    pub(super) fn is_whole(&self, size: u64) -> bool {
        !self.differs && self.written_bytes == size && self.out_of_order.is_empty()
    }
}
