//! Tests of transfers whose ports others needed.

use super::*;
use crate::wire::message::DownloadRequest;

/// A running download; its tag is 1.
fn running() -> Controller {
    let mut client = joined();
    typed(&mut client, "/download notes.txt --window 4");
    reply(&mut client, Reply::Offer(offer(1)));
    let _ = client.take_effects();
    client
}

fn interrupted(client: &mut Controller) {
    reply(
        client,
        Reply::Transfer(TransferNews {
            transfer: 71,
            tag: Some(1),
            state: TransferState::Failed,
            place: None,
            progress: None,
            sentence: Some("Others wait.".into()),
            interrupted: true,
        }),
    );
}

fn state(client: &Controller) -> TransferState {
    client.model().transfer(1).unwrap().state
}

fn is_same_request(requests: &[Request]) -> bool {
    let [
        Request::Download(DownloadRequest {
            file, tag, asked, ..
        }),
    ] = requests
    else {
        return false;
    };
    file == "notes.txt" && *tag == Some(1) && asked.window == Some(4)
}

#[test]
fn an_interrupted_download_is_requested_again_at_once() {
    let mut client = running();
    interrupted(&mut client);
    assert_eq!(client.take_effects(), [Effect::CancelTransfer { tag: 1 }]);
    client.on_event(ended(1, TransferState::Cancelled), 0);
    assert!(is_same_request(&requests(&mut client)));
    assert_eq!(state(&client), TransferState::Opening);
    let again = Offer {
        transfer: 72,
        ..offer(1)
    };
    reply(&mut client, Reply::Offer(again));
    assert!(matches!(
        client.take_effects()[..],
        [Effect::StartDownload { tag: 1, .. }]
    ));
}

#[test]
fn a_paused_download_stays_paused_when_its_port_goes_to_others_and_resumes() {
    let mut client = running();
    typed(&mut client, "/pause");
    interrupted(&mut client);
    let _ = client.take_effects();
    client.on_event(ended(1, TransferState::Cancelled), 0);
    assert_eq!(requests(&mut client), []);
    assert_eq!(state(&client), TransferState::Paused);
    let line = &last_line(&client).text;
    assert!(line.contains("stays paused"), "{line}");
    // Neither time nor a late message of the server changes that.
    client.on_event(Event::Tick, 50_000);
    reply(&mut client, news(1, TransferState::Failed));
    reply(&mut client, Reply::Offer(offer(1)));
    assert_eq!(state(&client), TransferState::Paused);
    let _ = client.take_effects();
    assert!(is_same_request(&typed(&mut client, "/resume 1")));
    assert_eq!(state(&client), TransferState::Opening);
}

#[test]
fn a_paused_download_whose_end_is_noticed_before_the_word_of_the_server_stays_paused() {
    let mut client = running();
    typed(&mut client, "/pause");
    client.on_event(ended(1, TransferState::Failed), 0);
    interrupted(&mut client);
    assert_eq!(state(&client), TransferState::Paused);
    assert!(is_same_request(&typed(&mut client, "/resume")));
}

#[test]
fn a_paused_download_without_a_port_can_be_cancelled() {
    let mut client = running();
    typed(&mut client, "/pause");
    interrupted(&mut client);
    client.on_event(ended(1, TransferState::Cancelled), 0);
    let _ = client.take_effects();
    typed(&mut client, "/cancel 1");
    assert_eq!(state(&client), TransferState::Cancelled);
}

#[test]
fn a_download_that_is_always_interrupted_before_its_first_byte_fails() {
    let mut client = running();
    let mut rounds = 0;
    while state(&client) != TransferState::Failed {
        interrupted(&mut client);
        let mut ended = ended(1, TransferState::Cancelled);
        if let Event::Report {
            report: Report::Ended(ending),
            ..
        } = &mut ended
        {
            ending.figures.done_bytes = 0;
        }
        client.on_event(ended, 0);
        reply(&mut client, Reply::Offer(offer(1)));
        let _ = client.take_effects();
        rounds += 1;
        assert!(rounds < 100);
    }
    assert_eq!(rounds, 9);
}

#[test]
fn a_verified_download_is_not_interrupted() {
    let mut client = running();
    interrupted(&mut client);
    client.on_event(ended(1, TransferState::Verified), 0);
    assert_eq!(state(&client), TransferState::Verified);
    interrupted(&mut client);
    assert_eq!(state(&client), TransferState::Verified);
}
