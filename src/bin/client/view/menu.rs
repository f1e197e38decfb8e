//! The menus at the top: actions without a button, and the keys of the others.
//!
//! A table lists the items; FLTK reads the path `View/Dark` as an item in a submenu.

use super::look;
use fltk::enums::{FrameType, Key, Shortcut};
use fltk::menu::{MenuBar, MenuFlag};
use fltk::prelude::*;
use sash::client::controller::Intent;
use sash::client::theme::Theme;
use std::rc::Rc;

/// A choice of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// Something for the controller.
    Intent(Intent),
    /// Other colours.
    Theme(Theme),
    /// Larger, smaller, or as usual.
    Zoom(Zoom),
    /// The keys, in a window of their own.
    Keys,
    /// The page to the right (1) or to the left (-1).
    Turn(isize),
}

/// A step of the zoom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zoom {
    In,
    Out,
    Usual,
}

/// The height of the row of menus. Unit: pixels.
pub(super) const HEIGHT: i32 = 26;

/// Makes the menus in the current column; `choose` gets the user's choice.
pub(super) fn bar(choose: impl Fn(Choice) + 'static) -> MenuBar {
    let mut bar = MenuBar::default();
    // Its menus take the same box, and with it a border.
    bar.set_frame(FrameType::UpBox);
    bar.set_down_frame(FrameType::FlatBox);
    bar.set_color(look::PAPER);
    bar.set_selection_color(look::CHOSEN);
    bar.set_text_color(look::INK);
    bar.set_text_size(look::TEXT);
    let choose = Rc::new(choose);
    for (path, key, flag, choice) in entries() {
        let choose = Rc::clone(&choose);
        bar.add(path, key, flag, move |_| choose(choice.clone()));
    }
    bar
}

/// The menu marks the theme of the window.
pub(super) fn mark(bar: &MenuBar, theme: Theme) {
    for (path, _, _, choice) in entries() {
        if choice == Choice::Theme(theme)
            && let Some(mut item) = bar.find_item(path)
        {
            item.set();
        }
    }
}

type Entry = (&'static str, Shortcut, MenuFlag, Choice);

fn entries() -> Vec<Entry> {
    let none = Shortcut::None;
    let (plain, line) = (MenuFlag::Normal, MenuFlag::MenuDivider);
    let radio = MenuFlag::Radio;
    let tab = Key::Tab;
    vec![
        (
            "Ch&at/Show online users",
            none,
            plain,
            Choice::Intent(Intent::ShowOnline),
        ),
        (
            "Ch&at/Find",
            Shortcut::Ctrl | 'f',
            plain,
            Choice::Intent(Intent::Search(Some(String::new()))),
        ),
        (
            "Ch&at/Disconnect",
            none,
            plain,
            Choice::Intent(Intent::Disconnect),
        ),
        (
            "F&iles/Show files",
            none,
            plain,
            Choice::Intent(Intent::ShowFiles),
        ),
        (
            "F&iles/Clear ended transfers",
            none,
            plain,
            Choice::Intent(Intent::ClearEnded),
        ),
        ("&View/Light", none, radio, Choice::Theme(Theme::Light)),
        ("&View/Dark", none, radio, Choice::Theme(Theme::Dark)),
        (
            "&View/Projector",
            none,
            radio | line,
            Choice::Theme(Theme::Projector),
        ),
        (
            "&View/Larger",
            Shortcut::Ctrl | '+',
            plain,
            Choice::Zoom(Zoom::In),
        ),
        (
            "&View/Smaller",
            Shortcut::Ctrl | '-',
            plain,
            Choice::Zoom(Zoom::Out),
        ),
        (
            "&View/Normal size",
            Shortcut::Ctrl | '0',
            line,
            Choice::Zoom(Zoom::Usual),
        ),
        (
            "&View/Next page",
            Shortcut::Ctrl | tab,
            plain,
            Choice::Turn(1),
        ),
        (
            "&View/Previous page",
            Shortcut::Ctrl | Shortcut::Shift | tab,
            plain,
            Choice::Turn(-1),
        ),
        (
            "&Help/Commands",
            none,
            plain,
            Choice::Intent(Intent::ShowCommands),
        ),
        ("&Help/Keys", Shortcut::None | Key::F1, plain, Choice::Keys),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_can_be_chosen_and_no_menu_item_is_duplicated() {
        let entries = entries();
        for theme in Theme::ALL {
            assert!(entries.iter().any(|it| it.3 == Choice::Theme(theme)));
        }
        for (place, entry) in entries.iter().enumerate() {
            assert!(entries[..place].iter().all(|it| it.0 != entry.0));
        }
    }
}
