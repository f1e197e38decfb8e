//! Chooses the receiver of the next line: all users, or one.
//!
//! FLTK reads `/`, `&`, `@` and `_` in the texts of a menu as markup when an item is
//! added. Therefore every item is added with a number and gets its label afterwards, and
//! the choice is read by its place, never by its text.

use super::{IntentCallback, labels, look};
use fltk::menu::Choice;
use fltk::prelude::*;
use sash::client::controller::Intent;
use sash::client::model::{Audience, Model};
use std::cell::RefCell;
use std::rc::Rc;

/// The widget and what it shows.
pub(super) struct Recipient {
    choice: Choice,
    /// The audiences, in the order of the items.
    audiences: Rc<RefCell<Vec<Audience>>>,
    labels: Vec<String>,
}

impl Recipient {
    /// Makes the widget in the group that is being built.
    pub(super) fn new(report: &IntentCallback) -> Self {
        let audiences: Rc<RefCell<Vec<Audience>>> = Rc::default();
        let mut choice = look::choice("Choose the receiver: all, or one user");
        let shown = Rc::clone(&audiences);
        let tell = Rc::clone(report);
        choice.set_callback(move |choice| {
            let index = usize::try_from(choice.value()).unwrap_or(0);
            let audience = shown.borrow().get(index).cloned();
            if let Some(audience) = audience {
                tell(Intent::ChooseTo(audience));
            }
        });
        Self {
            choice,
            audiences,
            labels: Vec::new(),
        }
    }

    /// The widget, for the layout.
    pub(super) fn widget(&self) -> &Choice {
        &self.choice
    }

    /// Shows the possible receivers and the selected one.
    pub(super) fn show(&mut self, model: &Model) {
        let audiences = audiences(model);
        let labels: Vec<String> = audiences
            .iter()
            .map(|audience| label(audience, model))
            .collect();
        if labels != self.labels {
            self.choice.clear();
            for (number, label) in labels.iter().enumerate() {
                self.choice.add_choice(&number.to_string());
                let at = i32::try_from(number).unwrap_or(0);
                if let Some(mut item) = self.choice.at(at) {
                    item.set_label(label);
                }
            }
            self.labels = labels;
            self.choice.redraw();
        }
        let chosen = audiences
            .iter()
            .position(|it| *it == *model.to())
            .unwrap_or(0);
        let chosen = i32::try_from(chosen).unwrap_or(0);
        if chosen != self.choice.value() {
            self.choice.set_value(chosen);
            self.choice.redraw();
        }
        self.audiences.replace(audiences);
    }
}

/// All, every other user, and the chosen user even after that user has left.
fn audiences(model: &Model) -> Vec<Audience> {
    let others = model.users.iter().filter(|name| **name != model.name);
    let mut audiences = vec![Audience::All];
    audiences.extend(others.cloned().map(Audience::One));
    if !audiences.contains(model.to()) {
        audiences.push(model.to().clone());
    }
    audiences
}

fn label(audience: &Audience, model: &Model) -> String {
    let is_gone = match audience {
        Audience::All => false,
        Audience::One(name) => !model.users.contains(name),
    };
    let gone = if is_gone { " (gone)" } else { "" };
    labels::item(&format!("{}{gone}", audience.label()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_who_has_left_stays_selected_and_is_marked() {
        let mut model = Model {
            name: "dana".into(),
            users: vec!["dana".into(), "guy".into()],
            ..Model::default()
        };
        model.chat.choose(&Audience::One("yuval".into()));
        let labels: Vec<_> = audiences(&model)
            .iter()
            .map(|it| label(it, &model))
            .collect();
        assert_eq!(labels, ["all", "guy", "yuval (gone)"]);
    }
}
