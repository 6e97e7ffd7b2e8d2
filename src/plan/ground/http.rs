//! The published ground for pages that plan on it, and the editions it came by.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum_extra::TypedHeader;
use axum_extra::headers::{ETag, IfNoneMatch};
use chrono::{DateTime, SecondsFormat, Utc};
use cityward_partition::{FaceId, Frame, Ground as OfFace, Limits};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, EditionRow, GroundUnit};
use super::{Ground, GroundCell, NoGround, Span};
use crate::access::Person;
use crate::http::{ApiError, App, QueryParams};

pub(in crate::plan) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(partition))
        .routes(routes!(partition_bytes))
        .routes(routes!(editions))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct MomentAsked {
    /// RFC 3339; now, by the database's clock, when not given.
    at: Option<DateTime<Utc>>,
}

/// Which cell is which face of a partition, and who answers for it.
#[derive(Serialize, ToSchema)]
pub(in crate::plan) struct PartitionHead {
    #[serde(flatten)]
    span: Span,
    /// Names the bytes.
    etag: String,
    /// Degrees to the grid's millimetres and back; the same at every moment.
    #[schema(value_type = Object)]
    frame: Frame,
    #[schema(value_type = Object)]
    limits: Limits,
    /// Where the partition itself is.
    bytes: String,
    /// Published cells in ascending order of their faces.
    faces: Vec<GroundCell>,
    /// Faces of ground inside that no cell has.
    #[schema(value_type = Vec<u32>)]
    unclaimed: Vec<FaceId>,
    /// The city's units as they are now; those that have ended are given nothing any more.
    units: Vec<GroundUnit>,
}

/// Which cell is which face of the partition of a moment, and who answers for it.
#[utoipa::path(get, path = "/api/v1/partition", tag = "plans", params(MomentAsked), responses(
    (status = 200, body = PartitionHead), (status = 401),
    (status = 404, description = "no cell is valid then"),
    (status = 409, description = "no-partition: published cells overlap; `defects` says where"),
))]
async fn partition(
    _person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<MomentAsked>,
) -> Result<Json<PartitionHead>, ApiError> {
    Ok(Json(PartitionHead::at(&app, asked.at).await?))
}

impl PartitionHead {
    /// Of a moment; none: now.
    pub(in crate::plan) async fn at(
        app: &App,
        at: Option<DateTime<Utc>>,
    ) -> Result<Self, ApiError> {
        let ground = app.grounds.at(at).await.map_err(no_ground)?;
        // units come and go while the ground stays
        let units = store::units(&app.db).await?;
        Ok(Self::of(&ground, units))
    }

    fn of(ground: &Ground, units: Vec<GroundUnit>) -> Self {
        let from = ground.span.valid_from;
        let at = from.to_rfc3339_opts(SecondsFormat::Micros, true);
        let faces = ground.partition.faces().iter();
        let unclaimed = faces.filter(|(_, face)| face.ground != OfFace::Cell);
        Self {
            span: ground.span.clone(),
            etag: ground.tag(),
            frame: ground.frame,
            limits: Limits::default(),
            bytes: format!("/api/v1/partition/bytes?at={at}"),
            faces: ground.cells.values().cloned().collect(),
            unclaimed: unclaimed.map(|(id, _)| *id).collect(),
            units,
        }
    }
}

/// The partition of a moment, in the compact form that the crate `cityward-partition` reads.
#[utoipa::path(get, path = "/api/v1/partition/bytes", tag = "plans", params(MomentAsked), responses(
    (status = 200, content_type = "application/octet-stream", body = [u8]), (status = 304),
    (status = 401), (status = 404), (status = 409),
))]
async fn partition_bytes(
    _person: Person,
    State(app): State<App>,
    known: Option<TypedHeader<IfNoneMatch>>,
    QueryParams(asked): QueryParams<MomentAsked>,
) -> Result<Response, ApiError> {
    let ground = app.grounds.at(asked.at).await;
    let ground = ground.map_err(no_ground)?;
    octets(&ground.tag(), known, || ground.bytes())
}

#[derive(Serialize, ToSchema)]
struct EditionList {
    /// By when they take effect, the newest first.
    editions: Vec<EditionRow>,
}

/// Every publication of cells and responsibilities.
#[utoipa::path(get, path = "/api/v1/editions", tag = "plans", responses(
    (status = 200, body = EditionList), (status = 401),
))]
async fn editions(_person: Person, State(app): State<App>) -> Result<Json<EditionList>, ApiError> {
    let editions = store::editions(&app.db).await?;
    Ok(Json(EditionList { editions }))
}

/// Bytes that are named by a tag; nothing to whoever has them.
pub(in crate::plan) fn octets(
    tag: &str,
    known: Option<TypedHeader<IfNoneMatch>>,
    bytes: impl FnOnce() -> Bytes,
) -> Result<Response, ApiError> {
    let quoted = format!("\"{tag}\"");
    let tag: ETag = quoted.parse().map_err(anyhow::Error::from)?;
    let headers = [
        (header::ETAG, quoted),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    if known.is_some_and(|TypedHeader(known)| !known.precondition_passes(&tag)) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let media_type = [(header::CONTENT_TYPE, "application/octet-stream")];
    Ok((headers, media_type, bytes()).into_response())
}

/// Why there is nothing to plan on.
pub(in crate::plan) fn no_ground(error: NoGround) -> ApiError {
    let detail = error.to_string();
    match error {
        NoGround::NoCells => ApiError::not_found(detail),
        NoGround::Overlaps(places) => {
            let mut more = Map::new();
            let defects = serde_json::from_str(&places).unwrap_or_default();
            more.insert("defects".to_owned(), defects);
            let repair = "repair the file with `cityward grid repair` and import it again";
            more.insert("repair".to_owned(), json!(repair));
            ApiError::Explained {
                status: StatusCode::CONFLICT,
                kind: "no-partition",
                detail,
                more,
            }
        }
        NoGround::Other(error) => ApiError::Internal(error),
    }
}
