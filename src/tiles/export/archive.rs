//! The file that is written: PMTiles or MBTiles.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use pmtiles::{Compression, PmTilesWriter, TileType};
use serde_json::json;

use super::parts::Parts;
use super::pyramid;
use super::store::MbTiles;
use crate::tiles::coord::LonLatBox;
use crate::tiles::world::WorldBox;
use crate::tiles::{Layer, TileCoord};

/// By the file's ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    PmTiles,
    MbTiles,
}

impl Format {
    pub(super) fn of(file: &Path) -> anyhow::Result<Self> {
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("pmtiles") => Ok(Self::PmTiles),
            Some("mbtiles") => Ok(Self::MbTiles),
            _ => bail!(
                "{} ends neither in .pmtiles nor in .mbtiles",
                file.display()
            ),
        }
    }
}

/// What an archive says about itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) layer: Layer,
    pub(super) zooms: (u8, u8),
    /// `None`: nothing is there.
    pub(super) bounds: Option<WorldBox>,
}

impl About {
    fn lon_lat(self) -> LonLatBox {
        let nothing = LonLatBox {
            west: 0.0,
            south: 0.0,
            east: 0.0,
            north: 0.0,
        };
        self.bounds.map_or(nothing, |bounds| bounds.lon_lat())
    }
}

/// Puts the tiles noted together. The file has its name only when it is whole: tiles and bytes in
/// it.
pub(super) async fn write(
    format: Format,
    file: &Path,
    about: About,
    tiles: &[TileCoord],
    parts: &Parts,
) -> anyhow::Result<(u64, u64)> {
    let mut name = file.as_os_str().to_owned();
    name.push(".unfinished");
    let unfinished = Unfinished(PathBuf::from(name));
    let path = &unfinished.0;
    let cannot = || format!("cannot write {}", file.display());
    if path.exists() {
        std::fs::remove_file(path).with_context(cannot)?;
    }
    let written = match format {
        Format::PmTiles => tokio::task::block_in_place(|| pm_tiles(path, about, tiles, parts)),
        Format::MbTiles => mb_tiles(path, about, tiles, parts).await,
    };
    let count = written.with_context(cannot)?;
    let whole = File::open(path).with_context(cannot)?;
    whole.sync_all().with_context(cannot)?;
    let bytes = whole.metadata().with_context(cannot)?.len();
    std::fs::rename(path, file).with_context(cannot)?;
    Ok((count, bytes))
}

/// Goes, unless it has got another name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.0.exists()
            && let Err(error) = std::fs::remove_file(&self.0)
        {
            tracing::warn!(%error, file = %self.0.display(), "an unfinished file stays");
        }
    }
}

/// Tiles with something in them.
fn filled(
    tiles: &[TileCoord],
    parts: &Parts,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<(TileCoord, Vec<u8>)>>> {
    let noted = parts.tiles()?.take(tiles.len());
    let all = tiles.iter().copied().zip(noted);
    Ok(all
        .map(|(tile, bytes)| Ok((tile, bytes?)))
        .filter(|found| !matches!(found, Ok((_, bytes)) if bytes.is_empty())))
}

fn pm_tiles(path: &Path, about: About, tiles: &[TileCoord], parts: &Parts) -> anyhow::Result<u64> {
    let layer = about.layer;
    let (first, last) = about.zooms;
    let LonLatBox {
        west,
        south,
        east,
        north,
    } = about.lon_lat();
    let metadata = json!({
        "name": layer.name(),
        "description": layer.description(),
        "vector_layers": layer.vector_layers_json(),
    });
    let mut archive = PmTilesWriter::new(TileType::Mvt)
        .precompressed(Compression::Gzip)
        .min_zoom(first)
        .max_zoom(last)
        .bounds(west, south, east, north)
        .center(f64::midpoint(west, east), f64::midpoint(south, north))
        .center_zoom(last)
        .metadata(metadata.to_string())
        .create(File::create(path)?)?;
    let mut count = 0;
    for found in filled(tiles, parts)? {
        let (tile, bytes) = found?;
        archive.add_tile(pyramid::coord(tile), &bytes)?;
        count += 1;
    }
    archive.finalize()?;
    Ok(count)
}

async fn mb_tiles(
    path: &Path,
    about: About,
    tiles: &[TileCoord],
    parts: &Parts,
) -> anyhow::Result<u64> {
    let layer = about.layer;
    let (first, last) = about.zooms;
    let LonLatBox {
        west,
        south,
        east,
        north,
    } = about.lon_lat();
    let (lon, lat) = (f64::midpoint(west, east), f64::midpoint(south, north));
    let metadata = [
        ("name", layer.name().to_owned()),
        ("format", "pbf".to_owned()),
        ("description", layer.description().to_owned()),
        ("minzoom", first.to_string()),
        ("maxzoom", last.to_string()),
        (
            "bounds",
            format!("{west:.6},{south:.6},{east:.6},{north:.6}"),
        ),
        ("center", format!("{lon:.6},{lat:.6},{last}")),
        (
            "json",
            json!({ "vector_layers": layer.vector_layers_json() }).to_string(),
        ),
    ];
    let mut archive = MbTiles::create(path, &metadata).await?;
    let mut count = 0;
    for found in filled(tiles, parts)? {
        let (tile, bytes) = found?;
        archive.add(tile, &bytes).await?;
        count += 1;
    }
    archive.finish().await?;
    Ok(count)
}
