//! A request of a device: who it is, what it sent, and how it is answered.

use std::net::IpAddr;
use std::time::Instant;

use anyhow::Context as _;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use metrics::counter;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::camera::{BodyProblem, BoundedBody};
use crate::http::{ApiError, App, ClientAddress, OwnAddress};
use crate::telemetry;
use crate::viid::DeviceId;
use crate::viid::device::silence_max;
use crate::viid::digest::{Algorithm, Answer, Ha1, REALM};
use crate::viid::read::Malformed;
use crate::viid::status::{self, Code, Status};
use crate::viid::store::{self, Access, Registered};

/// The standard's own header: who calls, once registered.
const USER_IDENTIFY: &str = "user-identify";
const MEDIA_TYPE: &str = "application/VIID+JSON; charset=utf-8";

/// A smaller body is read where it is; a larger one would keep others waiting.
const READ_IN_PLACE_BYTES_MAX: usize = 4 << 10;
/// Larger bodies that are read at a time: what is read of them takes several times their bytes.
static READERS: Semaphore = Semaphore::const_new(4);

/// A request under `/VIID`.
pub(super) struct Call {
    pub(super) app: App,
    pub(super) headers: HeaderMap,
    pub(super) client: IpAddr,
    /// The address, where it can tell one device from another.
    own: Option<IpAddr>,
    pub(super) now: DateTime<Utc>,
    method: String,
    path: String,
    pub(super) query: String,
}

impl FromRequestParts<App> for Call {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let ClientAddress(client) = ClientAddress::from_request_parts(parts, app).await?;
        let OwnAddress(own) = OwnAddress::from_request_parts(parts, app).await?;
        // what comes from this machine, or from a proxy that does not say for whom, may be anybody's
        let trusted = &app.config.http.trusted_proxies;
        let own = own.filter(|own| !own.is_loopback() && !trusted.contains(own));
        Ok(Self {
            app: app.clone(),
            client,
            own,
            now: app.now(),
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.clone(),
        })
    }
}

/// What a call is answered with when it is in order.
pub(super) enum Reply {
    One(Status),
    Each(Vec<Status>),
    Told(Value),
}

/// Why a call as a whole was not answered as asked.
pub(super) struct Refusal {
    status: StatusCode,
    code: Code,
    text: String,
    /// Asks for digest authentication; whether only the nonce was too old.
    challenge: Option<bool>,
    retry_after_s: Option<u32>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: Code, text: impl Into<String>) -> Self {
        Self {
            status,
            code,
            text: text.into(),
            challenge: None,
            retry_after_s: None,
        }
    }

    fn challenge(text: impl Into<String>, stale: bool) -> Self {
        Self {
            challenge: Some(stale),
            ..Self::new(StatusCode::UNAUTHORIZED, Code::InvalidOperation, text)
        }
    }

    pub(super) fn busy(text: impl Into<String>, retry_after_s: u32) -> Self {
        Self {
            retry_after_s: Some(retry_after_s),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Busy, text)
        }
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            malformed.code(),
            malformed.to_string(),
        )
    }
}

impl From<BodyProblem> for Refusal {
    fn from(problem: BodyProblem) -> Self {
        problem.into_api().into()
    }
}

impl From<ApiError> for Refusal {
    /// What the service could not do is logged by the problem it would be.
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Refused {
                status,
                detail,
                retry_after_s,
                ..
            } => {
                let code = match status {
                    StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Code::Busy,
                    _ => Code::InvalidOperation,
                };
                Self {
                    retry_after_s,
                    ..Self::new(status, code, detail)
                }
            }
            other @ (ApiError::Explained { .. } | ApiError::Internal(_)) => {
                let status = other.into_response().status();
                Self::new(status, Code::OtherError, "the service could not do this")
            }
        }
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        ApiError::from(error).into()
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        ApiError::from(error).into()
    }
}

impl Call {
    /// The answer, in the standard's form.
    pub(super) fn answer(&self, reply: Result<Reply, Refusal>) -> Response {
        let refusal = match reply {
            Ok(Reply::One(one)) => return self.told(&status::one(&one, &self.path, self.now)),
            Ok(Reply::Each(each)) => return self.told(&status::list(&each, &self.path, self.now)),
            Ok(Reply::Told(told)) => return self.told(&told),
            Err(refusal) => refusal,
        };
        let what = Status {
            id: self.said_id().unwrap_or_default().to_owned(),
            code: refusal.code,
            text: refusal.text,
        };
        let mut response = self.told(&status::one(&what, &self.path, self.now));
        *response.status_mut() = refusal.status;
        let headers = response.headers_mut();
        if let Some(stale) = refusal.challenge {
            let nonce = self.app.viid_nonces.issue(self.now);
            // devices look at the first; without spaces, because some cut it apart at commas
            for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
                let stale = if stale { ",stale=true" } else { "" };
                let asked = format!(
                    "Digest realm=\"{REALM}\",qop=\"auth\",nonce=\"{nonce}\",algorithm={}{stale}",
                    algorithm.as_str()
                );
                if let Ok(asked) = HeaderValue::try_from(asked) {
                    headers.append(WWW_AUTHENTICATE, asked);
                }
            }
        }
        if let Some(seconds) = refusal.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn told(&self, body: &Value) -> Response {
        ([(CONTENT_TYPE, MEDIA_TYPE)], body.to_string()).into_response()
    }

    fn said_id(&self) -> Option<&str> {
        self.headers.get(USER_IDENTIFY)?.to_str().ok()
    }

    /// 400 when the call says it is another's than its body.
    pub(super) fn require_own(&self, device: &DeviceId) -> Result<(), Refusal> {
        match self.said_id() {
            Some(said) if said.trim() != device.as_str() => Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                Code::InvalidOperation,
                "User-Identify and DeviceID are not the same",
            )),
            _ => Ok(()),
        }
    }

    /// In whose name a call with the right digest comes; without one it is asked for.
    pub(super) async fn access(&self) -> Result<Access, Refusal> {
        let header = self.headers.get(AUTHORIZATION);
        let answer = header.and_then(|header| Answer::read(header.to_str().ok()?));
        let Some(answer) = answer else {
            return Err(Refusal::challenge("digest authentication is needed", false));
        };
        // counted as wrong until it turns out to be right, so that tries at the same time count too
        self.app.viid_brake.ask(self.client, Instant::now())?;
        let access = store::find_access(&self.app.machine, &answer.username).await?;
        // an unknown name costs the same time as a wrong password
        let nobodys = Ha1 {
            md5: [0; 16],
            sha256: [0; 32],
        };
        let ha1 = access.as_ref().map_or(&nobodys, |access| &access.ha1);
        let knows = answer.is_by(ha1, &self.method);
        let is_right = knows && answer.realm == REALM && answer.is_for(&self.path);
        let Some(access) = access.filter(|_| is_right) else {
            counter!(telemetry::VIID_SIGN_INS, "outcome" => "wrong").increment(1);
            return Err(Refusal::challenge("wrong username or password", false));
        };
        self.app.viid_brake.forgive(self.client);
        let counted = answer.counted.as_ref();
        if !self.app.viid_nonces.spend(&answer.nonce, counted, self.now) {
            counter!(telemetry::VIID_SIGN_INS, "outcome" => "stale").increment(1);
            return Err(Refusal::challenge(
                "the nonce is too old or was used before",
                true,
            ));
        }
        counter!(telemetry::VIID_SIGN_INS, "outcome" => "right").increment(1);
        Ok(access)
    }

    /// Where it calls from, if a device may be known again by that.
    pub(super) fn telling_address(&self) -> Option<IpAddr> {
        self.own
            .filter(|_| self.app.config.viid.viid_address_suffices)
    }

    /// The registered device that calls: from where it registered, or with the digest of its platform.
    pub(super) async fn device(&self) -> Result<Registered, Refusal> {
        let unknown = || Refusal::challenge("not registered, or not heard for too long", false);
        let said = self
            .said_id()
            .and_then(DeviceId::read)
            .ok_or_else(unknown)?;
        let found = store::find_registered(&self.app.machine, said).await?;
        let silence_max = silence_max(self.app.config.viid.viid_keepalive_s);
        let device = found
            .filter(|device| self.now - device.alive_at < silence_max)
            .ok_or_else(unknown)?;
        let told = self.telling_address();
        if told.is_some_and(|address| device.address == address.to_string()) {
            return Ok(device);
        }
        if self.access().await?.platform_id == device.platform_id {
            return Ok(device);
        }
        Err(Refusal::new(
            StatusCode::FORBIDDEN,
            Code::InvalidOperation,
            "the device is another platform's",
        ))
    }

    /// All of the body, within bounds over all calls together.
    pub(super) async fn read(&self, body: Body, bytes_max: usize) -> Result<Whole, Refusal> {
        let encoding = self.headers.get(CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| encoding != "identity") {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Code::InvalidOperation,
                "Content-Encoding: none is taken",
            ));
        }
        let mut body = BoundedBody::new(body, bytes_max, self.app.intake.room());
        match body.bytes().await {
            Ok(bytes) => Ok(Whole {
                bytes,
                _room: body.into_room(),
            }),
            Err(problem) => {
                tokio::spawn(body.linger());
                Err(problem.into())
            }
        }
    }

    /// Listens on to what is refused anyway, so that the device hears the answer.
    pub(super) fn let_go(&self, body: Body, bytes_max: usize) {
        let body = BoundedBody::new(body, bytes_max, self.app.intake.room());
        tokio::spawn(body.linger());
    }
}

/// A body that has come, with the room for its bytes over all calls.
pub(super) struct Whole {
    bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

impl Whole {
    /// What is in it: a large one is read on a thread that may be kept busy.
    pub(super) async fn parse<T: Send + 'static>(
        self,
        read: impl FnOnce(&[u8]) -> Result<T, Malformed> + Send + 'static,
    ) -> Result<T, Refusal> {
        if self.bytes.len() <= READ_IN_PLACE_BYTES_MAX {
            return Ok(read(&self.bytes)?);
        }
        let turn = READERS.acquire().await.context("nobody reads any more")?;
        let reading = tokio::task::spawn_blocking(move || {
            let found = read(&self.bytes);
            drop((self, turn));
            found
        });
        Ok(reading.await.context("reading a body broke off")??)
    }
}
