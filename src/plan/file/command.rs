//! `cityward grid export`: the city's cells in a file.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, ensure};
use chrono::{DateTime, Utc};
use clap::Args;
use tokio::runtime::Handle;

use super::{Datum, Format, Sheet, shapefile_parts};
use crate::config::DataConfig;
use crate::database::{self, Mode};
use crate::plan::Grounds;
use crate::plan::ground::NoGround;

/// Which cells to export and where to.
#[derive(Debug, Clone, Args)]
pub struct GridExportArgs {
    #[command(flatten)]
    data: DataConfig,

    /// The file to write: .gpkg, .geojson, .fgb or .shp
    file: PathBuf,

    /// As they were or are to be at this moment, RFC 3339; now when not given.
    #[arg(long)]
    at: Option<DateTime<Utc>>,

    /// What the file says its coordinates are: EPSG:4326 (WGS 84) or EPSG:4490 (CGCS2000). GeoJSON
    /// is always WGS 84.
    #[arg(long, default_value_t)]
    crs: Datum,

    /// Replace the file if it is there.
    #[arg(long)]
    force: bool,
}

/// Runs the command.
///
/// # Errors
/// The file is there already, has another ending or cannot be written; no cell is valid then, or
/// the database cannot be opened.
pub async fn run(args: GridExportArgs) -> anyhow::Result<()> {
    let file = &args.file;
    let format = Format::of(file).with_context(|| {
        let endings = Format::ALL.map(|format| format!(".{}", format.extension()));
        format!("the name must end in one of {}", endings.join(", "))
    })?;
    ensure!(
        format != Format::GeoJson || args.crs == Datum::Wgs84,
        "GeoJSON is always EPSG:4326"
    );
    let written = match format {
        Format::Shp => shapefile_parts(file).to_vec(),
        Format::Gpkg | Format::GeoJson | Format::Fgb => vec![file.clone()],
    };
    for path in written.iter().filter(|path| path.exists()) {
        ensure!(
            args.force,
            "{} is there already; --force replaces it",
            path.display()
        );
        fs::remove_file(path)?;
    }
    let database = database::open(&args.data, Mode::Tool).await?;
    let ground = Grounds::new(database.pool.clone()).at(args.at).await;
    database.close().await?;
    let sheet = match ground {
        Ok(ground) => Sheet::of(&ground),
        Err(NoGround::Other(error)) => return Err(error),
        Err(none) => return Err(anyhow!("{none}")),
    };
    let count = sheet.cells.len();
    let (path, runtime) = (file.clone(), Handle::current());
    let write = move || sheet.write_here(&path, format, args.crs, &runtime);
    tokio::task::spawn_blocking(write).await??;
    writeln!(
        std::io::stdout(),
        "{count} cells in {}, {}",
        file.display(),
        args.crs
    )?;
    Ok(())
}
