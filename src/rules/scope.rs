//! What a rule is about: all classes, a group of them, or one; the city or a part of it.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalogue::ClassCode;

/// The classes a rule is about: `""`: all; `M06`: a group of the standard; `M06042`: one class.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub enum ClassScope {
    #[default]
    All,
    Group(ClassGroup),
    Class(ClassCode),
}

/// A group (大类): the kind and the first two digits of its classes' codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassGroup([u8; 3]);

/// Neither a class, nor a group, nor empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be empty, a group such as M06 or a class such as M06042")]
pub struct InvalidClassScope;

impl From<ClassCode> for ClassGroup {
    fn from(class: ClassCode) -> Self {
        let code = class.as_str().as_bytes();
        Self([code[0], code[1], code[2]])
    }
}

impl TryFrom<String> for ClassScope {
    type Error = InvalidClassScope;

    fn try_from(text: String) -> Result<Self, InvalidClassScope> {
        match text.as_bytes() {
            [] => Ok(Self::All),
            [b'C' | b'M' | b'P' | b'E', tens, ones]
                if tens.is_ascii_digit() && ones.is_ascii_digit() =>
            {
                Ok(Self::Group(ClassGroup([text.as_bytes()[0], *tens, *ones])))
            }
            _ => text.parse().map(Self::Class).or(Err(InvalidClassScope)),
        }
    }
}

impl From<ClassScope> for String {
    fn from(scope: ClassScope) -> Self {
        scope.to_string()
    }
}

impl fmt::Display for ClassScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::Group(ClassGroup(code)) => {
                f.write_str(str::from_utf8(code).expect("built from ASCII"))
            }
            Self::Class(class) => class.fmt(f),
        }
    }
}

pub(super) const ALL_CLASSES: usize = 0;
const GROUP: usize = 1;
pub(super) const ONE_CLASS: usize = 2;

impl ClassScope {
    /// More is more precise.
    pub(super) fn precision(self) -> usize {
        match self {
            Self::All => ALL_CLASSES,
            Self::Group(_) => GROUP,
            Self::Class(_) => ONE_CLASS,
        }
    }

    /// The scopes that hold a class, the most precise first.
    pub fn around(class: ClassCode) -> [Self; 3] {
        [Self::Class(class), Self::Group(class.into()), Self::All]
    }
}

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

    /// How much of a cell's code it fixes: more is more precise.
    pub fn precision(&self) -> usize {
        self.0.len()
    }

    /// The community a cell lies in; `None` if that is not a cell's code.
    pub fn community_of(cell_code: &str) -> Option<Self> {
        Self::try_from(cell_code.get(..Self::COMMUNITY)?.to_owned()).ok()
    }
}
