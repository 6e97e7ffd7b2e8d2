//! Cameras, where they look, and what they saw last.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::saving::{CameraDraft, HeldCamera};
use crate::access::{Person, Role};
use crate::camera::health::ConditionState;
use crate::camera::{Camera, CameraId, LastFrame, store};
use crate::ground::{Calibration, ControlPair, FitError};
use crate::http::{ApiError, App, FieldProblem, JsonBody, PathParams};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraList {
    #[schema(inline)]
    cameras: Vec<CameraView>,
}

/// A camera as people see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraView {
    #[schema(value_type = String)]
    id: CameraId,
    name_zh: String,
    name_en: String,
    lon: f64,
    lat: f64,
    height_m: Option<f64>,
    platform_id: Option<i32>,
    /// Whether it is asked for its pictures; else a platform pushes them.
    pulled: bool,
    /// Names of the models that look at its frames; null: all.
    models: Option<Vec<String>>,
    calibration: Option<CalibrationSummary>,
    /// Capture time of the newest frame let in since the service started.
    last_frame_at: Option<DateTime<Utc>>,
    /// When a frame came in last, by the service's clock; also before its start.
    heard_at: Option<DateTime<Utc>>,
    /// What is wrong with it now; empty: nothing that is known.
    conditions: Vec<ConditionState>,
    frames: FrameCounts,
}

#[derive(Debug, Serialize, ToSchema)]
struct CalibrationSummary {
    version: i32,
    /// Median leave-one-out error; null with four pairs.
    error_loo_m: Option<f64>,
    ground: GroundPolygon,
}

/// Frames since the service started.
#[derive(Debug, Serialize, ToSchema)]
struct FrameCounts {
    /// Given to a detector.
    processed: u64,
    superseded: u64,
    refused: u64,
}

/// GeoJSON polygon, EPSG:4326.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(super) struct GroundPolygon {
    r#type: PolygonType,
    /// Rings of longitude, latitude; the first is the border, others are holes.
    coordinates: Vec<Vec<[f64; 2]>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
enum PolygonType {
    Polygon,
}

impl GroundPolygon {
    pub(super) fn of(polygon: &geo_types::Polygon<f64>) -> Self {
        let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
        let coordinates = rings.map(|ring| ring.coords().map(|c| [c.x, c.y]).collect());
        Self {
            r#type: PolygonType::Polygon,
            coordinates: coordinates.collect(),
        }
    }

    pub(super) fn into_polygon(self) -> geo_types::Polygon<f64> {
        let mut rings = self
            .coordinates
            .into_iter()
            .map(geo_types::LineString::from);
        let border = rings
            .next()
            .unwrap_or_else(|| Vec::<[f64; 2]>::new().into());
        geo_types::Polygon::new(border, rings.collect())
    }
}

fn view(app: &App, camera: &Camera) -> CameraView {
    let tally = app.intake.tally(&camera.id);
    let calibration = camera.calibration.as_ref();
    CameraView {
        id: camera.id.clone(),
        name_zh: camera.name_zh.clone(),
        name_en: camera.name_en.clone(),
        lon: camera.location.lon,
        lat: camera.location.lat,
        height_m: camera.height_m,
        platform_id: camera.platform_id,
        pulled: camera.pulled_every.is_some(),
        models: camera.models.clone(),
        calibration: calibration.map(|calibration| CalibrationSummary {
            version: calibration.version,
            error_loo_m: calibration.error_loo_m(),
            ground: GroundPolygon::of(calibration.ground()),
        }),
        last_frame_at: tally.last_frame_at,
        heard_at: app.health.heard_at(&camera.id),
        conditions: app.health.of(&camera.id),
        frames: FrameCounts {
            processed: tally.taken,
            superseded: tally.superseded,
            refused: tally.refused,
        },
    }
}

pub(super) fn known(app: &App, id: &str) -> Result<Arc<Camera>, ApiError> {
    let found = CameraId::try_from(id.to_owned()).ok();
    found
        .and_then(|id| app.cameras.get(&id))
        .ok_or_else(|| ApiError::not_found(format!("there is no camera {id}")))
}

/// All cameras, by id.
#[utoipa::path(get, path = "/api/v1/cameras", tag = "cameras", responses((status = 200, body = CameraList)))]
pub(super) async fn list_cameras(_person: Person, State(app): State<App>) -> Json<CameraList> {
    let cameras = app.cameras.all();
    Json(CameraList {
        cameras: cameras.iter().map(|camera| view(&app, camera)).collect(),
    })
}

/// One camera.
#[utoipa::path(get, path = "/api/v1/cameras/{camera_id}", tag = "cameras",
    params(("camera_id" = String, Path)), responses(
    (status = 200, body = CameraView),
    (status = 404, description = "not-found"),
))]
pub(super) async fn find_camera(
    _person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<CameraView>, ApiError> {
    known(&app, &id).map(|camera| Json(view(&app, &camera)))
}

/// Add a camera or change what is known of it; its calibrations stay.
#[utoipa::path(put, path = "/api/v1/cameras/{camera_id}", tag = "cameras",
    params(("camera_id" = String, Path)), request_body = CameraDraft, responses(
    (status = 200, description = "saved", body = CameraView),
    (status = 400, description = "invalid-field"),
    (status = 403, description = "forbidden: cameras are kept by administrators"),
    (status = 409, description = "exists: somebody added it at the same moment"),
))]
pub(super) async fn save_camera(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    JsonBody(draft): JsonBody<CameraDraft>,
) -> Result<Json<CameraView>, ApiError> {
    let held = HeldCamera::hold(&app, &person, &id).await?;
    let camera = held.save(draft).await?;
    Ok(Json(view(&app, &camera)))
}

pub(super) fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.constraint()
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CalibrationDraft {
    /// Size of the picture the pixels are of. Frames of the same proportions are scaled to it.
    image_width_px: u32,
    image_height_px: u32,
    /// At least 4, better 8: spread over the ground seen, near and far, not on one line.
    pairs: Vec<ControlPair>,
    /// Where the camera is to be believed; without it what the picture shows well enough.
    ground: Option<GroundPolygon>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CalibrationView {
    version: i32,
    /// Median leave-one-out error, metres: what to judge a calibration by. Null with four pairs.
    error_loo_m: Option<f64>,
    #[schema(inline)]
    pairs: Vec<PairView>,
    ground: GroundPolygon,
}

#[derive(Debug, Serialize, ToSchema)]
struct PairView {
    #[serde(flatten)]
    pair: ControlPair,
    /// How far the fit misses this pair, metres; small by construction when pairs are few.
    residual_m: f64,
    /// How far a fit without this pair misses it, metres.
    leave_one_out_m: Option<f64>,
}

impl CalibrationView {
    fn of(calibration: &Calibration) -> Self {
        let errors = calibration.pair_errors();
        let pairs = calibration
            .pairs
            .iter()
            .zip(errors)
            .map(|(pair, error)| PairView {
                pair: *pair,
                residual_m: error.residual_m,
                leave_one_out_m: error.leave_one_out_m,
            });
        Self {
            version: calibration.version,
            error_loo_m: calibration.error_loo_m(),
            pairs: pairs.collect(),
            ground: GroundPolygon::of(calibration.ground()),
        }
    }
}

/// Calibrate a camera anew; earlier versions stay as they are.
#[utoipa::path(put, path = "/api/v1/cameras/{camera_id}/calibration", tag = "cameras",
    params(("camera_id" = String, Path)), request_body = CalibrationDraft, responses(
    (status = 200, description = "saved as the next version", body = CalibrationView),
    (status = 404, description = "not-found"),
    (status = 409, description = "calibrated-meanwhile: try again"),
    (status = 422, description = "calibration-impossible: the pairs fix no map, and why"),
))]
pub(super) async fn calibrate(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    JsonBody(draft): JsonBody<CalibrationDraft>,
) -> Result<Json<CalibrationView>, ApiError> {
    person.require_administrator()?;
    let camera = known(&app, &id)?;
    let ground = draft.ground.map(GroundPolygon::into_polygon);
    let (width_px, height_px) = (draft.image_width_px, draft.image_height_px);
    let fitted = Calibration::fit(draft.pairs, width_px, height_px, ground)
        .map_err(|problem| impossible(&problem))?;
    let stored = store::add_calibration(&app.db, &camera.id, fitted)
        .await
        .map_err(|error| match constraint(&error) {
            Some("calibration_version_once") => ApiError::refused(
                StatusCode::CONFLICT,
                "calibrated-meanwhile",
                "someone else calibrated this camera at the same moment; try again",
            ),
            _ => error.into(),
        })?;
    app.cameras.refresh().await?;
    tracing::info!(login = person.login, camera = %camera.id, version = stored.version, "calibrated");
    Ok(Json(CalibrationView::of(&stored)))
}

fn impossible(problem: &FitError) -> ApiError {
    let detail = problem.to_string();
    let fields = problem.fields().into_iter().map(|field| FieldProblem {
        field,
        detail: detail.clone(),
    });
    ApiError::Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind: "calibration-impossible",
        errors: fields.collect(),
        detail,
        retry_after_s: None,
    }
}

/// Who may look through a camera: pictures of people in the street are not for everybody.
pub(super) const VIEWERS: &[Role] = &[
    Role::Operator,
    Role::DutyChief,
    Role::Dispatcher,
    Role::DistrictDispatcher,
    Role::Leader,
    Role::Committee,
    Role::Planner,
    Role::DataOfficer,
    Role::Evaluator,
    Role::Administrator,
    Role::Auditor,
];

/// The newest frame a detector looked at, without what masks hide, with faces and plates
/// unrecognisable.
#[utoipa::path(get, path = "/api/v1/cameras/{camera_id}/frame", tag = "cameras",
    params(("camera_id" = String, Path)), responses(
    (status = 200, content_type = "image/jpeg", body = Vec<u8>,
        headers(("X-Captured-At" = String, description = "when the camera took it"))),
    (status = 403, description = "forbidden: not for collectors, checkers and units"),
    (status = 404, description = "not-found: no such camera, or no frame since the start"),
))]
pub(super) async fn newest_frame(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Response, ApiError> {
    person.require(VIEWERS)?;
    let camera = known(&app, &id)?;
    let frame = app.last_frames.get(&camera.id).ok_or_else(|| {
        ApiError::not_found(format!("camera {id} has shown nothing since the start"))
    })?;
    let shown = shown(&app, &camera, frame).await?;
    let captured_at = shown
        .captured_at
        .to_rfc3339_opts(SecondsFormat::Millis, true);
    let headers = [
        (CONTENT_TYPE, "image/jpeg".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
        (super::pictures::CAPTURED_AT, captured_at),
    ];
    Ok((headers, shown.jpeg).into_response())
}

/// Worked on once, however many look.
async fn shown(app: &App, camera: &Camera, frame: LastFrame) -> anyhow::Result<LastFrame> {
    let masks = Arc::clone(&camera.masks);
    let same = |shown: &LastFrame| shown.captured_at == frame.captured_at && shown.masks == masks;
    if let Some(shown) = app.shown_frames.get(&camera.id).filter(same) {
        return Ok(shown);
    }
    let _place = app.picture_places.acquire().await;
    // who waited may find it done
    if let Some(shown) = app.shown_frames.get(&camera.id).filter(same) {
        return Ok(shown);
    }
    let jpeg = app.evidence.fit_to_be_shown(frame.jpeg, Arc::clone(&masks));
    let shown = LastFrame {
        captured_at: frame.captured_at,
        jpeg: jpeg.await?,
        masks,
    };
    app.shown_frames.put(&camera.id, shown.clone());
    Ok(shown)
}
