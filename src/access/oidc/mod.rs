//! Signing in through the organisation's own provider: OpenID Connect, authorization code with
//! PKCE. Nobody is created by it: a person must be there and not disabled.

mod client;
mod http;
mod provider;
mod store;

pub use http::routes;
pub use provider::Provider;
