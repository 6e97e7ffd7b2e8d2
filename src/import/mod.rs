//! Files of others become components, cells and base map.
//!
//! Whatever the format, [`read`] turns a file into [`Row`]s: a geometry and properties, in the
//! coordinates of the file. [`Crs`] brings them to WGS 84, the checks decide row by row, and one
//! transaction writes what was taken. The [`Report`] says what became of every row, and why.

mod crs;
mod csv_file;
mod datum;
mod fields;
mod flatgeobuf_file;
mod geojson_file;
mod geometry;
mod geopackage_store;
mod options;
mod progress;
mod read;
mod report;
mod row;
mod shapefile;
mod wkt_crs;

pub use crs::Crs;
pub use datum::{bd09_from_gcj02, gcj02_from_bd09, gcj02_from_wgs84, wgs84_from_gcj02};
pub use options::{
    CellOptions, ComponentOptions, FileOptions, ImportArgs, ImportCommand, OsmOptions,
};
pub use progress::Progress;
pub use report::{Outcome, Report, RowReport};
