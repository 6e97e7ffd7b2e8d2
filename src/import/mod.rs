//! Files of others become components, cells and base map.
//!
//! Whatever the format, `read` turns a file into rows: a geometry and properties, in the
//! coordinates of the file. [`Crs`] brings them to WGS 84, the checks decide row by row, and one
//! transaction writes what was taken. The [`Report`] says what became of every row, and why.

mod cell_code;
mod cells;
mod classes;
mod components;
mod credit_code;
mod crs;
mod csv_file;
mod drawn;
mod fields;
mod flatgeobuf_file;
mod geojson_file;
mod geometry;
mod geopackage_store;
mod grid;
mod identity;
mod options;
mod osm;
mod osm_file;
mod osm_tags;
mod overlap;
mod progress;
mod read;
mod report;
mod rings;
mod row;
mod run;
mod shapefile;
mod staged;
mod store;
mod succession;
mod units;
mod wkt_crs;

pub(crate) use cell_code::{SEQUENCE_MAX, Unnumbered, reading_order};
pub use cells::cells;
pub(crate) use cells::{CellsTaken, take_cells};
pub use components::components;
pub use crs::Crs;
pub(crate) use drawn::{CellFields, FileCell, check_cell_name, file_cells};
pub(crate) use grid::grid_cell;
pub use grid::{GridCommand, run_grid};
pub use options::{
    CellOptions, ComponentOptions, FileOptions, ImportArgs, ImportCommand, OsmOptions,
};
pub use osm::osm;
pub use progress::Progress;
pub use report::{Outcome, Report, RowReport};
pub use run::{execute, run};
pub(crate) use succession::{end_duties, lock_ground};
