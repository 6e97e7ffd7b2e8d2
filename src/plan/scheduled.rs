//! Whose spot a place will be: the ground of a plan that waits for its date.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::ground::Grounds;
use super::publish::{Ready, Unfit, codes, prepare};
use super::store;
use super::{Plan, publish};
use crate::territory::{Cell, Edition, Redraw, RedrawnCell, Territory};

/// The territory of the plan that waits for its date. One does at a time.
#[derive(Debug)]
pub struct Scheduled {
    machine: PgPool,
    grounds: Arc<Grounds>,
    /// With what it is of: plan, its version, the ground it begins on.
    kept: Mutex<Option<(Key, Arc<Territory>)>>,
}

type Key = (i32, i32, String);

impl Scheduled {
    pub fn new(machine: PgPool, grounds: Arc<Grounds>) -> Self {
        Self {
            machine,
            grounds,
            kept: Mutex::default(),
        }
    }

    /// The territory of a moment from the plan's date on; `None` where no plan waits for a date
    /// before it, or the one that does fits no more. Its new cells have negative ids, and the codes
    /// they would get now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn at(&self, at: DateTime<Utc>) -> anyhow::Result<Option<Arc<Territory>>> {
        let Some(plan) = publish::scheduled_before(&self.machine, at).await? else {
            return Ok(None);
        };
        let Ok(base) = self.grounds.at(None).await else {
            return Ok(None);
        };
        let key = (plan.id, plan.version, base.tag());
        if let Some(territory) = self.known(&key) {
            return Ok(Some(territory));
        }
        let (_, steps) = store::recipe(&self.machine, plan.id).await?;
        let ready = match prepare(&self.grounds, steps).await {
            Ok(ready) => ready,
            Err(Unfit::Plan(_)) => return Ok(None),
            Err(Unfit::Other(error)) => return Err(error),
        };
        let Some(redraw) = self.redraw(&plan, ready).await? else {
            return Ok(None);
        };
        let moment = plan.in_force_from.unwrap_or(at);
        let territory = Territory::load_redrawn(&self.machine, moment, redraw).await?;
        let territory = Arc::new(territory);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((key, Arc::clone(&territory)));
        Ok(Some(territory))
    }

    fn known(&self, key: &Key) -> Option<Arc<Territory>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (of, territory) = kept.as_ref()?;
        (of == key).then(|| Arc::clone(territory))
    }

    async fn redraw(&self, plan: &Plan, ready: Ready) -> anyhow::Result<Option<Redraw>> {
        let (Some(edition_id), Some(in_force_from)) = (plan.edition_id, plan.in_force_from) else {
            return Ok(None);
        };
        let outcome = &ready.outcome;
        let taken = store::taken(&self.machine, &outcome.communities()).await?;
        let codes = codes(outcome, &ready.geometries, &taken);
        let cell_id = |face| Some(ready.base.cells.get(&face)?.cell_id);
        let cells = outcome.cells.iter().zip(codes).zip(&ready.geometries);
        let begun = cells.map(|((cell, code), border)| RedrawnCell {
            cell: Cell {
                id: -i32::try_from(cell.face.0).unwrap_or(i32::MAX),
                code,
                name: cell.kept.as_ref().map_or_else(String::new, |(_, name)| name.clone()),
                edition_id,
            },
            border: border.clone(),
            unit_id: cell.unit_id,
            main_parent: cell.parents.first().and_then(|(face, _)| cell_id(*face)),
        });
        Ok(Some(Redraw {
            edition: Edition {
                id: edition_id,
                note: store::note(&self.machine, edition_id).await?,
                published_at: in_force_from,
            },
            begun: begun.collect(),
            ended: outcome.ended.iter().filter_map(|face| cell_id(*face)).collect(),
            owners: outcome
                .owners
                .iter()
                .filter_map(|owner| Some((cell_id(owner.face)?, owner.after)))
                .collect(),
        }))
    }
}
