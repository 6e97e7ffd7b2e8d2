//! Who may look and who may push: people by a session cookie, machines by a bearer token.
//!
//! A handler that takes a [`Person`] or a [`Platform`] is closed to everyone else; one that
//! takes neither is open, and the router says so. Roles and areas come later; until then every
//! person is an administrator.

mod extract;
mod http;
mod password;
mod secret;
mod store;

pub(crate) use extract::bearer_token;
pub use extract::{Person, Platform};
pub use http::{platform_routes, session_routes};
pub use password::{SignInLimit, hash_password};
pub use secret::{Secret, random_secret};
pub use store::{ensure_administrator, reset_administrator};
