//! The stable name of a class.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `C03005`: component 03005 of GB/T 47678.5-2026; `M06042`: matter 06042 of it; `P0116`,
/// `E0506`: a component or event that only GB/T 30428.2-2013 knows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "M06042")]
pub struct ClassCode([u8; 6]);

/// Not of the form of a class code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a class code is C or M and five digits, or P or E and four digits")]
pub struct InvalidClassCode;

impl std::str::FromStr for ClassCode {
    type Err = InvalidClassCode;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let bytes = code.as_bytes();
        let digits = match bytes.first() {
            Some(b'C' | b'M') => 5,
            Some(b'P' | b'E') => 4,
            _ => return Err(InvalidClassCode),
        };
        if bytes.len() != digits + 1 || !bytes[1..].iter().all(u8::is_ascii_digit) {
            return Err(InvalidClassCode);
        }
        let mut padded = [b' '; 6];
        padded[..bytes.len()].copy_from_slice(bytes);
        Ok(Self(padded))
    }
}

impl TryFrom<String> for ClassCode {
    type Error = InvalidClassCode;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        code.parse()
    }
}

impl From<ClassCode> for String {
    fn from(code: ClassCode) -> Self {
        code.as_str().to_owned()
    }
}

impl ClassCode {
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0)
            .expect("built from ASCII")
            .trim_end()
    }

    /// Whether it names a kind of component (部件), not a matter (事项).
    pub fn is_component(&self) -> bool {
        matches!(self.0[0], b'C' | b'P')
    }
}

impl fmt::Display for ClassCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

mod postgres {
    use super::ClassCode;
    use sqlx::encode::IsNull;
    use sqlx::error::BoxDynError;
    use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef, Postgres};
    use sqlx::{Decode, Encode, Type};

    /// A `ClassCode` travels as `text`.
    impl Type<Postgres> for ClassCode {
        fn type_info() -> PgTypeInfo {
            <&str as Type<Postgres>>::type_info()
        }

        fn compatible(ty: &PgTypeInfo) -> bool {
            <&str as Type<Postgres>>::compatible(ty)
        }
    }

    impl PgHasArrayType for ClassCode {
        fn array_type_info() -> PgTypeInfo {
            <&str as PgHasArrayType>::array_type_info()
        }

        fn array_compatible(ty: &PgTypeInfo) -> bool {
            <&str as PgHasArrayType>::array_compatible(ty)
        }
    }

    impl Encode<'_, Postgres> for ClassCode {
        fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
            <&str as Encode<Postgres>>::encode(self.as_str(), buf)
        }
    }

    impl Decode<'_, Postgres> for ClassCode {
        fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
            Ok(<&str as Decode<Postgres>>::decode(value)?.parse()?)
        }
    }
}
