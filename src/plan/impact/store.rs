//! What stands and happens in the city, by place, as far as whoever asks may see it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{ImpactCamera, MovedComponent, RECENT};
use crate::cases::{CaseId, CaseState};
use crate::catalogue::ClassCode;
use crate::space::GroundPoint;

/// A component that stands.
#[derive(sqlx::FromRow)]
pub(in crate::plan) struct StandingComponent {
    pub(super) id: i64,
    pub(super) class_code: ClassCode,
    pub(super) place: GroundPoint,
    /// Whether a unit of its own answers for it.
    pub(super) has_unit: bool,
}

/// A case that is open.
#[derive(sqlx::FromRow)]
pub(in crate::plan) struct OpenCase {
    pub(super) case_id: CaseId,
    pub(super) class_code: ClassCode,
    pub(super) state: CaseState,
    pub(super) place: GroundPoint,
    /// Of the cell it was found in.
    pub(super) code: String,
    /// Who has it, or will.
    pub(super) unit_id: Option<i32>,
    /// Nobody was sent to it, and no component's own unit answers for it.
    pub(super) goes_by_ground: bool,
    pub(super) due_at: Option<DateTime<Utc>>,
    pub(super) warn_at: Option<DateTime<Utc>>,
}

/// A case that was opened lately.
#[derive(sqlx::FromRow)]
pub(in crate::plan) struct RecentCase {
    pub(super) class_code: ClassCode,
    pub(super) place: GroundPoint,
}

/// Everything that has a place.
pub(in crate::plan) struct Standing {
    pub(super) components: Vec<StandingComponent>,
    pub(super) open: Vec<OpenCase>,
    /// Cases opened in the last 90 days.
    pub(super) recent: Vec<RecentCase>,
    pub(super) cameras: Vec<ImpactCamera>,
}

pub(in crate::plan) async fn read(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
) -> sqlx::Result<Standing> {
    let components = sqlx::query_as(
        "with ended as (select unit_id from unit where upper(valid) <= $1)
        select component_id as id, class_code, anchor as place,
            (maintenance_unit_id is not null and maintenance_unit_id not in (table ended)
                or owner_unit_id is not null and owner_unit_id not in (table ended)) as has_unit
        from component where state <> 'removed'",
    )
    .bind(now)
    .fetch_all(&mut *tx)
    .await?;
    let open = sqlx::query_as(
        "select case_id, class_code, state, location as place, code,
            coalesce(handling_unit_id, unit_id) as unit_id, due_at, warn_at,
            handling_unit_id is null
                and coalesce(route #>> '{because,rule}', because ->> 'rule', 'none')
                    not in ('component_maintenance', 'component_owner', 'rule', 'precedent')
                as goes_by_ground
        from city_case join cell using (cell_id) where ended_at is null",
    )
    .fetch_all(&mut *tx)
    .await?;
    let recent =
        sqlx::query_as("select class_code, location as place from city_case where opened_at > $1")
            .bind(now - RECENT)
            .fetch_all(&mut *tx)
            .await?;
    let cameras = sqlx::query_as(
        "select camera_id as id, name_zh, name_en, location as place
        from camera order by camera_id",
    )
    .fetch_all(tx)
    .await?;
    Ok(Standing {
        components,
        open,
        recent,
        cameras,
    })
}

/// What the register says of components that move.
pub(in crate::plan) async fn name_components(
    tx: &mut PgConnection,
    moved: &mut [MovedComponent],
) -> sqlx::Result<()> {
    let ids: Vec<i64> = moved.iter().map(|component| component.id).collect();
    let known: Vec<(i64, Option<String>, String, String)> = sqlx::query_as(
        "select component_id, code, class_code, name from component where component_id = any($1)",
    )
    .bind(ids)
    .fetch_all(tx)
    .await?;
    let known: HashMap<i64, _> = { known.into_iter() }
        .map(|(id, code, class, name)| (id, (code, class, name)))
        .collect();
    for component in moved {
        if let Some((code, class, name)) = known.get(&component.id) {
            component.code = code.clone().unwrap_or_default();
            component.class.clone_from(class);
            component.name.clone_from(name);
        }
    }
    Ok(())
}
