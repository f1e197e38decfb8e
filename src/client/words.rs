//! Formats numbers, times and texts from the network for users, equally in every front
//! end.
//!
//! ```
//! use sash::client::words;
//! assert_eq!(words::bytes(1_234_567), "1.2 MB");
//! assert_eq!(words::harmless("a\u{1b}[2Jb"), "a␛[2Jb");
//! ```

pub use crate::lab::words::short_time as time;

use super::model::Transfer;
use super::share::Share;
use crate::lab::class_question::short;
use crate::link::Scenario;
use crate::transfer::partial_files::PartialFile;
use crate::wire::message::{LabFigures, LabOutcome, LabRow, TransferState};
use jiff::civil::Date;
use jiff::{Timestamp, Zoned, tz::TimeZone};
use std::time::Duration;

/// The text with every control character made visible, so that nobody on the network can
/// move the cursor, colour the terminal or turn the reading direction of a line.
#[must_use]
pub fn harmless(text: &str) -> String {
    text.chars().map(harmless_char).collect()
}

/// A size. Unit: bytes, kB, MB, GB by powers of 1,000.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn bytes(count: u64) -> String {
    let count_f = count as f64;
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count_f / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count_f / 1e6),
        1_000_000_000.. => format!("{:.1} GB", count_f / 1e9),
    }
}

/// The scenario of this program's link: `Link: perfect`.
#[must_use]
pub fn link(scenario: &Scenario) -> String {
    format!("Link: {scenario}")
}

/// A rate: `1.2 MB/s`.
#[must_use]
pub fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", bytes(bytes_per_second))
}

/// A remaining duration: `8 s`, `2:05`, `1:00:00`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes}:{:02}", seconds % 60),
        3600.. => format!("{hours}:{minutes:02}:{:02}", seconds % 60),
    }
}

/// A remaining time, as exact as possible: `8 s`, `about 35 s`, `about 2 min`, `about 1 h
/// 20 min`.
#[must_use]
pub fn time_left(left: Duration) -> String {
    let seconds = left.as_secs();
    let minutes = (seconds + 30) / 60;
    match seconds {
        0..2 => "a moment".to_owned(),
        2..10 => format!("{seconds} s"),
        10..58 => format!("about {} s", seconds.div_ceil(5) * 5),
        58..3_570 => format!("about {} min", minutes.max(1)),
        3_570..86_400 => {
            let minutes = minutes.next_multiple_of(5);
            match (minutes / 60, minutes % 60) {
                (hours, 0) => format!("about {hours} h"),
                (hours, minutes) => format!("about {hours} h {minutes} min"),
            }
        }
        86_400.. => "more than a day".to_owned(),
    }
}

/// A time of day in the local time zone: `12:01`.
///
/// `time_ms`: milliseconds since 1970-01-01 UTC.
#[must_use]
pub fn time_of_day(time_ms: u64) -> String {
    let Some(time) = zoned(time_ms) else {
        return "--:--".to_owned(); // A server's clock may have any value.
    };
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// The day of a moment in the local time zone, if there is one.
///
/// `time_ms`: milliseconds since 1970-01-01 UTC.
#[must_use]
pub fn date(time_ms: u64) -> Option<Date> {
    zoned(time_ms).map(|time| time.date())
}

/// `Saturday, 21 November 2026`.
#[must_use]
pub fn day(date: Date) -> String {
    date.strftime("%A, %-d %B %Y").to_string()
}

fn zoned(time_ms: u64) -> Option<Zoned> {
    let ms = i64::try_from(time_ms).ok()?;
    let timestamp = Timestamp::from_millisecond(ms).ok()?;
    Some(timestamp.to_zoned(TimeZone::system()))
}

/// The progress of a transfer: 0 to 100. An empty file is complete at once.
#[must_use]
pub fn percent(transfer: &Transfer) -> u8 {
    let percent = match transfer.total_bytes {
        Some(0) => 100,
        Some(total) => transfer.done_bytes.saturating_mul(100) / total,
        None => 0,
    };
    u8::try_from(percent.min(100)).unwrap_or(100)
}

/// A partial download: `film.mp4 (42 %)`.
#[must_use]
pub fn partial_file(partial_file: &PartialFile) -> String {
    let file = harmless(&partial_file.file);
    let percent =
        partial_file.done_bytes.saturating_mul(100) / partial_file.version.size.max(1);
    format!("{file} ({percent} %)")
}

/// The state of a transfer, in one or two words.
#[must_use]
pub fn state(transfer: &Transfer) -> String {
    match (transfer.state, transfer.place) {
        (TransferState::Queued, Some(place)) => {
            format!("queued, position {place}")
        }
        (TransferState::Queued, None) => "queued".to_owned(),
        (TransferState::Opening, _) => "connecting".to_owned(),
        (TransferState::Sending, _) => "transferring".to_owned(),
        (TransferState::Paused, _) => "paused".to_owned(),
        (TransferState::Verified, _) => "verified".to_owned(),
        (TransferState::Damaged, _) => "damaged".to_owned(),
        (TransferState::Failed, _) => "failed".to_owned(),
        (TransferState::Unknown, _) => "unknown".to_owned(),
        (TransferState::Cancelled, _) => "cancelled".to_owned(),
    }
}

/// The share at which later transfers pause by themselves.
#[must_use]
pub fn pause_at(share: Option<Share>) -> String {
    match share {
        Some(share) => {
            format!("Later transfers pause at {share}. Continue them with /resume.")
        }
        None => "Later transfers do not pause automatically.".to_owned(),
    }
}

/// A transfer in one line, for `/transfers`.
#[must_use]
pub fn transfer(transfer: &Transfer) -> String {
    let mut parts = vec![
        format!("{:>3}  {}", transfer.tag, harmless(&transfer.file)),
        transfer.protocol(),
        state(transfer),
    ];
    if let Some(total) = transfer.total_bytes {
        let done = bytes(transfer.done_bytes);
        parts.push(format!(
            "{done} of {} ({}%)",
            bytes(total),
            percent(transfer)
        ));
    }
    if let Some(left) = transfer.time_left() {
        parts.push(rate(transfer.rate()));
        parts.push(format!("{} left", time_left(left)));
    }
    if transfer.resent_packets > 0 {
        parts.push(format!("{} resent", transfer.resent_packets));
    }
    parts.extend(transfer.sentence.as_deref().map(harmless));
    parts.join("  ")
}

/// The details of a transfer besides its row: its progress, path, failure, and verified
/// SHA-256.
#[must_use]
pub fn transfer_details(transfer: &Transfer) -> String {
    let file = harmless(&transfer.file);
    let done = bytes(transfer.done_bytes);
    let much = match transfer.total_bytes {
        Some(total) if transfer.state == TransferState::Verified => bytes(total),
        Some(total) => format!("{done} of {}", bytes(total)),
        None => "not offered yet".to_owned(),
    };
    let way = match (&transfer.path, &transfer.source) {
        (Some(path), _) => format!(", saved as {}", harmless(&path.to_string_lossy())),
        (None, Some(path)) => format!(", from {}", harmless(&path.to_string_lossy())),
        (None, None) => String::new(),
    };
    let took = match transfer.elapsed {
        Some(elapsed) => format!(", {:.1} s", elapsed.as_secs_f64()),
        None => String::new(),
    };
    let first = format!("{file}: {much}{took}{way}");
    let kept = if transfer.has_left_a_part() {
        "The partial file is kept."
    } else {
        ""
    };
    match (&transfer.sentence, transfer.digest) {
        (Some(sentence), _) => format!("{first}\n{}", harmless(sentence)),
        (None, Some(digest)) => format!("{first}\nSHA-256 {digest}"),
        (None, None) => format!("{first}\n{kept}"),
    }
}

/// The outcome of a transfer, in one line for the chat.
#[must_use]
pub fn transfer_end(transfer: &Transfer) -> String {
    let file = harmless(&transfer.file);
    if transfer.state != TransferState::Verified {
        let state = state(transfer);
        return match &transfer.sentence {
            Some(why) => format!("{file} {state}: {}", harmless(why)),
            None => format!("{file} {state}"),
        };
    }
    let elapsed = transfer.elapsed.unwrap_or_default();
    let place = match (&transfer.path, &transfer.sentence) {
        (Some(path), _) => format!(", saved as {}", harmless(&path.to_string_lossy())),
        (None, Some(remark)) => format!("; {}", harmless(remark)),
        (None, None) => String::new(),
    };
    let done = if transfer.source.is_some() {
        "uploaded"
    } else {
        "downloaded"
    };
    let resent = match transfer.resent_packets {
        1 => "1 packet retransmitted".to_owned(),
        packets => format!("{packets} packets retransmitted"),
    };
    format!(
        "{file} {done} and verified: {} in {:.2} s by {}, {resent}{place}",
        bytes(transfer.done_bytes),
        elapsed.as_secs_f64(),
        transfer.protocol(),
    )
}

/// The numbers of a run in the laboratory, in one line.
#[must_use]
pub fn lab_figures(figures: &LabFigures) -> String {
    let seconds = Duration::from_micros(figures.elapsed_us).as_secs_f64();
    let whole = if figures.verified {
        "verified"
    } else {
        "not verified"
    };
    let predicted = figures.predicted_packets.map_or(String::new(), |packets| {
        format!(" (predicted: {packets} packets)")
    });
    format!(
        "{whole} in {seconds:.3} s of virtual time, {}, {} packets, {} retransmitted{predicted}",
        rate(figures.goodput),
        figures.sent_packets,
        figures.resent_packets
    )
}

/// One answer of a class, for `/results`.
#[must_use]
pub fn lab_row(row: &LabRow) -> String {
    let what = match &row.outcome {
        LabOutcome::Done(figures) => lab_figures(figures),
        LabOutcome::Declined => "declined".to_owned(),
        LabOutcome::Failed { sentence } => format!("failed: {}", harmless(sentence)),
        LabOutcome::Submitted(it) => format!(
            "submitted {}: {} of {} points, {} of {} scenarios passed",
            harmless(&it.assignment),
            it.points,
            it.of,
            it.passed,
            it.scenarios
        ),
        LabOutcome::Answered(it) => {
            format!("question {}: {}", it.number, short(it.answer))
        }
    };
    format!("{:<24}  {what}", harmless(&row.name))
}

/// Whether a character is shown unchanged.
#[must_use]
pub fn is_harmless(character: char) -> bool {
    harmless_char(character) == character
}

/// C0 controls have pictures in Unicode; C1, direction and invisible controls have none.
fn harmless_char(character: char) -> char {
    match character {
        '\t' => ' ',
        '\u{0}'..='\u{1f}' => {
            char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}')
        }
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => '\u{fffd}',
        harmless => harmless,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_the_network_cannot_control_the_terminal() {
        let shown = harmless("\u{1b}]0;title\u{7}\u{9b}2J\r\n\u{202e}txt.exe\u{7f}");
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        assert!(!shown.contains('\u{202e}'));
        assert_eq!(harmless("שלום 🙂"), "שלום 🙂");
    }

    #[test]
    fn sizes_and_durations_are_formatted_briefly() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(64 << 20), "67.1 MB");
        assert_eq!(duration(Duration::from_secs(125)), "2:05");
        assert_eq!(duration(Duration::from_secs(3600)), "1:00:00");
    }

    #[test]
    fn short_times_have_three_digits_and_a_unit() {
        let expected = [
            (0, "0.0 ms"),
            (40, "0.0 ms"),
            (1_234, "1.2 ms"),
            (99_960, "100 ms"),
            (812_345, "812 ms"),
            (999_700, "1.00 s"),
            (1_234_567, "1.23 s"),
            (29_205_400, "29.2 s"),
            (812_000_000, "812 s"),
        ];
        for (time_us, words) in expected {
            assert_eq!(time(Duration::from_micros(time_us)), words);
        }
    }

    #[test]
    fn the_remaining_time_is_rounded_to_its_accuracy() {
        let told = |seconds| time_left(Duration::from_secs(seconds));
        let expected = [
            (0, "a moment"),
            (9, "9 s"),
            (11, "about 15 s"),
            (57, "about 60 s"),
            (58, "about 1 min"),
            (125, "about 2 min"),
            (3_569, "about 59 min"),
            (3_600, "about 1 h"),
            (4_700, "about 1 h 20 min"),
            (7_195, "about 2 h"),
            (90_000, "more than a day"),
        ];
        for (seconds, words) in expected {
            assert_eq!(told(seconds), words, "{seconds}");
        }
    }

    #[test]
    fn a_time_outside_the_calendar_does_not_panic() {
        assert_eq!(time_of_day(u64::MAX), "--:--");
        assert_eq!(time_of_day(0).len(), 5);
        assert_eq!(date(u64::MAX), None);
        assert_eq!(day(Date::constant(2026, 11, 1)), "Sunday, 1 November 2026");
    }
}
