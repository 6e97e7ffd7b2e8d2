//! Messages of other systems: each becomes one case, however often it comes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::access::Person;
use crate::cases::CaseId;
use crate::journal;

/// The name another system gave it; the same message again is the same case.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct External {
    /// Which system: small letters, digits, `.`, `_`, `-`.
    pub(super) source: String,
    pub(super) id: String,
}

impl External {
    /// The line of the record that says that the message came.
    pub(super) fn received(
        &self,
        person: &Person,
        case: CaseId,
        new: bool,
        now: DateTime<Utc>,
    ) -> journal::Entry {
        let subject = format!("exchange:{}:{}", self.source, self.id);
        journal::Entry::by(person, now, subject, "receive")
            .after(json!({ "case_id": case, "new": new }))
    }

    /// # Errors
    /// The field that is wrong, and what would be right.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
        if !(1..=64).contains(&self.source.len()) || !self.source.chars().all(small) {
            return Err((
                "/external/source",
                "1 to 64 small letters, digits, dots, dashes",
            ));
        }
        if !(1..=128).contains(&self.id.chars().count()) {
            return Err(("/external/id", "1 to 128 characters"));
        }
        Ok(())
    }
}
