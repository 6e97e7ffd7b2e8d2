//! Reading and writing what a set has one of: calendar, stage limits, policy, collection rules.

mod http;

pub(super) use http::routes;
