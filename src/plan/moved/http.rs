//! What an edition moved, for pages and for spreadsheets.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, Transaction};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Kind, Moved, sheet, store};
use crate::access::Person;
use crate::http::{ApiError, App, PathParams, QueryParams};
use crate::plan::store::be_brief;

const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 1_000;
/// For a lock, and for one statement: an edition of a whole city moves all of it.
const WAIT_MAX: Duration = Duration::from_secs(5);
const STATEMENT_MAX: Duration = Duration::from_secs(120);
/// Until whoever asked for a table takes the next piece: a connection to the database waits with it.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// Lists and tables that are made at a time; more wait, without a connection.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Lines of a table that are written together at most, and such pieces that wait to be sent.
const PIECE: usize = 1_000;
const PIECES_AHEAD: usize = 4;

pub(in crate::plan) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(moved))
        .routes(routes!(moved_list))
        .routes(routes!(moved_sheet))
}

#[derive(Serialize, ToSchema)]
struct MovedCount {
    /// Pieces of ground.
    cells: i64,
    components: i64,
    /// As far as the person sees them.
    cases: i64,
}

/// How much an edition moved.
#[utoipa::path(get, path = "/api/v1/editions/{id}/moved", tag = "plans", params(("id" = i32, Path)),
    responses((status = 200, body = MovedCount), (status = 401), (status = 404)))]
async fn moved(
    person: Person,
    State(app): State<App>,
    PathParams(id): PathParams<i32>,
) -> Result<Json<MovedCount>, ApiError> {
    let _place = PLACES.acquire().await.map_err(anyhow::Error::from)?;
    let mut tx = of_edition(&app, &person, id).await?;
    let store::Count {
        cells,
        components,
        cases,
    } = store::count(&mut tx, id).await?;
    Ok(Json(MovedCount {
        cells,
        components,
        cases,
    }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct PageAsked {
    /// `nth` of the last one known.
    #[serde(default)]
    after: i64,
    /// 100 if not said, at most 1,000.
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct MovedPage {
    moved: Vec<Moved>,
    /// `after` of the next page; null on the last.
    next: Option<i64>,
}

/// What an edition moved, one by one.
#[utoipa::path(get, path = "/api/v1/editions/{id}/moved/{kind}", tag = "plans",
    params(("id" = i32, Path), ("kind" = inline(Kind), Path), PageAsked),
    responses((status = 200, body = MovedPage), (status = 400), (status = 401), (status = 404)))]
async fn moved_list(
    person: Person,
    State(app): State<App>,
    PathParams((id, kind)): PathParams<(i32, Kind)>,
    QueryParams(asked): QueryParams<PageAsked>,
) -> Result<Json<MovedPage>, ApiError> {
    let limit = asked.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::field("limit", "must be 1 to 1000"));
    }
    let _place = PLACES.acquire().await.map_err(anyhow::Error::from)?;
    let mut tx = of_edition(&app, &person, id).await?;
    let limit = i64::from(limit);
    let mut moved = store::page(&mut tx, id, kind, asked.after, limit + 1).await?;
    let more = moved.len() as i64 > limit;
    moved.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = moved.last().filter(|_| more).map(|last| last.nth);
    Ok(Json(MovedPage { moved, next }))
}

/// The same as CSV, whole.
#[utoipa::path(get, path = "/api/v1/editions/{id}/moved/{kind}/csv", tag = "plans",
    params(("id" = i32, Path), ("kind" = inline(Kind), Path)), responses(
    (status = 200, content_type = "text/csv", body = String), (status = 401), (status = 404)))]
async fn moved_sheet(
    person: Person,
    State(app): State<App>,
    PathParams((id, kind)): PathParams<(i32, Kind)>,
) -> Result<Response, ApiError> {
    let place = PLACES.acquire().await.map_err(anyhow::Error::from)?;
    let tx = of_edition(&app, &person, id).await?;
    let name = serde_json::to_value(kind).map_err(anyhow::Error::from)?;
    let name = name.as_str().unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"edition-{id}-{name}.csv\""),
        ),
    ];
    let (lines, read) = mpsc::channel(PIECES_AHEAD);
    lines.try_send(sheet::head()).map_err(anyhow::Error::from)?;
    tokio::spawn(write_lines(tx, id, kind, lines, place));
    let body = Body::from_stream(ReceiverStream::new(read));
    Ok((headers, body).into_response())
}

/// Reads as fast as whoever asked takes it; ends when they have gone, or take nothing for a while.
async fn write_lines(
    mut tx: Transaction<'static, Postgres>,
    edition: i32,
    kind: Kind,
    lines: mpsc::Sender<anyhow::Result<Vec<u8>>>,
    _place: SemaphorePermit<'static>,
) {
    let mut pieces = store::all(&mut tx, edition, kind).ready_chunks(PIECE);
    while let Some(piece) = pieces.next().await {
        let piece: sqlx::Result<Vec<Moved>> = piece.into_iter().collect();
        let written = match piece {
            Ok(piece) => sheet::lines(&piece),
            Err(error) => Err(error.into()),
        };
        // a table that breaks off is seen to, because its last piece never comes
        let is_last = written.is_err();
        let sent = lines.send_timeout(written, TAKEN_WITHIN).await;
        if sent.is_err() || is_last {
            return;
        }
    }
}

async fn of_edition(
    app: &App,
    person: &Person,
    id: i32,
) -> Result<Transaction<'static, Postgres>, ApiError> {
    let mut tx = app.scoped(person).await?;
    be_brief(&mut tx, WAIT_MAX, STATEMENT_MAX).await?;
    if !store::is_edition(&mut tx, id).await? {
        return Err(ApiError::not_found(format!("there is no edition {id}")));
    }
    Ok(tx)
}
