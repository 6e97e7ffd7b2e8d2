//! 7. Case → browsers: what changed is pushed to every signed-in page as it happens, to each
//! person what they may see.

mod feed;
mod follow;
mod http;
mod scope;
mod store;

pub use feed::{LiveEvent, LiveFeed, LiveStep, Subscription};
pub use follow::{follow, ring};
pub use http::routes;
pub use scope::Audience;
