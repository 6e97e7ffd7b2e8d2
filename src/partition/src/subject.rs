//! What a duty of a face is about.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What somebody answers for on a face besides its owner; what the name means, the city knows, and
/// which of several goes before another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject([u8; Subject::BYTES_MAX]);

/// Not the name of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a subject has one to eight letters and digits of ASCII")]
pub struct InvalidSubject;

impl Subject {
    const BYTES_MAX: usize = 8;

    pub fn as_str(&self) -> &str {
        let bytes = self.0.iter().position(|byte| *byte == 0);
        let bytes = &self.0[..bytes.unwrap_or(Self::BYTES_MAX)];
        str::from_utf8(bytes).expect("made of ASCII")
    }
}

impl FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(name: &str) -> Result<Self, InvalidSubject> {
        let is_one = (1..=Self::BYTES_MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_one {
            return Err(InvalidSubject);
        }
        let mut bytes = [0; Self::BYTES_MAX];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        Ok(Self(bytes))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({self})")
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_it_was_made_of() {
        for name in ["C", "M06", "M06042", "12345678"] {
            let subject: Subject = name.parse().unwrap();
            assert_eq!(subject.to_string(), name);
            let text = serde_json::to_string(&subject).unwrap();
            assert_eq!(text, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<Subject>(&text).unwrap(), subject);
        }
        for name in ["", "123456789", "M 06", "路灯", "M06\0"] {
            assert_eq!(name.parse::<Subject>(), Err(InvalidSubject), "{name}");
        }
        assert!(Subject::from_str("M06").unwrap() < Subject::from_str("M06001").unwrap());
    }
}
