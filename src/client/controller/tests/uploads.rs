//! Tests of uploads and pauses.

use super::*;
use crate::wire::version::FileVersion;

/// A file that was found and announced; its tag is 1.
fn announced(client: &mut Controller) {
    client.on_intent(Intent::Input("/upload /tmp/notes.txt".into()), 2_000);
    let path = PathBuf::from("/tmp/notes.txt");
    assert_eq!(client.take_effects(), [Effect::OpenUpload { tag: 1, path }]);
    let version = FileVersion {
        size: 1_000,
        modified: Some(7),
        digest: None,
    };
    let found = Ok(("notes.txt".to_owned(), version));
    client.on_event(Event::Opened { tag: 1, found }, 2_000);
}

fn started(client: &mut Controller) {
    announced(client);
    reply(client, Reply::Offer(offer(1)));
    let _ = client.take_effects();
}

fn on_its_way(client: &mut Controller, state: TransferState) {
    let figures = Figures {
        done_bytes: 500,
        ..Figures::default()
    };
    let report = Report::Progress(state, figures);
    client.on_event(Event::Report { tag: 1, report }, 3_000);
}

#[test]
fn an_upload_is_checked_announced_offered_sent_and_confirmed() {
    let mut client = joined();
    announced(&mut client);
    let [Request::Upload(request)] = &requests(&mut client)[..] else {
        panic!("not announced");
    };
    assert_eq!((&*request.file, request.size), ("notes.txt", 1_000));
    assert_eq!(request.modified, Some(7)); // An earlier upload is resumed with it.
    reply(&mut client, Reply::Offer(offer(1)));
    let started = Effect::StartUpload {
        tag: 1,
        offer: offer(1),
        keys: None,
    };
    assert_eq!(client.take_effects(), [started]);
    client.on_event(ended(1, TransferState::Verified), 3_000);
    let word = Request::Transfer {
        transfer: 71,
        state: TransferState::Verified,
    };
    assert_eq!(requests(&mut client), [word]); // Its receiver need not linger.
    assert!(last_line(&client).text.contains("uploaded and verified"));
}

#[test]
fn a_missing_file_is_not_announced() {
    let mut client = joined();
    client.on_intent(Intent::Input("/upload gone".into()), 2_000);
    let _ = client.take_effects();
    let found = Err("gone cannot be read.".to_owned());
    client.on_event(Event::Opened { tag: 1, found }, 2_000);
    assert_eq!(requests(&mut client), []);
    assert!(last_line(&client).text.contains("gone cannot be read."));
}

#[test]
fn the_verdict_of_the_server_on_an_upload_ends_the_wait_for_fin_ack() {
    let mut client = joined();
    started(&mut client);
    reply(&mut client, news(1, TransferState::Verified));
    let judged = Effect::JudgeUpload {
        tag: 1,
        state: TransferState::Verified,
    };
    assert_eq!(client.take_effects(), [judged]);
}

#[test]
fn an_offer_with_a_different_file_size_starts_no_upload() {
    let mut client = joined();
    announced(&mut client);
    let _ = client.take_effects();
    let offer = Offer {
        size: 7,
        ..offer(1)
    };
    reply(&mut client, Reply::Offer(offer));
    assert_eq!(requests(&mut client), [Request::Cancel { transfer: 71 }]);
    assert_eq!(client.model().transfers[0].state, TransferState::Failed);
}

#[test]
fn a_pause_and_a_resume_apply_locally_and_are_sent_to_the_server() {
    let mut client = joined();
    started(&mut client);
    for (line, is_paused) in [("/pause", true), ("/resume 1", false)] {
        client.on_intent(Intent::Input(line.into()), 2_000);
        let transfer = 71;
        let request = if is_paused {
            Request::Pause { transfer }
        } else {
            Request::Resume { transfer }
        };
        let pause = Effect::PauseTransfer { tag: 1, is_paused };
        assert_eq!(client.take_effects(), [pause, Effect::Send(request)]);
    }
    assert_eq!(typed(&mut client, "/resume"), []);
    assert!(last_line(&client).text.contains("no transfer to resume"));
}

#[test]
fn a_transfer_that_pauses_by_itself_is_reported_once_and_not_after_resuming() {
    let mut client = joined();
    started(&mut client);
    on_its_way(&mut client, TransferState::Paused);
    assert_eq!(requests(&mut client), [Request::Pause { transfer: 71 }]);
    assert!(
        last_line(&client)
            .text
            .contains("paused at 50 %. Resume with /resume 1")
    );
    assert_eq!(typed(&mut client, "/resume").len(), 1);
    on_its_way(&mut client, TransferState::Paused); // It was already in flight.
    assert_eq!(requests(&mut client), []);
}

#[test]
fn an_uploaded_file_is_announced_and_listed_in_sorted_order() {
    let mut client = joined();
    for name in ["b", "a", "b"] {
        let file = FileEntry {
            name: name.into(),
            size: 1_000,
            digest: None,
        };
        let from = "guy".to_owned();
        reply(&mut client, Reply::Shared { from, file });
    }
    let names = client.model().files.iter().map(|file| &*file.name);
    assert_eq!(names.collect::<Vec<_>>(), ["a", "b"]);
    assert!(
        last_line(&client)
            .text
            .starts_with("guy has uploaded b (1.0 kB)")
    );
}

#[test]
fn a_paused_transfer_that_lost_its_port_continues_after_resume() {
    let mut client = joined();
    client.on_intent(Intent::Input("/download notes.txt".into()), 2_000);
    reply(&mut client, Reply::Offer(offer(1)));
    on_its_way(&mut client, TransferState::Sending);
    typed(&mut client, "/pause");
    let _ = client.take_effects();
    client.on_event(ended(1, TransferState::Failed), 3_000);
    let _ = client.take_effects();
    let asked = typed(&mut client, "/resume");
    let [Request::Download(request)] = &asked[..] else {
        panic!("not asked for again: {asked:?}");
    };
    assert_eq!((&*request.file, request.tag), ("notes.txt", Some(2)));
    assert_eq!(client.model().transfers.len(), 1); // In the same row.
}
