//! `lab sweep --grid`: random links from seeds, and the bounds that a controller keeps on them.

use super::arguments::Controllers;
use crossbeam_channel::Sender;
use sash::lab::random_links::{Broken, Measured, RandomLink};
use sash::transfer::threads;
use sash::wire::options::Congestion;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The links to measure, and the controller.
#[derive(Debug, Clone, Copy)]
struct Seeds {
    from: u64,
    count: u64,
    congestion: Congestion,
}

/// One link and its measurement.
type Row = (u64, RandomLink, Measured);

/// Measures `count` links on all cores and prints a line for each; returns whether all bounds
/// hold.
pub(crate) fn run(
    from: u64,
    count: u64,
    controllers: Option<&Controllers>,
    is_json: bool,
) -> io::Result<bool> {
    let usual = [Congestion::Bbr];
    let controllers = controllers.map_or(&usual[..], |list| &list.0);
    let mut holds = true;
    for &congestion in controllers {
        let seeds = Seeds {
            from,
            count,
            congestion,
        };
        let mut rows = measure(seeds)?;
        rows.sort_by_key(|&(seed, ..)| seed);
        holds &= print(&mut io::stdout(), congestion, &rows, is_json)?;
    }
    Ok(holds)
}

fn measure(seeds: Seeds) -> io::Result<Vec<Row>> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let next = Arc::new(AtomicU64::new(0));
    let (report, reports) = crossbeam_channel::unbounded();
    for worker in 0..workers {
        let (report, next) = (report.clone(), Arc::clone(&next));
        threads::start(format!("grid-{worker}"), move || {
            measure_some(seeds, &next, &report);
        })?;
    }
    drop(report);
    Ok(reports.into_iter().collect())
}

fn measure_some(seeds: Seeds, next: &AtomicU64, report: &Sender<Row>) {
    loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        if place >= seeds.count {
            return;
        }
        let seed = seeds.from.saturating_add(place);
        let link = RandomLink::draw(seed);
        let measured = link.measure(seeds.congestion);
        if report.send((seed, link, measured)).is_err() {
            return;
        }
    }
}

fn print(
    out: &mut impl Write,
    congestion: Congestion,
    rows: &[Row],
    is_json: bool,
) -> io::Result<bool> {
    if !is_json {
        writeln!(
            out,
            "{congestion}: packets per segment, share of the rate, mean queue"
        )?;
        writeln!(out, " seed  packets  rate   queue  link, segments")?;
    }
    let mut counts = [0_usize; 4];
    let mut failed = 0;
    for (seed, link, measured) in rows {
        let broken = link.broken(measured);
        failed += usize::from(!broken.is_empty());
        for bound in &broken {
            counts[*bound as usize] += 1;
        }
        if is_json {
            write_json(out, *seed, link, measured, &broken)?;
            continue;
        }
        let mark = if broken.is_empty() { "" } else { "  breaks " };
        let names: Vec<_> = broken.iter().map(|bound| bound.name()).collect();
        let share = measured
            .utilization
            .map_or_else(|| "   -".to_owned(), |share| format!("{share:.2}"));
        writeln!(
            out,
            "{seed:>5}  {:>7.3}  {share}  {:>6.1}  {} segments={}{mark}{}",
            measured.packets_per_segment,
            measured.queue,
            link.scenario,
            link.segments,
            names.join(", "),
        )?;
    }
    if !is_json {
        let [whole, packets, rate, queue] = counts;
        writeln!(
            out,
            "{failed} of {} links break a bound: whole {whole}, packets {packets}, rate {rate}, queue {queue}",
            rows.len()
        )?;
    }
    Ok(failed == 0)
}

fn write_json(
    out: &mut impl Write,
    seed: u64,
    link: &RandomLink,
    measured: &Measured,
    broken: &[Broken],
) -> io::Result<()> {
    let names: Vec<_> = broken.iter().map(|bound| bound.name()).collect();
    let line = serde_json::json!({
        "seed": seed,
        "link": link.scenario,
        "segments": link.segments,
        "bandwidth_delay_product_packets": link.product(),
        "packets_per_segment": measured.packets_per_segment,
        "utilization": measured.utilization,
        "mean_queue_packets": measured.queue,
        "seconds": measured.seconds,
        "broken": names,
    });
    writeln!(out, "{line}")
}
