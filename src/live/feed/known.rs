//! What the feed has to remember of cases between two changes.

use std::collections::HashMap;
use std::mem;

use crate::cases::{CaseId, CaseRow};
use crate::live::Audience;

/// Who sees each open case, and which changes went out a moment ago.
#[derive(Debug, Default)]
pub(super) struct Known {
    audiences: HashMap<CaseId, Audience>,
    /// The newest row of each case sent since the last [`turn`](Self::turn), and before it.
    sent: HashMap<CaseId, CaseRow>,
    sent_before: HashMap<CaseId, CaseRow>,
}

impl Known {
    /// Whether this row, or a newer one of its case, went out in the last two turns.
    pub(super) fn was_sent(&self, row: &CaseRow) -> bool {
        let sent = self
            .sent
            .get(&row.id)
            .or_else(|| self.sent_before.get(&row.id));
        sent.is_some_and(|sent| sent.version > row.version || sent == row)
    }

    pub(super) fn note_sent(&mut self, row: &CaseRow) {
        self.sent.insert(row.id, row.clone());
    }

    /// Forgets what was sent before the last turn.
    pub(super) fn turn(&mut self) {
        self.sent_before = mem::take(&mut self.sent);
    }

    /// Who sees a case from now on; returns who did until now. A case that has ended is forgotten
    /// after that: it does not move any more.
    pub(super) fn moves(&mut self, row: &CaseRow, now: &Audience) -> Option<Audience> {
        if row.ended_at.is_some() {
            return self.audiences.remove(&row.id);
        }
        self.audiences.insert(row.id, now.clone())
    }

    /// Of cases of which nothing was known yet.
    pub(super) fn learn(&mut self, case: CaseId, audience: Audience) {
        self.audiences.entry(case).or_insert(audience);
    }
}
