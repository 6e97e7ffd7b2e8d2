//! One line of the record of everything that is not a case.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::access::Person;

/// Who changed what, when, and why. Cases have their own history, `case_event`.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub at: DateTime<Utc>,
    /// A login, or what of the city's own doing it was: `person:li`, `system`.
    pub actor: String,
    pub person_id: Option<i32>,
    /// What was changed: `person:3`, `rule_set:2`.
    pub subject: String,
    /// What was done to it: `create`, `approve`.
    pub action: String,
    pub reason: Option<String>,
    /// What changed, as it was; none for what is new.
    pub before: Option<Value>,
    /// What changed, as it is now; none for what is gone.
    pub after: Option<Value>,
}

impl Entry {
    /// Something this person did.
    pub fn by(
        person: &Person,
        at: DateTime<Utc>,
        subject: impl Into<String>,
        action: impl Into<String>,
    ) -> Self {
        Self {
            person_id: Some(person.id),
            ..Self::of_city(format!("person:{}", person.login), at, subject, action)
        }
    }

    /// Something the city did by itself; `actor` says which part of it.
    pub fn of_city(
        actor: impl Into<String>,
        at: DateTime<Utc>,
        subject: impl Into<String>,
        action: impl Into<String>,
    ) -> Self {
        Self {
            at,
            actor: actor.into(),
            person_id: None,
            subject: subject.into(),
            action: action.into(),
            reason: None,
            before: None,
            after: None,
        }
    }

    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    #[must_use]
    pub fn before(mut self, before: Value) -> Self {
        self.before = Some(before);
        self
    }

    #[must_use]
    pub fn after(mut self, after: Value) -> Self {
        self.after = Some(after);
        self
    }
}
