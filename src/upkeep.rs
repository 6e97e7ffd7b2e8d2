//! What the service does by itself from time to time, whoever is there.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::cases::reporter::Erased;
use crate::cases::{attachment, original, redaction, reporter};
use crate::http::App;
use crate::journal;
use crate::rules::RuleSet;
use crate::snapshots;
use crate::whereabouts;

/// Between two rounds. Each does only what is due, so that more rounds do no more.
const EVERY: Duration = Duration::from_secs(3600);

/// Between two looks at who is on duty and not heard of.
const WHEREABOUTS_EVERY: Duration = Duration::from_secs(15);

/// Goes its rounds until `stop`; a round that fails is logged, and the next one tries again.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    tokio::join!(go_rounds(&app, &stop), expire_whereabouts(&app, &stop));
}

async fn go_rounds(app: &App, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        round(app).await;
        stop.run_until_cancelled(tokio::time::sleep(EVERY)).await;
    }
}

async fn expire_whereabouts(app: &App, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = whereabouts::expire(&app.machine, app.now()).await {
            tracing::error!(%error, "cannot forget where people were");
        }
        stop.run_until_cancelled(tokio::time::sleep(WHEREABOUTS_EVERY))
            .await;
    }
}

async fn round(app: &App) {
    let now = app.now();
    match attachment::sweep(&app.machine, &app.evidence, now).await {
        Ok(0) => {}
        Ok(files) => tracing::info!(files, "swept pictures nobody used"),
        Err(error) => tracing::error!(error = format!("{error:#}"), "cannot sweep pictures"),
    }
    let days = app.config.privacy.original_days;
    match redaction::give_up(&app.machine, &app.evidence, days, now).await {
        Ok(0) => {}
        Ok(pictures) => {
            tracing::error!(pictures, "pictures could never be made fit; they are gone")
        }
        Err(error) => tracing::error!(error = format!("{error:#}"), "cannot give up pictures"),
    }
    match redaction::sweep(&app.machine, &app.evidence, now).await {
        Ok(0) => {}
        Ok(files) => tracing::info!(files, "swept pictures that were held for nothing"),
        Err(error) => tracing::error!(error = format!("{error:#}"), "cannot sweep held pictures"),
    }
    if let Err(error) = snapshots::sweep(&app.machine, now).await {
        tracing::error!(%error, "cannot forget old sessions of snapshots");
    }
    match erase_originals(app, now).await {
        Ok(0) => {}
        Ok(erased) => tracing::info!(erased, "erased originals of pictures"),
        Err(error) => {
            tracing::error!(
                error = format!("{error:#}"),
                "cannot erase originals of pictures"
            );
        }
    }
    match erase_reporters(&app.machine, &app.rules.in_force(now), now).await {
        Ok(erased) if erased.reporters == 0 => {}
        Ok(erased) => tracing::info!(erased.reporters, "erased personal data nobody needs"),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "cannot erase reporters' data");
        }
    }
}

/// Erases the originals of pictures whose days are over, and those that belong to nothing; leaves a
/// line in the record.
pub async fn erase_originals(app: &App, at: DateTime<Utc>) -> anyhow::Result<usize> {
    let days = app.config.privacy.original_days;
    let swept = original::sweep(&app.machine, &app.evidence, at).await?;
    let erased = original::erase_expired(&app.machine, &app.evidence, days, at).await?;
    if erased + swept > 0 {
        let entry = journal::Entry::of_city("system:retention", at, "picture_original", "erase")
            .because(format!(
                "they were kept for {days} days, or belonged to nothing"
            ))
            .after(json!({ "originals": erased, "of_nothing": swept }));
        journal::record(&app.machine, &entry).await?;
    }
    Ok(erased + swept)
}

/// Erases the personal data of reporters that the policy does not keep any more, and leaves a line
/// in the record.
pub async fn erase_reporters(
    machine: &PgPool,
    rules: &RuleSet,
    at: DateTime<Utc>,
) -> anyhow::Result<Erased> {
    let mut tx = machine.begin().await?;
    let erased = reporter::erase_expired(&mut *tx, rules.policy(), at)
        .await
        .context("cannot erase reporters' data")?;
    if erased.reporters > 0 {
        let entry = journal::Entry::of_city("system:retention", at, "reporter", "erase")
            .because(format!("their cases ended before {}", erased.ended_before))
            .after(json!({ "reporters": erased.reporters }));
        journal::record(&mut *tx, &entry).await?;
    }
    tx.commit().await?;
    Ok(erased)
}
