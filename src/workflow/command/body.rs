//! The body of an action, read field by field so that what is wrong can be named.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::space::GroundPoint;

/// Longest text a person may write into one field, characters.
const TEXT_MAX: usize = 4_000;
/// Most things a list of a body may name.
const LIST_MAX: usize = 50;

/// A field of a body that is missing or wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct WrongField {
    /// JSON pointer.
    pub field: String,
    pub detail: String,
}

impl WrongField {
    pub(super) fn new(field: &str, detail: impl Into<String>) -> Self {
        Self {
            field: format!("/{field}"),
            detail: detail.into(),
        }
    }
}

/// What is left of a body to be read.
pub(super) struct Body(Map<String, Value>);

impl Body {
    pub(super) fn new(mut fields: Map<String, Value>) -> Self {
        fields.retain(|_, value| !value.is_null());
        Self(fields)
    }

    /// Missing and null are the same.
    pub(super) fn optional<T: DeserializeOwned>(
        &mut self,
        field: &str,
    ) -> Result<Option<T>, WrongField> {
        let Some(value) = self.0.remove(field) else {
            return Ok(None);
        };
        match serde_json::from_value(value) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(WrongField::new(field, error.to_string())),
        }
    }

    pub(super) fn required<T: DeserializeOwned>(&mut self, field: &str) -> Result<T, WrongField> {
        self.optional(field)?
            .ok_or_else(|| WrongField::new(field, "is needed"))
    }

    /// A text that may be missing; one of blanks is missing too.
    pub(super) fn words(&mut self, field: &str) -> Result<Option<String>, WrongField> {
        let text: Option<String> = self.optional(field)?;
        let Some(text) = text.map(|text| text.trim().to_owned()) else {
            return Ok(None);
        };
        if text.chars().count() > TEXT_MAX {
            let detail = format!("must have at most {TEXT_MAX} characters");
            return Err(WrongField::new(field, detail));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// A text that has to be there.
    pub(super) fn text(&mut self, field: &str) -> Result<String, WrongField> {
        self.words(field)?
            .ok_or_else(|| WrongField::new(field, "is needed, in words"))
    }

    pub(super) fn list<T: DeserializeOwned>(&mut self, field: &str) -> Result<Vec<T>, WrongField> {
        let list: Vec<T> = self.optional(field)?.unwrap_or_default();
        if list.len() > LIST_MAX {
            let detail = format!("must have at most {LIST_MAX} entries");
            return Err(WrongField::new(field, detail));
        }
        Ok(list)
    }

    /// Pictures, each named once.
    pub(super) fn pictures(&mut self) -> Result<Vec<i64>, WrongField> {
        let pictures: Vec<i64> = self.list("attachments")?;
        let twice = (1..pictures.len()).any(|at| pictures[..at].contains(&pictures[at]));
        if twice {
            return Err(WrongField::new("attachments", "names a picture twice"));
        }
        Ok(pictures)
    }

    /// Where whoever acts is, degrees, WGS 84.
    pub(super) fn position(&mut self) -> Result<GroundPoint, WrongField> {
        let lon: f64 = self.required("lon")?;
        let lat: f64 = self.required("lat")?;
        if !(-180.0..=180.0).contains(&lon) {
            return Err(WrongField::new("lon", "must be -180 to 180"));
        }
        GroundPoint::new_checked(lon, lat)
            .ok_or_else(|| WrongField::new("lat", "must be -90 to 90"))
    }

    /// Refuses what no step knows.
    pub(super) fn finish(self) -> Result<(), WrongField> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(field) => Err(WrongField::new(field, "is not a field of this action")),
        }
    }
}
