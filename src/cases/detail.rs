//! Everything there is to know about one case.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, Row as _};
use utoipa::ToSchema;

use super::attachment::Attachment;
use super::departure::CameraCheck;
use super::original::{OriginalAccess, OriginalState};
use super::reporter::ReporterView;
use super::store::{parsed, unit};
use super::{Action, CaseId, CaseRow};
use crate::access::Role;
use crate::camera::{CameraId, FrameId};
use crate::catalogue::{ClassCode, ClassScope};
use crate::rules::{PlaceScope, RouteBecause};
use crate::space::{ErrorEllipse, GroundPoint, PixelBox};
use crate::territory::{Because, Edition, Unit};
use crate::vision::ModelRef;

/// A case with its place, its reasons, its pictures and its story.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CaseDetail {
    #[serde(flatten)]
    pub stored: StoredCase,
    /// Who told the city, masked; null when nobody is known.
    pub reporter: Option<ReporterView>,
    /// In the order the pictures were taken.
    pub evidence: Vec<Evidence>,
    /// Pictures of people, in the order they came.
    pub attachments: Vec<Attachment>,
    pub links: CaseLinks,
    /// Oldest first; the newest 500 entries.
    pub history: Vec<CaseEvent>,
    /// Who looked at originals of its pictures, oldest first; the newest 500.
    pub original_accesses: Vec<OriginalAccess>,
    /// What cameras say of a case that is reported as handled; null where they have nothing to say.
    pub camera_check: Option<CameraCheck>,
}

/// What was written down when the case was opened, and where it stands now.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StoredCase {
    #[serde(flatten)]
    pub case: CaseRow,
    /// Where it is with 95 % probability, around `lon`, `lat`.
    pub ellipse: ErrorEllipse,
    /// Why it was whose when it was opened, and by the ground it is on now.
    pub because: Because,
    /// By which rule it is its unit's since it was filed (R3.5); null: by `because`.
    pub route: Option<CaseRoute>,
    /// The component it was pinned to.
    pub component: Option<CaseComponent>,
    /// The edition of cells and responsibilities it was assigned under.
    pub edition: Edition,
}

/// By which rule a case is whose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CaseRoute {
    #[serde(flatten)]
    pub because: RouteBecause,
    /// The classes and the place of the routing rule that decided; null where it was none.
    #[schema(value_type = Option<String>, example = "M06")]
    pub classes: Option<ClassScope>,
    #[schema(value_type = Option<String>, example = "321202001")]
    pub place: Option<PlaceScope>,
}

/// A component a case is pinned to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CaseComponent {
    pub id: i64,
    #[schema(value_type = String, example = "C03005")]
    pub class: ClassCode,
    pub code: Option<String>,
    pub name: String,
    /// Degrees, WGS 84.
    pub lon: f64,
    /// Degrees, WGS 84.
    pub lat: f64,
}

/// A frame kept for a case.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Evidence {
    pub id: i64,
    #[schema(value_type = uuid::Uuid)]
    pub frame_id: FrameId,
    #[schema(value_type = String)]
    pub camera_id: CameraId,
    pub captured_at: DateTime<Utc>,
    pub image: EvidenceImage,
    /// What there is of it as the camera took it; null: nothing was made unrecognisable.
    pub original: Option<OriginalState>,
    /// In pixels of the picture, origin top left.
    #[serde(rename = "box")]
    pub pixel_box: PixelBox,
    /// 0 to 1; 0 where it is gone.
    pub confidence: f32,
    /// Whether the picture shows that it is not there any more, where the box is.
    pub gone: bool,
    pub model: ModelRef,
    pub calibration_version: i32,
    /// Where this frame says it is; degrees, WGS 84.
    pub lon: f64,
    /// Degrees, WGS 84.
    pub lat: f64,
}

/// The picture itself is at `url`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EvidenceImage {
    /// Pixels.
    pub width: i32,
    /// Pixels.
    pub height: i32,
    pub url: String,
}

/// One entry of a case's history.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CaseEvent {
    pub id: i64,
    pub action: Action,
    pub at: DateTime<Utc>,
    /// `camera:<id>`, `person:<id>`, `system`.
    pub actor: String,
    pub person: Option<EventPerson>,
    /// In which they acted.
    pub role: Option<Role>,
    pub reason: Option<String>,
    /// The unit it was sent to, or that it left because it has ended.
    pub unit: Option<Unit>,
    /// What changed, as it was.
    #[schema(value_type = Option<Object>)]
    pub before: Option<serde_json::Value>,
    /// What changed, as it became.
    #[schema(value_type = Option<Object>)]
    pub after: Option<serde_json::Value>,
    /// Of the case, after it; `None`: nobody's decision.
    pub version: Option<i32>,
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventPerson {
    pub id: i32,
    pub name: String,
}

/// Other cases that belong to this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, ToSchema)]
pub struct CaseLinks {
    /// Merged into it.
    #[schema(value_type = Vec<i64>)]
    pub merged: Vec<CaseId>,
    /// Opened because it came back.
    #[schema(value_type = Vec<i64>)]
    pub recurrences: Vec<CaseId>,
}

impl FromRow<'_, PgRow> for StoredCase {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let case = CaseRow::from_row(row)?;
        let component = match case.component_id {
            Some(id) => {
                let anchor: GroundPoint = row.try_get("component_anchor")?;
                Some(CaseComponent {
                    id,
                    class: parsed(row, "component_class")?,
                    code: row.try_get("component_code")?,
                    name: row.try_get("component_name")?,
                    lon: anchor.lon,
                    lat: anchor.lat,
                })
            }
            None => None,
        };
        let Json(because) = row.try_get("because")?;
        let route: Option<Json<RouteBecause>> = row.try_get("route_because")?;
        let rule = row.try_get::<Option<String>, _>("route_classes")?.is_some();
        let route = match route {
            Some(Json(because)) => Some(CaseRoute {
                because,
                classes: rule.then(|| parsed(row, "route_classes")).transpose()?,
                place: rule.then(|| parsed(row, "route_place")).transpose()?,
            }),
            None => None,
        };
        Ok(Self {
            case,
            ellipse: ErrorEllipse {
                semi_major_m: row.try_get("semi_major_m")?,
                semi_minor_m: row.try_get("semi_minor_m")?,
                bearing_deg: row.try_get("bearing_deg")?,
            },
            because,
            route,
            component,
            edition: Edition {
                id: row.try_get("edition_id")?,
                note: row.try_get("edition_note")?,
                published_at: row.try_get("edition_published_at")?,
            },
        })
    }
}

impl FromRow<'_, PgRow> for CaseEvent {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let person_id: Option<i32> = row.try_get("person_id")?;
        let name: Option<String> = row.try_get("person_name")?;
        Ok(Self {
            id: row.try_get("event_id")?,
            action: row.try_get("action")?,
            at: row.try_get("at")?,
            actor: row.try_get("actor")?,
            person: person_id
                .zip(name)
                .map(|(id, name)| EventPerson { id, name }),
            role: row.try_get("role")?,
            reason: row.try_get("reason")?,
            unit: unit(row, "unit_id", "unit_name_zh", "unit_name_en")?,
            before: row.try_get("before")?,
            after: row.try_get("after")?,
            version: row.try_get("version")?,
            detail: row.try_get("detail")?,
        })
    }
}
