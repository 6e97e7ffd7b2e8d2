//! The median background of a camera, and what it is compared with.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::cameras::{VIEWERS, known};
use super::pictures::CAPTURED_AT;
use crate::access::Person;
use crate::camera::background::{Background, Origin, Phase, Reference, SIDE, Standing, Still};
use crate::camera::{Camera, background};
use crate::http::{ApiError, App, PathParams};
use crate::journal::{self, Entry};
use crate::space::GroundPoint;
use crate::vision;

/// What stands before a camera.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackgroundView {
    phase: Phase,
    /// Pictures taken in, at most those that are needed; one every 10 seconds at most.
    taken: usize,
    /// Pictures before there is a background; of a camera that sends few, fewer.
    needed: usize,
    /// When the last picture of the background was taken; null while there is none.
    median_at: Option<DateTime<Utc>>,
    /// What it is compared with; null before the first background.
    #[schema(inline)]
    reference: Option<ReferenceView>,
    /// What stands there that is not in the reference, largest first.
    #[schema(inline)]
    standing: Vec<StandingView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReferenceView {
    origin: Origin,
    set_at: DateTime<Utc>,
    /// Until when it has followed the light.
    followed_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
struct StandingView {
    /// Left, top, right and bottom as shares of the picture, 0 to 1, origin top left.
    r#box: [f32; 4],
    /// When the background was made that showed it first.
    since: DateTime<Utc>,
    /// Where its foot is, degrees, WGS 84; null where the picture shows no ground.
    lon: Option<f64>,
    lat: Option<f64>,
    /// How wide it is there, metres.
    width_m: Option<f64>,
}

impl StandingView {
    fn of(standing: &Standing, camera: &Camera) -> Self {
        let (width, height) = (SIDE.width as f32, SIDE.height as f32);
        let bounds = standing.bounds;
        let calibration = camera.calibration.as_deref();
        let ground: Option<(GroundPoint, f64)> = calibration.and_then(|calibration| {
            let (width_px, height_px) = (calibration.image_width_px, calibration.image_height_px);
            let in_picture = standing.in_picture(width_px, height_px);
            let foot = calibration.locate(in_picture.foot()).ok()?;
            let width_m = calibration.width_m(&in_picture, width_px, height_px)?;
            Some((foot.point, width_m))
        });
        Self {
            r#box: [
                bounds.left / width,
                bounds.top / height,
                bounds.right / width,
                bounds.bottom / height,
            ],
            since: standing.since,
            lon: ground.map(|(foot, _)| foot.lon),
            lat: ground.map(|(foot, _)| foot.lat),
            width_m: ground.map(|(_, width_m)| width_m),
        }
    }
}

fn view(app: &App, camera: &Camera) -> BackgroundView {
    let phase = app.backgrounds.phase(camera);
    let background = app.backgrounds.of(&camera.id).unwrap_or_default();
    let standing = background.standing.iter();
    BackgroundView {
        phase,
        taken: background.taken,
        needed: background.pace.needed(),
        median_at: background.median.as_ref().map(|(_, at)| *at),
        reference: background.reference.as_ref().map(|known| ReferenceView {
            origin: known.origin,
            set_at: known.set_at,
            followed_at: known.followed_at,
        }),
        standing: standing
            .map(|standing| StandingView::of(standing, camera))
            .collect(),
    }
}

/// How far a camera's background is, and what stands there.
#[utoipa::path(get, path = "/api/v1/cameras/{camera_id}/background", tag = "cameras",
    params(("camera_id" = String, Path)), responses(
    (status = 200, body = BackgroundView),
    (status = 403, description = "forbidden: not for collectors, checkers and units"),
    (status = 404, description = "not-found"),
))]
pub(super) async fn show(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<BackgroundView>, ApiError> {
    person.require(VIEWERS)?;
    let camera = known(&app, &id)?;
    Ok(Json(view(&app, &camera)))
}

/// The median of a camera's pictures over some minutes.
#[utoipa::path(get, path = "/api/v1/cameras/{camera_id}/background/median", tag = "cameras",
    params(("camera_id" = String, Path)), responses(
    (status = 200, content_type = "image/jpeg", body = Vec<u8>,
        headers(("X-Captured-At" = String, description = "when the last picture of it was taken"))),
    (status = 403, description = "forbidden: not for collectors, checkers and units"),
    (status = 404, description = "not-found: no such camera, or no background yet"),
))]
pub(super) async fn median(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Response, ApiError> {
    let (camera, background) = looked_at(&person, &app, &id)?;
    let (median, at) = background.median.as_ref().ok_or_else(|| none_yet(&id))?;
    picture(&app, &camera, Still::clone(median), *at).await
}

/// What the background is compared with.
#[utoipa::path(get, path = "/api/v1/cameras/{camera_id}/background/reference", tag = "cameras",
    params(("camera_id" = String, Path)), responses(
    (status = 200, content_type = "image/jpeg", body = Vec<u8>,
        headers(("X-Captured-At" = String, description = "until when it has followed the light"))),
    (status = 403, description = "forbidden: not for collectors, checkers and units"),
    (status = 404, description = "not-found: no such camera, or no reference yet"),
))]
pub(super) async fn reference(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Response, ApiError> {
    let (camera, background) = looked_at(&person, &app, &id)?;
    let reference = background.reference.as_ref().ok_or_else(|| none_yet(&id))?;
    let still = reference.still.clone();
    picture(&app, &camera, still, reference.followed_at).await
}

/// Say that nothing stands there now that should not: from now on the background is compared with
/// what it is at this moment.
#[utoipa::path(put, path = "/api/v1/cameras/{camera_id}/background/reference", tag = "cameras",
    params(("camera_id" = String, Path)), responses(
    (status = 200, body = BackgroundView),
    (status = 403, description = "forbidden: for administrators"),
    (status = 404, description = "not-found"),
    (status = 409, description = "no-background: not enough pictures were taken in yet"),
))]
pub(super) async fn set_reference(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<BackgroundView>, ApiError> {
    person.require_administrator()?;
    let camera = known(&app, &id)?;
    let before = app.backgrounds.of(&camera.id).unwrap_or_default();
    let (Some((median, _)), Some(calibration)) = (&before.median, &camera.calibration) else {
        return Err(ApiError::refused(
            StatusCode::CONFLICT,
            "no-background",
            format!("camera {id} has no background yet"),
        ));
    };
    let now = app.now();
    let mut still = Still::clone(median);
    still.paint(&camera.masks);
    let reference = Reference::new(still, Origin::Person, now);
    let mut tx = app.scoped(&person).await?;
    background::store::write(&mut *tx, &camera.id, calibration.id, &reference).await?;
    let entry = Entry::by(
        &person,
        now,
        format!("camera:{}", camera.id),
        "set-background",
    )
    .before(before.reference.as_deref().map_or(Value::Null, recorded))
    .after(recorded(&reference));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    app.backgrounds.adopt(&camera.id, calibration.id, reference);
    Ok(Json(view(&app, &camera)))
}

fn recorded(reference: &Reference) -> Value {
    json!({ "origin": reference.origin, "set_at": reference.set_at })
}

fn looked_at(
    person: &Person,
    app: &App,
    id: &str,
) -> Result<(Arc<Camera>, Arc<Background>), ApiError> {
    person.require(VIEWERS)?;
    let camera = known(app, id)?;
    let background = app.backgrounds.of(&camera.id);
    Ok((camera, background.ok_or_else(|| none_yet(id))?))
}

fn none_yet(id: &str) -> ApiError {
    ApiError::not_found(format!("camera {id} has no background yet"))
}

/// With the masks that its camera has now.
async fn picture(
    app: &App,
    camera: &Camera,
    mut still: Still,
    at: DateTime<Utc>,
) -> Result<Response, ApiError> {
    // behind the bound of tiles: both are computed for people who wait
    let place = app
        .tile_places
        .acquire()
        .await
        .map_err(anyhow::Error::from)?;
    let masks = Arc::clone(&camera.masks);
    let jpeg = tokio::task::spawn_blocking(move || {
        still.paint(&masks);
        vision::jpeg_of(&still)
    })
    .await
    .map_err(anyhow::Error::from)?
    .map_err(anyhow::Error::from)?;
    drop(place);
    let headers = [
        (CONTENT_TYPE, "image/jpeg".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
        (CAPTURED_AT, at.to_rfc3339_opts(SecondsFormat::Millis, true)),
    ];
    Ok((headers, jpeg).into_response())
}
