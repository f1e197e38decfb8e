//! The file that is sent: byte ranges out of it, straight into a datagram.
//!
//! Reading ahead in large pieces costs one system call per piece instead of one per
//! packet; a resend reaches back and is read again, from the page cache as a rule.

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
}

/// Read at once. Unit: bytes.
const PIECE_BYTES: u64 = 256 * 1024;

impl Source {
    /// Reads from an open file.
    #[must_use]
    pub const fn new(file: File) -> Self {
        Self {
            file,
            buffered: 0..0,
            buffer: Vec::new(),
        }
    }

    /// Copies the bytes of `range` into `place`, which has just that length.
    ///
    /// # Errors
    /// `UnexpectedEof` where the file has become shorter, and those of the system.
    pub fn read(&mut self, range: Range<u64>, place: &mut [u8]) -> io::Result<()> {
        if range.start < self.buffered.start || range.end > self.buffered.end {
            self.fill(range.clone())?;
        }
        let from =
            usize::try_from(range.start - self.buffered.start).unwrap_or(usize::MAX);
        let bytes = self.buffer.get(from..from.saturating_add(place.len()));
        place.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn fill(&mut self, range: Range<u64>) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(range.start))?;
        self.buffered = 0..0;
        self.buffer.clear();
        let wanted = (range.end - range.start).max(PIECE_BYTES);
        (&self.file).take(wanted).read_to_end(&mut self.buffer)?;
        self.buffered = range.start..range.start + self.buffer.len() as u64;
        Ok(())
    }
}

/// The version that a file has now, as it is told to others; its digest is not known.
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
    fn ranges_come_forwards_backwards_and_across_pieces() {
        let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
        let mut source = source(&bytes);
        for start in [0_u32, 262_000, 262_143, 1_000, 599_000] {
            let (mut place, from) = ([0; 1_000], u64::from(start));
            source.read(from..from + 1_000, &mut place).unwrap();
            assert_eq!(place[..], bytes[start as usize..][..1_000]);
        }
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error_not_zeros() {
        let mut source = source(b"short");
        let error = source.read(3..8, &mut [0; 5]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
