//! What the standard answers with: ResponseStatusObject (GA/T 1400.4).

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::read::written_time;

/// StatusCode of GA/T 1400.4; those of XML, of a device's fault and of restarts are never ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Ok = 0,
    OtherError = 1,
    Busy = 2,
    InvalidOperation = 4,
    InvalidJsonFormat = 7,
    InvalidJsonContent = 8,
}

impl Code {
    fn number(self) -> u8 {
        self as u8
    }
}

/// What became of one thing that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    /// Of the device, camera, picture or notification.
    pub(super) id: String,
    pub(super) code: Code,
    pub(super) text: String,
}

impl Status {
    pub(super) fn ok(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            code: Code::Ok,
            text: "OK".to_owned(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResponseStatus<'a> {
    id: &'a str,
    local_time: String,
    #[serde(rename = "RequestURL")]
    request_url: &'a str,
    status_code: u8,
    status_string: &'a str,
}

fn written<'a>(status: &'a Status, url: &'a str, now: DateTime<Utc>) -> ResponseStatus<'a> {
    ResponseStatus {
        id: &status.id,
        local_time: written_time(now),
        request_url: url,
        status_code: status.code.number(),
        status_string: &status.text,
    }
}

/// The answer about one thing.
pub(super) fn one(status: &Status, url: &str, now: DateTime<Utc>) -> Value {
    json!({ "ResponseStatusObject": written(status, url, now) })
}

/// The answer about several, in their order.
pub(super) fn list(statuses: &[Status], url: &str, now: DateTime<Utc>) -> Value {
    let each: Vec<_> = statuses.iter().map(|one| written(one, url, now)).collect();
    json!({ "ResponseStatusListObject": { "ResponseStatusObject": each } })
}
