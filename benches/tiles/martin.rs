//! The peer: Martin from crates.io, as `make bench-tiles` installs it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use sqlx::PgPool;
use tokio::process::{Child, Command};

/// A running Martin.
pub(crate) struct Martin {
    child: Child,
    pub(crate) base: String,
    _folder: tempfile::TempDir,
}

/// Where `make bench-tiles` puts it.
pub(crate) fn binary() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/martin/bin/martin")
}

impl Martin {
    /// On the tables of [`crate::data::for_the_peer`], with so many MiB of cache.
    pub(crate) async fn start(db: &PgPool, cache_mib: u32) -> anyhow::Result<Self> {
        let options = db.connect_options();
        let socket = options.get_socket().context("the embedded database")?;
        let connection = format!(
            "postgresql:///{}?host={}&user={}",
            options.get_database().unwrap_or_default(),
            socket.display(),
            options.get_username()
        );
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("martin.yaml");
        std::fs::write(&config, settings(port, cache_mib, &connection))?;
        let child = Command::new(binary())
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("Martin is not there: make bench-tiles installs it")?;
        let base = format!("http://127.0.0.1:{port}");
        for _ in 0..200 {
            if reqwest::get(format!("{base}/components"))
                .await
                .is_ok_and(|it| it.status().is_success())
            {
                return Ok(Self {
                    child,
                    base,
                    _folder: folder,
                });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("Martin does not answer")
    }

    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("Martin has ended")
    }
}

/// Its configuration: the two tables with the attributes that our tiles have.
fn settings(port: u16, cache_mib: u32, connection: &str) -> String {
    format!(
        "listen_addresses: '127.0.0.1:{port}'
worker_processes: 2
cache: {{ size_mb: {cache_mib}, tile_size_mb: {cache_mib} }}
postgres:
  connection_string: '{connection}'
  pool_size: 16
  auto_publish: false
  tables:
    components:
      schema: public
      table: peer_component
      srid: 4326
      geometry_column: geom
      geometry_type: POINT
      id_column: id
      extent: 4096
      buffer: 64
      clip_geom: true
      properties: {{ class: text, state: text, owner: int4, maintenance: int4, name: text, code: text, surveyed: int4 }}
    cells:
      schema: public
      table: peer_cell
      srid: 4326
      geometry_column: geom
      geometry_type: MULTIPOLYGON
      id_column: id
      extent: 4096
      buffer: 128
      clip_geom: true
      properties: {{ code: text, unit: int4 }}
"
    )
}
