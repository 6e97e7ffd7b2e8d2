//! A person's notices.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Notice, store};
use crate::access::Person;
use crate::http::{ApiError, App, JsonBody, QueryParams};
use crate::notify::receipt;
use crate::workflow::{Delivery, Receipt};

/// Notices in an answer, the newest.
const NOTICES_MAX: u32 = 200;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read))
        .routes(routes!(received))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct NoticesAsked {
    /// Only those not read yet.
    unread: Option<bool>,
}

#[derive(Serialize, ToSchema)]
struct Notices {
    /// Newest first, at most 200.
    notices: Vec<Notice>,
    /// Of them not read yet.
    unread: usize,
}

/// What you are told: what happened to cases you have a hand in, without your own doing.
#[utoipa::path(get, path = "/api/v1/notices", tag = "notices", params(NoticesAsked), responses(
    (status = 200, body = Notices), (status = 400), (status = 401),
))]
async fn list(
    person: Person,
    State(app): State<App>,
    QueryParams(asked): QueryParams<NoticesAsked>,
) -> Result<Json<Notices>, ApiError> {
    let mut tx = app.scoped(&person).await?;
    let unread_only = asked.unread.unwrap_or(false);
    let notices =
        store::of_person(&mut *tx, person.id, app.now(), unread_only, NOTICES_MAX).await?;
    let unread = notices.iter().filter(|notice| notice.read_at.is_none());
    Ok(Json(Notices {
        unread: unread.count(),
        notices,
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReadUpTo {
    /// The newest notice that was read.
    up_to: i64,
}

/// You have read everything up to a notice.
#[utoipa::path(post, path = "/api/v1/notices/read", tag = "notices", request_body = ReadUpTo,
    responses((status = 204), (status = 400), (status = 401)))]
async fn read(
    person: Person,
    State(app): State<App>,
    JsonBody(read): JsonBody<ReadUpTo>,
) -> Result<StatusCode, ApiError> {
    if read.up_to < 1 || read.up_to > store::newest(&app.machine).await? {
        return Err(ApiError::field("up_to", "must be the id of a notice"));
    }
    let mut tx = app.scoped(&person).await?;
    store::mark(&mut *tx, person.id, read.up_to, app.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReceivedUpTo {
    /// The newest notice that has come to your page.
    up_to: i64,
}

/// Notices up to this one have come to your open page, read or not.
///
/// The first person of a unit whose page says so receives the notice of a case for the unit; the
/// times that Article 13 counts from the receipt of the notice run from then. To say so again
/// changes nothing.
#[utoipa::path(post, path = "/api/v1/notices/received", tag = "notices",
    request_body = ReceivedUpTo, responses((status = 204), (status = 400), (status = 401)))]
async fn received(
    person: Person,
    State(app): State<App>,
    JsonBody(received): JsonBody<ReceivedUpTo>,
) -> Result<StatusCode, ApiError> {
    if received.up_to < 1 || received.up_to > store::newest(&app.machine).await? {
        return Err(ApiError::field("up_to", "must be the id of a notice"));
    }
    let mut tx = app.scoped(&person).await?;
    let due = store::not_received(&mut *tx, received.up_to, NOTICES_MAX).await?;
    tx.commit().await?;
    for one in due {
        let delivery = Delivery {
            unit_id: one.unit_id,
            sent_at: one.sent_at,
            receipt: Receipt::Page {
                person_id: person.id,
            },
        };
        let mut tx = app.machine.begin().await?;
        let done = receipt::deliver(&app, &mut tx, one.case_id, delivery).await?;
        tx.commit().await?;
        if let Some(done) = done {
            app.live.publish(&done.changes(), app.now());
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
