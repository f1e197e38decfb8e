//! `writer-N`: the one thread that may wait for client N.
//!
//! It takes all that waits in the queue into one write, and counts what the system has
//! taken, so that the room can tell a slow client from a dead one. It ends with the
//! queue, or when the stream is shut down under it.

use super::is_no_news;
use super::outbox::{Backlog, Outgoing, WritingHalf};
use crate::transfer::tap::Way;
use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// `writer-N`: one write for all that waits.
pub(in super::super) fn write_lines(half: &WritingHalf) {
    let mut batch = Vec::new();
    while let Ok(first) = half.queue.recv() {
        let mut end = None;
        batch.clear();
        for outgoing in std::iter::once(first).chain(half.queue.try_iter()) {
            match outgoing {
                Outgoing::Lines { lines, written } => {
                    let begin = batch.len();
                    for line in lines {
                        batch.extend_from_slice(line.as_bytes());
                    }
                    batch.drain(begin..begin + written);
                }
                Outgoing::End(how) => end = Some(how),
            }
            if batch.len() >= BATCH_BYTES || end.is_some() {
                break;
            }
        }
        half.copies.carried(Way::Out, &batch);
        if write_batch(&half.stream, &batch, &half.backlog).is_err() {
            end = Some(Shutdown::Both);
        }
        if let Some(how) = end {
            let _ = half.stream.shutdown(how);
            return;
        }
    }
}

/// Writes all of it. A client that reads nothing keeps us here, until somebody cuts it.
fn write_batch(
    mut stream: &TcpStream,
    mut batch: &[u8],
    backlog: &Backlog,
) -> io::Result<()> {
    while !batch.is_empty() {
        match stream.write(batch) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => {
                batch = &batch[count..];
                backlog.wrote_of_waiting(count);
            }
            Err(error) if is_no_news(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Most bytes in one write, so that a hundred short lines cost one system call.
const BATCH_BYTES: usize = 64 * 1024;

/// How long one write waits before it says how far it came.
pub(in super::super) const WRITE_TIMEOUT: Duration = Duration::from_secs(1);
