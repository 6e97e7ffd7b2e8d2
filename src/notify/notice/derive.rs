//! From what happened to who is told.

use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::rule::{self, Draft, Happened};
use super::store;
use crate::http::App;
use crate::notify::follower;

const FOLLOWER: &str = "notice";
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Notices written by one statement.
const NOTICES_AT_A_TIME: usize = 1_000;
/// Notices read at a time for the pages of this process.
const TOLD_AT_A_TIME: u32 = 1_000;
/// Older notices are deleted.
const KEPT: TimeDelta = TimeDelta::days(90);
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// Writes notices and hands new ones to the pages of this process, until `stop`. Of several
/// processes on one database one writes at a time; each hands out.
pub async fn keep_noticing(app: App, stop: CancellationToken) {
    let db = &app.machine;
    let mut told = None;
    let mut forgot = None::<tokio::time::Instant>;
    while !stop.is_cancelled() && !db.is_closed() {
        if let Err(error) = derive(db).await {
            tracing::warn!(error = format!("{error:#}"), "cannot write notices");
        }
        match tell(&app, told).await {
            Ok(number) => told = Some(number),
            Err(error) => tracing::warn!(%error, "cannot read notices"),
        }
        if forgot.is_none_or(|at| at.elapsed() > FORGET_EVERY) {
            forgot = Some(tokio::time::Instant::now());
            if let Err(error) = store::forget(db, app.now() - KEPT).await {
                tracing::warn!(%error, "cannot delete old notices");
            }
        }
        stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await;
    }
}

/// Writes the notices of everything that was committed since the last time; not if another
/// process is doing so.
async fn derive(db: &PgPool) -> anyhow::Result<()> {
    let mut tx = db.begin().await.context("cannot begin to write notices")?;
    let Some(span) = follower::follow(&mut tx, FOLLOWER).await? else {
        return Ok(());
    };
    let happened = store::happened(&mut *tx, &span, &rule::actions()).await?;
    let orders = store::orders_issued(&mut *tx, &span).await?;
    let moved = store::ground_moved(&mut *tx, &span).await?;
    let of_cases = happened.iter().flat_map(Happened::notices);
    let drafts: Vec<Draft> = of_cases
        .chain(orders.iter().flat_map(|order| order.notices()))
        .chain(moved.iter().flat_map(|moved| moved.notices()))
        .collect();
    for drafts in drafts.chunks(NOTICES_AT_A_TIME) {
        store::insert(&mut *tx, drafts).await?;
    }
    follower::proceed(&mut tx, FOLLOWER, &span, !drafts.is_empty()).await?;
    tx.commit().await.context("cannot commit notices")
}

/// Hands out what was written after the notice `told`; returns the newest handed out.
async fn tell(app: &App, told: Option<i64>) -> sqlx::Result<i64> {
    let Some(mut told) = told else {
        return store::newest(&app.machine).await;
    };
    loop {
        let new = store::after(&app.machine, told, TOLD_AT_A_TIME).await?;
        let Some(last) = new.last() else {
            return Ok(told);
        };
        told = last.notice.notice_id;
        app.notices.send(new);
    }
}
