//! What happened, so that it can be proved: an append-only record, chained by hashes and sealed.
//!
//! The history of a case is `case_event`, written by the action itself. Everything else that
//! changes (people, units, rules, platforms, …) leaves an [`Entry`], written by [`record`] in the
//! transaction of the change. The database chains both.

mod entry;
mod store;

pub use entry::Entry;
pub use store::record;
