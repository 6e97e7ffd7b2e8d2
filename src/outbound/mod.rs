//! Requests the service makes by itself: to systems of units, to cameras. Each goes only where it
//! may, follows no redirect and asks no proxy.

mod guard;

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;

pub(crate) use guard::{Guarded, check, check_rtsp, resolve};

/// Speaks HTTP/1.1 and TLS to where it may.
pub(crate) type OutboundClient = Client<HttpsConnector<HttpConnector<Guarded>>, Full<Bytes>>;

/// How long a connection that nothing comes over is kept for the next request.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// A client whose requests go only where `guarded` lets them.
///
/// # Errors
/// When the machine's certificates are there and cannot be read.
pub(crate) fn client(
    guarded: Guarded,
    connect_timeout: Duration,
) -> anyhow::Result<OutboundClient> {
    let mut http = HttpConnector::new_with_resolver(guarded);
    http.enforce_http(false);
    http.set_connect_timeout(Some(connect_timeout));
    // the certificates of this machine, because cities may have an authority of their own;
    // where it has none, those that browsers trust
    let https = HttpsConnectorBuilder::new();
    let https = match https.with_provider_and_native_roots(ring::default_provider()) {
        Ok(https) => https,
        Err(error) => {
            tracing::debug!(%error, "this machine has no certificates of its own");
            HttpsConnectorBuilder::new().with_provider_and_webpki_roots(ring::default_provider())?
        }
    };
    let https = https.https_or_http().enable_http1().wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_MAX)
        .pool_max_idle_per_host(1)
        .build(https))
}

/// What went wrong in words; the innermost cause says most.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
