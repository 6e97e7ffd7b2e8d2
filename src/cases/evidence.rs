//! Pictures kept for cases: files named by what is in them.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::picture::without_metadata;

/// SHA-256 of a stored picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureSha256(pub [u8; 32]);

impl fmt::Display for PictureSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// `<data>/evidence/<2 hex>/<sha-256>.jpg`. A picture is on the disk before the transaction that
/// cites it commits; one whose transaction failed stays behind, cited by nothing.
#[derive(Debug, Clone)]
pub struct EvidenceStore {
    folder: Arc<Path>,
}

impl EvidenceStore {
    /// Makes the folder when it is not there yet.
    pub fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let folder = data_dir.join("evidence");
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the evidence folder {}", folder.display()))?;
        Ok(Self {
            folder: folder.into(),
        })
    }

    /// Stores the picture without its metadata and returns its name once it is safe on the disk.
    pub async fn keep(&self, jpeg: Bytes) -> anyhow::Result<PictureSha256> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || {
            let bare = without_metadata(&jpeg)?;
            let sha256 = PictureSha256(Sha256::digest(&bare).into());
            store
                .write(&store.path(sha256), &bare)
                .with_context(|| format!("cannot store the picture {sha256}"))?;
            Ok(sha256)
        })
        .await?
    }

    /// The picture, or `None` when there is no such file.
    pub async fn read(&self, sha256: PictureSha256) -> io::Result<Option<Bytes>> {
        match tokio::fs::read(self.path(sha256)).await {
            Ok(jpeg) => Ok(Some(jpeg.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes the file; that it is gone already is no error.
    pub(super) async fn remove(&self, sha256: PictureSha256) -> anyhow::Result<()> {
        match tokio::fs::remove_file(self.path(sha256)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove the picture {sha256}"))
            }
            _ => Ok(()),
        }
    }

    fn path(&self, sha256: PictureSha256) -> PathBuf {
        let name = sha256.to_string();
        self.folder.join(&name[..2]).join(format!("{name}.jpg"))
    }

    /// All of it or nothing is seen under the final name, also after a power cut.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
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
