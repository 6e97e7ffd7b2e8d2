//! Tiles that are made, noted beside the file that is to be written.
//!
//! `<file>.parts` begins with a line that says of what it is; then come the tiles in the order they
//! have in the archive, each with its length and the beginning of its SHA-256. What a kill left half
//! written does not agree with itself and is cut off.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::tiles::Layer;

/// Of a tile's note: its length and its check.
const HEAD: usize = 8;
/// No tile is larger; a length beyond it was never written.
const TILE_BYTES_MAX: u32 = 64 << 20;

/// What tiles are of: what differs in anything is of another export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Heading {
    /// Of the program: another may make other bytes.
    pub(super) version: String,
    pub(super) layer: Layer,
    pub(super) zoom: String,
    /// Of everything the tiles are made from.
    pub(super) data: String,
}

#[derive(Debug)]
pub(super) struct Parts {
    path: PathBuf,
    file: File,
    /// Where the first tile begins.
    begin: u64,
    count: usize,
}

impl Parts {
    /// Takes over what an earlier call noted of the same export, or begins anew. Nobody else may
    /// have it open.
    pub(super) fn open(archive: &Path, heading: &Heading) -> anyhow::Result<Self> {
        let mut name = archive.as_os_str().to_owned();
        name.push(".parts");
        let path = PathBuf::from(name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        if file.try_lock().is_err() {
            bail!("another export writes {}", archive.display());
        }
        let mut parts = Self {
            path,
            file,
            begin: 0,
            count: 0,
        };
        parts
            .take_over(heading)
            .with_context(|| format!("cannot write {}", parts.path.display()))?;
        Ok(parts)
    }

    fn take_over(&mut self, heading: &Heading) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(heading)?;
        line.push(b'\n');
        let mut there = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        BufReader::new(&self.file).read_until(b'\n', &mut there)?;
        self.begin = line.len() as u64;
        let mut end = self.begin;
        if there == line {
            for tile in self.tiles()? {
                let Ok(tile) = tile else { break };
                end += (HEAD + tile.len()) as u64;
                self.count += 1;
            }
        } else {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(&line)?;
        }
        self.file.set_len(end)?;
        self.file.seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// Tiles noted.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Notes the tiles that come next.
    pub(super) fn note(&mut self, tiles: Vec<Vec<u8>>) -> anyhow::Result<()> {
        let mut file = BufWriter::new(&self.file);
        let mut write = || -> anyhow::Result<()> {
            for tile in &tiles {
                file.write_all(&u32::try_from(tile.len())?.to_le_bytes())?;
                file.write_all(&check(tile))?;
                file.write_all(tile)?;
            }
            file.flush()?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", self.path.display()))?;
        self.count += tiles.len();
        Ok(())
    }

    /// The tiles noted, from the first; ends with an error where the notes do.
    pub(super) fn tiles(
        &self,
    ) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Vec<u8>>> + use<>> {
        let mut file = File::open(&self.path)?;
        let left = file.metadata()?.len().saturating_sub(self.begin);
        file.seek(SeekFrom::Start(self.begin))?;
        let mut file = BufReader::with_capacity(1 << 20, file.take(left));
        let next = move || -> anyhow::Result<Option<Vec<u8>>> {
            if file.fill_buf()?.is_empty() {
                return Ok(None);
            }
            let mut head = [0; HEAD];
            file.read_exact(&mut head)?;
            let [a, b, c, d, sum @ ..] = head;
            let len = u32::from_le_bytes([a, b, c, d]);
            if len > TILE_BYTES_MAX {
                bail!("no tile has {len} bytes");
            }
            let mut tile = vec![0; len as usize];
            file.read_exact(&mut tile)?;
            if check(&tile) != sum {
                bail!("a tile is damaged");
            }
            Ok(Some(tile))
        };
        let mut next = Some(next);
        Ok(std::iter::from_fn(move || {
            let tile = next.as_mut()?().transpose();
            if !matches!(tile, Some(Ok(_))) {
                next = None;
            }
            tile
        }))
    }

    /// Everything noted is in the archive.
    pub(super) fn remove(self) -> anyhow::Result<()> {
        std::fs::remove_file(&self.path)
            .with_context(|| format!("cannot remove {}", self.path.display()))
    }
}

fn check(tile: &[u8]) -> [u8; 4] {
    let sum: [u8; 32] = Sha256::digest(tile).into();
    let [a, b, c, d, ..] = sum;
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(data: &str) -> Heading {
        Heading {
            version: "1".to_owned(),
            layer: Layer::Cells,
            zoom: "0-3".to_owned(),
            data: data.to_owned(),
        }
    }

    fn noted(parts: &Parts) -> Vec<Vec<u8>> {
        parts.tiles().unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn what_was_noted_is_taken_over_and_what_was_torn_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("out.pmtiles");
        let mut parts = Parts::open(&archive, &heading("a")).unwrap();
        parts
            .note(vec![b"one".to_vec(), Vec::new(), b"three".to_vec()])
            .unwrap();
        let path = parts.path.clone();
        drop(parts);
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..=HEAD + 4 {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let mut parts = Parts::open(&archive, &heading("a")).unwrap();
            assert_eq!(
                noted(&parts),
                [b"one".to_vec(), Vec::new()],
                "{cut} bytes less"
            );
            parts.note(vec![b"three".to_vec()]).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
        // a tile that is not what was written
        let mut damaged = whole.clone();
        *damaged.last_mut().unwrap() ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert_eq!(Parts::open(&archive, &heading("a")).unwrap().len(), 2);
    }

    #[test]
    fn another_export_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("out.pmtiles");
        let mut parts = Parts::open(&archive, &heading("a longer name of data")).unwrap();
        parts.note(vec![b"one".to_vec()]).unwrap();
        drop(parts);
        let mut parts = Parts::open(&archive, &heading("b")).unwrap();
        assert_eq!(parts.len(), 0);
        parts.note(vec![b"two".to_vec()]).unwrap();
        assert_eq!(noted(&parts), [b"two".to_vec()]);
        parts.remove().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn two_exports_do_not_write_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("out.pmtiles");
        let _first = Parts::open(&archive, &heading("a")).unwrap();
        let second = Parts::open(&archive, &heading("a")).unwrap_err();
        assert!(second.to_string().contains("another export"), "{second}");
    }
}
