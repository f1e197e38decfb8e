//! A replacement of `std::thread`, as far as Sash uses it: Shuttle's threads, which
//! `world` counts.

use crate::real::any::Any;
use crate::real::io;
use crate::world;

pub use crate::real::thread::panicking;

#[derive(Debug, Default)]
pub struct Builder {
    name: String,
}

#[derive(Debug)]
pub struct JoinHandle<T> {
    number: u64,
    handle: shuttle::thread::JoinHandle<T>,
}

impl Builder {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn name(self, name: String) -> Self {
        Self { name }
    }

    /// All stacks have the size given to Shuttle.
    #[must_use]
    pub fn stack_size(self, _bytes: usize) -> Self {
        self
    }

    pub fn spawn<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<JoinHandle<T>> {
        let number = world::born(self.name.clone());
        let builder = shuttle::thread::Builder::new().name(self.name);
        let handle = builder.spawn(move || {
            let done = work();
            world::ended(number);
            done
        })?;
        Ok(JoinHandle { number, handle })
    }
}

impl<T> JoinHandle<T> {
    pub fn join(self) -> Result<T, Box<dyn Any + Send>> {
        let has_ended = || (!world::lives(self.number)).then_some(());
        if world::until(world::ENDS, None, has_ended).is_none() {
            return Err(Box::new("all is being thrown away"));
        }
        self.handle.join()
    }
}

/// A thread of the test itself.
pub(crate) fn start<T: Send + 'static>(
    name: impl Into<String>,
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let builder = Builder::new().name(name.into());
    builder.spawn(work).expect("there is always one more")
}
