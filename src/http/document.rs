//! What the OpenAPI document says of every operation alike, so that no handler repeats it.

use axum::http::StatusCode;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::error::{FieldProblem, Problem};

/// Adds the two ways to authenticate, asks for a session wherever an operation does not say
/// otherwise, and describes every refusal as a problem.
pub(crate) fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("cityward_session")));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("session", cookie);
    components.add_security_scheme("platform", SecurityScheme::Http(bearer));
    for (name, schema) in [
        (FieldProblem::name(), FieldProblem::schema()),
        (Problem::name(), Problem::schema()),
    ] {
        components.schemas.insert(name.into_owned(), schema);
    }
    document.security = Some(vec![SecurityRequirement::new::<_, [String; 0], _>(
        "session",
        [],
    )]);
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    describe(status, response);
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
        &mut item.options,
        &mut item.head,
    ]
    .into_iter()
    .flatten()
}

fn describe(status: &str, response: &mut Response) {
    let Some(status) = status
        .parse()
        .ok()
        .and_then(|code| StatusCode::from_u16(code).ok())
    else {
        return;
    };
    if response.description.is_empty() {
        status
            .canonical_reason()
            .unwrap_or_default()
            .clone_into(&mut response.description);
    }
    if (status.is_client_error() || status.is_server_error()) && response.content.is_empty() {
        let problem = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        response
            .content
            .insert("application/problem+json".to_owned(), RefOr::T(problem));
    }
}
