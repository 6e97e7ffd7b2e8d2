//! Why a step may not be taken.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Why not: a stable code that pages translate, and the numbers and names in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refusal {
    #[schema(value_type = String, example = "too_far")]
    pub code: &'static str,
    #[schema(value_type = Object)]
    pub params: Map<String, Value>,
}

impl Refusal {
    pub fn new(code: &'static str) -> Self {
        Self {
            code,
            params: Map::new(),
        }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.params.insert(name.to_owned(), value);
        self
    }

    /// Whether it is about who asks rather than about what is asked.
    pub fn is_about_rights(&self) -> bool {
        matches!(
            self.code,
            "role" | "area" | "unit" | "assignee" | "own_system" | "shared_district" | "level"
        )
    }

    /// Refuses with `code` unless `holds`.
    pub fn unless(holds: bool, code: &'static str) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::new(code)) }
    }
}
