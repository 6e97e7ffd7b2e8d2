//! An embedded database of its own for a part.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use cityward::config::DataConfig;
use cityward::database::{self, Database, Mode};

/// Runs a part with a fresh embedded database, which is gone afterwards.
pub(crate) async fn with_database<T>(
    connections_max: u32,
    part: impl AsyncFnOnce(&Database) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let folder = tempfile::Builder::new()
        .prefix("cityward-bench-")
        .tempdir()?;
    // the server may run as another user
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
    let config = DataConfig {
        database_url: None,
        data_dir: PathBuf::from(folder.path()),
        database_connections_max: connections_max,
        postgres_bin: None,
    };
    let database = database::open(&config, Mode::Serve).await?;
    let done = part(&database).await;
    database.close().await?;
    done
}
