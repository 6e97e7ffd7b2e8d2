//! Reading what a platform sends: bounded in bytes, in time, and over all requests together.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::http::ApiError;

/// From the end of the headers to the end of the body.
const READ_MAX: Duration = Duration::from_secs(30);
/// How long what a refused client still sends is listened to, so that it hears the answer.
pub(super) const LINGER_MAX: Duration = Duration::from_secs(2);

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyProblem {
    #[error("the body is larger than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
    #[error("the body did not come within {} s", READ_MAX.as_secs())]
    TooSlow,
    #[error("the body broke off")]
    BrokeOff,
    #[error("too many frames are being received at this moment")]
    NoRoom,
}

impl BodyProblem {
    pub(crate) fn into_api(self) -> ApiError {
        let detail = self.to_string();
        match self {
            Self::TooLarge { .. } => {
                ApiError::refused(StatusCode::PAYLOAD_TOO_LARGE, "frame-too-large", detail)
            }
            Self::TooSlow => {
                ApiError::refused(StatusCode::REQUEST_TIMEOUT, "body-too-slow", detail)
            }
            Self::BrokeOff => ApiError::field("body", detail),
            Self::NoRoom => super::frames::queue_full(detail, 1),
        }
    }
}

/// A body that ends with a problem when it breaks a bound. Holds room for the bytes it let
/// through until it is dropped.
pub(crate) struct BoundedBody {
    body: axum::body::BodyDataStream,
    until: Instant,
    left: usize,
    bytes_max: usize,
    room: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
}

impl BoundedBody {
    /// `room` has one permit per byte that may be in memory over all requests.
    pub(crate) fn new(body: Body, bytes_max: usize, room: Arc<Semaphore>) -> Self {
        Self {
            body: body.into_data_stream(),
            until: Instant::now() + READ_MAX,
            left: bytes_max,
            bytes_max,
            room,
            held: None,
        }
    }

    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Option<Result<Bytes, BodyProblem>> {
        let piece = match timeout_at(self.until, self.body.next()).await {
            Err(_elapsed) => return Some(Err(BodyProblem::TooSlow)),
            Ok(None) => return None,
            Ok(Some(Err(_broken))) => return Some(Err(BodyProblem::BrokeOff)),
            Ok(Some(Ok(piece))) => piece,
        };
        Some(self.count(piece.len()).map(|()| piece))
    }

    fn count(&mut self, bytes: usize) -> Result<(), BodyProblem> {
        self.left = self.left.checked_sub(bytes).ok_or(BodyProblem::TooLarge {
            bytes_max: self.bytes_max,
        })?;
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.room).try_acquire_many_owned(permits);
        let permit = permit.map_err(|_full| BodyProblem::NoRoom)?;
        match &mut self.held {
            Some(held) => held.merge(permit),
            held => *held = Some(permit),
        }
        Ok(())
    }

    /// All of it.
    pub(crate) async fn bytes(&mut self) -> Result<Bytes, BodyProblem> {
        let mut all = BytesMut::new();
        while let Some(piece) = self.next().await {
            all.extend_from_slice(&piece?);
        }
        Ok(all.freeze())
    }

    /// The room for what was read, to be held for as long as that is worked with.
    pub(crate) fn into_room(self) -> Option<OwnedSemaphorePermit> {
        self.held
    }

    /// Listens on for a moment without keeping anything: a client that is still sending would
    /// otherwise see its connection break instead of the answer.
    pub(crate) async fn linger(mut self) {
        let until = Instant::now() + LINGER_MAX;
        let mut bytes_left = self.bytes_max;
        while let Ok(Some(Ok(piece))) = timeout_at(until, self.body.next()).await {
            match bytes_left.checked_sub(piece.len()) {
                Some(left) => bytes_left = left,
                None => break,
            }
        }
    }

    /// As a stream for a parser that knows nothing of bounds; the first problem is also left in
    /// `problem`.
    pub(crate) fn into_stream(
        self,
        problem: Arc<OnceLock<BodyProblem>>,
    ) -> impl Stream<Item = Result<Bytes, BodyProblem>> {
        futures::stream::unfold((self, problem), |(mut body, problem)| async {
            let piece = body.next().await?;
            let piece = piece.inspect_err(|found| {
                problem.get_or_init(|| *found);
            });
            Some((piece, (body, problem)))
        })
    }
}
