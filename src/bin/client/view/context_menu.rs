//! A menu at the mouse, with the actions on the object under it.

use super::look;
use fltk::app;
use fltk::enums::{Event, Key, Shortcut};
use fltk::menu::{MenuButton, MenuFlag};
use fltk::prelude::*;

/// A line of the menu, and its action.
pub(super) type Item = (&'static str, Box<dyn Fn()>);

/// Shows the menu and carries out the choice; without items nothing is shown.
pub(super) fn show(items: Vec<Item>) {
    if items.is_empty() {
        return;
    }
    let mut menu = MenuButton::new(app::event_x(), app::event_y(), 0, 0, None);
    menu.set_text_size(look::TEXT);
    menu.set_color(look::PAGE);
    for (label, action) in items {
        menu.add(label, Shortcut::None, MenuFlag::Normal, move |_| action());
    }
    menu.popup();
    MenuButton::delete(menu);
}

/// Whether this event asks for the menu: the right button, the menu key, Shift+F10.
pub(super) fn is_wanted(event: Event) -> bool {
    match event {
        Event::Push => app::event_mouse_button() == app::MouseButton::Right,
        Event::KeyDown => {
            let is_shifted = app::event_state().contains(Shortcut::Shift);
            app::event_key() == Key::Menu || is_shifted && app::event_key() == Key::F10
        }
        _ => false,
    }
}
