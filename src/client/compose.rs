//! The line that the user writes: a draft and a history for each conversation, Tab, and
//! pasted lines.
//!
//! The idea: a front end passes its field, and gets back the new content. The draft for
//! one user stays in that conversation: neither a draft nor an earlier line ever appears
//! where others would receive it.
//!
//! ```text
//! Up     the line before, the draft is kept       Tab    the first completion, then the
//! Down   the line after, at last the draft                next; with Shift the one before
//! ```
//!
//! Pure: no widget, no clock.

use super::commands;
use super::complete::{Known, complete};
use super::model::{Audience, MOST_CONVERSATIONS};
use std::collections::HashMap;

/// A field as a user sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// Its text.
    pub text: String,
    /// The place of the cursor. Unit: bytes.
    pub cursor: usize,
}

/// The effect of Enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entered {
    /// The line is done.
    Done(String),
    /// The beginning of a command is completed first.
    Completed(Field),
}

/// The effect of a pasted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pasted {
    /// One line, which is inserted into the field.
    Line(Field),
    /// Several lines: the user must confirm. They include the text of the field around
    /// them.
    Lines(Vec<String>),
}

/// All drafts.
#[derive(Debug, Default)]
pub struct Composer {
    shown: Audience,
    talks: HashMap<Audience, Talk>,
    cycle: Option<Cycle>,
}

/// The draft and the sent lines of one conversation.
#[derive(Debug, Default)]
struct Talk {
    draft: String,
    history: Vec<String>,
    /// The place in the history that the field shows; after the last one: the draft.
    place: usize,
}

/// The state after Tab, for the next Tab.
#[derive(Debug)]
struct Cycle {
    /// The result of the last Tab.
    made: Field,
    start: usize,
    candidates: Vec<String>,
    place: usize,
}

/// The limit of remembered lines of one conversation.
const LONGEST_HISTORY: usize = 200;

impl Field {
    /// A field with the cursor at its end.
    #[must_use]
    pub fn ending(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            cursor: text.len(),
        }
    }

    /// Replaces the text from `start` to `end` by `new`, with the cursor after it.
    fn with(&self, start: usize, end: usize, new: &str) -> Self {
        let before = self.text.get(..start).unwrap_or_default();
        let after = self.text.get(end..).unwrap_or_default();
        Self {
            text: format!("{before}{new}{after}"),
            cursor: before.len() + new.len(),
        }
    }
}

impl Composer {
    /// Another conversation is shown, and the field contained `text`: returns its new
    /// content. `None` if it is the same conversation.
    pub fn turn_to(&mut self, with: &Audience, text: &str) -> Option<Field> {
        if *with == self.shown {
            return None;
        }
        let talk = self.talk();
        text.clone_into(&mut talk.draft);
        talk.place = talk.history.len();
        self.cycle = None;
        self.shown = with.clone();
        if self.talks.len() > MOST_CONVERSATIONS {
            self.forget_the_emptiest();
        }
        Some(Field::ending(&self.talk().draft))
    }

    /// The arrow up: the previous line.
    pub fn up(&mut self, text: &str) -> Option<Field> {
        let talk = self.talk();
        let place = talk.place.checked_sub(1)?;
        if talk.place == talk.history.len() {
            text.clone_into(&mut talk.draft);
        }
        talk.place = place;
        talk.history.get(place).map(|line| Field::ending(line))
    }

    /// The arrow down: the next line, and finally the draft.
    pub fn down(&mut self) -> Option<Field> {
        let talk = self.talk();
        if talk.place >= talk.history.len() {
            return None;
        }
        talk.place += 1;
        let line = talk.history.get(talk.place).unwrap_or(&talk.draft);
        Some(Field::ending(line))
    }

    /// Tab: the word before the cursor becomes its first completion, then the next one;
    /// `is_back`: the previous one.
    pub fn tab(&mut self, field: &Field, known: &Known, is_back: bool) -> Option<Field> {
        let mut cycle = match self.cycle.take().filter(|cycle| cycle.made == *field) {
            Some(cycle) => cycle.turned(is_back),
            None if is_back => return None,
            None => Cycle::begin(field, known)?,
        };
        let candidate = cycle.candidates.get(cycle.place)?;
        cycle.made = field.with(cycle.start, field.cursor, candidate);
        let made = cycle.made.clone();
        // A single completion is final: the next Tab completes the following word.
        self.cycle = (cycle.candidates.len() > 1).then_some(cycle);
        Some(made)
    }

    /// Enter. The beginning of a command that has only one completion is completed first.
    pub fn enter(&mut self, text: &str) -> Entered {
        let found = commands::matching(text.trim_end());
        let is_begun = |name: &str| text.trim_end() != format!("/{name}");
        if let [usage] = found[..]
            && !text.trim_end().contains(' ')
            && usage.names.iter().all(|name| is_begun(name))
            && let Some(name) = usage.names.first()
        {
            if usage.arguments.is_empty() {
                return self.done(&format!("/{name}"));
            }
            return Entered::Completed(Field::ending(&format!("/{name} ")));
        }
        self.done(text)
    }

    /// Inserts a text from the clipboard at the cursor.
    pub fn paste(&mut self, field: &Field, pasted: &str) -> Pasted {
        let pasted = pasted.trim_end_matches(['\r', '\n']);
        let made = field.with(field.cursor, field.cursor, pasted);
        let lines = made.text.lines().map(str::trim_end);
        let lines: Vec<String> = lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect();
        match &lines[..] {
            [] | [_] => Pasted::Line(Field {
                text: made.text.replace(['\r', '\n'], ""),
                ..made
            }),
            [_, _, ..] => Pasted::Lines(lines),
        }
    }

    /// A line was sent: it is remembered, and the field becomes empty.
    pub fn done(&mut self, text: &str) -> Entered {
        self.cycle = None;
        let talk = self.talk();
        if !text.trim().is_empty() && talk.history.last().is_none_or(|it| it != text) {
            talk.history.push(text.to_owned());
        }
        if talk.history.len() > LONGEST_HISTORY {
            talk.history.remove(0);
        }
        talk.place = talk.history.len();
        talk.draft.clear();
        Entered::Done(text.to_owned())
    }

    fn talk(&mut self) -> &mut Talk {
        self.talks.entry(self.shown.clone()).or_default()
    }

    fn forget_the_emptiest(&mut self) {
        let others = self.talks.iter().filter(|(with, _)| **with != self.shown);
        let emptiest = others
            .min_by_key(|(_, talk)| (talk.draft.len(), talk.history.len()))
            .map(|(with, _)| with.clone());
        if let Some(with) = emptiest {
            self.talks.remove(&with);
        }
    }
}

impl Cycle {
    fn begin(field: &Field, known: &Known) -> Option<Self> {
        let found = complete(&field.text, field.cursor, known);
        (!found.candidates.is_empty()).then(|| Self {
            made: Field::default(),
            start: found.start,
            candidates: found.candidates,
            place: 0,
        })
    }

    fn turned(mut self, is_back: bool) -> Self {
        let count = self.candidates.len();
        let step = if is_back { count - 1 } else { 1 };
        self.place = (self.place + step) % count;
        self
    }
}

/// Several lines as one.
#[must_use]
pub fn as_one(lines: &[String]) -> String {
    let lines = lines.iter().map(|line| line.trim());
    lines.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known {
            users: vec!["guy".into(), "gal".into()],
            ..Known::default()
        }
    }

    fn guy() -> Audience {
        Audience::One("guy".into())
    }

    fn text(field: Option<Field>) -> String {
        field.expect("a field").text
    }

    #[test]
    fn each_conversation_has_its_own_draft() {
        let mut composer = Composer::default();
        assert_eq!(text(composer.turn_to(&guy(), "for all")), "");
        assert_eq!(composer.turn_to(&guy(), "secret"), None);
        composer.done("a secret");
        assert_eq!(text(composer.turn_to(&Audience::All, "psst")), "for all");
        assert_eq!(
            composer.up("for all"),
            None,
            "what guy was told stays there"
        );
        assert_eq!(text(composer.turn_to(&guy(), "for all")), "psst");
        assert_eq!(text(composer.up("psst")), "a secret");
    }

    #[test]
    fn the_arrow_keys_recall_the_history_and_keep_the_draft() {
        let mut composer = Composer::default();
        for line in ["one", "two", "two", " "] {
            composer.done(line);
        }
        assert_eq!(composer.down(), None);
        assert_eq!(text(composer.up("draft")), "two");
        assert_eq!(text(composer.up("two")), "one");
        assert_eq!(composer.up("one"), None);
        assert_eq!(text(composer.down()), "two");
        assert_eq!(text(composer.down()), "draft");
        assert_eq!(composer.down(), None);
    }

    #[test]
    fn the_tab_key_cycles_through_the_completions_and_restarts_after_typing() {
        let mut composer = Composer::default();
        let mut field = Field {
            text: "hi g!".into(),
            cursor: 4,
        };
        for expected in ["hi guy !", "hi gal !", "hi guy !"] {
            field = composer.tab(&field, &known(), false).unwrap();
            assert_eq!(field.text, expected);
            assert_eq!(field.cursor, 7);
        }
        field = composer.tab(&field, &known(), true).unwrap();
        assert_eq!(field.text, "hi gal !");
        let typed = Field::ending("gu");
        assert_eq!(
            composer.tab(&typed, &known(), true),
            None,
            "nothing to go back"
        );
        assert_eq!(text(composer.tab(&typed, &known(), false)), "guy: ");
        assert_eq!(composer.tab(&Field::ending("xx"), &known(), false), None);
    }

    #[test]
    fn the_tab_key_continues_with_the_next_argument_after_a_unique_completion() {
        let mut composer = Composer::default();
        let command = composer.tab(&Field::ending("/wh"), &known(), false);
        assert_eq!(command, Some(Field::ending("/whisper ")));
        let name = composer.tab(&command.unwrap(), &known(), false);
        assert_eq!(name, Some(Field::ending("/whisper guy ")));
    }

    #[test]
    fn the_enter_key_completes_a_command_prefix_that_is_unique() {
        let mut composer = Composer::default();
        let done = |line: &str| Entered::Done(line.to_owned());
        let completed = Entered::Completed(Field::ending("/whisper "));
        assert_eq!(composer.enter("/whi"), completed);
        assert_eq!(composer.enter("/use"), done("/users"));
        for line in [
            "/w",
            "/whisper",
            "/pause",
            "/whisper guy hi",
            "/x",
            "//u",
            "hi",
        ] {
            assert_eq!(composer.enter(line), done(line));
        }
    }

    #[test]
    fn several_pasted_lines_need_a_confirmation_and_one_line_does_not() {
        let mut composer = Composer::default();
        let field = Field {
            text: "see: end".into(),
            cursor: 5,
        };
        let one = Field {
            text: "see: one lineend".into(),
            cursor: 13,
        };
        assert_eq!(composer.paste(&field, "one line\r\n"), Pasted::Line(one));
        let lines = ["see: one", "  two", "three end"].map(str::to_owned);
        let pasted = composer.paste(&field, "one\r\n\n  two \nthree ");
        assert_eq!(pasted, Pasted::Lines(lines.to_vec()));
        assert_eq!(as_one(&lines), "see: one two three end");
    }

    #[test]
    fn the_number_of_kept_drafts_is_bounded() {
        let mut composer = Composer::default();
        for number in 0..1_000 {
            composer.turn_to(&Audience::One(number.to_string()), "draft");
        }
        assert!(composer.talks.len() <= MOST_CONVERSATIONS + 1);
    }
}
