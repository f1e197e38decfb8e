use super::*;
use crate::wire::packet::Kind;
use proptest::prelude::*;

fn scenario(text: &str) -> Scenario {
    text.parse().unwrap()
}

#[test]
fn a_parameter_applies_to_both_directions_unless_one_is_named() {
    let scenario = scenario("seed=9; loss=10%; ack.loss=0.5%; data.delay=1.5s");
    assert_eq!(scenario.seed, 9);
    let [data, ack] =
        [Direction::Data, Direction::Ack].map(|way| scenario.conditions(way).clone());
    assert!((data.loss - 0.1).abs() < 1e-9 && (ack.loss - 0.005).abs() < 1e-9);
    assert_eq!(data.delay, Duration::from_millis(1_500));
    assert_eq!(ack.delay, Duration::ZERO);
}

#[test]
fn rate_queue_and_jitter_are_parsed_and_the_default_queue_is_one_bandwidth_delay_product()
{
    let scenario = scenario("rate=10mbit;delay=20ms;ack.queue=64kB;jitter=5ms");
    let ack = scenario.conditions(Direction::Ack);
    assert_eq!((ack.rate, ack.queue), (Some(10_000_000), Some(64_000)));
    assert_eq!(ack.jitter, Duration::from_millis(5));
    // 10 Mbit/s times a round trip of 40 ms.
    assert_eq!(scenario.queue_bytes(Direction::Data), 50_000);
    assert_eq!(scenario.queue_bytes(Direction::Ack), 64_000);
    assert_eq!(
        "rate=1mbit"
            .parse::<Scenario>()
            .unwrap()
            .queue_bytes(Direction::Data),
        30_000
    );
}

#[test]
fn a_drop_list_names_packets_by_letter_number_and_attempt() {
    let scenario = scenario("drop=d0.1, a3.1,s0.2");
    let named = |kind, number, attempt| Label {
        kind,
        number,
        attempt,
    };
    let list = [
        named(Kind::Data, 0, 1),
        named(Kind::Ack, 3, 1),
        named(Kind::Syn, 0, 2),
    ];
    assert_eq!(scenario.conditions(Direction::Data).drops, list);
}

#[test]
fn an_empty_scenario_is_a_perfect_link() {
    for text in ["", "  ", ";;", "seed=4", "loss=0%"] {
        assert!(scenario(text).is_perfect(), "{text:?}");
    }
    assert_eq!(scenario("seed=4").to_string(), "perfect");
    assert!(scenario(" perfect ").is_perfect());
    assert_eq!(scenario(" loss=5%").to_string(), "loss=5%");
}

#[test]
fn every_parse_error_gives_its_position() {
    for (text, what, columns) in [
        ("loss=10", "write a percentage, such as 10%", 5..7),
        ("loss=101%", "write a percentage from 0% to 100%", 5..9),
        ("loss", "write WORD=VALUE", 0..4),
        (
            "delay=50",
            "write a time, such as 50ms, 300us or 1.5s",
            6..8,
        ),
        (
            "delay=-1s",
            "write a time, such as 50ms, 300us or 1.5s",
            6..9,
        ),
        ("delay=99s", "write a time of at most 10s", 6..9),
        (
            "up.loss=1%",
            "write data. or ack. before a word, or nothing",
            0..2,
        ),
        (
            "data.seed=1",
            "the seed applies to both directions; write seed=NUMBER",
            0..9,
        ),
        ("seed=x", "write a whole number", 5..6),
        (
            "burst=5%",
            "write the probabilities that a burst begins and ends, such as 1%/25%",
            6..8,
        ),
        ("burst=5%/x", "write a percentage, such as 10%", 9..10),
        (
            "burst=1%/0.5%",
            "write at least 1%; for longer bursts use outage",
            9..13,
        ),
        (
            "burst=60%/60%",
            "write two percentages of at most 100% together",
            6..13,
        ),
        (
            "rate=10",
            "write a bit rate, such as 10mbit or 500kbit",
            5..7,
        ),
        (
            "rate=0mbit",
            "write a bit rate, such as 10mbit or 500kbit",
            5..10,
        ),
        (
            "queue=9",
            "write a number of bytes, such as 64kB, 1MB or 3000B",
            6..7,
        ),
        (
            "outage=2s",
            "write the length of the outage and of the period, such as 2s/5s",
            7..9,
        ),
        (
            "outage=5s/5s",
            "write an outage that is shorter than its period",
            7..12,
        ),
        (
            "drop=d0.1,q",
            "write a packet, such as d0.1 (DATA 0, first attempt)",
            10..11,
        ),
        ("drop=d0.0", "attempts count from 1", 5..9),
        (
            "é=1; jam=2%",
            "unknown word \"é\"; the words are seed, loss, corrupt, \
          duplicate, reorder, burst, delay, jitter, rate, queue, bucket, clump, mtu, outage, drop",
            0..1,
        ),
    ] {
        let error = text.parse::<Scenario>().unwrap_err();
        assert_eq!(
            (error.what.as_str(), error.columns),
            (what, columns),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn no_scenario_text_causes_a_panic(text in "[a-zé=.;,%0-9 ]{0,40}") {
        let _ = text.parse::<Scenario>().map_err(|error| error.to_string());
    }
}

#[test]
fn a_mean_burst_has_at_most_100_packets_and_its_probabilities_sum_to_at_most_one() {
    for (burst, is_right) in [
        ("1%/1%", true),
        ("1%/0.9%", false),
        ("50%/50%", true),
        ("60%/41%", false),
    ] {
        let scenario = format!("burst={burst}").parse::<Scenario>();
        assert_eq!(scenario.is_ok(), is_right, "{burst}");
    }
}

/// One word with a value, for either way or both.
fn word() -> impl Strategy<Value = String> {
    let way = prop::sample::select(vec!["", "data.", "ack."]);
    let word = prop_oneof![
        (0_u32..100).prop_map(|it| format!("loss={it}%")),
        (0_u32..900).prop_map(|it| format!("delay={it}ms")),
        (1_u32..900).prop_map(|it| format!(" rate = {it}kbit ")),
        (0_u32..9, 1_u8..4).prop_map(|(n, it)| format!("drop=d{n}.{it}, a{n}.{it}")),
        Just("burst=1%/25%".to_owned()),
    ];
    (way, word).prop_map(|(way, word)| {
        let word = word.trim_start();
        format!("{way}{word}")
    })
}

proptest! {
    #[test]
    fn an_extended_scenario_is_printed_as_text_that_parses_to_the_same_scenario(
        words in prop::collection::vec(word(), 0..5),
        end in prop::sample::select(vec!["", ";", " ; ", ";;"]),
        losses in prop::collection::vec((0_u32..9, 1_u8..4), 0..9),
    ) {
        let mut grown = scenario(&format!("{}{end}", words.join(";")));
        for (number, attempt) in losses {
            let label = Label { kind: Kind::Data, number, attempt };
            grown.lose(label);
            for way in [Direction::Data, Direction::Ack] {
                prop_assert!(grown.conditions(way).drops.contains(&label));
            }
        }
        let line = grown.to_string();
        let again = scenario(&line);
        prop_assert_eq!(again.to_string(), line.clone());
        for way in [Direction::Data, Direction::Ack] {
            prop_assert_eq!(again.conditions(way), grown.conditions(way), "{}", line);
        }
    }
}
