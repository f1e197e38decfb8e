use super::*;
use crate::wire::packet::Kind;

fn data(number: u32, attempt: u8) -> Label {
    Label {
        kind: Kind::Data,
        number,
        attempt,
    }
}

fn fates(scenario: &str, direction: Direction, count: u32) -> Vec<Fate> {
    let mut link = Link::new(&scenario.parse().unwrap(), direction);
    (0..count)
        .map(|n| link.push(n, data(n, 1), 1_472, Moment::START))
        .collect()
}

fn count(fates: &[Fate], fate: Fate) -> usize {
    fates.iter().filter(|&&other| other == fate).count()
}

#[test]
fn the_lost_packets_depend_neither_on_the_time_nor_on_the_order_of_sending() {
    let scenario: Scenario = "seed=7;loss=30%".parse().unwrap();
    let mut forwards = Link::new(&scenario, Direction::Data);
    let mut backwards = Link::new(&scenario, Direction::Data);
    let late = Moment::START + Duration::from_secs(3);
    let first: Vec<_> = (0..100)
        .map(|n| forwards.push(n, data(n, 1), 1_472, Moment::START))
        .collect();
    let mut second: Vec<_> = (0..100)
        .rev()
        .map(|n| backwards.push(n, data(n, 1), 1_472, late))
        .collect();
    second.reverse();
    assert_eq!(first, second);
}

#[test]
fn a_probability_of_ten_percent_affects_ten_percent_of_the_packets() {
    for (scenario, fate) in [
        ("seed=1;loss=10%", Fate::Lost),
        ("seed=2;corrupt=10%", Fate::Corrupted),
        ("seed=3;duplicate=10%", Fate::Duplicated),
        ("seed=4;reorder=10%", Fate::Reordered),
    ] {
        let fates = fates(scenario, Direction::Data, 10_000);
        let share = count(&fates, fate);
        assert!(
            (900..1_100).contains(&share),
            "{scenario}: {share} of 10000"
        );
    }
}

#[test]
fn each_attempt_has_its_own_random_fate() {
    let scenario: Scenario = "seed=7;loss=50%".parse().unwrap();
    let mut link = Link::new(&scenario, Direction::Data);
    let lost = (1..=40).filter(|&attempt| {
        link.push(0, data(5, attempt), 1_472, Moment::START) == Fate::Lost
    });
    assert!((10..30).contains(&lost.count()));
}

#[test]
fn each_direction_has_its_own_parameters_and_random_values() {
    let both = fates("seed=7;loss=20%", Direction::Data, 200);
    assert_ne!(both, fates("seed=7;loss=20%", Direction::Ack, 200));
    let data_only = "seed=7;data.loss=20%";
    assert_eq!(fates(data_only, Direction::Data, 200), both);
    assert_eq!(count(&fates(data_only, Direction::Ack, 200), Fate::Lost), 0);
}

#[test]
fn a_drop_list_drops_exactly_the_packets_that_it_names() {
    let mut link = Link::new(&"drop=d0.1,d3.2".parse().unwrap(), Direction::Data);
    let mut fate =
        |number, attempt| link.push((), data(number, attempt), 1_472, Moment::START);
    assert_eq!(fate(0, 1), Fate::Lost);
    assert_eq!(fate(0, 2), Fate::Delivered);
    assert_eq!(fate(3, 1), Fate::Delivered);
    assert_eq!(fate(3, 2), Fate::Lost);
}

#[test]
fn bursts_have_the_configured_loss_rate_and_mean_length() {
    let fates = fates("seed=7;burst=1%/20%", Direction::Data, 200_000);
    let lost = count(&fates, Fate::Lost);
    // In the long run P/(P+R) of the time is bad: 4.76 %.
    assert!((8_600..10_500).contains(&lost), "{lost} of 200000");
    let begins = |pair: &&[Fate]| pair[0] != Fate::Lost && pair[1] == Fate::Lost;
    let rows = fates.windows(2).filter(begins).count();
    let mean_tenths = 10 * lost / rows;
    assert!(
        (46..55).contains(&mean_tenths),
        "{mean_tenths} tenths, 50 wanted"
    );
}

#[test]
fn burst_losses_do_not_depend_on_the_order_of_sending() {
    let scenario: Scenario = "seed=3;burst=5%/25%".parse().unwrap();
    let mut link = Link::new(&scenario, Direction::Data);
    let mut push = |n| link.push(n, data(n, 1), 1_472, Moment::START);
    let forwards: Vec<_> = (0..500).map(&mut push).collect();
    let mut backwards: Vec<_> = (0..500).rev().map(&mut push).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    assert!(count(&forwards, Fate::Lost) > 30);
}

#[test]
fn jitter_has_the_configured_range_and_mean() {
    let mut link = Link::new(
        &"seed=1;delay=10ms;jitter=4ms".parse().unwrap(),
        Direction::Ack,
    );
    for n in 0..1_000 {
        link.push(n, data(n, 1), 100, Moment::START);
    }
    let mut total = Duration::ZERO;
    while let Some(arrives) = link.next_timeout() {
        link.poll(arrives);
        let delay = arrives - Moment::START;
        assert!((10_000..14_000).contains(&delay.as_micros()), "{delay:?}");
        total += delay;
    }
    let mean = total / 1_000;
    assert!((11_900..12_100).contains(&mean.as_micros()), "{mean:?}");
}

#[test]
fn a_rate_spaces_packets_by_their_length_including_headers() {
    let mut link = Link::new(&"rate=12mbit;delay=5ms".parse().unwrap(), Direction::Data);
    for n in 0..4 {
        link.push(n, data(n, 1), 1_472, Moment::START);
    }
    // 1,500 bytes at 12 Mbit/s are one millisecond.
    let arrivals = std::iter::from_fn(|| {
        let arrives = link.next_timeout()?;
        link.poll(arrives);
        Some((arrives - Moment::START).as_micros())
    });
    assert_eq!(arrivals.collect::<Vec<_>>(), [6_000, 7_000, 8_000, 9_000]);
}

#[test]
fn a_packet_that_meets_a_full_queue_is_dropped_and_a_drained_queue_accepts_packets_again()
{
    let mut link =
        Link::new(&"rate=12mbit;queue=4500B".parse().unwrap(), Direction::Data);
    let mut push = |n, at_ms| {
        let now = Moment::START + Duration::from_millis(at_ms);
        link.push(n, data(n, 1), 1_472, now)
    };
    let at_once = [0, 1, 2, 3].map(|n| push(n, 0));
    assert_eq!(at_once[..3], [Fate::Delivered; 3]);
    assert_eq!(at_once[3], Fate::QueueFull);
    assert_eq!([push(4, 1), push(5, 1)], [Fate::Delivered, Fate::QueueFull]);
    assert_eq!(push(6, 100), Fate::Delivered);
}

#[test]
fn an_outage_loses_packets_only_at_the_end_of_each_period() {
    let mut link = Link::new(&"outage=2s/5s".parse().unwrap(), Direction::Data);
    for tenth in 0..100 {
        let now = Moment::START + Duration::from_millis(100 * tenth);
        let fate = link.push((), data(0, 1), 100, now);
        let is_down = tenth % 50 >= 30;
        assert_eq!(fate == Fate::Lost, is_down, "after {tenth} tenths");
    }
}

#[test]
fn a_reordered_packet_is_overtaken() {
    let mut link =
        Link::new(&"delay=10ms;reorder=100%".parse().unwrap(), Direction::Data);
    link.push("first", data(0, 1), 1_472, Moment::START);
    link.conditions.reorder = 0.0;
    link.push("second", data(1, 1), 1_472, Moment::START);
    let later = Moment::START + Duration::from_secs(1);
    let order: Vec<_> = std::iter::from_fn(|| link.poll(later))
        .map(|d| d.item)
        .collect();
    assert_eq!(order, ["second", "first"]);
}

#[test]
fn a_duplicated_packet_arrives_twice() {
    let mut link =
        Link::new(&"duplicate=100%;delay=1ms".parse().unwrap(), Direction::Ack);
    link.push("twin", data(0, 1), 1_472, Moment::START);
    assert_eq!(link.poll(Moment::START), None);
    let later = link.next_timeout().unwrap();
    assert_eq!(std::iter::from_fn(|| link.poll(later)).count(), 2);
}

#[test]
fn a_packet_longer_than_the_mtu_including_udp_and_ip_headers_is_lost() {
    let scenario: Scenario = "data.mtu=1300".parse().unwrap();
    let mut data = Link::new(&scenario, Direction::Data);
    let mut ack = Link::new(&scenario, Direction::Ack);
    let mut fate = |bytes| data.push((), Label::EXAMPLE, bytes, Moment::START);
    assert_eq!(fate(1_272), Fate::Delivered);
    assert_eq!(fate(1_273), Fate::TooLong);
    let back = ack.push((), Label::EXAMPLE, 60_000, Moment::START);
    assert_eq!(back, Fate::Delivered);
    assert!("mtu=1.3kB".parse::<Scenario>().is_err());
}

#[test]
fn a_packet_arrives_exactly_if_its_fate_is_not_a_loss() {
    for scenario in [
        "delay=1ms",
        "loss=100%",
        "corrupt=100%",
        "reorder=100%",
        "duplicate=100%",
        "mtu=1200",
        "rate=1mbit;queue=1kB",
    ] {
        let mut link = Link::new(&scenario.parse().unwrap(), Direction::Data);
        let fate = link.push((), data(0, 1), 1_472, Moment::START);
        let arrives = link.next_timeout().is_some();
        assert_ne!(fate.is_loss(), arrives, "{scenario}: {fate:?}");
    }
}

#[test]
fn corruption_flips_one_bit_and_leaves_an_empty_datagram_unchanged() {
    let damaged = |item: &[u8], bit| {
        let (item, damage) = (item.to_vec(), Some(bit));
        Delivery { item, damage }.into_datagram()
    };
    assert_eq!(damaged(&[0b1010_0101, 0], 0), [0b1010_0100, 0]);
    assert_eq!(damaged(&[0b1010_0101, 0], 1), [0b1010_0111, 0]);
    assert_eq!(damaged(&[0, 0xFF], 15), [0, 0x7F]);
    assert_eq!(damaged(&[0, 0xFF], 16), [0, 0xFF]); // It has no such bit.
    assert!(damaged(&[], 3).is_empty());
    let whole = Delivery {
        item: vec![7],
        damage: None,
    };
    assert_eq!(whole.into_datagram(), [7]);
}

#[test]
fn a_killed_packet_never_arrives_and_no_other_packet_is_affected() {
    let scenario = "duplicate=100%;delay=5ms".parse().unwrap();
    let mut link = Link::new(&scenario, Direction::Data);
    for n in 0..3 {
        link.push(n, data(n, 1), 1_472, Moment::START);
    }
    assert_eq!(link.packets_in_flight().count(), 6);
    assert_eq!(link.kill(data(1, 2)), None);
    assert_eq!(link.kill(data(1, 1)), Some(1));
    assert_eq!(link.kill(data(1, 1)), None);
    let later = link.next_timeout().unwrap();
    let came = std::iter::from_fn(|| link.poll(later)).map(|it| it.item);
    assert_eq!(came.collect::<Vec<_>>(), [0, 0, 2, 2]);
}

#[test]
fn a_link_change_does_not_affect_packets_in_flight() {
    let mut link = Link::new(&"delay=9ms".parse().unwrap(), Direction::Data);
    let at = |ms| Moment::START + Duration::from_millis(ms);
    link.push(0, data(0, 1), 1_472, at(0));
    link.change(&"loss=100%".parse().unwrap(), at(1));
    assert_eq!(link.push(1, data(1, 1), 1_472, at(2)), Fate::Lost);
    link.change(&"delay=1ms".parse().unwrap(), at(3));
    let entered = link.enter(2, data(2, 1), 1_472, at(4));
    assert_eq!(entered.arrives, Some(at(5)));
    assert_eq!(link.poll(at(5)).unwrap().item, 2);
    assert_eq!(link.poll(at(9)).unwrap().item, 0);
    assert_eq!(link.poll(at(99)), None);
}

#[test]
fn queued_bytes_are_transmitted_at_the_new_rate_after_a_change() {
    let mut link = Link::new(&"rate=12mbit".parse().unwrap(), Direction::Data);
    let at = |ms| Moment::START + Duration::from_millis(ms);
    for n in 0..11 {
        link.push(n, data(n, 1), 1_472, at(0)); // A millisecond each.
    }
    link.change(&"rate=120mbit".parse().unwrap(), at(1));
    let entered = link.enter(11, data(11, 1), 1_472, at(1));
    let arrives = at(1) + Duration::from_micros(1_100); // Ten wait, and this one.
    assert_eq!(entered.arrives, Some(arrives));
    link.change(&Scenario::PERFECT, at(2));
    let entered = link.enter(12, data(12, 1), 1_472, at(2));
    assert_eq!(entered.arrives, Some(at(2)));
}

#[test]
fn a_policer_drops_excess_packets_instead_of_queueing_them() {
    let policed: Scenario = "rate=1200kbit;bucket=15kB;delay=5ms".parse().unwrap();
    let mut link = Link::new(&policed, Direction::Data);
    let enter = |link: &mut Link<u32>, number, at| {
        link.enter(number, data(number, 1), 1_472, Moment::START + at)
    };
    for number in 0..10 {
        let entered = enter(&mut link, number, Duration::ZERO);
        let arrives = Moment::START + Duration::from_millis(5);
        assert_eq!(entered.arrives, Some(arrives), "{number}");
    }
    let entered = enter(&mut link, 10, Duration::ZERO);
    assert_eq!((entered.fate, entered.arrives), (Fate::QueueFull, None));
    let a_packets_time = Duration::from_millis(10);
    assert_eq!(enter(&mut link, 11, a_packets_time).fate, Fate::Delivered);
    assert_eq!(enter(&mut link, 12, a_packets_time).fate, Fate::QueueFull);
    assert_eq!(link.queued_bytes(Moment::START + a_packets_time), 0);
}

#[test]
fn packets_of_an_aggregate_arrive_together() {
    let scenario: Scenario = "clump=4ms;delay=1ms".parse().unwrap();
    let mut link = Link::new(&scenario, Direction::Data);
    for (number, entered, arrives) in [(0, 0, 4), (1, 2, 4), (2, 3, 4), (3, 4, 8)] {
        let now = Moment::START + Duration::from_millis(entered);
        let told = link.enter(number, data(number, 1), 1_472, now);
        let expected = Moment::START + Duration::from_millis(arrives);
        assert_eq!(told.arrives, Some(expected), "{number}");
    }
}
