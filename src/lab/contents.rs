//! Sample files of any size: every byte can be computed, so none is stored.
//!
//! A 10 GB file costs the laboratory no memory: the sender computes the bytes to send,
//! and the receiver computes the bytes to expect.
//!
//! ```
//! use sash::lab::contents;
//! let whole = contents::bytes(0..100);
//! assert_eq!(contents::bytes(40..60), whole[40..60]);
//! ```

use crate::wire::digest::Digest;
use sha2::{Digest as _, Sha256};
use std::ops::Range;

/// The bytes at these places of every sample file.
#[must_use]
pub fn bytes(range: Range<u64>) -> Vec<u8> {
    range.map(byte).collect()
}

/// The SHA-256 of the sample file of this size.
#[must_use]
pub fn digest(size: u64) -> Digest {
    let mut hasher = Sha256::new();
    let mut start = 0;
    while start < size {
        let end = size.min(start + CHUNK_BYTES);
        hasher.update(bytes(start..end));
        start = end;
    }
    Digest(hasher.finalize().into())
}

const CHUNK_BYTES: u64 = 64 * 1024;

/// The byte at one place: the top of a multiplicative hash (Knuth, TAOCP 3, §6.4).
const fn byte(place: u64) -> u8 {
    (place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}
