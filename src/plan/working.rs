//! The ground of a plan: its base with the steps in effect, kept while somebody works on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use cityward_partition::{
    Change, Comparison, Difference, FaceId, Limits, Operation, Partition, Refusal, Warning,
};
use quick_cache::sync::Cache;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::ground::Ground;
use super::outcome::changed_by;

/// Plans kept in memory; any other is had again from its base and its steps.
const KEPT_MAX: usize = 32;

/// Plans of which it is remembered which cells they change.
const TOUCHED_MAX: usize = 512;

/// Which state of a plan a ground is of; what was not committed is of none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Revision {
    pub(super) version: i32,
    pub(super) changed_at: DateTime<Utc>,
}

/// A step that cannot be done on this ground.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("step {seq}: {refusal}")]
pub(super) struct Misfit {
    pub(super) seq: i32,
    pub(super) refusal: Refusal,
}

/// A plan's ground while it is worked on.
#[derive(Debug)]
pub(super) struct Working {
    pub(super) base: Arc<Ground>,
    pub(super) partition: Partition,
    /// What the steps in effect changed, in their order.
    changes: Vec<Change>,
    /// Of the base with what it has become.
    comparison: Comparison,
    /// Faces that differ from the base; none while nobody has asked.
    touched: Option<BTreeSet<FaceId>>,
}

impl Working {
    /// Does steps one after another, each with its number.
    ///
    /// # Errors
    /// The first that cannot be done.
    pub(super) fn replay<'a>(
        base: Arc<Ground>,
        steps: impl IntoIterator<Item = &'a (i32, Operation)>,
    ) -> Result<Self, Misfit> {
        let mut working = Self::on(base);
        for (seq, operation) in steps {
            working
                .take(operation)
                .map_err(|refusal| Misfit { seq: *seq, refusal })?;
        }
        Ok(working)
    }

    /// A plan without steps.
    pub(super) fn on(base: Arc<Ground>) -> Self {
        Self {
            partition: base.partition.clone(),
            base,
            changes: Vec::new(),
            comparison: Comparison::default(),
            touched: None,
        }
    }

    /// The faces that each step in effect made, in their order.
    pub(super) fn born(&self) -> Vec<Vec<FaceId>> {
        let born = |change: &Change| {
            let new = change.faces.iter().filter(|edit| edit.before.is_none());
            new.map(|edit| edit.id).collect()
        };
        self.changes.iter().map(born).collect()
    }

    /// The faces of which ground or owner differ from the base, new and gone ones included.
    pub(super) fn touched(&mut self) -> &BTreeSet<FaceId> {
        let (base, now) = (&self.base.partition, &self.partition);
        self.touched.get_or_insert_with(|| {
            let difference = self.comparison.difference(base, now);
            changed_by(&difference, base, now)
        })
    }

    /// The ground that changes hands.
    pub(super) fn difference(&mut self) -> Difference {
        self.comparison
            .difference(&self.base.partition, &self.partition)
    }

    /// Does one more step; returns what to look at.
    ///
    /// # Errors
    /// Why it cannot be done; nothing has changed.
    pub(super) fn take(&mut self, operation: &Operation) -> Result<Vec<Warning>, Refusal> {
        let planned = operation.plan(&self.partition, &Limits::default())?;
        self.partition
            .apply(&planned.change)
            .expect("a change that was planned on this very partition fits it");
        self.comparison.note(&planned.change);
        self.changes.push(planned.change);
        self.touched = None;
        Ok(planned.warnings)
    }

    /// Takes the last step back; `false` where there is none.
    pub(super) fn take_back(&mut self) -> bool {
        let Some(change) = self.changes.pop() else {
            return false;
        };
        let back = change.inverse();
        self.partition
            .apply(&back)
            .expect("the last change can be taken back");
        self.comparison.note(&back);
        self.touched = None;
        true
    }
}

/// One plan's ground, and of which revision; none while it is not known.
type Slot = Mutex<Option<(Revision, Working)>>;

/// Plans that are worked on, one person at a time each.
#[derive(Debug)]
pub struct Workings {
    kept: Cache<i32, Arc<Slot>>,
    /// The cells that plans change, by their last revisions.
    touched: Cache<(i32, i32, DateTime<Utc>), Arc<BTreeSet<FaceId>>>,
}

impl Default for Workings {
    fn default() -> Self {
        Self {
            kept: Cache::new(KEPT_MAX),
            touched: Cache::new(TOUCHED_MAX),
        }
    }
}

/// Whoever sits here works on a plan's ground, and nobody else.
#[derive(Debug)]
pub(super) struct Seat {
    kept: OwnedMutexGuard<Option<(Revision, Working)>>,
    revision: Revision,
    pub(super) base: Arc<Ground>,
    /// In effect, with their numbers, where they have to be done again.
    steps: Vec<(i32, Operation)>,
}

fn is_of((known, working): &(Revision, Working), revision: Revision, base: &Arc<Ground>) -> bool {
    *known == revision && Arc::ptr_eq(&working.base, base)
}

impl Seat {
    /// Whether the ground is not known of this revision: it is had again from its steps.
    pub(super) fn wants_steps(&self) -> bool {
        !{ self.kept.as_ref() }.is_some_and(|kept| is_of(kept, self.revision, &self.base))
    }

    /// The steps of this revision.
    pub(super) fn with_steps(self, steps: Vec<(i32, Operation)>) -> Self {
        Self { steps, ..self }
    }

    /// Works on the plan's ground, apart from the threads that wait. `work` may say of which revision
    /// the ground is afterwards; whoever is not heard of again leaves one that nobody asks for.
    ///
    /// # Errors
    /// A step does not fit the base.
    pub(super) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Revision, &mut Working) -> T + Send + 'static,
    ) -> anyhow::Result<Result<T, Misfit>> {
        let Self {
            mut kept,
            revision,
            base,
            steps,
        } = self;
        let working = tokio::task::spawn_blocking(move || {
            let known = kept.take_if(|kept| is_of(kept, revision, &base));
            let (mut revision, mut working) = match known {
                Some(known) => known,
                None => (revision, Working::replay(base, &steps)?),
            };
            let done = work(&mut revision, &mut working);
            *kept = Some((revision, working));
            Ok(done)
        });
        Ok(working.await?)
    }
}

impl Workings {
    /// The cells that a plan changes, where that was asked of this revision before.
    pub(super) fn touched(&self, id: i32, revision: Revision) -> Option<Arc<BTreeSet<FaceId>>> {
        self.touched
            .get(&(id, revision.version, revision.changed_at))
    }

    pub(super) fn remember_touched(
        &self,
        id: i32,
        revision: Revision,
        faces: &Arc<BTreeSet<FaceId>>,
    ) {
        let key = (id, revision.version, revision.changed_at);
        self.touched.insert(key, Arc::clone(faces));
    }

    /// Waits until nobody else works on a plan's ground.
    pub(super) async fn seat(
        &self,
        plan_id: i32,
        revision: Revision,
        base: Arc<Ground>,
    ) -> anyhow::Result<Seat> {
        let slot = self
            .kept
            .get_or_insert_with(&plan_id, || Ok::<_, anyhow::Error>(Arc::default()))?;
        Ok(Seat {
            kept: slot.lock_owned().await,
            revision,
            base,
            steps: Vec::new(),
        })
    }
}
