//! What a step makes of a case: pure, one file for each chapter of the regulation.

mod check;
mod closing;
mod dispatch;
mod dispute;
mod draft;
mod emergency;
mod handling;
mod intake;
mod quick;
mod request;
mod supervision;
mod undo;

use chrono::{DateTime, Utc};

pub(super) use self::check::SITE_ROLES;
use self::draft::Draft;
pub use self::draft::{Beside, Change};
pub(super) use self::undo::CLOCKS as UNDO_CLOCKS;
use super::case::WorkCase;
use super::{Actor, Command, Refusal, RefusalCode};
use crate::rules::{Route, RuleSet};
use crate::space::GroundPoint;

/// What a step may look at beside the case.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The set the case was opened under.
    pub rules: &'a RuleSet,
    pub now: DateTime<Utc>,
    /// Whose case it would be; asked when it is filed.
    pub route: Option<Route>,
    /// Draws who goes to the place where nobody is named.
    pub seed: u64,
}

/// What becomes of the case when the step is taken. Whether it may be taken is
/// [`may`](super::guard::may)'s to say, and has been asked before.
///
/// # Errors
/// When what was asked breaks a rule.
pub fn apply(
    case: &WorkCase,
    command: &Command,
    actor: Actor<'_>,
    setting: &Setting<'_>,
) -> Result<Change, Refusal> {
    let mut draft = Draft::of(case, actor, setting);
    intake::apply(&mut draft, command)
        .or_else(|| dispatch::apply(&mut draft, command))
        .or_else(|| dispute::apply(&mut draft, command))
        .or_else(|| handling::apply(&mut draft, command))
        .or_else(|| emergency::apply(&mut draft, command))
        .or_else(|| request::apply(&mut draft, command))
        .or_else(|| check::apply(&mut draft, command))
        .or_else(|| quick::apply(&mut draft, command))
        .or_else(|| closing::apply(&mut draft, command))
        .or_else(|| supervision::apply(&mut draft, command))
        .or_else(|| undo::apply(&mut draft, command))
        .expect("every command belongs to a chapter")?;
    Ok(draft.finish())
}

/// `None`: the command belongs to another chapter.
type Applied = Option<Result<(), Refusal>>;

/// How far `position` is from the case, metres.
///
/// # Errors
/// `too_far`: farther than allowed.
fn near(case: &WorkCase, position: GroundPoint, radius_m: f64) -> Result<f64, Refusal> {
    let distance_m = position.distance_m(case.place).round();
    if distance_m > radius_m {
        return Err(Refusal::new(RefusalCode::TooFar)
            .with("distance_m", distance_m)
            .with("radius_m", radius_m));
    }
    Ok(distance_m)
}
