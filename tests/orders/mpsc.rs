//! A replacement of `std::sync::mpsc`, as far as Sash uses it: the channels of `channel`
//! with the names of `std`.

use crate::channel;
use crate::real::time::Duration;

pub use crate::real::sync::mpsc::{
    RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError,
};

#[derive(Debug)]
pub struct Sender<T>(channel::Sender<T>);

#[derive(Debug)]
pub struct SyncSender<T>(channel::Sender<T>);

#[derive(Debug)]
pub struct Receiver<T>(channel::Receiver<T>);

#[must_use]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = channel::unbounded();
    (Sender(sender), Receiver(receiver))
}

#[must_use]
pub fn sync_channel<T>(capacity: usize) -> (SyncSender<T>, Receiver<T>) {
    let (sender, receiver) = channel::bounded(capacity);
    (SyncSender(sender), Receiver(receiver))
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Sender<T> {
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        self.0.send(item).map_err(|error| SendError(error.0))
    }
}

impl<T> SyncSender<T> {
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        self.0.send(item).map_err(|error| SendError(error.0))
    }

    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(item).map_err(|error| match error {
            channel::TrySendError::Full(item) => TrySendError::Full(item),
            channel::TrySendError::Disconnected(item) => TrySendError::Disconnected(item),
        })
    }
}

impl<T> Receiver<T> {
    pub fn recv(&self) -> Result<T, RecvError> {
        self.0.recv().map_err(|_| RecvError)
    }

    pub fn recv_timeout(&self, wait: Duration) -> Result<T, RecvTimeoutError> {
        self.0.recv_timeout(wait).map_err(|error| match error {
            channel::RecvTimeoutError::Timeout => RecvTimeoutError::Timeout,
            channel::RecvTimeoutError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }

    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.0.try_recv().map_err(|error| match error {
            channel::TryRecvError::Empty => TryRecvError::Empty,
            channel::TryRecvError::Disconnected => TryRecvError::Disconnected,
        })
    }

    pub fn try_iter(&self) -> impl Iterator<Item = T> + '_ {
        self.0.try_iter()
    }
}
