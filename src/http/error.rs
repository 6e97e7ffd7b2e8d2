//! The one place that knows status codes, and the one place that logs a failed request.
//!
//! A body is `application/problem+json` (RFC 9457). `type` is stable and is what a machine
//! should look at; `errors` names each field that was wrong and what would be right. The body
//! of a 5xx carries no detail: that goes to the log, once.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde::Serialize;
use serde_json::{Map, Value};

/// One field of a request that was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// Where it stood: a parameter, header or JSON pointer.
    pub field: String,
    /// What was wrong and what would be right.
    pub detail: String,
}

/// Why a request was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("{kind}: {detail}")]
    Refused {
        status: StatusCode,
        /// Last part of the problem's `type`, e.g. `frame-too-large`.
        kind: &'static str,
        detail: String,
        errors: Vec<FieldProblem>,
        retry_after_s: Option<u32>,
    },
    /// Refused, with more to be read by the page: members of the problem beside the usual ones.
    #[error("{kind}: {detail}")]
    Explained {
        status: StatusCode,
        kind: &'static str,
        detail: String,
        more: Map<String, Value>,
    },
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

impl ApiError {
    pub fn refused(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self::Refused {
            status,
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_s: None,
        }
    }

    /// 400 for one wrong field.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let problem = FieldProblem {
            field: field.into(),
            detail: detail.into(),
        };
        Self::Refused {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid-field",
            detail: format!("{}: {}", problem.field, problem.detail),
            errors: vec![problem],
            retry_after_s: None,
        }
    }

    /// 404; `what` names the thing and the identifier that was asked for.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::refused(StatusCode::NOT_FOUND, "not-found", what)
    }

    /// 429: wrong passwords in a row; the next try may come after `wait`.
    pub fn too_many_tries(wait: TimeDelta) -> Self {
        let seconds = u32::try_from(wait.num_seconds()).unwrap_or(0);
        Self::Refused {
            status: StatusCode::TOO_MANY_REQUESTS,
            kind: "too-many-tries",
            detail: "too many wrong passwords for this login".to_owned(),
            errors: Vec::new(),
            retry_after_s: Some(seconds.saturating_add(1)),
        }
    }

    /// 429: asked too often, or too many ask; the next try may come after `wait`.
    pub fn too_many(kind: &'static str, detail: impl Into<String>, wait: Duration) -> Self {
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
        Self::Refused {
            status: StatusCode::TOO_MANY_REQUESTS,
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_s: Some(seconds.saturating_add(1)),
        }
    }

    /// 401: no valid credential came with the request.
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::refused(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// 403: the credential is valid but does not allow this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::refused(StatusCode::FORBIDDEN, "forbidden", detail)
    }
}

/// Row-level security, or a missing right of the database's role, refused.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

impl From<sqlx::Error> for ApiError {
    /// What the database itself refuses to whoever acts is 403: a handler that asks for less than
    /// the policies do is no failure of the service, but it is to be seen in the log.
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        if code.as_deref() == Some(INSUFFICIENT_PRIVILEGE) {
            tracing::warn!(%error, "the database refused what a handler let pass");
            return Self::forbidden("your roles do not reach that far");
        }
        Self::Internal(error.into())
    }
}

/// Whether something failed because there is no database to talk to, now.
fn is_database_away(error: &anyhow::Error) -> bool {
    let mut causes = error.chain();
    causes.any(|cause| match cause.downcast_ref::<sqlx::Error>() {
        Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) => true,
        // of SQLSTATE: no connection, and a server that stops, starts or is full
        Some(sqlx::Error::Database(error)) => error.code().is_some_and(|code| {
            code.starts_with("08") || code.starts_with("57P") || code == "53300"
        }),
        _ => false,
    })
}

/// An RFC 9457 problem.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Problem<'a> {
    /// What kind of problem; stable.
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    /// Each field that was wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldProblem],
    /// Of some kinds: what the refusal is about.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    more: Option<&'a Map<String, Value>>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let internal =
            |error: &anyhow::Error| tracing::error!(error = format!("{error:#}"), "request failed");
        let (status, kind, detail, errors, retry_after_s, more) = match &self {
            Self::Refused {
                status,
                kind,
                detail,
                errors,
                retry_after_s,
            } => (
                *status,
                *kind,
                detail.as_str(),
                errors.as_slice(),
                *retry_after_s,
                None,
            ),
            Self::Explained {
                status,
                kind,
                detail,
                more,
            } => (*status, *kind, detail.as_str(), &[][..], None, Some(more)),
            Self::Internal(error) if is_database_away(error) => {
                internal(error);
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "database-away",
                    "the database does not answer; try again soon",
                    &[][..],
                    Some(1),
                    None,
                )
            }
            Self::Internal(error) => {
                internal(error);
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "the service could not do this",
                    &[][..],
                    None,
                    None,
                )
            }
        };
        let problem = Problem {
            r#type: format!("/problems/{kind}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            errors,
            more,
        };
        let mut response = (status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
