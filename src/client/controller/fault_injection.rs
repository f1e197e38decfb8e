//! Fault injection in real transfers: watch one, lose a packet, change the link.

use super::{Controller, Effect};
use crate::client::model::Transfer;
use crate::client::words;
use crate::link::{Label, Scenario};
use crate::wire::options::Transport;

impl Controller {
    pub(super) fn watch(&mut self, tag: Option<u64>, now_ms: u64) {
        if let Some(tag) = tag
            && !self.can_inject_faults(tag, now_ms)
        {
            return;
        }
        self.model.watched = tag;
        self.effects.push(Effect::Watch { tag });
    }

    pub(super) fn kill(&mut self, tag: u64, packet: Label, now_ms: u64) {
        if !self.can_inject_faults(tag, now_ms) {
            return;
        }
        let is_running = self.model.transfer(tag).is_some_and(Transfer::is_running);
        if is_running {
            self.effects.push(Effect::Kill { tag, packet });
        } else {
            self.complain_of_no_packet(packet, now_ms);
        }
    }

    pub(super) fn change_link(&mut self, scenario: Scenario) {
        if self.model.scenario == scenario {
            return;
        }
        for transfer in &mut self.model.transfers {
            if transfer.is_running() {
                transfer.scenario = scenario.clone();
            }
        }
        self.model.scenario = scenario.clone();
        self.effects.push(Effect::ChangeLink(Box::new(scenario)));
    }

    /// `/link`: shows the link, after replacing it if requested.
    pub(super) fn type_link(&mut self, scenario: Option<Box<Scenario>>, now_ms: u64) {
        if let Some(scenario) = scenario {
            self.change_link(*scenario);
        }
        self.show(&words::link(&self.model.scenario), now_ms);
    }

    /// The transfer's answer about a packet that was to be lost.
    pub(super) fn on_killed(
        &mut self,
        tag: u64,
        packet: Label,
        is_killed: bool,
        now_ms: u64,
    ) {
        if !is_killed {
            return self.complain_of_no_packet(packet, now_ms);
        }
        let Some(transfer) = self.model.transfer_mut(tag) else {
            return;
        };
        transfer.scenario.lose(packet);
        let file = words::harmless(&transfer.file);
        let link = words::link(&transfer.scenario);
        self.show(&format!("{file}: lost {packet}. {link}"), now_ms);
    }

    /// Whether this transfer exists, runs, and uses Sash's own protocol; otherwise the
    /// user is informed.
    fn can_inject_faults(&mut self, tag: u64, now_ms: u64) -> bool {
        let Some(transfer) = self.model.transfer(tag) else {
            self.complain_of_no_transfer(tag, now_ms);
            return false;
        };
        let file = words::harmless(&transfer.file);
        let is_tcp = match transfer.settled {
            Some(settled) => settled.transport == Transport::Tcp,
            None => transfer.asked.transport == Some(Transport::Tcp),
        };
        let sentence = if transfer.state.is_end() {
            format!("The transfer of {file} has ended.")
        } else if is_tcp {
            format!("{file} uses TCP, whose packets only the kernel sees.")
        } else {
            return true;
        };
        self.complain(&sentence, now_ms);
        false
    }

    fn complain_of_no_packet(&mut self, packet: Label, now_ms: u64) {
        let sentence = format!(
            "{packet} is not in flight in this program's link. A delay keeps packets \
             there longer: /link delay=2s."
        );
        self.complain(&sentence, now_ms);
    }
}
