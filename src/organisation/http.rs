//! Districts and units, read by everybody and kept by administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{District, DistrictMode, Unit, UnitKind, credit_code, store};
use crate::access::Person;
use crate::http::{ApiError, App, JsonBody, PathParams, QueryParams};
use crate::journal::{self, Entry};

const NAME_CHARS_MAX: usize = 100;
const TEXT_CHARS_MAX: usize = 2_000;

/// For signed-in people; changes are for administrators.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_districts, add_district))
        .routes(routes!(change_district))
        .routes(routes!(list_units, add_unit))
        .routes(routes!(change_unit))
        .routes(routes!(end_unit))
        .routes(routes!(holdings))
}

#[derive(Serialize, ToSchema)]
struct DistrictList {
    districts: Vec<District>,
}

/// The districts.
#[utoipa::path(get, path = "/api/v1/districts", tag = "organisation", responses(
    (status = 200, body = DistrictList), (status = 401),
))]
async fn list_districts(_: Person, State(app): State<App>) -> Result<Json<DistrictList>, ApiError> {
    let districts = store::districts(&app.db).await?;
    Ok(Json(DistrictList { districts }))
}

/// A district to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DistrictBody {
    /// Six digits, GB/T 2260.
    pub(super) division_code: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) mode: DistrictMode,
}

/// Add a district; cases in its cells belong to it from now on.
#[utoipa::path(post, path = "/api/v1/districts", tag = "organisation", request_body = DistrictBody,
    responses(
        (status = 201, body = District), (status = 400), (status = 403),
        (status = 409, description = "there is a district with this code"),
    ))]
async fn add_district(
    person: Person,
    State(app): State<App>,
    JsonBody(body): JsonBody<DistrictBody>,
) -> Result<(StatusCode, Json<District>), ApiError> {
    person.require_administrator()?;
    let code = &body.division_code;
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::field("/division_code", "must be six digits"));
    }
    check_length("/name_zh", &body.name_zh, 1, NAME_CHARS_MAX)?;
    check_length("/name_en", &body.name_en, 1, NAME_CHARS_MAX)?;
    let mut tx = app.scoped(&person).await?;
    let district = store::insert_district(&mut *tx, &body)
        .await
        .map_err(why_not)?;
    let subject = format!("district:{}", district.district_id);
    let entry = Entry::by(&person, app.now(), subject, "create").after(json!(district));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(district)))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DistrictChange {
    name_zh: Option<String>,
    name_en: Option<String>,
    /// Who may work its cases follows from it at once.
    mode: Option<DistrictMode>,
}

/// Rename a district or switch its mode.
#[utoipa::path(patch, path = "/api/v1/districts/{id}", tag = "organisation",
    params(("id" = i32, Path, description = "district")), request_body = DistrictChange, responses(
        (status = 200, body = District), (status = 400), (status = 403), (status = 404),
    ))]
async fn change_district(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<DistrictChange>,
) -> Result<Json<District>, ApiError> {
    person.require_administrator()?;
    let mut tx = app.scoped(&person).await?;
    let old = store::lock_district(&mut *tx, id)
        .await?
        .ok_or_else(|| ApiError::not_found(format!("there is no district {id}")))?;
    let name_zh = body.name_zh.as_deref().unwrap_or(&old.name_zh).trim();
    let name_en = body.name_en.as_deref().unwrap_or(&old.name_en).trim();
    check_length("/name_zh", name_zh, 1, NAME_CHARS_MAX)?;
    check_length("/name_en", name_en, 1, NAME_CHARS_MAX)?;
    let mode = body.mode.unwrap_or(old.mode);
    let new = store::update_district(&mut *tx, id, name_zh, name_en, mode).await?;
    let entry = Entry::by(&person, app.now(), format!("district:{id}"), "change")
        .before(json!(old))
        .after(json!(new));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(Json(new))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct UnitsAsked {
    /// Also units that are no more.
    #[serde(default)]
    ended: bool,
}

#[derive(Serialize, ToSchema)]
struct UnitList {
    /// By name.
    units: Vec<Unit>,
}

/// The units of today and later.
#[utoipa::path(get, path = "/api/v1/units", tag = "organisation", params(UnitsAsked), responses(
    (status = 200, body = UnitList), (status = 400), (status = 401),
))]
async fn list_units(
    _: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<UnitsAsked>,
) -> Result<Json<UnitList>, ApiError> {
    let units = store::units(&app.db, app.now(), asked.ended).await?;
    Ok(Json(UnitList { units }))
}

/// A unit to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UnitBody {
    /// 18 characters, GB 32100-2015; its check character must be right.
    pub(super) credit_code: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) kind: UnitKind,
    /// Left out: a unit of the city.
    pub(super) district_id: Option<i32>,
    /// The department of its sector.
    pub(super) department_id: Option<i32>,
    #[serde(default)]
    pub(super) contact_name: String,
    #[serde(default)]
    pub(super) contact_phone: String,
    #[serde(default)]
    pub(super) duties: String,
    /// Left out: from now on.
    pub(super) valid_from: Option<DateTime<Utc>>,
    /// Left out: until further notice.
    pub(super) valid_to: Option<DateTime<Utc>>,
}

/// Add a unit. There is one city centre, and one centre a district.
#[utoipa::path(post, path = "/api/v1/units", tag = "organisation", request_body = UnitBody,
    responses(
        (status = 201, body = Unit), (status = 400), (status = 403),
        (status = 409, description = "there is such a centre, or a unit with this credit code"),
    ))]
async fn add_unit(
    person: Person,
    State(app): State<App>,
    JsonBody(body): JsonBody<UnitBody>,
) -> Result<(StatusCode, Json<Unit>), ApiError> {
    person.require_administrator()?;
    if !credit_code::is_valid(&body.credit_code) {
        let detail = "must be 18 characters of GB 32100-2015 with the right check character";
        return Err(ApiError::field("/credit_code", detail));
    }
    check_length("/name_zh", &body.name_zh, 1, NAME_CHARS_MAX)?;
    check_length("/name_en", &body.name_en, 1, NAME_CHARS_MAX)?;
    check_length("/contact_name", &body.contact_name, 0, NAME_CHARS_MAX)?;
    check_length("/contact_phone", &body.contact_phone, 0, NAME_CHARS_MAX)?;
    check_length("/duties", &body.duties, 0, TEXT_CHARS_MAX)?;
    let now = app.now();
    let from = body.valid_from.unwrap_or(now);
    if body.valid_to.is_some_and(|to| to <= from) {
        return Err(ApiError::field("/valid_to", "must lie after `valid_from`"));
    }
    let mut tx = app.scoped(&person).await?;
    let unit = store::insert_unit(&mut *tx, &body, now)
        .await
        .map_err(why_not)?;
    let subject = format!("unit:{}", unit.unit_id);
    let entry = Entry::by(&person, now, subject, "create").after(json!(unit));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(unit)))
}

/// What may change of a unit; what is left out stays. Its kind and code stay: end it and add
/// another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UnitChange {
    name_zh: Option<String>,
    name_en: Option<String>,
    /// Null: a unit of the city.
    #[serde(default, deserialize_with = "given")]
    district_id: Option<Option<i32>>,
    /// Null: of no sector.
    #[serde(default, deserialize_with = "given")]
    department_id: Option<Option<i32>>,
    contact_name: Option<String>,
    contact_phone: Option<String>,
    duties: Option<String>,
}

/// Tells null from left out.
fn given<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<i32>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// Change a unit's names, contact, duties or where it belongs.
#[utoipa::path(patch, path = "/api/v1/units/{id}", tag = "organisation",
    params(("id" = i32, Path, description = "unit")), request_body = UnitChange, responses(
        (status = 200, body = Unit), (status = 400), (status = 403), (status = 404),
        (status = 409, description = "the district has a centre"),
    ))]
async fn change_unit(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<UnitChange>,
) -> Result<Json<Unit>, ApiError> {
    person.require_administrator()?;
    let mut tx = app.scoped(&person).await?;
    let old = store::lock_unit(&mut *tx, id)
        .await?
        .ok_or_else(|| no_unit(id))?;
    let mut new = old.clone();
    for (field, value, place, min, max) in [
        (
            "/name_zh",
            body.name_zh,
            &mut new.name_zh,
            1,
            NAME_CHARS_MAX,
        ),
        (
            "/name_en",
            body.name_en,
            &mut new.name_en,
            1,
            NAME_CHARS_MAX,
        ),
        (
            "/contact_name",
            body.contact_name,
            &mut new.contact_name,
            0,
            NAME_CHARS_MAX,
        ),
        (
            "/contact_phone",
            body.contact_phone,
            &mut new.contact_phone,
            0,
            NAME_CHARS_MAX,
        ),
        ("/duties", body.duties, &mut new.duties, 0, TEXT_CHARS_MAX),
    ] {
        if let Some(value) = value {
            check_length(field, &value, min, max)?;
            value.trim().clone_into(place);
        }
    }
    new.district_id = body.district_id.unwrap_or(new.district_id);
    new.department_id = body.department_id.unwrap_or(new.department_id);
    store::update_unit(&mut *tx, &new).await.map_err(why_not)?;
    let entry = Entry::by(&person, app.now(), format!("unit:{id}"), "change")
        .before(json!(old))
        .after(json!(new));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(Json(new))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UnitEnd {
    /// Not in the past; left out: now.
    at: Option<DateTime<Utc>>,
}

/// End a unit, and the roles of its people for it.
///
/// At once only when others have its cases. What it has and has not done on a day to come goes back to
/// the dispatchers then; what waits for it is whose the rules say.
#[utoipa::path(post, path = "/api/v1/units/{id}/end", tag = "organisation",
    params(("id" = i32, Path, description = "unit")), request_body = UnitEnd, responses(
        (status = 200, body = Unit), (status = 400), (status = 403), (status = 404),
        (status = 409, description = "it has open cases and was to end at once, or has ended"),
    ))]
async fn end_unit(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<UnitEnd>,
) -> Result<Json<Unit>, ApiError> {
    person.require_administrator()?;
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    let old = store::lock_unit(&mut *tx, id)
        .await?
        .ok_or_else(|| no_unit(id))?;
    let at = body.at.unwrap_or(now);
    if at < now || at <= old.valid_from {
        let detail = "must not lie in the past, nor before the unit begins";
        return Err(ApiError::field("/at", detail));
    }
    if old.valid_to.is_some_and(|to| to <= now) {
        return Err(conflict("unit-ended", "this unit has ended"));
    }
    let open = store::open_cases(&mut *tx, id).await?;
    if open > 0 && at == now {
        let detail =
            format!("the unit has {open} open cases; give them to others first, or name a day");
        return Err(conflict("unit-has-open-cases", detail));
    }
    store::end_unit(&mut tx, id, at).await?;
    let new = Unit {
        valid_to: Some(at),
        ..old.clone()
    };
    let entry = Entry::by(&person, now, format!("unit:{id}"), "end")
        .before(json!({ "valid_to": old.valid_to }))
        .after(json!({ "valid_to": at }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(Json(new))
}

/// What a unit answers for, now or from a day to come.
#[derive(Debug, Serialize, ToSchema, sqlx::FromRow)]
pub(super) struct Holdings {
    /// In which it has whatever has no rule of its own.
    pub(super) cells: i64,
    /// For a class or a group in a cell.
    pub(super) rules: i64,
    /// That it maintains, or owns where nobody else maintains them.
    pub(super) components: i64,
    /// Of the rule sets in force or approved, that name it.
    pub(super) routes: i64,
    /// Decided disputes that name it for cases to come.
    pub(super) precedents: i64,
    /// Open ones that are for it and that nobody was sent to yet.
    pub(super) waiting_cases: i64,
    /// Ones that it has and has not done: they go back to the dispatchers.
    pub(super) cases_in_hand: i64,
}

/// What falls to others, or to nobody, when a unit ends.
#[utoipa::path(get, path = "/api/v1/units/{id}/holdings", tag = "organisation",
    params(("id" = i32, Path, description = "unit")),
    responses((status = 200, body = Holdings), (status = 403), (status = 404)))]
async fn holdings(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Json<Holdings>, ApiError> {
    person.require_administrator()?;
    let mut tx = app.scoped(&person).await?;
    let held = store::holdings(&mut *tx, id, app.now()).await?;
    tx.commit().await?;
    held.map(Json).ok_or_else(|| no_unit(id))
}

fn no_unit(id: i32) -> ApiError {
    ApiError::not_found(format!("there is no unit {id}"))
}

fn check_length(field: &str, text: &str, min: usize, max: usize) -> Result<(), ApiError> {
    if (min..=max).contains(&text.trim().chars().count()) {
        return Ok(());
    }
    let detail = format!("must have {min} to {max} characters");
    Err(ApiError::field(field, detail))
}

fn conflict(kind: &'static str, detail: impl Into<String>) -> ApiError {
    ApiError::refused(StatusCode::CONFLICT, kind, detail)
}

/// What a violated constraint says to whoever asked.
fn why_not(error: sqlx::Error) -> ApiError {
    let violated = error
        .as_database_error()
        .and_then(|error| error.constraint())
        .unwrap_or_default();
    match violated {
        "district_division_once" => conflict(
            "division-code-taken",
            "there is a district with this division code",
        ),
        "unit_one_city_centre" => conflict(
            "city-centre-exists",
            "there is a city centre at that time; Article 4 knows one",
        ),
        "unit_one_district_centre" => conflict(
            "district-centre-exists",
            "the district has a centre at that time; Article 4 knows one",
        ),
        "unit_credit_code_once" => conflict(
            "credit-code-taken",
            "there is a unit with this credit code at that time",
        ),
        "unit_district_fk" => ApiError::field("/district_id", "there is no such district"),
        "unit_department_fk" => ApiError::field("/department_id", "there is no such unit"),
        "unit_district_centre_has_district" => {
            ApiError::field("/district_id", "a district centre needs its district")
        }
        _ => error.into(),
    }
}
