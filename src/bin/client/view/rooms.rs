//! *Find*: the rooms on the local network, listed below the arrow beside the server.

use super::labels;
use fltk::app;
use fltk::button::Button;
use fltk::frame::Frame;
use fltk::input::Input;
use fltk::menu::MenuButton;
use fltk::prelude::*;
use sash::client::find::{FoundRoom, NO_ROOM, find};
use sash::transfer::threads;
use sash::wire::announcement::FIND_PORT;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// The servers below the arrow: what is shown, and the address that it means.
#[derive(Clone)]
pub(super) struct ServerList {
    pub(super) menu: MenuButton,
    addresses: Rc<RefCell<Vec<String>>>,
}

/// The interval of the check for answers. Unit: seconds.
const LOOK_SECONDS: f64 = 0.1;

impl ServerList {
    /// `choose` is called with the address that was chosen.
    pub(super) fn new(mut menu: MenuButton, choose: impl Fn(&str) + 'static) -> Self {
        let addresses: Rc<RefCell<Vec<String>>> = Rc::default();
        let known = Rc::clone(&addresses);
        menu.set_callback(move |menu| {
            let place = usize::try_from(menu.value()).ok();
            let address = place.and_then(|it| known.borrow().get(it).cloned());
            if let Some(address) = address {
                choose(&address);
            }
        });
        menu.deactivate();
        Self { menu, addresses }
    }

    /// Lists one more.
    pub(super) fn add(&mut self, shown: &str, address: &str) {
        let mut addresses = self.addresses.borrow_mut();
        if addresses.iter().any(|it| it == address) {
            return;
        }
        let place = addresses.len();
        addresses.push(address.to_owned());
        // Added under a number: in an item's text `/` would make a submenu.
        self.menu.add_choice(&place.to_string());
        let item = i32::try_from(place).ok().and_then(|it| self.menu.at(it));
        if let Some(mut item) = item {
            item.set_label(&labels::item(shown));
        }
        self.menu.activate();
    }
}

/// Lets `button` look for rooms. A single one is filled in if nothing else was typed;
/// `words` shows the result.
pub(super) fn on_find(
    button: &mut Button,
    list: ServerList,
    server: Input,
    choose: impl Fn(&str) + Clone + 'static,
    words: Frame,
) {
    button.set_callback(move |button| {
        let (tell, told) = crossbeam_channel::bounded(1);
        let work = move || drop(tell.send(find(FIND_PORT)));
        if let Err(error) = threads::start("find".to_owned(), work) {
            log::error!("cannot look for rooms: {error}");
            return;
        }
        button.deactivate();
        let (mut button, mut list) = (button.clone(), list.clone());
        let (server, choose) = (server.clone(), choose.clone());
        let before = server.value();
        let mut words = words.clone();
        words.set_label("Looking for rooms on this network\u{2026}");
        app::add_timeout3(LOOK_SECONDS, move |timer| {
            let Ok(found) = told.try_recv() else {
                return app::repeat_timeout3(LOOK_SECONDS, timer);
            };
            button.activate();
            let rooms = found.as_deref().unwrap_or_default();
            for room in rooms {
                list.add(&room.text(), &room.address.to_string());
            }
            if let ([room], true) = (rooms, server.value() == before) {
                choose(&room.address.to_string());
            }
            words.set_label(&labels::label(&sentence(&found)));
        });
    });
}

fn sentence(found: &io::Result<Vec<FoundRoom>>) -> String {
    match found.as_deref() {
        Ok([]) => NO_ROOM.to_owned(),
        Ok([room]) => format!("Found: {}.", room.text()),
        Ok(rooms) => format!("{} rooms: the arrow lists them.", rooms.len()),
        Err(error) => format!("Cannot look for rooms: {error}."),
    }
}
