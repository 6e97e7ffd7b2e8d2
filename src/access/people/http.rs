//! Hiring people, giving and taking roles.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PersonRow;
use super::store::{self, NewGrant, Wanted, Within};
use crate::access::sessions::store::end_all;
use crate::access::store::{new_password, set_password};
use crate::access::{Person, Role};
use crate::http::{ApiError, App, JsonBody, PathParams, QueryParams};
use crate::journal::{self, Entry};

const NAME_CHARS_MAX: usize = 64;
const OIDC_LOGIN_CHARS_MAX: usize = 128;
/// Who reads the whole list: those who choose people for a task, and those who look after it all.
const READERS: &[Role] = &[
    Role::Administrator,
    Role::Auditor,
    Role::Operator,
    Role::DutyChief,
    Role::Dispatcher,
    Role::DistrictDispatcher,
    Role::Leader,
    Role::Evaluator,
];

/// For signed-in people; changes are for administrators.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, hire))
        .routes(routes!(change))
        .routes(routes!(reset_password))
        .routes(routes!(grant))
        .routes(routes!(end_grant))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PeopleAsked {
    /// Only people who have this role now.
    role: Option<Role>,
    /// Only people with a role in this district now.
    district: Option<i32>,
    /// Only people with a role for this unit now.
    unit: Option<i32>,
}

#[derive(Serialize, ToSchema)]
struct PeopleList {
    people: Vec<PersonRow>,
}

/// People and their roles. A unit sees its own people, who has a role in a district those of the
/// district.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(PeopleAsked), responses(
    (status = 200, body = PeopleList), (status = 400), (status = 401), (status = 403),
))]
async fn list(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<PeopleAsked>,
) -> Result<Json<PeopleList>, ApiError> {
    let own_units: Vec<i32> = [Role::UnitManager, Role::UnitWorker]
        .into_iter()
        .flat_map(|role| person.grants_of(role).filter_map(|grant| grant.unit_id))
        .collect();
    let reading: Vec<_> = READERS
        .iter()
        .flat_map(|role| person.grants_of(*role))
        .collect();
    if reading.is_empty() && own_units.is_empty() {
        return Err(ApiError::forbidden("your roles do not allow this"));
    }
    // a role in an area reads its district, where it names one, and never the city
    let reads_city = person.require_of_city(READERS).is_ok();
    let own_districts: Vec<i32> = { reading.iter() }
        .filter_map(|grant| grant.district_id)
        .collect();
    let wanted = Wanted {
        id: None,
        role: asked.role,
        district: asked.district,
        unit: asked.unit,
        within: (!reads_city).then_some(Within {
            units: &own_units,
            districts: &own_districts,
        }),
    };
    let mut tx = app.scoped(&person).await?;
    let people = store::list(&mut *tx, &wanted, app.now()).await?;
    Ok(Json(PeopleList { people }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPerson {
    /// 1 to 64 of a-z, 0-9, dot, underscore, hyphen.
    login: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct Hired {
    person: PersonRow,
    /// Shown here and never again.
    password: String,
}

/// Add a person; they have no role yet.
#[utoipa::path(post, path = "/api/v1/people", tag = "people", request_body = NewPerson, responses(
    (status = 201, body = Hired), (status = 400), (status = 403),
    (status = 409, description = "the login is taken"),
))]
async fn hire(
    person: Person,
    State(app): State<App>,
    JsonBody(body): JsonBody<NewPerson>,
) -> Result<(StatusCode, Json<Hired>), ApiError> {
    person.require_administrator()?;
    let name = valid_name(&body.name)?;
    let login = body.login;
    let is_form = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if !(1..=64).contains(&login.len()) || !login.chars().all(is_form) {
        let detail = "must be 1 to 64 of a-z, 0-9, dot, underscore, hyphen";
        return Err(ApiError::field("/login", detail));
    }
    let (password, hash) = new_password().await?;
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    let id = match store::insert(&mut *tx, &login, name, &hash).await {
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("person_login_once") => {
            let detail = format!("somebody has the login {login}");
            return Err(ApiError::refused(
                StatusCode::CONFLICT,
                "login-taken",
                detail,
            ));
        }
        id => id?,
    };
    let entry = Entry::by(&person, now, format!("person:{id}"), "create")
        .after(json!({ "login": login, "name": name }));
    let row = find(&mut tx, id, now).await?;
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    let hired = Hired {
        person: row,
        password: password.reveal().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(hired)))
}

fn valid_name(name: &str) -> Result<&str, ApiError> {
    let name = name.trim();
    if (1..=NAME_CHARS_MAX).contains(&name.chars().count()) {
        return Ok(name);
    }
    Err(ApiError::field("/name", "must have 1 to 64 characters"))
}

async fn find(
    tx: &mut sqlx::PgConnection,
    id: i32,
    at: DateTime<Utc>,
) -> Result<PersonRow, ApiError> {
    let wanted = Wanted {
        id: Some(id),
        ..Wanted::default()
    };
    let row = store::list(tx, &wanted, at).await?.pop();
    row.ok_or_else(|| no_person(id))
}

fn no_person(id: i32) -> ApiError {
    ApiError::not_found(format!("there is no person {id}"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PersonChange {
    name: Option<String>,
    /// True: may not sign in, and is signed out everywhere at once.
    disabled: Option<bool>,
    /// What the organisation's own provider calls them, 1 to 128 characters: whoever comes from
    /// there with this login is linked to them. Another one, or an empty one, ends the link.
    oidc_login: Option<String>,
}

/// Rename a person, end and restore their right to sign in, say who they are at the provider.
#[utoipa::path(patch, path = "/api/v1/people/{id}", tag = "people",
    params(("id" = i32, Path, description = "person")), request_body = PersonChange, responses(
    (status = 200, body = PersonRow), (status = 400), (status = 403), (status = 404),
    (status = 409, description = "own-right: nobody locks themselves out; oidc-login-taken"),
))]
async fn change(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<PersonChange>,
) -> Result<Json<PersonRow>, ApiError> {
    person.require_administrator()?;
    if id == person.id && body.disabled == Some(true) {
        return Err(own_right());
    }
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    let old = store::lock(&mut *tx, id)
        .await?
        .ok_or_else(|| no_person(id))?;
    let mut new = old.clone();
    if let Some(name) = &body.name {
        valid_name(name)?.clone_into(&mut new.name);
    }
    if let Some(disabled) = body.disabled {
        new.disabled_at = disabled.then(|| old.disabled_at.unwrap_or(now));
    }
    if let Some(login) = &body.oidc_login {
        new.oidc_login = valid_oidc_login(login)?.map(str::to_owned);
    }
    store::update(&mut *tx, id, &new)
        .await
        .map_err(why_not_changed)?;
    if new.disabled_at.is_some() {
        end_all(&mut *tx, id, None).await?;
    }
    let row = find(&mut tx, id, now).await?;
    let entry = Entry::by(&person, now, format!("person:{id}"), "change")
        .before(json!(old))
        .after(json!(new));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(Json(row))
}

/// `None`: they do not sign in at the provider.
fn valid_oidc_login(login: &str) -> Result<Option<&str>, ApiError> {
    let login = login.trim();
    if login.chars().count() > OIDC_LOGIN_CHARS_MAX {
        let detail = format!("must have at most {OIDC_LOGIN_CHARS_MAX} characters");
        return Err(ApiError::field("/oidc_login", detail));
    }
    Ok((!login.is_empty()).then_some(login))
}

fn why_not_changed(error: sqlx::Error) -> ApiError {
    let constraint = error
        .as_database_error()
        .and_then(|error| error.constraint());
    match constraint {
        Some("person_oidc_login_once") => ApiError::refused(
            StatusCode::CONFLICT,
            "oidc-login-taken",
            "somebody else signs in at the provider with this login",
        ),
        _ => error.into(),
    }
}

fn own_right() -> ApiError {
    let detail = "another administrator has to do this: nobody locks themselves out";
    ApiError::refused(StatusCode::CONFLICT, "own-right", detail)
}

#[derive(Serialize, ToSchema)]
struct NewPassword {
    /// Shown here and never again.
    password: String,
}

/// Give a person a new password; they are signed out everywhere.
#[utoipa::path(post, path = "/api/v1/people/{id}/password", tag = "people",
    params(("id" = i32, Path, description = "person")), responses(
    (status = 200, body = NewPassword), (status = 403), (status = 404),
))]
async fn reset_password(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Json<NewPassword>, ApiError> {
    person.require_administrator()?;
    let (password, hash) = new_password().await?;
    let mut tx = app.scoped(&person).await?;
    store::lock(&mut *tx, id)
        .await?
        .ok_or_else(|| no_person(id))?;
    set_password(&mut *tx, id, &hash).await?;
    end_all(&mut *tx, id, None).await?;
    let entry = Entry::by(&person, app.now(), format!("person:{id}"), "reset_password");
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(Json(NewPassword {
        password: password.reveal().to_owned(),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GrantBody {
    role: Role,
    /// Whom they act for; units' roles need one.
    unit_id: Option<i32>,
    /// Left out: the whole city.
    district_id: Option<i32>,
    /// Left out: no narrower than the district.
    area_id: Option<i32>,
    /// Left out or past: from now on.
    from: Option<DateTime<Utc>>,
    /// Left out: until further notice.
    to: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
struct Granted {
    id: i32,
}

/// Give a person a role.
#[utoipa::path(post, path = "/api/v1/people/{id}/grants", tag = "people",
    params(("id" = i32, Path, description = "person")), request_body = GrantBody, responses(
    (status = 201, body = Granted), (status = 400), (status = 403), (status = 404),
    (status = 409, description = "they have this role there at that time"),
))]
async fn grant(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    JsonBody(body): JsonBody<GrantBody>,
) -> Result<(StatusCode, Json<Granted>), ApiError> {
    person.require_administrator()?;
    let now = app.now();
    let new = NewGrant {
        role: body.role,
        unit_id: body.unit_id,
        district_id: body.district_id,
        area_id: body.area_id,
        from: body.from.unwrap_or(now).max(now),
        to: body.to,
    };
    if new.to.is_some_and(|to| to <= new.from) {
        return Err(ApiError::field(
            "/to",
            "must lie after now and after `from`",
        ));
    }
    let mut tx = app.scoped(&person).await?;
    store::lock(&mut *tx, id)
        .await?
        .ok_or_else(|| no_person(id))?;
    let grant = store::insert_grant(&mut *tx, id, &new, person.id)
        .await
        .map_err(why_not_granted)?;
    let entry = Entry::by(&person, now, format!("person:{id}"), "grant")
        .after(json!({ "grant_id": grant, "grant": new }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(Granted { id: grant })))
}

fn why_not_granted(error: sqlx::Error) -> ApiError {
    let violated = error
        .as_database_error()
        .and_then(|error| error.constraint())
        .unwrap_or_default();
    match violated {
        "role_grant_unit_fk" => ApiError::field("/unit_id", "there is no such unit"),
        "role_grant_district_fk" => ApiError::field("/district_id", "there is no such district"),
        "role_grant_area_fk" => ApiError::field("/area_id", "there is no such area"),
        "role_grant_of_unit" => ApiError::field("/unit_id", "this role acts for a unit; name it"),
        "role_grant_of_district" => {
            ApiError::field("/district_id", "this role acts in a district; name it")
        }
        "role_grant_once" => ApiError::refused(
            StatusCode::CONFLICT,
            "already-granted",
            "they have this role there at that time",
        ),
        _ => error.into(),
    }
}

/// End a role now.
#[utoipa::path(delete, path = "/api/v1/grants/{id}", tag = "people",
    params(("id" = i32, Path, description = "grant")), responses(
    (status = 204, description = "ended"), (status = 403), (status = 404),
    (status = 409, description = "nobody locks themselves out"),
))]
async fn end_grant(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<StatusCode, ApiError> {
    person.require_administrator()?;
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    let (whose, role) = store::find_grant(&mut *tx, id, now)
        .await?
        .ok_or_else(|| ApiError::not_found(format!("there is no grant {id} that could end")))?;
    if whose == person.id && role == Role::Administrator {
        return Err(own_right());
    }
    store::end_grant(&mut *tx, id, now).await?;
    let entry = Entry::by(&person, now, format!("person:{whose}"), "end_grant")
        .before(json!({ "grant_id": id, "role": role }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
