//! Routing rules of a draft, and what the territory leaves to them.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::http::RouteWritten;
use crate::catalogue::ClassScope;
use crate::rules::{RouteTo, RuleSetId};

/// Why a routing rule could not be written.
#[derive(Debug)]
pub(super) enum Refused {
    /// Another rule is for the same classes, place and time.
    Contradiction,
    UnknownUnit,
}

pub(super) async fn insert(
    tx: &mut PgConnection,
    set: RuleSetId,
    written: &RouteWritten,
) -> sqlx::Result<Result<i64, Refused>> {
    let (target, unit_id) = match written.to {
        RouteTo::Unit(unit_id) => ("unit", Some(unit_id)),
        RouteTo::Maintenance => ("maintenance", None),
        RouteTo::Owner => ("owner", None),
    };
    let id = sqlx::query_scalar(
        "insert into rule_route (rule_set_id, classes, place, target, unit_id, valid)
         values ($1, $2, $3, $4::route_to, $5, tstzrange($6, $7)) returning route_id",
    )
    .bind(set)
    .bind(String::from(written.classes))
    .bind(String::from(written.place.clone()))
    .bind(target)
    .bind(unit_id)
    .bind(written.valid_from)
    .bind(written.valid_to)
    .fetch_one(tx)
    .await;
    match id {
        Err(sqlx::Error::Database(error))
            if error.constraint() == Some("rule_route_one_answer") =>
        {
            Ok(Err(Refused::Contradiction))
        }
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("rule_route_unit_fk") => {
            Ok(Err(Refused::UnknownUnit))
        }
        id => Ok(Ok(id?)),
    }
}

pub(super) async fn delete(db: impl PgExecutor<'_>, set: RuleSetId, id: i64) -> sqlx::Result<()> {
    sqlx::query("delete from rule_route where rule_set_id = $1 and route_id = $2")
        .bind(set)
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// A cell without a responsibility for all classes.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct OpenCell {
    pub(super) id: i32,
    pub(super) code: String,
    pub(super) name: String,
    /// The classes and groups it has a responsibility for.
    pub(super) answered: Vec<ClassScope>,
}

/// The cells of a moment that have no default, by code.
pub(super) async fn cells_without_default(
    db: impl PgExecutor<'_>,
    at: DateTime<Utc>,
) -> sqlx::Result<Vec<OpenCell>> {
    sqlx::query_as(
        "select cell_id as id, code, name,
                coalesce((select array_agg(r.classes) from responsibility r
                          join unit u on u.unit_id = r.unit_id and coalesce(upper(u.valid) > $1, true)
                          where r.cell_id = cell.cell_id and r.valid @> $1
                            and r.classes <> ''), '{}') as answered
         from cell
         where cell.valid @> $1 and not exists (
             select from responsibility r join unit u on u.unit_id = r.unit_id
             where r.cell_id = cell.cell_id and r.valid @> $1 and r.classes = ''
                 and coalesce(upper(u.valid) > $1, true))
         order by code",
    )
    .bind(at)
    .fetch_all(db)
    .await
}
