//! The pages of the room: a conversation each, then the others; and which one is shown.
//!
//! ```text
//! Model --> tabs: #all 3 | dana 2 x | Transfers 43 %    a click or a key turns the page
//! ```
//!
//! The model knows the selected conversation; this module knows whether one is shown at
//! all.

use super::IntentCallback;
use super::bell::Bell;
use super::leaves::Leaves;
use super::page::Page;
use super::tabs::{Tab, Touch};
use sash::client::controller::Intent;
use sash::client::model::{Audience, Conversation, Model, Phase};
use sash::client::words;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

/// The pages after the conversations, in the order of their tabs.
const OTHERS: [Page; 2] = [Page::Transfers, Page::Laboratory];

/// The pages, shared by all that turn them.
#[derive(Clone)]
pub(super) struct Pages {
    state: Rc<RefCell<State>>,
    leaves: Rc<OnceCell<Rc<Leaves>>>,
    report: IntentCallback,
    bell: Bell,
}

#[derive(Default)]
struct State {
    /// The users of the conversations, in the order of their tabs.
    conversations: Vec<Audience>,
    /// The place of the selected one.
    conversation: usize,
    /// Its user: other conversations may begin and end before it without an action of the
    /// user.
    with: Audience,
    /// The pages after the conversations.
    others: Vec<Page>,
    page: Page,
}

impl Pages {
    /// With the chat shown; `bell` rings when another page is requested.
    pub(super) fn new(report: &IntentCallback, bell: Bell) -> Self {
        Self {
            state: Rc::default(),
            leaves: Rc::default(),
            report: Rc::clone(report),
            bell,
        }
    }

    /// The content of the pages exists from now on. Once.
    pub(super) fn show_with(&self, leaves: Rc<Leaves>) {
        let _ = self.leaves.set(leaves);
    }

    /// The page that is shown.
    pub(super) fn chosen(&self) -> Page {
        self.state.borrow().page
    }

    /// Takes the conversations from the model; returns the tabs for all pages.
    pub(super) fn show(&self, model: &Model) -> Vec<Tab> {
        let mut state = self.state.borrow_mut();
        if matches!(model.phase, Phase::Login | Phase::Joining) {
            *state = State {
                others: vec![Page::Laboratory],
                page: Page::Laboratory,
                ..State::default()
            };
            return vec![tab(Page::Laboratory, model, true)];
        }
        let conversations = model.chat.conversations();
        state.conversations = conversations.iter().map(|it| it.with().clone()).collect();
        state.others = OTHERS.to_vec();
        let place = model.chat.chosen_place();
        state.conversation = place;
        if *model.to() != state.with {
            // The user began a direct message: shows its page.
            state.with = model.to().clone();
            state.page = Page::Chat;
        }
        let is_chat = state.page == Page::Chat;
        let chats = conversations.iter().enumerate();
        let mut tabs: Vec<Tab> = chats
            .map(|(place, it)| {
                conversation_tab(it, is_chat && place == state.conversation)
            })
            .collect();
        tabs.extend(OTHERS.map(|page| tab(page, model, page == state.page)));
        tabs
    }

    /// An action of the user on a tab; without the tab nothing happens.
    pub(super) fn touch(&self, touch: Touch) {
        match touch {
            Touch::Choose(place) => {
                self.choose(place);
                // The clicked tab needs no keys, but its page does.
                self.focus();
            }
            Touch::Close(place) => {
                let with = self.state.borrow().conversations.get(place).cloned();
                if let Some(with) = with {
                    (self.report)(Intent::CloseConversation(with));
                }
                self.focus();
            }
        }
    }

    fn focus(&self) {
        if let Some(leaves) = self.leaves.get() {
            leaves.focus();
        }
    }

    /// Shows the page at this place, counted from 0; without such a page nothing happens.
    pub(super) fn choose(&self, place: usize) {
        let conversations = self.state.borrow().conversations.len();
        match place.checked_sub(conversations) {
            None => {
                self.turn_to(Page::Chat);
                (self.report)(Intent::ChooseConversation { place });
            }
            Some(other) => {
                let page = self.state.borrow().others.get(other).copied();
                if let Some(page) = page {
                    self.turn_to(page);
                }
            }
        }
    }

    /// Shows this page; if it is the chat, the selected conversation. At once, because
    /// the next key belongs to it.
    pub(super) fn turn_to(&self, page: Page) {
        self.state.borrow_mut().page = page;
        if let Some(leaves) = self.leaves.get() {
            leaves.turn_to(page);
        }
        self.bell.ring();
    }

    /// Moves `steps` pages to the right, and from the last one to the first.
    pub(super) fn turn(&self, steps: isize) {
        let (now, count) = {
            let state = self.state.borrow();
            let conversations = state.conversations.len();
            let other = state.others.iter().position(|page| *page == state.page);
            let now = other.map_or(state.conversation, |it| conversations + it);
            (now, conversations + state.others.len())
        };
        let forward = steps.rem_euclid(count.max(1).cast_signed()).unsigned_abs();
        self.choose((now + forward) % count.max(1));
    }
}

fn conversation_tab(conversation: &Conversation, is_chosen: bool) -> Tab {
    let with = conversation.with();
    Tab {
        label: match with {
            Audience::All => "#all".to_owned(),
            Audience::One(name) => words::harmless(name),
        },
        news: some(conversation.unread()),
        is_urgent: conversation.mentions() > 0,
        is_chosen,
        can_close: *with != Audience::All,
    }
}

fn tab(page: Page, model: &Model, is_chosen: bool) -> Tab {
    let (label, news) = match page {
        Page::Chat => ("Chat", String::new()),
        Page::Transfers => ("Transfers", progress(model)),
        Page::Laboratory => ("Laboratory", String::new()),
    };
    Tab {
        label: label.to_owned(),
        news,
        is_chosen,
        ..Tab::default()
    }
}

/// A number; empty for 0, and shortened if it is too long.
fn some(count: usize) -> String {
    match count {
        0 => String::new(),
        1..=99 => count.to_string(),
        _ => "99+".to_owned(),
    }
}

/// The progress of a single running transfer, otherwise the number of running ones.
fn progress(model: &Model) -> String {
    let mut running = model.running_transfers();
    match (running.next(), running.count()) {
        (None, _) => String::new(),
        (Some(only), 0) => format!("{} %", words::percent(only)),
        (Some(_), others) => (others + 1).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_in_a_tab_stays_short() {
        assert_eq!(some(0), "");
        assert_eq!(some(7), "7");
        assert_eq!(some(250), "99+");
    }

    #[test]
    fn page_switching_wraps_around_and_a_missing_page_is_ignored() {
        let pages = Pages::new(&(Rc::new(|_| ()) as IntentCallback), Bell::default());
        let model = Model {
            phase: Phase::Joined,
            ..Model::default()
        };
        assert_eq!(pages.show(&model).len(), 3);
        pages.turn(-1);
        assert_eq!(pages.chosen(), Page::Laboratory);
        pages.turn(1);
        assert_eq!(pages.chosen(), Page::Chat);
        pages.choose(7);
        assert_eq!(pages.chosen(), Page::Chat);
    }
}
