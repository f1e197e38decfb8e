//! A replacement of `fltk::app`, as far as Sash uses it: a window that waits.

use crate::real::cell::RefCell;
use crate::real::mem;
use crate::real::time::Duration;
use crate::world::{self, WaitPoint, until, wake};

#[derive(Default)]
struct Window {
    place: Option<WaitPoint>,
    is_awake: bool,
    timeouts: Vec<(Duration, Call)>,
}

type Call = Box<dyn FnOnce(Handle)>;

/// The handle that FLTK passes to a callback.
#[derive(Debug)]
pub struct Handle;

crate::real::thread_local! {
    static WINDOW: RefCell<Window> = RefCell::default();
}

fn with<T>(act: impl FnOnce(&mut Window) -> T) -> T {
    WINDOW.with_borrow_mut(act)
}

/// A window of this schedule.
pub(crate) fn begin() {
    let window = Window {
        place: Some(world::place()),
        ..Window::default()
    };
    drop(with(|it| mem::replace(it, window)));
}

/// Wakes the waiting thread, from any thread.
pub fn awake() {
    world::point();
    let place = with(|window| {
        window.is_awake = true;
        window.place
    });
    place.into_iter().for_each(wake);
}

/// Calls this after the given seconds, while the window waits.
pub fn add_timeout3(seconds: f64, call: impl FnOnce(Handle) + 'static) {
    let due = world::now() + Duration::from_secs_f64(seconds);
    with(|window| window.timeouts.push((due, Box::new(call))));
}

/// Waits until a thread wakes it; like FLTK, it continues to wait after a timeout.
pub(crate) fn wait() {
    let place = with(|window| window.place).expect("a window");
    loop {
        let due = with(|window| window.timeouts.first().map(|(due, _)| *due));
        let is_awake = || with(|window| mem::take(&mut window.is_awake)).then_some(());
        if until(place, due, is_awake).is_some() {
            return;
        }
        run_expired_timeouts();
    }
}

/// Waits until no timeout is left.
pub(crate) fn wait_for_timeouts() {
    while let Some(due) = with(|window| window.timeouts.first().map(|(due, _)| *due)) {
        let place = with(|window| window.place).expect("a window");
        let _: Option<()> = until(place, Some(due), || None);
        run_expired_timeouts();
    }
}

fn run_expired_timeouts() {
    let now = world::now();
    let all = with(|window| mem::take(&mut window.timeouts));
    let (due, later) = all.into_iter().partition(|(due, _)| *due <= now);
    with(|window| window.timeouts = later);
    let due: Vec<(Duration, Call)> = due;
    for (_, call) in due {
        call(Handle);
    }
}
