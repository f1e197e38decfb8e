//! Tests of the meaning of lines, and of the answers to wrong ones.

use super::*;

fn download(line: &str) -> (String, RequestedOptions) {
    match read(line, &[]) {
        Ok(Command::Download { file, asked }) => (file, asked),
        other => panic!("{line}: {other:?}"),
    }
}

fn said(text: &str) -> Command {
    Command::Say {
        text: text.to_owned(),
    }
}

#[test]
fn plain_text_is_sent_and_two_slashes_send_one() {
    assert_eq!(read("hi there\r\n", &[]), Ok(said("hi there")));
    assert_eq!(read("//users", &[]), Ok(said("/users")));
    assert_eq!(read("  \n", &[]), Ok(Command::Nothing));
}

#[test]
fn a_file_name_with_spaces_may_be_quoted_or_unquoted() {
    let asked = RequestedOptions {
        arq: Some(Arq::GoBackN),
        window: Some(8),
        ..RequestedOptions::default()
    };
    let options = "--arq go-back-n --window 8";
    for name in ["my summer photo.jpg", "\"my summer photo.jpg\""] {
        let read = download(&format!("/download {name} {options}"));
        assert_eq!(read, ("my summer photo.jpg".to_owned(), asked));
    }
    assert_eq!(download("/download \"a --b.txt\"").0, "a --b.txt");
}

#[test]
fn an_upload_takes_a_path_and_a_pause_takes_an_optional_number() {
    let expected = Ok(Command::Upload {
        path: "/tmp/my notes.txt".into(),
        asked: RequestedOptions {
            arq: Some(Arq::GoBackN),
            ..RequestedOptions::default()
        },
    });
    assert_eq!(
        read("/upload /tmp/my notes.txt --arq go-back-n", &[]),
        expected
    );
    assert_eq!(read("/pause", &[]), Ok(Command::Pause { tag: None }));
    assert_eq!(read("/resume 2", &[]), Ok(Command::Resume { tag: Some(2) }));
    assert_eq!(read("/proceed", &[]), Ok(Command::Resume { tag: None }));
    let half = Ok(Command::PauseAt(Some(Share::HALF)));
    assert_eq!(read("/pause-at 50%", &[]), half);
    assert_eq!(read("/pause-at off", &[]), Ok(Command::PauseAt(None)));
    assert!(read("/pause-at never", &[]).is_err());
}

#[test]
fn a_cancel_may_delete_the_partial_file_and_a_retry_takes_an_optional_number() {
    let discard = |tag| Ok(Command::Discard { tag });
    assert_eq!(read("/cancel 2 delete", &[]), discard(Some(2)));
    assert_eq!(read("/cancel delete", &[]), discard(None));
    assert_eq!(read("/cancel 2", &[]), Ok(Command::Cancel { tag: Some(2) }));
    assert!(read("/cancel 2 deleted", &[]).is_err());
    assert_eq!(read("/retry", &[]), Ok(Command::Retry { tag: None }));
    let skip = Ok(Command::Overwrite(Some(Overwrite::Skip)));
    assert_eq!(read("/overwrite skip", &[]), skip);
    let why = read("/overwrite ask", &[]).unwrap_err();
    assert!(why.contains("choose keep, replace, skip or fail"), "{why}");
}

#[test]
fn the_older_shortcuts_still_work() {
    assert_eq!(
        read("!pm dana hi you", &[]),
        Ok(Command::Whisper {
            to: "dana".into(),
            text: "hi you".into()
        })
    );
    assert_eq!(download("!df notes.txt").0, "notes.txt");
    assert_eq!(download("download notes.txt").0, "notes.txt");
}

#[test]
fn a_sentence_that_begins_with_download_is_sent_unless_it_names_a_file() {
    let text = "download the notes";
    assert_eq!(read(text, &[]), Ok(said(text)));
    let files = [FileEntry {
        name: "the notes".into(),
        size: 1,
        digest: None,
    }];
    let expected = Ok(Command::Download {
        file: "the notes".into(),
        asked: RequestedOptions::default(),
    });
    assert_eq!(read(text, &files), expected);
}

#[test]
fn an_invalid_command_or_argument_is_answered_with_a_suggestion() {
    let why = |line| read(line, &[]).unwrap_err();
    assert_eq!(
        why("/flies"),
        "There is no command /flies. Did you mean /files?"
    );
    assert_eq!(
        why("/nonsense"),
        "There is no command /nonsense. See /help."
    );
    assert!(why("/arq x").ends_with("selective-repeat or sack."));
    assert!(why("/cancel x").contains("/transfers"));
    assert!(why("/whisper dana").ends_with("Write /whisper NAME TEXT."));
    assert!(why("/arq tahoe").contains("choose stop-and-wait"));
    assert!(why("/congestion vegas").contains("reno, cubic, bbr"));
    assert!(why("/window many").contains("not a number"));
    assert!(why("/download a --arq").contains("--arq needs a value."));
    assert!(why("/download a --fast 1").contains("not an option"));
}

#[test]
fn a_command_prefix_matches_every_command_that_it_begins() {
    let names = |line: &str| -> Vec<&str> {
        matching(line).iter().map(|usage| usage.names[0]).collect()
    };
    assert_eq!(names("/wi"), ["window"]);
    assert_eq!(names("/pau"), ["pause", "pause-at"]);
    assert_eq!(names("/pause"), ["pause", "pause-at"]);
    assert_eq!(names("/pause 1"), ["pause"]);
    assert_eq!(names("/pm dana"), ["whisper"]);
    assert_eq!(names("/").len(), COMMANDS.len());
    for not_one in ["", "hi", "//hi", "/nonsense", "/wi dana"] {
        assert!(names(not_one).is_empty(), "{not_one}");
    }
}

#[test]
fn the_help_lists_every_command_in_two_columns() {
    let help = help();
    for usage in COMMANDS {
        let line = help
            .iter()
            .find(|it| it.trim().starts_with(&usage.synopsis()));
        let line = line.expect(usage.names[0]);
        assert_eq!(
            line.find(usage.explanation),
            Some(2 + SYNOPSIS_WIDTH),
            "{line}"
        );
    }
    assert!(help.iter().all(|line| line.len() <= 76), "{help:#?}");
}

#[test]
fn the_word_default_resets_a_choice() {
    assert_eq!(read("/arq default", &[]), Ok(Command::Arq(None)));
    assert_eq!(read("/window 8", &[]), Ok(Command::Window(Some(8))));
    let reno = Command::Congestion(Some(Congestion::Reno));
    assert_eq!(read("/congestion reno", &[]), Ok(reno));
    let unset = Command::Congestion(None);
    assert_eq!(read("/congestion default", &[]), Ok(unset));
}

#[test]
fn every_controller_is_in_the_help_and_can_follow_a_file_name() {
    let usage = COMMANDS
        .iter()
        .find(|it| it.names == ["congestion"])
        .unwrap();
    let names = Congestion::ALL.map(Congestion::name);
    assert_eq!(usage.choices, [&names[..], &["default"]].concat());
    for congestion in Congestion::ALL {
        let (file, asked) =
            download(&format!("/download a.txt --congestion {congestion}"));
        assert_eq!((&*file, asked.congestion), ("a.txt", Some(congestion)));
    }
}

#[test]
fn a_kick_takes_a_name_and_an_optional_reason() {
    let kick = |why: &str| Command::Kick {
        name: "guy".into(),
        why: why.into(),
    };
    assert_eq!(read("/kick guy", &[]), Ok(kick("")));
    assert_eq!(
        read("/kick guy too much noise", &[]),
        Ok(kick("too much noise"))
    );
    assert_eq!(read("/bans", &[]), Ok(Command::Bans));
    assert_eq!(
        read("/ban", &[]).unwrap_err(),
        "Whom? Write /ban NAME [WHY]."
    );
}

#[test]
fn a_link_takes_a_scenario_and_a_kill_takes_a_packet_and_an_optional_transfer() {
    assert_eq!(read("/link", &[]), Ok(Command::Link(None)));
    let scenario: Scenario = "seed=7; loss=10%".parse().unwrap();
    let link = Ok(Command::Link(Some(Box::new(scenario))));
    assert_eq!(read("/link seed=7; loss=10%", &[]), link);
    let packet = "a3.2".parse().unwrap();
    let tag = Some(2);
    let kill = Ok(Command::Kill { packet, tag });
    assert_eq!(read("/kill a3.2 2", &[]), kill);
    let why = read("/kill", &[]).unwrap_err();
    assert_eq!(
        why,
        "Write a packet, such as d0.1 (DATA 0, first attempt). Write /kill PACKET [N]."
    );
}
