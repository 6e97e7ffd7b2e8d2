//! Which classes something is about: all of them, a group, or one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Catalogue, ClassCode};

/// The classes a rule or a responsibility is about: `""`: all; `M06`: a group of the standard;
/// `M06042`: one class.
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

/// How few classes a scope is about: more goes before less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClassPrecision {
    All,
    Group,
    Class,
}

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

impl FromStr for ClassScope {
    type Err = InvalidClassScope;

    fn from_str(text: &str) -> Result<Self, InvalidClassScope> {
        match *text.as_bytes() {
            [] => Ok(Self::All),
            [kind @ (b'C' | b'M' | b'P' | b'E'), tens, ones]
                if tens.is_ascii_digit() && ones.is_ascii_digit() =>
            {
                Ok(Self::Group(ClassGroup([kind, tens, ones])))
            }
            _ => text.parse().map(Self::Class).or(Err(InvalidClassScope)),
        }
    }
}

impl TryFrom<String> for ClassScope {
    type Error = InvalidClassScope;

    fn try_from(text: String) -> Result<Self, InvalidClassScope> {
        text.parse()
    }
}

impl From<ClassCode> for ClassScope {
    fn from(class: ClassCode) -> Self {
        Self::Class(class)
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

impl ClassScope {
    pub fn precision(self) -> ClassPrecision {
        match self {
            Self::All => ClassPrecision::All,
            Self::Group(_) => ClassPrecision::Group,
            Self::Class(_) => ClassPrecision::Class,
        }
    }

    /// The scopes that hold a class, the most precise first.
    pub fn around(class: ClassCode) -> [Self; 3] {
        [Self::Class(class), Self::Group(class.into()), Self::All]
    }

    /// Whether all of the other classes are among its own.
    pub fn holds(self, other: impl Into<Self>) -> bool {
        match (self, other.into()) {
            (Self::All, _) => true,
            (Self::Group(group), Self::Class(class)) => group == class.into(),
            (one, other) => one == other,
        }
    }

    /// Whether it is about some class of the catalogue.
    pub fn is_known(self) -> bool {
        let catalogue = Catalogue::shipped();
        match self {
            Self::All => true,
            Self::Group(_) => catalogue.classes().any(|class| self.holds(class.code)),
            Self::Class(class) => catalogue.class(class).is_some(),
        }
    }
}

mod postgres {
    use super::ClassScope;
    use sqlx::error::BoxDynError;
    use sqlx::postgres::{PgHasArrayType, PgTypeInfo, PgValueRef, Postgres};
    use sqlx::{Decode, Type};

    /// A `ClassScope` travels as `text`.
    impl Type<Postgres> for ClassScope {
        fn type_info() -> PgTypeInfo {
            <&str as Type<Postgres>>::type_info()
        }

        fn compatible(ty: &PgTypeInfo) -> bool {
            <&str as Type<Postgres>>::compatible(ty)
        }
    }

    impl PgHasArrayType for ClassScope {
        fn array_type_info() -> PgTypeInfo {
            <&str as PgHasArrayType>::array_type_info()
        }

        fn array_compatible(ty: &PgTypeInfo) -> bool {
            <&str as PgHasArrayType>::array_compatible(ty)
        }
    }

    impl Decode<'_, Postgres> for ClassScope {
        fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
            Ok(<&str as Decode<Postgres>>::decode(value)?.parse()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_as_they_are_read() {
        for text in ["", "M06", "C01", "M06042", "E0506"] {
            let scope: ClassScope = text.parse().unwrap();
            assert_eq!(scope.to_string(), text);
        }
        for text in ["X06", "M6", "M0604", "M0604x", "m06"] {
            assert!(text.parse::<ClassScope>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_scope_holds_its_classes_and_the_catalogue_knows_some_of_them() {
        let scope = |text: &str| text.parse::<ClassScope>().unwrap();
        let class: ClassCode = "M06042".parse().unwrap();
        for (text, holds, is_known) in [
            ("", true, true),
            ("M06", true, true),
            ("M06042", true, true),
            ("C01", false, true),
            ("M06010", false, true),
            ("M99", false, false),
            ("M99001", false, false),
        ] {
            let found = (scope(text).holds(class), scope(text).is_known());
            assert_eq!(found, (holds, is_known), "{text}");
            assert_eq!(ClassScope::around(class).contains(&scope(text)), holds);
        }
        assert!(scope("").holds(scope("M06")) && scope("M06").holds(scope("M06")));
        assert!(!scope("M06").holds(scope("")) && !scope("M06042").holds(scope("M06")));
    }
}
