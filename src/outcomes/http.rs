//! The numbers and the cases behind them.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, Period};
use super::{Outcome, UnitOutcomes};
use crate::access::{Person, Role};
use crate::cases::CaseRow;
use crate::http::{ApiError, App, QueryParams};

/// Who evaluates, and who answers for the units.
const READERS: &[Role] = &[
    Role::Evaluator,
    Role::DutyChief,
    Role::Leader,
    Role::Committee,
];
const PERIOD_MAX: TimeDelta = TimeDelta::days(366);
const CASES_MAX: u32 = 1_000;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(outcomes))
        .routes(routes!(cases))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PeriodAsked {
    /// Checks that ended at or after this moment, RFC 3339 …
    from: DateTime<Utc>,
    /// … and before this one, at most 366 days later.
    until: DateTime<Utc>,
}

fn period(from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Period, ApiError> {
    if from < until && until - from <= PERIOD_MAX {
        return Ok(Period { from, until });
    }
    let right = "must be after `from`, by 366 days at most";
    Err(ApiError::field("until", right))
}

#[derive(Serialize, ToSchema)]
struct Outcomes {
    /// Of every unit whose work was checked, by name.
    units: Vec<UnitOutcomes>,
}

/// What the checks of a period found, unit by unit.
#[utoipa::path(get, path = "/api/v1/outcomes", tag = "outcomes", params(PeriodAsked), responses(
    (status = 200, body = Outcomes), (status = 400), (status = 401), (status = 403),
))]
async fn outcomes(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<PeriodAsked>,
) -> Result<Json<Outcomes>, ApiError> {
    person.require(READERS)?;
    let period = period(asked.from, asked.until)?;
    let mut tx = app.scoped(&person).await?;
    let units = store::of_units(&mut *tx, period).await?;
    tx.commit().await?;
    Ok(Json(Outcomes { units }))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct NumberAsked {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    unit: i32,
    #[param(inline)]
    outcome: Outcome,
}

#[derive(Serialize, ToSchema)]
struct OutcomeCases {
    /// Newest first, at most 1,000.
    cases: Vec<CaseRow>,
}

/// The cases behind a number: as many as it says.
#[utoipa::path(get, path = "/api/v1/outcomes/cases", tag = "outcomes", params(NumberAsked),
    responses(
        (status = 200, body = OutcomeCases), (status = 400), (status = 401), (status = 403),
    ))]
async fn cases(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<NumberAsked>,
) -> Result<Json<OutcomeCases>, ApiError> {
    person.require(READERS)?;
    let period = period(asked.from, asked.until)?;
    let mut tx = app.scoped(&person).await?;
    let cases = store::cases(&mut *tx, period, asked.unit, asked.outcome, CASES_MAX).await?;
    tx.commit().await?;
    Ok(Json(OutcomeCases { cases }))
}
