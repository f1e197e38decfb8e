//! Tests with many files: held back, tried again, deleted, left over, dropped.

use super::*;
use crate::wire::version::FileVersion;

/// The bytes that have arrived of a running or ended download. Unit: bytes.
const CAME: u64 = 500;

fn download(client: &mut Controller, file: &str) {
    let file = file.to_owned();
    let asked = RequestedOptions::default();
    client.on_intent(Intent::Download { file, asked }, 2_000);
}

/// Download 1, of which some bytes have arrived.
fn on_its_way(client: &mut Controller) {
    typed(client, "/download notes.txt");
    reply(client, Reply::Offer(offer(1)));
    let figures = Figures {
        done_bytes: CAME,
        ..Figures::default()
    };
    let report = Report::Progress(TransferState::Sending, figures);
    client.on_event(Event::Report { tag: 1, report }, 3_000);
    let _ = client.take_effects();
}

fn interrupted(client: &mut Controller) {
    let Event::Report { tag, report } = ended(1, TransferState::Cancelled) else {
        panic!("no report");
    };
    let Report::Ended(mut ending) = report else {
        panic!("no end");
    };
    ending.figures.done_bytes = CAME;
    ending.path = None;
    let report = Report::Ended(ending);
    client.on_event(Event::Report { tag, report }, 4_000);
}

fn partial_file(file: &str, size: u64) -> PartialFile {
    PartialFile {
        part: format!("downloads/{file}.part").into(),
        file: file.to_owned(),
        version: FileVersion {
            size,
            modified: Some(7),
            digest: None,
        },
        done_bytes: size / 4,
    }
}

fn files(client: &mut Controller, names: &[(&str, u64)]) {
    let entry = |&(name, size): &(&str, u64)| FileEntry {
        name: name.to_owned(),
        size,
        digest: None,
    };
    let files = names.iter().map(entry).collect();
    client.unshown_file_lists = 1;
    let [reply_to_files] = &Reply::files(files, 0)[..] else {
        panic!("it fits in one line");
    };
    reply(client, reply_to_files.clone());
}

#[test]
fn a_thousand_selected_files_are_requested_as_earlier_downloads_end() {
    let mut client = joined();
    for number in 0..1_000 {
        download(&mut client, &format!("{number}"));
    }
    assert_eq!(requests(&mut client).len(), MOST_AT_ONCE);
    assert_eq!(client.model().transfers.len(), 1_000);
    let held = client.model().transfer(17).unwrap();
    assert_eq!((held.state, held.place), (TransferState::Queued, None));

    reply(&mut client, Reply::Offer(offer(3)));
    let _ = client.take_effects();
    client.on_event(ended(3, TransferState::Verified), 5_000);
    let asked = requests(&mut client);
    let is_next = |it: &Request| matches!(it, Request::Download(request) if request.tag == Some(17));
    let next = asked.iter().filter(|it| matches!(it, Request::Download(_)));
    assert!(asked.iter().any(is_next), "{asked:?}");
    assert_eq!(next.count(), 1);
}

#[test]
fn a_locally_queued_file_is_cancelled_without_a_request_and_does_not_time_out() {
    let mut client = joined();
    for number in 0..18 {
        download(&mut client, &format!("{number}"));
    }
    let _ = client.take_effects();
    client.on_intent(Intent::Cancel { tag: 17 }, 3_000);
    assert_eq!(client.take_effects(), []);
    let cancelled = client.model().transfer(17).unwrap().state;
    assert_eq!(cancelled, TransferState::Cancelled);
    // The sixteen fail without an answer, and the held one is requested.
    client.on_event(Event::Tick, 2_000 + ANSWER_AFTER_MS);
    assert!(requests(&mut client).len() > 1);
    let last = client.model().transfer(18).unwrap().state;
    assert_eq!(last, TransferState::Opening);
}

#[test]
fn a_lost_connection_also_ends_locally_queued_downloads() {
    let mut client = joined();
    for number in 0..20 {
        download(&mut client, &format!("{number}"));
    }
    client.on_event(Event::Lost("Gone.".into()), 3_000);
    assert_eq!(client.model().running_transfers().count(), 0);
    assert!(client.held.is_empty());
}

#[test]
fn a_retry_reuses_the_row_and_the_options_of_the_first_attempt() {
    let mut client = joined();
    on_its_way(&mut client);
    typed(&mut client, "/download other.txt --window 4");
    client.on_intent(Intent::Retry { tag: 1 }, 3_500);
    assert!(last_line(&client).text.contains("try again"));
    client.on_intent(Intent::Cancel { tag: 1 }, 3_500);
    interrupted(&mut client);
    assert!(client.model().transfer(1).unwrap().has_left_a_part());
    let _ = client.take_effects();
    let asked = typed(&mut client, "/retry");
    let [Request::Download(request)] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!((&*request.file, request.tag), ("notes.txt", Some(3)));
    let tags: Vec<_> = client.model().transfers.iter().map(|it| it.tag).collect();
    assert_eq!(tags, [3, 2]);
}

#[test]
fn a_cancelled_download_is_deleted_once_its_receiver_has_ended() {
    let mut client = joined();
    on_its_way(&mut client);
    client.on_intent(Intent::Discard { tag: 1 }, 3_500);
    let effects = client.take_effects();
    assert!(effects.contains(&Effect::CancelTransfer { tag: 1 }));
    assert!(!effects.contains(&Effect::DiscardPart { tag: 1 }));
    interrupted(&mut client);
    assert_eq!(client.take_effects(), [Effect::DiscardPart { tag: 1 }]);
    let tag = Some(1);
    let problem = None;
    client.on_event(Event::Discarded { tag, problem }, 5_000);
    assert!(
        last_line(&client)
            .text
            .ends_with("deleted the partial file (500 B).")
    );
    assert!(!client.model().transfer(1).unwrap().has_left_a_part());
}

#[test]
fn a_kept_partial_file_can_be_deleted_later_and_a_failure_is_reported() {
    let mut client = joined();
    on_its_way(&mut client);
    typed(&mut client, "/cancel 1");
    interrupted(&mut client);
    let _ = client.take_effects();
    typed(&mut client, "/cancel 1 delete");
    let again = Intent::Discard { tag: 1 };
    client.on_intent(again, 4_500); // A second time changes nothing.
    let problem = Some("It could not be deleted.".to_owned());
    client.on_event(
        Event::Discarded {
            tag: Some(1),
            problem,
        },
        5_000,
    );
    assert!(client.model().files_problem.is_some());
    assert!(client.model().transfer(1).unwrap().has_left_a_part());
}

#[test]
fn a_partial_file_that_another_download_resumes_is_not_deleted() {
    let mut client = joined();
    on_its_way(&mut client);
    typed(&mut client, "/cancel 1");
    interrupted(&mut client);
    typed(&mut client, "/download notes.txt");
    let _ = client.take_effects();
    assert!(!client.model().transfer(1).unwrap().has_left_a_part());
    client.on_intent(Intent::Discard { tag: 1 }, 5_000);
    assert_eq!(client.take_effects(), []);
}

#[test]
fn a_download_that_completed_before_its_deletion_is_kept() {
    let mut client = joined();
    on_its_way(&mut client);
    client.on_intent(Intent::Discard { tag: 1 }, 3_500);
    let _ = client.take_effects();
    client.on_event(ended(1, TransferState::Verified), 4_000);
    let effects = client.take_effects();
    assert!(!effects.contains(&Effect::DiscardPart { tag: 1 }));
}

#[test]
fn interrupted_downloads_are_offered_after_the_join_if_the_server_has_the_same_version() {
    let mut client = joined();
    let found = vec![
        partial_file("film.mp4", 1_000),
        partial_file("map.png", 70),
        partial_file("elsewhere.txt", 5),
    ];
    client.on_event(Event::PartialFilesFound(found), 1_500);
    assert!(client.model().partial_files.is_empty(), "no file is known");
    files(&mut client, &[("film.mp4", 1_000), ("map.png", 71)]);
    let offered = &client.model().partial_files;
    assert_eq!(offered.len(), 1);
    assert_eq!(offered[0].file, "film.mp4");
    let line = "A download can be resumed: film.mp4 (25 %). Resume with /download FILE.";
    assert_eq!(last_line(&client).text, line);

    let go_on = Intent::PartialFiles(PartialFileChoice::Resume);
    client.on_intent(go_on, 2_000);
    assert!(client.model().partial_files.is_empty());
    assert!(
        matches!(&requests(&mut client)[..], [Request::Download(it)] if it.file == "film.mp4")
    );
}

#[test]
fn interrupted_downloads_are_offered_even_if_the_file_list_arrives_before_the_welcome() {
    let mut client = joining();
    client.on_event(Event::PartialFilesFound(vec![partial_file("a", 8)]), 500);
    files(&mut client, &[("a", 8)]);
    assert!(client.model().partial_files.is_empty(), "not joined yet");
    welcome(&mut client);
    assert_eq!(client.model().partial_files.len(), 1);
}

#[test]
fn partial_files_are_deleted_or_kept_as_the_user_chooses() {
    for (choice, expected) in [
        (PartialFileChoice::Leave, vec![]),
        (
            PartialFileChoice::Delete,
            vec![Effect::DiscardPartialFiles(vec!["downloads/a.part".into()])],
        ),
    ] {
        let mut client = joined();
        files(&mut client, &[("a", 8)]);
        let found = vec![partial_file("a", 8)];
        client.on_event(Event::PartialFilesFound(found), 1_500);
        assert_eq!(client.model().partial_files.len(), 1);
        client.on_intent(Intent::PartialFiles(choice), 2_000);
        assert_eq!(client.take_effects(), expected);
        assert!(client.model().partial_files.is_empty());
    }
}

#[test]
fn a_download_started_by_hand_removes_its_resume_offer_and_a_disconnect_removes_the_others()
 {
    let mut client = joined();
    files(&mut client, &[("a", 8), ("b", 8)]);
    let found = vec![partial_file("a", 8), partial_file("b", 8)];
    client.on_event(Event::PartialFilesFound(found), 1_500);
    download(&mut client, "a");
    assert_eq!(client.model().partial_files.len(), 1);
    client.on_event(Event::Lost("Gone.".into()), 2_000);
    assert!(client.model().partial_files.is_empty());
    assert_eq!(client.found.len(), 1, "offered again after the next login");
}

#[test]
fn each_download_keeps_the_overwrite_choice_of_its_start() {
    let mut client = joined();
    typed(&mut client, "/overwrite replace");
    download(&mut client, "a");
    typed(&mut client, "/overwrite default");
    download(&mut client, "b");
    let overwrite = |tag| client.model().transfer(tag).unwrap().overwrite;
    assert_eq!(overwrite(1), Overwrite::Replace);
    assert_eq!(overwrite(2), Overwrite::Keep);
}

#[test]
fn dropped_files_are_uploaded_and_other_dropped_text_is_reported() {
    let mut client = joined();
    let drop = Intent::Drop {
        text: "file:///tmp/a%20b\r\nhttps://x/y\r\n".to_owned(),
        host: None,
    };
    client.on_intent(drop, 2_000);
    let path = PathBuf::from("/tmp/a b");
    assert_eq!(client.take_effects(), [Effect::OpenUpload { tag: 1, path }]);
    let problem = client.model().files_problem.clone().unwrap();
    assert_eq!(problem, "https://x/y is not a file on this computer.");
}

#[test]
fn the_folder_of_a_file_is_opened_and_without_a_file_manager_its_path_is_shown() {
    let mut client = joined();
    on_its_way(&mut client);
    client.on_intent(Intent::ShowInFolder { tag: 1 }, 3_500);
    assert!(last_line(&client).text.contains("not been downloaded yet"));
    client.on_event(ended(1, TransferState::Verified), 4_000);
    let _ = client.take_effects();
    client.on_intent(Intent::ShowInFolder { tag: 1 }, 4_500);
    let folder = PathBuf::from("downloads");
    assert_eq!(client.take_effects(), [Effect::ShowFolder(folder)]);
    let sentence = "No program on this computer shows folders.".to_owned();
    client.on_event(Event::FolderNotShown(sentence), 5_000);
    assert_eq!(last_line(&client).kind, LineKind::Error);
}
