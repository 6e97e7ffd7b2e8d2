//! What a person can say about a file on the command line.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::Crs;
use crate::config::DataConfig;

/// `cityward import …`
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    pub command: ImportCommand,
}

/// What the file holds.
#[derive(Debug, Clone, Subcommand)]
pub enum ImportCommand {
    /// Lamps, bins, manholes, trees: things with a class (部件), from GeoJSON, FlatGeobuf,
    /// GeoPackage, Shapefile or CSV.
    Components {
        #[command(flatten)]
        data: DataConfig,
        #[command(flatten)]
        file: FileOptions,
        #[command(flatten)]
        options: ComponentOptions,
    },
    /// Unit grid cells (单元网格) and who is responsible for them, from the same formats.
    Cells {
        #[command(flatten)]
        data: DataConfig,
        #[command(flatten)]
        file: FileOptions,
        #[command(flatten)]
        options: CellOptions,
    },
    /// Components, cameras and the base map from an OpenStreetMap extract (.osm.pbf).
    Osm {
        #[command(flatten)]
        data: DataConfig,
        #[command(flatten)]
        options: OsmOptions,
    },
}

/// How to read the file and what to do with rows that are wrong.
#[derive(Debug, Clone, Default, Args)]
pub struct FileOptions {
    /// .geojson, .json, .fgb, .gpkg, .shp or .csv
    pub file: PathBuf,

    /// Coordinates of the file: EPSG:n, gcj02 or bd09; otherwise what the file itself says, else
    /// WGS 84.
    #[arg(long)]
    pub crs: Option<Crs>,

    /// Layer of a GeoPackage with several.
    #[arg(long)]
    pub layer: Option<String>,

    /// CSV: column with the longitude or easting.
    #[arg(long, requires = "y_field")]
    pub x_field: Option<String>,

    /// CSV: column with the latitude or northing.
    #[arg(long, requires = "x_field")]
    pub y_field: Option<String>,

    /// CSV: column with the geometry as WKT or GeoJSON.
    #[arg(long, conflicts_with = "x_field")]
    pub geometry_field: Option<String>,

    /// Import the rows that are right; without it one wrong row means nothing is imported.
    #[arg(long)]
    pub partial: bool,

    /// Repair invalid polygons instead of refusing them.
    #[arg(long)]
    pub repair: bool,

    /// Name of the source, by which a later import knows its rows again; default: the file name.
    #[arg(long)]
    pub source: Option<String>,

    /// Where to write what became of every row (CSV); default: imports/<FILE>.import.csv in the
    /// data folder.
    #[arg(long)]
    pub report: Option<PathBuf>,
}

impl FileOptions {
    /// Under which name the rows of this file are known.
    pub(super) fn source_name(&self) -> String {
        let of_file = || {
            self.file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        self.source.clone().unwrap_or_else(of_file)
    }
}

/// Which columns say what about a component.
#[derive(Debug, Clone, Default, Args)]
pub struct ComponentOptions {
    /// Class of every row: a code (C01013), a number of the standard (01013 or 0113) or its
    /// Chinese name.
    #[arg(long)]
    pub class: Option<String>,

    /// Column with the class.
    #[arg(long, conflicts_with = "class")]
    pub class_field: Option<String>,

    /// CSV file with two columns: value of the class column, class.
    #[arg(long, requires = "class_field")]
    pub class_map: Option<PathBuf>,

    /// Column that names a row for good; a later import updates by it.
    #[arg(long)]
    pub id_field: Option<String>,

    /// Column with the name.
    #[arg(long)]
    pub name_field: Option<String>,

    /// Column with the component code (标识码, 16 or 17 digits).
    #[arg(long)]
    pub code_field: Option<String>,

    /// Column with the owning unit (权属单位): its name or credit code.
    #[arg(long)]
    pub unit_field: Option<String>,

    /// Owning unit of every row: its name or credit code.
    #[arg(long, conflicts_with = "unit_field")]
    pub owner: Option<String>,

    /// Column with the state (完好, 破损, 丢失, 废弃, 移除, or in English).
    #[arg(long)]
    pub state_field: Option<String>,
}

/// Which columns say what about a cell.
#[derive(Debug, Clone, Default, Args)]
pub struct CellOptions {
    /// Column with the 15-digit cell code.
    #[arg(long)]
    pub code_field: Option<String>,

    /// Number the cells under this 12-digit community code: rows from north to south, in each
    /// from west to east.
    #[arg(long, conflicts_with = "code_field")]
    pub community: Option<String>,

    /// Column with the id of the row in its source.
    #[arg(long)]
    pub id_field: Option<String>,

    /// Column with the name.
    #[arg(long)]
    pub name_field: Option<String>,

    /// Column with the responsible unit (责任单位): its name or credit code.
    #[arg(long)]
    pub unit_field: Option<String>,

    /// Responsible unit of every cell: its name or credit code.
    #[arg(long, conflicts_with = "unit_field")]
    pub unit: Option<String>,

    /// Create units that are not known by name, with a credit code of our own (Y1000000LCL…).
    #[arg(long)]
    pub create_units: bool,

    /// What to write beside the edition, for instance the decree.
    #[arg(long)]
    pub note: Option<String>,

    /// Moment from which the cells are in force, with its zone: 2008-01-01T00:00:00+08:00; now if
    /// not said. It lies after the last change of what the city has; what comes in the future is for
    /// plans.
    #[arg(long)]
    pub from: Option<DateTime<Utc>>,

    /// Put the file in the place of all cells that are in force then: those end, with where their
    /// ground went; a cell whose code the file has goes on with another border. Classes' own rules
    /// and areas come from the cell that had most of the ground; so does the responsible unit, where
    /// the file does not say one.
    #[arg(long)]
    pub replace: bool,
}

/// How to read an OpenStreetMap extract.
#[derive(Debug, Clone, Default, Args)]
pub struct OsmOptions {
    /// .osm.pbf
    pub file: PathBuf,

    /// Import what is right; without it one wrong element means nothing is imported.
    #[arg(long)]
    pub partial: bool,

    /// Where to write what became of every element (CSV); default: imports/<FILE>.import.csv in
    /// the data folder.
    #[arg(long)]
    pub report: Option<PathBuf>,
}
