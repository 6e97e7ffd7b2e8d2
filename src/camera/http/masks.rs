//! Parts of a camera's picture that nobody may see.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::cameras::known;
use crate::access::Person;
use crate::camera::{Mask, store};
use crate::http::{ApiError, App, JsonBody, PathParams};
use crate::journal::{self, Entry};

/// Of one camera.
const MASKS_MAX: usize = 32;
/// Of one mask.
const CORNERS_MAX: usize = 100;
/// Least share of the picture; a slip of the hand is less.
const AREA_MIN: f64 = 1e-5;

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Masks {
    /// In the order in which they were drawn; at most 32.
    masks: Vec<Mask>,
}

fn check(mask: &Mask) -> Result<(), &'static str> {
    let shares = |corner: &[f64; 2]| corner.iter().all(|share| (0.0..=1.0).contains(share));
    if !(3..=CORNERS_MAX).contains(&mask.corners.len()) || !mask.corners.iter().all(shares) {
        return Err("3 to 100 corners, x and y as shares of the picture, 0 to 1");
    }
    if mask.crosses_itself() {
        return Err("its border must not cross itself");
    }
    if mask.area() < AREA_MIN {
        return Err("its corners enclose nothing");
    }
    Ok(())
}

/// The masks of a camera.
#[utoipa::path(get, path = "/api/v1/cameras/{camera_id}/masks", tag = "cameras",
    params(("camera_id" = String, Path)), responses(
    (status = 200, body = Masks),
    (status = 404, description = "not-found"),
))]
pub(super) async fn list_masks(
    _person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
) -> Result<Json<Masks>, ApiError> {
    let masks = known(&app, &id)?.masks.to_vec();
    Ok(Json(Masks { masks }))
}

/// Draw the masks of a camera anew: these take the place of those it has. From now on they are
/// painted over before anything is stored or shown, and what stands in them is no sighting.
#[utoipa::path(put, path = "/api/v1/cameras/{camera_id}/masks", tag = "cameras",
    params(("camera_id" = String, Path)), request_body = Masks, responses(
    (status = 200, description = "saved", body = Masks),
    (status = 400, description = "invalid-field"),
    (status = 403, description = "forbidden: masks are drawn by administrators"),
    (status = 404, description = "not-found"),
))]
pub(super) async fn save_masks(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<String>,
    JsonBody(drawn): JsonBody<Masks>,
) -> Result<Json<Masks>, ApiError> {
    person.require_administrator()?;
    let camera = known(&app, &id)?;
    if drawn.masks.len() > MASKS_MAX {
        return Err(ApiError::field("masks", format!("at most {MASKS_MAX}")));
    }
    for (at, mask) in drawn.masks.iter().enumerate() {
        check(mask).map_err(|detail| ApiError::field(format!("masks[{at}].corners"), detail))?;
    }
    let mut tx = app.scoped(&person).await?;
    let before = store::hold_masks(&mut tx, &camera.id).await?;
    store::replace_masks(&mut tx, &camera.id, &drawn.masks).await?;
    let subject = format!("camera:{}", camera.id);
    let entry = Entry::by(&person, app.now(), subject, "draw-masks")
        .before(json!(before))
        .after(json!(drawn.masks));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    app.cameras.refresh().await?;
    let masks = known(&app, &id)?.masks.to_vec();
    Ok(Json(Masks { masks }))
}
