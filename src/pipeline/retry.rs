//! Trying again while the database is away.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

const WAIT_MIN: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Waits between attempts, longer from time to time.
pub(super) struct Patience<'a> {
    wait: Duration,
    give_up: &'a CancellationToken,
}

impl<'a> Patience<'a> {
    /// `give_up` makes the next failure the last.
    pub(super) fn new(give_up: &'a CancellationToken) -> Self {
        Self {
            wait: WAIT_MIN,
            give_up,
        }
    }

    /// Waits until it is worth another attempt. Gives `error` back when it never will be.
    pub(super) async fn outlast(&mut self, error: anyhow::Error) -> anyhow::Result<()> {
        if !may_pass(&error) || self.give_up.is_cancelled() {
            return Err(error);
        }
        if self.wait == WAIT_MIN {
            let error = format!("{error:#}");
            tracing::warn!(error, "cases cannot be filed; trying again");
        }
        let wait = tokio::time::sleep(self.wait);
        self.give_up.run_until_cancelled(wait).await;
        self.wait = (self.wait * 2).min(WAIT_MAX);
        Ok(())
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
            ["08", "40", "53", "57"]
                .iter()
                .any(|class| code.starts_with(class))
        }),
        None => matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::Protocol(_)
                | sqlx::Error::WorkerCrashed
        ),
    }
}
