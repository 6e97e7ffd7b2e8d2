//! View libraries of others: the city registers there as a device does, subscribes, and is told.

mod client;
mod keep;
pub(super) mod store;
mod words;

pub use keep::keep;
