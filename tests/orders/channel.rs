//! A replacement of `crossbeam-channel`, as far as Sash uses it, with Shuttle's threads
//! and the virtual time of `world`.

use crate::real::collections::VecDeque;
use crate::real::sync::{Arc, Mutex, MutexGuard};
use crate::real::time::Duration;
use crate::real::{fmt, mem};
use crate::world::{self, WaitPoint, point, until, wake};

pub use crate::real_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};

pub struct Sender<T>(Arc<Shared<T>>);

pub struct Receiver<T>(Arc<Shared<T>>);

struct Shared<T> {
    place: WaitPoint,
    state: Mutex<State<T>>,
}

struct State<T> {
    queue: VecDeque<T>,
    capacity: usize,
    senders: usize,
    receivers: usize,
    /// The messages of the queue are dropped only here.
    opens_at: Duration,
}

fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        place: world::place(),
        state: Mutex::new(State {
            queue: VecDeque::new(),
            capacity,
            senders: 1,
            receivers: 1,
            opens_at: Duration::ZERO,
        }),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    channel(usize::MAX)
}

/// Sash never sends on a channel of capacity 0: threads only wait for its end.
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    channel(capacity)
}

#[must_use]
pub fn never<T>() -> Receiver<T> {
    let (sender, receiver) = channel(0);
    mem::forget(sender);
    receiver
}

#[must_use]
pub fn after(wait: Duration) -> Receiver<()> {
    let (sender, receiver) = channel(1);
    {
        let mut state = receiver.0.state();
        state.opens_at = world::now() + wait;
        state.queue.push_back(());
    }
    mem::forget(sender);
    receiver
}

impl<T> Shared<T> {
    /// The lock is never held across a `point`.
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("nobody panics with it")
    }
}

impl<T> Sender<T> {
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        match self.put(item, None) {
            Ok(()) => Ok(()),
            Err(
                SendTimeoutError::Timeout(item) | SendTimeoutError::Disconnected(item),
            ) => Err(SendError(item)),
        }
    }

    pub fn send_timeout(
        &self,
        item: T,
        wait: Duration,
    ) -> Result<(), SendTimeoutError<T>> {
        self.put(item, Some(world::now() + wait))
    }

    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        match self.put(item, Some(Duration::ZERO)) {
            Ok(()) => Ok(()),
            Err(SendTimeoutError::Timeout(item)) => Err(TrySendError::Full(item)),
            Err(SendTimeoutError::Disconnected(item)) => {
                Err(TrySendError::Disconnected(item))
            }
        }
    }

    fn put(
        &self,
        item: T,
        deadline: Option<Duration>,
    ) -> Result<(), SendTimeoutError<T>> {
        let mut item = Some(item);
        let sent = until(self.0.place, deadline, || {
            let mut state = self.0.state();
            assert!(state.capacity > 0, "a channel that is never sent on");
            if state.receivers == 0 {
                return Some(false);
            }
            (state.queue.len() < state.capacity).then(|| {
                state.queue.extend(item.take());
                true
            })
        });
        match (sent, item) {
            (Some(false), Some(item)) => Err(SendTimeoutError::Disconnected(item)),
            (_, Some(item)) => Err(SendTimeoutError::Timeout(item)),
            (_, None) => {
                wake(self.0.place);
                Ok(())
            }
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        point();
        self.0.state().queue.len()
    }
}

impl<T> Receiver<T> {
    pub fn recv(&self) -> Result<T, RecvError> {
        self.take(None).map_err(|_| RecvError)
    }

    pub fn recv_timeout(&self, wait: Duration) -> Result<T, RecvTimeoutError> {
        self.take(world::now().checked_add(wait))
    }

    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.take(Some(Duration::ZERO))
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => TryRecvError::Empty,
                RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
            })
    }

    fn take(&self, deadline: Option<Duration>) -> Result<T, RecvTimeoutError> {
        let opens_at = self.0.state().opens_at;
        // Only one of them can become ready later, and it waits by itself.
        let deadline = if opens_at > world::now() {
            Some(deadline.map_or(opens_at, |it| it.min(opens_at)))
        } else {
            deadline
        };
        let taken = until(self.0.place, deadline, || {
            let mut state = self.0.state();
            if state.opens_at > world::now() {
                return None;
            }
            match state.queue.pop_front() {
                Some(item) => Some(Ok(item)),
                None if state.senders == 0 => Some(Err(RecvTimeoutError::Disconnected)),
                None => None,
            }
        });
        let taken = taken.unwrap_or(Err(RecvTimeoutError::Timeout));
        if taken.is_ok() {
            wake(self.0.place);
        }
        taken
    }

    pub fn try_iter(&self) -> impl Iterator<Item = T> + '_ {
        real::iter::from_fn(|| self.try_recv().ok())
    }

    #[must_use]
    pub fn len(&self) -> usize {
        point();
        self.0.state().queue.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Items<'a, T>;

    fn into_iter(self) -> Items<'a, T> {
        Items(self)
    }
}

pub struct Items<'a, T>(&'a Receiver<T>);

impl<T> Iterator for Items<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.0.state().receivers += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        point();
        self.0.state().senders -= 1;
        wake(self.0.place);
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        point();
        let unread = {
            let mut state = self.0.state();
            state.receivers -= 1;
            let is_last = state.receivers == 0;
            is_last.then(|| mem::take(&mut state.queue))
        };
        drop(unread); // Outside of the lock: it may contain senders.
        wake(self.0.place);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver")
    }
}
