//! Wording that several pictures and texts of the laboratory share: times, reasons, lines.

use crate::reliable::event::Trigger;
use std::time::Duration;

/// A time for a reader: `262.5 ms`, and from one second on `29.205 s`.
pub(super) fn time(time_us: u64) -> String {
    if time_us < 1_000_000 {
        format!("{}.{} ms", time_us / 1_000, time_us % 1_000 / 100)
    } else {
        let (seconds, ms) = (time_us / 1_000_000, time_us % 1_000_000 / 1_000);
        format!("{seconds}.{ms:03} s")
    }
}

/// The reason why the sender declares a packet lost, as the end of a sentence.
pub(super) const fn loss_reason(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::PacketThreshold => "three later packets have arrived",
        Trigger::TimeThreshold => {
            "a later packet has arrived, and 9/8 of an RTT has passed"
        }
        Trigger::Timeout => "no ACK arrived before the timeout",
    }
}

/// The same in the words of RFC 9002, for a picture.
pub(super) const fn loss_trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::PacketThreshold => "packet threshold",
        Trigger::TimeThreshold => "time threshold",
        Trigger::Timeout => "timeout",
    }
}

/// The text in lines of at most `most` letters, cut after `;`, `,` or a space if possible.
pub(super) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest: Vec<char> = text.chars().collect();
    while rest.len() > most {
        let cut = rest[..most]
            .iter()
            .rposition(|letter| [';', ',', ' '].contains(letter))
            .map_or(most, |place| place + 1);
        let line: String = rest.drain(..cut).collect();
        lines.push(line.trim_end().to_owned());
    }
    lines.push(rest.into_iter().collect());
    lines
}

/// A run of segments, from its first to its last: `4-6`, or `9`.
pub(super) fn run([first, last]: [u32; 2]) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

/// `1234567` as `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A short time to three digits: `0.4 ms`, `812 ms`, `1.23 s`, `29.2 s`.
#[must_use]
pub fn short_time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let ms = seconds * 1e3;
    if ms < 99.95 {
        format!("{ms:.1} ms")
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if seconds < 99.95 {
        format!("{seconds:.1} s")
    } else {
        format!("{seconds:.0} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_wrapped_after_a_punctuation_mark_where_possible() {
        let lines = wrapped("seed=7;loss=10%;delay=50ms", 17);
        assert_eq!(lines, ["seed=7;loss=10%;", "delay=50ms"]);
        assert_eq!(wrapped("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn a_long_time_is_shown_in_seconds() {
        assert_eq!(time(0), "0.0 ms");
        assert_eq!(time(262_540), "262.5 ms");
        assert_eq!(time(999_999), "999.9 ms");
        assert_eq!(time(1_000_000), "1.000 s");
        assert_eq!(time(29_205_400), "29.205 s");
    }

    #[test]
    fn thousands_are_separated_in_groups_of_three() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(100_000), "100,000");
    }
}
