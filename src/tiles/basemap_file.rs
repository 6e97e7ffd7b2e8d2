//! A base map that is a file: PMTiles, as `cityward tiles export --layer basemap` writes it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, ensure};
use pmtiles::{AsyncPmTilesReader, MmapBackend, TileType};

use super::TileCoord;
use super::follow::TileVersion;

/// Read where it lies, never as a whole. To replace it, put another in its place by renaming and
/// start again: what is written over while it is read ends the program.
pub struct BasemapFile {
    archive: AsyncPmTilesReader<MmapBackend>,
    version: TileVersion,
}

impl BasemapFile {
    /// `None`: no such file is there, the base map is the database's.
    ///
    /// # Errors
    /// The file is there and is no PMTiles archive of vector tiles.
    pub async fn open(path: &Path) -> anyhow::Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let cannot = || format!("cannot read the base map {}", path.display());
        let archive = AsyncPmTilesReader::new_with_path(path).await;
        let archive = archive.with_context(cannot)?;
        let kind = archive.get_header().tile_type;
        ensure!(
            kind == TileType::Mvt,
            "{}: its tiles are {kind:?}",
            cannot()
        );
        let about = path.metadata().with_context(cannot)?;
        let mut hasher = DefaultHasher::new();
        let written_at = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        (about.len(), written_at).hash(&mut hasher);
        tracing::info!(file = %path.display(), "the base map is a file");
        Ok(Some(Self {
            archive,
            version: TileVersion::new(0, hasher.finish()),
        }))
    }

    /// Of every tile in it: the file's size and time.
    pub(super) fn version(&self) -> TileVersion {
        self.version
    }

    /// Deeper zooms are drawn from this one.
    pub(super) fn zoom_max(&self) -> u8 {
        self.archive.get_header().max_zoom
    }

    /// A tile's bytes; empty where the file has none.
    pub(super) async fn tile(&self, tile: TileCoord) -> anyhow::Result<Vec<u8>> {
        let coord = pmtiles::TileCoord::new(tile.z(), tile.x(), tile.y())?;
        let bytes = self.archive.get_tile_decompressed(coord).await?;
        Ok(bytes.map(Vec::from).unwrap_or_default())
    }
}
