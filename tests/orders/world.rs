//! The state that all threads of one schedule share: the time, and the waits.
//!
//! The threads are Shuttle's: one runs at a time, and at each [`point`] another may
//! continue. Time stands still while a thread can run; when all wait, it advances to the
//! first of their deadlines. If there is none, or ten minutes pass, the test fails: this
//! reveals a deadlock, a lost wake-up and a thread that never ends.
//!
//! ```text
//!   room: recv_timeout ----\
//!   reader-1: read ---------+--> all wait --> time = the first deadline --> one goes on
//!   main: join ------------/
//! ```

use crate::real::cell::RefCell;
use crate::real::collections::BTreeMap;
use crate::real::sync::Arc;
use crate::real::time::Duration;
use shuttle::rand::Rng;
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::thread::Thread;

/// An object to wait for: a channel, a connection, a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WaitPoint(u64);

/// The place at which the end of a thread is reported.
pub(crate) const ENDS: WaitPoint = WaitPoint(0);

#[derive(Default)]
struct World {
    now: Duration,
    /// Accessed at each point, so that Shuttle can switch threads.
    point: Arc<AtomicBool>,
    /// Threads that have not ended, by name.
    alive: BTreeMap<u64, String>,
    waiting: BTreeMap<u64, Waiting>,
    last: u64,
    /// Whether a deadline may pass although a thread could run, as on a slow machine.
    is_hasty: bool,
}

struct Waiting {
    thread: Thread,
    place: WaitPoint,
    deadline: Option<Duration>,
}

/// The longest schedule.
const LONGEST: Duration = Duration::from_secs(600);

/// In a world with early deadlines, one in this many waits reaches its deadline at once.
const HASTE: u32 = 24;

real::thread_local! {
    /// One system thread runs all threads of a schedule.
    static WORLD: RefCell<World> = RefCell::default();
}

fn with<T>(act: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(act)
}

/// A new world, in which only the caller lives.
pub(crate) fn begin(is_hasty: bool) {
    let mut world = World {
        is_hasty,
        last: ENDS.0,
        ..World::default()
    };
    world.alive.insert(0, "main".to_owned());
    let old = with(|it| std::mem::replace(it, world));
    drop(old); // Values dropped with it may use the new one.
}

/// Whether a deadline may pass although a thread could run.
pub(crate) fn is_hasty() -> bool {
    with(|world| world.is_hasty)
}

/// The time since the beginning.
pub(crate) fn now() -> Duration {
    with(|world| world.now)
}

/// A unique number.
pub(crate) fn fresh() -> u64 {
    with(|world| {
        world.last += 1;
        world.last
    })
}

/// A new place to wait at.
pub(crate) fn place() -> WaitPoint {
    WaitPoint(fresh())
}

/// Another thread may continue here.
pub(crate) fn point() {
    if !is_falling() {
        let point = with(|world| Arc::clone(&world.point));
        point.load(Ordering::SeqCst);
    }
}

/// Whether a test has failed, and everything is being dropped.
pub(crate) fn is_falling() -> bool {
    real::thread::panicking()
}

/// Shuttle's choice among this many.
pub(crate) fn choose(count: u32) -> u32 {
    shuttle::rand::thread_rng().gen_range(0..count)
}

/// Tries until it succeeds, and waits at this place in between; `None` after the
/// deadline.
pub(crate) fn until<T>(
    place: WaitPoint,
    deadline: Option<Duration>,
    mut attempt: impl FnMut() -> Option<T>,
) -> Option<T> {
    let mut is_first = true;
    loop {
        point();
        if let Some(done) = attempt() {
            return Some(done);
        }
        if is_falling() || deadline.is_some_and(|it| now() >= it) {
            return None;
        }
        if let Some(deadline) = deadline
            && std::mem::take(&mut is_first)
            && is_hasty()
            && choose(HASTE) == 0
        {
            with(|world| world.now = world.now.max(deadline));
            continue;
        }
        wait(place, deadline);
    }
}

fn wait(place: WaitPoint, deadline: Option<Duration>) {
    let ticket = fresh();
    let waiting = Waiting {
        thread: shuttle::thread::current(),
        place,
        deadline,
    };
    with(|world| world.waiting.insert(ticket, waiting));
    advance_if_all_wait();
    while with(|world| world.waiting.contains_key(&ticket)) {
        shuttle::thread::park();
    }
}

/// This place has changed: the threads that wait there check again.
pub(crate) fn wake(place: WaitPoint) {
    if is_falling() {
        return;
    }
    let woken = with(|world| {
        let waiting = real::mem::take(&mut world.waiting).into_iter();
        let (woken, rest) = waiting.partition(|(_, it)| it.place == place);
        world.waiting = rest;
        woken
    });
    let woken: BTreeMap<u64, Waiting> = woken;
    for waiting in woken.values() {
        waiting.thread.unpark();
    }
}

fn advance_if_all_wait() {
    let first = with(|world| {
        if world.waiting.len() < world.alive.len() {
            return None;
        }
        let waiting = world.waiting.iter();
        let first = waiting
            .filter_map(|(ticket, it)| Some((it.deadline?, *ticket)))
            .min();
        let Some((deadline, ticket)) = first.filter(|(it, _)| *it < LONGEST) else {
            panic!(
                "after {:?} nobody can go on any more of {:?}",
                world.now, world.alive
            );
        };
        world.now = world.now.max(deadline);
        world.waiting.remove(&ticket)
    });
    if let Some(first) = first {
        first.thread.unpark();
    }
}

/// A thread begins; returns its number.
pub(crate) fn born(name: String) -> u64 {
    let number = fresh();
    with(|world| world.alive.insert(number, name));
    number
}

/// A thread ends.
pub(crate) fn ended(number: u64) {
    if is_falling() {
        return;
    }
    with(|world| world.alive.remove(&number));
    wake(ENDS);
    advance_if_all_wait();
}

/// The names of all threads that have not ended.
pub(crate) fn alive() -> Vec<String> {
    with(|world| world.alive.values().cloned().collect())
}

/// Whether this thread has not ended.
pub(crate) fn lives(number: u64) -> bool {
    with(|world| world.alive.contains_key(&number))
}
