//! Confirmed sightings become cases: the same thing again joins its open case, a new thing opens
//! one.
//!
//! The same thing: of the same class, seen within the class's join window, and pinned to the same
//! component or, where not both are pinned, near. While one transaction decides, an advisory lock
//! per class keeps every other process from deciding about that class.
//!
//! A bin that stays full is seen thousands of times a day, so not every sighting is written:
//! - `last_seen_at` and `sighting_count` change once in [`TOUCH_EVERY`];
//! - history gets a `seen_again` when the last entry is a minute old and a tenth of the case's
//!   age: some 70 entries in a day, not 40,000;
//! - a frame is kept as evidence when the case opens, and up to [`EVIDENCE_MAX`] in all: when the
//!   case has stood for 1, 10, 100, 1,000 minutes, or the model is clearly surer than before;
//!   and the first that shows it after a unit reported the case as handled, for whoever checks.

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

use super::confirm::Confirmed;
use super::evidence::Held;
use super::register::start_filing_clock;
use super::{CaseId, CaseRow, EvidenceStore, Sighting, recurrence, redaction, store};
use crate::rules::RuleSet;

/// Within this of the last written sighting another one changes nothing.
const TOUCH_EVERY: TimeDelta = TimeDelta::seconds(2);
/// Pictures kept for one case.
const EVIDENCE_MAX: u32 = 5;
/// How much surer the model must be than in every kept picture to keep one out of turn.
const CONFIDENCE_GAIN: f32 = 0.1;

/// What became of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum CaseChange {
    Opened(CaseRow),
    SeenAgain(CaseRow),
    /// Somebody acted on it.
    Changed(CaseRow),
    /// It belongs to this case, too soon after the last sighting to be worth a word.
    Unchanged(CaseId),
}

impl CaseChange {
    pub fn case_id(&self) -> CaseId {
        match self {
            Self::Opened(row) | Self::SeenAgain(row) | Self::Changed(row) => row.id,
            Self::Unchanged(id) => *id,
        }
    }
}

/// Files all of `confirmed` in one transaction and returns what became of each, in order. On an
/// error nothing is filed.
///
/// New cases are kept to `rules`, get their filing clock and are linked to what was settled at their
/// place; without rules, no clock judges them and nothing is linked.
pub async fn record(
    db: &PgPool,
    evidence: &EvidenceStore,
    confirmed: &[Confirmed],
    rules: Option<&RuleSet>,
    at: DateTime<Utc>,
) -> anyhow::Result<Vec<CaseChange>> {
    let mut changes = Vec::with_capacity(confirmed.len());
    if confirmed.is_empty() {
        return Ok(changes);
    }
    let prepared = prepare(db, evidence, confirmed).await?;
    let mut tx = db.begin().await.context("cannot begin to file cases")?;
    let classes: Vec<&str> = confirmed
        .iter()
        .map(|c| c.sighting.class.as_str())
        .collect();
    store::lock_classes(&mut *tx, &classes).await?;
    for (one, held) in confirmed.iter().zip(prepared) {
        let change = file(&mut tx, evidence, one, held, rules, at)
            .await
            .with_context(|| format!("cannot file a sighting of {}", one.sighting.class))?;
        changes.push(change);
    }
    tx.commit().await.context("cannot commit filed cases")?;
    Ok(changes)
}

/// Holds the pictures that filing is going to want while nothing is locked: the disk has them before
/// the first lock is taken. It is a guess: what turns out otherwise is held inside the transaction, or
/// leaves a file that nobody cites, as a transaction that fails does.
async fn prepare(
    db: &PgPool,
    evidence: &EvidenceStore,
    confirmed: &[Confirmed],
) -> anyhow::Result<Vec<Option<Held>>> {
    let mut prepared = Vec::with_capacity(confirmed.len());
    // what this batch will open itself: the next sighting of it joins
    let mut opening: Vec<&Sighting> = Vec::new();
    for one in confirmed {
        let sighting = &one.sighting;
        let known = store::find_same(db, sighting).await;
        let wanted = match known.context("cannot look for open cases")? {
            Some(case) => case.is_touched_by(one) && case.wants_picture(sighting),
            None if opening.iter().any(|other| other.is_same(sighting)) => false,
            None => {
                opening.push(sighting);
                true
            }
        };
        prepared.push(if wanted {
            Some(evidence.hold(&sighting.picture).await?)
        } else {
            None
        });
    }
    Ok(prepared)
}

async fn file(
    tx: &mut PgConnection,
    evidence: &EvidenceStore,
    confirmed: &Confirmed,
    held: Option<Held>,
    rules: Option<&RuleSet>,
    at: DateTime<Utc>,
) -> anyhow::Result<CaseChange> {
    let sighting = &confirmed.sighting;
    let Some(case) = store::find_same(&mut *tx, sighting).await? else {
        let id = store::insert_case(&mut *tx, confirmed, at).await?;
        let mut recurrence_of = None;
        if let Some(rules) = rules {
            start_filing_clock(tx, id, rules, at).await?;
            let radius_m = sighting.join_radius_m();
            recurrence_of = recurrence::link(tx, id, radius_m, rules, at).await?;
        }
        let evidence_id = keep_picture(tx, evidence, id, sighting, held).await?;
        store::insert_opened(&mut *tx, id, confirmed, evidence_id, recurrence_of, at).await?;
        return Ok(CaseChange::Opened(store::row(&mut *tx, id).await?));
    };
    if !case.is_touched_by(confirmed) {
        return Ok(CaseChange::Unchanged(case.id));
    }
    store::touch_case(&mut *tx, case.id, confirmed).await?;
    let evidence_id = if case.wants_picture(sighting) {
        Some(keep_picture(tx, evidence, case.id, sighting, held).await?)
    } else {
        None
    };
    if evidence_id.is_some() || case.wants_history(at) {
        store::insert_seen_again(&mut *tx, case.id, sighting, evidence_id, at).await?;
    }
    Ok(CaseChange::SeenAgain(store::row(&mut *tx, case.id).await?))
}

/// The file is safe on the disk before the row that cites it is.
async fn keep_picture(
    tx: &mut PgConnection,
    evidence: &EvidenceStore,
    case: CaseId,
    sighting: &Sighting,
    held: Option<Held>,
) -> anyhow::Result<i64> {
    let held = match held {
        Some(held) => held,
        None => evidence.hold(&sighting.picture).await?,
    };
    let evidence_id = store::insert_evidence(&mut *tx, case, sighting).await?;
    redaction::await_it(tx, evidence_id, &held, sighting.about()).await?;
    Ok(evidence_id)
}

/// What must be known of an open case to decide what another sighting of it is worth.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OpenCase {
    pub(super) id: CaseId,
    pub(super) opened_at: DateTime<Utc>,
    pub(super) first_seen_at: DateTime<Utc>,
    pub(super) last_seen_at: DateTime<Utc>,
    pub(super) pictures: u32,
    /// Of the pictures kept, the best.
    pub(super) confidence_max: f32,
    pub(super) last_event_at: DateTime<Utc>,
    pub(super) newest_picture_at: Option<DateTime<Utc>>,
    /// When a unit last reported it as handled.
    pub(super) reported_at: Option<DateTime<Utc>>,
}

impl OpenCase {
    fn is_touched_by(&self, confirmed: &Confirmed) -> bool {
        confirmed.sighting.captured_at >= self.last_seen_at + TOUCH_EVERY
            || confirmed.first_seen_at <= self.first_seen_at - TOUCH_EVERY
    }

    fn wants_picture(&self, sighting: &Sighting) -> bool {
        if self.refutes(sighting.captured_at) {
            return true;
        }
        if self.pictures >= EVIDENCE_MAX {
            return false;
        }
        let stood_for = sighting.captured_at - self.first_seen_at;
        let its_turn = TimeDelta::minutes(10_i64.pow(self.pictures.saturating_sub(1)));
        stood_for >= its_turn || sighting.confidence >= self.confidence_max + CONFIDENCE_GAIN
    }

    /// Whether a sighting of this time is the first since a unit reported the case as handled.
    fn refutes(&self, captured_at: DateTime<Utc>) -> bool {
        self.reported_at.is_some_and(|reported| {
            captured_at > reported
                && self
                    .newest_picture_at
                    .is_none_or(|newest| newest <= reported)
        })
    }

    fn wants_history(&self, at: DateTime<Utc>) -> bool {
        let tenth_of_age = (at - self.opened_at) / 10;
        at - self.last_event_at >= tenth_of_age.max(TimeDelta::minutes(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case() -> OpenCase {
        let opened_at = DateTime::UNIX_EPOCH;
        OpenCase {
            id: CaseId(1),
            opened_at,
            first_seen_at: opened_at,
            last_seen_at: opened_at,
            pictures: 1,
            confidence_max: 0.8,
            last_event_at: opened_at,
            newest_picture_at: None,
            reported_at: None,
        }
    }

    #[test]
    fn the_first_sighting_after_a_report_is_kept_whatever_is_kept_already() {
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        let mut case = case();
        case.newest_picture_at = Some(at(30));
        assert!(!case.refutes(at(70)));
        case.reported_at = Some(at(60));
        assert!(!case.refutes(at(50)));
        assert!(case.refutes(at(70)));
        case.newest_picture_at = Some(at(70));
        assert!(!case.refutes(at(80)));
    }

    /// Feeds `case` what a camera sees once a second for `seconds`; returns how many entries
    /// its history got.
    fn history_entries(seconds: i64) -> usize {
        let mut case = case();
        let mut entries = 0;
        for second in 0..seconds {
            let at = case.opened_at + TimeDelta::seconds(second);
            if case.wants_history(at) {
                case.last_event_at = at;
                entries += 1;
            }
        }
        entries
    }

    #[test]
    fn history_of_a_lasting_case_grows_slowly() {
        assert_eq!(history_entries(59), 0);
        assert_eq!(history_entries(61), 1);
        assert_eq!(history_entries(601), 10);
        let day = history_entries(86_400);
        assert!((50..=80).contains(&day), "{day} entries in a day");
    }
}
