//! Passwords of people: argon2id.

use std::time::Duration;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Argon2, password_hash};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::random_secret;
use crate::http::ApiError;

/// Passwords hashed at a time in this process; each takes a core and some 20 MiB.
const HASHES_MAX: usize = 4;
/// A try that waited so long for its turn is sent away.
const TURN_MAX: Duration = Duration::from_secs(10);

static TURNS: Semaphore = Semaphore::const_new(HASHES_MAX);

/// Hashes or compares when it is its turn, off the async threads.
///
/// # Errors
/// 429 when too many wait.
pub(super) async fn in_turn<T: Send + 'static>(
    hashing: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let Ok(Ok(turn)) = timeout(TURN_MAX, TURNS.acquire()).await else {
        let detail = "too many people are signing in at this moment";
        return Err(ApiError::too_many("crowded", detail, TURN_MAX));
    };
    // the turn goes with the work: a client that leaves does not make room for more of it
    let done = tokio::task::spawn_blocking(move || {
        let done = hashing();
        drop(turn);
        done
    });
    Ok(done.await.map_err(anyhow::Error::from)?)
}

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
}
