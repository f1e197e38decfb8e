//! The rules of the protocols with their sources, the usual mistakes, and violations.
//!
//! A rule states what the textbook requires, and permits what the textbook leaves open:
//! the order of verbs within one answer, whether a duplicate ACK restarts the timer, and
//! whether new segments are sent one by one or together.

use super::program::Failure;
use super::verbs::Role;

/// A rule of a protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// The requirement.
    pub sentence: &'static str,
    /// Its source.
    pub source: &'static str,
}

/// A usual mistake.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Its name.
    pub name: &'static str,
    /// The probable mistake, and a hint.
    pub hint: &'static str,
}

/// An answer that breaks a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The role whose answer broke the rule.
    pub role: Role,
    /// The broken rule.
    pub rule: &'static Rule,
    /// The usual mistake behind it, if there is one.
    pub mistake: Option<&'static Mistake>,
    /// The answer of the program.
    pub found: String,
    /// The expected answer.
    pub expected: String,
}

/// The reason why a run ended early.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// An answer broke a rule.
    Violation(Violation),
    /// A program did not answer: it hung, crashed, or wrote too much or invalid lines.
    Failure(Role, Failure),
}

macro_rules! rules {
    ($($constant:ident: $name:literal, $source:literal, $sentence:literal;)*) => {
        $(
            #[doc = $sentence]
            pub const $constant: &Rule = &Rule {
                name: $name,
                sentence: $sentence,
                source: $source,
            };
        )*
        /// Every rule.
        pub const RULES: &[&Rule] = &[$($constant),*];
    };
}

macro_rules! mistakes {
    ($($constant:ident: $name:literal, $hint:literal;)*) => {
        $(
            #[doc = $hint]
            pub const $constant: &Mistake = &Mistake {
                name: $name,
                hint: $hint,
            };
        )*
        /// Every usual mistake.
        pub const MISTAKES: &[&Mistake] = &[$($constant),*];
    };
}

rules! {
    VERBS: "own verbs", "the assignment",
        "A sender uses send, timer and stop; a receiver uses deliver and ack; both may note.";
    ORDER: "first transmissions in order", "Kurose & Ross §3.4",
        "A sender transmits the segments 0, 1, 2, ... for the first time in this order, and no segment that the file does not have.";
    WINDOW: "the window is not exceeded", "Kurose & Ross §3.4.3, figure 3.19",
        "A sender never transmits a segment beyond base + N - 1.";
    FULL_WINDOW: "the window is used", "Kurose & Ross §3.4.3, rdt_send of figure 3.20",
        "All data is ready from the beginning, so a sender transmits every new segment that the window allows, at once.";
    ONLY_TIMEOUT: "only a timeout retransmits", "Kurose & Ross §3.4.1 and figures 3.15, 3.20, 3.24",
        "A sender retransmits when a timer of a segment in flight expires, and at no other time.";
    TIMEOUT_STOP_AND_WAIT: "a timeout retransmits the segment", "Kurose & Ross §3.4.1, figure 3.15",
        "A timeout retransmits the one segment in flight, once.";
    TIMEOUT_GO_BACK_N: "a timeout retransmits the window", "Kurose & Ross §3.4.3, figure 3.20",
        "A timeout retransmits exactly the segments base to nextseqnum - 1, in this order.";
    TIMEOUT_SELECTIVE_REPEAT: "a timeout retransmits one segment", "Kurose & Ross §3.4.4, figure 3.24",
        "A timeout retransmits exactly the segment whose timer has expired.";
    TIMER_RUNS: "a timer runs while data is in flight", "Kurose & Ross §3.4.3 and §3.4.4, figures 3.20 and 3.24",
        "While a segment is in flight, a timer runs: for the oldest one, or in selective repeat for each one.";
    TIMER_RESTARTS: "the timer restarts when base moves", "Kurose & Ross §3.4.3, figure 3.20",
        "When an ACK moves base and segments are still in flight, the timer is started again for the new oldest one.";
    TIMER_LENGTH: "the timer has the length of the timeout", "the assignment; Kurose & Ross §3.4.1",
        "A timer expires one timeout after it was started, and no earlier than one timeout after its segment was transmitted.";
    TIMER_STOPS: "the timer stops at the end", "Kurose & Ross §3.4.3, figure 3.20",
        "When nothing is in flight any more, no timer is started.";
    DELIVERY: "each segment once and in order", "Kurose & Ross §3.4, rdt service model",
        "A receiver delivers every segment exactly once, in order, as soon as it is the next expected one.";
    ACK_STOP_AND_WAIT: "each packet is acknowledged", "Kurose & Ross §3.4.1, figure 3.14",
        "A receiver answers each packet with one ACK: of the segment that has just been delivered, or otherwise the last ACK again.";
    ACK_GO_BACK_N: "the ACK of the last segment in order", "Kurose & Ross §3.4.3, figure 3.21",
        "A receiver answers each packet with one ACK, of the last segment delivered in order; it is -1 before the first.";
    ACK_SELECTIVE_REPEAT: "each segment has its own ACK", "Kurose & Ross §3.4.4, figure 3.25",
        "A receiver answers each intact segment of its window, and of the window before it, with the ACK of exactly this segment.";
    ACK_SACK: "the ACK names what has arrived", "RFC 2018 §4",
        "A receiver answers each segment with one ACK: the next expected segment, and ranges of segments beyond it that have arrived, among them the newest.";
    RETRANSMIT_SACK: "only what is lost is retransmitted", "RFC 6675 §4, RFC 6298 §5",
        "A sender retransmits a segment only when three later ones have arrived, or a timeout has expired, and never one that has arrived; a timeout retransmits the oldest.";
    PROGRESS: "the run ends", "Kurose & Ross §3.4",
        "The sender goes on until every segment is acknowledged.";
}

mistakes! {
    WINDOW_TOO_LARGE: "window one too large",
        "The sender has N + 1 segments in flight. Compare nextseqnum < base + N, not <=.";
    WINDOW_TOO_SMALL: "window one too small",
        "The sender stops one segment short of a full window. The last segment of the window is base + N - 1, included.";
    DOES_NOT_WAIT: "stop-and-wait does not wait",
        "The sender transmits the next segment while one is in flight. Only an ACK of the segment in flight lets the next one go.";
    SENDS_NOTHING: "begin is not answered",
        "The sender transmits nothing when the application has its data ready.";
    COUNTS_FROM_ONE: "segments counted from 1",
        "The first segment is number 0.";
    LAST_FORGOTTEN: "last segment forgotten",
        "The sender never transmits the last segment. The segments are 0 to segments - 1, and the last one is included.";
    PAST_THE_END: "one segment too many",
        "The sender transmits a segment that the file does not have. The last one is segments - 1.";
    WINDOW_DOES_NOT_SLIDE: "the ACK does not slide the window",
        "After the ACK the sender should transmit a new segment. Does the program read ACK n as \"next expected n\" (it acknowledges n itself), or does it wait until the whole window is acknowledged?";
    CUMULATIVE_AS_INDIVIDUAL: "cumulative ACK taken as individual",
        "ACK n acknowledges all segments up to and including n. The sender counts it for one.";
    INDIVIDUAL_AS_CUMULATIVE: "individual ACK taken as cumulative",
        "In selective repeat ACK n acknowledges segment n alone. The sender slides its window past segments that are still missing.";
    DUPLICATE_AS_NEWS: "duplicate ACK treated as news",
        "An ACK of a segment below base is old: it moves nothing. The sender transmits a new segment for it.";
    RETRANSMITS_ON_ACK: "retransmission on a duplicate ACK",
        "The sender retransmits when an ACK arrives. In this protocol only a timeout retransmits, or one premature timeout makes every packet travel twice.";
    ANSWERS_CORRUPT_ACK: "corrupt ACK answered",
        "The sender does something when a corrupt ACK arrives. It ignores it: the timer is running.";
    ONLY_OLDEST: "go-back-N retransmits only the oldest",
        "A timeout retransmits every segment in flight, not only base: the receiver has discarded the ones behind it.";
    FORGETS_NEWEST: "timeout forgets the newest segment",
        "The retransmission stops one segment early. It goes up to nextseqnum - 1, included.";
    ONE_TOO_MANY: "timeout sends one too many",
        "The retransmission goes one segment beyond the last one that was transmitted. It ends with nextseqnum - 1.";
    BASE_MOVED_BACK: "duplicate ACK moves base back",
        "The sender retransmits segments that are acknowledged. An old ACK must not set base to a smaller number.";
    WHOLE_WINDOW: "selective repeat retransmits the window",
        "A timeout retransmits only the segment whose timer has expired, not all in flight.";
    TIMER_OF_ACKNOWLEDGED: "timer of an acknowledged segment",
        "The sender retransmits a segment that is acknowledged. Stop the timer of a segment when its ACK arrives.";
    NO_RETRANSMISSION: "timeout retransmits nothing",
        "The timer has expired, and the sender does not retransmit.";
    TIMER_NOT_STARTED: "timer not started",
        "The sender transmits and starts no timer. If the packet is lost, the sender \
         never notices.";
    TIMER_NOT_RESTARTED: "timer not restarted",
        "The ACK moves base, and the timer still runs for a segment that has arrived. Start it again.";
    TIMER_NOT_RESTARTED_AFTER_TIMEOUT: "timer not restarted after a timeout",
        "A timer that has expired does not run any more. Start it again with the retransmission.";
    TIMER_STOPPED_EARLY: "timer stopped too early",
        "The ACK does not acknowledge everything, so segments are still in flight. Stop the timer only when base reaches nextseqnum.";
    ONE_TIMER: "one timer for all segments",
        "In selective repeat each segment in flight has a timer of its own: timer MS N, with the segment's number.";
    TIMER_IN_SECONDS: "timer in seconds",
        "The timer is far shorter than the timeout. Times are in milliseconds.";
    TIMER_NEVER_STOPS: "timer never stops",
        "Everything is acknowledged and the timer is started again and again. Stop it when nothing is in flight.";
    BUFFERS: "receiver buffers in go-back-N",
        "The receiver of go-back-N discards a segment that is out of order. It delivers one segment per packet at most.";
    ACKNOWLEDGES_TOO_MUCH: "acknowledged too much",
        "The ACK names a segment that has arrived out of order, and so acknowledges all before it, which have not arrived.";
    NAMES_NEXT_EXPECTED: "ACK names the next expected segment",
        "ACK n says that n has arrived. TCP names the next expected byte; the textbook's protocols do not.";
    NO_MINUS_ONE: "ACK -1 not sent",
        "Before the first segment has arrived the last ACK is -1, and the receiver sends it as well.";
    OUT_OF_ORDER_UNANSWERED: "out-of-order segment not answered",
        "The receiver says nothing when a segment is not the next expected one. It repeats its last ACK, or in selective repeat acknowledges the segment.";
    DUPLICATE_UNANSWERED: "duplicate not acknowledged",
        "The receiver says nothing when a segment arrives that it has already delivered. If its ACK was lost, the sender would wait forever.";
    CORRUPT_UNANSWERED: "corrupt packet not answered",
        "The receiver of this protocol repeats its last ACK when a packet arrives corrupt.";
    CORRUPT_ACKNOWLEDGED: "corrupt packet acknowledged",
        "The number in a corrupt packet cannot be trusted. The receiver must not take \
         it for the next segment; in selective repeat it ignores it.";
    DELIVERED_TWICE: "delivered twice",
        "The receiver delivers a segment again that it has delivered before. A retransmission is acknowledged and discarded.";
    DELIVERED_OUT_OF_ORDER: "delivered out of order",
        "The receiver delivers a segment while an earlier one is missing.";
    NOT_DELIVERED: "not delivered",
        "The next expected segment has arrived, and the receiver does not deliver it.";
    BUFFER_FORGOTTEN: "buffered segments not delivered",
        "The gap is filled, so the segments that were buffered behind it are next in order. Deliver them as well, up to the next gap.";
    CUMULATIVE_IN_SELECTIVE_REPEAT: "cumulative ACK in selective repeat",
        "The ACK names the last segment in order. In selective repeat it names the segment that has just arrived.";
    ACKNOWLEDGED_TWICE: "more than one ACK for a packet",
        "The receiver answers one packet with several ACKs. One is enough.";
    RETRANSMITS_ARRIVED: "retransmits what has arrived",
        "An ACK has acknowledged this segment. Skip the segments of its ranges.";
    NO_FAST_RETRANSMIT: "loss not noticed",
        "Three segments behind this one have arrived, so it is lost. Retransmit it at once, and do not wait for the timer.";
    SENT_TOO_SOON: "declared lost too soon",
        "Fewer than three later segments have arrived: the packet may only be late.";
    RANGES_MISSING: "ranges missing from the ACK",
        "Segments have arrived out of order, and the ACK does not acknowledge the \
         newest one.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_and_every_mistake_has_a_unique_name() {
        let rules: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
        let mistakes: BTreeSet<_> = MISTAKES.iter().map(|it| it.name).collect();
        assert_eq!((rules.len(), mistakes.len()), (RULES.len(), MISTAKES.len()));
        assert!(MISTAKES.len() >= 20);
    }
}
