//! The city's features for other programs: OGC API - Features, parts 1 to 4, with CQL2.
//!
//! What a person gets here is what they get elsewhere: everything is read as them, under row-level
//! security, and what they change goes the way of the pages.

mod collection;
mod cql2;
mod crs;
mod edit;
mod filter;
mod http;
mod query;
mod store;

pub use http::routes;
