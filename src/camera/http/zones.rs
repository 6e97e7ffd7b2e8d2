//! Zones before a camera: where something must not stay.

use axum::Json;
use axum::extract::State;
use chrono::Weekday;
use geo_types::{LineString, Polygon};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::cameras::{GroundPolygon, known};
use crate::access::Person;
use crate::camera::zone::MINUTES_A_DAY;
use crate::camera::{Camera, Hours, Zone, store};
use crate::catalogue::{Catalogue, ClassCode, ZoneKind};
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::journal::{self, Entry};
use crate::space::{GroundPoint, PixelPoint};

/// Of one camera.
const ZONES_MAX: usize = 32;
/// Of one zone.
const CORNERS_MAX: usize = 100;
/// Named by one zone.
const CLASSES_MAX: usize = 100;
const DAYS_A_WEEK: usize = 7;

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Zones {
    /// In the order in which they were drawn; at most 32.
    #[schema(inline)]
    zones: Vec<ZoneView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ZoneView {
    kind: ZoneKind,
    /// Where it is. To draw one on the camera's picture leave it out and give `corners`.
    ground: Option<GroundPolygon>,
    /// Its corners on the picture, x and y as shares of it, 0 to 1, origin top left. Null where the
    /// camera is not calibrated or a corner is behind it.
    corners: Option<Vec<[f64; 2]>>,
    /// Which classes it concerns; null: all whose sighting rule asks for a zone of this kind.
    #[schema(value_type = Option<Vec<String>>)]
    classes: Option<Vec<ClassCode>>,
    /// When it is in force; null: always.
    hours: Option<HoursView>,
}

/// The same hours on some days of the week, Beijing time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HoursView {
    /// The days on which they begin: 1 Monday to 7 Sunday.
    days: Vec<u8>,
    /// Minutes after midnight, 0 to 1439.
    from_min: u16,
    /// An end that is not after the beginning is on the next day.
    to_min: u16,
}

impl ZoneView {
    fn of(zone: &Zone, camera: &Camera) -> Self {
        Self {
            kind: zone.kind,
            ground: Some(GroundPolygon::of(&zone.ground)),
            corners: corners(zone, camera),
            classes: zone.classes.clone(),
            hours: zone.hours.as_ref().map(|hours| HoursView {
                days: hours.days.iter().map(iso_day).collect(),
                from_min: hours.from_min,
                to_min: hours.to_min,
            }),
        }
    }

    /// `at`: which of the zones it is, for the refusal.
    fn into_zone(self, camera: &Camera, at: usize) -> Result<Zone, ApiError> {
        let refused = |field: &str, detail: &str| {
            Err(ApiError::field(format!("zones[{at}].{field}"), detail))
        };
        let ground = match (self.ground, self.corners) {
            (Some(ground), _) => ground.into_polygon(),
            (None, Some(corners)) => match on_the_ground(&corners, camera) {
                Ok(ground) => ground,
                Err(detail) => return refused("corners", &detail),
            },
            (None, None) => return refused("ground", "is needed, or corners"),
        };
        let border = ground.exterior();
        let on_earth = |c: &geo_types::Coord<f64>| GroundPoint::new_checked(c.x, c.y).is_some();
        // the first corner is the last one again
        if !(4..=CORNERS_MAX + 1).contains(&border.0.len()) || !border.coords().all(on_earth) {
            return refused("ground", "3 to 100 corners of longitude and latitude");
        }
        if !ground.interiors().is_empty() {
            return refused("ground", "must have no holes");
        }
        if self
            .classes
            .as_ref()
            .is_some_and(|classes| classes.len() > CLASSES_MAX)
        {
            return refused("classes", &format!("at most {CLASSES_MAX}"));
        }
        let unknown = |code: &&ClassCode| Catalogue::shipped().class(**code).is_none();
        if let Some(code) = self.classes.iter().flatten().find(unknown) {
            return refused("classes", &format!("the catalogue has no {code}"));
        }
        let hours = match self.hours {
            None => None,
            Some(hours) => match hours.into_hours() {
                Some(hours) => Some(hours),
                None => {
                    return refused("hours", "days are 1 to 7, minutes 0 to 1439");
                }
            },
        };
        Ok(Zone {
            kind: self.kind,
            ground,
            classes: self.classes,
            hours,
        })
    }
}

impl HoursView {
    fn into_hours(self) -> Option<Hours> {
        let day = |day: u8| Weekday::try_from(day.checked_sub(1)?).ok();
        let named = self.days.len();
        let days: Option<Vec<Weekday>> = self.days.into_iter().map(day).collect();
        let sound = self.from_min < MINUTES_A_DAY && self.to_min < MINUTES_A_DAY;
        days.filter(|_| sound && (1..=DAYS_A_WEEK).contains(&named))
            .map(|days| Hours {
                days,
                from_min: self.from_min,
                to_min: self.to_min,
            })
    }
}

fn iso_day(day: &Weekday) -> u8 {
    u8::try_from(day.number_from_monday()).expect("1 to 7")
}

/// The corners of a zone on the camera's picture.
fn corners(zone: &Zone, camera: &Camera) -> Option<Vec<[f64; 2]>> {
    let calibration = camera.calibration.as_deref()?;
    let (width, height) = size(calibration.image_width_px, calibration.image_height_px);
    // the last corner is the first one again
    let border = zone.ground.exterior().coords();
    border
        .take(zone.ground.exterior().0.len() - 1)
        .map(|c| {
            let at = calibration.pixel_from_ground(GroundPoint { lon: c.x, lat: c.y })?;
            Some([at.x / width, at.y / height])
        })
        .collect()
}

/// Corners on the camera's picture on the ground.
fn on_the_ground(corners: &[[f64; 2]], camera: &Camera) -> Result<Polygon<f64>, String> {
    let calibration = camera.calibration.as_deref();
    let calibration = calibration.ok_or("the camera is not calibrated")?;
    let (width, height) = size(calibration.image_width_px, calibration.image_height_px);
    let border: Result<Vec<(f64, f64)>, String> = corners
        .iter()
        .map(|[x, y]| {
            let pixel = PixelPoint {
                x: x * width,
                y: y * height,
            };
            let fix = calibration
                .locate(pixel)
                .map_err(|off| format!("{x}, {y}: {off}"))?;
            Ok((fix.point.lon, fix.point.lat))
        })
        .collect();
    Ok(Polygon::new(LineString::from(border?), Vec::new()))
}

fn size(width_px: u32, height_px: u32) -> (f64, f64) {
    (f64::from(width_px), f64::from(height_px))
}

fn view(camera: &Camera) -> Zones {
    let zones = camera.zones.iter();
    Zones {
        zones: zones.map(|zone| ZoneView::of(zone, camera)).collect(),
    }
}

/// The zones of a camera.
#[utoipa::path(get, path = "/api/v1/cameras/{camera_id}/zones", tag = "cameras",
    params(("camera_id" = String, Path)), responses(
    (status = 200, body = Zones),
    (status = 404, description = "not-found"),
))]
pub(super) async fn list_zones(
    _person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<Zones>, ApiError> {
    Ok(Json(view(&*known(&app, &id)?)))
}

/// Draw the zones of a camera anew: these take the place of those it has.
#[utoipa::path(put, path = "/api/v1/cameras/{camera_id}/zones", tag = "cameras",
    params(("camera_id" = String, Path)), request_body = Zones, responses(
    (status = 200, description = "saved", body = Zones),
    (status = 400, description = "invalid-field"),
    (status = 403, description = "forbidden: zones are drawn by administrators"),
    (status = 404, description = "not-found"),
))]
pub(super) async fn save_zones(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    JsonBody(drawn): JsonBody<Zones>,
) -> Result<Json<Zones>, ApiError> {
    person.require_administrator()?;
    let camera = known(&app, &id)?;
    if drawn.zones.len() > ZONES_MAX {
        return Err(ApiError::field("zones", format!("at most {ZONES_MAX}")));
    }
    let zones = drawn.zones.into_iter().enumerate();
    let zones: Vec<Zone> = zones
        .map(|(at, zone)| zone.into_zone(&camera, at))
        .collect::<Result<_, _>>()?;
    let mut tx = app.scoped(&person).await?;
    if let Some(at) = store::crossing(&mut tx, &zones).await? {
        let field = format!("zones[{at}].ground");
        return Err(ApiError::field(field, "its border must not cross itself"));
    }
    let before = store::hold_zones(&mut tx, &camera.id).await?;
    let before: Vec<ZoneView> = before.iter().map(|z| ZoneView::of(z, &camera)).collect();
    store::replace_zones(&mut tx, &camera.id, &zones).await?;
    let after: Vec<ZoneView> = zones.iter().map(|z| ZoneView::of(z, &camera)).collect();
    let entry = Entry::by(
        &person,
        app.now(),
        format!("camera:{}", camera.id),
        "draw-zones",
    )
    .before(json!(before))
    .after(json!(after));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    app.cameras.refresh().await?;
    Ok(Json(view(&*known(&app, &id)?)))
}
