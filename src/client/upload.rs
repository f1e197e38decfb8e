//! Requests an upload, and starts a sender for the offer.
//!
//! A thread of its own, `digest-3`, computes its digest while the bytes are already being
//! sent; FIN waits for it.

use super::download::TransferContext;
use super::{Settings, words};
use crate::lab::journal::Side;
use crate::transfer::sending::{self, Sending};
use crate::transfer::{Report, hash, source, threads};
use crate::wire::message::Offer;
use crate::wire::version::FileVersion;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The announced name and version of a file.
///
/// # Errors
/// A sentence if it cannot be uploaded.
pub fn look_at(path: &Path) -> Result<(String, FileVersion), String> {
    let shown = words::harmless(&path.to_string_lossy());
    let open = || -> io::Result<_> {
        // Checked first, because opening a named pipe would wait for a writer.
        let metadata = std::fs::metadata(path)?;
        if metadata.is_file() {
            File::open(path)?;
        }
        Ok(metadata)
    };
    let metadata = open()
        .map_err(|error| format!("Cannot read {shown}: {error}. Check the path."))?;
    if metadata.is_dir() {
        return Err(format!("{shown} is a folder. Choose files in it."));
    }
    if !metadata.is_file() {
        return Err(format!("{shown} is not a file. Choose a file."));
    }
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name
        .ok_or_else(|| format!("The name of {shown} is not Unicode. Rename the file."))?;
    Ok((name.to_owned(), source::version(&metadata)))
}

/// Starts to send an offered upload.
///
/// `announced`: as it was when it was asked for.
///
/// # Errors
/// As [`sending::initiate`]; also if the file has changed since it was announced, or the
/// offset is beyond its end.
pub fn start(
    offer: &Offer,
    path: &Path,
    announced: &FileVersion,
    context: TransferContext,
    settings: &Settings,
    report: impl FnMut(Report) + Send + 'static,
) -> io::Result<Sending> {
    let server = context.server_of(offer);
    let file = File::open(path)?;
    if source::version(&file.metadata()?) != *announced || offer.size != announced.size {
        return Err(io::Error::other("the file has just changed"));
    }
    if offer.offset > offer.size {
        return Err(io::Error::other(
            "the server asked for bytes after the file's end",
        ));
    }
    let copy = File::open(path)?;
    let job = context.job(offer, settings);
    let is_over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&is_over);
    let mut report = settings.journals.keep(&job, Side::Sender, report);
    let sending = sending::initiate(job, file, server, move |news| {
        if matches!(news, Report::Ended(_)) {
            ends.store(true, Ordering::Relaxed);
        }
        report(news);
    })?;
    let informed = sending.clone();
    let work = move || match hash::digest(copy, || !is_over.load(Ordering::Relaxed)) {
        Ok(digest) => informed.digest(digest),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
        Err(error) => informed.fail(format!("{error}. Try again.")),
    };
    if let Err(error) = threads::start(format!("digest-{}", offer.transfer), work) {
        sending.cancel();
        return Err(error);
    }
    Ok(sending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_announced_by_its_file_name_its_size_and_its_modification_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my notes.txt");
        std::fs::write(&path, "hello").unwrap();
        let (name, version) = look_at(&path).unwrap();
        assert_eq!((name.as_str(), version.size), ("my notes.txt", 5));
        assert!(version.modified.is_some());
    }

    #[test]
    fn a_path_that_is_no_regular_file_is_refused_with_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let why = look_at(folder.path()).unwrap_err();
        assert!(why.ends_with("is a folder. Choose files in it."));
        let gone = folder.path().join("gone");
        assert!(look_at(&gone).unwrap_err().contains("Cannot read"));
    }
}
