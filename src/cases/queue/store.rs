//! Lines of the queue in the database.

use sqlx::{PgExecutor, Postgres, QueryBuilder};

use super::{Asker, CaseFilter, QueueOrder};
use crate::camera::CameraId;
use crate::cases::{CaseRow, CaseState};

/// The first `limit` cases of a page. Every combination of filters is a query of its own, so that
/// the planner sees which index answers it.
pub(in crate::cases) async fn list(
    db: impl PgExecutor<'_>,
    filter: &CaseFilter,
    states: Option<&[CaseState]>,
    asker: Asker,
    limit: u32,
) -> sqlx::Result<Vec<CaseRow>> {
    let mut query = QueryBuilder::new("select * from case_row where true");
    restrict(&mut query, filter, states, asker);
    page(&mut query, filter);
    query.push(" limit ").push_bind(i64::from(limit));
    query.build_query_as().fetch_all(db).await
}

fn restrict(
    query: &mut QueryBuilder<'_, Postgres>,
    filter: &CaseFilter,
    states: Option<&[CaseState]>,
    asker: Asker,
) {
    if let Some(states) = states {
        query
            .push(" and state = any(")
            .push_bind(states.to_vec())
            .push(")");
        // what all of them have in common lets the indexes of open cases answer
        if states.iter().all(|state| state.is_open()) {
            query.push(" and ended_at is null");
        }
    }
    match filter.open {
        Some(true) => query.push(" and ended_at is null"),
        Some(false) => query.push(" and ended_at is not null"),
        None => query,
    };
    if let Some(class) = filter.class {
        query
            .push(" and class_code = ")
            .push_bind(class.to_string());
    }
    if let Some(unit) = filter.unit {
        query.push(" and unit_id = ").push_bind(unit);
    }
    if let Some(unit) = filter.handling_unit {
        query.push(" and handling_unit_id = ").push_bind(unit);
    }
    if let Some(district) = filter.district {
        query.push(" and district_id = ").push_bind(district);
    }
    if let Some(cell) = filter.cell {
        query.push(" and cell_id = ").push_bind(cell);
    }
    if let Some(camera) = filter.camera.as_ref().map(CameraId::as_str) {
        query.push(" and camera_id = ").push_bind(camera.to_owned());
    }
    if let Some(emergency) = filter.emergency {
        query.push(" and emergency = ").push_bind(emergency);
    }
    if let Some(overdue) = filter.overdue {
        query
            .push(" and (overdue or coalesce(due_at < ")
            .push_bind(asker.now);
        query.push(", false)) = ").push_bind(overdue);
    }
    if filter.mine == Some(true) {
        query.push(" and (assignee_id = ").push_bind(asker.person);
        query
            .push(" or worker_id = ")
            .push_bind(asker.person)
            .push(")");
    }
    if let Some(since) = filter.since {
        query.push(" and last_seen_at >= ").push_bind(since);
    }
}

fn page(query: &mut QueryBuilder<'_, Postgres>, filter: &CaseFilter) {
    match (
        filter.order.unwrap_or_default(),
        filter.before,
        filter.after_due,
    ) {
        (QueueOrder::Newest, before, _) => {
            if let Some(before) = before {
                query.push(" and case_id < ").push_bind(before);
            }
            query.push(" order by case_id desc");
        }
        (QueueOrder::Due, before, after_due) => {
            match (before, after_due) {
                (Some(before), Some(due)) => {
                    query.push(" and ((due_at, case_id) > (").push_bind(due);
                    query
                        .push(", ")
                        .push_bind(before)
                        .push(") or due_at is null)");
                }
                (None, Some(due)) => {
                    query.push(" and due_at > ").push_bind(due);
                }
                (Some(before), None) => {
                    query
                        .push(" and due_at is null and case_id > ")
                        .push_bind(before);
                }
                (None, None) => {}
            }
            query.push(" order by due_at, case_id");
        }
    }
}

/// Open cases, newest first.
pub(crate) async fn list_open(db: impl PgExecutor<'_>, limit: u32) -> sqlx::Result<Vec<CaseRow>> {
    sqlx::query_as("select * from case_row where ended_at is null order by case_id desc limit $1")
        .bind(i64::from(limit))
        .fetch_all(db)
        .await
}
