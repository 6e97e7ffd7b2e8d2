//! The ledger of quick disposal: read it, set the year's budget, approve, book what came back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, Entry, Recovery};
use super::{Sums, year_of};
use crate::access::{Person, Role};
use crate::cases::CaseId;
use crate::http::{ApiError, App, JsonBody, QueryParams};
use crate::journal;
use crate::organisation;

const ENTRIES_DEFAULT: u32 = 200;
const ENTRIES_MAX: u32 = 1_000;
/// Longest reason, characters.
const REASON_CHARS_MAX: usize = 500;
/// 10 milliard yuan.
const AMOUNT_MAX_FEN: i64 = 1_000_000_000_000;

const READERS: &[Role] = &[
    Role::Operator,
    Role::DutyChief,
    Role::Dispatcher,
    Role::UnitManager,
    Role::Leader,
    Role::Evaluator,
    Role::Administrator,
    Role::Auditor,
];
const BUDGETERS: &[Role] = &[Role::Leader, Role::Administrator];
const APPROVERS: &[Role] = &[Role::DutyChief, Role::Leader];
const BOOKKEEPERS: &[Role] = &[Role::Operator, Role::DutyChief, Role::Dispatcher];

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read))
        .routes(routes!(set_budget))
        .routes(routes!(approve))
        .routes(routes!(recover))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct LedgerAsked {
    /// Of Beijing time; this year when not given.
    year: Option<i16>,
    /// Older than this entry: `next` of the page before.
    before: Option<i64>,
    /// 1 to 1,000; 200 when not given.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct Ledger {
    year: i16,
    /// All sums are fen (1/100 yuan).
    budget_fen: i64,
    spent_fen: i64,
    recovered_fen: i64,
    /// Budget and recoveries less what was spent.
    balance_fen: i64,
    /// Newest first.
    entries: Vec<Entry>,
    /// `before` of the next page; null on the last.
    next: Option<i64>,
}

/// The ledger of a year.
#[utoipa::path(get, path = "/api/v1/ledger", tag = "ledger", params(LedgerAsked), responses(
    (status = 200, body = Ledger), (status = 400), (status = 401), (status = 403),
))]
async fn read(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<LedgerAsked>,
) -> Result<Json<Ledger>, ApiError> {
    person.require(READERS)?;
    let year = asked.year.unwrap_or_else(|| year_of(app.now()));
    let limit = asked.limit.unwrap_or(ENTRIES_DEFAULT);
    if !(1..=ENTRIES_MAX).contains(&limit) {
        return Err(ApiError::field("limit", "must be 1 to 1000"));
    }
    let mut tx = app.scoped(&person).await?;
    let sums = store::sums_of(&mut *tx, year).await?;
    let mut entries = store::entries_of(&mut *tx, year, asked.before, limit + 1).await?;
    tx.commit().await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = entries.last().filter(|_| more).map(Entry::id);
    let Sums {
        budget_fen,
        spent_fen,
        recovered_fen,
    } = sums;
    Ok(Json(Ledger {
        year,
        budget_fen,
        spent_fen,
        recovered_fen,
        balance_fen: sums.balance_fen(),
        entries,
        next,
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBudget {
    year: i16,
    /// Added to the year's budget, fen; negative cuts it.
    amount_fen: i64,
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct Booked {
    /// Of the entry or approval.
    id: i64,
    /// Of the year, after it; fen.
    balance_fen: i64,
}

/// Add to a year's budget, or cut it.
#[utoipa::path(post, path = "/api/v1/ledger/budget", tag = "ledger", request_body = NewBudget, responses(
    (status = 201, body = Booked), (status = 400), (status = 401), (status = 403),
))]
async fn set_budget(
    person: Person,
    State(app): State<App>,
    JsonBody(body): JsonBody<NewBudget>,
) -> Result<(StatusCode, Json<Booked>), ApiError> {
    person.require_of_city(BUDGETERS)?;
    let now = app.now();
    if !(2000..=2999).contains(&body.year) {
        return Err(ApiError::field("/year", "a year of four digits from 2000"));
    }
    if body.amount_fen == 0 || body.amount_fen.abs() > AMOUNT_MAX_FEN {
        return Err(amount("not 0, at most"));
    }
    let reason = reason(&body.reason)?;
    let mut tx = app.scoped(&person).await?;
    let before = store::lock_year(&mut tx, body.year).await?;
    if before.budget_fen + body.amount_fen < 0 {
        let detail = format!(
            "the budget is {} fen; no more can be cut",
            before.budget_fen
        );
        return Err(ApiError::field("/amount_fen", detail));
    }
    let id =
        store::insert_budget(&mut tx, body.year, body.amount_fen, reason, person.id, now).await?;
    let subject = format!("ledger:{}", body.year);
    let entry = journal::Entry::by(&person, now, subject, "budget")
        .because(reason)
        .before(json!({ "budget_fen": before.budget_fen }))
        .after(json!({ "budget_fen": before.budget_fen + body.amount_fen }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    let balance_fen = before.balance_fen() + body.amount_fen;
    Ok((StatusCode::CREATED, Json(Booked { id, balance_fen })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewApproval {
    #[schema(value_type = i64)]
    case_id: CaseId,
    /// How far beyond the balance this case may be spent, once; fen.
    amount_fen: i64,
    reason: String,
}

/// Let one case be spent beyond the balance.
#[utoipa::path(post, path = "/api/v1/ledger/approvals", tag = "ledger", request_body = NewApproval, responses(
    (status = 201, body = Booked), (status = 400), (status = 401), (status = 403), (status = 404),
))]
async fn approve(
    person: Person,
    State(app): State<App>,
    JsonBody(body): JsonBody<NewApproval>,
) -> Result<(StatusCode, Json<Booked>), ApiError> {
    person.require(APPROVERS)?;
    let now = app.now();
    positive(body.amount_fen)?;
    let reason = reason(&body.reason)?;
    let mut tx = app.scoped(&person).await?;
    if !store::case_exists(&mut *tx, body.case_id).await? {
        return Err(ApiError::not_found(format!(
            "there is no case {}",
            body.case_id
        )));
    }
    let id = store::insert_approval(
        &mut *tx,
        body.case_id,
        body.amount_fen,
        reason,
        person.id,
        now,
    )
    .await?;
    let balance_fen = store::sums_of(&mut *tx, year_of(now)).await?.balance_fen();
    let subject = format!("case:{}", body.case_id);
    let entry = journal::Entry::by(&person, now, subject, "approve_spending")
        .because(reason)
        .after(json!({ "approval_id": id, "amount_fen": body.amount_fen }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(Booked { id, balance_fen })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRecovery {
    #[schema(value_type = i64)]
    case_id: CaseId,
    /// At most what was spent on the case and has not come back; fen.
    amount_fen: i64,
    /// The owner that was found.
    from_unit_id: Option<i32>,
    reason: String,
}

/// Book what an owner who was found later pays back.
#[utoipa::path(post, path = "/api/v1/ledger/recoveries", tag = "ledger", request_body = NewRecovery, responses(
    (status = 201, body = Booked), (status = 400), (status = 401), (status = 403), (status = 404),
))]
async fn recover(
    person: Person,
    State(app): State<App>,
    JsonBody(body): JsonBody<NewRecovery>,
) -> Result<(StatusCode, Json<Booked>), ApiError> {
    person.require(BOOKKEEPERS)?;
    let now = app.now();
    positive(body.amount_fen)?;
    let reason = reason(&body.reason)?;
    let year = year_of(now);
    let mut tx = app.scoped(&person).await?;
    if let Some(unit) = body.from_unit_id
        && !organisation::is_unit(&mut *tx, unit).await?
    {
        return Err(ApiError::field(
            "/from_unit_id",
            format!("there is no unit {unit}"),
        ));
    }
    let before = store::lock_year(&mut tx, year).await?;
    let open_fen = store::unrecovered_fen(&mut *tx, body.case_id).await?;
    let open_fen = open_fen.ok_or_else(|| {
        ApiError::not_found(format!("nothing was spent on case {}", body.case_id))
    })?;
    if body.amount_fen > open_fen {
        let detail = format!("at most {open_fen} fen of this case have not come back");
        return Err(ApiError::field("/amount_fen", detail));
    }
    let recovery = Recovery {
        case: body.case_id,
        amount_fen: body.amount_fen,
        from_unit_id: body.from_unit_id,
        reason,
    };
    let id = store::insert_recovery(&mut tx, year, &recovery, person.id, now).await?;
    let subject = format!("case:{}", body.case_id);
    let entry = journal::Entry::by(&person, now, subject, "recover_cost")
        .because(reason)
        .after(json!({ "entry_id": id, "amount_fen": body.amount_fen, "from_unit_id": body.from_unit_id }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    let balance_fen = before.balance_fen() + body.amount_fen;
    Ok((StatusCode::CREATED, Json(Booked { id, balance_fen })))
}

fn amount(right: &str) -> ApiError {
    ApiError::field("/amount_fen", format!("{right} {AMOUNT_MAX_FEN} fen"))
}

fn positive(amount_fen: i64) -> Result<(), ApiError> {
    if (1..=AMOUNT_MAX_FEN).contains(&amount_fen) {
        return Ok(());
    }
    Err(amount("1 to"))
}

fn reason(text: &str) -> Result<&str, ApiError> {
    let text = text.trim();
    if (1..=REASON_CHARS_MAX).contains(&text.chars().count()) {
        return Ok(text);
    }
    let detail = format!("1 to {REASON_CHARS_MAX} characters that say why");
    Err(ApiError::field("/reason", detail))
}
