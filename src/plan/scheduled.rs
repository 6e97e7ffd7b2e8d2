//! Whose spot a place will be: the ground of a plan that waits for its date.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::sync::Mutex;

use super::ground::{Grounds, NoGround};
use super::publish::{Ready, Unfit, codes, prepare};
use super::working::Revision;
use super::{Plan, publish, store};
use crate::territory::{Cell, Edition, LandsMark, Redraw, RedrawnCell, Territory, TerritoryWatch};

/// Territories kept: of units that end one after the other after the plan's date, so many ends.
const KEPT_MAX: usize = 4;

/// The territory of the plan that waits for its date. One does at a time.
#[derive(Debug)]
pub struct Scheduled {
    machine: PgPool,
    grounds: Arc<Grounds>,
    territory: TerritoryWatch,
    /// What was asked for last first, all of one ground.
    kept: Mutex<Vec<Kept>>,
}

/// A territory with what it was made of; none where the plan does not fit the ground any more.
#[derive(Debug)]
struct Kept {
    key: Key,
    territory: Option<Arc<Territory>>,
}

#[derive(Debug, PartialEq)]
struct Key {
    ground: GroundKey,
    /// At the moment that is asked of: the plan's ground stays, units of it may end.
    ended_units: HashSet<i32>,
}

#[derive(Debug, PartialEq)]
struct GroundKey {
    plan: (i32, Revision),
    /// Names the ground the plan begins on.
    base: String,
    present: LandsMark,
}

impl Scheduled {
    pub fn new(machine: PgPool, grounds: Arc<Grounds>, territory: TerritoryWatch) -> Self {
        Self {
            machine,
            grounds,
            territory,
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
        let base = match self.grounds.at(None).await {
            Ok(base) => base,
            Err(NoGround::Other(error)) => return Err(error),
            Err(_none) => return Ok(None),
        };
        let key = Key {
            ground: GroundKey {
                plan: (plan.id, plan.revision()),
                base: base.tag(),
                present: self.territory.now().mark(),
            },
            ended_units: Territory::ended_units(&self.machine, at).await?,
        };
        // one works it out, others wait for it
        let mut kept = self.kept.lock().await;
        kept.retain(|known| known.key.ground == key.ground);
        let known = kept.iter().position(|known| known.key == key);
        let territory = match known {
            Some(known) => kept.remove(known).territory,
            None => self.redrawn(&plan, at, key.ended_units.clone()).await?,
        };
        let present = self.territory.now();
        let territory = territory.map(|known| {
            let moved = known.beside_components_of(&present);
            moved.map_or(known, Arc::new)
        });
        let known = Kept {
            key,
            territory: territory.clone(),
        };
        kept.insert(0, known);
        kept.truncate(KEPT_MAX);
        Ok(territory)
    }

    async fn redrawn(
        &self,
        plan: &Plan,
        at: DateTime<Utc>,
        ended_units: HashSet<i32>,
    ) -> anyhow::Result<Option<Arc<Territory>>> {
        let steps = store::operations(&self.machine, plan.id).await?;
        let ready = match prepare(&self.grounds, steps).await {
            Ok(ready) => ready,
            Err(Unfit::Plan(_)) => return Ok(None),
            Err(Unfit::Other(error)) => return Err(error),
        };
        let Some(redraw) = self.redraw(plan, ready).await? else {
            return Ok(None);
        };
        let moment = plan.in_force_from.unwrap_or(at);
        let present = self.territory.now();
        let redrawn = present.load_redrawn(&self.machine, moment, redraw, ended_units);
        Ok(Some(Arc::new(redrawn.await?)))
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
                name: cell.name.clone(),
                edition_id,
            },
            border: border.clone(),
            duties: { cell.duties.iter() }
                .map(|duty| (duty.classes, duty.unit_id))
                .collect(),
        });
        Ok(Some(Redraw {
            edition: Edition {
                id: edition_id,
                note: store::note(&self.machine, edition_id).await?,
                published_at: in_force_from,
            },
            begun: begun.collect(),
            ended: outcome
                .ended
                .iter()
                .filter_map(|face| cell_id(*face))
                .collect(),
            owners: outcome
                .owners
                .iter()
                .filter_map(|owner| {
                    let handed = owner.handed;
                    Some((cell_id(owner.face)?, handed.classes, handed.unit_id))
                })
                .collect(),
        }))
    }
}
