//! Tables `task_order`, `task_order_unit`, `task_order_receipt`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};

use super::{Addressee, Order, Receipt};
use crate::territory::Unit;

/// What the centre asks for.
pub(super) struct NewOrder<'a> {
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    pub(super) due_at: DateTime<Utc>,
    pub(super) unit_ids: &'a [i32],
    pub(super) issued_by: i32,
    pub(super) issued_at: DateTime<Utc>,
}

pub(super) async fn insert(tx: &mut PgConnection, new: &NewOrder<'_>) -> sqlx::Result<i64> {
    let id = sqlx::query_scalar(
        "insert into task_order (title, text, due_at, issued_by, issued_at)
        values ($1, $2, $3, $4, $5) returning order_id",
    )
    .bind(new.title)
    .bind(new.text)
    .bind(new.due_at)
    .bind(new.issued_by)
    .bind(new.issued_at)
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query("insert into task_order_unit (order_id, unit_id) select $1, unnest($2::integer[])")
        .bind(id)
        .bind(new.unit_ids)
        .execute(tx)
        .await?;
    Ok(id)
}

/// Those of the units that are none, or none any more.
pub(super) async fn not_units(
    db: impl PgExecutor<'_>,
    units: &[i32],
    at: DateTime<Utc>,
) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar(
        "select asked from unnest($1::integer[]) as asked
        where not exists (select from unit where unit_id = asked and valid @> $2)",
    )
    .bind(units)
    .bind(at)
    .fetch_all(db)
    .await
}

/// Those of the units to which the person of this transaction gives no orders.
pub(super) async fn not_ordered(db: impl PgExecutor<'_>, units: &[i32]) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar(
        "select asked from unnest($1::integer[]) as asked where not cityward_orders_unit(asked)",
    )
    .bind(units)
    .fetch_all(db)
    .await
}

/// Which orders.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    /// Only what is addressed to these units, and of it only their part.
    pub(super) units: Option<&'a [i32]>,
    pub(super) only: Option<i64>,
    /// Older than this one.
    pub(super) before: Option<i64>,
    pub(super) limit: u32,
}

/// Newest first.
pub(super) async fn list(
    tx: &mut PgConnection,
    asked: Asked<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Order>> {
    let orders: Vec<Order> = sqlx::query_as(
        "select o.*, p.name as issuer from task_order o join person p on p.person_id = issued_by
        where ($1::bigint is null or order_id = $1) and ($2::bigint is null or order_id < $2)
            and ($4::integer[] is null or exists (select from task_order_unit a
                where a.order_id = o.order_id and a.unit_id = any($4)))
        order by order_id desc limit $3",
    )
    .bind(asked.only)
    .bind(asked.before)
    .bind(i64::from(asked.limit))
    .bind(asked.units)
    .fetch_all(&mut *tx)
    .await?;
    let ids: Vec<i64> = orders.iter().map(|order| order.id).collect();
    let mut units = addressees(tx, &ids, asked.units, now).await?;
    let with_units = |order: Order| {
        let own = units.remove(&order.id).unwrap_or_default();
        order.with_units(own)
    };
    Ok(orders.into_iter().map(with_units).collect())
}

async fn addressees(
    tx: &mut PgConnection,
    orders: &[i64],
    units: Option<&[i32]>,
    now: DateTime<Utc>,
) -> sqlx::Result<BTreeMap<i64, Vec<Addressee>>> {
    let rows = sqlx::query(
        "select a.order_id, o.due_at, a.read_at, u.unit_id, u.name_zh, u.name_en,
            r.text, r.at, p.name as by
        from task_order_unit a
        join task_order o using (order_id)
        join unit u using (unit_id)
        left join task_order_receipt r on r.order_id = a.order_id and r.unit_id = a.unit_id
        left join person p on p.person_id = r.person_id
        where a.order_id = any($1) and ($2::integer[] is null or a.unit_id = any($2))
        order by a.order_id, a.unit_id",
    )
    .bind(orders)
    .bind(units)
    .fetch_all(tx)
    .await?;
    let mut by_order: BTreeMap<i64, Vec<Addressee>> = BTreeMap::new();
    for row in rows {
        let unit = Unit {
            id: row.try_get("unit_id")?,
            name_zh: row.try_get("name_zh")?,
            name_en: row.try_get("name_en")?,
        };
        let receipt = match row.try_get::<Option<DateTime<Utc>>, _>("at")? {
            Some(at) => Some(Receipt {
                text: row.try_get("text")?,
                by: row.try_get("by")?,
                at,
            }),
            None => None,
        };
        let due_at = row.try_get("due_at")?;
        let addressee = Addressee::new(unit, row.try_get("read_at")?, receipt, due_at, now);
        by_order
            .entry(row.try_get("order_id")?)
            .or_default()
            .push(addressee);
    }
    Ok(by_order)
}

/// Says that these units have opened the order, unless they had.
pub(super) async fn mark_read(
    db: impl PgExecutor<'_>,
    order: i64,
    units: &[i32],
    by: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "update task_order_unit set read_at = $4, read_by = $3
        where order_id = $1 and unit_id = any($2) and read_at is null",
    )
    .bind(order)
    .bind(units)
    .bind(by)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Which of these units the order is addressed to.
pub(super) async fn addressed(
    db: impl PgExecutor<'_>,
    order: i64,
    units: &[i32],
) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar(
        "select unit_id from task_order_unit where order_id = $1 and unit_id = any($2)
        order by unit_id",
    )
    .bind(order)
    .bind(units)
    .fetch_all(db)
    .await
}

/// `false` when the unit has fed back before.
pub(super) async fn insert_receipt(
    db: impl PgExecutor<'_>,
    order: i64,
    unit: i32,
    text: &str,
    by: i32,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query(
        "insert into task_order_receipt (order_id, unit_id, text, person_id, at)
        values ($1, $2, $3, $4, $5) on conflict do nothing",
    )
    .bind(order)
    .bind(unit)
    .bind(text)
    .bind(by)
    .bind(at)
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

impl FromRow<'_, PgRow> for Order {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("order_id")?,
            title: row.try_get("title")?,
            text: row.try_get("text")?,
            due_at: row.try_get("due_at")?,
            issued_by: row.try_get("issuer")?,
            issued_at: row.try_get("issued_at")?,
            replied: 0,
            of: 0,
            overdue: false,
            units: Vec::new(),
        })
    }
}
