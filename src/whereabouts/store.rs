//! Who is on duty where, in the database.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgExecutor};

use super::{Known, Presence, Report};
use crate::space::GroundPoint;

/// Somebody on duty.
#[derive(Debug, FromRow)]
pub(super) struct OnDuty {
    pub(super) person_id: i32,
    pub(super) name: String,
    pub(super) position: GroundPoint,
    pub(super) accuracy_m: f32,
    pub(super) seen_at: DateTime<Utc>,
    pub(super) since: DateTime<Utc>,
    pub(super) state: Presence,
    /// From the place that was asked about; of one person by themselves 0.
    pub(super) distance_m: f64,
}

/// What is known of a person; nobody else changes it until the transaction ends.
pub(super) async fn lock(db: impl PgExecutor<'_>, person: i32) -> sqlx::Result<Option<Known>> {
    sqlx::query_as(
        "select found_at, seen_at from collector_position where person_id = $1 for update",
    )
    .bind(person)
    .fetch_optional(db)
    .await
}

/// Since when they are on duty.
pub(super) async fn put(
    db: impl PgExecutor<'_>,
    person: i32,
    report: &Report,
    now: DateTime<Utc>,
) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar(
        "insert into collector_position
            (person_id, position, accuracy_m, found_at, seen_at, since, state)
        values ($1, $2, $3, $4, $5, $5, 'present')
        on conflict (person_id) do update set position = excluded.position,
            accuracy_m = excluded.accuracy_m, found_at = excluded.found_at,
            seen_at = excluded.seen_at, state = excluded.state
        returning since",
    )
    .bind(person)
    .bind(report.at)
    .bind(report.accuracy_m)
    .bind(report.found_at)
    .bind(now)
    .fetch_one(db)
    .await
}

pub(super) async fn remove(db: impl PgExecutor<'_>, person: i32) -> sqlx::Result<()> {
    sqlx::query("delete from collector_position where person_id = $1")
        .bind(person)
        .execute(db)
        .await?;
    Ok(())
}

/// Whom the person of the transaction may see, the nearest first.
pub(super) async fn nearest(
    db: impl PgExecutor<'_>,
    to: GroundPoint,
    limit: u32,
) -> sqlx::Result<Vec<OnDuty>> {
    sqlx::query_as(
        "select person_id, name, position, accuracy_m, seen_at, since, state,
            st_distance(position::geography, $1::geography) as distance_m
        from collector_position join person using (person_id)
        order by distance_m, person_id limit $2",
    )
    .bind(to)
    .bind(i64::from(limit))
    .fetch_all(db)
    .await
}

/// `None`: not on duty, or not within the reach of the transaction's person.
pub(super) async fn find(db: impl PgExecutor<'_>, person: i32) -> sqlx::Result<Option<OnDuty>> {
    sqlx::query_as(
        "select person_id, name, position, accuracy_m, seen_at, since, state,
            0::double precision as distance_m
        from collector_position join person using (person_id) where person_id = $1",
    )
    .bind(person)
    .fetch_optional(db)
    .await
}

/// Who was not heard of since `away` is away, who was not since `gone` is removed.
pub(super) async fn expire(
    db: impl PgExecutor<'_>,
    away: DateTime<Utc>,
    gone: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "with gone as (delete from collector_position where seen_at < $2)
        update collector_position set state = 'away'
        where state = 'present' and seen_at < $1 and seen_at >= $2",
    )
    .bind(away)
    .bind(gone)
    .execute(db)
    .await?;
    Ok(())
}
