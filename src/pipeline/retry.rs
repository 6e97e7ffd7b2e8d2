//! Trying again while the database is away.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

const WAIT_MIN: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Does it until it succeeds or fails for good; waits longer from time to time. `give_up` makes
/// the next failure the last.
pub(super) async fn while_it_may_pass<T>(
    give_up: &CancellationToken,
    attempt: impl AsyncFn() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut wait = WAIT_MIN;
    loop {
        let error = match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        if !may_pass(&error) || give_up.is_cancelled() {
            return Err(error);
        }
        if wait == WAIT_MIN {
            tracing::warn!(error = format!("{error:#}"), "cases cannot be filed; trying again");
        }
        give_up.run_until_cancelled(tokio::time::sleep(wait)).await;
        wait = (wait * 2).min(WAIT_MAX);
    }
}

/// Whether it is the database's state that failed, not what was asked of it. Classes of SQLSTATE:
/// 08 connection, 40 rollback of a deadlock, 53 resources, 57 an operator stopped the server.
fn may_pass(error: &anyhow::Error) -> bool {
    let Some(error) = error.downcast_ref::<sqlx::Error>() else {
        return false;
    };
    match error.as_database_error() {
        Some(refusal) => refusal.code().is_some_and(|code| {
            ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
        }),
        None => matches!(
            error,
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed
        ),
    }
}
