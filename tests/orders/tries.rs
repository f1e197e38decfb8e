//! The scenarios, each run in thousands of orders.

use crate::bell::Bell;
use crate::client::chat_connection::ChatConnection;
use crate::guest::Guest;
use crate::net::{self, SocketAddr};
use crate::real::env;
use crate::real::fs;
use crate::real::io::{Read, Write};
use crate::real::panic::{AssertUnwindSafe, catch_unwind};
use crate::real::time::{Duration, Instant};
use crate::server::ports::PortRange;
use crate::server::{self, Config, Running};
use crate::thread::start;
use crate::transfer::tap::Tap;
use crate::world::{self, choose, until};
use crate::{Receiver, after, app, unbounded};
use sash::client::address::ServerAddress;
use sash::client::controller::Event;
use sash::reliable::connection::Outcome;
use sash::wire::digest::Digest;
use sash::wire::message::{Reply, Request, TransferState};
use sha2::{Digest as _, Sha256};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config as Settings, MaxSteps, Runner};
use tempfile::TempDir;

type Try = fn();

const TRIES: [(&str, Try); 9] = [
    (
        "clients_may_leave_in_any_way_and_the_server_ends_without_a_remaining_thread",
        leave,
    ),
    (
        "all_connected_clients_receive_every_line_once_in_the_same_order",
        stay,
    ),
    (
        "an_abandoned_transfer_passes_its_port_to_the_next_one",
        transfers,
    ),
    (
        "a_download_is_complete_for_any_interleaving_of_its_two_threads",
        download,
    ),
    ("an_upload_is_complete_or_has_no_final_file_name", upload),
    (
        "a_server_that_stops_during_transfers_leaves_none_behind",
        drain,
    ),
    (
        "data_sent_before_the_client_disconnects_is_delivered",
        hang_up,
    ),
    ("a_connection_can_be_closed_by_either_side", lose),
    ("no_wakeup_of_the_window_is_missed", ring),
];

/// The number of schedules of each scenario, half of them by each scheduler; `ORDERS`
/// sets another number.
const SCHEDULES: usize = 250;

/// The limit of a schedule that does not end. Unit: steps.
const MOST_STEPS: usize = 2_000_000;

/// The stack size of the threads of a schedule. Unit: bytes.
const STACK_BYTES: usize = 1024 * 1024;

/// The number of priority changes in a schedule of PCT.
const PCT_DEPTH: usize = 3;

const CONTENTS: [u8; 3_000] = [7; 3_000];

/// Runs them all, or those whose names contain the first argument.
pub(crate) fn run() {
    let wanted = env::args().skip(1).find(|it| !it.starts_with('-'));
    let schedules = env::var("ORDERS").ok().and_then(|it| it.parse().ok());
    let schedules = schedules.unwrap_or(SCHEDULES);
    let mut failed = 0;
    for (name, act) in TRIES {
        if wanted
            .as_ref()
            .is_some_and(|it| !name.contains(it.as_str()))
        {
            continue;
        }
        let began = real_now();
        let all = AssertUnwindSafe(|| {
            // The seed of the first schedule; each one draws the seed of the next.
            schedule(RandomScheduler::new_from_seed(1, schedules / 2), act);
            schedule(
                PctScheduler::new_from_seed(1, PCT_DEPTH, schedules / 2),
                act,
            );
        });
        let is_well = catch_unwind(all).is_ok();
        failed += u32::from(!is_well);
        let verdict = if is_well { "ok" } else { "FAILED" };
        let took = began.elapsed();
        say(&format!(
            "{name}: {schedules} orders in {took:.1?} ... {verdict}"
        ));
    }
    if failed > 0 {
        real::process::exit(1);
    }
}

#[expect(clippy::disallowed_methods, reason = "how long it took, for people")]
fn real_now() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stdout, reason = "it is a test's own harness")]
fn say(line: &str) {
    println!("{line}");
}

fn schedule(scheduler: impl Scheduler + 'static, act: Try) {
    let mut settings = Settings::new();
    settings.stack_size = STACK_BYTES;
    settings.max_steps = MaxSteps::FailAfter(MOST_STEPS);
    settings.silence_warnings = true;
    Runner::new(scheduler, settings).run(move || {
        net::begin();
        world::begin(false);
        act();
    });
}

/// A server with one file and this many ports.
struct Fixture {
    server: Running,
    folder: TempDir,
}

impl Fixture {
    fn open(ports: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.bin"), CONTENTS).expect("a file");
        let server = server::start(Config {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            files: folder.path().to_owned(),
            ports: PortRange::Between {
                first: 55_000,
                last: 54_999 + ports,
            },
            is_offloading: false,
            ..Config::default()
        });
        Self {
            server: server.expect("a server"),
            folder,
        }
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }
}

/// Checks that every thread but the first has ended, and every port is free.
fn expect_no_remaining_threads() {
    let alone = || (world::alive().len() == 1).then_some(());
    until(world::ENDS, None, alone);
    assert_eq!(net::ports_in_use(), 0);
}

/// Checks that only the server's own threads and its port are left.
fn expect_only_the_server_threads(of: usize) {
    let enough = || (world::alive().len() <= of).then_some(());
    until(world::ENDS, None, enough);
    assert_eq!(net::ports_in_use(), 1, "{:?}", world::alive());
}

fn sleep(milliseconds: u32) {
    let _ = after(Duration::from_millis(milliseconds.into())).recv();
}

/// Checks that lines received by two clients have the same order and no gap.
fn agree(one: &[String], other: &[String]) {
    let common: Vec<_> = one.iter().filter(|it| other.contains(it)).collect();
    let Some((first, last)) = common.first().zip(common.last()) else {
        return;
    };
    let piece = |of: &[String]| -> Vec<String> {
        let place = |line: &String| of.iter().position(|it| it == line).expect("common");
        of[place(first)..=place(last)].to_vec()
    };
    assert_eq!(piece(one), piece(other));
}

/// Three clients join and leave, each in one of five ways, while the server ends in one
/// of two.
fn leave() {
    world::begin(choose(2) == 0);
    let place = Fixture::open(1);
    let address = place.address();
    let visit = move |number: u32| {
        let name = format!("guest{number}");
        let Some(mut guest) = Guest::join(address, &name) else {
            return Vec::new();
        };
        guest.say_text(&format!("{number}, one"));
        guest.say_text(&format!("{number}, two"));
        match choose(5) {
            0 => {
                let before = world::now();
                guest.say("\"disconnect\"");
                guest.hear_to_the_end();
                // At once, and not only when a timeout of the server expires.
                let took = world::now().saturating_sub(before);
                assert!(took < Duration::from_secs(1) || world::is_hasty());
            }
            1 => {}
            2 => {
                guest.end_half();
                guest.hear_to_the_end();
            }
            3 => {
                guest.say("\u{7f}{");
                guest.hear_to_the_end();
            }
            _ => guest.hear_to_the_end(),
        }
        guest.lines()
    };
    let guests: Vec<_> = (0..3)
        .map(|number| start(format!("guest-{number}"), move || visit(number)))
        .collect();
    sleep(choose(3) * 700);
    if choose(2) == 0 {
        place.server.stop();
    } else {
        place.server.stop_within(Duration::from_secs(1));
    }
    let heard: Vec<_> = guests
        .into_iter()
        .map(|it| it.join().expect("well"))
        .collect();
    for one in &heard {
        for other in &heard {
            agree(one, other);
        }
    }
    expect_no_remaining_threads();
}

fn stay() {
    let place = Fixture::open(1);
    let address = place.address();
    let visit = move |number: u32| {
        let mut guest =
            Guest::join(address, &format!("guest{number}")).expect("a server");
        let is_there = |reply: &Reply, wanted: &str| match reply {
            Reply::Said(said) => said.text == wanted,
            Reply::History { lines } => lines.iter().any(|it| it.text == wanted),
            _ => false,
        };
        // No client sends a line before all have joined.
        let mut there = 0;
        guest.hear(|reply| matches!(reply, Reply::History { .. }).then_some(()));
        guest.say("\"users\"");
        while there < 3 {
            there = guest
                .hear(|reply| match reply {
                    Reply::Users { names, .. } => Some(names.len()),
                    _ => None,
                })
                .expect("it goes on");
            if there < 3 {
                sleep(20);
                guest.say("\"users\"");
            }
        }
        guest.say_text(&format!("{number}, one"));
        guest.say_text(&format!("{number}, two"));
        for other in 0..3 {
            let wanted = format!("{other}, two");
            let is_here = guest.heard.iter().any(|reply| is_there(reply, &wanted));
            if !is_here {
                guest
                    .hear(|reply| is_there(reply, &wanted).then_some(()))
                    .expect("it goes on");
            }
        }
        guest
    };
    let guests: Vec<_> = (0..3)
        .map(|number| start(format!("guest-{number}"), move || visit(number)))
        .collect();
    let guests: Vec<_> = guests
        .into_iter()
        .map(|it| it.join().expect("well"))
        .collect();
    let heard: Vec<_> = guests.iter().map(Guest::lines).collect();
    for one in &heard {
        // A client that joined late may have received the first of them as history.
        for other in &heard {
            agree(one, other);
        }
        let mut once = one.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), one.len(), "{one:?}");
    }
    drop(guests);
    place.server.stop();
    expect_no_remaining_threads();
}

/// Three clients need the only port; two of them release it in one of six ways, and then
/// the third one gets it.
fn transfers() {
    world::begin(choose(2) == 0);
    let place = Fixture::open(1);
    let address = place.address();
    let own = world::alive().len();
    let visit = move |number: u32| {
        let mut guest =
            Guest::join(address, &format!("guest{number}")).expect("a server");
        let transport = if choose(2) == 0 { "udp" } else { "tcp" };
        guest.say(&format!(
            r#"{{"download":{{"file":"a.bin","transport":"{transport}"}}}}"#
        ));
        match choose(6) {
            0 => {}
            1 => {
                guest.say("\"disconnect\"");
            }
            2 => {
                guest.say(&format!(r#"{{"cancel":{{"transfer":{}}}}}"#, number + 1));
            }
            way => {
                let Some(offer) = guest.hear_offer() else {
                    return;
                };
                if transport == "tcp" {
                    let call = guest.call(&offer);
                    if way == 3 {
                        drop(call);
                    } else if let Ok(call) = call {
                        let _ = (&call).read(&mut [0; 10]);
                    }
                }
                if way > 3 {
                    guest.say(&format!(
                        r#"{{"cancel":{{"transfer":{}}}}}"#,
                        offer.transfer
                    ));
                }
                if way > 4 {
                    guest.hear_end(offer.transfer);
                }
            }
        }
    };
    let guests: Vec<_> = (0..2)
        .map(|number| start(format!("guest-{number}"), move || visit(number)))
        .collect();
    let mut last = Guest::join(address, "last").expect("a server");
    last.say(r#"{"download":{"file":"a.bin"}}"#);
    // With early deadlines it may have been too late to join.
    let offer = last.hear_offer();
    assert!(offer.is_some_and(|it| it.port == 55_000) || world::is_hasty());
    // Not only after the server's timeout for a client that has left.
    assert!(world::now() < Duration::from_secs(20) || world::is_hasty());
    for guest in guests {
        guest.join().expect("well");
    }
    drop(last);
    expect_only_the_server_threads(own);
    place.server.stop();
    expect_no_remaining_threads();
}

fn download() {
    let place = Fixture::open(1);
    let mut guest = Guest::join(place.address(), "dana").expect("a server");
    let arq =
        ["stop-and-wait", "go-back-n", "selective-repeat", "sack"][choose(4) as usize];
    guest.say(&format!(
        r#"{{"download":{{"file":"a.bin","arq":"{arq}","window":4}}}}"#
    ));
    let offer = guest.hear_offer().expect("an offer");
    let digest = Digest(Sha256::digest(CONTENTS).into());
    let (outcome, file) = guest.receive(&offer, digest);
    assert_eq!(outcome, Outcome::Verified);
    assert_eq!(file, CONTENTS);
    let number = offer.transfer;
    if choose(2) == 0 {
        guest.say(&format!(
            r#"{{"transfer":{{"transfer":{number},"state":"verified"}}}}"#
        ));
    }
    let state = guest.hear_end(number).expect("it goes on");
    // If every FIN-ACK is lost, and the chat brings no verdict, it cannot know.
    assert!(
        matches!(state, TransferState::Verified | TransferState::Unknown),
        "{state:?}"
    );
    drop(guest);
    place.server.stop();
    expect_no_remaining_threads();
}

fn upload() {
    world::begin(choose(2) == 0);
    let place = Fixture::open(1);
    let own = world::alive().len();
    let is_whole = give(place.address());
    expect_only_the_server_threads(own);
    // The port is free for others.
    let mut other = Guest::join(place.address(), "guy").expect("a server");
    other.say(r#"{"download":{"file":"a.bin"}}"#);
    assert!(other.hear_offer().is_some() || world::is_hasty());
    drop(other);
    expect_only_the_server_threads(own);
    match fs::read(place.folder.path().join("b.bin")) {
        Ok(arrived) => assert_eq!(arrived, CONTENTS),
        Err(_) => assert!(!is_whole),
    }
    place.server.stop();
    expect_no_remaining_threads();
}

/// Uploads a file, or a part of it, and leaves; returns whether the server has verified
/// it.
fn give(server: SocketAddr) -> bool {
    let mut guest = Guest::join(server, "dana").expect("a server");
    guest.say(r#"{"upload":{"file":"b.bin","size":3000,"transport":"tcp"}}"#);
    let Some(offer) = guest.hear_offer() else {
        assert!(world::is_hasty());
        return false;
    };
    let Ok(call) = guest.call(&offer) else {
        assert!(world::is_hasty());
        return false;
    };
    let mut bytes = CONTENTS.to_vec();
    bytes.extend(Sha256::digest(CONTENTS));
    let sent = [0, 1_500, 3_000, 3_032][choose(4) as usize];
    let is_sent = (&call).write_all(&bytes[..sent]).is_ok();
    match choose(3) {
        0 => false,
        1 => {
            guest.say(&format!(
                r#"{{"cancel":{{"transfer":{}}}}}"#,
                offer.transfer
            ));
            guest.hear_end(offer.transfer) == Some(TransferState::Verified)
        }
        _ if sent < bytes.len() => false,
        _ => {
            let mut word = [0];
            let is_told = (&call).read_exact(&mut word).is_ok() && word == [1];
            let end = guest.hear_end(offer.transfer);
            let is_whole = end == Some(TransferState::Verified);
            assert!(is_sent && is_told && is_whole || world::is_hasty());
            is_whole
        }
    }
}

/// Two transfers run and one waits when the server ends.
fn drain() {
    world::begin(choose(2) == 0);
    let place = Fixture::open(2);
    let address = place.address();
    let visit = move |number: u32| {
        let Some(mut guest) = Guest::join(address, &format!("guest{number}")) else {
            return;
        };
        guest.say(r#"{"download":{"file":"a.bin","window":4}}"#);
        let Some(offer) = guest.hear_offer() else {
            return;
        };
        if choose(2) == 0 {
            let digest = Digest(Sha256::digest(CONTENTS).into());
            let (outcome, file) = guest.receive(&offer, digest);
            assert!(outcome != Outcome::Verified || file == CONTENTS);
        }
        guest.hear_to_the_end();
    };
    let guests: Vec<_> = (0..3)
        .map(|number| start(format!("guest-{number}"), move || visit(number)))
        .collect();
    sleep(choose(3) * 40);
    match choose(3) {
        0 => place.server.stop(),
        1 => drop(place.server),
        _ => place.server.stop_within(Duration::from_secs(2)),
    }
    for guest in guests {
        guest.join().expect("well");
    }
    expect_no_remaining_threads();
}

/// A connection to this address, and its reports.
fn link(server: SocketAddr) -> (ChatConnection, Receiver<Event>) {
    let address = ServerAddress {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
    };
    let mut link = ChatConnection::new(address, Tap::OFF);
    let (report, reports) = unbounded();
    link.start(move |event| {
        let _ = report.send(event);
    });
    (link, reports)
}

fn request(json: &str) -> Request {
    Request::from_line(json).expect("a request")
}

fn hang_up() {
    let place = Fixture::open(1);
    let mut witness = Guest::join(place.address(), "witness").expect("a server");
    witness.hear(|reply| matches!(reply, Reply::Welcome(_)).then_some(()));
    let (link, reports) = link(place.address());
    link.send(request(r#"{"join":{"name":"dana"}}"#));
    link.send(request(r#"{"say":{"text":"one"}}"#));
    if choose(2) == 0 {
        // Otherwise it would disconnect before it is connected.
        let _ = reports.recv();
    }
    link.send(request(r#"{"say":{"text":"two"}}"#));
    let ended = link.hang_up();
    witness
        .hear(|reply| match reply {
            Reply::Said(said) if said.text == "two" => Some(()),
            _ => None,
        })
        .expect("it goes on");
    assert_eq!(witness.lines(), ["dana: one", "dana: two"]);
    let _ = ended.recv();
    drop(witness);
    place.server.stop();
    expect_no_remaining_threads();
}

/// The server ends or does not run, or the connection closes, at any moment.
fn lose() {
    world::begin(choose(2) == 0);
    let place = Fixture::open(1);
    let (link, reports) = link(place.address());
    link.send(request(r#"{"join":{"name":"dana"}}"#));
    let ending = start("ending", move || {
        sleep(choose(3) * 100);
        place.server.stop();
    });
    sleep(choose(3) * 100);
    match choose(3) {
        0 => {
            let _ = link.hang_up().recv();
        }
        1 => drop(link),
        _ => {
            let is_last = |event| matches!(event, Event::Lost(_) | Event::Unreachable(_));
            while !is_last(reports.recv().expect("it tells its end")) {}
            drop(link);
        }
    }
    ending.join().expect("well");
    expect_no_remaining_threads();
}

/// Two threads have news for the window, which fetches them when it is woken.
fn ring() {
    const NEWS: usize = 6;
    app::begin();
    let (news, inbox) = unbounded();
    let bell = Bell::default();
    for number in 0..2 {
        let (news, bell) = (news.clone(), bell.clone());
        start(format!("news-{number}"), move || {
            for _ in 0..NEWS / 2 {
                let _ = news.send(());
                bell.ring();
                sleep(choose(3) * 30);
            }
        });
    }
    drop(news);
    let mut fetched = 0;
    while fetched < NEWS {
        app::wait();
        if bell.is_due() {
            fetched += inbox.try_iter().count();
        }
    }
    app::wait_for_timeouts();
    expect_no_remaining_threads();
}
