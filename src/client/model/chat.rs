//! The chat: all lines in the order of their arrival, and sorted into conversations.
//!
//! The idea: a direct message belongs to the conversation with one user, never to the
//! public lines. Typed text goes to the selected conversation.
//!
//! ```text
//! all that came     <dana> hi   guy whispers: psst   <dana> bye     for a terminal
//! conversations     all    [ <dana> hi, <dana> bye ]                for a window
//!                   guy    [ guy whispers: psst ]          1 unread
//! ```
//!
//! A conversation begins with its first direct message, or when the user opens it. There
//! are at most [`MOST_CONVERSATIONS`]; beyond that, the one unused for longest is closed,
//! those without unread lines first.

use super::Audience;
use super::conversation::Conversation;
use super::line::{ChatLine, LineKind, Lines};
use super::search::Search;
use crate::client::matching;
use crate::wire::message::Said;
use std::collections::HashMap;
use std::sync::Arc;

/// All conversations, with the data that a front end needs.
#[derive(Debug)]
pub struct Chat {
    /// All lines, in the order of their arrival.
    stream: Lines,
    /// The first one is with all users; the others are in the order of their beginning.
    conversations: Vec<Conversation>,
    chosen: usize,
    /// The conversation whose newest line is visible.
    watched: Option<Audience>,
    search: Option<Search>,
    me: String,
    /// The users who wrote, the latest first.
    speakers: Vec<String>,
    /// Counts events, to find the conversation that was unused for longest.
    happenings: u64,
    /// The difference between the time of day and the controller's clock. Unit:
    /// milliseconds.
    ahead_ms: i64,
}

/// The limit of conversations, including the one with all users.
pub const MOST_CONVERSATIONS: usize = 32;

/// The limit of users whose order of writing is remembered.
const MOST_SPEAKERS: usize = 64;

impl Default for Chat {
    fn default() -> Self {
        Self {
            stream: Lines::default(),
            conversations: vec![Conversation::new(Audience::All)],
            chosen: 0,
            watched: None,
            search: None,
            me: String::new(),
            speakers: Vec::new(),
            happenings: 0,
            ahead_ms: 0,
        }
    }
}

impl Chat {
    /// The number of all lines so far, in all conversations together.
    #[must_use]
    pub fn count(&self) -> usize {
        self.stream.count()
    }

    /// The lines after the first `count`; fewer if some were dropped already.
    pub fn since(&self, count: usize) -> impl Iterator<Item = &Arc<ChatLine>> {
        self.stream.since(count)
    }

    /// All stored lines, oldest first.
    #[must_use]
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Arc<ChatLine>> {
        self.stream.lines()
    }

    /// In the order of their tabs: all users, then single ones.
    #[must_use]
    pub fn conversations(&self) -> &[Conversation] {
        &self.conversations
    }

    /// The shown conversation.
    #[must_use]
    pub fn chosen(&self) -> &Conversation {
        &self.conversations[self.chosen]
    }

    /// Its place among the tabs, from 0.
    #[must_use]
    pub fn chosen_place(&self) -> usize {
        self.chosen
    }

    /// The unread lines of others, in all conversations.
    #[must_use]
    pub fn unread_total(&self) -> usize {
        self.conversations.iter().map(Conversation::unread).sum()
    }

    /// Those of them that are for this user: direct messages, and lines with the user's
    /// name.
    #[must_use]
    pub fn mentions_total(&self) -> usize {
        self.conversations.iter().map(Conversation::mentions).sum()
    }

    /// The search in the selected conversation.
    #[must_use]
    pub fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// The other users who wrote, the latest first.
    #[must_use]
    pub fn speakers(&self) -> &[String] {
        &self.speakers
    }

    pub(in crate::client) fn set_me(&mut self, name: &str) {
        name.clone_into(&mut self.me);
    }

    /// As
    /// [`Controller::set_time_of_day`](crate::client::controller::Controller::set_time_of_day).
    pub(in crate::client) const fn set_time_of_day(&mut self, now_ms: u64, wall_ms: u64) {
        self.ahead_ms = wall_ms.wrapping_sub(now_ms).cast_signed();
    }

    /// Drops the oldest lines beyond the limits; a front end has shown them.
    pub(in crate::client) fn forget_the_oldest(&mut self) {
        self.stream.forget_the_oldest();
        for conversation in &mut self.conversations {
            conversation.forget_the_oldest();
        }
    }

    /// Sorts a line of the client into its conversation; it shows the time of day.
    pub(in crate::client) fn push(&mut self, now_ms: u64, kind: LineKind, text: &str) {
        self.push_at(now_ms.saturating_add_signed(self.ahead_ms), kind, text);
    }

    /// Sorts a line that has its time of day into its conversation.
    pub(in crate::client) fn push_at(
        &mut self,
        time_ms: u64,
        kind: LineKind,
        text: &str,
    ) {
        self.take(ChatLine::new(time_ms, kind, text));
    }

    /// The part of this history that is not shown yet. Equal lines in the same
    /// millisecond are counted.
    #[must_use]
    pub(in crate::client) fn unknown_of(&self, history: Vec<Said>) -> Vec<Said> {
        let identity = |line: &ChatLine| match &line.kind {
            LineKind::Said { from } => {
                Some((line.time_ms, from.clone(), line.text.clone()))
            }
            LineKind::WhisperedFrom { .. }
            | LineKind::WhisperedTo { .. }
            | LineKind::Joined { .. }
            | LineKind::Left { .. }
            | LineKind::Gap
            | LineKind::Notice
            | LineKind::Error
            | LineKind::Output => None,
        };
        let mut known: HashMap<_, usize> = HashMap::new();
        let all = self.conversations[0].lines().lines();
        for identity in all.filter_map(|line| identity(line)) {
            *known.entry(identity).or_default() += 1;
        }
        let mut unknown = history;
        unknown.retain(|said| {
            let count = identity(&history_line(said)).and_then(|it| known.get_mut(&it));
            match count {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    false
                }
                Some(_) | None => true,
            }
        });
        unknown
    }

    /// The public lines from before joining, or those of an absence.
    pub(in crate::client) fn push_history(&mut self, history: &[Said], is_news: bool) {
        for said in history {
            let mut line = history_line(said);
            line.is_history = !is_news;
            self.take(line);
        }
    }

    /// Selects a conversation, and begins it if necessary.
    pub fn choose(&mut self, with: &Audience) {
        let place = self.open(with);
        self.choose_place(place);
    }

    /// Selects by place among the tabs, from 0; beyond the last nothing happens.
    pub fn choose_place(&mut self, place: usize) {
        if place >= self.conversations.len() || place == self.chosen {
            return;
        }
        self.conversations[self.chosen].leave();
        self.chosen = place;
        self.touch(place);
        self.search_again();
    }

    /// Closes a conversation and drops its lines; the one with all users stays.
    pub(in crate::client) fn close(&mut self, with: &Audience) {
        let place = self.place(with).filter(|place| *place > 0);
        let Some(place) = place else {
            return;
        };
        if place == self.chosen {
            self.choose_place(0);
        }
        self.remove(place);
    }

    /// Drops the lines of the selected conversation.
    pub(in crate::client) fn clear(&mut self) {
        self.conversations[self.chosen].clear();
        self.search_again();
    }

    /// The newest line of this conversation is visible; `None`: of none.
    pub(in crate::client) fn watch(&mut self, watched: Option<Audience>) {
        if let Some(place) = watched.as_ref().and_then(|with| self.place(with)) {
            self.conversations[place].see();
        }
        self.watched = watched;
    }

    /// The user has seen the selected conversation.
    pub(in crate::client) fn see(&mut self) {
        self.conversations[self.chosen].see();
    }

    /// Another server or another name: conversations begin again, but all lines stay in
    /// the stream.
    pub(in crate::client) fn begin_anew(&mut self) {
        let mut all = self.conversations.swap_remove(0);
        all.clear();
        all.see();
        self.conversations = vec![all];
        self.chosen = 0;
        self.search = None;
        self.speakers.clear();
    }

    pub(in crate::client) fn set_search(&mut self, query: Option<&str>) {
        let lines = self.conversations[self.chosen].lines();
        self.search = query.map(|query| Search::new(query, lines));
    }

    /// Goes to the next match further up, or down.
    pub(in crate::client) fn step_search(&mut self, is_up: bool) {
        if let Some(search) = &mut self.search {
            search.step(is_up);
        }
    }

    fn search_again(&mut self) {
        let query = self.search.take().map(|search| search.query().to_owned());
        self.set_search(query.as_deref());
    }

    fn take(&mut self, mut line: ChatLine) {
        let is_by_me = matches!(line.kind, LineKind::WhisperedTo { .. })
            || line.author().is_some_and(|name| name == self.me);
        let is_mine = line.author().is_none_or(|name| name == self.me);
        line.mentions_me = !is_mine && matching::mentions(&line.text, &self.me);
        if let Some(name) = line.author().filter(|name| *name != self.me) {
            let name = name.to_owned();
            self.speakers.retain(|speaker| *speaker != name);
            self.speakers.insert(0, name);
            self.speakers.truncate(MOST_SPEAKERS);
        }
        let line = Arc::new(line);
        self.stream.push(Arc::clone(&line));
        for place in self.places(&line) {
            let conversation = &mut self.conversations[place];
            let is_seen = self.watched.as_ref() == Some(conversation.with());
            let is_news = !is_mine && !line.is_history;
            conversation.push(Arc::clone(&line), is_news && !is_seen);
            if is_by_me {
                conversation.leave();
            }
            self.touch(place);
        }
        if let Some(search) = &mut self.search {
            search.look(self.conversations[self.chosen].lines());
        }
    }

    /// The conversations of a line: usually one.
    fn places(&mut self, line: &ChatLine) -> Vec<usize> {
        const ALL: usize = 0;
        let chosen = self.chosen;
        let mut places = match &line.kind {
            LineKind::Said { .. } | LineKind::Notice => vec![ALL],
            LineKind::WhisperedFrom { from } => {
                vec![self.open(&Audience::One(from.clone()))]
            }
            // A line that was typed in another conversation is shown there too.
            LineKind::WhisperedTo { to } => {
                let place = self.open(&Audience::One(to.clone()));
                vec![place, self.chosen]
            }
            LineKind::Joined { name } | LineKind::Left { name } => {
                let theirs = self.place(&Audience::One(name.clone()));
                [ALL].into_iter().chain(theirs).collect()
            }
            LineKind::Gap => vec![ALL, chosen],
            LineKind::Error | LineKind::Output => vec![chosen],
        };
        places.dedup();
        places
    }

    fn place(&self, with: &Audience) -> Option<usize> {
        self.conversations.iter().position(|it| it.with() == with)
    }

    fn open(&mut self, with: &Audience) -> usize {
        if let Some(place) = self.place(with) {
            return place;
        }
        if self.conversations.len() >= MOST_CONVERSATIONS {
            self.close_the_quietest();
        }
        self.conversations.push(Conversation::new(with.clone()));
        let place = self.conversations.len() - 1;
        self.touch(place);
        place
    }

    fn close_the_quietest(&mut self) {
        let places = 1..self.conversations.len();
        let quietest = places
            .filter(|place| *place != self.chosen)
            .min_by_key(|place| {
                let conversation = &self.conversations[*place];
                (conversation.unread() > 0, conversation.touched)
            });
        if let Some(place) = quietest {
            self.remove(place);
        }
    }

    fn remove(&mut self, place: usize) {
        self.conversations.remove(place);
        if self.chosen > place {
            self.chosen -= 1;
        }
    }

    fn touch(&mut self, place: usize) {
        self.happenings += 1;
        self.conversations[place].touched = self.happenings;
    }
}

fn history_line(said: &Said) -> ChatLine {
    let from = said.from.clone();
    ChatLine::new(said.time, LineKind::Said { from }, &said.text)
}

#[cfg(test)]
mod tests;
