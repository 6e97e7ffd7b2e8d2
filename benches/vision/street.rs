//! A row of cells with a camera at every corner, each before an invented street.

use bytes::Bytes;
use cityward::demo::{self, FramesArgs};
use cityward::space::{GroundPoint, LocalFrame, LocalPoint};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;

/// Different streets; with more cameras than that, several have the same.
const STREETS: u32 = 16;
/// Farther apart than any class joins sightings.
const CORNERS_M: f64 = 120.0;
const ORIGIN: GroundPoint = GroundPoint {
    lon: 119.92,
    lat: 32.45,
};

#[derive(Debug, Clone)]
pub(crate) struct Camera {
    pub(crate) id: String,
    pub(crate) jpeg: Bytes,
    /// Frames pushed so far.
    pub(crate) frames: u32,
}

fn place(east_m: f64, north_m: f64) -> GroundPoint {
    LocalFrame::at(ORIGIN).ground_from_local(LocalPoint { east_m, north_m })
}

/// Cameras with frames of 16:9 so many pixels wide. Returns them and the token their frames come
/// with.
pub(crate) async fn lay_out(
    db: &PgPool,
    count: u32,
    width: u32,
) -> anyhow::Result<(Vec<Camera>, String)> {
    lay_out_cell(db, count).await?;
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
        count: STREETS,
        seed: 11,
        width,
        split: false,
    })?;
    let read = |number: u32| -> anyhow::Result<Bytes> {
        let file = folder.path().join(format!("{number:06}.jpg"));
        Ok(std::fs::read(file)?.into())
    };
    let streets: Vec<Bytes> = (0..STREETS).map(read).collect::<Result<_, _>>()?;
    let mut cameras = Vec::new();
    for (number, jpeg) in (0..count).zip(streets.iter().cycle()) {
        let id = format!("corner-{number}");
        let east_m = CORNERS_M * f64::from(number);
        lay_out_camera(db, platform, &id, east_m, width).await?;
        cameras.push(Camera {
            id,
            jpeg: jpeg.clone(),
            frames: 0,
        });
    }
    Ok((cameras, token))
}

/// One cell around everything, with somebody responsible.
async fn lay_out_cell(db: &PgPool, cameras: u32) -> sqlx::Result<()> {
    let (from, to) = (
        place(-50.0, -50.0),
        place(CORNERS_M * f64::from(cameras), 100.0),
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
async fn lay_out_camera(
    db: &PgPool,
    platform: i32,
    id: &str,
    east_m: f64,
    width: u32,
) -> sqlx::Result<()> {
    let (across, down) = (f64::from(width), f64::from(width * 9 / 16));
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
        let on_ground = place(east_m + 40.0 * x / across, 40.0 * (down - y) / down);
        json!({"x": x, "y": y, "lon": on_ground.lon, "lat": on_ground.lat})
    };
    let (from, to) = (place(east_m, 0.0), place(east_m + 40.0, 40.0));
    sqlx::query(
        "insert into calibration (camera_id, version, image_width_px, image_height_px, pairs, ground)
        values ($1, 1, $7, $8, $2, st_makeenvelope($3, $4, $5, $6, 4326))",
    )
    .bind(id)
    .bind(json!([pair(0.0, 0.0), pair(across, 0.0), pair(across, down), pair(0.0, down)]))
    .bind(from.lon)
    .bind(from.lat)
    .bind(to.lon)
    .bind(to.lat)
    .bind(width.cast_signed())
    .bind((width * 9 / 16).cast_signed())
    .execute(db)
    .await?;
    Ok(())
}
