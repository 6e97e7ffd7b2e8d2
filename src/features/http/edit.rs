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
use crate::camera::{CameraDraft, HeldCamera, exists};
use crate::features::collection::Collection;
use crate::features::crs::Crs;
use crate::features::edit::{Body, ComponentDraft, ewkb};
use crate::features::query::{Wrong, id};
use crate::features::store::{self, Feature};
use crate::http::{ApiError, App, PathParams, QueryParams, origin};
use crate::journal::{self, Entry};
use crate::plan::{CellEdit, CellOwner, propose};

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
        let held = HeldCamera::hold(&app, &person, &id).await?;
        if let Some(camera) = held.known() {
            return Err(exists(&camera.id));
        }
        write_camera(held, &body, sent.crs).await?;
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
    let edit = Edit {
        name,
        feature,
        expected: expected(&headers)?,
        plan: asked.plan,
        crs,
        change: Change::Whole(Body::of(sent.value)?),
    };
    edit.carry_out(&app, &person).await
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
        change: Change::Patch(sent.value),
    };
    edit.carry_out(&app, &person).await
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
    change: Change,
}

enum Change {
    Whole(Body),
    /// RFC 7396.
    Patch(Value),
}

impl Change {
    /// The feature as it is to be.
    fn made(&self, known: &Feature) -> Result<Body, Wrong> {
        match self {
            Self::Whole(body) => Ok(body.clone()),
            Self::Patch(patch) => Body::patched(known, patch.clone()),
        }
    }

    /// Who is to answer for a cell; a whole feature without a unit is nobody's, a patch without one
    /// says nothing of it.
    fn owner(&self, unit_id: Option<u32>) -> CellOwner {
        let says_nothing = match self {
            Self::Whole(_) => false,
            Self::Patch(patch) => patch.pointer("/properties/unit_id").is_none(),
        };
        match unit_id {
            _ if says_nothing => CellOwner::AsItIs,
            None => CellOwner::Nobody,
            Some(unit) => CellOwner::Unit(unit),
        }
    }
}

impl Edit {
    async fn carry_out(self, app: &App, person: &Person) -> Result<Response, ApiError> {
        let collection = known(&self.name)?;
        allow(collection.rights(person).replace, "change", collection)?;
        match collection {
            Collection::Components => self.of_component(app, person).await,
            Collection::Cameras => self.of_camera(app, person).await,
            Collection::Cells => self.of_cell(app, person).await,
            Collection::Responsibilities | Collection::Cases => {
                Err(ApiError::forbidden("nobody changes these here"))
            }
        }
    }

    async fn of_component(self, app: &App, person: &Person) -> Result<Response, ApiError> {
        let collection = Collection::Components;
        let id = number(collection, &self.feature)?;
        let mut tx = app.scoped(person).await?;
        store::lock_component(&mut tx, id).await?;
        let before = found(&mut tx, collection, &self.feature, self.expected).await?;
        let (body, crs) = with_place(self.change.made(&before)?, &before);
        write_component(&mut tx, Some(id), &body, crs.unwrap_or(self.crs)).await?;
        let after = store::one(&mut tx, collection, &self.feature, Crs::default()).await?;
        let after = after.as_ref().map(store::recorded).unwrap_or_default();
        let entry = Entry::by(person, app.now(), format!("component:{id}"), "change")
            .before(store::recorded(&before))
            .after(after);
        journal::record(&mut *tx, &entry).await?;
        tx.commit().await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    async fn of_camera(self, app: &App, person: &Person) -> Result<Response, ApiError> {
        let collection = Collection::Cameras;
        if id(collection, &self.feature).is_none() {
            return Err(no_feature(collection, &self.feature));
        }
        let mut held = HeldCamera::hold(app, person, &self.feature).await?;
        let before = found(held.tx(), collection, &self.feature, self.expected).await?;
        let (body, crs) = with_place(self.change.made(&before)?, &before);
        write_camera(held, &body, crs.unwrap_or(self.crs)).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    async fn of_cell(self, app: &App, person: &Person) -> Result<Response, ApiError> {
        let collection = Collection::Cells;
        let cell_id = i32::try_from(number(collection, &self.feature)?)
            .map_err(|_too_large| no_feature(collection, &self.feature))?;
        let mut tx = app.scoped(person).await?;
        let before = found(&mut tx, collection, &self.feature, self.expected).await?;
        let body = self.change.made(&before)?;
        let CellDraft { unit_id } = body.draft(DERIVED)?;
        let border = match body.geometry.is_null() {
            true => None,
            false => Some(place(&mut tx, &body, self.crs).await?),
        };
        let edit = CellEdit {
            cell_id,
            owner: self.change.owner(unit_id),
            border,
        };
        tx.commit().await?;
        let plan = propose(app, person, self.plan, edit).await?;
        let location = [(header::LOCATION, format!("/api/v1/plans/{}", plan.id))];
        let told = axum::Json(json!({ "plan": plan.id, "version": plan.version }));
        Ok((StatusCode::ACCEPTED, location, told).into_response())
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
    place.ok_or_else(|| {
        let detail = "longitude within ±180, latitude within ±90 degrees, once it is read in the \
            coordinates that Content-Crs names";
        ApiError::field("/geometry", detail)
    })
}

/// Which models look at its frames is said elsewhere, and stays.
async fn write_camera(mut held: HeldCamera<'_>, body: &Body, crs: Crs) -> Result<(), ApiError> {
    let geo_types::Geometry::Point(point) = place(held.tx(), body, crs).await? else {
        return Err(ApiError::field("/geometry", "a camera is a point"));
    };
    let mut properties = body.properties.clone();
    properties.insert("lon".to_owned(), json!(point.x()));
    properties.insert("lat".to_owned(), json!(point.y()));
    properties.insert(
        "models".to_owned(),
        json!(held.known().and_then(|camera| camera.models.as_ref())),
    );
    let draft: CameraDraft = serde_json::from_value(Value::Object(properties))
        .map_err(|error| ApiError::field("/properties", error.to_string()))?;
    held.save(draft).await.map(|_| ())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CellDraft {
    unit_id: Option<u32>,
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
