//! Sends a delivery.

use std::time::Duration;

use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, USER_AGENT};
use hyper::{Request, StatusCode, Uri};

use super::sign;
use crate::outbound::{self, Guarded, OutboundClient, check, reason};

/// Posts to systems of units; follows no redirects, asks no proxy.
#[derive(Debug, Clone)]
pub(super) struct Postman {
    client: OutboundClient,
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
            client: outbound::client(Guarded { allow_local }, timeout)?,
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
