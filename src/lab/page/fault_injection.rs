//! Fault injection by the user: lost packets, and moved sliders.

use super::knob::Knob;
use super::{Command, Content, Laboratory, Task, setup};
use crate::lab::journal::{Entry, FaultInjection, JournalEvent};
use crate::lab::player::Player;
use crate::link::{Label, Scenario};

impl Laboratory {
    pub(super) fn turn(&mut self, knob: Knob, place: usize) -> Result<(), String> {
        let line = knob.turned(&self.setup.scenario, place);
        let scenario: Scenario =
            line.parse().map_err(|error| setup::unreadable(&error))?;
        self.setup.scenario = line;
        if self.watched.is_some() {
            let command = Command::ChangeLink(Box::new(scenario));
            self.tasks.push(Task::OfController(command));
        } else if let Content::Player(player) = &mut self.content {
            player.change(scenario); // A journal cannot be changed.
        }
        Ok(())
    }

    /// Loses a packet. At the newest moment of a run it is lost directly; in the past the
    /// run starts again with the packet's `drop=`, which changes nothing before that
    /// packet.
    pub(super) fn kill(&mut self, label: Label) -> Result<(), String> {
        let Content::Player(player) = &mut self.content else {
            return Ok(());
        };
        if let Some(tag) = self.watched.filter(|_| player.can_kill()) {
            let packet = label;
            let command = Command::Kill { tag, packet };
            self.tasks.push(Task::OfController(command));
            return Ok(());
        }
        if self.watched.is_some() {
            return Err("This moment has passed. Press End to lose a packet at the \
                        newest moment."
                .to_owned());
        }
        if !player.is_simulation() {
            return Err("This run has ended. Run it again to lose packets.".to_owned());
        }
        let now_us = player.position_us();
        player.seek(now_us); // All events of this moment have happened.
        if !player.can_kill() {
            return self.kill_in_the_past(label, now_us);
        }
        if !player.kill(label) {
            return Err(format!("{label} is no longer in flight."));
        }
        self.setup.scenario = player.scenario().to_string();
        self.say(format!("Lost {label}; the scenario above now contains it."));
        Ok(())
    }

    fn kill_in_the_past(&mut self, label: Label, now_us: u64) -> Result<(), String> {
        let Some(player) = self.player().filter(|player| !was_changed(player)) else {
            return Err(
                "The link was changed after this moment. Lose a packet at the \
                        newest moment."
                    .to_owned(),
            );
        };
        let mut scenario = player.scenario().clone();
        scenario.lose(label);
        let line = scenario.to_string();
        let mut setup = self.setup.clone();
        setup.scenario.clone_from(&line);
        self.run(setup)?;
        if let Content::Player(player) = &mut self.content {
            player.pause();
            player.seek(now_us);
        }
        self.say(format!("Ran again up to this moment, without {label}."));
        Ok(())
    }
}

/// Whether the user has moved a slider during the run.
fn was_changed(player: &Player) -> bool {
    let is_change = |entry: &Entry| {
        matches!(
            entry.what,
            JournalEvent::FaultInjection(FaultInjection::LinkChanged { .. })
        )
    };
    player.entries().iter().any(is_change)
}
