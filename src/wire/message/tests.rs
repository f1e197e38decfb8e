//! Tests of the form of messages, and of refused lines.

use super::*;
use crate::wire::options::{Arq, Transport};

#[test]
fn a_keyword_without_fields_is_a_json_string() {
    assert_eq!(Request::from_line("\"users\"").unwrap(), Request::Users);
    assert_eq!(Reply::Pong.to_line(), "\"pong\"\n");
}

#[test]
fn a_join_without_a_version_means_version_1() {
    let join = Request::from_line(r#"{"join":{"name":"dana"}}"#).unwrap();
    assert_eq!(
        join,
        Request::Join {
            name: "dana".to_owned(),
            version: 1,
            token: None,
        }
    );
}

#[test]
fn unusual_json_is_accepted_or_refused_as_the_report_says() {
    for refused in [
        "",
        "null",
        "7",
        r#"{"join":{"name":"dana","version":null}}"#,
        r#"{"say":{"text":"a","text":"b"}}"#,
        r#"{"say":{"text":"a"},"ping":null}"#,
        r#"{"download":{"file":"a","window":7,"window":8}}"#,
        r#"{"download":["a"]}"#,
    ] {
        assert!(Request::from_line(refused).is_err(), "{refused}");
    }
    let say = Request::Say {
        text: "a".to_owned(),
    };
    for read in [r#"{"say":["a"]}"#, r#" {"say" : {"text":"a","new":1} } "#] {
        assert_eq!(Request::from_line(read).unwrap(), say, "{read}");
    }
    let plain = Request::from_line(r#"{"download":{"file":"a"}}"#).unwrap();
    let nulls = r#"{"download":{"file":"a","tag":null,"window":null,"prefix":null}}"#;
    assert_eq!(Request::from_line(nulls).unwrap(), plain);
}

#[test]
fn a_download_request_contains_only_the_chosen_options() {
    let line = r#"{"download":{"file":"notes.pdf","arq":"go-back-n","window":8}}"#;
    let Request::Download(request) = Request::from_line(line).unwrap() else {
        panic!("not a download");
    };
    let asked = RequestedOptions {
        arq: Some(Arq::GoBackN),
        window: Some(8),
        ..RequestedOptions::default()
    };
    assert_eq!(request.asked, asked);
    assert_eq!(request.tag, None);
    assert_eq!(Request::Download(request).to_line().trim_end(), line);
}

#[test]
fn an_offer_is_encoded_and_decoded_without_change() {
    let offer = Reply::Offer(Offer {
        transfer: 3,
        tag: Some(9),
        file: "שלום 🎈.txt".to_owned(),
        port: 55_000,
        token: Token([7; 16]),
        size: 5,
        digest: None,
        modified: Some(1_760_000_000_000),
        offset: 3,
        settled: NegotiatedOptions {
            transport: Transport::Tcp,
            ..NegotiatedOptions::DEFAULT
        },
    });
    assert_eq!(Reply::from_line(offer.to_line().trim_end()).unwrap(), offer);
}

#[test]
fn unknown_keywords_wrong_types_and_deep_json_are_errors_not_panics() {
    let deep = "[".repeat(10_000);
    for line in [
        "",
        "hello",
        "{}",
        "null",
        r#"{"dance":{}}"#,
        r#"{"say":"hi"}"#,
        r#"{"say":{"text":7}}"#,
        r#"{"say":{"text":"a"},"users":{}}"#,
        r#"{"download":{"file":"a","window":-1}}"#,
        deep.as_str(),
    ] {
        assert!(Request::from_line(line).is_err(), "{line:.40}");
    }
}

#[test]
fn unknown_fields_are_ignored() {
    let line = r#"{"say":{"text":"hi","colour":"red"}}"#;
    assert_eq!(
        Request::from_line(line).unwrap(),
        Request::Say { text: "hi".into() }
    );
}
