//! The window.

mod chat;
mod labels;
mod list;
mod login;
mod look;
mod panel;
mod question;
mod recipient;
mod room;
mod transfers;
mod window;

use super::Settings;
use super::controller::{Controller, Event, Intent};
use crate::wire::message::*;
use crate::wire::options::*;
use crate::transfer::*;
use fltk::{app, prelude::*};
use std::rc::Rc;

/// The way out of the view: what a person wants.
type Report = Rc<dyn Fn(Intent)>;

/// proto
pub fn proto(what: &str) {
    let app = app::App::default();
    look::dress();
    let (tx, rx) = crossbeam_channel::unbounded();
    let report: Report = Rc::new(move |i| { let _ = tx.send(i); });
    let settings = Settings { server: None, name: None, asked: Asked::default(), out: "x".into(), scenario: "".parse().unwrap() };
    let mut w = window::Window::new(&settings, &report);
    let mut c = Controller::new(Asked::default(), true);
    let now = crate::transfer::clock::wall_time_ms();
    if what != "login" {
        c.on_intent(Intent::Connect { server: String::new(), port: String::new(), name: "dana".into() }, now);
        let r = |c: &mut Controller, r: Reply| c.on_event(Event::Reply(r), now);
        if what == "refused" {
            r(&mut c, Reply::Refused(Refusal { code: Code::NameTaken, sentence: "The name \"dana\" is taken. Choose another.".into(), suggestion: Some("dana2".into()) }));
        } else {
        r(&mut c, Reply::Welcome(Welcome { name: "dana".into(), version: 1, server: "sash 0.1".into(), line_bytes: 16384, defaults: Settled::DEFAULT }));
        c.on_event(Event::Connected { round_trip: std::time::Duration::from_millis(2) }, now);
        r(&mut c, Reply::History { lines: vec![Said { from: "guy".into(), text: "anybody here yet?".into(), time: now - 600_000 }] });
        r(&mut c, Reply::Users { names: vec!["guy".into(), "dana".into(), "yuval".into(), "a&b/@_x".into()] });
        let f = |n: &str, s| FileEntry { name: n.into(), size: s, digest: None };
        r(&mut c, Reply::Files { files: vec![f("empty.txt", 0), f("forest walk.mp4", 2_310_222), f("large.bin", 10_485_760), f("notes.txt", 12_204), f("sunset.png", 184_301), f("tone.wav", 882_044), f("שלום 🙂 & @home.txt", 74), f("a really very long file name that does not fit anywhere.tar.gz", 7_400_000_000)] });
        r(&mut c, Reply::Joined { name: "yuval".into() });
        let s = |f: &str, t: &str| Reply::Said(Said { from: f.into(), text: t.into(), time: now });
        r(&mut c, s("guy", "hi all - has anybody tried the 30 % loss scenario with stop-and-wait? It took more than a minute here, while go-back-n resent half of the file."));
        r(&mut c, s("dana", "שלום! selective repeat resent only 31 of 1,240"));
        r(&mut c, s("yuval", "@-> with markup & stuff _x /y 🙂"));
        r(&mut c, Reply::Whispered(Whispered { from: "yuval".into(), to: "dana".into(), text: "look at the window column".into(), time: now }));
        r(&mut c, Reply::Whispered(Whispered { from: "dana".into(), to: "yuval".into(), text: "I see it".into(), time: now }));
        c.on_intent(Intent::Input("/flies".into()), now);
        for (i, (file, arq, state, done)) in [("notes.txt", Arq::StopAndWait, TransferState::Verified, 12_204), ("large.bin", Arq::GoBackN, TransferState::Sending, 4_300_000), ("forest walk.mp4", Arq::SelectiveRepeat, TransferState::Failed, 800_000), ("tone.wav", Arq::SelectiveRepeat, TransferState::Opening, 0)].iter().enumerate() {
            let tag = i as u64 + 1;
            c.on_intent(Intent::Download { file: (*file).into(), asked: Asked { arq: Some(*arq), ..Asked::default() } }, now);
            let size = [12_204, 10_485_760, 2_310_222, 882_044][i];
            r(&mut c, Reply::Offer(Offer { transfer: tag, tag: Some(tag), file: (*file).into(), port: 55000, token: "00112233445566778899aabbccddeeff".parse().unwrap(), size, digest: None, settled: Settled { arq: *arq, window: arq.usual_window(), ..Settled::DEFAULT } }));
            let figures = Figures { done_bytes: *done, progress: Progress { resent_packets: 7 * tag, ..Progress::default() } };
            if *state == TransferState::Opening { continue; }
            c.on_event(Event::Report { tag, report: crate::transfer::Report::Progress(TransferState::Sending, Figures { done_bytes: done / 2, ..figures }) }, now);
            c.on_event(Event::Report { tag, report: crate::transfer::Report::Progress(TransferState::Sending, figures) }, now + 1000);
            if state.is_end() {
                c.on_event(Event::Report { tag, report: crate::transfer::Report::Ended(Ending { state: *state, sentence: None, figures, elapsed: std::time::Duration::from_millis(700), path: None, digest: None }) }, now + 1000);
            }
        }
        if what == "lost" { c.on_event(Event::Lost("The server went away. Connect again.".into()), now); }
        }
    }
    w.show(c.model());
    if what == "ask" { w.room().question.ask("2 files are still on their way. What has arrived is kept. Leave?", ("Leave", "Stay"), || {}); }
    while app.wait() {
        for i in rx.try_iter() { eprintln!("{i:?}"); c.on_intent(i, now); }
        w.show(c.model());
    }
}
