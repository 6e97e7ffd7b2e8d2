//! What handlers may reach.

use std::sync::Arc;

use sqlx::PgPool;

use crate::config::Config;

/// The running application; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub db: PgPool,
}
