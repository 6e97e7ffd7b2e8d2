//! Who may look and who may push: people by a session cookie, machines by a bearer token.
//!
//! A handler that takes a [`Person`] or a [`Platform`] is closed to everyone else; one that
//! takes neither is open, and the router says so. A person has roles for a unit, in a district and
//! an area, for a time: a handler asks for the role ([`Person::require`]), and the database shows
//! and changes only what the person of the transaction reaches (`act_as`).

mod extract;
mod grant;
mod http;
mod oidc;
mod password;
mod people;
mod profile;
mod recent;
mod role;
mod scope;
mod seal;
mod secret;
mod sessions;
mod store;

pub use extract::{Person, Platform, RecentPerson};
pub(crate) use extract::{bearer_token, forget_after_change, recent_person};
pub use grant::Grant;
pub use http::{platform_routes, session_routes};
pub use oidc::{Provider, routes as oidc_routes};
pub use password::hash_password;
pub use people::routes as people_routes;
pub use profile::{Named, NamedGrant, Profile};
pub use recent::{Recent, RecentPeople};
pub use role::Role;
pub use scope::Scope;
pub use seal::SealingKey;
pub use secret::{Secret, random_secret};
pub use sessions::routes as sessions_routes;
pub(crate) use store::{act_as, scope};
pub use store::{ensure_administrator, reset_administrator, reset_password};
