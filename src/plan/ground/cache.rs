//! Grounds that were asked for lately, so that most questions need no polygons.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use cityward_partition::Frame;
use quick_cache::sync::Cache;
use sqlx::{PgConnection, PgPool};

use super::store::{self, GroundUnit};
use super::{Ground, Span};
use crate::database::at_one_moment;
use crate::plan::store::now;

/// Spans kept in memory: the published one, the bases of open plans, a few that are looked back at.
const GROUNDS_MAX: usize = 8;

/// Why there is no partition of a moment.
#[derive(Debug, thiserror::Error)]
pub enum NoGround {
    #[error("no cell is valid then")]
    NoCells,
    /// Where, as GeoJSON.
    #[error("published cells overlap")]
    Overlaps(String),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for NoGround {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

impl Ground {
    /// Whether the cells that this transaction sees now can be planned on; nothing is written.
    ///
    /// # Errors
    /// When they cannot, or the database does not answer.
    pub(in crate::plan) async fn try_of(tx: &mut PgConnection) -> Result<(), NoGround> {
        let at = now(&mut *tx).await?;
        let frame = store::frame_to_be(&mut *tx, at).await?;
        let frame = frame.ok_or(NoGround::NoCells)?;
        let (valid_from, valid_to) = store::span(&mut *tx, at).await?.ok_or(NoGround::NoCells)?;
        let edition = store::edition(&mut *tx, at).await?;
        let span = Span {
            edition: edition.ok_or(NoGround::NoCells)?,
            valid_from,
            valid_to,
        };
        let cells = store::cells(&mut *tx, &span).await.context("read cells")?;
        let build = move || Self::build(span, frame, cells, HashMap::new());
        let ground = tokio::task::spawn_blocking(build).await;
        ground.map_err(anyhow::Error::from)?.map(|_| ())
    }
}

/// Published ground by moment. Asks the database when the moment's span begins and ends; the
/// polygons are read once a span.
#[derive(Debug)]
pub struct Grounds {
    machine: PgPool,
    /// Once it is known it never changes.
    frame: OnceLock<Frame>,
    kept: Cache<Key, Arc<Ground>>,
}

/// The newest edition used, and from when until when nothing else is valid.
type Key = (i32, DateTime<Utc>, Option<DateTime<Utc>>);

impl Grounds {
    pub fn new(machine: PgPool) -> Self {
        Self {
            machine,
            frame: OnceLock::new(),
            kept: Cache::new(GROUNDS_MAX),
        }
    }

    /// The ground at a moment; now, by the database's clock, when none is given: cells and
    /// responsibilities are valid by it.
    ///
    /// # Errors
    /// When there is none that can be planned on, or the database does not answer.
    pub async fn at(&self, at: Option<DateTime<Utc>>) -> Result<Arc<Ground>, NoGround> {
        let at = match at {
            Some(at) => at,
            None => now(&self.machine).await?,
        };
        let frame = self.frame(at).await?;
        let mut tx = at_one_moment(&self.machine).await?;
        let (valid_from, valid_to) = store::span(&mut tx, at).await?.ok_or(NoGround::NoCells)?;
        let edition = store::edition(&mut tx, at).await?;
        let span = Span {
            edition: edition.ok_or(NoGround::NoCells)?,
            valid_from,
            valid_to,
        };
        let key = (span.edition.id, valid_from, valid_to);
        if let Some(ground) = self.kept.get(&key) {
            return Ok(ground);
        }
        let cells = store::cells(&mut tx, &span).await.context("read cells")?;
        let units = store::units(&mut *tx).await.context("read units")?;
        tx.commit().await?;
        let units = units
            .into_iter()
            .map(|GroundUnit { unit, .. }| (unit.id, unit));
        let units = units.collect();
        let build = move || Ground::build(span, frame, cells, units);
        let ground = tokio::task::spawn_blocking(build)
            .await
            .map_err(anyhow::Error::from)?;
        let ground = Arc::new(ground?);
        self.kept.insert(key, Arc::clone(&ground));
        Ok(ground)
    }

    async fn frame(&self, at: DateTime<Utc>) -> Result<Frame, NoGround> {
        if let Some(frame) = self.frame.get() {
            return Ok(*frame);
        }
        let frame = store::frame(&self.machine, at).await?;
        let frame = frame.ok_or(NoGround::NoCells)?;
        Ok(*self.frame.get_or_init(|| frame))
    }
}
