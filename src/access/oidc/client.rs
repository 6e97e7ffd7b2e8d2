//! Requests to the provider.

use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;

const TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Asks the provider; follows no redirects.
#[derive(Debug, Clone)]
pub(super) struct ProviderClient(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// Why the provider did not answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("the provider did not answer within {} s", TIMEOUT.as_secs())]
    Late,
    #[error("the provider cannot be reached: {0}")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    #[error("the provider's answer broke off or is too long: {0}")]
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

/// A provider's answer on its way.
type Answer = BoxFuture<'static, Result<Response<Vec<u8>>, Unanswered>>;

impl ProviderClient {
    /// Trusts the certificates of this machine, because organisations may have an authority of
    /// their own; where it has none, those that browsers trust.
    pub(super) fn new() -> anyhow::Result<Self> {
        let https = HttpsConnectorBuilder::new();
        let https = match https.with_provider_and_native_roots(ring::default_provider()) {
            Ok(https) => https,
            Err(error) => {
                tracing::debug!(%error, "this machine has no certificates of its own");
                HttpsConnectorBuilder::new()
                    .with_provider_and_webpki_roots(ring::default_provider())?
            }
        };
        let https = https.https_or_http().enable_http1().build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(https)))
    }

    /// What the OpenID Connect library sends its requests with.
    pub(super) fn sender(&self) -> impl Fn(Request<Vec<u8>>) -> Answer + Send + Sync + 'static {
        let client = self.clone();
        move |request| {
            let client = client.clone();
            async move { client.send(request).await }.boxed()
        }
    }

    pub(super) async fn send(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Unanswered> {
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let exchange = async {
            let (head, body) = self.0.request(request).await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let bytes = body.map_err(Unanswered::Broken)?.to_bytes();
            Ok(Response::from_parts(head, bytes.to_vec()))
        };
        tokio::time::timeout(TIMEOUT, exchange)
            .await
            .unwrap_or(Err(Unanswered::Late))
    }
}
