//! Decides which clients may join: passwords, the teacher's name, the bans, and the rate
//! of guesses.
//!
//! ```text
//! join dana --> banned? --> the teacher's name? --> a password? --> open
//!                 v refused     v its own password     v the room's
//! ```
//!
//! Wrong passwords are counted by address: each uses one of [`GUESSES`], and one is
//! returned every [`FORGIVEN_AFTER_MS`]; after [`MANY_GUESSES`] only every
//! [`LATER_FORGIVEN_AFTER_MS`]. While none is left, proofs from that address wait and are
//! compared at that rate, the names in turn. A correct proof is never refused: an
//! attacker delays others at the same address, but locks nobody out.
//!
//! [`login`](super::login) verifies the proofs.

use super::ClientNumber;
use super::login::Password;
use super::name::Name;
use crate::wire::message::{Ban, Code, Role};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// The rules for joining.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The room's password, if there is one.
    pub password: Option<Password>,
    /// The teacher, if there is one.
    pub teacher: Option<Teacher>,
    /// Whether the teacher may give out exercises.
    pub is_class: bool,
}

/// The user whose name is reserved.
#[derive(Debug, Clone)]
pub struct Teacher {
    /// The name: nobody joins with it, or with a name that looks like it, without the
    /// password.
    pub name: Name,
    /// The teacher's own password.
    pub password: Password,
}

/// The address of a client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Equal for all addresses of one household: an IPv4 address, or an IPv6 prefix.
    pub address: String,
    /// Whether it is the server's own computer. A class may be tried on it, so it is
    /// never banned as a whole.
    pub is_own_machine: bool,
}

/// The rules, and the state of guesses and bans.
#[derive(Debug, Default)]
pub(super) struct Door {
    pub(super) rules: Rules,
    bans: Vec<(Name, Ban)>,
    /// The clients that wait for the comparison of a proof.
    pub(super) waiting: Waiting,
    wrong: HashMap<String, Guesses>,
}

/// The requirement for a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entrance {
    /// The client may join.
    Open,
    /// The client must prove this password first.
    Locked(Role),
    /// The client is refused.
    Refused(Code, String),
}

/// The counts of wrong passwords from one address.
#[derive(Debug, Clone, Copy)]
struct Guesses {
    spent: u64,
    /// The time when the count began to decrease. Unit: milliseconds since 1970-01-01
    /// UTC.
    since_ms: u64,
    /// The number of wrong passwords, minus one per [`FORGOTTEN_AFTER_MS`].
    remembered: u64,
    /// The time when that count began to decrease. Unit: milliseconds since 1970-01-01
    /// UTC.
    remembered_since_ms: u64,
    /// The server's own computer: a user of it does not need to guess.
    is_own_machine: bool,
}

/// The number of wrong passwords that one address may try at once. A class may share one
/// address, and some users mistype.
pub const GUESSES: u64 = 10;

/// The time after which one more wrong password is allowed, so that a class that mistypes
/// has joined after seconds. Unit: milliseconds.
pub const FORGIVEN_AFTER_MS: u64 = 100;

/// An address with this number of wrong passwords is considered to guess.
pub const MANY_GUESSES: u64 = 100;

/// The same for an address that guesses: 216,000 per day. The proofs of all connections
/// of one address are compared within half a minute, after which clients give up. Unit:
/// milliseconds.
pub const LATER_FORGIVEN_AFTER_MS: u64 = 400;

/// The time after which a wrong password no longer slows an address down. Unit:
/// milliseconds.
const FORGOTTEN_AFTER_MS: u64 = 60_000;

/// The limit of proofs that wait from one address; an address has fewer connections.
pub const MOST_WAITING: usize = 256;

/// The most bans at once; the oldest ban is dropped.
pub const MOST_BANS: usize = 1_000;

/// Above this number of addresses, those without wrong passwords are removed.
const MANY_ADDRESSES: usize = 1_024;

impl Door {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            ..Self::default()
        }
    }

    /// The requirement for this name, from this address.
    pub(super) fn meet(&self, name: &Name, origin: Option<&Origin>) -> Entrance {
        let role = match self.role_for(name) {
            Ok(role) => role,
            Err(refused) => return refused,
        };
        // A ban never locks out a client that can prove to be the teacher.
        if role != Some(Role::Teacher)
            && let Some(ban) = self.ban_of(name, origin)
        {
            return Entrance::Refused(Code::Banned, banned_sentence(ban));
        }
        let Some(role) = role else {
            return Entrance::Open;
        };
        Entrance::Locked(role)
    }

    /// The password that a name requires.
    fn role_for(&self, name: &Name) -> Result<Option<Role>, Entrance> {
        match &self.rules.teacher {
            Some(teacher) if teacher.name.is_same_word(name) => Ok(Some(Role::Teacher)),
            Some(teacher) if teacher.name.passes_for(name) => {
                let sentence = format!(
                    "The name \"{name}\" looks like the teacher's. Choose another."
                );
                Err(Entrance::Refused(Code::NameTaken, sentence))
            }
            Some(_) | None => Ok(self.rules.password.as_ref().map(|_| Role::Room)),
        }
    }

    /// The password of a role, if there is one.
    pub(super) fn password(&self, role: Role) -> Option<&Password> {
        match role {
            Role::Room => self.rules.password.as_ref(),
            Role::Teacher => self.rules.teacher.as_ref().map(|it| &it.password),
        }
    }

    /// Whether this name is reserved for the teacher.
    pub(super) fn is_reserved(&self, name: &Name) -> bool {
        let teacher = self.rules.teacher.as_ref();
        teacher.is_some_and(|teacher| teacher.name.passes_for(name))
    }

    /// Whether a proof from this address may be compared now.
    pub(super) fn may_guess(&mut self, origin: Option<&Origin>, now_ms: u64) -> bool {
        let guesses = origin.and_then(|origin| self.wrong.get_mut(&origin.address));
        let Some(guesses) = guesses else {
            return true;
        };
        *guesses = guesses.at(now_ms); // If the clock was set back, it counts from there.
        guesses.spent < GUESSES
    }

    /// A wrong password came from this address.
    pub(super) fn on_wrong(&mut self, origin: Option<&Origin>, now_ms: u64) {
        let Some(origin) = origin else { return };
        if self.wrong.len() >= MANY_ADDRESSES {
            self.wrong.retain(|_, guesses| {
                let guesses = guesses.at(now_ms);
                guesses.spent > 0 || guesses.remembered >= MANY_GUESSES
            });
        }
        let fresh = Guesses {
            spent: 0,
            since_ms: now_ms,
            remembered: 0,
            remembered_since_ms: now_ms,
            is_own_machine: origin.is_own_machine,
        };
        let guesses = self.wrong.entry(origin.address.clone()).or_insert(fresh);
        *guesses = guesses.at(now_ms);
        guesses.spent += 1;
        guesses.remembered += 1;
    }

    /// Bans a user from now on; returns the ban.
    pub(super) fn ban(&mut self, name: Name, origin: Option<&Origin>, why: &str) -> Ban {
        self.unban(&name);
        let origin = origin.filter(|origin| !origin.is_own_machine);
        let ban = Ban {
            name: name.to_string(),
            address: origin.map(|origin| origin.address.clone()),
            why: why.to_owned(),
        };
        if self.bans.len() >= MOST_BANS {
            self.bans.remove(0);
        }
        self.bans.push((name, ban.clone()));
        ban
    }

    /// Lifts a ban; returns whether there was one.
    pub(super) fn unban(&mut self, name: &Name) -> bool {
        let before = self.bans.len();
        self.bans.retain(|(banned, _)| !banned.is_same_word(name));
        self.bans.len() < before
    }

    /// The bans, oldest first.
    pub(super) fn bans(&self) -> Vec<Ban> {
        self.bans.iter().map(|(_, ban)| ban.clone()).collect()
    }

    fn ban_of(&self, name: &Name, origin: Option<&Origin>) -> Option<&Ban> {
        let address = origin.map(|origin| origin.address.as_str());
        let meant = |(banned, ban): &&(Name, Ban)| {
            banned.passes_for(name)
                || ban.address.is_some() && ban.address.as_deref() == address
        };
        self.bans.iter().find(meant).map(|(_, ban)| ban)
    }
}

/// The clients whose proofs wait, by address, and the names of an address in turn, so
/// that a user who connects again and again with one name counts once.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    by_address: BTreeMap<String, Line>,
}

/// Those of one address.
#[derive(Debug)]
struct Line {
    origin: Origin,
    /// The names, beginning with the one whose last turn was longest ago.
    names: VecDeque<(Name, VecDeque<ClientNumber>)>,
}

impl Waiting {
    /// Adds a waiting proof; returns `false` if there are too many.
    pub(super) fn push(
        &mut self,
        client: ClientNumber,
        name: &Name,
        origin: &Origin,
    ) -> bool {
        let line = self.by_address.entry(origin.address.clone());
        let line = line.or_insert_with(|| Line {
            origin: origin.clone(),
            names: VecDeque::new(),
        });
        let count: usize = line.names.iter().map(|(_, clients)| clients.len()).sum();
        if count >= MOST_WAITING {
            return false;
        }
        match line.names.iter_mut().find(|(it, _)| it.is_same_word(name)) {
            Some((_, clients)) => clients.push_back(client),
            None => line
                .names
                .push_back((name.clone(), VecDeque::from([client]))),
        }
        true
    }

    /// The next client of each address, and its address.
    pub(super) fn fronts_with_origins(&self) -> Vec<(ClientNumber, Origin)> {
        let lines = self.by_address.values();
        let front = |line: &Line| {
            let client = line.names.front()?.1.front()?;
            Some((*client, line.origin.clone()))
        };
        lines.filter_map(front).collect()
    }

    /// This client has had its turn, or has left: its name is now the last.
    pub(super) fn forget(&mut self, client: ClientNumber) {
        self.by_address.retain(|_, line| {
            let place = line.names.iter().position(|(_, it)| it.contains(&client));
            if let Some((name, mut clients)) =
                place.and_then(|place| line.names.remove(place))
            {
                let was_front = clients.front() == Some(&client);
                clients.retain(|it| *it != client);
                let place = if was_front {
                    line.names.len()
                } else {
                    place.unwrap_or(0)
                };
                if !clients.is_empty() {
                    line.names.insert(place, (name, clients));
                }
            }
            !line.names.is_empty()
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_address.is_empty()
    }

    #[cfg(test)]
    fn fronts(&self) -> Vec<ClientNumber> {
        let fronts = self.fronts_with_origins().into_iter();
        fronts.map(|(client, _)| client).collect()
    }
}

impl Guesses {
    /// The same counts, decreased by the time that has passed.
    fn at(self, now_ms: u64) -> Self {
        let interval_ms = if self.remembered < MANY_GUESSES || self.is_own_machine {
            FORGIVEN_AFTER_MS
        } else {
            LATER_FORGIVEN_AFTER_MS
        };
        let (spent, since_ms) = left(self.spent, self.since_ms, now_ms, interval_ms);
        let (remembered, remembered_since_ms) = left(
            self.remembered,
            self.remembered_since_ms,
            now_ms,
            FORGOTTEN_AFTER_MS,
        );
        Self {
            spent,
            since_ms,
            remembered,
            remembered_since_ms,
            ..self
        }
    }
}

/// Decreases a count by one per interval; returns the start of the current interval too.
fn left(count: u64, since_ms: u64, now_ms: u64, interval_ms: u64) -> (u64, u64) {
    // A clock that was set back changes no count.
    let gone = now_ms.saturating_sub(since_ms) / interval_ms;
    if gone >= count {
        return (0, now_ms);
    }
    (count - gone, since_ms.min(now_ms) + gone * interval_ms)
}

fn banned_sentence(ban: &Ban) -> String {
    let why = super::teacher::because(&ban.why);
    format!("The teacher has banned you from this room{why}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn from(address: &str) -> Origin {
        Origin {
            address: address.to_owned(),
            is_own_machine: address == "127.0.0.1",
        }
    }

    fn locked() -> Door {
        Door {
            rules: Rules {
                password: Some(Password::new("open sesame").unwrap()),
                teacher: Some(Teacher {
                    name: name("dana"),
                    password: Password::new("chalk").unwrap(),
                }),
                is_class: false,
            },
            ..Door::default()
        }
    }

    #[test]
    fn the_name_of_the_teacher_requires_the_teacher_password_and_look_alikes_are_refused()
    {
        let mut door = locked();
        let met = |door: &mut Door, text| door.meet(&name(text), None);
        assert_eq!(met(&mut door, "dana"), Entrance::Locked(Role::Teacher));
        assert_eq!(met(&mut door, "Dana"), Entrance::Locked(Role::Teacher));
        assert_eq!(met(&mut door, "guy"), Entrance::Locked(Role::Room));
        let refused = met(&mut door, "dаna"); // Cyrillic а.
        assert!(matches!(refused, Entrance::Refused(Code::NameTaken, _)));
        let mut open = Door::default();
        assert_eq!(met(&mut open, "guy"), Entrance::Open);
    }

    #[test]
    fn after_ten_wrong_passwords_an_address_has_one_more_attempt_per_interval() {
        let mut door = locked();
        let (bad, good) = (from("192.0.2.1"), from("192.0.2.2"));
        for _ in 0..GUESSES {
            assert!(door.may_guess(Some(&bad), 1_000));
            door.on_wrong(Some(&bad), 1_000);
        }
        assert!(door.may_guess(Some(&good), 1_000));
        let next = 1_000 + FORGIVEN_AFTER_MS;
        assert!(!door.may_guess(Some(&bad), next - 1));
        assert!(door.may_guess(Some(&bad), next));
        door.on_wrong(Some(&bad), next);
        assert!(!door.may_guess(Some(&bad), next));
        assert!(door.may_guess(Some(&bad), next + 2 * GUESSES * FORGIVEN_AFTER_MS));
        // Nobody is refused for it.
        assert_eq!(
            door.meet(&name("guy"), Some(&bad)),
            Entrance::Locked(Role::Room)
        );
    }

    /// The number of wrong passwords that are compared within this time.
    fn count_guesses(door: &mut Door, there: &Origin, time_ms: u64) -> usize {
        let mut count = 0;
        for now_ms in (0..time_ms).step_by(10) {
            while door.may_guess(Some(there), now_ms) {
                door.on_wrong(Some(there), now_ms);
                count += 1;
            }
        }
        count
    }

    #[test]
    fn an_address_that_guesses_has_216_thousand_attempts_per_day() {
        let mut door = locked();
        let hour_ms = 3_600_000;
        let count = count_guesses(&mut door, &from("192.0.2.1"), hour_ms);
        // 100 in the first nine seconds, then five in two seconds.
        let later = 1_000 * (hour_ms - 9_000) / LATER_FORGIVEN_AFTER_MS / 1_000;
        let expected = usize::try_from(MANY_GUESSES + later).unwrap();
        assert!(count.abs_diff(expected) <= 2, "{count} {expected}");
        // After a break of two hours it counts as a class again.
        let there = from("192.0.2.1");
        assert!(door.may_guess(Some(&there), 3 * hour_ms));
        for _ in 0..GUESSES {
            door.on_wrong(Some(&there), 3 * hour_ms);
        }
        assert!(!door.may_guess(Some(&there), 3 * hour_ms));
    }

    #[test]
    fn the_teachers_own_computer_is_not_slowed_down_further() {
        let mut door = locked();
        let count = count_guesses(&mut door, &from("127.0.0.1"), 60_000);
        assert!(count.abs_diff(610) <= 2, "{count}");
    }

    #[test]
    fn a_clock_that_is_set_back_neither_resets_nor_extends_the_rate_limit() {
        let mut door = locked();
        let there = from("192.0.2.1");
        let hour_ms = 3_600_000;
        (0..GUESSES).for_each(|_| door.on_wrong(Some(&there), hour_ms));
        assert!(!door.may_guess(Some(&there), 0));
        assert!(!door.may_guess(Some(&there), FORGIVEN_AFTER_MS - 1));
        assert!(door.may_guess(Some(&there), FORGIVEN_AFTER_MS));
    }

    #[test]
    fn proofs_are_queued_per_address_and_the_names_of_an_address_take_turns() {
        let mut waiting = Waiting::default();
        let (one, other) = (from("192.0.2.1"), from("192.0.2.2"));
        for (client, who, origin) in [
            (1, "guy", &one),
            (2, "guy", &one),
            (3, "guy", &one),
            (4, "yuval", &one),
            (5, "tal", &other),
        ] {
            assert!(waiting.push(client, &name(who), origin));
        }
        waiting.forget(2);
        assert_eq!(waiting.fronts(), [1, 5]);
        waiting.forget(1);
        assert_eq!(waiting.fronts(), [4, 5]);
        waiting.forget(4);
        waiting.forget(5);
        assert_eq!(waiting.fronts(), [3]);
        waiting.forget(3);
        assert!(waiting.is_empty());
    }

    #[test]
    fn the_number_of_queued_proofs_per_address_is_bounded() {
        let mut waiting = Waiting::default();
        let there = from("192.0.2.1");
        let clients = 0..u64::try_from(MOST_WAITING).unwrap();
        for client in clients.clone() {
            assert!(waiting.push(client, &name("guy"), &there));
        }
        assert!(!waiting.push(clients.end, &name("guy"), &there));
        assert!(waiting.push(clients.end, &name("guy"), &from("192.0.2.2")));
    }

    #[test]
    fn a_ban_applies_to_the_name_its_look_alikes_and_the_address_but_never_to_the_teacher()
     {
        let mut door = locked();
        let (there, elsewhere) = (from("192.0.2.1"), from("192.0.2.2"));
        door.ban(name("guy"), Some(&there), "noise");
        let is_banned = |door: &Door, text, origin: &Origin| {
            let met = door.meet(&name(text), Some(origin));
            matches!(met, Entrance::Refused(Code::Banned, _))
        };
        assert!(is_banned(&door, "guy", &elsewhere));
        assert!(is_banned(&door, "GUY", &elsewhere));
        assert!(is_banned(&door, "yuval", &there));
        assert!(!is_banned(&door, "yuval", &elsewhere));
        assert!(!is_banned(&door, "dana", &there));
        assert!(door.unban(&name("Guy")));
        assert!(!door.unban(&name("guy")));
        assert_eq!(
            door.meet(&name("guy"), Some(&there)),
            Entrance::Locked(Role::Room)
        );
    }

    #[test]
    fn a_ban_of_a_client_on_the_server_machine_applies_to_its_name_only() {
        let mut door = Door::default();
        let ban = door.ban(name("guy"), Some(&from("127.0.0.1")), "");
        assert_eq!(ban.address, None);
        let met = door.meet(&name("yuval"), Some(&from("127.0.0.1")));
        assert_eq!(met, Entrance::Open);
    }

    #[test]
    fn expired_addresses_and_old_bans_use_no_memory() {
        let mut door = Door::default();
        for number in 0..u64::try_from(2 * MANY_ADDRESSES).unwrap() {
            let origin = from(&format!("address {number}"));
            door.on_wrong(Some(&origin), number * FORGIVEN_AFTER_MS);
        }
        assert!(door.wrong.len() <= MANY_ADDRESSES);
        for number in 0..MOST_BANS + 5 {
            door.ban(name(&format!("n{number}")), None, "");
        }
        assert_eq!(door.bans().len(), MOST_BANS);
    }
}
