//! Carries the received bytes from the socket to the disk.
//!
//! ```text
//!   chunks    |-------------|-------------|-------------|
//!   is here      ###########.##..####......#####
//!                ^start     ^in order
//! ```
//!
//! Received data is copied to its place in a chunk, in order or not, and stays there
//! until all earlier data has arrived. A complete chunk is passed to the disk; an
//! incomplete one is passed as far as it is in order when no more data arrives.
//!
//! If the disk is behind, chunks wait here, and the window shrinks accordingly. This
//! thread never waits for the disk, because the socket would overflow meanwhile.

use super::super::disk::{CHUNK_BYTES, Disk};
use std::collections::VecDeque;

/// The bytes that have arrived and are not passed to the disk yet. Places are counted
/// from the beginning of the file. Unit: bytes.
pub(super) struct Bytes {
    /// Everything before it was passed to the disk; the first chunk begins here.
    start: u64,
    /// Everything before it has arrived.
    in_order: u64,
    /// Each has space up to the next multiple of [`CHUNK_BYTES`], and ends with its last
    /// byte that has arrived.
    chunks: VecDeque<Vec<u8>>,
    /// Chunks in order that the disk has not accepted yet.
    waiting: VecDeque<Vec<u8>>,
}

impl Bytes {
    /// The bytes before `offset` are from an earlier download.
    pub(super) const fn from(offset: u64) -> Self {
        Self {
            start: offset,
            in_order: offset,
            chunks: VecDeque::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Keeps a segment that the state machine wants; it begins at `place`.
    pub(super) fn keep(&mut self, mut place: u64, mut payload: &[u8], disk: &Disk) {
        while !payload.is_empty() {
            let end = end_of_chunk(place);
            let fitting = payload.len().min(distance(place, end));
            let (here, rest) = payload.split_at(fitting);
            self.put(place, here, disk);
            (place, payload) = (end, rest);
        }
    }

    /// Copies the part that belongs to one chunk.
    fn put(&mut self, place: u64, bytes: &[u8], disk: &Disk) {
        if place < self.start {
            return; // It was passed on, so no state machine wants it again.
        }
        let index = distance(self.start / CHUNK, place / CHUNK);
        while self.chunks.len() <= index {
            self.chunks.push_back(disk.spare());
        }
        let chunk = &mut self.chunks[index];
        let at = distance(self.start.max(place - place % CHUNK), place);
        if at >= chunk.len() {
            chunk.resize(at, 0); // A gap, to be filled.
            chunk.extend_from_slice(bytes);
        } else if let Some(gap) = chunk.get_mut(at..at + bytes.len()) {
            gap.copy_from_slice(bytes);
        }
    }

    /// Everything before this place has arrived.
    pub(super) fn advance(&mut self, in_order: u64) {
        self.in_order = self.in_order.max(in_order);
    }

    /// The bytes of the file that have arrived in order, including an earlier download.
    pub(super) const fn done(&self) -> u64 {
        self.in_order
    }

    /// Passes complete chunks to the disk: less is not worth a message.
    pub(super) fn flush_when_full(&mut self, disk: &Disk) {
        while end_of_chunk(self.start) <= self.in_order
            && let Some(chunk) = self.chunks.pop_front()
        {
            self.hand_over(chunk);
        }
        self.offer(disk);
    }

    /// Passes everything in order to the disk, even if it is little. A disk that is
    /// behind gets only complete chunks, because an incomplete one needs as much memory.
    pub(super) fn flush(&mut self, disk: &Disk) {
        self.flush_when_full(disk);
        if self.waiting.is_empty()
            && self.start < self.in_order
            && let Some(mut chunk) = self.chunks.pop_front()
        {
            let in_order = distance(self.start, self.in_order).min(chunk.len());
            if in_order < chunk.len() {
                let mut out_of_order = disk.spare();
                out_of_order.extend_from_slice(&chunk[in_order..]);
                chunk.truncate(in_order);
                self.chunks.push_front(out_of_order);
            } else if !self.chunks.is_empty() {
                self.chunks.push_front(disk.spare());
            }
            self.hand_over(chunk);
            self.offer(disk);
        }
    }

    /// The next chunk begins where this one ends.
    fn hand_over(&mut self, chunk: Vec<u8>) {
        self.start += chunk.len() as u64;
        self.waiting.push_back(chunk);
    }

    /// Passes waiting chunks to the disk, until it accepts no more.
    fn offer(&mut self, disk: &Disk) {
        while let Some(chunk) = self.waiting.pop_front() {
            if let Err(refused) = disk.try_write(chunk) {
                self.waiting.push_front(refused);
                return;
            }
        }
    }

    /// The number of bytes by which the disk is behind.
    pub(super) fn backlog(&self) -> usize {
        self.waiting.iter().map(Vec::len).sum()
    }
}

/// A length as a place. Unit: bytes.
const CHUNK: u64 = CHUNK_BYTES as u64;

/// The end of the chunk with this place.
const fn end_of_chunk(place: u64) -> u64 {
    place - place % CHUNK + CHUNK
}

/// The distance from one place to another that is not smaller.
fn distance(from: u64, to: u64) -> usize {
    usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::disk::tests::stuck_disk;
    use fastrand::Rng;

    #[test]
    fn chunks_for_a_slow_disk_are_queued_in_order_without_blocking_the_receiver() {
        let (disk, given) = stuck_disk(2);
        let mut bytes = Bytes::from(0);
        let segment = vec![7; CHUNK_BYTES];
        for number in 0..5 {
            bytes.keep(number * CHUNK, &segment, &disk);
            bytes.advance((number + 1) * CHUNK);
            bytes.flush_when_full(&disk);
        }
        assert_eq!(bytes.backlog(), 3 * CHUNK_BYTES);
        assert_eq!(given.chunks().len(), 2);
        bytes.flush(&disk);
        assert_eq!(bytes.backlog(), CHUNK_BYTES);
    }

    /// Segments of a file in some order, none a window or more ahead of the first that is
    /// missing, to a disk that is behind now and then: the file, what the disk was given
    /// of it, and the most chunks that were held for that.
    fn carry(seed: u64) -> (Vec<u8>, Vec<u8>, usize) {
        let mut generator = Rng::with_seed(seed);
        let offset = generator.u64(..2 * CHUNK);
        let size = offset + generator.u64(..4 * CHUNK);
        let file: Vec<u8> = (0..size).map(|_| generator.u8(..)).collect();
        let part = |from, to| &file[distance(0, from)..distance(0, to)];
        let segment = generator.u64(100..=3_000);
        let window = generator.u64(1..=200);
        let (disk, given) = stuck_disk(2);
        let mut bytes = Bytes::from(offset);
        let mut at_disk = part(0, offset).to_vec();
        let all = (offset..size).step_by(distance(0, segment));
        let mut missing: Vec<u64> = all.collect();
        let mut most_chunks = 0;
        while let Some(&next) = missing.first() {
            let within =
                missing.partition_point(|place| *place < next + window * segment);
            let place = missing.remove(generator.usize(..within));
            bytes.keep(place, part(place, size.min(place + segment)), &disk);
            bytes.advance(missing.first().copied().unwrap_or(size));
            match generator.u8(..16) {
                0 => bytes.flush(&disk),
                1..8 => bytes.flush_when_full(&disk),
                8 => at_disk.extend(given.chunks().concat()),
                _ => {}
            }
            most_chunks = most_chunks.max(bytes.chunks.len() + bytes.waiting.len());
        }
        assert_eq!(bytes.done(), size, "seed {seed}");
        for _ in 0..8 {
            bytes.flush(&disk);
            at_disk.extend(given.chunks().concat());
        }
        (file, at_disk, most_chunks)
    }

    #[test]
    fn the_disk_receives_the_file_whatever_the_order_of_arrival() {
        for seed in 0..200 {
            let (file, at_disk, most_chunks) = carry(seed);
            assert!(file == at_disk, "seed {seed}");
            assert!(most_chunks <= 7, "seed {seed}: {most_chunks} chunks");
        }
    }

    #[test]
    fn a_slow_disk_receives_merged_chunks() {
        let (disk, given) = stuck_disk(1);
        let mut bytes = Bytes::from(0);
        for place in 0..100 {
            bytes.keep(place, b"x", &disk);
            bytes.advance(place + 1);
            bytes.flush(&disk);
        }
        assert_eq!((bytes.waiting.len(), bytes.chunks.len()), (1, 1));
        assert_eq!(given.chunks(), [b"x"]);
        bytes.flush(&disk); // The one that was refused.
        assert_eq!(given.chunks(), [b"x"]);
        bytes.flush(&disk);
        assert_eq!(given.chunks(), [b"x".repeat(98)]);
    }

    #[test]
    fn an_incomplete_chunk_is_written_when_no_more_data_arrives_and_the_rest_follows() {
        let (disk, given) = stuck_disk(8);
        let mut bytes = Bytes::from(10);
        bytes.keep(10, b"ab", &disk);
        bytes.keep(14, b"ef", &disk); // Early.
        bytes.advance(12);
        bytes.flush_when_full(&disk);
        assert!(given.chunks().is_empty());
        bytes.flush(&disk);
        assert_eq!(given.chunks(), [b"ab"]);
        bytes.keep(12, b"cd", &disk);
        bytes.advance(16);
        bytes.flush(&disk);
        assert_eq!(given.chunks(), [b"cdef"]);
    }
}
