//! `lab predict`: stops a run at interesting moments and asks what the sender does next.

use super::arguments::TransferArguments;
use super::output::{read_journal, write_whole};
use clap::Args;
use sash::lab::predict::{self, Choosing, Given, Question, letter, score};
use std::io::{self, BufRead, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLES: &str = "\
Examples
  lab predict
  lab predict --arq go-back-n --window 4 --questions 5 --link \"drop=d2.1;delay=50ms\"
  lab predict --seed 7 --name dana --csv dana.csv
  lab predict --seed 7 --show
  lab predict --seed 7 --questions 3 --answers \"a,c,b\" --csv score.csv
  lab predict journals/selective-repeat.jsonl
The same seed and scenario give the same questions on every computer. Without an event log,
the transfers first run in virtual time.
";

#[derive(Args)]
#[command(mut_arg("link", |link| link.default_value("seed=7;loss=10%;delay=50ms")))]
#[command(mut_arg("size", |size| size.default_value("60KiB")))]
#[command(mut_arg("window", |window| {
    window.help("Set the send window, in packets [default: 1 for stop-and-wait, otherwise 16]")
}))]
pub(crate) struct Arguments {
    /// Ask about this event log, of `lab run` or of the sender of a real transfer
    #[arg(value_name = "JOURNAL")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    transfer: TransferArguments,
    /// Ask at most this many questions, over all chosen protocols
    #[arg(long, default_value_t = 6, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    questions: u32,
    /// Choose the moments and the order of the choices with this seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the questions with their answers, for the teacher
    #[arg(long, conflicts_with_all = ["answers", "csv"])]
    show: bool,
    /// Give the answers on the command line, for a script
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    answers: Vec<String>,
    /// Write the score to this file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Set the student's name, the first column of the score
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
}

/// A line that the student typed.
enum Typed {
    Choice(usize),
    Hint,
    Leave,
    Unclear,
}

/// Always true: a wrong answer is not a failure of the program.
pub(crate) fn run(arguments: &Arguments) -> io::Result<bool> {
    if let Some(path) = &arguments.csv {
        check(path)?; // Before anybody has answered anything.
    }
    let questions = questions(arguments)?;
    let mut out = io::stdout().lock();
    if questions.is_empty() {
        let sentence = "this run has no moment to ask about. Choose a longer file, or a \
                        link that loses packets";
        return Err(io::Error::other(sentence));
    }
    if arguments.show {
        show(&mut out, &questions)?;
        return Ok(true);
    }
    let given = if arguments.answers.is_empty() {
        let is_terminal = io::stdin().is_terminal();
        ask(&mut out, &questions, &mut io::stdin().lock(), is_terminal)?
    } else {
        answer(&mut out, &questions, &arguments.answers)?
    };
    let right = given.iter().filter(|given| given.is_right()).count();
    writeln!(out, "{right} of {} correct.", given.len())?;
    if given.len() < questions.len() {
        let left = questions.len() - given.len();
        writeln!(out, "{left} of {} were not answered.", questions.len())?;
    }
    if let Some(path) = &arguments.csv {
        write_whole(path, score(&arguments.name, &given).as_bytes())?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(true)
}

fn questions(arguments: &Arguments) -> io::Result<Vec<Question>> {
    let choosing = Choosing {
        questions: arguments.questions as usize,
        seed: arguments.seed,
    };
    let questions = match &arguments.journal {
        Some(path) => predict::questions(&[read_journal(path)?], choosing),
        None => predict::ask(&arguments.transfer.experiments()?, choosing),
    };
    questions.map_err(io::Error::other)
}

/// Checks, as far as possible, whether the file can be created.
fn check(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let place = path.display();
    if path.is_dir() {
        return Err(io::Error::other(format!("{place} is a folder, not a file")));
    }
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(io::Error::other(format!(
            "cannot write {place}: its folder does not exist"
        )));
    }
    Ok(())
}

fn show(out: &mut impl Write, questions: &[Question]) -> io::Result<()> {
    for (place, question) in questions.iter().enumerate() {
        write_question(out, place, questions)?;
        writeln!(out, "{}", question.verdict(None))?;
    }
    Ok(())
}

/// Asks the questions one after another until all are answered or the student leaves.
fn ask<'a>(
    out: &mut impl Write,
    questions: &'a [Question],
    input: &mut impl BufRead,
    is_terminal: bool,
) -> io::Result<Vec<Given<'a>>> {
    let mut given = Vec::new();
    for (place, question) in questions.iter().enumerate() {
        write_question(out, place, questions)?;
        let choice = loop {
            if is_terminal {
                write!(
                    out,
                    "Your answer ({}, ? for a hint, q to quit): ",
                    letters(question)
                )?;
                out.flush()?;
            }
            let mut line = Vec::new();
            if input.read_until(b'\n', &mut line)? == 0 {
                return Ok(given);
            }
            match typed(question, String::from_utf8_lossy(&line).trim()) {
                Typed::Choice(choice) => break choice,
                Typed::Hint => writeln!(out, "{}", question.hint)?,
                Typed::Leave => return Ok(given),
                Typed::Unclear => {
                    let letters = letters(question);
                    writeln!(out, "Answer {letters}, ? for a hint, or q to quit.")?;
                }
            }
        };
        writeln!(out, "{}", question.verdict(Some(choice)))?;
        given.push(Given { question, choice });
    }
    Ok(given)
}

fn typed(question: &Question, text: &str) -> Typed {
    match text {
        "?" => Typed::Hint,
        "q" | "Q" => Typed::Leave,
        _ => question.choice(text).map_or(Typed::Unclear, Typed::Choice),
    }
}

/// Answers from the command line.
fn answer<'a>(
    out: &mut impl Write,
    questions: &'a [Question],
    answers: &[String],
) -> io::Result<Vec<Given<'a>>> {
    let (some, all) = (answers.len(), questions.len());
    if some > all {
        return Err(io::Error::other(format!(
            "{some} answers for {all} questions. Give fewer, or ask more with --questions"
        )));
    }
    let mut given = Vec::new();
    for (place, (question, answer)) in questions.iter().zip(answers).enumerate() {
        let choice = question.choice(answer.trim()).ok_or_else(|| {
            let (number, letters) = (place + 1, letters(question));
            io::Error::other(format!(
                "question {number} has no choice {answer:?}. Choose {letters}"
            ))
        })?;
        given.push(Given { question, choice });
    }
    for (place, given) in given.iter().enumerate() {
        write_question(out, place, questions)?;
        writeln!(out, "{}", given.question.verdict(Some(given.choice)))?;
    }
    Ok(given)
}

fn write_question(
    out: &mut impl Write,
    place: usize,
    questions: &[Question],
) -> io::Result<()> {
    let (number, all) = (place + 1, questions.len());
    writeln!(
        out,
        "Question {number} of {all}: {}",
        questions[place].text()
    )
}

/// `a, b, c or d`.
fn letters(question: &Question) -> String {
    let letters: Vec<String> = (0..question.choices.len())
        .map(|place| letter(place).to_string())
        .collect();
    match letters.split_last() {
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}
