//! The labels of the panel's choices, and the option of each entry.
//!
//! ```text
//! Protocol    server's choice, stop-and-wait, go-back-n, selective-repeat, sack, plain TCP
//! Controller  the usual one, fixed, ..., bbr
//! ```
//!
//! Nothing here is a widget: an entry is known by its place in the list.

use sash::client::model::Model;
use sash::transfer::overwrite::Overwrite;
use sash::wire::options::{
    Arq, Congestion, NegotiatedOptions, RequestedOptions, Transport,
};
use std::str::FromStr;

/// The entries before the ARQs in the choice of protocols.
const SERVERS_CHOICE: &str = "server's choice";

/// The entries before the controllers in the choice of controllers.
const USUAL: &str = "default";

/// The entries after the ARQs.
const PLAIN_TCP: &str = "plain TCP";

/// The place of the first that is so, or the first place.
pub(super) fn place_of<T>(
    items: impl IntoIterator<Item = T>,
    is: impl Fn(T) -> bool,
) -> i32 {
    let place = items.into_iter().position(is).unwrap_or(0);
    i32::try_from(place).unwrap_or(0)
}

/// Empty: nothing is requested. An invalid number requests 0, which the controller
/// refuses with a sentence.
pub(super) fn number<T: FromStr + From<u8>>(text: &str) -> Option<T> {
    match text.trim() {
        "" => None,
        digits => Some(digits.parse().unwrap_or_else(|_| 0.into())),
    }
}

pub(super) fn controller_names() -> impl Iterator<Item = &'static str> {
    let names = Congestion::ALL.into_iter().map(Congestion::name);
    std::iter::once(USUAL).chain(names)
}

/// The entry of the choice for this option.
pub(super) fn controller_index(asked: &RequestedOptions) -> i32 {
    let name = asked.congestion.map_or(USUAL, Congestion::name);
    let index = controller_names().position(|it| it == name).unwrap_or(0);
    i32::try_from(index).unwrap_or(0)
}

/// The option of the entry.
pub(super) fn congestion(controller_index: i32) -> Option<Congestion> {
    let index = usize::try_from(controller_index).unwrap_or(0);
    controller_names().nth(index)?.parse().ok()
}

pub(super) fn protocol_names() -> impl Iterator<Item = &'static str> {
    let arqs = Arq::ALL.into_iter().map(Arq::name);
    std::iter::once(SERVERS_CHOICE)
        .chain(arqs)
        .chain(std::iter::once(PLAIN_TCP))
}

/// The entry of the choice for this option.
pub(super) fn protocol_index(asked: &RequestedOptions) -> i32 {
    let name = match (asked.transport, asked.arq) {
        (Some(Transport::Tcp), _) => PLAIN_TCP,
        (_, Some(arq)) => arq.name(),
        (_, None) => SERVERS_CHOICE,
    };
    let index = protocol_names().position(|it| it == name).unwrap_or(0);
    i32::try_from(index).unwrap_or(0)
}

/// The options of the widgets. An invalid window requests 0, which the controller refuses
/// with a sentence.
pub(super) fn asked(protocol_index: i32, window: &str) -> RequestedOptions {
    let index = usize::try_from(protocol_index).unwrap_or(0);
    let name = protocol_names().nth(index).unwrap_or(SERVERS_CHOICE);
    let arq: Option<Arq> = name.parse().ok();
    let transport = match name {
        PLAIN_TCP => Some(Transport::Tcp),
        _ => arq.map(|_| Transport::Udp),
    };
    RequestedOptions {
        transport,
        arq,
        window: number(window),
        ..RequestedOptions::default()
    }
}

/// The options in one line: `Options: go-back-n, window 16, bbr; pause at 50 %`.
pub(super) fn summary(model: &Model) -> String {
    let asked = &model.options;
    let names: Vec<_> = protocol_names().collect();
    let protocol = usize::try_from(protocol_index(asked)).unwrap_or(0);
    let mut set = vec![names[protocol].to_owned()];
    set.extend(asked.window.map(|window| format!("window {window}")));
    set.extend(asked.congestion.map(|it| it.name().to_owned()));
    let bytes = asked.segment_bytes;
    set.extend(bytes.map(|bytes| format!("{bytes} bytes a packet")));
    if model.overwrite != Overwrite::default() {
        set.push(model.overwrite.name().to_owned());
    }
    set.extend(model.pause_at.map(|share| format!("pause at {share}")));
    format!("Options: {}", set.join(", "))
}

/// One line about the next download.
pub(super) fn explanation(model: &Model) -> String {
    if model.options.transport == Some(Transport::Tcp) {
        return "the TCP of the operating system, for comparison".to_owned();
    }
    match (model.options.arq, model.defaults) {
        (Some(arq), _) => arq.explanation().to_owned(),
        (None, Some(defaults)) => format!(
            "here {} with a window of {}: {}",
            defaults.arq,
            defaults.window,
            defaults.arq.explanation()
        ),
        (None, None) => "the default of the server".to_owned(),
    }
}

/// One line about the congestion controller.
pub(super) fn controller_explanation(model: &Model) -> String {
    let defaults = model.defaults.unwrap_or(NegotiatedOptions::DEFAULT);
    let Ok(settled) = model.options.negotiate(&defaults) else {
        return String::new();
    };
    if settled.transport == Transport::Tcp {
        return "the TCP of the operating system has its own controller".to_owned();
    }
    let congestion = settled.congestion;
    let pacing = match congestion {
        Congestion::Fixed => "",
        Congestion::PlusOneMinusThree
        | Congestion::DoubleHalve
        | Congestion::Additive
        | Congestion::Reno
        | Congestion::Cubic
        | Congestion::Bbr => "; paced",
    };
    let explanation = congestion.explanation();
    if model.options.congestion == Some(congestion) {
        format!("{explanation}{pacing}")
    } else {
        format!("{congestion}: {explanation}{pacing}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_protocol_menu_selects_what_it_shows() {
        for (index, name) in (0..).zip(protocol_names()) {
            assert_eq!(protocol_index(&asked(index, "")), index, "{name}");
        }
    }

    #[test]
    fn every_entry_of_the_controller_menu_selects_what_it_shows() {
        for (index, name) in (0..).zip(controller_names()) {
            let congestion = congestion(index);
            let asked = RequestedOptions {
                congestion,
                ..RequestedOptions::default()
            };
            assert_eq!(controller_index(&asked), index, "{name}");
        }
        assert_eq!(congestion(0), None);
    }

    #[test]
    fn an_invalid_window_is_passed_on_to_be_refused_and_not_ignored() {
        assert_eq!(asked(1, "").window, None);
        assert_eq!(asked(1, "16").window, Some(16));
        assert_eq!(asked(1, "99999999999").window, Some(0));
        assert_eq!(asked(1, "-").window, Some(0));
    }
}
