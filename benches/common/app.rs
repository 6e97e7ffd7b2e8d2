//! The application itself, where a part asks it without HTTP.

use std::path::Path;
use std::sync::Arc;

use cityward::config::VisionConfig;
use cityward::database::Database;
use cityward::http::App;
use cityward::vision::Models;

use crate::stage::config;

/// The application, without models to look at frames.
pub(crate) async fn app(data_dir: &Path, database: &Database) -> anyhow::Result<App> {
    let config = config(data_dir);
    let models = Models::load(&VisionConfig {
        model_dirs: Vec::new(),
        ..config.vision.clone()
    })?;
    App::start(Arc::new(config), database.pools.clone(), models).await
}
