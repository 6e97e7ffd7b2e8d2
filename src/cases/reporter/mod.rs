//! Who told the city: personal data, kept apart from the case. Article 5.
//!
//! Name and phone are sealed under a key that is not in the database. An operator or data officer
//! reads them in clear for a purpose that is written down first; everybody else sees them masked.
//! They are erased when the case has been over for as long as the policy says; that there was a
//! reporter stays, so that counts do not change.

mod http;
mod mask;
mod query_code;
mod retention;
mod seal;
mod store;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor};
use utoipa::ToSchema;

use super::CaseId;

pub use http::routes;
pub use query_code::QueryCode;
pub use retention::{Erased, erase_expired};
pub use seal::{ReporterKeys, SealError};

/// Who told the city, as they said it. `Debug` hides it, so that it cannot end up in a log.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reporter {
    pub name: Option<String>,
    /// 5 to 20 digits; spaces, dashes and a plus in front are allowed.
    pub phone: Option<String>,
    /// Whether they want to be told what became of it.
    #[serde(default)]
    pub wants_reply: bool,
}

impl std::fmt::Debug for Reporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reporter(…)")
    }
}

/// A reporter as those see them who need not call them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReporterView {
    /// 张*
    pub name: Option<String>,
    /// 138****1234
    pub phone: Option<String>,
    pub masked: bool,
    pub wants_reply: bool,
    /// When their data was erased; null while it is kept.
    pub erased_at: Option<DateTime<Utc>>,
}

/// Longest name, characters.
const NAME_CHARS_MAX: usize = 50;

impl Reporter {
    /// The field that is no name or phone, and what would be right. Empty is as good as missing.
    pub(super) fn tidied(mut self) -> Result<Self, (&'static str, String)> {
        let tidy = |text: Option<String>| {
            let text = text?.trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        self.name = tidy(self.name);
        self.phone = tidy(self.phone);
        let long = |name: &String| name.chars().count() > NAME_CHARS_MAX;
        if self.name.as_ref().is_some_and(long) {
            return Err((
                "/reporter/name",
                format!("at most {NAME_CHARS_MAX} characters"),
            ));
        }
        if self.phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            let right = "5 to 20 digits; spaces, dashes and a plus in front are allowed";
            return Err(("/reporter/phone", right.to_owned()));
        }
        if self.wants_reply && self.phone.is_none() {
            return Err((
                "/reporter/phone",
                "needed of whoever wants a reply".to_owned(),
            ));
        }
        Ok(self)
    }

    /// Whether a text says the phone number: personal data belongs into these fields only.
    pub(super) fn phone_is_in(&self, text: &str) -> bool {
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        let phone = self.phone.as_deref().map(digits).unwrap_or_default();
        !phone.is_empty() && digits(text).contains(&phone)
    }
}

fn is_phone(phone: &str) -> bool {
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    let number = phone.strip_prefix('+').unwrap_or(phone);
    let known = number
        .chars()
        .all(|c| c.is_ascii_digit() || c == ' ' || c == '-');
    known && (5..=20).contains(&digits)
}

/// Keeps who reported a case, sealed, and returns the code they can ask about it with: the only
/// time it can be seen.
pub async fn keep(
    tx: &mut PgConnection,
    keys: &ReporterKeys,
    case: CaseId,
    reporter: &Reporter,
    at: DateTime<Utc>,
) -> anyhow::Result<QueryCode> {
    let code = QueryCode::new();
    let sealed = store::Sealed {
        name: reporter
            .name
            .as_deref()
            .map(|name| keys.seal(case, "name", name))
            .transpose()?,
        phone: reporter
            .phone
            .as_deref()
            .map(|phone| keys.seal(case, "phone", phone))
            .transpose()?,
        key_id: keys.current_id().to_owned(),
        wants_reply: reporter.wants_reply,
    };
    store::insert(tx, case, &sealed, code.sha256(), at).await?;
    Ok(code)
}

/// The reporter of a case, masked; `None` when nobody is known, or the case is out of sight.
pub async fn masked(
    db: impl PgExecutor<'_>,
    keys: &ReporterKeys,
    case: CaseId,
) -> anyhow::Result<Option<ReporterView>> {
    let Some(row) = store::find(db, case).await? else {
        return Ok(None);
    };
    let clear = row.open(keys, case)?;
    Ok(Some(ReporterView {
        name: clear.name.as_deref().map(mask::name),
        phone: clear.phone.as_deref().map(mask::phone),
        masked: true,
        wants_reply: clear.wants_reply,
        erased_at: row.erased_at,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reporter(name: &str, phone: &str) -> Reporter {
        Reporter {
            name: Some(name.to_owned()),
            phone: Some(phone.to_owned()),
            wants_reply: false,
        }
    }

    #[test]
    fn phones_are_recognised_and_found_in_texts() {
        for phone in ["13812341234", "+86 138-1234-1234", "12345"] {
            assert!(reporter("张三", phone).tidied().is_ok(), "{phone}");
        }
        for phone in ["1234", "138 1234 123x", "1+38123", "123456789012345678901"] {
            assert_eq!(
                reporter("张三", phone).tidied().unwrap_err().0,
                "/reporter/phone"
            );
        }
        assert!(reporter("", "13812341234").phone_is_in("call 138 1234 1234 please"));
        assert!(!reporter("", "13812341234").phone_is_in("138 bins"));
        assert!(!reporter("", "").phone_is_in("138 bins"));
    }

    #[test]
    fn a_reply_needs_a_phone_and_nothing_shows_in_a_log() {
        let mut caller = reporter("张三", " ");
        caller.wants_reply = true;
        assert_eq!(caller.clone().tidied().unwrap_err().0, "/reporter/phone");
        assert_eq!(format!("{caller:?}"), "Reporter(…)");
    }
}
