//! The chain's hashes, computed again from what the database holds.
//!
//! A row's hash is the SHA-256 of its fields one after another: the table's name, every column in
//! the order of the struct here, the hash of the row before it. A field is its length in bytes as
//! four bytes, high byte first, and the bytes; null is the length -1 and nothing. Numbers are
//! written in decimal, moments as whole microseconds since 1970, jsonb and enums as PostgreSQL
//! writes them as text in UTF-8. The previous hash is its 32 bytes.
//!
//! The triggers of the database do the same in SQL; neither calls the other.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;

pub(super) type Hash = [u8; 32];

/// The fields of one row, as they go into its hash.
struct Fields(Sha256);

impl Fields {
    fn of(table: &str) -> Self {
        let mut fields = Self(Sha256::new());
        fields.bytes(Some(table.as_bytes()));
        fields
    }

    fn bytes(&mut self, value: Option<&[u8]>) {
        // a field of PostgreSQL is at most 1 GiB long
        let length = value.map_or(-1, |bytes| i32::try_from(bytes.len()).unwrap_or(i32::MAX));
        self.0.update(length.to_be_bytes());
        self.0.update(value.unwrap_or_default());
    }

    fn text(&mut self, value: Option<&str>) {
        self.bytes(value.map(str::as_bytes));
    }

    fn number(&mut self, value: Option<impl Into<i64>>) {
        self.text(value.map(|number| number.into().to_string()).as_deref());
    }

    fn moment(&mut self, value: DateTime<Utc>) {
        self.number(Some(value.timestamp_micros()));
    }

    fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// A row of `case_event` with its place in the chain of its case.
#[derive(Debug, Clone, FromRow)]
pub(super) struct ChainedEvent {
    pub(super) event_id: i64,
    pub(super) case_id: i64,
    pub(super) action: String,
    pub(super) at: DateTime<Utc>,
    pub(super) actor: String,
    pub(super) person_id: Option<i32>,
    pub(super) role: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) version: Option<i32>,
    pub(super) detail: String,
    pub(super) xact: String,
    pub(super) prev_hash: Option<Vec<u8>>,
    pub(super) hash: Vec<u8>,
}

impl ChainedEvent {
    pub(super) fn computed(&self) -> Hash {
        let mut fields = Fields::of("case_event");
        fields.number(Some(self.event_id));
        fields.number(Some(self.case_id));
        fields.text(Some(&self.action));
        fields.moment(self.at);
        fields.text(Some(&self.actor));
        fields.number(self.person_id);
        fields.text(self.role.as_deref());
        fields.text(self.reason.as_deref());
        fields.text(self.before.as_deref());
        fields.text(self.after.as_deref());
        fields.number(self.version);
        fields.text(Some(&self.detail));
        fields.text(Some(&self.xact));
        fields.bytes(self.prev_hash.as_deref());
        fields.finish()
    }
}

/// A row of `audit_entry` with its place in the one chain of all.
#[derive(Debug, Clone, FromRow)]
pub(super) struct ChainedEntry {
    pub(super) entry_id: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) actor: String,
    pub(super) person_id: Option<i32>,
    pub(super) subject: String,
    pub(super) action: String,
    pub(super) reason: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) xact: String,
    pub(super) prev_hash: Option<Vec<u8>>,
    pub(super) hash: Vec<u8>,
}

impl ChainedEntry {
    pub(super) fn computed(&self) -> Hash {
        let mut fields = Fields::of("audit_entry");
        fields.number(Some(self.entry_id));
        fields.moment(self.at);
        fields.text(Some(&self.actor));
        fields.number(self.person_id);
        fields.text(Some(&self.subject));
        fields.text(Some(&self.action));
        fields.text(self.reason.as_deref());
        fields.text(self.before.as_deref());
        fields.text(self.after.as_deref());
        fields.text(Some(&self.xact));
        fields.bytes(self.prev_hash.as_deref());
        fields.finish()
    }
}

/// A row of `audit_seal`: what a span of transactions wrote into both tables.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Seal {
    pub(super) number: i64,
    pub(super) at: DateTime<Utc>,
    /// Transactions from this one on …
    pub(super) from_xact: String,
    /// … and before this one.
    pub(super) to_xact: String,
    /// Multiranges, as PostgreSQL writes them.
    pub(super) event_ids: String,
    pub(super) entry_ids: String,
    pub(super) case_events: i64,
    pub(super) audit_entries: i64,
    pub(super) rows_hash: Vec<u8>,
    pub(super) prev_hash: Option<Vec<u8>>,
    pub(super) hash: Vec<u8>,
}

impl Seal {
    pub(super) fn computed(&self) -> Hash {
        let mut fields = Fields::of("audit_seal");
        fields.number(Some(self.number));
        fields.moment(self.at);
        fields.text(Some(&self.from_xact));
        fields.text(Some(&self.to_xact));
        fields.text(Some(&self.event_ids));
        fields.text(Some(&self.entry_ids));
        fields.number(Some(self.case_events));
        fields.number(Some(self.audit_entries));
        fields.bytes(Some(&self.rows_hash));
        fields.bytes(self.prev_hash.as_deref());
        fields.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(write: impl FnOnce(&mut Fields)) -> Hash {
        let mut fields = Fields::of("t");
        write(&mut fields);
        fields.finish()
    }

    #[test]
    fn a_field_cannot_pass_for_another() {
        let pair = |a: Option<&str>, b: Option<&str>| {
            digest(|fields| {
                fields.text(a);
                fields.text(b);
            })
        };
        let different = [
            pair(Some("ab"), Some("c")),
            pair(Some("a"), Some("bc")),
            pair(Some("abc"), Some("")),
            pair(Some("abc"), None),
            pair(None, Some("abc")),
        ];
        for (index, one) in different.iter().enumerate() {
            assert!(!different[..index].contains(one), "{index}");
        }
    }

    #[test]
    fn the_encoding_is_the_documented_one() {
        let by_hand: Hash =
            Sha256::digest([&b"\0\0\0\x01t\0\0\0\x02"[..], b"53", &[0xff; 4]].concat()).into();
        assert_eq!(
            digest(|fields| {
                fields.number(Some(53));
                fields.text(None);
            }),
            by_hand
        );
    }
}
