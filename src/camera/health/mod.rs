//! Whether a camera can be believed: offline, frozen, dark, blurred, covered, moved, wrong time.
//!
//! Detector threads measure a small grey picture of every frame ([`Glance`]) and once a minute what
//! can be found again of it ([`View`]). Each look is evidence for or against each [`Condition`], and
//! a [`Judge`] turns evidence into a state that does not flicker. [`Health`] keeps them for all
//! cameras, in memory and in the database.

mod condition;
mod glance;
mod keep;
mod limits;
mod store;
mod view;
mod watch;

pub use condition::{Condition, ConditionState, Judge};
pub use glance::{Difference, Evidence, Glance};
pub use keep::{keep, write_down};
pub use limits::{EDGE, GLANCE, Hysteresis, SMALL, Side, VIEW};
pub use view::{Displacement, Feature, View};
pub use watch::{Health, Seen};
