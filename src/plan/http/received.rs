//! A file of cells that comes in: put aside within bounds, and what is said where it is no use.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use axum::body::Body;
use axum::http::StatusCode;
use futures::StreamExt as _;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::{REASON_CHARS_MAX, TITLE_CHARS_MAX};
use crate::http::ApiError;
use crate::import::{Crs, FileOptions, Outcome, Report};

/// Of a file; a million vertices are 40 MB.
const FILE_BYTES_MAX: usize = 64 << 20;
/// From the first byte of a file to the last.
const READ_MAX: Duration = Duration::from_secs(300);
/// Rows that are wrong and told one by one.
const ROWS_TOLD_MAX: usize = 20;
/// How JSON writes the one character that no text of the database holds.
const NUL_IN_JSON: &[u8] = b"\\u0000";

/// One file at a time is read; more wait.
static PLACES: Semaphore = Semaphore::const_new(1);

/// A GeoJSON file on this machine, until this is dropped; the next one is read then.
pub(super) struct Received {
    path: PathBuf,
    _folder: TempDir,
    _place: SemaphorePermit<'static>,
}

impl Received {
    /// Puts aside what comes in, as far as it is not too much and not too slow.
    pub(super) async fn from(body: Body) -> Result<Self, ApiError> {
        let place = PLACES.acquire().await.map_err(anyhow::Error::from)?;
        let folder = tempfile::tempdir().context("make a folder for the file")?;
        let received = Self {
            path: folder.path().join("cells.geojson"),
            _folder: folder,
            _place: place,
        };
        received.put_aside(body).await?;
        Ok(received)
    }

    async fn put_aside(&self, body: Body) -> Result<(), ApiError> {
        let until = Instant::now() + READ_MAX;
        let file = File::create(&self.path).await;
        let mut file = file.context("put the file aside")?;
        let (mut pieces, mut left) = (body.into_data_stream(), FILE_BYTES_MAX);
        loop {
            let piece = timeout_at(until, pieces.next()).await.map_err(|_late| {
                let detail = format!("the file did not come within {} s", READ_MAX.as_secs());
                ApiError::refused(StatusCode::REQUEST_TIMEOUT, "body-too-slow", detail)
            })?;
            let Some(piece) = piece else {
                break;
            };
            let piece = piece.map_err(|_broken| ApiError::field("body", "the file broke off"))?;
            left = left.checked_sub(piece.len()).ok_or_else(|| {
                let detail = format!("at most {FILE_BYTES_MAX} bytes");
                ApiError::refused(StatusCode::PAYLOAD_TOO_LARGE, "body-not-read", detail)
            })?;
            file.write_all(&piece).await.context("put the file aside")?;
        }
        Ok(file.flush().await.context("put the file aside")?)
    }

    /// How to read it. Blocks.
    ///
    /// # Errors
    /// It holds what the database cannot.
    pub(super) fn options(&self, source: &str) -> anyhow::Result<FileOptions> {
        let bytes = std::fs::read(&self.path).context("read the file")?;
        let mut parts = bytes.windows(NUL_IN_JSON.len());
        anyhow::ensure!(
            !parts.any(|part| part == NUL_IN_JSON),
            "a text contains the character U+0000"
        );
        Ok(FileOptions {
            file: self.path.clone(),
            crs: Some(Crs::Wgs84),
            source: Some(source.to_owned()),
            ..FileOptions::default()
        })
    }
}

/// What a file is called and why it comes; 400 where either is missing or too long.
pub(super) fn check_naming(source: &str, reason: &str) -> Result<(String, String), ApiError> {
    let source = super::held::check_text("source", source, TITLE_CHARS_MAX)?;
    let reason = super::held::check_text("reason", reason, REASON_CHARS_MAX)?;
    Ok((source.to_owned(), reason.to_owned()))
}

/// 422 with more about it.
pub(super) fn cells_not_taken(detail: impl Into<String>, more: Map<String, Value>) -> ApiError {
    ApiError::Explained {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind: "cells-not-taken",
        detail: detail.into(),
        more,
    }
}

/// 422: what is wrong with rows, by their numbers.
pub(super) fn rows_not_taken(wrong: usize, rows: impl Iterator<Item = Value>) -> ApiError {
    let told = rows.take(ROWS_TOLD_MAX).collect();
    let more = Map::from_iter([("rows".to_owned(), told)]);
    cells_not_taken(format!("{wrong} rows are wrong"), more)
}

/// [`rows_not_taken`], of a report.
pub(super) fn not_taken(report: &Report) -> ApiError {
    let rows = report.rows.iter();
    let refused = rows.filter(|row| row.outcome == Outcome::Refused);
    let told = refused.map(|row| json!({ "number": row.number, "id": row.id, "why": row.why }));
    rows_not_taken(report.refused(), told)
}

/// 422: where cells overlap, as a GeoJSON collection.
pub(super) fn overlapping(detail: String, places: &str) -> ApiError {
    let defects = serde_json::from_str(places).unwrap_or_default();
    cells_not_taken(detail, Map::from_iter([("defects".to_owned(), defects)]))
}
