//! The same questions asked of PostGIS, as well as SQL can ask them: through the indexes of the
//! schema, on one connection, without parallel workers (the figures are per core). `offset 0`
//! keeps the planner from reading a whole class through its index instead of a small box.

use std::time::{Duration, Instant};

use cityward::space::{GroundPoint, LocalFrame, LocalPoint};
use sqlx::{FromRow, PgConnection, PgPool};

use super::{MATTER, NEAREST_OF, Nearest, Owner, POINTS_AT_ONCE, POINTS_ONE_BY_ONE, REACH_M};

pub(super) struct Asked<A> {
    pub one_by_one: Done<A>,
    pub at_once: Done<A>,
}

/// Answers in the order of the points, and how long they took.
pub(super) struct Done<A> {
    pub answers: Vec<A>,
    took: Duration,
}

impl<A> Done<A> {
    pub(super) fn per_second(&self) -> f64 {
        self.answers.len() as f64 / self.took.as_secs_f64()
    }
}

#[derive(FromRow)]
struct OwnerRow {
    cell_id: Option<i32>,
    unit_id: Option<i32>,
}

impl From<OwnerRow> for Owner {
    fn from(row: OwnerRow) -> Self {
        row.cell_id.map(|cell_id| (cell_id, row.unit_id))
    }
}

#[derive(FromRow)]
struct NearestRow {
    component_id: Option<i64>,
    distance_m: Option<f64>,
}

impl From<NearestRow> for Nearest {
    fn from(row: NearestRow) -> Self {
        row.component_id.zip(row.distance_m)
    }
}

pub(super) async fn ask_owners(
    db: &PgPool,
    points: &[GroundPoint],
) -> anyhow::Result<Asked<Owner>> {
    let mut db = db.acquire().await?;
    load_points(&mut db, points).await?;
    let began = Instant::now();
    let mut answers = Vec::new();
    for point in &points[..POINTS_ONE_BY_ONE] {
        let row: Option<OwnerRow> = sqlx::query_as(
            "select cell.cell_id, coalesce(rule.unit_id, fallback.unit_id) as unit_id
             from cell
             left join responsibility as rule
                 on rule.cell_id = cell.cell_id and coalesce(rule.class_code, '') = $2
                    and rule.valid @> now()
             left join responsibility as fallback
                 on fallback.cell_id = cell.cell_id and coalesce(fallback.class_code, '') = ''
                    and fallback.valid @> now()
             where st_covers(cell.geom, $1) and cell.valid @> now()
             order by cell.code limit 1",
        )
        .bind(point)
        .bind(MATTER)
        .fetch_optional(&mut *db)
        .await?;
        answers.push(row.and_then(Owner::from));
    }
    let one_by_one = Done {
        answers,
        took: began.elapsed(),
    };

    let began = Instant::now();
    let rows: Vec<OwnerRow> = sqlx::query_as(
        "select distinct on (asked.number)
                cell.cell_id, coalesce(rule.unit_id, fallback.unit_id) as unit_id
         from asked
         left join cell on st_covers(cell.geom, asked.at) and cell.valid @> now()
         left join responsibility as rule
             on rule.cell_id = cell.cell_id and rule.class_code = $1 and rule.valid @> now()
         left join responsibility as fallback
             on fallback.cell_id = cell.cell_id and fallback.class_code is null
                and fallback.valid @> now()
         order by asked.number, cell.code",
    )
    .bind(MATTER)
    .fetch_all(&mut *db)
    .await?;
    let took = began.elapsed();
    let answers = rows.into_iter().map(Owner::from).collect();
    Ok(Asked {
        one_by_one,
        at_once: Done { answers, took },
    })
}

pub(super) async fn ask_nearest(
    db: &PgPool,
    points: &[GroundPoint],
) -> anyhow::Result<Asked<Nearest>> {
    let mut db = db.acquire().await?;
    // the box around the circle, a little too large, for the index
    let here = LocalFrame::at(points[0]);
    let corner = here.ground_from_local(LocalPoint {
        east_m: REACH_M * 1.1,
        north_m: REACH_M * 1.1,
    });
    let (reach_lon, reach_lat) = (corner.lon - points[0].lon, corner.lat - points[0].lat);
    let began = Instant::now();
    let mut answers = Vec::new();
    for point in &points[..POINTS_ONE_BY_ONE] {
        let row: Option<NearestRow> = sqlx::query_as(
            "select component_id, distance_m
             from (select component_id,
                          st_distance(anchor::geography, $1::geometry::geography) as distance_m
                   from (select component_id, class_code, state, anchor
                         from component
                         where anchor && st_expand($1::geometry, $3, $4)
                         offset 0) as around
                   where class_code = $2 and state <> 'removed') as near
             where distance_m <= $5
             order by distance_m, component_id limit 1",
        )
        .bind(point)
        .bind(NEAREST_OF)
        .bind(reach_lon)
        .bind(reach_lat)
        .bind(REACH_M)
        .fetch_optional(&mut *db)
        .await?;
        answers.push(row.and_then(Nearest::from));
    }
    let one_by_one = Done {
        answers,
        took: began.elapsed(),
    };

    let began = Instant::now();
    let rows: Vec<NearestRow> = sqlx::query_as(
        "select distinct on (asked.number) near.component_id, near.distance_m
         from asked
         left join lateral (
             select component_id, st_distance(anchor::geography, asked.at::geography) as distance_m
             from (select component_id, class_code, state, anchor
                   from component
                   where anchor && st_expand(asked.at, $2, $3)
                   offset 0) as around
             where class_code = $1 and state <> 'removed') as near
             on near.distance_m <= $4
         order by asked.number, near.distance_m, near.component_id",
    )
    .bind(NEAREST_OF)
    .bind(reach_lon)
    .bind(reach_lat)
    .bind(REACH_M)
    .fetch_all(&mut *db)
    .await?;
    let took = began.elapsed();
    let answers = rows.into_iter().map(Nearest::from).collect();
    Ok(Asked {
        one_by_one,
        at_once: Done { answers, took },
    })
}

/// The points of the set-based questions, in a table of the server.
async fn load_points(db: &mut PgConnection, points: &[GroundPoint]) -> anyhow::Result<()> {
    for statement in [
        "set max_parallel_workers_per_gather = 0",
        "set jit = off",
        "set work_mem = '256MB'",
        "create table asked (number bigint primary key, at geometry(Point, 4326) not null)",
    ] {
        sqlx::query(statement).execute(&mut *db).await?;
    }
    let points = &points[..POINTS_AT_ONCE];
    sqlx::query(
        "insert into asked
         select number, st_setsrid(st_makepoint(lon, lat), 4326)
         from unnest($1::float8[], $2::float8[]) with ordinality as points (lon, lat, number)",
    )
    .bind(points.iter().map(|at| at.lon).collect::<Vec<_>>())
    .bind(points.iter().map(|at| at.lat).collect::<Vec<_>>())
    .execute(&mut *db)
    .await?;
    sqlx::query("analyze asked").execute(&mut *db).await?;
    Ok(())
}
