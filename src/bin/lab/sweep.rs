//! `lab sweep`: a grid of transfers in virtual time on every core, as table, CSV and SVG.

use super::arguments::{Controllers, Protocols, controllers, protocols};
use super::grid;
use super::output::write_whole;
use super::size::bytes;
use clap::Args;
use crossbeam_channel::{RecvTimeoutError, Sender};
use sash::lab::sweep::{Across, Cell, Grid, MOST_CELLS, Row, listing};
use sash::link::Scenario;
use sash::loopback::Transfer;
use sash::reliable::moment::Moment;
use sash::transfer::clock::Clock;
use sash::transfer::threads;
use sash::wire::options::{DEFAULT_SEGMENT_BYTES, LARGEST_SEGMENT_BYTES, LARGEST_WINDOW};
use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "\
Examples
  lab sweep --loss \"0,5,10,20,30%\" --link \"data.rate=5mbit;ack.loss=0%\" --svg loss.svg
  lab sweep --arq sack --congestion all --loss \"0,5,10,20,30%\" --size 8MiB \\
            --link \"data.rate=20mbit\" --seeds 5 --log --svg controllers.svg
  lab sweep --window \"1,2,4,8,16,32\" --delay \"5ms,20ms\" --csv windows.csv
  lab sweep --loss \"0,10%\" --size 256KiB --link \"data.rate=5mbit\" --real
  lab sweep --grid 200 --from 1000 --congestion \"bbr,cubic\"
Ctrl-C ends a sweep after the running cells and keeps the results; a second one ends it at once.
";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Use these ARQ protocols: stop-and-wait, go-back-n, selective-repeat or sack; several
    /// separated by commas, or all
    #[arg(long, default_value = "all", value_parser = protocols)]
    arq: Protocols,
    /// Use these congestion controllers: fixed, plus-one-minus-three, double-halve, additive,
    /// reno, cubic or bbr; several separated by commas, or all [default: fixed]
    #[arg(long, value_name = "CONTROLLERS", value_parser = controllers)]
    congestion: Option<Controllers>,
    /// Lose these shares of the packets in both directions, such as 0,5,10%
    #[arg(long, value_name = "PERCENTS", default_value = "0,5,10,20,30%",
          value_parser = percents)]
    loss: List<f64>,
    /// Use these send windows, in packets, such as 1,4,16 [default: 1 for stop-and-wait,
    /// otherwise 16; 8192 with a controller]
    #[arg(long, value_name = "WINDOWS", value_parser = windows)]
    window: Option<List<u32>>,
    /// Use these one-way delays, such as 10ms,50ms
    #[arg(long, value_name = "DELAYS", default_value = "10ms", value_parser = delays)]
    delay: List<Duration>,
    /// Transfer files of these sizes: bytes, or with KiB, MiB, GiB; several separated by commas
    #[arg(long, value_name = "SIZES", default_value = "1MiB", value_parser = sizes)]
    size: List<u64>,
    /// Run each cell with the seeds from 1 to this one, and use the mean
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    seeds: u32,
    /// Put this many file bytes into a DATA packet
    #[arg(long, default_value_t = DEFAULT_SEGMENT_BYTES,
          value_parser = clap::value_parser!(u16).range(1..=i64::from(LARGEST_SEGMENT_BYTES)))]
    segment: u16,
    /// Add these words to the scenario, such as "data.rate=5mbit;ack.loss=0%"
    #[arg(long, default_value = "", hide_default_value = true, value_name = "SCENARIO", value_parser = link)]
    link: String,
    /// Measure this many random links instead, one per seed, and check the bounds that the
    /// default controller must keep
    #[arg(long, value_name = "LINKS", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    grid: Option<u64>,
    /// Start --grid with this seed
    #[arg(long, default_value_t = 0, requires = "grid", value_name = "SEED")]
    from: u64,
    /// Run each cell over real sockets on loopback too, one after another
    #[arg(long)]
    real: bool,
    /// Write the numbers to this file
    #[arg(long, value_name = "FILE.csv")]
    csv: Option<PathBuf>,
    /// Draw a chart of the numbers into this file
    #[arg(long, value_name = "FILE.svg")]
    svg: Option<PathBuf>,
    /// Choose the horizontal axis: loss, window, delay or size [default: the first list with
    /// several values]
    #[arg(long, value_name = "WHAT")]
    across: Option<Across>,
    /// Draw the goodput on a logarithmic axis
    #[arg(long)]
    log: bool,
    /// Print one JSON object per cell instead of the table
    #[arg(long)]
    json: bool,
}

/// Runs the grid; returns whether every cell was run and every file arrived complete.
pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
    if let Some(count) = arguments.grid {
        let controllers = arguments.congestion.as_ref();
        return grid::run(arguments.from, count, controllers, arguments.json);
    }
    let grid = arguments.grid();
    let size = grid.size();
    if size > MOST_CELLS {
        let sentence = format!(
            "{size} cells are too many. Choose lists that make at most {MOST_CELLS}"
        );
        return Err(io::Error::other(sentence));
    }
    let sweep = Sweep::new(grid)?;
    let (mut rows, mut is_whole) = sweep.in_virtual_time()?;
    if arguments.real {
        is_whole &= sweep.on_real_sockets(&mut rows)?;
    }
    let mut out = io::stdout();
    if arguments.json {
        rows.iter().try_for_each(|row| write_json(&mut out, row))?;
    } else {
        write!(out, "{}", listing::table(&rows))?;
    }
    if let Some(path) = &arguments.csv {
        write_whole(path, listing::csv(&rows).as_bytes())?;
    }
    if let Some(path) = &arguments.svg {
        let across = arguments.across.unwrap_or(Across::of_grid(&sweep.grid));
        let chart = sweep.grid.chart(&rows, across, arguments.log);
        write_whole(path, chart.to_svg().map_err(io::Error::other)?.as_bytes())?;
    }
    Ok(is_whole)
}

impl Arguments {
    fn grid(&self) -> Grid {
        let Protocols(arqs) = &self.arq;
        let controllers = self.congestion.as_ref();
        Grid {
            arqs: arqs.clone(),
            controllers: controllers.map_or_else(Vec::new, |list| list.0.clone()),
            windows: self
                .window
                .as_ref()
                .map_or_else(Vec::new, |list| list.0.clone()),
            losses: self.loss.0.clone(),
            delays: self.delay.0.clone(),
            sizes: self.size.0.clone(),
            seeds: self.seeds,
            segment_bytes: self.segment,
            link: self.link.clone(),
        }
    }
}

/// A grid that is being run.
struct Sweep {
    grid: Grid,
    cells: Vec<Cell>,
    /// Set by Ctrl-C.
    is_stopped: Arc<AtomicBool>,
}

impl Sweep {
    fn new(grid: Grid) -> io::Result<Self> {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_stopped);
        ctrlc::set_handler(move || {
            if stop.swap(true, Ordering::Relaxed) {
                process::exit(INTERRUPTED);
            }
            let sentence = "stopping after the running cells; finished cells are kept";
            let _ = writeln!(io::stderr(), "\n{sentence}");
        })
        .map_err(io::Error::other)?;
        let cells = grid.cells();
        Ok(Self {
            grid,
            cells,
            is_stopped,
        })
    }

    /// Runs the cells on as many threads as there are cores. Returns a row for each, in the
    /// cells' order, and whether all were run.
    fn in_virtual_time(&self) -> io::Result<(Vec<Row>, bool)> {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let next = Arc::new(AtomicUsize::new(0));
        let (report, reports) = crossbeam_channel::bounded(workers);
        for worker in 0..workers.min(self.cells.len()) {
            let (report, next) = (report.clone(), Arc::clone(&next));
            let (grid, cells) = (self.grid.clone(), self.cells.clone());
            let is_stopped = Arc::clone(&self.is_stopped);
            threads::start(format!("sweep-{worker}"), move || {
                run_cells(&grid, &cells, &next, &is_stopped, &report);
            })?;
        }
        drop(report);
        let mut progress = Progress::new("cells", self.cells.len());
        let mut rows: Vec<(usize, Row)> = Vec::new();
        loop {
            match reports.recv_timeout(SHOW_AT_ONCE) {
                Ok((at, Ok(row))) => rows.push((at, row)),
                Ok((at, Err(why))) => {
                    let cell = describe(&self.cells[at]);
                    let _ = writeln!(io::stderr(), "{cell}: {why}");
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            progress.show(rows.len());
        }
        progress.end(rows.len());
        rows.sort_by_key(|&(at, _)| at);
        let is_whole = rows.len() == self.cells.len();
        Ok((rows.into_iter().map(|(_, row)| row).collect(), is_whole))
    }

    /// Runs the same transfers over real sockets, one at a time, so that they do not disturb
    /// each other; returns whether all succeeded.
    fn on_real_sockets(&self, rows: &mut [Row]) -> io::Result<bool> {
        let folder = tempfile::tempdir()?;
        let mut progress = Progress::new("cells on real sockets", rows.len());
        let mut done = 0;
        for row in rows.iter_mut() {
            if self.is_stopped.load(Ordering::Relaxed) {
                break;
            }
            let mut measured = Vec::new();
            for seed in 1..=self.grid.seeds {
                let scenario = row.cell.scenario(&self.grid, seed);
                let transfer = Transfer {
                    folder: folder.path().to_owned(),
                    size: row.cell.size,
                    settled: row.cell.settled(&self.grid),
                    scenario: scenario.map_err(io::Error::other)?,
                    is_offloading: true,
                };
                match transfer.carry() {
                    Ok(carried) => measured.push(carried.measured(row.cell.size)),
                    Err(error) => {
                        let cell = describe(&row.cell);
                        let _ = writeln!(io::stderr(), "{cell}: {error}");
                    }
                }
            }
            if !measured.is_empty() {
                row.real = Some(row.cell.row(&self.grid, &measured).goodput);
                done += 1;
            }
            progress.show(done);
        }
        progress.end(done);
        Ok(done == rows.len())
    }
}

/// The exit code of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Runs cells until none is left or the user stops the sweep.
fn run_cells(
    grid: &Grid,
    cells: &[Cell],
    next: &AtomicUsize,
    is_stopped: &AtomicBool,
    report: &Sender<(usize, Result<Row, String>)>,
) {
    while !is_stopped.load(Ordering::Relaxed) {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(cell) = cells.get(at) else { return };
        if report.send((at, cell.measure(grid))).is_err() {
            return;
        }
    }
}

fn describe(cell: &Cell) -> String {
    let (arq, controller, loss) = (cell.arq, cell.congestion, cell.loss);
    format!("{arq} {controller} {} at {loss}% loss", cell.window)
}

/// The progress of a sweep on stderr: one changing line on a terminal, otherwise a line from
/// time to time.
struct Progress {
    what: &'static str,
    all: usize,
    clock: Clock,
    shown: Moment,
    is_terminal: bool,
}

/// How often the progress is shown on a terminal.
const SHOW_AT_ONCE: Duration = Duration::from_millis(200);
/// How often the progress is shown elsewhere.
const SHOW_EVERY: Duration = Duration::from_secs(2);

impl Progress {
    fn new(what: &'static str, all: usize) -> Self {
        Self {
            what,
            all,
            clock: Clock::start(),
            shown: Moment::START,
            is_terminal: io::stderr().is_terminal(),
        }
    }

    fn show(&mut self, done: usize) {
        let every = if self.is_terminal {
            SHOW_AT_ONCE
        } else {
            SHOW_EVERY
        };
        let now = self.clock.now();
        if now - self.shown < every {
            return;
        }
        self.shown = now;
        let (what, all) = (self.what, self.all);
        let _ = if self.is_terminal {
            write!(io::stderr(), "\r{done} of {all} {what} ")
        } else {
            writeln!(io::stderr(), "{done} of {all} {what}")
        };
    }

    fn end(&self, done: usize) {
        let seconds = (self.clock.now() - Moment::START).as_secs_f64();
        let start = if self.is_terminal { "\r" } else { "" };
        let (what, all) = (self.what, self.all);
        let _ = writeln!(
            io::stderr(),
            "{start}{done} of {all} {what} in {seconds:.1} s"
        );
    }
}

fn write_json(out: &mut impl Write, row: &Row) -> io::Result<()> {
    let cell = &row.cell;
    let line = serde_json::json!({
        "arq": cell.arq,
        "congestion": cell.congestion,
        "window": cell.window,
        "loss_percent": cell.loss,
        "delay_seconds": cell.delay.as_secs_f64(),
        "size": cell.size,
        "seconds": row.seconds,
        "megabytes_per_second": row.goodput,
        "lowest": row.least,
        "highest": row.most,
        "formula": row.formula,
        "real": row.real,
        "sent": row.sent,
        "resent": row.resent,
    });
    writeln!(out, "{line}")
}

/// The values of a flag, separated by commas.
#[derive(Debug, Clone)]
pub(crate) struct List<T>(Vec<T>);

/// Reads a list; `wanted` says what its values are, with an example.
fn list<T>(
    text: &str,
    wanted: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<List<T>, String> {
    let one = |word: &str| {
        let word = word.trim();
        read(word).ok_or_else(|| format!("{word:?} is not allowed here. Write {wanted}"))
    };
    text.split(',').map(one).collect::<Result<_, _>>().map(List)
}

fn percents(text: &str) -> Result<List<f64>, String> {
    list(text, "percentages from 0 to 100, such as 0,5,10%", |word| {
        let number = word.strip_suffix('%').unwrap_or(word).parse().ok()?;
        (0.0..=100.0).contains(&number).then_some(number)
    })
}

fn windows(text: &str) -> Result<List<u32>, String> {
    let wanted = format!("windows from 1 to {LARGEST_WINDOW} packets, such as 1,4,16");
    list(text, &wanted, |word| {
        let window = word.parse().ok()?;
        (1..=LARGEST_WINDOW).contains(&window).then_some(window)
    })
}

fn delays(text: &str) -> Result<List<Duration>, String> {
    list(text, "delays with us, ms or s, such as 10ms,50ms", |word| {
        // The scenario's own parser, so that both accept the same words.
        let scenario = format!("delay={word}").parse::<Scenario>().ok()?;
        Some(scenario.conditions(sash::link::Direction::Data).delay)
    })
}

fn sizes(text: &str) -> Result<List<u64>, String> {
    let wanted = "sizes, such as 1500, 10KiB, 256MiB or 1GiB";
    list(text, wanted, |word| bytes(word).ok())
}

/// A scenario without the words that the sweep itself varies.
fn link(text: &str) -> Result<String, String> {
    text.parse::<Scenario>()
        .map_err(|error| error.to_string())?;
    let own = [
        ("loss", "--loss"),
        ("delay", "--delay"),
        ("seed", "--seeds"),
    ];
    let mut words = text.split(';').filter_map(|one| one.split_once('='));
    let varied =
        words.find_map(|(word, _)| own.into_iter().find(|(own, _)| *own == word.trim()));
    if let Some((word, flag)) = varied {
        let exception = match word {
            "seed" => String::new(),
            _ => format!("; for one direction, write data.{word} or ack.{word}"),
        };
        return Err(format!(
            "{flag} sets {word}. Leave it out of --link{exception}"
        ));
    }
    Ok(text.to_owned())
}
