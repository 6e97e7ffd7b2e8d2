//! Speaks to another library as a device does.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use hyper::{Method, Request, StatusCode};
use serde_json::Value;

use crate::access::{Secret, random_secret};
use crate::outbound::{self, Guarded, OutboundClient};
use crate::viid::DeviceId;
use crate::viid::digest::Challenge;
use crate::viid::read::answered;

/// Of an answer.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Why another library did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// It does not know us, or not any more.
    #[error("{path}: not let in")]
    NotLetIn { path: &'static str },
    #[error("{path}: {detail}")]
    Other { path: &'static str, detail: String },
}

/// Where a library is, and who we are there.
pub(super) struct Library<'a> {
    pub(super) base_url: &'a str,
    pub(super) own: &'a DeviceId,
    pub(super) username: &'a str,
    pub(super) password: &'a Secret,
}

/// One for all libraries.
pub(super) struct Speaker {
    client: OutboundClient,
    allow_local: bool,
    timeout: Duration,
}

impl Speaker {
    pub(super) fn new(allow_local: bool, timeout: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            client: outbound::client(Guarded { allow_local }, timeout)?,
            allow_local,
            timeout,
        })
    }

    /// Sends once, and once more with the digest it is asked for.
    pub(super) async fn send(
        &self,
        library: &Library<'_>,
        method: Method,
        path: &'static str,
        body: &Value,
    ) -> Result<(), Failure> {
        let failed = |detail: String| Failure::Other { path, detail };
        let first = self.once(library, &method, path, body, None).await;
        let (mut status, headers, mut answer) = first.map_err(failed)?;
        if status == StatusCode::UNAUTHORIZED {
            let asked = headers.get_all(WWW_AUTHENTICATE).iter();
            let mut asked = asked.filter_map(|one| Challenge::read(one.to_str().ok()?));
            let Some(challenge) = asked.next() else {
                return Err(Failure::NotLetIn { path });
            };
            let login = (library.username, library.password.reveal());
            let cnonce = random_secret(8);
            let header = challenge.answer(login, method.as_str(), path, cnonce.reveal());
            let again = self.once(library, &method, path, body, Some(header)).await;
            (status, _, answer) = again.map_err(failed)?;
        }
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Failure::NotLetIn { path }),
            status if !status.is_success() => Err(failed(format!("answered {status}"))),
            _ => answered(&answer).map_err(failed),
        }
    }

    async fn once(
        &self,
        library: &Library<'_>,
        method: &Method,
        path: &str,
        body: &Value,
        authorization: Option<String>,
    ) -> Result<(StatusCode, HeaderMap, Bytes), String> {
        let url = format!("{}{path}", library.base_url.trim_end_matches('/'));
        let uri = outbound::check(&url, self.allow_local)
            .map_err(|wrong| format!("the address {wrong}"))?;
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(CONTENT_TYPE, "application/VIID+JSON; charset=utf-8")
            .header("User-Identify", library.own.as_str());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(Full::from(body.to_string()));
        let request = request.map_err(|error| error.to_string())?;
        let speak = async {
            let answer = self.client.request(request).await;
            let answer = answer.map_err(|error| innermost(&error))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| error.to_string())?.to_bytes();
            Ok((head.status, head.headers, body))
        };
        match tokio::time::timeout(self.timeout, speak).await {
            Ok(spoken) => spoken,
            Err(_elapsed) => Err(format!("no answer within {} s", self.timeout.as_secs_f32())),
        }
    }
}

/// The innermost cause says most.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
