//! A script: lines to type, and the answers to wait for.
//!
//! ```text
//! next_line() --> typed --> requests --> asked()      a line waits for its answers:
//! reply  --> on_reply()                                say: my echo    /users: users
//! model  --> on_model()                                download: its end
//! ```
//!
//! The next line is typed when no answer is missing. The answers to lines from a pipe are
//! awaited as well, so that the end of input does not cut off an answer. Pure: no clock,
//! no channel.

use super::model::{Model, Transfer};
use crate::wire::message::{Reply, Request};
use std::collections::VecDeque;

/// Lines to type and answers to wait for.
#[derive(Debug, Default)]
pub struct Script {
    lines: VecDeque<String>,
    awaited: Vec<Awaited>,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Awaited {
    answer: AwaitedReply,
    since_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AwaitedReply {
    Echo,
    WhisperEcho,
    Users,
    Files,
    /// The bans.
    Bans,
    /// The echo of the own exercise.
    Lab,
    LabResults,
    /// The echo of the own question.
    Question,
    Revealed,
    /// The server's confirmation.
    Notice,
    /// A transfer, by the client's number.
    End {
        tag: u64,
    },
    /// A transfer, by the server's number.
    EndOf {
        transfer: u64,
    },
}

/// The limit for an answer of the server. A transfer may take longer: it has its own
/// timers.
const ANSWER_TIMEOUT_MS: u64 = 30_000;

impl Script {
    /// A script of these lines.
    #[must_use]
    pub fn new(lines: Vec<String>) -> Self {
        Self {
            lines: lines.into(),
            awaited: Vec::new(),
        }
    }

    /// The line to type now; `None` while something is awaited, and after the last.
    pub fn next_line(&mut self) -> Option<String> {
        if !self.awaited.is_empty() {
            return None;
        }
        self.lines.pop_front()
    }

    /// This request was sent to the server.
    pub fn asked(&mut self, requests: &[Request], now_ms: u64) {
        let answers = requests.iter().filter_map(answer_to);
        self.awaited.extend(answers.map(|answer| Awaited {
            answer,
            since_ms: now_ms,
        }));
    }

    /// The server sent this reply; `me` is the name of this user.
    pub fn on_reply(&mut self, reply: &Reply, me: &str) {
        let position = match reply {
            Reply::Said(said) if said.from == me => self.find(AwaitedReply::Echo),
            Reply::Whispered(it) if it.from == me => self.find(AwaitedReply::WhisperEcho),
            Reply::Users { more: false, .. } => self.find(AwaitedReply::Users),
            Reply::Files { more: false, .. } => self.find(AwaitedReply::Files),
            Reply::Bans { more: false, .. } => self.find(AwaitedReply::Bans),
            Reply::Notice { .. } => self.find(AwaitedReply::Notice),
            Reply::Lab(lab) if lab.from == me => self.find(AwaitedReply::Lab),
            Reply::LabResults { more: false, .. } => self.find(AwaitedReply::LabResults),
            Reply::Question(question) if question.from == me => {
                self.find(AwaitedReply::Question)
            }
            Reply::Revealed(_) => self.find(AwaitedReply::Revealed),
            // The server answers in order: this answers the oldest request.
            Reply::Error(complaint) if complaint.tag.is_none() => {
                (!self.awaited.is_empty()).then_some(0)
            }
            Reply::Said(_)
            | Reply::Whispered(_)
            | Reply::Error(_)
            | Reply::Users { more: true, .. }
            | Reply::Files { more: true, .. }
            | Reply::Bans { more: true, .. }
            | Reply::Lab(_)
            | Reply::LabResults { more: true, .. }
            | Reply::Question(_)
            | Reply::Answered(_)
            | Reply::Challenge(_)
            | Reply::Welcome(_)
            | Reply::Refused(_)
            | Reply::History { .. }
            | Reply::Offer(_)
            | Reply::Transfer(_)
            | Reply::Pong
            | Reply::Joined { .. }
            | Reply::Left { .. }
            | Reply::Shared { .. } => None,
        };
        if let Some(position) = position {
            self.awaited.remove(position);
        }
    }

    /// The model has changed: transfers may have ended. The script does not wait for a
    /// paused one, because a later line may resume it.
    pub fn on_model(&mut self, model: &Model) {
        // A lost connection sends no answer; requests are repeated on the next one.
        if model.rejoining.is_some_and(|it| !it.is_trying) {
            self.awaited.clear();
        }
        let is_awaited = |it: &Transfer| !it.state.is_end() && !it.is_paused;
        self.awaited.retain(|awaited| match awaited.answer {
            AwaitedReply::End { tag } => model.transfer(tag).is_some_and(is_awaited),
            AwaitedReply::EndOf { transfer } => model
                .transfers
                .iter()
                .any(|it| it.number == Some(transfer) && is_awaited(it)),
            AwaitedReply::Echo
            | AwaitedReply::WhisperEcho
            | AwaitedReply::Users
            | AwaitedReply::Files
            | AwaitedReply::Bans
            | AwaitedReply::Lab
            | AwaitedReply::LabResults
            | AwaitedReply::Question
            | AwaitedReply::Revealed
            | AwaitedReply::Notice => true,
        });
    }

    /// Whether every line was typed and every answer came.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.lines.is_empty() && self.awaited.is_empty()
    }

    /// Whether the limit for an answer has passed.
    #[must_use]
    pub fn is_overdue(&self, now_ms: u64) -> bool {
        self.awaited.iter().any(|awaited| {
            let is_transfer = matches!(
                awaited.answer,
                AwaitedReply::End { .. } | AwaitedReply::EndOf { .. }
            );
            !is_transfer && now_ms.saturating_sub(awaited.since_ms) > ANSWER_TIMEOUT_MS
        })
    }

    fn find(&self, answer: AwaitedReply) -> Option<usize> {
        self.awaited.iter().position(|it| it.answer == answer)
    }
}

fn answer_to(request: &Request) -> Option<AwaitedReply> {
    match request {
        Request::Say { .. } => Some(AwaitedReply::Echo),
        Request::Whisper { .. } => Some(AwaitedReply::WhisperEcho),
        Request::Users => Some(AwaitedReply::Users),
        Request::Files => Some(AwaitedReply::Files),
        Request::Bans => Some(AwaitedReply::Bans),
        Request::Kick { .. }
        | Request::Ban { .. }
        | Request::Unban { .. }
        | Request::LabResult(_)
        | Request::Submit(_)
        | Request::Answer(_) => Some(AwaitedReply::Notice),
        Request::Lab(_) => Some(AwaitedReply::Lab),
        Request::LabResults => Some(AwaitedReply::LabResults),
        Request::Ask(_) => Some(AwaitedReply::Question),
        Request::Reveal => Some(AwaitedReply::Revealed),
        Request::Download(download) => download.tag.map(|tag| AwaitedReply::End { tag }),
        Request::Upload(upload) => upload.tag.map(|tag| AwaitedReply::End { tag }),
        Request::Resume { transfer } => Some(AwaitedReply::EndOf {
            transfer: *transfer,
        }),
        Request::Join { .. }
        | Request::Proof(_)
        | Request::Cancel { .. }
        | Request::Pause { .. }
        | Request::Transfer { .. }
        | Request::Ping
        | Request::Disconnect => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::Rejoining;
    use crate::wire::message::{Code, Complaint, Said};

    fn said_by(name: &str) -> Reply {
        Reply::Said(Said {
            from: name.into(),
            text: "hi".into(),
            time: 0,
        })
    }

    #[test]
    fn a_script_waits_for_the_echo_of_its_own_line_before_the_next_one() {
        let mut script = Script::new(vec!["hi".into(), "/users".into()]);
        assert_eq!(script.next_line().as_deref(), Some("hi"));
        script.asked(&[Request::Say { text: "hi".into() }], 0);
        script.on_reply(&said_by("guy"), "dana");
        assert_eq!(script.next_line(), None);
        script.on_reply(&said_by("dana"), "dana");
        assert_eq!(script.next_line().as_deref(), Some("/users"));
    }

    #[test]
    fn an_error_answers_the_oldest_request() {
        let mut script = Script::default();
        script.asked(&[Request::Users], 0);
        script.on_reply(
            &Reply::Error(Complaint {
                code: Code::BadRequest,
                sentence: "No.".into(),
                tag: None,
            }),
            "dana",
        );
        assert!(script.is_done());
    }

    #[test]
    fn no_answer_is_expected_from_a_lost_connection() {
        let mut script = Script::default();
        script.asked(&[Request::Users, Request::Files], 0);
        let rejoining = |is_trying| Model {
            rejoining: Some(Rejoining {
                since_ms: 0,
                failures: 0,
                next_ms: 0,
                is_trying,
            }),
            ..Model::default()
        };
        script.on_model(&rejoining(true));
        assert!(!script.is_done(), "the next connection may answer");
        script.on_model(&rejoining(false));
        assert!(script.is_done() && !script.is_overdue(60_000));
    }

    #[test]
    fn a_request_without_an_answer_is_overdue_after_30_seconds() {
        let mut script = Script::default();
        script.asked(&[Request::Files], 1_000);
        assert!(!script.is_overdue(31_000));
        assert!(script.is_overdue(31_001));
    }
}
