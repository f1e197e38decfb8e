//! The part of a session that runs transfers: it asks, starts, watches and takes away.

use super::{Reporter, Running, Session, in_background};
use crate::client::Settings;
use crate::client::controller::Event;
use crate::client::download::{self, Around, Errand};
use crate::client::link::Link;
use crate::client::watching::{Seen, Showing, Watched, Wish};
use crate::client::{upload, words};
use crate::journals;
use crate::lab::journal::Side;
use crate::transfer::Report;
use crate::transfer::hand::Hand;
use crate::transfer::leftovers;
use crate::transfer::part::Part;
use crate::wire::mac::TrafficKeys;
use crate::wire::message::{Offer, Request};
use std::io;
use std::path::PathBuf;

impl Session {
    /// A download asks only for what is not there yet, and perhaps for nothing at all.
    pub(super) fn prepare(&mut self, request: Request) -> Option<Request> {
        let Request::Download(mut download) = request else {
            return Some(request);
        };
        let tag = download.tag?;
        self.parts.remove(&tag); // Where it is asked for again, after a password.
        let settings = self.settings_for(tag);
        let event = match download::errand(&download.file, &settings) {
            Errand::Ask(part) => {
                download.prefix = part.as_ref().and_then(Part::prefix);
                let path = part.as_ref().map(|part| part.path().to_owned());
                self.part_paths.extend(path.map(|path| (tag, path)));
                self.parts.extend(part.map(|part| (tag, part)));
                return Some(Request::Download(download));
            }
            Errand::Skip(sentence) => Event::Skipped { tag, sentence },
            Errand::Refuse(sentence) => Event::Report {
                tag,
                report: download::failed(sentence),
            },
        };
        self.happen(event);
        None
    }

    pub(super) fn start_download(
        &mut self,
        tag: u64,
        offer: &Offer,
        keys: Option<TrafficKeys>,
    ) {
        let part = self.parts.remove(&tag);
        if part.is_some() {
            self.remark(download::remark(offer));
        }
        let place = format!(" in the folder {}", self.settings.out.display());
        let mut path = None;
        self.start_transfer(tag, offer, keys, &place, |around, session, report| {
            let settings = session.settings_for(tag);
            let part = download::part(offer, &settings, part)?;
            path = Some(part.path().to_owned());
            download::start(offer, around, &settings, part, report).map(Running::Download)
        });
        self.part_paths.extend(path.map(|path| (tag, path)));
    }

    /// The settings with what was chosen for this download alone.
    pub(super) fn settings_for(&self, tag: u64) -> Settings {
        let chosen = self.model().transfer(tag).map(|it| it.overwrite);
        Settings {
            overwrite: chosen.unwrap_or(self.settings.overwrite),
            ..self.settings.clone()
        }
    }

    /// A slow disk does not keep anybody waiting: `leftovers` looks.
    pub(super) fn look_for_leftovers(&self) {
        let (door, folder) = (self.door.clone(), self.settings.out.clone());
        in_background("leftovers", move || {
            let found = leftovers::find(&folder);
            if !found.is_empty() {
                door.event(None, Event::LeftoversFound(found));
            }
        });
    }

    /// `discard` waits until the receivers have let go, and takes the parts away.
    pub(super) fn discard(&self, tag: Option<u64>, parts: Vec<PathBuf>) {
        let door = self.door.clone();
        in_background("discard", move || {
            let failed = parts
                .iter()
                .find_map(|part| Some((part, leftovers::discard(part).err()?)));
            let problem = failed.map(|(part, error)| {
                let part = words::harmless(&part.to_string_lossy());
                format!("Cannot delete {part}: {error}.")
            });
            door.event(None, Event::Discarded { tag, problem });
        });
    }

    /// `opener` may wait as long as the program that shows the folder runs.
    pub(super) fn show_folder(&self, folder: PathBuf) {
        let door = self.door.clone();
        in_background("opener", move || {
            // The part of a relative path that leads to it is of use to nobody.
            let folder = folder.canonicalize().unwrap_or(folder);
            if let Err(error) = open::that(&folder) {
                log::warn!("cannot show {}: {error}", folder.display());
                let path = words::harmless(&folder.to_string_lossy());
                let sentence = format!(
                    "No program on this computer shows folders. The file is in \
                             {path}."
                );
                door.event(None, Event::FolderNotShown(sentence));
            }
        });
    }

    pub(super) fn start_upload(
        &mut self,
        tag: u64,
        offer: &Offer,
        keys: Option<TrafficKeys>,
    ) {
        let transfer = self.model().transfer(tag);
        let file = transfer.and_then(|it| it.source.clone().zip(it.announced));
        let Some((path, announced)) = file else {
            return;
        };
        if offer.offset > 0 {
            self.remark(download::remark(offer));
        }
        self.start_transfer(tag, offer, keys, "", |around, session, report| {
            let settings = &session.settings;
            upload::start(offer, &path, &announced, around, settings, report)
                .map(Running::Upload)
        });
    }

    /// The recorder of this transfer's thread.
    pub(super) fn showing(&self, tag: u64, offer: &Offer, wish: Wish) -> Showing {
        let is_upload = self
            .model()
            .transfer(tag)
            .is_some_and(|it| it.source.is_some());
        let side = if is_upload {
            Side::Sender
        } else {
            Side::Receiver
        };
        let Offer {
            settled,
            size,
            offset,
            ..
        } = *offer;
        let heading = journals::heading(&self.settings.scenario, settled, size, offset);
        Showing::new(wish, side, heading)
    }

    /// From now on this transfer is watched and no other.
    pub(super) fn watch(&mut self, tag: Option<u64>) {
        self.wishes.values().for_each(Wish::end);
        self.watched = tag.map(|tag| Watched {
            tag,
            seen: Seen::default(),
            is_over: false,
        });
        let Some(tag) = tag else { return };
        // One that does not run yet is joined when it starts.
        if self.running.contains_key(&tag) {
            self.join(tag);
        }
    }

    pub(super) fn join(&mut self, tag: u64) {
        self.wishes.entry(tag).or_default().join();
        self.meddle(tag, Hand::Watch);
    }

    pub(super) fn meddle(&self, tag: u64, hand: Hand) {
        match self.running.get(&tag) {
            Some(Running::Download(receiving)) => receiving.meddle(hand),
            Some(Running::Upload(sending)) => sending.meddle(hand),
            None => {}
        }
    }

    /// For the face that watches this transfer, if one does.
    pub(super) fn see(&mut self, tag: u64, mut seen: Seen) {
        let watched = self.watched.as_mut();
        let Some(watched) = watched.filter(|watched| watched.tag == tag) else {
            return;
        };
        if seen.heading.is_some() {
            watched.seen = seen;
        } else {
            watched.seen.entries.append(&mut seen.entries);
            watched.seen.is_full |= seen.is_full;
        }
    }

    pub(super) fn see_the_end(&mut self, tag: u64) {
        let watched = self.watched.as_mut();
        if let Some(watched) = watched.filter(|watched| watched.tag == tag) {
            watched.is_over = true;
        }
    }

    /// The common start of every transfer. `place` is told where it cannot begin.
    pub(super) fn start_transfer(
        &mut self,
        tag: u64,
        offer: &Offer,
        keys: Option<TrafficKeys>,
        place: &str,
        start: impl FnOnce(Around, &Self, Reporter) -> io::Result<Running>,
    ) {
        self.settings.pause_at = self.model().pause_at;
        let wish = self.wishes.entry(tag).or_default().clone();
        let reporter = || -> Reporter {
            let door = self.door.clone();
            let mut showing = self.showing(tag, offer, wish.clone());
            Box::new(move |report| {
                if let Report::Happened(happenings) = report {
                    if let Some(seen) = showing.take(&happenings) {
                        door.event(None, Event::Seen { tag, seen });
                    }
                } else {
                    door.event(None, Event::Report { tag, report });
                }
            })
        };
        let Some(server) = self.link.as_ref().and_then(Link::server) else {
            return reporter()(download::failed("The connection was lost.".to_owned()));
        };
        let is_watched = self.model().watched == Some(tag);
        if is_watched {
            wish.see_all();
        }
        let around = Around {
            server,
            round_trip: self.model().round_trip,
            keys,
            is_watched,
        };
        match start(around, self, reporter()) {
            Ok(running) => {
                self.running.insert(tag, running);
                if is_watched {
                    self.meddle(tag, Hand::Watch); // Events are reported immediately.
                }
            }
            Err(error) => {
                let transfer = offer.transfer;
                log::warn!("cannot start transfer {transfer}: {error}");
                // Or its port would wait for us until the server's patience ends.
                if let Some(link) = &self.link {
                    link.send(Request::Cancel { transfer });
                }
                let sentence = format!(
                    "The transfer could not be started{place}: \
                                        {error}."
                );
                reporter()(download::failed(sentence));
            }
        }
    }
}
