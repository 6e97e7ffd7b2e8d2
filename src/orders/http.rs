//! Task orders: issued by the centre, read and answered by units.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Order;
use super::store::{self, Asked, NewOrder};
use crate::access::{Person, Role};
use crate::http::{ApiError, App, FieldProblem, JsonBody, PathParams, QueryParams};
use crate::journal;

const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 500;
const TITLE_CHARS_MAX: usize = 100;
const TEXT_CHARS_MAX: usize = 5_000;
const UNITS_MAX: usize = 500;
/// No order is due later than this after it is issued.
const DUE_MAX: TimeDelta = TimeDelta::days(3 * 366);

/// Article 3: the centre makes arrangements for all units.
const ISSUERS: &[Role] = &[Role::Dispatcher, Role::DutyChief, Role::Leader];
/// Who sees every order and what became of it.
const READERS: &[Role] = &[
    Role::Dispatcher,
    Role::DutyChief,
    Role::Leader,
    Role::Committee,
    Role::Evaluator,
    Role::Administrator,
    Role::Auditor,
];
const OF_UNITS: &[Role] = &[Role::UnitManager, Role::UnitWorker];

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, issue))
        .routes(routes!(read))
        .routes(routes!(feed_back))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct OrdersAsked {
    /// Older than this order: `next` of the page before.
    before: Option<i64>,
    /// 1 to 500; 100 when not given.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct OrderPage {
    /// Newest first.
    orders: Vec<Order>,
    /// `before` of the next page; null on the last.
    next: Option<i64>,
}

/// Orders, newest first: the centre sees all, a unit those addressed to it.
#[utoipa::path(get, path = "/api/v1/orders", tag = "orders", params(OrdersAsked), responses(
    (status = 200, body = OrderPage), (status = 400), (status = 401),
))]
async fn list(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<OrdersAsked>,
) -> Result<Json<OrderPage>, ApiError> {
    let limit = asked.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::field("limit", "must be 1 to 500"));
    }
    let units = scope_of(&person);
    let asked = Asked {
        units: units.as_deref(),
        only: None,
        before: asked.before,
        limit: limit + 1,
    };
    let mut tx = app.scoped(&person).await?;
    let mut orders = store::list(&mut tx, asked, app.now()).await?;
    tx.commit().await?;
    let more = orders.len() > limit as usize;
    orders.truncate(limit as usize);
    let next = orders.last().filter(|_| more).map(|order| order.id);
    Ok(Json(OrderPage { orders, next }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOrderBody {
    title: String,
    text: String,
    /// In the future.
    due_at: DateTime<Utc>,
    /// Whom it is for, each once.
    unit_ids: Vec<i32>,
}

/// Issue an order to units.
#[utoipa::path(post, path = "/api/v1/orders", tag = "orders", request_body = NewOrderBody, responses(
    (status = 201, body = Order), (status = 400), (status = 401),
    (status = 403, description = "forbidden; where `errors` names units: they are of another district"),
))]
async fn issue(
    person: Person,
    State(app): State<App>,
    JsonBody(mut body): JsonBody<NewOrderBody>,
) -> Result<(StatusCode, Json<Order>), ApiError> {
    person.require(ISSUERS)?;
    let now = app.now();
    if body.due_at <= now || body.due_at > now + DUE_MAX {
        return Err(ApiError::field(
            "/due_at",
            "in the future, within three years",
        ));
    }
    let title = words("/title", &body.title, TITLE_CHARS_MAX)?;
    let text = words("/text", &body.text, TEXT_CHARS_MAX)?;
    let asked = body.unit_ids.len();
    body.unit_ids.sort_unstable();
    body.unit_ids.dedup();
    if body.unit_ids.len() < asked || !(1..=UNITS_MAX).contains(&asked) {
        let detail = format!("1 to {UNITS_MAX} units, each once");
        return Err(ApiError::field("/unit_ids", detail));
    }
    let mut tx = app.scoped(&person).await?;
    if let [unknown, ..] = store::not_units(&mut *tx, &body.unit_ids, now).await?[..] {
        return Err(ApiError::field(
            "/unit_ids",
            format!("there is no unit {unknown}"),
        ));
    }
    if let [out_of_reach, ..] = store::not_ordered(&mut *tx, &body.unit_ids).await?[..] {
        return Err(out_of_scope(out_of_reach));
    }
    let new = NewOrder {
        title,
        text,
        due_at: body.due_at,
        unit_ids: &body.unit_ids,
        issued_by: person.id,
        issued_at: now,
    };
    let id = store::insert(&mut tx, &new).await?;
    let order = one(&mut tx, &person, id, now).await?;
    let entry = journal::Entry::by(&person, now, format!("order:{id}"), "issue")
        .after(json!({ "title": title, "due_at": body.due_at, "unit_ids": body.unit_ids }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    let order = order.ok_or_else(|| anyhow::anyhow!("order {id} is not there after its issue"))?;
    Ok((StatusCode::CREATED, Json(order)))
}

/// One order; that a unit opened it is noted.
#[utoipa::path(get, path = "/api/v1/orders/{id}", tag = "orders", params(("id" = i64, Path)), responses(
    (status = 200, body = Order), (status = 401), (status = 404),
))]
async fn read(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i64>,
) -> Result<Json<Order>, ApiError> {
    let now = app.now();
    let mut tx = app.scoped(&person).await?;
    store::mark_read(&mut *tx, id, &units_of(&person), person.id, now).await?;
    let order = one(&mut tx, &person, id, now).await?;
    tx.commit().await?;
    order.map(Json).ok_or_else(|| no_order(id))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewReceipt {
    text: String,
    /// For whom; needed of people who act for several of its units.
    unit_id: Option<i32>,
}

/// Feed back on an order, once for each unit.
#[utoipa::path(post, path = "/api/v1/orders/{id}/receipts", tag = "orders", params(("id" = i64, Path)),
    request_body = NewReceipt,
    responses(
        (status = 201, body = Order), (status = 400), (status = 401), (status = 404),
        (status = 403, description = "the order is not addressed to that unit"),
        (status = 409, description = "fed-back: the unit has fed back before"),
    ))]
async fn feed_back(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i64>,
    JsonBody(body): JsonBody<NewReceipt>,
) -> Result<(StatusCode, Json<Order>), ApiError> {
    person.require(OF_UNITS)?;
    let now = app.now();
    let text = words("/text", &body.text, TEXT_CHARS_MAX)?;
    let mut tx = app.scoped(&person).await?;
    let addressed = store::addressed(&mut *tx, id, &units_of(&person)).await?;
    let unit = match (body.unit_id, addressed.as_slice()) {
        (_, []) => return Err(no_order(id)),
        (None, [unit]) => *unit,
        (Some(unit), units) if units.contains(&unit) => unit,
        (None, units) => {
            let detail = format!("which of your units feeds back: {units:?}");
            return Err(ApiError::field("/unit_id", detail));
        }
        (Some(_), _) => {
            return Err(ApiError::forbidden(
                "the order is not for that unit of yours",
            ));
        }
    };
    store::mark_read(&mut *tx, id, &[unit], person.id, now).await?;
    if !store::insert_receipt(&mut *tx, id, unit, text, person.id, now).await? {
        return Err(ApiError::refused(
            StatusCode::CONFLICT,
            "fed-back",
            "the unit has fed back before",
        ));
    }
    let order = one(&mut tx, &person, id, now).await?;
    let entry = journal::Entry::by(&person, now, format!("order:{id}"), "feed_back")
        .after(json!({ "unit_id": unit, "text": text }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    let order = order.ok_or_else(|| no_order(id))?;
    Ok((StatusCode::CREATED, Json(order)))
}

/// `None`: all orders.
fn scope_of(person: &Person) -> Option<Vec<i32>> {
    (!person.has_any(READERS)).then(|| units_of(person))
}

async fn one(
    tx: &mut PgConnection,
    person: &Person,
    id: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Order>> {
    let units = scope_of(person);
    let asked = Asked {
        units: units.as_deref(),
        only: Some(id),
        before: None,
        limit: 1,
    };
    Ok(store::list(tx, asked, now).await?.pop())
}

fn units_of(person: &Person) -> Vec<i32> {
    let of_units = person
        .grants
        .iter()
        .filter(|grant| OF_UNITS.contains(&grant.role));
    of_units.filter_map(|grant| grant.unit_id).collect()
}

fn words<'a>(field: &str, text: &'a str, chars_max: usize) -> Result<&'a str, ApiError> {
    let text = text.trim();
    if (1..=chars_max).contains(&text.chars().count()) {
        return Ok(text);
    }
    Err(ApiError::field(
        field,
        format!("1 to {chars_max} characters"),
    ))
}

/// 403: whoever leads a district orders its units only.
fn out_of_scope(unit: i32) -> ApiError {
    let problem = FieldProblem {
        field: "/unit_ids".to_owned(),
        detail: format!("unit {unit} is outside what you give orders to"),
    };
    ApiError::Refused {
        status: StatusCode::FORBIDDEN,
        kind: "forbidden",
        detail: problem.detail.clone(),
        errors: vec![problem],
        retry_after_s: None,
    }
}

fn no_order(id: i64) -> ApiError {
    ApiError::not_found(format!("there is no order {id}"))
}
