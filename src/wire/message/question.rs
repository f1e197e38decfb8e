//! A question that a teacher asks the class about one run, and its answers.
//!
//! ```text
//! teacher  -> {"ask":{"about":{"next":{"moment":2,"choices":4}},"link":"drop=d2.1",...}}
//! everyone <- {"question":{"number":1,"from":"dana","about":{...},"link":"drop=d2.1",...}}
//! guy      -> {"answer":{"number":1,"choice":2}}
//! teacher  <- {"answered":{"number":1,"count":17}}
//! teacher  -> "reveal"
//! everyone <- {"revealed":{"number":1,"answers":17,"counts":[{"choice":1,"count":12},...]}}
//! ```
//!
//! The right answer is in no message: each client computes it from the run, with the same
//! code.

use super::answer::Answer;
use super::assignment::Assignment;
use serde::{Deserialize, Serialize};

/// The limit of choices of a question.
pub(super) const MOST_CHOICES: u8 = 8;

/// The limit of moments of a run.
pub(super) const MOST_MOMENTS: u32 = 64;

/// The largest number that may be an answer. Unit: packets.
pub(super) const MOST_PACKETS: u32 = 1_000_000;

/// The limit of different answers in one `revealed`; the most frequent ones are kept.
pub(super) const MOST_COUNTS: usize = 100;

/// The question and its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassQuestion {
    /// The question.
    pub about: About,
    /// The run, in virtual time.
    #[serde(flatten)]
    pub assignment: Assignment,
}

/// The kind of question about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// What does the sender do next?
    Next {
        /// The number of the moment in the run, from 1.
        moment: u32,
        /// The number of choices.
        choices: u8,
    },
    /// How many DATA packets does the sender transmit, retransmissions included?
    Packets,
}

/// A question that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its number in this class, from 1.
    pub number: u64,
    /// The teacher.
    pub from: String,
    /// The question.
    #[serde(flatten)]
    pub question: ClassQuestion,
}

/// The number of answers so far, for the teacher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The number of the `question`.
    pub number: u64,
    /// Unit: people.
    pub count: u64,
}

/// The distribution of the answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revealed {
    /// The number of the `question`.
    pub number: u64,
    /// The number of users who have answered.
    pub answers: u64,
    /// The different answers, the most frequent first; at most `MOST_COUNTS`.
    pub counts: Vec<Tally>,
}

/// One answer, with its number of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The answer.
    #[serde(flatten)]
    pub answer: Answer,
    /// The number of users who gave it.
    pub count: u64,
}

impl About {
    /// Whether its numbers are within their bounds.
    #[must_use]
    pub const fn is_plausible(self) -> bool {
        match self {
            Self::Next { moment, choices } => {
                moment >= 1
                    && moment <= MOST_MOMENTS
                    && choices >= 2
                    && choices <= MOST_CHOICES
            }
            Self::Packets => true,
        }
    }

    /// Whether this is a possible answer.
    #[must_use]
    pub const fn allows(self, answer: Answer) -> bool {
        match (self, answer) {
            (Self::Next { choices, .. }, Answer::Choice(choice)) => choice < choices,
            (Self::Packets, Answer::Packets(packets)) => packets <= MOST_PACKETS,
            (Self::Next { .. }, Answer::Packets(_))
            | (Self::Packets, Answer::Choice(_)) => false,
        }
    }
}

impl Revealed {
    /// Counts the different answers, the most frequent first.
    #[must_use]
    pub fn of(number: u64, given: impl IntoIterator<Item = Answer>) -> Self {
        let mut counted = std::collections::BTreeMap::new();
        for answer in given {
            *counted.entry(answer).or_insert(0_u64) += 1;
        }
        let answers = counted.values().sum();
        let mut counts: Vec<_> = counted
            .into_iter()
            .map(|(answer, count)| Tally { answer, count })
            .collect();
        counts.sort_by_key(|tally| std::cmp::Reverse(tally.count)); // The sort is stable.
        counts.truncate(MOST_COUNTS);
        Self {
            number,
            answers,
            counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::message::{
        About, Answer, ClassAnswer, ClassQuestion, Question, Reply, Request, Revealed,
        Tally,
    };
    use crate::wire::options::{Arq, Congestion};

    const ASK: &str = r#"{"ask":{"about":{"next":{"moment":2,"choices":4}},"link":"drop=d2.1","arq":"go-back-n","window":4,"congestion":"fixed","segment_bytes":1436,"size":17232}}"#;

    #[test]
    fn a_question_and_an_answer_are_written_as_the_report_says() {
        let ask = Request::from_line(ASK).unwrap();
        assert_eq!(ask.to_line().trim_end(), ASK);
        let Request::Ask(question) = ask else {
            panic!("{ask:?}");
        };
        let ClassQuestion { about, assignment } = &question;
        assert_eq!(
            (assignment.arq, assignment.congestion),
            (Arq::GoBackN, Congestion::Fixed)
        );
        assert_eq!(
            *about,
            About::Next {
                moment: 2,
                choices: 4
            }
        );
        let reply = Reply::Question(Question {
            number: 1,
            from: "dana".into(),
            question,
        });
        assert_eq!(Reply::from_line(reply.to_line().trim_end()).unwrap(), reply);
        let line = r#"{"answer":{"number":1,"choice":2}}"#;
        let answer = Answer::Choice(2);
        let expected = Request::Answer(ClassAnswer { number: 1, answer });
        assert_eq!(Request::from_line(line).unwrap(), expected);
        assert_eq!(expected.to_line().trim_end(), line);
        assert!(Request::from_line(r#"{"answer":{"number":1}}"#).is_err());
        assert!(Request::from_line(r#"{"answer":{"number":1,"choice":300}}"#).is_err());
    }

    #[test]
    fn the_most_frequent_answer_comes_first_and_a_thousand_different_ones_fit_in_a_line()
    {
        let packets = |number| Answer::Packets(number);
        let revealed = Revealed::of(3, [5, 9, 9, 7, 9, 7].map(packets));
        let counts: Vec<_> = revealed
            .counts
            .iter()
            .map(|it| (it.answer, it.count))
            .collect();
        assert_eq!(counts, [(packets(9), 3), (packets(7), 2), (packets(5), 1)]);
        assert_eq!(revealed.answers, 6);
        let line = Reply::Revealed(revealed).to_line();
        let first =
            r#"{"revealed":{"number":3,"answers":6,"counts":[{"packets":9,"count":3},"#;
        assert!(line.starts_with(first), "{line}");
        let many = Revealed::of(3, (0..1_000).map(packets));
        assert_eq!((many.answers, many.counts.len()), (1_000, 100));
        assert_eq!(
            many.counts[0],
            Tally {
                answer: packets(0),
                count: 1
            }
        );
        assert!(Reply::Revealed(many).fits_in_a_line());
    }
}
