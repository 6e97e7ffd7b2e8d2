//! Features written (OGC API - Features - Part 4): components and cameras at once, cells as steps of
//! a plan.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum_extra::headers::{ETag, HeaderMapExt as _, IfMatch};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::items::{CONTENT_CRS, quoted};
use super::{known, no_feature};
use crate::access::Person;
use crate::camera;
use crate::features::collection::{Collection, Rights};
use crate::features::crs::Crs;
use crate::features::edit::{Body, ComponentDraft, ewkb};
use crate::features::query::{Wrong, id};
use crate::features::store::{self, Feature};
use crate::http::{ApiError, App, PathParams, QueryParams, origin};
use crate::journal::{self, Entry};
use crate::plan::{CellEdit, propose};

/// What somebody sent, and in which coordinates.
struct Sent {
    value: Value,
    crs: Crs,
}

impl Sent {
    fn read(headers: &HeaderMap, body: &Bytes) -> Result<Self, ApiError> {
        let crs = match headers.get(CONTENT_CRS) {
            None => Crs::default(),
            Some(uri) => uri.to_str().ok().and_then(Crs::named).ok_or_else(|| {
                ApiError::field("Content-Crs", "is one of those the collection names")
            })?,
        };
        let value = serde_json::from_slice(body);
        let value = value.map_err(|error| ApiError::field("body", error.to_string()))?;
        Ok(Self { value, crs })
    }
}

/// As which the sender knows the feature; none: they do not mind. A header that is not there reads
/// as one that names nothing, which no feature is.
fn expected(headers: &HeaderMap) -> Result<Option<IfMatch>, ApiError> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(None);
    }
    let wrong = |_| ApiError::field("If-Match", "is a list of entity tags");
    headers.typed_try_get().map_err(wrong)
}

fn allow(may: bool, what: &str, collection: Collection) -> Result<(), ApiError> {
    if may {
        return Ok(());
    }
    let detail = format!("your roles do not let you {what} {}", collection.name());
    Err(ApiError::forbidden(detail))
}

/// What only the service writes of a component.
const READ_ONLY: &[&str] = &["source", "updated_at"];

/// Adds a feature.
#[utoipa::path(post, path = "/ogc/collections/{collection}/items", tag = "ogc",
    params(("collection" = String, Path)),
    request_body(content = Object, content_type = "application/geo+json"), responses(
    (status = 201, description = "added; `Location` says where it is"),
    (status = 400, description = "what was sent is no such feature"), (status = 403, description = "your roles do not allow this"), (status = 404, description = "no such collection or feature"),
))]
pub(super) async fn create(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
    PathParams(name): PathParams<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let collection = known(&name)?;
    allow(collection.rights(&person).create, "add", collection)?;
    let sent = Sent::read(&headers, &body)?;
    let own_id = sent.value.get("id").and_then(Value::as_str);
    let own_id = own_id.map(ToOwned::to_owned);
    let body = Body::of(sent.value)?;
    let id = if collection == Collection::Cameras {
        let id = own_id.unwrap_or_else(|| Uuid::now_v7().simple().to_string());
        if app
            .cameras
            .all()
            .iter()
            .any(|camera| camera.id.as_str() == id)
        {
            let detail = format!("there is a camera {id} already");
            return Err(ApiError::refused(StatusCode::CONFLICT, "exists", detail));
        }
        write_camera(&app, &person, &id, &body, sent.crs).await?;
        id
    } else {
        let mut tx = app.scoped(&person).await?;
        let id = write_component(&mut tx, None, &body, sent.crs).await?;
        let entry = Entry::by(&person, app.now(), format!("component:{id}"), "create");
        let added = store::one(&mut tx, collection, &id.to_string(), Crs::default()).await?;
        let entry = entry.after(added.as_ref().map(store::recorded).unwrap_or_default());
        journal::record(&mut *tx, &entry).await?;
        tx.commit().await?;
        id.to_string()
    };
    let location = format!("{}/ogc/collections/{name}/items/{id}", origin(&headers));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)]).into_response())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct EditAsked {
    /// Cells: the draft plan that the edit becomes a step of; a new one when not given.
    plan: Option<i32>,
}

/// Writes a feature anew. `If-Match` refuses to where somebody else did so first. An edit of a cell
/// becomes steps of a plan.
#[utoipa::path(put, path = "/ogc/collections/{collection}/items/{feature}", tag = "ogc",
    params(("collection" = String, Path), ("feature" = String, Path), EditAsked),
    request_body(content = Object, content_type = "application/geo+json"), responses(
    (status = 202, description = "a cell: `Location` is the plan"),
    (status = 204, description = "written"), (status = 400, description = "what was sent is no such feature"), (status = 403, description = "your roles do not allow this"), (status = 404, description = "no such collection or feature"),
    (status = 412, description = "changed: If-Match is true no more"),
    (status = 422, description = "cells: the ground cannot be drawn so"),
))]
pub(super) async fn replace(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
    PathParams((name, feature)): PathParams<(String, String)>,
    QueryParams(asked): QueryParams<EditAsked>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let sent = Sent::read(&headers, &body)?;
    let crs = sent.crs;
    let body = Body::of(sent.value)?;
    let edit = Edit {
        name,
        feature,
        expected: expected(&headers)?,
        plan: asked.plan,
        crs,
    };
    edit.carry_out(&app, &person, |_| Ok(body)).await
}

/// Changes what a merge patch (RFC 7396) names of a feature.
#[utoipa::path(patch, path = "/ogc/collections/{collection}/items/{feature}", tag = "ogc",
    params(("collection" = String, Path), ("feature" = String, Path), EditAsked),
    request_body(content = Object, content_type = "application/merge-patch+json"), responses(
    (status = 202, description = "a cell: `Location` is the plan"),
    (status = 204, description = "written"), (status = 400, description = "what was sent is no such feature"), (status = 403, description = "your roles do not allow this"), (status = 404, description = "no such collection or feature"),
    (status = 412, description = "changed: If-Match is true no more"),
    (status = 422, description = "cells: the ground cannot be drawn so"),
))]
pub(super) async fn update(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
    PathParams((name, feature)): PathParams<(String, String)>,
    QueryParams(asked): QueryParams<EditAsked>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let sent = Sent::read(&headers, &body)?;
    let crs = sent.crs;
    let edit = Edit {
        name,
        feature,
        expected: expected(&headers)?,
        plan: asked.plan,
        crs,
    };
    let patch = sent.value;
    edit.carry_out(&app, &person, |known| Body::patched(known, patch))
        .await
}

/// Takes a component out of the register.
#[utoipa::path(delete, path = "/ogc/collections/{collection}/items/{feature}", tag = "ogc",
    params(("collection" = String, Path), ("feature" = String, Path)), responses(
    (status = 204, description = "gone"), (status = 403, description = "your roles do not allow this"), (status = 404, description = "no such collection or feature"),
    (status = 412, description = "changed: If-Match is true no more"),
))]
pub(super) async fn delete(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
    PathParams((name, feature)): PathParams<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let collection = known(&name)?;
    allow(collection.rights(&person).delete, "delete", collection)?;
    let number = number(collection, &feature)?;
    let mut tx = app.scoped(&person).await?;
    store::lock_component(&mut tx, number).await?;
    let before = found(&mut tx, collection, &feature, expected(&headers)?).await?;
    store::remove_component(&mut tx, number).await?;
    let entry = Entry::by(&person, app.now(), format!("component:{number}"), "remove")
        .before(store::recorded(&before));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A change of a feature that is there.
struct Edit {
    name: String,
    feature: String,
    expected: Option<IfMatch>,
    plan: Option<i32>,
    crs: Crs,
}

impl Edit {
    async fn carry_out(
        self,
        app: &App,
        person: &Person,
        body: impl FnOnce(&Feature) -> Result<Body, Wrong>,
    ) -> Result<Response, ApiError> {
        let collection = known(&self.name)?;
        allow(collection.rights(person).replace, "change", collection)?;
        let mut tx = app.scoped(person).await?;
        if collection == Collection::Components {
            store::lock_component(&mut tx, number(collection, &self.feature)?).await?;
        }
        let before = found(&mut tx, collection, &self.feature, self.expected).await?;
        let body = body(&before)?;
        match collection {
            Collection::Components => {
                let id = number(collection, &self.feature)?;
                let body = with_place(body, &before);
                write_component(&mut tx, Some(id), &body.0, body.1.unwrap_or(self.crs)).await?;
                let after = store::one(&mut tx, collection, &self.feature, Crs::default()).await?;
                let after = after.as_ref().map(store::recorded).unwrap_or_default();
                let entry = Entry::by(person, app.now(), format!("component:{id}"), "change")
                    .before(store::recorded(&before))
                    .after(after);
                journal::record(&mut *tx, &entry).await?;
                tx.commit().await?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            Collection::Cameras => {
                tx.commit().await?;
                let (body, crs) = with_place(body, &before);
                let crs = crs.unwrap_or(self.crs);
                write_camera(app, person, &self.feature, &body, crs).await?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            Collection::Cells => {
                let cell_id = i32::try_from(number(collection, &self.feature)?)
                    .map_err(|_too_large| no_feature(collection, &self.feature))?;
                let edit = cell_edit(&mut tx, cell_id, &body, self.crs).await?;
                tx.commit().await?;
                let plan = propose(app, person, self.plan, edit).await?;
                let location = [(header::LOCATION, format!("/api/v1/plans/{}", plan.id))];
                let told = axum::Json(json!({ "plan": plan.id, "version": plan.version }));
                Ok((StatusCode::ACCEPTED, location, told).into_response())
            }
            Collection::Responsibilities | Collection::Cases => {
                Err(ApiError::forbidden("nobody changes these here"))
            }
        }
    }
}

/// Where nothing is said of the place, it stays.
fn with_place(mut body: Body, before: &Feature) -> (Body, Option<Crs>) {
    if !body.geometry.is_null() {
        return (body, None);
    }
    body.geometry = serde_json::from_str(&before.geometry).unwrap_or_default();
    (body, Some(Crs::default()))
}

/// The feature as it is, if it is still the one that is meant.
async fn found(
    tx: &mut PgConnection,
    collection: Collection,
    feature: &str,
    expected: Option<IfMatch>,
) -> Result<Feature, ApiError> {
    let missing = || no_feature(collection, feature);
    let id = id(collection, feature).ok_or_else(missing)?;
    let found = store::one(tx, collection, &id, Crs::default()).await?;
    let found = found.ok_or_else(missing)?;
    let tag: ETag = quoted(&found.version)
        .parse()
        .map_err(anyhow::Error::from)?;
    if expected.is_some_and(|expected| !expected.precondition_passes(&tag)) {
        let detail = "somebody changed the feature first";
        return Err(ApiError::refused(
            StatusCode::PRECONDITION_FAILED,
            "changed",
            detail,
        ));
    }
    Ok(found)
}

fn number(collection: Collection, feature: &str) -> Result<i64, ApiError> {
    let number = feature.parse();
    number.map_err(|_no_number| no_feature(collection, feature))
}

async fn write_component(
    tx: &mut PgConnection,
    id: Option<i64>,
    body: &Body,
    crs: Crs,
) -> Result<i64, ApiError> {
    let draft: ComponentDraft = body.draft(READ_ONLY)?;
    let place = place(tx, body, crs).await?;
    let written = store::write_component(tx, id, &draft, ewkb(&place, 4326)?).await;
    written.map_err(|error| {
        let database = error.as_database_error();
        let constraint = database.and_then(|error| error.constraint());
        let field = match constraint {
            Some("component_class_fk" | "component_class_is_component") => "class",
            Some("component_owner_fk") => "owner_unit_id",
            Some("component_maintenance_fk") => "maintenance_unit_id",
            Some("component_code_form" | "component_code_once") => "code",
            Some("component_source_once") => "source_id",
            Some("component_geom_kind") => {
                return ApiError::field("/geometry", "a point, a line or an area");
            }
            // a state that is none
            _ if database.is_some_and(|error| error.code().as_deref() == Some("22P02")) => "state",
            _ => return error.into(),
        };
        ApiError::field(
            format!("/properties/{field}"),
            "is not known, or taken already",
        )
    })
}

/// Where a feature that is sent says it is: degrees.
async fn place(
    tx: &mut PgConnection,
    body: &Body,
    crs: Crs,
) -> Result<geo_types::Geometry<f64>, ApiError> {
    let missing = || ApiError::field("/geometry", "is missing");
    let bytes = body.ewkb(crs.srid())?.ok_or_else(missing)?;
    let place = store::to_degrees(tx, bytes, crs).await?;
    place.ok_or_else(missing)
}

async fn write_camera(
    app: &App,
    person: &Person,
    id: &str,
    body: &Body,
    crs: Crs,
) -> Result<(), ApiError> {
    let mut tx = app.scoped(person).await?;
    let geo_types::Geometry::Point(point) = place(&mut tx, body, crs).await? else {
        return Err(ApiError::field("/geometry", "a camera is a point"));
    };
    tx.commit().await?;
    let mut properties = body.properties.clone();
    properties.insert("lon".to_owned(), json!(point.x()));
    properties.insert("lat".to_owned(), json!(point.y()));
    let draft = serde_json::from_value(Value::Object(properties));
    let draft = draft.map_err(|error| ApiError::field("/properties", error.to_string()))?;
    camera::save(app, person, id, draft).await.map(|_| ())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CellDraft {
    unit_id: Option<i32>,
}

/// What only a plan or its publication writes of a cell.
const DERIVED: &[&str] = &[
    "code",
    "name",
    "street",
    "community",
    "edition",
    "area_m2",
    "valid_from",
    "valid_to",
];

async fn cell_edit(
    tx: &mut PgConnection,
    cell_id: i32,
    body: &Body,
    crs: Crs,
) -> Result<CellEdit, ApiError> {
    let CellDraft { unit_id } = body.draft(DERIVED)?;
    let border = match body.geometry.is_null() {
        true => None,
        false => Some(place(tx, body, crs).await?),
    };
    Ok(CellEdit {
        cell_id,
        unit_id,
        border,
    })
}

/// What may be done to a collection.
#[utoipa::path(options, path = "/ogc/collections/{collection}/items", tag = "ogc",
    params(("collection" = String, Path)), responses(
    (status = 204, description = "`Allow` says what you may do"), (status = 404, description = "no such collection or feature"),
))]
pub(super) async fn options_of_items(
    person: Person,
    PathParams(name): PathParams<String>,
) -> Result<Response, ApiError> {
    let Rights { create, .. } = known(&name)?.rights(&person);
    Ok(allowed(&[(create, "POST")]))
}

/// What may be done to a feature.
#[utoipa::path(options, path = "/ogc/collections/{collection}/items/{feature}", tag = "ogc",
    params(("collection" = String, Path), ("feature" = String, Path)), responses(
    (status = 204, description = "`Allow` says what you may do"), (status = 404, description = "no such collection or feature"),
))]
pub(super) async fn options_of_item(
    person: Person,
    PathParams((name, _feature)): PathParams<(String, String)>,
) -> Result<Response, ApiError> {
    let rights = known(&name)?.rights(&person);
    let Rights {
        replace, delete, ..
    } = rights;
    Ok(allowed(&[
        (replace, "PUT"),
        (replace, "PATCH"),
        (delete, "DELETE"),
    ]))
}

fn allowed(methods: &[(bool, &str)]) -> Response {
    let may = methods.iter().filter(|(may, _)| *may);
    let always = ["GET", "HEAD", "OPTIONS"].into_iter();
    let all: Vec<&str> = always.chain(may.map(|(_, method)| *method)).collect();
    let headers = [(header::ALLOW, all.join(", "))];
    let patch = [("accept-patch", "application/merge-patch+json")];
    (StatusCode::NO_CONTENT, headers, patch).into_response()
}
