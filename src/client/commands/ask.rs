//! `/ask`: a teacher's question to the class; `/answer`: a student's answer.
//!
//! `/ask drop=d2.1;delay=50ms --arq go-back-n` asks what the sender does next, and
//! `--packets` how many packets it transmits. The other options are those of `/lab`.

use super::Command;
use super::lab::{Usual, read_run};
use super::reading::number;
use crate::lab::class_question;

/// The question, as a teacher writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// What does the sender do next, at this moment of the run? `None`: at the default
    /// one.
    Next(Option<u32>),
    /// How many DATA packets does it transmit?
    Packets,
}

/// A run that fits into a picture, with a window that is soon full.
const USUAL: Usual = Usual {
    window: Some(4),
    segments: Some(8),
    what: "/ask",
};

/// Reads the arguments of `/ask`.
pub(super) fn read_ask(rest: &str) -> Result<Command, String> {
    if rest.is_empty() {
        return Err("The scenario is missing.".to_owned());
    }
    let (link, options) = rest.find("--").map_or((rest, ""), |at| rest.split_at(at));
    let mut words = options.split_whitespace();
    let mut of_the_run = link.to_owned();
    let (mut moment, mut packets) = (None, false);
    while let Some(word) = words.next() {
        match word {
            "--packets" => packets = true,
            "--moment" => {
                let value = words.next().ok_or("--moment needs a value.")?;
                moment = number(value)?;
            }
            other => {
                of_the_run.push(' ');
                of_the_run.push_str(other);
            }
        }
    }
    if packets && moment.is_some() {
        return Err("--packets asks about the whole run: leave --moment out.".to_owned());
    }
    let wanted = if packets {
        Wanted::Packets
    } else {
        Wanted::Next(moment)
    };
    let assignment = read_run(of_the_run.trim(), USUAL)?;
    Ok(Command::Ask { wanted, assignment })
}

/// Reads the arguments of `/answer`.
pub(super) fn read_answer(rest: &str) -> Result<Command, String> {
    if rest.is_empty() {
        return Err("The answer is missing.".to_owned());
    }
    class_question::typed(rest)
        .map(Command::Answer)
        .ok_or_else(|| format!("{rest:?} is neither a letter nor a number."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::{Answer, Assignment};
    use crate::wire::options::{Arq, Congestion};

    #[test]
    fn a_question_has_the_options_of_a_lab_and_two_of_its_own() {
        let expected = Assignment {
            link: "drop=d2.1;delay=50ms".into(),
            arq: Arq::GoBackN,
            window: 4,
            congestion: Congestion::Fixed,
            segment_bytes: 1_436,
            size: 8 * 1_436,
        };
        let asked = |wanted, assignment| Ok(Command::Ask { wanted, assignment });
        assert_eq!(
            read_ask("drop=d2.1;delay=50ms --arq go-back-n"),
            asked(Wanted::Next(None), expected.clone())
        );
        assert_eq!(
            read_ask("drop=d2.1;delay=50ms --moment 3 --arq go-back-n --window 5"),
            asked(
                Wanted::Next(Some(3)),
                Assignment {
                    window: 5,
                    ..expected.clone()
                }
            )
        );
        assert_eq!(
            read_ask("--packets --arq stop-and-wait --size 1000"),
            asked(
                Wanted::Packets,
                Assignment {
                    link: String::new(),
                    arq: Arq::StopAndWait,
                    window: 1,
                    size: 1_000,
                    ..expected
                }
            )
        );
    }

    #[test]
    fn what_is_no_question_and_no_answer_is_told_in_a_sentence() {
        let why = |line| read_ask(line).unwrap_err();
        assert_eq!(why(""), "The scenario is missing.");
        assert!(why("loss=5% --moment").contains("needs a value"));
        assert!(why("loss=5% --moment x").contains("not a number"));
        assert!(why("loss=5% --fast 1").contains("not an option of /ask"));
        assert!(why("loss=5% --packets --moment 1").contains("leave --moment out"));
        let answer = |answer| Ok(Command::Answer(answer));
        assert_eq!(read_answer("B"), answer(Answer::Choice(1)));
        assert_eq!(read_answer("c)"), answer(Answer::Choice(2)));
        assert_eq!(read_answer("23"), answer(Answer::Packets(23)));
        for wrong in ["", "bb", "-1", "?", "99999999999"] {
            assert!(read_answer(wrong).is_err(), "{wrong}");
        }
    }
}
