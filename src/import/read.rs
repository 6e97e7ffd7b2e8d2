//! Opens a file by its extension and hands it to the reader of its format.

use std::path::Path;

use anyhow::{Context, bail, ensure};

use super::options::FileOptions;
use super::row::Table;
use super::{csv_file, flatgeobuf_file, geojson_file, geopackage_store, shapefile};

/// Reads every row into memory: a city's components are some hundred megabytes at most.
///
/// # Errors
/// The file cannot be opened, is not what its extension says, or holds no rows. What is wrong
/// with a single row is told in the row.
pub(super) async fn read(options: &FileOptions) -> anyhow::Result<Table> {
    let path = options.file.as_path();
    ensure!(path.is_file(), "there is no file {}", path.display());
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_lowercase();
    let table = if extension == "gpkg" {
        geopackage_store::read(path, options.layer.as_deref()).await
    } else {
        let options = options.clone();
        tokio::task::spawn_blocking(move || read_blocking(&extension, &options)).await?
    };
    // where the file lies is said around the reason, which alone is told to who is not on this machine
    let filled = table.and_then(|table| {
        ensure!(!table.rows.is_empty(), "it has no rows");
        Ok(table)
    });
    filled.with_context(|| format!("cannot read {}", path.display()))
}

fn read_blocking(extension: &str, options: &FileOptions) -> anyhow::Result<Table> {
    let path: &Path = &options.file;
    match extension {
        "geojson" | "json" => geojson_file::read(path),
        "fgb" => flatgeobuf_file::read(path),
        "shp" => shapefile::read(path),
        "csv" | "txt" | "tsv" => csv_file::read(path, options),
        _ => bail!("the extension must be .geojson, .json, .fgb, .gpkg, .shp or .csv"),
    }
}
