//! Tests of conversations: the place of lines, and unread lines.

use super::*;
use proptest::prelude::*;

fn chat() -> Chat {
    let mut chat = Chat::default();
    chat.set_me("dana");
    chat
}

fn with(name: &str) -> Audience {
    Audience::One(name.to_owned())
}

fn say(chat: &mut Chat, from: &str, text: &str) {
    let from = from.to_owned();
    chat.push(0, LineKind::Said { from }, text);
}

fn whisper(chat: &mut Chat, from: &str, text: &str) {
    let from = from.to_owned();
    chat.push(0, LineKind::WhisperedFrom { from }, text);
}

fn texts(conversation: &Conversation) -> Vec<&str> {
    let lines = conversation.lines().lines();
    lines.map(|line| line.text.as_str()).collect()
}

fn said(time: u64, text: &str) -> Said {
    Said {
        from: "guy".into(),
        text: text.into(),
        time,
    }
}

#[test]
fn a_direct_message_is_shown_in_its_own_conversation_and_not_in_the_public_one() {
    let mut chat = chat();
    say(&mut chat, "guy", "hi");
    whisper(&mut chat, "guy", "psst");
    let [all, guy] = chat.conversations() else {
        panic!("{:?}", chat.conversations());
    };
    assert_eq!(texts(all), ["hi"]);
    assert_eq!((guy.with(), texts(guy)), (&with("guy"), vec!["psst"]));
    assert_eq!(chat.count(), 2, "a terminal shows both");
    assert_eq!(
        chat.chosen().with(),
        &Audience::All,
        "nothing is taken away"
    );
}

#[test]
fn a_sent_direct_message_is_also_shown_where_it_was_typed() {
    let mut chat = chat();
    let to = "guy".to_owned();
    chat.push(0, LineKind::WhisperedTo { to }, "psst");
    assert_eq!(texts(chat.chosen()), ["psst"]);
    assert_eq!(texts(&chat.conversations()[1]), ["psst"]);
    assert_eq!(chat.unread_total(), 0);
}

#[test]
fn joining_and_leaving_are_shown_publicly_and_in_the_conversation_with_that_user() {
    let mut chat = chat();
    whisper(&mut chat, "guy", "psst");
    for name in ["guy", "noa"] {
        let name = name.to_owned();
        chat.push(0, LineKind::Left { name }, "disconnected");
    }
    assert_eq!(chat.conversations()[0].lines().count(), 2);
    assert_eq!(chat.conversations()[1].lines().count(), 2);
    assert_eq!(chat.conversations().len(), 2, "noa has no conversation");
}

#[test]
fn the_output_of_a_command_is_shown_where_it_was_typed() {
    let mut chat = chat();
    chat.choose(&with("guy"));
    chat.push(0, LineKind::Error, "No.");
    assert_eq!(texts(chat.chosen()), ["No."]);
    chat.choose(&Audience::All);
    assert!(texts(chat.chosen()).is_empty());
}

#[test]
fn lines_of_the_watched_conversation_are_read_and_others_wait_below_a_dividing_line() {
    let mut chat = chat();
    chat.watch(Some(Audience::All));
    say(&mut chat, "guy", "seen");
    assert_eq!((chat.unread_total(), chat.chosen().new_from()), (0, None));

    chat.watch(None);
    say(&mut chat, "guy", "hello dana");
    say(&mut chat, "guy", "still there?");
    whisper(&mut chat, "noa", "psst");
    assert_eq!((chat.unread_total(), chat.mentions_total()), (3, 2));
    assert_eq!(chat.chosen().new_from(), Some(1));

    chat.watch(Some(Audience::All));
    assert_eq!((chat.unread_total(), chat.mentions_total()), (1, 1));
    assert_eq!(chat.chosen().new_from(), Some(1), "it is still being read");
    say(&mut chat, "dana", "here I am");
    assert_eq!(chat.chosen().new_from(), None);
}

#[test]
fn leaving_a_conversation_removes_its_dividing_line_once_it_has_been_read() {
    let mut chat = chat();
    say(&mut chat, "guy", "one");
    chat.choose(&with("guy"));
    chat.choose(&Audience::All);
    assert_eq!(chat.chosen().new_from(), Some(0), "nobody has read it");
    chat.watch(Some(Audience::All));
    chat.choose(&with("guy"));
    chat.choose(&Audience::All);
    assert_eq!(chat.chosen().new_from(), None);
}

#[test]
fn closing_a_conversation_selects_the_public_one_and_a_new_direct_message_reopens_it() {
    let mut chat = chat();
    whisper(&mut chat, "guy", "one");
    chat.choose(&with("guy"));
    chat.close(&with("guy"));
    assert_eq!(chat.chosen().with(), &Audience::All);
    assert_eq!(chat.conversations().len(), 1);
    chat.close(&Audience::All);
    assert_eq!(chat.conversations().len(), 1, "all stays");
    whisper(&mut chat, "guy", "two");
    assert_eq!(texts(&chat.conversations()[1]), ["two"]);
}

#[test]
fn a_thousand_direct_messages_leave_the_chosen_conversation_open() {
    let mut chat = chat();
    chat.choose(&with("noa"));
    for number in 0..1_000 {
        whisper(&mut chat, &format!("stranger{number}"), "buy");
    }
    assert_eq!(chat.conversations().len(), MOST_CONVERSATIONS);
    assert_eq!(chat.chosen().with(), &with("noa"));
    let last = chat.conversations().last().unwrap();
    assert_eq!(last.with(), &with("stranger999"));
}

#[test]
fn the_history_after_a_reconnect_adds_only_missing_lines() {
    let mut chat = chat();
    chat.push_history(&[said(1, "a"), said(2, "b")], false);
    let unknown = chat.unknown_of(vec![said(2, "b"), said(2, "b"), said(3, "c")]);
    assert_eq!(
        unknown,
        [said(2, "b"), said(3, "c")],
        "the second b is another"
    );
    chat.push_history(&unknown, true);
    assert_eq!(texts(chat.chosen()), ["a", "b", "b", "c"]);
    assert_eq!(chat.unread_total(), 2, "what was missed is news");
}

#[test]
fn the_latest_speaker_comes_first() {
    let mut chat = chat();
    for from in ["guy", "noa", "dana", "guy"] {
        say(&mut chat, from, "hi");
    }
    assert_eq!(chat.speakers(), ["guy", "noa"]);
}

#[test]
fn a_search_starts_at_the_newest_match_and_includes_new_lines() {
    let mut chat = chat();
    for text in ["loss", "delay", "LOSS rate"] {
        say(&mut chat, "guy", text);
    }
    chat.set_search(Some("loss"));
    let search = chat.search().unwrap();
    assert_eq!(
        (search.current(), search.standing().as_str()),
        (Some(2), "2 of 2")
    );
    chat.step_search(true);
    assert_eq!(chat.search().unwrap().current(), Some(0));
    chat.step_search(true);
    assert_eq!(chat.search().unwrap().current(), Some(2), "round about");
    say(&mut chat, "guy", "no loss");
    assert_eq!(chat.search().unwrap().standing(), "2 of 3");
    chat.choose(&with("guy"));
    assert_eq!(chat.search().unwrap().standing(), "not found");
    chat.set_search(None);
    assert!(chat.search().is_none());
}

#[test]
fn clearing_removes_only_the_lines_of_the_chosen_conversation() {
    let mut chat = chat();
    say(&mut chat, "guy", "hi");
    whisper(&mut chat, "guy", "psst");
    chat.clear();
    assert!(texts(chat.chosen()).is_empty());
    assert_eq!(texts(&chat.conversations()[1]), ["psst"]);
    assert_eq!(chat.unread_total(), 1);
}

/// The possible events of a chat.
#[derive(Debug, Clone)]
enum Operation {
    Said(u8),
    Whispered(u8),
    Choose(u8),
    Close(u8),
    Watch(Option<u8>),
    Clear,
}

fn step() -> impl Strategy<Value = Operation> {
    prop_oneof![
        (0..4_u8).prop_map(Operation::Said),
        (1..4_u8).prop_map(Operation::Whispered),
        (0..4_u8).prop_map(Operation::Choose),
        (1..4_u8).prop_map(Operation::Close),
        proptest::option::of(0..4_u8).prop_map(Operation::Watch),
        Just(Operation::Clear),
    ]
}

/// 0 means all users as the receiver, and this user as the author.
fn name(number: u8) -> String {
    ["dana", "guy", "noa", "yuval"][usize::from(number)].to_owned()
}

fn audience(number: u8) -> Audience {
    match number {
        0 => Audience::All,
        other => Audience::One(name(other)),
    }
}

proptest! {
    /// The counts equal those of a simple model that keeps every unread line in a list.
    #[test]
    fn the_unread_counts_equal_those_of_a_simple_reference_model(
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let mut chat = chat();
        let mut unread: Vec<Audience> = Vec::new();
        let mut watched: Option<Audience> = None;
        for step in steps {
            match step {
                Operation::Said(who) => {
                    say(&mut chat, &name(who), "hi");
                    if who != 0 && watched != Some(Audience::All) {
                        unread.push(Audience::All);
                    }
                }
                Operation::Whispered(who) => {
                    whisper(&mut chat, &name(who), "psst");
                    if watched != Some(audience(who)) {
                        unread.push(audience(who));
                    }
                }
                Operation::Choose(who) => chat.choose(&audience(who)),
                Operation::Close(who) => {
                    chat.close(&audience(who));
                    unread.retain(|it| *it != audience(who));
                }
                Operation::Watch(who) => {
                    watched = who.map(audience);
                    chat.watch(watched.clone());
                    unread.retain(|it| Some(it) != watched.as_ref());
                }
                Operation::Clear => {
                    let chosen = chat.chosen().with().clone();
                    chat.clear();
                    unread.retain(|it| *it != chosen);
                }
            }
            prop_assert_eq!(chat.unread_total(), unread.len());
            for conversation in chat.conversations() {
                let count = unread.iter().filter(|it| *it == conversation.with()).count();
                prop_assert_eq!(conversation.unread(), count);
                prop_assert!(conversation.mentions() <= count);
                if count > 0 {
                    let new_from = conversation.new_from().expect("a dividing line");
                    prop_assert!(conversation.lines().count() >= new_from + count);
                }
            }
        }
    }
}

#[test]
fn a_local_line_shows_the_time_of_day_although_timeouts_use_a_monotonic_clock() {
    let mut chat = chat();
    chat.push(5_000, LineKind::Notice, "before");
    chat.set_time_of_day(6_000, 3_606_000); // Set an hour on.
    chat.push(6_000, LineKind::Notice, "after");
    chat.set_time_of_day(7_000, 4_000); // Set back.
    chat.push(7_000, LineKind::Notice, "back");
    let times: Vec<u64> = chat.lines().map(|line| line.time_ms).collect();
    assert_eq!(times, [5_000, 3_606_000, 4_000]);
}
