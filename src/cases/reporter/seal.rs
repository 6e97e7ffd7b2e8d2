//! Field-level encryption of personal data: XChaCha20-Poly1305 under keys outside the database.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use rand::RngCore as _;

use crate::cases::{CaseId, PictureSha256};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// What pictures that wait are bound to: where one stands is no secret.
const WAITING: &str = "waiting";

/// The keys personal data is sealed with. The file has a line for each, `<name> <base64>`: the
/// first seals, all open, so that a new key is put in front of the old ones.
pub struct ReporterKeys {
    current: String,
    keys: BTreeMap<String, XChaCha20Poly1305>,
}

/// Why sealed data cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the key {0} is not in the key file")]
    UnknownKey(String),
    #[error("the sealed data was changed, or belongs to another case")]
    Broken,
}

impl ReporterKeys {
    /// Reads the keys from `file`, or from `<data>/secret/reporter.key`, which is made at the
    /// first start, readable by its owner only.
    pub fn open(data_dir: &Path, file: Option<&Path>) -> anyhow::Result<Self> {
        let path = match file {
            Some(file) => file.to_owned(),
            None => own_file(data_dir).context("make the key for reporters' personal data")?,
        };
        let text = fs::read_to_string(&path)
            .with_context(|| format!("read the keys of reporters' data in {}", path.display()))?;
        let open_to_others = fs::metadata(&path)?.permissions().mode() & 0o077 != 0;
        if open_to_others {
            tracing::warn!(file = %path.display(), "others than its owner may read the key file");
        }
        Self::parse(&text).with_context(|| format!("read {}", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut current = None;
        let mut keys = BTreeMap::new();
        let lines = (1..).zip(text.lines().map(str::trim));
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let Some((id, key)) = line.split_once(' ') else {
                bail!("line {number} is not a name, a space and a key in base64");
            };
            let key = BASE64
                .decode(key.trim())
                .ok()
                .filter(|key| key.len() == KEY_BYTES);
            let key = key.with_context(|| {
                format!("line {number}: {KEY_BYTES} bytes in base64 are needed")
            })?;
            current.get_or_insert_with(|| id.to_owned());
            let before = keys.insert(id.to_owned(), XChaCha20Poly1305::new(key.as_slice().into()));
            ensure!(
                before.is_none(),
                "line {number}: the key {id} stands there twice"
            );
        }
        let current = current.context("there is no key in it")?;
        Ok(Self { current, keys })
    }

    /// The name of the key that seals.
    pub(in crate::cases) fn current_id(&self) -> &str {
        &self.current
    }

    /// A nonce and what only the same field of the same case opens.
    pub(super) fn seal(&self, case: CaseId, field: &str, clear: &str) -> anyhow::Result<Vec<u8>> {
        self.seal_for(&bound_to(case, field), clear.as_bytes())
    }

    /// The original of a picture, for that picture only.
    pub(in crate::cases) fn seal_picture(
        &self,
        picture: PictureSha256,
        clear: &[u8],
    ) -> anyhow::Result<Vec<u8>> {
        self.seal_for(&format!("original/{picture}"), clear)
    }

    /// A picture that is not fit to be seen yet.
    pub(in crate::cases) fn seal_waiting(&self, clear: &[u8]) -> anyhow::Result<Vec<u8>> {
        self.seal_for(WAITING, clear)
    }

    pub(in crate::cases) fn unseal_waiting(
        &self,
        key_id: &str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        self.unseal_for(WAITING, key_id, sealed)
    }

    fn seal_for(&self, bound_to: &str, clear: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut sealed = vec![0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut sealed);
        let payload = Payload {
            msg: clear,
            aad: bound_to.as_bytes(),
        };
        let text = self.keys[&self.current].encrypt(XNonce::from_slice(&sealed), payload);
        let text = text.map_err(|error| anyhow::anyhow!("cannot seal: {error}"))?;
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    pub(super) fn unseal(
        &self,
        key_id: &str,
        case: CaseId,
        field: &str,
        sealed: &[u8],
    ) -> Result<String, SealError> {
        let clear = self.unseal_for(&bound_to(case, field), key_id, sealed)?;
        String::from_utf8(clear).or(Err(SealError::Broken))
    }

    pub(in crate::cases) fn unseal_picture(
        &self,
        key_id: &str,
        picture: PictureSha256,
        sealed: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        self.unseal_for(&format!("original/{picture}"), key_id, sealed)
    }

    fn unseal_for(
        &self,
        bound_to: &str,
        key_id: &str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let key = self.keys.get(key_id);
        let key = key.ok_or_else(|| SealError::UnknownKey(key_id.to_owned()))?;
        let (nonce, text) = sealed
            .split_at_checked(NONCE_BYTES)
            .ok_or(SealError::Broken)?;
        let payload = Payload {
            msg: text,
            aad: bound_to.as_bytes(),
        };
        key.decrypt(XNonce::from_slice(nonce), payload)
            .or(Err(SealError::Broken))
    }
}

impl fmt::Debug for ReporterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReporterKeys({})", self.current)
    }
}

/// The associated data: a sealed field cannot be moved to another case or field.
fn bound_to(case: CaseId, field: &str) -> String {
    format!("reporter/{case}/{field}")
}

/// The key file of the data folder, made if it is not there.
fn own_file(data_dir: &Path) -> io::Result<PathBuf> {
    let folder = data_dir.join("secret");
    if !folder.exists() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
    }
    let path = folder.join("reporter.key");
    let mut options = OpenOptions::new();
    let mut file = match options.write(true).create_new(true).mode(0o600).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(path),
        opened => opened?,
    };
    let mut key = [0_u8; KEY_BYTES];
    rand::rng().fill_bytes(&mut key);
    let id = format!("{:08x}", rand::random::<u32>());
    writeln!(
        file,
        "# Seals the personal data of reporters and the originals of pictures: without it they\n\
         # cannot be read any more.\n\
         # A new key goes in front of the others; the first seals, all open.\n{id} {}",
        BASE64.encode(key)
    )?;
    file.sync_all()?;
    fs::File::open(&folder)?.sync_all()?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_line(id: &str, byte: u8) -> String {
        format!("{id} {}\n", BASE64.encode([byte; KEY_BYTES]))
    }

    #[test]
    fn what_is_sealed_opens_for_its_own_field_and_case_only() {
        let keys = ReporterKeys::parse(&key_line("a", 1)).unwrap();
        let sealed = keys.seal(CaseId(7), "phone", "13812341234").unwrap();
        assert!(!sealed.windows(4).any(|window| window == b"1381"));
        let open = |case, field, sealed: &[u8]| keys.unseal("a", CaseId(case), field, sealed);
        assert_eq!(open(7, "phone", &sealed).unwrap(), "13812341234");
        assert_eq!(open(8, "phone", &sealed), Err(SealError::Broken));
        assert_eq!(open(7, "name", &sealed), Err(SealError::Broken));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(
                open(7, "phone", &changed),
                Err(SealError::Broken),
                "byte {at}"
            );
        }
        assert_eq!(open(7, "phone", &sealed[..5]), Err(SealError::Broken));
        let again = keys.seal(CaseId(7), "phone", "13812341234").unwrap();
        assert_ne!(sealed, again, "equal numbers must not look equal");
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let old = ReporterKeys::parse(&key_line("a", 1)).unwrap();
        let sealed = old.seal(CaseId(7), "name", "张三").unwrap();
        let both = format!("# rotated\n\n{}{}", key_line("b", 2), key_line("a", 1));
        let both = ReporterKeys::parse(&both).unwrap();
        assert_eq!(both.current_id(), "b");
        assert_eq!(
            both.unseal("a", CaseId(7), "name", &sealed).unwrap(),
            "张三"
        );
        let new = ReporterKeys::parse(&key_line("b", 2)).unwrap();
        let unknown = new.unseal("a", CaseId(7), "name", &sealed);
        assert_eq!(unknown, Err(SealError::UnknownKey("a".to_owned())));
    }

    #[test]
    fn a_wrong_key_file_is_named() {
        for wrong in ["", "# nothing\n", "a\n", "a AAAA\n"] {
            assert!(ReporterKeys::parse(wrong).is_err(), "{wrong:?}");
        }
        let twice = key_line("a", 1) + &key_line("a", 2);
        assert!(ReporterKeys::parse(&twice).is_err());
    }

    #[test]
    fn the_key_is_made_once_and_is_its_owners_only() {
        let folder = tempfile::tempdir().unwrap();
        let first = ReporterKeys::open(folder.path(), None).unwrap();
        let path = folder.path().join("secret/reporter.key");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let sealed = first.seal(CaseId(1), "name", "张三").unwrap();
        let again = ReporterKeys::open(folder.path(), None).unwrap();
        let opened = again.unseal(first.current_id(), CaseId(1), "name", &sealed);
        assert_eq!(opened.unwrap(), "张三");
        assert!(ReporterKeys::open(folder.path(), Some(&folder.path().join("none"))).is_err());
    }
}
