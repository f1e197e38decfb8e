//! The pages of the room: which there are, and which one is shown.
//!
//! ```text
//! Model --> tabs: #all 3 | dana 2 | Transfers 43 %      a click or a key turns the page
//! ```

use super::Report;
use super::bell::Bell;
use super::tabs::Tab;
use crate::client::controller::Intent;
use crate::client::model::{Audience, Conversation, Model};
use crate::client::words;
use std::cell::RefCell;
use std::rc::Rc;

/// A page of the room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Page {
    /// The chosen conversation, and what is to be said in it.
    #[default]
    Chat,
    /// What is on its way.
    Transfers,
}

/// The pages, shared by all that turn them. The first tabs are conversations, and which of
/// them is chosen the controller knows.
#[derive(Clone)]
pub(super) struct Pages {
    state: Rc<RefCell<State>>,
    bell: Bell,
    report: Report,
}

#[derive(Default)]
struct State {
    shown: Page,
    /// With whom, in the order of their tabs.
    conversations: Vec<Audience>,
    /// Which of them is chosen.
    chosen: usize,
}

/// The tabs behind those of the conversations.
const OTHERS: [Page; 1] = [Page::Transfers];

impl Pages {
    /// With the first page shown; `bell` rings when another one shall be.
    pub(super) fn new(bell: Bell, report: &Report) -> Self {
        Self {
            state: Rc::default(),
            bell,
            report: Rc::clone(report),
        }
    }

    /// The page that is shown.
    pub(super) fn chosen(&self) -> Page {
        self.state.borrow().shown
    }

    /// Takes the pages that there are from the model; the tabs for them.
    pub(super) fn show(&self, model: &Model) -> Vec<Tab> {
        let mut state = self.state.borrow_mut();
        let conversations = model.chat.conversations();
        state.conversations = conversations.iter().map(|it| it.with().clone()).collect();
        state.chosen = model.chat.chosen_place();
        let is_chat = state.shown == Page::Chat;
        let talks = conversations.iter().enumerate();
        let mut tabs: Vec<Tab> = talks
            .map(|(place, it)| conversation_tab(it, is_chat && place == state.chosen))
            .collect();
        tabs.extend(OTHERS.iter().map(|page| tab(*page, model, state.shown)));
        tabs
    }

    /// Turns to the page at this place, counted from 0; elsewhere nothing happens.
    pub(super) fn choose(&self, place: usize) {
        let mut state = self.state.borrow_mut();
        let talks = state.conversations.len();
        if place < talks {
            state.shown = Page::Chat;
            state.chosen = place;
            (self.report)(Intent::ChooseConversation { place });
        } else if let Some(page) = OTHERS.get(place - talks) {
            state.shown = *page;
            self.bell.ring();
        }
    }

    /// Turns `steps` pages to the right, and from the last one to the first.
    pub(super) fn turn(&self, steps: i32) {
        let state = self.state.borrow();
        let talks = state.conversations.len();
        let place = match OTHERS.iter().position(|page| *page == state.shown) {
            Some(other) => talks + other,
            None => state.chosen,
        };
        let count = i32::try_from(talks + OTHERS.len()).unwrap_or(1);
        let place = i32::try_from(place).unwrap_or(0);
        drop(state);
        self.choose(usize::try_from((place + steps).rem_euclid(count)).unwrap_or(0));
    }

    /// Closes the page at this place, where it may be closed.
    pub(super) fn close(&self, place: usize) {
        let state = self.state.borrow();
        if let Some(with) = state.conversations.get(place) {
            (self.report)(Intent::CloseConversation(with.clone()));
        }
    }

    /// Turns to the first page, as for somebody who has just come.
    pub(super) fn begin(&self) {
        self.state.borrow_mut().shown = Page::Chat;
    }
}

fn conversation_tab(conversation: &Conversation, is_chosen: bool) -> Tab {
    let (label, can_close) = match conversation.with() {
        Audience::All => ("#all".to_owned(), false),
        Audience::One(name) => (words::harmless(name), true),
    };
    Tab {
        label,
        news: some(conversation.unread()),
        is_urgent: conversation.mentions() > 0,
        is_chosen,
        can_close,
    }
}

fn tab(page: Page, model: &Model, shown: Page) -> Tab {
    let (label, news) = match page {
        Page::Chat => ("Chat", some(model.unread_total())),
        Page::Transfers => ("Transfers", progress(model)),
    };
    Tab {
        label: label.to_owned(),
        news,
        is_chosen: page == shown,
        ..Tab::default()
    }
}

/// A number, where it is none too many.
fn some(count: usize) -> String {
    match count {
        0 => String::new(),
        1..=99 => count.to_string(),
        _ => "99+".to_owned(),
    }
}

/// Of one running transfer how far it is, else how many are running.
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
    use crate::client::model::Kind;

    fn model() -> Model {
        let mut model = Model::default();
        for number in 0..250 {
            let from = "guy".to_owned();
            model.chat.push(0, Kind::Said { from }, &number.to_string());
        }
        let from = "guy".to_owned();
        model.chat.push(0, Kind::WhisperedFrom { from }, "psst");
        model
    }

    #[test]
    fn each_conversation_has_a_tab_that_counts_what_nobody_has_seen() {
        let pages = Pages::new(Bell::default(), &(Rc::new(|_| {}) as Report));
        let tabs = pages.show(&model());
        let told: Vec<_> = tabs.iter().map(|it| (&*it.label, &*it.news)).collect();
        assert_eq!(told, [("#all", "99+"), ("guy", "1"), ("Transfers", "")]);
        assert!(tabs[0].is_chosen && !tabs[0].can_close && !tabs[0].is_urgent);
        assert!(tabs[1].can_close && tabs[1].is_urgent);
    }

    #[test]
    fn turning_goes_round_and_a_page_that_is_not_there_is_no_page() {
        let told: Rc<RefCell<Vec<Intent>>> = Rc::default();
        let heard = Rc::clone(&told);
        let report: Report = Rc::new(move |intent| heard.borrow_mut().push(intent));
        let pages = Pages::new(Bell::default(), &report);
        pages.show(&model());
        pages.turn(-1);
        assert_eq!(pages.chosen(), Page::Transfers);
        pages.turn(1);
        assert_eq!(pages.chosen(), Page::Chat);
        assert_eq!(told.take(), [Intent::ChooseConversation { place: 0 }]);
        pages.choose(7);
        assert_eq!(pages.chosen(), Page::Chat);
        pages.close(1);
        let guy = Audience::One("guy".into());
        assert_eq!(told.take(), [Intent::CloseConversation(guy)]);
    }
}
