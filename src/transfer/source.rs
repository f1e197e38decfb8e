//! Reads byte ranges of the file that is sent, directly into a datagram.
//!
//! Reading ahead in large pieces costs a few system calls per piece instead of one per
//! packet. A retransmission is read alone, usually from the page cache, and the piece is
//! kept; reading ahead begins there only if a second segment follows.

use crate::wire::version::FileVersion;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

/// A file read by ranges.
#[derive(Debug)]
pub struct Source {
    file: File,
    /// The piece of the file in `buffer`.
    buffered: Range<u64>,
    buffer: Vec<u8>,
    /// The end of the latest range that was read alone.
    alone_up_to: u64,
}

/// The size of a piece. Unit: bytes.
const PIECE_BYTES: u64 = 256 * 1024;

impl Source {
    /// Reads from an open file.
    #[must_use]
    pub const fn new(file: File) -> Self {
        Self {
            file,
            buffered: 0..0,
            buffer: Vec::new(),
            alone_up_to: 0,
        }
    }

    /// Copies the bytes of `range` into `place`, which has exactly this length.
    ///
    /// # Errors
    /// `UnexpectedEof` if the file has become shorter, and those of the system.
    pub fn read(&mut self, range: Range<u64>, place: &mut [u8]) -> io::Result<()> {
        let Range { start, end } = range;
        if start < self.buffered.start || end > self.buffered.end {
            let follows = start == self.alone_up_to
                || (self.buffered.start..=self.buffered.end).contains(&start);
            if !follows {
                self.alone_up_to = end;
                self.file.seek(SeekFrom::Start(start))?;
                return self.file.read_exact(place);
            }
            self.fill(start, end)?;
        }
        let from = usize::try_from(start - self.buffered.start).unwrap_or(usize::MAX);
        let bytes = self.buffer.get(from..from.saturating_add(place.len()));
        place.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    /// Reads a piece from `start` on, at least up to `end`.
    fn fill(&mut self, start: u64, end: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(start))?;
        self.buffered = 0..0;
        self.buffer.clear();
        let wanted = (end - start).max(PIECE_BYTES);
        (&self.file).take(wanted).read_to_end(&mut self.buffer)?;
        self.buffered = start..start + self.buffer.len() as u64;
        Ok(())
    }
}

/// The current version of a file, without its digest.
#[must_use]
pub fn version(metadata: &Metadata) -> FileVersion {
    FileVersion {
        size: metadata.len(),
        modified: metadata.modified().ok().and_then(milliseconds),
        digest: None,
    }
}

/// Since 1970-01-01 UTC; `None` before it.
#[must_use]
pub fn milliseconds(time: SystemTime) -> Option<u64> {
    let since_epoch = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since_epoch.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn source(bytes: &[u8]) -> Source {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Source::new(file)
    }

    #[test]
    fn ranges_are_read_forwards_backwards_and_across_buffer_boundaries() {
        let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
        let mut source = source(&bytes);
        for start in [0_u32, 262_000, 262_143, 1_000, 599_000] {
            let (mut place, from) = ([0; 1_000], u64::from(start));
            source.read(from..from + 1_000, &mut place).unwrap();
            assert_eq!(place[..], bytes[start as usize..][..1_000]);
        }
    }

    #[test]
    fn a_retransmitted_range_is_read_separately_and_the_read_ahead_buffer_is_kept() {
        let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
        let mut source = source(&bytes);
        let mut pieces = |starts: &[u64]| {
            for &start in starts {
                let mut place = [0; 1_000];
                source.read(start..start + 1_000, &mut place).unwrap();
                assert_eq!(place[..], bytes[usize::try_from(start).unwrap()..][..1_000]);
            }
            source.buffered.clone()
        };
        assert_eq!(pieces(&[0, 1_000, 262_000]), 262_000..262_000 + PIECE_BYTES);
        let ahead = pieces(&[300_000, 5_000, 301_000, 7_000]);
        assert_eq!(ahead, 262_000..262_000 + PIECE_BYTES);
        // Two in a row: the sender stays at this place.
        assert_eq!(pieces(&[8_000]), 8_000..8_000 + PIECE_BYTES);
    }

    #[test]
    fn a_truncated_file_is_an_error_and_does_not_read_as_zeros() {
        let mut source = source(b"short");
        for range in [3..8, 0..8] {
            let mut place = [0; 8];
            let length = usize::try_from(range.end - range.start).unwrap();
            let error = source.read(range, &mut place[..length]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
