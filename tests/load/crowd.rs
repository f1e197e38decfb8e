//! Many clients on one thread: they join, send lines, and measure the delay of each.
//!
//! A [`Language`] is the chat protocol of the clients. Linux only (`epoll`).

use super::measure::{Delays, find_marks, mark};
use super::memory::kibibytes;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The messages of a chat protocol.
pub(crate) trait Language: Copy {
    /// Clients that join at once.
    fn group(self) -> usize;

    /// The first bytes of a client, in one write.
    fn greeting(self, number: usize) -> Vec<u8>;

    /// The text that confirms a join.
    fn welcome(self) -> &'static [u8];

    /// A line with this text to all.
    fn line(self, words: &str) -> Vec<u8>;
}

/// All clients in the room.
pub(crate) struct Crowd<L> {
    clients: Vec<Client>,
    epoll: Epoll,
    start: Instant,
    /// The time until the last of them had joined.
    pub(crate) joining: Duration,
    language: L,
    room: Vec<u8>,
    grown_kib: i64,
}

struct Client {
    stream: TcpStream,
    /// The end of what was read, where a mark may have begun.
    rest: Vec<u8>,
    /// Bytes that the kernel has not accepted yet.
    unsent: Vec<u8>,
}

/// The lines sent and received.
#[derive(Default)]
pub(crate) struct Tally {
    /// Expected deliveries.
    wanted: u64,
    /// The delay of each delivery.
    delays: Delays,
    time: Duration,
}

/// After this time without a line the missing ones count as lost.
const SILENCE: Duration = Duration::from_secs(3);

/// The time before the measurement.
const WARMING: Duration = Duration::from_secs(1);

/// Clients that send at once when the throughput is measured.
const SPEAKERS: usize = 20;

/// The longest wait for a join.
const TIMEOUT: Duration = Duration::from_secs(60);

impl<L: Language> Crowd<L> {
    pub(crate) fn join(language: L, address: SocketAddr, count: usize) -> Self {
        let start = Instant::now();
        let before = own_kib();
        let epoll = Epoll::new(EpollCreateFlags::empty()).unwrap();
        let mut room = vec![0; 256 * 1024];
        let mut clients: Vec<Client> = Vec::with_capacity(count);
        // Each user receives every `joined`: a group that joins together is one message.
        let group = language.group();
        for first in (0..count).step_by(group) {
            let streams: Vec<_> = (first..count.min(first + group))
                .map(|number| {
                    let mut stream = TcpStream::connect(address).unwrap();
                    stream.set_nodelay(true).unwrap();
                    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
                    stream.write_all(&language.greeting(number)).unwrap();
                    (number, stream)
                })
                .collect();
            for (number, mut stream) in streams {
                let mut heard = Vec::new();
                while !contains(&heard, language.welcome()) {
                    let length = stream.read(&mut room).unwrap();
                    assert!(length > 0, "client {number} was not let in: {heard:?}");
                    heard.extend(&room[..length]);
                }
                stream.set_nonblocking(true).unwrap();
                let event = EpollEvent::new(EpollFlags::EPOLLIN, number as u64);
                epoll.add(&stream, event).unwrap();
                clients.push(Client {
                    stream,
                    rest: Vec::new(),
                    unsent: Vec::new(),
                });
            }
            if clients.len().is_multiple_of(50) {
                drain(&epoll, &mut clients, &mut room);
            }
        }
        let joining = start.elapsed();
        let mut crowd = Self {
            clients,
            epoll,
            start,
            joining,
            language,
            room,
            grown_kib: 0,
        };
        crowd.hear_out();
        crowd.grown_kib = own_kib() - before;
        crowd
    }

    /// What the crowd itself holds. Unit: KiB.
    pub(crate) const fn memory_kib(&self) -> i64 {
        self.grown_kib
    }

    /// This many lines per second, each from the next client.
    pub(crate) fn talk(&mut self, rate: u32, time: Duration) -> Tally {
        let gap = Duration::from_secs(1) / rate;
        let mut tally = Tally {
            time,
            ..Tally::default()
        };
        let begin = Instant::now();
        let (mut said, mut speaker) = (0, 0);
        let mut last_heard = begin;
        loop {
            let now = Instant::now();
            let is_over = now - begin >= WARMING + time;
            let due = begin + gap * said;
            if !is_over && now >= due {
                let counts = now - begin >= WARMING;
                self.say(speaker, counts);
                tally.wanted += if counts {
                    self.clients.len() as u64 - 1
                } else {
                    0
                };
                (said, speaker) = (said + 1, (speaker + 1) % self.clients.len());
                continue;
            }
            let wait = if is_over { SILENCE } else { due - now };
            if self.hear(wait, &mut tally) {
                last_heard = Instant::now();
            }
            let is_complete = tally.delays.count() as u64 >= tally.wanted;
            if is_over && (is_complete || last_heard.elapsed() >= SILENCE) {
                return tally;
            }
        }
    }

    /// As many lines as the server accepts.
    pub(crate) fn saturate(&mut self, time: Duration) -> Tally {
        let mut tally = Tally {
            time,
            ..Tally::default()
        };
        let begin = Instant::now();
        let mut warm = None;
        while begin.elapsed() < WARMING + time {
            for speaker in 0..SPEAKERS.min(self.clients.len()) {
                if self.clients[speaker].unsent.is_empty() {
                    self.say(speaker, true);
                }
                self.push(speaker);
            }
            self.hear(Duration::ZERO, &mut tally);
            if warm.is_none() && begin.elapsed() >= WARMING {
                warm = Some(Instant::now());
                tally.delays = Delays::default();
            }
        }
        tally.wanted = tally.delays.count() as u64;
        tally.time = warm.map_or(time, |it| it.elapsed());
        tally
    }

    /// One line by this client, marked where it `counts`.
    fn say(&mut self, speaker: usize, counts: bool) {
        let mut words = mark(speaker, self.start.elapsed());
        if !counts {
            words = words.replace("<t", "<w"); // As long, and no mark.
        }
        let line = self.language.line(&words);
        self.clients[speaker].unsent.extend(line);
        self.push(speaker);
    }

    fn push(&mut self, speaker: usize) {
        let client = &mut self.clients[speaker];
        while !client.unsent.is_empty() {
            match client.stream.write(&client.unsent) {
                Ok(length) => drop(client.unsent.drain(..length)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("client {speaker} was cut off: {error}"),
            }
        }
    }

    /// Waits at most this long and reads; returns whether there was anything to read.
    fn hear(&mut self, wait: Duration, tally: &mut Tally) -> bool {
        let mut events = [EpollEvent::empty(); 256];
        // The kernel counts in milliseconds: below one it is asked again at once.
        let wait = EpollTimeout::try_from(wait.min(Duration::from_millis(500))).unwrap();
        let count = self.epoll.wait(&mut events, wait).unwrap();
        for event in &events[..count] {
            let listener = usize::try_from(event.data()).unwrap();
            let client = &mut self.clients[listener];
            let length = match client.stream.read(&mut self.room) {
                Ok(0) => panic!("client {listener} was cut off"),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => panic!("client {listener} was cut off: {error}"),
            };
            let now = self.start.elapsed();
            client.rest.extend(&self.room[..length]);
            let used = find_marks(&client.rest, |speaker, said| {
                if speaker != listener {
                    tally.delays.extend([now.saturating_sub(said)]);
                }
            });
            client.rest.drain(..used);
        }
        count > 0
    }

    /// Reads until nothing more arrives.
    fn hear_out(&mut self) {
        let mut nothing = Tally::default();
        let mut last = Instant::now();
        while last.elapsed() < Duration::from_secs(1) {
            if self.hear(Duration::from_millis(100), &mut nothing) {
                last = Instant::now();
            }
        }
    }
}

/// Reads and discards the lines for clients that have joined.
fn drain(epoll: &Epoll, clients: &mut [Client], room: &mut [u8]) {
    let mut events = [EpollEvent::empty(); 256];
    loop {
        let count = epoll.wait(&mut events, EpollTimeout::ZERO).unwrap();
        for event in &events[..count] {
            let listener = usize::try_from(event.data()).unwrap();
            while matches!(clients[listener].stream.read(room), Ok(1..)) {}
        }
        if count == 0 {
            return;
        }
    }
}

/// Memory that this process holds. Unit: KiB.
fn own_kib() -> i64 {
    let kib = kibibytes("/proc/self/status", "VmRSS:").unwrap();
    i64::try_from(kib).unwrap()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[expect(clippy::cast_precision_loss, reason = "a table is for people")]
impl Tally {
    pub(crate) fn per_second(&self) -> f64 {
        self.delays.count() as f64 / self.time.as_secs_f64()
    }

    pub(crate) fn missing(&self) -> f64 {
        self.wanted as f64 - self.delays.count() as f64
    }

    /// The longest delay of this share of all deliveries. Unit: milliseconds.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        self.delays.quantile(share).as_secs_f64() * 1e3
    }
}
