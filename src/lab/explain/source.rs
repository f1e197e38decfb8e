//! Lines of code, by what stands in them.

/// A line of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// From the project's root on.
    pub file: &'static str,
    /// What stands in that line and, outside tests, in no other.
    pub text: &'static str,
    source: &'static str,
}

/// A line of a file below `src/reliable/`.
macro_rules! origin {
    ($file:literal, $text:literal) => {
        Origin {
            file: concat!("src/reliable/", $file),
            text: $text,
            source: include_str!(concat!("../../reliable/", $file)),
        }
    };
}

impl Origin {
    pub(super) const HANDSHAKE: Self =
        origin!("handshake.rs", "fn poll_transmit(&mut self, now: Moment)");
    pub(super) const STOP_AND_WAIT_SENDS: Self = origin!(
        "stop_and_wait.rs",
        "let State::ReadyToSend { attempt } = self.state else"
    );
    pub(super) const GO_BACK_N_SENDS: Self =
        origin!("go_back_n.rs", "rules::has_room(offset, self.window())");
    pub(super) const SELECTIVE_REPEAT_SENDS: Self =
        origin!("selective_repeat.rs", "fn next_fresh(&mut self)");
    pub(super) const STOP_AND_WAIT_TIMES_OUT: Self =
        origin!("stop_and_wait.rs", "attempt: next_attempt(attempt)");
    pub(super) const GO_BACK_N_TIMES_OUT: Self =
        origin!("go_back_n.rs", "self.next = self.base;");
    pub(super) const SELECTIVE_REPEAT_TIMES_OUT: Self = origin!(
        "selective_repeat.rs",
        "fn send_probe(&mut self, now: Moment)"
    );
    pub(super) const THREE_LATER: Self =
        origin!("selective_repeat/losses.rs", "Trigger::PacketThreshold");
    pub(super) const OVERTAKEN: Self =
        origin!("selective_repeat/losses.rs", "Trigger::TimeThreshold");
    pub(super) const WINDOW_PROBE: Self = origin!("gate.rs", "pub fn probe(");
    pub(super) const ANSWERS: Self =
        origin!("stop_and_wait.rs", "let answer = self.due.take()?;");
    pub(super) const ANSWERS_IN_TIME: Self =
        origin!("selective_repeat/receiver.rs", "fn note(&mut self");
    pub(super) const TELLS_A_GAP: Self = origin!(
        "stop_and_wait.rs",
        "self.told_missing = Some(self.expected);"
    );
    pub(super) const TELLS_A_GAP_ONCE: Self = origin!(
        "selective_repeat/receiver.rs",
        "leaves_a_gap.then_some(Answer::Nack)"
    );
    pub(super) const FIN_HAS_COME: Self = origin!(
        "connection/receiving.rs",
        "answer.packet.number = FIN_HAS_COME;"
    );
    pub(super) const FIN: Self =
        origin!("connection/sending.rs", "body: Body::Fin { digest }");
    pub(super) const FIN_ACK: Self =
        origin!("connection/receiving.rs", "let body = Body::FinAck {");
    pub(super) const RESET: Self = origin!(
        "connection/sending.rs",
        "fn farewell(&mut self, now: Moment)"
    );

    /// Its number, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        let lines = &mut self.source.lines();
        let place = lines.position(|line| line.contains(self.text));
        place.map_or(0, |place| place + 1)
    }
}
