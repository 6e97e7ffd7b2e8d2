//! Proves that the record is whole, or names the first thing that is not.

use std::fmt;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;

use super::hash::{Hash, Seal};
use super::store;
use crate::database::at_one_moment;

/// Seals looked at together.
const SEALS_AT_A_TIME: u32 = 1_000;

/// What was looked at, and whether it holds.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Verdict {
    pub ok: bool,
    /// Rows of the histories of all cases.
    pub case_events: u64,
    /// Rows of the record of everything else.
    pub audit_entries: u64,
    pub seals: u64,
    /// Whoever notes it can later prove that the record was not rewritten as a whole.
    pub last_seal: Option<LastSeal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_break: Option<Break>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LastSeal {
    pub number: i64,
    pub at: DateTime<Utc>,
    /// Hexadecimal.
    pub hash: String,
}

/// The first place where the record does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Break {
    /// The row is not what its hash was made of.
    EventChanged { event_id: i64, case_id: i64 },
    /// The row before it in its case is missing, or another.
    EventUnlinked { event_id: i64, case_id: i64 },
    /// The row is not what its hash was made of.
    EntryChanged { entry_id: i64 },
    /// The row before it is missing, or another.
    EntryUnlinked { entry_id: i64 },
    /// The seal is not what its hash was made of, or does not follow the one before it.
    SealBroken { seal: i64 },
    /// The seal counted this row of a case's history; it is not there.
    EventMissing { seal: i64, event_id: i64 },
    /// The seal counted this entry; it is not there.
    EntryMissing { seal: i64, entry_id: i64 },
    /// The rows in the seal's span are not those that it closed.
    RowsReplaced { seal: i64 },
    /// A seal that somebody noted is another now, or gone.
    NotedSealGone { seal: i64 },
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EventChanged { event_id, case_id } => {
                write!(f, "event {event_id} of case {case_id} was changed")
            }
            Self::EventUnlinked { event_id, case_id } => write!(
                f,
                "before event {event_id} of case {case_id} an event is missing or was replaced"
            ),
            Self::EntryChanged { entry_id } => write!(f, "audit entry {entry_id} was changed"),
            Self::EntryUnlinked { entry_id } => write!(
                f,
                "before audit entry {entry_id} an entry is missing or was replaced"
            ),
            Self::SealBroken { seal } => {
                write!(
                    f,
                    "seal {seal} was changed or does not follow the one before it"
                )
            }
            Self::EventMissing { seal, event_id } => {
                write!(
                    f,
                    "case event {event_id}, closed by seal {seal}, is missing"
                )
            }
            Self::EntryMissing { seal, entry_id } => {
                write!(
                    f,
                    "audit entry {entry_id}, closed by seal {seal}, is missing"
                )
            }
            Self::RowsReplaced { seal } => {
                write!(
                    f,
                    "the rows that seal {seal} closed are not those that are there"
                )
            }
            Self::NotedSealGone { seal } => {
                write!(f, "seal {seal} is not the one that was noted, or is gone")
            }
        }
    }
}

/// A seal as somebody noted it: number and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedSeal {
    pub number: i64,
    /// Hexadecimal, lower case.
    pub hash: String,
}

/// Reads the whole record as it stands now and computes every hash again, beside whatever is
/// being written. Memory does not grow with the record.
pub async fn verify(db: &PgPool, noted: Option<&NotedSeal>) -> anyhow::Result<Verdict> {
    let begun = at_one_moment(db).await;
    let mut tx = begun.context("cannot begin to verify")?;
    let mut verdict = Verdict::default();
    verdict.first_break = verify_events(&mut tx, &mut verdict).await?;
    if verdict.first_break.is_none() {
        verdict.first_break = verify_entries(&mut tx, &mut verdict).await?;
    }
    if verdict.first_break.is_none() {
        verdict.first_break = verify_seals(&mut tx, &mut verdict, noted).await?;
    }
    verdict.ok = verdict.first_break.is_none();
    Ok(verdict)
}

async fn verify_events(
    db: &mut PgConnection,
    verdict: &mut Verdict,
) -> anyhow::Result<Option<Break>> {
    let mut rows = store::chained_events(db);
    let mut last: Option<(i64, Hash)> = None;
    while let Some(row) = rows.try_next().await? {
        verdict.case_events += 1;
        let (event_id, case_id) = (row.event_id, row.case_id);
        let hash = row.computed();
        if row.hash != hash {
            return Ok(Some(Break::EventChanged { event_id, case_id }));
        }
        let before = last
            .filter(|(case, _)| *case == case_id)
            .map(|(_, hash)| hash);
        if row.prev_hash.as_deref() != before.as_ref().map(Hash::as_slice) {
            return Ok(Some(Break::EventUnlinked { event_id, case_id }));
        }
        last = Some((case_id, hash));
    }
    Ok(None)
}

async fn verify_entries(
    db: &mut PgConnection,
    verdict: &mut Verdict,
) -> anyhow::Result<Option<Break>> {
    let mut rows = store::chained_entries(db);
    let mut before: Option<Hash> = None;
    while let Some(row) = rows.try_next().await? {
        verdict.audit_entries += 1;
        let entry_id = row.entry_id;
        let hash = row.computed();
        if row.hash != hash {
            return Ok(Some(Break::EntryChanged { entry_id }));
        }
        if row.prev_hash.as_deref() != before.as_ref().map(Hash::as_slice) {
            return Ok(Some(Break::EntryUnlinked { entry_id }));
        }
        before = Some(hash);
    }
    Ok(None)
}

async fn verify_seals(
    db: &mut PgConnection,
    verdict: &mut Verdict,
    noted: Option<&NotedSeal>,
) -> anyhow::Result<Option<Break>> {
    let mut last: Option<Seal> = None;
    let mut noted_seen = noted.is_none();
    loop {
        let after = last.as_ref().map_or(0, |seal| seal.number);
        let seals = store::seals_after(&mut *db, after, SEALS_AT_A_TIME).await?;
        let Some(end) = seals.last().cloned() else {
            break;
        };
        for seal in &seals {
            if !follows(seal, last.as_ref()) {
                return Ok(Some(Break::SealBroken { seal: seal.number }));
            }
            if let Some(noted) = noted.filter(|noted| noted.number == seal.number) {
                noted_seen = noted.hash == hex::encode(&seal.hash);
            }
            last = Some(seal.clone());
        }
        if let Some(number) = rows_differ(db, &seals).await? {
            return Ok(Some(why_rows_differ(db, number).await?));
        }
        verdict.seals += seals.len() as u64;
        verdict.last_seal = Some(LastSeal {
            number: end.number,
            at: end.at,
            hash: hex::encode(&end.hash),
        });
    }
    let gone = noted.filter(|_| !noted_seen);
    Ok(gone.map(|noted| Break::NotedSealGone { seal: noted.number }))
}

/// Whether a seal is itself and stands right after `last`.
fn follows(seal: &Seal, last: Option<&Seal>) -> bool {
    let (number, from_xact, prev_hash) = last.map_or((1, "0", None), |last| {
        (last.number + 1, last.to_xact.as_str(), Some(&last.hash))
    });
    seal.hash == seal.computed()
        && seal.number == number
        && seal.from_xact == from_xact
        && seal.prev_hash.as_ref() == prev_hash
}

/// The first of `seals`, which stand in a row, whose rows are not those it closed.
async fn rows_differ(db: &mut PgConnection, seals: &[Seal]) -> anyhow::Result<Option<i64>> {
    let (Some(first), Some(last)) = (seals.first(), seals.last()) else {
        return Ok(None);
    };
    let mut rows = store::sealed_rows(db, first.number, last.number);
    let mut next = rows.try_next().await?;
    for seal in seals {
        let (mut events, mut entries, mut hashes) = (0, 0, Sha256::new());
        while let Some(row) = next.take_if(|row| row.number == seal.number) {
            *if row.is_event {
                &mut events
            } else {
                &mut entries
            } += 1_i64;
            hashes.update(&row.hash);
            next = rows.try_next().await?;
        }
        let hash: Hash = hashes.finalize().into();
        if (events, entries) != (seal.case_events, seal.audit_entries) || seal.rows_hash != hash {
            return Ok(Some(seal.number));
        }
    }
    Ok(None)
}

async fn why_rows_differ(db: &mut PgConnection, seal: i64) -> sqlx::Result<Break> {
    Ok(match store::missing_of(db, seal).await? {
        (Some(event_id), _) => Break::EventMissing { seal, event_id },
        (None, Some(entry_id)) => Break::EntryMissing { seal, entry_id },
        (None, None) => Break::RowsReplaced { seal },
    })
}
