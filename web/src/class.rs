//! A question of the teacher's, as the page shows it: the run up to its moment, the
//! choices, and after `/reveal` the bars and the reason.
//!
//! An exercise asks for a prediction first; then it runs, and its result is for the server.
//!
//! The server sends the scenario only. The right answer is worked out here, as in every
//! client, and is in no answer to the page before the distribution has come.

use crate::desk::paper;
use sash::lab::assignment;
use sash::lab::class_question::{Bar, RunQuestion, short};
use sash::lab::ladder::{Lens, ends, last_rows};
use sash::lab::page::Setup;
use sash::lab::page::link::{Opens, fragment};
use sash::lab::player::{Player, PointOfView};
use sash::wire::message::{
    Answer, Assignment, Lab, LabFigures, LabOutcome, LabResult, Question, Revealed,
};
use sash::wire::options::DEFAULT_SEGMENT_BYTES;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the server has told of the class, and how wide its picture is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassRequest {
    /// The question.
    pub question: Question,
    /// The distribution, once it is revealed.
    pub revealed: Option<Revealed>,
    /// The own answer.
    pub own: Option<Answer>,
    /// Of the picture. Unit: pixels.
    pub width: f64,
    /// On dark paper.
    pub dark: bool,
}

/// Of the picture, which shows what is in flight. Unit: pixels.
const HEIGHT: f64 = 300.0;

/// Of the ladder in text, which shows what has happened before.
const ROWS: usize = 14;

impl ClassRequest {
    /// What the page shows.
    #[must_use]
    pub fn answer(&self) -> Value {
        let asked = &self.question.question;
        let run = match RunQuestion::new(asked.about, &asked.assignment) {
            Ok(run) => run,
            Err(error) => return json!({ "problem": format!("{error}.") }),
        };
        let mut player = Player::journal(run.journal_up_to_the_moment());
        player.go_to(run.index());
        // Until the answers are shown, a user sees what the sender knows.
        player.set_point_of_view(match self.revealed {
            Some(_) => PointOfView::Everything,
            None => PointOfView::Sender,
        });
        let seen = player.seen();
        let scene = player.scene((self.width, HEIGHT), Lens::USUAL);
        let heading = player.heading();
        let rows = last_rows(heading, seen.entries, ROWS).join("\n");
        let mut answer = json!({
            "rows": ends() + &rows,
            "protocol": run.protocol(),
            "happened": run.happened(),
            "sentence": run.sentence(),
            "choices": run.choices(),
            "own": self.own.map(short),
            "picture": scene.draw().picture.svg_on(paper(self.dark)),
        });
        if let (Some(revealed), Some(fields)) = (&self.revealed, answer.as_object_mut()) {
            let bar = |bar: &Bar| {
                json!({
                    "label": bar.label,
                    "count": bar.count,
                    "percent": bar.percent,
                    "right": bar.is_right,
                    "own": self.own == Some(bar.answer),
                })
            };
            let bars: Vec<_> = run.bars(revealed).iter().map(bar).collect();
            fields.insert("bars".to_owned(), json!(bars));
            fields.insert("verdict".to_owned(), json!(run.verdict(self.own)));
            let link = link(&asked.assignment, Some(player.position_us()));
            fields.insert("play".to_owned(), json!(link));
        }
        answer
    }
}

/// An exercise of the teacher's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExerciseRequest {
    /// As the server has told of it.
    pub lab: Lab,
    /// How many DATA packets the user predicts: it runs now.
    pub predicted: Option<u32>,
}

impl ExerciseRequest {
    /// What the page shows, and once it has run, the result for the server.
    #[must_use]
    pub fn answer(&self) -> Value {
        let Lab {
            number, assignment, ..
        } = &self.lab;
        let experiment = match assignment::experiment(assignment) {
            Ok(experiment) => experiment,
            Err(error) => return json!({ "problem": format!("{error}.") }),
        };
        let command = experiment.command();
        let run = self.predicted.map(|predicted| {
            let outcome = match assignment::run(experiment, || true) {
                Ok(figures) => LabOutcome::Done(LabFigures {
                    predicted_packets: Some(predicted),
                    ..figures
                }),
                Err(error) => LabOutcome::Failed {
                    sentence: error.to_string(),
                },
            };
            LabResult {
                number: *number,
                outcome,
            }
        });
        json!({ "command": command, "result": run, "play": link(assignment, None) })
    }
}

/// The run in the laboratory, where its packets are of the usual size.
fn link(assignment: &Assignment, at_us: Option<u64>) -> Option<String> {
    let setup = Setup {
        scenario: assignment.link.clone(),
        arq: assignment.arq,
        window: assignment.window.to_string(),
        congestion: assignment.congestion,
        size: assignment.size,
    };
    let is_usual = assignment.segment_bytes == DEFAULT_SEGMENT_BYTES;
    is_usual.then(|| fragment(Opens::Run, &setup, at_us))
}

#[cfg(test)]
mod tests {
    use crate::desk::Desk;
    use serde_json::{Value, json};

    fn asked(about: &Value, revealed: &Value) -> Value {
        let request = json!({"do": [{"class": {
            "question": {"number": 1, "from": "dana", "about": about,
                "link": "drop=d2.1;delay=50ms", "arq": "go-back-n", "window": 4,
                "congestion": "fixed", "segment_bytes": 1436, "size": 8 * 1436},
            "revealed": revealed, "own": {"choice": 1}, "width": 600.0, "dark": false}}]});
        let answer = Desk::default().call(&request.to_string());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["class"].clone()
    }

    #[test]
    fn the_right_answer_is_told_after_the_distribution_only() {
        let about = json!({"next": {"moment": 3, "choices": 4}});
        let open = asked(&about, &Value::Null);
        let keys: Vec<_> = open.as_object().unwrap().keys().collect();
        let wanted = [
            "choices", "happened", "own", "picture", "protocol", "rows", "sentence",
        ];
        assert_eq!(keys, wanted);
        assert!(open["rows"].as_str().unwrap().contains("--DATA 2"));
        assert_eq!(open["choices"].as_array().unwrap().len(), 4);
        assert!(open["picture"].as_str().unwrap().contains("<svg"));
        let counts = json!([{"choice": 1, "count": 3}, {"choice": 0, "count": 1}]);
        let revealed = json!({"number": 1, "answers": 4, "counts": counts});
        let over = asked(&about, &revealed);
        assert_eq!(over["bars"][1]["percent"], 75);
        assert_eq!(over["bars"][1]["own"], true);
        let bars = over["bars"].as_array().unwrap();
        assert_eq!(bars.iter().filter(|bar| bar["right"] == true).count(), 1);
        assert!(over["verdict"].as_str().unwrap().len() > 20);
        let link = over["play"].as_str().unwrap();
        assert!(link.starts_with("#open=run&link=drop=d2.1;"), "{link}");
    }

    #[test]
    fn an_exercise_runs_after_its_prediction_only() {
        let exercise = |link: &str, predicted: Option<u32>| {
            let request = json!({"do": [{"exercise": {"predicted": predicted, "lab": {
                "number": 3, "from": "dana", "link": link, "arq": "go-back-n",
                "window": 4, "congestion": "fixed", "segment_bytes": 1436,
                "size": 8 * 1436}}}]});
            let answer = Desk::default().call(&request.to_string());
            let answer: Value = serde_json::from_str(&answer).unwrap();
            answer["exercise"].clone()
        };
        let open = exercise("drop=d2.1;delay=50ms", None);
        assert_eq!(open["result"], Value::Null);
        assert!(open["command"].as_str().unwrap().contains("go-back-n"));
        let run = exercise("drop=d2.1;delay=50ms", Some(9));
        assert_eq!(run["result"]["number"], 3);
        let done = &run["result"]["outcome"]["done"];
        assert_eq!(
            (&done["predicted_packets"], &done["sent_packets"]),
            (&json!(9), &json!(12))
        );
        assert!(
            run["play"]
                .as_str()
                .unwrap()
                .starts_with("#open=run&link=drop=d2.1;")
        );
        assert!(exercise("drop=x", None)["problem"].is_string());
    }

    #[test]
    fn a_question_that_cannot_be_asked_is_a_sentence() {
        let about = json!({"next": {"moment": 60, "choices": 4}});
        let open = asked(&about, &Value::Null);
        assert!(open["problem"].as_str().unwrap().contains("moments"));
    }
}
