//! Request parts whose rejections are problems that name the field.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, RawPathParams, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ApiError;

/// A JSON body; what is wrong with it is said as a problem.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let whole = Request::from_parts(parts.clone(), body);
        let bytes = match Bytes::from_request(whole, state).await {
            Ok(bytes) => bytes,
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(too_large(rejection.body_text()));
            }
            Err(rejection) => return Err(ApiError::field("body", rejection.body_text())),
        };
        let request = Request::from_parts(parts, Body::from(bytes.clone()));
        let Json(body) = Json::from_request(request, state)
            .await
            .map_err(|rejection| json_problem(&rejection))?;
        match nul_in_body(&bytes) {
            Some(field) => Err(has_nul(field)),
            None => Ok(Self(body)),
        }
    }
}

/// PostgreSQL's text holds every character but this one.
const NUL: char = '\0';
/// How JSON writes it, and nothing else can.
const NUL_IN_JSON: &[u8] = b"\\u0000";

fn has_nul(field: impl Into<String>) -> ApiError {
    ApiError::field(field, "contains the character U+0000")
}

/// The first text with a NUL, as a JSON pointer.
fn nul_in_body(bytes: &[u8]) -> Option<String> {
    let escaped = |part: &[u8]| part == NUL_IN_JSON;
    bytes
        .windows(NUL_IN_JSON.len())
        .any(escaped)
        .then_some(())?;
    nul_in(&serde_json::from_slice(bytes).ok()?, "")
}

fn nul_in(value: &Value, at: &str) -> Option<String> {
    match value {
        Value::String(text) => text.contains(NUL).then(|| at.to_owned()),
        Value::Array(list) => {
            let mut list = list.iter().enumerate();
            list.find_map(|(index, one)| nul_in(one, &format!("{at}/{index}")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, one)| {
            let within = format!("{at}/{name}").replace(NUL, "\u{fffd}");
            if name.contains(NUL) {
                return Some(within);
            }
            nul_in(one, &within)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn too_large(detail: String) -> ApiError {
    ApiError::refused(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
}

fn json_problem(rejection: &JsonRejection) -> ApiError {
    let status = rejection.status();
    match status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::refused(
            status,
            "unsupported-media-type",
            "the body must be application/json",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => too_large(rejection.body_text()),
        _ => {
            let text = rejection.body_text();
            let field = pointer_in(&text).unwrap_or_else(|| "body".to_owned());
            ApiError::field(field, text)
        }
    }
}

/// axum says "… target type: closing[0].zh: missing …"; as a JSON pointer that is `/closing/0/zh`.
fn pointer_in(text: &str) -> Option<String> {
    let (_, detail) = text.split_once("target type: ")?;
    let (path, _) = detail.split_once(": ")?;
    let is_path = |c: char| c.is_ascii_alphanumeric() || "_.[]".contains(c);
    let path = path.chars().all(is_path).then(|| path.replace(']', ""))?;
    Some(format!("/{}", path.replace(['.', '['], "/")))
}

/// The query string; a wrong parameter is named.
pub struct QueryParams<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryParams<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let with_nul =
            |(name, value): &&(String, String)| name.contains(NUL) || value.contains(NUL);
        if let Some((name, _)) = pairs.iter().flat_map(|Query(all)| all).find(with_nul) {
            return Err(has_nul(name.replace(NUL, "\u{fffd}")));
        }
        let query: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        query
            .map(|Query(params)| Self(params))
            .map_err(|rejection| named_in(&rejection.body_text(), "query"))
    }
}

/// The path's parameters; a wrong one is named.
pub struct PathParams<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathParams<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if let Ok(named) = RawPathParams::from_request_parts(parts, state).await
            && let Some((name, _)) = named.iter().find(|(_, value)| value.contains(NUL))
        {
            return Err(has_nul(name));
        }
        let path: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, state).await;
        path.map(|Path(params)| Self(params))
            .map_err(|rejection| named_in(&rejection.body_text(), "path"))
    }
}

/// serde says "… missing field `lon`" or "lon: invalid float literal"; the field is in there.
fn named_in(text: &str, otherwise: &str) -> ApiError {
    let detail = text
        .rsplit_once("query string: ")
        .map_or(text, |(_, detail)| detail);
    let backticked = detail.split('`').nth(1);
    let prefixed = detail
        .split_once(':')
        .map(|(field, _)| field)
        .filter(|field| !field.contains(' '));
    ApiError::field(prefixed.or(backticked).unwrap_or(otherwise), detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its parsing is looked at")]
    struct Place {
        lon: f64,
        lat: f64,
    }

    async fn field_of(query: &str) -> String {
        let request = axum::http::Request::builder()
            .uri(format!("/?{query}"))
            .body(())
            .unwrap();
        let (mut parts, ()) = request.into_parts();
        match QueryParams::<Place>::from_request_parts(&mut parts, &()).await {
            Err(ApiError::Refused { errors, .. }) => errors[0].field.clone(),
            Err(other) => panic!("{other}"),
            Ok(QueryParams(place)) => panic!("accepted {place:?}"),
        }
    }

    #[test]
    fn a_wrong_part_of_a_body_is_named() {
        let said = "Failed to deserialize the JSON body into the target type: ";
        let field = |rest: &str| pointer_in(&format!("{said}{rest}"));
        assert_eq!(
            field("closing[0].zh: invalid type: integer").as_deref(),
            Some("/closing/0/zh")
        );
        assert_eq!(field("missing field `lon` at line 1 column 2"), None);
        assert_eq!(
            field("invalid type: map, expected a string at line 1"),
            None
        );
    }

    #[test]
    fn a_nul_is_found_wherever_it_stands() {
        let found = |text: &str| nul_in_body(text.as_bytes());
        assert_eq!(
            found(r#"{"a":[{"b":"x\u0000"}]}"#).as_deref(),
            Some("/a/0/b")
        );
        assert_eq!(found(r#"{"a\u0000":1}"#).as_deref(), Some("/a\u{fffd}"));
        assert_eq!(found(r#"{"a":"\\u0000"}"#), None, "a backslash and a word");
        assert_eq!(found(r#"{"a":"\u0001"}"#), None);
    }

    #[tokio::test]
    async fn a_wrong_parameter_is_named() {
        assert_eq!(field_of("lat=1").await, "lon");
        assert_eq!(field_of("lon=x&lat=1").await, "lon");
        assert_eq!(field_of("lon=1&lat=").await, "lat");
    }
}
