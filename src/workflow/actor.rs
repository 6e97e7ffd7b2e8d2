//! Who acts.

use crate::access::Person;

/// Who takes a step.
#[derive(Debug, Clone, Copy)]
pub enum Actor<'a> {
    Person(&'a Person),
    /// The service itself: a camera, a timer, a delivery.
    System,
}

impl Actor<'_> {
    pub fn person_id(&self) -> Option<i32> {
        match self {
            Self::Person(person) => Some(person.id),
            Self::System => None,
        }
    }

    /// How history names them: `person:<id>` or `system`.
    pub fn name(&self) -> String {
        match self {
            Self::Person(person) => format!("person:{}", person.id),
            Self::System => "system".to_owned(),
        }
    }
}
