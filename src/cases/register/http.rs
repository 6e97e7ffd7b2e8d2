//! Where people report problems, and what may be the same problem.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::external::External;
use super::rule::{self, Report};
use super::store::{self, Key, NewCase};
use super::{REPORTERS, start};
use crate::access::{Person, Role};
use crate::cases::attachment::{self, AttachmentKind, BindError};
use crate::cases::reporter::{self, Reporter};
use crate::cases::{CaseChange, CaseId, CaseRow, CaseSource};
use crate::catalogue::{self, ClassCode};
use crate::http::{ApiError, App, FieldProblem, JsonBody, PathParams};
use crate::journal;
use crate::space::GroundPoint;
use crate::territory::{self, Placement};

const TEXT_CHARS_MAX: usize = 2_000;
const PLACE_CHARS_MAX: usize = 200;
const PHOTOS_MAX: usize = 20;
/// Somebody who says where they are is rarely off by more.
const ACCURACY_MAX_M: f64 = 10_000.0;
/// A place shown on a map, without a word about how exact it is, metres.
const ACCURACY_DEFAULT_M: f64 = 15.0;
const DUPLICATES_MAX: u32 = 20;

/// For signed-in people.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(duplicates))
}

/// A problem somebody reports.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Registration {
    /// Code of a class in the catalogue, e.g. `M06042`.
    class: String,
    /// Degrees, WGS 84.
    lon: f64,
    /// Degrees, WGS 84.
    lat: f64,
    /// How exact the position is, metres.
    accuracy_m: Option<f64>,
    /// Collectors report as `collector`, leaders as `leader`; operators for `hotline`, `public`,
    /// `media`, `department` and `exchange`.
    source: CaseSource,
    #[serde(default)]
    text: String,
    #[serde(default)]
    place_text: String,
    /// When it was seen; now when not given.
    observed_at: Option<DateTime<Utc>>,
    /// Pictures uploaded before.
    #[serde(default)]
    attachments: Vec<i64>,
    // of the request's digest it is no part: a digest of a phone number tells the number
    #[serde(default, skip_serializing)]
    reporter: Option<Reporter>,
    external: Option<External>,
}

#[derive(Serialize, ToSchema)]
struct Registered {
    case: CaseRow,
    /// What the reporter can ask about the case with; shown only this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    query_code: Option<String>,
}

/// Report a problem: it becomes a case.
///
/// The same `Idempotency-Key` with the same request is answered with the same case.
#[utoipa::path(post, path = "/api/v1/cases", tag = "cases", request_body = Registration,
    params(("Idempotency-Key" = String, Header, description = "8 to 128 characters, new for each report")),
    responses(
        (status = 200, description = "a message of another system that came before", body = Registered),
        (status = 201, body = Registered),
        (status = 400, description = "invalid-field"),
        (status = 401, description = "sign in first"),
        (status = 403, description = "forbidden: none of your roles reports problems"),
        (status = 409, description = "key-reused: the key came with another request before; external-taken: the message has become a case outside your reach"),
        (status = 422, description = "outside-city: no cell is there; rule-broken: the collection rule of the class; observed-in-future"),
    ))]
async fn register(
    person: Person,
    State(app): State<App>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Registration>,
) -> Result<(StatusCode, Json<Registered>), ApiError> {
    let now = app.now();
    let role = role_for(&person, body.source)?;
    if body.external.is_some() && role != Role::Operator {
        let detail = "only operators take in messages of other systems";
        return Err(ApiError::field("/external", detail));
    }
    let key = Key {
        person_id: person.id,
        key: idempotency_key(&headers)?,
        request_sha256: Sha256::digest(serde_json::to_vec(&body).map_err(anyhow::Error::from)?)
            .into(),
    };
    if let Some(known) = answered_before(&app, &person, &key, body.external.as_ref(), now).await? {
        return Ok(known);
    }
    let report = check(&app, body, now).await?;
    match open(&app, &person, role, &key, &report, now).await? {
        Some(registered) => Ok((StatusCode::CREATED, Json(registered))),
        // the same request came twice at once: the other one was first
        None => answered_before(&app, &person, &key, report.external.as_ref(), now)
            .await?
            .ok_or_else(|| not_answered(report.external.as_ref())),
    }
}

/// Nothing within the person's reach answers what was taken before: another system's message has
/// become a case outside it.
fn not_answered(external: Option<&External>) -> ApiError {
    let Some(External { source, id }) = external else {
        return anyhow::anyhow!("a registration lost a race nobody won").into();
    };
    let detail = format!("message {id} of {source} has become a case outside your reach");
    ApiError::refused(StatusCode::CONFLICT, "external-taken", detail)
}

/// A report that stood every test.
struct Checked {
    class: ClassCode,
    source: CaseSource,
    point: GroundPoint,
    accuracy_m: Option<f64>,
    placement: Placement,
    text: String,
    place_text: String,
    observed_at: DateTime<Utc>,
    attachments: Vec<i64>,
    reporter: Option<Reporter>,
    external: Option<External>,
}

fn role_for(person: &Person, source: CaseSource) -> Result<Role, ApiError> {
    let own = || {
        REPORTERS
            .iter()
            .filter(|(role, _)| person.has_any(&[*role]))
    };
    let of_source = own().find(|(_, sources)| sources.contains(&source));
    match of_source {
        Some((role, _)) => Ok(*role),
        None if own().next().is_none() => Err(ApiError::forbidden(
            "collectors, operators and leaders report problems",
        )),
        None => {
            let sources: Vec<String> = own()
                .flat_map(|(_, sources)| *sources)
                .map(|source| format!("{source:?}").to_lowercase())
                .collect();
            Err(ApiError::field(
                "/source",
                format!("you report as {}", sources.join(", ")),
            ))
        }
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<&str, ApiError> {
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    key.filter(|key| (8..=128).contains(&key.len()))
        .ok_or_else(|| {
            ApiError::field(
                "Idempotency-Key",
                "8 to 128 characters, new for each report",
            )
        })
}

/// The answer to a request that came before under this key, or to a message of another system.
async fn answered_before(
    app: &App,
    person: &Person,
    key: &Key<'_>,
    external: Option<&External>,
    now: DateTime<Utc>,
) -> Result<Option<(StatusCode, Json<Registered>)>, ApiError> {
    let mut tx = app.scoped(person).await?;
    let (status, case) = match store::find_key(&mut *tx, person.id, key.key).await? {
        Some((sha256, _)) if sha256 != key.request_sha256 => {
            return Err(ApiError::refused(
                StatusCode::CONFLICT,
                "key-reused",
                "this Idempotency-Key came with another request before",
            ));
        }
        Some((_, case)) => (StatusCode::CREATED, case),
        None => {
            let Some(external) = external else {
                return Ok(None);
            };
            let found = store::find_external(&mut *tx, &external.source, &external.id).await?;
            let Some(case) = found else {
                return Ok(None);
            };
            journal::record(&mut *tx, &external.received(person, case, false, now)).await?;
            (StatusCode::OK, case)
        }
    };
    let case = store::row(&mut *tx, case).await?;
    tx.commit().await?;
    let registered = Registered {
        case,
        query_code: None,
    };
    Ok(Some((status, Json(registered))))
}

async fn check(app: &App, body: Registration, now: DateTime<Utc>) -> Result<Checked, ApiError> {
    let class = territory::known_class("/class", &body.class)?;
    let point = GroundPoint::new_checked(body.lon, body.lat).ok_or_else(|| {
        ApiError::field(
            "/lon",
            "longitude within ±180 and latitude within ±90 degrees",
        )
    })?;
    let accuracy = body.accuracy_m.unwrap_or(ACCURACY_DEFAULT_M);
    if !(accuracy > 0.0 && accuracy <= ACCURACY_MAX_M) {
        let detail = format!("more than 0, at most {ACCURACY_MAX_M} m");
        return Err(ApiError::field("/accuracy_m", detail));
    }
    let text = words("/text", &body.text, TEXT_CHARS_MAX)?;
    let place_text = words("/place_text", &body.place_text, PLACE_CHARS_MAX)?;
    let photos = body.attachments.len();
    if photos > PHOTOS_MAX {
        return Err(ApiError::field(
            "/attachments",
            format!("at most {PHOTOS_MAX} pictures"),
        ));
    }
    let observed_at = observed_by(app, body.observed_at, now)?;
    let reporter = tidy_reporter(body.reporter, [&text, &place_text])?;
    if let Some(external) = &body.external {
        external
            .check()
            .map_err(|(field, right)| ApiError::field(field, right))?;
    }
    let report = Report {
        class,
        source: body.source,
        photos,
        accuracy_m: body.accuracy_m,
        observed_at,
        text: &text,
    };
    rule::check(&report, &app.rules.in_force(now), now)
        .map_err(|broken| unprocessable("rule-broken", &[broken.field], &broken.to_string()))?;
    let snap = catalogue::snap_classes(&app.db, class).await?;
    let placement = app
        .territory
        .now()
        .locate(point, class, &snap, territory::REACH_M);
    let placement = placement.ok_or_else(|| {
        unprocessable(
            "outside-city",
            &["/lon", "/lat"],
            "no cell of the city is there",
        )
    })?;
    Ok(Checked {
        class,
        source: body.source,
        point,
        accuracy_m: body.accuracy_m,
        placement,
        text,
        place_text,
        observed_at,
        attachments: body.attachments,
        reporter,
        external: body.external,
    })
}

/// When it was seen; now where nothing is said.
fn observed_by(
    app: &App,
    observed_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, ApiError> {
    let skew = TimeDelta::seconds(app.config.intake.clock_skew_s_max.into());
    match observed_at {
        Some(at) if at > now + skew => Err(unprocessable(
            "observed-in-future",
            &["/observed_at"],
            "in the future",
        )),
        at => Ok(at.unwrap_or(now)),
    }
}

fn tidy_reporter(
    reporter: Option<Reporter>,
    texts: [&String; 2],
) -> Result<Option<Reporter>, ApiError> {
    let Some(reporter) = reporter else {
        return Ok(None);
    };
    let reporter = reporter
        .tidied()
        .map_err(|(field, right)| ApiError::field(field, right))?;
    if texts.iter().any(|text| reporter.phone_is_in(text)) {
        let detail = "says the reporter's phone number; it belongs into /reporter/phone only";
        return Err(ApiError::field("/text", detail));
    }
    Ok(Some(reporter))
}

/// `None`: the key or the message of another system was taken at the same time; nothing is done.
async fn open(
    app: &App,
    person: &Person,
    role: Role,
    key: &Key<'_>,
    report: &Checked,
    now: DateTime<Utc>,
) -> Result<Option<Registered>, ApiError> {
    let new = NewCase {
        class: report.class,
        source: report.source,
        point: report.point,
        accuracy_m: report.accuracy_m.unwrap_or(ACCURACY_DEFAULT_M),
        placement: &report.placement,
        text: &report.text,
        place_text: &report.place_text,
        // a clock that is a little ahead does not see into the future
        observed_at: report.observed_at.min(now),
        reported_by: person.id,
        at: now,
    };
    let mut tx = app.scoped(person).await?;
    let case = store::insert_case(&mut *tx, &new).await?;
    if let Some(external) = &report.external
        && !store::insert_external(&mut *tx, &external.source, &external.id, case).await?
    {
        return Ok(None);
    }
    let recurrence_of = start(&mut tx, case, &app.rules.in_force(now), now).await?;
    attachment::bind(
        &mut tx,
        case,
        AttachmentKind::Report,
        &report.attachments,
        person.id,
    )
    .await
    .map_err(not_bound)?;
    let query_code = match &report.reporter {
        Some(reporter) => {
            let code = reporter::keep(&mut tx, &app.reporter_keys, case, reporter, now).await?;
            Some(code.reveal())
        }
        None => None,
    };
    let detail = json!({
        "source": report.source,
        "observed_at": report.observed_at,
        "accuracy_m": report.accuracy_m,
        "attachments": report.attachments,
        "has_reporter": report.reporter.is_some(),
        "recurrence_of": recurrence_of,
    });
    let event =
        store::insert_opened(&mut *tx, case, &person.login, person.id, role, detail, now).await?;
    if !store::insert_key(&mut *tx, key, case, event, now).await? {
        return Ok(None);
    }
    let case = store::row(&mut *tx, case).await?;
    if let Some(external) = &report.external {
        journal::record(&mut *tx, &external.received(person, case.id, true, now)).await?;
    }
    tx.commit().await?;
    app.live.publish(&[CaseChange::Opened(case.clone())], now);
    Ok(Some(Registered { case, query_code }))
}

fn not_bound(error: BindError) -> ApiError {
    match error {
        BindError::NotYours(_) => ApiError::field("/attachments", error.to_string()),
        BindError::Database(error) => error.into(),
    }
}

fn words(field: &str, text: &str, chars_max: usize) -> Result<String, ApiError> {
    let text = text.trim();
    if text.chars().count() <= chars_max {
        return Ok(text.to_owned());
    }
    Err(ApiError::field(
        field,
        format!("at most {chars_max} characters"),
    ))
}

fn unprocessable(kind: &'static str, fields: &[&str], detail: &str) -> ApiError {
    let problem = |field: &&str| FieldProblem {
        field: (*field).to_owned(),
        detail: detail.to_owned(),
    };
    ApiError::Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind,
        detail: detail.to_owned(),
        errors: fields.iter().map(problem).collect(),
        retry_after_s: None,
    }
}

#[derive(Serialize, ToSchema)]
struct Duplicates {
    /// Those of the same class first, then those on the same component, then the nearest.
    candidates: Vec<Candidate>,
}

/// An open case that may be the same problem.
#[derive(Serialize, ToSchema)]
struct Candidate {
    case: CaseRow,
    distance_m: f64,
}

/// Open cases that may be the same problem: near in place and time as the policy says, or of
/// whatever age on the same component.
#[utoipa::path(get, path = "/api/v1/cases/{id}/duplicates", tag = "cases",
    params(("id" = i64, Path, description = "case")),
    responses(
        (status = 200, body = Duplicates),
        (status = 401, description = "sign in first"),
        (status = 404, description = "no such case"),
    ))]
async fn duplicates(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<CaseId>,
) -> Result<Json<Duplicates>, ApiError> {
    let mut tx = app.scoped(&person).await?;
    let opened_at = store::opened_at(&mut *tx, id)
        .await?
        .ok_or_else(|| ApiError::not_found(format!("there is no case {id}")))?;
    let rules = app.rules.in_force(app.now());
    let policy = rules.policy();
    let since = opened_at - policy.duplicate_window;
    let near = store::near(
        &mut *tx,
        id,
        policy.duplicate_radius_m,
        since,
        DUPLICATES_MAX,
    )
    .await?;
    tx.commit().await?;
    let candidates = near
        .into_iter()
        .map(|near| Candidate {
            case: near.case,
            distance_m: near.distance_m,
        })
        .collect();
    Ok(Json(Duplicates { candidates }))
}
