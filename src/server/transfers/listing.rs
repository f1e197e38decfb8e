//! The list of offered files, made once for many requests.

use super::{Transfers, complain};
use crate::reliable::moment::Moment;
use crate::server::folder::{self, Version};
use crate::server::peer::{Line, Peer};
use crate::shelf::FileName;
use crate::wire::message::{Code, FileEntry, Reply};

/// A list of files, as lines, and the time until which it is reused.
pub(super) struct Listing {
    lines: Vec<Line>,
    until: Moment,
}

/// A list is reused for this many times its own duration, so this thread spends at most a
/// twentieth of its time on lists.
const LISTING_KEPT: u32 = 20;

impl Transfers {
    /// `files`: what is on offer.
    pub(super) fn on_list(&mut self, peer: &Peer) {
        if peer.is_gone() {
            return;
        }
        let now = self.clock.now();
        if let Some(listing) = self.listing.as_ref().filter(|it| now < it.until) {
            return peer.send_lines(listing.lines.clone());
        }
        let folder::Listing { files, left_out } = match self.resources.folder.list() {
            Ok(listing) => listing,
            Err(error) => {
                log::error!("cannot list the files: {error}");
                let sentence = "The server cannot read its folder. Ask the person who \
                                runs the server.";
                complain(peer, Code::Unreadable, sentence.to_owned(), None);
                return;
            }
        };
        let entry = |(name, version): (FileName, Version)| FileEntry {
            digest: self.resources.digests.known(&name, version),
            name: name.to_string(),
            size: version.size,
        };
        let replies = Reply::files(files.into_iter().map(entry).collect(), left_out);
        let line = |reply: &Reply| self.budget.line(reply.to_line());
        let lines: Vec<_> = replies.iter().map(line).collect();
        peer.send_lines(lines.clone());
        let made = self.clock.now();
        let until = made + (made - now) * LISTING_KEPT;
        self.listing = Some(Listing { lines, until });
    }
}
