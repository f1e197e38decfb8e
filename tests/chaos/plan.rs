//! The plan of faults: a pure function of the seed.
//!
//! ```text
//!   0.4 s  client 3   downloads big.bin by go-back-n
//!   1.1 s  client 3   is killed            --\
//!   1.6 s  client 3   is started again     <-' after a rest
//!   2.0 s  the server is stopped for 0.3 s
//! ```
//!
//! A plan knows nothing about processes: it is the list that the runner executes, so the same
//! seed disturbs the same clients at the same times. Their reaction depends on the machine.

use fastrand::Rng;
use sash::wire::options::Arq;
use std::time::Duration;

/// The parameters of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Decides everything.
    pub(crate) seed: u64,
    /// How many clients there are.
    pub(crate) clients: usize,
    /// For how long they are disturbed.
    pub(crate) duration: Duration,
}

impl Wanted {
    /// Small enough for an ordinary test.
    pub(crate) const SMALL: Self = Self {
        seed: 0,
        clients: 5,
        duration: Duration::from_secs(3),
    };
}

/// The steps of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// One for each client.
    pub(crate) roles: Vec<Role>,
    /// Earliest first.
    pub(crate) steps: Vec<PlannedEvent>,
}

/// The fixed properties of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Role {
    /// The link for its transfers.
    pub(crate) link: String,
    /// Its chat goes through a proxy, which can cut it.
    pub(crate) is_behind_proxy: bool,
    /// Its folder is on a disk that is too small for the big file.
    pub(crate) is_cramped: bool,
    /// A second copy of a file replaces the first one; otherwise it is numbered.
    pub(crate) replaces: bool,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedEvent {
    /// Its time since the beginning.
    pub(crate) at: Duration,
    /// The target.
    pub(crate) who: Who,
    /// The action.
    pub(crate) act: Act,
}

/// A program of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// This client, counted from 0.
    Client(usize),
    /// The server.
    Server,
    /// The machine on which all of them run.
    Machine,
}

/// An action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// It sends a line.
    Say,
    /// It types this command.
    Type(String),
    /// It uploads its own file.
    Upload,
    /// SIGKILL.
    Kill,
    /// SIGINT: it leaves as with Ctrl-C.
    Interrupt,
    /// SIGSTOP, and SIGCONT after this time.
    Stop(Duration),
    /// Its chat connection is cut.
    Cut,
    /// It is started, again.
    Start,
    /// The clock jumps: from now on all programs see a time of day that is this many seconds later
    /// than the true one, or earlier.
    Jump(i64),
}

/// The files on offer: name and size in bytes. The last one is the big one.
pub(crate) const FILES: [(&str, u64); 3] = [
    ("small.txt", 3_000),
    ("middle.bin", 300_000),
    ("big.bin", 2_500_000),
];

/// The time between two actions of one client.
const PACE_MS: std::ops::Range<u64> = 60..400;

/// How long a disturbed client stays away, or is stopped.
const REST_MS: std::ops::Range<u64> = 150..900;

/// From one jump of the clock to the next.
const JUMP_PACE_MS: std::ops::Range<u64> = 700..3_000;

/// A leap second, a wrong clock, summer time, a night of suspension, a mistyped year. Unit:
/// seconds.
const JUMPS: [i64; 5] = [1, 90, 3_600, 30 * 3_600, 366 * 86_400];

/// The time between two faults of the server.
const SERVER_PACE_MS: std::ops::Range<u64> = 2_500..6_000;

impl Plan {
    /// The plan of this seed.
    #[must_use]
    pub(crate) fn of(wanted: &Wanted) -> Self {
        let mut generator = Rng::with_seed(wanted.seed);
        let roles: Vec<_> = (0..wanted.clients)
            .map(|client| Role::draw(client, &mut generator))
            .collect();
        let mut steps = server_steps(wanted, generator.fork());
        for (client, role) in roles.iter().enumerate() {
            steps.extend(client_steps(client, role, wanted, generator.fork()));
        }
        steps.extend(machine_steps(wanted, generator.fork()));
        steps.sort_by_key(|step| step.at); // Stable: equal times keep their order.
        Self { roles, steps }
    }
}

impl Role {
    fn draw(client: usize, generator: &mut Rng) -> Self {
        let loss = [0, 0, 1, 5][generator.usize(..4)];
        let delay = [0, 2, 10][generator.usize(..3)];
        Self {
            link: format!("seed={client};loss={loss}%;delay={delay}ms"),
            is_behind_proxy: generator.bool(),
            is_cramped: client % 8 == 3,
            replaces: generator.bool(),
        }
    }
}

fn client_steps(
    client: usize,
    role: &Role,
    wanted: &Wanted,
    mut generator: Rng,
) -> Vec<PlannedEvent> {
    let mut steps = Vec::new();
    let mut now = Duration::from_millis(generator.u64(PACE_MS));
    while now < wanted.duration {
        let act = draw(role, &mut generator);
        let is_away = matches!(act, Act::Kill | Act::Interrupt | Act::Cut);
        let is_still = matches!(act, Act::Stop(_));
        let who = Who::Client(client);
        steps.push(PlannedEvent { at: now, who, act });
        if is_away || is_still {
            now += Duration::from_millis(generator.u64(REST_MS));
        }
        if is_away {
            let (at, act) = (now, Act::Start);
            steps.push(PlannedEvent { at, who, act });
        }
        now += Duration::from_millis(generator.u64(PACE_MS));
    }
    steps
}

fn draw(role: &Role, generator: &mut Rng) -> Act {
    match generator.u32(..100) {
        0..60 => Act::Say,
        60..80 => Act::Type(draw_download(generator)),
        80..84 => Act::Upload,
        84..86 => Act::Type("/pause".to_owned()),
        86..89 => Act::Type("/resume".to_owned()),
        89..90 => Act::Type("/cancel 1".to_owned()),
        90..93 => Act::Kill,
        93..95 => Act::Interrupt,
        95..97 if role.is_behind_proxy => Act::Cut,
        _ => Act::Stop(Duration::from_millis(generator.u64(REST_MS))),
    }
}

fn draw_download(generator: &mut Rng) -> String {
    let (file, _) = FILES[generator.usize(..FILES.len())];
    let arq = Arq::ALL[generator.usize(..Arq::ALL.len())];
    if generator.u32(..6) == 0 {
        format!("/download {file} --transport tcp")
    } else {
        format!("/download {file} --arq {arq}")
    }
}

/// In every second seed the server is not killed, so that its memory can be compared.
fn server_steps(wanted: &Wanted, mut generator: Rng) -> Vec<PlannedEvent> {
    let mut steps = Vec::new();
    let who = Who::Server;
    let mut at = Duration::from_millis(generator.u64(SERVER_PACE_MS));
    while at + Duration::from_secs(1) < wanted.duration {
        let rest = Duration::from_millis(generator.u64(REST_MS));
        if wanted.seed % 2 == 1 && generator.bool() {
            let act = if generator.bool() {
                Act::Kill
            } else {
                Act::Interrupt
            };
            steps.push(PlannedEvent { at, who, act });
            let (at, act) = (at + rest, Act::Start);
            steps.push(PlannedEvent { at, who, act });
        } else {
            let act = Act::Stop(rest);
            steps.push(PlannedEvent { at, who, act });
        }
        at += rest + Duration::from_millis(generator.u64(SERVER_PACE_MS));
    }
    steps
}

fn machine_steps(wanted: &Wanted, mut generator: Rng) -> Vec<PlannedEvent> {
    let mut steps = Vec::new();
    let mut at = Duration::from_millis(generator.u64(JUMP_PACE_MS));
    while at < wanted.duration {
        let jump = JUMPS[generator.usize(..JUMPS.len())];
        let act = Act::Jump(if generator.bool() { jump } else { -jump });
        let who = Who::Machine;
        steps.push(PlannedEvent { at, who, act });
        at += Duration::from_millis(generator.u64(JUMP_PACE_MS));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Wanted = Wanted {
        seed: 0,
        clients: 50,
        duration: Duration::from_secs(10),
    };

    #[test]
    fn equal_seeds_give_equal_plans_and_different_seeds_different_plans() {
        let plan = |seed| Plan::of(&Wanted { seed, ..LONG });
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn every_killed_or_disconnected_client_returns_and_no_step_targets_an_absent_one() {
        for seed in 0..50 {
            let plan = Plan::of(&Wanted { seed, ..LONG });
            let mut whos: Vec<_> = (0..LONG.clients).map(Who::Client).collect();
            whos.push(Who::Server);
            for who in whos {
                let mut is_away = false;
                for step in plan.steps.iter().filter(|step| step.who == who) {
                    assert_eq!(step.act == Act::Start, is_away, "seed {seed}: {step:?}");
                    is_away = matches!(step.act, Act::Kill | Act::Interrupt | Act::Cut);
                }
                assert!(!is_away, "seed {seed}: {who:?} never comes back");
            }
        }
    }

    #[test]
    fn a_plan_for_fifty_clients_contains_every_kind_of_fault() {
        let plan = Plan::of(&Wanted { seed: 1, ..LONG });
        let count = |act: fn(&Act) -> bool| {
            plan.steps.iter().filter(|step| act(&step.act)).count()
        };
        assert!(count(|act| *act == Act::Kill) > 10);
        assert!(count(|act| *act == Act::Cut) > 3);
        assert!(count(|act| matches!(act, Act::Stop(_))) > 10);
        assert!(count(|act| *act == Act::Interrupt) > 5);
        assert!(count(|act| *act == Act::Say) > 500);
        assert!(count(|act| matches!(act, Act::Jump(1..))) > 0);
        assert!(count(|act| matches!(act, Act::Jump(..0))) > 0);
        assert!(plan.roles.iter().any(|role| role.is_cramped));
    }

    #[test]
    fn only_clients_behind_a_proxy_are_disconnected() {
        let plan = Plan::of(&LONG);
        for step in plan.steps.iter().filter(|step| step.act == Act::Cut) {
            assert!(
                matches!(step.who, Who::Client(it) if plan.roles[it].is_behind_proxy)
            );
        }
    }
}
