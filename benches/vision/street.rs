//! A row of cells with a camera at every corner, each before an invented street.

use bytes::Bytes;
use cityward::demo::{self, FramesArgs};
use cityward::space::{GroundPoint, LocalFrame, LocalPoint};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;

const CAMERAS: u32 = 16;
/// Farther apart than any class joins sightings.
const CORNERS_M: f64 = 120.0;
const ORIGIN: GroundPoint = GroundPoint {
    lon: 119.92,
    lat: 32.45,
};

#[derive(Debug, Clone)]
pub(super) struct Camera {
    pub(super) id: String,
    pub(super) jpeg: Bytes,
    /// Frames pushed so far.
    pub(super) frames: u32,
}

fn place(east_m: f64, north_m: f64) -> GroundPoint {
    LocalFrame::at(ORIGIN).ground_from_local(LocalPoint { east_m, north_m })
}

/// Returns the cameras and the token their frames come with.
pub(super) async fn lay_out(db: &PgPool) -> anyhow::Result<(Vec<Camera>, String)> {
    lay_out_cell(db).await?;
    let token = "the token of the bench".to_owned();
    let platform: i32 = sqlx::query_scalar(
        "insert into platform (name, token_sha256) values ('bench', $1) returning platform_id",
    )
    .bind(Sha256::digest(&token).to_vec())
    .fetch_one(db)
    .await?;
    let folder = tempfile::tempdir()?;
    demo::write_frames(&FramesArgs {
        out: folder.path().to_owned(),
        count: CAMERAS,
        seed: 11,
        width: 1280,
        split: false,
    })?;
    let mut cameras = Vec::new();
    for number in 0..CAMERAS {
        let id = format!("corner-{number}");
        lay_out_camera(db, platform, &id, CORNERS_M * f64::from(number)).await?;
        cameras.push(Camera {
            id,
            jpeg: std::fs::read(folder.path().join(format!("{number:06}.jpg")))?.into(),
            frames: 0,
        });
    }
    Ok((cameras, token))
}

/// One cell around everything, with somebody responsible.
async fn lay_out_cell(db: &PgPool) -> sqlx::Result<()> {
    let (from, to) = (
        place(-50.0, -50.0),
        place(CORNERS_M * f64::from(CAMERAS), 100.0),
    );
    sqlx::query(
        "with unit as (
            insert into unit (credit_code, name_zh, name_en, valid)
            values ('11321200MB0000001X', '环卫处', 'Sanitation', tstzrange('2020-01-01', null))
            returning unit_id
        ), edition as (
            insert into edition (note, source, published_at)
            values ('bench', 'bench', '2020-01-01') returning edition_id
        ), cell as (
            insert into cell (code, geom, edition_id, valid)
            select '321202001001001', st_multi(st_makeenvelope($1, $2, $3, $4, 4326)), edition_id,
                tstzrange('2020-01-01', null)
            from edition returning cell_id
        )
        insert into responsibility (cell_id, unit_id, edition_id, valid)
        select cell_id, unit_id, edition_id, tstzrange('2020-01-01', null)
        from cell, unit, edition",
    )
    .bind(from.lon)
    .bind(from.lat)
    .bind(to.lon)
    .bind(to.lat)
    .execute(db)
    .await?;
    Ok(())
}

/// A camera that shows the square of 40 m north-east of it from straight above.
async fn lay_out_camera(db: &PgPool, platform: i32, id: &str, east_m: f64) -> sqlx::Result<()> {
    sqlx::query(
        "insert into camera (camera_id, platform_id, name_zh, name_en, location, height_m)
        values ($1, $2, $1, $1, $3, 8)",
    )
    .bind(id)
    .bind(platform)
    .bind(place(east_m, 0.0))
    .execute(db)
    .await?;
    let pair = |x: f64, y: f64| {
        let on_ground = place(east_m + x / 32.0, (720.0 - y) / 18.0);
        json!({"x": x, "y": y, "lon": on_ground.lon, "lat": on_ground.lat})
    };
    let (from, to) = (place(east_m, 0.0), place(east_m + 40.0, 40.0));
    sqlx::query(
        "insert into calibration (camera_id, version, image_width_px, image_height_px, pairs, ground)
        values ($1, 1, 1280, 720, $2, st_makeenvelope($3, $4, $5, $6, 4326))",
    )
    .bind(id)
    .bind(json!([pair(0.0, 0.0), pair(1280.0, 0.0), pair(1280.0, 720.0), pair(0.0, 720.0)]))
    .bind(from.lon)
    .bind(from.lat)
    .bind(to.lon)
    .bind(to.lat)
    .execute(db)
    .await?;
    Ok(())
}
