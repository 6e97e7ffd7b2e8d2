//! Cameras and calibrations in the database.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::Weekday;
use geo_types::Geometry;
use geozero::{CoordDimensions, ToWkb as _, wkb};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool};

use super::{Camera, CameraId, Hours, Mask, Zone, source};
use crate::catalogue::{ClassCode, ZoneKind};
use crate::ground::{Calibration, ControlPair};
use crate::space::GroundPoint;

/// A camera with its newest calibration, as it is stored.
#[derive(Debug, FromRow)]
pub(super) struct CameraRow {
    #[sqlx(rename = "camera_id", try_from = "String")]
    pub(super) id: CameraId,
    platform_id: Option<i32>,
    name_zh: String,
    name_en: String,
    location: GroundPoint,
    height_m: Option<f64>,
    models: Option<Vec<String>>,
    period_s: Option<f64>,
    calibration_id: Option<i32>,
    version: Option<i32>,
    image_width_px: Option<i32>,
    image_height_px: Option<i32>,
    pairs: Option<Json<Vec<ControlPair>>>,
    ground: Option<wkb::Decode<Geometry<f64>>>,
}

impl CameraRow {
    /// `known`: the calibration this camera had so far, used again when it is still the newest.
    pub(super) fn into_camera(
        mut self,
        known: Option<Arc<Calibration>>,
        zones: Vec<Zone>,
        masks: Arc<[Mask]>,
    ) -> Camera {
        let same = known.filter(|known| Some(known.id) == self.calibration_id);
        Camera {
            calibration: same.or_else(|| self.take_calibration().map(Arc::new)),
            id: self.id,
            platform_id: self.platform_id,
            name_zh: self.name_zh,
            name_en: self.name_en,
            location: self.location,
            height_m: self.height_m,
            models: self.models,
            zones,
            pulled_every: self.period_s.map(source::period),
            masks,
        }
    }

    fn take_calibration(&mut self) -> Option<Calibration> {
        let (id, version) = (self.calibration_id?, self.version?);
        let width_px = u32::try_from(self.image_width_px?).ok()?;
        let height_px = u32::try_from(self.image_height_px?).ok()?;
        let ground = match self.ground.take()?.geometry {
            Some(Geometry::Polygon(ground)) => Some(ground),
            _ => None,
        };
        let fitted = Calibration::fit(self.pairs.take()?.0, width_px, height_px, ground);
        match fitted {
            Ok(fitted) => Some(fitted.stored(id, version)),
            Err(error) => {
                tracing::error!(camera = %self.id, version, %error, "stored calibration cannot be fitted");
                None
            }
        }
    }
}

/// Every camera, with its newest calibration.
pub(super) async fn list(db: &PgPool) -> sqlx::Result<Vec<CameraRow>> {
    sqlx::query_as(
        "select distinct on (camera_id) camera_id, platform_id, name_zh, name_en, location,
             height_m, models, period_s, calibration_id, c.version, image_width_px,
             image_height_px, pairs, ground
         from camera left join calibration c using (camera_id)
             left join camera_source using (camera_id)
         order by camera_id, c.version desc",
    )
    .fetch_all(db)
    .await
}

/// Holds a camera until the transaction ends; what is known of it, without calibration, zones
/// and masks.
pub(crate) async fn hold(tx: &mut PgConnection, id: &CameraId) -> sqlx::Result<Option<Camera>> {
    let row: Option<CameraRow> = sqlx::query_as(
        "select camera_id, platform_id, name_zh, name_en, location, height_m, models,
             null::float8 as period_s, null::integer as calibration_id, null::integer as version,
             null::integer as image_width_px, null::integer as image_height_px,
             null::jsonb as pairs, null::geometry as ground
         from camera where camera_id = $1 for no key update",
    )
    .bind(id.as_str())
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| row.into_camera(None, Vec::new(), Arc::default())))
}

/// Inserts the camera or replaces what is known of it; its calibrations stay. Returns whether it is
/// new.
pub async fn save(db: impl PgExecutor<'_>, camera: &Camera, source: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "insert into camera (camera_id, platform_id, name_zh, name_en, location, height_m, models,
             source)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (camera_id) do update set platform_id = excluded.platform_id,
             name_zh = excluded.name_zh, name_en = excluded.name_en,
             location = excluded.location, height_m = excluded.height_m,
             models = excluded.models
         returning xmax = 0",
    )
    .bind(camera.id.as_str())
    .bind(camera.platform_id)
    .bind(&camera.name_zh)
    .bind(&camera.name_en)
    .bind(camera.location)
    .bind(camera.height_m)
    .bind(&camera.models)
    .bind(source)
    .fetch_one(db)
    .await
}

/// Adds `fitted` as the camera's next version; returns it with its id and version.
///
/// Two at the same moment: one of them fails on `calibration_version_once`.
pub async fn add_calibration(
    db: impl PgExecutor<'_>,
    camera: &CameraId,
    fitted: Calibration,
) -> sqlx::Result<Calibration> {
    let ground = Geometry::Polygon(fitted.ground().clone());
    let (id, version): (i32, i32) = sqlx::query_as(
        "insert into calibration (camera_id, version, image_width_px, image_height_px, pairs,
             ground, error_loo_m)
         values ($1, (select coalesce(max(version), 0) + 1 from calibration where camera_id = $1),
             $2::int, $3::int, $4, st_setsrid($5::geometry, 4326), $6)
         returning calibration_id, version",
    )
    .bind(camera.as_str())
    .bind(i64::from(fitted.image_width_px))
    .bind(i64::from(fitted.image_height_px))
    .bind(Json(&fitted.pairs))
    .bind(wkb::Encode(ground))
    .bind(fitted.error_loo_m())
    .fetch_one(db)
    .await?;
    Ok(fitted.stored(id, version))
}

/// A zone as it is stored.
#[derive(Debug, FromRow)]
struct ZoneRow {
    #[sqlx(try_from = "String")]
    camera_id: CameraId,
    kind: ZoneKind,
    ground: wkb::Decode<Geometry<f64>>,
    classes: Option<Vec<ClassCode>>,
    days: Option<Vec<i16>>,
    from_min: Option<i16>,
    to_min: Option<i16>,
}

impl ZoneRow {
    fn into_zone(self) -> Option<(CameraId, Zone)> {
        let Some(Geometry::Polygon(ground)) = self.ground.geometry else {
            return None;
        };
        let hours = match (self.days, self.from_min, self.to_min) {
            (Some(days), Some(from_min), Some(to_min)) => Some(Hours {
                days: days.into_iter().filter_map(weekday).collect(),
                from_min: u16::try_from(from_min).ok()?,
                to_min: u16::try_from(to_min).ok()?,
            }),
            _ => None,
        };
        let zone = Zone {
            kind: self.kind,
            ground,
            classes: self.classes,
            hours,
        };
        Some((self.camera_id, zone))
    }
}

/// 1 Monday to 7 Sunday, as ISO 8601 counts them.
fn weekday(number: i16) -> Option<Weekday> {
    Weekday::try_from(u8::try_from(number.checked_sub(1)?).ok()?).ok()
}

/// The zones of all cameras, in the order in which they were drawn.
pub(super) async fn zones(db: &PgPool) -> sqlx::Result<HashMap<CameraId, Vec<Zone>>> {
    let rows: Vec<ZoneRow> = sqlx::query_as(
        "select camera_id, kind, ground, classes, days, from_min, to_min
         from camera_zone order by zone_id",
    )
    .fetch_all(db)
    .await?;
    let mut zones: HashMap<CameraId, Vec<Zone>> = HashMap::new();
    for (camera, zone) in rows.into_iter().filter_map(ZoneRow::into_zone) {
        zones.entry(camera).or_default().push(zone);
    }
    Ok(zones)
}

/// Holds a camera's zones until the transaction ends; who draws them at the same time waits.
pub(super) async fn hold_zones(
    tx: &mut PgConnection,
    camera: &CameraId,
) -> sqlx::Result<Vec<Zone>> {
    hold(&mut *tx, camera).await?;
    let rows: Vec<ZoneRow> = sqlx::query_as(
        "select camera_id, kind, ground, classes, days, from_min, to_min
         from camera_zone where camera_id = $1 order by zone_id",
    )
    .bind(camera.as_str())
    .fetch_all(tx)
    .await?;
    let zones = rows.into_iter().filter_map(ZoneRow::into_zone);
    Ok(zones.map(|(_, zone)| zone).collect())
}

/// Which of these zones has a border that crosses itself, if one does.
pub(super) async fn crossing(tx: &mut PgConnection, zones: &[Zone]) -> sqlx::Result<Option<i64>> {
    let wkb = |zone: &Zone| Geometry::Polygon(zone.ground.clone()).to_wkb(CoordDimensions::xy());
    let grounds: Result<Vec<Vec<u8>>, _> = zones.iter().map(wkb).collect();
    sqlx::query_scalar(
        "select number - 1 from unnest($1::bytea[]) with ordinality as drawn (ground, number)
         where not st_isvalid(st_geomfromwkb(ground)) order by number limit 1",
    )
    .bind(grounds.map_err(|error| sqlx::Error::Encode(error.into()))?)
    .fetch_optional(tx)
    .await
}

/// Puts these zones in the place of those a camera has.
pub async fn replace_zones(
    tx: &mut PgConnection,
    camera: &CameraId,
    zones: &[Zone],
) -> sqlx::Result<()> {
    sqlx::query("delete from camera_zone where camera_id = $1")
        .bind(camera.as_str())
        .execute(&mut *tx)
        .await?;
    for zone in zones {
        let hours = zone.hours.as_ref();
        let days = hours.map(|hours| -> Vec<i16> {
            let number = |day: &Weekday| i16::try_from(day.number_from_monday()).ok();
            hours.days.iter().filter_map(number).collect()
        });
        sqlx::query(
            "insert into camera_zone (camera_id, kind, ground, classes, days, from_min, to_min)
             values ($1, $2, st_setsrid($3::geometry, 4326), $4, $5, $6::int, $7::int)",
        )
        .bind(camera.as_str())
        .bind(zone.kind)
        .bind(wkb::Encode(Geometry::Polygon(zone.ground.clone())))
        .bind(&zone.classes)
        .bind(days)
        .bind(hours.map(|hours| i32::from(hours.from_min)))
        .bind(hours.map(|hours| i32::from(hours.to_min)))
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// The masks of all cameras, in the order in which they were drawn.
pub(super) async fn masks(db: &PgPool) -> sqlx::Result<HashMap<CameraId, Vec<Mask>>> {
    let rows: Vec<(String, Vec<f64>)> =
        sqlx::query_as("select camera_id, corners from camera_mask order by mask_id")
            .fetch_all(db)
            .await?;
    let mut masks: HashMap<CameraId, Vec<Mask>> = HashMap::new();
    for (camera, corners) in rows {
        if let Ok(camera) = CameraId::try_from(camera) {
            masks.entry(camera).or_default().push(mask(&corners));
        }
    }
    Ok(masks)
}

/// Holds a camera's masks until the transaction ends; who draws them at the same time waits.
pub(super) async fn hold_masks(
    tx: &mut PgConnection,
    camera: &CameraId,
) -> sqlx::Result<Vec<Mask>> {
    hold(&mut *tx, camera).await?;
    let rows: Vec<Vec<f64>> =
        sqlx::query_scalar("select corners from camera_mask where camera_id = $1 order by mask_id")
            .bind(camera.as_str())
            .fetch_all(tx)
            .await?;
    Ok(rows.iter().map(|corners| mask(corners)).collect())
}

/// Puts these masks in the place of those a camera has.
pub(super) async fn replace_masks(
    tx: &mut PgConnection,
    camera: &CameraId,
    masks: &[Mask],
) -> sqlx::Result<()> {
    sqlx::query("delete from camera_mask where camera_id = $1")
        .bind(camera.as_str())
        .execute(&mut *tx)
        .await?;
    for mask in masks {
        sqlx::query("insert into camera_mask (camera_id, corners) values ($1, $2)")
            .bind(camera.as_str())
            .bind(mask.corners.as_flattened())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// x and y in turn, as they are stored.
fn mask(corners: &[f64]) -> Mask {
    let (corners, _) = corners.as_chunks::<2>();
    Mask {
        corners: corners.to_vec(),
    }
}
