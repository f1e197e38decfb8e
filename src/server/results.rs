//! `results`: writes what a class sends back into a file, one row of CSV for each answer.
//!
//! It has a thread of its own, so that a slow disk holds up nobody who chats. Names and
//! sentences come from clients: whoever opens the file in a spreadsheet shall not run
//! what somebody wrote there. So every such field is quoted, and one that a spreadsheet
//! would take for a formula begins with an apostrophe.
//!
//! Source: RFC 4180 (CSV); CWE-1236 (formulas in CSV).

use crate::room::class::Recorded;
use crate::wire::message::{Lab, LabOutcome};
use crossbeam_channel::Receiver;
use jiff::Timestamp;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// What each field of a row is.
const HEADER: &str = "time,lab,name,answer,verified,seconds,bytes_per_second,sent,resent,\
                      link,arq,congestion,window,segment_bytes,size,why,assignment,points,of\r\n";

/// A file that rows can be added to; what is there stays.
///
/// # Errors
/// A sentence with a way out.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let open = || -> io::Result<File> {
        let mut file = File::options().append(true).create(true).open(path)?;
        if file.metadata()?.len() == 0 {
            file.write_all(HEADER.as_bytes())?;
        }
        Ok(file)
    };
    open().map_err(|error| {
        let sentence = format!(
            "cannot write the results of the class to {}: {error}. Choose another file \
             with --class-results.",
            path.display()
        );
        io::Error::new(error.kind(), sentence)
    })
}

/// Writes until nobody can send any more.
pub(super) fn run(file: &mut impl Write, results: &Receiver<Box<Recorded>>) {
    while let Ok(recorded) = results.recv() {
        // One write for a row, so that it is there whole or not at all.
        if let Err(error) = file.write_all(row(&recorded).as_bytes()) {
            log::error!("cannot write a result of the class: {error}");
        }
    }
}

fn row(recorded: &Recorded) -> String {
    let Recorded {
        time,
        name,
        lab,
        outcome,
    } = recorded;
    let number = lab
        .as_ref()
        .map_or(String::new(), |lab| lab.number.to_string());
    let mut fields = vec![time_of(*time), number, text(name)];
    fields.extend(match outcome {
        LabOutcome::Done(figures) => [
            "done".to_owned(),
            figures.verified.to_string(),
            seconds(figures.elapsed_us),
            figures.goodput.to_string(),
            figures.sent_packets.to_string(),
            figures.resent_packets.to_string(),
        ],
        LabOutcome::Declined => unfinished("declined"),
        LabOutcome::Submitted(_) => unfinished("submitted"),
        LabOutcome::Failed { .. } => unfinished("failed"),
    });
    fields.extend(lab.as_ref().map_or_else(Default::default, of_lab));
    fields.push(match outcome {
        LabOutcome::Failed { sentence } => text(sentence),
        LabOutcome::Done(_) | LabOutcome::Declined | LabOutcome::Submitted(_) => {
            String::new()
        }
    });
    fields.extend(match outcome {
        LabOutcome::Submitted(it) => [
            text(&it.assignment),
            it.points.to_string(),
            it.of.to_string(),
        ],
        LabOutcome::Done(_) | LabOutcome::Declined | LabOutcome::Failed { .. } => {
            Default::default()
        }
    });
    fields.join(",") + "\r\n"
}

/// What was run.
fn of_lab(lab: &Lab) -> [String; 6] {
    let assignment = &lab.assignment;
    [
        text(&assignment.link),
        assignment.arq.to_string(),
        assignment.congestion.to_string(),
        assignment.window.to_string(),
        assignment.segment_bytes.to_string(),
        assignment.size.to_string(),
    ]
}

/// An answer without figures.
fn unfinished(answer: &str) -> [String; 6] {
    let none = String::new;
    [answer.to_owned(), none(), none(), none(), none(), none()]
}

/// `2026-11-21T14:25:00.123Z`.
fn time_of(time_ms: u64) -> String {
    let time = i64::try_from(time_ms).ok();
    let time = time.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map_or(String::new(), |time| time.to_string())
}

/// Microseconds as seconds, exactly.
fn seconds(elapsed_us: u64) -> String {
    format!("{}.{:06}", elapsed_us / 1_000_000, elapsed_us % 1_000_000)
}

/// A field that somebody else wrote: quoted, on one line, and no formula.
fn text(field: &str) -> String {
    let is_formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let apostrophe = if is_formula { "'" } else { "" };
    let harmless: String = field
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .collect();
    format!("\"{apostrophe}{}\"", harmless.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::{Assignment, LabFigures, Submission};
    use crate::wire::options::{Arq, Congestion};

    fn recorded(name: &str, outcome: LabOutcome) -> Recorded {
        Recorded {
            time: 1_795_271_100_123,
            name: name.to_owned(),
            lab: Some(Lab {
                number: 2,
                from: "dana".into(),
                assignment: Assignment {
                    link: "seed=7;drop=d0.1,a3.1".into(),
                    arq: Arq::GoBackN,
                    window: 16,
                    congestion: Congestion::Fixed,
                    segment_bytes: 1_436,
                    size: 100_000,
                },
            }),
            outcome,
        }
    }

    #[test]
    fn a_row_has_a_field_for_each_word_of_the_header() {
        let done = LabOutcome::Done(LabFigures {
            verified: true,
            elapsed_us: 1_500_042,
            goodput: 66_664,
            sent_packets: 80,
            resent_packets: 10,
        });
        let expected = "2026-11-21T14:25:00.123Z,2,\"guy\",done,true,1.500042,66664,80,10,\
                        \"seed=7;drop=d0.1,a3.1\",go-back-n,fixed,16,1436,100000,,,,\r\n";
        assert_eq!(row(&recorded("guy", done)), expected);
        // The one comma within quotes is no field's end.
        assert_eq!(
            expected.matches(',').count(),
            HEADER.matches(',').count() + 1
        );
        let declined = row(&recorded("guy", LabOutcome::Declined));
        assert_eq!(declined.matches(',').count(), expected.matches(',').count());
        let submission = Submission {
            assignment: "go-back-n".into(),
            points: 46,
            of: 110,
            passed: 10,
            scenarios: 21,
        };
        let submitted = Recorded {
            lab: None,
            ..recorded("guy", LabOutcome::Submitted(submission))
        };
        let row = row(&submitted);
        assert!(row.ends_with(",,,,,,,,\"go-back-n\",46,110\r\n"), "{row}");
        assert_eq!(row.matches(',').count(), HEADER.matches(',').count());
    }

    #[test]
    fn what_a_client_wrote_is_text_in_a_spreadsheet_and_never_a_formula_or_a_row() {
        assert_eq!(text("=1+1"), "\"'=1+1\"");
        assert_eq!(text("@SUM(A1)"), "\"'@SUM(A1)\"");
        assert_eq!(text("-2"), "\"'-2\"");
        assert_eq!(text("a\",b"), "\"a\"\",b\"");
        assert_eq!(text("a\r\nb,=c"), "\"a  b,=c\"");
        assert_eq!(text("דנה"), "\"דנה\"");
        let failed = LabOutcome::Failed {
            sentence: "\n=cmd()".into(),
        };
        assert_eq!(row(&recorded("=x", failed)).lines().count(), 1);
    }

    #[test]
    fn a_second_run_adds_to_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.csv");
        for name in ["guy", "yuval"] {
            let mut file = open(&path).unwrap();
            let (sender, results) = crossbeam_channel::unbounded();
            let result = recorded(name, LabOutcome::Declined);
            sender.send(Box::new(result)).unwrap();
            drop(sender);
            run(&mut file, &results);
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(text.starts_with("time,lab,name,"));
        let told = open(folder.path()).unwrap_err().to_string();
        assert!(told.contains("--class-results"), "{told}");
    }
}
