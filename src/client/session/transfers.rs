//! The part of a session that runs transfers: requests, starts, watches and deletes.

use super::{Reporter, Running, Session, in_background};
use crate::client::Settings;
use crate::client::chat_connection::ChatConnection;
use crate::client::controller::Event;
use crate::client::download::{self, DownloadDecision, TransferContext};
use crate::client::watching::{Seen, Showing, WatchSwitch, Watched};
use crate::client::{upload, words};
use crate::journals;
use crate::transfer::Report;
use crate::transfer::link_control::LinkControl;
use crate::transfer::part::Part;
use crate::transfer::partial_files;
use crate::wire::mac::TrafficKeys;
use crate::wire::message::{Early, Offer, Request};
use crate::wire::options::{Arq, Congestion, RequestedOptions, Transport};
use std::io;
use std::path::PathBuf;

impl Session {
    /// A download requests only the missing part, or nothing if the file exists.
    pub(super) fn prepare(&mut self, request: Request) -> Option<Request> {
        let Request::Download(mut download) = request else {
            return Some(request);
        };
        let tag = download.tag?;
        self.parts.remove(&tag); // If it is requested again, after a password.
        let settings = self.settings_for(tag);
        let event = match download::decide(&download.file, &settings) {
            DownloadDecision::Ask(part) => {
                download.prefix = part.as_ref().and_then(Part::prefix);
                download.early = self.early(&download.asked);
                let path = part.as_ref().map(|part| part.path().to_owned());
                self.part_paths.extend(path.map(|path| (tag, path)));
                self.parts.extend(part.map(|part| (tag, part)));
                return Some(Request::Download(download));
            }
            DownloadDecision::Skip(sentence) => Event::Skipped { tag, sentence },
            DownloadDecision::Refuse(sentence) => Event::Report {
                tag,
                report: download::failed(sentence),
            },
        };
        self.happen(event);
        None
    }

    /// The server may begin at once, where the protocol is one that does and no link of
    /// our own makes the path another one than the chat's. The port is bound later.
    fn early(&self, asked: &RequestedOptions) -> Option<Early> {
        let may_begin = self.settings.scenario.is_perfect()
            && asked.transport != Some(Transport::Tcp)
            && matches!(asked.arq, None | Some(Arq::Sack))
            && asked.congestion != Some(Congestion::Fixed);
        let round_trip = self.model().round_trip.unwrap_or_default();
        may_begin.then(|| Early {
            port: 0,
            round_trip_us: u32::try_from(round_trip.as_micros()).unwrap_or(0),
        })
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
        let link = self.chat_connection.as_mut();
        let socket = link.and_then(|link| link.socket_of(tag));
        let place = format!(" in the folder {}", self.settings.out.display());
        let mut path = None;
        self.start_transfer(tag, offer, keys, &place, |context, session, report| {
            let settings = session.settings_for(tag);
            let part = download::part(offer, &settings, part)?;
            path = Some(part.path().to_owned());
            download::start(offer, context, &settings, (part, socket), report)
                .map(Running::Download)
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

    /// The thread `partial_files` searches, so a slow disk delays nothing.
    pub(super) fn look_for_partial_files(&self) {
        let (handle, folder) = (self.handle.clone(), self.settings.out.clone());
        in_background("leftovers", move || {
            let found = partial_files::find(&folder);
            if !found.is_empty() {
                handle.event(None, Event::PartialFilesFound(found));
            }
        });
    }

    /// `discard` waits until the receivers have ended, and deletes the parts.
    pub(super) fn discard(&self, tag: Option<u64>, parts: Vec<PathBuf>) {
        let handle = self.handle.clone();
        in_background("discard", move || {
            let failed = parts
                .iter()
                .find_map(|part| Some((part, partial_files::discard(part).err()?)));
            let problem = failed.map(|(part, error)| {
                let part = words::harmless(&part.to_string_lossy());
                format!("Cannot delete {part}: {error}.")
            });
            handle.event(None, Event::Discarded { tag, problem });
        });
    }

    /// The thread `opener` may wait while the program that shows the folder runs.
    pub(super) fn show_folder(&self, folder: PathBuf) {
        let handle = self.handle.clone();
        in_background("opener", move || {
            // A relative path would not help the user.
            let folder = folder.canonicalize().unwrap_or(folder);
            if let Err(error) = open::that(&folder) {
                log::warn!("cannot show {}: {error}", folder.display());
                let path = words::harmless(&folder.to_string_lossy());
                let sentence = format!(
                    "No program on this computer shows folders. The file is in \
                             {path}."
                );
                handle.event(None, Event::FolderNotShown(sentence));
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
        self.start_transfer(tag, offer, keys, "", |context, session, report| {
            let settings = &session.settings;
            upload::start(offer, &path, &announced, context, settings, report)
                .map(Running::Upload)
        });
    }

    /// The recorder of this transfer's thread.
    pub(super) fn showing(&self, offer: &Offer, watch_switch: WatchSwitch) -> Showing {
        let Offer {
            settled,
            size,
            offset,
            token,
            ..
        } = *offer;
        let scenario = &self.settings.scenario;
        let heading = journals::heading(scenario, settled, size, offset, token);
        Showing::new(watch_switch, heading)
    }

    /// From now on this transfer is watched and no other.
    pub(super) fn watch(&mut self, tag: Option<u64>) {
        self.watch_switches.values().for_each(WatchSwitch::end);
        self.watched = tag.map(|tag| Watched {
            tag,
            seen: Seen::default(),
            is_over: false,
        });
        let Some(tag) = tag else { return };
        // One that does not run yet is watched when it starts.
        if self.running.contains_key(&tag) {
            self.join(tag);
        }
    }

    pub(super) fn join(&mut self, tag: u64) {
        self.watch_switches.entry(tag).or_default().join();
        self.control_link(tag, LinkControl::Watch);
    }

    pub(super) fn control_link(&self, tag: u64, control: LinkControl) {
        match self.running.get(&tag) {
            Some(Running::Download(receiving)) => receiving.control_link(control),
            Some(Running::Upload(sending)) => sending.control_link(control),
            None => {}
        }
    }

    /// For the front end that watches this transfer, if any.
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

    /// The common start of every transfer. `place` is for the message if it fails.
    pub(super) fn start_transfer(
        &mut self,
        tag: u64,
        offer: &Offer,
        keys: Option<TrafficKeys>,
        place: &str,
        start: impl FnOnce(TransferContext, &Self, Reporter) -> io::Result<Running>,
    ) {
        self.settings.pause_at = self.model().pause_at;
        let watch_switch = self.watch_switches.entry(tag).or_default().clone();
        let reporter = || -> Reporter {
            let handle = self.handle.clone();
            let mut showing = self.showing(offer, watch_switch.clone());
            Box::new(move |report| {
                if let Report::Happened(events) = report {
                    if let Some(seen) = showing.take(&events) {
                        handle.event(None, Event::Seen { tag, seen });
                    }
                } else {
                    handle.event(None, Event::Report { tag, report });
                }
            })
        };
        let Some(server) = self
            .chat_connection
            .as_ref()
            .and_then(ChatConnection::server)
        else {
            return reporter()(download::failed("The connection was lost.".to_owned()));
        };
        let is_watched = self.model().watched == Some(tag);
        if is_watched {
            watch_switch.see_all();
        }
        let context = TransferContext {
            server,
            round_trip: self.model().round_trip,
            keys,
            is_watched,
        };
        match start(context, self, reporter()) {
            Ok(running) => {
                self.running.insert(tag, running);
                if is_watched {
                    self.control_link(tag, LinkControl::Watch); // Events are reported immediately.
                }
            }
            Err(error) => {
                let transfer = offer.transfer;
                log::warn!("cannot start transfer {transfer}: {error}");
                // Otherwise its port would stay reserved until the server's timeout.
                if let Some(link) = &self.chat_connection {
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
