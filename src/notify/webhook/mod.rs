//! Webhooks: what happens to a unit's cases is sent to the unit's own system.
//!
//! A delivery is a POST with a CloudEvent 1.0 in structured JSON (`application/cloudevents+json`):
//! `type` is `cityward.case.<action>`, `id` the number of the event, `subject` the case, `data` the
//! case's row without people; of a case that has left the unit, its number only. Deliveries come
//! at least once, those of a case in order; whoever receives one twice knows it by its `id`.
//!
//! Every request carries `Cityward-Signature: t=<seconds since 1970>,v1=<hexadecimal>`: the
//! HMAC-SHA256, under the secret shown when the webhook was made, of the same seconds, a full stop
//! and the body. An answer of 2xx takes the delivery; after any other, or none, it is tried again,
//! after twice the time each time, and at last set aside as dead.

mod client;
mod deliver;
mod derive;
mod guard;
mod http;
mod key;
mod sign;
mod store;

pub(crate) use client::{GuardedClient, guarded_client};
pub use deliver::deliver;
pub(crate) use guard::check as check_url;
pub use http::routes;
pub use key::WebhookKey;

/// What is sealed of webhooks: their secrets.
const SEALED: &[u8] = b"webhook";
