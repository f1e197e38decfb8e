//! `results`: writes the results of a class into a file, one row of CSV for each answer.
//!
//! It has a thread of its own, so that a slow disk delays no chat. Names and sentences
//! come from clients, and a spreadsheet must not execute them. Therefore every such field
//! is quoted, and one that looks like a formula begins with an apostrophe.
//!
//! Source: RFC 4180 (CSV); CWE-1236 (formulas in CSV).

use crate::lab::class_question::{RunQuestion, short};
use crate::room::class::Recorded;
use crate::transfer::ordinary::{self, Use};
use crate::wire::message::{Answer, Assignment, LabOutcome, Question};
use crossbeam_channel::Receiver;
use jiff::Timestamp;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// The names of the fields of a row.
const HEADER: &str = "time,lab,name,answer,verified,seconds,bytes_per_second,sent,resent,\
                      link,arq,congestion,window,segment_bytes,size,why,assignment,points,of,question,chosen,right\r\n";

/// A file to which rows are appended.
///
/// # Errors
/// A sentence with advice.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let open = || -> io::Result<File> {
        let mut file = ordinary::open(path, Use::AppendPrivate)?;
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

/// Writes until the channel is closed.
pub(super) fn run(file: &mut impl Write, results: &Receiver<Box<Recorded>>) {
    let mut key = Key::default();
    while let Ok(recorded) = results.recv() {
        let row = row(&recorded, key.right(&recorded));
        // One write per row, so that a row is complete or absent.
        if let Err(error) = file.write_all(row.as_bytes()) {
            log::error!("cannot write a result of the class: {error}");
        }
    }
}

/// The right answer to the last question, computed once for all who have answered it.
#[derive(Default)]
struct Key {
    question: Option<Question>,
    right: Option<Answer>,
}

impl Key {
    /// The right answer, if this is the answer to a question.
    fn right(&mut self, recorded: &Recorded) -> Option<Answer> {
        let question = recorded.question.as_ref()?;
        if self.question.as_ref() != Some(question) {
            let asked = &question.question;
            let run = RunQuestion::new(asked.about, &asked.assignment);
            if let Err(error) = &run {
                let number = question.number;
                log::warn!("question {number} of the class has no right answer: {error}");
            }
            self.right = run.ok().map(|run| run.right());
            self.question = Some(question.clone());
        }
        self.right
    }
}

/// `right`: the right answer, if this is the answer to a question.
fn row(recorded: &Recorded, right: Option<Answer>) -> String {
    let Recorded {
        time,
        name,
        lab,
        question,
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
        LabOutcome::Answered(_) => unfinished("answered"),
        LabOutcome::Failed { .. } => unfinished("failed"),
    });
    let of_lab = lab.as_ref().map(|lab| &lab.assignment);
    let of_question = question.as_ref().map(|it| &it.question.assignment);
    let run = of_lab.or(of_question);
    fields.extend(run.map_or_else(Default::default, of_run));
    fields.push(match outcome {
        LabOutcome::Failed { sentence } => text(sentence),
        LabOutcome::Done(_)
        | LabOutcome::Declined
        | LabOutcome::Submitted(_)
        | LabOutcome::Answered(_) => String::new(),
    });
    fields.extend(match outcome {
        LabOutcome::Submitted(it) => [
            text(&it.assignment),
            it.points.to_string(),
            it.of.to_string(),
        ],
        LabOutcome::Answered(it) => [
            String::new(),
            right.map_or_else(String::new, |right| {
                u8::from(it.answer == right).to_string()
            }),
            right.map_or_else(String::new, |_| "1".to_owned()),
        ],
        LabOutcome::Done(_) | LabOutcome::Declined | LabOutcome::Failed { .. } => {
            Default::default()
        }
    });
    fields.extend(match outcome {
        LabOutcome::Answered(it) => [
            it.number.to_string(),
            short(it.answer),
            right.map_or_else(String::new, short),
        ],
        // An exercise has no question number.
        LabOutcome::Done(figures) => {
            figures
                .predicted_packets
                .map_or_else(Default::default, |packets| {
                    let sent = figures.sent_packets.to_string();
                    [String::new(), packets.to_string(), sent]
                })
        }
        LabOutcome::Declined | LabOutcome::Submitted(_) | LabOutcome::Failed { .. } => {
            Default::default()
        }
    });
    fields.join(",") + "\r\n"
}

/// The exercise, or the question.
fn of_run(assignment: &Assignment) -> [String; 6] {
    [
        text(&assignment.link),
        assignment.arq.to_string(),
        assignment.congestion.to_string(),
        assignment.window.to_string(),
        assignment.segment_bytes.to_string(),
        assignment.size.to_string(),
    ]
}

/// An answer without numbers.
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

/// A field that a client wrote: quoted, on one line, and never a formula.
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
    use crate::system::tests::{mode, symlink};
    use crate::wire::message::{
        About, ClassAnswer, ClassQuestion, Lab, LabFigures, Submission,
    };
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
            question: None,
            outcome,
        }
    }

    #[test]
    fn a_row_has_a_field_for_each_column_of_the_header() {
        let done = LabOutcome::Done(LabFigures {
            verified: true,
            elapsed_us: 1_500_042,
            goodput: 66_664,
            sent_packets: 80,
            resent_packets: 10,
            predicted_packets: Some(85),
        });
        let expected = "2026-11-21T14:25:00.123Z,2,\"guy\",done,true,1.500042,66664,80,10,\
                        \"seed=7;drop=d0.1,a3.1\",go-back-n,fixed,16,1436,100000,,,,,,85,80\r\n";
        assert_eq!(row(&recorded("guy", done), None), expected);
        // The only comma within quotes does not end the field.
        assert_eq!(
            expected.matches(',').count(),
            HEADER.matches(',').count() + 1
        );
        let declined = row(&recorded("guy", LabOutcome::Declined), None);
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
        let row = row(&submitted, None);
        let end = ",,,,,,,,\"go-back-n\",46,110,,,\r\n";
        assert!(row.ends_with(end), "{row}");
        assert_eq!(row.matches(',').count(), HEADER.matches(',').count());
    }

    #[test]
    fn text_of_a_client_becomes_neither_a_formula_nor_a_new_row_in_a_spreadsheet() {
        assert_eq!(text("=1+1"), "\"'=1+1\"");
        assert_eq!(text("@SUM(A1)"), "\"'@SUM(A1)\"");
        assert_eq!(text("-2"), "\"'-2\"");
        assert_eq!(text("a\",b"), "\"a\"\",b\"");
        assert_eq!(text("a\r\nb,=c"), "\"a  b,=c\"");
        assert_eq!(text("דנה"), "\"דנה\"");
        let failed = LabOutcome::Failed {
            sentence: "\n=cmd()".into(),
        };
        assert_eq!(row(&recorded("=x", failed), None).lines().count(), 1);
    }

    #[test]
    fn an_answer_has_its_point_where_it_is_the_one_that_the_run_gives() {
        let assignment = Assignment {
            link: "drop=d2.1;delay=50ms".into(),
            arq: Arq::GoBackN,
            window: 4,
            congestion: Congestion::Fixed,
            segment_bytes: 1_000,
            size: 8_000,
        };
        let answered = |name: &str, packets| {
            let answer = Answer::Packets(packets);
            let outcome = LabOutcome::Answered(ClassAnswer { number: 3, answer });
            Box::new(Recorded {
                lab: None,
                question: Some(Question {
                    number: 3,
                    from: "dana".into(),
                    question: ClassQuestion {
                        about: About::Packets,
                        assignment: assignment.clone(),
                    },
                }),
                ..recorded(name, outcome)
            })
        };
        let (sender, results) = crossbeam_channel::unbounded();
        sender.send(answered("guy", 12)).unwrap();
        sender.send(answered("yuval", 9)).unwrap();
        drop(sender);
        let mut file = Vec::new();
        run(&mut file, &results);
        let text = String::from_utf8(file).unwrap();
        let rows: Vec<_> = text.lines().collect();
        let link = "\"drop=d2.1;delay=50ms\",go-back-n,fixed,4,1000,8000";
        let answer = |name: &str, rest: &str| {
            let time = "2026-11-21T14:25:00.123Z";
            format!("{time},,\"{name}\",answered,,,,,,{link},,,{rest}")
        };
        let expected = [answer("guy", "1,1,3,12,12"), answer("yuval", "0,1,3,9,12")];
        assert_eq!(rows, expected);
        let commas = HEADER.matches(',').count();
        assert!(rows.iter().all(|row| row.matches(',').count() == commas));
    }

    #[test]
    fn a_second_run_appends_to_the_existing_results() {
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

    #[test]
    fn the_results_of_a_class_do_not_follow_a_planted_symlink_and_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let (victim, link) = (folder.path().join("victim"), folder.path().join("link"));
        if symlink(&victim, &link) {
            std::fs::write(&victim, "precious").unwrap();
            let error = open(&link).unwrap_err();
            assert!(error.to_string().contains("symbolic link"), "{error}");
            assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
        }
        let path = folder.path().join("results.csv");
        for _ in 0..2 {
            open(&path).unwrap().write_all(b"row\r\n").unwrap();
        }
        assert!(mode(&path).is_none_or(|mode| mode == 0o600));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{HEADER}row\r\nrow\r\n"));
    }
}
