//! Reading and writing filing conditions.

mod http;
mod store;

pub(super) use http::{known_class, routes};
