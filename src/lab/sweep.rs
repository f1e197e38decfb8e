//! A sweep: one transfer for every cell of a grid, each several times, as rows of
//! numbers.
//!
//! ```text
//!   Grid: protocols x controllers x windows x losses x delays x sizes
//!     '--> cells --run, once a seed--> rows --> table, CSV, chart over the formula
//! ```
//!
//! A cell uses neither threads nor sockets: a caller may run the cells on threads, in any
//! order, and gets the same rows. Every cell of a grid meets the same seeds, so that two
//! protocols lose the same DATA.
//!
//! ```
//! use sash::lab::sweep::Grid;
//! let grid = Grid { losses: vec![0.0, 10.0], ..Grid::small() };
//! let rows: Vec<_> = grid.cells().iter().map(|cell| cell.measure(&grid).unwrap()).collect();
//! assert_eq!(rows.len(), 8); // two losses by four protocols
//! assert!(rows[0].seconds < rows[4].seconds);
//! ```
//!
//! Source: report page `experiments`.

pub mod listing;
mod picture;

pub use picture::{Across, UnknownAcross};

use super::run::{Experiment, Run, Stuck};
use super::theory::path::Path;
use crate::link::{Scenario, ScenarioError};
use crate::wire::options::{Arq, Congestion, NegotiatedOptions, RequestedOptions};
use std::time::Duration;

/// The varied values, and those that all cells share.
#[derive(Debug, Clone)]
pub struct Grid {
    /// The protocols.
    pub arqs: Vec<Arq>,
    /// The controllers; empty where the window is fixed.
    pub controllers: Vec<Congestion>,
    /// The windows, in packets; empty for the defaults.
    pub windows: Vec<u32>,
    /// Unit: percent, both ways.
    pub losses: Vec<f64>,
    /// One way.
    pub delays: Vec<Duration>,
    /// The sizes of the file. Unit: bytes.
    pub sizes: Vec<u64>,
    /// Each cell is run with seeds 1 to this.
    pub seeds: u32,
    /// File bytes per DATA packet.
    pub segment_bytes: u16,
    /// The other words of the scenario: `data.rate=10mbit`. Its words come last, so that
    /// one way may be made an exception.
    pub link: String,
}

/// One transfer of a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The protocol.
    pub arq: Arq,
    /// The congestion controller.
    pub congestion: Congestion,
    /// Unit: packets.
    pub window: u32,
    /// Unit: percent.
    pub loss: f64,
    /// One way.
    pub delay: Duration,
    /// Unit: bytes.
    pub size: u64,
}

/// The result of one cell: the mean of its seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which.
    pub cell: Cell,
    /// From the first SYN to the whole file.
    pub seconds: f64,
    /// File bytes per second. Unit: 10^6.
    pub goodput: f64,
    /// The slowest of the seeds.
    pub least: f64,
    /// The fastest of the seeds.
    pub most: f64,
    /// DATA packets.
    pub sent: f64,
    /// Those of them that had been sent before.
    pub resent: f64,
    /// The value of the formula, if there is one. Unit: 10^6 bytes per second.
    pub formula: Option<f64>,
    /// The same on real sockets, if requested.
    pub real: Option<f64>,
}

/// The result of one transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// From the first SYN to the whole file.
    pub seconds: f64,
    /// File bytes per second. Unit: 10^6.
    pub goodput: f64,
    /// DATA packets.
    pub sent: u64,
    /// Those of them that had been sent before.
    pub resent: u64,
}

/// The limit of cells of a grid; more are probably a typing error.
pub const MOST_CELLS: usize = 100_000;

impl Grid {
    /// Three protocols over 10 ms each way, without a loss.
    #[must_use]
    pub fn small() -> Self {
        Self {
            arqs: Arq::ALL.to_vec(),
            controllers: Vec::new(),
            windows: Vec::new(),
            losses: vec![0.0],
            delays: vec![Duration::from_millis(10)],
            sizes: vec![100_000],
            seeds: 1,
            segment_bytes: NegotiatedOptions::DEFAULT.segment_bytes,
            link: String::new(),
        }
    }

    /// Every cell once; the protocol varies fastest. Equal cells, such as stop-and-wait
    /// with two windows, appear once.
    #[must_use]
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for &size in &self.sizes {
            for &delay in &self.delays {
                for &loss in &self.losses {
                    self.ways(&mut |arq, congestion, window| {
                        cells.push(Cell {
                            arq,
                            congestion,
                            window,
                            loss,
                            delay,
                            size,
                        });
                    });
                }
            }
        }
        let mut seen: Vec<Cell> = Vec::with_capacity(cells.len());
        for cell in cells {
            if !seen.contains(&cell) {
                seen.push(cell);
            }
        }
        seen
    }

    /// The largest possible number of cells, without creating them.
    #[must_use]
    pub fn size(&self) -> usize {
        let lists = [
            self.sizes.len(),
            self.delays.len(),
            self.losses.len(),
            self.windows.len().max(1),
            self.controllers.len().max(1),
            self.arqs.len(),
        ];
        lists.into_iter().fold(1, usize::saturating_mul)
    }

    /// Every way for a file to travel.
    fn ways(&self, take: &mut impl FnMut(Arq, Congestion, u32)) {
        for window in or_usual(&self.windows) {
            for congestion in or_usual(&self.controllers) {
                for &arq in &self.arqs {
                    let asked = RequestedOptions {
                        arq: Some(arq),
                        window,
                        congestion,
                        ..RequestedOptions::default()
                    };
                    if let Ok(settled) = asked.negotiate(&NegotiatedOptions::DEFAULT) {
                        take(settled.arq, settled.congestion, settled.window);
                    }
                }
            }
        }
    }
}

/// Each of a list; nothing asked for where the list is empty.
fn or_usual<T: Copy>(list: &[T]) -> Vec<Option<T>> {
    if list.is_empty() {
        return vec![None];
    }
    list.iter().copied().map(Some).collect()
}

impl Cell {
    /// The link of this cell with one seed.
    ///
    /// # Errors
    /// The mistake in the grid's words for the link.
    pub fn scenario(&self, grid: &Grid, seed: u32) -> Result<Scenario, ScenarioError> {
        let (loss, delay) = (self.loss, self.delay.as_micros());
        format!("seed={seed};loss={loss}%;delay={delay}us;{}", grid.link).parse()
    }

    /// Its choices, as two programs would settle them.
    #[must_use]
    pub const fn settled(&self, grid: &Grid) -> NegotiatedOptions {
        NegotiatedOptions {
            arq: self.arq,
            congestion: self.congestion,
            window: self.window,
            segment_bytes: grid.segment_bytes,
            ..NegotiatedOptions::DEFAULT
        }
    }

    /// The transfer with one seed.
    ///
    /// # Errors
    /// As [`Cell::scenario`].
    pub fn experiment(
        &self,
        grid: &Grid,
        seed: u32,
    ) -> Result<Experiment, ScenarioError> {
        Ok(Experiment {
            scenario: self.scenario(grid, seed)?,
            arq: self.arq,
            window: self.window,
            congestion: self.congestion,
            size: self.size,
            segment_bytes: grid.segment_bytes,
            ..Experiment::small()
        })
    }

    /// Runs it with every seed in virtual time.
    ///
    /// # Errors
    /// In a sentence: an invalid link, or a transfer that got stuck or arrived damaged.
    pub fn measure(&self, grid: &Grid) -> Result<Row, String> {
        let run = |seed| {
            let experiment =
                self.experiment(grid, seed).map_err(|why| why.to_string())?;
            let run = experiment
                .run(|_| ())
                .map_err(|why: Stuck| why.to_string())?;
            if run.is_verified() {
                Ok(Measured::from(&run))
            } else {
                Err(format!(
                    "the file did not arrive complete: {}",
                    experiment.command()
                ))
            }
        };
        let measured: Result<Vec<_>, String> = (1..=grid.seeds).map(run).collect();
        Ok(self.row(grid, &measured?))
    }

    /// The row of the measurements, one for each seed.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of packets")]
    pub fn row(&self, grid: &Grid, measured: &[Measured]) -> Row {
        let mean = |of: fn(&Measured) -> f64| {
            measured.iter().map(of).sum::<f64>() / (measured.len().max(1) as f64)
        };
        let goodputs = || measured.iter().map(|one| one.goodput);
        Row {
            cell: self.clone(),
            seconds: mean(|one| one.seconds),
            goodput: mean(|one| one.goodput),
            least: goodputs().fold(f64::INFINITY, f64::min),
            most: goodputs().fold(0.0, f64::max),
            sent: mean(|one| one.sent as f64),
            resent: mean(|one| one.resent as f64),
            formula: self.formula(grid, self.loss),
            real: None,
        }
    }

    /// The value of the formula for another share of loss. Unit: 10^6 file
    /// bytes per second; `None` where it is silent, as where a controller decides.
    fn formula(&self, grid: &Grid, loss: f64) -> Option<f64> {
        let cell = Self {
            loss,
            ..self.clone()
        };
        let scenario = cell.scenario(grid, 1).ok()?;
        let Self {
            arq,
            window,
            congestion,
            ..
        } = cell;
        let path = Path::new(&scenario, arq, window, congestion, grid.segment_bytes);
        Some(path.ok()?.goodput() / 1e6)
    }
}

impl From<&Run> for Measured {
    fn from(run: &Run) -> Self {
        Self {
            seconds: run.elapsed.as_secs_f64(),
            goodput: run.goodput() / 1e6,
            sent: run.progress.sent_packets,
            resent: run.progress.resent_packets,
        }
    }
}

#[cfg(test)]
mod tests;
