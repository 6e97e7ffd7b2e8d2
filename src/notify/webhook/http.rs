//! Webhooks of units, kept by the units' own managers and by administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::SEALED;
use super::guard::check;
use super::store::{self, Delivery, NewWebhook, Webhook};
use crate::access::{Person, Role, random_secret};
use crate::cases::Action;
use crate::http::{ApiError, App, JsonBody, PathParams, QueryParams};
use crate::journal::{self, Entry};

const KEEPERS: &[Role] = &[Role::UnitManager, Role::Administrator];
const URL_CHARS_MAX: usize = 2_000;
const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 500;
/// Webhooks of one unit that have not ended.
const PER_UNIT_MAX: i64 = 8;
const SECRET_BYTES: usize = 32;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(end))
        .routes(routes!(deliveries))
        .routes(routes!(retry))
}

#[derive(Serialize, ToSchema)]
struct Webhooks {
    /// Newest first.
    webhooks: Vec<Webhook>,
}

/// The webhooks of your units; of all units for administrators.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", responses(
    (status = 200, body = Webhooks), (status = 401), (status = 403),
))]
async fn list(person: Person, State(app): State<App>) -> Result<Json<Webhooks>, ApiError> {
    person.require(KEEPERS)?;
    let mut tx = app.scoped(&person).await?;
    let webhooks = store::list(&mut *tx).await?;
    Ok(Json(Webhooks { webhooks }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookAsked {
    unit_id: i32,
    /// Where deliveries go: `https://…` or, inside a closed network, `http://…`.
    url: String,
    /// Actions to be told of; all when left out.
    events: Option<Vec<Action>>,
}

#[derive(Serialize, ToSchema)]
struct NewSecret {
    id: i32,
    /// Signs every delivery; shown only this once.
    secret: String,
}

/// Has a unit's system told of what happens to the unit's cases.
///
/// A delivery is a CloudEvent 1.0 in structured JSON. `Cityward-Signature: t=<seconds>,v1=<hex>`
/// is the HMAC-SHA256 under the secret of `<seconds>.<body>`.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", request_body = WebhookAsked,
    responses((status = 201, body = NewSecret), (status = 400), (status = 401), (status = 403),
        (status = 409, description = "too-many-webhooks: a unit has eight at most")))]
async fn add(
    person: Person,
    State(app): State<App>,
    JsonBody(asked): JsonBody<WebhookAsked>,
) -> Result<(StatusCode, Json<NewSecret>), ApiError> {
    let unit_id = asked.unit_id;
    let manages = |grant: &crate::access::Grant| grant.unit_id == Some(unit_id);
    if person.require_administrator().is_err() && !person.grants_of(Role::UnitManager).any(manages)
    {
        return Err(ApiError::forbidden("only for units that you manage"));
    }
    if asked.url.len() > URL_CHARS_MAX {
        return Err(ApiError::field("url", "must be at most 2000 characters"));
    }
    check(&asked.url, app.config.webhook.webhook_allow_local)
        .map_err(|wrong| ApiError::field("url", wrong))?;
    if asked.events.as_ref().is_some_and(Vec::is_empty) {
        return Err(ApiError::field(
            "events",
            "must name an action, or be left out",
        ));
    }
    let events = asked.events.as_deref().map(names).transpose()?;
    let secret = random_secret(SECRET_BYTES);
    let now = app.now();
    let new = NewWebhook {
        unit_id,
        url: &asked.url,
        events: events.as_deref(),
        secret_sealed: &app.webhook_key.seal(SEALED, &secret)?,
        created_by: person.id,
        created_at: now,
    };
    let mut tx = app.scoped(&person).await?;
    if store::lock_count(&mut tx, unit_id).await? >= PER_UNIT_MAX {
        let detail = format!("a unit has at most {PER_UNIT_MAX} webhooks; end one first");
        return Err(ApiError::refused(
            StatusCode::CONFLICT,
            "too-many-webhooks",
            detail,
        ));
    }
    let id = store::insert(&mut *tx, &new).await.map_err(|error| {
        let constraint = error.as_database_error().and_then(|e| e.constraint());
        match constraint {
            Some("webhook_unit_fk") => ApiError::field("unit_id", "there is no such unit"),
            _ => error.into(),
        }
    })?;
    let entry = Entry::by(&person, now, format!("webhook:{id}"), "create")
        .after(json!({ "unit_id": unit_id, "url": asked.url, "events": events }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    let secret = secret.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(NewSecret { id, secret })))
}

/// As the history writes them.
fn names(actions: &[Action]) -> Result<Vec<String>, ApiError> {
    let names = actions.iter().map(|action| {
        let name = serde_json::to_value(action).map_err(anyhow::Error::from)?;
        let name = name.as_str().map(str::to_owned);
        name.ok_or_else(|| anyhow::anyhow!("{action:?} has no name").into())
    });
    names.collect()
}

/// Ends a webhook; what waits for it is set aside.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = i32, Path, description = "webhook")),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
async fn end(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<StatusCode, ApiError> {
    person.require(KEEPERS)?;
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    if !store::end(&mut *tx, id, now).await? {
        return Err(ApiError::not_found(format!("there is no webhook {id}")));
    }
    let entry = Entry::by(&person, now, format!("webhook:{id}"), "end");
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DeliveriesAsked {
    /// Older than this delivery: `next` of the page before.
    before: Option<i64>,
    /// 1 to 500; 100 when not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct DeliveryPage {
    /// Newest first.
    deliveries: Vec<Delivery>,
    /// `before` of the next page; null on the last.
    next: Option<i64>,
}

/// What became of each event on its way to a webhook.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = i32, Path, description = "webhook"), DeliveriesAsked),
    responses((status = 200, body = DeliveryPage), (status = 400), (status = 401), (status = 403)))]
async fn deliveries(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
    QueryParams(asked): QueryParams<DeliveriesAsked>,
) -> Result<Json<DeliveryPage>, ApiError> {
    person.require(KEEPERS)?;
    let limit = asked.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::field("limit", "must be 1 to 500"));
    }
    let mut tx = app.scoped(&person).await?;
    let mut deliveries = store::deliveries(&mut *tx, id, asked.before, limit + 1).await?;
    let more = deliveries.len() > limit as usize;
    deliveries.truncate(limit as usize);
    let next = deliveries
        .last()
        .filter(|_| more)
        .map(|one| one.delivery_id);
    Ok(Json(DeliveryPage { deliveries, next }))
}

/// Tries a dead delivery again.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/deliveries/{delivery}/retry", tag = "webhooks",
    params(("id" = i32, Path, description = "webhook"), ("delivery" = i64, Path)),
    responses((status = 204), (status = 401), (status = 403),
        (status = 404, description = "no such dead delivery")))]
async fn retry(
    person: Person,
    State(app): State<App>,
    PathParams((id, delivery)): PathParams<(i32, i64)>,
) -> Result<StatusCode, ApiError> {
    person.require(KEEPERS)?;
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    if !store::revive(&mut *tx, id, delivery, now).await? {
        let none = format!("webhook {id} has no dead delivery {delivery}");
        return Err(ApiError::not_found(none));
    }
    let entry = Entry::by(&person, now, format!("webhook:{id}"), "retry")
        .after(json!({ "delivery_id": delivery }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
