//! Random secrets that are handed out once and kept only as a digest.

use std::fmt;

use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

/// A bearer token, session cookie or first password: 32 random bytes, written as URL-safe
/// base64. `Debug` hides it, so that it cannot end up in a log.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret as somebody sent it.
    pub fn from_request(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// To be shown to its owner, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the database keeps. A plain SHA-256 is enough for 256 random bits; passwords, which
    /// are not random, are hashed with argon2 instead.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A new secret of `bytes` random bytes from the operating system.
pub fn random_secret(bytes: usize) -> Secret {
    use base64::Engine as _;
    let mut random = vec![0_u8; bytes];
    rand::rng().fill_bytes(&mut random);
    Secret(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random))
}
