//! Passwords of people: argon2id, and a brake on guessing.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Argon2, password_hash};

use super::random_secret;

/// Hashes with argon2id at the crate's (OWASP's) defaults; returns the PHC string.
///
/// Takes tens of milliseconds of a core: call it off the async threads.
pub fn hash_password(password: &str) -> Result<String, password_hash::Error> {
    let salt = SaltString::encode_b64(&random_secret(16).sha256()[..16])?;
    Ok(Argon2::default()
        .hash_password(password.as_bytes(), &salt)?
        .to_string())
}

/// Whether `password` is the one behind the PHC string; as slow as [`hash_password`].
pub(super) fn password_matches(password: &str, phc: &str) -> bool {
    PasswordHash::new(phc).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// Slows down guessing: after [`SignInLimit::FREE_TRIES`] wrong passwords for a login the next
/// try has to wait, twice as long each time.
#[derive(Debug, Default)]
pub struct SignInLimit {
    failures: Mutex<HashMap<String, Failures>>,
}

#[derive(Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl SignInLimit {
    const FREE_TRIES: u32 = 5;
    const WAIT_MAX: Duration = Duration::from_secs(15 * 60);
    /// Logins remembered; beyond it those that waited longest are forgotten.
    const LOGINS_MAX: usize = 10_000;

    /// How long `login` has to wait at `now`; `None`: not at all.
    pub fn wait(&self, login: &str, now: Instant) -> Option<Duration> {
        let failures = self.failures.lock().expect("no panic while held");
        let failed = failures.get(login)?;
        let over = failed.count.checked_sub(Self::FREE_TRIES)?;
        let wait = Duration::from_secs(1 << over.min(16)).min(Self::WAIT_MAX);
        (failed.last + wait)
            .checked_duration_since(now)
            .filter(|left| !left.is_zero())
    }

    pub fn failed(&self, login: &str, now: Instant) {
        let mut failures = self.failures.lock().expect("no panic while held");
        if failures.len() >= Self::LOGINS_MAX && !failures.contains_key(login) {
            failures.retain(|_, failed| now.duration_since(failed.last) < Self::WAIT_MAX);
            if failures.len() >= Self::LOGINS_MAX {
                failures.clear();
            }
        }
        let failed = failures.entry(login.to_owned()).or_insert(Failures {
            count: 0,
            last: now,
        });
        failed.count = failed.count.saturating_add(1);
        failed.last = now;
    }

    pub fn succeeded(&self, login: &str) {
        self.failures
            .lock()
            .expect("no panic while held")
            .remove(login);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_only_itself() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(password_matches("correct horse", &hash));
        assert!(!password_matches("correct horsf", &hash));
        assert!(!password_matches("correct horse", "not a hash"));
    }

    #[test]
    fn guessing_gets_slower_and_a_success_forgives() {
        let limit = SignInLimit::default();
        let start = Instant::now();
        for _ in 0..5 {
            assert_eq!(limit.wait("admin", start), None);
            limit.failed("admin", start);
        }
        assert_eq!(limit.wait("admin", start), Some(Duration::from_secs(1)));
        limit.failed("admin", start);
        assert_eq!(limit.wait("admin", start), Some(Duration::from_secs(2)));
        assert_eq!(limit.wait("admin", start + Duration::from_secs(2)), None);
        assert_eq!(limit.wait("other", start), None);
        limit.succeeded("admin");
        assert_eq!(limit.wait("admin", start), None);
    }
}
