//! 6. Case → browsers: what changed is pushed to every signed-in page as it happens.

mod feed;
mod http;

pub use feed::{LiveEvent, LiveFeed, LiveStep, Subscription};
pub use http::routes;
