//! Finds lines of code by their text.

/// A line of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The path from the project's root on.
    pub file: &'static str,
    /// The text of that line, which occurs in no other line outside tests.
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
    pub(super) const STOP_AND_WAIT_SENDS: Self =
        origin!("stop_and_wait.rs", "if self.state == State::WaitForCall {");
    pub(super) const GO_BACK_N_SENDS: Self = origin!(
        "go_back_n.rs",
        "if self.next_sequence_number < self.base + self.window {"
    );
    pub(super) const SELECTIVE_REPEAT_SENDS: Self = origin!(
        "selective_repeat.rs",
        "if self.next_sequence_number < self.base + self.window {"
    );
    pub(super) const SACK_SENDS: Self = origin!("sack.rs", "fn next_unsent(&mut self)");
    pub(super) const STOP_AND_WAIT_TIMES_OUT: Self =
        origin!("stop_and_wait.rs", "fn on_timeout(");
    pub(super) const GO_BACK_N_TIMES_OUT: Self = origin!(
        "go_back_n.rs",
        "for number in self.base..self.next_sequence_number {"
    );
    pub(super) const SELECTIVE_REPEAT_TIMES_OUT: Self =
        origin!("selective_repeat.rs", "if let Timer::Of(number) = timer {");
    pub(super) const SACK_TIMES_OUT: Self =
        origin!("sack.rs", "fn send_probe(&mut self, now: Moment)");
    pub(super) const PACKET_THRESHOLD: Self =
        origin!("sack/loss_detection.rs", "Trigger::PacketThreshold");
    pub(super) const TIME_THRESHOLD: Self =
        origin!("sack/loss_detection.rs", "Trigger::TimeThreshold");
    pub(super) const WINDOW_PROBE: Self =
        origin!("flow_control.rs", "pub fn window_probe(");
    pub(super) const STOP_AND_WAIT_ACKNOWLEDGES: Self =
        origin!("stop_and_wait.rs", "fn on_data(&mut self, number");
    pub(super) const GO_BACK_N_ACKNOWLEDGES: Self =
        origin!("go_back_n.rs", "fn on_data(&mut self, number");
    pub(super) const SELECTIVE_REPEAT_ACKNOWLEDGES: Self =
        origin!("selective_repeat.rs", "actions.acknowledge(number);");
    pub(super) const SACK_ACKNOWLEDGES: Self =
        origin!("sack/receiver.rs", "fn note(&mut self");
    pub(super) const TELLS_A_GAP: Self = origin!(
        "receiver.rs",
        "self.reported_missing = Some(self.next_expected);"
    );
    pub(super) const SACK_TELLS_A_GAP: Self =
        origin!("sack/receiver.rs", "leaves_a_gap.then_some(AckKind::Nack)");
    pub(super) const FIN_RECEIVED: Self = origin!(
        "connection/receiving.rs",
        "answer.packet.number = UNCOUNTED;"
    );
    pub(super) const FIN: Self =
        origin!("connection/sending.rs", "let body = Body::Fin { digest };");
    pub(super) const FIN_ACK: Self =
        origin!("connection/receiving.rs", "let body = Body::FinAck {");
    pub(super) const RESET: Self = origin!(
        "connection/sending.rs",
        "fn poll_reset(&mut self, now: Moment)"
    );

    /// Its number, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        let lines = &mut self.source.lines();
        let place = lines.position(|line| line.contains(self.text));
        place.map_or(0, |place| place + 1)
    }
}
