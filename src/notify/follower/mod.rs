//! How far those have come who follow `case_event` and `audit_entry`.

mod store;

pub(super) use store::{Span, follow, proceed};
