//! The way to the server's log of commits: a logical replication slot read by `pgoutput`.

use std::time::Duration;

use pgwire_replication::{Lsn, PgWireError, ReplicationClient, ReplicationConfig};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::time::timeout;

/// Messages that may wait between the connection and who reads it.
const WAITING_MAX: usize = 4096;
/// A slot begins when every transaction of that moment has ended; one that takes hours is not
/// waited for.
const SLOT_WAIT: Duration = Duration::from_secs(10);
/// How often the server is told how far we have read, so that it need not keep the log behind us.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// Who connects for replication, and where to: the login that owns the schema.
#[derive(Debug, Clone)]
pub struct Replication {
    /// A name, an address, or the folder of a unix socket.
    host: String,
    port: u16,
    user: String,
    password: Option<SecretString>,
    database: String,
}

/// Why the log of commits cannot be read, in words.
#[derive(Debug, thiserror::Error)]
pub enum NoSlot {
    #[error("the server does not give its log of commits")]
    Refused(#[from] PgWireError),
    #[error(
        "no slot within {} s: a transaction goes on that began before",
        SLOT_WAIT.as_secs()
    )]
    Late,
    #[error("the server's answer names no snapshot")]
    Answer,
}

/// A slot that has not begun yet, with the snapshot it begins after. The snapshot can be taken
/// over until [`Slot::start`].
pub struct Slot {
    client: ReplicationClient,
    pub name: String,
    /// What changed up to here is in the snapshot.
    pub begins_at: u64,
    pub snapshot: String,
}

impl Replication {
    /// `None` where connections have to be encrypted, which the replication connection is not.
    pub(super) fn of(options: &PgConnectOptions) -> Option<Self> {
        match options.get_ssl_mode() {
            PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => {}
            PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => return None,
        }
        let url = options.to_url_lossy();
        let socket = options.get_socket().map(|path| path.display().to_string());
        let user = options.get_username().to_owned();
        let password = url.password().map(|password| {
            let decoded = percent_encoding::percent_decode_str(password);
            SecretString::from(decoded.decode_utf8_lossy().into_owned())
        });
        Some(Self {
            host: socket.unwrap_or_else(|| options.get_host().to_owned()),
            port: options.get_port(),
            database: options.get_database().unwrap_or(&user).to_owned(),
            user,
            password,
        })
    }

    /// A slot of our own for what the publication names. It ends with the connection, so that no
    /// log is ever kept for somebody who is gone.
    ///
    /// # Errors
    /// The server does not allow it, or is not ready for it in time.
    pub async fn slot(&self, publication: &str) -> Result<Slot, NoSlot> {
        let name = format!("cityward_{}", uuid::Uuid::now_v7().simple());
        let opening = async {
            let config = self.config(&name, publication);
            let mut client = ReplicationClient::connect_gated(config).await?;
            let create = format!(
                "CREATE_REPLICATION_SLOT \"{name}\" TEMPORARY LOGICAL pgoutput (SNAPSHOT 'export')"
            );
            let mut rows = client.simple_query(&create).await?;
            let row = rows.pop().unwrap_or_default();
            let text = |column: usize| -> Option<String> {
                String::from_utf8(row.get(column)?.as_ref()?.to_vec()).ok()
            };
            let (Some(begins_at), Some(snapshot)) = (text(1), text(2)) else {
                return Err(NoSlot::Answer);
            };
            let begins_at = Lsn::parse(&begins_at).map_err(|_no_lsn| NoSlot::Answer)?;
            Ok(Slot {
                client,
                name: name.clone(),
                begins_at: begins_at.as_u64(),
                snapshot,
            })
        };
        if let Ok(opened) = timeout(SLOT_WAIT, opening).await {
            return opened;
        }
        // the server does not notice that nobody waits any more, and would keep its log for it
        let end = format!(
            "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '{name}'"
        );
        let ending = async {
            let config = self.config(&name, publication);
            let mut client = ReplicationClient::connect_gated(config).await?;
            client.simple_query(&end).await
        };
        let unended = match timeout(SLOT_WAIT, ending).await {
            Ok(ended) => ended.err().map(|error| error.to_string()),
            Err(late) => Some(late.to_string()),
        };
        if let Some(error) = unended {
            tracing::warn!(
                error,
                slot = name,
                "a slot that nobody waits for may be there still"
            );
        }
        Err(NoSlot::Late)
    }

    fn config(&self, slot: &str, publication: &str) -> ReplicationConfig {
        let password = self
            .password
            .as_ref()
            .map_or("", |word| word.expose_secret());
        ReplicationConfig::new(
            self.host.as_str(),
            self.user.as_str(),
            password,
            self.database.as_str(),
            slot,
            publication,
        )
        .with_port(self.port)
        .with_binary(true)
        .with_buffer_size(WAITING_MAX)
        .with_status_interval(STATUS_EVERY)
        .with_application_name("cityward tiles")
    }
}

impl Slot {
    /// Begins to read.
    ///
    /// # Errors
    /// The connection was lost, or the publication is gone.
    pub async fn start(mut self) -> Result<ReplicationClient, NoSlot> {
        self.client.start().await?;
        self.client.wait_started().await?;
        Ok(self.client)
    }
}
