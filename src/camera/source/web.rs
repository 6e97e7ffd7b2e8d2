//! Asks a camera over HTTP: authenticates when it wants that, follows no redirect, and reads no
//! more than it may.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, DATE, USER_AGENT, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use tokio::time::timeout;

use super::auth::Challenge;
use super::{Failure, Login};
use crate::access::random_secret;
use crate::outbound::{OutboundClient, reason};

/// To connect and to answer.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Random bytes of ours in a digest.
const CNONCE_BYTES: usize = 12;

/// Asks one address, and remembers how it wants to be asked.
#[derive(Debug)]
pub(super) struct Asker {
    client: OutboundClient,
    uri: Uri,
    login: Option<Login>,
    challenge: Option<Challenge>,
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: Incoming,
}

impl Asker {
    pub(super) fn new(client: OutboundClient, uri: Uri, login: Option<Login>) -> Self {
        Self {
            client,
            uri,
            login,
            challenge: None,
        }
    }

    /// What stands there.
    pub(super) async fn get(&mut self) -> Result<Answer, Failure> {
        let answer = self.ask(&Method::GET, None, Bytes::new()).await?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(Failure::Answered(answer.status.as_u16()))
        }
    }

    /// Posts a document; the answer may say in its body what is wrong.
    pub(super) async fn post(
        &mut self,
        content_type: &'static str,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        self.ask(&Method::POST, Some(content_type), body).await
    }

    /// Once, and again when the camera wants to know who we are, or says its nonce anew.
    async fn ask(
        &mut self,
        method: &Method,
        content_type: Option<&'static str>,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let first = self.send(method, content_type, body.clone()).await?;
        if first.status() != StatusCode::UNAUTHORIZED {
            return accepted(first);
        }
        let offered = first.headers().get_all(WWW_AUTHENTICATE).iter();
        let offered = offered.filter_map(|header| header.to_str().ok());
        self.challenge = Challenge::best(offered);
        if self.challenge.is_none() || self.login.is_none() {
            return Err(Failure::Unauthorised);
        }
        // a connection whose answer was not read to its end is not used again
        drop(first);
        accepted(self.send(method, content_type, body).await?)
    }

    async fn send(
        &mut self,
        method: &Method,
        content_type: Option<&'static str>,
        body: Bytes,
    ) -> Result<Response<Incoming>, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(&self.uri)
            .header(USER_AGENT, "cityward");
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        if let (Some(challenge), Some(login)) = (&mut self.challenge, &self.login) {
            let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
            let cnonce = random_secret(CNONCE_BYTES);
            let answer = challenge.answer(login, method.as_str(), path, cnonce.reveal());
            request = request.header(AUTHORIZATION, answer);
        }
        let request = request
            .body(Full::from(body))
            .map_err(|error| Failure::Unreachable(error.to_string()))?;
        timeout(ANSWER_MAX, self.client.request(request))
            .await
            .map_err(|_elapsed| Failure::Late(ANSWER_MAX))?
            .map_err(|error| Failure::Unreachable(reason(&error)))
    }
}

fn accepted(answer: Response<Incoming>) -> Result<Answer, Failure> {
    let status = answer.status();
    let (head, body) = answer.into_parts();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Failure::Unauthorised),
        _ if status.is_redirection() => Err(Failure::Redirected(status.as_u16())),
        _ => Ok(Answer {
            status,
            headers: head.headers,
            body,
        }),
    }
}

impl Answer {
    pub(super) fn content_type(&self) -> &str {
        let value = self.headers.get(CONTENT_TYPE);
        value.and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// By how many seconds the camera's clock is ahead of `now`, to the second, where it says its
    /// time (RFC 9110, section 6.6.1).
    pub(super) fn clock_drift_s(&self, now: DateTime<Utc>) -> Option<f64> {
        let date = self.headers.get(DATE)?.to_str().ok()?;
        let date = DateTime::parse_from_rfc2822(date).ok()?;
        Some((date.to_utc() - now).num_milliseconds() as f64 / 1000.0)
    }

    /// The next bytes within `within`; `None` at the end.
    pub(super) async fn piece(&mut self, within: Duration) -> Result<Option<Bytes>, Failure> {
        loop {
            let frame = timeout(within, self.body.frame())
                .await
                .map_err(|_elapsed| Failure::Stalled(within))?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(Failure::Unreachable(reason(&error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// The whole body, if it is no larger than `bytes_max` and there in time.
    pub(super) async fn whole(mut self, bytes_max: usize) -> Result<Bytes, Failure> {
        let reading = async {
            let mut whole = BytesMut::new();
            while let Some(piece) = self.piece(ANSWER_MAX).await? {
                if whole.len() + piece.len() > bytes_max {
                    return Err(Failure::TooLarge { bytes_max });
                }
                whole.extend_from_slice(&piece);
            }
            Ok(whole.freeze())
        };
        timeout(ANSWER_MAX, reading)
            .await
            .map_err(|_elapsed| Failure::Late(ANSWER_MAX))?
    }
}
