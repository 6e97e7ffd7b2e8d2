//! What happened, so that it can be proved: an append-only record, chained by hashes and sealed.
//!
//! The history of a case is `case_event`, written by the action itself. Everything else that
//! changes (people, units, rules, platforms, …) leaves an [`Entry`], written by [`record`] in the
//! transaction of the change. The database chains both; [`keep_sealed`] closes what was written
//! about once a second, so that a missing end shows too; [`verify`] computes everything again.

mod entry;
mod hash;
mod http;
mod page;
mod seal;
mod store;
mod verify;

pub use entry::Entry;
pub use http::routes;
pub use seal::{keep_sealed, seal};
pub use store::record;
pub use verify::{Break, LastSeal, NotedSeal, Verdict, verify};
