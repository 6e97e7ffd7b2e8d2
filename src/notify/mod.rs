//! Who is told what happened: people by notices in the page, systems of units by webhooks.
//!
//! Both are derived from `case_event` in the order of its commits, by one process at a time and in
//! one transaction with how far it came: nothing is told that did not happen, nothing that happened
//! is left out, and an action writes nothing more.

mod follower;
mod notice;
mod receipt;
mod webhook;

pub use notice::{
    Addressed, Notice, NoticeFeed, NoticeKind, UnitMoved, keep_noticing, routes as notice_routes,
};
pub(crate) use webhook::{GuardedClient, check_url, guarded_client};
pub use webhook::{WebhookKey, deliver, routes as webhook_routes};
