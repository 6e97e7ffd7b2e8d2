//! What is known of a camera, written by people and by other programs.

use std::sync::Arc;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, Transaction};
use utoipa::ToSchema;

use super::cameras::{constraint, known};
use crate::access::Person;
use crate::camera::{Camera, CameraId, store};
use crate::http::{ApiError, App};
use crate::journal::{self, Entry};
use crate::space::GroundPoint;

const NAME_CHARS_MAX: usize = 200;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CameraDraft {
    name_zh: String,
    name_en: String,
    /// Where it stands, degrees, WGS 84.
    lon: f64,
    lat: f64,
    /// Above the ground, metres.
    height_m: Option<f64>,
    /// Whose token may push its frames.
    platform_id: Option<i32>,
    /// Names of the models that look at its frames; left out or null: all.
    pub(crate) models: Option<Vec<String>>,
}

impl CameraDraft {
    fn check(self, id: CameraId) -> Result<Camera, ApiError> {
        for (field, name) in [("name_zh", &self.name_zh), ("name_en", &self.name_en)] {
            if name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX {
                let detail = format!("1 to {NAME_CHARS_MAX} characters");
                return Err(ApiError::field(field, detail));
            }
            if name.contains('\0') {
                return Err(ApiError::field(field, "must not hold U+0000"));
            }
        }
        let location = GroundPoint::new_checked(self.lon, self.lat).ok_or_else(|| {
            ApiError::field(
                "lon, lat",
                "longitude within ±180, latitude within ±90 degrees",
            )
        })?;
        if self
            .height_m
            .is_some_and(|height| !(height > 0.0 && height < 1000.0))
        {
            return Err(ApiError::field(
                "height_m",
                "more than 0 and less than 1000 m",
            ));
        }
        Ok(Camera {
            id,
            platform_id: self.platform_id,
            name_zh: self.name_zh,
            name_en: self.name_en,
            location,
            height_m: self.height_m,
            models: self.models,
            zones: Vec::new(),
            pulled_every: None,
            masks: Arc::default(),
            calibration: None,
        })
    }
}

/// A camera under somebody's hands: who saves it at the same time comes after.
pub(crate) struct HeldCamera<'a> {
    app: &'a App,
    person: &'a Person,
    id: CameraId,
    tx: Transaction<'static, Postgres>,
    before: Option<Camera>,
}

impl<'a> HeldCamera<'a> {
    /// 403 for others than administrators.
    pub(crate) async fn hold(app: &'a App, person: &'a Person, id: &str) -> Result<Self, ApiError> {
        person.require_administrator()?;
        let id = CameraId::try_from(id.to_owned())
            .map_err(|invalid| ApiError::field("camera_id", invalid.to_string()))?;
        let mut tx = app.scoped(person).await?;
        let before = store::hold(&mut tx, &id).await?;
        Ok(Self {
            app,
            person,
            id,
            tx,
            before,
        })
    }

    /// As it is; none: it is new.
    pub(crate) fn known(&self) -> Option<&Camera> {
        self.before.as_ref()
    }

    pub(crate) fn tx(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Adds the camera or changes what is known of it; its calibrations and zones stay.
    pub(crate) async fn save(mut self, draft: CameraDraft) -> Result<Arc<Camera>, ApiError> {
        let camera = draft.check(self.id.clone())?;
        let roster = self.app.models.now();
        let known_model = |name: &String| roster.models.iter().any(|m| m.reference().name == *name);
        let mut models = camera.models.iter().flatten();
        if let Some(name) = models.find(|name| !known_model(name)) {
            let detail = format!("there is no model {name:?}");
            return Err(ApiError::field("models", detail));
        }
        let saved = store::save(&mut *self.tx, &camera, SOURCE).await;
        let is_new = saved.map_err(|error| match constraint(&error) {
            Some("camera_platform_fk") => ApiError::field("platform_id", "no such platform"),
            _ => error.into(),
        })?;
        // nothing is committed yet
        if is_new == self.before.is_some() {
            return Err(exists(&self.id));
        }
        let action = if self.before.is_some() {
            "change"
        } else {
            "create"
        };
        let subject = format!("camera:{}", self.id);
        let mut entry =
            Entry::by(self.person, self.app.now(), subject, action).after(recorded(&camera));
        entry.before = self.before.as_ref().map(recorded);
        journal::record(&mut *self.tx, &entry).await?;
        self.tx.commit().await?;
        self.app.cameras.refresh().await?;
        tracing::info!(login = self.person.login, camera = %self.id, "saved a camera");
        known(self.app, self.id.as_str())
    }
}

const SOURCE: &str = "api";

/// 409: a camera that was to be new.
pub(crate) fn exists(id: &CameraId) -> ApiError {
    let detail = format!("there is a camera {id} already");
    ApiError::refused(StatusCode::CONFLICT, "exists", detail)
}

/// What of a camera is written into the record.
pub(crate) fn recorded(camera: &Camera) -> Value {
    json!({
        "name_zh": camera.name_zh,
        "name_en": camera.name_en,
        "lon": camera.location.lon,
        "lat": camera.location.lat,
        "height_m": camera.height_m,
        "platform_id": camera.platform_id,
        "models": camera.models,
    })
}
