//! Bodies of GA/T 1400.4, bytes to typed objects: pure, and liberal, because every maker writes them a
//! little differently. Names are taken in any case; a list may be one object, or be wrapped twice;
//! numbers may be text.

mod answer;
mod ape;
mod picture;
mod time;
mod value;

pub use answer::answered;
pub use ape::{Ape, apes};
pub use picture::{Kind, Limits, Notification, SentPicture, notifications, pictures};
pub use time::{read_time, written_time};

use serde_json::Value;

use super::{Code, DeviceId};

/// Why a body was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("not JSON: {0}")]
    Format(String),
    #[error("{field}: {detail}")]
    Content { field: String, detail: String },
}

impl Malformed {
    pub(super) fn content(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Content {
            field: field.into(),
            detail: detail.into(),
        }
    }

    pub fn code(&self) -> Code {
        match self {
            Self::Format(_) => Code::InvalidJsonFormat,
            Self::Content { .. } => Code::InvalidJsonContent,
        }
    }
}

/// Why one of the things sent was not taken; the others are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untaken {
    pub code: Code,
    /// What it is counted as.
    pub reason: &'static str,
    pub detail: String,
}

impl Untaken {
    fn content(reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code: Code::InvalidJsonContent,
            reason,
            detail: detail.into(),
        }
    }

    fn refused(reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code: Code::InvalidOperation,
            ..Self::content(reason, detail)
        }
    }
}

/// One thing that was sent, by the number it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent<T> {
    pub id: String,
    pub found: Result<T, Untaken>,
}

/// Characters of a number that is repeated in an answer.
const ID_CHARS_MAX: usize = 64;

fn short(id: &str) -> String {
    id.trim().chars().take(ID_CHARS_MAX).collect()
}

/// Some makers put the mark of UTF-8 first.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn json(bytes: &[u8]) -> Result<Value, Malformed> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| Malformed::Format(error.to_string()))
}

/// Who registers, keeps alive or leaves: the DeviceID in `wrapper`, or where there is none at the top.
pub fn device_id(bytes: &[u8], wrapper: &str) -> Result<DeviceId, Malformed> {
    let body = json(bytes)?;
    let object = value::field(&body, &[wrapper]).unwrap_or(&body);
    let text = value::field(object, &["DeviceID"]).and_then(value::text);
    let field = format!("/{wrapper}/DeviceID");
    let text = text.ok_or_else(|| Malformed::content(&*field, "missing"))?;
    DeviceId::read(&text).ok_or_else(|| Malformed::content(&*field, "must be 20 digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_says_its_number_in_many_ways() {
        for body in [
            r#"{"RegisterObject":{"DeviceID":"32120200001320000001"}}"#,
            "\u{feff}{\"RegisterObject\":{\"DeviceID\":\"32120200001320000001\"}}",
            r#"{"registerobject":{"DeviceId":" 32120200001320000001 "}}"#,
            r#"{"DeviceID":"32120200001320000001","Extra":[1]}"#,
            r#"{"RegisterObject":[{"DeviceID":"32120200001320000001"}]}"#,
        ] {
            let id = device_id(body.as_bytes(), "RegisterObject").unwrap();
            assert_eq!(id.as_str(), "32120200001320000001", "{body}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let code = |body: &[u8]| device_id(body, "RegisterObject").unwrap_err().code();
        for body in [&b""[..], b"{", b"\xff", b"<xml/>"] {
            assert_eq!(code(body), Code::InvalidJsonFormat);
        }
        for body in [
            &br#"{"RegisterObject":{}}"#[..],
            br#"{"RegisterObject":{"DeviceID":"321"}}"#,
            br#"{"RegisterObject":null}"#,
            b"[]",
            b"7",
        ] {
            assert_eq!(code(body), Code::InvalidJsonContent);
        }
    }
}
