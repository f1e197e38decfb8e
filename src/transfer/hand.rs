//! What a person does to a transfer's link while it runs, and the wish to see it.
//!
//! ```text
//!   person --Hand--> inbox of sender-3 or receiver-3 --> link, and the happenings that tell
//! ```

use crate::link::{Direction, Label, Link, Scenario};
use crate::reliable::moment::Moment;

/// What a person does to a running transfer's link.
#[derive(Debug, Clone, PartialEq)]
pub enum Hand {
    /// Lose this packet, if it is in this side's link now; [`Report::Killed`] answers.
    ///
    /// [`Report::Killed`]: super::Report::Killed
    Kill(Label),
    /// This side's link is another from now on.
    Change(Box<Scenario>),
    /// Tell everything that happens from now on, and soon after it did.
    Watch,
}

/// Makes one direction of a link another one from now on; a link that did nothing need not
/// have been there.
pub(super) fn change<T: Clone>(
    link: &mut Option<Link<T>>,
    scenario: &Scenario,
    direction: Direction,
    now: Moment,
) {
    match link {
        Some(link) => link.change(scenario, now),
        None => *link = super::carrier::imperfect(scenario, direction),
    }
}
