//! A plan's date has come: its ground is in force, or it is a draft again.
//!
//! All of it is one transaction, so that whoever looks sees the ground before or the ground after.
//! Rows end and others begin; nothing that was is changed. Readers wait for nothing, and neither
//! does whoever files a case: cells are locked against those who write cells, cases only while
//! they are written, last.

mod codes;
mod rehome;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use cityward_partition::{FaceId, Operation};
use serde_json::json;
use sqlx::{PgConnection, Postgres, Transaction};
use tokio_util::sync::CancellationToken;

use super::duty::{Handed, handed};
use super::finding::{Severity, codes_used_up, findings};
use super::ground::{Ground, Grounds, NoGround, cell_geometry};
use super::outcome::Outcome;
use super::working::Working;
use super::{Plan, PlanState};
use crate::catalogue::ClassScope;
use crate::http::App;
use crate::import::{end_duties, lock_ground};
use crate::journal::{self, Entry};
use crate::notify::UnitMoved;
use crate::organisation;
use crate::rules;
pub(super) use codes::codes;
use rehome::Rehomed;
use store::NewRow;
pub(super) use store::scheduled_before;

/// Between two looks for a plan whose date has come.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Between two looks for cases that were filed by the ground before.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Who reads the ground may be behind for so long; cases that are filed by it meanwhile follow.
const STRAGGLE: chrono::TimeDelta = chrono::TimeDelta::minutes(10);

/// Publishes what is due until `stop`. Of several processes one does it.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    // cells may have been written while no service ran
    let mut behind = true;
    let mut swept: Option<tokio::time::Instant> = None;
    while !stop.is_cancelled() && !app.machine.is_closed() {
        if swept.is_none_or(|swept| swept.elapsed() > SWEEP_EVERY) {
            swept = Some(tokio::time::Instant::now());
            let done = if behind {
                catch_up(&app).await
            } else {
                sweep_lately(&app).await
            };
            match done {
                Ok(()) => behind = false,
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "cannot re-home cases");
                }
            }
        }
        if let Err(error) = round(&app).await {
            tracing::error!(error = format!("{error:#}"), "cannot publish a plan");
        }
        stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await;
    }
}

/// Publishes the plan whose date has come, if there is one and nobody else is at it.
///
/// # Errors
/// When the database does not do its part; the plan is due still.
pub(super) async fn round(app: &App) -> anyhow::Result<()> {
    let Some(plan) = store::due(&app.machine).await? else {
        return Ok(());
    };
    let steps = super::store::operations(&app.machine, plan.id).await?;
    tracing::info!(plan = plan.id, steps = steps.len(), "publishing a plan");
    match prepare(&app.grounds, steps).await {
        Ok(ready) => put_in_force(app, &plan, ready).await,
        Err(Unfit::Plan(why)) => send_back(app, plan, &why).await,
        Err(Unfit::Other(error)) => Err(error),
    }
}

/// What can be worked out before anything is locked.
pub(super) struct Ready {
    pub(super) base: Arc<Ground>,
    pub(super) outcome: Outcome,
    /// Of the outcome's cells, degrees.
    pub(super) geometries: Vec<geo_types::MultiPolygon<f64>>,
}

/// Why a plan is not published.
pub(super) enum Unfit {
    /// It does not fit the ground any more.
    Plan(String),
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Unfit {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// Does a plan's steps on the ground as it is now: something else may have been published since it
/// was approved.
pub(super) async fn prepare(
    grounds: &Grounds,
    steps: Vec<(i32, Operation)>,
) -> Result<Ready, Unfit> {
    let base = match grounds.at(None).await {
        Ok(base) => base,
        Err(NoGround::Other(error)) => return Err(Unfit::Other(error)),
        Err(none) => return Err(Unfit::Plan(none.to_string())),
    };
    let work = move || {
        let working = Working::replay(base, &steps).map_err(|misfit| misfit.to_string())?;
        let (base, after) = (&*working.base, &working.partition);
        let outcome = Outcome::of(base, after);
        let errors = findings(base, after, &outcome).into_iter();
        if let Some(error) = { errors }.find(|finding| finding.severity == Severity::Error) {
            return Err(error.detail);
        }
        let border = |face: FaceId| cell_geometry(&base.frame, after, face);
        Ok(Ready {
            geometries: outcome.cells.iter().map(|cell| border(cell.face)).collect(),
            base: Arc::clone(&working.base),
            outcome,
        })
    };
    let ready = tokio::task::spawn_blocking(work).await;
    ready.map_err(anyhow::Error::from)?.map_err(Unfit::Plan)
}

async fn put_in_force(app: &App, plan: &Plan, ready: Ready) -> anyhow::Result<()> {
    let mut tx = app.machine.begin().await?;
    let Some(held) = hold(&mut tx, plan).await? else {
        return Ok(());
    };
    let edition_id = held.edition_id.context("an approved plan has an edition")?;
    lock_ground(&mut tx).await?;
    let now = super::store::now(&mut *tx).await?;
    if store::last_change(&mut tx, now).await? != Some(ready.base.span.valid_from) {
        tracing::info!(
            plan = plan.id,
            "the ground changed meanwhile; the plan is looked at again"
        );
        return Ok(());
    }
    // nothing begins at or after the moment at which it ends
    let from = held
        .in_force_from
        .filter(|from| ready.base.span.valid_from < *from)
        .unwrap_or(now);
    let publication = Publication {
        edition_id,
        from,
        ready,
    };
    if let Err(why) = publication.write(&mut tx).await? {
        drop(tx);
        return send_back(app, held, &why).await;
    }
    store::mark_written(&mut tx, edition_id, from).await?;
    let rehomed = rehome::rehome(&mut tx, edition_id, from).await?;
    let mut published = held;
    published.state = PlanState::InForce;
    published.changed_at = now;
    super::store::update(&mut tx, &published).await?;
    record(&mut tx, app.now(), &published, &publication, &rehomed).await?;
    tx.commit().await?;
    let moved = rehomed.len();
    tracing::info!(
        plan = plan.id,
        edition_id,
        cases = moved,
        "a plan is in force"
    );
    Ok(())
}

/// The plan, until the transaction ends; `None`: it is not as it was.
async fn hold(
    tx: &mut Transaction<'static, Postgres>,
    seen: &Plan,
) -> anyhow::Result<Option<Plan>> {
    if !store::lock(tx, seen.id).await? {
        return Ok(None);
    }
    let plan = super::store::find(&mut **tx, seen.id).await?;
    Ok(plan.filter(|plan| plan.revision() == seen.revision()))
}

/// Gives a plan that does not fit back to those who write it.
async fn send_back(app: &App, seen: Plan, why: &str) -> anyhow::Result<()> {
    let mut tx = app.machine.begin().await?;
    let Some(mut plan) = hold(&mut tx, &seen).await? else {
        return Ok(());
    };
    let now = super::store::now(&mut *tx).await?;
    if let Some(edition) = plan.edition_id {
        super::store::withdraw_edition(&mut *tx, edition, now).await?;
    }
    plan.back_to_draft(why);
    plan.changed_at = now;
    super::store::update(&mut tx, &plan).await?;
    let entry = Entry::of_city(
        "system:plans",
        app.now(),
        format!("plan:{}", plan.id),
        "send_back",
    )
    .because(why)
    .after(json!({ "state": plan.state }));
    journal::record(&mut *tx, &entry).await?;
    tx.commit().await?;
    tracing::warn!(
        plan = plan.id,
        why,
        "a plan does not fit the ground and is a draft again"
    );
    Ok(())
}

/// What units get and lose, by unit.
#[derive(Default)]
struct Moved(BTreeMap<i32, UnitMoved>);

impl Moved {
    fn of(&mut self, unit_id: i32) -> &mut UnitMoved {
        self.0.entry(unit_id).or_insert(UnitMoved {
            unit_id,
            cells_gained: 0,
            cells_lost: 0,
            duties_gained: 0,
            duties_lost: 0,
            cases_gained: 0,
            cases_lost: 0,
        })
    }

    /// Of one cell.
    fn count(&mut self, handed: &[Handed]) {
        for one in handed.iter().filter(|one| one.from_unit != one.to_unit) {
            let is_of_all = one.classes == ClassScope::All;
            if let Some(unit) = one.from_unit {
                let unit = self.of(unit);
                unit.cells_lost += u32::from(is_of_all);
                unit.duties_lost += u32::from(!is_of_all);
            }
            if let Some(unit) = one.to_unit {
                let unit = self.of(unit);
                unit.cells_gained += u32::from(is_of_all);
                unit.duties_gained += u32::from(!is_of_all);
            }
        }
    }
}

/// What is written, from which moment on.
struct Publication {
    edition_id: i32,
    from: DateTime<Utc>,
    ready: Ready,
}

impl Publication {
    fn cell_id(&self, face: FaceId) -> Option<i32> {
        Some(self.ready.base.cells.get(&face)?.cell_id)
    }

    /// Ends and begins cells, with what hangs on them; says why not where codes are used up or a unit has
    /// ended.
    async fn write(&self, tx: &mut PgConnection) -> anyhow::Result<Result<(), String>> {
        let outcome = &self.ready.outcome;
        let taken = super::store::taken(&mut *tx, &outcome.communities()).await?;
        if let Some(used_up) = codes_used_up(outcome, &taken).into_iter().next() {
            return Ok(Err(used_up.detail));
        }
        // it may have ended since the plan was approved
        let present = organisation::present(&mut *tx, self.from, false).await?;
        let mut given = outcome.given(&self.ready.base).into_iter();
        if let Some((_, duty)) = given.find(|(_, duty)| !present.contains(&duty.unit_id)) {
            return Ok(Err(format!("unit {} is not there any more", duty.unit_id)));
        }
        let codes = codes(outcome, &self.ready.geometries, &taken);
        let ended: Vec<i32> = outcome
            .ended
            .iter()
            .filter_map(|face| self.cell_id(*face))
            .collect();
        let (edition, from) = (self.edition_id, self.from);
        store::end_cells(tx, edition, from, &ended).await?;
        let rows = outcome.cells.iter().zip(&codes).zip(&self.ready.geometries);
        let rows: Vec<NewRow<'_>> = rows
            .map(|((cell, code), border)| NewRow {
                code,
                name: &cell.name,
                border,
                duties: &cell.duties,
                was: self.cell_id(cell.face),
                main_parent: cell
                    .parents
                    .first()
                    .and_then(|(face, _)| self.cell_id(*face)),
            })
            .collect();
        let begun = store::begin_cells(tx, edition, from, &rows).await?;
        store::hand_down(tx, edition, from, &begun, &rows).await?;
        end_duties(tx, edition, from, &ended).await?;
        let owners: Vec<(i32, Handed)> = outcome
            .owners
            .iter()
            .filter_map(|owner| Some((self.cell_id(owner.face)?, owner.handed)))
            .collect();
        store::hand_over(tx, edition, from, &owners).await?;
        let lineage: Vec<(i32, i32, f64)> = outcome
            .cells
            .iter()
            .zip(&begun)
            .flat_map(|(cell, child)| {
                let parents = cell.parents.iter();
                parents.filter_map(|(face, area_m2)| Some((self.cell_id(*face)?, *child, *area_m2)))
            })
            .collect();
        store::insert_lineage(tx, edition, &lineage).await?;
        let new = { outcome.cells.iter() }.zip(&begun);
        let new = new.map(|(cell, id)| (*id, true, cell.new_m2));
        let given_up = outcome.given_up.iter();
        let given_up =
            given_up.filter_map(|(face, area_m2)| Some((self.cell_id(*face)?, false, *area_m2)));
        let outside: Vec<(i32, bool, f64)> = new.chain(given_up).collect();
        store::insert_outside(tx, edition, &outside).await?;
        rules::pass_on_precedents(tx, edition, from).await?;
        Ok(Ok(()))
    }

    /// Cells, and classes of them, that change their unit.
    fn moved(&self) -> Moved {
        let mut moved = Moved::default();
        let (base, outcome) = (&self.ready.base, &self.ready.outcome);
        for cell in &outcome.cells {
            moved.count(&handed(&base.duties(cell.face), &cell.duties));
        }
        let begun: BTreeSet<FaceId> = outcome.cells.iter().map(|cell| cell.face).collect();
        for face in outcome.ended.iter().filter(|face| !begun.contains(face)) {
            moved.count(&handed(&base.duties(*face), &[]));
        }
        for owner in &outcome.owners {
            moved.count(&[owner.handed]);
        }
        moved
    }
}

/// The line in the record, from which units are told.
async fn record(
    tx: &mut PgConnection,
    at: DateTime<Utc>,
    plan: &Plan,
    publication: &Publication,
    rehomed: &[Rehomed],
) -> sqlx::Result<()> {
    let mut moved = publication.moved();
    for case in rehomed.iter().filter(|case| case.from_unit != case.to_unit) {
        if let Some(unit) = case.from_unit {
            moved.of(unit).cases_lost += 1;
        }
        if let Some(unit) = case.to_unit {
            moved.of(unit).cases_gained += 1;
        }
    }
    let units: Vec<UnitMoved> = moved.0.into_values().collect();
    let outcome = &publication.ready.outcome;
    let entry = Entry::of_city(
        "system:plans",
        at,
        format!("plan:{}", plan.id),
        "put_in_force",
    )
    .after(json!({
        "edition_id": publication.edition_id,
        "title": plan.title,
        "in_force_from": publication.from,
        "cells_ended": outcome.ended.len(),
        "cells_begun": outcome.cells.len(),
        "owners_changed": outcome.owners.len(),
        "cases": rehomed.len(),
        "units": units,
    }));
    journal::record(tx, &entry).await
}

/// Has open cases follow whatever was written, one edition after the other.
async fn catch_up(app: &App) -> anyhow::Result<()> {
    while sweep(app, store::left_behind(&app.machine).await?).await? > 0 {}
    sweep(app, store::newest_written(&app.machine).await?).await?;
    Ok(())
}

/// Cases that were filed by the ground before, when the ground after was in force already.
async fn sweep_lately(app: &App) -> anyhow::Result<()> {
    sweep(app, store::written_since(&app.machine, STRAGGLE).await?).await?;
    Ok(())
}

/// Gives open cases their place by these editions; returns how many changed.
async fn sweep(app: &App, written: Vec<(i32, DateTime<Utc>)>) -> anyhow::Result<usize> {
    let mut swept = 0;
    for (edition_id, from) in written {
        let mut tx = app.machine.begin().await?;
        let rehomed = rehome::rehome(&mut tx, edition_id, from).await?;
        tx.commit().await?;
        swept += rehomed.len();
        if !rehomed.is_empty() {
            tracing::info!(
                edition_id,
                cases = rehomed.len(),
                "re-homed cases filed late"
            );
        }
    }
    Ok(swept)
}
