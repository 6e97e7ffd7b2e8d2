//! What the parts run on: an embedded database of their own, and the service on it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cityward::config::{Config, DataConfig};
use cityward::database::{self, Database, Mode};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Runs a part with a fresh embedded database, which is gone afterwards.
pub(crate) async fn with_database<T>(
    connections_max: u32,
    part: impl AsyncFnOnce(&Database) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let folder = folder()?;
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

/// Runs a part against the service; it is told where that is.
pub(crate) async fn with_service<T>(
    database: &Database,
    part: impl AsyncFnOnce(&str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let folder = folder()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let pools = database.pools.clone();
    let service = cityward::service::run(config(folder.path()), pools, listener, stop.clone());
    let service = tokio::spawn(service);
    let done = part(&base).await;
    stop.cancel();
    service.await??;
    done
}

/// A data folder; the server may run as another user.
pub(crate) fn folder() -> anyhow::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("cityward-bench-")
        .tempdir()?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
    Ok(folder)
}

/// `cityward serve`, but where everything is.
pub(crate) fn config(data_dir: &Path) -> Config {
    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        config: Config,
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = <Flags as clap::Parser>::parse_from(["cityward"]).config;
    config.data.database_url = None;
    config.data.data_dir = data_dir.to_owned();
    for folder in &mut config.vision.model_dirs {
        *folder = root.join(&folder);
    }
    let onnxruntime = &mut config.vision.runtime.onnxruntime;
    *onnxruntime = root.join(&onnxruntime);
    config
}
