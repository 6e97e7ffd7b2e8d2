//! Pictures kept for cases: files named by what is in them, with faces and plates unrecognisable, or
//! sealed.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::Picture;
use super::picture::without_metadata;
use super::reporter::ReporterKeys;
use crate::camera::Mask;
use crate::vision::{About, Redacted, Redactor, Shot, masked};

/// SHA-256 of a stored picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureSha256(pub [u8; 32]);

impl fmt::Display for PictureSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// `<data>/evidence/<2 hex>/<sha-256>.jpg`, and of those with something made unrecognisable
/// `<data>/originals/<2 hex>/<sha-256>.sealed`; of those that are not fit to be seen yet
/// `<data>/waiting/<2 hex>/<sha-256 of the file>.sealed`. A picture is on the disk before the
/// transaction that cites it commits; one whose transaction failed stays behind, cited by nothing.
#[derive(Debug, Clone)]
pub struct EvidenceStore {
    pictures: Shelves,
    originals: Shelves,
    waiting: Shelves,
    redactor: Arc<Redactor>,
    keys: Arc<ReporterKeys>,
}

/// A picture that is safe on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub sha256: PictureSha256,
    pub width_px: u32,
    pub height_px: u32,
    /// Of the key that opens the original; none: it is not kept.
    pub original_key: Option<String>,
}

/// A camera's picture that is safe on the disk, sealed, until it is made fit to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    /// Of the sealed file: no two are the same.
    pub(super) sealed: PictureSha256,
    /// Of the key that opens it.
    pub(super) key_id: String,
}

impl EvidenceStore {
    /// Makes the folders when they are not there yet.
    pub fn open(
        data_dir: &Path,
        redactor: Arc<Redactor>,
        keys: Arc<ReporterKeys>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            pictures: Shelves::open(data_dir, "evidence", "jpg")?,
            originals: Shelves::open(data_dir, "originals", "sealed")?,
            waiting: Shelves::open(data_dir, "waiting", "sealed")?,
            redactor,
            keys,
        })
    }

    /// Stores a camera's picture sealed, masked and without metadata. A matter of milliseconds.
    pub(super) async fn hold(&self, picture: &Picture) -> anyhow::Result<Held> {
        let (store, picture) = (self.clone(), picture.clone());
        tokio::task::spawn_blocking(move || {
            let clear = if picture.masks.is_empty() {
                without_metadata(&picture.jpeg)?
            } else {
                masked(&picture.jpeg, &picture.masks)?
            };
            let sealed = store.keys.seal_waiting(&clear)?;
            let sha256 = PictureSha256(Sha256::digest(&sealed).into());
            store.waiting.write(sha256, &sealed)?;
            Ok(Held {
                sealed: sha256,
                key_id: store.keys.current_id().to_owned(),
            })
        })
        .await?
    }

    /// Stores a picture that was held, made fit to be seen, and its original, sealed.
    ///
    /// # Errors
    /// Its file is gone, the key does not open it, or it cannot be decoded.
    pub(super) async fn keep(&self, held: &Held, about: About) -> anyhow::Result<Kept> {
        let sealed = self.waiting.read(held.sealed).await?;
        let sealed = sealed.with_context(|| format!("the held picture {} is gone", held.sealed))?;
        let (store, key_id) = (self.clone(), held.key_id.clone());
        tokio::task::spawn_blocking(move || {
            let clear = store.keys.unseal_waiting(&key_id, &sealed)?;
            store.keep_frame(&clear, about)
        })
        .await?
    }

    /// Stores somebody's picture, upright and made fit to be seen; its original is not kept.
    pub async fn keep_upload(&self, jpeg: Bytes) -> anyhow::Result<Kept> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || {
            let shot = Shot {
                jpeg: &jpeg,
                masks: &[],
                about: About::Something,
                upright: true,
            };
            let redacted = store.redactor.redact(&shot)?;
            let (shown, _clear) = fit_to_be_seen(&jpeg, &redacted)?;
            store.write(&shown, &redacted)
        })
        .await?
    }

    /// A picture as it may be shown without being stored.
    pub async fn fit_to_be_shown(&self, jpeg: Bytes, masks: Arc<[Mask]>) -> anyhow::Result<Bytes> {
        let redactor = Arc::clone(&self.redactor);
        tokio::task::spawn_blocking(move || {
            let shot = Shot {
                jpeg: &jpeg,
                masks: &masks,
                about: About::Street,
                upright: false,
            };
            let redacted = redactor.redact(&shot)?;
            Ok(fit_to_be_seen(&jpeg, &redacted)?.0.into())
        })
        .await?
    }

    fn keep_frame(&self, jpeg: &[u8], about: About) -> anyhow::Result<Kept> {
        let redacted = self.redactor.redact(&Shot {
            jpeg,
            masks: &[],
            about,
            upright: false,
        })?;
        let (shown, clear) = fit_to_be_seen(jpeg, &redacted)?;
        let mut kept = self.write(&shown, &redacted)?;
        if let Some(clear) = clear {
            let sealed = self.keys.seal_picture(kept.sha256, &clear)?;
            self.originals.write(kept.sha256, &sealed)?;
            kept.original_key = Some(self.keys.current_id().to_owned());
        }
        Ok(kept)
    }

    fn write(&self, shown: &[u8], redacted: &Redacted) -> anyhow::Result<Kept> {
        let sha256 = PictureSha256(Sha256::digest(shown).into());
        self.pictures.write(sha256, shown)?;
        Ok(Kept {
            sha256,
            width_px: redacted.width_px,
            height_px: redacted.height_px,
            original_key: None,
        })
    }

    /// The picture, or `None` when there is no such file.
    pub async fn read(&self, sha256: PictureSha256) -> io::Result<Option<Bytes>> {
        self.pictures.read(sha256).await
    }

    /// Removes the file; that it is gone already is no error.
    pub(super) fn holds(&self, sha256: PictureSha256) -> bool {
        self.pictures.holds(sha256)
    }

    pub(super) async fn remove(&self, sha256: PictureSha256) -> anyhow::Result<()> {
        self.pictures.remove(sha256).await
    }

    /// The original of a picture, opened.
    ///
    /// # Errors
    /// Its file is gone, or the key does not open it.
    pub(super) async fn read_original(
        &self,
        sha256: PictureSha256,
        key_id: &str,
    ) -> anyhow::Result<Bytes> {
        let sealed = self.originals.read(sha256).await?;
        let sealed = sealed.with_context(|| format!("the original of {sha256} is gone"))?;
        Ok(self.keys.unseal_picture(key_id, sha256, &sealed)?.into())
    }

    pub(super) async fn remove_original(&self, sha256: PictureSha256) -> anyhow::Result<()> {
        self.originals.remove(sha256).await
    }

    pub(super) async fn remove_held(&self, sealed: PictureSha256) -> anyhow::Result<()> {
        self.waiting.remove(sealed).await
    }

    /// Originals whose files were written before this.
    pub(super) async fn originals_before(
        &self,
        at: DateTime<Utc>,
    ) -> anyhow::Result<Vec<PictureSha256>> {
        let originals = self.originals.clone();
        tokio::task::spawn_blocking(move || originals.written_before(at.into())).await?
    }

    /// Pictures that were held before this, by their sealed files.
    pub(super) async fn held_before(
        &self,
        at: DateTime<Utc>,
    ) -> anyhow::Result<Vec<PictureSha256>> {
        let waiting = self.waiting.clone();
        tokio::task::spawn_blocking(move || waiting.written_before(at.into())).await?
    }
}

/// What may be stored and shown, and the same in clear where that hides something.
fn fit_to_be_seen(
    came: &[u8],
    redacted: &Redacted,
) -> Result<(Vec<u8>, Option<Vec<u8>>), super::BrokenJpeg> {
    let clear = match &redacted.painted {
        Some(painted) => painted.clone(),
        None => without_metadata(came)?,
    };
    Ok(match &redacted.blurred {
        Some(blurred) => (blurred.clone(), Some(clear)),
        None => (clear, None),
    })
}

/// Files named by the digest of a picture, in folders named by its first two digits.
#[derive(Debug, Clone)]
struct Shelves {
    folder: Arc<Path>,
    ending: &'static str,
}

impl Shelves {
    fn open(data_dir: &Path, name: &str, ending: &'static str) -> anyhow::Result<Self> {
        let folder = data_dir.join(name);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        Ok(Self {
            folder: folder.into(),
            ending,
        })
    }

    fn path(&self, sha256: PictureSha256) -> PathBuf {
        let name = sha256.to_string();
        let shelf = self.folder.join(&name[..2]);
        shelf.join(format!("{name}.{}", self.ending))
    }

    fn holds(&self, sha256: PictureSha256) -> bool {
        self.path(sha256).exists()
    }

    async fn read(&self, sha256: PictureSha256) -> io::Result<Option<Bytes>> {
        match tokio::fs::read(self.path(sha256)).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn remove(&self, sha256: PictureSha256) -> anyhow::Result<()> {
        match tokio::fs::remove_file(self.path(sha256)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove the picture {sha256}"))
            }
            _ => Ok(()),
        }
    }

    fn written_before(&self, at: SystemTime) -> anyhow::Result<Vec<PictureSha256>> {
        let mut found = Vec::new();
        for shelf in fs::read_dir(&self.folder)? {
            for file in fs::read_dir(shelf?.path())? {
                let file = file?;
                let name = file.file_name();
                let digits = name.to_str().and_then(|name| {
                    let (digits, ending) = name.split_once('.')?;
                    (ending == self.ending).then_some(digits)
                });
                let mut sha256 = [0; 32];
                if file.metadata()?.modified()? < at
                    && digits.is_some_and(|it| hex::decode_to_slice(it, &mut sha256).is_ok())
                {
                    found.push(PictureSha256(sha256));
                }
            }
        }
        Ok(found)
    }

    /// All of it or nothing is seen under the final name, also after a power cut.
    fn write(&self, sha256: PictureSha256, bytes: &[u8]) -> anyhow::Result<()> {
        self.write_file(&self.path(sha256), bytes)
            .with_context(|| format!("cannot store the picture {sha256}"))
    }

    fn write_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if path.exists() {
            return Ok(());
        }
        let shelf = path.parent().expect("a path inside the folder");
        if !shelf.exists() {
            fs::create_dir_all(shelf)?;
            File::open(&self.folder)?.sync_all()?;
        }
        let unfinished = shelf.join(format!("{}.part", uuid::Uuid::now_v7()));
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        File::open(shelf)?.sync_all()
    }
}
