//! Sends a delivery.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;

use super::guard::{Guarded, check};
use super::sign;

/// Speaks to systems of others; follows no redirects, asks no proxy.
pub(crate) type GuardedClient = Client<HttpsConnector<HttpConnector<Guarded>>, Full<Bytes>>;

/// `timeout`: for a connection.
pub(crate) fn guarded_client(
    allow_local: bool,
    timeout: Duration,
) -> anyhow::Result<GuardedClient> {
    let mut http = HttpConnector::new_with_resolver(Guarded { allow_local });
    http.enforce_http(false);
    http.set_connect_timeout(Some(timeout));
    // the certificates of this machine, because units may have an authority of their own;
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
    Ok(Client::builder(TokioExecutor::new()).build(https))
}

/// Posts to systems of units.
#[derive(Debug, Clone)]
pub(super) struct Postman {
    client: GuardedClient,
    allow_local: bool,
    timeout: Duration,
}

/// Why a delivery was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    #[error("the address {0}")]
    Address(&'static str),
    #[error("no answer within {} s", .0.as_secs_f32())]
    Late(Duration),
    #[error("{0}")]
    Unreachable(String),
    #[error("answered {0}")]
    Answered(StatusCode),
}

impl Postman {
    pub(super) fn new(allow_local: bool, timeout: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            client: guarded_client(allow_local, timeout)?,
            allow_local,
            timeout,
        })
    }

    /// Posts once; an answer of 2xx takes it.
    pub(super) async fn post(
        &self,
        url: &str,
        signature: &str,
        body: String,
    ) -> Result<StatusCode, NotTaken> {
        let uri: Uri = check(url, self.allow_local).map_err(NotTaken::Address)?;
        let request = Request::post(uri)
            .header(CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
            .header(USER_AGENT, "cityward")
            .header(sign::HEADER, signature)
            .body(Full::from(body))
            .map_err(|error| NotTaken::Unreachable(error.to_string()))?;
        let answer = tokio::time::timeout(self.timeout, self.client.request(request)).await;
        let answer = answer
            .map_err(|_elapsed| NotTaken::Late(self.timeout))?
            .map_err(|error| NotTaken::Unreachable(reason(&error)))?;
        if answer.status().is_success() {
            Ok(answer.status())
        } else {
            Err(NotTaken::Answered(answer.status()))
        }
    }
}

/// The innermost cause says most.
fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
