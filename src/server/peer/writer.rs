//! `writer-N`: the only thread that may wait for client N.
//!
//! It combines everything in the queue into one write, and counts the bytes that the
//! system accepts, so that the room can distinguish a slow client from a dead one. It
//! ends with the queue, or when another thread shuts the stream down.

use super::is_no_news;
use super::outbox::{Outgoing, WritingHalf};
use crate::transfer::tap::CaptureDirection;
use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::time::Duration;

/// `writer-N`: one write for everything that waits, up to [`BATCH_BYTES`].
pub(in super::super) fn write_lines(half: &WritingHalf) {
    let how = write_until_the_end(half).unwrap_or(Some(Shutdown::Both));
    half.backlog.end();
    if let Some(how) = how {
        let _ = half.stream.shutdown(how);
    }
}

/// How to end the stream; `None` if no thread can send any more.
fn write_until_the_end(half: &WritingHalf) -> io::Result<Option<Shutdown>> {
    let mut batch = Vec::new();
    while let Ok(first) = half.queue.recv() {
        for outgoing in std::iter::once(first).chain(half.queue.try_iter()) {
            let (lines, mut written) = match outgoing {
                Outgoing::Lines { lines, written, .. } => (lines, written),
                Outgoing::End(how) => {
                    write_batch(half, &mut batch)?;
                    return Ok(Some(how));
                }
            };
            for line in lines {
                let skipped = written.min(line.len());
                written -= skipped;
                batch.extend_from_slice(&line.as_bytes()[skipped..]);
                if batch.len() >= BATCH_BYTES {
                    write_batch(half, &mut batch)?;
                }
            }
        }
        write_batch(half, &mut batch)?;
    }
    Ok(None)
}

/// Writes and empties the buffer. A client that reads nothing blocks this thread until
/// another one shuts the stream down.
fn write_batch(half: &WritingHalf, batch: &mut Vec<u8>) -> io::Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    half.copies.carried(CaptureDirection::Out, batch);
    let mut left = batch.as_slice();
    while !left.is_empty() {
        match (&*half.stream).write(left) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                left = &left[count..];
                half.backlog.wrote_of_waiting(count);
            }
            Err(error) if is_no_news(&error) => {}
            Err(error) => return Err(error),
        }
    }
    batch.clear();
    Ok(())
}

/// The approximate limit of bytes in one write; a hundred short lines cost one system
/// call.
const BATCH_BYTES: usize = 64 * 1024;

/// The time after which a blocked write reports its progress.
pub(in super::super) const WRITE_TIMEOUT: Duration = Duration::from_secs(1);
