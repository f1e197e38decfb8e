//! `lab grade congestion`: a controller beside a Reno flow over six paths.

use super::class::{self, Summary};
use super::{Arguments, grading};
use sash::lab::chart::{Axis, Chart, Look, Panel, Point, Series};
use sash::lab::grade::congestion::{
    Criterion, GradedController, Measured, PATHS, POINTS_PER_PATH, Path, criteria,
    measure_known, measure_program,
};
use sash::lab::grade::program::Failure;
use sash::wire::options::{Arq, Congestion};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path as Folder;

/// The controllers for comparison.
const OTHERS: [Congestion; 6] = [
    Congestion::Reno,
    Congestion::Cubic,
    Congestion::Bbr,
    Congestion::PlusOneMinusThree,
    Congestion::DoubleHalve,
    Congestion::Additive,
];

/// The last argument of the program.
const ROLE: &str = "congestion";

/// A path, graded.
struct Graded {
    number: usize,
    path: &'static Path,
    own: Result<(Measured, [Criterion; 3]), Failure>,
}

impl Graded {
    fn points(&self) -> u32 {
        let Ok((_, criteria)) = &self.own else {
            return 0;
        };
        let reached = criteria.iter().filter(|it| it.is_reached);
        reached.map(|it| it.points).sum()
    }

    /// A sentence for each criterion that was not reached.
    fn problems(&self) -> Vec<String> {
        match &self.own {
            Err(failure) => vec![failure.sentence.clone()],
            Ok((_, criteria)) => {
                let open = criteria.iter().filter(|it| !it.is_reached);
                open.map(|it| format!("Not reached: {}", it.sentence))
                    .collect()
            }
        }
    }

    fn summary(&self) -> Summary {
        Summary {
            number: self.number,
            points: self.points(),
            of: POINTS_PER_PATH,
            problem: self.problems().join(" "),
        }
    }
}

/// Returns whether every student reached every criterion.
pub(super) fn run(arguments: &Arguments) -> io::Result<bool> {
    check(arguments)?;
    if let Some(folder) = &arguments.class {
        return class::run(arguments, folder, |student| {
            grade(arguments, student)
                .iter()
                .map(Graded::summary)
                .collect()
        });
    }
    let results = grade(arguments, Folder::new("."));
    let summaries: Vec<_> = results.iter().map(Graded::summary).collect();
    let has_passed = summaries.iter().all(|it| it.problem.is_empty());
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", json_of(&results))?;
    } else if arguments.csv {
        let name = class::name_of(&fs::canonicalize(".")?);
        write!(out, "{}{}", class::HEADER, class::row(&name, &summaries))?;
    } else {
        write!(out, "{}", text(&results))?;
    }
    if let Some(path) = &arguments.gradescope {
        super::super::output::write_whole(path, gradescope(&results).as_bytes())?;
    }
    if let Some(path) = &arguments.html {
        super::super::output::write_whole(path, html(&results)?.as_bytes())?;
    }
    Ok(has_passed)
}

/// Refuses options that apply to protocols only.
fn check(arguments: &Arguments) -> io::Result<()> {
    let foreign = [
        ("--window", arguments.window.is_some()),
        ("--scenarios", arguments.scenarios.is_some()),
        ("--seed", arguments.seed.is_some()),
        ("--watch", arguments.watch),
    ];
    if let Some((option, _)) = foreign.iter().find(|(_, is_given)| *is_given) {
        return Err(io::Error::other(format!(
            "{option} is for protocols: a congestion controller has six paths and its own \
             window. Leave the option out."
        )));
    }
    if arguments
        .only
        .is_some_and(|it| !(1..=PATHS.len()).contains(&it))
    {
        let sentence = format!(
            "there is no such path. Choose --only from 1 to {}",
            PATHS.len()
        );
        return Err(io::Error::other(sentence));
    }
    let any = grading(arguments, Arq::Sack, Folder::new("."));
    if arguments.class.is_none() {
        any.check_command().map_err(io::Error::other)?;
    }
    Ok(())
}

fn grade(arguments: &Arguments, folder: &Folder) -> Vec<Graded> {
    // The protocol does not matter to a controller.
    let grading = grading(arguments, Arq::Sack, folder);
    let mut results = Vec::new();
    for (number, path) in (1..).zip(&PATHS) {
        if arguments.only.is_some_and(|only| only != number) {
            continue;
        }
        let mut program = grading.process(ROLE, grading.limits);
        let own = measure_program(GradedController::new(&mut *program), path);
        let own = own.map(|own| {
            let reno = measure_known(Congestion::Reno, path);
            let criteria = criteria(&own, &reno);
            (own, criteria)
        });
        results.push(Graded { number, path, own });
    }
    results
}

/// A table for each path.
fn text(results: &[Graded]) -> String {
    let mut text = String::new();
    for graded in results {
        let Graded { number, path, own } = graded;
        let points = graded.points();
        let _ = writeln!(text, "{number}  {points}/{POINTS_PER_PATH}  {}", path.name);
        let _ = writeln!(
            text,
            "     {:22} {:>11} {:>6} {:>12} {:>7}",
            "beside Reno", "utilization", "share", "queueing", "loss"
        );
        match own {
            Ok((own, _)) => text.push_str(&row("your controller", own)),
            Err(failure) => failure.stderr.iter().for_each(|line| {
                let _ = writeln!(text, "     stderr: {line}");
            }),
        }
        for other in OTHERS {
            text.push_str(&row(other.name(), &measure_known(other, path)));
        }
        for problem in graded.problems() {
            let _ = writeln!(text, "     {problem}");
        }
        text.push('\n');
    }
    let reached: u32 = results.iter().map(Graded::points).sum();
    let _ = writeln!(
        text,
        "congestion: {reached} of {} points.",
        all_points(results)
    );
    text
}

fn all_points(results: &[Graded]) -> u32 {
    results.iter().map(|_| POINTS_PER_PATH).sum()
}

fn row(name: &str, measured: &Measured) -> String {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let waited = measured.queueing_delay.as_secs_f64() * 1_000.0;
    format!(
        "     {name:22} {:>11} {:>6} {:>12} {:>7}\n",
        percent(measured.utilization),
        format!("{:.0} %", measured.share * 100.0),
        format!("{waited:.1} ms"),
        percent(measured.loss)
    )
}

fn json_of(results: &[Graded]) -> Value {
    let path = |graded: &Graded| {
        let figures = |name: &str, it: &Measured| {
            json!({
                "controller": name,
                "utilization": it.utilization,
                "share": it.share,
                "queueing_delay_ms": it.queueing_delay.as_secs_f64() * 1_000.0,
                "loss": it.loss,
            })
        };
        let own = graded.own.as_ref().ok().map(|(own, _)| figures("own", own));
        let others = OTHERS.map(|it| figures(it.name(), &measure_known(it, graded.path)));
        let stderr = graded.own.as_ref().err().map(|it| it.stderr.clone());
        json!({
            "number": graded.number,
            "path": graded.path.name,
            "points": graded.points(),
            "of": POINTS_PER_PATH,
            "problems": graded.problems(),
            "stderr": stderr,
            "own": own,
            "others": others,
        })
    };
    json!({
        "protocol": ROLE,
        "points": results.iter().map(Graded::points).sum::<u32>(),
        "of": all_points(results),
        "paths": results.iter().map(path).collect::<Vec<_>>(),
    })
}

fn gradescope(results: &[Graded]) -> String {
    let test = |graded: &Graded| {
        let is_full = graded.problems().is_empty();
        json!({
            "number": graded.number.to_string(),
            "name": graded.path.name,
            "score": graded.points(),
            "max_score": POINTS_PER_PATH,
            "status": if is_full { "passed" } else { "failed" },
            "output": text(std::slice::from_ref(graded)),
            "output_format": "text",
            "visibility": "visible",
        })
    };
    let whole = json!({
        "score": results.iter().map(Graded::points).sum::<u32>(),
        "extra_data": { "protocol": ROLE },
        "tests": results.iter().map(test).collect::<Vec<_>>(),
    });
    format!("{whole:#}\n")
}

/// A page with the table, and the windows over time.
fn html(results: &[Graded]) -> io::Result<String> {
    let mut page = super::files::HEAD.to_owned();
    page.push_str(
        "<title>congestion</title>\n<h1>A congestion controller beside Reno</h1>\n",
    );
    let _ = writeln!(page, "<pre>{}</pre>", super::files::escaped(&text(results)));
    for graded in results {
        let Ok((own, _)) = &graded.own else {
            continue;
        };
        let series = |name: &str, place: usize| Series {
            name: name.to_owned(),
            look: Look {
                mark: None,
                ..Look::measured(place)
            },
            points: own
                .windows
                .iter()
                .map(|(x, y)| Point::new(*x, y[place]))
                .collect(),
        };
        let chart = Chart {
            title: format!("Window over time: {}", graded.path.name),
            notes: Vec::new(),
            x: Axis::linear("time (s)"),
            y: Axis::linear("congestion window (packets)"),
            panels: vec![Panel {
                title: String::new(),
                series: vec![series("your controller", 0), series("reno beside it", 1)],
            }],
        };
        page.push_str(&chart.to_svg().map_err(io::Error::other)?);
    }
    Ok(page)
}
