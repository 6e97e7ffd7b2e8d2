//! Reading and writing routing rules; the gaps they leave.

mod http;
mod store;

pub(super) use http::routes;
