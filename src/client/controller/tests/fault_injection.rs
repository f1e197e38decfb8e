//! A user's fault injection in running transfers: the effects for the driver, and the messages.

use super::*;

/// A running download.
fn on_its_way() -> Controller {
    let mut client = joined();
    typed(&mut client, "/download notes.txt");
    reply(&mut client, Reply::Offer(offer(1)));
    let _ = client.take_effects();
    client
}

fn killed(client: &mut Controller, packet: &str, is_killed: bool) {
    let packet = packet.parse().unwrap();
    let report = Report::Killed(packet, is_killed);
    client.on_event(Event::Report { tag: 1, report }, 3_000);
}

#[test]
fn a_link_is_shown_and_changed_for_running_and_new_transfers_and_reset() {
    let mut client = on_its_way();
    typed(&mut client, "/link");
    assert_eq!(last_line(&client).text, "Link: perfect");
    let link: Scenario = "delay=2s;loss=5%".parse().unwrap();
    client.on_intent(Intent::Input("/link delay=2s;loss=5%".into()), 0);
    assert_eq!(
        client.take_effects(),
        [Effect::ChangeLink(Box::new(link.clone()))]
    );
    assert_eq!(last_line(&client).text, "Link: delay=2s;loss=5%");
    assert_eq!(client.model().transfer(1).unwrap().scenario, link);
    typed(&mut client, "/download more.txt");
    reply(&mut client, Reply::Offer(offer(2)));
    assert_eq!(client.model().transfer(2).unwrap().scenario, link);
    typed(&mut client, "/link perfect");
    assert!(client.model().scenario.is_perfect());
    typed(&mut client, "/link los=5%");
    let line = last_line(&client);
    assert_eq!(line.kind, LineKind::Error);
    let sentence = "Unknown word \"los\"; did you mean \"loss\"?";
    assert!(line.text.starts_with(sentence), "{}", line.text);
}

#[test]
fn a_killed_packet_is_added_to_the_scenario_of_its_transfer_only() {
    let mut client = on_its_way();
    client.on_intent(Intent::Input("/kill d12.1".into()), 0);
    let packet = "d12.1".parse().unwrap();
    assert_eq!(client.take_effects(), [Effect::Kill { tag: 1, packet }]);
    killed(&mut client, "d12.1", false);
    let text = &last_line(&client).text;
    assert!(text.starts_with("d12.1 is not in flight in this program's link."));
    assert!(client.model().transfer(1).unwrap().scenario.is_perfect());
    killed(&mut client, "d12.1", true);
    let text = &last_line(&client).text;
    assert_eq!(text, "notes.txt: lost d12.1. Link: drop=d12.1");
    let transfer = client.model().transfer(1).unwrap();
    assert_eq!(transfer.scenario.to_string(), "drop=d12.1");
    assert!(client.model().scenario.is_perfect());
    typed(&mut client, "/kill 12");
    let text = &last_line(&client).text;
    assert!(text.starts_with("Write a packet, such as d0.1"), "{text}");
}

#[test]
fn a_transfer_that_has_ended_or_uses_tcp_or_does_not_exist_cannot_be_watched() {
    let mut client = on_its_way();
    let watch = |client: &mut Controller, tag| {
        client.on_intent(Intent::Watch { tag }, 0);
        (client.take_effects(), client.model().watched)
    };
    let wanted = |tag| (vec![Effect::Watch { tag }], tag);
    assert_eq!(watch(&mut client, Some(1)), wanted(Some(1)));
    assert_eq!(watch(&mut client, Some(9)), (vec![], Some(1)));
    assert_eq!(
        last_line(&client).text,
        "There is no transfer 9. /transfers lists them."
    );
    typed(&mut client, "/download b.bin --transport tcp");
    assert_eq!(watch(&mut client, Some(2)), (vec![], Some(1)));
    let text = &last_line(&client).text;
    assert_eq!(text, "b.bin uses TCP, whose packets only the kernel sees.");
    assert_eq!(watch(&mut client, None), wanted(None));
    client.on_event(ended(1, TransferState::Verified), 0);
    let _ = client.take_effects();
    assert_eq!(watch(&mut client, Some(1)), (vec![], None));
    assert_eq!(
        last_line(&client).text,
        "The transfer of notes.txt has ended."
    );
}
