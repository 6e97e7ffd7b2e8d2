//! Every URL on one screen.
//!
//! Closed by default: a handler asks for an [`access::Person`] or an [`access::Platform`], under `/VIID` for
//! a registered device, or stands under "open" here. Answers that are not pages are JSON; errors are
//! problems, under `/VIID` what the standard has for them.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;

use crate::http::{ApiError, App, OwnAddress, measure, security_headers};
use crate::{
    access, camera, cases, catalogue, export, features, http, journal, ledger, live, notify,
    orders, organisation, outcomes, plan, rules, snapshots, telemetry, territory, tiles, viid,
    vision, whereabouts, workflow,
};

#[derive(OpenApi)]
#[openapi(info(
    title = "Cityward",
    description = "Sees, assigns and settles what is broken on a city's streets. Places are WGS 84 \
                   longitude, latitude; times are RFC 3339 with zone; errors are RFC 9457 problems."
))]
struct ApiDocument;

/// The service's routes, apart from them those that are asked for often and change nobody's rights,
/// and their OpenAPI document.
fn api() -> (Router<App>, Router<App>, Document) {
    let (often, of_those) = tiles::tile_routes()
        .merge(whereabouts::own_routes())
        .split_for_parts();
    let (routes, mut document) = OpenApiRouter::with_openapi(ApiDocument::openapi())
        .merge(access::session_routes()) // open: signing in
        .merge(organisation::routes())
        .merge(access::oidc_routes()) // open: signing in
        .merge(access::sessions_routes())
        .merge(access::people_routes())
        .merge(access::platform_routes())
        .merge(camera::routes())
        .merge(catalogue::routes())
        .merge(cases::routes())
        .merge(cases::attachment::routes())
        .merge(cases::original::routes())
        .merge(cases::register::routes())
        .merge(cases::reporter::routes()) // open: a case's state for its reporter
        .merge(export::routes())
        .merge(features::routes())
        .merge(journal::routes())
        .merge(ledger::routes())
        .merge(live::routes())
        .merge(notify::notice_routes())
        .merge(notify::webhook_routes())
        .merge(orders::routes())
        .merge(outcomes::routes())
        .merge(plan::routes())
        .merge(rules::routes())
        .merge(snapshots::routes()) // open: uploading, by a URL that was given out
        .merge(territory::routes())
        .merge(tiles::routes())
        .merge(viid::access_routes())
        .merge(viid::device_routes()) // digest authentication, or the registration that followed it
        .merge(vision::routes())
        .merge(whereabouts::routes())
        .merge(workflow::routes())
        .split_for_parts();
    document.merge(of_those);
    http::complete(&mut document);
    (routes, often, document)
}

/// The self-contained OpenAPI document.
pub fn openapi() -> Document {
    api().2
}

/// Every URL, with the layers around them.
pub fn router(app: App) -> Router {
    let (api, often, document) = api();
    let operations = Router::new() // open, but /metrics looks at who asks
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(prometheus))
        .route("/openapi.json", get(async || Json(document)));
    let around_others = ServiceBuilder::new()
        .layer(from_fn_with_state(app.clone(), access::forget_after_change))
        .layer(CompressionLayer::new());
    let around_all = ServiceBuilder::new()
        .layer(from_fn(measure))
        .layer(from_fn(security_headers))
        .option_layer(tiles_for_others(&app))
        .layer(CatchPanicLayer::custom(|_| {
            ApiError::Internal(anyhow::anyhow!("a handler panicked")).into_response()
        }));
    let pages = pages(&app);
    api.merge(operations)
        .fallback_service(pages)
        .layer(around_others)
        // who people are need not be looked up again after these; tiles come compressed as their
        // client wants them
        .merge(often)
        .method_not_allowed_fallback(async || {
            ApiError::refused(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "this URL has no such method",
            )
        })
        .layer(around_all)
        .with_state(app)
}

/// Lets pages of the origins that are named read tiles, with their person's session.
fn tiles_for_others(app: &App) -> Option<CorsLayer> {
    let origins = app.config.tiles.tile_origins.clone();
    if origins.is_empty() {
        return None;
    }
    let allowed = AllowOrigin::predicate(move |origin, request| {
        is_of_tiles(request.uri.path())
            && origins
                .iter()
                .any(|one| one.as_bytes() == origin.as_bytes())
    });
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([header::IF_NONE_MATCH])
        .expose_headers([header::ETAG]);
    Some(layer)
}

/// Tiles and what describes them, by our own paths or those of OGC API Tiles.
fn is_of_tiles(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    match parts.next() {
        Some("tiles") => true,
        Some("ogc") => match parts.next() {
            Some("tileMatrixSets") => true,
            Some("collections") => parts.nth(1) == Some("tiles"),
            _ => false,
        },
        _ => false,
    }
}

/// The built pages. Names under /assets carry a digest of their content and never change.
fn pages(app: &App) -> Router {
    let dir = &app.config.http.web_dir;
    let fixed = SetResponseHeaderLayer::overriding(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    let fresh = SetResponseHeaderLayer::overriding(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache"),
    );
    let files = |dir: &std::path::Path| ServeDir::new(dir).precompressed_br().precompressed_gzip();
    let assets = ServiceBuilder::new()
        .layer(fixed)
        .service(files(&dir.join("assets")));
    let index = ServiceBuilder::new()
        .layer(fresh)
        .service(ServeFile::new(dir.join("index.html")));
    let rest = files(dir).not_found_service(get(unknown_url));
    Router::new()
        .nest_service("/assets", assets)
        .route_service("/", index)
        .fallback_service(rest)
}

async fn unknown_url(request: Request) -> Response {
    ApiError::not_found(format!("nothing is at {}", request.uri().path())).into_response()
}

/// How long the database may take to say that it is there.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// Ready when the database answers; with how old the data of tiles may be, and what the models
/// compute on.
async fn readyz(State(app): State<App>) -> Response {
    let look = sqlx::query("select 1").execute(&app.db);
    let answered = timeout(READY_WITHIN, look).await;
    let age_s = app.tile_age().as_secs_f64();
    let models = app.models.now();
    let computing: String = models
        .all()
        .map(|model| format!("model {}\n", model.in_brief()))
        .collect();
    let ffmpeg = app.pulls.missing_ffmpeg();
    let ffmpeg = ffmpeg.map(|path| format!("rtsp waits: {} is not there\n", path.display()));
    let computing = computing + &ffmpeg.unwrap_or_default();
    match answered {
        Ok(Ok(_)) => {
            format!("ready\ntiles are at most {age_s:.1} s old\n{computing}").into_response()
        }
        failed => {
            tracing::warn!(?failed, "not ready");
            let text =
                format!("the database does not answer\ntiles are {age_s:.1} s old\n{computing}");
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

/// Prometheus metrics: for this machine, or for whoever has the token.
async fn prometheus(
    State(app): State<App>,
    OwnAddress(client): OwnAddress,
    request: Request,
) -> Result<String, ApiError> {
    let allowed = match (
        &app.config.http.metrics_token,
        access::bearer_token(request.headers()),
    ) {
        (Some(token), Some(sent)) => {
            // digests are compared, so that the time it takes tells nothing about the token
            sent.sha256() == access::Secret::from_request(token.expose_secret()).sha256()
        }
        (Some(_), None) => false,
        // a proxy on this machine is not this machine
        (None, _) => client.is_some_and(|client| client.is_loopback()),
    };
    if !allowed {
        return Err(ApiError::unauthenticated(
            "metrics are for this machine or for the bearer of the metrics token",
        ));
    }
    app.measure_tiles();
    Ok(telemetry::recorder()?.render())
}
