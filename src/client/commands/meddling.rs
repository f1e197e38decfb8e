//! `/link` and `/kill`: a person's hands on this program's link.

use super::{Command, first_word, read_tag, sentence};
use crate::link::{Label, Scenario};

/// What follows `/link`.
pub(super) fn read_link(rest: &str) -> Result<Command, String> {
    if rest.is_empty() {
        return Ok(Command::Link(None));
    }
    let scenario = rest.parse::<Scenario>();
    scenario
        .map(|scenario| Command::Link(Some(Box::new(scenario))))
        .map_err(|error| sentence(error.what()))
}

/// What follows `/kill`.
pub(super) fn read_kill(rest: &str) -> Result<Command, String> {
    let (packet, tag) = first_word(rest);
    let packet = packet.parse::<Label>();
    let packet = packet.map_err(|error| sentence(&error.to_string()))?;
    let tag = read_tag(tag)?;
    Ok(Command::Kill { packet, tag })
}

#[cfg(test)]
mod tests {
    use crate::client::commands::{Command, read};
    use crate::link::Scenario;

    #[test]
    fn a_link_is_a_scenario_and_a_kill_names_a_packet_and_perhaps_a_transfer() {
        assert_eq!(read("/link", &[]), Ok(Command::Link(None)));
        let scenario: Scenario = "seed=7; loss=10%".parse().unwrap();
        let link = Ok(Command::Link(Some(Box::new(scenario))));
        assert_eq!(read("/link seed=7; loss=10%", &[]), link);
        let packet = "a3.2".parse().unwrap();
        let tag = Some(2);
        let kill = Ok(Command::Kill { packet, tag });
        assert_eq!(read("/kill a3.2 2", &[]), kill);
        let why = read("/kill", &[]).unwrap_err();
        assert_eq!(
            why,
            "A packet wanted, as d0.1 (DATA 0, first attempt). Write /kill PACKET [N]."
        );
    }
}
