//! What every step's `http.rs` shares: the application state, the one error type, extractors
//! that name what was wrong, and the server's sockets.

mod app;
mod brake;
mod client_address;
mod document;
mod error;
mod extract;
mod headers;
mod link;
mod server;

pub use app::App;
pub use brake::AddressBrake;
pub use client_address::{ClientAddress, OwnAddress};
pub(crate) use document::complete;
pub use error::{ApiError, FieldProblem};
pub use extract::{JsonBody, PathParams, QueryParams};
pub(crate) use headers::{measure, security_headers};
pub(crate) use link::{link_header, ogc_link, origin};
pub use server::{Peer, serve};
