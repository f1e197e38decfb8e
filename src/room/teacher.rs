//! The commands of the teacher: remove and ban users.
//!
//! ```text
//! kick guy noise --> guy:      refused (kicked), and the connection ends
//!                    everyone: left guy, "removed by dana: noise"
//!                    dana:     notice
//! ```
//!
//! The user learns the reason, and all users are informed. A removed user may join again;
//! a banned user may not, until the teacher lifts the ban or the server ends.

use super::name::{LONGEST_NAME, Name};
use super::{ClientNumber, Effect, Room, check_text, complain, refuse, send_to_one};
use crate::wire::message::{Code, Reply};

/// Longest reason. Unit: characters.
const LONGEST_REASON: usize = 200;

/// Whether a user is only removed, or also banned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    Kick,
    Ban,
}

impl Room {
    /// `kick` and `ban`.
    pub(super) fn remove_user(
        &mut self,
        teacher: ClientNumber,
        name: &str,
        why: &str,
        severity: Severity,
    ) -> Vec<Effect> {
        if let Err(complaint) = self.check_teacher(teacher) {
            return complaint;
        }
        let why = why.trim();
        if let Err(sentence) = check_reason(why) {
            return complain(teacher, Code::BadText, sentence.to_owned());
        }
        let Ok(name) = name.parse::<Name>() else {
            return nobody(teacher, name);
        };
        let target = self.find(&name);
        if target == Some(teacher) || self.door.is_reserved(&name) {
            let sentence = "The teacher cannot be removed or banned. Choose another \
                            user.";
            return complain(teacher, Code::BadRequest, sentence.to_owned());
        }
        let by = self.present[&teacher].to_string();
        // If a whole class shares one address, its teacher does too.
        let teachers = self.origins.get(&teacher);
        let in_browser = self.participants.origin_of(&name);
        let is_in_browser = in_browser.is_some();
        let origin = target.and_then(|target| self.origins.get(&target));
        let origin = origin.or(in_browser);
        let origin = origin.filter(|origin| Some(*origin) != teachers);
        let done = match (severity, target) {
            (Severity::Kick, None) if !is_in_browser => {
                return nobody(teacher, name.as_str());
            }
            (Severity::Kick, _) => format!("{name} was removed."),
            (Severity::Ban, _) => {
                match self.door.ban(name.clone(), origin, why).address {
                    Some(address) => format!(
                        "{name} is banned, by name and by the address {address}, until \
                         the server ends or you type /unban {name}."
                    ),
                    None => format!(
                        "{name} is banned, by name, until the server ends or you type \
                         /unban {name}."
                    ),
                }
            }
        };
        self.participants.remove(&name);
        let mut effects = Vec::new();
        if let Some(target) = target {
            effects = self.end(target, &by, why, severity);
        }
        effects.push(send_to_one(teacher, Reply::Notice { text: done }));
        effects
    }

    /// `unban`.
    pub(super) fn unban(&mut self, teacher: ClientNumber, name: &str) -> Vec<Effect> {
        if let Err(complaint) = self.check_teacher(teacher) {
            return complaint;
        }
        let banned = name.parse::<Name>().ok();
        if !banned.is_some_and(|name| self.door.unban(&name)) {
            let name: String = name.chars().take(LONGEST_NAME).collect();
            let sentence =
                format!("No user {name:?} is banned. To list the bans, send: bans.");
            return complain(teacher, Code::NoSuchUser, sentence);
        }
        let text = format!("{name} may join again.");
        vec![send_to_one(teacher, Reply::Notice { text })]
    }

    /// `bans`.
    pub(super) fn list_bans(&self, teacher: ClientNumber) -> Vec<Effect> {
        if let Err(complaint) = self.check_teacher(teacher) {
            return complaint;
        }
        let tell = |reply| send_to_one(teacher, reply);
        Reply::bans(self.door.bans())
            .into_iter()
            .map(tell)
            .collect()
    }

    /// Whether a client is the teacher; otherwise the message to it.
    pub(super) fn check_teacher(&self, client: ClientNumber) -> Result<(), Vec<Effect>> {
        if self.teacher == Some(client) {
            return Ok(());
        }
        let sentence = match &self.door.rules.teacher {
            Some(teacher) => format!("Only {}, the teacher, may do that.", teacher.name),
            None => "Only a teacher may do that, and this room has none.".to_owned(),
        };
        Err(complain(client, Code::NotTeacher, sentence))
    }

    /// The user in the room with this name.
    fn find(&self, name: &Name) -> Option<ClientNumber> {
        let mut present = self.present.iter();
        let found = present.find(|(_, other)| other.is_same_word(name));
        found.map(|(client, _)| *client)
    }

    /// Removes a user, with a message to this user and to all.
    fn end(
        &mut self,
        target: ClientNumber,
        by: &str,
        why: &str,
        severity: Severity,
    ) -> Vec<Effect> {
        let because = because(why);
        let (code, sentence, told) = match severity {
            Severity::Kick => (
                Code::Kicked,
                format!(
                    "{by} has removed you from the room{because}. You may join \
                         again."
                ),
                format!("removed by {by}{because}"),
            ),
            Severity::Ban => (
                Code::Banned,
                format!("{by} has banned you from this room{because}."),
                format!("banned by {by}{because}"),
            ),
        };
        let mut effects = self.on_gone(target, &told);
        effects.extend(refuse(target, code, sentence, None));
        effects
    }
}

/// `: noise`, if there is a reason.
pub(super) fn because(why: &str) -> String {
    if why.is_empty() {
        String::new()
    } else {
        format!(": {why}")
    }
}

fn check_reason(why: &str) -> Result<(), &'static str> {
    if why.is_empty() {
        return Ok(());
    }
    if why.chars().count() > LONGEST_REASON {
        return Err("This reason is too long. Write one short sentence.");
    }
    let text = why.to_owned();
    check_text(why, &Reply::Notice { text })
}

fn nobody(client: ClientNumber, name: &str) -> Vec<Effect> {
    let name: String = name.chars().take(LONGEST_NAME).collect();
    let sentence = format!("There is no user {name:?}. To list the users, send: users.");
    complain(client, Code::NoSuchUser, sentence)
}
