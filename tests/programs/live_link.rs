//! A user interferes with a real transfer: watches it, kills a packet, changes the link.
//!
//! A real server, and a client session in this process, as the window has one.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

use crate::running::{ServerProcess, TIMEOUT, server};
use sash::client::Settings;
use sash::client::controller::Intent;
use sash::client::model::{LineKind, Transfer};
use sash::client::session::{Arrival, Session};
use sash::journals::Journals;
use sash::lab::contents;
use sash::lab::journal::{Entry, FaultInjection, Journal, JournalEvent};
use sash::lab::player::Player;
use sash::link::{Direction, Label};
use sash::reliable::event::Event;
use sash::transfer::clock::Clock;
use sash::transfer::overwrite::Overwrite;
use sash::transfer::tap::Tap;
use sash::wire::message::TransferState;
use sash::wire::options::RequestedOptions;
use sash::wire::packet;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const SIZE: u64 = 40_000;

struct Server {
    running: ServerProcess,
    /// Its files, removed with the server.
    _folder: TempDir,
}

/// A front end: a session, and a player of the watched transfer.
struct FrontEnd {
    session: Session,
    player: Option<Player>,
    clock: Clock,
    /// The folder for downloads, removed with the front end.
    _out: TempDir,
}

#[test]
fn a_packet_killed_in_flight_is_lost_and_the_file_arrives_complete() {
    let server = Server::start();
    let journals = tempfile::tempdir().unwrap();
    let mut front_end = FrontEnd::join(&server, "delay=250ms", Some(journals.path()));
    front_end.intend(Intent::Input("/download a.bin".to_owned()));
    front_end.intend(Intent::Watch { tag: Some(1) });
    let packet = front_end.wait_for(|front_end| {
        let player = front_end.player.as_ref()?;
        let mut in_flight = player.in_flight().into_iter();
        let data = in_flight.find(|it| {
            it.direction == Direction::Data && it.packet.kind == packet::Kind::Data
        });
        data.filter(|_| player.can_kill()).map(|it| it.packet)
    });
    let label = Label::from(packet);
    front_end.intend(Intent::Kill {
        tag: Some(1),
        packet: label,
    });
    let ended = front_end.wait_for(FrontEnd::ended);
    assert_eq!(ended.state, TransferState::Verified, "{:?}", ended.sentence);
    let arrived = fs::read(ended.path.unwrap()).unwrap();
    assert_eq!(arrived, contents::bytes(0..SIZE));
    let grown = format!("delay=250ms;drop={label}");
    assert_eq!(ended.scenario.to_string(), grown);
    let told = format!("a.bin: lost {label}. Link: {grown}");
    assert!(front_end.has_said(&told), "{told}");

    // The front end saw everything: the first SYN, the loss, and finally all data in order.
    front_end.wait_for(|front_end| front_end.player.as_ref()?.is_over().then_some(()));
    let player = front_end.player.as_ref().unwrap();
    assert_eq!(player.scenario().to_string(), grown);
    let strip = player.strip();
    assert_eq!(strip.receiver_counts().in_order, strip.segments());
    let first = player.entries().iter().find_map(|entry| match &entry.what {
        JournalEvent::Machine(Event::PacketSent(packet)) => Some(packet),
        JournalEvent::Machine(_)
        | JournalEvent::Link(_)
        | JournalEvent::FaultInjection(_) => None,
    });
    let first = first.map(|packet| (packet.kind, packet.attempt));
    assert_eq!(first, Some((packet::Kind::Syn, 1)));
    assert_eq!(kills(player.entries()), [label]);

    // The event log on disk has the same.
    let entries = front_end.journal(journals.path());
    assert_eq!(kills(&entries), [label]);
    assert!(!received(&entries).contains(&label), "{label} was received");

    front_end.intend(Intent::Kill {
        tag: Some(1),
        packet: label,
    });
    assert!(front_end.has_said("The transfer of a.bin has ended."));
}

#[test]
fn a_packet_killed_at_the_moment_of_its_delivery_is_either_lost_or_received() {
    let server = Server::start();
    let journals = tempfile::tempdir().unwrap();
    // The delay is so short that a packet shown in flight is about to arrive or just has.
    let mut front_end = FrontEnd::join(&server, "delay=75ms", Some(journals.path()));
    front_end.intend(Intent::Input("/download a.bin --window 8".to_owned()));
    front_end.intend(Intent::Watch { tag: Some(1) });
    let mut tried = Vec::new();
    while front_end.ended().is_none() {
        let packet = front_end.wait_for(|front_end| {
            let player = front_end.player.as_ref()?;
            let mut in_flight = player.in_flight().into_iter();
            // Each segment once; otherwise it would never end.
            let data = in_flight.find(|it| {
                let is_first =
                    it.packet.kind == packet::Kind::Data && it.packet.attempt == 1;
                is_first && !tried.contains(&Label::from(it.packet))
            });
            let packet = data.map(|it| Some(it.packet));
            packet.or_else(|| front_end.ended().map(|_| None))
        });
        if let Some(packet) = packet.map(Label::from) {
            tried.push(packet);
            front_end.intend(Intent::Kill {
                tag: Some(1),
                packet,
            });
        }
    }
    assert_eq!(front_end.transfer().state, TransferState::Verified);
    let entries = front_end.journal(journals.path());
    let (killed, received) = (kills(&entries), received(&entries));
    for packet in tried {
        let is_killed = killed.contains(&packet);
        assert!(is_killed != received.contains(&packet), "{packet}");
    }
}

#[test]
fn a_viewer_that_joins_an_upload_late_sees_its_state_and_can_change_its_link() {
    let server = Server::start();
    let mut front_end = FrontEnd::join(&server, "rate=200kbit", None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.bin");
    fs::write(&path, contents::bytes(0..SIZE)).unwrap();
    front_end.intend(Intent::Upload {
        path,
        asked: RequestedOptions {
            window: Some(4),
            congestion: Some(sash::wire::options::Congestion::Fixed),
            ..RequestedOptions::default()
        },
    });
    front_end
        .wait_for(|front_end| (front_end.transfer().done_bytes > 5_000).then_some(()));
    front_end.intend(Intent::Watch { tag: Some(1) });
    front_end.wait_for(|front_end| front_end.player.as_ref().map(|_| ()));
    let player = front_end.player.as_ref().unwrap();
    let counts = player.strip().sender_counts();
    assert!(counts.acked >= 3 && counts.unsent > 0, "{counts:?}");
    front_end.intend(Intent::Input("/kill d9999.1".to_owned()));
    let said = "d9999.1 is not in flight in this program's link. A delay keeps packets there \
                longer: /link delay=2s.";
    front_end.wait_for(|front_end| front_end.has_said(said).then_some(()));
    front_end.intend(Intent::Input("/link delay=1ms".to_owned()));
    assert!(front_end.has_said("Link: delay=1ms"));
    let ended = front_end.wait_for(FrontEnd::ended);
    assert_eq!(ended.state, TransferState::Verified, "{:?}", ended.sentence);
    assert_eq!(ended.scenario.to_string(), "delay=1ms");
    front_end.wait_for(|front_end| front_end.player.as_ref()?.is_over().then_some(()));
    let player = front_end.player.as_ref().unwrap();
    assert_eq!(player.scenario().to_string(), "delay=1ms");
    let strip = player.strip();
    assert_eq!(strip.sender_counts().acked, strip.segments());
}

/// The packets that the user has killed.
fn kills(entries: &[Entry]) -> Vec<Label> {
    let kill = |what: &JournalEvent| match what {
        JournalEvent::FaultInjection(FaultInjection::PacketKilled(it)) => {
            Some(it.packet.into())
        }
        JournalEvent::FaultInjection(_)
        | JournalEvent::Machine(_)
        | JournalEvent::Link(_) => None,
    };
    entries.iter().filter_map(|it| kill(&it.what)).collect()
}

/// The packets that reached the state machine.
fn received(entries: &[Entry]) -> Vec<Label> {
    let receive = |what: &JournalEvent| match what {
        JournalEvent::Machine(Event::PacketReceived(packet)) => {
            Some(Label::from(packet.name))
        }
        JournalEvent::FaultInjection(_)
        | JournalEvent::Machine(_)
        | JournalEvent::Link(_) => None,
    };
    entries.iter().filter_map(|it| receive(&it.what)).collect()
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.bin"), contents::bytes(0..SIZE)).unwrap();
        Self {
            running: ServerProcess::start(&mut server(folder.path())),
            _folder: folder,
        }
    }
}

impl FrontEnd {
    fn join(server: &Server, link: &str, journals: Option<&Path>) -> Self {
        let out = tempfile::tempdir().unwrap();
        let settings = Settings {
            server: None,
            name: None,
            asked: RequestedOptions::default(),
            out: out.path().to_owned(),
            pause_at: None,
            overwrite: Overwrite::Keep,
            scenario: link.parse().unwrap(),
            is_offloading: true,
            journals: Journals::new(journals.map(Path::to_owned)).unwrap(),
            tap: Tap::OFF,
            theme: None,
            password: None,
            accepts_labs: false,
            replay: None,
        };
        let mut front_end = Self {
            session: Session::new(settings, false, || ()),
            player: None,
            clock: Clock::start(),
            _out: out,
        };
        front_end.intend(Intent::Connect {
            server: server.running.address.clone(),
            port: String::new(),
            name: "dana".to_owned(),
        });
        front_end
    }

    fn intend(&mut self, intent: Intent) {
        self.session.intend(intent);
    }

    /// Runs as a front end does, until the condition holds.
    fn wait_for<T>(&mut self, mut found: impl FnMut(&Self) -> Option<T>) -> T {
        while self.clock.now().since_start() < TIMEOUT {
            if let Some(found) = found(self) {
                return found;
            }
            match self.session.next(Duration::from_millis(20)) {
                Arrival::Event(event) => {
                    self.session.bring(event);
                }
                Arrival::Intent(intent) => self.intend(intent),
            }
            self.look();
        }
        panic!("it never came: {:?}", self.session.model().chat);
    }

    fn look(&mut self) {
        let Some(watched) = self.session.take_watched() else {
            return;
        };
        if let Some(heading) = watched.seen.heading {
            self.player = Some(Player::live(heading));
        }
        let Some(player) = &mut self.player else {
            return;
        };
        player.push(watched.seen.entries);
        if watched.is_over {
            player.end();
        }
    }

    fn transfer(&self) -> &Transfer {
        self.session.model().transfer(1).unwrap()
    }

    fn ended(&self) -> Option<Transfer> {
        let transfer = self.session.model().transfer(1)?;
        transfer.state.is_end().then(|| transfer.clone())
    }

    /// The event log of the download at the end.
    fn journal(&mut self, folder: &Path) -> Vec<Entry> {
        let path = folder.join("transfer-1-receiver.jsonl");
        let read = || Journal::read(BufReader::new(File::open(&path).ok()?)).ok();
        let is_end = |entry: &Entry| matches!(&entry.what, JournalEvent::Machine(Event::StateChanged { state }) if state == "ended");
        let whole = || read().filter(|it| it.entries.iter().any(is_end));
        self.wait_for(|_| whole()).entries
    }

    fn has_said(&self, text: &str) -> bool {
        let chat = self.session.model().chat.lines();
        let mut told = chat.filter(|line| {
            matches!(
                line.kind,
                LineKind::Output | LineKind::Error | LineKind::Notice
            )
        });
        told.any(|line| line.text == text)
    }
}

impl Drop for FrontEnd {
    fn drop(&mut self) {
        self.session.intend(Intent::Close);
    }
}
