//! How long a chat line takes to a thousand people, and how many lines a second get through:
//! Sash beside two servers that are known to be good at it.
//!
//! ```text
//! cargo bench --bench chat -- --clients 1000 --rate 50            p99 of every delivery
//! cargo bench --bench chat -- --clients 1000 --saturate           deliveries a second
//! cargo bench --bench chat -- --clients 7500 --rate 2 --server sash   memory of each
//! ```
//!
//! Server and load share the machine. One thread plays all the clients (`epoll`), so a
//! delivery counts when the load has read it; the load's own slowness is in every row. A
//! line carries the moment it was said, and whoever finds it in what it reads knows how
//! long it took. The speaker's own echo does not count. The servers take turns, and the
//! median of the rounds is told.
//!
//! `mosquitto` and `ngircd` are left out where they are not installed. Linux only.

#![cfg_attr(
    target_os = "linux",
    expect(
        clippy::unwrap_used,
        clippy::print_stdout,
        clippy::print_stderr,
        clippy::disallowed_methods,
        reason = "a benchmark reads the clock, prints, and ends where it cannot go on"
    )
)]

#[cfg(target_os = "linux")]
#[path = "../tests/load/crowd.rs"]
mod crowd;
#[cfg(target_os = "linux")]
#[path = "../tests/load/measure.rs"]
#[allow(unused_imports, reason = "its own tests run among `tests/programs`")]
mod measure;
#[cfg(target_os = "linux")]
#[path = "../tests/load/memory.rs"]
mod memory;
#[cfg(target_os = "linux")]
#[path = "chat/server.rs"]
mod server;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use super::crowd::{Crowd, Tally};
    use super::server::{Kind, Server};
    use clap::Parser;
    use std::time::Duration;

    /// A chat server, measured from outside.
    #[derive(Debug, Parser)]
    struct Arguments {
        /// So many clients are in the room
        #[arg(long, default_value_t = 1000)]
        clients: usize,
        /// So many lines a second, each said by another client
        #[arg(long, default_value_t = 50)]
        rate: u32,
        /// As many lines as the server takes, said by so many clients at once
        #[arg(long)]
        saturate: bool,
        /// For so long, after a second of warming up
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// Rounds; the servers take turns
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Which: sash, mosquitto, ngircd; without it all that are here
        #[arg(long, value_delimiter = ',')]
        server: Vec<Kind>,
        /// What `cargo bench` adds
        #[arg(long, hide = true)]
        bench: bool,
    }

    /// What one round of one server showed.
    struct Row {
        kind: Kind,
        joining: Duration,
        tally: Tally,
        kib_each: i64,
    }

    pub(super) fn main() {
        let arguments = Arguments::parse();
        let mut kinds = arguments.server.clone();
        if kinds.is_empty() {
            kinds = Kind::ALL.into_iter().filter(|it| it.is_here()).collect();
        }
        let mut rows = Vec::new();
        for round in 1..=arguments.rounds {
            for &kind in &kinds {
                eprintln!("round {round}: {kind}");
                rows.push(measure(kind, &arguments));
            }
        }
        print(&arguments, &kinds, &rows);
    }

    fn measure(kind: Kind, arguments: &Arguments) -> Row {
        let server = Server::start(kind, arguments.clients);
        let before = server.memory_kib();
        let mut crowd = Crowd::join(server.kind, server.address, arguments.clients);
        let spent = before - server.memory_kib() - crowd.memory_kib();
        let clients = i64::try_from(arguments.clients).unwrap();
        let time = Duration::from_secs(arguments.seconds);
        let tally = if arguments.saturate {
            crowd.saturate(time)
        } else {
            crowd.talk(arguments.rate, time)
        };
        Row {
            kind,
            joining: crowd.joining,
            tally,
            kib_each: spent / clients,
        }
    }

    fn print(arguments: &Arguments, kinds: &[Kind], rows: &[Row]) {
        let how = if arguments.saturate {
            "as many lines as it takes".to_owned()
        } else {
            format!("{} lines/s", arguments.rate)
        };
        println!(
            "{} clients, {how}, {} s, median of {} rounds",
            arguments.clients, arguments.seconds, arguments.rounds
        );
        println!(
            "{:<10} {:>8} {:>12} {:>8} {:>8} {:>8} {:>8} {:>10}",
            "server",
            "joined s",
            "delivered/s",
            "missing",
            "p50 ms",
            "p99 ms",
            "max ms",
            "KiB each"
        );
        for &kind in kinds {
            let mine: Vec<&Row> = rows.iter().filter(|row| row.kind == kind).collect();
            let middle = |value: &dyn Fn(&Row) -> f64| {
                let mut values: Vec<f64> = mine.iter().map(|row| value(row)).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            println!(
                "{:<10} {:>8.2} {:>12.0} {:>8.0} {:>8.1} {:>8.1} {:>8.1} {:>10.0}",
                kind.to_string(),
                middle(&|row| row.joining.as_secs_f64()),
                middle(&|row| row.tally.per_second()),
                middle(&|row| row.tally.missing()),
                middle(&|row| row.tally.percentile(0.50)),
                middle(&|row| row.tally.percentile(0.99)),
                middle(&|row| row.tally.percentile(1.0)),
                middle(&|row| {
                    #[expect(
                        clippy::cast_precision_loss,
                        reason = "a table is for people"
                    )]
                    let kib = row.kib_each as f64;
                    kib
                }),
            );
        }
    }
}
