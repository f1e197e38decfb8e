//! `lab theory`: measures the protocols' efficiency, on all cores, and compares it with the
//! formulas.

use super::arguments::{Protocols, protocols};
use clap::Args;
use sash::lab::run::Stuck;
use sash::lab::theory::cell::{Cell, Setting};
use sash::lab::theory::table::{self, Grid, Row};
use sash::reliable::moment::Moment;
use sash::transfer::clock::Clock;
use sash::transfer::threads;
use sash::wire::options::Arq;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "\
Examples
  lab theory
  lab theory --arq go-back-n --loss \"0%,10%\" --window \"4,16,64\" --a \"2,10\"
  lab theory --setting real-timer --arq stop-and-wait
  lab theory --csv > theory.csv
P is the share of DATA packets that is lost, N the window, and a the propagation delay in
transmission delays of one packet. With the setting textbook the exit code is 1 if fewer than
95 % of a protocol's cells are within 5 % of the formula (selective repeat: of the model).
Sack's cells are only shown: it has a timer of its own, which the model does not know.
";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Measure these ARQ protocols: stop-and-wait, go-back-n, selective-repeat or sack; several
    /// separated by commas, or all
    #[arg(long, default_value = "stop-and-wait,go-back-n,selective-repeat",
          value_parser = protocols)]
    arq: Protocols,
    /// Lose these shares of DATA packets [default: 0%,1%,2%,5%,10%,20%,30%]
    #[arg(long, value_name = "PERCENT,..", value_delimiter = ',', value_parser = percent)]
    loss: Vec<f64>,
    /// Use these windows, in packets; stop-and-wait always has 1 [default: 1,2,4,8,16,32,64,128]
    #[arg(long, value_name = "N,..", value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(1..=1_024))]
    window: Vec<u32>,
    /// Use these one-way propagation delays, as multiples of the transmission delay [default:
    /// 0,0.5,1,2,5,10,20,50]
    #[arg(long, value_name = "A,..", value_delimiter = ',', value_parser = delay)]
    a: Vec<f64>,
    /// Use these settings: textbook, bursts (send the whole window at once), real-timer, or
    /// lossy-acks (with the real timer)
    #[arg(
        long,
        value_name = "SETTING,..",
        value_delimiter = ',',
        default_value = "textbook"
    )]
    setting: Vec<Setting>,
    /// Measure each cell to this statistical error; a smaller one takes longer
    #[arg(long, value_name = "PERCENT", default_value = "1.5%", value_parser = error)]
    error: f64,
    /// Print one JSON object per cell instead of the tables
    #[arg(long)]
    json: bool,
    /// Print CSV instead of the tables
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// Runs every cell; returns whether the cells of the textbook setting agree with the formulas.
pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
    let work: Vec<_> = arguments
        .setting
        .iter()
        .flat_map(|&setting| {
            let grid = arguments.grid();
            grid.cells().map(|cell| (cell, setting)).collect::<Vec<_>>()
        })
        .collect();
    let rows = measure(work, arguments.error)?;
    let mut out = io::stdout();
    if arguments.json {
        rows.iter().try_for_each(|row| write_json(&mut out, row))?;
    } else if arguments.csv {
        out.write_all(table::csv(&rows).as_bytes())?;
    } else {
        out.write_all(table::text(&rows).as_bytes())?;
    }
    let is_exact =
        |row: &Row| row.setting == Setting::Textbook && row.cell.arq != Arq::Sack;
    let exact: Vec<_> = rows.into_iter().filter(is_exact).collect();
    Ok(table::holds(&exact))
}

impl Arguments {
    fn grid(&self) -> Grid {
        let full = Grid::full();
        let Protocols(arqs) = &self.arq;
        Grid {
            arqs: arqs.clone(),
            losses: or(&self.loss, full.losses),
            windows: or(&self.window, full.windows),
            a: or(&self.a, full.a),
        }
    }
}

/// The requested values, or the default.
fn or<T: Clone>(asked: &[T], default: Vec<T>) -> Vec<T> {
    if asked.is_empty() {
        default
    } else {
        asked.to_vec()
    }
}

/// How often the progress is shown.
const SHOW_EVERY: Duration = Duration::from_secs(2);

/// Runs the cells on as many threads as there are cores; the rows in the cells' order.
fn measure(work: Vec<(Cell, Setting)>, error: f64) -> io::Result<Vec<Row>> {
    let clock = Clock::start();
    let all = work.len();
    let (give, take) = crossbeam_channel::bounded(all);
    let (report, reports) =
        crossbeam_channel::bounded::<(usize, Result<Row, Stuck>)>(all);
    for one in work.into_iter().enumerate() {
        give.send(one).map_err(io::Error::other)?;
    }
    drop(give);
    for worker in 0..thread::available_parallelism().map_or(1, usize::from) {
        let (take, report) = (take.clone(), report.clone());
        threads::start(format!("theory-{worker}"), move || {
            for (place, (cell, setting)) in take {
                let row = Row::measure(cell, setting, error);
                if report.send((place, row)).is_err() {
                    return; // The channel is closed.
                }
            }
        })?;
    }
    drop(report);
    let mut rows = Vec::with_capacity(all);
    let mut shown = Moment::START;
    for (place, row) in reports {
        rows.push((place, row.map_err(io::Error::other)?));
        let now = clock.now();
        if now - shown >= SHOW_EVERY {
            shown = now;
            let done = rows.len();
            let _ = writeln!(io::stderr(), "{done} of {all} cells");
        }
    }
    rows.sort_by_key(|(place, _)| *place);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn write_json(out: &mut impl Write, row: &Row) -> io::Result<()> {
    let Cell {
        arq,
        loss,
        window,
        a,
    } = row.cell;
    let line = serde_json::json!({
        "arq": arq,
        "setting": row.setting.name(),
        "loss": loss,
        "window": window,
        "a": a,
        "formula": row.cell.formula(),
        "reference": row.reference,
        "measured": row.measured,
    });
    writeln!(out, "{line}")
}

/// `10%`, below 100 %.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').and_then(|it| it.parse().ok());
    number
        .filter(|percent| (0.0..100.0).contains(percent))
        .map(|percent: f64| percent / 100.0)
        .ok_or_else(|| "write a share below 100%, such as 10%".to_owned())
}

/// `1.5%`: from a tenth of a percent on, as the work grows with its square.
fn error(text: &str) -> Result<f64, String> {
    percent(text)
        .ok()
        .filter(|share| (0.001..=0.2).contains(share))
        .ok_or_else(|| "write a share from 0.1% to 20%".to_owned())
}

/// A delay that a link can have: 1,000 transmissions are a second.
fn delay(text: &str) -> Result<f64, String> {
    let number = text.trim().parse().ok();
    number
        .filter(|a| (0.0..=1_000.0).contains(a))
        .ok_or_else(|| "write a number of transmission delays from 0 to 1000".to_owned())
}
