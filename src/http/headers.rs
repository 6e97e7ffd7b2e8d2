//! Layers around every answer.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use metrics::Histogram;

use crate::telemetry;

/// What a browser needs to be told to keep others out of the pages.
static SECURITY_HEADERS: LazyLock<[(HeaderName, HeaderValue); 4]> = LazyLock::new(|| {
    // the partition is WebAssembly; the map's worker reads what the page has made
    let policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
                  connect-src 'self' blob:; img-src 'self' data: blob:; \
                  worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; \
                  frame-ancestors 'none'";
    [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
});

pub(crate) async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    put_security_headers(&mut response);
    response
}

pub(super) fn put_security_headers(response: &mut Response) {
    let headers = SECURITY_HEADERS.iter().cloned();
    response.headers_mut().extend(headers);
}

/// Counts and times requests by route.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let started = Instant::now();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    record(route, &method, response.status(), started);
    response
}

pub(super) fn record(route: &str, method: &Method, status: StatusCode, started: Instant) {
    type OfRoute = Vec<(Method, StatusCode, Histogram)>;
    thread_local! {
        /// Naming what is measured costs more than measuring it.
        static KNOWN: RefCell<HashMap<Box<str>, OfRoute>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if !known.contains_key(route) {
            known.insert(route.into(), OfRoute::new());
        }
        let Some(of_route) = known.get_mut(route) else {
            return;
        };
        let same = |one: &&(Method, StatusCode, _)| one.0 == *method && one.1 == status;
        if let Some((.., histogram)) = of_route.iter().find(same) {
            return histogram.record(started.elapsed());
        }
        let labels = [
            ("method", method.to_string()),
            ("route", route.to_owned()),
            ("status", status.as_str().to_owned()),
        ];
        let histogram = metrics::histogram!(telemetry::HTTP_SECONDS, &labels);
        histogram.record(started.elapsed());
        // methods may have any name
        if of_route.len() < OF_ROUTE_MAX {
            of_route.push((method.clone(), status, histogram));
        }
    });
}

/// Methods and states of a route that are remembered.
const OF_ROUTE_MAX: usize = 64;
