//! Nonces of digest authentication: who gave them is known by their seal, so that asking costs no memory;
//! what is remembered is how often one that was answered rightly has been used.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use sha2::Sha256;

use super::digest::Counted;

const LIFE: TimeDelta = TimeDelta::minutes(5);
/// Nonces whose use is remembered; beyond it those that are over are forgotten, and a nonce that finds
/// no room does not stand.
const USED_MAX: usize = 100_000;
const TIME_BYTES: usize = 8;
const RANDOM_BYTES: usize = 8;
const SEAL_BYTES: usize = 16;

/// The nonces of this process: those of others, and of before a restart, are stale.
pub struct Nonces {
    key: [u8; 32],
    used: Mutex<HashMap<String, Used>>,
}

struct Used {
    highest: u32,
    until: DateTime<Utc>,
}

impl Nonces {
    pub fn new() -> Self {
        let mut key = [0_u8; 32];
        rand::rng().fill_bytes(&mut key);
        Self {
            key,
            used: Mutex::default(),
        }
    }

    /// A new one.
    pub(super) fn issue(&self, now: DateTime<Utc>) -> String {
        let mut bytes = now.timestamp_millis().to_be_bytes().to_vec();
        let mut random = [0_u8; RANDOM_BYTES];
        rand::rng().fill_bytes(&mut random);
        bytes.extend(random);
        let seal = self.seal(&bytes);
        bytes.extend(&seal[..SEAL_BYTES]);
        hex::encode(bytes)
    }

    /// Counts the use of a nonce in a right answer; `false`: it is stale or was used so often before.
    pub(super) fn spend(&self, nonce: &str, counted: Option<&Counted>, now: DateTime<Utc>) -> bool {
        let Some(until) = self.until(nonce).filter(|until| now < *until) else {
            return false;
        };
        // an answer that does not count itself is taken once
        let count = counted.map_or(u32::MAX, |counted| counted.count);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = used.get_mut(nonce) {
            let is_next = count > before.highest;
            before.highest = before.highest.max(count);
            return is_next;
        }
        if used.len() >= USED_MAX {
            used.retain(|_, one| now < one.until);
        }
        if used.len() >= USED_MAX || count == 0 {
            return false;
        }
        let highest = count;
        used.insert(nonce.to_owned(), Used { highest, until });
        true
    }

    /// Until when a nonce of ours stands.
    fn until(&self, nonce: &str) -> Option<DateTime<Utc>> {
        let bytes = hex::decode(nonce).ok()?;
        let (said, seal) = bytes.split_at_checked(TIME_BYTES + RANDOM_BYTES)?;
        if hex::encode(&bytes) != nonce || seal != &self.seal(said)[..SEAL_BYTES] {
            return None;
        }
        let at = i64::from_be_bytes(said[..TIME_BYTES].try_into().ok()?);
        Some(DateTime::from_timestamp_millis(at)? + LIFE)
    }

    fn seal(&self, bytes: &[u8]) -> [u8; 32] {
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes any key");
        hmac.update(bytes);
        hmac.finalize().into_bytes().into()
    }
}

impl Default for Nonces {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viid::digest::Answer;

    fn counted(count: u32) -> Counted {
        let header = format!(
            r#"Digest username="u",realm="r",nonce="n",uri="/",response="x",qop=auth,nc={count:08x},cnonce="c""#
        );
        Answer::read(&header).unwrap().counted.unwrap()
    }

    #[test]
    fn a_nonce_stands_for_a_while_and_each_count_once() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let nonces = Nonces::new();
        let nonce = nonces.issue(now);
        assert!(nonces.spend(&nonce, Some(&counted(1)), now));
        assert!(!nonces.spend(&nonce, Some(&counted(1)), now));
        assert!(nonces.spend(&nonce, Some(&counted(3)), now));
        assert!(!nonces.spend(&nonce, Some(&counted(2)), now));
        assert!(!nonces.spend(&nonce, Some(&counted(4)), now + LIFE));
        let uncounted = nonces.issue(now);
        assert!(nonces.spend(&uncounted, None, now));
        assert!(!nonces.spend(&uncounted, None, now));
        assert!(!nonces.spend(&nonces.issue(now), Some(&counted(0)), now));
    }

    #[test]
    fn a_nonce_of_others_does_not_stand() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let [ours, theirs] = [Nonces::new(), Nonces::new()];
        let nonce = theirs.issue(now);
        assert!(!ours.spend(&nonce, Some(&counted(1)), now));
        let own = ours.issue(now);
        for forged in ["", "x", "00", &own[..40], &own.to_uppercase()] {
            assert!(!ours.spend(forged, Some(&counted(1)), now), "{forged}");
        }
    }
}
