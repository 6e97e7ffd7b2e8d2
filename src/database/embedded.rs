//! The private PostgreSQL cluster in the data folder: one unix socket, no TCP port.
//!
//! The socket lies inside the cluster's own folder, which PostgreSQL keeps closed to every user
//! but the server's (0700); so whoever reaches the socket is that user or root, and local
//! connections are trusted.

use std::fs::{self, DirBuilder, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, dup};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::sleep;

use super::binaries::find_binaries;
use super::server_user::ServerUser;
use super::survivors::stop_survivors;

/// Name of the database, and of the role that owns it.
const NAME: &str = "cityward";

/// Longest path of a unix socket in bytes (`sun_path` of Linux, less the closing zero).
const SOCKET_PATH_MAX: usize = 107;

/// What differs from PostgreSQL's defaults; given on the command line, so that a newer program
/// brings its own. Durability stays as it is by default: on.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    // relative to the cluster's folder: no path can be too long, and the folder may be moved
    "unix_socket_directories=.",
    "max_connections=100",
    // tiles read the log of commits, by a slot for each process; who cannot keep up is cut off
    // before the log fills the disk, and reads everything anew
    "wal_level=logical",
    "max_replication_slots=32",
    "max_wal_senders=32",
    "max_slot_wal_keep_size=1GB",
    "shared_buffers=256MB",
    "effective_cache_size=1GB",
    "work_mem=16MB",
    "maintenance_work_mem=128MB",
    "max_wal_size=2GB",
    "checkpoint_timeout=15min",
    "wal_compression=on",
    "random_page_cost=1.1",
    // compiling takes longer than the short spatial queries it would speed up
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_checkpoints=off",
];

/// A running server of ours.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    /// Keeps `/proc/self/fd/…` valid where the socket's own path would be too long.
    handle: File,
    /// `None`: another process started it, we only joined.
    server: Option<Child>,
}

/// The server ended or never answered.
#[derive(Debug, thiserror::Error)]
#[error("the embedded database did not start ({status}); its log {} ends with:\n{tail}", log.display())]
pub struct ServerDown {
    status: ExitStatus,
    log: PathBuf,
    tail: String,
}

impl Cluster {
    /// Starts the cluster in `<data_dir>/pg`, made first if it is not there yet.
    ///
    /// The caller holds the data folder. A server that outlived a killed program is stopped first;
    /// PostgreSQL recovers by itself from whatever was cut off.
    ///
    /// # Errors
    /// Binaries not found, or [`ServerDown`].
    pub async fn start(data_dir: &Path, postgres_bin: Option<&Path>) -> anyhow::Result<Self> {
        let user = ServerUser::choose()?;
        let folder = data_dir.join("pg");
        let bin = find_binaries(postgres_bin)?;
        if !folder.exists() {
            create(&folder, &bin, &user).await?;
        }
        stop_survivors(&folder).await?;

        let logs = data_dir.join("logs");
        fs::create_dir_all(&logs).with_context(|| format!("create {}", logs.display()))?;
        let log = logs.join("postgres.log");
        if log.exists() {
            let earlier = logs.join("postgres.earlier.log");
            fs::rename(&log, &earlier).with_context(|| format!("keep {}", log.display()))?;
        }
        let output = File::create(&log).with_context(|| format!("write {}", log.display()))?;
        let mut command = Command::new(bin.join("postgres"));
        let (way_in, path) = way_in(&folder)?;
        command.arg("-D").arg(path);
        for setting in SETTINGS {
            command.arg("-c").arg(setting);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output);
        user.run_as(&mut command);
        let server = command
            .spawn()
            .with_context(|| format!("start {}", bin.join("postgres").display()))?;
        drop(way_in);
        let mut cluster = Self::at(folder, Some(server))?;
        cluster.wait_until_ready(&log).await?;
        cluster.create_database().await?;
        Ok(cluster)
    }

    /// Joins the cluster that another process of this data folder runs.
    ///
    /// # Errors
    /// No answer within 30 seconds.
    pub async fn join(data_dir: &Path) -> anyhow::Result<Self> {
        let cluster = Self::at(data_dir.join("pg"), None)?;
        let started = Instant::now();
        loop {
            match cluster.options().connect().await {
                Ok(connection) => {
                    connection.close().await?;
                    return Ok(cluster);
                }
                Err(error) if started.elapsed() > Duration::from_secs(30) => {
                    return Err(error).context("join the running embedded database");
                }
                Err(_not_yet) => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn at(folder: PathBuf, server: Option<Child>) -> anyhow::Result<Self> {
        let handle = File::open(&folder).with_context(|| format!("open {}", folder.display()))?;
        Ok(Self {
            folder,
            handle,
            server,
        })
    }

    /// How to connect to the city's database in this cluster.
    pub fn options(&self) -> PgConnectOptions {
        let socket = self.folder.join(".s.PGSQL.5432");
        let reachable = if socket.as_os_str().len() <= SOCKET_PATH_MAX {
            self.folder.clone()
        } else {
            PathBuf::from(format!("/proc/self/fd/{}", self.handle.as_raw_fd()))
        };
        PgConnectOptions::new_without_pgpass()
            .socket(reachable)
            .port(5432)
            .username(NAME)
            .database(NAME)
            .application_name("cityward")
    }

    /// Stops the server and waits for its last checkpoint; without a server of our own, nothing.
    ///
    /// # Errors
    /// The server could not be signalled or ended badly.
    pub async fn stop(mut self, how: Stop) -> anyhow::Result<()> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        let signal = match how {
            Stop::Now => Signal::SIGINT,
            Stop::WhenUnused => Signal::SIGTERM,
        };
        kill(pid_of(&server)?, signal).context("stop the embedded database")?;
        loop {
            if let Some(status) = server.try_wait()? {
                if status.success() {
                    return Ok(());
                }
                bail!("the embedded database did not stop cleanly ({status})");
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn wait_until_ready(&mut self, log: &Path) -> anyhow::Result<()> {
        let options = self.options().database("postgres");
        let mut said = Instant::now();
        loop {
            if let Some(status) = self
                .server
                .as_mut()
                .map(Child::try_wait)
                .transpose()?
                .flatten()
            {
                let log = log.to_owned();
                let tail = tail(&log)?;
                return Err(ServerDown { status, log, tail }.into());
            }
            if let Ok(connection) = options.connect().await {
                return Ok(connection.close().await?);
            }
            if said.elapsed() > Duration::from_secs(10) {
                said = Instant::now();
                tracing::info!("the embedded database is still recovering");
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn create_database(&self) -> anyhow::Result<()> {
        let mut server = PgConnection::connect_with(&self.options().database("postgres")).await?;
        let there: bool = sqlx::query_scalar(
            "select exists (select from pg_database where datname = 'cityward')",
        )
        .fetch_one(&mut server)
        .await?;
        if !there {
            sqlx::query("create database cityward")
                .execute(&mut server)
                .await?;
        }
        Ok(server.close().await?)
    }
}

/// How urgently the server is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Ends every connection (PostgreSQL's fast shutdown).
    Now,
    /// Waits until whoever joined has left (PostgreSQL's smart shutdown).
    WhenUnused,
}

impl Drop for Cluster {
    /// When we leave early, by an error or a panic, the server still stops with us.
    fn drop(&mut self) {
        if let Some(server) = &mut self.server
            && let Ok(pid) = pid_of(server)
            && kill(pid, Signal::SIGINT).is_ok()
            && let Err(error) = server.wait()
        {
            tracing::warn!(%error, "the embedded database was left behind");
        }
    }
}

fn pid_of(server: &Child) -> anyhow::Result<Pid> {
    Ok(Pid::from_raw(i32::try_from(server.id())?))
}

/// Makes a new cluster beside its place and moves it there whole, so that a cut-off attempt is
/// never taken for a cluster.
async fn create(folder: &Path, bin: &Path, user: &ServerUser) -> anyhow::Result<()> {
    tracing::info!(folder = %folder.display(), "create the embedded database");
    let draft = folder.with_extension("new");
    if draft.exists() {
        fs::remove_dir_all(&draft).with_context(|| format!("remove {}", draft.display()))?;
    }
    DirBuilder::new()
        .mode(0o700)
        .create(&draft)
        .with_context(|| format!("create {}", draft.display()))?;
    user.own(&draft)?;
    let mut command = Command::new(bin.join("initdb"));
    let (_way_in, path) = way_in(&draft)?;
    command
        .arg("--pgdata")
        .arg(path)
        .args(["--username", NAME])
        .args(["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])
        .arg("--data-checksums")
        .stdin(Stdio::null());
    user.run_as(&mut command);
    let output = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("run {}", bin.join("initdb").display()))?;
    if !output.status.success() {
        bail!(
            "the embedded database could not be created: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    fs::rename(&draft, folder).with_context(|| format!("move {}", draft.display()))
}

/// A path to a folder that also holds for a server user who may not enter the folders above it,
/// as when root keeps the data under `/root`: the folder is open already, and the descriptor is
/// inherited by processes started while the first value lives.
fn way_in(folder: &Path) -> anyhow::Result<(OwnedFd, PathBuf)> {
    let open = || format!("open {}", folder.display());
    let held = dup(File::open(folder).with_context(open)?).with_context(open)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd()));
    Ok((held, path))
}

/// The last lines of the server's log.
fn tail(log: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(log).with_context(|| format!("read {}", log.display()))?;
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(5)..].join("\n"))
}
