//! From the settings to a database that is ready for use.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::embedded::{Cluster, Stop};
use super::folder_lock::FolderLock;
use super::postgis;
use super::roles::{self, Pools};
use crate::config::DataConfig;
use crate::{catalogue, rules};

/// The schema's history.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// What the database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The service: nobody else may hold the data folder.
    Serve,
    /// A command that may run beside the service: joins its embedded database, or starts it for
    /// as long as the command takes.
    Tool,
}

/// A migrated database with its connections.
#[derive(Debug)]
pub struct Database {
    /// As whoever owns the schema: to migrate, import and set up.
    pub pool: PgPool,
    /// What the service works with.
    pub pools: Pools,
    cluster: Option<Cluster>,
    mode: Mode,
    /// Let go last, after the cluster stopped.
    _lock: Option<FolderLock>,
}

/// Opens the database given by `DATABASE_URL`, or the embedded one in the data folder, and brings
/// it up to date.
///
/// # Errors
/// One sentence each: the data folder is in use, the server cannot be reached or started, its
/// PostGIS is missing or too old, a migration failed.
pub async fn open(config: &DataConfig, mode: Mode) -> anyhow::Result<Database> {
    let data_dir = make_data_dir(config)?;
    let (options, cluster, lock) = match (&config.database_url, mode) {
        (Some(url), Mode::Serve) => {
            let lock = FolderLock::try_take(&data_dir)??;
            (given_server(url)?, None, Some(lock))
        }
        (Some(url), Mode::Tool) => (given_server(url)?, None, None),
        (None, mode) => {
            let bin = config.postgres_bin.as_deref();
            let (cluster, lock) = match (FolderLock::try_take(&data_dir)?, mode) {
                (Ok(lock), _) => (Cluster::start(&data_dir, bin).await?, Some(lock)),
                (Err(in_use), Mode::Serve) => return Err(in_use.into()),
                (Err(_), Mode::Tool) => (Cluster::join(&data_dir).await?, None),
            };
            (cluster.options(), Some(cluster), lock)
        }
    };
    let pool = PgPoolOptions::new()
        .max_connections(config.database_connections_max)
        .connect_with(options.clone())
        .await
        .context("connect to the database")?;
    prepare(&pool).await?;
    Ok(Database {
        pool,
        pools: Pools::of(&options, config.database_connections_max),
        cluster,
        mode,
        _lock: lock,
    })
}

fn given_server(url: &SecretString) -> anyhow::Result<PgConnectOptions> {
    let options: PgConnectOptions = url.expose_secret().parse().context("read DATABASE_URL")?;
    Ok(options.application_name("cityward"))
}

/// Brings a database up to date: PostGIS checked, roles made, schema migrated, the shipped
/// catalogue and first rule set loaded.
///
/// # Errors
/// PostGIS missing or too old (its version named), roles that our login may not create, or a migration that failed.
pub async fn prepare(db: &PgPool) -> anyhow::Result<()> {
    let version = postgis::check(&mut *db.acquire().await?).await?;
    tracing::debug!(%version, "PostGIS is new enough");
    roles::ensure(db).await?;
    MIGRATOR.run(db).await.context("migrate the database")?;
    catalogue::load(db).await.context("load the catalogue")?;
    rules::load(db).await.context("load the first rule set")
}

impl Database {
    /// Closes the connections and stops the embedded cluster if we started it.
    ///
    /// # Errors
    /// The cluster did not stop cleanly.
    pub async fn close(self) -> anyhow::Result<()> {
        let Self {
            pool,
            pools,
            cluster,
            mode,
            _lock,
        } = self;
        tokio::join!(pool.close(), pools.close());
        // sqlx 0.8 leaves a connection open that was on its way back while the pool closed, and
        // the server would wait for it for ever
        drop((pool, pools));
        if let Some(cluster) = cluster {
            let how = match mode {
                Mode::Serve => Stop::Now,
                Mode::Tool => Stop::WhenUnused,
            };
            cluster.stop(how).await?;
        }
        Ok(())
    }
}

/// The data folder as an absolute path, created if it is not there.
fn make_data_dir(config: &DataConfig) -> anyhow::Result<PathBuf> {
    let folder = &config.data_dir;
    if !folder.exists() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("create the data folder {}", folder.display()))?;
    }
    let whole = folder.canonicalize();
    whole.with_context(|| format!("find the data folder {}", folder.display()))
}
