//! `cityward tiles export`: all tiles of a layer in one file.
//!
//! The layer is read once, in one snapshot (`frozen`). Its tiles are made on all cores in the order
//! in which they stand in the file (`pyramid`) and noted in a file of their own beside it (`parts`):
//! an export that was cut off goes on with the tile after the last one noted, if the data is still
//! the same, and else begins anew. When all are noted, the file is put together under another name
//! (`archive`) and gets its own only when it is whole.

mod archive;
mod frozen;
mod parts;
mod pyramid;
mod store;

use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use sqlx::PgPool;

use self::archive::Format;
use self::frozen::Frozen;
use self::parts::{Heading, Parts};
use super::{Layer, TileCoord};
use crate::config::DataConfig;
use crate::database::{self, Mode};
use crate::import::Progress;

/// Tiles made before they are noted: seconds of work at most are lost with a kill.
const AT_ONCE: usize = 1024;

/// `cityward tiles …`
#[derive(Debug, Clone, Args)]
pub struct TilesArgs {
    #[command(subcommand)]
    pub command: TilesCommand,
}

/// What to do with tiles.
#[derive(Debug, Clone, Subcommand)]
pub enum TilesCommand {
    /// Writes all tiles of a layer into one file, PMTiles 3 or MBTiles 1.3. What was cut off goes on
    /// where it was when it is called again.
    Export {
        #[command(flatten)]
        data: DataConfig,
        #[command(flatten)]
        options: ExportArgs,
    },
}

/// What to export and where to.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// basemap, cells, areas, components or cameras
    #[arg(long, value_parser = layer)]
    pub layer: Layer,

    /// The first zoom and the last, as 0-14, or one.
    #[arg(long, value_name = "FROM-TO", default_value = "0-14")]
    pub zoom: ZoomRange,

    /// The file to write: .pmtiles or .mbtiles
    pub file: PathBuf,

    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
}

/// A layer that is the same for everybody.
fn layer(name: &str) -> Result<Layer, String> {
    match name.parse() {
        Ok(layer) if Layer::is_scoped(layer) => Err(format!(
            "who sees which {name} is up to each person's role; lists of them leave with an approval"
        )),
        Ok(layer) => Ok(layer),
        Err(()) => {
            let open = Layer::ALL.into_iter().filter(|layer| !layer.is_scoped());
            let names: Vec<&str> = open.map(Layer::name).collect();
            Err(format!(
                "there is no layer {name}; there are {}",
                names.join(", ")
            ))
        }
    }
}

/// Zooms from one to another, both among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoomRange {
    first: u8,
    last: u8,
}

impl FromStr for ZoomRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let zoom = |text: &str| {
            let zoom: u8 = text.trim().parse().ok()?;
            (zoom <= TileCoord::ZOOM_MAX).then_some(zoom)
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (zoom(first), zoom(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self { first, last }),
            (Some(_), Some(_)) => Err("the first zoom is deeper than the last".to_owned()),
            _ => Err(format!(
                "write two zooms from 0 to {}, as 0-14",
                TileCoord::ZOOM_MAX
            )),
        }
    }
}

impl fmt::Display for ZoomRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// With something in them.
    pub tiles: u64,
    /// Made by an earlier call that was cut off.
    pub taken_over: usize,
    /// Of the file.
    pub bytes: u64,
}

/// Runs the command.
///
/// # Errors
/// As of [`export`], or when the database cannot be opened.
pub async fn run(args: TilesArgs) -> anyhow::Result<()> {
    let TilesCommand::Export { data, options } = args.command;
    let database = database::open(&data, Mode::Tool).await?;
    let exported = export(&database.pool, &options, Progress::on_stderr()).await;
    database.close().await?;
    let Exported {
        tiles,
        taken_over,
        bytes,
    } = exported?;
    let file = options.file.display();
    let before = match taken_over {
        0 => String::new(),
        number => format!(", going on after {number} that were made before"),
    };
    writeln!(
        std::io::stdout(),
        "{tiles} tiles of {} in {file}: {bytes} bytes{before}",
        options.layer.name()
    )?;
    Ok(())
}

/// Exports from a database that is open.
///
/// # Errors
/// The file is there already, is no kind that is known, cannot be written or is being written by
/// another; the layer cannot be read.
pub async fn export(
    db: &PgPool,
    options: &ExportArgs,
    progress: Progress,
) -> anyhow::Result<Exported> {
    let file = &options.file;
    let format = Format::of(file)?;
    ensure!(
        options.force || !file.exists(),
        "{} is there already; --force replaces it",
        file.display()
    );
    let ZoomRange { first, last } = options.zoom;
    let deepest = options.layer.zoom_max();
    ensure!(
        last <= deepest,
        "{} has tiles to zoom {deepest}; deeper zooms are drawn from these",
        options.layer.name()
    );
    let frozen = {
        let _reading = progress.stage("reading", 0);
        let frozen = Frozen::read(db, options.layer).await;
        frozen.with_context(|| format!("cannot read {}", options.layer.name()))?
    };
    let tiles = pyramid::occupied(first..=last, |tile| frozen.may_fill(tile));
    let heading = Heading {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        layer: options.layer,
        zoom: options.zoom.to_string(),
        data: frozen.digest().to_owned(),
    };
    let mut parts = Parts::open(file, &heading)?;
    let taken_over = parts.len().min(tiles.len());
    {
        let making = progress.stage("tiles", tiles.len());
        making.advance(taken_over);
        for some in tiles[taken_over..].chunks(AT_ONCE) {
            parts.note(frozen.make(some).await?)?;
            making.advance(some.len());
        }
    }
    let about = archive::About {
        layer: options.layer,
        zooms: (first, last),
        bounds: frozen.bounds(),
    };
    let _writing = progress.stage("writing", 0);
    let (tiles, bytes) = archive::write(format, file, about, &tiles, &parts).await?;
    parts.remove()?;
    Ok(Exported {
        tiles,
        taken_over,
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooms_are_a_range_or_one() {
        let range = |text: &str| text.parse::<ZoomRange>();
        assert_eq!(range("0-14"), Ok(ZoomRange { first: 0, last: 14 }));
        assert_eq!(range("7"), Ok(ZoomRange { first: 7, last: 7 }));
        for wrong in ["", "14-0", "0-23", "a-b", "-3", "0-14-15"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
