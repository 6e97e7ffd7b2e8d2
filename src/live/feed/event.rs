//! One batch of changes, as each reader may see it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::access::Scope;
use crate::cases::{CaseId, CaseRow};
use crate::live::Audience;

/// A case that changed, and who saw it before.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) row: CaseRow,
    pub(super) now: Audience,
    /// `None`: nobody.
    pub(super) was: Option<Audience>,
}

/// One batch of changes. What those read who see the whole city is written out once for all of
/// them, what others read once for each scope.
#[derive(Debug)]
pub struct LiveEvent {
    /// `<epoch>-<n>`; the epoch is new with every start of the service.
    pub seq: String,
    pub(super) number: u64,
    /// JSON: `{seq, now, up, new, gone}`.
    whole: Arc<str>,
    at: DateTime<Utc>,
    changed: Vec<Changed>,
    opened: BTreeSet<CaseId>,
    /// People of whom it depends on the person whether they see a case of this batch.
    personal: HashSet<i32>,
    views: Mutex<HashMap<Scope, Option<Arc<str>>>>,
}

#[derive(Serialize)]
struct Batch<'a> {
    seq: &'a str,
    now: DateTime<Utc>,
    up: Vec<&'a CaseRow>,
    new: Vec<CaseId>,
    gone: Vec<CaseId>,
}

impl LiveEvent {
    pub(super) fn new(
        (seq, number): (String, u64),
        at: DateTime<Utc>,
        changed: Vec<Changed>,
        opened: BTreeSet<CaseId>,
    ) -> Self {
        let personal = changed
            .iter()
            .flat_map(|one| {
                one.now
                    .people()
                    .chain(one.was.iter().flat_map(Audience::people))
            })
            .collect();
        let whole = written(&Batch {
            seq: &seq,
            now: at,
            up: changed.iter().map(|one| &one.row).collect(),
            new: opened.iter().copied().collect(),
            gone: Vec::new(),
        });
        Self {
            seq,
            number,
            whole,
            at,
            changed,
            opened,
            personal,
            views: Mutex::default(),
        }
    }

    /// Bytes it keeps, about.
    pub(super) fn weight(&self) -> usize {
        self.whole.len() + self.changed.len() * size_of::<Changed>()
    }

    /// What somebody with this scope is told of it; `None`: nothing in it is for them.
    pub fn for_scope(&self, scope: &Scope) -> Option<Arc<str>> {
        if scope.sees_all {
            return Some(Arc::clone(&self.whole));
        }
        let class = scope.class(&self.personal);
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let view = views
            .entry(class)
            .or_insert_with(|| self.written_for(scope));
        view.clone()
    }

    fn written_for(&self, scope: &Scope) -> Option<Arc<str>> {
        let (up, hidden): (Vec<_>, Vec<_>) =
            self.changed.iter().partition(|one| scope.sees(&one.now));
        let left = |one: &&Changed| one.was.as_ref().is_some_and(|was| scope.sees(was));
        let gone: Vec<CaseId> = hidden
            .into_iter()
            .filter(left)
            .map(|one| one.row.id)
            .collect();
        if up.is_empty() && gone.is_empty() {
            return None;
        }
        let up: Vec<&CaseRow> = up.into_iter().map(|one| &one.row).collect();
        let new = up
            .iter()
            .map(|row| row.id)
            .filter(|id| self.opened.contains(id));
        Some(written(&Batch {
            seq: &self.seq,
            now: self.at,
            new: new.collect(),
            up,
            gone,
        }))
    }
}

fn written(batch: &Batch<'_>) -> Arc<str> {
    serde_json::to_string(batch)
        .expect("a batch has only string keys")
        .into()
}

/// A number is given once.
impl PartialEq for LiveEvent {
    fn eq(&self, other: &Self) -> bool {
        self.seq == other.seq
    }
}

impl Eq for LiveEvent {}
