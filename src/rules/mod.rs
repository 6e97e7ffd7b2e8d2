//! What the city goes by: filing conditions and their limits, office hours, routing, what a
//! report has to bring, and the numbers of the policy, in versioned sets. Articles 7, 12, 13, 16.
//!
//! A [`RuleSet`] is drafted, approved by somebody else, and in force from a date on; a case keeps
//! the set it was opened under, and nothing approved is ever changed, which the database sees to.
//! [`Rules`] holds the approved sets in memory. A decided dispute becomes a [`Precedent`]: these
//! stand beside the sets, take effect at once and are looked at first.

mod condition;
mod conditions;
mod first;
mod http;
mod numbers;
mod office;
mod policy;
mod route;
mod routing;
mod scope;
mod seconds;
mod set;
mod store;
mod tester;
mod verdict;
mod watch;

pub use condition::{Closing, Condition, ConditionId, RuleSetId};
pub use first::load;
pub use http::routes;
pub use office::{Day, OfficeHours, OfficeHoursError, Opening};
pub use policy::{CollectionRule, Policy, QuickReason, ReworkLimit, StageLimit};
pub use route::{Precedent, Route, RouteAsk, RouteBecause, RouteRule, RouteTo};
pub use scope::{InvalidPlaceScope, PlaceScope};
pub use set::{RuleSet, RuleSetHead, RuleSetState};
pub(crate) use store::pass_on_precedents;
pub use store::{NewPrecedent, add_precedent};
pub use verdict::Verdict;
pub use watch::Rules;
