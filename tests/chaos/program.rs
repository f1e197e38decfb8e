//! `./sash chaos`: a real server and real clients, killed, stopped and cut at random from a
//! seed, and a checker that reads everybody's history.

use super::load::{Load, Storm};
use super::measure::Delays;
use super::plan::Wanted;
use super::siege::flood::{self, Flood};
use super::siege::{self, Attack};
use super::{Belongings, Chaos, Outcome, Programs};
use clap::Parser;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples
  ./sash chaos                              one seed: 50 clients, 10 seconds
  ./sash chaos --seeds 1-50                 fifty seeds, one after another
  ./sash chaos --seeds 7 --clients 5 --seconds 3
  ./sash chaos --storm                      a million random datagrams, 100,000 random lines
  ./sash chaos --crowd --seconds 10         100 stalled readers, slow logins and floods
  ./sash chaos --classroom --seconds 600    a day of lessons in ten minutes
  ./sash chaos --siege --seconds 5          64 hostile connections of each kind, then mixed
The seed decides which process fails and when. A run that fails prints its seed, and the exit
code is 1. Run as root, it fills a real small disk; otherwise it limits the size of files.
";

/// Inject random faults into a real server and real clients, and check the results.
#[derive(Parser)]
#[command(name = "chaos", before_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Arguments {
    /// Run once for each of these seeds: N or A-B
    #[arg(long, value_name = "A-B", default_value = "1", value_parser = seeds)]
    seeds: RangeInclusive<u64>,
    /// Start this many clients
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    clients: u16,
    /// Inject faults for this long. Unit: seconds
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Print one JSON object per seed and one for all of them, instead of sentences
    #[arg(long)]
    json: bool,
    /// Send random datagrams and lines instead, while 30 clients chat and 4 download
    #[arg(long, conflicts_with_all = ["crowd", "classroom", "siege"])]
    storm: bool,
    /// Measure the delay of a chat line instead, with and without a crowd of slow and hostile clients
    #[arg(long, conflicts_with_all = ["classroom", "siege"])]
    crowd: bool,
    /// Measure the server's memory after each of eight lessons instead
    #[arg(long, conflicts_with = "siege")]
    classroom: bool,
    /// Measure the service of an honest client beside 64 hostile connections instead, then let
    /// a hostile server serve a client
    #[arg(long)]
    siege: bool,
    /// Run only these kinds of a siege: names, joined, all, ..
    #[arg(
        long,
        value_name = "KIND,..",
        value_delimiter = ',',
        requires = "siege"
    )]
    only: Vec<String>,
    /// Let hostile clients connect from these addresses of this computer; the server does not
    /// limit loopback [default: loopback]
    #[arg(long, value_name = "ADDRESS,..", value_delimiter = ',')]
    from: Vec<IpAddr>,
}

/// Runs every seed and returns whether nothing was lost.
pub(crate) fn run(
    arguments: &Arguments,
    is_stopping: &Arc<AtomicBool>,
    out: &mut impl Write,
) -> io::Result<bool> {
    let programs = Programs::built();
    if arguments.siege {
        return siege(arguments, &programs, out);
    }
    if arguments.storm || arguments.crowd || arguments.classroom {
        return load(arguments, programs, out);
    }
    let mut is_well = true;
    let mut held = Held::default();
    for seed in arguments.seeds.clone() {
        let wanted = Wanted {
            seed,
            clients: usize::from(arguments.clients),
            duration: Duration::from_secs(arguments.seconds),
        };
        let chaos = Chaos {
            programs: programs.clone(),
            wanted,
            is_stopping: Arc::clone(is_stopping),
        };
        let outcome = chaos.run()?;
        is_well &= outcome.offences.is_empty();
        held.note(&outcome);
        write_outcome(out, arguments, seed, &outcome)?;
    }
    if held.servers > 1 {
        held.write(out, arguments.json)?;
    }
    Ok(is_well && !held.has_grown())
}

/// The memory of the servers of several seeds: fragmentation differs, a leak is in all.
#[derive(Debug, Default)]
struct Held {
    /// Those that were not killed.
    servers: u32,
    /// Together, when all had left at half of the run. Unit: MiB.
    before: f64,
    /// Together, when all had left at the end. Unit: MiB.
    after: f64,
}

/// This many servers together may not have grown by [`GROWTH`].
const MANY_SERVERS: u32 = 10;

/// What they held at half of the run, and a tenth.
const GROWTH: f64 = 1.1;

impl Held {
    fn note(&mut self, outcome: &Outcome) {
        if let Some((before, after)) = outcome.before.zip(outcome.after) {
            self.servers += 1;
            self.before += mebibytes(before);
            self.after += mebibytes(after);
        }
    }

    fn has_grown(&self) -> bool {
        self.servers >= MANY_SERVERS && self.after > GROWTH * self.before
    }

    fn write(&self, out: &mut impl Write, is_json: bool) -> io::Result<()> {
        let each = |mebibytes: f64| mebibytes / f64::from(self.servers);
        let (servers, before, after) =
            (self.servers, each(self.before), each(self.after));
        if is_json {
            let line = serde_json::json!({
                "servers": servers,
                "mebibytes_before": before,
                "mebibytes_after": after,
            });
            return writeln!(out, "{line}");
        }
        let verdict = if self.has_grown() { ": NOT WELL" } else { "" };
        writeln!(
            out,
            "{servers} servers: {before:.2} MiB before, {after:.2} after, on the average{verdict}"
        )
    }
}

fn load(
    arguments: &Arguments,
    programs: Programs,
    out: &mut impl Write,
) -> io::Result<bool> {
    let load = Load {
        programs,
        duration: Duration::from_secs(arguments.seconds),
        from: arguments.from.clone(),
        seed: *arguments.seeds.start(),
    };
    if arguments.storm {
        let storm = load.storm()?;
        let Storm {
            chat,
            datagrams,
            lines,
            whole,
            is_alive,
        } = &storm;
        writeln!(
            out,
            "{datagrams} random datagrams, {lines} random lines; {whole} of 4 downloads whole"
        )?;
        write_delays(out, "a line meanwhile", chat)?;
        return Ok(*is_alive && *whole == 4);
    }
    if arguments.crowd {
        let crowd = load.crowd()?;
        write_delays(out, "a line without the crowd", &crowd.before)?;
        write_delays(out, "a line with it", &crowd.meanwhile)?;
        let (connections, flooded) = (crowd.connections, crowd.flooded);
        writeln!(
            out,
            "{connections} of 300 connections, {flooded} lines of floods"
        )?;
        return Ok(crowd.is_alive);
    }
    let held = load.classroom(|lesson, held| {
        let (threads, descriptors) = (held.threads, held.descriptors);
        let memory = mebibytes(held);
        let _ = writeln!(
            out,
            "lesson {lesson}: {threads} threads, {descriptors} descriptors, {memory:.1} MiB"
        );
    })?;
    let counts = held.iter().map(|it| (it.threads, it.descriptors));
    let is_steady = counts.collect::<BTreeSet<_>>().len() <= 1;
    // Tables and caches have grown by the middle of the day; further growth is a leak.
    let half_and_end = held.get(held.len() / 2).zip(held.last());
    let has_grown =
        |(half, end): (&Belongings, &Belongings)| end.memory > half.most_memory_after();
    Ok(is_steady && !half_and_end.is_some_and(has_grown))
}

/// Each kind of attack, all together, and each kind of hostile server.
fn siege(
    arguments: &Arguments,
    programs: &Programs,
    out: &mut impl Write,
) -> io::Result<bool> {
    let duration = Duration::from_secs(arguments.seconds);
    let mut is_well = true;
    let single = Attack::ALL.iter().map(std::slice::from_ref);
    let is_wanted = |name: &str| {
        let mut only = arguments.only.iter();
        arguments.only.is_empty() || only.any(|it| it.eq_ignore_ascii_case(name))
    };
    for attacks in single.chain([&Attack::ALL[..]]) {
        let name = match attacks {
            [one] => format!("{one:?}"),
            _ => "All".to_owned(),
        };
        if !is_wanted(&name) {
            continue;
        }
        let siege = siege::siege(programs, attacks, &arguments.from, duration)?;
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        writeln!(
            out,
            "{name:>12}: login {:.0} ms, 99 % of {} lines below {:.1} ms, a download starts \
             in {:.0} ms, server {:.1} MB{}",
            milliseconds(siege.login),
            siege.lines.count(),
            milliseconds(siege.lines.quantile(0.99)),
            milliseconds(siege.start),
            megabytes(siege.memory),
            verdict(siege.is_well()),
        )?;
        is_well &= siege.is_well();
    }
    for kind in Flood::ALL {
        if !is_wanted(&format!("{kind:?}")) {
            continue;
        }
        let memory = flood::flood(programs, kind, duration)?;
        let holds = memory < siege::MOST_MEMORY;
        writeln!(
            out,
            "{:>12}: client {:.1} MB{}",
            format!("{kind:?}"),
            megabytes(memory),
            verdict(holds),
        )?;
        is_well &= holds;
    }
    Ok(is_well)
}

const fn verdict(is_well: bool) -> &'static str {
    if is_well { "" } else { ": NOT WELL" }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn write_delays(out: &mut impl Write, what: &str, delays: &Delays) -> io::Result<()> {
    let milliseconds = |share| delays.quantile(share).as_secs_f64() * 1e3;
    let (median, most) = (milliseconds(0.5), milliseconds(0.99));
    let count = delays.count();
    writeln!(
        out,
        "{what}: median {median:.1} ms, 99 % below {most:.1} ms, of {count} heard"
    )
}

fn write_outcome(
    out: &mut impl Write,
    arguments: &Arguments,
    seed: u64,
    outcome: &Outcome,
) -> io::Result<()> {
    let Outcome {
        offences,
        hurts,
        processes,
        lines,
        files,
        resumed,
        has_small_disk,
        before,
        after,
    } = outcome;
    let mebibytes = |it: &Option<Belongings>| it.map(mebibytes);
    if arguments.json {
        let told: Vec<_> = offences.iter().map(ToString::to_string).collect();
        let line = serde_json::json!({
            "seed": seed,
            "offences": told,
            "hurts": hurts,
            "processes": processes,
            "lines": lines,
            "files": files,
            "resumed": resumed,
            "small_disk": has_small_disk,
            "mebibytes_before": mebibytes(before),
            "mebibytes_after": mebibytes(after),
        });
        return writeln!(out, "{line}");
    }
    let verdict = if offences.is_empty() {
        "well"
    } else {
        "NOT WELL"
    };
    write!(
        out,
        "seed {seed}: {verdict}; {hurts} hurts, {processes} client processes, {lines} lines \
         in one order, {files} files, {resumed} resumed"
    )?;
    if let Some((before, after)) = mebibytes(before).zip(mebibytes(after)) {
        write!(out, ", server {before:.1} MiB before, {after:.1} after")?;
    }
    writeln!(out)?;
    for offence in offences.iter().take(MOST_TOLD) {
        writeln!(out, "  {offence}")?;
    }
    if offences.len() > MOST_TOLD {
        writeln!(out, "  and {} more", offences.len() - MOST_TOLD)?;
    }
    if !offences.is_empty() {
        let (clients, seconds) = (arguments.clients, arguments.seconds);
        writeln!(
            out,
            "  again: ./sash chaos --seeds {seed} --clients {clients} --seconds {seconds}"
        )?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mebibytes(it: Belongings) -> f64 {
    it.memory as f64 / f64::from(1 << 20)
}

/// Prints at most this many offences.
const MOST_TOLD: usize = 20;

/// `7`, or `1-50`.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let read = |number: &str| number.trim().parse::<u64>().ok();
    match read(first).zip(read(last)) {
        Some((first, last)) if first <= last => Ok(first..=last),
        Some(_) | None => Err("a seed wanted, as 7, or two, as 1-50".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_of_a_chaos_seed_is_available_as_json() {
        let read =
            |words: &[&str]| Arguments::try_parse_from([&["chaos"], words].concat());
        assert!(read(&["--seeds", "7-3"]).is_err());
        let small = ["--seeds", "6", "--clients", "1", "--seconds", "1", "--json"];
        let small = read(&small).unwrap();
        let mut out = Vec::new();
        let is_well = run(&small, &Arc::default(), &mut out).unwrap();
        let told = String::from_utf8(out).unwrap();
        assert!(is_well, "{told}");
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["seed"], 6);
        assert_eq!(told["offences"], serde_json::json!([]));
    }

    fn held(servers: u32, before: u64, after: u64) -> Held {
        let mut held = Held::default();
        for _ in 0..servers {
            let memory = |memory| {
                Some(Belongings {
                    memory,
                    ..Belongings::default()
                })
            };
            let (before, after) = (memory(before), memory(after));
            held.note(&Outcome {
                before,
                after,
                ..Outcome::default()
            });
        }
        held.note(&Outcome::default()); // This one's server was killed.
        held
    }

    #[test]
    fn ten_or_more_servers_may_grow_by_a_tenth_and_fewer_are_not_judged() {
        assert!(!held(10, 1 << 20, 1_153_433).has_grown());
        assert!(held(10, 1 << 20, 1_153_434).has_grown());
        assert!(!held(9, 1 << 20, 2 << 20).has_grown());
    }

    #[test]
    fn memory_use_is_reported_in_one_line() {
        let told = |held: &Held, is_json| {
            let mut out = Vec::new();
            held.write(&mut out, is_json).unwrap();
            String::from_utf8(out).unwrap()
        };
        let line = "2 servers: 1.00 MiB before, 1.50 after, on the average\n";
        assert_eq!(told(&held(2, 1 << 20, 3 << 19), false), line);
        let line = "10 servers: 1.00 MiB before, 1.50 after, on the average: NOT WELL\n";
        assert_eq!(told(&held(10, 1 << 20, 3 << 19), false), line);
        let json = told(&held(2, 1 << 20, 3 << 19), true);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["servers"], 2);
        assert_eq!(json["mebibytes_after"], 1.5);
    }
}
