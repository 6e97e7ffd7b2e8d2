//! What moved, by the rows that an edition wrote and ended.

use futures::Stream;
use sqlx::{FromRow, PgConnection};

use super::{Kind, Moved};

/// How much moved.
#[derive(Debug, FromRow)]
pub(super) struct Count {
    pub(super) cells: i64,
    pub(super) components: i64,
    pub(super) cases: i64,
}

impl Kind {
    /// All of it in an order that stays.
    fn query(self) -> &'static str {
        match self {
            Self::Cells => include_str!("cells.sql"),
            Self::Components => include_str!("components.sql"),
            Self::Cases => include_str!("cases.sql"),
        }
    }
}

/// All of them, read as they are taken.
pub(super) fn all(
    tx: &mut PgConnection,
    edition: i32,
    kind: Kind,
) -> impl Stream<Item = sqlx::Result<Moved>> {
    sqlx::query_as(kind.query()).bind(edition).fetch(tx)
}

pub(super) async fn is_edition(tx: &mut PgConnection, edition: i32) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from edition where edition_id = $1)")
        .bind(edition)
        .fetch_one(tx)
        .await
}

pub(super) async fn count(tx: &mut PgConnection, edition: i32) -> sqlx::Result<Count> {
    let of = |kind: Kind| format!("(select count(*) from ({}) as moved)", kind.query());
    let query = format!(
        "select {} as cells, {} as components, {} as cases",
        of(Kind::Cells),
        of(Kind::Components),
        of(Kind::Cases)
    );
    sqlx::query_as(&query).bind(edition).fetch_one(tx).await
}

/// Those after the `after`th, at most `limit`.
pub(super) async fn page(
    tx: &mut PgConnection,
    edition: i32,
    kind: Kind,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Moved>> {
    let query = format!(
        "select * from ({}) as moved where nth > $2 order by nth limit $3",
        kind.query()
    );
    sqlx::query_as(&query)
        .bind(edition)
        .bind(after)
        .bind(limit)
        .fetch_all(tx)
        .await
}
