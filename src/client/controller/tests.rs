//! Tests without a socket: actions of a user and a server, and the reactions of the
//! client.

mod downloads;
mod fault_injection;
mod files;
mod interrupted;
mod lab;
mod login;
mod question;
mod rejoining;
mod uploads;

use super::*;
use crate::client::model::ChatLine;
use crate::transfer::{Ending, Figures, Report};
use crate::wire::digest::Token;
use crate::wire::message::VERSION;
use crate::wire::message::{
    Code, Complaint, Offer, Refusal, Reply, Said, TransferNews, Welcome, Whispered,
};
use crate::wire::options::Arq;
use std::time::Duration;

/// A client that has joined as dana; its effects so far are taken.
fn joined() -> Controller {
    let mut client = joining();
    welcome(&mut client);
    users(&mut client, &["dana", "guy"]);
    reply(
        &mut client,
        Reply::Files {
            files: vec![],
            more: false,
            left_out: 0,
        },
    );
    let _ = client.take_effects();
    client
}

/// A client that has asked to join as dana.
fn joining() -> Controller {
    let mut client = Controller::new(RequestedOptions::default(), true);
    connect(&mut client, "", "dana");
    client.on_event(
        Event::Connected {
            round_trip: Duration::from_millis(2),
        },
        1,
    );
    client
}

/// A room without a password, a teacher and a token.
fn open_room() -> Welcome {
    Welcome {
        name: "dana".into(),
        version: 1,
        server: "sash".into(),
        line_bytes: 16_384,
        defaults: NegotiatedOptions::DEFAULT,
        confirmation: None,
        token: None,
        teacher: None,
    }
}

fn welcome(client: &mut Controller) {
    reply(client, Reply::Welcome(open_room()));
}

fn connect(client: &mut Controller, server: &str, name: &str) {
    let intent = Intent::Connect {
        server: server.into(),
        port: String::new(),
        name: name.into(),
    };
    client.on_intent(intent, 0);
}

fn reply(client: &mut Controller, reply: Reply) {
    client.on_event(Event::Reply(reply), 1_000);
}

fn users(client: &mut Controller, names: &[&str]) {
    let names = names.iter().map(|&name| name.to_owned()).collect();
    reply(client, Reply::Users { names, more: false });
}

/// Types a line; returns the requests to the server.
fn typed(client: &mut Controller, line: &str) -> Vec<Request> {
    client.on_intent(Intent::Input(line.into()), 2_000);
    requests(client)
}

fn requests(client: &mut Controller) -> Vec<Request> {
    let effects = client.take_effects().into_iter();
    effects
        .filter_map(|effect| match effect {
            Effect::Send(request) => Some(request),
            Effect::Connect(_)
            | Effect::Draw
            | Effect::RunLab { .. }
            | Effect::ReadSubmission(_)
            | Effect::StartDownload { .. }
            | Effect::OpenUpload { .. }
            | Effect::StartUpload { .. }
            | Effect::PauseTransfer { .. }
            | Effect::JudgeUpload { .. }
            | Effect::CancelTransfer { .. }
            | Effect::DiscardPart { .. }
            | Effect::DiscardPartialFiles(_)
            | Effect::ShowFolder(_)
            | Effect::ReleaseDownload { .. }
            | Effect::Watch { .. }
            | Effect::Kill { .. }
            | Effect::ChangeLink(_)
            | Effect::HangUp
            | Effect::Quit => None,
        })
        .collect()
}

fn last_line(client: &Controller) -> &ChatLine {
    client.model().chat.lines().last().expect("a line")
}

fn offer(tag: u64) -> Offer {
    Offer {
        transfer: 70 + tag,
        tag: Some(tag),
        file: "notes.txt".into(),
        port: 55_000,
        token: Token([1; 16]),
        size: 1_000,
        digest: None,
        modified: None,
        offset: 0,
        settled: NegotiatedOptions::DEFAULT,
    }
}

fn news(tag: u64, state: TransferState) -> Reply {
    Reply::Transfer(TransferNews {
        transfer: 70 + tag,
        tag: Some(tag),
        state,
        place: (state == TransferState::Queued).then_some(2),
        progress: None,
        sentence: None,
        interrupted: false,
    })
}

fn ended(tag: u64, state: TransferState) -> Event {
    let ending = Ending {
        state,
        sentence: None,
        figures: Figures {
            done_bytes: 1_000,
            ..Figures::default()
        },
        elapsed: Duration::from_secs(1),
        path: Some("downloads/notes.txt".into()),
        digest: None,
    };
    Event::Report {
        tag,
        report: Report::Ended(ending),
    }
}

#[test]
fn the_join_and_the_first_list_requests_are_sent_right_after_connecting() {
    let mut client = Controller::new(RequestedOptions::default(), true);
    connect(&mut client, "host:7", " dana ");
    let effects = client.take_effects();
    let Some(Effect::Connect(address)) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(address.to_string(), "host:7");
    let join = Request::Join {
        name: "dana".into(),
        version: VERSION,
        token: None,
    };
    assert_eq!(effects[1], Effect::Send(join));
    assert_eq!(effects[2], Effect::Send(Request::Users));
    assert_eq!(client.model().phase, Phase::Joining);
}

#[test]
fn an_invalid_form_is_reported_in_the_form() {
    let mut client = Controller::new(RequestedOptions::default(), true);
    connect(&mut client, "", "  ");
    let problem = client.model().login_problem.as_ref().unwrap();
    assert_eq!(problem.sentence(), "Choose a name of one word.");
    assert!(client.take_effects().is_empty());
}

#[test]
fn a_taken_name_returns_to_the_login_form_with_a_suggestion() {
    let mut client = Controller::new(RequestedOptions::default(), true);
    connect(&mut client, "", "dana");
    let refusal = Refusal {
        code: Code::NameTaken,
        sentence: "The name \"dana\" is taken. Choose another.".into(),
        suggestion: Some("dana2".into()),
    };
    reply(&mut client, Reply::Refused(refusal.clone()));
    assert_eq!(client.model().phase, Phase::Login);
    assert_eq!(
        client.model().login_problem,
        Some(LoginProblem::Refused {
            sentence: refusal.sentence,
            suggestion: refusal.suggestion,
        })
    );
    assert!(client.take_effects().contains(&Effect::HangUp));
}

#[test]
fn the_first_lists_fill_only_the_window_and_later_ones_are_printed_in_the_chat_too() {
    let mut client = joined();
    assert_eq!(client.model().users, ["dana", "guy"]);
    assert!(
        client
            .model()
            .chat
            .lines()
            .all(|it| it.kind != LineKind::Output)
    );
    assert_eq!(typed(&mut client, "/users"), [Request::Users]);
    users(&mut client, &["dana"]);
    assert_eq!(last_line(&client).text, "Online (1): dana");
}

#[test]
fn a_list_in_several_messages_is_shown_once_it_is_complete() {
    let mut client = joined();
    typed(&mut client, "/users");
    let names = vec!["a".to_owned()];
    reply(&mut client, Reply::Users { names, more: true });
    assert_eq!(client.model().users, ["dana", "guy"]);
    users(&mut client, &["b"]);
    assert_eq!(last_line(&client).text, "Online (2): a, b");
}

#[test]
fn plain_text_goes_to_the_chosen_recipient_even_after_that_user_has_left() {
    let mut client = joined();
    let say = Request::Say { text: "hi".into() };
    assert_eq!(typed(&mut client, "hi"), [say]);
    client.on_intent(Intent::ChooseTo(Audience::One("guy".into())), 0);
    let left = Reply::Left {
        name: "guy".into(),
        why: "disconnected".into(),
    };
    reply(&mut client, left);
    let whisper = Request::Whisper {
        to: "guy".into(),
        text: "secret".into(),
    };
    assert_eq!(typed(&mut client, "secret"), [whisper]);
    let complaint = Complaint {
        code: Code::NoSuchUser,
        sentence: "There is no user \"guy\".".into(),
        tag: None,
    };
    reply(&mut client, Reply::Error(complaint));
    assert_eq!(last_line(&client).kind, LineKind::Error);
    assert_eq!(last_line(&client).text, "There is no user \"guy\".");
}

#[test]
fn a_line_goes_to_the_conversation_in_which_it_was_typed() {
    let mut client = joined();
    client.on_intent(Intent::ChooseTo(Audience::One("guy".into())), 0);
    client.on_intent(Intent::ChooseConversation { place: 0 }, 0);
    let (to, line) = (Audience::One("guy".into()), "secret".to_owned());
    client.on_intent(Intent::Write { to, line }, 0);
    let whisper = Request::Whisper {
        to: "guy".into(),
        text: "secret".into(),
    };
    assert_eq!(requests(&mut client), [whisper]);
}

#[test]
fn pasted_lines_are_sent_unchanged() {
    let mut client = joined();
    client.on_intent(
        Intent::SayLines {
            to: Audience::All,
            lines: vec!["/quit".into(), "download a.txt".into()],
        },
        0,
    );
    let say = |text: &str| Request::Say { text: text.into() };
    assert_eq!(requests(&mut client), [say("/quit"), say("download a.txt")]);
}

#[test]
fn a_name_in_another_case_selects_the_same_conversation() {
    let mut client = joined();
    typed(&mut client, "/to GUY");
    assert_eq!(client.model().to(), &Audience::One("guy".into()));
    assert_eq!(last_line(&client).text, "To: guy");
    typed(&mut client, "/close");
    assert_eq!(client.model().to(), &Audience::All);
    typed(&mut client, "/close");
    assert_eq!(last_line(&client).kind, LineKind::Error);
}

#[test]
fn clear_empties_the_conversation_and_search_finds_its_lines() {
    let mut client = joined();
    typed(&mut client, "/help");
    typed(&mut client, "/search WHISPER");
    let search = client.model().chat.search().expect("a search");
    assert!(search.current().is_some());
    client.on_intent(Intent::Search(None), 0);
    typed(&mut client, "/clear");
    assert_eq!(client.model().chat.chosen().lines().lines().count(), 0);
}

#[test]
fn only_lines_of_other_users_count_as_unread() {
    let mut client = joined();
    for from in ["dana", "guy"] {
        let said = Said {
            from: from.into(),
            text: "hi".into(),
            time: 5,
        };
        reply(&mut client, Reply::Said(said));
    }
    assert_eq!(client.model().unread_total(), 1);
    client.on_intent(Intent::Seen, 0);
    assert_eq!(client.model().unread_total(), 0);
}

#[test]
fn a_sent_and_a_received_direct_message_are_displayed_differently() {
    let mut client = joined();
    for (from, to) in [("dana", "guy"), ("guy", "dana")] {
        let whispered = Whispered {
            from: from.into(),
            to: to.into(),
            text: "psst".into(),
            time: 5,
        };
        reply(&mut client, Reply::Whispered(whispered));
    }
    let lines: Vec<_> = client
        .model()
        .chat
        .lines()
        .map(ToString::to_string)
        .collect();
    assert!(
        lines.contains(&"you to guy (direct): psst".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"guy (direct): psst".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn a_lost_connection_ends_the_waiting_transfers_with_a_reason() {
    let mut client = joined();
    typed(&mut client, "/download notes.txt");
    typed(&mut client, "/download notes.txt");
    reply(&mut client, Reply::Offer(offer(1)));
    let _ = client.take_effects();
    client.on_event(Event::Lost("The server closed the connection.".into()), 0);
    assert_eq!(client.take_effects(), [Effect::CancelTransfer { tag: 1 }]);
    let waiting = client.model().transfer(2).unwrap().state;
    assert_eq!(waiting, TransferState::Failed);
    assert!(matches!(client.model().phase, Phase::Lost { .. }));
    assert!(client.model().users.is_empty());
    client.on_intent(Intent::Close, 0); // Leaving now is not the reason.
    client.on_event(ended(1, TransferState::Cancelled), 0);
    let stopped = client.model().transfer(1).unwrap();
    assert_eq!(stopped.state, TransferState::Failed);
    assert!(
        stopped
            .sentence
            .as_ref()
            .unwrap()
            .contains("closed the connection")
    );
    typed(&mut client, "hi");
    assert_eq!(last_line(&client).text, NOT_CONNECTED);
}

#[test]
fn a_silent_server_is_pinged_and_then_considered_lost() {
    let mut client = joined();
    client.on_event(Event::Tick, 1_000 + PING_AFTER_MS);
    client.on_event(Event::Tick, 2_000 + PING_AFTER_MS);
    assert_eq!(requests(&mut client), [Request::Ping]);
    let round_trip = Duration::from_millis(40);
    client.on_event(Event::RoundTrip(round_trip), 1_900 + PING_AFTER_MS);
    client.on_event(Event::Reply(Reply::Pong), 1_900 + PING_AFTER_MS);
    assert_eq!(client.model().round_trip, Some(round_trip));
    client.on_event(Event::Tick, 1_900 + PING_AFTER_MS + LOST_AFTER_MS);
    assert!(matches!(client.model().phase, Phase::Lost { .. }));
}

#[test]
fn a_join_or_download_without_an_answer_times_out() {
    let mut client = Controller::new(RequestedOptions::default(), false);
    connect(&mut client, "", "dana");
    client.on_event(Event::Tick, ANSWER_AFTER_MS);
    let problem = client.model().login_problem.as_ref().unwrap();
    assert!(problem.sentence().contains("does not answer"));
    let mut client = joined();
    typed(&mut client, "/download notes.txt");
    client.on_event(Event::Tick, 2_000 + ANSWER_AFTER_MS);
    let state = client.model().transfer(1).unwrap().state;
    assert_eq!(state, TransferState::Failed);
}

#[test]
fn closing_the_window_disconnects_cleanly_as_the_disconnect_command_does() {
    for intent in [Intent::Disconnect, Intent::Close] {
        let mut client = joined();
        client.on_intent(intent.clone(), 0);
        let effects = client.take_effects();
        assert_eq!(effects[0], Effect::Send(Request::Disconnect));
        assert_eq!(effects[1], Effect::HangUp);
        assert_eq!(effects.get(2).is_some(), intent == Intent::Close);
        assert_eq!(client.model().phase, Phase::Login);
    }
}

#[test]
fn a_window_of_zero_is_refused_and_the_previous_choice_is_kept() {
    let mut client = joined();
    typed(&mut client, "/window 8");
    typed(&mut client, "/window 0");
    assert_eq!(client.model().options.window, Some(8));
    assert!(last_line(&client).text.contains("choose 1 to"));
}

#[test]
fn a_request_that_is_too_long_for_the_server_is_refused_by_the_client() {
    let mut client = joined();
    let long = "x".repeat(17_500);
    let lines = [
        long.clone(),
        format!("/whisper guy {long}"),
        format!("/kick guy {long}"),
        format!("/unban {long}"),
        format!("/download {long}"),
    ];
    for line in &lines {
        assert_eq!(typed(&mut client, line), [], "{}", &line[..12]);
        let told = last_line(&client);
        assert_eq!(told.kind, LineKind::Error);
        assert!(
            told.text.contains("at most 16384 bytes per line"),
            "{}",
            told.text
        );
    }
    let state = client.model().transfer(1).unwrap().state;
    assert_eq!(state, TransferState::Failed);
    // Each quotation mark takes two bytes in the line.
    assert_eq!(typed(&mut client, &"\"".repeat(9_000)), []);
    assert_eq!(typed(&mut client, &"\"".repeat(8_000)).len(), 1);
}

#[test]
fn a_name_that_is_too_long_for_any_message_is_refused_in_the_form() {
    let mut client = Controller::new(RequestedOptions::default(), true);
    connect(&mut client, "", &"x".repeat(17_500));
    assert_eq!(client.take_effects(), []);
    let problem = client.model().login_problem.as_ref().unwrap();
    assert!(problem.sentence().contains("at most 16384 bytes per line"));
}

#[test]
fn the_number_of_omitted_lines_of_a_long_answer_is_shown() {
    let list = |more| Reply::Files {
        files: (0..2_500)
            .map(|number| FileEntry {
                name: format!("file-{number}"),
                size: 1,
                digest: None,
            })
            .collect(),
        more,
        left_out: 0,
    };
    let mut client = joined();
    typed(&mut client, "/files");
    reply(&mut client, list(true));
    reply(&mut client, list(false));
    assert_eq!(client.model().files.len(), 5_000);
    assert_eq!(last_line(&client).text, "4000 more lines are not shown.");
}
