//! The two roles the program works as, and the connections that have them.
//!
//! Row-level security applies to `cityward_service`; `cityward_machine` passes it. Whoever
//! connects owns the schema and only migrates, imports and sets up.

use std::num::NonZero;

use anyhow::{Context as _, ensure};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Executor as _, PgPool};

use super::replication::Replication;

const SERVICE: &str = "cityward_service";
const MACHINE: &str = "cityward_machine";

/// Connections for actions that are committed together: one a core keeps the cores busy, and
/// more of them only make the groups smaller.
const LANES_MAX: u32 = 8;
/// How long one of them waits for a lock before its orders are carried out one by one.
const GROUPED_LOCK_TIMEOUT: &str = "250ms";

/// PostgreSQL's code for "must be owner, superuser, or have the right to".
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// What an administrator of the server runs once where Cityward's own login may not.
const BY_HAND: &str = "the database login may not create roles; have the server's administrator \
    run: create role cityward_service nologin; create role cityward_machine nologin bypassrls; \
    grant cityward_service, cityward_machine to the login of DATABASE_URL";

/// Makes the roles unless they are there, and sees that they are what they should be.
///
/// # Errors
/// With what the server's administrator has to run, if our login may not create roles.
pub(super) async fn ensure(db: &PgPool) -> anyhow::Result<()> {
    let made = db.execute(include_str!("roles.sql")).await;
    if let Err(sqlx::Error::Database(error)) = &made
        && error.code().as_deref() == Some(INSUFFICIENT_PRIVILEGE)
    {
        anyhow::bail!("{BY_HAND} ({error})");
    }
    made.context("create the database roles")?;
    let (service_passes, machine_passes): (bool, bool) = sqlx::query_as(
        "select bool_or(rolname = $1 and (rolbypassrls or rolsuper)),
            bool_or(rolname = $2 and rolbypassrls)
         from pg_roles where rolname in ($1, $2)",
    )
    .bind(SERVICE)
    .bind(MACHINE)
    .fetch_one(db)
    .await?;
    ensure!(
        !service_passes,
        "the database role {SERVICE} must be neither a superuser nor bypassrls"
    );
    ensure!(
        machine_passes,
        "the database role {MACHINE} must have bypassrls: alter role {MACHINE} bypassrls"
    );
    Ok(())
}

/// The connections of the running service.
#[derive(Debug, Clone)]
pub struct Pools {
    /// For requests: row-level security applies.
    pub service: PgPool,
    /// Like `service`, for actions that are committed together: one of them waits for a lock so
    /// long only, lest the others wait with it.
    pub grouped: PgPool,
    /// For what the city does by itself: row-level security does not apply.
    pub machine: PgPool,
    /// The way to the log of commits; `None` where it is closed.
    pub replication: Option<Replication>,
}

impl Pools {
    /// Connections to a prepared database, at most `connections_max` of each kind, opened as they
    /// are needed.
    pub fn of(options: &PgConnectOptions, connections_max: u32) -> Self {
        let pool_as = |role: &str| {
            PgPoolOptions::new()
                .max_connections(connections_max)
                .connect_lazy_with(options.clone().options([("role", role)]))
        };
        let lanes = std::thread::available_parallelism().map_or(2, NonZero::get);
        let lanes = u32::try_from(lanes).map_or(LANES_MAX, |lanes| lanes.clamp(2, LANES_MAX));
        let grouped = PgPoolOptions::new()
            .max_connections(lanes)
            // a connection that has died shows in the action, which is then done by itself
            .test_before_acquire(false)
            .connect_lazy_with(
                options
                    .clone()
                    .options([("role", SERVICE), ("lock_timeout", GROUPED_LOCK_TIMEOUT)]),
            );
        Self {
            service: pool_as(SERVICE),
            grouped,
            machine: pool_as(MACHINE),
            replication: Replication::of(options),
        }
    }

    /// Waits until every connection is back and closed.
    pub async fn close(&self) {
        tokio::join!(
            self.service.close(),
            self.grouped.close(),
            self.machine.close()
        );
    }
}
