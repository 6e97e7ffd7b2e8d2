//! The key under which the secrets of webhooks are kept.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use rand::RngCore as _;

use crate::access::Secret;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// Seals with XChaCha20-Poly1305. The key stands in a file, not in the database: who has a copy of
/// the database alone cannot sign in the city's name.
#[derive(Clone)]
pub struct WebhookKey(XChaCha20Poly1305);

impl WebhookKey {
    /// Reads the key from `file`, or from `<data>/secret/webhook.key`, which is made at the first
    /// start, readable by its owner only.
    ///
    /// # Errors
    /// The file cannot be read or made, or does not hold 32 bytes in base64.
    pub fn open(data_dir: &Path, file: Option<&Path>) -> anyhow::Result<Self> {
        let path = match file {
            Some(file) => file.to_owned(),
            None => own_file(data_dir).context("make the key of webhooks")?,
        };
        let text = fs::read_to_string(&path);
        let text = text.with_context(|| format!("read the key of webhooks {}", path.display()))?;
        let key = BASE64.decode(text.trim()).ok();
        let key = key
            .filter(|key| key.len() == KEY_BYTES)
            .with_context(|| format!("{} must hold 32 bytes in base64", path.display()))?;
        Ok(Self(XChaCha20Poly1305::new(key.as_slice().into())))
    }

    /// What is sealed for one purpose is not opened for another.
    pub(crate) fn seal(&self, purpose: &[u8], secret: &Secret) -> anyhow::Result<Vec<u8>> {
        let mut sealed = vec![0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut sealed);
        let payload = Payload {
            msg: secret.reveal().as_bytes(),
            aad: purpose,
        };
        let text = self.0.encrypt(XNonce::from_slice(&sealed), payload);
        sealed.extend(text.map_err(|error| anyhow::anyhow!("cannot seal: {error}"))?);
        Ok(sealed)
    }

    /// `None`: it was sealed under another key or for another purpose, or changed.
    pub(crate) fn unseal(&self, purpose: &[u8], sealed: &[u8]) -> Option<Secret> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES)?;
        let payload = Payload {
            msg: text,
            aad: purpose,
        };
        let secret = self.0.decrypt(XNonce::from_slice(nonce), payload).ok()?;
        Some(Secret::from_request(String::from_utf8(secret).ok()?))
    }
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookKey(…)")
    }
}

/// The key file of the data folder, made if it is not there.
fn own_file(data_dir: &Path) -> io::Result<PathBuf> {
    let folder = data_dir.join("secret");
    if !folder.exists() {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&folder)?;
    }
    let path = folder.join("webhook.key");
    let mut options = OpenOptions::new();
    let mut file = match options.write(true).create_new(true).mode(0o600).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(path),
        opened => opened?,
    };
    let mut key = [0_u8; KEY_BYTES];
    rand::rng().fill_bytes(&mut key);
    writeln!(file, "{}", BASE64.encode(key))?;
    file.sync_all()?;
    fs::File::open(&folder)?.sync_all()?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_under_its_own_key_only() {
        let [one, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let key = WebhookKey::open(one.path(), None).unwrap();
        let sealed = key.seal(b"a", &Secret::from_request("s3cret")).unwrap();
        let again = WebhookKey::open(one.path(), None).unwrap();
        assert_eq!(again.unseal(b"a", &sealed).unwrap().reveal(), "s3cret");
        let other = WebhookKey::open(other.path(), None).unwrap();
        assert!(other.unseal(b"a", &sealed).is_none());
        assert!(key.unseal(b"b", &sealed).is_none());
        assert!(key.unseal(b"a", &sealed[..10]).is_none());
        let not_a_key = one.path().join("not-a-key");
        fs::write(&not_a_key, "hello").unwrap();
        assert!(WebhookKey::open(one.path(), Some(&not_a_key)).is_err());
    }
}
