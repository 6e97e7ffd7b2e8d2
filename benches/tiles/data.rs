//! The dataset: components in clusters, as a city has them, and a grid of cells.

use sqlx::PgPool;

/// Components in clusters of some hundred metres around streets and blocks, within 50 km:
/// some 670 tiles of zoom 14 are not empty.
pub(crate) async fn components(db: &PgPool, count: i64) -> anyhow::Result<()> {
    sqlx::query(
        "insert into unit (credit_code, name_zh, name_en, valid)
         select '1132120000000000' || lpad(n::text, 2, '0'), '单位' || n, 'Unit ' || n,
             tstzrange('2020-01-01', null)
         from generate_series(1, 40) as n on conflict do nothing",
    )
    .execute(db)
    .await?;
    // of one connection: another has chances of its own
    let mut one = db.acquire().await?;
    sqlx::query("select setseed(0.42)")
        .execute(&mut *one)
        .await?;
    sqlx::query(
        "insert into component (class_code, code, name, state, owner_unit_id, maintenance_unit_id,
            surveyed_on, geom, source)
         select (array(select code from class where code ~ '^C' order by code))[1 + n * 7919 % 60],
             lpad((3212020000000000 + n)::text, 16, '0'),
             (array['', '东门', '西门', '路灯', '井盖', '公交站'])[1 + n % 6],
             (array['good', 'good', 'good', 'good', 'damaged', 'missing'])[1 + n * 31 % 6]::component_state,
             1 + n % 40, 1 + n * 13 % 40, date '2024-01-01' + (n % 700)::integer,
             st_setsrid(st_makepoint(
                 119.9 + (hashint8extended(n / 900, 1) & 65535) / 65536.0 * 0.56
                     + (random() + random() - 1) * 0.006,
                 32.4 + (hashint8extended(n / 900, 2) & 65535) / 65536.0 * 0.46
                     + (random() + random() - 1) * 0.005), 4326),
             'bench'
         from generate_series(1, $1::bigint) as n",
    )
    .bind(count)
    .execute(&mut *one)
    .await?;
    sqlx::query("analyze component").execute(db).await?;
    Ok(())
}

/// A grid of `side` times `side` cells over the same ground, each its unit's.
pub(crate) async fn cells(db: &PgPool, side: i32) -> anyhow::Result<()> {
    sqlx::query("insert into edition (note, source) values ('bench', 'bench')")
        .execute(db)
        .await?;
    sqlx::query(
        "insert into cell (code, geom, edition_id, valid)
         select '321202' || lpad((x * $1 + y)::text, 9, '0'),
             st_multi(st_makeenvelope(119.89 + x * 0.58 / $1, 32.39 + y * 0.48 / $1,
                 119.89 + (x + 1) * 0.58 / $1, 32.39 + (y + 1) * 0.48 / $1, 4326)),
             1, tstzrange('2020-01-01', null)
         from generate_series(0, $1 - 1) as x, generate_series(0, $1 - 1) as y",
    )
    .bind(side)
    .execute(db)
    .await?;
    sqlx::query(
        "insert into responsibility (cell_id, unit_id, edition_id, valid)
         select cell_id, 1 + cell_id % 40, 1, tstzrange('2020-01-01', null) from cell",
    )
    .execute(db)
    .await?;
    sqlx::query("analyze cell, responsibility")
        .execute(db)
        .await?;
    Ok(())
}

/// The same as tables of their own, with an index on the geometry and nothing that is not in the
/// tiles: what a tile server that asks PostGIS is fastest with.
pub(crate) async fn for_the_peer(db: &PgPool) -> anyhow::Result<()> {
    for statement in [
        "create table peer_component as
         select component_id::integer as id, class_code as class, state::text,
             owner_unit_id as owner, maintenance_unit_id as maintenance, nullif(name, '') as name,
             code, to_char(surveyed_on, 'YYYYMMDD')::integer as surveyed,
             anchor::geometry(point, 4326) as geom
         from component where state <> 'removed'",
        "create index on peer_component using gist (geom)",
        "create table peer_cell as
         select cell_id as id, code, unit_id as unit, geom from cell join responsibility using (cell_id)",
        "create index on peer_cell using gist (geom)",
        "vacuum analyze peer_component",
        "vacuum analyze peer_cell",
    ] {
        sqlx::query(statement).execute(db).await?;
    }
    Ok(())
}

/// The tiles of a zoom that hold components, as `z/x/y`, with how many.
pub(crate) async fn tiles_with_components(
    db: &PgPool,
    z: u8,
) -> anyhow::Result<Vec<(String, i64)>> {
    let tiles = sqlx::query_as(
        "with at as (
             select floor((st_x(anchor) + 180) / 360 * (1 << $1))::integer as x,
                 floor((1 - asinh(tan(radians(st_y(anchor)))) / pi()) / 2 * (1 << $1))::integer as y
             from component
         )
         select $1 || '/' || x || '/' || y, count(*) from at group by x, y order by x, y",
    )
    .bind(i32::from(z))
    .fetch_all(db)
    .await?;
    Ok(tiles)
}
