//! Downloads: request, offer, end, and the ways in which each can fail.

use super::*;

#[test]
fn a_download_is_requested_offered_received_and_confirmed() {
    let mut client = joined();
    typed(&mut client, "/arq go-back-n");
    let asked = typed(&mut client, "/download notes.txt --window 4");
    let Some(Request::Download(request)) = asked.first() else {
        panic!("{asked:?}");
    };
    assert_eq!((request.tag, request.asked.window), (Some(1), Some(4)));
    assert_eq!(request.asked.arq, Some(Arq::GoBackN));
    reply(&mut client, news(1, TransferState::Queued));
    assert_eq!(client.model().transfer(1).unwrap().place, Some(2));
    reply(&mut client, Reply::Offer(offer(1)));
    let start = Effect::StartDownload {
        tag: 1,
        offer: offer(1),
        keys: None,
    };
    assert_eq!(client.take_effects(), [start]);
    client.on_event(ended(1, TransferState::Verified), 9_000);
    let verdict = Request::Transfer {
        transfer: 71,
        state: TransferState::Verified,
    };
    assert_eq!(requests(&mut client), [verdict]);
    assert!(
        last_line(&client)
            .text
            .starts_with("notes.txt downloaded and verified")
    );
}

#[test]
fn a_missing_file_ends_its_own_row_and_no_other() {
    let mut client = joined();
    typed(&mut client, "/download a");
    typed(&mut client, "/download b");
    let complaint = Complaint {
        code: Code::NoSuchFile,
        sentence: "There is no file \"b\".".into(),
        tag: Some(2),
    };
    reply(&mut client, Reply::Error(complaint));
    assert_eq!(
        client.model().transfer(1).unwrap().state,
        TransferState::Opening
    );
    assert_eq!(
        client.model().transfer(2).unwrap().state,
        TransferState::Failed
    );
    assert_eq!(last_line(&client).kind, LineKind::Error);
}

#[test]
fn a_download_that_is_cancelled_before_its_offer_never_starts() {
    let mut client = joined();
    typed(&mut client, "/download notes.txt");
    assert!(typed(&mut client, "/cancel").is_empty());
    reply(&mut client, Reply::Offer(offer(1)));
    let cancel = Request::Cancel { transfer: 71 };
    assert_eq!(client.take_effects(), [Effect::Send(cancel)]);
    let state = client.model().transfer(1).unwrap().state;
    assert_eq!(state, TransferState::Cancelled);
}

#[test]
fn a_running_download_is_cancelled_on_both_sides() {
    let mut client = joined();
    typed(&mut client, "/download notes.txt");
    reply(&mut client, Reply::Offer(offer(1)));
    let _ = client.take_effects();
    client.on_intent(Intent::Cancel { tag: 1 }, 0);
    let effects = client.take_effects();
    assert!(effects.contains(&Effect::CancelTransfer { tag: 1 }));
    assert!(effects.contains(&Effect::Send(Request::Cancel { transfer: 71 })));
    client.on_event(ended(1, TransferState::Cancelled), 0);
    let state = client.model().transfer(1).unwrap().state;
    assert_eq!(state, TransferState::Cancelled);
}

#[test]
fn the_receiver_is_released_once_the_server_has_confirmed_the_file() {
    let mut client = joined();
    typed(&mut client, "/download notes.txt");
    reply(&mut client, Reply::Offer(offer(1)));
    client.on_event(ended(1, TransferState::Verified), 0);
    let _ = client.take_effects();
    reply(&mut client, news(1, TransferState::Sending)); // Sent before it knew.
    assert_eq!(client.take_effects(), []);
    reply(&mut client, news(1, TransferState::Verified));
    assert_eq!(client.take_effects(), [Effect::ReleaseDownload { tag: 1 }]);
}

#[test]
fn a_queued_download_that_is_cancelled_ends_with_the_confirmation_of_the_server() {
    let mut client = joined();
    typed(&mut client, "/download notes.txt");
    reply(&mut client, news(1, TransferState::Queued));
    assert_eq!(
        typed(&mut client, "/cancel 1"),
        [Request::Cancel { transfer: 71 }]
    );
    reply(&mut client, news(1, TransferState::Cancelled));
    let state = client.model().transfer(1).unwrap().state;
    assert_eq!(state, TransferState::Cancelled);
}

#[test]
fn an_unrequested_offer_or_one_with_a_window_of_zero_starts_no_transfer() {
    let mut client = joined();
    reply(&mut client, Reply::Offer(offer(9)));
    assert_eq!(requests(&mut client), [Request::Cancel { transfer: 79 }]);
    typed(&mut client, "/download notes.txt");
    let mut impossible = offer(1);
    impossible.settled.window = 0;
    reply(&mut client, Reply::Offer(impossible));
    assert_eq!(requests(&mut client), [Request::Cancel { transfer: 71 }]);
    let state = client.model().transfer(1).unwrap().state;
    assert_eq!(state, TransferState::Failed);
}

#[test]
fn a_download_that_the_server_aborts_is_failed_and_not_cancelled() {
    let mut client = joined();
    typed(&mut client, "/download notes.txt");
    reply(&mut client, Reply::Offer(offer(1)));
    let _ = client.take_effects();
    reply(&mut client, news(1, TransferState::Failed));
    assert_eq!(client.take_effects(), [Effect::CancelTransfer { tag: 1 }]);
    client.on_event(ended(1, TransferState::Cancelled), 0);
    let state = client.model().transfer(1).unwrap().state;
    assert_eq!(state, TransferState::Failed);
}
