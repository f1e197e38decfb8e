//! Writes `files/large.bin`, the sample that is too large to commit.
//!
//! The same 10,000,000 bytes on every machine: pseudo-random, so that no two segments are
//! alike and nothing on the way can compress them; not a multiple of any segment size in
//! use, so that the last segment is a short one.
//!
//! Uses the standard library alone, so that `./sash demo` can compile it with `rustc` in a
//! second instead of building everything that tests need.
//!
//! Source: `SplitMix64`, Steele, Lea and Flood, "Fast splittable pseudorandom number
//! generators" (2014).

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Write};

fn main() -> io::Result<()> {
    let path = env::args().nth(1).unwrap_or("files/large.bin".to_owned());
    // Under another name first: a run that is cut short leaves no half sample behind.
    let unfinished = format!("{path}.part");
    let mut file = BufWriter::new(File::create(&unfinished)?);
    let mut numbers = SplitMix64 { state: SEED };
    for _ in 0..SIZE_BYTES / 8 {
        file.write_all(&numbers.next().to_be_bytes())?;
    }
    file.into_inner()?.sync_all()?;
    std::fs::rename(unfinished, path)
}

/// A generator of pseudo-random numbers in three lines.
struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The sample's size. Unit: bytes, a multiple of 8.
const SIZE_BYTES: u64 = 10_000_000;

/// Any number would do; this one stays.
const SEED: u64 = 50_000;
