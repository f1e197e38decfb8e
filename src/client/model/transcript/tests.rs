//! Tests of a page that grows with its conversation.

use super::*;
use crate::client::model::{Chat, LONGEST_CHAT_LINES};
use crate::wire::message::Said;
use proptest::prelude::*;

/// Noon, so that no time zone makes another day of it.
const NOON_MS: u64 = 1_795_262_400_000;

const DAY_MS: u64 = 86_400_000;

fn chat() -> Chat {
    let mut chat = Chat::default();
    chat.set_me("dana");
    chat.watch(Some(Audience::All));
    chat
}

fn say(chat: &mut Chat, text: &str) {
    let from = "guy".to_owned();
    chat.push(NOON_MS, LineKind::Said { from }, text);
}

fn join(chat: &mut Chat, name: &str) {
    let name = name.to_owned();
    chat.push(NOON_MS, LineKind::Joined { name }, "");
}

fn leave(chat: &mut Chat, name: &str) {
    let name = name.to_owned();
    chat.push(NOON_MS, LineKind::Left { name }, "");
}

/// The texts of the rows, without the first day.
fn page(transcript: &Transcript) -> Vec<String> {
    let rows = transcript.rows().iter().skip(1);
    rows.map(|row| match &row.shows {
        Shows::Day(day) => day.clone(),
        Shows::Earlier => "earlier".to_owned(),
        Shows::New => "new".to_owned(),
        Shows::Line(line) => line.to_string(),
        Shows::Fold { sentence, .. } => sentence.clone(),
    })
    .collect()
}

#[test]
fn a_heading_separates_the_history_from_the_time_before_the_join() {
    let (mut chat, mut transcript) = (chat(), Transcript::default());
    chat.push(NOON_MS, LineKind::Notice, "Joined.");
    let from = "guy".to_owned();
    let history = [1, 2].map(|number| Said {
        from: from.clone(),
        text: number.to_string(),
        time: NOON_MS - 1,
    });
    chat.push_history(&history, false);
    say(&mut chat, "now");
    transcript.follow(chat.chosen());
    let rows = page(&transcript);
    assert_eq!(rows[..4], ["* Joined.", "earlier", "<guy> 1", "<guy> 2"]);
    assert_eq!(rows.len(), 5);
}

#[test]
fn consecutive_joins_and_leaves_are_folded_into_one_growing_sentence() {
    let (mut chat, mut transcript) = (chat(), Transcript::default());
    join(&mut chat, "a");
    assert_eq!(transcript.follow(chat.chosen()), Change::All);
    assert_eq!(page(&transcript), ["a joined"]);
    join(&mut chat, "b");
    let change = Change::Rows {
        gone: 0,
        taken_back: 1,
        new: 1,
    };
    assert_eq!(transcript.follow(chat.chosen()), change);
    assert_eq!(page(&transcript), ["a and b joined"]);
    for name in ["c", "d", "e"] {
        join(&mut chat, name);
    }
    leave(&mut chat, "b");
    leave(&mut chat, "z");
    transcript.follow(chat.chosen());
    let sentence = "a, c and 2 others joined; b joined and left; z left";
    assert_eq!(page(&transcript), [sentence]);

    say(&mut chat, "hi");
    leave(&mut chat, "a");
    join(&mut chat, "a");
    transcript.follow(chat.chosen());
    let more = ["<guy> hi", "a left and came back"];
    assert_eq!(page(&transcript), [&[sentence][..], &more].concat());
}

#[test]
fn a_fold_can_be_expanded_and_collapsed() {
    let (mut chat, mut transcript) = (chat(), Transcript::default());
    join(&mut chat, "a");
    join(&mut chat, "b");
    say(&mut chat, "hi");
    transcript.follow(chat.chosen());
    assert!(!transcript.toggle(2), "a line has nothing to unfold");
    assert!(transcript.toggle(0));
    assert_eq!(transcript.follow(chat.chosen()), Change::All);
    assert_eq!(page(&transcript), ["a joined", "b joined", "<guy> hi"]);
    assert!(transcript.toggle(1), "any of its lines folds it");
    transcript.follow(chat.chosen());
    assert_eq!(page(&transcript), ["a and b joined", "<guy> hi"]);
}

#[test]
fn the_dividing_line_is_placed_before_the_first_unread_line_and_disappears() {
    let (mut chat, mut transcript) = (chat(), Transcript::default());
    say(&mut chat, "seen");
    transcript.follow(chat.chosen());
    chat.watch(None);
    say(&mut chat, "unseen");
    let change = Change::Rows {
        gone: 0,
        taken_back: 0,
        new: 2,
    };
    assert_eq!(transcript.follow(chat.chosen()), change);
    assert_eq!(page(&transcript), ["<guy> seen", "new", "<guy> unseen"]);

    chat.watch(Some(Audience::All));
    chat.push(
        NOON_MS,
        LineKind::Said {
            from: "dana".into(),
        },
        "hi",
    );
    assert_eq!(transcript.follow(chat.chosen()), Change::All);
    assert!(!page(&transcript).contains(&"new".to_owned()));
}

#[test]
fn each_day_has_one_heading_whatever_the_clock_does() {
    let (mut chat, mut transcript) = (chat(), Transcript::default());
    for time_ms in [NOON_MS, NOON_MS + DAY_MS, NOON_MS, NOON_MS + DAY_MS] {
        chat.push(time_ms, LineKind::Notice, "x");
    }
    transcript.follow(chat.chosen());
    let days = transcript.rows().iter();
    let days = days.filter(|row| matches!(row.shows, Shows::Day(_)));
    assert_eq!(days.count(), 2);
}

#[test]
fn forgotten_lines_are_removed_from_the_transcript_in_large_blocks() {
    let (mut chat, mut transcript) = (chat(), Transcript::default());
    say(&mut chat, "first");
    transcript.follow(chat.chosen());
    let mut gone_in_all = 0;
    for number in 0..LONGEST_CHAT_LINES + 1_200 {
        say(&mut chat, &number.to_string());
        chat.forget_the_oldest();
        match transcript.follow(chat.chosen()) {
            Change::All => panic!("everything anew"),
            Change::Rows { gone: 0, .. } => {}
            Change::Rows { gone, .. } => {
                assert!(gone >= FORGOTTEN_AT_ONCE);
                gone_in_all += gone;
            }
        }
    }
    assert!(gone_in_all >= 1_000);
    assert!(transcript.rows().len() <= LONGEST_CHAT_LINES + FORGOTTEN_AT_ONCE);
}

#[test]
fn a_cleared_conversation_is_empty_even_when_a_new_line_arrives_immediately() {
    let (mut chat, mut transcript) = (chat(), Transcript::default());
    say(&mut chat, "old");
    transcript.follow(chat.chosen());
    chat.clear();
    say(&mut chat, "new");
    assert_eq!(transcript.follow(chat.chosen()), Change::All);
    assert_eq!(page(&transcript), ["<guy> new"]);
}

/// The possible events.
#[derive(Debug, Clone)]
enum Operation {
    Said,
    Joined(u8),
    Left(u8),
    Watch(bool),
    Toggle(u8),
    Follow,
}

fn step() -> impl Strategy<Value = Operation> {
    prop_oneof![
        Just(Operation::Said),
        (0..9_u8).prop_map(Operation::Joined),
        (0..9_u8).prop_map(Operation::Left),
        any::<bool>().prop_map(Operation::Watch),
        (0..40_u8).prop_map(Operation::Toggle),
        Just(Operation::Follow),
    ]
}

proptest! {
    /// Whatever the order of calls, the rows contain every line once and in order; a
    /// window that applies each change has the same rows; and no name in a folded row is
    /// lost.
    #[test]
    fn folding_loses_no_line_and_no_name(
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let (mut chat, mut transcript) = (chat(), Transcript::default());
        let mut window: Vec<Row> = Vec::new();
        for step in steps {
            match step {
                Operation::Said => say(&mut chat, "hi"),
                Operation::Joined(who) => join(&mut chat, &format!("n{who}")),
                Operation::Left(who) => leave(&mut chat, &format!("n{who}")),
                Operation::Watch(is_seen) => chat.watch(is_seen.then_some(Audience::All)),
                Operation::Toggle(number) => {
                    transcript.toggle(number.into());
                }
                Operation::Follow => {}
            }
            match transcript.follow(chat.chosen()) {
                Change::All => window.clear(),
                Change::Rows { gone, taken_back, .. } => {
                    window.drain(..gone);
                    window.truncate(window.len() - taken_back);
                }
            }
            let new = transcript.rows().iter().skip(window.len()).cloned();
            window.extend(new.collect::<Vec<_>>());
            prop_assert!(window.iter().eq(transcript.rows()));

            let mut lines = Vec::new();
            for row in transcript.rows() {
                match &row.shows {
                    Shows::Line(line) => lines.push(line),
                    Shows::Fold { sentence, lines: folded } => {
                        prop_assert!(folded.len() >= 2);
                        lines.extend(folded);
                        let mut names: Vec<_> =
                            folded.iter().filter_map(|line| line.name()).collect();
                        names.sort_unstable();
                        names.dedup();
                        let others: usize = sentence
                            .split(" and ")
                            .filter_map(|part| part.split(' ').next()?.parse::<usize>().ok())
                            .sum();
                        let named = names
                            .iter()
                            .filter(|name| {
                                let mut words = sentence.split([' ', ',', ';']);
                                words.any(|word| word == **name)
                            })
                            .count();
                        prop_assert_eq!(named + others, names.len(), "{}", sentence);
                    }
                    Shows::Day(_) | Shows::Earlier | Shows::New => {}
                }
            }
            prop_assert!(lines.into_iter().eq(chat.chosen().lines().lines()));
        }
    }
}
