//! Trying rules: one question, or a draft against the cases of the last days.

mod dry_run;
mod http;
mod store;

pub(super) use http::routes;
