//! The part of the city that a rule is about.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The part of the city a rule is about: the beginning of the codes of its cells (GB/T 30428.1).
/// Empty: the city; 6 digits: a district; 9: a street; 12: a community; 15: one cell.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "321202001")]
pub struct PlaceScope(String);

/// Not the beginning of a cell's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be empty or the first 6, 9, 12 or all 15 digits of a cell's code")]
pub struct InvalidPlaceScope;

impl TryFrom<String> for PlaceScope {
    type Error = InvalidPlaceScope;

    fn try_from(text: String) -> Result<Self, InvalidPlaceScope> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && matches!(text.len(), 0 | 6 | 9 | 12 | 15) {
            return Ok(Self(text));
        }
        Err(InvalidPlaceScope)
    }
}

impl From<PlaceScope> for String {
    fn from(scope: PlaceScope) -> Self {
        scope.0
    }
}

impl PlaceScope {
    /// Digits of a cell's code down to the community.
    const COMMUNITY: usize = 12;
    /// All of its digits.
    pub(super) const CELL: usize = 15;

    pub fn holds(&self, cell_code: &str) -> bool {
        cell_code.starts_with(&self.0)
    }

    /// Whether it is this one cell.
    pub fn is_cell(&self, code: &str) -> bool {
        self.0.len() == Self::CELL && self.0 == code
    }

    /// How much of a cell's code it fixes: more is more precise.
    pub fn precision(&self) -> usize {
        self.0.len()
    }

    /// The community a cell lies in; `None` if that is not a cell's code.
    pub fn community_of(cell_code: &str) -> Option<Self> {
        Self::try_from(cell_code.get(..Self::COMMUNITY)?.to_owned()).ok()
    }
}
