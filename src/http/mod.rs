//! What every step's `http.rs` shares: the application state and the one error type.

mod app;
mod error;

pub use app::App;
pub use error::{ApiError, FieldProblem};
