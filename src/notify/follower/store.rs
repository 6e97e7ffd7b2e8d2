//! Table `follower`.

use sqlx::PgConnection;

/// How far a follower has come, and what there is now; both are `pg_snapshot`s, as text.
#[derive(Debug, Clone)]
pub(in crate::notify) struct Span {
    /// Done with everything this shows.
    pub(in crate::notify) from: String,
    /// What can be seen now. What is committed later is left for the next time.
    pub(in crate::notify) until: String,
}

/// Transactions after which a follower that found nothing is moved on all the same.
const FAR: u64 = 10_000;

/// What `name` has to look at. It is this transaction's until it ends; `None`: another process is
/// at it.
pub(in crate::notify) async fn follow(
    db: &mut PgConnection,
    name: &str,
) -> sqlx::Result<Option<Span>> {
    let ours: bool =
        sqlx::query_scalar("select pg_try_advisory_xact_lock(x'666f6c6c'::integer, hashtext($1))")
            .bind(name)
            .fetch_one(&mut *db)
            .await?;
    if !ours {
        return Ok(None);
    }
    let (from, until) = sqlx::query_as(
        "select snapshot::text, pg_current_snapshot()::text from follower where name = $1",
    )
    .bind(name)
    .fetch_one(db)
    .await?;
    Ok(Some(Span { from, until }))
}

/// `name` is done with the span, in which it found something or nothing. Where nothing happens
/// nothing is written.
pub(in crate::notify) async fn proceed(
    db: &mut PgConnection,
    name: &str,
    span: &Span,
    found: bool,
) -> sqlx::Result<()> {
    if !found && !span.is_far() {
        return Ok(());
    }
    sqlx::query("update follower set snapshot = $2::pg_snapshot where name = $1")
        .bind(name)
        .bind(&span.until)
        .execute(db)
        .await?;
    Ok(())
}

impl Span {
    fn is_far(&self) -> bool {
        match (next_transaction(&self.from), next_transaction(&self.until)) {
            (Some(from), Some(until)) => until.saturating_sub(from) > FAR,
            _ => true,
        }
    }
}

/// Of a snapshot, written `xmin:xmax:…`.
fn next_transaction(snapshot: &str) -> Option<u64> {
    snapshot.split(':').nth(1)?.parse().ok()
}
