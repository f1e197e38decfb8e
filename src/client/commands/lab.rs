//! `/lab`: the exercise of a teacher, or the answer of a student.
//!
//! `/lab seed=7;loss=10% --arq go-back-n --size 200KiB` gives out an exercise. `/lab 85`
//! predicts 85 packets and runs it, `/lab yes` runs it without a prediction, `/lab no`
//! declines. The options are those of `lab run`.

use super::Command;
use super::reading::{choice, number};
use crate::wire::message::Assignment;
use crate::wire::options::{
    Arq, DEFAULT_SEGMENT_BYTES, NegotiatedOptions, RequestedOptions,
};

/// The default size of the file, as in `lab run`. Unit: bytes.
const USUAL_SIZE: u64 = 100 * 1024;

/// The default run of a class exercise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usual {
    /// The window, except for stop-and-wait; `None`: the default.
    pub(super) window: Option<u32>,
    /// The size of the file; `None`: the default of `lab run`.
    pub(super) segments: Option<u64>,
    /// Its purpose.
    pub(super) what: &'static str,
}

const USUAL: Usual = Usual {
    window: None,
    segments: None,
    what: "/lab",
};

/// Reads the arguments of `/lab`.
pub(super) fn read_lab(rest: &str) -> Result<Command, String> {
    match rest.to_lowercase().as_str() {
        "yes" => Ok(answer(true, None)),
        "no" => Ok(answer(false, None)),
        "" => Err("The scenario, the predicted number, yes or no is missing.".to_owned()),
        // No scenario is a number.
        digits if digits.bytes().all(|it| it.is_ascii_digit()) => digits
            .parse()
            .ok()
            .filter(|packets| *packets <= MOST_PACKETS)
            .map(|packets| answer(true, Some(packets)))
            .ok_or_else(|| format!("Predict at most {MOST_PACKETS} packets.")),
        _ => read_run(rest, USUAL).map(Command::GiveLab),
    }
}

const fn answer(accept: bool, prediction: Option<u32>) -> Command {
    Command::AnswerLab { accept, prediction }
}

/// The largest prediction; a run transmits fewer. Unit: packets.
const MOST_PACKETS: u32 = 1_000_000;

/// The options follow the scenario, which may be empty for a perfect link.
pub(super) fn read_run(rest: &str, usual: Usual) -> Result<Assignment, String> {
    let (link, options) = match rest.find("--") {
        Some(position) => rest.split_at(position),
        None => (rest, ""),
    };
    let mut words = options.split_whitespace();
    let mut size = None;
    let mut asked = RequestedOptions {
        arq: Some(Arq::SelectiveRepeat),
        segment_bytes: Some(DEFAULT_SEGMENT_BYTES),
        ..RequestedOptions::default()
    };
    while let Some(option) = words.next() {
        let Some(value) = words.next() else {
            return Err(format!("{option} needs a value."));
        };
        match option {
            "--arq" => asked.arq = choice(value)?.or(asked.arq),
            "--congestion" => asked.congestion = choice(value)?,
            "--window" => asked.window = number(value)?,
            "--segment" => asked.segment_bytes = number(value)?,
            "--size" => size = Some(bytes(value)?),
            other => return Err(format!("{other} is not an option of {}.", usual.what)),
        }
    }
    if asked.arq != Some(Arq::StopAndWait) {
        asked.window = asked.window.or(usual.window);
    }
    let settled = asked.negotiate(&NegotiatedOptions::DEFAULT);
    let settled = settled.map_err(|error| super::sentence(&error.to_string()))?;
    Ok(Assignment {
        link: unquoted(link.trim()).to_owned(),
        arq: settled.arq,
        window: settled.window,
        congestion: settled.congestion,
        segment_bytes: settled.segment_bytes,
        size: size.unwrap_or_else(|| {
            let segment_bytes = u64::from(settled.segment_bytes);
            let size = |segments| segments * segment_bytes;
            usual.segments.map_or(USUAL_SIZE, size)
        }),
    })
}

/// A scenario may be copied with the quotes that a shell needs.
fn unquoted(link: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|&quote| link.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(link)
}

/// `1500`, `200KiB`, `1MiB`.
fn bytes(text: &str) -> Result<u64, String> {
    let units = [("KiB", 10), ("MiB", 20), ("", 0)];
    let read = |(unit, shift): (&str, u32)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(1 << shift)
    };
    let size = units.into_iter().find_map(read);
    size.ok_or_else(|| format!("{text:?} is not a size. Write 1500, 200KiB or 1MiB."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::options::Congestion;

    fn given(line: &str) -> Assignment {
        match read_lab(line) {
            Ok(Command::GiveLab(assignment)) => assignment,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_scenario_is_separated_from_the_options_after_it() {
        let line = "seed=7;loss=10% --arq go-back-n --window 8 --size 200KiB";
        let expected = Assignment {
            link: "seed=7;loss=10%".into(),
            arq: Arq::GoBackN,
            window: 8,
            congestion: Congestion::Fixed,
            segment_bytes: DEFAULT_SEGMENT_BYTES,
            size: 200 * 1024,
        };
        assert_eq!(given(line), expected);
        assert_eq!(given("\"seed=7;loss=10%\"").link, "seed=7;loss=10%");
        let perfect = given("--arq stop-and-wait");
        assert_eq!((perfect.link.as_str(), perfect.window), ("", 1));
    }

    #[test]
    fn yes_and_no_are_answers_and_an_incomplete_exercise_is_an_error() {
        assert_eq!(read_lab("Yes"), Ok(answer(true, None)));
        assert_eq!(read_lab("no"), Ok(answer(false, None)));
        assert_eq!(read_lab("85"), Ok(answer(true, Some(85))));
        let why = |line| read_lab(line).unwrap_err();
        assert!(why("").starts_with("The scenario, the predicted number"));
        assert!(why("1000001").contains("at most"));
        assert!(why("99999999999999").contains("at most"));
        assert!(why("loss=1% --size many").contains("200KiB"));
        assert!(why("loss=1% --size").contains("needs a value"));
        assert!(why("loss=1% --fast 1").contains("not an option of /lab"));
        assert!(why("loss=1% --window 0").contains("window"));
    }
}
