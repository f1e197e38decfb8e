//! Reads the result that `lab grade` has written, for `/submit`: its `--json` or its
//! `--gradescope` form.

use crate::wire::message::Submission;
use serde_json::Value;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The largest size of a result. Unit: bytes.
const LARGEST: u64 = 16 << 20;

/// The points of a result.
///
/// # Errors
/// A sentence with the reason and advice.
pub(super) fn read(path: &Path) -> Result<Submission, String> {
    let place = path.display();
    let mut text = String::new();
    let read = File::open(path).and_then(|it| it.take(LARGEST).read_to_string(&mut text));
    read.map_err(|error| format!("Cannot read {place}: {error}."))?;
    let value: Option<Value> = serde_json::from_str(&text).ok();
    let submission = value.as_ref().and_then(points);
    submission.filter(Submission::is_plausible).ok_or_else(|| {
        format!(
            "{place} is not a result of lab grade. Make one with: lab grade \
             --gradescope FILE ..."
        )
    })
}

fn points(result: &Value) -> Option<Submission> {
    let either = |value: &Value, keys: [&str; 2]| {
        let number = keys.iter().find_map(|key| value.get(key)?.as_u64())?;
        u32::try_from(number).ok()
    };
    let name = result
        .get("protocol")
        .or_else(|| result.get("extra_data")?.get("protocol"));
    let lists = ["scenarios", "paths", "tests"];
    let list = lists.iter().find_map(|key| result.get(key)?.as_array())?;
    let all_of = |one: &Value| either(one, ["of", "max_score"]).unwrap_or(0);
    let is_passed = |one: &&Value| either(one, ["points", "score"]) == Some(all_of(one));
    Some(Submission {
        assignment: name?.as_str()?.to_owned(),
        points: either(result, ["points", "score"])?,
        of: list.iter().map(all_of).fold(0, u32::saturating_add),
        passed: u32::try_from(list.iter().filter(is_passed).count()).ok()?,
        scenarios: u32::try_from(list.len()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_result_formats_give_the_same_submission() {
        let json = r#"{"protocol":"go-back-n","points":5,"of":9,
            "scenarios":[{"points":5,"of":5},{"points":0,"of":4}]}"#;
        let gradescope = r#"{"score":5,"extra_data":{"protocol":"go-back-n"},
            "tests":[{"score":5,"max_score":5},{"score":0,"max_score":4}]}"#;
        let expected = Submission {
            assignment: "go-back-n".into(),
            points: 5,
            of: 9,
            passed: 1,
            scenarios: 2,
        };
        for text in [json, gradescope] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(points(&value), Some(expected.clone()));
        }
    }

    #[test]
    fn an_invalid_result_file_is_reported_with_a_suggestion() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        assert!(read(&path).unwrap_err().contains("Cannot read"));
        for text in ["", "[]", "{\"score\":9,\"tests\":[]}"] {
            std::fs::write(&path, text).unwrap();
            assert!(read(&path).unwrap_err().contains("--gradescope"), "{text}");
        }
    }
}
